/* AF_UNIX: names, connections, the three kinds of socket, shutdown, poll, back-pressure. */
#include <sys/socket.h>
#include <sys/un.h>

#include "row.h"

static char buf[1 << 18];

static void on_signal(int sig)
{
	(void)sig;
}

static struct sockaddr_un path_name(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	strncpy(a.sun_path, path, sizeof(a.sun_path) - 1);
	return a;
}

static struct sockaddr_un abstract_name(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	strncpy(a.sun_path + 1, name, sizeof(a.sun_path) - 1);
	return a;
}

#define ABSTRACT_LEN(name) (socklen_t)(3 + strlen(name))

static int unix_socket(int type)
{
	return MUST(socket(AF_UNIX, type, 0));
}

static int bound(int type, const char *path)
{
	struct sockaddr_un a = path_name(path);
	int fd = unix_socket(type);

	MUST(bind(fd, (void *)&a, sizeof(a)));
	return fd;
}

static int listener(int type, const char *path, int backlog)
{
	int fd = bound(type, path);

	MUST(listen(fd, backlog));
	return fd;
}

static long connect_path(int fd, const char *path)
{
	struct sockaddr_un a = path_name(path);

	return sys(SYS_connect, fd, &a, sizeof(a));
}

static long bind_path(int fd, const char *path)
{
	struct sockaddr_un a = path_name(path);

	return sys(SYS_bind, fd, &a, sizeof(a));
}

static long send_to(int fd, const char *text, size_t len, const char *path)
{
	struct sockaddr_un a = path_name(path);

	return sys(SYS_sendto, fd, text, len, 0, &a, sizeof(a));
}

static int poll_now(int fd, int events)
{
	struct pollfd p = { fd, events, 0 };
	int r = poll(&p, 1, 0);

	return r < 0 ? -errno : p.revents;
}

static void group_bind(void)
{
	struct sockaddr_un a = path_name("here");
	struct stat st;
	int fd = unix_socket(SOCK_STREAM), other = unix_socket(SOCK_STREAM);
	char full[256];
	socklen_t len;

	umask(027);
	ROW("bind", bind_path(fd, "here"), 0);
	stat("here", &st);
	ROW("mode", st.st_mode, S_IFSOCK | 0750);
	ROW("again", bind_path(fd, "there"), -EINVAL);
	ROW("again_left_nothing", sys(SYS_access, "there", F_OK), -ENOENT);
	ROW("again_exists", bind_path(fd, "here"), -EADDRINUSE);
	ROW("taken", bind_path(other, "here"), -EADDRINUSE);
	make_file("file", "x");
	ROW("file", bind_path(other, "file"), -EADDRINUSE);
	ROW("directory", bind_path(other, "."), -EADDRINUSE);
	ROW("missing_parent", bind_path(other, "none/x"), -ENOENT);
	ROW("parent_file", bind_path(other, "file/x"), -ENOTDIR);
	symlink("nowhere", "link");
	ROW("dangling_link", bind_path(other, "link"), -EADDRINUSE);
	mkdir("locked", 0700);
	ROW_AS(USER, "parent_locked", bind_path(unix_socket(SOCK_STREAM), "locked/x"), -EACCES);
	mkdir("readonly", 0755);
	ROW_AS(USER, "parent_readonly", bind_path(unix_socket(SOCK_STREAM), "readonly/x"), -EACCES);
	ROW("open_file", sys(SYS_open, "here", O_RDWR), -ENXIO);
	ROW("unlink", sys(SYS_unlink, "here"), 0);
	ROW("after_unlink", bind_path(other, "here"), 0);
	close(fd);
	ROW("stays_after_close", sys(SYS_access, "here", F_OK), 0);
	/* No NUL at the end: 108 bytes of name. */
	fd = unix_socket(SOCK_STREAM);
	memset(a.sun_path, 'n', sizeof(a.sun_path));
	ROW("full_length", sys(SYS_bind, fd, &a, sizeof(a)), 0);
	memset(full, 0, sizeof(full));
	len = sizeof(full);
	ROW("full_name", sys(SYS_getsockname, fd, full, &len), 0);
	ROW("full_name_len", len, sizeof(a) + 1);
	memset(buf, 'n', 108);
	buf[108] = 0;
	ROW("full_exists", sys(SYS_access, buf, F_OK), 0);
	/* The length says where a name ends, and so does NUL. */
	fd = unix_socket(SOCK_STREAM);
	a = path_name("shorter");
	ROW("length_cuts", sys(SYS_bind, fd, &a, 2 + 5), 0);
	ROW("length_cut_name", sys(SYS_access, "short", F_OK), 0);
	len = sizeof(a);
	getsockname(fd, (void *)&a, &len);
	ROW("length_cut_len", len, 2 + 6);
	fd = unix_socket(SOCK_STREAM);
	a = path_name("nul");
	memcpy(a.sun_path + 4, "rest", 4);
	ROW("nul_cuts", sys(SYS_bind, fd, &a, 2 + 8), 0);
	len = sizeof(a);
	getsockname(fd, (void *)&a, &len);
	ROW("nul_cut_len", len, 2 + 4);
	fd = unix_socket(SOCK_STREAM);
	MUST(fchmod(fd, 0700));
	umask(0);
	ROW("fchmod_bind", bind_path(fd, "chmodded"), 0);
	stat("chmodded", &st);
	ROW("fchmod_mode", st.st_mode, S_IFSOCK | 0700);
	ROW("mknod", sys(SYS_mknod, "made", S_IFSOCK | 0666, 0), 0);
	ROW("connect_mknod", connect_path(other, "made"), -ECONNREFUSED);
}

static void group_abstract(void)
{
	struct sockaddr_un a = abstract_name("rows.abstract"), got;
	int fd = unix_socket(SOCK_STREAM), other = unix_socket(SOCK_STREAM), c;
	socklen_t len = ABSTRACT_LEN("rows.abstract");

	ROW("bind", sys(SYS_bind, fd, &a, len), 0);
	ROW("taken", sys(SYS_bind, other, &a, len), -EADDRINUSE);
	ROW("longer_is_another", sys(SYS_bind, other, &a, len + 1), 0);
	ROW("other_type_too", sys(SYS_bind, unix_socket(SOCK_DGRAM), &a, len), 0);
	ROW("again", sys(SYS_bind, fd, &a, len), -EINVAL);
	socklen_t n = sizeof(got);
	ROW("name", sys(SYS_getsockname, fd, &got, &n), 0);
	ROW("name_len", n, len);
	ROW_TRUE("name_bytes", !memcmp(&got, &a, len));
	c = unix_socket(SOCK_STREAM);
	ROW("connect_not_listening", sys(SYS_connect, c, &a, len), -ECONNREFUSED);
	MUST(listen(fd, 3));
	ROW("connect", sys(SYS_connect, c, &a, len), 0);
	ROW("connect_other_len", sys(SYS_connect, unix_socket(SOCK_STREAM), &a, len - 1),
	    -ECONNREFUSED);
	ROW("connect_other_type", sys(SYS_connect, unix_socket(SOCK_SEQPACKET), &a, len),
	    -ECONNREFUSED);
	close(fd);
	ROW("free_after_close", sys(SYS_bind, unix_socket(SOCK_STREAM), &a, len), 0);
	/* Embedded zeros count. */
	a = abstract_name("zero");
	ROW("whole_length", sys(SYS_bind, unix_socket(SOCK_STREAM), &a, sizeof(a)), 0);
	ROW("one_byte", sys(SYS_bind, unix_socket(SOCK_STREAM), &a, 3), 0);
	/* A name of the kernel's choice. */
	fd = unix_socket(SOCK_STREAM);
	a.sun_family = AF_UNIX;
	ROW("autobind", sys(SYS_bind, fd, &a, 2), 0);
	n = sizeof(got);
	memset(&got, 0, sizeof(got));
	getsockname(fd, (void *)&got, &n);
	ROW("autobind_len", n, 2 + 6);
	ROW("autobind_zero", got.sun_path[0], 0);
	ROW("autobind_digits", strspn(got.sun_path + 1, "0123456789abcdef"), 5);
	ROW("autobind_again", sys(SYS_bind, fd, &a, 2), 0);
	a.sun_family = AF_INET;
	ROW("autobind_family", sys(SYS_bind, unix_socket(SOCK_STREAM), &a, 2), -EINVAL);
}

static void group_connect(void)
{
	struct sockaddr_un a, got;
	int l = listener(SOCK_STREAM, "l", 5), c = unix_socket(SOCK_STREAM), s;
	socklen_t len;

	ROW("missing", connect_path(c, "none"), -ENOENT);
	make_file("file", "x");
	ROW("file", connect_path(c, "file"), -ECONNREFUSED);
	ROW("directory", connect_path(c, "."), -ECONNREFUSED);
	ROW("type", connect_path(unix_socket(SOCK_DGRAM), "l"), -EPROTOTYPE);
	bound(SOCK_STREAM, "deaf");
	ROW("not_listening", connect_path(c, "deaf"), -ECONNREFUSED);
	close(bound(SOCK_STREAM, "gone"));
	ROW("closed", connect_path(c, "gone"), -ECONNREFUSED);
	symlink("l", "link");
	ROW("link", connect_path(c, "link"), 0);
	ROW("twice", connect_path(c, "l"), -EISCONN);
	ROW("listener_connects", connect_path(l, "l"), -EINVAL);
	chmod("l", 0555);
	ROW_AS(USER, "no_write", connect_path(unix_socket(SOCK_STREAM), "l"), -EACCES);
	chmod("l", 0333);
	ROW_AS(USER, "write", connect_path(unix_socket(SOCK_STREAM), "l"), 0);
	chmod("l", 0777);
	ROW_AS(USER, "file_no_write", connect_path(unix_socket(SOCK_STREAM), "file"), -EACCES);
	mkdir("locked", 0700);
	rename("l", "locked/l");
	ROW_AS(USER, "no_search", connect_path(unix_socket(SOCK_STREAM), "locked/l"), -EACCES);
	ROW("renamed", connect_path(unix_socket(SOCK_STREAM), "locked/l"), 0);
	rename("locked/l", "l");
	/* Data may be sent before accept. */
	ROW("write_before_accept", sys(SYS_write, c, "early", 5), 5);
	ROW("accept", s = sys(SYS_accept, l, NULL, NULL), 8);
	ROW("read_early", sys(SYS_read, s, buf, 9), 5);
	len = sizeof(got);
	ROW("peer_of_client", sys(SYS_getpeername, c, &got, &len), 0);
	ROW("peer_of_client_len", len, 2 + 2);
	ROW_TRUE("peer_of_client_name", !strcmp(got.sun_path, "l"));
	len = sizeof(got);
	ROW("peer_of_server", sys(SYS_getpeername, s, &got, &len), 0);
	ROW("peer_of_server_len", len, 2);
	len = sizeof(got);
	ROW("name_of_server", sys(SYS_getsockname, s, &got, &len), 0);
	ROW("name_of_server_len", len, 4);
	close(s);
	len = sizeof(got);
	ROW("peer_after_close", sys(SYS_getpeername, c, &got, &len), 0);
	ROW("peer_after_close_len", len, 4);
	/* A bound client is seen by accept. */
	c = bound(SOCK_STREAM, "client");
	while (close(accept(l, NULL, NULL)), poll_now(l, POLLIN))
		;
	MUST(connect_path(c, "l"));
	len = sizeof(a);
	ROW("accept_bound", s = sys(SYS_accept, l, &a, &len), 9);
	ROW("accept_bound_len", len, 2 + 7);
	ROW_TRUE("accept_bound_name", !strcmp(a.sun_path, "client"));
}

static void group_backlog(void)
{
	int l = listener(SOCK_STREAM, "l", 1), c[4];

	for (int i = 0; i < 4; i++)
		c[i] = unix_socket(SOCK_STREAM | SOCK_NONBLOCK);
	ROW("first", connect_path(c[0], "l"), 0);
	ROW("second", connect_path(c[1], "l"), 0);
	ROW("full", connect_path(c[2], "l"), -EAGAIN);
	/* One that waits gets the next place. */
	pid_t pid = SPAWN(int fd = unix_socket(SOCK_STREAM); _exit(connect_path(fd, "l") == 0));
	until_state(pid, 'S');
	close(accept(l, NULL, NULL));
	ROW("waiter", wait_status(pid), EXITED(1));
	ROW("full_again", connect_path(c[2], "l"), -EAGAIN);
	ROW("raise", sys(SYS_listen, l, 3), 0);
	ROW("raised", connect_path(c[2], "l"), 0);
	/* The time limit of sending holds for connecting. */
	struct timeval tv = { 0, 40000 };
	int fd = unix_socket(SOCK_STREAM);

	sys(SYS_listen, l, 0);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	ROW("time_limit", connect_path(fd, "l"), -EAGAIN);
	pid = SPAWN(close(l); int fd = unix_socket(SOCK_STREAM);
		    _exit(connect_path(fd, "l") == -ECONNREFUSED));
	until_state(pid, 'S');
	close(l);
	ROW("closed_while_waiting", wait_status(pid), EXITED(1));
	ROW("reset", sys(SYS_read, c[0], buf, 1), 0);
	ROW("reset_1", sys(SYS_read, c[1], buf, 1), -ECONNRESET);
	ROW("reset_once", sys(SYS_read, c[1], buf, 1), 0);
	signal(SIGPIPE, SIG_IGN);
	ROW("reset_write", sys(SYS_write, c[2], buf, 1), -EPIPE);
	ROW("reset_read", sys(SYS_read, c[2], buf, 1), -ECONNRESET);
}

static void group_stream(void)
{
	int e[2], n;

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, e));
	ROW("empty", sys(SYS_read, e[0], buf, 1), -EAGAIN);
	write(e[1], "abc", 3);
	write(e[1], "defg", 4);
	ROW("joins", sys(SYS_read, e[0], buf, 100), 7);
	ROW_TRUE("joined", !memcmp(buf, "abcdefg", 7));
	write(e[1], "abcdefg", 7);
	ROW("part", sys(SYS_read, e[0], buf, 3), 3);
	ROW("peek", sys(SYS_recvfrom, e[0], buf, 100, MSG_PEEK, NULL, NULL), 4);
	ROW("peek_part", sys(SYS_recvfrom, e[0], buf, 2, MSG_PEEK, NULL, NULL), 2);
	write(e[1], "hi", 2);
	ROW("peek_two", sys(SYS_recvfrom, e[0], buf, 100, MSG_PEEK, NULL, NULL), 6);
	ROW_TRUE("peek_two_text", !memcmp(buf, "defghi", 6));
	ROW("rest", sys(SYS_read, e[0], buf, 100), 6);
	ROW("send_to_name", send_to(e[0], "x", 1, "x"), -EISCONN);
	n = unix_socket(SOCK_STREAM);
	ROW("unconnected_send", sys(SYS_write, n, "x", 1), -ENOTCONN);
	ROW("unconnected_name", send_to(n, "x", 1, "x"), -EOPNOTSUPP);
	ROW("unconnected_receive", sys(SYS_read, n, buf, 1), -EINVAL);
	ROW("unconnected_poll", poll_now(n, POLLIN | POLLOUT), POLLOUT | POLLHUP);
	/* No flag hides a broken pipe but the one. */
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, e));
	close(e[1]);
	ROW("sigpipe", CHILD(sys(SYS_write, e[0], "x", 1)), KILLED(SIGPIPE));
	ROW("nosignal", sys(SYS_sendto, e[0], "x", 1, MSG_NOSIGNAL, NULL, 0), -EPIPE);
	ROW("zero_sigpipe", CHILD(sys(SYS_write, e[0], "x", 0)), KILLED(SIGPIPE));
	ROW("zero_nosignal", sys(SYS_sendto, e[0], "x", 0, MSG_NOSIGNAL, NULL, 0), -EPIPE);
	/* Unread data make a close a reset. */
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, e));
	write(e[0], "unread", 6);
	write(e[1], "read", 4);
	close(e[1]);
	ROW("reset_data_first", sys(SYS_read, e[0], buf, 100), 4);
	ROW("reset", sys(SYS_read, e[0], buf, 100), -ECONNRESET);
	ROW("then_eof", sys(SYS_read, e[0], buf, 100), 0);
	/* A vector whose last part is bad: what came before it is sent. */
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, e));
	struct iovec v[2] = { { buf, 100 }, { edge, 100 } };

	ROW("bad_vector", sys(SYS_writev, e[0], v, 2), -EFAULT);
	ROW("bad_vector_nothing", sys(SYS_read, e[1], buf, 100), -EAGAIN);
	v[0].iov_len = 100000;
	ROW("bad_vector_long", sys(SYS_writev, e[0], v, 2), 73088);
	while (read(e[1], buf, sizeof(buf)) > 0)
		;
	write(e[0], "0123456789", 10);
	v[0].iov_len = 4;
	ROW("bad_read_vector", sys(SYS_readv, e[1], v, 2), -EFAULT);
	ROW("bad_read_vector_left", sys(SYS_read, e[1], buf, 100), 10);
}

static void group_waitall(void)
{
	int e[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, e));
	pid_t pid = SPAWN(close(e[1]); _exit(sys(SYS_recvfrom, e[0], buf, 10, MSG_WAITALL, 0, 0)));
	until_state(pid, 'S');
	write(e[1], "01234", 5);
	until_state(pid, 'S');
	write(e[1], "56789", 5);
	ROW("all", wait_status(pid), EXITED(10));
	pid = SPAWN(close(e[1]); _exit(sys(SYS_recvfrom, e[0], buf, 10, MSG_WAITALL, 0, 0)));
	until_state(pid, 'S');
	write(e[1], "0123", 4);
	until_state(pid, 'S');
	shutdown(e[1], SHUT_WR);
	ROW("until_eof", wait_status(pid), EXITED(4));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, e));
	write(e[1], "012", 3);
	ROW("dontwait", sys(SYS_recvfrom, e[0], buf, 10, MSG_WAITALL | MSG_DONTWAIT, 0, 0), 3);
	/* SO_RCVLOWAT: a read waits for so much, but not for more than it asks for. */
	int low = 4;

	setsockopt(e[0], SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low));
	pid = SPAWN(close(e[1]); _exit(sys(SYS_read, e[0], buf, 10)));
	until_state(pid, 'S');
	write(e[1], "01", 2);
	ROW_TRUE("low_water_waits", until_state(pid, 'S'));
	write(e[1], "234", 3);
	ROW("low_water", wait_status(pid), EXITED(5));
	write(e[1], "01", 2);
	ROW("low_water_less", sys(SYS_read, e[0], buf, 2), 2);
	/* A handler interrupts; what was read by then is what the call says. */
	pid = SPAWN(close(e[1]); struct sigaction a = { .sa_handler = on_signal };
		    sigaction(SIGUSR1, &a, NULL);
		    _exit(sys(SYS_recvfrom, e[0], buf, 9, MSG_WAITALL, 0, 0)));
	until_state(pid, 'S');
	write(e[1], "abcde", 5);
	until_state(pid, 'S');
	kill(pid, SIGUSR1);
	ROW("interrupted", wait_status(pid), EXITED(5));
}

static void group_shutdown(void)
{
	int e[2];

	signal(SIGPIPE, SIG_IGN);
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, e));
	write(e[0], "abc", 3);
	ROW("write", sys(SYS_shutdown, e[0], SHUT_WR), 0);
	ROW("write_epipe", sys(SYS_write, e[0], "x", 1), -EPIPE);
	ROW("peer_reads_rest", sys(SYS_read, e[1], buf, 9), 3);
	ROW("peer_eof", sys(SYS_read, e[1], buf, 9), 0);
	ROW("poll_self", poll_now(e[0], POLLIN | POLLOUT | POLLRDHUP), POLLOUT);
	ROW("poll_peer", poll_now(e[1], POLLIN | POLLOUT | POLLRDHUP),
	    POLLIN | POLLOUT | POLLRDHUP);
	ROW("peer_writes", sys(SYS_write, e[1], "yz", 2), 2);
	ROW("reads_on", sys(SYS_read, e[0], buf, 9), 2);
	ROW("peer_shuts", sys(SYS_shutdown, e[1], SHUT_WR), 0);
	ROW("both_self", poll_now(e[0], POLLIN | POLLOUT | POLLRDHUP),
	    POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, e));
	write(e[1], "left", 4);
	ROW("read", sys(SYS_shutdown, e[0], SHUT_RD), 0);
	ROW("read_rest", sys(SYS_read, e[0], buf, 9), 4);
	ROW("read_eof", sys(SYS_read, e[0], buf, 9), 0);
	ROW("read_peer_epipe", sys(SYS_write, e[1], "x", 1), -EPIPE);
	ROW("read_still_writes", sys(SYS_write, e[0], "x", 1), 1);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, e));
	ROW("both", sys(SYS_shutdown, e[0], SHUT_RDWR), 0);
	ROW("both_poll", poll_now(e[0], POLLIN | POLLOUT | POLLRDHUP),
	    POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
	ROW("both_peer_poll", poll_now(e[1], POLLIN | POLLOUT | POLLRDHUP),
	    POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
	ROW("both_read", sys(SYS_read, e[0], buf, 9), 0);
	ROW("both_write", sys(SYS_write, e[1], "x", 1), -EPIPE);
	ROW("unconnected", sys(SYS_shutdown, unix_socket(SOCK_STREAM), SHUT_RDWR), 0);
	int l = listener(SOCK_STREAM, "l", 3);

	pid_t pid = SPAWN(_exit(sys(SYS_accept, l, NULL, NULL) == -EINVAL));
	until_state(pid, 'S');
	ROW("listener", sys(SYS_shutdown, l, SHUT_RD), 0);
	ROW("listener_accept", wait_status(pid), EXITED(1));
	ROW("listener_refuses", connect_path(unix_socket(SOCK_STREAM), "l"), -ECONNREFUSED);
	/* Sleepers of both halves are told. */
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, e));
	pid = SPAWN(_exit(sys(SYS_read, e[0], buf, 1) == 0));
	until_state(pid, 'S');
	shutdown(e[0], SHUT_RD);
	ROW("sleeping_reader", wait_status(pid), EXITED(1));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, e));
	pid = SPAWN(while (write(e[0], buf, 4096) == 4096); _exit(errno == EPIPE));
	until_state(pid, 'S');
	shutdown(e[1], SHUT_RD);
	ROW("sleeping_writer", wait_status(pid), EXITED(1));
	MUST(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, e));
	ROW("datagram_write", sys(SYS_shutdown, e[0], SHUT_WR), 0);
	ROW("datagram_epipe", sys(SYS_write, e[0], "x", 1), -EPIPE);
	ROW("datagram_peer_reads", sys(SYS_read, e[1], buf, 1), -EAGAIN);
	ROW("datagram_read", sys(SYS_shutdown, e[0], SHUT_RD), 0);
	ROW("datagram_peer_epipe", sys(SYS_write, e[1], "x", 1), -EPIPE);
	ROW("datagram_dontwait", sys(SYS_read, e[0], buf, 1), -EAGAIN);
	fcntl(e[0], F_SETFL, 0);
	ROW("datagram_eof", sys(SYS_read, e[0], buf, 1), 0);
}

static void group_datagram(void)
{
	struct sockaddr_un a = path_name("a"), b = path_name("b"), got;
	int fa = bound(SOCK_DGRAM | SOCK_NONBLOCK, "a"),
	    fb = bound(SOCK_DGRAM | SOCK_NONBLOCK, "b");
	int fc = unix_socket(SOCK_DGRAM | SOCK_NONBLOCK);
	socklen_t len = sizeof(got);

	ROW("no_peer", sys(SYS_write, fa, "x", 1), -ENOTCONN);
	ROW("send", sys(SYS_sendto, fa, "hello", 5, 0, &b, sizeof(b)), 5);
	ROW("receive", sys(SYS_recvfrom, fb, buf, 100, 0, &got, &len), 5);
	ROW("from_len", len, 2 + 2);
	ROW_TRUE("from", !strcmp(got.sun_path, "a"));
	ROW("send_unbound", sys(SYS_sendto, fc, "hi", 2, 0, &b, sizeof(b)), 2);
	len = sizeof(got);
	ROW("receive_unbound", sys(SYS_recvfrom, fb, buf, 100, 0, &got, &len), 2);
	ROW("from_unbound_len", len, 0);
	ROW("missing", send_to(fa, "x", 1, "no"), -ENOENT);
	bound(SOCK_STREAM, "stream");
	ROW("type", send_to(fa, "x", 1, "stream"), -EPROTOTYPE);
	ROW("bad_address", sys(SYS_sendto, fa, "x", 1, 0, &b, 2), -EINVAL);
	close(bound(SOCK_DGRAM, "gone"));
	ROW("refused", send_to(fa, "x", 1, "gone"), -ECONNREFUSED);
	chmod("b", 0555);
	ROW_AS(USER, "no_write", sys(SYS_sendto, fa, "x", 1, 0, &b, sizeof(b)), -EACCES);
	chmod("b", 0777);
	/* Boundaries, cut messages, lengths. */
	sendto(fa, "one", 3, 0, (void *)&b, sizeof(b));
	sendto(fa, "three", 5, 0, (void *)&b, sizeof(b));
	ROW("fionread_first", ({
		    int n;
		    ioctl(fb, FIONREAD, &n);
		    n;
	    }),
	    3);
	ROW("cut", sys(SYS_recvfrom, fb, buf, 2, 0, NULL, NULL), 2);
	ROW("cut_is_lost", sys(SYS_recvfrom, fb, buf, 3, MSG_TRUNC, NULL, NULL), 5);
	ROW("none", sys(SYS_recvfrom, fb, buf, 3, 0, NULL, NULL), -EAGAIN);
	sendto(fa, "peek", 4, 0, (void *)&b, sizeof(b));
	ROW("peek", sys(SYS_recvfrom, fb, buf, 100, MSG_PEEK, NULL, NULL), 4);
	ROW("peek_trunc", sys(SYS_recvfrom, fb, buf, 1, MSG_PEEK | MSG_TRUNC, NULL, NULL), 4);
	ROW("peeked", sys(SYS_read, fb, buf, 100), 4);
	ROW("too_long", sys(SYS_sendto, fa, buf, 212992 - 31, 0, &b, sizeof(b)), -EMSGSIZE);
	ROW("longest", sys(SYS_sendto, fa, buf, 212992 - 32, 0, &b, sizeof(b)), 212992 - 32);
	ROW("budget_used", sys(SYS_sendto, fa, buf, 1, 0, &b, sizeof(b)), -EAGAIN);
	ROW("longest_read", sys(SYS_read, fb, buf, sizeof(buf)), 212992 - 32);
	ROW("oob", sys(SYS_sendto, fa, "x", 1, MSG_OOB, &b, sizeof(b)), -EOPNOTSUPP);
	ROW("receive_oob", sys(SYS_recvfrom, fb, buf, 1, MSG_OOB, NULL, NULL), -EOPNOTSUPP);
	ROW("efault", sys(SYS_sendto, fa, edge - 1, 2, 0, &b, sizeof(b)), -EFAULT);
	sendto(fa, "lost", 4, 0, (void *)&b, sizeof(b));
	ROW("receive_efault", sys(SYS_recvfrom, fb, edge, 4, 0, NULL, NULL), -EFAULT);
	ROW("receive_efault_lost", sys(SYS_read, fb, buf, 4), -EAGAIN);
	/* To itself. */
	ROW("self", sys(SYS_sendto, fa, "me", 2, 0, &a, sizeof(a)), 2);
	ROW("self_read", sys(SYS_read, fa, buf, 9), 2);
}

static void group_datagram_connect(void)
{
	struct sockaddr_un b = path_name("b"), got;
	int fa = bound(SOCK_DGRAM | SOCK_NONBLOCK, "a"),
	    fb = bound(SOCK_DGRAM | SOCK_NONBLOCK, "b");
	int fc = unix_socket(SOCK_DGRAM | SOCK_NONBLOCK);
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	socklen_t len = sizeof(got);

	ROW("connect", connect_path(fa, "b"), 0);
	ROW("peer", sys(SYS_getpeername, fa, &got, &len), 0);
	ROW("peer_len", len, 4);
	ROW("one_way", sys(SYS_getpeername, fb, &got, &len), -ENOTCONN);
	ROW("write", sys(SYS_write, fa, "hi", 2), 2);
	ROW("read", sys(SYS_read, fb, buf, 9), 2);
	ROW("stranger_sends", sys(SYS_sendto, fc, "x", 1, 0, &b, sizeof(b)), 1);
	ROW("back", connect_path(fb, "a"), 0);
	ROW("stranger_cannot", sys(SYS_sendto, fc, "x", 1, 0, &b, sizeof(b)), -EPERM);
	ROW("stranger_connects", connect_path(fc, "b"), -EPERM);
	ROW("unspec", sys(SYS_connect, fa, &none, sizeof(none)), 0);
	ROW("unspec_again", sys(SYS_connect, fa, &none, sizeof(none)), 0);
	ROW("no_peer", sys(SYS_write, fa, "x", 1), -ENOTCONN);
	ROW("no_peer_name", sys(SYS_getpeername, fa, &got, &len), -ENOTCONN);
	ROW("unspec_short", sys(SYS_connect, fa, &none, 1), -EINVAL);
	/* The peer goes: once it is refused, then there is none. */
	MUST(sys(SYS_connect, fb, &none, sizeof(none)));
	MUST(connect_path(fa, "b"));
	close(fb);
	ROW("closed", sys(SYS_write, fa, "x", 1), -ECONNREFUSED);
	ROW("closed_again", sys(SYS_write, fa, "x", 1), -ENOTCONN);
	ROW("refused", connect_path(fa, "b"), -ECONNREFUSED);
	/* A pair: closing one leaves the other without a peer. */
	int e[2];

	MUST(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, e));
	write(e[1], "last", 4);
	close(e[1]);
	ROW("pair_last", sys(SYS_read, e[0], buf, 9), 4);
	ROW("pair_none", sys(SYS_read, e[0], buf, 9), -EAGAIN);
	ROW("pair_poll", poll_now(e[0], POLLIN | POLLOUT), POLLOUT);
	ROW("pair_refused", sys(SYS_write, e[0], "x", 1), -ECONNREFUSED);
	/* What the old peer sent is dropped, and it is told. */
	MUST(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, e));
	write(e[1], "unread", 6);
	ROW("leave", sys(SYS_connect, e[0], &none, sizeof(none)), 0);
	ROW("left_queue", sys(SYS_read, e[0], buf, 9), -EAGAIN);
	ROW("left_error", poll_now(e[1], 0), POLLERR);
	ROW("left_reset", sys(SYS_write, e[1], "x", 1), -ECONNRESET);
}

static void group_datagram_full(void)
{
	int fb = bound(SOCK_DGRAM, "b"), fa = unix_socket(SOCK_DGRAM), n = 0;

	MUST(connect_path(fa, "b"));
	ROW("poll_room", poll_now(fa, POLLOUT), POLLOUT);
	fcntl(fa, F_SETFL, O_NONBLOCK);
	while (write(fa, "x", 1) == 1)
		n++;
	ROW("count", n, 11);
	ROW("full", sys(SYS_write, fa, "x", 1), -EAGAIN);
	ROW("poll_full", poll_now(fa, POLLOUT), 0);
	pid_t pid = SPAWN(struct pollfd p = { fa, POLLOUT, 0 }; _exit(poll(&p, 1, 10000) == 1));
	until_state(pid, 'S');
	read(fb, buf, 1);
	ROW("poll_woken", wait_status(pid), EXITED(1));
	ROW("room", sys(SYS_write, fa, "x", 1), 1);
	fcntl(fa, F_SETFL, 0);
	pid = SPAWN(_exit(sys(SYS_write, fa, "x", 1) == 1));
	until_state(pid, 'S');
	read(fb, buf, 1);
	ROW("writer_woken", wait_status(pid), EXITED(1));
	pid = SPAWN(close(fb); _exit(sys(SYS_write, fa, "x", 1) == -ECONNREFUSED));
	until_state(pid, 'S');
	close(fb);
	ROW("writer_refused", wait_status(pid), EXITED(1));
}

static void group_packet(void)
{
	int l = listener(SOCK_SEQPACKET, "l", 5), c = unix_socket(SOCK_SEQPACKET), s, e[2];

	signal(SIGPIPE, SIG_DFL);
	ROW("unconnected_send", sys(SYS_write, c, "x", 1), -ENOTCONN);
	ROW("unconnected_receive", sys(SYS_read, c, buf, 1), -ENOTCONN);
	ROW("unconnected_poll", poll_now(c, POLLIN | POLLOUT), POLLOUT | POLLHUP);
	ROW("connect", connect_path(c, "l"), 0);
	s = MUST(accept(l, NULL, NULL));
	ROW("send", sys(SYS_write, c, "one", 3), 3);
	ROW("send_named", send_to(c, "three", 5, "no"), 5);
	ROW("fionread_all", ({
		    int n;
		    ioctl(s, FIONREAD, &n);
		    n;
	    }),
	    8);
	ROW("receive", sys(SYS_read, s, buf, 100), 3);
	ROW("cut", sys(SYS_read, s, buf, 2), 2);
	ROW("send_empty", sys(SYS_sendto, c, "", 0, 0, NULL, 0), 0);
	ROW("receive_empty", sys(SYS_recvfrom, s, buf, 9, MSG_DONTWAIT, NULL, NULL), 0);
	ROW("none", sys(SYS_recvfrom, s, buf, 9, MSG_DONTWAIT, NULL, NULL), -EAGAIN);
	write(c, "last", 4);
	close(c);
	ROW("last", sys(SYS_read, s, buf, 9), 4);
	ROW("eof", sys(SYS_read, s, buf, 9), 0);
	ROW("eof_dontwait", sys(SYS_recvfrom, s, buf, 9, MSG_DONTWAIT, NULL, NULL), 0);
	ROW("epipe_no_signal", CHILD(_exit(sys(SYS_write, s, "x", 1) == -EPIPE)), EXITED(1));
	ROW("poll_hup", poll_now(s, POLLIN | POLLOUT), POLLIN | POLLOUT | POLLHUP);
	ROW("stream_connects", connect_path(unix_socket(SOCK_STREAM), "l"), -EPROTOTYPE);
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, e));
	int n = 0;

	while (write(e[0], "x", 1) == 1)
		n++;
	ROW("pair_has_no_limit", n, 278);
	ROW("oob", sys(SYS_sendto, e[1], "x", 1, MSG_OOB, NULL, 0), -EOPNOTSUPP);
	write(e[1], "unread", 6);
	close(e[0]);
	ROW("reset", sys(SYS_sendto, e[1], "x", 1, 0, NULL, 0), -ECONNRESET);
}

static void group_poll(void)
{
	int e[2], l = listener(SOCK_STREAM, "l", 5), c = unix_socket(SOCK_STREAM);

	ROW("listener", poll_now(l, POLLIN | POLLOUT), 0);
	MUST(connect_path(c, "l"));
	ROW("listener_pending", poll_now(l, POLLIN | POLLOUT), POLLIN);
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, e));
	ROW("fresh", poll_now(e[0], POLLIN | POLLOUT | POLLPRI), POLLOUT);
	write(e[1], "x", 1);
	ROW("data", poll_now(e[0], POLLIN | POLLRDNORM | POLLRDBAND), POLLIN | POLLRDNORM);
	ROW("write_bits", poll_now(e[0], POLLOUT | POLLWRNORM | POLLWRBAND),
	    POLLOUT | POLLWRNORM | POLLWRBAND);
	while (write(e[0], buf, 4096) > 0)
		;
	ROW("full", poll_now(e[0], POLLOUT), 0);
	/* Room is announced when three quarters of the budget are free. */
	int turns = 0;

	while (!poll_now(e[0], POLLOUT) && read(e[1], buf, 4096) > 0)
		turns++;
	ROW("room_after", turns, 34);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, e));
	pid_t pid = SPAWN(close(e[1]); struct pollfd p = { e[0], POLLRDHUP, 0 }; poll(&p, 1, 10000);
			  _exit(p.revents == (POLLRDHUP | POLLHUP)));
	until_state(pid, 'S');
	close(e[1]);
	ROW("hup_wakes", wait_status(pid), EXITED(1));
	pid = SPAWN(struct pollfd p = { l, POLLIN, 0 }; close(accept(l, 0, 0));
		    _exit(poll(&p, 1, 10000) == 1));
	until_state(pid, 'S');
	connect_path(unix_socket(SOCK_STREAM), "l");
	ROW("listener_wakes", wait_status(pid), EXITED(1));
}

static void group_peek_offset(void)
{
	int e[2], off = 0, v;
	socklen_t len = sizeof(v);

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, e));
	ROW("default", (getsockopt(e[0], SOL_SOCKET, SO_PEEK_OFF, &v, &len), v), -1);
	ROW("set", sys(SYS_setsockopt, e[0], SOL_SOCKET, SO_PEEK_OFF, &off, 4), 0);
	write(e[1], "abcdef", 6);
	ROW("peek", sys(SYS_recvfrom, e[0], buf, 2, MSG_PEEK, 0, 0), 2);
	ROW("moved", (getsockopt(e[0], SOL_SOCKET, SO_PEEK_OFF, &v, &len), v), 2);
	ROW("peek_next", sys(SYS_recvfrom, e[0], buf, 2, MSG_PEEK, 0, 0), 2);
	ROW_TRUE("peek_next_text", !memcmp(buf, "cd", 2));
	ROW("read", sys(SYS_read, e[0], buf, 3), 3);
	ROW("moved_back", (getsockopt(e[0], SOL_SOCKET, SO_PEEK_OFF, &v, &len), v), 1);
	write(e[1], "ghi", 3);
	ROW("peek_over", sys(SYS_recvfrom, e[0], buf, 9, MSG_PEEK, 0, 0), 5);
	ROW_TRUE("peek_over_text", !memcmp(buf, "efghi", 5));
	ROW("peek_end", sys(SYS_recvfrom, e[0], buf, 9, MSG_PEEK, 0, 0), -EAGAIN);
	MUST(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, e));
	setsockopt(e[0], SOL_SOCKET, SO_PEEK_OFF, &off, 4);
	write(e[1], "abc", 3);
	write(e[1], "defg", 4);
	ROW("datagram", sys(SYS_recvfrom, e[0], buf, 2, MSG_PEEK, 0, 0), 2);
	ROW("datagram_rest", sys(SYS_recvfrom, e[0], buf, 9, MSG_PEEK, 0, 0), 1);
	ROW("datagram_next", sys(SYS_recvfrom, e[0], buf, 9, MSG_PEEK, 0, 0), 4);
	ROW("datagram_end", sys(SYS_recvfrom, e[0], buf, 9, MSG_PEEK, 0, 0), -EAGAIN);
	ROW("datagram_read", sys(SYS_read, e[0], buf, 9), 3);
	ROW("datagram_offset", (getsockopt(e[0], SOL_SOCKET, SO_PEEK_OFF, &v, &len), v), 4);
	/* An empty one is seen once. */
	MUST(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, e));
	setsockopt(e[0], SOL_SOCKET, SO_PEEK_OFF, &off, 4);
	send(e[1], "", 0, 0);
	write(e[1], "ab", 2);
	ROW("empty", sys(SYS_recvfrom, e[0], buf, 9, MSG_PEEK, 0, 0), 0);
	ROW("empty_seen", sys(SYS_recvfrom, e[0], buf, 9, MSG_PEEK, 0, 0), 2);
	ROW("empty_stays", sys(SYS_recvfrom, e[0], buf, 9, 0, 0, 0), 0);
}

static void group_proc(void)
{
	char text[16384], line[128];
	struct stat st;
	int l = listener(SOCK_STREAM, "l", 5);

	ROW_TRUE("read", slurp("/proc/net/unix", text, sizeof(text)) > 0);
	ROW_TRUE("head",
		 !strncmp(text, "Num       RefCount Protocol Flags    Type St Inode Path\n", 55));
	fstat(l, &st);
	snprintf(line, sizeof(line), ": 00000002 00000000 00010000 0001 01 %5lu l\n", st.st_ino);
	ROW_TRUE("listener", strstr(text, line) != NULL);
	bind(unix_socket(SOCK_DGRAM), (void *)&(struct sockaddr_un){ AF_UNIX, "\0rows.x" }, 9);
	slurp("/proc/net/unix", text, sizeof(text));
	ROW_TRUE("abstract", strstr(text, " @rows.x\n") != NULL);
}

/* So many names that any table of a fixed size is crowded, coming and going. */
static void group_many_names(void)
{
	enum { MANY = 3000 };
	static int fds[MANY];
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	socklen_t len = offsetof(struct sockaddr_un, sun_path) + 12;
	int bound = 0, taken = 0, found = 0, gone = 0;

	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 2 * MANY, 2 * MANY });
	for (int i = 0; i < MANY; i++) {
		fds[i] = socket(AF_UNIX, SOCK_DGRAM, 0);
		snprintf(a.sun_path + 1, 12, "many-%06d", i);
		bound += !bind(fds[i], (void *)&a, len);
		if (i % 3 == 0)
			close(fds[i]);
	}
	ROW("bound", bound, MANY);
	int s = MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
	for (int i = 0; i < MANY; i++) {
		snprintf(a.sun_path + 1, 12, "many-%06d", i);
		int r = connect(s, (void *)&a, len);
		if (i % 3)
			found += r == 0;
		else
			gone += r < 0 && errno == ECONNREFUSED;
		if (i % 3)
			taken += bind(s, (void *)&a, len) < 0 && errno == EADDRINUSE;
	}
	ROW("found", found, 2000);
	ROW("gone", gone, 1000);
	ROW("taken", taken, 2000);
	for (int i = 0; i < MANY; i++)
		if (i % 3)
			close(fds[i]);
	snprintf(a.sun_path + 1, 12, "many-%06d", 1);
	ROW("free_again", sys(SYS_bind, s, &a, len), 0);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "unix");
	take_turns("net", LOCK_EX);
	GROUP(group_bind);
	GROUP(group_abstract);
	GROUP(group_connect);
	GROUP(group_backlog);
	GROUP(group_stream);
	GROUP(group_waitall);
	GROUP(group_shutdown);
	GROUP(group_datagram);
	GROUP(group_datagram_connect);
	GROUP(group_datagram_full);
	GROUP(group_packet);
	GROUP(group_poll);
	GROUP(group_peek_offset);
	GROUP(group_proc);
	GROUP(group_many_names);
	return finish();
}
