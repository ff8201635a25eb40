/*
 * POSIX timers.
 *
 * A timer owns one queue entry, so that firing never fails for memory. While that entry is still
 * queued the timer rests: a periodic one is armed again when the signal is taken off the queue, and
 * the periods that went by meanwhile are its overruns (POSIX.1-2017 timer_getoverrun). So an unread
 * signal costs nothing. Neither does one that is ignored: then the timer skips what falls into the next
 * milliseconds; nor a timer that sends none, which is never armed: where it stands is computed for who asks.
 *
 * A timer on CPU time runs on the monotonic clock too: it is set to when the CPU time could be
 * reached at the earliest, and set again when it turns out that it was not.
 *
 * Absolute times of the wall clock move with it: each timer of such a clock stands on clock_set_wait, and
 * is armed anew when the clock is set. Relative times count by the monotonic clock, whatever the timer's, but
 * for CLOCK_REALTIME_ALARM, whose are of the wall clock too.
 *
 * Locking: all fields under the process's sig_lock, the timer's function included; clock_set_wait.lock
 * comes before it. A timer that is deleted is first taken off the process's list; then its functions are
 * waited for.
 */
#include <kernel/posix_timers.h>
#include <fs/seq_file.h>
#include <kernel/time/clock.h>
#include <uapi/time.h>

#include "proc_internal.h"

#define IGNORED_PAUSE (4 * NSEC_PER_MSEC) /* Linux's tick */
#define CPU_RECHECK                                                                                \
	NSEC_PER_MSEC /* a thread that is charged late, or not at all, is looked at again so soon */

typedef struct posix_timer {
	struct posix_timer *next;
	process_t *process; /* constant */
	int id;		    /* constant */
	int clock;	    /* constant: CPU clocks by number are one of the two by name */
	bool user_only;	    /* constant: of CPU time, what was spent in user mode */
	int notify;	    /* constant: SIGEV_* */
	struct pid *
		target; /* constant: thread that gets the signal, own reference; NULL: the process */
	struct pid *measured;  /* constant: thread whose CPU time counts, own reference, or NULL */
	signal_entry_t *entry; /* constant */
	timer_t timer;
	wait_queue_entry_t clock_entry; /* on clock_set_wait, if its clock is a wall clock */
	bool wall;	/* expires is of the wall clock; else of the monotonic one, or CPU time */
	nsec_t expires; /* 0: not armed */
	nsec_t interval;
	bool queued; /* the entry is on a queue */
	int overrun; /* of the signal taken last */
} posix_timer_t;

static bool is_cpu_clock(int clock)
{
	return clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
}

static bool is_wall_clock(int clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM || clock == CLOCK_TAI;
}

static int check_clock(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		return 0;
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_REALTIME_COARSE:
		return -EOPNOTSUPP; /* they do not have timers */
	}
	if (clock >= 0)
		return -EINVAL;
	if ((clock & 3) != CPU_CLOCK_KINDS)
		return 0;
	/* A clock's descriptor has no timers; and of a thread's clocks there is none of that kind. */
	return clock & CPU_CLOCK_THREAD ? -EINVAL : -EOPNOTSUPP;
}

/* May the caller have timers of a clock that wakes the machine? */
static int check_alarm(int clock)
{
	if (clock != CLOCK_REALTIME_ALARM && clock != CLOCK_BOOTTIME_ALARM)
		return 0;
	if (!clock_has_alarms())
		return -EOPNOTSUPP;
	return capable(CAP_WAKE_ALARM) ? 0 : -EPERM;
}

static nsec_t thread_time(const posix_timer_t *pt, thread_t *t)
{
	nsec_t user, system;

	if (!pt->user_only)
		return sched_thread_runtime(t);
	sched_thread_times(t, &user, &system);
	return user;
}

/* CPU time of the process, or of the one thread. sig_lock held. */
static nsec_t cpu_time(const posix_timer_t *pt)
{
	process_t *p = pt->process;
	nsec_t sum = p->dead_user + (pt->user_only ? 0 : p->dead_system);
	thread_t *t;

	list_for_each_entry(t, &p->threads, process_link) {
		if (!pt->measured)
			sum += thread_time(pt, t);
		else if (t->pid == pt->measured)
			return thread_time(pt, t);
	}
	return sum;
}

static nsec_t now_of(const posix_timer_t *pt)
{
	if (is_cpu_clock(pt->clock))
		return cpu_time(pt);
	if (!pt->wall)
		return clock_monotonic();
	return clock_realtime() + (pt->clock == CLOCK_TAI ? clock_tai_offset() : 0);
}

/* Arms the kernel's timer for pt->expires. */
static void arm(posix_timer_t *pt)
{
	nsec_t left, now;

	if (pt->notify == SIGEV_NONE)
		return;
	left = pt->expires - now_of(pt);
	now = clock_monotonic();
	if (is_cpu_clock(pt->clock)) {
		left /= (nsec_t)MAX(pt->process->thread_count, 1u);
		left = MAX(left, CPU_RECHECK);
	}
	mod_timer(&pt->timer, (u64)(left > NSEC_MAX - now ? NSEC_MAX : now + MAX(left, (nsec_t)0)));
}

/* Moves a periodic timer to its first expiry after `now` of its clock: how many it passed over. */
static int forward(posix_timer_t *pt, nsec_t now)
{
	nsec_t passed;

	if (now < pt->expires)
		return 0;
	passed = (now - pt->expires) / pt->interval + 1;
	pt->expires = passed > (NSEC_MAX - pt->expires) / pt->interval
			      ? NSEC_MAX
			      : pt->expires + passed * pt->interval;
	return (int)MIN(passed, (nsec_t)INT32_MAX);
}

static void send(posix_timer_t *pt)
{
	thread_t *t = pt->process->leader;

	if (pt->target) {
		t = pt->target->thread;
		if (!t || t->process != pt->process || t->exiting)
			return;
	}
	pt->entry->info.timer.overrun = 0;
	pt->queued = true;
	if (!send_entry_locked(t, pt->entry, !pt->target))
		pt->queued = false;
}

static void fired(timer_t *timer, void *data)
{
	posix_timer_t *pt = data;
	process_t *p = pt->process;
	unsigned long flags;

	if (!process_lock_sighand(p, &flags))
		return;
	/* Set anew, or disarmed, while this waited for the lock. */
	if (!pt->expires || timer_pending(timer))
		goto out;
	/* CPU time that was not used; a wall clock that was set back. */
	if ((is_cpu_clock(pt->clock) || pt->wall) && now_of(pt) < pt->expires) {
		arm(pt);
		goto out;
	}
	if (!pt->queued)
		send(pt);
	if (pt->queued)
		goto out;   /* goes on when the signal is taken */
	if (pt->interval) { /* an ignored signal */
		forward(pt, now_of(pt) + MAX(IGNORED_PAUSE - pt->interval, (nsec_t)0));
		arm(pt);
	} else {
		pt->expires = 0;
	}
out:
	process_unlock_sighand(p, flags);
}

static bool clock_was_set(wait_queue_entry_t *entry, u64 key)
{
	posix_timer_t *pt = container_of(entry, posix_timer_t, clock_entry);
	unsigned long flags;

	if (!process_lock_sighand(pt->process, &flags))
		return true;
	/* One whose signal is queued rests, unless it was set since. */
	if (pt->wall && pt->expires && (!pt->queued || timer_pending(&pt->timer)))
		arm(pt);
	process_unlock_sighand(pt->process, flags);
	return true;
}

void posix_timer_entry_taken(signal_entry_t *e, siginfo_t *info)
{
	posix_timer_t *pt = e->timer;

	pt->queued = false;
	pt->overrun = 0;
	if (!pt->expires)
		return;
	if (!pt->interval) {
		if (!timer_pending(&pt->timer))
			pt->expires = 0;
		return;
	}
	pt->overrun = MAX(forward(pt, now_of(pt)) - 1, 0);
	if (info)
		info->timer.overrun = pt->overrun;
	arm(pt);
}

/* ---- the list of a process; sig_lock held ---- */

static posix_timer_t **find_link(process_t *p, int id)
{
	posix_timer_t **link = (posix_timer_t **)&p->posix_timers;

	while (*link && (*link)->id != id)
		link = &(*link)->next;
	return link;
}

static posix_timer_t *find(process_t *p, int id)
{
	return *find_link(p, id);
}

/* ---- making and deleting ---- */

static void free_timer(posix_timer_t *pt)
{
	if (pt->target)
		pid_put(pt->target);
	if (pt->measured)
		pid_put(pt->measured);
	kfree(pt);
}

static void destroy(posix_timer_t *pt)
{
	process_t *p = pt->process;

	if (is_wall_clock(pt->clock))
		remove_wait_queue(&clock_set_wait, &pt->clock_entry);
	del_timer(&pt->timer);
	spin_lock_irq(sig_lock(p));
	if (pt->queued) {
		pt->entry->timer = NULL; /* whoever takes it frees it */
		pt->entry = NULL;
	}
	spin_unlock_irq(sig_lock(p));
	if (pt->entry) {
		pt->entry->timer = NULL;
		signal_entry_free(pt->entry);
	}
	free_timer(pt);
}

/* The number's reference, if it is a thread's of the running process; 0 stands for the running thread. */
static struct pid *get_own_thread(pid_t tid)
{
	thread_t *t = tid ? thread_get_by_tid(tid) : current();
	struct pid *pid = t && t->process == current_process() ? pid_get(t->pid) : NULL;

	if (t && tid)
		thread_put(t);
	return pid;
}

/*
 * The clock. CPU clocks by number (clock_getcpuclockid(3); libc has no others) are kind, thread or process, and the
 * complement of the number: 0, or one of this process.
 */
static int set_clock(posix_timer_t *pt, int clock)
{
	pid_t nr = 0;

	if (clock < 0) {
		nr = ~(clock >> 3);
		pt->user_only = (clock & 3) == CPU_CLOCK_VIRTUAL;
		clock = clock & CPU_CLOCK_THREAD ? CLOCK_THREAD_CPUTIME_ID
						 : CLOCK_PROCESS_CPUTIME_ID;
	}
	pt->clock = clock;
	if (clock == CLOCK_THREAD_CPUTIME_ID) {
		pt->measured = get_own_thread(nr);
		return pt->measured ? 0 : -EINVAL;
	}
	return !nr || nr == current_process()->pid ? 0 : -EINVAL;
}

static int set_target(posix_timer_t *pt, const struct sigevent *event)
{
	if (!event || !(event->sigev_notify & SIGEV_THREAD_ID))
		return 0;
	if (event->sigev_notify_thread_id)
		pt->target = get_own_thread(event->sigev_notify_thread_id);
	return pt->target ? 0 : -EINVAL;
}

static int check_event(const struct sigevent *event)
{
	switch (event->sigev_notify) {
	case SIGEV_NONE:
		return 0;
	case SIGEV_SIGNAL:
	case SIGEV_THREAD:
	case SIGEV_THREAD_ID:
		return event->sigev_signo > 0 && event->sigev_signo <= SIGRTMAX ? 0 : -EINVAL;
	}
	return -EINVAL;
}

static posix_timer_t *alloc(int clock, const struct sigevent *event)
{
	posix_timer_t *pt = kzalloc(sizeof(*pt), GFP_KERNEL);
	int r;

	if (!pt)
		return ERR_PTR(-EAGAIN);
	pt->process = current_process();
	pt->notify = event ? event->sigev_notify : SIGEV_SIGNAL;
	timer_init(&pt->timer, fired, pt);
	r = set_clock(pt, clock);
	if (!r)
		r = set_target(pt, event);
	if (!r) {
		pt->entry = signal_entry_alloc(current(), false);
		if (!pt->entry)
			r = -EAGAIN;
	}
	if (r) {
		free_timer(pt);
		return ERR_PTR(r);
	}
	pt->entry->timer = pt;
	init_wait_callback(&pt->clock_entry, clock_was_set);
	if (is_wall_clock(clock))
		add_wait_queue(&clock_set_wait, &pt->clock_entry);
	return pt;
}

int posix_timer_create(int clock, const struct sigevent *event)
{
	process_t *p = current_process();
	posix_timer_t *pt, **link;
	int r = check_clock(clock);

	if (!r && event)
		r = check_event(event);
	if (!r)
		r = check_alarm(clock);
	if (r)
		return r;
	pt = alloc(clock, event);
	if (IS_ERR(pt))
		return (int)PTR_ERR(pt);
	siginfo_init(&pt->entry->info, event ? event->sigev_signo : SIGALRM, SI_TIMER);
	spin_lock_irq(sig_lock(p));
	/* The lowest free number; the list is ordered by it. */
	link = (posix_timer_t **)&p->posix_timers;
	while (*link && (*link)->id == pt->id) {
		pt->id++;
		link = &(*link)->next;
	}
	pt->next = *link;
	pt->entry->info.timer.tid = pt->id;
	if (event)
		pt->entry->info.timer.value = event->sigev_value;
	else
		pt->entry->info.timer.value.sival_int = pt->id;
	*link = pt;
	spin_unlock_irq(sig_lock(p));
	return pt->id;
}

int posix_timer_delete(int id)
{
	process_t *p = current_process();
	posix_timer_t **link, *pt;

	spin_lock_irq(sig_lock(p));
	link = find_link(p, id);
	pt = *link;
	if (pt) {
		*link = pt->next;
		pt->expires = 0;
	}
	spin_unlock_irq(sig_lock(p));
	if (!pt)
		return -EINVAL;
	destroy(pt);
	return 0;
}

void posix_timers_show(struct seq_file *m, process_t *p)
{
	static const char *const names[] = { "signal", "none", "thread" };
	const posix_timer_t *pt;
	unsigned long flags;

	if (!process_lock_sighand(p, &flags))
		return;
	for (pt = p->posix_timers; pt; pt = pt->next)
		seq_printf(m, "ID: %d\nsignal: %d/%016lx\nnotify: %s/%s.%d\nClockID: %d\n", pt->id,
			   pt->entry->info.si_signo, (u64)pt->entry->info.timer.value.sival_ptr,
			   names[pt->notify & ~SIGEV_THREAD_ID], pt->target ? "tid" : "pid",
			   pt->target ? pt->target->nr : p->pid, pt->clock);
	process_unlock_sighand(p, flags);
}

void posix_timers_clear(process_t *p)
{
	posix_timer_t *pt;

	for (;;) {
		spin_lock_irq(sig_lock(p));
		pt = p->posix_timers;
		if (pt) {
			p->posix_timers = pt->next;
			pt->expires = 0;
		}
		spin_unlock_irq(sig_lock(p));
		if (!pt)
			return;
		destroy(pt);
	}
}

/* What they sent is not for the next program, nor is what was sent by hand as if by them. */
static void forget_signals(signal_queue_t *q)
{
	sigset_t gone = 0, kept = 0;
	signal_entry_t *e, *next;

	list_for_each_entry_safe(e, next, &q->entries, link) {
		sigset_t bit = sigmask(e->info.si_signo);

		if (e->info.si_code != SI_TIMER) {
			kept |= bit;
			continue;
		}
		gone |= bit;
		list_del(&e->link);
		signal_entry_free(e);
	}
	q->set &= ~gone | kept;
}

void posix_timers_exec(void)
{
	process_t *p = current_process();

	posix_timers_clear(p);
	spin_lock_irq(sig_lock(p));
	forget_signals(&p->pending);
	forget_signals(&current()->pending);
	signal_recalc_pending(current());
	spin_unlock_irq(sig_lock(p));
}

/* ---- setting and asking ---- */

/* An armed timer never shows 0. sig_lock held. */
static timer_setting_t setting_of(posix_timer_t *pt)
{
	timer_setting_t s = { 0, pt->interval };

	if (!pt->expires)
		return s;
	if (pt->interval && (pt->queued || pt->notify == SIGEV_NONE))
		forward(pt, now_of(pt)); /* as if the signal had been taken just now */
	s.value = pt->expires - now_of(pt);
	if (s.value <= 0)
		s.value = pt->notify == SIGEV_NONE ? 0 : 1;
	return s;
}

static void set_locked(posix_timer_t *pt, bool absolute, timer_setting_t next)
{
	nsec_t now;

	pt->wall = is_wall_clock(pt->clock) && (absolute || pt->clock == CLOCK_REALTIME_ALARM);
	now = now_of(pt);
	/* As on Linux a timer that is switched off keeps its interval only if it counts CPU time. */
	pt->interval = next.value || is_cpu_clock(pt->clock) ? next.interval : 0;
	pt->expires = 0;
	pt->overrun = 0;
	if (!next.value)
		return;
	pt->expires = absolute			    ? next.value
		      : next.value > NSEC_MAX - now ? NSEC_MAX
						    : now + next.value;
	arm(pt);
}

int posix_timer_set(int id, bool absolute, timer_setting_t next, timer_setting_t *old)
{
	process_t *p = current_process();

	for (;;) {
		posix_timer_t *pt;
		int r = -EINVAL;

		spin_lock_irq(sig_lock(p));
		pt = find(p, id);
		if (pt) {
			r = try_del_timer(
				&pt->timer); /* its function waits for the lock: after it */
			if (r != -EAGAIN) {
				r = 0;
				if (old)
					*old = setting_of(pt);
				set_locked(pt, absolute, next);
			}
		}
		spin_unlock_irq(sig_lock(p));
		if (r != -EAGAIN)
			return r;
		cpu_relax();
	}
}

int posix_timer_get(int id, timer_setting_t *out)
{
	process_t *p = current_process();
	posix_timer_t *pt;

	spin_lock_irq(sig_lock(p));
	pt = find(p, id);
	if (pt)
		*out = setting_of(pt);
	spin_unlock_irq(sig_lock(p));
	return pt ? 0 : -EINVAL;
}

int posix_timer_overrun(int id)
{
	process_t *p = current_process();
	posix_timer_t *pt;
	int r = -EINVAL;

	spin_lock_irq(sig_lock(p));
	pt = find(p, id);
	if (pt)
		r = pt->overrun;
	spin_unlock_irq(sig_lock(p));
	return r;
}
