// sources: kernel/sched/queue.c
/*
 * The multi-level feedback queue: against a plain model that moves every thread at every boost, and
 * what it promises, in a simulation of one CPU: shares by nice value, quick wake-ups, and that
 * nobody starves.
 */
#include <host.h>
#include <kernel/sched/sched_internal.h>
#include <string.h>

#define THREADS 40
#define STEPS 3000000
#define EPOCH (1LL << BOOST_SHIFT)

static run_queue_t rq;
static thread_t threads[THREADS];
static thread_t idle;

static void make(thread_t *t, int policy, int nice, int rt)
{
	memset(t, 0, sizeof(*t));
	t->sched.policy = (u8)policy;
	t->sched.nice = (s8)nice;
	t->sched.rt_priority = (u8)rt;
	sched_set_effective(t);
}

static void start(void)
{
	memset(&rq, 0, sizeof(rq));
	rq_init(&rq, 0);
	rq.idle = rq.current = &idle;
}

/* ---- model ---- */

static struct {
	thread_t *list[SCHED_LEVELS][THREADS];
	u32 count[SCHED_LEVELS];
	u64 epoch;
} model;

static void model_insert(thread_t *t, u32 level, bool head)
{
	u32 at = head ? 0 : model.count[level];

	if (level == LEVEL_REALTIME) {
		at = 0;
		while (at < model.count[0] &&
		       (model.list[0][at]->sched.effective_rt > t->sched.effective_rt ||
			(!head && model.list[0][at]->sched.effective_rt == t->sched.effective_rt)))
			at++;
	}
	memmove(&model.list[level][at + 1], &model.list[level][at],
		(model.count[level] - at) * sizeof(t));
	model.list[level][at] = t;
	model.count[level]++;
}

static u32 model_remove(thread_t *t)
{
	for (u32 level = 0; level < SCHED_LEVELS; level++) {
		for (u32 i = 0; i < model.count[level]; i++) {
			if (model.list[level][i] != t)
				continue;
			model.count[level]--;
			memmove(&model.list[level][i], &model.list[level][i + 1],
				(model.count[level] - i) * sizeof(t));
			return level;
		}
	}
	fail_msg("not in the model");
	return 0;
}

static void model_boost(nsec_t now)
{
	if (model.epoch == (u64)now >> BOOST_SHIFT)
		return;
	model.epoch = (u64)now >> BOOST_SHIFT;
	for (u32 level = LEVEL_NORMAL + 1; level < SCHED_LEVELS; level++)
		while (model.count[level]) {
			thread_t *t = model.list[level][0];

			model_remove(t);
			model_insert(t, LEVEL_NORMAL, false);
		}
}

/*
 * The first thread of the best level, but for the limits of level 0 and 1, which are the queue's
 * own.
 */
static void check_pick(thread_t *t, u32 levels, nsec_t low_since, nsec_t normal_since, nsec_t now)
{
	u32 first = 0, from;

	while (!model.count[first])
		first++;
	assert_int_equal(levels, levels & ~(BIT(first) - 1));
	from = model_remove(t);
	if (from != first) {
		if (first == LEVEL_REALTIME)
			assert_true(now - normal_since >= realtime_limit || now < rq.normal_until);
		else
			assert_true(first == LEVEL_HIGH && now - low_since >= HIGH_LIMIT);
	}
	/* It stood at the head of its list: the model closed the gap that it left in front. */
	assert_true(t->sched.level == from || (t->sched.level < from && from == LEVEL_NORMAL));
}

static u32 standing(void)
{
	u32 levels = 0;

	for (u32 level = 0; level < SCHED_LEVELS; level++)
		if (model.count[level])
			levels |= BIT(level);
	return levels;
}

static bool is_first_of_level(const thread_t *t)
{
	for (u32 level = 0; level < SCHED_LEVELS; level++)
		if (model.count[level] && model.list[level][0] == t)
			return true;
	return false;
}

static void random_thread(thread_t *t)
{
	static const u8 policies[] = { SCHED_NORMAL, SCHED_NORMAL, SCHED_NORMAL, SCHED_NORMAL,
				       SCHED_BATCH,  SCHED_IDLE,   SCHED_FIFO,	 SCHED_RR };
	int policy = policies[test_random_below(ARRAY_SIZE(policies))];
	bool real = policy == SCHED_FIFO || policy == SCHED_RR;

	make(t, policy, (int)test_random_below(40) - 20, real ? 1 + (int)test_random_below(99) : 0);
}

static void test_model(void **state)
{
	nsec_t now = 1;

	start();
	memset(&model, 0, sizeof(model));
	for (u32 i = 0; i < THREADS; i++)
		random_thread(&threads[i]);
	for (u64 step = 0; step < STEPS; step++) {
		thread_t *t = &threads[test_random_below(THREADS)];

		now += (nsec_t)test_random_below(test_random_below(50) ? 2000000 : EPOCH * 2);
		switch (test_random_below(4)) {
		case 0:
		case 1:
			if (t->sched.queued) {
				model_boost(rq.epoch == model.epoch
						    ? (nsec_t)(rq.epoch << BOOST_SHIFT)
						    : now);
				rq_dequeue(&rq, t);
				model_remove(t);
				break;
			}
			if (!test_random_below(16))
				random_thread(t);
			level_charge(t, (nsec_t)test_random_below(20000000));
			bool expired = level_expire(t);

			if (!expired && !test_random_below(4))
				level_woken(t, (nsec_t)test_random_below(20000000));
			bool head = !expired && test_random_below(2);

			rq_enqueue(&rq, t, head, now);
			model_boost(now);
			model_insert(t, t->sched.level, head);
			break;
		case 2: {
			nsec_t low = rq.low_since, normal = rq.normal_since;
			u32 levels;

			model_boost(now);
			levels = standing();
			t = rq_pick(&rq, now);
			assert_int_equal(t == NULL, levels == 0);
			if (t) {
				assert_true(is_first_of_level(t));
				check_pick(t, levels, low, normal, now);
			}
			break;
		}
		case 3:
			model_boost(now);
			rq_boost(&rq, now);
			break;
		}
		u32 total = 0;

		for (u32 level = 0; level < SCHED_LEVELS; level++)
			total += model.count[level];
		assert_int_equal(rq.nr_queued, total);
		assert_int_equal(rq.levels, standing());
		for (u32 i = 0; i < THREADS; i++) {
			const sched_entity_t *se = &threads[i].sched;

			assert_true(se->level < SCHED_LEVELS);
			assert_int_equal(se->level == LEVEL_REALTIME,
					 se->base_level == LEVEL_REALTIME);
			if (se->policy == SCHED_BATCH || se->policy == SCHED_IDLE)
				assert_true(se->level == se->base_level ||
					    se->level == LEVEL_NORMAL);
			if (se->policy == SCHED_NORMAL)
				assert_true(se->level >= LEVEL_HIGH && se->level <= LEVEL_LOW);
		}
	}
}

/* ---- simulation of one CPU ---- */

typedef struct sim {
	thread_t t;
	nsec_t run, sleep;  /* runs so long, then sleeps so long; run 0: never sleeps */
	nsec_t left, wakes; /* of this burst; 0: awake */
	nsec_t used, ready_since, worst_wait;
} sim_t;

static void sim_ready(sim_t *s, nsec_t now)
{
	s->ready_since = now;
	rq_enqueue(&rq, &s->t, false, now);
}

/* Ticks of 250 us; what the core does, in few lines. */
static void simulate(sim_t *sims, u32 n, nsec_t duration)
{
	const nsec_t tick = 250000;
	sim_t *cur = NULL;

	start();
	for (u32 i = 0; i < n; i++) {
		sims[i].left = sims[i].run;
		sim_ready(&sims[i], 0);
	}
	for (nsec_t now = 0; now < duration; now += tick) {
		bool resched = !cur;

		for (u32 i = 0; i < n; i++) {
			sim_t *s = &sims[i];

			if (!s->wakes || s->wakes > now)
				continue;
			level_woken(&s->t, s->sleep);
			s->wakes = 0;
			s->left = s->run;
			sim_ready(s, now);
			resched |= cur && rq_preempts(&rq, &s->t);
		}
		if (cur) {
			level_charge(&cur->t, tick);
			cur->used += tick;
			rq_boost(&rq, now);
			if (cur->run && (cur->left -= tick) <= 0) {
				cur->wakes = now + cur->sleep;
				cur = NULL;
				resched = true;
			} else if ((cur->t.sched.slice_left <= 0 &&
				    cur->t.sched.policy != SCHED_FIFO) ||
				   now - rq.normal_since >= realtime_limit) {
				resched = true;
			}
		}
		if (!resched)
			continue;
		if (cur) {
			bool expired = level_expire(&cur->t);

			cur->ready_since = now;
			rq_enqueue(&rq, &cur->t, !expired, now);
		}
		thread_t *t = rq_pick(&rq, now);

		cur = t ? container_of(t, sim_t, t) : NULL;
		rq.current = t ? t : rq.idle;
		if (!t)
			rq.current_level = SCHED_LEVELS;
		if (cur)
			cur->worst_wait = MAX(cur->worst_wait, now - cur->ready_since);
	}
	for (u32 i = 0; i < n; i++) /* who never got it again */
		if (&sims[i] != cur && !sims[i].wakes)
			sims[i].worst_wait =
				MAX(sims[i].worst_wait, duration - sims[i].ready_since);
}

static void test_equal_share(void **state)
{
	sim_t s[5] = { 0 };

	for (u32 i = 0; i < 5; i++)
		make(&s[i].t, SCHED_NORMAL, 0, 0);
	simulate(s, 5, 10 * NSEC_PER_SEC);
	for (u32 i = 0; i < 5; i++) {
		assert_in_range(s[i].used, 1900 * NSEC_PER_MSEC, 2100 * NSEC_PER_MSEC);
		assert_true(s[i].worst_wait < 100 * NSEC_PER_MSEC);
	}
}

/* Nice divides the CPU about as on Linux: 1.25 a step, far apart values by much. */
static void test_nice(void **state)
{
	static const struct {
		int a, b;
		u32 min, max; /* percent of a */
	} cases[] = {
		{ 0, 0, 48, 52 },  { 0, 1, 50, 60 },  { 0, 5, 65, 80 },	  { 0, 10, 80, 95 },
		{ 0, 19, 88, 99 }, { -5, 0, 65, 80 }, { -19, 0, 85, 99 }, { -20, 19, 90, 100 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		sim_t s[2] = { 0 };

		make(&s[0].t, SCHED_NORMAL, cases[i].a, 0);
		make(&s[1].t, SCHED_NORMAL, cases[i].b, 0);
		simulate(s, 2, 20 * NSEC_PER_SEC);
		u32 percent = (u32)(s[0].used * 100 / (s[0].used + s[1].used));

		if (percent < cases[i].min || percent > cases[i].max)
			fail_msg("nice %d against %d: %u %%", cases[i].a, cases[i].b, percent);
		assert_true(s[1].used > 0);
	}
}

/* Something that runs a little and sleeps a lot is served at once among those that compute. */
static void test_interactive(void **state)
{
	sim_t s[11] = { 0 };

	for (u32 i = 0; i < 10; i++)
		make(&s[i].t, SCHED_NORMAL, 0, 0);
	make(&s[10].t, SCHED_NORMAL, 0, 0);
	s[10].run = NSEC_PER_MSEC / 2;
	s[10].sleep = 10 * NSEC_PER_MSEC;
	simulate(s, 11, 20 * NSEC_PER_SEC);
	assert_true(s[10].used > 850 * NSEC_PER_MSEC);
	assert_true(s[10].worst_wait <= 50 * NSEC_PER_MSEC);
}

/* Sleeping a moment before each slice ends does not keep a level. */
static void test_gaming(void **state)
{
	sim_t s[2] = { 0 };

	make(&s[0].t, SCHED_NORMAL, 0, 0);
	make(&s[1].t, SCHED_NORMAL, 0, 0);
	s[1].run = 3750000;
	s[1].sleep = 250000;
	simulate(s, 2, 10 * NSEC_PER_SEC);
	assert_true(s[0].used > 3 * NSEC_PER_SEC);
}

/* Two that keep each other busy at level 1, and everything below. */
static void test_no_starvation(void **state)
{
	sim_t s[6] = { 0 };

	for (u32 i = 0; i < 2; i++) {
		make(&s[i].t, SCHED_NORMAL, -20, 0);
		s[i].run = s[i].sleep = NSEC_PER_MSEC;
	}
	make(&s[2].t, SCHED_NORMAL, 0, 0);
	make(&s[3].t, SCHED_NORMAL, 19, 0);
	make(&s[4].t, SCHED_BATCH, 0, 0);
	make(&s[5].t, SCHED_IDLE, 19, 0);
	simulate(s, 6, 30 * NSEC_PER_SEC);
	for (u32 i = 0; i < 6; i++) {
		if (s[i].worst_wait >= 2 * NSEC_PER_SEC)
			fail_msg("thread %u waited %ld ms", i,
				 (long)(s[i].worst_wait / NSEC_PER_MSEC));
		assert_true(s[i].used > 0);
	}
	assert_true(s[2].used > s[4].used && s[4].used >= s[5].used);
}

static void test_realtime(void **state)
{
	sim_t s[4] = { 0 };

	make(&s[0].t, SCHED_FIFO, 0, 50);
	make(&s[1].t, SCHED_FIFO, 0, 50);
	make(&s[2].t, SCHED_NORMAL, 0, 0);
	make(&s[3].t, SCHED_RR, 0, 40);
	simulate(s, 4, 30 * NSEC_PER_SEC);
	/* The first of equals, without a slice; the rest of the machine by the limit only. */
	assert_true(s[0].used > 28 * NSEC_PER_SEC);
	assert_int_equal(s[1].used, 0);
	assert_int_equal(s[3].used, 0);
	assert_in_range(s[2].used, 60 * NSEC_PER_MSEC, 2 * NSEC_PER_SEC);

	memset(s, 0, sizeof(s));
	for (u32 i = 0; i < 3; i++)
		make(&s[i].t, SCHED_RR, 0, 10);
	simulate(s, 3, 9 * NSEC_PER_SEC);
	for (u32 i = 0; i < 3; i++)
		assert_in_range(s[i].used, 2900 * NSEC_PER_MSEC, 3100 * NSEC_PER_MSEC);
}

/* A CPU that waited for the queue's lock comes with a time before the boost that another one made. */
static void test_late_time(void **state)
{
	thread_t t;

	start();
	make(&t, SCHED_BATCH, 0, 0);
	rq_enqueue(&rq, &t, false, EPOCH - 1);
	rq_boost(&rq, EPOCH);
	assert_ptr_equal(rq_pick(&rq, EPOCH - 1), &t);
	assert_int_equal(rq.levels, 0);
	assert_null(rq_pick(&rq, EPOCH - 1));
}

static void test_preempts(void **state)
{
	thread_t high, other;

	start();
	make(&high, SCHED_FIFO, 0, 20);
	make(&other, SCHED_FIFO, 0, 21);
	rq_enqueue(&rq, &high, false, 0);
	assert_ptr_equal(rq_pick(&rq, 0), &high);
	rq.current = &high;
	assert_true(rq_preempts(&rq, &other));
	make(&other, SCHED_FIFO, 0, 20);
	assert_false(rq_preempts(&rq, &other));
	make(&other, SCHED_NORMAL, -20, 0);
	assert_false(rq_preempts(&rq, &other));
	rq.current = rq.idle;
	rq.current_level = SCHED_LEVELS;
	make(&other, SCHED_IDLE, 0, 0);
	assert_true(rq_preempts(&rq, &other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),	  cmocka_unit_test(test_equal_share),
		cmocka_unit_test(test_nice),	  cmocka_unit_test(test_interactive),
		cmocka_unit_test(test_gaming),	  cmocka_unit_test(test_no_starvation),
		cmocka_unit_test(test_realtime),  cmocka_unit_test(test_preempts),
		cmocka_unit_test(test_late_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
