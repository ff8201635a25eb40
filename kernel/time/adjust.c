/*
 * Adjusting the clock (adjtimex(2)): it can be set forward and back by an offset, and keeps what a
 * program that watches it says of its errors and its state. It is not slewed: it runs at the
 * machine's rate, so another frequency, tick length or a gradual offset is refused.
 */
#include <kernel/time/adjust.h>

#include <kernel/cred.h>
#include <kernel/sync/mutex.h>
#include <kernel/time/clock.h>
#include <uapi/errno.h>

#define PHASE_LIMIT 16000000 /* microseconds: the most an error is said to be */
#define TICK_USEC 10000	     /* 100 a second, as programs count them */
#define TICK_USEC_MIN 9000
#define TICK_USEC_MAX 11000
#define TOLERANCE (500l << 16) /* 500 parts per million */
#define CONSTANT_MAX 10

static mutex_t adjust_mutex = MUTEX_INIT(adjust_mutex);
static struct {
	s64 maxerror, esterror, constant;
	s32 status, tai;
} state = { PHASE_LIMIT, PHASE_LIMIT, 2, STA_UNSYNC, 0 }; /* adjust_mutex */

static int check(const struct timex *t)
{
	u32 modes = t->modes;
	s64 limit = modes & ADJ_NANO ? NSEC_PER_SEC : NSEC_PER_SEC / NSEC_PER_USEC;

	if (modes & ADJ_ADJTIME) {
		if (!(modes & ADJ_OFFSET_SINGLESHOT))
			return -EINVAL;
		if (modes & ADJ_OFFSET_READONLY)
			return 0;
		if (!capable(CAP_SYS_TIME))
			return -EPERM;
		return t->offset ? -EOPNOTSUPP : 0;
	}
	if (modes && !capable(CAP_SYS_TIME))
		return -EPERM;
	if ((modes & ADJ_TICK) && (t->tick < TICK_USEC_MIN || t->tick > TICK_USEC_MAX))
		return -EINVAL;
	if ((modes & ADJ_SETOFFSET) && (t->time.tv_usec < 0 || t->time.tv_usec >= limit))
		return -EINVAL;
	if (((modes & ADJ_TICK) && t->tick != TICK_USEC) || ((modes & ADJ_FREQUENCY) && t->freq) ||
	    ((modes & ADJ_OFFSET) && t->offset))
		return -EOPNOTSUPP;
	return 0;
}

static s64 clamp(s64 value, s64 max)
{
	return value < 0 ? 0 : MIN(value, max);
}

static int set_offset(const struct timex *t)
{
	s64 part = t->modes & ADJ_NANO ? t->time.tv_usec : t->time.tv_usec * NSEC_PER_USEC, ns;
	nsec_t then;

	if (__builtin_mul_overflow(t->time.tv_sec, NSEC_PER_SEC, &ns) ||
	    __builtin_add_overflow(ns, part, &ns) ||
	    __builtin_add_overflow(clock_realtime(), ns, &then) || then < 0)
		return -EINVAL;
	clock_set_realtime(then);
	return 0;
}

/* adjust_mutex held. */
static void store(const struct timex *t)
{
	if (t->modes & ADJ_STATUS)
		state.status = (state.status & STA_RONLY) | (t->status & ~STA_RONLY);
	if (t->modes & ADJ_NANO)
		state.status |= STA_NANO;
	if (t->modes & ADJ_MICRO)
		state.status &= ~STA_NANO;
	if (t->modes & ADJ_MAXERROR)
		state.maxerror = clamp(t->maxerror, PHASE_LIMIT);
	if (t->modes & ADJ_ESTERROR)
		state.esterror = clamp(t->esterror, PHASE_LIMIT);
	if (t->modes & ADJ_TIMECONST)
		state.constant =
			clamp(t->constant + (state.status & STA_NANO ? 0 : 4), CONSTANT_MAX);
	if ((t->modes & ADJ_TAI) && t->constant >= 0 && t->constant <= INT32_MAX)
		state.tai = (s32)t->constant;
}

int clock_adjust(struct timex *t)
{
	nsec_t now;
	int r = check(t);

	if (r)
		return r;
	mutex_lock(&adjust_mutex);
	if (!(t->modes & ADJ_ADJTIME)) {
		if (t->modes & ADJ_SETOFFSET)
			r = set_offset(t);
		if (!r)
			store(t);
	}
	now = clock_realtime();
	*t = (struct timex){
		.modes = t->modes,
		.maxerror = state.maxerror,
		.esterror = state.esterror,
		.status = state.status,
		.constant = state.constant,
		.precision = 1,
		.tolerance = TOLERANCE,
		.tick = TICK_USEC,
		.tai = state.tai,
	};
	t->time.tv_sec = now / NSEC_PER_SEC;
	t->time.tv_usec = now % NSEC_PER_SEC;
	if (!(state.status & STA_NANO))
		t->time.tv_usec /= NSEC_PER_USEC;
	mutex_unlock(&adjust_mutex);
	return r ? r : t->status & STA_UNSYNC ? TIME_ERROR : TIME_OK;
}
