/* POSIX message queues: mq_open, mq_unlink, mq_timedsend, mq_timedreceive, mq_notify, mq_getsetattr, their files. */
#include <mqueue.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "row.h"

#define MQ_HARD_MAX 65536

static char in[8192];
static unsigned in_priority;

static struct mq_attr attr_of(long most, long size)
{
	return (struct mq_attr){ .mq_maxmsg = most, .mq_msgsize = size };
}

static int make(const char *name, long most, long size)
{
	struct mq_attr a = attr_of(most, size);

	sys(SYS_mq_unlink, name);
	return MUST(sys(SYS_mq_open, name, O_CREAT | O_EXCL | O_RDWR, 0600, &a));
}

static long snd(int q, const char *text, unsigned priority)
{
	return sys(SYS_mq_timedsend, q, text, strlen(text), priority, NULL);
}

static long rcv(int q)
{
	in_priority = 77777;
	memset(in, 0, 256);
	return sys(SYS_mq_timedreceive, q, in, sizeof(in), &in_priority, NULL);
}

static bool got(int q, const char *text, unsigned priority)
{
	return rcv(q) == (long)strlen(text) && in_priority == priority && !strcmp(in, text);
}

static void nonblock(int q)
{
	fcntl(q, F_SETFL, O_RDWR | O_NONBLOCK);
}

static void group_open(void)
{
	struct mq_attr a = attr_of(10, 100);
	int q, other;

	ROW("missing", sys(SYS_mq_open, "r-open", O_RDWR), -ENOENT);
	q = ROW_OK("create", sys(SYS_mq_open, "r-open", O_CREAT | O_RDWR, 0640, NULL));
	ROW("cloexec", fcntl(q, F_GETFD), FD_CLOEXEC);
	ROW("flags", fcntl(q, F_GETFL) & ~0100000, O_RDWR);
	ROW("exists", sys(SYS_mq_open, "r-open", O_CREAT | O_EXCL | O_RDWR, 0640, NULL), -EEXIST);
	ROW("access_mode_3", sys(SYS_mq_open, "r-open", 3, 0, NULL), -EINVAL);
	other = ROW_OK("again", sys(SYS_mq_open, "r-open", O_CREAT | O_RDONLY, 0, NULL));
	ROW("rdonly.send", snd(other, "x", 0), -EBADF);
	close(other);
	other = ROW_OK("wronly", sys(SYS_mq_open, "r-open", O_WRONLY | O_NONBLOCK));
	ROW("wronly.receive", rcv(other), -EBADF);
	ROW("wronly.flags", fcntl(other, F_GETFL) & ~0100000, O_WRONLY | O_NONBLOCK);
	close(other);
	ROW_AS(USER, "foreign", sys(SYS_mq_open, "r-open", O_RDONLY), -EACCES);
	ROW_AS(USER, "foreign.unlink", sys(SYS_mq_unlink, "r-open"), -EPERM);
	CHILD(become(USER); int mine = sys(SYS_mq_open, "r-user", O_CREAT | O_RDWR, 0600, NULL);
	      ROW_TRUE("user", mine >= 0); ROW("user.unlink", sys(SYS_mq_unlink, "r-user"), 0));
	ROW("unlink", sys(SYS_mq_unlink, "r-open"), 0);
	ROW("unlink.again", sys(SYS_mq_unlink, "r-open"), -ENOENT);
	ROW("unlinked.send", snd(q, "still", 1), 0);
	ROW_TRUE("unlinked.receive", got(q, "still", 1));
	close(q);
	ROW("name.slash", sys(SYS_mq_open, "/r", O_CREAT | O_RDWR, 0600, NULL), -EACCES);
	ROW("name.inside", sys(SYS_mq_open, "a/b", O_CREAT | O_RDWR, 0600, NULL), -EACCES);
	ROW("name.dot", sys(SYS_mq_open, ".", O_RDWR, 0600, NULL), -EACCES);
	ROW("name.dots", sys(SYS_mq_open, "..", O_RDWR, 0600, NULL), -EACCES);
	ROW("name.empty", sys(SYS_mq_open, "", O_RDWR, 0600, NULL), -ENOENT);
	ROW("name.long", sys(SYS_mq_open, long_path(256, 300), O_RDWR, 0600, NULL), -ENAMETOOLONG);
	ROW("name.longest", sys(SYS_mq_open, long_path(255, 300), O_RDWR, 0600, NULL), -ENOENT);
	ROW("name.path", sys(SYS_mq_open, long_path(4096, 5000), O_RDWR, 0, NULL), -ENAMETOOLONG);
	ROW("unlink.slash", sys(SYS_mq_unlink, "/r"), -EACCES);
	ROW("unlink.empty", sys(SYS_mq_unlink, ""), -ENOENT);
	ROWS_STRING_EFAULT("open", sys(SYS_mq_open, p, O_RDWR, 0, NULL));
	ROWS_STRING_EFAULT("unlink", sys(SYS_mq_unlink, p));
	ROWS_EFAULT("attr", sizeof(a), sys(SYS_mq_open, "r-attr", O_CREAT | O_RDWR, 0600, p));
	ROW("attr.not_made", sys(SYS_mq_unlink, "r-attr"), -ENOENT);
	umask(027);
	q = MUST(sys(SYS_mq_open, "r-umask", O_CREAT | O_RDWR, 0666, &a));
	struct stat st;
	fstat(q, &st);
	ROW("umask", st.st_mode, S_IFREG | 0640);
	ROW("size", st.st_size, 80);
	ROW("nlink", st.st_nlink, 1);
	sys(SYS_mq_unlink, "r-umask");
	fstat(q, &st);
	ROW("unlinked.nlink", st.st_nlink, 0);
}

static void group_attr(void)
{
	struct mq_attr a = { 0 }, b = attr_of(3, 16);
	int q, f = open("/dev/null", O_RDWR);

	q = MUST(sys(SYS_mq_open, "r-attr", O_CREAT | O_RDWR, 0600, NULL));
	ROW("get", sys(SYS_mq_getsetattr, q, NULL, &a), 0);
	ROW("default.flags", a.mq_flags, 0);
	ROW("default.maxmsg", a.mq_maxmsg, 10);
	ROW("default.msgsize", a.mq_msgsize, 8192);
	ROW("default.curmsgs", a.mq_curmsgs, 0);
	close(q);
	sys(SYS_mq_unlink, "r-attr");
	q = MUST(sys(SYS_mq_open, "r-attr", O_CREAT | O_RDWR | O_NONBLOCK, 0600, &b));
	snd(q, "one", 0);
	sys(SYS_mq_getsetattr, q, NULL, &a);
	ROW("own.flags", a.mq_flags, O_NONBLOCK);
	ROW("own.maxmsg", a.mq_maxmsg, 3);
	ROW("own.msgsize", a.mq_msgsize, 16);
	ROW("own.curmsgs", a.mq_curmsgs, 1);
	b.mq_flags = 0;
	ROW("set", sys(SYS_mq_getsetattr, q, &b, &a), 0);
	ROW("set.old", a.mq_flags, O_NONBLOCK);
	ROW("set.done", fcntl(q, F_GETFL) & O_NONBLOCK, 0);
	b = attr_of(9, 99);
	b.mq_flags = O_NONBLOCK;
	ROW("set.nonblock", sys(SYS_mq_getsetattr, q, &b, NULL), 0);
	sys(SYS_mq_getsetattr, q, NULL, &a);
	ROW("set.only_flags", a.mq_maxmsg, 3);
	b.mq_flags = O_APPEND;
	ROW("set.other_flag", sys(SYS_mq_getsetattr, q, &b, NULL), -EINVAL);
	ROW("nothing", sys(SYS_mq_getsetattr, q, NULL, NULL), 0);
	ROW("no_queue", sys(SYS_mq_getsetattr, f, NULL, &a), -EBADF);
	ROWS_FD_PATH("attr", sys(SYS_mq_getsetattr, fd, NULL, &a));
	ROWS_POINTER("get", sizeof(a), sys(SYS_mq_getsetattr, q, NULL, p), 0);
	ROWS_POINTER("set", sizeof(a), sys(SYS_mq_getsetattr, q, p, NULL), 0);
	close(q);
	sys(SYS_mq_unlink, "r-attr");
#define TRY(most, size)                                                                            \
	({                                                                                         \
		struct mq_attr t = attr_of(most, size);                                            \
		long r = sys(SYS_mq_open, "r-attr", O_CREAT | O_RDWR, 0600, &t);                   \
		if (r >= 0) {                                                                      \
			close(r);                                                                  \
			r = 0;                                                                     \
		}                                                                                  \
		sys(SYS_mq_unlink, "r-attr");                                                      \
		r;                                                                                 \
	})
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY }, few = { 10000, 10000 };
	ROW("zero_messages", TRY(0, 10), -EINVAL);
	ROW("zero_size", TRY(10, 0), -EINVAL);
	ROW("negative", TRY(-1, 10), -EINVAL);
	ROW_AS(USER, "user.most", TRY(10, 8192), 0);
	ROW_AS(USER, "user.messages", TRY(11, 10), -EINVAL);
	ROW_AS(USER, "user.size", TRY(1, 8193), -EINVAL);
	ROW("rlimit", TRY(65536, 8192), -EMFILE);
	setrlimit(RLIMIT_MSGQUEUE, &all);
	ROW("root.messages", TRY(MQ_HARD_MAX, 10), 0);
	ROW("root.too_many_messages", TRY(MQ_HARD_MAX + 1, 10), -EINVAL);
	ROW("root.size", TRY(1, 16 << 20), 0);
	ROW("root.too_large", TRY(1, (16 << 20) + 1), -EINVAL);
	CHILD(setrlimit(RLIMIT_MSGQUEUE, &few);
	      ROW("rlimit.fits", TRY(10, (10000 - 10 * 96) / 10), 0);
	      ROW("rlimit.by_one_each", TRY(10, (10000 - 10 * 96) / 10 + 1), -EMFILE));
	/* What was charged is given back with the last descriptor. */
	CHILD(become(OTHER); setrlimit(RLIMIT_MSGQUEUE, &few); int k = make("r-kept", 10, 800);
	      sys(SYS_mq_unlink, "r-kept"); ROW("charged_while_open", TRY(10, 800), -EMFILE);
	      close(k); ROW("given_back", TRY(10, 800), 0));
}

static void group_send(void)
{
	int q = make("r-send", 4, 16);
	char f[17] = "0123456789abcdef";
	struct timespec bad = { 0, -1 }, past = { 0, 0 };

	ROW("send", snd(q, "hello", 3), 0);
	ROW_TRUE("receive", got(q, "hello", 3));
	ROW("empty", snd(q, "", 0), 0);
	ROW_TRUE("empty.receive", got(q, "", 0));
	snd(q, "low", 1);
	snd(q, "high", 32767);
	snd(q, "low2", 1);
	snd(q, "mid", 500);
	ROW_TRUE("order.first", got(q, "high", 32767));
	ROW_TRUE("order.second", got(q, "mid", 500));
	ROW_TRUE("order.third", got(q, "low", 1));
	ROW_TRUE("order.fourth", got(q, "low2", 1));
	ROW("priority", snd(q, "x", 32768), -EINVAL);
	ROW("priority.negative", snd(q, "x", -1), -EINVAL);
	ROW("largest", snd(q, f, 0), 0);
	rcv(q);
	ROW("too_large", sys(SYS_mq_timedsend, q, f, 17, 0, NULL), -EMSGSIZE);
	ROW("too_large.huge", sys(SYS_mq_timedsend, q, f, -1, 0, NULL), -EMSGSIZE);
	snd(q, "x", 0);
	ROW("room", sys(SYS_mq_timedreceive, q, in, 15, NULL, NULL), -EMSGSIZE);
	ROW("room.enough", sys(SYS_mq_timedreceive, q, in, 16, NULL, NULL), 1);
	ROWS_FD_PATH("send", snd(fd, "x", 0));
	ROWS_FD_PATH("receive", rcv(fd));
	int null = open("/dev/null", O_RDWR);
	ROW("send.no_queue", snd(null, "x", 0), -EBADF);
	ROW("receive.no_queue", rcv(null), -EBADF);
	ROWS_EFAULT("send", 8, sys(SYS_mq_timedsend, q, p, 8, 0, NULL));
	snd(q, "12345678", 0);
	ROW("receive.efault", sys(SYS_mq_timedreceive, q, edge, 16, NULL, NULL), -EFAULT);
	snd(q, "12345678", 0);
	ROW("receive.efault_priority", sys(SYS_mq_timedreceive, q, in, 16, edge, NULL), -EFAULT);
	ROWS_EFAULT("timeout", sizeof(bad), sys(SYS_mq_timedsend, q, "x", 1, 0, p));
	ROW("timeout.bad", sys(SYS_mq_timedsend, q, "x", 1, 0, &bad), -EINVAL);
	ROW("timeout.not_needed", sys(SYS_mq_timedsend, q, "x", 1, 0, &past), 0);
	ROW("timeout.not_needed_either", sys(SYS_mq_timedreceive, q, in, 16, NULL, &past), 1);
	ROW("timeout.receive", sys(SYS_mq_timedreceive, q, in, 16, NULL, &past), -ETIMEDOUT);
	for (int i = 0; i < 4; i++)
		snd(q, "x", 0);
	ROW("timeout.send", sys(SYS_mq_timedsend, q, "x", 1, 0, &past), -ETIMEDOUT);
	nonblock(q);
	ROW("full", snd(q, "x", 0), -EAGAIN);
	ROW("full.timeout", sys(SYS_mq_timedsend, q, "x", 1, 0, &past), -EAGAIN);
	for (int i = 0; i < 4; i++)
		rcv(q);
	ROW("none", rcv(q), -EAGAIN);
	sys(SYS_mq_unlink, "r-send");
}

static void on_signal(int sig)
{
	(void)sig;
}

static void group_waiting(void)
{
	struct sigaction act = { .sa_handler = on_signal };
	int q = make("r-wait", 2, 16);
	struct mq_attr a;
	pid_t c;

	c = SPAWN(_exit(got(q, "abc", 9) ? 0 : 1));
	ROW_TRUE("receiver", until_state(c, 'S'));
	snd(q, "abc", 9);
	ROW("receiver.served", wait_status(c), EXITED(0));
	sys(SYS_mq_getsetattr, q, NULL, &a);
	ROW("receiver.nothing_left", a.mq_curmsgs, 0);
	snd(q, "one", 1);
	snd(q, "two", 2);
	c = SPAWN(_exit(snd(q, "three", 3) ? 1 : 0));
	ROW_TRUE("sender", until_state(c, 'S'));
	ROW_TRUE("sender.makes_room", got(q, "two", 2));
	ROW("sender.served", wait_status(c), EXITED(0));
	ROW_TRUE("sender.message", got(q, "three", 3));
	ROW_TRUE("sender.rest", got(q, "one", 1));
	sigaction(SIGUSR1, &act, NULL);
	c = SPAWN(_exit(rcv(q) == -EINTR ? 0 : 1));
	ROW_TRUE("signal", until_state(c, 'S'));
	kill(c, SIGUSR1);
	ROW("signal.receiver", wait_status(c), EXITED(0));
	act.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &act, NULL);
	c = SPAWN(_exit(got(q, "late", 0) ? 0 : 1));
	ROW_TRUE("restart", until_state(c, 'S'));
	kill(c, SIGUSR1);
	ROW_TRUE("restart.sleeps_on", until_state(c, 'S'));
	snd(q, "late", 0);
	ROW("restart.receiver", wait_status(c), EXITED(0));
	struct timespec when;
	clock_gettime(CLOCK_REALTIME, &when);
	when.tv_nsec += 30000000;
	if (when.tv_nsec >= 1000000000) {
		when.tv_nsec -= 1000000000;
		when.tv_sec++;
	}
	ROW("expires", sys(SYS_mq_timedreceive, q, in, 16, NULL, &when), -ETIMEDOUT);
	sys(SYS_mq_unlink, "r-wait");
}

static siginfo_t told;
static volatile sig_atomic_t times_told;

static void on_notice(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	told = *info;
	times_told++;
}

static void group_notify(void)
{
	struct sigaction act = { .sa_sigaction = on_notice, .sa_flags = SA_SIGINFO };
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct sigevent none = { .sigev_notify = SIGEV_NONE }, bad = { .sigev_notify = 99 };
	int q = make("r-notify", 4, 16), null = open("/dev/null", O_RDWR), s, status;
	char cookie[32] = { 0 };
	pid_t c;

	sigaction(SIGUSR1, &act, NULL);
	e.sigev_value.sival_int = 4711;
	ROW("set", sys(SYS_mq_notify, q, &e), 0);
	ROW("busy", sys(SYS_mq_notify, q, &e), -EBUSY);
	ROW("busy.other", CHILD(_exit(sys(SYS_mq_notify, q, &e) == -EBUSY ? 0 : 1)), EXITED(0));
	ROW("not_mine", CHILD(_exit(sys(SYS_mq_notify, q, NULL) == 0 ? 0 : 1)), EXITED(0));
	ROW("not_mine.stays", sys(SYS_mq_notify, q, &e), -EBUSY);
	c = SPAWN(become(USER); _exit(snd(q, "x", 0) ? 1 : 0));
	status = wait_status(c);
	ROW("sent", status, EXITED(0));
	ROW_TRUE("told", EVENTUALLY(times_told == 1));
	ROW("told.code", told.si_code, SI_MESGQ);
	ROW("told.value", told.si_value.sival_int, 4711);
	ROW("told.pid", told.si_pid, c);
	ROW("told.uid", told.si_uid, USER);
	ROW("once", sys(SYS_mq_notify, q, &e), 0);
	snd(q, "y", 0);
	ROW("only_when_empty", times_told, 1);
	rcv(q);
	rcv(q);
	c = SPAWN(_exit(rcv(q) == 1 ? 0 : 1));
	ROW_TRUE("receiver_first", until_state(c, 'S'));
	snd(q, "z", 0);
	wait_status(c);
	ROW("receiver_first.not_told", times_told, 1);
	ROW("off", sys(SYS_mq_notify, q, NULL), 0);
	ROW("off.again", sys(SYS_mq_notify, q, NULL), 0);
	ROW("none", sys(SYS_mq_notify, q, &none), 0);
	ROW("none.busy", sys(SYS_mq_notify, q, &none), -EBUSY);
	snd(q, "z", 0);
	ROW("none.used_up", sys(SYS_mq_notify, q, &none), 0);
	ROW("closed_by_other_process", CHILD(close(q)), EXITED(0));
	ROW("closed_by_other_process.stays", sys(SYS_mq_notify, q, &none), -EBUSY);
	close(dup(q));
	ROW("a_close_ends_it", sys(SYS_mq_notify, q, &none), 0);
	sys(SYS_mq_notify, q, NULL);
	ROW("bad_kind", sys(SYS_mq_notify, q, &bad), -EINVAL);
	e.sigev_signo = 65;
	ROW("bad_signal", sys(SYS_mq_notify, q, &e), -EINVAL);
	e.sigev_signo = -1;
	ROW("bad_signal.negative", sys(SYS_mq_notify, q, &e), -EINVAL);
	e = (struct sigevent){ .sigev_notify = SIGEV_THREAD, .sigev_signo = 777 };
	e.sigev_value.sival_ptr = cookie;
	ROW("thread.no_descriptor", sys(SYS_mq_notify, q, &e), -EBADF);
	e.sigev_signo = null;
	ROW("thread.no_socket", sys(SYS_mq_notify, q, &e), -ENOTSOCK);
	s = socket(AF_UNIX, SOCK_DGRAM, 0);
	e.sigev_signo = s;
	ROW("thread.other_socket", sys(SYS_mq_notify, q, &e), -EINVAL);
	e.sigev_value.sival_ptr = edge;
	ROW("thread.cookie", sys(SYS_mq_notify, q, &e), -EFAULT);
	ROW("no_queue", sys(SYS_mq_notify, null, &none), -EBADF);
	ROWS_FD_PATH("notify", sys(SYS_mq_notify, fd, &none));
	ROWS_EFAULT("event", sizeof(e), sys(SYS_mq_notify, q, p));
	sys(SYS_mq_unlink, "r-notify");
}

static void group_poll(void)
{
	int q = make("r-poll", 2, 16), ep = epoll_create1(0);
	struct pollfd p = { q, POLLIN | POLLOUT | POLLPRI, 0 };
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };

	poll(&p, 1, 0);
	ROW("empty", p.revents, POLLOUT);
	snd(q, "x", 0);
	poll(&p, 1, 0);
	ROW("some", p.revents, POLLIN | POLLOUT);
	snd(q, "x", 0);
	poll(&p, 1, 0);
	ROW("full", p.revents, POLLIN);
	p.events = POLLOUT;
	pid_t c = SPAWN(_exit(poll(&p, 1, 10000) == 1 ? 0 : 1));
	ROW_TRUE("waits", until_state(c, 'S'));
	rcv(q);
	ROW("woken", wait_status(c), EXITED(0));
	rcv(q);
	epoll_ctl(ep, EPOLL_CTL_ADD, q, &ev);
	ROW("epoll.none", epoll_wait(ep, &ev, 1, 0), 0);
	snd(q, "x", 0);
	ROW("epoll.one", epoll_wait(ep, &ev, 1, 0), 1);
	ROW("epoll.edge", epoll_wait(ep, &ev, 1, 0), 0);
	sys(SYS_mq_unlink, "r-poll");
}

static void group_files(void)
{
	char text[512];
	struct stat st;
	int q = make("r-file", 4, 16), fd;

	mkdir("mq", 0755);
	ROW("mount", sys(SYS_mount, "none", "mq", "mqueue", 0, NULL), 0);
	ROW("stat", stat("mq/r-file", &st), 0);
	ROW("stat.mode", st.st_mode, S_IFREG | 0600);
	stat("mq", &st);
	ROW("root.mode", st.st_mode, S_IFDIR | 01777);
	snd(q, "hello", 0);
	slurp("mq/r-file", text, sizeof(text));
	ROW("read", strcmp(text, "QSIZE:5          NOTIFY:0     SIGNO:0     NOTIFY_PID:0     \n"),
	    0);
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	char want[256];
	sys(SYS_mq_notify, q, &e);
	slurp("mq/r-file", text, sizeof(text));
	snprintf(want, sizeof(want), "QSIZE:%-10d NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n", 5, 0,
		 SIGUSR1, getpid());
	ROW("read.notify", strcmp(text, want), 0);
	fd = open("mq/r-file", O_RDWR | O_CLOEXEC);
	ROW("open.is_a_queue", snd(fd, "more", 1), 0);
	ROW("write", sys(SYS_write, fd, "x", 1), -EINVAL);
	close(fd);
	fd = open("mq/r-made", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0644);
	ROW_TRUE("create", fd >= 0);
	struct mq_attr a;
	sys(SYS_mq_getsetattr, fd, NULL, &a);
	ROW("create.default", a.mq_maxmsg, 10);
	close(fd);
	fd = sys(SYS_mq_open, "r-made", O_RDWR);
	ROW_TRUE("create.by_name", fd >= 0);
	close(fd);
	ROW("mkdir", sys(SYS_mkdir, "mq/d", 0755), -EPERM);
	ROW("link", sys(SYS_link, "mq/r-made", "mq/l"), -EPERM);
	ROW("symlink", sys(SYS_symlink, "x", "mq/l"), -EPERM);
	ROW("rename", sys(SYS_rename, "mq/r-made", "mq/l"), -EPERM);
	ROW("chmod", sys(SYS_chmod, "mq/r-made", 0600), 0);
	ROW_AS(USER, "unlink.foreign", sys(SYS_unlink, "mq/r-made"), -EPERM);
	ROW("unlink", sys(SYS_unlink, "mq/r-made"), 0);
	ROW("unlink.gone", sys(SYS_mq_open, "r-made", O_RDWR), -ENOENT);
	sys(SYS_mq_unlink, "r-file");
	ROW("unlinked", stat("mq/r-file", &st), -1);
	ROW("umount", sys(SYS_umount2, "mq", 0), 0);
	slurp("/proc/filesystems", text, sizeof(text));
	ROW_TRUE("filesystems", strstr(text, "nodev\tmqueue\n") != NULL);
	static const struct {
		const char *name, *value;
	} limits[] = { { "queues_max", "256\n" },
		       { "msg_max", "10\n" },
		       { "msgsize_max", "8192\n" },
		       { "msg_default", "10\n" },
		       { "msgsize_default", "8192\n" } };
	for (unsigned i = 0; i < LENGTH(limits); i++) {
		slurp(named("/proc/sys/fs/mqueue/%s", limits[i].name), text, sizeof(text));
		ROW(limits[i].name, strcmp(text, limits[i].value), 0);
	}
}

/* Who waits with more priority is served first, and among equals who came first. */
static void group_line(void)
{
	static const struct {
		int policy, rt, nice;
		const char *gets;
	} sleepers[] = { { SCHED_OTHER, 0, 0, "3" },
			 { SCHED_OTHER, 0, 0, "4" },
			 { SCHED_FIFO, 10, 0, "1" },
			 { SCHED_OTHER, 0, -5, "2" },
			 { SCHED_FIFO, 20, 0, "0" } };
	int q = make("r-line", 10, 16);
	pid_t pids[LENGTH(sleepers)];

	for (unsigned i = 0; i < LENGTH(sleepers); i++) {
		struct sched_param param = { .sched_priority = sleepers[i].rt };

		pids[i] = SPAWN(setpriority(PRIO_PROCESS, 0, sleepers[i].nice);
				sched_setscheduler(0, sleepers[i].policy, &param);
				_exit(rcv(q) == 1 && in[0] == sleepers[i].gets[0] ? 0 : in[0]));
		until_state(pids[i], 'S');
	}
	for (unsigned i = 0; i < LENGTH(sleepers); i++)
		snd(q, named("%u", i), 1);
	for (unsigned i = 0; i < LENGTH(sleepers); i++)
		ROW(named("sleeper_%u", i), wait_status(pids[i]), EXITED(0));
	sys(SYS_mq_unlink, "r-line");
}

static void group_many(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	int q, n = 0;
	char text[16];

	setrlimit(RLIMIT_MSGQUEUE, &all);
	q = make("r-many", 2000, 16);
	for (int i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text), "%d", i);
		if (!snd(q, text, (unsigned)(i * 7919 % 100)))
			n++;
	}
	ROW("sent", n, 2000);
	unsigned last = 32767;
	bool ordered = true;
	for (n = 0; n < 2000 && rcv(q) > 0; n++) {
		ordered &= in_priority <= last && in_priority == (unsigned)(atoi(in) * 7919 % 100);
		last = in_priority;
	}
	ROW("received", n, 2000);
	ROW_TRUE("ordered", ordered);
	sys(SYS_mq_unlink, "r-many");
	CHILD(
		become(USER); char name[32]; for (n = 0; n < 300; n++) {
			struct mq_attr a = attr_of(1, 1);
			snprintf(name, sizeof(name), "r-many-%d", n);
			long r = sys(SYS_mq_open, name, O_CREAT | O_RDWR, 0600, &a);
			if (r < 0) {
				ROW("queues_max", r, -ENOSPC);
				break;
			}
			close(r);
		} for (int i = 0; i < n; i++) {
			snprintf(name, sizeof(name), "r-many-%d", i);
			sys(SYS_mq_unlink, name);
		});
}

int main(int argc, char **argv)
{
	begin(argc, argv, "mqueue");
	take_turns("mqueue", LOCK_EX);
	GROUP(group_open);
	GROUP(group_attr);
	GROUP(group_send);
	GROUP(group_waiting);
	GROUP(group_notify);
	GROUP(group_poll);
	GROUP(group_files);
	GROUP(group_line);
	GROUP(group_many);
	return finish();
}
