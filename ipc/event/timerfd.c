/*
 * Timers as files (timerfd_create(2)).
 *
 * A timer that has expired rests until somebody looks: a periodic one is armed again by a read, and
 * the periods that went by meanwhile are counted then. So a timer that nobody reads costs nothing.
 *
 * What counts by the wall clock (absolute time on CLOCK_REALTIME) has an entry on clock_set_wait:
 * when the clock is set, the entry's callback either arms the timer for the same wall time, or, if
 * that was asked for (TFD_TIMER_CANCEL_ON_SET), marks it as cancelled and wakes who waits.
 *
 * Locks: clock_set_wait.lock > t->lock > the timer base's lock. Who waits is woken without t->lock.
 * setting (a mutex) makes timerfd_set a whole, as the entry is queued and removed outside t->lock.
 */
#include <ipc/timerfd.h>

#include <arch/uaccess.h>
#include <fs/poll.h>
#include <fs/seq_file.h>
#include <kernel/time/clock.h>
#include <kernel/time/convert.h>
#include <kernel/time/timer.h>
#include <mm/slab.h>
#include <uapi/errno.h>
#include <uapi/timerfd.h>

typedef struct timerfd {
	mutex_t setting;
	spinlock_t lock; /* taken with interrupts off */
	int clock;	 /* (c) */
	int flags;	 /* lock: TFD_TIMER_* of the last setting */
	bool wall;	 /* lock: `expires` is of the wall clock, and `clock_entry` is queued */
	bool expired;	 /* lock: since the last look */
	bool cancelled;	 /* lock: the wall clock was set; told once */
	nsec_t expires;	 /* lock: of the wall clock or monotonic; 0: not armed */
	nsec_t interval; /* lock */
	u64 ticks;	 /* lock: expirations not read yet; read racily by poll */
	timer_t timer;
	wait_queue_entry_t clock_entry;
	wait_queue_head_t wait;
} timerfd_t;

static bool is_wall_clock(int clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM;
}

static bool is_alarm(int clock)
{
	return clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
}

/* Does such a setting move with the wall clock? That of its alarm does in any case. */
static bool moves(const timerfd_t *t, int flags)
{
	return is_wall_clock(t->clock) &&
	       ((flags & TFD_TIMER_ABSTIME) || t->clock == CLOCK_REALTIME_ALARM);
}

static nsec_t now_of(const timerfd_t *t)
{
	return t->wall ? clock_realtime() : clock_monotonic();
}

/* lock held. */
static void arm(timerfd_t *t)
{
	nsec_t when = t->expires;

	if (t->wall && when != NSEC_MAX)
		when -= clock_realtime_offset();
	mod_timer(&t->timer, (u64)MAX(when, (nsec_t)0));
}

static void fired(timer_t *timer, void *data)
{
	timerfd_t *t = data;
	unsigned long flags;
	bool real;

	spin_lock_irqsave(&t->lock, &flags);
	/* Not if it was set anew, or disarmed, while this waited for the lock. */
	real = t->expires && !t->expired && !timer_pending(timer);
	if (real) {
		t->expired = true;
		t->ticks++;
	}
	spin_unlock_irqrestore(&t->lock, flags);
	if (real)
		wake_up_key(&t->wait, INT32_MAX, POLLIN);
}

static bool clock_was_set(wait_queue_entry_t *entry, u64 key)
{
	timerfd_t *t = container_of(entry, timerfd_t, clock_entry);
	bool cancel;

	spin_lock(&t->lock);
	cancel = t->flags & TFD_TIMER_CANCEL_ON_SET;
	if (cancel) {
		t->cancelled = true;
		t->ticks++;
	}
	if (t->expires && !t->expired)
		arm(t);
	spin_unlock(&t->lock);
	if (cancel)
		wake_up_key(&t->wait, INT32_MAX, POLLIN);
	return true;
}

/* Counts the periods that went by since the expiry, and sets the timer going again. lock held. */
static void catch_up(timerfd_t *t)
{
	nsec_t passed, late;

	if (!t->expired || !t->interval)
		return;
	late = now_of(t) - t->expires;
	passed = late < 0 ? 1 : late / t->interval + 1;
	t->ticks += (u64)passed - 1;
	t->expires = passed > (NSEC_MAX - t->expires) / t->interval
			     ? NSEC_MAX
			     : t->expires + passed * t->interval;
	t->expired = false;
	arm(t);
}

static timerfd_setting_t setting_of(const timerfd_t *t)
{
	nsec_t left = t->expires && !t->expired ? t->expires - now_of(t) : 0;

	return (timerfd_setting_t){ MAX(left, (nsec_t)0), t->interval };
}

/* ---- the file ---- */

/* What a read gives: expirations, -ECANCELED, or -EAGAIN when there is nothing yet. */
static s64 take(timerfd_t *t)
{
	unsigned long flags;
	s64 r = -EAGAIN;

	spin_lock_irqsave(&t->lock, &flags);
	if (t->cancelled) {
		t->cancelled = t->expired = false;
		t->ticks = 0;
		r = -ECANCELED;
	} else if (t->ticks) {
		catch_up(t);
		r = (s64)t->ticks;
		t->ticks = 0;
	}
	spin_unlock_irqrestore(&t->lock, flags);
	return r;
}

static ssize_t timerfd_read_iter(file_t *f, iter_t *it, off_t *pos)
{
	timerfd_t *t = f->private_data;
	u64 value;
	s64 got;
	int r;

	if (it->count < sizeof(value))
		return -EINVAL;
	got = take(t);
	if (got == -EAGAIN && !(f->flags & O_NONBLOCK) && !(it->io_flags & IO_NOWAIT)) {
		r = wait_event_interruptible(&t->wait, (got = take(t)) != -EAGAIN);
		if (r)
			return r;
	}
	if (got < 0)
		return got;
	value = (u64)got;
	return copy_to_iter(&value, sizeof(value), it) == sizeof(value) ? (ssize_t)sizeof(value)
									: -EFAULT;
}

static u32 timerfd_poll(file_t *f, poll_table_t *pt)
{
	timerfd_t *t = f->private_data;

	poll_wait(f, &t->wait, pt);
	return READ_ONCE(t->ticks) ? POLLIN : 0;
}

static long timerfd_ioctl(file_t *f, u32 cmd, unsigned long arg)
{
	timerfd_t *t = f->private_data;
	int r = 0;
	u64 ticks;

	if (cmd != TFD_IOC_SET_TICKS)
		return -ENOTTY;
	if (get_user_u64(&ticks, (const u64 __user *)arg))
		return -EFAULT;
	if (!ticks)
		return -EINVAL;
	spin_lock_irq(&t->lock);
	if (t->cancelled) {
		t->cancelled = false;
		r = -ECANCELED;
	} else {
		t->ticks = ticks;
	}
	spin_unlock_irq(&t->lock);
	if (!r)
		wake_up_key(&t->wait, INT32_MAX, POLLIN);
	return r;
}

static void timerfd_release(file_t *f)
{
	timerfd_t *t = f->private_data;

	if (t->wall)
		remove_wait_queue(&clock_set_wait, &t->clock_entry);
	del_timer(&t->timer);
	kfree(t);
}

static void timerfd_show(file_t *f, struct seq_file *m)
{
	timerfd_t *t = f->private_data;
	timerfd_setting_t s;
	u64 ticks;
	int flags;

	spin_lock_irq(&t->lock);
	s = setting_of(t);
	ticks = t->ticks;
	flags = t->flags;
	spin_unlock_irq(&t->lock);
	seq_printf(m,
		   "clockid: %d\nticks: %lu\nsettime flags: 0%o\n"
		   "it_value: (%ld, %ld)\nit_interval: (%ld, %ld)\n",
		   t->clock, ticks, flags, s.value / NSEC_PER_SEC, s.value % NSEC_PER_SEC,
		   s.interval / NSEC_PER_SEC, s.interval % NSEC_PER_SEC);
}

static const file_operations_t timerfd_operations = {
	.read_iter = timerfd_read_iter,
	.llseek = noop_llseek,
	.poll = timerfd_poll,
	.ioctl = timerfd_ioctl,
	.release = timerfd_release,
	.show_fdinfo = timerfd_show,
	.kind = "anon_inode:[timerfd]",
};

file_t *timerfd_create_file(int clock, int flags)
{
	timerfd_t *t;
	file_t *f;

	if (flags & ~(TFD_CLOEXEC | TFD_NONBLOCK))
		return ERR_PTR(-EINVAL);
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
		break;
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		if (!capable(CAP_WAKE_ALARM))
			return ERR_PTR(-EPERM);
		break;
	default:
		return ERR_PTR(-EINVAL);
	}
	t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (!t)
		return ERR_PTR(-ENOMEM);
	mutex_init(&t->setting);
	spinlock_init(&t->lock);
	init_waitqueue_head(&t->wait);
	t->clock = clock;
	timer_init_flags(&t->timer, fired, t, TIMER_HARDIRQ);
	init_wait_callback(&t->clock_entry, clock_was_set);
	f = file_create_anon(timerfd_operations.kind, &timerfd_operations, t,
			     O_RDWR | (u32)(flags & TFD_NONBLOCK));
	if (IS_ERR(f))
		kfree(t);
	return f;
}

/* ---- setting ---- */

static int set_locked(timerfd_t *t, int flags, timerfd_setting_t next, timerfd_setting_t *old)
{
	int r = 0;

	assert_held(&t->lock);
	catch_up(t);
	*old = setting_of(t);
	t->wall = moves(t, flags);
	t->flags = flags;
	if (!(flags & TFD_TIMER_CANCEL_ON_SET))
		t->cancelled = false;
	t->expired = false;
	t->ticks = 0;
	t->interval = next.interval;
	t->expires = 0;
	if (!next.value) {
		try_del_timer(&t->timer);
		return 0;
	}
	t->expires = next.value;
	if (!(flags & TFD_TIMER_ABSTIME)) {
		nsec_t now = now_of(t);

		t->expires = next.value > NSEC_MAX - now ? NSEC_MAX : now + next.value;
	}
	arm(t);
	if (t->cancelled) {
		t->cancelled = false;
		r = -ECANCELED;
	}
	return r;
}

int timerfd_set(file_t *f, int flags, timerfd_setting_t next, timerfd_setting_t *old)
{
	timerfd_t *t = f->private_data;
	bool wall_before, wall;
	int r;

	if (f->ops != &timerfd_operations)
		return -EINVAL;
	if (is_alarm(t->clock) && !capable(CAP_WAKE_ALARM))
		return -EPERM;
	/* Only for absolute times of the wall clock; nothing otherwise. */
	if (!is_wall_clock(t->clock) || !(flags & TFD_TIMER_ABSTIME))
		flags &= ~TFD_TIMER_CANCEL_ON_SET;
	mutex_lock(&t->setting);
	wall = moves(t, flags);
	wall_before = t->wall;
	/* Queued first: a setting of the clock after the arming must not be missed. */
	if (wall && !wall_before)
		add_wait_queue(&clock_set_wait, &t->clock_entry);
	spin_lock_irq(&t->lock);
	r = set_locked(t, flags, next, old);
	spin_unlock_irq(&t->lock);
	if (wall_before && !wall)
		remove_wait_queue(&clock_set_wait, &t->clock_entry);
	mutex_unlock(&t->setting);
	return r;
}

int timerfd_get(file_t *f, timerfd_setting_t *out)
{
	timerfd_t *t = f->private_data;

	if (f->ops != &timerfd_operations)
		return -EINVAL;
	spin_lock_irq(&t->lock);
	catch_up(t);
	*out = setting_of(t);
	spin_unlock_irq(&t->lock);
	return 0;
}
