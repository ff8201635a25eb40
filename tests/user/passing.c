/* sendmsg and recvmsg: vectors, control messages, descriptors and credentials, urgent bytes. */
#include <sys/socket.h>
#include <sys/un.h>

#include "row.h"

static char buf[1 << 18];

static void on_signal(int sig)
{
	(void)sig;
}

static int e[2]; /* the pair that a group works with */

static void pair(int type)
{
	MUST(socketpair(AF_UNIX, type, 0, e));
}

/* Room for control messages, aligned. */
union control {
	struct cmsghdr h;
	char bytes[4096];
};
static union control control;

/* Sends one byte with one control message of these bytes. */
static long send_control(int fd, int level, int type, const void *data, size_t len, int flags)
{
	struct iovec v = { "x", 1 };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = CMSG_SPACE(len) };

	memset(&control, 0, sizeof(control));
	control.h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(len),
				      .cmsg_level = level,
				      .cmsg_type = type };
	memcpy(CMSG_DATA(&control.h), data, len);
	return sys(SYS_sendmsg, fd, &m, flags);
}

static long send_fds(int fd, const int *fds, unsigned n)
{
	return send_control(fd, SOL_SOCKET, SCM_RIGHTS, fds, n * sizeof(int), 0);
}

static long send_fd(int fd, int what)
{
	return send_fds(fd, &what, 1);
}

static struct msghdr last; /* as recvmsg left it */
static struct iovec last_v;

static long receive(int fd, size_t room, size_t control_room, int flags)
{
	memset(&control, 0x5a, sizeof(control));
	last_v = (struct iovec){ buf, room };
	last = (struct msghdr){ .msg_iov = &last_v,
				.msg_iovlen = 1,
				.msg_control = control_room ? &control : NULL,
				.msg_controllen = control_room };
	return sys(SYS_recvmsg, fd, &last, flags);
}

static int received_fd(unsigned i)
{
	int fd;

	memcpy(&fd, (char *)CMSG_DATA(&control.h) + i * sizeof(int), sizeof(fd));
	return fd;
}

static bool same_file(int a, int b)
{
	struct stat x, y;

	return !fstat(a, &x) && !fstat(b, &y) && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

static void group_message(void)
{
	struct iovec v[3] = { { "ab", 2 }, { "", 0 }, { "cde", 3 } }, big[1025];
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 3 };
	char name[200];

	pair(SOCK_STREAM | SOCK_NONBLOCK);
	ROW("send", sys(SYS_sendmsg, e[0], &m, 0), 5);
	ROW("receive", sys(SYS_read, e[1], buf, 99), 5);
	ROW_TRUE("text", !memcmp(buf, "abcde", 5));
	ROWS_EFAULT("send", sizeof(m), sys(SYS_sendmsg, e[0], p, 0));
	ROWS_EFAULT("receive", sizeof(m), sys(SYS_recvmsg, e[0], p, 0));
	ROW("compat_send", sys(SYS_sendmsg, e[0], &m, 0x80000000u), -EINVAL);
	ROW("compat_receive", sys(SYS_recvmsg, e[0], &m, 0x80000000u), -EINVAL);
	m.msg_iovlen = 0;
	ROW("no_vector", sys(SYS_sendmsg, e[0], &m, 0), 0);
	for (unsigned i = 0; i < LENGTH(big); i++)
		big[i] = (struct iovec){ "z", 1 };
	m.msg_iov = big;
	m.msg_iovlen = 1024;
	ROW("vector_1024", sys(SYS_sendmsg, e[0], &m, 0), 1024);
	ROW("vector_1024_read", sys(SYS_read, e[1], buf, 9999), 1024);
	m.msg_iovlen = 1025;
	ROW("vector_1025", sys(SYS_sendmsg, e[0], &m, 0), -EMSGSIZE);
	ROW("vector_1025_receive", sys(SYS_recvmsg, e[0], &m, 0), -EMSGSIZE);
	m.msg_iov = (void *)edge;
	m.msg_iovlen = 1;
	ROW("vector_efault", sys(SYS_sendmsg, e[0], &m, 0), -EFAULT);
	ROW("vector_efault_receive", sys(SYS_recvmsg, e[0], &m, 0), -EFAULT);
	m.msg_iov = v;
	m.msg_iovlen = 3;
	v[1].iov_len = SIZE_MAX;
	ROW("length_negative", sys(SYS_sendmsg, e[0], &m, 0), -EINVAL);
	v[1].iov_len = 0;
	v[2].iov_base = edge;
	ROW("base_efault", sys(SYS_sendmsg, e[0], &m, 0), -EFAULT);
	v[2].iov_base = "cde";
	m.msg_name = name;
	m.msg_namelen = -1;
	ROW("namelen_negative", sys(SYS_sendmsg, e[0], &m, 0), -EINVAL);
	ROW("namelen_negative_receive", sys(SYS_recvmsg, e[0], &m, 0), -EINVAL);
	m.msg_name = edge;
	m.msg_namelen = 10;
	ROW("name_efault", sys(SYS_sendmsg, e[0], &m, 0), -EFAULT);
	m.msg_name = NULL;
	m.msg_namelen = -5;
	ROW("null_name_any_length", sys(SYS_sendmsg, e[0], &m, 0), 5);
	m = (struct msghdr){
		.msg_iov = v, .msg_iovlen = 1, .msg_control = edge, .msg_controllen = 16
	};
	ROW("control_efault", sys(SYS_sendmsg, e[0], &m, 0), -EFAULT);
	m.msg_control = &control;
	m.msg_controllen = 1ul << 31;
	ROW("control_2g", sys(SYS_sendmsg, e[0], &m, 0), -ENOBUFS);
	m.msg_controllen = 1 << 20;
	ROW("control_1m", sys(SYS_sendmsg, e[0], &m, 0), -ENOBUFS);
	m.msg_controllen = 15;
	ROW("control_short_ignored", sys(SYS_sendmsg, e[0], &m, 0), 2);
	read(e[1], buf, 999);
	/* What recvmsg writes back. */
	write(e[0], "hello", 5);
	v[0] = (struct iovec){ buf, 9 };
	m = (struct msghdr){ .msg_name = name,
			     .msg_namelen = 77,
			     .msg_iov = v,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = 99,
			     .msg_flags = 0x7777 };
	ROW("back", sys(SYS_recvmsg, e[1], &m, MSG_CMSG_CLOEXEC), 5);
	ROW("back_namelen", m.msg_namelen, 0);
	ROW("back_controllen", m.msg_controllen, 0);
	ROW("back_flags", m.msg_flags, MSG_CMSG_CLOEXEC);
}

static void group_many(void)
{
	struct iovec v[4] = { { "one", 3 }, { "two22", 5 }, { "three", 5 }, { "four", 4 } };
	struct mmsghdr m[4] = { 0 };
	struct timespec ts = { 0, 1000000 };

	pair(SOCK_DGRAM);
	for (int i = 0; i < 4; i++) {
		m[i].msg_hdr.msg_iov = &v[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	ROW("send", sys(SYS_sendmmsg, e[0], m, 4, 0), 4);
	ROW_TRUE("send_lengths", m[0].msg_len == 3 && m[1].msg_len == 5 && m[3].msg_len == 4);
	ROW("send_none", sys(SYS_sendmmsg, e[0], m, 0, 0), 0);
	for (int i = 0; i < 4; i++)
		v[i] = (struct iovec){ buf + i * 100, 4 };
	ROW("receive", sys(SYS_recvmmsg, e[1], m, 3, 0, NULL), 3);
	ROW_TRUE("receive_lengths", m[0].msg_len == 3 && m[1].msg_len == 4 && m[2].msg_len == 4);
	ROW("receive_trunc", m[1].msg_hdr.msg_flags, MSG_TRUNC);
	ROW("receive_rest", sys(SYS_recvmmsg, e[1], m, 4, MSG_DONTWAIT, NULL), 1);
	ROW("receive_empty", sys(SYS_recvmmsg, e[1], m, 4, MSG_DONTWAIT, NULL), -EAGAIN);
	write(e[0], "x", 1);
	ROW("waitforone", sys(SYS_recvmmsg, e[1], m, 4, MSG_WAITFORONE, NULL), 1);
	write(e[0], "x", 1);
	ROW("timeout_0", sys(SYS_recvmmsg, e[1], m, 4, 0, (ts.tv_nsec = 0, &ts)), 1);
	ts = (struct timespec){ 0, 1000000000 };
	ROW("timeout_bad", sys(SYS_recvmmsg, e[1], m, 4, 0, &ts), -EINVAL);
	ROWS_EFAULT("timeout", 16, sys(SYS_recvmmsg, e[1], m, 4, 0, p));
	ROW("compat", sys(SYS_recvmmsg, e[1], m, 4, 0x80000000u, NULL), -EINVAL);
	ROW("compat_send", sys(SYS_sendmmsg, e[1], m, 4, 0x80000000u), -EINVAL);
	ROW("send_efault", sys(SYS_sendmmsg, e[0], edge, 1, 0), -EFAULT);
	/* The second is bad: the first has gone. */
	m[1].msg_hdr.msg_iov = (void *)edge;
	v[0] = (struct iovec){ "one", 3 };
	ROW("second_bad", sys(SYS_sendmmsg, e[0], m, 2, 0), 1);
	ROW("first_came", sys(SYS_recvfrom, e[1], buf, 99, MSG_DONTWAIT, NULL, NULL), 3);
	write(e[0], "x", 1);
	write(e[0], "y", 1);
	v[0] = (struct iovec){ buf, 9 };
	ROW("second_bad_receive", sys(SYS_recvmmsg, e[1], m, 2, 0, NULL), 1);
	ROW("error_kept", sys(SYS_read, e[1], buf, 9), -EFAULT);
	ROW("error_once", sys(SYS_read, e[1], buf, 9), 1);
}

static void group_rights(void)
{
	int file = file_with("file", "contents", 8), fds[300], fd;
	struct msghdr m = { 0 };

	pair(SOCK_STREAM | SOCK_NONBLOCK);
	ROW("send", send_fd(e[0], file), 1);
	ROW("receive", receive(e[1], 9, sizeof(control), 0), 1);
	ROW("controllen", last.msg_controllen, CMSG_SPACE(4));
	ROW("cmsg_len", control.h.cmsg_len, CMSG_LEN(4));
	ROW("cmsg_level", control.h.cmsg_level, SOL_SOCKET);
	ROW("cmsg_type", control.h.cmsg_type, SCM_RIGHTS);
	ROW("flags", last.msg_flags, 0);
	fd = received_fd(0);
	ROW("number", fd, e[1] + 1);
	ROW_TRUE("same", same_file(file, fd));
	ROW("not_cloexec", fcntl(fd, F_GETFD), 0);
	ROW("shared_offset", (read(fd, buf, 3), lseek(file, 0, SEEK_CUR)), 3);
	close(fd);
	send_fd(e[0], file);
	ROW("cloexec", receive(e[1], 9, sizeof(control), MSG_CMSG_CLOEXEC), 1);
	ROW("cloexec_flag", fcntl(received_fd(0), F_GETFD), FD_CLOEXEC);
	close(received_fd(0));
	ROW("closed_fd", send_fd(e[0], 555), -EBADF);
	ROW("negative_fd", send_fd(e[0], -1), -EBADF);
	ROW("none", send_fds(e[0], fds, 0), 1);
	receive(e[1], 9, sizeof(control), 0);
	ROW("none_comes", last.msg_controllen, 0);
	for (int i = 0; i < 300; i++)
		fds[i] = file;
	ROW("most", send_fds(e[0], fds, 253), 1);
	ROW("most_receive", receive(e[1], 9, sizeof(control), 0), 1);
	ROW("most_len", control.h.cmsg_len, CMSG_LEN(253 * 4));
	for (int i = 0; i < 253; i++)
		close(received_fd(i));
	ROW("too_many", send_fds(e[0], fds, 254), -EINVAL);
	/* Two messages in one call are handed over as one. */
	memset(&control, 0, sizeof(control));
	control.h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(4),
				      .cmsg_level = SOL_SOCKET,
				      .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.h), &file, 4);
	memcpy(control.bytes + CMSG_SPACE(4), &control, CMSG_SPACE(4));
	struct iovec v = { "x", 1 };
	m = (struct msghdr){ .msg_iov = &v,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = 2 * CMSG_SPACE(4) };
	ROW("twice", sys(SYS_sendmsg, e[0], &m, 0), 1);
	receive(e[1], 9, sizeof(control), 0);
	ROW("twice_len", control.h.cmsg_len, CMSG_LEN(8));
	close(received_fd(0));
	close(received_fd(1));
	/* Bad control messages. */
	ROW("unknown_type", send_control(e[0], SOL_SOCKET, 77, fds, 4, 0), -EINVAL);
	ROW("other_level", send_control(e[0], 6, 77, fds, 4, 0), 1);
	receive(e[1], 9, 0, 0);
	memset(&control, 0, sizeof(control));
	control.h = (struct cmsghdr){ .cmsg_len = 8,
				      .cmsg_level = SOL_SOCKET,
				      .cmsg_type = SCM_RIGHTS };
	m.msg_controllen = 24;
	ROW("length_8", sys(SYS_sendmsg, e[0], &m, 0), -EINVAL);
	control.h.cmsg_len = 25;
	ROW("length_past_end", sys(SYS_sendmsg, e[0], &m, 0), -EINVAL);
	control.h.cmsg_len = 1ul << 63;
	ROW("length_huge", sys(SYS_sendmsg, e[0], &m, 0), -EINVAL);
	/* Not enough room. */
	send_fds(e[0], fds, 3);
	ROW("room_for_2", receive(e[1], 9, CMSG_LEN(8), 0), 1);
	ROW("room_for_2_flags", last.msg_flags, MSG_CTRUNC);
	ROW("room_for_2_len", control.h.cmsg_len, CMSG_LEN(8));
	ROW("room_for_2_controllen", last.msg_controllen, CMSG_LEN(8));
	close(received_fd(0));
	close(received_fd(1));
	ROW("third_is_gone", dup(0), e[1] + 1);
	close(e[1] + 1);
	send_fd(e[0], file);
	receive(e[1], 9, 0, 0);
	ROW("no_room_flags", last.msg_flags, MSG_CTRUNC);
	send_fd(e[0], file);
	receive(e[1], 9, 10, 0);
	ROW("room_10_flags", last.msg_flags, MSG_CTRUNC);
	ROW("room_10_len", last.msg_controllen, 0);
	send_fd(e[0], file);
	ROW("plain_read", sys(SYS_read, e[1], buf, 9), 1);
	ROW("plain_read_closes", dup(0), e[1] + 1);
	close(e[1] + 1);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ e[1] + 2, 4096 });
	send_fds(e[0], fds, 2);
	ROW("emfile", receive(e[1], 9, sizeof(control), 0), 1);
	ROW("emfile_flags", last.msg_flags, MSG_CTRUNC);
	ROW("emfile_len", control.h.cmsg_len, CMSG_LEN(4));
	close(received_fd(0));
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 200, 4096 });
	fd = open("/", O_PATH);
	ROW("o_path", send_fd(e[0], fd), 1);
	receive(e[1], 9, sizeof(control), 0);
	ROW("o_path_same", fcntl(received_fd(0), F_GETFL) & O_PATH, O_PATH);
}

static void group_rights_stream(void)
{
	int file = file_with("file", "contents", 8);

	pair(SOCK_STREAM | SOCK_NONBLOCK);
	/* Descriptors are a boundary for reads. */
	write(e[0], "aa", 2);
	send_fd(e[0], file);
	write(e[0], "bb", 2);
	ROW("up_to_fd", receive(e[1], 99, sizeof(control), 0), 3);
	ROW("with_fd", last.msg_controllen, CMSG_SPACE(4));
	close(received_fd(0));
	ROW("after_fd", receive(e[1], 99, sizeof(control), 0), 2);
	ROW("after_fd_none", last.msg_controllen, 0);
	/* A peek gives descriptors of its own. */
	send_fd(e[0], file);
	ROW("peek", receive(e[1], 99, sizeof(control), MSG_PEEK), 1);
	ROW_TRUE("peek_fd", same_file(file, received_fd(0)));
	close(received_fd(0));
	ROW("peeked", receive(e[1], 99, sizeof(control), 0), 1);
	ROW_TRUE("peeked_fd", same_file(file, received_fd(0)));
	close(received_fd(0));
	/* With no data nothing is sent; a read of nothing takes them. */
	struct msghdr m = { .msg_control = &control, .msg_controllen = CMSG_SPACE(4) };
	memset(&control, 0, sizeof(control));
	control.h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(4),
				      .cmsg_level = SOL_SOCKET,
				      .cmsg_type = SCM_RIGHTS };
	ROW("without_data", sys(SYS_sendmsg, e[0], &m, 0), 0);
	ROW("without_data_none", receive(e[1], 99, sizeof(control), 0), -EAGAIN);
	send_fd(e[0], file);
	ROW("zero_read", receive(e[1], 0, sizeof(control), 0), 0);
	ROW("zero_read_fd", last.msg_controllen, CMSG_SPACE(4));
	close(received_fd(0));
	ROW("zero_read_left", receive(e[1], 9, sizeof(control), 0), 1);
	ROW("zero_read_no_fd", last.msg_controllen, 0);
	/* A long message carries them once. */
	struct iovec v = { buf, 100000 };
	m = (struct msghdr){ .msg_iov = &v,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = CMSG_SPACE(4) };
	memset(&control, 0, sizeof(control));
	control.h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(4),
				      .cmsg_level = SOL_SOCKET,
				      .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.h), &file, 4);
	ROW("long", sys(SYS_sendmsg, e[0], &m, 0), 100000);
	ROW("long_first", receive(e[1], sizeof(buf), sizeof(control), 0), 36544);
	ROW("long_first_fd", last.msg_controllen, CMSG_SPACE(4));
	close(received_fd(0));
	ROW("long_rest", receive(e[1], sizeof(buf), sizeof(control), 0), 63456);
	ROW("long_rest_none", last.msg_controllen, 0);
	/* An empty datagram may carry them. */
	pair(SOCK_DGRAM | SOCK_NONBLOCK);
	m.msg_iovlen = 0;
	memset(&control, 0, sizeof(control));
	control.h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(4),
				      .cmsg_level = SOL_SOCKET,
				      .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.h), &file, 4);
	ROW("datagram", sys(SYS_sendmsg, e[0], &m, 0), 0);
	ROW("datagram_receive", receive(e[1], 9, sizeof(control), 0), 0);
	ROW("datagram_fd", last.msg_controllen, CMSG_SPACE(4));
}

static void group_in_flight(void)
{
	int ends[2], fds[200], file = open("/dev/null", O_RDONLY);

	/* A descriptor lives on in a message. */
	pair(SOCK_DGRAM);
	MUST(pipe(ends));
	send_fd(e[0], ends[1]);
	close(ends[1]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	ROW("keeps_open", sys(SYS_read, ends[0], buf, 1), -EAGAIN);
	close(e[1]);
	ROW("dropped_with_queue", EVENTUALLY(sys(SYS_read, ends[0], buf, 1) == 0), 1);
	/* So many may be under way, a user. */
	pair(SOCK_DGRAM);
	for (int i = 0; i < 200; i++)
		fds[i] = file;
	pid_t pid =
		SPAWN(become(USER); setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 250, 250 });
		      ROW("first_200", send_fds(e[0], fds, 200), 1);
		      ROW("above", send_fds(e[0], fds, 100), 1);
		      ROW("limit", send_fd(e[0], file), -ETOOMANYREFS);
		      ROW("plain_goes", sys(SYS_write, e[0], "x", 1), 1); receive(e[1], 9, 0, 0);
		      receive(e[1], 9, 0, 0); ROW("after_receive", send_fd(e[0], file), 1));
	wait_status(pid);
	ROW("root_not", send_fds(e[0], fds, 200), 1);
}

/* The write end of a pipe is sent with each set, so that its collection can be seen. */
static int watch[2];

static bool collected(void)
{
	char c;

	fcntl(watch[0], F_SETFL, O_NONBLOCK);
	return EVENTUALLY(({
		int t[2];

		/* Linux looks only when a socket is closed. */
		if (!socketpair(AF_UNIX, SOCK_STREAM, 0, t)) {
			close(t[0]);
			close(t[1]);
		}
		read(watch[0], &c, 1) == 0;
	}));
}

static void new_watch(void)
{
	if (watch[0])
		close(watch[0]);
	MUST(pipe(watch));
}

static void group_cycles(void)
{
	int a[2], b[2], fds[2];

	/* A socket in its own queue. */
	new_watch();
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, a));
	send_fds(a[0], (int[]){ a[1], watch[1] }, 2);
	close(watch[1]);
	close(a[0]);
	close(a[1]);
	ROW_TRUE("itself", collected());
	/* Two in each other's. */
	new_watch();
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, a));
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, b));
	send_fds(a[0], (int[]){ b[1], watch[1] }, 2);
	send_fd(b[0], a[1]);
	close(watch[1]);
	close(a[0]);
	close(a[1]);
	close(b[0]);
	close(b[1]);
	ROW_TRUE("each_other", collected());
	/* Both ends of each in the other: nobody closes one for good. */
	new_watch();
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, a));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, b));
	send_fds(a[0], (int[]){ b[0], b[1] }, 2);
	send_fds(b[0], (int[]){ a[0], a[1] }, 2);
	send_fd(b[0], watch[1]);
	close(watch[1]);
	close(a[0]);
	close(a[1]);
	close(b[0]);
	close(b[1]);
	ROW_TRUE("both_ends", collected());
	/* A ring of twenty. */
	int ring[20][2];

	new_watch();
	for (int i = 0; i < 20; i++)
		MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ring[i]));
	for (int i = 0; i < 20; i++)
		send_fd(ring[i][0], ring[(i + 1) % 20][1]);
	send_fd(ring[7][0], watch[1]);
	close(watch[1]);
	for (int i = 0; i < 20; i++) {
		close(ring[i][0]);
		close(ring[i][1]);
	}
	ROW_TRUE("ring", collected());
	/* A connection that was never accepted, of a listener in its own queue. */
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "l" };
	int l = MUST(socket(AF_UNIX, SOCK_STREAM, 0)), c = MUST(socket(AF_UNIX, SOCK_STREAM, 0));

	new_watch();
	MUST(bind(l, (void *)&name, sizeof(name)));
	MUST(listen(l, 5));
	MUST(connect(c, (void *)&name, sizeof(name)));
	fds[0] = l;
	fds[1] = watch[1];
	send_fds(c, fds, 2);
	close(watch[1]);
	close(l);
	close(c);
	ROW_TRUE("listener", collected());
	/* What somebody can still reach stays. */
	new_watch();
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, a));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, b));
	send_fds(a[0], (int[]){ a[1], a[0] }, 2);
	send_fd(a[0], watch[1]);
	send_fds(b[0], (int[]){ a[1] }, 1);
	close(watch[1]);
	close(a[0]);
	close(a[1]);
	for (int i = 0; i < 20; i++) {
		int t[2];

		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, t));
		send_fd(t[0], t[1]);
		close(t[0]);
		close(t[1]);
	}
	fcntl(watch[0], F_SETFL, O_NONBLOCK);
	sleep_ms(50);
	ROW("reachable", sys(SYS_read, watch[0], buf, 1), -EAGAIN);
	receive(b[1], 9, sizeof(control), 0);
	int got = received_fd(0);
	ROW("reachable_reads", receive(got, 9, sizeof(control), 0), 1);
	close(received_fd(0));
	close(received_fd(1));
	close(got);
	ROW_TRUE("then_collected", collected());
}

/* A process that sends with credentials. */
static struct ucred *received_ucred(void)
{
	return control.h.cmsg_type == SCM_CREDENTIALS && last.msg_controllen
		       ? (struct ucred *)CMSG_DATA(&control.h)
		       : NULL;
}

static void group_credentials(void)
{
	int on = 1, off = 0;
	struct ucred c = { getpid(), 0, 0 }, *got;
	socklen_t len = sizeof(c);

	pair(SOCK_STREAM | SOCK_NONBLOCK);
	ROW("own", send_control(e[0], SOL_SOCKET, SCM_CREDENTIALS, &c, sizeof(c), 0), 1);
	ROW("not_asked", receive(e[1], 9, sizeof(control), 0), 1);
	ROW("not_asked_none", last.msg_controllen, 0);
	setsockopt(e[1], SOL_SOCKET, SO_PASSCRED, &on, 4);
	write(e[0], "x", 1);
	ROW("asked", receive(e[1], 9, sizeof(control), 0), 1);
	got = received_ucred();
	ROW_TRUE("asked_sender", got && got->pid == getpid() && got->uid == 0 && got->gid == 0);
	ROW("asked_len", last.msg_controllen, CMSG_SPACE(sizeof(c)));
	write(e[0], "x", 1);
	receive(e[1], 9, 0, 0);
	ROW("no_room", last.msg_flags, MSG_CTRUNC);
	write(e[0], "x", 1);
	receive(e[1], 9, CMSG_LEN(4), 0);
	ROW("little_room", last.msg_flags, MSG_CTRUNC);
	ROW("little_room_len", control.h.cmsg_len, CMSG_LEN(4));
	ROW("little_room_controllen", last.msg_controllen, CMSG_LEN(4));
	/* A child that says who it is, or who it is not. */
	CHILD(become(USER); c = (struct ucred){ getpid(), USER, USER };
	      ROW("user_own", send_control(e[0], SOL_SOCKET, SCM_CREDENTIALS, &c, sizeof(c), 0), 1);
	      c.uid = OTHER;
	      ROW("user_uid", send_control(e[0], SOL_SOCKET, SCM_CREDENTIALS, &c, sizeof(c), 0),
		  -EPERM);
	      c.uid = USER; c.gid = OTHER;
	      ROW("user_gid", send_control(e[0], SOL_SOCKET, SCM_CREDENTIALS, &c, sizeof(c), 0),
		  -EPERM);
	      c.gid = USER; c.pid = getppid();
	      ROW("user_pid", send_control(e[0], SOL_SOCKET, SCM_CREDENTIALS, &c, sizeof(c), 0),
		  -EPERM));
	receive(e[1], 9, sizeof(control), 0);
	got = received_ucred();
	ROW_TRUE("user_received", got && got->uid == USER && got->gid == USER);
	c = (struct ucred){ 1, 12, 13 };
	ROW("root_any", send_control(e[0], SOL_SOCKET, SCM_CREDENTIALS, &c, sizeof(c), 0), 1);
	receive(e[1], 9, sizeof(control), 0);
	got = received_ucred();
	ROW_TRUE("root_received", got && got->pid == 1 && got->uid == 12 && got->gid == 13);
	c.pid = 999999;
	ROW("root_no_process", send_control(e[0], SOL_SOCKET, SCM_CREDENTIALS, &c, sizeof(c), 0),
	    -ESRCH);
	c = (struct ucred){ getpid(), -1, 0 };
	ROW("invalid_uid", send_control(e[0], SOL_SOCKET, SCM_CREDENTIALS, &c, sizeof(c), 0),
	    -EINVAL);
	ROW("short", send_control(e[0], SOL_SOCKET, SCM_CREDENTIALS, &c, sizeof(c) - 4, 0),
	    -EINVAL);
	ROW("long", send_control(e[0], SOL_SOCKET, SCM_CREDENTIALS, &c, sizeof(c) + 8, 0), -EINVAL);
	/* Different senders are not glued together. */
	write(e[0], "aa", 2);
	write(e[0], "bb", 2);
	CHILD(write(e[0], "cc", 2));
	ROW("one_sender", receive(e[1], 99, sizeof(control), 0), 4);
	ROW("other_sender", receive(e[1], 99, sizeof(control), 0), 2);
	setsockopt(e[1], SOL_SOCKET, SO_PASSCRED, &off, 4);
	write(e[0], "aa", 2);
	CHILD(write(e[0], "cc", 2));
	ROW("glued", receive(e[1], 99, sizeof(control), 0), 4);
	/* Asked for after it was sent. */
	write(e[0], "x", 1);
	setsockopt(e[1], SOL_SOCKET, SO_PASSCRED, &on, 4);
	receive(e[1], 9, sizeof(control), 0);
	got = received_ucred();
	ROW_TRUE("late", got && got->pid == 0 && got->uid == 65534 && got->gid == 65534);
	/* The end has nobody who sent it. */
	int last_pair[2] = { e[0], e[1] };
	pair(SOCK_STREAM);
	setsockopt(e[1], SOL_SOCKET, SO_PASSCRED, &on, 4);
	close(e[0]);
	ROW("end", receive(e[1], 9, sizeof(control), 0), 0);
	got = received_ucred();
	ROW_TRUE("end_nobody", got && got->pid == 0 && got->uid == 0 && got->gid == 0);
	e[0] = last_pair[0];
	e[1] = last_pair[1];
	/* Together with descriptors: credentials first. */
	send_fd(e[0], 0);
	receive(e[1], 9, sizeof(control), 0);
	ROW("both_len", last.msg_controllen, CMSG_SPACE(sizeof(c)) + CMSG_SPACE(4));
	ROW("both_first", control.h.cmsg_type, SCM_CREDENTIALS);
	/* The sender that asks gets a name. */
	struct sockaddr_un a, to = { .sun_family = AF_UNIX, .sun_path = "to" };
	int d = MUST(socket(AF_UNIX, SOCK_DGRAM, 0)), t = MUST(socket(AF_UNIX, SOCK_DGRAM, 0));

	MUST(bind(t, (void *)&to, sizeof(to)));
	setsockopt(d, SOL_SOCKET, SO_PASSCRED, &on, 4);
	ROW("autobind", sys(SYS_sendto, d, "x", 1, 0, &to, sizeof(to)), 1);
	len = sizeof(a);
	getsockname(d, (void *)&a, &len);
	ROW("autobind_len", len, 8);
}

static void group_peercred(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "l" };
	struct ucred c;
	socklen_t len = sizeof(c);
	int l = MUST(socket(AF_UNIX, SOCK_STREAM, 0)), s;

	ROW("none", (getsockopt(l, SOL_SOCKET, SO_PEERCRED, &c, &len), c.pid), 0);
	ROW_TRUE("none_ids", c.uid == ~0u && c.gid == ~0u);
	MUST(bind(l, (void *)&name, sizeof(name)));
	MUST(listen(l, 5));
	chmod("l", 0777);
	pid_t pid = SPAWN(become(USER); int fd = socket(AF_UNIX, SOCK_STREAM, 0);
			  connect(fd, (void *)&name, sizeof(name));
			  getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &len);
			  ROW_TRUE("of_listener", c.pid == getppid() && c.uid == 0 && c.gid == 0));
	s = MUST(accept(l, NULL, NULL));
	ROW("of_client", (getsockopt(s, SOL_SOCKET, SO_PEERCRED, &c, &len), c.pid), pid);
	ROW_TRUE("of_client_ids", c.uid == USER && c.gid == USER);
	wait_status(pid);
	ROW("stays", (getsockopt(s, SOL_SOCKET, SO_PEERCRED, &c, &len), c.uid), USER);
	pair(SOCK_STREAM);
	ROW("pair", (getsockopt(e[0], SOL_SOCKET, SO_PEERCRED, &c, &len), c.pid), getpid());
	len = 4;
	ROW("cut", sys(SYS_getsockopt, e[0], SOL_SOCKET, SO_PEERCRED, &c, &len), 0);
	ROW("cut_len", len, 4);
}

static void group_urgent(void)
{
	int on = 1, off = 0, mark;

	pair(SOCK_STREAM | SOCK_NONBLOCK);
	ROW("none", sys(SYS_recvfrom, e[1], buf, 1, MSG_OOB, NULL, NULL), -EINVAL);
	ROW("send", sys(SYS_sendto, e[0], "abU", 3, MSG_OOB, NULL, 0), 3);
	write(e[0], "cd", 2);
	ROW("poll", ({
		    struct pollfd p = { e[1], POLLPRI | POLLIN, 0 };
		    poll(&p, 1, 0);
		    p.revents;
	    }),
	    POLLPRI | POLLIN);
	ROW("peek", sys(SYS_recvfrom, e[1], buf, 1, MSG_OOB | MSG_PEEK, NULL, NULL), 1);
	ROW("receive", sys(SYS_recvfrom, e[1], buf, 9, MSG_OOB, NULL, NULL), 1);
	ROW("byte", buf[0], 'U');
	ROW("once", sys(SYS_recvfrom, e[1], buf, 9, MSG_OOB, NULL, NULL), -EINVAL);
	ROW("stops", sys(SYS_read, e[1], buf, 9), 2);
	ROW("goes_on", sys(SYS_read, e[1], buf, 9), 2);
	ROW_TRUE("text", !memcmp(buf, "cd", 2));
	/* Not taken: passed over. */
	sendto(e[0], "abU", 3, MSG_OOB, NULL, 0);
	write(e[0], "cd", 2);
	ROW("not_at_mark", (ioctl(e[1], 0x8905, &mark), mark), 0);
	ROW("stops_before", sys(SYS_read, e[1], buf, 9), 2);
	ROW("at_mark", (ioctl(e[1], 0x8905, &mark), mark), 1);
	ROW("skips", sys(SYS_read, e[1], buf, 9), 2);
	ROW_TRUE("skips_text", !memcmp(buf, "cd", 2));
	ROW("then_none", sys(SYS_recvfrom, e[1], buf, 9, MSG_OOB, NULL, NULL), -EINVAL);
	/* Inline. */
	setsockopt(e[1], SOL_SOCKET, SO_OOBINLINE, &on, 4);
	sendto(e[0], "abU", 3, MSG_OOB, NULL, 0);
	ROW("inline_not_oob", sys(SYS_recvfrom, e[1], buf, 9, MSG_OOB, NULL, NULL), -EINVAL);
	ROW("inline_stops", sys(SYS_read, e[1], buf, 9), 2);
	ROW("inline_byte", sys(SYS_read, e[1], buf, 9), 1);
	ROW("inline_value", buf[0], 'U');
	setsockopt(e[1], SOL_SOCKET, SO_OOBINLINE, &off, 4);
	ROW("empty", sys(SYS_sendto, e[0], "", 0, MSG_OOB, NULL, 0), -EOPNOTSUPP);
	/* A second one takes the first's place. */
	sendto(e[0], "1", 1, MSG_OOB, NULL, 0);
	sendto(e[0], "2", 1, MSG_OOB, NULL, 0);
	ROW("second", sys(SYS_recvfrom, e[1], buf, 9, MSG_OOB, NULL, NULL), 1);
	ROW("second_value", buf[0], '2');
	ROW("first_is_data", sys(SYS_read, e[1], buf, 9), 1);
	ROW("first_value", buf[0], '1');
	/* One that was taken, and behind it one that was not: neither is data, and what follows is. */
	pair(SOCK_STREAM | SOCK_NONBLOCK);
	sendto(e[0], "1", 1, MSG_OOB, NULL, 0);
	recv(e[1], buf, 1, MSG_OOB);
	sendto(e[0], "2", 1, MSG_OOB, NULL, 0);
	write(e[0], "cd", 2);
	/* The first read may stop where the one was that was taken. */
	long got = sys(SYS_read, e[1], buf, 9);
	ROW("two_marks", got == -EAGAIN ? sys(SYS_read, e[1], buf, 9) : got, 2);
	ROW_TRUE("two_marks_text", !memcmp(buf, "cd", 2));
	ROW("two_marks_gone", sys(SYS_recvfrom, e[1], buf, 9, MSG_OOB, NULL, NULL), -EINVAL);
	sendto(e[0], "1", 1, MSG_OOB, NULL, 0);
	recv(e[1], buf, 1, MSG_OOB);
	sendto(e[0], "2", 1, MSG_OOB, NULL, 0);
	ROW("mark_alone", sys(SYS_read, e[1], buf, 9), -EAGAIN);
	ROW("mark_alone_still", sys(SYS_read, e[1], buf, 9), -EAGAIN);
	ROW("mark_alone_gone", sys(SYS_recvfrom, e[1], buf, 9, MSG_OOB, NULL, NULL), -EINVAL);
	sendto(e[0], "abU", 3, MSG_OOB, NULL, 0);
	write(e[0], "cd", 2);
	ROW("peek_stops", sys(SYS_recvfrom, e[1], buf, 9, MSG_PEEK, NULL, NULL), 2);
	ROW("oob_efault",
	    (sendto(e[0], "U", 1, MSG_OOB, NULL, 0),
	     sys(SYS_recvfrom, e[1], edge, 1, MSG_OOB, NULL, NULL)),
	    -EFAULT);
	/* The receiver's owner gets a signal. */
	pair(SOCK_STREAM);
	pid_t pid = SPAWN(sigset_t s; sigemptyset(&s); sigaddset(&s, SIGURG);
			  sigprocmask(SIG_BLOCK, &s, NULL); fcntl(e[1], F_SETOWN, getpid());
			  write(e[1], "r", 1); struct timespec ts = { 10, 0 };
			  _exit(sigtimedwait(&s, NULL, &ts) == SIGURG));
	read(e[0], buf, 1);
	sendto(e[0], "U", 1, MSG_OOB, NULL, 0);
	ROW("sigurg", wait_status(pid), EXITED(1));
}

static void group_timestamp(void)
{
	int on = 1;
	struct timeval tv, now;
	struct timespec ts;

	pair(SOCK_DGRAM);
	setsockopt(e[1], SOL_SOCKET, SO_TIMESTAMP, &on, 4);
	write(e[0], "x", 1);
	ROW("receive", receive(e[1], 9, sizeof(control), 0), 1);
	ROW("type", control.h.cmsg_type, SO_TIMESTAMP);
	ROW("len", control.h.cmsg_len, CMSG_LEN(16));
	memcpy(&tv, CMSG_DATA(&control.h), 16);
	gettimeofday(&now, NULL);
	ROW_TRUE("value", now.tv_sec - tv.tv_sec <= 5 && now.tv_sec >= tv.tv_sec);
	setsockopt(e[1], SOL_SOCKET, SO_TIMESTAMPNS, &on, 4);
	write(e[0], "x", 1);
	ROW("receive_ns", receive(e[1], 9, sizeof(control), 0), 1);
	ROW("type_ns", control.h.cmsg_type, SO_TIMESTAMPNS);
	memcpy(&ts, CMSG_DATA(&control.h), 16);
	ROW_TRUE("value_ns", now.tv_sec - ts.tv_sec <= 5 && ts.tv_nsec < 1000000000);
}

int main(int argc, char **argv)
{
	signal(SIGUSR1, on_signal);
	begin(argc, argv, "passing");
	take_turns("net", LOCK_SH);
	GROUP(group_message);
	GROUP(group_many);
	GROUP(group_rights);
	GROUP(group_rights_stream);
	GROUP_ALONE(group_in_flight);
	GROUP(group_cycles);
	GROUP(group_credentials);
	GROUP(group_peercred);
	GROUP(group_urgent);
	GROUP(group_timestamp);
	return finish();
}
