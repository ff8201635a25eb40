/*
 * Options of level SOL_SOCKET (socket(7)), which the layer keeps for all families.
 */
#include <net/socket.h>

#include <fs/poll.h>
#include <kernel/lib/string.h>
#include <kernel/process.h>
#include <kernel/time/convert.h>
#include <uapi/errno.h>
#include <uapi/time.h>

#include "socket_internal.h"

#define PRIORITY_MAX 6 /* without a capability */
#define BUDGETS_LOCKED (SOCKET_SNDBUF_LOCKED | SOCKET_RCVBUF_LOCKED)
/* SO_BUF_LOCK's bits. */
#define BUF_LOCK_SEND 1
#define BUF_LOCK_RECEIVE 2

/* Options that are no more than a flag. */
static u32 flag_of(int name)
{
	switch (name) {
	case SO_DEBUG:
		return SOCKET_DEBUG;
	case SO_REUSEADDR:
		return SOCKET_REUSE_ADDRESS;
	case SO_DONTROUTE:
		return SOCKET_DONT_ROUTE;
	case SO_BROADCAST:
		return SOCKET_BROADCAST;
	case SO_KEEPALIVE:
		return SOCKET_KEEP_ALIVE;
	case SO_OOBINLINE:
		return SOCKET_OOB_INLINE;
	case SO_NO_CHECK:
		return SOCKET_NO_CHECK;
	case SO_PASSCRED:
		return SOCKET_PASS_CREDENTIALS;
	case SO_PASSSEC:
		return SOCKET_PASS_SECURITY;
	case SO_RXQ_OVFL:
		return SOCKET_RXQ_OVERFLOW;
	case SO_NOFCS:
		return SOCKET_NO_FCS;
	case SO_SELECT_ERR_QUEUE:
		return SOCKET_SELECT_ERROR_QUEUE;
	default:
		return 0;
	}
}

static void set_flag(socket_t *s, u32 flag, bool on)
{
	if (on)
		__atomic_fetch_or(&s->options, flag, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(&s->options, ~flag, __ATOMIC_SEQ_CST);
}

/* ---- setting ---- */

static void set_send_budget(socket_t *s, u32 value)
{
	s32 doubled = (s32)MIN(value, (u32)INT32_MAX / 2) * 2;

	set_flag(s, SOCKET_SNDBUF_LOCKED, true);
	WRITE_ONCE(s->send_budget, MAX(doubled, SEND_BUDGET_MIN));
	if (socket_writable(s))
		socket_wake(s, POLLOUT | POLLWRNORM | POLLWRBAND, POLL_OUT);
}

static void set_receive_budget(socket_t *s, u32 value)
{
	s32 doubled = (s32)MIN(value, (u32)INT32_MAX / 2) * 2;

	set_flag(s, SOCKET_RCVBUF_LOCKED, true);
	WRITE_ONCE(s->recv_budget, MAX(doubled, RECEIVE_BUDGET_MIN));
}

static int set_timeout(nsec_t *timeout, const void *value, socklen_t len)
{
	struct timeval tv;

	if (len < sizeof(tv))
		return -EINVAL;
	memcpy(&tv, value, sizeof(tv));
	if (tv.tv_usec < 0 || tv.tv_usec >= NSEC_PER_SEC / NSEC_PER_USEC)
		return -EDOM;
	if (tv.tv_sec < 0)
		*timeout = 0;
	else if (!tv.tv_sec && !tv.tv_usec)
		*timeout = NSEC_MAX;
	else
		*timeout = timeval_to_ns(&tv);
	return 0;
}

static int set_linger(socket_t *s, const void *value, socklen_t len)
{
	struct linger l;

	if (len < sizeof(l))
		return -EINVAL;
	memcpy(&l, value, sizeof(l));
	if (l.l_onoff)
		WRITE_ONCE(s->linger_seconds, l.l_linger);
	set_flag(s, SOCKET_LINGER, l.l_onoff);
	return 0;
}

static int set_timestamp(socket_t *s, bool on, bool nanoseconds)
{
	set_flag(s, SOCKET_TIMESTAMP | SOCKET_TIMESTAMP_NS, false);
	if (on)
		set_flag(s, nanoseconds ? SOCKET_TIMESTAMP_NS : SOCKET_TIMESTAMP, true);
	return 0;
}

static bool net_capable(void)
{
	return capable(CAP_NET_RAW) || capable(CAP_NET_ADMIN);
}

static int set_privileged(socket_t *s, int name, int n)
{
	switch (name) {
	case SO_PRIORITY:
		if ((n < 0 || n > PRIORITY_MAX) && !net_capable())
			return -EPERM;
		WRITE_ONCE(s->priority, (u32)n);
		return 0;
	case SO_MARK:
		if (!net_capable())
			return -EPERM;
		WRITE_ONCE(s->mark, (u32)n);
		return 0;
	}
	if (!capable(CAP_NET_ADMIN))
		return -EPERM;
	if (name == SO_SNDBUFFORCE)
		set_send_budget(s, (u32)MAX(n, 0));
	else
		set_receive_budget(s, (u32)MAX(n, 0));
	return 0;
}

static int set_locks(socket_t *s, int n)
{
	if (n & ~(BUF_LOCK_SEND | BUF_LOCK_RECEIVE))
		return -EINVAL;
	set_flag(s, BUDGETS_LOCKED, false);
	if (n & BUF_LOCK_SEND)
		set_flag(s, SOCKET_SNDBUF_LOCKED, true);
	if (n & BUF_LOCK_RECEIVE)
		set_flag(s, SOCKET_RCVBUF_LOCKED, true);
	return 0;
}

static int set_option(socket_t *s, int name, const void *value, socklen_t len)
{
	u32 flag = flag_of(name);
	int n;

	if (len < sizeof(n))
		return -EINVAL;
	memcpy(&n, value, sizeof(n));
	if (flag) {
		if (flag == SOCKET_DEBUG && n && !capable(CAP_NET_ADMIN))
			return -EACCES;
		set_flag(s, flag, n);
		return 0;
	}
	switch (name) {
	case SO_SNDBUF:
		set_send_budget(s, MIN((u32)n, (u32)READ_ONCE(socket_wmem_max)));
		return 0;
	case SO_RCVBUF:
		set_receive_budget(s, MIN((u32)n, (u32)READ_ONCE(socket_rmem_max)));
		return 0;
	case SO_PRIORITY:
	case SO_MARK:
	case SO_SNDBUFFORCE:
	case SO_RCVBUFFORCE:
		return set_privileged(s, name, n);
	case SO_LINGER:
		return set_linger(s, value, len);
	case SO_BSDCOMPAT:
		return 0;
	case SO_REUSEPORT:
		if (n && s->family != AF_INET && s->family != AF_INET6)
			return -EOPNOTSUPP;
		set_flag(s, SOCKET_REUSE_PORT, n);
		return 0;
	case SO_TIMESTAMP_OLD:
	case SO_TIMESTAMPNS_OLD:
		return set_timestamp(s, n, name == SO_TIMESTAMPNS_OLD);
	case SO_RCVLOWAT:
		WRITE_ONCE(s->recv_low_water, n < 0 ? INT32_MAX : MAX(n, 1));
		return 0;
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
		return set_timeout(&s->recv_timeout, value, len);
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
		return set_timeout(&s->send_timeout, value, len);
	case SO_PEEK_OFF:
		return s->ops->set_peek_offset ? s->ops->set_peek_offset(s, n) : -EOPNOTSUPP;
	case SO_BUF_LOCK:
		return set_locks(s, n);
	case SO_RESERVE_MEM: /* for protocols that charge memory to the socket */
		return -EOPNOTSUPP;
	default:
		return -ENOPROTOOPT;
	}
}

int socket_setsockopt(socket_t *sock, int level, int optname, const void *optval, socklen_t len)
{
	if (level == SOL_SOCKET)
		return set_option(sock, optname, optval, len);
	return sock->ops->set_option ? sock->ops->set_option(sock, level, optname, optval, len)
				     : -EOPNOTSUPP;
}

/* ---- getting ---- */

static struct ucred peer_credentials(socket_t *s)
{
	struct ucred c = { 0, ~0u, ~0u };

	spin_lock(&s->lock);
	if (s->peer_pid)
		c.pid = s->peer_pid->nr;
	if (s->peer_cred) {
		c.uid = s->peer_cred->euid;
		c.gid = s->peer_cred->egid;
	}
	spin_unlock(&s->lock);
	return c;
}

/* The peer's supplementary groups; -ENODATA, or -ERANGE with *len as it would have to be. */
static int get_groups(socket_t *s, void *value, socklen_t *len)
{
	cred_t *cred = NULL;
	socklen_t want;
	int r = 0;

	spin_lock(&s->lock);
	if (s->peer_cred)
		cred = cred_get(s->peer_cred);
	spin_unlock(&s->lock);
	if (!cred)
		return -ENODATA;
	want = cred->groups->count * (socklen_t)sizeof(gid_t);
	if (*len < want)
		r = -ERANGE;
	else
		memcpy(value, cred->groups->gids, want);
	*len = want;
	cred_put(cred);
	return r;
}

static struct timeval timeout_value(nsec_t timeout)
{
	return timeout == NSEC_MAX ? (struct timeval){ 0 } : ns_to_timeval(timeout);
}

static u64 cookie_of(socket_t *s)
{
	static atomic64_t last;
	u64 none = 0, made;

	if (!__atomic_load_n(&s->cookie, __ATOMIC_RELAXED)) {
		made = (u64)atomic64_add_return(&last, 1);
		__atomic_compare_exchange_n(&s->cookie, &none, made, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST);
	}
	return __atomic_load_n(&s->cookie, __ATOMIC_RELAXED);
}

/* What does not fit into an int: its bytes in *out, and how many; 0: another option. */
typedef union option_value {
	int number;
	u64 cookie;
	struct linger linger;
	struct timeval time;
	struct ucred cred;
	u32 memory[SO_MEMINFO_VARS];
	socket_address_t address;
} option_value_t;

static int get_large(socket_t *s, int name, option_value_t *out)
{
	switch (name) {
	case SO_LINGER:
		out->linger.l_onoff = socket_option(s, SOCKET_LINGER) ? 1 : 0;
		out->linger.l_linger = READ_ONCE(s->linger_seconds);
		return sizeof(out->linger);
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
		out->time = timeout_value(READ_ONCE(s->recv_timeout));
		return sizeof(out->time);
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
		out->time = timeout_value(READ_ONCE(s->send_timeout));
		return sizeof(out->time);
	case SO_PEERCRED:
		out->cred = peer_credentials(s);
		return sizeof(out->cred);
	case SO_MEMINFO:
		memset(out->memory, 0, sizeof(out->memory));
		out->memory[1] = (u32)READ_ONCE(s->recv_budget);
		out->memory[2] = (u32)atomic_read(&s->wmem) - 1;
		out->memory[3] = (u32)READ_ONCE(s->send_budget);
		return sizeof(out->memory);
	default:
		return 0;
	}
}

/* 0, or -ENOPROTOOPT: no such option. */
static int get_number(socket_t *s, int name, int *n)
{
	u32 flag = flag_of(name);

	if (flag) {
		*n = socket_option(s, flag) ? 1 : 0;
		return 0;
	}
	switch (name) {
	case SO_SNDBUF:
		*n = READ_ONCE(s->send_budget);
		return 0;
	case SO_RCVBUF:
		*n = READ_ONCE(s->recv_budget);
		return 0;
	case SO_TYPE:
		*n = s->type;
		return 0;
	case SO_PROTOCOL:
		*n = s->protocol;
		return 0;
	case SO_DOMAIN:
		*n = s->family;
		return 0;
	case SO_ERROR:
		*n = -socket_take_error(s);
		return 0;
	case SO_PRIORITY:
		*n = (int)READ_ONCE(s->priority);
		return 0;
	case SO_MARK:
		*n = (int)READ_ONCE(s->mark);
		return 0;
	case SO_TIMESTAMP_OLD:
		*n = socket_option(s, SOCKET_TIMESTAMP) ? 1 : 0;
		return 0;
	case SO_TIMESTAMPNS_OLD:
		*n = socket_option(s, SOCKET_TIMESTAMP_NS) ? 1 : 0;
		return 0;
	case SO_RCVLOWAT:
		*n = READ_ONCE(s->recv_low_water);
		return 0;
	case SO_REUSEPORT:
		*n = socket_option(s, SOCKET_REUSE_PORT) ? 1 : 0;
		return 0;
	case SO_SNDLOWAT:
		*n = 1;
		return 0;
	case SO_ACCEPTCONN:
		*n = READ_ONCE(s->state) == SOCKET_LISTENING;
		return 0;
	case SO_BSDCOMPAT:
		*n = 0;
		return 0;
	case SO_PEEK_OFF:
		if (!s->ops->set_peek_offset)
			return -EOPNOTSUPP;
		*n = READ_ONCE(s->peek_offset);
		return 0;
	case SO_BUF_LOCK:
		*n = (socket_option(s, SOCKET_SNDBUF_LOCKED) ? BUF_LOCK_SEND : 0) |
		     (socket_option(s, SOCKET_RCVBUF_LOCKED) ? BUF_LOCK_RECEIVE : 0);
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int get_option(socket_t *s, int name, void *value, socklen_t *len)
{
	option_value_t v;
	int r, size;

	switch (name) {
	case SO_PEERGROUPS:
		return get_groups(s, value, len);
	case SO_COOKIE:
		if (*len < sizeof(v.cookie))
			return -EINVAL;
		v.cookie = cookie_of(s);
		size = sizeof(v.cookie);
		break;
	case SO_PEERNAME:
		if (socket_name(s, true, &v.address))
			return -ENOTCONN;
		if (v.address.len < *len)
			return -EINVAL;
		memcpy(value, &v.address.storage, *len);
		return 0;
	default:
		size = get_large(s, name, &v);
		if (size)
			break;
		r = get_number(s, name, &v.number);
		if (r)
			return r;
		size = sizeof(v.number);
	}
	*len = MIN(*len, (socklen_t)size);
	memcpy(value, &v, *len);
	return 0;
}

int socket_getsockopt(socket_t *sock, int level, int optname, void *optval, socklen_t *len)
{
	if (level == SOL_SOCKET)
		return get_option(sock, optname, optval, len);
	return sock->ops->get_option ? sock->ops->get_option(sock, level, optname, optval, len)
				     : -EOPNOTSUPP;
}
