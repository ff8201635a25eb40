/* Signals on readiness: O_ASYNC, F_SETOWN, F_SETOWN_EX, F_SETSIG; F_NOTIFY; leases that are refused. */
#include <pthread.h>
#include <pty.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <termios.h>

#include "row.h"

#define RTSIG 40

static sigset_t all;
static siginfo_t info;

static void block(void)
{
	sigemptyset(&all);
	sigaddset(&all, SIGIO);
	sigaddset(&all, RTSIG);
	sigaddset(&all, SIGUSR1);
	sigprocmask(SIG_BLOCK, &all, NULL);
}

/* The signal that comes within a while, or 0 if there is none now. */
static int came(int seconds)
{
	struct timespec ts = { seconds, 0 };

	memset(&info, 0, sizeof(info));
	int sig = sigtimedwait(&all, &info, &ts);
	return sig < 0 ? 0 : sig;
}

static void set_async(int fd, int sig)
{
	MUST(fcntl(fd, F_SETOWN, getpid()));
	if (sig)
		MUST(fcntl(fd, F_SETSIG, sig));
	MUST(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC));
}

static void group_pipe(void)
{
	char buf[65536] = { 0 };
	int ends[2];

	block();
	MUST(pipe2(ends, O_NONBLOCK));
	set_async(ends[0], 0);
	ROW("flag", fcntl(ends[0], F_GETFL) & O_ASYNC, O_ASYNC);
	ROW("nothing", came(0), 0);
	write(ends[1], "x", 1);
	ROW("plain", came(0), SIGIO);
	ROW("plain_code", info.si_code, SI_KERNEL);
	write(ends[1], "x", 1);
	ROW("again", came(0), SIGIO);
	MUST(fcntl(ends[0], F_SETSIG, RTSIG));
	ROW("getsig", fcntl(ends[0], F_GETSIG), RTSIG);
	write(ends[1], "x", 1);
	ROW("queued", came(0), RTSIG);
	ROW("queued_code", info.si_code, POLL_IN);
	ROW("queued_fd", info.si_fd, ends[0]);
	ROW("queued_band", info.si_band, POLLIN | POLLRDNORM);
	ROW("once", came(0), 0);
	write(ends[1], "x", 1);
	write(ends[1], "x", 1);
	ROW("two_first", came(0), RTSIG);
	ROW("two_second", came(0), RTSIG);
	MUST(fcntl(ends[0], F_SETSIG, SIGUSR1));
	write(ends[1], "x", 1);
	ROW("other_signal", came(0), SIGUSR1);
	ROW("other_code", info.si_code, POLL_IN);
	MUST(fcntl(ends[0], F_SETFL, O_NONBLOCK));
	write(ends[1], "x", 1);
	ROW("off", came(0), 0);
	ROW("off_flag", fcntl(ends[0], F_GETFL) & O_ASYNC, 0);
	/* The writing end hears of room. */
	while (write(ends[1], buf, sizeof(buf)) > 0)
		;
	set_async(ends[1], RTSIG);
	ROW("full", came(0), 0);
	read(ends[0], buf, sizeof(buf));
	ROW("room", came(0), RTSIG);
	ROW("room_code", info.si_code, POLL_OUT);
	ROW("room_fd", info.si_fd, ends[1]);
	ROW("room_band", info.si_band, POLLOUT | POLLWRNORM | POLLWRBAND);
	while (came(0))
		;
	close(ends[0]);
	ROW("reader_gone", came(0), RTSIG);
	ROW("reader_gone_code", info.si_code, POLL_OUT);
	MUST(pipe(ends));
	set_async(ends[0], RTSIG);
	close(ends[1]);
	ROW("writer_gone", came(0), RTSIG);
	ROW("writer_gone_code", info.si_code, POLL_IN);
	close(ends[0]);
	ROW("own_close", came(0), 0);
	MUST(pipe(ends));
	set_async(ends[0], RTSIG);
	int second = MUST(open(named("/proc/self/fd/%d", ends[1]), O_WRONLY));
	close(second);
	ROW("one_writer_gone", came(0), 0);
	close(ends[1]);
	ROW("all_writers_gone", came(0), RTSIG);
	/* A duplicate is the same open file; its number is not told. */
	MUST(pipe(ends));
	int copy = dup(ends[0]);
	set_async(copy, RTSIG);
	close(copy);
	write(ends[1], "x", 1);
	ROW("duplicate", came(0), RTSIG);
	ROW("duplicate_fd", info.si_fd, copy);
	int on = 1, fifo;
	MUST(pipe(ends));
	MUST(fcntl(ends[0], F_SETOWN, getpid()));
	ROW("fioasync", ioctl(ends[0], FIOASYNC, &on), 0);
	write(ends[1], "x", 1);
	ROW("fioasync_signal", came(0), SIGIO);
	on = 0;
	ROW("fioasync_off", ioctl(ends[0], FIOASYNC, &on), 0);
	write(ends[1], "x", 1);
	ROW("fioasync_quiet", came(0), 0);
	mkfifo("fifo", 0600);
	fifo = MUST(open("fifo", O_RDWR | O_NONBLOCK));
	set_async(fifo, RTSIG);
	write(fifo, "x", 1);
	ROW("fifo", came(0), RTSIG);
	ROW("fifo_code", info.si_code, POLL_IN);
	read(fifo, buf, 1);
	ROW("fifo_read", came(0), RTSIG);
	ROW("fifo_read_code", info.si_code, POLL_OUT);
	/* The splice family. */
	int file = file_with("f", "data", 4);
	loff_t zero = 0;
	sys(SYS_splice, file, &zero, fifo, NULL, 4, 0);
	ROW("splice", came(0), RTSIG);
}

static void group_owner(void)
{
	struct f_owner_ex ex = { F_OWNER_TID, 0 };
	int ends[2];

	block();
	MUST(pipe(ends));
	ROW("none", fcntl(ends[0], F_GETOWN), 0);
	ROW("getsig_none", fcntl(ends[0], F_GETSIG), 0);
	ROW("set", sys(SYS_fcntl, ends[0], F_SETOWN, getpid()), 0);
	ROW("get", sys(SYS_fcntl, ends[0], F_GETOWN), getpid());
	ROW("set_group", sys(SYS_fcntl, ends[0], F_SETOWN, -getpgrp()), 0);
	ROW("get_ex", sys(SYS_fcntl, ends[0], F_GETOWN_EX, &ex), 0);
	ROW("ex_type", ex.type, F_OWNER_PGRP);
	ROW("ex_pid", ex.pid, getpgrp());
	ROW("unknown", sys(SYS_fcntl, ends[0], F_SETOWN, 999999), -ESRCH);
	ROW("unknown_group", sys(SYS_fcntl, ends[0], F_SETOWN, -999999), -ESRCH);
	ROW("least", sys(SYS_fcntl, ends[0], F_SETOWN, INT32_MIN), -EINVAL);
	ex = (struct f_owner_ex){ 3, getpid() };
	ROW("ex_bad_type", sys(SYS_fcntl, ends[0], F_SETOWN_EX, &ex), -EINVAL);
	ex = (struct f_owner_ex){ F_OWNER_PID, 999999 };
	ROW("ex_unknown", sys(SYS_fcntl, ends[0], F_SETOWN_EX, &ex), -ESRCH);
	ROWS_EFAULT("set_ex", 8, sys(SYS_fcntl, ends[0], F_SETOWN_EX, p));
	ROWS_EFAULT("get_ex", 8, sys(SYS_fcntl, ends[0], F_GETOWN_EX, p));
	ROW("setsig_bad", sys(SYS_fcntl, ends[0], F_SETSIG, 65), -EINVAL);
	ROW("setsig_negative", sys(SYS_fcntl, ends[0], F_SETSIG, -1), -EINVAL);
	ROW("clear", sys(SYS_fcntl, ends[0], F_SETOWN, 0), 0);
	ROW("cleared", sys(SYS_fcntl, ends[0], F_GETOWN), 0);
	/* Without an owner nobody hears. */
	MUST(fcntl(ends[0], F_SETFL, O_ASYNC));
	write(ends[1], "x", 1);
	ROW("nobody", came(0), 0);
	/* The whole group. */
	pid_t pid = SPAWN(_exit(came(10)));
	setpgid(pid, pid);
	MUST(fcntl(ends[0], F_SETOWN, -pid));
	until_state(pid, 'S');
	write(ends[1], "x", 1);
	ROW("group", wait_status(pid), EXITED(SIGIO));
	ROW("group_only", came(0), 0);
	pid = SPAWN(_exit(came(10)));
	setpgid(pid, pid);
	MUST(fcntl(ends[0], F_SETSIG, RTSIG));
	MUST(fcntl(ends[0], F_SETOWN, -pid));
	until_state(pid, 'S');
	write(ends[1], "x", 1);
	ROW("group_queued", wait_status(pid), EXITED(RTSIG));
	/* Somebody else's process is not signalled. */
	pid = SPAWN(become(OTHER); _exit(came(1)));
	CHILD({
		become(USER);
		MUST(fcntl(ends[0], F_SETOWN, pid));
	});
	until_state(pid, 'S');
	write(ends[1], "x", 1);
	ROW("not_allowed", wait_status(pid), EXITED(0));
	ROW("regular_flag", fcntl(file_with("f", "x", 1), F_SETFL, O_ASYNC), 0);
	ROW("regular_no_flag", fcntl(file_with("f", "x", 1), F_GETFL) & O_ASYNC, 0);
	int file = file_with("g", "x", 1), on = 1;
	fcntl(file, F_SETFL, O_ASYNC);
	ROW("not_kept", fcntl(file, F_GETFL) & O_ASYNC, 0);
	ROW("fioasync_refused", sys(SYS_ioctl, file, FIOASYNC, &on), -ENOTTY);
}

static int thread_ends[2];
static volatile pid_t thread_id;

static void *waiter(void *arg)
{
	(void)arg;
	__atomic_store_n(&thread_id, gettid(), __ATOMIC_SEQ_CST);
	return (void *)(long)came(10);
}

static void group_thread(void)
{
	pthread_t thread;
	void *result;

	block();
	MUST(pipe(thread_ends));
	pthread_create(&thread, NULL, waiter, NULL);
	EVENTUALLY(thread_id != 0);
	struct f_owner_ex ex = { F_OWNER_TID, thread_id };
	ROW("set_tid", sys(SYS_fcntl, thread_ends[0], F_SETOWN_EX, &ex), 0);
	fcntl(thread_ends[0], F_SETFL, O_ASYNC);
	write(thread_ends[1], "x", 1);
	/* To the thread alone: the process has it not pending. */
	ROW("not_here", came(0), 0);
	pthread_join(thread, &result);
	ROW("there", (long)result, SIGIO);
}

static void group_sockets(void)
{
	char buf[100];
	int ends[2];

	block();
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends));
	set_async(ends[0], RTSIG);
	write(ends[1], "x", 1);
	ROW("data", came(0), RTSIG);
	ROW("code", info.si_code, POLL_IN);
	ROW("fd", info.si_fd, ends[0]);
	while (came(0))
		;
	read(ends[0], buf, 1);
	close(ends[1]);
	ROW("closed", came(0), RTSIG);
	ROW("closed_code", info.si_code, POLL_HUP);
	ROW("closed_band", info.si_band, POLLHUP | POLLERR);
}

static void group_terminal(void)
{
	struct termios raw;
	int master, slave;
	char buf[100];

	block();
	if (openpty(&master, &slave, NULL, NULL, NULL))
		_exit(1);
	tcgetattr(slave, &raw);
	cfmakeraw(&raw);
	tcsetattr(slave, TCSANOW, &raw);
	set_async(slave, RTSIG);
	while (came(0))
		;
	write(master, "x", 1);
	ROW("input", came(10), RTSIG);
	ROW("input_code", info.si_code, POLL_IN);
	ROW("input_fd", info.si_fd, slave);
	read(slave, buf, 1);
	fcntl(slave, F_SETFL, 0);
	while (came(0))
		;
	set_async(master, RTSIG);
	write(slave, "y", 1);
	int sig, code = 0;
	while ((sig = came(10)) && (code = info.si_code) != POLL_IN)
		;
	ROW("output", sig, RTSIG);
	ROW("output_code", code, POLL_IN);
	ROW("output_fd", info.si_fd, master);
	/* Without an owner the one who asks becomes it. */
	if (openpty(&master, &slave, NULL, NULL, NULL))
		_exit(1);
	fcntl(slave, F_SETFL, O_ASYNC);
	ROW("owner", fcntl(slave, F_GETOWN), getpid());
	write(master, "x\n", 2);
	ROW("line", came(10), SIGIO);
	/* A hang-up ends it. */
	CHILD({
		setsid();
		ioctl(slave, TIOCSCTTY, 0);
		signal(SIGHUP, SIG_IGN);
		fcntl(slave, F_SETFL, O_ASYNC);
		vhangup();
	});
	ROW("close_after_hangup", close(slave), 0);
}

/* ---- directories ---- */

static void arm(int dir, unsigned long what)
{
	MUST(fcntl(dir, F_SETSIG, RTSIG));
	MUST(sys(SYS_fcntl, dir, F_NOTIFY, what));
}

static int told(int dir)
{
	int n = 0;

	while (came(0) == RTSIG)
		n += info.si_fd == dir && info.si_code == POLL_MSG;
	return n;
}

static void group_directory(void)
{
	char buf[10];
	int dir, file, other;

	block();
	mkdir("d", 0755);
	mkdir("e", 0755);
	dir = MUST(open("d", O_RDONLY | O_DIRECTORY));
	file = file_with("f", "x", 1);
	ROW("not_dir", sys(SYS_fcntl, file, F_NOTIFY, DN_CREATE), -ENOTDIR);
	/* No event at all is known by this bit: it must not keep the file system from its end. */
	MUST(mkdir("m", 0700));
	MUST(mount("tmpfs", "m", "tmpfs", 0, ""));
	int root = MUST(open("m", O_RDONLY));
	ROW("unknown", sys(SYS_fcntl, root, F_NOTIFY, 0x100), 0);
	ROW("unknown_close", close(root), 0);
	ROW("unknown_unmount", sys(SYS_umount2, "m", 0), 0);
	ROW("not_dir_0", sys(SYS_fcntl, file, F_NOTIFY, 0), 0);
	ROW("o_path", sys(SYS_fcntl, MUST(open("d", O_PATH)), F_NOTIFY, DN_CREATE), -EBADF);
	arm(dir, DN_CREATE);
	ROW("owner", fcntl(dir, F_GETOWN), getpid());
	make_file("d/a", "x");
	ROW("create", told(dir), 1);
	make_file("d/b", "x");
	ROW("only_once", told(dir), 0);
	arm(dir, DN_CREATE | DN_MULTISHOT);
	make_file("d/c", "x");
	ROW("multi_1", told(dir), 1);
	mkdir("d/m", 0755);
	ROW("multi_2", told(dir), 1);
	rename("f", "d/f");
	ROW("moved_in", told(dir), 1);
	link("d/f", "d/g");
	ROW("link", told(dir), 1);
	unlink("d/g");
	ROW("not_asked", told(dir), 0);
	ROW("end", sys(SYS_fcntl, dir, F_NOTIFY, 0), 0);
	make_file("d/h", "x");
	ROW("ended", told(dir), 0);
	arm(dir, DN_DELETE | DN_MULTISHOT);
	unlink("d/h");
	ROW("delete", told(dir), 1);
	rename("d/c", "e/c");
	ROW("moved_out", told(dir), 1);
	rmdir("d/m");
	ROW("rmdir", told(dir), 1);
	sys(SYS_fcntl, dir, F_NOTIFY, 0);
	arm(dir, DN_RENAME | DN_MULTISHOT);
	rename("d/a", "d/z");
	ROW("rename", told(dir), 1);
	rename("d/z", "e/z");
	ROW("rename_out", told(dir), 0);
	rename("e/z", "d/z");
	ROW("rename_in", told(dir), 0);
	sys(SYS_fcntl, dir, F_NOTIFY, 0);
	arm(dir, DN_MODIFY | DN_MULTISHOT);
	file = MUST(open("d/z", O_RDWR));
	write(file, "y", 1);
	ROW("modify", told(dir), 1);
	ftruncate(file, 0);
	ROW("truncate", told(dir), 1);
	sys(SYS_fcntl, dir, F_NOTIFY, 0);
	arm(dir, DN_ACCESS | DN_MULTISHOT);
	write(file, "abc", 3);
	ROW("access_not", told(dir), 0);
	pread(file, buf, 1, 0);
	ROW("access", told(dir), 1);
	sys(SYS_fcntl, dir, F_NOTIFY, 0);
	arm(dir, DN_ATTRIB | DN_MULTISHOT);
	chmod("d/z", 0600);
	ROW("attrib", told(dir), 1);
	chmod("d", 0700);
	ROW("attrib_self", told(dir), 1);
	/* Joined, not replaced. */
	arm(dir, DN_CREATE);
	make_file("d/j", "");
	ROW("joined_create", told(dir), 1);
	chmod("d/j", 0600);
	ROW("joined_attrib", told(dir), 1);
	/* Two descriptors. */
	other = MUST(open("d", O_RDONLY));
	arm(other, DN_CREATE | DN_MULTISHOT);
	make_file("d/k", "");
	int here = 0, there = 0;
	while (came(0)) {
		here += info.si_fd == dir;
		there += info.si_fd == other;
	}
	ROW("both_dir", here, 1);
	ROW("both_other", there, 1);
	close(other);
	make_file("d/l", "");
	ROW("other_closed", told(other), 0);
	close(dir);
	make_file("d/n", "");
	ROW("closed", came(0), 0);
	/* One that dies with it armed. */
	CHILD(arm(MUST(open("d", O_RDONLY)), DN_CREATE | DN_MULTISHOT));
	make_file("d/o", "");
	ROW("ended_with_process", came(0), 0);
	unlink("d/o");
	dir = MUST(open("e", O_RDONLY));
	MUST(fcntl(dir, F_SETSIG, 0));
	MUST(sys(SYS_fcntl, dir, F_NOTIFY, DN_CREATE));
	make_file("e/new", "");
	ROW("plain_signal", came(0), SIGIO);
}

static void group_leases(void)
{
	int file = file_with("f", "x", 1), dir = MUST(open(".", O_RDONLY)), ends[2];

	MUST(pipe(ends));
	ROW("none", sys(SYS_fcntl, file, F_GETLEASE), F_UNLCK);
	ROW("remove_none", sys(SYS_fcntl, file, F_SETLEASE, F_UNLCK), -EAGAIN);
	ROW("bad_kind", sys(SYS_fcntl, file, F_SETLEASE, 77), -EINVAL);
	ROW("directory", sys(SYS_fcntl, dir, F_SETLEASE, F_RDLCK), -EINVAL);
	ROW("pipe", sys(SYS_fcntl, ends[0], F_SETLEASE, F_RDLCK), -EINVAL);
	ROW("o_path", sys(SYS_fcntl, MUST(open("f", O_PATH)), F_SETLEASE, F_RDLCK), -EBADF);
	chmod("f", 0666);
	ROW_AS(USER, "not_owner", sys(SYS_fcntl, file, F_SETLEASE, F_RDLCK), -EACCES);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "async");
	GROUP(group_pipe);
	GROUP(group_owner);
	GROUP(group_thread);
	GROUP(group_sockets);
	GROUP(group_terminal);
	GROUP(group_directory);
	GROUP(group_leases);
	return finish();
}
