/*
 * What calls fill in and which error comes first, where logs of random calls on both kernels differed
 * (tests/fuzz_syscalls, "verbose").
 */
#include "row.h"

#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <sys/vfs.h>

#define CPU_CLOCK(n, kind) ((int)(~(unsigned)(n) << 3 | (kind)))
#define BAD_SIGNAL 100
#define NOBODY 4000000
#define RESOLVE_CACHED_ 0x20
#define PROTOCOL_NAME "system.sockprotoname"
#define MPOL_MF_MOVE_ALL_ 4
#define ATTR_AUTOMOUNT 0x1000
#define ATTR_MOUNT_ROOT 0x2000
#define ATTR_DAX 0x200000

static struct statx look(int dir, const char *name)
{
	struct statx s = { 0 };

	MUST(sys(SYS_statx, dir, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_ALL, &s));
	return s;
}

static bool has_birth(int dir, const char *name)
{
	return look(dir, name).stx_mask & STATX_BTIME;
}

static void group_birth(void)
{
	struct statx unasked;
	int ends[2];

	MUST(pipe(ends));
	MUST(mkdir("dir", 0700));
	MUST(symlink("dir", "link"));
	MUST(mkfifo("fifo", 0600));
	MUST(close(MUST(creat("file", 0600))));
	ROW("file", has_birth(AT_FDCWD, "file"), 1);
	ROW("directory", has_birth(AT_FDCWD, "dir"), 1);
	ROW("link", has_birth(AT_FDCWD, "link"), 1);
	ROW("fifo", has_birth(AT_FDCWD, "fifo"), 1);
	MUST(sys(SYS_statx, AT_FDCWD, "file", 0, STATX_BASIC_STATS, &unasked));
	ROW("unasked", unasked.stx_mask & STATX_BTIME, 0);
	ROW("pipe", has_birth(ends[0], ""), 0);
	ROW("device", has_birth(AT_FDCWD, "/dev/zero"), 1);
	ROW("process", has_birth(AT_FDCWD, "/proc/self/status"), 0);
	ROW("kernel", has_birth(AT_FDCWD, "/proc/version"), 0);
	ROW("objects", has_birth(AT_FDCWD, "/sys/kernel"), 0);
	ROW("attributes", look(AT_FDCWD, "/proc/version").stx_attributes_mask,
	    ATTR_AUTOMOUNT | ATTR_MOUNT_ROOT | ATTR_DAX);
}

static struct stat of(const char *name)
{
	struct stat st = { 0 };

	MUST(lstat(name, &st));
	return st;
}

static void group_proc(void)
{
	struct statfs fs;
	struct stat st;
	int self = MUST(open("/proc/self", O_RDONLY));

	ROW("block", of("/proc/version").st_blksize, 1024);
	ROW("block_of_process", of("/proc/self/status").st_blksize, 1024);
	MUST(statfs("/proc", &fs));
	ROW("block_of_all", fs.f_bsize, PAGE);
	ROW("link", of("/proc/mounts").st_size, 11);
	ROW("descriptor", of("/proc/self/fd/0").st_size, 64);
	ROW("program", of("/proc/self/exe").st_size, 0);
	ROW("settings", of("/proc/sys").st_nlink, 1);
	ROW("settings_below", of("/proc/sys/kernel").st_nlink, 1);
	MUST(setresuid(USER, USER, USER));
	MUST(fstat(self, &st));
	ROW("owner_of_open", st.st_uid, USER);
}

static void look_at_protocol(const char *kind, int type, const char *protocol)
{
	char text[64] = "";
	int fd = MUST(socket(AF_UNIX, type, 0));

	ROW(named("%s_list", kind), sys(SYS_flistxattr, fd, text, sizeof(text)),
	    sizeof(PROTOCOL_NAME));
	ROW(named("%s_name", kind), strcmp(text, PROTOCOL_NAME), 0);
	ROW(named("%s_value_size", kind), sys(SYS_fgetxattr, fd, PROTOCOL_NAME, NULL, 0),
	    strlen(protocol) + 1);
	ROW(named("%s_value", kind), sys(SYS_fgetxattr, fd, PROTOCOL_NAME, text, sizeof(text)),
	    strlen(protocol) + 1);
	ROW(named("%s_text", kind), strcmp(text, protocol), 0);
	ROW(named("%s_small", kind), sys(SYS_fgetxattr, fd, PROTOCOL_NAME, text, 3), -ERANGE);
	ROW(named("%s_small_list", kind), sys(SYS_flistxattr, fd, text, 3), -ERANGE);
	ROW(named("%s_other", kind), sys(SYS_fgetxattr, fd, "system.x", text, 3), -EOPNOTSUPP);
	ROW(named("%s_set", kind), sys(SYS_fsetxattr, fd, PROTOCOL_NAME, "x", 1, 0), -EOPNOTSUPP);
	ROW(named("%s_remove", kind), sys(SYS_fremovexattr, fd, PROTOCOL_NAME), -EOPNOTSUPP);
	close(fd);
}

/* Sockets tell by an extended attribute what they are. */
static void group_protocol(void)
{
	look_at_protocol("stream", SOCK_STREAM, "UNIX-STREAM");
	look_at_protocol("datagram", SOCK_DGRAM, "UNIX");
	look_at_protocol("packet", SOCK_SEQPACKET, "UNIX");
}

static void group_slack(void)
{
	struct sched_param first = { .sched_priority = 1 }, none = { 0 };

	MUST(prctl(PR_SET_TIMERSLACK, 1234, 0, 0, 0));
	ROW("set", prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 1234);
	MUST(sys(SYS_sched_setscheduler, 0, SCHED_FIFO, &first));
	ROW("real_time", prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 0);
	MUST(prctl(PR_SET_TIMERSLACK, 77, 0, 0, 0));
	ROW("set_real_time", prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 0);
	MUST(sys(SYS_sched_setscheduler, 0, SCHED_OTHER, &none));
	ROW("after", prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 50000);
	/* Answers that look like a call to be begun again. */
	CHILD(MUST(sys(SYS_prctl, PR_SET_TIMERSLACK, -512l, 0, 0, 0));
	      ROW("like_restart", sys(SYS_prctl, PR_GET_TIMERSLACK, 0, 0, 0, 0), -512));
	int memory = MUST(open("/proc/self/mem", O_RDONLY));
	ROW("position_like_restart", sys(SYS_lseek, memory, -512l, SEEK_SET), -512);
}

static void group_times(void)
{
	struct timespec wrong[2] = { { 0, 5 }, { 0, -1 } },
			omit[2] = { { 0, UTIME_OMIT }, { 0, UTIME_OMIT } };

	ROW("no_name", sys(SYS_utimensat, AT_FDCWD, "none", wrong, 0), -ENOENT);
	ROW("bad_name", sys(SYS_utimensat, AT_FDCWD, edge, wrong, 0), -EFAULT);
	ROW("value", sys(SYS_utimensat, AT_FDCWD, ".", wrong, 0), -EINVAL);
	ROW("value_by_descriptor", sys(SYS_utimensat, 99, NULL, wrong, 0), -EBADF);
	ROW("omitted", sys(SYS_utimensat, AT_FDCWD, "none", omit, 0), 0);
}

static void group_clocks(void)
{
	struct timespec ts = { 0 };
	struct timex tx = { 0 };
	timer_t timer;

	ROW("set_own", sys(SYS_clock_settime, CPU_CLOCK(0, 2), &ts), -EPERM);
	ROW("set_nobodys", sys(SYS_clock_settime, CPU_CLOCK(NOBODY, 2), &ts), -EINVAL);
	ROW("set_by_name", sys(SYS_clock_settime, CLOCK_PROCESS_CPUTIME_ID, &ts), -EINVAL);
	ROW("adjust_nobodys", sys(SYS_clock_adjtime, CPU_CLOCK(NOBODY, 2), &tx), -EOPNOTSUPP);
	ROW("adjust_no_kind", sys(SYS_clock_adjtime, CPU_CLOCK(0, 7), &tx), -EOPNOTSUPP);
	ROW("adjust_descriptor", sys(SYS_clock_adjtime, CPU_CLOCK(99, 3), &tx), -EINVAL);
	ROW("timer_no_kind", sys(SYS_timer_create, -1, NULL, &timer), -EINVAL);
	ROW("sleep_on_nobodys", sys(SYS_clock_nanosleep, CPU_CLOCK(NOBODY, 2), 0, edge, NULL),
	    -EFAULT);
	ROW("sleep_on_descriptor", sys(SYS_clock_nanosleep, CPU_CLOCK(99, 3), 0, edge, NULL),
	    -EOPNOTSUPP);
	MUST(sys(SYS_clock_getres, CPU_CLOCK(0, 0), &ts));
	ROW("resolution_ticks", ts.tv_nsec, 4000000);
	MUST(sys(SYS_clock_getres, CPU_CLOCK(0, 5), &ts));
	ROW("resolution_user", ts.tv_nsec, 4000000);
	MUST(sys(SYS_clock_getres, CPU_CLOCK(0, 2), &ts));
	ROW("resolution_precise", ts.tv_nsec, 1);
	tx = (struct timex){ .modes = ADJ_FREQUENCY, .freq = INT64_MAX };
	ROW("frequency", sys(SYS_adjtimex, &tx), -EINVAL);
	tx = (struct timex){ .modes = ADJ_OFFSET_SINGLESHOT | ADJ_SETOFFSET,
			     .time.tv_usec = 1000000 };
	ROW("offset_too", sys(SYS_adjtimex, &tx), -EINVAL);
	tx = (struct timex){ .modes = ADJ_OFFSET_SS_READ | ADJ_SETOFFSET };
	ROW_AS(USER, "offset_right", sys(SYS_adjtimex, &tx), -EPERM);
}

static void ask_as(uid_t real, uid_t effective, const char *name, int expected)
{
	CHILD(MUST(setresuid(real, effective, 0));
	      ROW(named("%s", name), sys(SYS_access, "closed", R_OK), expected);
	      ROW(named("%s_effective", name),
		  sys(SYS_faccessat2, AT_FDCWD, "closed", R_OK, AT_EACCESS),
		  effective ? -EACCES : 0));
}

/* What access(2) allows is what the real user's capabilities allow. */
static void group_access(void)
{
	struct {
		uint32_t version;
		int pid;
	} header = { 0x20080522, 0 };
	uint32_t data[2][3];

	MUST(chmod(".", 0755));
	MUST(close(MUST(creat("closed", 0))));
	ask_as(0, 0, "root", 0);
	ask_as(0, USER, "real_root", 0);
	ask_as(USER, 0, "real_user", -EACCES);
	ask_as(USER, USER, "user", -EACCES);
	MUST(sys(SYS_capget, &header, data));
	data[0][0] = data[1][0] = 0;
	MUST(sys(SYS_capset, &header, data));
	ROW("nothing_effective", sys(SYS_access, "closed", R_OK), 0);
	ROW("as_effective", sys(SYS_faccessat2, AT_FDCWD, "closed", R_OK, AT_EACCESS), -EACCES);
}

static unsigned long type_of(int fd)
{
	struct statfs fs = { 0 };

	MUST(fstatfs(fd, &fs));
	return (unsigned long)fs.f_type;
}

static void group_nameless(void)
{
	struct statfs fs = { 0 };
	int ends[2];

	MUST(pipe(ends));
	ROW("pipe", type_of(ends[0]), 0x50495045);
	ROW("socket", type_of(MUST(socket(AF_UNIX, SOCK_STREAM, 0))), 0x534f434b);
	ROW("event", type_of(MUST(sys(SYS_eventfd2, 0, 0))), 0x09041934);
	MUST(fstatfs(ends[0], &fs));
	ROW("flags", fs.f_flags, 0x20);
}

static void group_memory(void)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long one = 1, none = 0;
	int file = MUST(open("f", O_RDONLY | O_CREAT, 0600));

	ROW_TRUE("map_offset", sys(SYS_mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
				   -1l * PAGE) > 0);
	ROW("map_file_offset", sys(SYS_mmap, NULL, PAGE, PROT_WRITE, MAP_SHARED, file, 1ul << 63),
	    -EOVERFLOW);
	ROW("map_beyond",
	    sys(SYS_mmap, (1ul << 63) + 1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		-1, 0),
	    -ENOMEM);
	ROW("map_unaligned",
	    sys(SYS_mmap, page + 1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		0),
	    -EINVAL);
	ROW("grow_too_far", sys(SYS_mremap, page, PAGE, -1ul << 20, MREMAP_MAYMOVE), -ENOMEM);
	ROW("grow_too_far_in_place", sys(SYS_mremap, page, PAGE, -1ul << 20, 0), -ENOMEM);
	ROW("grow_nothing_too_far", sys(SYS_mremap, page + (1ul << 40), PAGE, -1ul << 20, 0),
	    -EFAULT);
	ROW("grow_more_too_far", sys(SYS_mremap, page, 1ul << 30, -1ul << 20, 0), -EFAULT);
	ROW("grow_shared_too_far", sys(SYS_mremap, page, 0, -1ul << 20, MREMAP_MAYMOVE), -EINVAL);
	ROW("poll_none_nowhere", sys(SYS_poll, -1ul << 46, 0, 0), -EFAULT);
	ROW("poll_none", sys(SYS_poll, edge, 0, 0), 0);
	ROW_AS(USER, "bind_right", sys(SYS_mbind, page, PAGE, 0, &one, 8, MPOL_MF_MOVE_ALL_),
	       -EPERM);
	ROW("bind_default_nodes", sys(SYS_mbind, page, PAGE, 0, &one, 8, 0), -EINVAL);
	ROW("bind_nothing", sys(SYS_mbind, page, 0, 2, &none, 8, 0), 0);
	ROW("bind_nothing_unaligned", sys(SYS_mbind, page + 1, 0, 2, &none, 8, 0), -EINVAL);
}

static void group_rest(void)
{
	struct perf_event_attr attr = { .size = 1 };
	siginfo_t info = { .si_code = SI_QUEUE };
	struct {
		uint32_t size, policy;
		uint64_t flags, rest[4];
	} unknown = { .size = 48, .flags = 1ul << 40 };
	struct open_how how = { .flags = O_CREAT | O_DIRECTORY | O_WRONLY,
				.resolve = RESOLVE_CACHED_ };
	struct {
		uint32_t bytes;
		int type;
		char id[128];
	} handle = { .bytes = 128 };
	int ends[2], mount;

	ROW("perf_flags", sys(SYS_perf_event_open, &attr, 0, -1, -1, 16), -EINVAL);
	ROW("perf_flags_pointer", sys(SYS_perf_event_open, edge, 0, -1, -1, 16), -EINVAL);
	attr = (struct perf_event_attr){ .size = sizeof(attr),
					 .type = PERF_TYPE_SOFTWARE,
					 .exclude_kernel = 1 };
	ROW("perf_negative", sys(SYS_perf_event_open, &attr, -5, -1, -1, 0), -ESRCH);
	ROW("pipe_of_notices", sys(SYS_pipe2, ends, O_CLOEXEC | O_EXCL), -ENOPKG);
	ROW("pipe_unknown", sys(SYS_pipe2, ends, O_EXCL | O_TRUNC), -EINVAL);
	ROW("create_directory", sys(SYS_openat2, AT_FDCWD, "none", &how, sizeof(how)), -EINVAL);
	MUST(sys(SYS_name_to_handle_at, AT_FDCWD, ".", &handle, &mount, 0));
	ROW("handle_directory",
	    sys(SYS_open_by_handle_at, AT_FDCWD, &handle, O_CREAT | O_DIRECTORY), -EINVAL);
	ROW("scheduler_nobody", sys(SYS_sched_setattr, NOBODY, &unknown, 0), -ESRCH);
	ROW("scheduler_flags", sys(SYS_sched_setattr, 0, &unknown, 0), -EINVAL);
	ROW("kill", sys(SYS_kill, NOBODY, BAD_SIGNAL), -ESRCH);
	ROW("kill_group", sys(SYS_kill, -NOBODY, BAD_SIGNAL), -ESRCH);
	ROW("kill_signal", sys(SYS_kill, getpid(), BAD_SIGNAL), -EINVAL);
	ROW("kill_group_signal", sys(SYS_kill, 0, BAD_SIGNAL), -EINVAL);
	ROW("kill_parent", sys(SYS_kill, getppid(), BAD_SIGNAL), -EINVAL);
	ROW("queue", sys(SYS_rt_sigqueueinfo, NOBODY, BAD_SIGNAL, &info), -ESRCH);
	ROW("queue_signal", sys(SYS_rt_sigqueueinfo, getpid(), BAD_SIGNAL, &info), -EINVAL);
	ROW("priority_above", sys(SYS_ioprio_set, 1, 0, 1 << 20 | 2 << 13 | 4), 0);
	ROW("execveat_flags", sys(SYS_execveat, AT_FDCWD, "none", NULL, NULL, 1), -EINVAL);
	ROW("execveat_words", sys(SYS_execveat, AT_FDCWD, "none", edge, NULL, 1), -EFAULT);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "told");
	GROUP(group_birth);
	GROUP(group_proc);
	GROUP(group_protocol);
	GROUP(group_slack);
	GROUP(group_times);
	GROUP(group_clocks);
	GROUP(group_access);
	GROUP(group_nameless);
	GROUP(group_memory);
	GROUP(group_rest);
	return finish();
}
