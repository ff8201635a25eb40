/*
 * Every kind of descriptor under every call that takes one. A row's name ends with what the call answered, so that
 * another answer than Linux's is a row that Linux has and CloudOS lacks: tests/run_user --kernel both tells.
 */
#include <linux/fs.h>
#include <mqueue.h>
#include <pty.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "row.h"

/* ---- the kinds: each makes a new one and never blocks ---- */

static int make_regular(void)
{
	return file_with("regular", "0123456789", 10);
}

static int make_read_only(void)
{
	close(make_regular());
	return open("regular", O_RDONLY);
}

static int make_write_only(void)
{
	close(make_regular());
	return open("regular", O_WRONLY);
}

static int make_append(void)
{
	close(make_regular());
	return open("regular", O_RDWR | O_APPEND);
}

static int make_unnamed(void)
{
	return open(".", O_TMPFILE | O_RDWR, 0600);
}

static int make_directory(void)
{
	return open(".", O_RDONLY);
}

static int make_path(void)
{
	close(make_regular());
	return open("regular", O_PATH);
}

static int make_path_directory(void)
{
	return open(".", O_PATH | O_DIRECTORY);
}

static int make_path_link(void)
{
	symlink("regular", "link");
	return open("link", O_PATH | O_NOFOLLOW);
}

static int make_pipe_read(void)
{
	int fds[2];

	MUST(pipe2(fds, O_NONBLOCK));
	MUST(write(fds[1], "pipe", 4));
	MUST(dup2(fds[1], 700));
	close(fds[1]);
	return fds[0];
}

static int make_pipe_write(void)
{
	int fds[2];

	MUST(pipe2(fds, O_NONBLOCK));
	MUST(dup2(fds[0], 700));
	close(fds[0]);
	return fds[1];
}

static int make_fifo(void)
{
	mkfifo("fifo", 0600);
	return open("fifo", O_RDWR | O_NONBLOCK);
}

static int make_eventfd(void)
{
	return eventfd(3, EFD_NONBLOCK);
}

static int make_timerfd(void)
{
	return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
}

static int make_signalfd(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return signalfd(-1, &set, SFD_NONBLOCK);
}

static int make_inotify(void)
{
	return inotify_init1(IN_NONBLOCK);
}

static int make_epoll(void)
{
	return epoll_create1(0);
}

static int make_pidfd(void)
{
	return sys(SYS_pidfd_open, getpid(), 0);
}

static int make_pair(int type)
{
	int fds[2];

	MUST(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, fds));
	MUST(write(fds[1], "pair", 4));
	MUST(dup2(fds[1], 700));
	close(fds[1]);
	return fds[0];
}

static int make_stream(void)
{
	return make_pair(SOCK_STREAM);
}

static int make_datagram(void)
{
	return make_pair(SOCK_DGRAM);
}

static int make_seqpacket(void)
{
	return make_pair(SOCK_SEQPACKET);
}

static int make_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

static int make_listener(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = make_socket();

	MUST(bind(fd, (struct sockaddr *)&name, sizeof(sa_family_t)));
	MUST(listen(fd, 1));
	return fd;
}

static int make_pty_master(void)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);

	unlockpt(fd);
	return fd;
}

static int make_pty_slave(void)
{
	int master = make_pty_master();
	int fd = MUST(open(ptsname(master), O_RDWR | O_NOCTTY | O_NONBLOCK));

	MUST(dup2(master, 700));
	close(master);
	return fd;
}

static int make_null(void)
{
	return open("/dev/null", O_RDWR);
}

static int make_zero(void)
{
	return open("/dev/zero", O_RDWR);
}

static int make_full(void)
{
	return open("/dev/full", O_RDWR);
}

static int make_random(void)
{
	return open("/dev/urandom", O_RDONLY);
}

static int make_ptmx_directory(void)
{
	return open("/dev/pts", O_RDONLY);
}

static int make_memfd(void)
{
	int fd = memfd_create("memory", MFD_ALLOW_SEALING);

	MUST(write(fd, "memory", 6));
	return fd;
}

static int make_sealed(void)
{
	int fd = make_memfd();

	MUST(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL));
	return fd;
}

static int make_proc_file(void)
{
	return open("/proc/self/comm", O_RDONLY);
}

static int make_proc_text(void)
{
	return open("/proc/version", O_RDONLY);
}

static int make_proc_directory(void)
{
	return open("/proc/self", O_RDONLY);
}

static int make_proc_memory(void)
{
	return open("/proc/self/mem", O_RDWR);
}

static int make_proc_sysctl(void)
{
	return open("/proc/sys/vm/overcommit_memory", O_RDONLY);
}

static int make_sys_file(void)
{
	return open("/sys/devices/system/cpu/online", O_RDONLY);
}

static int make_sys_directory(void)
{
	return open("/sys/devices/system/cpu", O_RDONLY);
}

static int make_queue(void)
{
	struct mq_attr attr = { .mq_maxmsg = 2, .mq_msgsize = 16 };
	const char *name = named("/kinds.%d", getpid());
	int fd = mq_open(name, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attr);

	mq_unlink(name);
	return fd;
}

/* SHARED: the file is one for the whole machine, where copies of this program would find each other's locks and modes. */
/* clang-format off */
#define KINDS \
	KIND(regular) KIND(read_only) KIND(write_only) KIND(append) KIND(unnamed) KIND(directory) \
	KIND(path) KIND(path_directory) KIND(path_link) KIND(pipe_read) KIND(pipe_write) KIND(fifo) \
	KIND(eventfd) KIND(timerfd) KIND(signalfd) KIND(inotify) KIND(epoll) KIND(pidfd) \
	KIND(stream) KIND(datagram) KIND(seqpacket) KIND(socket) KIND(listener) SHARED(pty_master) \
	KIND(pty_slave) SHARED(null) SHARED(zero) SHARED(full) SHARED(random) KIND(memfd) \
	KIND(sealed) SHARED(ptmx_directory) KIND(proc_file) SHARED(proc_text) KIND(proc_directory) KIND(proc_memory) \
	SHARED(proc_sysctl) SHARED(sys_file) SHARED(sys_directory) KIND(queue)
/* clang-format on */

/* ---- the calls: what they answer, addresses and texts made comparable ---- */

static char page[PAGE];
static struct iovec vec = { page, 8 };

static long address(void *p)
{
	return p == MAP_FAILED ? -errno : 0;
}

static long text_of(long n, const char *text)
{
	long hash = 5381;

	for (long i = 0; i < n; i++)
		hash = (hash * 33 + text[i]) & 0xffffff;
	return n < 0 ? -errno : hash;
}

static long the_map(int fd, int prot, int flags)
{
	return address(mmap(NULL, PAGE, prot, flags, fd, 0));
}

static long the_poll(int fd)
{
	struct pollfd p = { .fd = fd, .events = 0x3fff };

	return poll(&p, 1, 0) < 0 ? -errno : p.revents;
}

static long the_epoll(int fd)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT };
	int ep = epoll_create1(0);

	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e))
		return -errno;
	e.events = 0;
	return epoll_wait(ep, &e, 1, 0) < 0 ? -errno : (long)e.events;
}

static long the_link(int fd)
{
	char to[256];
	long n = readlink(named("/proc/self/fd/%d", fd), to, sizeof(to) - 1);

	if (n < 0)
		return -errno;
	to[n] = 0;
	return to[0] == '/' ? 0 : text_of(strcspn(to, "0123456789"), to); /* numbers differ */
}

/* The names of the lines, and the flags. */
static long the_fdinfo(int fd)
{
	static char text[4096], names[4096];
	long n = slurp(named("/proc/self/fdinfo/%d", fd), text, sizeof(text)), out = 0;

	for (char *line = text; n > 0 && *line; line = strchrnul(line, '\n') + 1) {
		size_t name = strcspn(line, ":\n");

		if (!strncmp(line, "flags:", 6) || !strncmp(line, "pos:", 4))
			name = strcspn(line, "\n");
		memcpy(names + out, line, name);
		out += name;
	}
	return text_of(out, names);
}

static long the_mode(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? -errno : (long)st.st_mode;
}

static long the_shape(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	return (long)st.st_blksize << 1 | !!st.st_size;
}

static long the_statx(int fd)
{
	struct statx st;

	return sys(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_ALL, &st)
		       ?: (long)(st.stx_mask & STATX_ALL);
}

static long the_statfs(int fd)
{
	struct statfs st;

	return fstatfs(fd, &st) ? -errno : (long)st.f_type;
}

static long the_ioctl(int fd, unsigned long request)
{
	static char argument[PAGE];

	memset(argument, 0, sizeof(argument));
	return sys(SYS_ioctl, fd, request, argument);
}

static long the_count(int fd, unsigned long request)
{
	int n = -1;

	return sys(SYS_ioctl, fd, request, &n) ?: n;
}

static long the_lock(int fd, int type)
{
	struct flock l = { .l_type = type, .l_len = 1 };

	return sys(SYS_fcntl, fd, F_SETLK, &l);
}

static long the_splice(int fd, bool out)
{
	int fds[2];
	long n;

	MUST(pipe2(fds, O_NONBLOCK));
	if (!out)
		return sys(SYS_splice, fd, NULL, fds[1], NULL, 4, SPLICE_F_NONBLOCK);
	MUST(write(fds[1], "12345678", 8));
	n = sys(SYS_splice, fds[0], NULL, fd, NULL, 8, SPLICE_F_NONBLOCK);
	return n;
}

static long the_splice_at(int fd, bool out)
{
	loff_t at = 0;
	int fds[2];

	MUST(pipe2(fds, O_NONBLOCK));
	if (!out)
		return sys(SYS_splice, fd, &at, fds[1], NULL, 4, SPLICE_F_NONBLOCK);
	MUST(write(fds[1], "12345678", 8));
	return sys(SYS_splice, fds[0], NULL, fd, &at, 8, SPLICE_F_NONBLOCK);
}

static long the_dirents(int fd)
{
	long n = sys(SYS_getdents64, fd, page, sizeof(page));

	return n > 0 ? 1 : n;
}

static long the_flags(int fd, int set)
{
	long r = sys(SYS_fcntl, fd, F_SETFL, set);

	return r ?: sys(SYS_fcntl, fd, F_GETFL);
}

static long the_vector_at(int fd, int flags, bool write)
{
	return sys(write ? SYS_pwritev2 : SYS_preadv2, fd, &vec, 1, 0, 0, flags);
}

static long the_vector_here(int fd, int flags, bool write)
{
	return sys(write ? SYS_pwritev2 : SYS_preadv2, fd, &vec, 1, -1l, -1l, flags);
}

static long seek_then_tell(int fd, long offset, int whence)
{
	long r = sys(SYS_lseek, fd, offset, whence);

	return r < 0 ? r : sys(SYS_lseek, fd, 0, SEEK_CUR) - r;
}

#define GOOD (make_regular())
/* clang-format off */
#define CALLS                                                                                      \
	CALL(read, sys(SYS_read, fd, page, 8))                                                     \
	CALL(read_none, sys(SYS_read, fd, page, 0))                                                \
	CALL(read_nowhere, sys(SYS_read, fd, edge, 8))                                             \
	CALL(write, sys(SYS_write, fd, page, 8))                                                   \
	CALL(write_none, sys(SYS_write, fd, page, 0))                                              \
	CALL(write_nowhere, sys(SYS_write, fd, edge, 8))                                           \
	CALL(pread, sys(SYS_pread64, fd, page, 8, 0))                                              \
	CALL(pread_far, sys(SYS_pread64, fd, page, 8, 1l << 40))                                   \
	CALL(pread_negative, sys(SYS_pread64, fd, page, 8, -1l))                                   \
	CALL(pread_last, sys(SYS_pread64, fd, page, 8, INT64_MAX))                                 \
	CALL(pwrite, sys(SYS_pwrite64, fd, page, 8, 0))                                            \
	CALL(pwrite_last, sys(SYS_pwrite64, fd, page, 8, INT64_MAX - 7))                           \
	CALL(readv, sys(SYS_readv, fd, &vec, 1))                                                   \
	CALL(writev, sys(SYS_writev, fd, &vec, 1))                                                 \
	CALL(readv_none, sys(SYS_readv, fd, NULL, 0))                                              \
	CALL(writev_none, sys(SYS_writev, fd, NULL, 0))                                            \
	CALL(preadv2_nowait, the_vector_at(fd, 8, false))                                          \
	CALL(preadv2_hipri, the_vector_at(fd, 1, false))                                           \
	CALL(preadv2_unknown, the_vector_at(fd, 64, false))                                        \
	CALL(preadv2_here, the_vector_here(fd, 0, false))                                          \
	CALL(preadv2_here_nowait, the_vector_here(fd, 8, false))                                   \
	CALL(pwritev2_nowait, the_vector_at(fd, 8, true))                                          \
	CALL(pwritev2_here, the_vector_here(fd, 0, true))                                          \
	CALL(seek_set, seek_then_tell(fd, 3, SEEK_SET))                                            \
	CALL(seek_cur, seek_then_tell(fd, 0, SEEK_CUR))                                            \
	CALL(seek_end, seek_then_tell(fd, 0, SEEK_END) < 0 ? sys(SYS_lseek, fd, 0, SEEK_END) : 0)  \
	CALL(seek_data, sys(SYS_lseek, fd, 0, SEEK_DATA))                                          \
	CALL(seek_hole,                                                                            \
	     sys(SYS_lseek, fd, 0, SEEK_HOLE) < 0 ? sys(SYS_lseek, fd, 0, SEEK_HOLE) : 0)          \
	CALL(seek_negative, sys(SYS_lseek, fd, -1l, SEEK_SET))                                     \
	CALL(seek_unknown, sys(SYS_lseek, fd, 0, 9))                                               \
	CALL(truncate, sys(SYS_ftruncate, fd, 4))                                                  \
	CALL(truncate_negative, sys(SYS_ftruncate, fd, -1l))                                       \
	CALL(fallocate, sys(SYS_fallocate, fd, 0, 0, 100))                                         \
	CALL(fallocate_punch, sys(SYS_fallocate, fd, 3, 0, 4))                                     \
	CALL(fallocate_collapse, sys(SYS_fallocate, fd, 8, 0, PAGE))                               \
	CALL(fallocate_zero, sys(SYS_fallocate, fd, 16, 0, 4))                                     \
	CALL(fallocate_empty, sys(SYS_fallocate, fd, 0, 0, 0))                                     \
	CALL(fsync, sys(SYS_fsync, fd))                                                            \
	CALL(fdatasync, sys(SYS_fdatasync, fd))                                                    \
	CALL(syncfs, sys(SYS_syncfs, fd))                                                          \
	CALL(sync_file_range, sys(SYS_sync_file_range, fd, 0, 0, 2))                               \
	CALL(readahead, sys(SYS_readahead, fd, 0, 100))                                            \
	CALL(fadvise, sys(SYS_fadvise64, fd, 0, 0, 4))                                             \
	CALL(fadvise_unknown, sys(SYS_fadvise64, fd, 0, 0, 99))                                    \
	CALL(map_read, the_map(fd, PROT_READ, MAP_PRIVATE))                                        \
	CALL(map_shared, the_map(fd, PROT_READ | PROT_WRITE, MAP_SHARED))                          \
	CALL(map_validate, the_map(fd, PROT_READ, MAP_SHARED_VALIDATE))                            \
	CALL(map_sync, the_map(fd, PROT_READ, MAP_SHARED_VALIDATE | 0x80000))                      \
	CALL(map_execute, the_map(fd, PROT_EXEC, MAP_PRIVATE))                                     \
	CALL(sendfile_from, sys(SYS_sendfile, make_pipe_write(), fd, NULL, 4))                     \
	CALL(sendfile_to, sys(SYS_sendfile, fd, GOOD, NULL, 4))                                    \
	CALL(copy_from, sys(SYS_copy_file_range, fd, NULL, make_unnamed(), NULL, 4, 0))            \
	CALL(copy_to, sys(SYS_copy_file_range, GOOD, NULL, fd, NULL, 4, 0))                        \
	CALL(splice_from, the_splice(fd, false))                                                   \
	CALL(splice_to, the_splice(fd, true))                                                      \
	CALL(splice_from_at, the_splice_at(fd, false))                                             \
	CALL(splice_to_at, the_splice_at(fd, true))                                                \
	CALL(tee_from, sys(SYS_tee, fd, make_pipe_write(), 4, SPLICE_F_NONBLOCK))                  \
	CALL(vmsplice, sys(SYS_vmsplice, fd, &vec, 1, SPLICE_F_NONBLOCK))                          \
	CALL(getdents, the_dirents(fd))                                                            \
	CALL(poll, the_poll(fd))                                                                   \
	CALL(epoll, the_epoll(fd))                                                                 \
	CALL(link, the_link(fd))                                                                   \
	CALL(fdinfo, the_fdinfo(fd))                                                               \
	CALL(mode, the_mode(fd))                                                                   \
	CALL(shape, the_shape(fd))                                                                 \
	CALL(statx, the_statx(fd))                                                                 \
	CALL(statfs, the_statfs(fd))                                                               \
	CALL(chmod, sys(SYS_fchmod, fd, the_mode(fd) & 07777))                                     \
	CALL(chown, sys(SYS_fchown, fd, 0, 0))                                                     \
	CALL(utimes, sys(SYS_utimensat, fd, NULL, NULL, 0))                                        \
	CALL(chdir, sys(SYS_fchdir, fd))                                                           \
	CALL(flock, sys(SYS_flock, fd, LOCK_EX | LOCK_NB))                                         \
	CALL(lock_read, the_lock(fd, F_RDLCK))                                                     \
	CALL(lock_write, the_lock(fd, F_WRLCK))                                                    \
	CALL(getfl, sys(SYS_fcntl, fd, F_GETFL))                                                   \
	CALL(setfl_append, the_flags(fd, O_APPEND))                                                \
	CALL(setfl_direct, the_flags(fd, O_DIRECT))                                                \
	CALL(setfl_noatime, the_flags(fd, O_NOATIME))                                              \
	CALL(setown, sys(SYS_fcntl, fd, F_SETOWN, getpid()))                                       \
	CALL(setsig, sys(SYS_fcntl, fd, F_SETSIG, SIGUSR2))                                        \
	CALL(getsig, sys(SYS_fcntl, fd, F_GETSIG))                                                 \
	CALL(getlease, sys(SYS_fcntl, fd, F_GETLEASE))                                             \
	CALL(notify, sys(SYS_fcntl, fd, F_NOTIFY, 0))                                              \
	CALL(getpipe_sz, sys(SYS_fcntl, fd, F_GETPIPE_SZ))                                         \
	CALL(setpipe_sz, sys(SYS_fcntl, fd, F_SETPIPE_SZ, PAGE))                                   \
	CALL(get_seals, sys(SYS_fcntl, fd, F_GET_SEALS))                                           \
	CALL(add_seals, sys(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_GROW))                              \
	CALL(rw_hint, sys(SYS_fcntl, fd, F_GET_RW_HINT, page))                                     \
	CALL(fcntl_unknown, sys(SYS_fcntl, fd, 999, 0))                                            \
	CALL(fionread, the_count(fd, FIONREAD))                                                    \
	CALL(tiocoutq, the_count(fd, TIOCOUTQ))                                                    \
	CALL(fionbio, the_ioctl(fd, FIONBIO))                                                      \
	CALL(fioasync, the_ioctl(fd, FIOASYNC))                                                    \
	CALL(fioclex, the_ioctl(fd, FIOCLEX))                                                      \
	CALL(fioqsize, the_ioctl(fd, FIOQSIZE))                                                    \
	CALL(figetbsz, the_count(fd, FIGETBSZ))                                                    \
	CALL(fibmap, the_ioctl(fd, FIBMAP))                                                        \
	CALL(ficlone, sys(SYS_ioctl, fd, FICLONE, GOOD))                                           \
	CALL(fifreeze, the_ioctl(fd, FIFREEZE))                                                    \
	CALL(tcgets, the_ioctl(fd, TCGETS))                                                        \
	CALL(tiocgwinsz, the_ioctl(fd, TIOCGWINSZ))                                                \
	CALL(tiocgpgrp, the_ioctl(fd, TIOCGPGRP))                                                  \
	CALL(blkgetsize, the_ioctl(fd, BLKGETSIZE))                                                \
	CALL(ioctl_unknown, the_ioctl(fd, 0x12345678))                                             \
	CALL(getsockopt, sys(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, page, page + 64))            \
	CALL(getsockname, sys(SYS_getsockname, fd, page, page + 128))                              \
	CALL(shutdown, sys(SYS_shutdown, fd, 1))                                                   \
	CALL(recv, sys(SYS_recvfrom, fd, page, 4, MSG_DONTWAIT, NULL, NULL))                       \
	CALL(send, sys(SYS_sendto, fd, page, 4, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0))             \
	CALL(accept, sys(SYS_accept4, fd, NULL, NULL, SOCK_NONBLOCK))                              \
	CALL(connect, sys(SYS_connect, fd, page + 512, 2))                                         \
	CALL(listen, sys(SYS_listen, fd, 1))                                                       \
	CALL(timerfd_gettime, sys(SYS_timerfd_gettime, fd, page))                                  \
	CALL(epoll_wait, sys(SYS_epoll_wait, fd, page, 1, 0))                                      \
	CALL(inotify_rm, sys(SYS_inotify_rm_watch, fd, 1))                                         \
	CALL(signalfd, sys(SYS_signalfd4, fd, page + 1024, 8, 0))                                  \
	CALL(pidfd_signal, sys(SYS_pidfd_send_signal, fd, 0, NULL, 0))                             \
	CALL(mq_getattr, sys(SYS_mq_getsetattr, fd, NULL, page))                                   \
	CALL(openat, sys(SYS_openat, fd, "regular", O_RDONLY) < 0                                  \
			     ? sys(SYS_openat, fd, "regular", O_RDONLY)                            \
			     : 0)                                                                  \
	CALL(execveat, sys(SYS_execveat, fd, "", NULL, NULL, AT_EMPTY_PATH))                       \
	CALL(linkat, sys(SYS_linkat, fd, "", AT_FDCWD, "other", AT_EMPTY_PATH))                    \
	CALL(reopen, sys(SYS_open, named("/proc/self/fd/%d", fd), O_RDONLY | O_NONBLOCK) < 0       \
			     ? sys(SYS_open, named("/proc/self/fd/%d", fd), O_RDONLY | O_NONBLOCK) \
			     : 0)                                                                  \
	CALL(close_twice, (close(fd), sys(SYS_close, fd)))
/* clang-format on */

/* Splicing that Linux refuses until 6.5, and errors of which two hold at once. */
static const struct {
	const char *kind, *call; /* beginnings */
} left_out[] = {
	{ "null", "splice" },	      { "null", "sendfile" },	     { "zero", "splice" },
	{ "zero", "sendfile" },	      { "full", "splice" },	     { "full", "sendfile" },
	{ "queue", "splice" },	      { "queue", "sendfile" },	     { "proc_file", "splice" },
	{ "proc_file", "sendfile" },  { "proc_mem", "splice" },	     { "proc_mem", "sendfile" },
	{ "pty_slave", "sendfile" },  { "queue", "map_exec" },	     { "sealed", "write_nowhere" },
	{ "proc_mem", "pread_last" }, { "proc_mem", "pwrite_last" },
};

static bool compared(const char *call)
{
	for (size_t i = 0; i < LENGTH(left_out); i++)
		if (!strncmp(row_group, left_out[i].kind, strlen(left_out[i].kind)) &&
		    !strncmp(call, left_out[i].call, strlen(left_out[i].call)))
			return false;
	return true;
}

static void try_all(int (*make)(void))
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGIO, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
#define CALL(call, answer)                                                                         \
	if (compared(#call))                                                                       \
		CHILD({                                                                            \
			char value[32];                                                            \
			int fd = MUST(make());                                                     \
                                                                                                   \
			memset(page, 0, sizeof(page));                                             \
			*(int *)(page + 64) = *(int *)(page + 128) = 16;                           \
			ROW_TRUE(named("%s=%s", #call, row_value(value, sizeof(value), answer)),   \
				 true);                                                            \
		});
	CALLS
#undef CALL
}

#define KIND(name)                                                                                 \
	static void group_##name(void)                                                             \
	{                                                                                          \
		try_all(make_##name);                                                              \
	}
#define SHARED KIND
KINDS
#undef SHARED
#undef KIND

int main(int argc, char **argv)
{
	begin(argc, argv, "kinds");
	/* Others that run at the same time lower limits of these. */
	take_turns("mqueue", LOCK_SH);
	take_turns("net", LOCK_SH);
#define KIND(name) GROUP(group_##name);
#define SHARED(name) GROUP_ALONE(group_##name);
	KINDS
#undef SHARED
#undef KIND
	return finish();
}
