/*
 * Disciplining the clock (adjtimex(2), adjtime(3)). Four things change its rate, and clock_steer is
 * told their sum:
 *
 *	tick	its nominal length, in microseconds a hundredth of a second
 *	freq	a correction in parts per million
 *	offset	a phase to be worked off by the loop of RFC 1589 and RFC 5905: each second the
 *		2^-(2 + constant) part of what is left, while freq learns from it (with STA_PLL)
 *	adjust	adjtime's: at most 500 microseconds each second
 *
 * Offset and adjust are worked off second by second of realtime; the same count inserts and deletes
 * leap seconds and lets the error grow. There is no tick, so a timer counts only while there is
 * something to work off; else the seconds that passed are made up for when somebody asks. The
 * timer may be late: the clock gains meanwhile what the second before had, and the next one is given
 * as much less.
 *
 * Locking: adjust_lock, before the locks of clock_set_wait and of clock.c. Amounts are nanoseconds
 * with 32 fractional bits.
 */
#include <kernel/time/adjust.h>

#include <arch/time.h>
#include <kernel/cred.h>
#include <kernel/printk.h>
#include <kernel/sync/spinlock.h>
#include <kernel/time/clock.h>
#include <kernel/time/timer.h>
#include <uapi/errno.h>

#define PHASE_LIMIT 16000000 /* microseconds: the most an error is said to be */
#define USEC_PER_SEC (NSEC_PER_SEC / NSEC_PER_USEC)
#define TICKS_PER_SEC 100 /* as programs count them */
#define TICK_USEC 10000
#define TICK_USEC_MIN 9000
#define TICK_USEC_MAX 11000
#define FRACTION 32
#define AMOUNT(ns) ((s64)(ns) * (1L << FRACTION))
#define FREQ_UNIT (NSEC_PER_USEC << (FRACTION - 16)) /* timex's: 2^-16 parts per million */
#define FREQ_MAX AMOUNT(500 * NSEC_PER_USEC)	     /* a second */
#define CONSTANT_MAX 10
#define TAI_MAX 100000
#define OFFSET_MAX (NSEC_PER_SEC / 2)
#define ADJUST_MAX 500	 /* microseconds a second */
#define ERROR_GROWTH 500 /* likewise */
/* The loop: shifts of its two kinds; seconds from which frequency lock is allowed, and is forced. */
#define SHIFT_PLL 2
#define SHIFT_FLL 2
#define FLL_FROM 256
#define FLL_ALWAYS 2048
#define DAY 86400
#define NEVER INT64_MAX
#define SLEW_SHIFT 28 /* slews are divided with 4 fractional bits */
#define SLEW_MAX AMOUNT(NSEC_PER_SEC / 10)
#define LEAST_LEFT (NSEC_PER_SEC / 2)
/* The clock cannot be set so late that it would end while the machine is up (thirty years). */
#define LAST_REALTIME ((NSEC_MAX / NSEC_PER_SEC - 30L * 365 * DAY) * NSEC_PER_SEC)

static spinlock_t adjust_lock = SPINLOCK_INIT("adjust");
static struct {
	s64 maxerror, esterror, constant, tick;
	s64 freq, offset; /* a second; left */
	s64 adjust;	  /* microseconds left */
	s64 slew;	  /* what the running second gains by offset and adjust */
	nsec_t boundary;  /* realtime at which the running second ends; 0: none was begun */
	s64 reference;	  /* second of the last offset */
	s64 leap;	  /* second at which one is inserted or deleted, or NEVER */
	s32 status, state, tai;
} st = {
	.maxerror = PHASE_LIMIT,
	.esterror = PHASE_LIMIT,
	.constant = 2,
	.tick = TICK_USEC,
	.leap = NEVER,
	.status = STA_UNSYNC,
}; /* adjust_lock */

static void second_ends(timer_t *timer, void *data);
static timer_t second_timer; /* made with the first use: function set */

static s64 clamp(s64 value, s64 least, s64 most)
{
	return value < least ? least : MIN(value, most);
}

/* Rounds to zero, whatever the sign. */
static s64 shift_down(s64 value, s64 by)
{
	return value < 0 ? -(-value >> by) : value >> by;
}

static s64 second_now(void)
{
	return clock_realtime() / NSEC_PER_SEC;
}

/* ---- second by second; adjust_lock held ---- */

static void steer(void)
{
	s64 tick = AMOUNT((st.tick - TICK_USEC) * NSEC_PER_USEC * TICKS_PER_SEC);

	clock_steer(tick + st.freq + st.slew, st.offset || st.adjust);
}

static void begin_seconds(void)
{
	st.boundary = (second_now() + 1) * NSEC_PER_SEC;
}

/* A timer is needed while seconds have something to do. */
static void arm(void)
{
	if (!st.offset && !st.adjust && !st.slew && st.state == TIME_OK &&
	    !(st.status & (STA_INS | STA_DEL)))
		return;
	if (!second_timer.function)
		timer_init(&second_timer, second_ends, NULL);
	mod_timer(&second_timer, (u64)(st.boundary - clock_realtime_offset()));
}

static void step(s64 seconds)
{
	clock_set_realtime(clock_realtime() + seconds * NSEC_PER_SEC);
	st.boundary += seconds * NSEC_PER_SEC;
	st.tai -= (s32)seconds;
	clock_set_tai_offset(st.tai * NSEC_PER_SEC);
	pr_info("clock: a leap second is %s\n", seconds < 0 ? "inserted" : "deleted");
}

static void leap_state(s64 second)
{
	s32 wanted = st.status & (STA_INS | STA_DEL);

	switch (st.state) {
	case TIME_OK:
		if (wanted & STA_INS) {
			st.state = TIME_INS;
			st.leap = second + DAY - second % DAY;
		} else if (wanted & STA_DEL) {
			st.state = TIME_DEL;
			st.leap = second + DAY - (second + 1) % DAY;
		}
		break;
	case TIME_INS:
	case TIME_DEL:
		if (!(wanted & (st.state == TIME_INS ? STA_INS : STA_DEL))) {
			st.leap = NEVER;
			st.state = TIME_OK;
		} else if (second >= st.leap) {
			st.leap = NEVER;
			step(st.state == TIME_INS ? -1 : 1);
			st.state = st.state == TIME_INS ? TIME_OOP : TIME_WAIT;
		}
		break;
	case TIME_OOP:
		st.state = TIME_WAIT;
		break;
	default:
		if (!wanted)
			st.state = TIME_OK;
	}
}

/* What the next second works off. */
static s64 next_portion(void)
{
	s64 portion = shift_down(st.offset, SHIFT_PLL + st.constant) ?: st.offset;
	s64 adjust = clamp(st.adjust, -ADJUST_MAX, ADJUST_MAX);

	st.offset -= portion;
	st.adjust -= adjust;
	return portion + AMOUNT(adjust * NSEC_PER_USEC);
}

/* Brings everything up to now. */
static void catch_up(void)
{
	nsec_t late = clock_realtime() - st.boundary, left;
	s64 passed, before, portion;

	if (!st.boundary)
		begin_seconds();
	else if (late >= 0) {
		passed = late / NSEC_PER_SEC + 1;
		left = NSEC_PER_SEC - late % NSEC_PER_SEC;
		if (left < LEAST_LEFT &&
		    st.leap == NEVER) { /* too short to make up for the delay */
			left += NSEC_PER_SEC;
			passed++;
		}
		st.boundary += passed * NSEC_PER_SEC;
		leap_state(st.boundary / NSEC_PER_SEC - 1);
		st.maxerror += ERROR_GROWTH * MIN(passed, (s64)PHASE_LIMIT);
		if (st.maxerror > PHASE_LIMIT) {
			st.maxerror = PHASE_LIMIT;
			st.status |= STA_UNSYNC;
		}
		before = st.slew;
		portion = next_portion() >> SLEW_SHIFT;
		portion -= (before >> SLEW_SHIFT) * MIN(late, NSEC_PER_SEC) / NSEC_PER_SEC;
		st.slew = portion * NSEC_PER_SEC / MAX(left, LEAST_LEFT) * (1L << SLEW_SHIFT);
		st.slew = clamp(st.slew, -SLEW_MAX, SLEW_MAX);
		if (st.slew != before)
			steer();
	}
	arm();
}

static void second_ends(timer_t *timer, void *data)
{
	unsigned long flags;

	spin_lock_irqsave(&adjust_lock, &flags);
	catch_up();
	spin_unlock_irqrestore(&adjust_lock, flags);
}

/* The clock was set: nothing is known of its phase. */
static void forget(void)
{
	st.adjust = 0;
	st.offset = 0;
	st.slew = 0;
	st.leap = NEVER;
	st.status |= STA_UNSYNC;
	st.maxerror = PHASE_LIMIT;
	st.esterror = PHASE_LIMIT;
	steer();
	begin_seconds();
}

bool clock_may_show(nsec_t realtime)
{
	return realtime < LAST_REALTIME;
}

void clock_set_time(nsec_t realtime)
{
	unsigned long flags;

	spin_lock_irqsave(&adjust_lock, &flags);
	clock_set_realtime(realtime);
	forget();
	arm();
	spin_unlock_irqrestore(&adjust_lock, flags);
}

/* ---- what programs ask for ---- */

static int check(const struct timex *t)
{
	u32 modes = t->modes;
	s64 limit = modes & ADJ_NANO ? NSEC_PER_SEC : USEC_PER_SEC;

	if (modes & ADJ_ADJTIME) {
		if (!(modes & ADJ_OFFSET_SINGLESHOT))
			return -EINVAL;
		if (!(modes & ADJ_OFFSET_READONLY) && !capable(CAP_SYS_TIME))
			return -EPERM;
	} else {
		if (modes && !capable(CAP_SYS_TIME))
			return -EPERM;
		if ((modes & ADJ_TICK) && (t->tick < TICK_USEC_MIN || t->tick > TICK_USEC_MAX))
			return -EINVAL;
	}
	if (modes & ADJ_SETOFFSET) {
		if (!capable(CAP_SYS_TIME))
			return -EPERM;
		if (t->time.tv_usec < 0 || t->time.tv_usec >= limit)
			return -EINVAL;
	}
	if ((modes & ADJ_FREQUENCY) &&
	    (t->freq > INT64_MAX / FREQ_UNIT || t->freq < INT64_MIN / FREQ_UNIT))
		return -EINVAL;
	return 0;
}

/* adjust_lock held, as below. */
static int set_offset(const struct timex *t)
{
	s64 part = t->modes & ADJ_NANO ? t->time.tv_usec : t->time.tv_usec * NSEC_PER_USEC, ns;
	nsec_t then;

	if (__builtin_mul_overflow(t->time.tv_sec, NSEC_PER_SEC, &ns) ||
	    __builtin_add_overflow(ns, part, &ns) ||
	    __builtin_add_overflow(clock_realtime(), ns, &then) || then < clock_monotonic() ||
	    !clock_may_show(then))
		return -EINVAL;
	clock_set_realtime(then);
	forget();
	return 0;
}

static void set_status(s32 status)
{
	if ((st.status & STA_PLL) && !(status & STA_PLL)) {
		st.state = TIME_OK;
		st.status = STA_UNSYNC;
		st.leap = NEVER;
	}
	if (!(st.status & STA_PLL) && (status & STA_PLL))
		st.reference = second_now();
	st.status = (st.status & STA_RONLY) | (status & ~STA_RONLY);
}

/* What the frequency learns where offsets come so rarely that their mean says more than their phase. */
static s64 frequency_lock(s64 ns, s64 seconds)
{
	st.status &= ~STA_MODE;
	if (seconds < FLL_FROM || (!(st.status & STA_FLL) && seconds <= FLL_ALWAYS))
		return 0;
	st.status |= STA_MODE;
	return ns * (1L << (FRACTION - SHIFT_FLL)) / seconds;
}

static void set_phase(s64 offset)
{
	s64 now = second_now(), seconds, learnt, most;

	if (!(st.status & STA_PLL))
		return;
	if (!(st.status & STA_NANO))
		offset = clamp(offset, -USEC_PER_SEC, USEC_PER_SEC) * NSEC_PER_USEC;
	offset = clamp(offset, -OFFSET_MAX, OFFSET_MAX);
	seconds = st.status & STA_FREQHOLD ? 0 : MAX(now - st.reference, 0l);
	st.reference = now;
	learnt = frequency_lock(offset, seconds);
	most = 1L << (SHIFT_PLL + 1 + st.constant); /* rare offsets are no reason to overshoot */
	seconds = MIN(seconds, most);
	learnt += offset * seconds * (1L << (FRACTION - 2 * (SHIFT_PLL + 2 + st.constant)));
	st.freq = clamp(learnt + st.freq, -FREQ_MAX, FREQ_MAX);
	st.offset = AMOUNT(offset);
}

static void store(const struct timex *t)
{
	if (t->modes & ADJ_STATUS)
		set_status(t->status);
	if (t->modes & ADJ_NANO)
		st.status |= STA_NANO;
	if (t->modes & ADJ_MICRO)
		st.status &= ~STA_NANO;
	if (t->modes & ADJ_FREQUENCY)
		st.freq = clamp(t->freq * FREQ_UNIT, -FREQ_MAX, FREQ_MAX);
	if (t->modes & ADJ_MAXERROR)
		st.maxerror = clamp(t->maxerror, 0, PHASE_LIMIT);
	if (t->modes & ADJ_ESTERROR)
		st.esterror = clamp(t->esterror, 0, PHASE_LIMIT);
	if (t->modes & ADJ_TIMECONST) {
		st.constant = clamp(t->constant, 0, CONSTANT_MAX);
		if (!(st.status & STA_NANO)) /* an older kind of loop, faster */
			st.constant = MIN(st.constant + 4, (s64)CONSTANT_MAX);
	}
	if ((t->modes & ADJ_TAI) && t->constant >= 0 && t->constant <= TAI_MAX) {
		st.tai = (s32)t->constant;
		clock_set_tai_offset(st.tai * NSEC_PER_SEC);
	}
	if (t->modes & ADJ_OFFSET)
		set_phase(t->offset);
	if (t->modes & ADJ_TICK)
		st.tick = t->tick;
	if (t->modes & (ADJ_TICK | ADJ_FREQUENCY | ADJ_OFFSET))
		steer();
}

/* What is left of the offset, or was left of adjtime's; in the unit that the status says. */
static s64 change(const struct timex *t)
{
	s64 left = st.adjust;

	if (!(t->modes & ADJ_ADJTIME)) {
		store(t);
		left = shift_down(st.offset, FRACTION);
		return st.status & STA_NANO ? left : left / NSEC_PER_USEC;
	}
	if (!(t->modes & ADJ_OFFSET_READONLY)) {
		st.adjust = t->offset;
		steer();
	}
	return left;
}

static void tell(struct timex *t, s64 offset)
{
	nsec_t now = clock_realtime();

	*t = (struct timex){
		.modes = t->modes,
		.offset = offset,
		.freq = st.freq / FREQ_UNIT,
		.maxerror = st.maxerror,
		.esterror = st.esterror,
		.status = st.status,
		.constant = st.constant,
		.precision = 1,
		.tolerance = FREQ_MAX / FREQ_UNIT,
		.tick = st.tick,
		.tai = st.tai,
	};
	t->time.tv_sec = now / NSEC_PER_SEC;
	t->time.tv_usec = now % NSEC_PER_SEC;
	if (!(st.status & STA_NANO))
		t->time.tv_usec /= NSEC_PER_USEC;
}

int clock_adjust(struct timex *t)
{
	u32 modes = t->modes;
	bool changes = modes & ADJ_ADJTIME ? !(modes & ADJ_OFFSET_READONLY) : modes;
	unsigned long flags;
	int r = check(t);

	if (r)
		return r;
	spin_lock_irqsave(&adjust_lock, &flags);
	catch_up();
	if (modes & ADJ_SETOFFSET)
		r = set_offset(t);
	if (!r) {
		tell(t, change(t));
		r = st.status & (STA_UNSYNC | STA_CLOCKERR) ? TIME_ERROR : st.state;
		arm();
	}
	spin_unlock_irqrestore(&adjust_lock, flags);
	if (r >= 0 && changes)
		arch_timer_kick(); /* what was armed by another rate */
	return r;
}
