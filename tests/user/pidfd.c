/*
 * Descriptors of processes: pidfd_open, pidfd_send_signal, pidfd_getfd, CLONE_PIDFD,
 * waitid(P_PIDFD), poll and epoll on them, fdinfo.
 */
#include "row.h"

#include <linux/sched.h>
#include <pthread.h>
#include <sys/epoll.h>

#define P_PIDFD_ 3
#define PIDFD_NONBLOCK_ O_NONBLOCK

struct clone3_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	uint64_t set_tid, set_tid_size, cgroup;
};

static int pidfd_open_(pid_t pid, unsigned flags)
{
	return (int)sys(SYS_pidfd_open, pid, flags);
}

static short ready(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLRDNORM | POLLOUT | POLLHUP };

	return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

static void wait_for_end(pid_t pid)
{
	siginfo_t info;

	MUST(sys(SYS_waitid, P_PID, pid, &info, WEXITED | WNOWAIT, 0));
}

static pid_t sleeper(void)
{
	return SPAWN(for (;;) pause());
}

/* ---- opening ---- */

static void *idle_thread(void *arg)
{
	*(volatile pid_t *)arg = (pid_t)sys(SYS_gettid);
	for (;;)
		pause();
	return NULL;
}

static void group_open(void)
{
	volatile pid_t tid = 0;
	pthread_t thread;
	pid_t child = sleeper();
	int fd = pidfd_open_(child, 0);

	ROW_OK("child", fd);
	ROW("cloexec", fcntl(fd, F_GETFD), FD_CLOEXEC);
	ROW("flags", fcntl(fd, F_GETFL), O_RDWR);
	ROW("nonblock.flags", fcntl(pidfd_open_(child, PIDFD_NONBLOCK_), F_GETFL),
	    O_RDWR | O_NONBLOCK);
	ROW_OK("self", pidfd_open_(getpid(), 0));
	ROW_OK("init", pidfd_open_(1, 0));
	ROW("flag_unknown", pidfd_open_(child, 1), -EINVAL);
	ROW("flag_high", pidfd_open_(child, 0x80000000), -EINVAL);
	ROW("flag_cloexec", pidfd_open_(child, O_CLOEXEC), -EINVAL);
	ROW("zero", pidfd_open_(0, 0), -EINVAL);
	ROW("negative", pidfd_open_(-1, 0), -EINVAL);
	ROW("no_process", pidfd_open_(4000000, 0), -ESRCH);
	pthread_create(&thread, NULL, idle_thread, (void *)&tid);
	ROW_TRUE("thread_runs", EVENTUALLY(tid));
	ROW("thread", pidfd_open_(tid, 0), -EINVAL);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 0, 1024 });
	ROW("no_descriptor", pidfd_open_(child, 0), -EMFILE);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 1024, 1024 });
	kill(child, SIGKILL);
	wait_for_end(child);
	ROW_OK("zombie", pidfd_open_(child, 0));
	wait_status(child);
	ROW("gone", pidfd_open_(child, 0), -ESRCH);
}

static void group_file(void)
{
	pid_t child = sleeper();
	int fd = (int)MUST(pidfd_open_(child, 0)), copy = dup(fd);
	char path[64], text[256], expected[64], link[64] = "";
	struct stat st;
	char byte = 0;

	ROW("read", sys(SYS_read, fd, &byte, 1), -EINVAL);
	ROW("write", sys(SYS_write, fd, &byte, 1), -EINVAL);
	ROW("lseek", sys(SYS_lseek, fd, 0, SEEK_SET), -ESPIPE);
	ROW("ioctl", sys(SYS_ioctl, fd, 1, 0), -ENOTTY);
	ROW("mmap", sys(SYS_mmap, 0, PAGE, PROT_READ, MAP_SHARED, fd, 0), -ENODEV);
	ROW("fsync", sys(SYS_fsync, fd), -EINVAL);
	ROW("fstat", fstat(fd, &st), 0);
	ROW("mode", st.st_mode, 0600);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ROW("link.length", readlink(path, link, sizeof(link) - 1), 18);
	ROW("link.text", strcmp(link, "anon_inode:[pidfd]"), 0);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", copy);
	slurp(path, text, sizeof(text));
	snprintf(expected, sizeof(expected), "\nPid:\t%d\nNSpid:\t%d\n", child, child);
	ROW_TRUE("fdinfo", strstr(text, expected));
	kill(child, SIGKILL);
	wait_for_end(child);
	slurp(path, text, sizeof(text));
	ROW_TRUE("fdinfo.zombie", strstr(text, expected));
	wait_status(child);
	slurp(path, text, sizeof(text));
	ROW_TRUE("fdinfo.gone", strstr(text, "\nPid:\t-1\nNSpid:\t-1\n"));
}

/* ---- polling ---- */

static void group_poll(void)
{
	int gate[2], epfd = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 7 };

	MUST(pipe(gate));
	pid_t child = SPAWN(char c; close(gate[1]); if (read(gate[0], &c, 1)) _exit(1));
	int fd = (int)MUST(pidfd_open_(child, 0));
	ROW("running", ready(fd), 0);
	ROW("epoll.add", epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event), 0);
	ROW("epoll.running", epoll_wait(epfd, &event, 1, 0), 0);
	close(gate[1]);
	memset(&event, 0, sizeof(event));
	ROW("epoll.ends", epoll_wait(epfd, &event, 1, -1), 1);
	ROW("epoll.event", event.events, EPOLLIN);
	ROW("epoll.data", event.data.u64, 7);
	ROW("zombie", ready(fd), POLLIN | POLLRDNORM);
	wait_status(child);
	ROW("gone", ready(fd), POLLIN | POLLRDNORM);

	signal(SIGCHLD, SIG_IGN);
	MUST(pipe(gate));
	child = SPAWN(char c; close(gate[1]); if (read(gate[0], &c, 1)) _exit(1));
	fd = (int)MUST(pidfd_open_(child, 0));
	close(gate[1]);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ROW("autoreaped", poll(&p, 1, -1), 1);
	ROW("autoreaped.events", p.revents, POLLIN);
	signal(SIGCHLD, SIG_DFL);
}

static int thread_gate[2];

static void *last_thread(void *arg)
{
	char c;

	if (read(thread_gate[0], &c, 1) == 1)
		_exit(9);
	return arg;
}

/* A leader that has ended is no end of the process. */
static void group_poll_threads(void)
{
	pthread_t thread;

	MUST(pipe(thread_gate));
	pid_t child = SPAWN(close(ROW_FD); pthread_create(&thread, NULL, last_thread, NULL);
			    sys(SYS_exit, 3));
	int fd = (int)MUST(pidfd_open_(child, 0));
	ROW_TRUE("leader_ended", until_state(child, 'Z'));
	ROW("others_live", ready(fd), 0);
	ROW("write", write(thread_gate[1], "x", 1), 1);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ROW("all_ended", poll(&p, 1, -1), 1);
	ROW("status", wait_status(child), EXITED(9));
}

/* ---- signals ---- */

static volatile siginfo_t seen;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	memcpy((void *)&seen, info, sizeof(seen));
}

static long send_signal(int fd, int sig, const void *info, unsigned flags)
{
	return sys(SYS_pidfd_send_signal, fd, sig, info, flags);
}

static void group_send_signal(void)
{
	pid_t child = sleeper();
	int fd = (int)MUST(pidfd_open_(child, 0)), self = (int)MUST(pidfd_open_(getpid(), 0));
	int zero = open("/dev/zero", O_RDONLY);
	char path[32];
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_QUEUE };

	sigaction(SIGUSR1, &action, NULL);
	ROW("zero", send_signal(fd, 0, NULL, 0), 0);
	ROW("flags", send_signal(fd, 0, NULL, 1), -EINVAL);
	ROW("flags_first", send_signal(-1, 0, NULL, 1), -EINVAL);
	ROW("number_high", send_signal(fd, 65, NULL, 0), -EINVAL);
	ROW("number_negative", send_signal(fd, -1, NULL, 0), -EINVAL);
	ROW("not_pidfd", send_signal(zero, 0, NULL, 0), -EBADF);
	ROWS_FD_PATH("fd", send_signal(fd, 0, NULL, 0));
	ROWS_EFAULT("info", 48, send_signal(self, SIGUSR1, p, 0));
	ROW("self", send_signal(self, SIGUSR1, NULL, 0), 0);
	ROW("self.signo", seen.si_signo, SIGUSR1);
	ROW("self.code", seen.si_code, SI_USER);
	ROW("self.pid", seen.si_pid, getpid());
	info.si_value.sival_int = 77;
	ROW("info", send_signal(self, SIGUSR1, &info, 0), 0);
	ROW("info.code", seen.si_code, SI_QUEUE);
	ROW("info.value", seen.si_value.sival_int, 77);
	ROW("info.other_number", send_signal(self, SIGUSR2, &info, 0), -EINVAL);
	info.si_code = -100;
	ROW("info.code_unknown", send_signal(self, SIGUSR1, &info, 0), 0);
	((char *)&info)[127] = 1;
	ROW("info.code_unknown.longer", send_signal(self, SIGUSR1, &info, 0), -E2BIG);
	info.si_code = SI_QUEUE;
	ROW("info.code_known.longer", send_signal(self, SIGUSR1, &info, 0), 0);
	info.si_code = SI_USER;
	ROW("info.code_user.self", send_signal(self, SIGUSR1, &info, 0), 0);
	ROW("info.code_user.other", send_signal(fd, SIGUSR1, &info, 0), -EPERM);
	info.si_code = SI_TKILL;
	ROW("info.code_tkill.other", send_signal(fd, SIGUSR1, &info, 0), -EPERM);
	info.si_code = 5;
	ROW("info.code_positive.other", send_signal(fd, SIGUSR1, &info, 0), -EPERM);
	CHILD(become(USER); ROW("stranger", send_signal(fd, 0, NULL, 0), -EPERM));

	snprintf(path, sizeof(path), "/proc/%d", child);
	int dir = open(path, O_RDONLY | O_DIRECTORY);
	ROW("proc", send_signal(dir, 0, NULL, 0), 0);
	int task = openat(dir, "task", O_RDONLY | O_DIRECTORY);
	ROW("proc.task", send_signal(task, 0, NULL, 0), -EBADF);
	int status = openat(dir, "status", O_RDONLY);
	ROW("proc.file", send_signal(status, 0, NULL, 0), -EBADF);
	int path_fd = open(path, O_PATH);
	ROW("proc.o_path", send_signal(path_fd, 0, NULL, 0), -EBADF);

	ROW("kill", send_signal(fd, SIGKILL, NULL, 0), 0);
	wait_for_end(child);
	ROW("zombie", send_signal(fd, SIGTERM, NULL, 0), 0);
	ROW("status", wait_status(child), KILLED(SIGKILL));
	ROW("gone", send_signal(fd, SIGTERM, NULL, 0), -ESRCH);
	ROW("gone.zero", send_signal(fd, 0, NULL, 0), -ESRCH);
	ROW("gone.number", send_signal(fd, 99, NULL, 0), -ESRCH);
	ROW("proc.gone", send_signal(dir, 0, NULL, 0), -ESRCH);
}

/* ---- descriptors of others ---- */

static long getfd(int pidfd, int fd, unsigned flags)
{
	return sys(SYS_pidfd_getfd, pidfd, fd, flags);
}

static void group_getfd(void)
{
	int ends[2], zero = open("/dev/zero", O_RDONLY);
	char text[16] = "";

	pid_t child = SPAWN(MUST(pipe(ends)); dup2(ends[0], 50); dup2(ends[1], 51);
			    dup2(open("/", O_PATH), 52); for (;;) pause());
	int fd = (int)MUST(pidfd_open_(child, 0));
	ROW_TRUE("ready", EVENTUALLY(getfd(fd, 52, 0) >= 0));
	int in = (int)getfd(fd, 50, 0), out = (int)getfd(fd, 51, 0);
	ROW_TRUE("got", in >= 0 && out >= 0);
	ROW("cloexec", fcntl(in, F_GETFD), FD_CLOEXEC);
	ROW("same.write", write(out, "hello", 5), 5);
	ROW("same.read", read(in, text, sizeof(text)), 5);
	ROW("same.kcmp", sys(SYS_kcmp, getpid(), child, 0, out, 51), 0);
	ROW("flags", getfd(fd, 50, 1), -EINVAL);
	ROW("no_such", getfd(fd, 777, 0), -EBADF);
	ROW("negative", getfd(fd, -1, 0), -EBADF);
	ROW("not_pidfd", getfd(zero, 0, 0), -EBADF);
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d", child);
	ROW("proc", getfd(open(path, O_RDONLY | O_DIRECTORY), 50, 0), -EBADF);
	ROWS_FD("fd", getfd(fd, 0, 0));
	CHILD(become(USER); ROW("stranger", getfd(fd, 50, 0), -EPERM));
	CHILD(become(USER);
	      ROW("self", fcntl((int)getfd(pidfd_open_(getpid(), 0), 0, 0), F_GETFD), 1));
	struct rlimit none = { 0, 1024 };
	setrlimit(RLIMIT_NOFILE, &none);
	ROW("no_descriptor", getfd(fd, 50, 0), -EMFILE);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 1024, 1024 });
	kill(child, SIGKILL);
	wait_for_end(child);
	ROW("zombie", getfd(fd, 50, 0), -ESRCH);
	wait_status(child);
	ROW("gone", getfd(fd, 50, 0), -ESRCH);
}

/* ---- CLONE_PIDFD ---- */

static pid_t clone_(unsigned long flags, int *ptid)
{
	return (pid_t)sys(SYS_clone, flags, 0, ptid, 0, 0);
}

static void group_clone(void)
{
	int fd = -1;
	struct rlimit none = { 0, 1024 };

	pid_t child = clone_(CLONE_PIDFD | SIGCHLD, &fd);
	if (!child)
		for (;;)
			pause();
	ROW_TRUE("pid", child > 0);
	ROW("cloexec", fcntl(fd, F_GETFD), FD_CLOEXEC);
	ROW("flags", fcntl(fd, F_GETFL), O_RDWR);
	ROW("signal", send_signal(fd, SIGKILL, NULL, 0), 0);
	ROW("status", wait_status(child), KILLED(SIGKILL));
	close(fd);
	ROW("parent_settid", clone_(CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, &fd), -EINVAL);
	ROW("detached", clone_(CLONE_PIDFD | CLONE_DETACHED | SIGCHLD, &fd), -EINVAL);
	ROW("thread", clone_(CLONE_PIDFD | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | SIGCHLD, &fd),
	    -EINVAL);
	ROWS_EFAULT("pointer", 4, clone_(CLONE_PIDFD | SIGCHLD, p));
	setrlimit(RLIMIT_NOFILE, &none);
	ROW("no_descriptor", clone_(CLONE_PIDFD | SIGCHLD, &fd), -EMFILE);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 1024, 1024 });
	ROW("nobody_left", waitpid(-1, NULL, WNOHANG) < 0 ? -errno : 0, -ECHILD);
	/* The child has no such descriptor. */
	int before = dup(0);
	close(before);
	child = clone_(CLONE_PIDFD | SIGCHLD, &fd);
	if (!child)
		_exit(fcntl(before, F_GETFD) < 0 ? 5 : 6);
	ROW("number", fd, before);
	ROW("not_in_child", wait_status(child), EXITED(5));
}

static long clone3_(struct clone3_args *args, size_t size)
{
	return sys(SYS_clone3, args, size);
}

static void group_clone3(void)
{
	int fd = -1, tid = 0;
	struct clone3_args args = { .flags = CLONE_PIDFD,
				    .pidfd = (uint64_t)&fd,
				    .exit_signal = SIGCHLD };

	pid_t child = (pid_t)clone3_(&args, sizeof(args));
	if (!child)
		_exit(4);
	ROW_TRUE("pid", child > 0 && fd >= 0);
	siginfo_t info = { 0 };
	ROW("waitid", sys(SYS_waitid, P_PIDFD_, fd, &info, WEXITED, 0), 0);
	ROW("waitid.pid", info.si_pid, child);
	ROW("waitid.status", info.si_status, 4);
	args.flags = CLONE_PIDFD | CLONE_PARENT_SETTID;
	args.parent_tid = (uint64_t)&tid;
	child = (pid_t)clone3_(&args, sizeof(args));
	if (!child)
		_exit(0);
	ROW("parent_settid", tid, child);
	wait_status(child);
	args.parent_tid = args.pidfd;
	ROW("same_place", clone3_(&args, sizeof(args)), -EINVAL);
	args.flags = CLONE_PIDFD | CLONE_DETACHED;
	ROW("detached", clone3_(&args, sizeof(args)), -EINVAL);
	args.flags = CLONE_PIDFD | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
	args.exit_signal = 0;
	ROW("thread", clone3_(&args, sizeof(args)), -EINVAL);
	args.flags = CLONE_PIDFD;
	args.pidfd = 0;
	ROW("null", clone3_(&args, sizeof(args)), -EFAULT);
}

/* ---- waiting ---- */

static void group_waitid(void)
{
	siginfo_t info;
	pid_t child = sleeper();
	int fd = (int)MUST(pidfd_open_(child, 0));
	int nonblocking = (int)MUST(pidfd_open_(child, PIDFD_NONBLOCK_));
	int self = (int)MUST(pidfd_open_(getpid(), 0)), zero = open("/dev/zero", O_RDONLY);

#define WAITID(fd, options) sys(SYS_waitid, P_PIDFD_, fd, &info, options, 0)
	memset(&info, 0, sizeof(info));
	ROW("running", WAITID(fd, WEXITED | WNOHANG), 0);
	ROW("running.pid", info.si_pid, 0);
	ROW("nonblock", WAITID(nonblocking, WEXITED), -EAGAIN);
	ROW("nonblock.nohang", WAITID(nonblocking, WEXITED | WNOHANG), 0);
	ROW("no_child", WAITID(self, WEXITED), -ECHILD);
	ROW("not_pidfd", WAITID(zero, WEXITED), -EBADF);
	ROW("closed", WAITID(777, WEXITED), -EBADF);
	ROW("negative", WAITID(-1, WEXITED), -EINVAL);
	ROW("options_none", WAITID(fd, 0), -EINVAL);
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d", child);
	ROW("proc", WAITID(open(path, O_RDONLY | O_DIRECTORY), WEXITED), -EBADF);
	kill(child, SIGSTOP);
	ROW("stopped", WAITID(fd, WSTOPPED), 0);
	ROW("stopped.code", info.si_code, CLD_STOPPED);
	kill(child, SIGCONT);
	ROW("continued", WAITID(fd, WCONTINUED), 0);
	ROW("continued.code", info.si_code, CLD_CONTINUED);
	kill(child, SIGKILL);
	ROW("leave", WAITID(fd, WEXITED | WNOWAIT), 0);
	ROW("leave.pid", info.si_pid, child);
	ROW("nonblock.ended", WAITID(nonblocking, WEXITED), 0);
	ROW("ended.code", info.si_code, CLD_KILLED);
	ROW("ended.status", info.si_status, SIGKILL);
	ROW("gone", WAITID(fd, WEXITED), -ECHILD);
	ROW("gone.nonblock", WAITID(nonblocking, WEXITED), -ECHILD);
}

/* ---- memory of others ---- */

static long madvise_(int fd, const void *vec, size_t n, int advice, unsigned flags)
{
	return sys(SYS_process_madvise, fd, vec, n, advice, flags);
}

static void group_madvise(void)
{
	char *pages =
		mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec one = { pages, 2 * PAGE },
		     two[2] = { { pages, PAGE }, { pages + 4 * PAGE, PAGE } };
	struct iovec bad = { (char *)8 + 1, PAGE }, negative = { pages, -1 }, many[20];
	struct iovec hole[2] = { { pages, PAGE }, { (char *)PAGE, PAGE } };

	memset(pages, 1, 8 * PAGE);
	pid_t child = sleeper();
	int fd = (int)MUST(pidfd_open_(child, 0)), zero = open("/dev/zero", O_RDONLY);
	ROW("cold", madvise_(fd, &one, 1, MADV_COLD, 0), 2 * PAGE);
	ROW("pageout", madvise_(fd, two, 2, MADV_PAGEOUT, 0), 2 * PAGE);
	ROW("willneed", madvise_(fd, two, 2, MADV_WILLNEED, 0), 2 * PAGE);
	for (int i = 0; i < 20; i++)
		many[i] = (struct iovec){ pages + i % 8 * PAGE, PAGE };
	ROW("twenty", madvise_(fd, many, 20, MADV_COLD, 0), 20 * PAGE);
	ROW("none", madvise_(fd, two, 0, MADV_COLD, 0), 0);
	ROW("too_many", madvise_(fd, two, 1025, MADV_COLD, 0), -EINVAL);
	ROW("dontneed", madvise_(fd, &one, 1, MADV_DONTNEED, 0), -EINVAL);
	ROW("free", madvise_(fd, &one, 1, MADV_FREE, 0), -EINVAL);
	ROW("normal", madvise_(fd, &one, 1, MADV_NORMAL, 0), -EINVAL);
	ROW("unknown", madvise_(fd, &one, 1, 77, 0), -EINVAL);
	ROW("flags", madvise_(fd, &one, 1, MADV_COLD, 1), -EINVAL);
	ROW("unaligned", madvise_(fd, &bad, 1, MADV_COLD, 0), -EINVAL);
	ROW("length_negative", madvise_(fd, &negative, 1, MADV_COLD, 0), -EINVAL);
	ROW("partly", madvise_(fd, hole, 2, MADV_COLD, 0), PAGE);
	ROW("hole", madvise_(fd, hole + 1, 1, MADV_COLD, 0), -ENOMEM);
	ROWS_EFAULT("vector", sizeof(one), madvise_(fd, p, 1, MADV_COLD, 0));
	ROW("not_pidfd", madvise_(zero, &one, 1, MADV_COLD, 0), -EBADF);
	ROWS_FD_PATH("fd", madvise_(fd, &one, 1, MADV_COLD, 0));
	CHILD(become(USER); ROW("stranger", madvise_(fd, &one, 1, MADV_COLD, 0), -EACCES));
	CHILD(become(USER); ROW("no_privilege",
				madvise_(pidfd_open_(getpid(), 0), &one, 1, MADV_COLD, 0), -EPERM));
	ROW("content", pages[0] + pages[PAGE] + pages[4 * PAGE], 3);
	kill(child, SIGKILL);
	wait_for_end(child);
	ROW("zombie", madvise_(fd, &one, 1, MADV_COLD, 0), -ESRCH);
	wait_status(child);
	ROW("gone", madvise_(fd, &one, 1, MADV_COLD, 0), -ESRCH);
}

static void group_mrelease(void)
{
	pid_t child = sleeper();
	int fd = (int)MUST(pidfd_open_(child, 0)), zero = open("/dev/zero", O_RDONLY);

	ROW("alive", sys(SYS_process_mrelease, fd, 0), -EINVAL);
	ROW("flags", sys(SYS_process_mrelease, fd, 1), -EINVAL);
	ROW("not_pidfd", sys(SYS_process_mrelease, zero, 0), -EBADF);
	ROWS_FD_PATH("fd", sys(SYS_process_mrelease, fd, 0));
	/* Whichever comes first: its end, or we. */
	kill(child, SIGKILL);
	long r = sys(SYS_process_mrelease, fd, 0);
	ROW_TRUE("dying", r == 0 || r == -ESRCH);
	wait_for_end(child);
	ROW("zombie", sys(SYS_process_mrelease, fd, 0), -ESRCH);
	ROW("status", wait_status(child), KILLED(SIGKILL));
	ROW("gone", sys(SYS_process_mrelease, fd, 0), -ESRCH);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "pidfd");
	GROUP(group_open);
	GROUP(group_file);
	GROUP(group_poll);
	GROUP(group_poll_threads);
	GROUP(group_send_signal);
	GROUP(group_getfd);
	GROUP(group_clone);
	GROUP(group_clone3);
	GROUP(group_waitid);
	GROUP(group_madvise);
	GROUP(group_mrelease);
	return finish();
}
