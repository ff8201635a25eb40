/*
 * Descriptors and what they are, so that a call mostly finds one of its own kind; and some of each kind for
 * a batch to begin with.
 */
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "sysfuzz.h"

/* What makes descriptors whose inode does not tell what they are, by how the calls' names begin. */
static const struct {
	const char *name;
	enum fd_kind kind;
} makers[] = {
	{ "epoll_create", FD_EPOLL },	{ "timerfd_create", FD_TIMER }, { "signalfd", FD_SIGNAL },
	{ "eventfd", FD_EVENT },	{ "inotify_init", FD_INOTIFY }, { "pidfd_open", FD_PIDFD },
	{ "perf_event_open", FD_PERF }, { "mq_open", FD_QUEUE },
};

static enum fd_kind kind_of(const struct fuzz *f, int fd)
{
	struct stat st;

	for (size_t i = 0; f->call && i < LENGTH(makers); i++) {
		if (!strncmp(f->call->name, makers[i].name, strlen(makers[i].name)))
			return makers[i].kind;
	}
	/* struct stat is as the kernel has it here. */
	if (failed(RAW(SYS_fstat, fd, &st)))
		return FD_ANY;
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return FD_FILE;
	case S_IFDIR:
		return FD_DIR;
	case S_IFIFO:
		return FD_PIPE;
	case S_IFSOCK:
		return FD_SOCKET;
	case S_IFCHR:
		/* Unix 98 terminals have majors from 136 on, their masters 5, 2. */
		return st.st_rdev >> 8 >= 136 || st.st_rdev >> 8 == 5 ? FD_TERMINAL : FD_ANY;
	default:
		return FD_ANY;
	}
}

static void add(struct fuzz *f, int fd, enum fd_kind kind)
{
	if (fd < 0 || fd == LOG_FD)
		return;
	if (f->nfds >= FD_SLOTS && f->fds[f->nfds % FD_SLOTS] != fd)
		RAW(SYS_close, f->fds[f->nfds % FD_SLOTS]);
	f->kinds[f->nfds % FD_SLOTS] = (uint8_t)kind;
	f->fds[f->nfds++ % FD_SLOTS] = fd;
	if (f->nfds == 2 * FD_SLOTS)
		f->nfds = FD_SLOTS;
}

void fuzz_add_fd(struct fuzz *f, int fd)
{
	add(f, fd, kind_of(f, fd));
}

uint64_t make_fd(struct fuzz *f, const struct rule *rule)
{
	uint32_t n = f->nfds < FD_SLOTS ? f->nfds : FD_SLOTS, start;

	if (bad(f))
		return chance(f, 70) ? random_below(f, 300) : odd_number(f);
	if (!n)
		return 0;
	start = (uint32_t)random_below(f, n);
	for (uint32_t i = 0; rule && rule->n != FD_ANY && i < n && !f->careless; i++) {
		uint32_t slot = (start + i) % n;

		if (f->kinds[slot] == rule->n)
			return (uint64_t)f->fds[slot];
	}
	return (uint64_t)f->fds[start];
}

/* For calls that make a descriptor, or change one. */
uint64_t make_fd_or_none(struct fuzz *f, const struct rule *rule)
{
	return chance(f, 50) ? ~0ul : make_fd(f, rule);
}

uint64_t make_new_fd(struct fuzz *f, const struct rule *rule)
{
	return bad(f) ? odd_number(f) : 60 + random_below(f, 40);
}

uint64_t make_dirfd(struct fuzz *f, const struct rule *rule)
{
	return chance(f, 75) ? (uint64_t)AT_FDCWD : make_fd(f, rule);
}

/* One of each kind that has no name in a file system, but sockets and what world.c opens. */
void descriptors_open(struct fuzz *f)
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 100 };
	sigset_t some;

	sigemptyset(&some);
	sigaddset(&some, SIGUSR2);
	sigaddset(&some, SIGRTMIN + 1);
	add(f, epoll_create1(0), FD_EPOLL);
	add(f, timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), FD_TIMER);
	add(f, signalfd(-1, &some, SFD_NONBLOCK), FD_SIGNAL);
	add(f, eventfd(3, EFD_NONBLOCK), FD_EVENT);
	add(f, inotify_init1(IN_NONBLOCK), FD_INOTIFY);
	add(f, (int)syscall(SYS_pidfd_open, getpid(), 0), FD_PIDFD);
	add(f, memfd_create("memory", MFD_ALLOW_SEALING), FD_FILE);
	add(f, (int)syscall(SYS_mq_open, "q0", O_CREAT | O_RDWR | O_NONBLOCK, 0666, &attr),
	    FD_QUEUE);
}
