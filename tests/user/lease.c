/*
 * Leases: who gets one, what they tell of those who open and truncate, how long these wait, and what ends
 * a lease.
 */
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include "row.h"

#define NAME "file"

static int leased(int flags, int type)
{
	make_file(NAME, "text");
	int fd = (int)MUST(open(NAME, flags | O_CLOEXEC));

	MUST(sys(SYS_fcntl, fd, F_SETLEASE, type));
	return fd;
}

static long set(int fd, int type)
{
	return sys(SYS_fcntl, fd, F_SETLEASE, type);
}

static long get(int fd)
{
	return sys(SYS_fcntl, fd, F_GETLEASE);
}

/* A descriptor, closed again, or the error. */
static long try_open(int flags)
{
	long fd = sys(SYS_open, NAME, flags);

	if (fd < 0)
		return fd;
	close((int)fd);
	return 0;
}

static void block(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Takes the signal that is pending; 0 if there is none within `seconds`. */
static int taken(int sig, int seconds, siginfo_t *info)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	return sigtimedwait(&set, info, &(struct timespec){ seconds, 0 }) == sig ? sig : 0;
}

static void group_arguments(void)
{
	make_file(NAME, "text");
	int fd = (int)MUST(open(NAME, O_RDONLY)), ends[2];

	ROW("none", get(fd), F_UNLCK);
	ROW("unlock_none", set(fd, F_UNLCK), -EAGAIN);
	ROW("type", set(fd, 3), -EINVAL);
	ROW("type_negative", set(fd, -1), -EINVAL);
	ROW_AS(USER, "not_owner", set(fd, F_RDLCK), -EACCES);
	ROW_AS(USER, "not_owner_type", set(fd, 3), -EINVAL);
	ROW_AS(USER, "not_owner_get", get(fd), F_UNLCK);
	ROW_AS(USER, "not_owner_unlock", set(fd, F_UNLCK), -EACCES);
	MUST(chown(NAME, USER, USER));
	ROW_AS(USER, "owner", set(fd, F_RDLCK), 0);
	int dir = (int)MUST(open(".", O_RDONLY | O_DIRECTORY));
	ROW("directory", set(dir, F_RDLCK), -EINVAL);
	ROW("directory_get", get(dir), F_UNLCK);
	int device = (int)MUST(open("/dev/null", O_RDONLY));
	ROW("device", set(device, F_RDLCK), -EINVAL);
	MUST(pipe(ends));
	ROW("pipe", set(ends[0], F_RDLCK), -EINVAL);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	ROW("socket", set(ends[0], F_RDLCK), -EINVAL);
	int path = (int)MUST(open(NAME, O_PATH));
	ROW("path", set(path, F_RDLCK), -EBADF);
	ROW("path_get", get(path), -EBADF);
	ROW("closed", set(-1, F_RDLCK), -EBADF);
	int memory = (int)MUST(sys(SYS_memfd_create, "m", 0));
	ROW("memfd_write", set(memory, F_WRLCK), -EAGAIN);
}

static void group_set(void)
{
	make_file(NAME, "text");
	int reader = (int)MUST(open(NAME, O_RDONLY));

	ROW("read", set(reader, F_RDLCK), 0);
	ROW("read_get", get(reader), F_RDLCK);
	ROW("read_again", set(reader, F_RDLCK), 0);
	ROW("to_write", set(reader, F_WRLCK), 0);
	ROW("to_write_get", get(reader), F_WRLCK);
	ROW("to_read", set(reader, F_RDLCK), 0);
	int second = (int)MUST(open(NAME, O_RDONLY));
	ROW("second", set(second, F_RDLCK), 0);
	ROW("write_beside", set(second, F_WRLCK), -EAGAIN);
	ROW("both", get(reader), F_RDLCK);
	close(second);
	int copy = (int)MUST(dup(reader));
	ROW("copy_get", get(copy), F_RDLCK);
	close(reader);
	ROW("copy_keeps", get(copy), F_RDLCK);
	ROW("unlock", set(copy, F_UNLCK), 0);
	ROW("unlock_get", get(copy), F_UNLCK);
	ROW("unlock_again", set(copy, F_UNLCK), -EAGAIN);
	close(copy);

	int writer = (int)MUST(open(NAME, O_RDWR));
	ROW("writer_read", set(writer, F_RDLCK), -EAGAIN);
	ROW("writer_write", set(writer, F_WRLCK), 0);
	ROW("writer_get", get(writer), F_WRLCK);
	ROW("writer_less", set(writer, F_RDLCK), -EAGAIN);
	ROW("writer_unlock", set(writer, F_UNLCK), 0);
	int other = (int)MUST(open(NAME, O_RDONLY));
	ROW("other_reads", set(writer, F_WRLCK), -EAGAIN);
	ROW("writer_there", set(other, F_RDLCK), -EAGAIN);
	close(writer);
	ROW("writer_gone", set(other, F_RDLCK), 0);
	close(other);
	int write_only = (int)MUST(open(NAME, O_WRONLY));
	ROW("write_only", set(write_only, F_WRLCK), 0);
}

static void group_nonblocking(void)
{
	int fd = leased(O_RDONLY, F_WRLCK);

	block(SIGIO);
	ROW("owner", sys(SYS_fcntl, fd, F_GETOWN), getpid());
	ROW("open", try_open(O_RDONLY | O_NONBLOCK), -EWOULDBLOCK);
	ROW("signal", taken(SIGIO, 10, NULL), SIGIO);
	ROW("wanted", get(fd), F_RDLCK);
	ROW("again", try_open(O_RDONLY | O_NONBLOCK), -EWOULDBLOCK);
	ROW("no_signal", taken(SIGIO, 0, NULL), 0);
	ROW("less", set(fd, F_RDLCK), 0);
	ROW("less_get", get(fd), F_RDLCK);
	ROW("open_now", try_open(O_RDONLY | O_NONBLOCK), 0);
	ROW("write", try_open(O_WRONLY | O_NONBLOCK), -EWOULDBLOCK);
	ROW("write_signal", taken(SIGIO, 10, NULL), SIGIO);
	ROW("write_wanted", get(fd), F_UNLCK);
	ROW("keep", set(fd, F_RDLCK), 0);
	ROW("keep_wanted", get(fd), F_UNLCK);
	ROW("write_again", try_open(O_RDWR | O_NONBLOCK), -EWOULDBLOCK);
	ROW("unlock", set(fd, F_UNLCK), 0);
	ROW("write_now", try_open(O_WRONLY | O_NONBLOCK), 0);
	ROW("no_owner", sys(SYS_fcntl, fd, F_GETOWN), 0);
	close(fd);

	fd = leased(O_RDONLY, F_RDLCK);
	ROW("truncating", try_open(O_RDONLY | O_TRUNC | O_NONBLOCK), 0);
	ROW("path", try_open(O_PATH | O_NONBLOCK), 0);
	ROW("create", try_open(O_WRONLY | O_CREAT | O_NONBLOCK), -EWOULDBLOCK);
	close(fd);
	ROW("closed", try_open(O_WRONLY | O_NONBLOCK), 0);
}

static void group_signal(void)
{
	int fd = leased(O_RDONLY, F_RDLCK);
	siginfo_t info = { 0 };

	block(SIGRTMIN);
	ROW("set", sys(SYS_fcntl, fd, F_SETSIG, SIGRTMIN), 0);
	ROW("open", try_open(O_WRONLY | O_NONBLOCK), -EWOULDBLOCK);
	ROW("taken", taken(SIGRTMIN, 10, &info), SIGRTMIN);
	ROW("code", info.si_code, POLL_MSG);
	ROW("fd", info.si_fd, fd);
	ROW("band", info.si_band, POLLIN | POLLRDNORM | 0x400);
	ROW("unlock", set(fd, F_UNLCK), 0);
	ROW("signal_gone", sys(SYS_fcntl, fd, F_GETSIG), 0);
}

/* What a child does meanwhile waits. */
static bool waits(pid_t pid)
{
	return until_state(pid, 'S');
}

static void group_waiting(void)
{
	int fd = leased(O_RDONLY, F_WRLCK);
	int status;

	block(SIGIO);
	pid_t pid = SPAWN(_exit(try_open(O_RDONLY) == 0 ? 7 : 8));
	ROW("told", taken(SIGIO, 30, NULL), SIGIO);
	ROW_TRUE("waits", waits(pid));
	ROW("less", set(fd, F_RDLCK), 0);
	ROW("opened", wait_status(pid), EXITED(7));
	pid = SPAWN(_exit(try_open(O_RDWR) == 0 ? 7 : 8));
	ROW("told_write", taken(SIGIO, 30, NULL), SIGIO);
	ROW_TRUE("waits_write", waits(pid));
	ROW("keeps_waiting", sys(SYS_wait4, pid, &status, WNOHANG, NULL), 0);
	close(fd);
	ROW("opened_write", wait_status(pid), EXITED(7));

	fd = leased(O_RDONLY, F_RDLCK);
	pid = SPAWN(_exit(sys(SYS_truncate, NAME, 1) == 0 ? 7 : 8));
	ROW("told_truncate", taken(SIGIO, 30, NULL), SIGIO);
	ROW_TRUE("waits_truncate", waits(pid));
	ROW("unlock", set(fd, F_UNLCK), 0);
	ROW("truncated", wait_status(pid), EXITED(7));
	ROW("size", lseek(fd, 0, SEEK_END), 1);
	close(fd);

	/* All of them, of many. */
	int first = leased(O_RDONLY, F_RDLCK), second = (int)MUST(open(NAME, O_RDONLY));
	MUST(set(second, F_RDLCK));
	pid = SPAWN(_exit(try_open(O_WRONLY) == 0 ? 7 : 8));
	ROW("told_first", taken(SIGIO, 30, NULL), SIGIO);
	ROW_TRUE("both_breaking", EVENTUALLY(get(first) == F_UNLCK && get(second) == F_UNLCK));
	set(first, F_UNLCK);
	ROW_TRUE("waits_for_second", waits(pid) && waitpid(pid, &status, WNOHANG) == 0);
	set(second, F_UNLCK);
	ROW("both_gone", wait_status(pid), EXITED(7));
}

static void on_signal(int sig)
{
	(void)sig;
}

static void group_interrupted(void)
{
	leased(O_RDONLY, F_WRLCK);
	block(SIGIO);
	pid_t pid =
		SPAWN(struct sigaction act = { .sa_handler = on_signal };
		      sigaction(SIGUSR1, &act, NULL); _exit(try_open(O_RDONLY) == -EINTR ? 7 : 8));
	ROW("told", taken(SIGIO, 30, NULL), SIGIO);
	ROW_TRUE("waits", waits(pid));
	kill(pid, SIGUSR1);
	ROW("ends", wait_status(pid), EXITED(7));
}

static void sysctl(const char *name, const char *value)
{
	int fd = (int)MUST(open(named("/proc/sys/fs/%s", name), O_WRONLY));

	MUST(write(fd, value, strlen(value)));
	close(fd);
}

static void group_settings(void)
{
	char text[32] = "";

	slurp("/proc/sys/fs/lease-break-time", text, sizeof(text));
	ROW("time", atoi(text), 45);
	slurp("/proc/sys/fs/leases-enable", text, sizeof(text));
	ROW("enabled", atoi(text), 1);
	int fd = leased(O_RDONLY, F_WRLCK);
	block(SIGIO);
	sysctl("lease-break-time", "1");
	int64_t start = now_ns(CLOCK_MONOTONIC);
	ROW("by_force", try_open(O_RDONLY), 0);
	ROW_TRUE("after", now_ns(CLOCK_MONOTONIC) - start > 900 * 1000000ll);
	ROW("less", get(fd), F_RDLCK);
	ROW("by_force_write", try_open(O_WRONLY), 0);
	ROW("gone", get(fd), F_UNLCK);
	ROW("gone_unlock", set(fd, F_UNLCK), -EAGAIN);
	ROW("gone_owner", sys(SYS_fcntl, fd, F_GETOWN), 0);
	sysctl("lease-break-time", "45");
	sysctl("leases-enable", "0");
	ROW("disabled", set(fd, F_RDLCK), -EINVAL);
	sysctl("leases-enable", "1");
}

/* The line of our lease in /proc/locks begins so. */
static bool listed(const char *how)
{
	static char text[65536];
	const char *line;

	slurp("/proc/locks", text, sizeof(text));
	line = strstr(text, named("%s %d ", how, getpid()));
	return line && strstr(line, "0 EOF") && strstr(line, "0 EOF") < strchr(line, '\n');
}

static void group_listed(void)
{
	int fd = leased(O_RDONLY, F_WRLCK);

	block(SIGIO);
	ROW_TRUE("write", listed("LEASE  ACTIVE    WRITE"));
	try_open(O_RDONLY | O_NONBLOCK);
	ROW_TRUE("to_read", listed("LEASE  BREAKING  READ"));
	set(fd, F_RDLCK);
	ROW_TRUE("read", listed("LEASE  ACTIVE    READ"));
	try_open(O_WRONLY | O_NONBLOCK);
	ROW_TRUE("to_unlock", listed("LEASE  BREAKING  UNLCK"));
}

/* A lease is of the open file: children have it too, and the last to close it ends it. */
static void group_inherited(void)
{
	int fd = leased(O_RDONLY, F_RDLCK), ends[2];
	char byte;

	block(SIGIO);
	MUST(pipe(ends));
	pid_t pid =
		SPAWN(close(ends[1]); read(ends[0], &byte, 1); _exit(get(fd) == F_RDLCK ? 7 : 8));
	close(fd);
	ROW("still", try_open(O_WRONLY | O_NONBLOCK), -EWOULDBLOCK);
	ROW("told", taken(SIGIO, 10, NULL), SIGIO);
	kill(pid, SIGKILL);
	wait_status(pid);
	ROW("gone", try_open(O_WRONLY | O_NONBLOCK), 0);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "lease");
	GROUP(group_arguments);
	GROUP(group_set);
	GROUP(group_nonblocking);
	GROUP(group_signal);
	GROUP(group_waiting);
	GROUP(group_interrupted);
	GROUP_ALONE(group_settings);
	GROUP(group_listed);
	GROUP(group_inherited);
	return finish();
}
