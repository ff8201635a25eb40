/*
 * Rows: what every user-space test is made of.
 *
 * A program is one family of system calls, a group is one function of it, a row is one call with
 * the value it must return:
 *
 *	static void group_dup(void)
 *	{
 *		ROW("closed", sys(SYS_dup, 99), -EBADF);
 *	}
 *	int main(int argc, char **argv)
 *	{
 *		begin(argc, argv, "files");
 *		GROUP(group_dup);
 *		return finish();
 *	}
 *
 * prints "ok files.dup.closed", or "not ok files.dup.closed: got 3 expected EBADF", and at the end
 * "user: N passed, N failed".
 *
 * sys() is the bare system call and returns what the kernel returned: a negative errno is an error.
 * libc's wrappers are used where they do not matter. Each group runs in a process and a session of
 * its own, as root, in an empty directory on a tmpfs of its own, with standard input and output on
 * /dev/null, no core dumps and a umask of 022; what it opens, maps, blocks or changes ends with it.
 * A group that dies or hangs is a failed row. Rows may be printed from children too.
 *
 * Pointers: `edge` is the first byte of a page that nobody may touch; the pages before it are
 * writable. The macros below try a call with pointers there and want EFAULT.
 */
#ifndef ROW_H
#define ROW_H

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
/* A user without privilege, and another. */
#define USER 1000
#define OTHER 1001
/* Where rows are printed: out of the way of tests that count descriptors. */
#define ROW_FD 900
#define GROUP_SECONDS 120

struct row_counts {
	unsigned passed, failed;
	char last[128];
};

static struct row_counts *row_counts;
static const char *row_family, *row_group = "";
static char row_dir[64];
static char *edge;
static pid_t row_main_pid;

/* ---- the bare system call ---- */

static inline long sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

#define sys_pick(nr, a, b, c, d, e, f, ...)                                                        \
	sys6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define sys(...) sys_pick(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

/* ---- rows ---- */

static const char *row_value(char *text, size_t size, long value)
{
	const char *name = value < 0 && value > -4096 ? strerrorname_np(-value) : NULL;

	if (name)
		snprintf(text, size, "%s", name);
	else
		snprintf(text, size, "%ld", value);
	return text;
}

__attribute__((format(printf, 1, 2))) static void row_print(const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	int len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (len > (int)sizeof(line) - 1)
		len = sizeof(line) - 1;
	/* One write a line: lines of several processes do not mix. */
	if (write(ROW_FD, line, len) != len)
		_exit(120);
}

static bool row(const char *name, long got, long expected)
{
	char is[32], want[32];

	snprintf(row_counts->last, sizeof(row_counts->last), "%s", name);
	if (got == expected) {
		__atomic_fetch_add(&row_counts->passed, 1, __ATOMIC_RELAXED);
		row_print("ok %s.%s.%s\n", row_family, row_group, name);
		return true;
	}
	__atomic_fetch_add(&row_counts->failed, 1, __ATOMIC_RELAXED);
	row_print("not ok %s.%s.%s: got %s expected %s\n", row_family, row_group, name,
		  row_value(is, sizeof(is), got), row_value(want, sizeof(want), expected));
	return false;
}

__attribute__((format(printf, 1, 2))) static const char *named(const char *format, ...)
{
	static char name[4][128];
	static unsigned turn;
	char *to = name[turn++ % 4];
	va_list args;

	va_start(args, format);
	vsnprintf(to, sizeof(name[0]), format, args);
	va_end(args);
	return to;
}

#define ROW(name, call, expected) row(name, (long)(call), (long)(expected))
/* The value does not matter, only that it is no error; and a plain condition. */
#define ROW_OK(name, call)                                                                         \
	({                                                                                         \
		long row_ret = (long)(call);                                                       \
		row(name, row_ret<0 && row_ret> - 4096 ? row_ret : 0, 0);                          \
		row_ret;                                                                           \
	})
#define ROW_TRUE(name, condition) row(name, !!(condition), 1)

/* What a step that is no row itself needs: the group ends if it fails. */
#define MUST(call)                                                                                 \
	({                                                                                         \
		long must_ret = (long)(call);                                                      \
		if (must_ret < 0 && must_ret > -4096) {                                            \
			row(named("line %d: %s", __LINE__, #call), must_ret, 0);                   \
			_exit(1);                                                                  \
		}                                                                                  \
		must_ret;                                                                          \
	})

/* ---- children ---- */

#define EXITED(code) ((code) << 8)
#define KILLED(sig) (sig)

static int wait_status(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* Runs statements in a child and is its wait status; falling off the end is exit(0). */
#define CHILD(...)                                                                                 \
	({                                                                                         \
		pid_t child_pid = fork();                                                          \
		if (!child_pid) {                                                                  \
			__VA_ARGS__;                                                               \
			_exit(0);                                                                  \
		}                                                                                  \
		wait_status(child_pid);                                                            \
	})

/* The same without waiting: is its pid. */
#define SPAWN(...)                                                                                 \
	({                                                                                         \
		pid_t child_pid = fork();                                                          \
		if (!child_pid) {                                                                  \
			__VA_ARGS__;                                                               \
			_exit(0);                                                                  \
		}                                                                                  \
		child_pid;                                                                         \
	})

static void become(uid_t uid)
{
	if (sys(SYS_setgroups, 0, NULL) || sys(SYS_setresgid, uid, uid, uid) ||
	    sys(SYS_setresuid, uid, uid, uid))
		_exit(119);
}

/* A row whose call is made by a user without privilege. */
#define ROW_AS(uid, name, call, expected) CHILD(become(uid); ROW(name, call, expected))

static void sleep_ms(long ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

static int64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

/* Waits up to ten seconds for something that another process brings about. */
#define EVENTUALLY(condition)                                                                      \
	({                                                                                         \
		bool came = false;                                                                 \
		for (int turn = 0; !(came = (condition)) && turn < 1000; turn++)                   \
			sleep_ms(10);                                                              \
		came;                                                                              \
	})

/* The state letter in /proc/PID/stat, or 0 where there is no such process. */
static char process_state(pid_t pid)
{
	char path[32], text[256];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = 0;
	char *end = strrchr(text, ')');
	return end && end[1] ? end[2] : 0;
}

/* Until it sleeps: then it has reached the call that the test is about. */
static bool until_state(pid_t pid, char state)
{
	return EVENTUALLY(process_state(pid) == state);
}

/* ---- programs at the same time ---- */

/*
 * For the rest of the program: alone (LOCK_EX) among those that use the same machine-wide thing, or with those that
 * do not change it (LOCK_SH).
 */
static void take_turns(const char *thing, int how)
{
	int fd = open(named("/row-lock-%s", thing), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int high = fcntl(fd, F_DUPFD_CLOEXEC, ROW_FD - 10);

	close(fd);
	while (flock(high, how) && errno == EINTR)
		;
}

/* ---- files ---- */

static int file_with(const char *name, const void *data, size_t len)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET)) {
		row(named("cannot make %s", name), -errno, 0);
		_exit(1);
	}
	return fd;
}

static void make_file(const char *name, const char *text)
{
	close(file_with(name, text, strlen(text)));
}

static ssize_t slurp(const char *name, char *text, size_t size)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0, got;

	if (fd < 0)
		return -errno;
	while (n < (ssize_t)size - 1 && (got = read(fd, text + n, size - 1 - n)) > 0)
		n += got;
	close(fd);
	text[n] = 0;
	return n;
}

/* ---- bad pointers: `p` is the pointer in the call ---- */

#define KERNEL_POINTER ((void *)0xffff888000000000ul)
/* Ends n bytes of an object at the untouchable page, all but its last byte before it. */
#define LAST_OUTSIDE(n) ((void *)(edge - (n) + 1))
/* n bytes lying across the border of two good pages. */
#define ACROSS(n) ((void *)(edge - PAGE - (n) / 2))

#define ROWS_EFAULT(name, n, call)                                                                 \
	do {                                                                                       \
		void *p = edge;                                                                    \
		ROW(name ".efault_first", call, -EFAULT);                                          \
		if ((n) > 1) {                                                                     \
			p = LAST_OUTSIDE(n);                                                       \
			ROW(name ".efault_last", call, -EFAULT);                                   \
		}                                                                                  \
		p = KERNEL_POINTER;                                                                \
		ROW(name ".efault_kernel", call, -EFAULT);                                         \
	} while (0)

/* The same for a call that knows its object is n bytes long and works when they cross a page. */
#define ROWS_POINTER(name, n, call, expected)                                                      \
	do {                                                                                       \
		ROWS_EFAULT(name, n, call);                                                        \
		void *p = ACROSS(n);                                                               \
		memset(p, 0, n);                                                                   \
		ROW(name ".across_pages", call, expected);                                         \
	} while (0)

static char *string_across(const char *text)
{
	return strcpy(edge - PAGE - strlen(text) / 2, text);
}

static char *string_outside(void)
{
	return memset(edge - 5, 'u', 5);
}

#define ROWS_STRING_EFAULT(name, call)                                                             \
	do {                                                                                       \
		const char *p = edge;                                                              \
		ROW(name ".efault_first", call, -EFAULT);                                          \
		p = string_outside();                                                              \
		ROW(name ".efault_unterminated", call, -EFAULT);                                   \
		p = KERNEL_POINTER;                                                                \
		ROW(name ".efault_kernel", call, -EFAULT);                                         \
	} while (0)

/* Makes in the current directory what ROWS_PATH refers to. */
static void make_path_things(void)
{
	make_file("p-file", "x");
	mkdir("p-locked", 0700);
	make_file("p-locked/inside", "x");
	chmod("p-locked/inside", 0666);
	if (symlink("p-loop", "p-loop") < 0 && errno != EEXIST)
		_exit(1);
}

static char *long_path(size_t len, size_t component)
{
	static char path[8192];

	memset(path, 'a', len);
	for (size_t at = component; at < len; at += component + 1)
		path[at] = '/';
	path[len] = 0;
	return path;
}

/*
 * What every call that walks a path answers to bad ones. empty: what "" gives (ENOENT nearly
 * always).
 */
#define ROWS_PATH(name, call, empty)                                                               \
	do {                                                                                       \
		make_path_things();                                                                \
		ROWS_STRING_EFAULT(name, call);                                                    \
		const char *p = "";                                                                \
		ROW(name ".empty", call, empty);                                                   \
		p = "p-missing/x";                                                                 \
		ROW(name ".parent_missing", call, -ENOENT);                                        \
		p = "p-file/x";                                                                    \
		ROW(name ".parent_not_dir", call, -ENOTDIR);                                       \
		p = "p-loop/x";                                                                    \
		ROW(name ".parent_loop", call, -ELOOP);                                            \
		p = long_path(256, 256);                                                           \
		ROW(name ".component_256", call, -ENAMETOOLONG);                                   \
		p = long_path(5000, 100);                                                          \
		ROW(name ".path_5000", call, -ENAMETOOLONG);                                       \
		p = long_path(4096, 100);                                                          \
		ROW(name ".path_4096", call, -ENAMETOOLONG);                                       \
		p = long_path(4095, 100);                                                          \
		ROW(name ".path_4095", call, -ENOENT);                                             \
		p = "p-locked/inside";                                                             \
		CHILD(become(USER); ROW(name ".parent_locked", call, -EACCES));                    \
	} while (0)

/* What every call on a descriptor answers to bad ones; `fd` is the descriptor in the call. */
#define ROWS_FD(name, call)                                                                        \
	do {                                                                                       \
		int fd = -1;                                                                       \
		ROW(name ".fd_negative", call, -EBADF);                                            \
		fd = 777;                                                                          \
		ROW(name ".fd_closed", call, -EBADF);                                              \
		fd = 0x7fffffff;                                                                   \
		ROW(name ".fd_huge", call, -EBADF);                                                \
	} while (0)

#define ROWS_FD_PATH(name, call)                                                                   \
	do {                                                                                       \
		ROWS_FD(name, call);                                                               \
		int fd = open("/", O_PATH | O_CLOEXEC);                                            \
		ROW(name ".fd_o_path", call, -EBADF);                                              \
		close(fd);                                                                         \
	} while (0)

/* ---- the frame around it ---- */

static void row_map_edge(void)
{
	char *pages =
		mmap(NULL, 17 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED || mprotect(pages + 16 * PAGE, PAGE, PROT_NONE)) {
		perror("row: mmap");
		exit(2);
	}
	edge = pages + 16 * PAGE;
}

/* Only the group named in argv[1] where there is one: for the one who looks for a bug. */
static const char *row_only;

/* Must come first. family: the program's name, the first word of each row's. */
static void begin(int argc, char **argv, const char *family)
{
	int null = open("/dev/null", O_RDWR);

	row_only = argc > 1 ? argv[1] : NULL;
	row_family = family;
	row_main_pid = getpid();
	row_counts = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	snprintf(row_dir, sizeof(row_dir), "/tmp/rows.%s.%d", family, getpid());
	if (null < 0 || row_counts == MAP_FAILED || mkdir(row_dir, 0755) ||
	    mount("rows", row_dir, "tmpfs", 0, "mode=755") || dup2(1, ROW_FD) < 0) {
		perror("row: begin");
		exit(2);
	}
	fcntl(ROW_FD, F_SETFD, FD_CLOEXEC);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	if (null > 2)
		close(null);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	umask(022);
	row_map_edge();
}

static void row_group_begin(const char *name)
{
	char dir[160];

	row_group = name;
	snprintf(row_counts->last, sizeof(row_counts->last), "(start)");
	setsid();
	snprintf(dir, sizeof(dir), "%s/%s", row_dir, name);
	if (mkdir(dir, 0777) || chmod(dir, 0777) || chdir(dir)) {
		row("directory", -errno, 0);
		_exit(1);
	}
}

static void run_group(const char *name, void (*body)(void))
{
	struct timespec pause = { .tv_nsec = 500000 };
	int status = 0;

	if (!strncmp(name, "group_", 6))
		name += 6;
	pid_t pid = fork();
	if (!pid) {
		row_group_begin(name);
		body();
		_exit(0);
	}
	int64_t deadline = now_ns(CLOCK_MONOTONIC) + GROUP_SECONDS * 1000000000ll;
	while (waitpid(pid, &status, WNOHANG) == 0) {
		nanosleep(&pause, NULL);
		if (now_ns(CLOCK_MONOTONIC) > deadline) {
			row_group = name;
			row(named("hangs after %s", row_counts->last), 1, 0);
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			status = 0;
			break;
		}
	}
	row_group = name;
	if (status)
		row(named("ends badly after %s", row_counts->last), status, 0);
	kill(-pid, SIGKILL);
}

#define GROUP(body)                                                                                \
	do {                                                                                       \
		if (!row_only || !strcmp(row_only, #body + 6))                                     \
			run_group(#body, body);                                                    \
	} while (0)

/*
 * A group that changes the whole machine, or measures it: left out where several suites run at
 * once.
 */
#define GROUP_ALONE(body)                                                                          \
	do {                                                                                       \
		if (!getenv("ROWS_TOGETHER"))                                                      \
			GROUP(body);                                                               \
	} while (0)

static int finish(void)
{
	if (chdir("/"))
		return 2;
	umount2(row_dir, MNT_DETACH);
	rmdir(row_dir);
	row_print("user: %u passed, %u failed\n", row_counts->passed, row_counts->failed);
	return row_counts->failed != 0;
}

#endif
