/*
 * The system call fuzzer's parts.
 *
 *	sysfuzz.c	the overseer: workers, batches, limits of time, the figures at the end
 *	world.c		what a batch finds: files, descriptors, limits, signal handlers
 *	calls.c		making one call, those that need care (fork, exec, exit), what is kept from it
 *	values.c	a value for each kind of argument: numbers, memory, names;
 *	descriptors.c	descriptors by what they are;
 *	objects.c	what earlier calls made: asynchronous I/O, handles, segments, a traced process;
 *	ipc.c		sockets, System V IPC, message queues;
 *	values_process.c	processes, signals, time, waiting, limits
 *	sets.c		which kind an argument is, and the real values of flags and commands
 *
 * Everything follows from one seed: the batch with index i always tries the same calls. The code that runs
 * in a batch makes system calls by hand only and uses no thread-local storage, as the calls it tries may
 * change FS.
 */
#ifndef SYSFUZZ_H
#define SYSFUZZ_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>

#define PAGE 4096ul
#define MAX_ARGS 6
#define MAX_CALLS 512
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define FUZZ_UID 1000

struct fuzz;

/* ---- the table (sets.c) ---- */

struct arg {
	const char *type;
	const char *name;
	const struct rule *rule; /* found at start-up */
};

struct call {
	int nr;
	const char *name;
	int nargs;
	struct arg args[MAX_ARGS];
	uint32_t weight; /* how often it is chosen, against the others */
	bool may_block;	 /* a timer is set before it */
	bool ends;	 /* ends the caller: made by a child */
};

extern struct call calls[];
extern const int ncalls;

/* What the argument of a rule's call is; NULL fits everything, the first rule that fits counts. */
struct rule {
	const char *call, *type, *name;
	uint64_t (*make)(struct fuzz *f, const struct rule *rule);
	/* For sets: its values; for numbers: their bound; for buffers: their size. */
	const uint64_t *set;
	size_t n;
};

/* Finds each argument's rule and each call's weight. */
void calls_prepare(void);
const struct call *call_choose(struct fuzz *f);
struct call *call_named(const char *name);

/* ---- one who makes calls ---- */

#define FD_SLOTS 64
#define PID_SLOTS 8
#define TIMER_SLOTS 4
#define SEEN 144 /* bytes of a buffer: a struct stat */

/* What a descriptor is: the first for those that do not matter, or match any. */
enum fd_kind {
	FD_ANY,
	FD_FILE,
	FD_DIR,
	FD_PIPE,
	FD_SOCKET,
	FD_TERMINAL,
	FD_EPOLL,
	FD_TIMER,
	FD_SIGNAL,
	FD_EVENT,
	FD_INOTIFY,
	FD_PIDFD,
	FD_PERF,
	FD_QUEUE,
};

struct fuzz {
	uint64_t random;
	int depth; /* generations below the batch: those above MAX_DEPTH make no more children */
	bool careless;	/* this call's arguments may be bad ones */
	bool in_thread; /* shares its memory with others that make calls */
	const struct call *call;
	int turn; /* number of the argument being made */
	uint64_t args[MAX_ARGS];
	char *next_buffer; /* reset at each call */
	char *buffers;	   /* its own part of the buffers */
	char *stacks;	   /* where stacks for new threads are cut from */
	int fds[FD_SLOTS];
	uint8_t kinds[FD_SLOTS]; /* enum fd_kind */
	uint32_t nfds;
	pid_t pids[PID_SLOTS];
	uint32_t npids;
	int timers[TIMER_SLOTS];
	uint32_t ntimers;
	uint64_t aio;	   /* context of io_setup */
	uint64_t attached; /* the last segment's address */
	pid_t tracee;
	unsigned char seen[MAX_ARGS][SEEN]; /* by "verbose": what arguments held before the call */
};

#define MAX_DEPTH 2

static inline uint64_t random_next(struct fuzz *f)
{
	/* splitmix64 */
	uint64_t x = f->random += 0x9e3779b97f4a7c15ul;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ul;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebul;
	return x ^ (x >> 31);
}

static inline uint64_t random_below(struct fuzz *f, uint64_t n)
{
	return random_next(f) % n;
}

static inline bool chance(struct fuzz *f, uint32_t percent)
{
	return random_below(f, 100) < percent;
}

static inline long raw(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
		       uint64_t g)
{
	register uint64_t r10 __asm__("r10") = d;
	register uint64_t r8 __asm__("r8") = e;
	register uint64_t r9 __asm__("r9") = g;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#define RAW(nr, ...) RAW_PICK(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define RAW_PICK(nr, a, b, c, d, e, g, ...)                                                        \
	raw(nr, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e),         \
	    (uint64_t)(g))

static inline bool failed(long result)
{
	return result < 0 && result >= -4095;
}

/* ---- what all share: in memory that children inherit ---- */

struct counter {
	uint32_t made, ok;
};

struct shared {
	struct counter counts[MAX_CALLS];
	uint64_t progress[64]; /* by worker: counts up with each call */
	uint32_t ended_early;  /* batches that died or had to be killed */
	uint32_t batches;
	uint32_t bad_slots; /* things that a batch's end should have taken along */
};

extern struct shared *shared;
extern int worker;   /* number of this worker */
extern bool verbose; /* each call is printed before it is made */

/* ---- world.c ---- */

#define BUFFERS_SIZE (64 * PAGE)
#define BUFFERS_MAX 16 /* makers of calls in one address space */
#define STACK_SIZE (8 * PAGE)
#define FIELD_SIZE (512 * PAGE)

/* For structures: writable, never a target of mmap and kin; a page that nobody may touch follows each. */
extern char *buffers;
/* What mmap and its kin work on. */
extern char *field;
extern char *edge;	/* an untouchable page */
extern char *read_only; /* a page that may be read */
extern uint32_t *futexes;
#define NFUTEXES 4
#define LOG_FD 250
extern char world_dir[64];

/* Once per worker: memory and its directory. */
void world_prepare(void);
/* In the new process of a batch: fills f. as_root: keeps the privileges except that over limits. */
void world_enter(struct fuzz *f, bool as_root);
/* In the worker after a batch: unmounts what stands in its directory. */
void world_leave(void);
/* A further maker of calls in the same memory, taking over what from knows. */
void fuzz_fork(struct fuzz *f, const struct fuzz *from, int slot);
void on_signal(int sig);
void restorer(void);

/* ---- values.c, values_process.c ---- */

bool bad(struct fuzz *f); /* whether this argument is to be one that makes no sense */
uint64_t odd_number(struct fuzz *f);

uint64_t make_number(struct fuzz *f, const struct rule *rule);
uint64_t make_path(struct fuzz *f, const struct rule *rule);
/* A rule's n: which names are mostly right. */
enum { NAME_OLD, NAME_LINK, NAME_DIR, NAME_NEW };
uint64_t make_name(struct fuzz *f, const struct rule *rule);
uint64_t make_mount_point(struct fuzz *f, const struct rule *rule);
uint64_t make_program(struct fuzz *f, const struct rule *rule);
uint64_t make_strings(struct fuzz *f, const struct rule *rule);
uint64_t make_fs_type(struct fuzz *f, const struct rule *rule);
uint64_t make_in(struct fuzz *f, const struct rule *rule);
uint64_t make_out(struct fuzz *f, const struct rule *rule);
uint64_t make_size(struct fuzz *f, const struct rule *rule);
uint64_t make_offset(struct fuzz *f, const struct rule *rule);
uint64_t make_offset_pointer(struct fuzz *f, const struct rule *rule);
uint64_t make_iovec(struct fuzz *f, const struct rule *rule);
uint64_t make_address(struct fuzz *f, const struct rule *rule);
uint64_t make_length(struct fuzz *f, const struct rule *rule);
uint64_t make_brk(struct fuzz *f, const struct rule *rule);
uint64_t make_mode(struct fuzz *f, const struct rule *rule);
uint64_t make_dev(struct fuzz *f, const struct rule *rule);
uint64_t make_pid(struct fuzz *f, const struct rule *rule);
uint64_t make_signal(struct fuzz *f, const struct rule *rule);
uint64_t make_sigset(struct fuzz *f, const struct rule *rule);
uint64_t make_sigaction(struct fuzz *f, const struct rule *rule);
uint64_t make_siginfo(struct fuzz *f, const struct rule *rule);
uint64_t make_sigevent(struct fuzz *f, const struct rule *rule);
uint64_t make_sigset_pair(struct fuzz *f, const struct rule *rule);
uint64_t make_altstack(struct fuzz *f, const struct rule *rule);
uint64_t make_timespec(struct fuzz *f, const struct rule *rule);
uint64_t make_timespecs(struct fuzz *f, const struct rule *rule);
uint64_t make_timeval(struct fuzz *f, const struct rule *rule);
uint64_t make_interval(struct fuzz *f, const struct rule *rule);
uint64_t make_timer(struct fuzz *f, const struct rule *rule);
uint64_t make_clock(struct fuzz *f, const struct rule *rule);
uint64_t make_pollfds(struct fuzz *f, const struct rule *rule);
uint64_t make_epoll_event(struct fuzz *f, const struct rule *rule);
uint64_t make_fdset(struct fuzz *f, const struct rule *rule);
uint64_t make_rlimit(struct fuzz *f, const struct rule *rule);
uint64_t make_id(struct fuzz *f, const struct rule *rule);
uint64_t make_ids(struct fuzz *f, const struct rule *rule);
uint64_t make_futex(struct fuzz *f, const struct rule *rule);
uint64_t make_sched(struct fuzz *f, const struct rule *rule);
uint64_t make_sched_attr(struct fuzz *f, const struct rule *rule);
uint64_t make_how(struct fuzz *f, const struct rule *rule);
uint64_t make_clone_args(struct fuzz *f, const struct rule *rule);
uint64_t make_stack(struct fuzz *f, const struct rule *rule);
uint64_t make_cap_header(struct fuzz *f, const struct rule *rule);
uint64_t make_robust_list(struct fuzz *f, const struct rule *rule);
uint64_t make_control(struct fuzz *f, const struct rule *rule);
/* descriptors.c; a rule's n is the kind that is right (enum fd_kind). */
uint64_t make_fd(struct fuzz *f, const struct rule *rule);
uint64_t make_fd_or_none(struct fuzz *f, const struct rule *rule);
uint64_t make_new_fd(struct fuzz *f, const struct rule *rule);
uint64_t make_dirfd(struct fuzz *f, const struct rule *rule);
void descriptors_open(struct fuzz *f);
/* objects.c; a rule's n for make_handle: whether it is to name a file, for make_room: see make_choice. */
uint64_t make_aio_place(struct fuzz *f, const struct rule *rule);
uint64_t make_aio_number(struct fuzz *f, const struct rule *rule);
uint64_t make_iocb(struct fuzz *f, const struct rule *rule);
uint64_t make_iocbs(struct fuzz *f, const struct rule *rule);
uint64_t make_handle(struct fuzz *f, const struct rule *rule);
uint64_t make_field_vector(struct fuzz *f, const struct rule *rule);
uint64_t make_pages(struct fuzz *f, const struct rule *rule);
uint64_t make_nodes(struct fuzz *f, const struct rule *rule);
uint64_t make_node_mask(struct fuzz *f, const struct rule *rule);
uint64_t make_futex_waiters(struct fuzz *f, const struct rule *rule);
uint64_t make_room(struct fuzz *f, const struct rule *rule);
uint64_t make_attached(struct fuzz *f, const struct rule *rule);
uint64_t make_attach_address(struct fuzz *f, const struct rule *rule);
uint64_t make_here(struct fuzz *f, const struct rule *rule);
uint64_t make_attribute(struct fuzz *f, const struct rule *rule);
uint64_t make_tracee(struct fuzz *f, const struct rule *rule);
/* Makes a process that f traces, and which is stopped; and waits until it is again. */
void tracee_start(struct fuzz *f);
void tracee_await(struct fuzz *f);
/* ipc.c; rules' n for make_ipc_id: */
enum { IPC_KIND_SEM, IPC_KIND_MSG, IPC_KIND_SHM };
uint64_t make_ipc_id(struct fuzz *f, const struct rule *rule);
uint64_t make_sembufs(struct fuzz *f, const struct rule *rule);
uint64_t make_queue_name(struct fuzz *f, const struct rule *rule);
uint64_t make_queue_attr(struct fuzz *f, const struct rule *rule);
uint64_t make_sockaddr(struct fuzz *f, const struct rule *rule);
uint64_t make_msghdr(struct fuzz *f, const struct rule *rule);
uint64_t make_mmsghdrs(struct fuzz *f, const struct rule *rule);
/* Some for the batch to begin with; and after a batch, what would outlive its processes goes. */
void ipc_open(struct fuzz *f);
void ipc_leave(void);
uint64_t make_perf_attr(struct fuzz *f, const struct rule *rule);
/* One value of the set, or for make_flags some of its bits together, at times with a random one. */
uint64_t make_choice(struct fuzz *f, const struct rule *rule);
uint64_t make_flags(struct fuzz *f, const struct rule *rule);
/* An n-byte object for the kernel to read or write; NULL and bad pointers only where f is careless. */
void *buffer(struct fuzz *f, size_t n);
uint64_t bad_pointer(struct fuzz *f);

/* ---- calls.c ---- */

/* Makes one call; never returns if that ends the process. */
void fuzz_one(struct fuzz *f);
void fuzz_add_fd(struct fuzz *f, int fd);
/* n calls and then exit(0). */
_Noreturn void fuzz_and_exit(struct fuzz *f, int n);
/* clone(2) or clone3(2), made by hand: the child runs main(arg) on the stack that the arguments name. */
long clone_and_call(long nr, const uint64_t args[static MAX_ARGS], void (*main)(void *), void *arg);

#endif
