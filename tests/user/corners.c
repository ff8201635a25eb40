/*
 * More of what random calls showed to be different from Linux (see order.c): names that cannot be read,
 * objects without a file system, /proc of a program that changed its user.
 */
#include "row.h"

#include <linux/futex.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>

#define CLOSED 99
#define SO_RESERVE_MEM_ 73
#define RESOLVE_CACHED_ 0x20
#define RESOLVE_UNKNOWN 0x100
#define AT_UNKNOWN 0x10
/* kind: 0 profiling, 1 user only, 2 all, 3 a descriptor's; 4 more: a thread's */
#define CPU_CLOCK(number, kind) ((clockid_t)(~(unsigned int)(number) << 3 | (kind)))

/* A name that cannot be read is an error in its turn. */
static void group_names(void)
{
	ROW("rename_missing", sys(SYS_rename, "gone/x", edge), -ENOENT);
	ROW("rename_here", sys(SYS_rename, "here", edge), -EFAULT);
	ROW("renameat_closed", sys(SYS_renameat, CLOSED, ".", AT_FDCWD, edge), -EBADF);
	ROW("renameat2_flags", sys(SYS_renameat2, AT_FDCWD, ".", AT_FDCWD, edge, 3), -EINVAL);
	ROW("renameat2_old", sys(SYS_renameat2, AT_FDCWD, edge, CLOSED, "x", 0), -EFAULT);
	ROW("link_missing", sys(SYS_link, "gone", edge), -ENOENT);
	ROW("link_here", sys(SYS_link, ".", edge), -EFAULT);
	ROW("symlink_target", sys(SYS_symlinkat, edge, CLOSED, "x"), -EFAULT);
	ROW("mknod_kind", sys(SYS_mknod, edge, S_IFMT, 0), -EINVAL);
	ROW("mknod_directory", sys(SYS_mknod, edge, S_IFDIR, 0), -EPERM);
	ROW("mknod_name", sys(SYS_mknod, edge, S_IFIFO, 0), -EFAULT);
	ROW("utimensat_times", sys(SYS_utimensat, AT_FDCWD, "gone", edge, AT_UNKNOWN), -EFAULT);
	ROW("utimensat_flags", sys(SYS_utimensat, AT_FDCWD, edge, NULL, AT_UNKNOWN), -EINVAL);
}

/* Where nothing can be made because no such name can be. */
static void group_no_such_name(void)
{
	ROW("mkdir_proc", sys(SYS_mkdir, "/proc/new", 0700), -ENOENT);
	ROW("mkdir_process", sys(SYS_mkdir, "/proc/self/new", 0700), -ENOENT);
	ROW("mkdir_there", sys(SYS_mkdir, "/proc/self/fd", 0700), -EEXIST);
	ROW("open_proc", sys(SYS_open, "/proc/new", O_CREAT | O_RDWR, 0600), -ENOENT);
	ROW("open_process", sys(SYS_open, "/proc/self/new", O_CREAT | O_RDWR, 0600), -ENOENT);
	ROW("symlink_process", sys(SYS_symlink, "x", "/proc/self/new"), -ENOENT);
	ROW("rename_process", sys(SYS_rename, "/proc/self/new", "/proc/self/newer"), -ENOENT);
	ROW("mkdir_sys", sys(SYS_mkdir, "/sys/new", 0700), -EPERM);
	ROW("open_sys", sys(SYS_open, "/sys/new", O_CREAT | O_RDWR, 0600), -EACCES);
	ROW_AS(1000, "user.mkdir_proc", sys(SYS_mkdir, "/proc/new", 0700), -ENOENT);
	ROW_AS(1000, "user.mkdir_process", sys(SYS_mkdir, "/proc/self/new", 0700), -ENOENT);
	ROW_AS(1000, "user.open_process", sys(SYS_open, "/proc/self/new", O_CREAT, 0600), -ENOENT);
	ROW_AS(1000, "user.mkdir_sys", sys(SYS_mkdir, "/sys/new", 0700), -EACCES);
}

static void look_at_anonymous(const char *kind, int fd)
{
	struct stat st;

	MUST(fstat(fd, &st));
	ROW(named("%s.owner", kind), st.st_uid, 0);
	ROW(named("%s.group", kind), st.st_gid, 0);
	ROW(named("%s.mode", kind), st.st_mode, 0600);
	ROW(named("%s.chmod", kind), sys(SYS_fchmod, fd, 0644), -EPERM);
	ROW(named("%s.chown", kind), sys(SYS_fchown, fd, 1000, 1000), -EPERM);
	close(fd);
}

/* What has no file system of its own shares an inode that is root's. */
static void group_anonymous(void)
{
	sigset_t set;
	int ends[2];

	become(1000);
	sigemptyset(&set);
	look_at_anonymous("epoll", epoll_create1(0));
	look_at_anonymous("eventfd", eventfd(0, 0));
	look_at_anonymous("signalfd", signalfd(-1, &set, 0));
	look_at_anonymous("timerfd", timerfd_create(CLOCK_MONOTONIC, 0));
	look_at_anonymous("pidfd", (int)sys(SYS_pidfd_open, getpid(), 0));
	MUST(pipe(ends));
	ROW("pipe.chmod", sys(SYS_fchmod, ends[0], 0644), 0);
	ROW("pipe.chown", sys(SYS_fchown, ends[0], 1000, 1000), 0);
}

static void group_places(void)
{
	int proc = MUST(open("/proc/self", O_RDONLY)), root = MUST(open("/proc", O_RDONLY));
	int sysfs = MUST(open("/sys", O_RDONLY)), here = MUST(open(".", O_RDONLY));
	int file = MUST(open("f", O_RDWR | O_CREAT, 0600));

	ROW("process_end", lseek(proc, 1000, SEEK_END), 1000);
	ROW("proc_end", lseek(root, 1000, SEEK_END), 1000);
	ROW("sys_end", lseek(sysfs, 1000, SEEK_END), 1000);
	ROW("tmpfs_end", sys(SYS_lseek, here, 1000, SEEK_END), -EINVAL);
	ROW("process_negative", sys(SYS_lseek, proc, -1, SEEK_SET), -EINVAL);
	ROW("readahead_negative", sys(SYS_readahead, file, 0, -4096l), -EINVAL);
	ROW("readahead", sys(SYS_readahead, file, 0, 4096), 0);
}

static void group_socket_to_pipe(void)
{
	int ends[2], pair[2];
	MUST(pipe2(ends, O_NONBLOCK));
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
	ROW("nothing", sys(SYS_sendfile, ends[1], pair[0], NULL, 100), -EAGAIN);
	MUST(write(pair[1], "abc", 3));
	ROW("data", sys(SYS_sendfile, ends[1], pair[0], NULL, 100), 3);
	close(pair[1]);
	ROW("end", sys(SYS_sendfile, ends[1], pair[0], NULL, 100), 0);
}

static void group_changed_user(void)
{
	char target[64];
	struct stat st;

	MUST(open("/dev/null", O_RDONLY));
	MUST(setresuid(1000, 1000, 1000));
	ROW_TRUE("readlink", readlink("/proc/self/fd/1", target, sizeof(target)) > 0);
	ROW("lstat", lstat("/proc/self/fd/1", &st), 0);
	ROW_TRUE("directory", open("/proc/self/fd", O_RDONLY | O_DIRECTORY) >= 0);
	ROW_TRUE("fdinfo", open("/proc/self/fdinfo/1", O_RDONLY) >= 0);
	ROW_TRUE("thread", readlink("/proc/thread-self/fd/1", target, sizeof(target)) > 0);
	ROW("exe", readlink("/proc/self/exe", target, sizeof(target)) > 0 ? 0 : -errno, 0);
	ROW("task", sys(SYS_access, "/proc/self/task", X_OK), 0);
	pid_t parent = getpid();
	CHILD(MUST(setresuid(1000, 1000, 1000));
	      ROW("other", open(named("/proc/%d/fd", parent), O_RDONLY) < 0 ? -errno : 0, -EACCES));
}

static volatile sig_atomic_t expired;

static void on_expiry(int sig)
{
	expired = sig;
}

/* Burns CPU time until the timer's signal comes. */
static void look_at_timer(const char *kind, clockid_t clock)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec soon = { .it_value.tv_nsec = 20000000 };
	timer_t timer;

	expired = 0;
	ROW(named("%s.create", kind), timer_create(clock, &event, &timer) ? -errno : 0, 0);
	ROW(named("%s.set", kind), timer_settime(timer, 0, &soon, NULL), 0);
	while (!expired)
		;
	ROW(named("%s.expired", kind), timer_delete(timer), 0);
}

/* libc turns the CPU clocks into clocks by number. */
static void group_cpu_timers(void)
{
	clockid_t clock;
	timer_t timer;

	signal(SIGUSR1, on_expiry);
	look_at_timer("process", CLOCK_PROCESS_CPUTIME_ID);
	look_at_timer("thread", CLOCK_THREAD_CPUTIME_ID);
	MUST(clock_getcpuclockid(getpid(), &clock));
	look_at_timer("by_number", clock);
	MUST(pthread_getcpuclockid(pthread_self(), &clock));
	look_at_timer("by_thread", clock);
	look_at_timer("user_only", CPU_CLOCK(0, 1));
	ROW("descriptor", sys(SYS_timer_create, CPU_CLOCK(3, 3), NULL, &timer), -EOPNOTSUPP);
	ROW("no_thread", sys(SYS_timer_create, CPU_CLOCK(1, 6), NULL, &timer), -EINVAL);
	ROW("no_process", sys(SYS_timer_create, CPU_CLOCK(4000000, 2), NULL, &timer), -EINVAL);
}

static void group_rest(void)
{
	timer_t timer;
	int one = 1, fd = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	int file = MUST(open("f", O_RDWR | O_CREAT, 0600));
	struct open_how how = { .flags = O_CREAT | O_WRONLY,
				.mode = 01000000,
				.resolve = RESOLVE_CACHED_ };

	ROW("timer_own_clock", sys(SYS_timer_create, CPU_CLOCK(0, 6), NULL, &timer), 0);
	ROW("reserve_memory", setsockopt(fd, SOL_SOCKET, SO_RESERVE_MEM_, &one, 4) ? -errno : 0,
	    -EOPNOTSUPP);
	char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ROW("mmap_grows",
	    sys(SYS_mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_GROWSDOWN, file, 0), -EINVAL);
	ROW("requeue_pi_second", sys(SYS_futex, page + 2, FUTEX_WAIT_REQUEUE_PI, 0, NULL, NULL, 3),
	    -EFAULT);
	ROW("cached_mode", sys(SYS_openat2, AT_FDCWD, "new", &how, sizeof(how)), -EINVAL);
	how = (struct open_how){ .flags = O_CREAT | O_WRONLY,
				 .mode = 0600,
				 .resolve = RESOLVE_CACHED_ | RESOLVE_UNKNOWN };
	ROW("cached_resolve", sys(SYS_openat2, AT_FDCWD, "new", &how, sizeof(how)), -EINVAL);
	how.resolve = RESOLVE_CACHED_;
	ROW("cached", sys(SYS_openat2, AT_FDCWD, "new", &how, sizeof(how)), -EAGAIN);
	how = (struct open_how){ .flags = O_RDONLY, .mode = 0600, .resolve = RESOLVE_CACHED_ };
	ROW("cached_no_mode", sys(SYS_openat2, AT_FDCWD, "new", &how, sizeof(how)), -EINVAL);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "corners");
	GROUP(group_names);
	GROUP(group_no_such_name);
	GROUP(group_anonymous);
	GROUP(group_places);
	GROUP(group_socket_to_pipe);
	GROUP(group_changed_user);
	GROUP(group_cpu_timers);
	GROUP(group_rest);
	return finish();
}
