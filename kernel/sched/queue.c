/*
 * The multi-level feedback queue of one CPU (CORE, "Scheduler Implementation"; Corbato et al., "An
 * Experimental Time-Sharing System", 1962; Arpaci-Dusseau, "Operating Systems: Three Easy Pieces",
 * ch. 8).
 *
 * Levels. 0 real-time, ordered by priority inside; 1 high; 2 normal; 3, 4 where normal threads
 * sink; 5 batch; 6 idle. The first thread of the best level runs. Threads of one level take turns
 * of a slice: 1 ms << level, weighted by 1.25^-nice within 1/16..4 (so nice shares a level as it
 * shares a CPU on Linux), at least 1/4 ms. FIFO has no slice.
 *
 * Rules for normal threads, each O(1):
 *	1. It starts at its base: 1 for nice < 0, 2 to 9, 4 from 10.
 *	2. CPU time at a level is added up over sleeps. A slice's worth sinks it by one, down to its floor: 3 for
 *	   nice < -10, else 4. There it takes turns. Nobody keeps a level by sleeping just before the end of slices.
 *	3. A thread that slept at least as long as it had run at its level gets a new slice, one level higher; at best
 *	   one above its base, and never above 1.
 *	4. An epoch of 2^29 ns ends: everyone is back at the base. Threads are brought up to date when they are touched.
 *	   Those that stand in queues below 2 move to the tail of level 2 by splicing the lists, without a visit
 *	   to each: a queued thread whose boost_epoch is not the queue's stands there whatever its level says.
 *	5. When levels from 2 down have waited 50 ms for level 1 to pause, their best thread gets a slice.
 * Batch and idle threads keep to their level but for rule 4, which gives each a slice at level 2.
 *
 * So nothing starves: within an epoch a waiting thread stands in level 2 or above; level 2 takes
 * turns, and has the CPU for a slice in every 50 ms. Real-time threads are held to 950 ms in a row;
 * then the others have 50 ms, as by Linux's sched_rt_runtime_us: a slice alone would not bring a
 * crowd of them anywhere.
 */
#include "sched_internal.h"

nsec_t realtime_limit = 950 * NSEC_PER_MSEC, realtime_pause = 50 * NSEC_PER_MSEC;

#define SLICE_MIN (NSEC_PER_MSEC / 4)
#define WEIGHT_ONE 16

/* 16 * 1.25^-nice for nice -7..11; 64 below, 1 above. */
static const u8 weights[] = { 64, 61, 49, 39, 31, 25, 20, 16, 13, 10, 8, 7, 5, 4, 3, 3, 2, 2, 1 };
#define WEIGHT_FIRST (-7)

static u32 weight_of(int nice)
{
	int i = nice - WEIGHT_FIRST;

	return weights[i < 0			       ? 0
		       : i >= (int)ARRAY_SIZE(weights) ? (int)ARRAY_SIZE(weights) - 1
						       : i];
}

nsec_t level_slice(const thread_t *t)
{
	nsec_t slice = NSEC_PER_MSEC << t->sched.level;

	if (t->sched.level == LEVEL_REALTIME)
		return slice;
	return MAX(slice * weight_of(t->sched.nice) / WEIGHT_ONE, SLICE_MIN);
}

static bool is_normal(const thread_t *t)
{
	return t->sched.policy == SCHED_NORMAL;
}

static u8 floor_of(const thread_t *t)
{
	if (!is_normal(t))
		return t->sched.base_level;
	return t->sched.nice < -10 ? LEVEL_NORMAL + 1 : LEVEL_LOW;
}

static void enter_level(thread_t *t, u8 level)
{
	t->sched.level = level;
	t->sched.level_used = 0;
	t->sched.slice_left = level_slice(t);
}

void sched_set_effective(thread_t *t)
{
	sched_entity_t *se = &t->sched;

	ASSERT(!se->queued);
	se->effective_rt = MAX(se->rt_priority, se->inherited_rt);
	switch (se->policy) {
	case SCHED_FIFO:
	case SCHED_RR:
		se->base_level = LEVEL_REALTIME;
		break;
	case SCHED_BATCH:
		se->base_level = LEVEL_BATCH;
		break;
	case SCHED_IDLE:
		se->base_level = LEVEL_IDLE;
		break;
	default:
		se->base_level = se->nice < 0	 ? LEVEL_HIGH
				 : se->nice < 10 ? LEVEL_NORMAL
						 : LEVEL_LOW;
	}
	enter_level(t, se->effective_rt ? LEVEL_REALTIME : se->base_level);
}

void level_charge(thread_t *t, nsec_t used)
{
	t->sched.level_used += used;
	if (has_slice(t))
		t->sched.slice_left -= used;
}

bool level_expire(thread_t *t)
{
	sched_entity_t *se = &t->sched;

	if (se->slice_left > 0 || !has_slice(t))
		return false;
	if (se->level == LEVEL_REALTIME)
		enter_level(t, LEVEL_REALTIME);
	else if (se->level < se->base_level)
		enter_level(t, se->base_level);
	else
		enter_level(t, MIN((u8)(se->level + 1), MAX(floor_of(t), se->base_level)));
	return true;
}

void level_woken(thread_t *t, nsec_t slept)
{
	sched_entity_t *se = &t->sched;
	u8 best = se->base_level;

	if (slept < se->level_used || se->level == LEVEL_REALTIME)
		return;
	if (is_normal(t) && best > LEVEL_HIGH)
		best--;
	enter_level(t, se->level > best ? se->level - 1 : se->level);
}

/* Where a queued thread stands. */
static u32 standing_level(const run_queue_t *rq, const thread_t *t)
{
	if (t->sched.boost_epoch != rq->epoch && t->sched.level > LEVEL_NORMAL)
		return LEVEL_NORMAL;
	return t->sched.level;
}

__init void rq_init(run_queue_t *rq, u32 cpu)
{
	spinlock_init(&rq->lock);
	rq->cpu = cpu;
	for (u32 i = 0; i < SCHED_LEVELS; i++)
		list_init(&rq->level[i]);
}

static void insert_realtime(list_t *list, thread_t *t, bool head)
{
	thread_t *other;

	/* From the back: equal priorities are the common case. */
	list_for_each_entry_reverse(other, list, sched.run_link)
		if (other->sched.effective_rt > t->sched.effective_rt ||
		    (!head && other->sched.effective_rt == t->sched.effective_rt))
			break;
	list_add(&t->sched.run_link, &other->sched.run_link);
}

void rq_enqueue(run_queue_t *rq, thread_t *t, bool head, nsec_t now)
{
	sched_entity_t *se = &t->sched;
	list_t *list;

	assert_held(&rq->lock);
	ASSERT(!se->queued);
	rq_boost(rq, now);
	if (se->boost_epoch != rq->epoch) {
		se->boost_epoch = rq->epoch;
		if (se->level > se->base_level)
			enter_level(t, se->base_level);
	}
	/* Before the lists change: those below start to wait now. */
	if (!(rq->levels & ~BIT(LEVEL_REALTIME)))
		rq->normal_since = now;
	if (!(rq->levels & ~(BIT(LEVEL_REALTIME) | BIT(LEVEL_HIGH))))
		rq->low_since = now;
	list = &rq->level[se->level];
	if (se->level == LEVEL_REALTIME)
		insert_realtime(list, t, head);
	else if (head)
		list_add(&se->run_link, list);
	else
		list_add_tail(&se->run_link, list);
	rq->levels |= BIT(se->level);
	rq->nr_queued++;
	se->queued = true;
	se->queued_since = now;
}

/* level: where it stands. */
static inline void take_off(run_queue_t *rq, thread_t *t, u32 level)
{
	assert_held(&rq->lock);
	ASSERT(t->sched.queued);
	list_del(&t->sched.run_link);
	if (list_empty(&rq->level[level]))
		rq->levels &= ~BIT(level);
	rq->nr_queued--;
	t->sched.queued = false;
}

void rq_dequeue(run_queue_t *rq, thread_t *t)
{
	take_off(rq, t, standing_level(rq, t));
}

void rq_boost(run_queue_t *rq, nsec_t now)
{
	u64 epoch = (u64)now >> BOOST_SHIFT;

	/* Who waited for the queue's lock may come with a time of an epoch that is over. */
	if (likely(epoch <= rq->epoch))
		return;
	rq->epoch = epoch;
	for (u32 level = LEVEL_NORMAL + 1; level < SCHED_LEVELS; level++) {
		if (!(rq->levels & BIT(level)))
			continue;
		list_splice_tail_init(&rq->level[level], &rq->level[LEVEL_NORMAL]);
		rq->levels = (rq->levels & ~BIT(level)) | BIT(LEVEL_NORMAL);
	}
}

/*
 * The level to serve. *beaten: what a later thread must be better than to take the CPU away again.
 */
static u32 choose_level(run_queue_t *rq, nsec_t now, u32 *beaten)
{
	u32 levels = rq->levels, best = (u32)__builtin_ctz(levels);

	*beaten = LEVEL_REALTIME;
	if (best == LEVEL_REALTIME) {
		if (!(levels & ~BIT(LEVEL_REALTIME)))
			return best;
		if (now >= rq->normal_until) {
			if (now - rq->normal_since < READ_ONCE(realtime_limit))
				return best;
			rq->normal_until = now + READ_ONCE(realtime_pause);
		}
		levels &= ~BIT(LEVEL_REALTIME);
		best = (u32)__builtin_ctz(levels);
		if (best != LEVEL_HIGH)
			return best;
	} else {
		*beaten = best;
	}
	if (best == LEVEL_HIGH && (levels & ~BIT(LEVEL_HIGH)) &&
	    now - rq->low_since >= HIGH_LIMIT) {
		*beaten = MIN(*beaten, (u32)LEVEL_HIGH);
		return (u32)__builtin_ctz(levels & ~BIT(LEVEL_HIGH));
	}
	return best;
}

thread_t *rq_pick(run_queue_t *rq, nsec_t now)
{
	u32 level, beaten;
	thread_t *t;

	rq_boost(rq, now);
	if (!rq->levels)
		return NULL;
	level = choose_level(rq, now, &beaten);
	t = list_first_entry(&rq->level[level], thread_t, sched.run_link);
	take_off(rq, t, level);
	t->sched.waited += MAX(now - t->sched.queued_since, 0L);
	if (t->sched.boost_epoch != rq->epoch) {
		t->sched.boost_epoch = rq->epoch;
		if (level < t->sched.level) /* boosted; above its base for one slice */
			enter_level(t, (u8)level);
	}
	if (level > LEVEL_REALTIME)
		rq->normal_since = now;
	if (level > LEVEL_HIGH)
		rq->low_since = now;
	rq->current_level = beaten;
	return t;
}

bool rq_preempts(const run_queue_t *rq, const thread_t *t)
{
	if (t->sched.level != rq->current_level)
		return t->sched.level < rq->current_level;
	return t->sched.level == LEVEL_REALTIME && rq->current &&
	       rq->current->sched.level == LEVEL_REALTIME &&
	       t->sched.effective_rt > rq->current->sched.effective_rt;
}
