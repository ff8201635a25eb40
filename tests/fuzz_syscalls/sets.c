/* Which kind each argument of syscalls.tbl is, and the real values of flags, commands and options. */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/random.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <asm/prctl.h>

#include "sysfuzz.h"

#define ARG(type_, name_)                                                                          \
	{                                                                                          \
		.type = type_, .name = name_                                                       \
	}
#define CALL(nr_, name_, ...)                                                                      \
	{ .nr = nr_,                                                                               \
	  .name = #name_,                                                                          \
	  .nargs = sizeof((struct arg[]){ __VA_ARGS__ }) / sizeof(struct arg),                     \
	  .args = { __VA_ARGS__ } },

struct call calls[] = {
#include <syscall_args.h>
};
const int ncalls = LENGTH(calls);

#define VALUES(...) (const uint64_t[]){ __VA_ARGS__ }, sizeof((uint64_t[]){ __VA_ARGS__ }) / 8
#define SET(call, name, ...)                                                                       \
	{                                                                                          \
		call, NULL, name, make_choice, VALUES(__VA_ARGS__)                                 \
	}
#define FLAGS(call, name, ...)                                                                     \
	{                                                                                          \
		call, NULL, name, make_flags, VALUES(__VA_ARGS__)                                  \
	}
#define AS(call, type, name, make, n)                                                              \
	{                                                                                          \
		call, type, name, make, NULL, n                                                    \
	}

#define OPEN_FLAGS                                                                                 \
	O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_CREAT | O_EXCL, O_TRUNC, O_APPEND, O_NONBLOCK,      \
		O_DIRECTORY, O_NOFOLLOW, O_CLOEXEC, O_PATH, O_NOCTTY, O_SYNC, O_NOATIME,           \
		O_TMPFILE | O_RDWR
#define CLONE_FLAGS                                                                                \
	0, CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_VM | CLONE_SIGHAND,                              \
		CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FILES | CLONE_FS, CLONE_SYSVSEM,   \
		CLONE_SETTLS, CLONE_PARENT_SETTID, CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID,       \
		CLONE_VFORK, CLONE_PARENT, CLONE_PIDFD, CLONE_IO
#define MOUNT_FLAGS                                                                                \
	0, MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_BIND | MS_REC,       \
		MS_MOVE, MS_PRIVATE, MS_SHARED, MS_SLAVE, MS_UNBINDABLE, MS_NOATIME, MS_RELATIME

#define SOCKET_FLAGS                                                                               \
	MSG_DONTWAIT, 0, MSG_PEEK, MSG_OOB, MSG_TRUNC, MSG_WAITALL, MSG_NOSIGNAL, MSG_EOR,         \
		MSG_CMSG_CLOEXEC, MSG_WAITFORONE

/* Calls whose descriptor is of one kind. */
#define OF_KIND(call, name, kind) AS(call, "int", name, make_fd, kind)

static const uint64_t zero = 0, minus_one = ~0ul;

static const struct rule rules[] = {
	/* descriptors by kind */
	OF_KIND("bind", "fd", FD_SOCKET),
	OF_KIND("listen", "fd", FD_SOCKET),
	OF_KIND("accept", "fd", FD_SOCKET),
	OF_KIND("accept4", "fd", FD_SOCKET),
	OF_KIND("connect", "fd", FD_SOCKET),
	OF_KIND("getsockname", "fd", FD_SOCKET),
	OF_KIND("getpeername", "fd", FD_SOCKET),
	OF_KIND("sendto", "fd", FD_SOCKET),
	OF_KIND("recvfrom", "fd", FD_SOCKET),
	OF_KIND("sendmsg", "fd", FD_SOCKET),
	OF_KIND("recvmsg", "fd", FD_SOCKET),
	OF_KIND("sendmmsg", "fd", FD_SOCKET),
	OF_KIND("recvmmsg", "fd", FD_SOCKET),
	OF_KIND("shutdown", "fd", FD_SOCKET),
	OF_KIND("setsockopt", "fd", FD_SOCKET),
	OF_KIND("getsockopt", "fd", FD_SOCKET),
	OF_KIND("getdents", "fd", FD_DIR),
	OF_KIND("getdents64", "fd", FD_DIR),
	OF_KIND("fchdir", "fd", FD_DIR),
	OF_KIND("fallocate", "fd", FD_FILE),
	OF_KIND("ftruncate", "fd", FD_FILE),
	OF_KIND("fsync", "fd", FD_FILE),
	OF_KIND("fdatasync", "fd", FD_FILE),
	OF_KIND("readahead", "fd", FD_FILE),
	OF_KIND("pread64", "fd", FD_FILE),
	OF_KIND("pwrite64", "fd", FD_FILE),
	OF_KIND("preadv", "fd", FD_FILE),
	OF_KIND("pwritev", "fd", FD_FILE),
	OF_KIND("preadv2", "fd", FD_FILE),
	OF_KIND("pwritev2", "fd", FD_FILE),
	OF_KIND("lseek", "fd", FD_FILE),
	OF_KIND("sync_file_range", "fd", FD_FILE),
	OF_KIND("mmap", "fd", FD_FILE),
	OF_KIND("copy_file_range", "in", FD_FILE),
	OF_KIND("copy_file_range", "out", FD_FILE),
	OF_KIND("sendfile", "in", FD_FILE),
	OF_KIND("splice", "in", FD_PIPE),
	OF_KIND("tee", "in", FD_PIPE),
	OF_KIND("tee", "out", FD_PIPE),
	OF_KIND("vmsplice", "fd", FD_PIPE),
	OF_KIND("ioctl", "fd", FD_TERMINAL),
	OF_KIND("timerfd_settime", "fd", FD_TIMER),
	OF_KIND("timerfd_gettime", "fd", FD_TIMER),
	OF_KIND("inotify_add_watch", "fd", FD_INOTIFY),
	OF_KIND("inotify_rm_watch", "fd", FD_INOTIFY),
	OF_KIND("mq_timedsend", "fd", FD_QUEUE),
	OF_KIND("mq_timedreceive", "fd", FD_QUEUE),
	OF_KIND("mq_notify", "fd", FD_QUEUE),
	OF_KIND("mq_getsetattr", "fd", FD_QUEUE),
	OF_KIND(NULL, "epfd", FD_EPOLL),
	OF_KIND(NULL, "pidfd", FD_PIDFD),
	AS("signalfd", "int", "fd", make_fd_or_none, FD_SIGNAL),
	AS("signalfd4", "int", "fd", make_fd_or_none, FD_SIGNAL),
	AS("signalfd", NULL, "size", make_size, 8),
	AS("signalfd4", NULL, "size", make_size, 8),
	FLAGS("signalfd4", "flags", 0, O_CLOEXEC, O_NONBLOCK),
	FLAGS("timerfd_create", "flags", 0, O_CLOEXEC, O_NONBLOCK),
	FLAGS("timerfd_settime", "flags", 0, 0, 1, 2),
	FLAGS("accept4", "flags", 0, O_CLOEXEC, O_NONBLOCK),
	SET("epoll_wait", "max", 1, 2, 8, 16),
	SET("epoll_pwait", "max", 1, 2, 8, 16),
	SET("epoll_pwait2", "max", 1, 2, 8, 16),

	/* names by kind */
	AS("readlink", NULL, "name", make_name, NAME_LINK),
	AS("readlinkat", NULL, "name", make_name, NAME_LINK),
	AS("chdir", NULL, "name", make_name, NAME_DIR),
	AS("rmdir", NULL, "name", make_name, NAME_DIR),
	AS("mkdir", NULL, "name", make_name, NAME_NEW),
	AS("mkdirat", NULL, "name", make_name, NAME_NEW),
	AS("mknod", NULL, "name", make_name, NAME_NEW),
	AS("mknodat", NULL, "name", make_name, NAME_NEW),
	AS("symlink", NULL, "name", make_name, NAME_NEW),
	AS("symlinkat", NULL, "name", make_name, NAME_NEW),
	AS("creat", NULL, "name", make_name, NAME_NEW),
	AS("link", NULL, "new", make_name, NAME_NEW),
	AS("linkat", NULL, "new", make_name, NAME_NEW),
	AS("rename", NULL, "new", make_name, NAME_NEW),
	AS("renameat", NULL, "new", make_name, NAME_NEW),

	/* attributes and handles */
	AS(NULL, "const char *", "key", make_attribute, 0),
	SET("setxattr", "size", 8, 20, 0, 200),
	SET("lsetxattr", "size", 8, 20, 0, 200),
	SET("fsetxattr", "size", 8, 20, 0, 200),
	FLAGS("setxattr", "flags", 0, 1, 2),
	FLAGS("lsetxattr", "flags", 0, 1, 2),
	FLAGS("fsetxattr", "flags", 0, 1, 2),
	AS("name_to_handle_at", NULL, "handle", make_handle, false),
	FLAGS("name_to_handle_at", "flags", 0, 0, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH),
	AS("open_by_handle_at", NULL, "handle", make_handle, true),
	FLAGS("open_by_handle_at", "flags", OPEN_FLAGS),
	AS("open_by_handle_at", NULL, "mount_fd", make_dirfd, 0),
	AS("ustat", NULL, "dev", make_here, 0),
	SET("sysfs", "option", 1, 2, 3),

	/* asynchronous I/O, waiting for several */
	SET("io_setup", "events", 1, 8, 64, 300),
	AS("io_setup", NULL, "number", make_aio_place, 0),
	AS(NULL, "unsigned long", "number", make_aio_number, 0),
	AS("io_submit", NULL, "list", make_iocbs, 0),
	SET("io_submit", "n", 1, 2, 4, 0),
	AS("io_cancel", NULL, "iocb", make_iocb, 0),
	AS("io_getevents", "long", NULL, make_number, 3),
	AS("io_pgetevents", "long", NULL, make_number, 3),
	AS("io_pgetevents", NULL, "sig", make_sigset_pair, 0),
	AS("futex_waitv", NULL, "waiters", make_futex_waiters, 0),
	AS("futex_waitv", NULL, "n", make_number, 9),
	{ "futex_waitv", NULL, "flags", make_choice, &zero, 1 },
	SET("futex_waitv", "clock", CLOCK_MONOTONIC, CLOCK_REALTIME),

	/* memory by nodes and by lists */
	SET("mbind", "mode", 0, 0, 1, 2, 3, 4, 5),
	SET("set_mempolicy", "mode", 0, 0, 1, 2, 3, 4, 5),
	FLAGS("mbind", "flags", 0, 1, 2, 4),
	AS("mbind", NULL, "start", make_address, 0),
	AS("mbind", NULL, "len", make_length, 0),
	AS("set_mempolicy_home_node", NULL, "start", make_address, 0),
	AS("set_mempolicy_home_node", NULL, "len", make_length, 0),
	{ "set_mempolicy_home_node", NULL, "node", make_choice, &zero, 1 },
	{ "set_mempolicy_home_node", NULL, "flags", make_choice, &zero, 1 },
	SET("mbind", "max", 64, 64, 2, 8, 0),
	SET("set_mempolicy", "max", 64, 64, 2, 8, 0),
	SET("get_mempolicy", "max", 64, 1024, 0),
	SET("migrate_pages", "maxnode", 64, 2),
	FLAGS("get_mempolicy", "flags", 0, 1, 2, 4),
	AS(NULL, "const unsigned long *", "mask", make_node_mask, 0),
	AS("migrate_pages", "const u64 *", NULL, make_node_mask, 0),
	AS("move_pages", NULL, "count", make_number, 9),
	AS("move_pages", NULL, "pages", make_pages, 0),
	AS("move_pages", NULL, "nodes", make_nodes, 0),
	FLAGS("move_pages", "flags", 0, 2, 4),
	AS("process_madvise", NULL, "vec", make_field_vector, 0),
	SET("rseq", "size", 32),
	SET("rseq", "flags", 0, 1),
	SET("ioprio_set", "which", 1, 2, 3),
	SET("ioprio_get", "which", 1, 2, 3),
	SET("ioprio_set", "ioprio", 0, 2 << 13 | 4, 3 << 13, 1 << 13 | 2, 2 << 13 | 8),
	SET("iopl", "level", 0, 1, 2, 3),

	/* segments, queues, what sockets tell */
	AS("shmdt", NULL, "addr", make_attached, 0),
	AS("shmat", NULL, "addr", make_attach_address, 0),
	SET("semget", "nsems", 1, 4, 8, 0),
	AS("semctl", NULL, "num", make_number, 4),
	AS("msgrcv", "long", "type", make_number, 4),
	SET("msgsnd", "len", 0, 1, 8, 100, 1000, 8192),
	SET("mq_timedsend", "len", 0, 1, 8, 100, 101),
	SET("mq_timedreceive", "room", 8192, 8192, 100, 99),
	{ NULL, "int *", "len", make_room, VALUES(110, 110, 4, 8, 16, 0) },
	{ NULL, "int *", "addr_len", make_room, VALUES(110, 110, 4, 8, 16, 0) },

	/* the traced process */
	AS("ptrace", NULL, "pid", make_tracee, 0),

	/* files */
	FLAGS("open", "flags", OPEN_FLAGS),
	FLAGS("openat", "flags", OPEN_FLAGS),
	{ "openat2", NULL, "how", make_how,
	  VALUES(O_RDONLY, O_RDWR, O_CREAT | O_WRONLY, O_PATH, O_DIRECTORY, O_NOFOLLOW) },
	AS("openat2", NULL, "size", make_size, 24),
	SET("lseek", "whence", SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE),
	SET("access", "mode", F_OK, R_OK, W_OK, X_OK, R_OK | W_OK),
	SET("faccessat", "mode", F_OK, R_OK, W_OK, X_OK, R_OK | W_OK),
	SET("faccessat2", "mode", F_OK, R_OK, W_OK, X_OK, R_OK | W_OK),
	FLAGS("faccessat2", "flags", 0, AT_EACCESS, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH),
	FLAGS("newfstatat", "flags", 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_NO_AUTOMOUNT),
	FLAGS("statx", "flags", 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_STATX_FORCE_SYNC),
	FLAGS("statx", "mask", STATX_BASIC_STATS, STATX_BTIME, STATX_ALL, STATX_SIZE),
	FLAGS("fchownat", "flags", 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH),
	FLAGS("linkat", "flags", 0, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH),
	FLAGS("unlinkat", "flags", 0, AT_REMOVEDIR),
	FLAGS("utimensat", "flags", 0, AT_SYMLINK_NOFOLLOW),
	FLAGS("renameat2", "flags", 0, RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT),
	FLAGS("fallocate", "mode", 0, FALLOC_FL_KEEP_SIZE,
	      FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_ZERO_RANGE),
	FLAGS("preadv2", "flags", 0, RWF_HIPRI, RWF_NOWAIT),
	FLAGS("pwritev2", "flags", 0, RWF_DSYNC, RWF_SYNC, RWF_APPEND, RWF_NOWAIT),
	{ NULL, NULL, "pos_h", make_choice, &zero, 1 },
	SET("fadvise64", "advice", 0, 1, 2, 3, 4, 5),
	FLAGS("sync_file_range", "flags", 0, 1, 2, 4),
	FLAGS("dup3", "flags", 0, O_CLOEXEC),
	FLAGS("pipe2", "flags", 0, O_CLOEXEC, O_NONBLOCK, O_DIRECT),
	SET("flock", "op", 1 | 4, 2 | 4, 8, 1, 2),
	SET("fcntl", "cmd", F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW,
	    F_SETOWN, F_GETOWN, F_SETSIG, F_GETSIG, F_SETOWN_EX, F_GETOWN_EX, F_OFD_GETLK,
	    F_OFD_SETLK, F_OFD_SETLKW, F_SETLEASE, F_GETLEASE, F_NOTIFY, F_DUPFD_CLOEXEC,
	    F_SETPIPE_SZ, F_GETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS),
	SET("ioctl", "cmd", TCGETS, TCSETS, TCSETSW, TCSETSF, TCGETA, TCSETA, TCSBRK, TCXONC,
	    TCFLSH, TIOCEXCL, TIOCNXCL, TIOCSCTTY, TIOCGPGRP, TIOCSPGRP, TIOCOUTQ, TIOCSTI,
	    TIOCGWINSZ, TIOCSWINSZ, TIOCMGET, FIONREAD, TIOCPKT, FIONBIO, TIOCNOTTY, TIOCSETD,
	    TIOCGETD, TCSBRKP, TIOCGSID, TIOCGPTN, TIOCSPTLCK, TIOCGPTLCK, TIOCGPTPEER, FIONCLEX,
	    FIOCLEX, FIOASYNC, FIOQSIZE, FIBMAP, FIGETBSZ, FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, 0x5480,
	    0x5411),
	FLAGS("close_range", "flags", 0, CLOSE_RANGE_CLOEXEC, CLOSE_RANGE_UNSHARE),
	AS("close_range", NULL, "first", make_new_fd, 0),
	AS("close_range", NULL, "last", make_new_fd, 0),
	{ "copy_file_range", NULL, "flags", make_choice, &zero, 1 },
	SET("getcwd", "size", 4096, 4096, 100, 0, 1, 8),
	SET("mknod", "mode", S_IFREG | 0644, S_IFIFO | 0600, S_IFCHR | 0666, S_IFBLK | 0600,
	    S_IFSOCK | 0700, 0644),
	SET("mknodat", "mode", S_IFREG | 0644, S_IFIFO | 0600, S_IFCHR | 0666, S_IFBLK | 0600,
	    S_IFSOCK | 0700, 0644),
	AS(NULL, "mode_t", NULL, make_mode, 0),
	AS(NULL, NULL, "dev", make_dev, 0),
	AS("umask", NULL, "mask", make_mode, 0),

	/* mounts and the root: only where nobody else is */
	AS("mount", NULL, "target", make_mount_point, 0),
	AS("umount2", NULL, "target", make_mount_point, 0),
	AS("chroot", NULL, "name", make_mount_point, 0),
	AS("pivot_root", NULL, NULL, make_mount_point, 0),
	FLAGS("mount", "flags", MOUNT_FLAGS),
	AS("mount", NULL, "type", make_fs_type, 0),
	FLAGS("umount2", "flags", 0, MNT_DETACH, MNT_EXPIRE, UMOUNT_NOFOLLOW),

	/* memory */
	FLAGS(NULL, "prot", PROT_READ | PROT_WRITE, PROT_NONE, PROT_READ, PROT_WRITE, PROT_EXEC,
	      PROT_READ),
	FLAGS("mmap", "flags", MAP_PRIVATE | MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED,
	      MAP_SHARED | MAP_ANONYMOUS, MAP_FIXED | MAP_PRIVATE,
	      MAP_FIXED_NOREPLACE | MAP_PRIVATE, MAP_POPULATE | MAP_PRIVATE, MAP_GROWSDOWN,
	      MAP_NORESERVE, MAP_LOCKED, MAP_STACK, MAP_NONBLOCK, MAP_32BIT, MAP_SHARED_VALIDATE),
	FLAGS("mremap", "flags", MREMAP_MAYMOVE, 0, MREMAP_MAYMOVE | MREMAP_FIXED,
	      MREMAP_MAYMOVE | MREMAP_DONTUNMAP),
	FLAGS("msync", "flags", MS_SYNC, MS_ASYNC, MS_INVALIDATE),
	SET("madvise", "advice", 0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
	    21, 22, 23),
	FLAGS("mlockall", "flags", MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT),
	FLAGS("mlock2", "flags", 0, MLOCK_ONFAULT),
	AS("brk", NULL, "brk", make_brk, 0),
	AS("mincore", NULL, "vec", make_out, 256),
	AS("arch_prctl", NULL, "addr", make_out, 64),
	SET("arch_prctl", "code", ARCH_SET_GS, ARCH_SET_FS, ARCH_GET_FS, ARCH_GET_GS,
	    ARCH_GET_CPUID, ARCH_SET_CPUID),

	/* processes */
	FLAGS("clone", "flags", CLONE_FLAGS, SIGCHLD, SIGCHLD, SIGCHLD),
	AS("clone", NULL, "sp", make_stack, 0),
	AS("clone", NULL, "tls", make_out, 64),
	{ "clone3", NULL, "args", make_clone_args, VALUES(CLONE_FLAGS) },
	SET("clone3", "size", 88, 88, 80, 64, 56),
	FLAGS("unshare", "flags", 0, CLONE_FS, CLONE_FILES, CLONE_SYSVSEM, CLONE_VM, CLONE_NEWNS,
	      CLONE_NEWUTS, CLONE_THREAD),
	AS("execve", NULL, "name", make_program, 0),
	AS("execveat", NULL, "name", make_program, 0),
	FLAGS("execveat", "flags", 0, AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW),
	AS(NULL, "const char *const *", NULL, make_strings, 0),
	FLAGS("wait4", "options", WNOHANG, WNOHANG, WNOHANG | WUNTRACED, WCONTINUED, 0, __WALL,
	      __WNOTHREAD),
	FLAGS("waitid", "options", WNOHANG | WEXITED, WNOHANG | WEXITED, WSTOPPED, WCONTINUED,
	      WNOWAIT, WEXITED),
	SET("waitid", "which", P_ALL, P_PID, P_PGID, P_PIDFD),
	SET("personality", "persona", 0, 0xffffffff, ADDR_NO_RANDOMIZE, READ_IMPLIES_EXEC,
	    ADDR_COMPAT_LAYOUT),
	SET("prctl", "option", PR_SET_PDEATHSIG, PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_DUMPABLE,
	    PR_GET_KEEPCAPS, PR_SET_KEEPCAPS, PR_SET_NAME, PR_GET_NAME, PR_CAPBSET_READ,
	    PR_CAPBSET_DROP, PR_GET_SECUREBITS, PR_SET_SECUREBITS, PR_SET_TIMERSLACK,
	    PR_GET_TIMERSLACK, PR_SET_CHILD_SUBREAPER, PR_GET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS,
	    PR_GET_NO_NEW_PRIVS, PR_GET_TID_ADDRESS, PR_SET_THP_DISABLE, PR_GET_THP_DISABLE,
	    PR_CAP_AMBIENT, PR_SET_VMA, PR_SET_MM, PR_GET_TSC, PR_SET_TSC, PR_MCE_KILL_GET,
	    PR_GET_SPECULATION_CTRL, PR_GET_SECCOMP, PR_SET_PTRACER, PR_GET_TIMING, PR_GET_UNALIGN,
	    PR_GET_FPEMU),
	AS("set_tid_address", NULL, NULL, make_out, 4),
	AS("set_robust_list", NULL, "head", make_robust_list, 0),
	AS("set_robust_list", NULL, "len", make_size, 24),
	SET("membarrier", "cmd", 0, MEMBARRIER_CMD_GLOBAL, MEMBARRIER_CMD_PRIVATE_EXPEDITED,
	    MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, MEMBARRIER_CMD_GLOBAL_EXPEDITED,
	    MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED),
	{ "membarrier", NULL, "flags", make_choice, &zero, 1 },
	AS("membarrier", NULL, "cpu", make_number, 4),

	/* signals */
	AS(NULL, NULL, "sig", make_signal, 0),
	AS("pselect6", NULL, "sig", make_sigset_pair, 0),
	SET("rt_sigprocmask", "how", SIG_BLOCK, SIG_UNBLOCK, SIG_UNBLOCK, SIG_SETMASK),
	AS("rt_sigaction", NULL, "act", make_sigaction, 0),
	AS("rt_sigaction", NULL, "size", make_size, 8),
	AS("rt_sigprocmask", NULL, "size", make_size, 8),
	AS("rt_sigpending", NULL, "size", make_size, 8),
	AS("rt_sigtimedwait", NULL, "size", make_size, 8),
	AS("rt_sigsuspend", NULL, "size", make_size, 8),
	AS("ppoll", NULL, "size", make_size, 8),
	AS("rt_sigpending", NULL, "set", make_out, 8),
	AS("rt_sigprocmask", "u64 *", "old", make_out, 8),
	AS(NULL, "const u64 *", NULL, make_sigset, 0),
	AS(NULL, "const siginfo_t *", NULL, make_siginfo, 0),
	AS(NULL, "const stack_t *", NULL, make_altstack, 0),
	AS(NULL, "struct sigevent *", NULL, make_sigevent, 0),

	/* time */
	AS(NULL, "int", "clock", make_clock, 0),
	AS(NULL, "const struct itimerval *", NULL, make_interval, 0),
	AS(NULL, "const struct itimerspec *", NULL, make_interval, 0),
	SET("getitimer", "which", ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF),
	SET("setitimer", "which", ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF),
	AS("timer_create", NULL, "id", make_out, 4),
	FLAGS("timer_settime", "flags", 0, TIMER_ABSTIME),
	FLAGS("clock_nanosleep", "flags", 0, 0, TIMER_ABSTIME),
	AS("settimeofday", NULL, "tz", make_offset_pointer, 0),
	AS("utimensat", NULL, "ts", make_timespecs, 0),
	AS(NULL, "const struct timespec *", NULL, make_timespec, 0),
	AS(NULL, "const struct timeval *", NULL, make_timeval, 0),
	AS("select", NULL, "tv", make_timeval, 0),
	AS(NULL, NULL, "seconds", make_number, 3),

	/* waiting */
	AS(NULL, "struct pollfd *", NULL, make_pollfds, 0),
	AS(NULL, NULL, "nfds", make_number, 8),
	AS(NULL, NULL, "timeout", make_number, 3),
	AS("select", "int", "n", make_number, 128),
	AS("pselect6", "int", "n", make_number, 128),
	AS("select", "u64 *", NULL, make_fdset, 0),
	AS("pselect6", "u64 *", NULL, make_fdset, 0),
	AS("futex", "u32 *", NULL, make_futex, 0),
	SET("futex", "op", FUTEX_WAIT, FUTEX_WAKE, FUTEX_REQUEUE, FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP,
	    FUTEX_LOCK_PI, FUTEX_UNLOCK_PI, FUTEX_TRYLOCK_PI, FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET,
	    FUTEX_WAIT | FUTEX_PRIVATE_FLAG, FUTEX_WAKE | FUTEX_PRIVATE_FLAG,
	    FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, FUTEX_CMP_REQUEUE_PI, FUTEX_WAIT_REQUEUE_PI),
	AS("futex", NULL, NULL, make_number, 4),

	FLAGS("eventfd2", "flags", 0, O_CLOEXEC, O_NONBLOCK, 1),
	FLAGS("epoll_create1", "flags", 0, O_CLOEXEC),
	SET("epoll_ctl", "op", 1, 1, 2, 3),
	{ NULL, "struct epoll_event *", NULL, make_epoll_event,
	  VALUES(POLLIN, POLLOUT, 1u << 31, 1u << 30, 1u << 28) },
	AS("epoll_pwait", NULL, "size", make_size, 8),
	AS("epoll_pwait2", NULL, "size", make_size, 8),

	/* sockets; the descriptors of the batch's own kind are in its zoo */
	SET(NULL, "family", AF_UNIX, AF_UNIX, AF_UNIX, AF_INET, AF_NETLINK),
	FLAGS("socket", "type", SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_NONBLOCK,
	      SOCK_CLOEXEC),
	FLAGS("socketpair", "type", SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_NONBLOCK,
	      SOCK_CLOEXEC),
	{ NULL, NULL, "protocol", make_choice, &zero, 1 },
	AS(NULL, "const struct sockaddr *", NULL, make_sockaddr, 0),
	AS(NULL, "struct sockaddr *", NULL, make_out, 128),
	SET("bind", "len", 110, 110, 2, 3, 20),
	SET("connect", "len", 110, 110, 2, 3, 20),
	SET("sendto", "addr_len", 110, 110, 0, 2, 20),
	AS(NULL, "const struct user_msghdr *", NULL, make_msghdr, 0),
	AS(NULL, "struct user_msghdr *", NULL, make_msghdr, 0),
	AS(NULL, "struct mmsghdr *", NULL, make_mmsghdrs, 0),
	AS("sendmmsg", NULL, "count", make_number, 4),
	AS("recvmmsg", NULL, "count", make_number, 4),
	FLAGS("sendto", "flags", SOCKET_FLAGS),
	FLAGS("recvfrom", "flags", SOCKET_FLAGS),
	FLAGS("sendmsg", "flags", SOCKET_FLAGS),
	FLAGS("recvmsg", "flags", SOCKET_FLAGS),
	FLAGS("sendmmsg", "flags", SOCKET_FLAGS),
	FLAGS("recvmmsg", "flags", SOCKET_FLAGS),
	SET("setsockopt", "level", SOL_SOCKET),
	SET("getsockopt", "level", SOL_SOCKET),
	AS("setsockopt", NULL, "name", make_number, 78),
	AS("getsockopt", NULL, "name", make_number, 78),
	SET("setsockopt", "len", 4, 4, 8, 16),

	/* System V IPC and message queues */
	AS("semop", NULL, "id", make_ipc_id, IPC_KIND_SEM),
	AS("semtimedop", NULL, "id", make_ipc_id, IPC_KIND_SEM),
	AS("semctl", NULL, "id", make_ipc_id, IPC_KIND_SEM),
	AS("msgsnd", NULL, "id", make_ipc_id, IPC_KIND_MSG),
	AS("msgrcv", NULL, "id", make_ipc_id, IPC_KIND_MSG),
	AS("msgctl", NULL, "id", make_ipc_id, IPC_KIND_MSG),
	AS("shmat", NULL, "id", make_ipc_id, IPC_KIND_SHM),
	AS("shmctl", NULL, "id", make_ipc_id, IPC_KIND_SHM),
	SET(NULL, "key", IPC_PRIVATE, 1, 2, 3),
	FLAGS("semget", "flags", IPC_CREAT | 0666, IPC_CREAT, IPC_EXCL, 0600),
	FLAGS("msgget", "flags", IPC_CREAT | 0666, IPC_CREAT, IPC_EXCL, 0600),
	FLAGS("shmget", "flags", IPC_CREAT | 0666, IPC_CREAT, IPC_EXCL, 0600, SHM_NORESERVE),
	AS(NULL, "const struct sembuf *", NULL, make_sembufs, 0),
	AS(NULL, NULL, "nr", make_number, 8),
	SET("semctl", "cmd", IPC_RMID, IPC_SET, IPC_STAT, IPC_INFO, GETPID, GETVAL, GETALL, GETNCNT,
	    GETZCNT, SETVAL, SETALL, SEM_STAT, SEM_INFO),
	AS("semctl", NULL, "arg", make_control, 0),
	FLAGS("msgsnd", "flags", IPC_NOWAIT, 0),
	FLAGS("msgrcv", "flags", IPC_NOWAIT, 0, MSG_NOERROR, MSG_EXCEPT, MSG_COPY),
	SET("msgctl", "cmd", IPC_RMID, IPC_SET, IPC_STAT, IPC_INFO, MSG_STAT, MSG_INFO),
	FLAGS("shmat", "flags", 0, SHM_RDONLY, SHM_RND, SHM_REMAP, SHM_EXEC),
	SET("shmctl", "cmd", IPC_RMID, IPC_SET, IPC_STAT, IPC_INFO, SHM_LOCK, SHM_UNLOCK, SHM_STAT,
	    SHM_INFO),
	AS("mq_open", NULL, "name", make_queue_name, 0),
	AS("mq_unlink", NULL, "name", make_queue_name, 0),
	FLAGS("mq_open", "flags", O_CREAT | O_RDWR, O_RDONLY, O_WRONLY, O_EXCL, O_NONBLOCK),
	AS(NULL, "const struct mq_attr *", NULL, make_queue_attr, 0),
	AS("mq_timedsend", NULL, "priority", make_number, 40),
	AS("mq_notify", NULL, "event", make_sigevent, 0),

	/* watches, pipes between descriptors */
	FLAGS("inotify_init1", "flags", 0, O_CLOEXEC, O_NONBLOCK),
	FLAGS("inotify_add_watch", "mask", IN_ALL_EVENTS, IN_MODIFY, IN_CREATE | IN_DELETE, IN_MOVE,
	      IN_ONESHOT | IN_OPEN, IN_MASK_ADD | IN_ACCESS, IN_ONLYDIR | IN_ATTRIB,
	      IN_EXCL_UNLINK),
	AS("inotify_rm_watch", NULL, "wd", make_number, 4),
	FLAGS("splice", "flags", 0, 1, 2, 4),
	FLAGS("tee", "flags", 0, 1, 2),
	FLAGS("vmsplice", "flags", 0, 1, 2, 8),

	/* other processes: by tracing, through their memory, by descriptors */
	SET("ptrace", "request", PTRACE_TRACEME, PTRACE_ATTACH, PTRACE_SEIZE, PTRACE_DETACH,
	    PTRACE_CONT, PTRACE_SYSCALL, PTRACE_SINGLESTEP, PTRACE_KILL, PTRACE_INTERRUPT,
	    PTRACE_LISTEN, PTRACE_PEEKDATA, PTRACE_POKEDATA, PTRACE_PEEKUSER, PTRACE_POKEUSER,
	    PTRACE_GETREGS, PTRACE_SETREGS, PTRACE_GETFPREGS, PTRACE_GETREGSET, PTRACE_SETREGSET,
	    PTRACE_SETOPTIONS, PTRACE_GETEVENTMSG, PTRACE_GETSIGINFO, PTRACE_SETSIGINFO,
	    PTRACE_GETSIGMASK, PTRACE_SETSIGMASK, PTRACE_PEEKSIGINFO),
	AS("ptrace", NULL, "data", make_control, 0),
	AS(NULL, NULL, "lcount", make_number, 9),
	AS(NULL, NULL, "rcount", make_number, 9),
	{ "process_vm_readv", NULL, "flags", make_choice, &zero, 1 },
	{ "process_vm_writev", NULL, "flags", make_choice, &zero, 1 },
	AS("kcmp", NULL, "type", make_number, 8),
	AS("kcmp", NULL, "idx1", make_fd, 0),
	AS("kcmp", NULL, "idx2", make_fd, 0),
	{ "pidfd_send_signal", NULL, "flags", make_choice, &zero, 1 },
	FLAGS("pidfd_open", "flags", 0, O_NONBLOCK),
	{ "pidfd_getfd", NULL, "flags", make_choice, &zero, 1 },
	{ "process_madvise", NULL, "flags", make_choice, &zero, 1 },
	{ "process_mrelease", NULL, "flags", make_choice, &zero, 1 },
	AS("process_madvise", NULL, "n", make_number, 9),
	SET("process_madvise", "advice", 3, 20, 21, 25),

	/* measuring */
	AS("perf_event_open", NULL, "attr", make_perf_attr, 0),
	SET("perf_event_open", "pid", 0, 0, 0, (uint64_t)-1),
	SET("perf_event_open", "cpu", (uint64_t)-1, (uint64_t)-1, 0),
	{ "perf_event_open", NULL, "group", make_choice, &minus_one, 1 },
	FLAGS("perf_event_open", "flags", 0, 8),

	/* ids, limits, scheduling */
	AS(NULL, "const struct rlimit64 *", NULL, make_rlimit, 0),
	SET(NULL, "resource", RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_CORE,
	    RLIMIT_NPROC, RLIMIT_NOFILE, RLIMIT_MEMLOCK, RLIMIT_AS, RLIMIT_LOCKS, RLIMIT_SIGPENDING,
	    RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_RTPRIO, RLIMIT_RTTIME),
	SET("getrusage", "who", 0, 0xffffffffffffffff, 1),
	SET("getpriority", "which", PRIO_PROCESS, PRIO_PGRP, PRIO_USER),
	SET("setpriority", "which", PRIO_PROCESS, PRIO_PGRP),
	AS(NULL, NULL, "who", make_pid, 0),
	AS(NULL, NULL, "prio", make_number, 20),
	AS("setgroups", NULL, "size", make_number, 16),
	SET("getgroups", "size", 64, 16, 0),
	AS(NULL, "uid_t", NULL, make_id, 0),
	AS(NULL, "gid_t", NULL, make_id, 0),
	AS(NULL, "const gid_t *", NULL, make_ids, 0),
	AS(NULL, NULL, "header", make_cap_header, 0),
	AS(NULL, "const struct sched_param *", NULL, make_sched, 0),
	AS("sched_setattr", NULL, "attr", make_sched_attr, 0),
	SET("sched_getattr", "size", 48, 56, 128),
	{ "sched_setattr", NULL, "flags", make_choice, &zero, 1 },
	{ "sched_getattr", NULL, "flags", make_choice, &zero, 1 },
	SET(NULL, "policy", 0, 0, 1, 2, 3, 5),
	SET("sched_setaffinity", "len", 8, 8, 128),
	SET("sched_getaffinity", "len", 8, 128, 1024),

	/* the machine */
	SET("reboot", "magic1", LINUX_REBOOT_MAGIC1),
	SET("reboot", "magic2", LINUX_REBOOT_MAGIC2, LINUX_REBOOT_MAGIC2A),
	SET("reboot", "cmd", LINUX_REBOOT_CMD_CAD_ON, LINUX_REBOOT_CMD_CAD_OFF),
	SET("syslog", "type", 2, 3, 9, 10, 1, 0),
	FLAGS("getrandom", "flags", 0, GRND_NONBLOCK, GRND_RANDOM, GRND_INSECURE),

	/* whatever is left, by its type or its name */
	AS("dup2", NULL, "newfd", make_new_fd, 0),
	AS("dup3", NULL, "newfd", make_new_fd, 0),
	AS(NULL, "int", "fd", make_fd, 0),
	AS(NULL, "int", "oldfd", make_fd, 0),
	AS(NULL, "int", "in", make_fd, 0),
	AS(NULL, "int", "out", make_fd, 0),
	AS(NULL, "int", "dfd", make_dirfd, 0),
	AS(NULL, "int", "odfd", make_dirfd, 0),
	AS(NULL, "int", "ndfd", make_dirfd, 0),
	AS(NULL, "pid_t", NULL, make_pid, 0),
	AS(NULL, NULL, "addr", make_address, 0),
	AS("mremap", NULL, "new_addr", make_address, 0),
	AS("mmap", "size_t", NULL, make_length, 0),
	AS("munmap", "size_t", NULL, make_length, 0),
	AS("mprotect", "size_t", NULL, make_length, 0),
	AS("mremap", "size_t", NULL, make_length, 0),
	AS("msync", "size_t", NULL, make_length, 0),
	AS("mincore", "size_t", NULL, make_length, 0),
	AS("madvise", "size_t", NULL, make_length, 0),
	AS("mlock", "size_t", NULL, make_length, 0),
	AS("mlock2", "size_t", NULL, make_length, 0),
	AS("munlock", "size_t", NULL, make_length, 0),
	AS(NULL, "const struct iovec *", NULL, make_iovec, 0),
	AS(NULL, "unsigned long", "n", make_number, 9),
	AS(NULL, "off_t *", NULL, make_offset_pointer, 0),
	AS(NULL, "off_t", NULL, make_offset, 0),
	AS(NULL, "unsigned long", "pos_l", make_offset, 0),
	AS("symlink", NULL, "target", make_name, 0),
	AS("symlinkat", NULL, "target", make_name, 0),
	AS("open", NULL, "name", make_path, 0),
	AS("openat", NULL, "name", make_path, 0),
	AS("openat2", NULL, "name", make_path, 0),
	AS("stat", NULL, "name", make_path, 0),
	AS("lstat", NULL, "name", make_path, 0),
	AS("newfstatat", NULL, "name", make_path, 0),
	AS("statx", NULL, "name", make_path, 0),
	AS("statfs", NULL, "name", make_path, 0),
	AS("access", NULL, "name", make_path, 0),
	AS(NULL, "const char *", "name", make_name, 0),
	AS(NULL, "const char *", "old", make_name, 0),
	AS(NULL, "const char *", "new", make_name, 0),
	AS(NULL, "const char *", "source", make_name, 0),
	AS(NULL, "const char *", NULL, make_in, 65536),
	AS(NULL, "char *", NULL, make_out, 65536),
	AS("getdents", "void *", NULL, make_out, 65536),
	AS("getdents64", "void *", NULL, make_out, 65536),
	AS("ioctl", NULL, "arg", make_control, 0),
	AS("fcntl", NULL, "arg", make_control, 0),
	AS("prctl", NULL, NULL, make_control, 0),
	AS(NULL, "size_t", NULL, make_size, 0),
	AS(NULL, "u32", "count", make_size, 0),
	AS(NULL, "u32", "size", make_size, 0),
	AS(NULL, "u32", "len", make_size, 0),
	AS(NULL, "int", "size", make_size, 0),
	AS(NULL, "int", "len", make_size, 0),
	AS(NULL, "int", "id", make_timer, 0),
	AS(NULL, "int", NULL, make_number, 0),
	AS(NULL, "u32", NULL, make_number, 0),
	AS(NULL, "unsigned long", NULL, make_number, 0),
};

/* What is chosen seldom: it costs much, ends the batch, or makes what follows it fail. */
static const struct {
	const char *name;
	uint32_t weight;
} weights[] = {
	{ "fork", 5 },		{ "vfork", 3 },
	{ "clone", 6 },		{ "clone3", 6 },
	{ "execve", 3 },	{ "execveat", 3 },
	{ "exit", 2 },		{ "exit_group", 2 },
	{ "rt_sigreturn", 6 },	{ "pause", 2 },
	{ "rt_sigsuspend", 3 }, { "sync", 2 },
	{ "chroot", 1 },	{ "setuid", 2 },
	{ "setresuid", 2 },	{ "setreuid", 2 },
	{ "setfsuid", 2 },	{ "capset", 2 },
	{ "prlimit64", 5 },	{ "setrlimit", 2 },
	{ "close_range", 2 },	{ "vhangup", 2 },
	{ "mlockall", 3 },	{ "kill", 5 },
	{ "reboot", 2 },	{ "sched_setscheduler", 3 },
	{ "sched_setattr", 3 }, { "setgid", 3 },
	{ "setpriority", 3 },	{ "settimeofday", 1 },
	{ "clock_settime", 1 }, { "close", 6 },
	{ "membarrier", 4 },	{ "io_destroy", 2 },
	{ "shmdt", 6 },
};

static const char *const blocking[] = {
	"read",
	"readv",
	"pread64",
	"preadv",
	"preadv2",
	"write",
	"writev",
	"pwrite64",
	"pwritev",
	"pwritev2",
	"open",
	"openat",
	"openat2",
	"creat",
	"poll",
	"ppoll",
	"select",
	"pselect6",
	"nanosleep",
	"clock_nanosleep",
	"pause",
	"wait4",
	"waitid",
	"flock",
	"fcntl",
	"ioctl",
	"futex",
	"rt_sigtimedwait",
	"rt_sigsuspend",
	"sendfile",
	"copy_file_range",
	"getrandom",
	"syslog",
	"close",
	"dup2",
	"dup3",
	"restart_syscall",
	"truncate",
	"ftruncate",
	"fallocate",
	"execve",
	"execveat",
	"epoll_wait",
	"epoll_pwait",
	"epoll_pwait2",
	"accept",
	"accept4",
	"connect",
	"sendto",
	"recvfrom",
	"sendmsg",
	"recvmsg",
	"sendmmsg",
	"recvmmsg",
	"semop",
	"semtimedop",
	"msgsnd",
	"msgrcv",
	"mq_timedsend",
	"mq_timedreceive",
};

/* They end the caller, or replace what it is. */
static const char *const ending[] = { "exit", "exit_group", "execve", "execveat", "rt_sigreturn" };

#define DEFAULT_WEIGHT 10

/* What no rule knows: a new call is tried from the day on which it is built. */
static const struct rule some_object = { .make = make_in }, some_number = { .make = make_number };
static uint32_t weight_sum;

static bool fits(const char *pattern, const char *text)
{
	return !pattern || !strcmp(pattern, text);
}

static const struct rule *rule_of(const struct call *call, const struct arg *arg)
{
	for (size_t i = 0; i < LENGTH(rules); i++) {
		if (fits(rules[i].call, call->name) && fits(rules[i].type, arg->type) &&
		    fits(rules[i].name, arg->name))
			return &rules[i];
	}
	return strchr(arg->type, '*') ? &some_object : &some_number;
}

struct call *call_named(const char *name)
{
	for (int i = 0; i < ncalls; i++) {
		if (!strcmp(calls[i].name, name))
			return &calls[i];
	}
	return NULL;
}

static struct call *call_known(const char *name)
{
	struct call *call = call_named(name);

	if (!call) {
		printf("sysfuzz: %s is no call that is built\n", name);
		exit(2);
	}
	return call;
}

void calls_prepare(void)
{
	for (int i = 0; i < ncalls; i++) {
		calls[i].weight = DEFAULT_WEIGHT;
		for (int arg = 0; arg < calls[i].nargs; arg++)
			calls[i].args[arg].rule = rule_of(&calls[i], &calls[i].args[arg]);
	}
	for (size_t i = 0; i < LENGTH(weights); i++)
		call_known(weights[i].name)->weight = weights[i].weight;
	for (size_t i = 0; i < LENGTH(blocking); i++)
		call_known(blocking[i])->may_block = true;
	for (size_t i = 0; i < LENGTH(ending); i++)
		call_known(ending[i])->ends = true;
	for (int i = 0; i < ncalls; i++)
		weight_sum += calls[i].weight;
}

const struct call *call_choose(struct fuzz *f)
{
	uint32_t at = (uint32_t)random_below(f, weight_sum);
	int i = 0;

	while (at >= calls[i].weight)
		at -= calls[i++].weight;
	return &calls[i];
}
