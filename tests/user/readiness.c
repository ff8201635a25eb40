/* AF_UNIX: what epoll, SIGIO, ioctls and limits say about sockets. */
#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "row.h"

#define ALL (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLHUP | EPOLLERR)

static char buf[1 << 18];
static int e[2], ep;

static void pair(int type)
{
	MUST(socketpair(AF_UNIX, type, 0, e));
}

static void watch(int fd, unsigned flags)
{
	struct epoll_event ev = { .events = ALL | flags };

	ep = MUST(epoll_create1(0));
	MUST(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
}

/* What epoll says now; 0: nothing (new). */
static long events(void)
{
	struct epoll_event ev;
	int n = epoll_wait(ep, &ev, 1, 0);

	return n > 0 ? (long)ev.events : n;
}

/* Until epoll says something. */
static long next_events(void)
{
	struct epoll_event ev;
	int n = epoll_wait(ep, &ev, 1, 10000);

	return n > 0 ? (long)ev.events : n;
}

static long fill(int fd, size_t n)
{
	long sent = 0, r;

	while ((r = sys(SYS_sendto, fd, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
		sent += r;
	return r == -EAGAIN ? sent : r;
}

static long drain(int fd)
{
	long got = 0, r;

	while ((r = sys(SYS_recvfrom, fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		got += r;
	return got;
}

static void group_stream(void)
{
	pair(SOCK_STREAM);
	watch(e[0], EPOLLET);
	ROW("first", events(), EPOLLOUT);
	ROW("first.once", events(), 0);
	sys(SYS_write, e[1], "x", 1);
	ROW("data", events(), EPOLLIN | EPOLLOUT);
	ROW("data.once", events(), 0);
	sys(SYS_write, e[1], "x", 1);
	ROW("more_data", events(), EPOLLIN | EPOLLOUT);
	sys(SYS_read, e[0], buf, 1);
	ROW("rest_is_not_new", events(), 0);
	shutdown(e[1], SHUT_WR);
	ROW("peer_ends", events(), EPOLLIN | EPOLLOUT | EPOLLRDHUP);
	shutdown(e[1], SHUT_RD);
	ROW("peer_ends_both", events(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
	close(e[1]);
	ROW("peer_closes", events(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
	close(e[0]);

	pair(SOCK_STREAM);
	watch(e[0], 0);
	sys(SYS_write, e[0], "unread", 6);
	close(e[1]);
	ROW("reset", events(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP | EPOLLERR);
	ROW("reset.read", sys(SYS_read, e[0], buf, 1), -ECONNRESET);
	ROW("reset.told", events(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
	ROW("reset.end", sys(SYS_read, e[0], buf, 1), 0);
	close(e[0]);

	pair(SOCK_STREAM);
	watch(e[0], 0);
	ROW_TRUE("full", fill(e[0], 4096) > 100000);
	ROW("full.not_writable", events(), 0);
	sys(SYS_read, e[1], buf, 4096);
	ROW("full.a_little_room", events(), 0);
	drain(e[1]);
	ROW("full.writable", events(), EPOLLOUT);
	fill(e[0], 4096);
	pid_t c = SPAWN(_exit(next_events() == EPOLLOUT ? 0 : 1));
	ROW_TRUE("full.waits", until_state(c, 'S'));
	drain(e[1]);
	ROW("full.woken", wait_status(c), EXITED(0));
	fill(e[0], 4096);
	close(e[1]);
	ROW("full.peer_closes", events() & (EPOLLHUP | EPOLLERR), EPOLLHUP | EPOLLERR);

	pair(SOCK_STREAM);
	watch(e[0], 0);
	send(e[1], "!", 1, MSG_OOB);
	ROW("urgent", events(), EPOLLIN | EPOLLOUT | EPOLLPRI);
	sys(SYS_recvfrom, e[0], buf, 1, MSG_OOB);
	ROW("urgent.read", events() & EPOLLPRI, 0);
}

static void group_listener(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "l" };
	int l = MUST(socket(AF_UNIX, SOCK_STREAM, 0)), c;

	watch(l, 0);
	ROW("unbound", events(), EPOLLOUT | EPOLLHUP);
	bind(l, (void *)&name, sizeof(name));
	ROW("bound", events(), EPOLLOUT | EPOLLHUP);
	listen(l, 0);
	ROW("listens", events(), 0);
	c = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	MUST(connect(c, (void *)&name, sizeof(name)));
	ROW("connection", events(), EPOLLIN);
	int again = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
	ROW("full", sys(SYS_connect, again, &name, sizeof(name)), -EAGAIN);
	pid_t child = SPAWN(fcntl(again, F_SETFL, 0);
			    _exit(sys(SYS_connect, again, &name, sizeof(name)) ? 1 : 0));
	ROW_TRUE("full.waits", until_state(child, 'S'));
	close(accept(l, NULL, NULL));
	ROW("full.connects", wait_status(child), EXITED(0));
	close(accept(l, NULL, NULL));
	close(c);
	c = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	connect(c, (void *)&name, sizeof(name));
	watch(c, 0);
	close(l);
	ROW("never_accepted", events() & (EPOLLHUP | EPOLLERR | EPOLLRDHUP),
	    EPOLLHUP | EPOLLERR | EPOLLRDHUP);
	ROW("never_accepted.read", sys(SYS_read, c, buf, 1), -ECONNRESET);
}

static void group_datagram(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "d" };
	int r, s;

	pair(SOCK_DGRAM);
	watch(e[0], EPOLLET);
	ROW("first", events(), EPOLLOUT);
	sys(SYS_write, e[1], "x", 1);
	ROW("data", events(), EPOLLIN | EPOLLOUT);
	drain(e[0]);
	shutdown(e[1], SHUT_WR);
	ROW("peer_shuts_down", events() & EPOLLRDHUP, 0);
	shutdown(e[0], SHUT_RD);
	ROW("shut_down", events(), EPOLLIN | EPOLLOUT | EPOLLRDHUP);
	close(e[0]);
	close(e[1]);

	/* Back-pressure of a receiver that is not one's peer. */
	r = MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
	MUST(bind(r, (void *)&name, sizeof(name)));
	s = MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
	MUST(connect(s, (void *)&name, sizeof(name)));
	watch(s, 0);
	ROW("room", events(), EPOLLOUT);
	ROW_TRUE("full", fill(s, 10) > 0);
	ROW("full.not_writable", events(), 0);
	pid_t c = SPAWN(_exit(next_events() == EPOLLOUT ? 0 : 1));
	ROW_TRUE("full.waits", until_state(c, 'S'));
	sys(SYS_read, r, buf, 10);
	ROW("full.woken", wait_status(c), EXITED(0));
	fill(s, 10);
	close(r);
	ROW("receiver_gone", events() & EPOLLOUT, EPOLLOUT);
	ROW("receiver_gone.send", sys(SYS_sendto, s, "x", 1, 0), -ECONNREFUSED);

	pair(SOCK_SEQPACKET);
	watch(e[0], 0);
	ROW("packet.first", events(), EPOLLOUT);
	sys(SYS_write, e[1], "x", 1);
	close(e[1]);
	ROW("packet.peer_closes", events(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
	ROW("packet.data", sys(SYS_read, e[0], buf, 10), 1);
	ROW("packet.end", sys(SYS_read, e[0], buf, 10), 0);
}

/* ---- SIGIO ---- */

static siginfo_t told;
static volatile sig_atomic_t times;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	told = *info;
	times++;
}

static void group_async(void)
{
	struct sigaction act = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	int on = 1, who;

	sigaction(SIGIO, &act, NULL);
	sigaction(SIGRTMIN + 3, &act, NULL);
	sigaction(SIGURG, &act, NULL);
	pair(SOCK_STREAM);
	ROW("owner", fcntl(e[0], F_SETOWN, getpid()), 0);
	ROW("async", fcntl(e[0], F_SETFL, O_RDWR | O_ASYNC), 0);
	sys(SYS_write, e[1], "x", 1);
	ROW("sigio", times, 1);
	ROW("sigio.signal", told.si_signo, SIGIO);
	ROW("setsig", fcntl(e[0], F_SETSIG, SIGRTMIN + 3), 0);
	sys(SYS_write, e[1], "x", 1);
	ROW("realtime", times, 2);
	ROW("realtime.signal", told.si_signo, SIGRTMIN + 3);
	ROW("realtime.fd", told.si_fd, e[0]);
	ROW("realtime.code", told.si_code, POLL_IN);
	ROW("realtime.band", told.si_band, EPOLLIN | EPOLLRDNORM);
	drain(e[0]);
	times = 0;
	fill(e[0], 4096);
	drain(e[1]);
	ROW_TRUE("room", times > 0);
	ROW("room.code", told.si_code, POLL_OUT);
	times = 0;
	send(e[1], "!", 1, MSG_OOB);
	ROW_TRUE("urgent", times > 0);
	drain(e[0]);
	times = 0;
	close(e[1]);
	ROW_TRUE("close", times > 0);
	ROW("close.code", told.si_code, POLL_HUP);
	times = 0;
	ROW("off", fcntl(e[0], F_SETFL, O_RDWR), 0);
	close(e[0]);

	pair(SOCK_DGRAM);
	who = getpid();
	ROW("fioasync", sys(SYS_ioctl, e[0], FIOASYNC, &on), 0);
	ROW("fioasync.flag", fcntl(e[0], F_GETFL) & O_ASYNC, O_ASYNC);
	ROW("fiosetown", sys(SYS_ioctl, e[0], FIOSETOWN, &who), 0);
	who = 0;
	ROW("fiogetown", sys(SYS_ioctl, e[0], FIOGETOWN, &who), 0);
	ROW("fiogetown.value", who, getpid());
	who = -getpgrp();
	ROW("siocspgrp", sys(SYS_ioctl, e[0], SIOCSPGRP, &who), 0);
	who = 0;
	ROW("siocgpgrp", sys(SYS_ioctl, e[0], SIOCGPGRP, &who), 0);
	ROW("siocgpgrp.value", who, -getpgrp());
	times = 0;
	sys(SYS_write, e[1], "x", 1);
	ROW("group", times, 1);
	on = 0;
	sys(SYS_ioctl, e[0], FIOASYNC, &on);
	sys(SYS_write, e[1], "x", 1);
	ROW("fioasync.off", times, 1);
}

/* ---- ioctl ---- */

static void group_ioctl(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "i" };
	int n = -1, l;

	pair(SOCK_STREAM);
	sys(SYS_write, e[0], "abc", 3);
	sys(SYS_write, e[0], "de", 2);
	ROW("inq", sys(SYS_ioctl, e[1], SIOCINQ, &n), 0);
	ROW("inq.all", n, 5);
	sys(SYS_read, e[1], buf, 1);
	sys(SYS_ioctl, e[1], FIONREAD, &n);
	ROW("fionread", n, 4);
	ROW("outq", sys(SYS_ioctl, e[0], SIOCOUTQ, &n), 0);
	ROW_TRUE("outq.some", n > 0);
	drain(e[1]);
	sys(SYS_ioctl, e[0], SIOCOUTQ, &n);
	ROW("outq.none", n, 0);
	send(e[0], "xy!", 3, MSG_OOB);
	ROW("atmark", sys(SYS_ioctl, e[1], SIOCATMARK, &n), 0);
	ROW("atmark.before", n, 0);
	sys(SYS_read, e[1], buf, 2);
	sys(SYS_ioctl, e[1], SIOCATMARK, &n);
	ROW("atmark.there", n, 1);
	ROWS_POINTER("inq", sizeof(int), sys(SYS_ioctl, e[1], SIOCINQ, p), 0);
	ROWS_POINTER("outq", sizeof(int), sys(SYS_ioctl, e[1], SIOCOUTQ, p), 0);
	ROW("unknown", sys(SYS_ioctl, e[1], 0x1234, &n), -ENOTTY);
	ROW("terminal", sys(SYS_ioctl, e[1], TIOCGWINSZ, buf), -ENOTTY);
	pair(SOCK_DGRAM);
	sys(SYS_write, e[0], "abc", 3);
	sys(SYS_write, e[0], "de", 2);
	sys(SYS_ioctl, e[1], SIOCINQ, &n);
	ROW("inq.datagram", n, 3);
	pair(SOCK_SEQPACKET);
	sys(SYS_write, e[0], "abc", 3);
	sys(SYS_write, e[0], "de", 2);
	sys(SYS_ioctl, e[1], SIOCINQ, &n);
	ROW("inq.packet", n, 5);
	l = socket(AF_UNIX, SOCK_STREAM, 0);
	bind(l, (void *)&name, sizeof(name));
	listen(l, 1);
	ROW("inq.listener", sys(SYS_ioctl, l, SIOCINQ, &n), -EINVAL);
}

/* ---- limits ---- */

static long write_text(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY);
	long r = sys(SYS_write, fd, text, strlen(text));

	close(fd);
	return r;
}

static long number_in(const char *file)
{
	char text[64];

	return slurp(file, text, sizeof(text)) > 0 ? atol(text) : -1;
}

static void group_limits(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "q" }, other = name;
	const char *qlen = "/proc/sys/net/unix/max_dgram_qlen";
	const char *somaxconn = "/proc/sys/net/core/somaxconn";
	const char *wmem = "/proc/sys/net/core/wmem_max";
	const char *wmem_default = "/proc/sys/net/core/wmem_default";
	int r, s, n, size = 1 << 20;
	socklen_t len = sizeof(n);

	write_text(qlen, "2");
	ROW("qlen", number_in(qlen), 2);
	r = MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
	MUST(bind(r, (void *)&name, sizeof(name)));
	s = MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
	MUST(connect(s, (void *)&name, sizeof(name)));
	for (n = 0; sys(SYS_sendto, s, "x", 1, MSG_DONTWAIT) == 1; n++)
		;
	ROW("qlen.messages", n, 3);
	write_text(qlen, "512");
	ROW("qlen.old_socket", sys(SYS_sendto, s, "x", 1, MSG_DONTWAIT), -EAGAIN);
	write_text(qlen, "10");
	MUST(write_text(somaxconn, "1"));
	strcpy(other.sun_path, "c");
	r = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	MUST(bind(r, (void *)&other, sizeof(other)));
	MUST(listen(r, 100));
	for (n = 0; n < 100; n++) {
		s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (connect(s, (void *)&other, sizeof(other)))
			break;
	}
	ROW("somaxconn.connections", n, 2);
	MUST(write_text(somaxconn, "4096"));
	pair(SOCK_STREAM);
	write_text(wmem, "300000");
	setsockopt(e[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	getsockopt(e[0], SOL_SOCKET, SO_SNDBUF, &n, &len);
	ROW("wmem_max", n, 600000);
	write_text(wmem, "212992");
	write_text(wmem_default, "100000");
	pair(SOCK_STREAM);
	getsockopt(e[0], SOL_SOCKET, SO_SNDBUF, &n, &len);
	ROW("wmem_default", n, 100000);
	write_text(wmem_default, "212992");
}

/* What is left of a timeout is told; who cannot be told does not begin again with it. */
static void group_timeouts(void)
{
	struct timespec endless = { INT64_MAX, 0 };
	struct pollfd ready;
	int fds[2], status = 0;

	MUST(pipe(fds));
	ready = (struct pollfd){ fds[1], POLLOUT, 0 };
	ROW("endless", sys(SYS_ppoll, &ready, 1, &endless, NULL, 8), 1);
	ROW_TRUE("endless_left", endless.tv_sec > 1000000000);
	struct timeval *fixed =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fixed->tv_sec = 1000;
	mprotect(fixed, PAGE, PROT_READ);
	pid_t pid = SPAWN(_exit(-sys(SYS_select, 0, NULL, NULL, NULL, fixed)));
	ROW_TRUE("sleeps", until_state(pid, 'S'));
	kill(pid, SIGSTOP);
	ROW_TRUE("stops", until_state(pid, 'T'));
	kill(pid, SIGCONT);
	ROW_TRUE("ends", EVENTUALLY(waitpid(pid, &status, WNOHANG) == pid));
	ROW("ends_by", status, EXITED(EINTR));
	kill(pid, SIGKILL);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "readiness");
	take_turns("net", LOCK_EX);
	GROUP(group_stream);
	GROUP(group_listener);
	GROUP(group_datagram);
	GROUP(group_async);
	GROUP(group_ioctl);
	GROUP(group_limits);
	GROUP(group_timeouts);
	return finish();
}
