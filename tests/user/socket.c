/* The calls and options that all sockets share, on sockets of AF_UNIX; families that are not there. */
#include <sys/socket.h>
#include <sys/un.h>

#include "row.h"

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif
#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#endif

static char buf[1 << 18];

static void on_signal(int sig)
{
	(void)sig;
}

static int get_int(int fd, int name)
{
	int value = -12345;
	socklen_t len = sizeof(value);
	long r = sys(SYS_getsockopt, fd, SOL_SOCKET, name, &value, &len);

	return r < 0 ? (int)r : value;
}

static int set_int(int fd, int name, int value)
{
	return (int)sys(SYS_setsockopt, fd, SOL_SOCKET, name, &value, sizeof(value));
}

static struct sockaddr_un unix_name(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	strncpy(a.sun_path, path, sizeof(a.sun_path) - 1);
	return a;
}

static void group_socket(void)
{
	struct stat st, other;
	char link[64], text[64];
	int fd;

	ROW("stream", fd = sys(SYS_socket, AF_UNIX, SOCK_STREAM, 0), 3);
	ROW("flags", fcntl(fd, F_GETFL), O_RDWR);
	ROW("fd_flags", fcntl(fd, F_GETFD), 0);
	fstat(fd, &st);
	ROW("mode", st.st_mode, S_IFSOCK | 0777);
	ROW("size", st.st_size, 0);
	ROW("nlink", st.st_nlink, 1);
	snprintf(text, sizeof(text), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(text, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = 0;
	snprintf(text, sizeof(text), "socket:[%lu]", st.st_ino);
	ROW_TRUE("name", !strcmp(link, text));
	ROW("datagram", sys(SYS_socket, AF_UNIX, SOCK_DGRAM, 0), 4);
	fstat(4, &other);
	ROW_TRUE("own_inode", other.st_ino != st.st_ino && other.st_dev == st.st_dev);
	ROW("packet", sys(SYS_socket, AF_UNIX, SOCK_SEQPACKET, 0), 5);
	ROW("raw_is_datagram", sys(SYS_socket, AF_UNIX, SOCK_RAW, 0), 6);
	ROW("raw_type", get_int(6, SO_TYPE), SOCK_DGRAM);
	ROW("protocol_unix", sys(SYS_socket, AF_UNIX, SOCK_STREAM, 1), 7);
	ROW("cloexec", sys(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), 8);
	ROW("is_cloexec", fcntl(8, F_GETFD), FD_CLOEXEC);
	ROW("nonblock", sys(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), 9);
	ROW("is_nonblock", fcntl(9, F_GETFL), O_RDWR | O_NONBLOCK);
	ROW("bad_flag", sys(SYS_socket, AF_UNIX, SOCK_STREAM | O_APPEND, 0), -EINVAL);
	ROW("bad_type_0", sys(SYS_socket, AF_UNIX, 0, 0), -ESOCKTNOSUPPORT);
	ROW("bad_type_rdm", sys(SYS_socket, AF_UNIX, SOCK_RDM, 0), -ESOCKTNOSUPPORT);
	ROW("bad_type_11", sys(SYS_socket, AF_UNIX, 11, 0), -EINVAL);
	ROW("bad_protocol", sys(SYS_socket, AF_UNIX, SOCK_STREAM, 5), -EPROTONOSUPPORT);
	ROW("family_unspec", sys(SYS_socket, AF_UNSPEC, SOCK_STREAM, 0), -EAFNOSUPPORT);
	ROW("family_negative", sys(SYS_socket, -1, SOCK_STREAM, 0), -EAFNOSUPPORT);
	ROW("family_46", sys(SYS_socket, 46, SOCK_STREAM, 0), -EAFNOSUPPORT);
	ROW("family_huge", sys(SYS_socket, 1 << 20, SOCK_STREAM, 0), -EAFNOSUPPORT);
	ROW("flag_before_family", sys(SYS_socket, -1, SOCK_STREAM | O_APPEND, 0), -EINVAL);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 10, 4096 });
	ROW("emfile", sys(SYS_socket, AF_UNIX, SOCK_STREAM, 0), -EMFILE);
	ROW("lseek", sys(SYS_lseek, fd, 0, SEEK_SET), -ESPIPE);
	ROW("pread", sys(SYS_pread64, fd, buf, 1, 0), -ESPIPE);
	ROW("pwrite", sys(SYS_pwrite64, fd, buf, 1, 0), -ESPIPE);
	ROW("mmap", sys(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), -ENODEV);
	ROW("ftruncate", sys(SYS_ftruncate, fd, 0), -EINVAL);
	ROW("fsync", sys(SYS_fsync, fd), -EINVAL);
	ROW("fallocate", sys(SYS_fallocate, fd, 0, 0, 1), -ENODEV);
	ROW("getdents", sys(SYS_getdents64, fd, buf, 100), -ENOTDIR);
	ROW("fchmod", sys(SYS_fchmod, fd, 0600), 0);
	fstat(fd, &st);
	ROW("fchmod_mode", st.st_mode, S_IFSOCK | 0600);
	ROW("fchown", sys(SYS_fchown, fd, USER, USER), 0);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 100, 4096 });
	snprintf(text, sizeof(text), "/proc/self/fd/%d", fd);
	ROW("open_by_proc", sys(SYS_open, text, O_RDWR), -ENXIO);
}

static void group_no_socket(void)
{
	struct sockaddr_un a = unix_name("x");
	socklen_t len = sizeof(a);
	int file = open("/dev/null", O_RDWR), value = 1;
	struct msghdr m = { 0 };

	ROWS_FD_PATH("bind", sys(SYS_bind, fd, &a, sizeof(a)));
	ROWS_FD_PATH("connect", sys(SYS_connect, fd, &a, sizeof(a)));
	ROWS_FD_PATH("listen", sys(SYS_listen, fd, 1));
	ROWS_FD_PATH("accept", sys(SYS_accept, fd, NULL, NULL));
	ROWS_FD_PATH("accept4", sys(SYS_accept4, fd, NULL, NULL, 0));
	ROWS_FD_PATH("getsockname", sys(SYS_getsockname, fd, &a, &len));
	ROWS_FD_PATH("getpeername", sys(SYS_getpeername, fd, &a, &len));
	ROWS_FD_PATH("sendto", sys(SYS_sendto, fd, buf, 1, 0, NULL, 0));
	ROWS_FD_PATH("recvfrom", sys(SYS_recvfrom, fd, buf, 1, 0, NULL, NULL));
	ROWS_FD_PATH("sendmsg", sys(SYS_sendmsg, fd, &m, 0));
	ROWS_FD_PATH("recvmsg", sys(SYS_recvmsg, fd, &m, 0));
	ROWS_FD_PATH("sendmmsg", sys(SYS_sendmmsg, fd, &m, 1, 0));
	ROWS_FD_PATH("recvmmsg", sys(SYS_recvmmsg, fd, &m, 1, 0, NULL));
	ROWS_FD_PATH("shutdown", sys(SYS_shutdown, fd, SHUT_RD));
	ROWS_FD_PATH("setsockopt",
		     sys(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &value, sizeof(value)));
	len = sizeof(value);
	ROWS_FD_PATH("getsockopt", sys(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &value, &len));
	ROW("bind.file", sys(SYS_bind, file, &a, sizeof(a)), -ENOTSOCK);
	ROW("connect.file", sys(SYS_connect, file, &a, sizeof(a)), -ENOTSOCK);
	ROW("listen.file", sys(SYS_listen, file, 1), -ENOTSOCK);
	ROW("accept.file", sys(SYS_accept, file, NULL, NULL), -ENOTSOCK);
	ROW("getsockname.file", sys(SYS_getsockname, file, &a, &len), -ENOTSOCK);
	ROW("getpeername.file", sys(SYS_getpeername, file, &a, &len), -ENOTSOCK);
	ROW("sendto.file", sys(SYS_sendto, file, buf, 1, 0, NULL, 0), -ENOTSOCK);
	ROW("recvfrom.file", sys(SYS_recvfrom, file, buf, 1, 0, NULL, NULL), -ENOTSOCK);
	ROW("sendmsg.file", sys(SYS_sendmsg, file, &m, 0), -ENOTSOCK);
	ROW("recvmsg.file", sys(SYS_recvmsg, file, &m, 0), -ENOTSOCK);
	ROW("shutdown.file", sys(SYS_shutdown, file, SHUT_RD), -ENOTSOCK);
	ROW("setsockopt.file", sys(SYS_setsockopt, file, SOL_SOCKET, SO_REUSEADDR, &value, 4),
	    -ENOTSOCK);
	ROW("getsockopt.file", sys(SYS_getsockopt, file, SOL_SOCKET, SO_TYPE, &value, &len),
	    -ENOTSOCK);
}

static void group_socketpair(void)
{
	int ends[2], n = 0;

	ROWS_EFAULT("pair", 8, sys(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, p));
	{
		int *p = ACROSS(8);

		ROW("pair.across_pages", sys(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, p), 0);
		close(p[0]);
		close(p[1]);
	}
	ROW("pair", sys(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, ends), 0);
	ROW_TRUE("numbers", ends[0] == 3 && ends[1] == 4);
	ROW("write", sys(SYS_write, 3, "hello", 5), 5);
	ROW("fionread", ({
		    ioctl(4, FIONREAD, &n);
		    n;
	    }),
	    5);
	ROW("read", sys(SYS_read, 4, buf, 100), 5);
	ROW("back", sys(SYS_write, 4, "you", 3), 3);
	ROW("read_back", sys(SYS_read, 3, buf, 2), 2);
	ROW("read_rest", sys(SYS_read, 3, buf, 2), 1);
	ROW("write_zero", sys(SYS_write, 3, buf, 0), 0);
	ROW("read_zero", sys(SYS_read, 3, buf, 0), 0);
	ROW("write_efault", sys(SYS_write, 3, edge, 5), -EFAULT);
	write(4, "you", 3);
	ROW("read_efault", sys(SYS_read, 3, edge, 5), -EFAULT);
	ROW("read_after_efault", sys(SYS_read, 3, buf, 5), 3);
	close(3);
	ROW("eof", sys(SYS_read, 4, buf, 5), 0);
	signal(SIGPIPE, SIG_IGN);
	ROW("epipe", sys(SYS_write, 4, buf, 5), -EPIPE);
	close(4);
	ROW("datagram", sys(SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, ends), 0);
	ROW("datagram_empty", sys(SYS_write, 3, buf, 0), 0);
	ROW("datagram_read_empty", sys(SYS_recvfrom, 4, buf, 5, MSG_DONTWAIT, NULL, NULL), 0);
	ROW("datagram_none", sys(SYS_recvfrom, 4, buf, 5, MSG_DONTWAIT, NULL, NULL), -EAGAIN);
	close(3);
	close(4);
	ROW("flags",
	    sys(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends),
	    0);
	ROW("flags_nonblock", fcntl(4, F_GETFL), O_RDWR | O_NONBLOCK);
	ROW("flags_cloexec", fcntl(4, F_GETFD), FD_CLOEXEC);
	close(3);
	close(4);
	ROW("bad_flag", sys(SYS_socketpair, AF_UNIX, SOCK_STREAM | O_APPEND, 0, ends), -EINVAL);
	ROW("bad_family", sys(SYS_socketpair, 77, SOCK_STREAM, 0, ends), -EAFNOSUPPORT);
	ROW("bad_type", sys(SYS_socketpair, AF_UNIX, SOCK_RDM, 0, ends), -ESOCKTNOSUPPORT);
	ROW("bad_protocol", sys(SYS_socketpair, AF_UNIX, SOCK_STREAM, 9, ends), -EPROTONOSUPPORT);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 4, 4096 });
	ROW("emfile", sys(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, ends), -EMFILE);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 100, 4096 });
	ROW("emfile_leaves_none", sys(SYS_dup, 0), 3);
}

static void group_address(void)
{
	struct sockaddr_un a = unix_name("here"), got;
	int fd = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	char big[256] = { AF_UNIX, 0, 'x' };
	socklen_t len;

	ROW("bind_len_0", sys(SYS_bind, fd, &a, 0), -EINVAL);
	ROW("bind_len_1", sys(SYS_bind, fd, &a, 1), -EINVAL);
	ROW("bind_len_negative", sys(SYS_bind, fd, &a, -1), -EINVAL);
	ROW("bind_len_129", sys(SYS_bind, fd, big, 129), -EINVAL);
	ROW("bind_len_111", sys(SYS_bind, fd, big, 111), -EINVAL);
	ROWS_EFAULT("bind", sizeof(a), sys(SYS_bind, fd, p, sizeof(a)));
	ROWS_EFAULT("connect", sizeof(a), sys(SYS_connect, fd, p, sizeof(a)));
	ROW("connect_len_0", sys(SYS_connect, fd, &a, 0), -EINVAL);
	ROW("connect_len_negative", sys(SYS_connect, fd, &a, -1), -EINVAL);
	ROW("connect_len_129", sys(SYS_connect, fd, big, 129), -EINVAL);
	a.sun_family = AF_INET;
	ROW("bind_family", sys(SYS_bind, fd, &a, sizeof(a)), -EINVAL);
	ROW("connect_family", sys(SYS_connect, fd, &a, sizeof(a)), -EINVAL);
	len = sizeof(got);
	ROW("name_unbound", sys(SYS_getsockname, fd, &got, &len), 0);
	ROW("name_unbound_len", len, 2);
	ROW("name_unbound_family", got.sun_family, AF_UNIX);
	len = sizeof(got);
	ROW("peer_unconnected", sys(SYS_getpeername, fd, &got, &len), -ENOTCONN);
	a.sun_family = AF_UNIX;
	ROW("bind", sys(SYS_bind, fd, &a, sizeof(a)), 0);
	len = sizeof(got);
	memset(&got, 'z', sizeof(got));
	ROW("name", sys(SYS_getsockname, fd, &got, &len), 0);
	ROW("name_len", len, 2 + 5);
	ROW_TRUE("name_text", !strcmp(got.sun_path, "here"));
	len = 4;
	memset(&got, 'z', sizeof(got));
	ROW("name_cut", sys(SYS_getsockname, fd, &got, &len), 0);
	ROW("name_cut_len", len, 7);
	ROW_TRUE("name_cut_text", !memcmp(got.sun_path, "hez", 3));
	len = 0;
	ROW("name_len_0", sys(SYS_getsockname, fd, NULL, &len), 0);
	ROW("name_len_0_len", len, 7);
	len = -1;
	ROW("name_len_negative", sys(SYS_getsockname, fd, &got, &len), -EINVAL);
	len = sizeof(got);
	ROWS_POINTER("getsockname", 7, sys(SYS_getsockname, fd, p, (len = 7, &len)), 0);
	ROWS_EFAULT("getsockname_len", 4, sys(SYS_getsockname, fd, &got, p));
	ROW("listen_negative", sys(SYS_listen, fd, -1), 0);
	ROW("shutdown_bad", sys(SYS_shutdown, fd, 3), -EINVAL);
	ROW("shutdown_negative", sys(SYS_shutdown, fd, -1), -EINVAL);
	ROW("accept_flags", sys(SYS_accept4, fd, NULL, NULL, O_APPEND), -EINVAL);
}

static void group_accept(void)
{
	struct sockaddr_un a = unix_name("here"), got;
	int fd = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)), c[3], s;
	socklen_t len = sizeof(got);

	MUST(bind(fd, (void *)&a, sizeof(a)));
	ROW("not_listening", sys(SYS_accept, fd, NULL, NULL), -EINVAL);
	MUST(listen(fd, 8));
	ROW("none", sys(SYS_accept, fd, NULL, NULL), -EAGAIN);
	for (int i = 0; i < 3; i++) {
		c[i] = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
		ROW(named("connect_%d", i), sys(SYS_connect, c[i], &a, sizeof(a)), 0);
	}
	ROW("accept", s = sys(SYS_accept, fd, &got, &len), 7);
	ROW("accept_len", len, 2);
	ROW("accept_flags", fcntl(s, F_GETFL), O_RDWR);
	ROW("accept_fd_flags", fcntl(s, F_GETFD), 0);
	close(s);
	ROW("accept4", s = sys(SYS_accept4, fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), 7);
	ROW("accept4_nonblock", fcntl(s, F_GETFL), O_RDWR | O_NONBLOCK);
	ROW("accept4_cloexec", fcntl(s, F_GETFD), FD_CLOEXEC);
	ROW("name_is_listeners", ({
		    len = sizeof(got);
		    getsockname(s, (void *)&got, &len);
		    len;
	    }),
	    7);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 8, 4096 });
	ROW("emfile", sys(SYS_accept, fd, NULL, NULL), -EMFILE);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 100, 4096 });
	ROW("after_emfile", sys(SYS_accept, fd, NULL, NULL), 8);
	ROW("write", sys(SYS_write, c[2], "abc", 3), 3);
	ROW("read", sys(SYS_read, 8, buf, 10), 3);
	/* A pointer that is bad costs the connection. */
	int late = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	MUST(connect(late, (void *)&a, sizeof(a)));
	len = sizeof(got);
	ROW("efault", sys(SYS_accept, fd, edge, &len), -EFAULT);
	ROW("efault_closed", sys(SYS_read, late, buf, 1), 0);
	ROW("efault_took_it", sys(SYS_accept, fd, NULL, NULL), -EAGAIN);
	ROW("connected", sys(SYS_accept, c[0], NULL, NULL), -EINVAL);
	ROW("datagram", sys(SYS_accept, MUST(socket(AF_UNIX, SOCK_DGRAM, 0)), NULL, NULL),
	    -EOPNOTSUPP);
	ROW("listen_datagram", sys(SYS_listen, MUST(socket(AF_UNIX, SOCK_DGRAM, 0)), 1),
	    -EOPNOTSUPP);
	ROW("listen_unbound", sys(SYS_listen, MUST(socket(AF_UNIX, SOCK_STREAM, 0)), 1), -EINVAL);
	ROW("listen_connected", sys(SYS_listen, c[0], 1), -EINVAL);
	ROW("acceptconn", get_int(fd, SO_ACCEPTCONN), 1);
	ROW("acceptconn_not", get_int(c[0], SO_ACCEPTCONN), 0);
	ROW("listener_read", sys(SYS_read, fd, buf, 1), -EINVAL);
	ROW("listener_write", sys(SYS_write, fd, buf, 1), -ENOTCONN);
	ROW("listener_fionread", sys(SYS_ioctl, fd, FIONREAD, buf), -EINVAL);
}

static void group_options(void)
{
	static const struct {
		int option;
		const char *name;
	} flags[] = {
		{ SO_REUSEADDR, "reuseaddr" }, { SO_KEEPALIVE, "keepalive" },
		{ SO_BROADCAST, "broadcast" }, { SO_DONTROUTE, "dontroute" },
		{ SO_OOBINLINE, "oobinline" }, { SO_RXQ_OVFL, "rxq_ovfl" },
		{ SO_PASSCRED, "passcred" },   { SO_TIMESTAMP, "timestamp" },
		{ SO_NO_CHECK, "no_check" },
	};
	int fd = MUST(socket(AF_UNIX, SOCK_STREAM, 0)), v = 1, ends[2];
	socklen_t len;
	gid_t groups[4];

	for (unsigned i = 0; i < LENGTH(flags); i++) {
		ROW(named("%s_off", flags[i].name), get_int(fd, flags[i].option), 0);
		ROW(named("%s_set", flags[i].name), set_int(fd, flags[i].option, 7), 0);
		ROW(named("%s_on", flags[i].name), get_int(fd, flags[i].option), 1);
		ROW(named("%s_clear", flags[i].name), set_int(fd, flags[i].option, 0), 0);
		ROW(named("%s_off_again", flags[i].name), get_int(fd, flags[i].option), 0);
	}
	ROW("type", get_int(fd, SO_TYPE), SOCK_STREAM);
	ROW("domain", get_int(fd, SO_DOMAIN), AF_UNIX);
	ROW("protocol", get_int(fd, SO_PROTOCOL), 0);
	ROW("error", get_int(fd, SO_ERROR), 0);
	ROW("sndlowat", get_int(fd, SO_SNDLOWAT), 1);
	ROW("rcvlowat", get_int(fd, SO_RCVLOWAT), 1);
	ROW("rcvlowat_set", set_int(fd, SO_RCVLOWAT, 5), 0);
	ROW("rcvlowat_get", get_int(fd, SO_RCVLOWAT), 5);
	set_int(fd, SO_RCVLOWAT, 0);
	ROW("rcvlowat_zero", get_int(fd, SO_RCVLOWAT), 1);
	set_int(fd, SO_RCVLOWAT, -1);
	ROW("rcvlowat_negative", get_int(fd, SO_RCVLOWAT), INT32_MAX);
	ROW("reuseport", get_int(fd, SO_REUSEPORT), 0);
	ROW("reuseport_set", set_int(fd, SO_REUSEPORT, 1), -EOPNOTSUPP);
	ROW("reuseport_clear", set_int(fd, SO_REUSEPORT, 0), 0);
	ROW("set_type", set_int(fd, SO_TYPE, 1), -ENOPROTOOPT);
	ROW("set_error", set_int(fd, SO_ERROR, 1), -ENOPROTOOPT);
	ROW("set_domain", set_int(fd, SO_DOMAIN, 1), -ENOPROTOOPT);
	ROW("set_sndlowat", set_int(fd, SO_SNDLOWAT, 1), -ENOPROTOOPT);
	ROW("set_acceptconn", set_int(fd, SO_ACCEPTCONN, 1), -ENOPROTOOPT);
	ROW("set_peercred", set_int(fd, SO_PEERCRED, 1), -ENOPROTOOPT);
	ROW("set_unknown", set_int(fd, 9999, 1), -ENOPROTOOPT);
	ROW("get_unknown", get_int(fd, 9999), -ENOPROTOOPT);
	ROW("other_level_set", sys(SYS_setsockopt, fd, 6, 1, &v, 4), -EOPNOTSUPP);
	len = 4;
	ROW("other_level_get", sys(SYS_getsockopt, fd, 6, 1, &v, &len), -EOPNOTSUPP);
	ROW("priority", get_int(fd, SO_PRIORITY), 0);
	ROW("priority_set", set_int(fd, SO_PRIORITY, 6), 0);
	ROW("priority_get", get_int(fd, SO_PRIORITY), 6);
	ROW("priority_root_7", set_int(fd, SO_PRIORITY, 7), 0);
	ROW_AS(USER, "priority_user_6", set_int(fd, SO_PRIORITY, 6), 0);
	ROW_AS(USER, "priority_user_7", set_int(fd, SO_PRIORITY, 7), -EPERM);
	ROW("mark_set", set_int(fd, SO_MARK, 77), 0);
	ROW("mark_get", get_int(fd, SO_MARK), 77);
	ROW_AS(USER, "mark_user", set_int(fd, SO_MARK, 1), -EPERM);
	ROW("debug_root", set_int(fd, SO_DEBUG, 1), 0);
	ROW_AS(USER, "debug_user", set_int(fd, SO_DEBUG, 1), -EACCES);
	ROW("bsdcompat", set_int(fd, SO_BSDCOMPAT, 1), 0);
	ROW("peersec", get_int(fd, SO_PEERSEC), -ENOPROTOOPT);
	len = 3;
	ROW("cookie_short", sys(SYS_getsockopt, fd, SOL_SOCKET, 57, buf, &len), -EINVAL);
	len = 8;
	ROW("cookie", sys(SYS_getsockopt, fd, SOL_SOCKET, 57, buf, &len), 0);
	ROW_TRUE("cookie_not_0", *(uint64_t *)buf != 0);
	len = sizeof(groups);
	ROW("peergroups_none", sys(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len),
	    -ENODATA);
	setgroups(2, (gid_t[]){ 11, 22 });
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	len = sizeof(groups);
	ROW("peergroups", sys(SYS_getsockopt, ends[0], SOL_SOCKET, SO_PEERGROUPS, groups, &len), 0);
	ROW("peergroups_len", len, 8);
	ROW_TRUE("peergroups_values", groups[0] == 11 && groups[1] == 22);
	len = 4;
	ROW("peergroups_short",
	    sys(SYS_getsockopt, ends[0], SOL_SOCKET, SO_PEERGROUPS, groups, &len), -ERANGE);
	ROW("peergroups_want", len, 8);
	len = 2;
	ROW("peername", sys(SYS_getsockopt, ends[0], SOL_SOCKET, 28, buf, &len), 0);
	len = 3;
	ROW("peername_long", sys(SYS_getsockopt, ends[0], SOL_SOCKET, 28, buf, &len), -EINVAL);
	len = 2;
	ROW("peername_none", sys(SYS_getsockopt, fd, SOL_SOCKET, 28, buf, &len), -ENOTCONN);
	ROW("buf_lock", get_int(fd, SO_BUF_LOCK), 0);
	ROW("buf_lock_set", set_int(fd, SO_BUF_LOCK, 3), 0);
	ROW("buf_lock_get", get_int(fd, SO_BUF_LOCK), 3);
	ROW("buf_lock_bad", set_int(fd, SO_BUF_LOCK, 4), -EINVAL);
}

static void group_option_memory(void)
{
	int fd = MUST(socket(AF_UNIX, SOCK_STREAM, 0)), v = 1;
	socklen_t len = 4;

	ROW("set_len_3", sys(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &v, 3), -EINVAL);
	ROW("set_len_0", sys(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &v, 0), -EINVAL);
	ROW("set_len_negative", sys(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &v, -1), -EINVAL);
	ROW("set_len_huge", sys(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &v, 1 << 30), 0);
	ROWS_POINTER("set", 4, sys(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, p, 4), 0);
	ROW("set_unknown_efault", sys(SYS_setsockopt, fd, SOL_SOCKET, 9999, edge, 4), -EFAULT);
	ROWS_POINTER("get", 4, sys(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, p, (len = 4, &len)), 0);
	ROWS_EFAULT("get_len", 4, sys(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &v, p));
	len = 2;
	v = -1;
	ROW("get_short", sys(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &v, &len), 0);
	ROW("get_short_len", len, 2);
	ROW("get_short_value", v, (int)0xffff0001);
	len = 0;
	ROW("get_len_0", sys(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, NULL, &len), 0);
	len = -1;
	ROW("get_len_negative", sys(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &v, &len), -EINVAL);
	len = 1 << 30;
	ROW("get_len_huge", sys(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &v, &len), 0);
	ROW("get_len_huge_len", len, 4);
}

static void group_times(void)
{
	int fd = MUST(socket(AF_UNIX, SOCK_DGRAM, 0)), ends[2];
	struct timeval tv = { 1, 500000 }, got;
	struct linger l = { 1, 30 };
	socklen_t len = sizeof(got);

	ROW("default", sys(SYS_getsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &got, &len), 0);
	ROW("default_len", len, 16);
	ROW_TRUE("default_value", !got.tv_sec && !got.tv_usec);
	ROW("set", sys(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &tv, 16), 0);
	getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &got, &len);
	ROW_TRUE("get", got.tv_sec == 1 && got.tv_usec == 500000);
	ROW("set_send", sys(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &tv, 16), 0);
	ROW("set_short", sys(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &tv, 15), -EINVAL);
	tv.tv_usec = 1000000;
	ROW("set_usec", sys(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &tv, 16), -EDOM);
	tv.tv_usec = -1;
	ROW("set_usec_negative", sys(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &tv, 16), -EDOM);
	tv = (struct timeval){ -1, 0 };
	ROW("set_negative", sys(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &tv, 16), 0);
	ROW("negative_at_once", sys(SYS_recvfrom, fd, buf, 1, 0, NULL, NULL), -EAGAIN);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	tv = (struct timeval){ 0, 400000 };
	MUST(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &tv, 16));
	int64_t start = now_ns(CLOCK_MONOTONIC);
	ROW("times_out", sys(SYS_read, ends[0], buf, 1), -EAGAIN);
	ROW_TRUE("waited", now_ns(CLOCK_MONOTONIC) - start >= 200000000); /* Linux counts ticks */
	MUST(setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &tv, 16));
	while (send(ends[0], buf, 30000, 0) > 0)
		;
	ROW("send_times_out", sys(SYS_write, ends[0], buf, 30000), -EAGAIN);
	/* A call with a time limit is not restarted after a signal. */
	pid_t pid = SPAWN(struct sigaction a = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
			  sigaction(SIGUSR1, &a, NULL); tv.tv_sec = 9;
			  setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &tv, 16);
			  _exit(sys(SYS_read, ends[0], buf, 1) == -EINTR));
	until_state(pid, 'S');
	kill(pid, SIGUSR1);
	ROW("eintr", wait_status(pid), EXITED(1));
	len = sizeof(l);
	ROW("linger", sys(SYS_setsockopt, fd, SOL_SOCKET, SO_LINGER, &l, 8), 0);
	memset(&l, 0, sizeof(l));
	ROW("linger_get", sys(SYS_getsockopt, fd, SOL_SOCKET, SO_LINGER, &l, &len), 0);
	ROW_TRUE("linger_value", l.l_onoff == 1 && l.l_linger == 30);
	ROW("linger_short", sys(SYS_setsockopt, fd, SOL_SOCKET, SO_LINGER, &l, 7), -EINVAL);
}

static int read_number(const char *path)
{
	char text[64];

	return slurp(path, text, sizeof(text)) < 0 ? -1 : atoi(text);
}

static void group_buffers(void)
{
	int fd = MUST(socket(AF_UNIX, SOCK_STREAM, 0)), ends[2], n = 0;
	long total = 0, r;

	ROW("sndbuf", get_int(fd, SO_SNDBUF), 212992);
	ROW("rcvbuf", get_int(fd, SO_RCVBUF), 212992);
	ROW("set_4000", set_int(fd, SO_SNDBUF, 4000), 0);
	ROW("get_4000", get_int(fd, SO_SNDBUF), 8000);
	ROW("set_least", set_int(fd, SO_SNDBUF, 1), 0);
	ROW("get_least", get_int(fd, SO_SNDBUF), 4608);
	ROW("set_most", set_int(fd, SO_SNDBUF, 1 << 30), 0);
	ROW("get_most", get_int(fd, SO_SNDBUF), 425984);
	ROW("set_negative", set_int(fd, SO_SNDBUF, -1), 0);
	ROW("get_negative", get_int(fd, SO_SNDBUF), 425984);
	ROW("force", set_int(fd, SO_SNDBUFFORCE, 500000), 0);
	ROW("get_force", get_int(fd, SO_SNDBUF), 1000000);
	ROW("force_negative", set_int(fd, SO_SNDBUFFORCE, -1), 0);
	ROW("get_force_negative", get_int(fd, SO_SNDBUF), 4608);
	ROW_AS(USER, "force_user", set_int(fd, SO_SNDBUFFORCE, 500000), -EPERM);
	ROW("receive_4000", set_int(fd, SO_RCVBUF, 4000), 0);
	ROW("receive_get", get_int(fd, SO_RCVBUF), 8000);
	ROW("receive_least", set_int(fd, SO_RCVBUF, 1), 0);
	ROW("receive_get_least", get_int(fd, SO_RCVBUF), 2304);
	ROW("receive_force", set_int(fd, SO_RCVBUFFORCE, 1 << 20), 0);
	ROW("receive_get_force", get_int(fd, SO_RCVBUF), 1 << 21);
	ROW("wmem_max", read_number("/proc/sys/net/core/wmem_max"), 212992);
	ROW("rmem_max", read_number("/proc/sys/net/core/rmem_max"), 212992);
	ROW("wmem_default", read_number("/proc/sys/net/core/wmem_default"), 212992);
	ROW("rmem_default", read_number("/proc/sys/net/core/rmem_default"), 212992);
	ROW("somaxconn", read_number("/proc/sys/net/core/somaxconn"), 4096);
	ROW("max_dgram_qlen", read_number("/proc/sys/net/unix/max_dgram_qlen"), 10);
	/* How much fits, counted as Linux counts it. */
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends));
	while ((r = write(ends[0], buf, 1)) > 0)
		total += r;
	ROW("bytes_that_fit", total, 278);
	ROW("outq_full", ({
		    ioctl(ends[0], TIOCOUTQ, &n);
		    n;
	    }),
	    278 * 768);
	while (read(ends[1], buf, sizeof(buf)) > 0)
		;
	ROW("outq_empty", ({
		    ioctl(ends[0], TIOCOUTQ, &n);
		    n;
	    }),
	    0);
	for (total = 0; (r = write(ends[0], buf, 4096)) > 0;)
		total += r;
	ROW("pages_that_fit", total, 180224);
	while (read(ends[1], buf, sizeof(buf)) > 0)
		;
	for (total = 0; (r = write(ends[0], buf, sizeof(buf))) > 0;)
		total += r;
	ROW("much_that_fits", total, 219264);
	ROW("much_fionread", ({
		    ioctl(ends[1], FIONREAD, &n);
		    n;
	    }),
	    219264);
	ROW("much_read", sys(SYS_read, ends[1], buf, sizeof(buf)), 219264);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "socket");
	take_turns("net", LOCK_SH);
	GROUP(group_socket);
	GROUP(group_no_socket);
	GROUP(group_socketpair);
	GROUP(group_address);
	GROUP(group_accept);
	GROUP(group_options);
	GROUP(group_option_memory);
	GROUP(group_times);
	GROUP(group_buffers);
	return finish();
}
