/*
 * What a call that sleeps answers when it is interrupted: by a handler, by one with SA_RESTART, by a stop that is
 * continued, by a tracer. signal(7), "Interruption of system calls", and what is not written there as Linux does it.
 *
 * A row of the table below is a call that sleeps for good and what it answers each time; SLEEPS where it goes on.
 */
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/user.h>

#include "row.h"

#define SLEEPS 1
#define EVENT_STOP (SIGTRAP | PTRACE_EVENT_STOP << 8)
/* What only a tracer sees of a call: begun again; unless a handler runs; in a call of its own. */
#define RESTARTSYS (-512)
#define RESTARTNOINTR (-513)
#define RESTARTNOHAND (-514)
#define RESTARTBLOCK (-516)
#define LONG 1000 /* seconds */

static struct {
	volatile long result;
	volatile int handled;
	volatile uint32_t word;
} * shared;

static struct timespec longer = { .tv_sec = LONG };

static struct timespec *until(clockid_t clock)
{
	static struct timespec at;

	clock_gettime(clock, &at);
	at.tv_sec += LONG;
	return &at;
}

static int pipe_end(bool writing)
{
	static char full[1 << 16];
	int fds[2];

	MUST(pipe(fds));
	if (writing)
		MUST(write(fds[1], full, sizeof(full)));
	return fds[writing];
}

static int pair_end(int type)
{
	int fds[2];

	MUST(socketpair(AF_UNIX, type, 0, fds));
	return fds[0];
}

static int listener(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = MUST(socket(AF_UNIX, SOCK_STREAM, 0));

	MUST(bind(fd, (struct sockaddr *)&name, sizeof(sa_family_t)));
	MUST(listen(fd, 0));
	return fd;
}

static char byte[64];

static long do_pause(void)
{
	return sys(SYS_pause);
}

static long do_nanosleep(void)
{
	return sys(SYS_nanosleep, &longer, NULL);
}

static long do_nanosleep_until(void)
{
	return sys(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, until(CLOCK_REALTIME), NULL);
}

static long do_futex(void)
{
	return sys(SYS_futex, &shared->word, FUTEX_WAIT, 0, NULL);
}

static long do_futex_time(void)
{
	return sys(SYS_futex, &shared->word, FUTEX_WAIT, 0, &longer);
}

static long do_futex_until(void)
{
	return sys(SYS_futex, &shared->word, FUTEX_WAIT_BITSET, 0, until(CLOCK_MONOTONIC), NULL,
		   ~0u);
}

static long do_futex_requeue(void)
{
	return sys(SYS_futex, &shared->word, FUTEX_WAIT_REQUEUE_PI, 0, NULL, byte);
}

static long do_futex_waitv(void)
{
	struct futex_waitv w = { .uaddr = (uint64_t)&shared->word, .flags = FUTEX_32 };

	return sys(SYS_futex_waitv, &w, 1, 0, NULL, 0);
}

static long do_futex_pi(void)
{
	shared->word = getppid();
	return sys(SYS_futex, &shared->word, FUTEX_LOCK_PI, 0, NULL);
}

static long do_poll(void)
{
	struct pollfd p = { .fd = pipe_end(false), .events = POLLIN };

	return sys(SYS_poll, &p, 1, -1);
}

static long do_poll_time(void)
{
	struct pollfd p = { .fd = pipe_end(false), .events = POLLIN };

	return sys(SYS_poll, &p, 1, LONG * 1000);
}

static long do_ppoll(void)
{
	struct pollfd p = { .fd = pipe_end(false), .events = POLLIN };
	sigset_t none;

	sigemptyset(&none);
	return sys(SYS_ppoll, &p, 1, NULL, &none, 8);
}

static long do_select(void)
{
	int fd = pipe_end(false);
	fd_set in;

	FD_ZERO(&in);
	FD_SET(fd, &in);
	return sys(SYS_select, fd + 1, &in, NULL, NULL, NULL);
}

static long do_pselect(void)
{
	return sys(SYS_pselect6, 0, NULL, NULL, NULL, &longer, NULL);
}

static long do_epoll(void)
{
	struct epoll_event e;

	return sys(SYS_epoll_wait, MUST(epoll_create1(0)), &e, 1, -1);
}

static long do_epoll_time(void)
{
	struct epoll_event e;

	return sys(SYS_epoll_pwait, MUST(epoll_create1(0)), &e, 1, LONG * 1000, NULL, 8);
}

static long do_sigsuspend(void)
{
	sigset_t none;

	sigemptyset(&none);
	return sys(SYS_rt_sigsuspend, &none, 8);
}

static long do_sigtimedwait(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return sys(SYS_rt_sigtimedwait, &set, NULL, NULL, 8);
}

static long do_pipe_read(void)
{
	return sys(SYS_read, pipe_end(false), byte, 1);
}

static long do_pipe_write(void)
{
	return sys(SYS_write, pipe_end(true), byte, 1);
}

static long do_splice(void)
{
	return sys(SYS_splice, pipe_end(false), NULL, pipe_end(true), NULL, 1, 0);
}

static long do_tee(void)
{
	return sys(SYS_tee, pipe_end(false), pipe_end(true), 1, 0);
}

static long do_fifo(void)
{
	mkfifo("fifo", 0600);
	return sys(SYS_open, "fifo", O_RDONLY);
}

static long do_eventfd(void)
{
	return sys(SYS_read, MUST(eventfd(0, 0)), byte, 8);
}

static long do_timerfd(void)
{
	struct itimerspec at = { .it_value = longer };
	int fd = MUST(timerfd_create(CLOCK_MONOTONIC, 0));

	MUST(timerfd_settime(fd, 0, &at, NULL));
	return sys(SYS_read, fd, byte, 8);
}

static long do_signalfd(void)
{
	static struct signalfd_siginfo si;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return sys(SYS_read, MUST(signalfd(-1, &set, 0)), &si, sizeof(si));
}

static long do_inotify(void)
{
	return sys(SYS_read, MUST(inotify_init1(0)), byte, sizeof(byte));
}

static long do_pty(void)
{
	return sys(SYS_read, MUST(posix_openpt(O_RDWR | O_NOCTTY)), byte, 1);
}

static long do_recv(void)
{
	return sys(SYS_recvfrom, pair_end(SOCK_STREAM), byte, 1, 0, NULL, NULL);
}

static long do_recv_datagram(void)
{
	return sys(SYS_read, pair_end(SOCK_DGRAM), byte, 1);
}

static long do_recv_time(void)
{
	struct timeval tv = { .tv_sec = LONG };
	int fd = pair_end(SOCK_SEQPACKET);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	return sys(SYS_recvfrom, fd, byte, 1, 0, NULL, NULL);
}

static long do_send(void)
{
	int fd = pair_end(SOCK_STREAM);

	while (send(fd, byte, sizeof(byte), MSG_DONTWAIT) > 0)
		;
	return sys(SYS_sendto, fd, byte, sizeof(byte), 0, NULL, 0);
}

static long do_accept(void)
{
	return sys(SYS_accept, listener(), NULL, NULL);
}

static long do_connect(void)
{
	int server = listener();
	struct sockaddr_un name;
	socklen_t len = sizeof(name);

	MUST(getsockname(server, (struct sockaddr *)&name, &len));
	MUST(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&name, len));
	return sys(SYS_connect, MUST(socket(AF_UNIX, SOCK_STREAM, 0)), &name, len);
}

static pid_t sleeper(void)
{
	return SPAWN(prctl(PR_SET_PDEATHSIG, SIGKILL); for (;;) pause());
}

static long do_wait4(void)
{
	return sys(SYS_wait4, sleeper(), NULL, 0, NULL);
}

static long do_waitid(void)
{
	siginfo_t si;

	return sys(SYS_waitid, P_PID, sleeper(), &si, WEXITED, NULL);
}

static long do_flock(void)
{
	int fd = MUST(open("lock", O_RDWR | O_CREAT, 0600));

	MUST(flock(fd, LOCK_EX));
	return sys(SYS_flock, MUST(open("lock", O_RDWR)), LOCK_EX);
}

static long do_ofd_lock(void)
{
	struct flock whole = { .l_type = F_WRLCK };

	MUST(fcntl(MUST(open("lock", O_RDWR | O_CREAT, 0600)), F_OFD_SETLKW, &whole));
	return sys(SYS_fcntl, MUST(open("lock", O_RDWR)), F_OFD_SETLKW, &whole);
}

static int semaphore = -1, queue = -1; /* made and removed by whoever waits for the child */

static long do_semop(void)
{
	struct sembuf take = { .sem_op = -1 };

	return sys(SYS_semop, semaphore, &take, 1);
}

static long do_semtimedop(void)
{
	struct sembuf take = { .sem_op = -1 };

	return sys(SYS_semtimedop, semaphore, &take, 1, &longer);
}

static long do_msgrcv(void)
{
	return sys(SYS_msgrcv, queue, byte, 8, 0, 0);
}

static long do_msgsnd(void)
{
	struct {
		long type;
		char text[8192];
	} m = { .type = 1 };

	while (!msgsnd(queue, &m, sizeof(m.text), IPC_NOWAIT))
		;
	return sys(SYS_msgsnd, queue, &m, sizeof(m.text), 0);
}

static mqd_t own_mqueue(void)
{
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = sizeof(byte) };
	const char *name = named("/sleeps.%d", getpid());
	mqd_t q = MUST(mq_open(name, O_RDWR | O_CREAT, 0600, &attr));

	mq_unlink(name);
	return q;
}

static long do_mq_receive(void)
{
	return sys(SYS_mq_timedreceive, own_mqueue(), byte, sizeof(byte), NULL, NULL);
}

static long do_mq_send(void)
{
	mqd_t q = own_mqueue();

	mq_send(q, byte, 1, 0);
	return sys(SYS_mq_timedsend, q, byte, 1, 0, until(CLOCK_REALTIME));
}

static long do_io_getevents(void)
{
	aio_context_t context = 0;
	struct io_event e;

	MUST(sys(SYS_io_setup, 1, &context));
	return sys(SYS_io_getevents, context, 1, 1, &e, NULL);
}

static const struct sleeping_call {
	const char *name;
	long (*call)(void);
	short handled, restarted, continued, traced;
} calls[] = {
/* clang-format off */
#define ALWAYS(name, seen) { #name, do_##name, -EINTR, -EINTR, SLEEPS, seen } /* EINTR after any handler */
#define BY_FLAG(name)	   { #name, do_##name, -EINTR, SLEEPS, SLEEPS, RESTARTSYS }
#define NEVER(name)	   { #name, do_##name, SLEEPS, SLEEPS, SLEEPS, RESTARTNOINTR }
#define EVEN_STOPPED(name) { #name, do_##name, -EINTR, -EINTR, -EINTR, -EINTR } /* also after a stop */
	ALWAYS(pause, RESTARTNOHAND),
	ALWAYS(sigsuspend, RESTARTNOHAND),
	EVEN_STOPPED(sigtimedwait),
	ALWAYS(nanosleep, RESTARTBLOCK),
	ALWAYS(nanosleep_until, RESTARTNOHAND),
	BY_FLAG(futex),
	ALWAYS(futex_time, RESTARTBLOCK),
	ALWAYS(futex_until, RESTARTBLOCK),
	NEVER(futex_requeue),
	BY_FLAG(futex_waitv),
	NEVER(futex_pi),
	ALWAYS(poll, RESTARTBLOCK),
	ALWAYS(poll_time, RESTARTBLOCK),
	ALWAYS(ppoll, RESTARTNOHAND),
	ALWAYS(select, RESTARTNOHAND),
	ALWAYS(pselect, RESTARTNOHAND),
	EVEN_STOPPED(epoll),
	EVEN_STOPPED(epoll_time),
	BY_FLAG(pipe_read),
	BY_FLAG(pipe_write),
	BY_FLAG(splice),
	BY_FLAG(tee),
	BY_FLAG(fifo),
	BY_FLAG(eventfd),
	BY_FLAG(timerfd),
	BY_FLAG(signalfd),
	BY_FLAG(inotify),
	BY_FLAG(pty),
	BY_FLAG(recv),
	BY_FLAG(recv_datagram),
	EVEN_STOPPED(recv_time),
	BY_FLAG(send),
	BY_FLAG(accept),
	BY_FLAG(connect),
	BY_FLAG(wait4),
	BY_FLAG(waitid),
	BY_FLAG(flock),
	BY_FLAG(ofd_lock),
	EVEN_STOPPED(semop),
	EVEN_STOPPED(semtimedop),
	ALWAYS(msgrcv, RESTARTNOHAND),
	ALWAYS(msgsnd, RESTARTNOHAND),
	BY_FLAG(mq_receive),
	BY_FLAG(mq_send),
	EVEN_STOPPED(io_getevents),
	/* clang-format on */
};

static void handler(__attribute__((unused)) int sig)
{
	shared->handled = 1;
}

static bool at_rest(pid_t pid)
{
	char state = process_state(pid);

	return state == 'S' || state == 'Z';
}

/* A child in the call, with a handler of SIGUSR1. */
static pid_t begin_call(const struct sleeping_call *c, int flags)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };

	*shared = (typeof(*shared)){ .result = SLEEPS };
	pid_t pid = SPAWN(prctl(PR_SET_PDEATHSIG, SIGKILL); sigaction(SIGUSR1, &sa, NULL);
			  shared->result = c->call());
	until_state(pid, 'S');
	return pid;
}

/* What the call answered, once the child sleeps again or has ended. */
static long end_call(pid_t pid)
{
	EVENTUALLY(at_rest(pid));
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, __WALL) == pid)
		;
	return shared->result;
}

static long handled(const struct sleeping_call *c, int flags)
{
	pid_t pid = begin_call(c, flags);

	kill(pid, SIGUSR1);
	EVENTUALLY(shared->handled);
	return end_call(pid);
}

static long continued(const struct sleeping_call *c)
{
	pid_t pid = begin_call(c, 0);

	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	kill(pid, SIGCONT);
	waitpid(pid, NULL, WCONTINUED);
	return end_call(pid);
}

/* The thread's next stop, as the tracer is told; 0 when it has ended. */
static int next_stop(pid_t pid)
{
	int status = 0;

	waitpid(pid, &status, __WALL);
	return WIFSTOPPED(status) ? status >> 8 : 0;
}

static long interrupted_result(pid_t pid)
{
	struct user_regs_struct regs = { 0 };

	sys(SYS_ptrace, PTRACE_GETREGS, pid, 0, &regs);
	return (long)regs.rax;
}

/* Let go of where the tracer was told of the interruption. */
static long traced(const struct sleeping_call *c, long *seen)
{
	pid_t pid = begin_call(c, 0);

	sys(SYS_ptrace, PTRACE_SEIZE, pid, 0, 0);
	sys(SYS_ptrace, PTRACE_INTERRUPT, pid, 0, 0);
	*seen = next_stop(pid) == EVENT_STOP ? interrupted_result(pid) : 0;
	sys(SYS_ptrace, PTRACE_DETACH, pid, 0, 0);
	return end_call(pid);
}

/* Let go of at the end of the call, begun again by the same tracer. */
static long traced_twice(const struct sleeping_call *c, long *seen)
{
	pid_t pid = begin_call(c, 0);

	sys(SYS_ptrace, PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD);
	sys(SYS_ptrace, PTRACE_INTERRUPT, pid, 0, 0);
	next_stop(pid);
	sys(SYS_ptrace, PTRACE_SYSCALL, pid, 0, 0); /* to where the call begins again */
	next_stop(pid);
	sys(SYS_ptrace, PTRACE_SYSCALL, pid, 0, 0);
	until_state(pid, 'S');
	sys(SYS_ptrace, PTRACE_INTERRUPT, pid, 0, 0);
	*seen = next_stop(pid) == (SIGTRAP | 0x80) ? interrupted_result(pid) : 0;
	sys(SYS_ptrace, PTRACE_DETACH, pid, 0, 0);
	return end_call(pid);
}

static void try_call(const struct sleeping_call *c)
{
	struct msqid_ds ds;
	long seen = 0;

	ROW(named("%s.handled", c->name), handled(c, 0), c->handled);
	ROW(named("%s.restarted", c->name), handled(c, SA_RESTART), c->restarted);
	ROW(named("%s.continued", c->name), continued(c), c->continued);
	ROW(named("%s.traced", c->name), traced(c, &seen), c->continued);
	ROW(named("%s.seen", c->name), seen, c->traced);
	if (c->continued == SLEEPS) {
		ROW(named("%s.traced_twice", c->name), traced_twice(c, &seen), SLEEPS);
		ROW(named("%s.seen_again", c->name), seen, c->traced);
	}
	if (!msgctl(queue, IPC_STAT, &ds) && ds.msg_qnum) { /* it was filled */
		msgctl(queue, IPC_RMID, NULL);
		queue = MUST(msgget(IPC_PRIVATE, 0600));
	}
}

/* Several groups, since each has its time: from this call up to the one that the next begins with. */
static void try_calls(const char *first, const char *next)
{
	bool ours = false;

	semaphore = MUST(semget(IPC_PRIVATE, 1, 0600));
	queue = MUST(msgget(IPC_PRIVATE, 0600));
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < LENGTH(calls); i++) {
		if (!strcmp(calls[i].name, first))
			ours = true;
		if (!strcmp(calls[i].name, next))
			ours = false;
		if (ours)
			try_call(&calls[i]);
	}
	semctl(semaphore, 0, IPC_RMID);
	msgctl(queue, IPC_RMID, NULL);
}

static void group_time(void)
{
	try_calls("pause", "futex");
}

static void group_futex(void)
{
	try_calls("futex", "poll");
}

static void group_readiness(void)
{
	try_calls("poll", "pipe_read");
}

static void group_pipes(void)
{
	try_calls("pipe_read", "eventfd");
}

static void group_descriptors(void)
{
	try_calls("eventfd", "recv");
}

static void group_sockets(void)
{
	try_calls("recv", "wait4");
}

static void group_rest(void)
{
	try_calls("wait4", "");
}

int main(int argc, char **argv)
{
	begin(argc, argv, "sleeps");
	/* Others that run at the same time lower limits of these. */
	take_turns("sem", LOCK_SH);
	take_turns("msg", LOCK_SH);
	take_turns("mqueue", LOCK_SH);
	take_turns("net", LOCK_SH);
	GROUP(group_time);
	GROUP(group_futex);
	GROUP(group_readiness);
	GROUP(group_pipes);
	GROUP(group_descriptors);
	GROUP(group_sockets);
	GROUP(group_rest);
	return finish();
}
