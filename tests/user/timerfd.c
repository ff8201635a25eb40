/* Timers and signals as files: timerfd_create, timerfd_settime, timerfd_gettime, signalfd. */
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "row.h"

#define MS 1000000ll

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

/* A handler whose signal ends calls. */
static void catch (int sig)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(sig, &action, NULL);
}

static struct itimerspec after(int64_t value, int64_t interval)
{
	return (struct itimerspec){
		.it_value = { value / 1000000000, value % 1000000000 },
		.it_interval = { interval / 1000000000, interval % 1000000000 },
	};
}

static long set(int fd, int flags, int64_t value, int64_t interval)
{
	struct itimerspec its = after(value, interval);

	return sys(SYS_timerfd_settime, fd, flags, &its, NULL);
}

static int64_t ns_of(struct timespec ts)
{
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static struct itimerspec get(int fd)
{
	struct itimerspec its = { 0 };

	sys(SYS_timerfd_gettime, fd, &its);
	return its;
}

static long take_value(int fd)
{
	uint64_t value = 0;
	long r = sys(SYS_read, fd, &value, 8);

	return r == 8 ? (long)value : r;
}

static int poll_now(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLPRI };

	return poll(&p, 1, ms) < 0 ? -errno : p.revents;
}

static void group_create(void)
{
	struct stat st;
	int fd;

	ROW_OK("monotonic", fd = sys(SYS_timerfd_create, CLOCK_MONOTONIC, 0));
	ROW("flags", fcntl(fd, F_GETFL), O_RDWR);
	fstat(fd, &st);
	ROW("mode", st.st_mode, 0600);
	ROW("write", sys(SYS_write, fd, "12345678", 8), -EINVAL);
	ROW_OK("realtime", sys(SYS_timerfd_create, CLOCK_REALTIME, 0));
	ROW_OK("boottime", sys(SYS_timerfd_create, CLOCK_BOOTTIME, 0));
	ROW("cpu", sys(SYS_timerfd_create, CLOCK_PROCESS_CPUTIME_ID, 0), -EINVAL);
	ROW("raw", sys(SYS_timerfd_create, CLOCK_MONOTONIC_RAW, 0), -EINVAL);
	ROW("tai", sys(SYS_timerfd_create, CLOCK_TAI, 0), -EINVAL);
	ROW("unknown", sys(SYS_timerfd_create, 77, 0), -EINVAL);
	ROW("negative", sys(SYS_timerfd_create, -1, 0), -EINVAL);
	ROW_OK("alarm", sys(SYS_timerfd_create, CLOCK_REALTIME_ALARM, 0));
	ROW_AS(USER, "alarm_user", sys(SYS_timerfd_create, CLOCK_BOOTTIME_ALARM, 0), -EPERM);
	ROW("bad_flag", sys(SYS_timerfd_create, CLOCK_MONOTONIC, 1), -EINVAL);
	ROW_OK("cloexec", fd = sys(SYS_timerfd_create, 1, TFD_CLOEXEC | TFD_NONBLOCK));
	ROW("cloexec_set", fcntl(fd, F_GETFD), FD_CLOEXEC);
	ROW("nonblock_set", fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
	ROW("again", take_value(fd), -EAGAIN);
	ROW("seek", lseek(fd, 3, SEEK_SET), 0);
}

static void group_settime(void)
{
	int fd = MUST(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)),
	    other = MUST(open("x", O_CREAT, 0600));
	struct itimerspec its = after(0, 0), old;
	char small[8];

	ROWS_POINTER("set", 32, sys(SYS_timerfd_settime, fd, 0, p, NULL), 0);
	ROWS_EFAULT("old", 32, sys(SYS_timerfd_settime, fd, 0, &its, p));
	ROWS_POINTER("get", 32, sys(SYS_timerfd_gettime, fd, p), 0);
	ROW("set_ebadf", set(99, 0, 1, 0), -EBADF);
	ROW("get_ebadf", sys(SYS_timerfd_gettime, 99, &its), -EBADF);
	ROW("set_not_timer", set(other, 0, 1, 0), -EINVAL);
	ROW("get_not_timer", sys(SYS_timerfd_gettime, other, &its), -EINVAL);
	ROW("bad_flag", set(fd, 4, 1, 0), -EINVAL);
	its.it_value.tv_nsec = 1000000000;
	ROW("bad_nsec", sys(SYS_timerfd_settime, fd, 0, &its, NULL), -EINVAL);
	its = after(5, 0);
	its.it_interval.tv_sec = -1;
	ROW("bad_interval", sys(SYS_timerfd_settime, fd, 0, &its, NULL), -EINVAL);
	ROW("not_armed", ns_of(get(fd).it_value), 0);
	ROW("arm", set(fd, 0, 5000 * MS, 7000 * MS), 0);
	its = get(fd);
	ROW_TRUE("left", ns_of(its.it_value) > 4000 * MS && ns_of(its.it_value) <= 5000 * MS);
	ROW("interval", ns_of(its.it_interval), 7000 * MS);
	its = after(0, 3 * MS);
	ROW("disarm", sys(SYS_timerfd_settime, fd, 0, &its, &old), 0);
	ROW_TRUE("old_left", ns_of(old.it_value) > 4000 * MS && ns_of(old.it_value) <= 5000 * MS);
	ROW("old_interval", ns_of(old.it_interval), 7000 * MS);
	its = get(fd);
	ROW("disarmed", ns_of(its.it_value), 0);
	ROW("interval_kept", ns_of(its.it_interval), 3 * MS);
	ROW("read_short", sys(SYS_read, fd, small, 7), -EINVAL);
	ROW("far_away", set(fd, 0, INT64_MAX - 5, 0), 0);
	its.it_value = (struct timespec){ INT64_MAX, 0 };
	ROW("further_away", sys(SYS_timerfd_settime, fd, TFD_TIMER_ABSTIME, &its, NULL), 0);
	ROW("not_yet", take_value(fd), -EAGAIN);
}

static void group_expire(void)
{
	int fd = MUST(timerfd_create(CLOCK_MONOTONIC, 0));
	int64_t start = now_ns(CLOCK_MONOTONIC);
	struct itimerspec its;

	set(fd, 0, 300 * MS, 0);
	ROW("poll_before", poll_now(fd, 0), 0);
	ROW("read_waits", take_value(fd), 1);
	ROW_TRUE("waited", now_ns(CLOCK_MONOTONIC) - start >= 300 * MS);
	ROW("one_shot_left", ns_of(get(fd).it_value), 0);
	ROW("poll_after", poll_now(fd, 0), 0);
	set(fd, TFD_TIMER_ABSTIME, start, 0);
	ROW("past_absolute", take_value(fd), 1);
	set(fd, TFD_TIMER_ABSTIME, now_ns(CLOCK_MONOTONIC) + 10 * MS, 0);
	ROW("poll_waits", poll_now(fd, 2000), POLLIN);
	ROW("absolute", take_value(fd), 1);
	set(fd, 0, 5 * MS, 5 * MS);
	sleep_ms(52);
	long n = take_value(fd);
	ROW_TRUE("periods_counted", n >= 10 && n < 200);
	ROW_TRUE("next_period", take_value(fd) >= 1);
	sleep_ms(12);
	its = get(fd);
	ROW_TRUE("left_of_period", ns_of(its.it_value) <= 5 * MS);
	ROW_TRUE("counted_by_get", take_value(fd) >= 2);
	set(fd, 0, 5 * MS, 0);
	sleep_ms(10);
	set(fd, 0, 1000 * MS, 0);
	ROW("setting_forgets", poll_now(fd, 0), 0);
	/* Absolute long ago, periodic. */
	set(fd, TFD_TIMER_ABSTIME, 1, 1000 * MS);
	ROW_TRUE("since_boot", take_value(fd) >= now_ns(CLOCK_MONOTONIC) / (1000 * MS));
	/* efault loses nothing that matters */
	set(fd, 0, 1, 0);
	poll_now(fd, 1000);
	ROW("efault", sys(SYS_read, fd, edge, 8), -EFAULT);
	int ep = MUST(epoll_create1(0));
	struct epoll_event e = { .events = EPOLLIN | EPOLLET }, got;
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
	set(fd, 0, 10 * MS, 0);
	ROW("epoll", epoll_wait(ep, &got, 1, 2000), 1);
	pid_t pid = SPAWN(catch (SIGUSR1); take_value(fd); _exit(take_value(fd) == -EINTR));
	until_state(pid, 'S');
	kill(pid, SIGUSR1);
	ROW("signal", wait_status(pid), EXITED(1));
	uint64_t ticks = 7;
	ROW("set_ticks", ioctl(fd, _IOW('T', 0, uint64_t), &ticks), 0);
	ROW("ticks", take_value(fd), 7);
	ticks = 0;
	ROW("set_no_ticks", sys(SYS_ioctl, fd, _IOW('T', 0, uint64_t), &ticks), -EINVAL);
	ROWS_EFAULT("set_ticks", 8, sys(SYS_ioctl, fd, _IOW('T', 0, uint64_t), p));
	ROW("other_ioctl", sys(SYS_ioctl, fd, FIONREAD, &ticks), -ENOTTY);
}

static void group_clock_set(void)
{
	int fd = MUST(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
	int plain = MUST(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
	int relative = MUST(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
	int64_t now = now_ns(CLOCK_REALTIME), base = now_ns(CLOCK_MONOTONIC);
	struct timespec ts;

	ROW("arm", set(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, now + 3600000 * MS, 0), 0);
	set(plain, TFD_TIMER_ABSTIME, now + 3600000 * MS, 0);
	set(relative, TFD_TIMER_CANCEL_ON_SET, 3600000 * MS, 0);
	int blocking = MUST(timerfd_create(CLOCK_REALTIME, 0));
	/* Beyond what is set below: Linux may let it expire before it tells of the setting. */
	set(blocking, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, now + 10 * 3600000 * MS, 0);
	pid_t pid = SPAWN(_exit(take_value(blocking) == -ECANCELED));
	until_state(pid, 'S');
	/* Two hours on: beyond the timers. */
	ts = (struct timespec){ .tv_sec = now / 1000000000 + 7200 };
	ROW("set_clock", sys(SYS_clock_settime, CLOCK_REALTIME, &ts), 0);
	ROW("reader_told", wait_status(pid), EXITED(1));
	ROW("poll_cancelled", poll_now(fd, 0), POLLIN);
	ROW("cancelled", take_value(fd), -ECANCELED);
	ROW("plain_fires", poll_now(plain, 1000), POLLIN);
	ROW("plain_value", take_value(plain), 1);
	ROW("relative_not", take_value(relative), -EAGAIN);
	/* Told by the next setting, which is made all the same. */
	now = now_ns(CLOCK_REALTIME);
	set(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, now + 3600000 * MS, 0);
	ts.tv_sec -= 7200;
	ts.tv_sec += (now_ns(CLOCK_MONOTONIC) - base) / 1000000000;
	sys(SYS_clock_settime, CLOCK_REALTIME, &ts);
	now = now_ns(CLOCK_REALTIME);
	ROW("told_by_set", set(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, now + 50 * MS, 0),
	    -ECANCELED);
	ROW("set_nevertheless", poll_now(fd, 3000), POLLIN);
	ROW("not_twice", take_value(fd), 1);
	ROW_AS(USER, "set_clock_user", sys(SYS_clock_settime, CLOCK_REALTIME, &ts), -EPERM);
}

/* ---- signalfd ---- */

static struct signalfd_siginfo info[4];

static void block(int sig)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, sig);
	sigprocmask(SIG_BLOCK, &s, NULL);
}

static uint64_t bit(int sig)
{
	return 1ull << (sig - 1);
}

static long read_info(int fd)
{
	memset(info, 0xee, sizeof(info));
	return sys(SYS_read, fd, info, sizeof(info));
}

static void group_signalfd(void)
{
	uint64_t mask = bit(SIGUSR1), wide = ~0ull;
	int fd, other = MUST(open("x", O_CREAT, 0600));
	struct stat st;

	ROWS_POINTER("create", 8, sys(SYS_signalfd4, 99, p, 8, 0), -EBADF);
	ROW_OK("create", fd = sys(SYS_signalfd, -1, &mask, 8));
	ROW("flags", fcntl(fd, F_GETFL), O_RDWR);
	fstat(fd, &st);
	ROW("mode", st.st_mode, 0600);
	close(fd);
	ROW("size", sys(SYS_signalfd4, -1, &mask, 4, 0), -EINVAL);
	ROW("bad_flag", sys(SYS_signalfd4, -1, &mask, 8, 1), -EINVAL);
	ROW("not_signalfd", sys(SYS_signalfd4, other, &mask, 8, 0), -EINVAL);
	ROW("negative", sys(SYS_signalfd4, -2, &mask, 8, 0), -EBADF);
	ROW_OK("create4", fd = sys(SYS_signalfd4, -1, &mask, 8, SFD_CLOEXEC | SFD_NONBLOCK));
	ROW("cloexec", fcntl(fd, F_GETFD), FD_CLOEXEC);
	ROW("nonblock", fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
	ROW("again", read_info(fd), -EAGAIN);
	ROW("short", sys(SYS_read, fd, info, 127), -EINVAL);
	block(SIGUSR1);
	block(SIGUSR2);
	block(SIGRTMIN);
	block(SIGCHLD);
	kill(getpid(), SIGUSR1);
	ROW("poll", poll_now(fd, 0), POLLIN);
	ROW("read", read_info(fd), 128);
	ROW("signo", info[0].ssi_signo, SIGUSR1);
	ROW("code", info[0].ssi_code, SI_USER);
	ROW("pid", info[0].ssi_pid, getpid());
	ROW("uid", info[0].ssi_uid, 0);
	ROW("taken", poll_now(fd, 0), 0);
	kill(getpid(), SIGUSR2);
	ROW("not_in_set", read_info(fd), -EAGAIN);
	ROW("change_set", sys(SYS_signalfd4, fd, &wide, 8, 0), fd);
	ROW("now_in_set", read_info(fd), 128);
	ROW("now_signo", info[0].ssi_signo, SIGUSR2);
	union sigval value = { .sival_ptr = (void *)0x123456789abcul };
	for (int i = 0; i < 3; i++)
		sigqueue(getpid(), SIGRTMIN, value);
	kill(getpid(), SIGUSR1);
	ROW("several", read_info(fd), 4 * 128);
	ROW("lowest_first", info[0].ssi_signo, SIGUSR1);
	ROW("queued", info[3].ssi_signo, SIGRTMIN);
	ROW("queue_code", info[1].ssi_code, SI_QUEUE);
	ROW("queue_ptr", info[1].ssi_ptr, 0x123456789abc);
	ROW("queue_int", info[1].ssi_int, 0x56789abc);
	raise(SIGUSR1);
	read_info(fd);
	ROW("tkill_code", info[0].ssi_code, SI_TKILL);
	pid_t pid = SPAWN(_exit(5));
	ROW("poll_child", poll_now(fd, 5000), POLLIN);
	read_info(fd);
	ROW("child_signo", info[0].ssi_signo, SIGCHLD);
	ROW("child_code", info[0].ssi_code, CLD_EXITED);
	ROW("child_pid", info[0].ssi_pid, pid);
	ROW("child_status", info[0].ssi_status, 5);
	wait_status(pid);
	timer_t timer;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGUSR1,
				  .sigev_value.sival_int = 77 };
	struct itimerspec its = after(1 * MS, 0);
	timer_create(CLOCK_MONOTONIC, &event, &timer);
	timer_settime(timer, 0, &its, NULL);
	ROW("poll_timer", poll_now(fd, 5000), POLLIN);
	read_info(fd);
	ROW("timer_code", info[0].ssi_code, SI_TIMER);
	ROW("timer_int", info[0].ssi_int, 77);
	kill(getpid(), SIGUSR1);
	ROW("efault", sys(SYS_read, fd, edge, 128), -EFAULT);
	ROW("efault_lost", read_info(fd), -EAGAIN);
	ROW("write", sys(SYS_write, fd, info, 128), -EINVAL);
	/* SIGKILL cannot be asked for. */
	mask = bit(SIGKILL);
	ROW("kill_set", sys(SYS_signalfd4, fd, &mask, 8, 0), fd);
}

static void group_signalfd_wait(void)
{
	uint64_t mask = bit(SIGUSR1);
	int fd = MUST(sys(SYS_signalfd4, -1, &mask, 8, 0)), ep = MUST(epoll_create1(0));
	struct epoll_event e = { .events = EPOLLIN }, got;

	block(SIGUSR1);
	pid_t pid = SPAWN(_exit((int)read_info(fd) / 128));
	until_state(pid, 'S');
	kill(pid, SIGUSR1);
	ROW("read_waits", wait_status(pid), EXITED(1));
	pid = SPAWN(_exit(poll_now(fd, -1)));
	until_state(pid, 'S');
	kill(pid, SIGUSR1);
	ROW("poll_waits", wait_status(pid), EXITED(POLLIN));
	pid = SPAWN(catch (SIGUSR2); _exit(read_info(fd) == -EINTR));
	until_state(pid, 'S');
	kill(pid, SIGUSR2);
	ROW("other_signal", wait_status(pid), EXITED(1));
	pid = SPAWN(int set = epoll_create1(0); epoll_ctl(set, EPOLL_CTL_ADD, fd, &e);
		    _exit(epoll_wait(set, &got, 1, -1)));
	until_state(pid, 'S');
	kill(pid, SIGUSR1);
	ROW("epoll_waits", wait_status(pid), EXITED(1));
	/* A set that a child put the file into outlives the child's signals. */
	pid = SPAWN(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
	wait_status(pid);
	ROW("outlives", epoll_wait(ep, &got, 1, 0), 0);
	ROW("removed", epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL), 0);
	/* A handler and a reader compete: the reader has it blocked. */
	kill(getpid(), SIGUSR1);
	sigset_t s;
	sigpending(&s);
	ROW("pending", sigismember(&s, SIGUSR1), 1);
	ROW("read", read_info(fd), 128);
	sigpending(&s);
	ROW("not_pending", sigismember(&s, SIGUSR1), 0);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "timerfd");
	GROUP(group_create);
	GROUP(group_settime);
	GROUP(group_expire);
	GROUP_ALONE(group_clock_set);
	GROUP(group_signalfd);
	GROUP(group_signalfd_wait);
	return finish();
}
