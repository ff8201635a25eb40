/*
 * Performance events: counting, and when to sample.
 *
 * Concepts. An event counts what a thread does (and those that it makes, where it is inherited), or what
 * happens on a CPU. It hangs by a link in the context of each thread or of that CPU. While a thread runs, its
 * links run: their time counts, and for clocks that is what is counted. Everything else is counted where it
 * happens, for the events of the running thread and of the CPU. Only software's own events are known.
 *
 * Samples by time. Each CPU has one timer, for the next sample that any running link wants; it interrupts what
 * it finds, and that is the sample. A thread takes with it how far its next sample is.
 *
 * Events of a group count only while their leader is enabled; when that is closed each is for itself.
 *
 * Links are made before an event's file exists, by fork, and end with their thread. An event whose file is closed
 * counts nothing any more; its links go when their thread next leaves a CPU, or ends.
 *
 * Locking. A context's lock is taken with interrupts off, and no queue lock is held then; within it, an event's
 * lock, a ring's, those of wait queues and of timers.
 */
#include "perf_internal.h"

#include <arch/time.h>
#include <kernel/process.h>
#include <kernel/time/clock.h>
#include <kernel/time/timer.h>
#include <mm/slab.h>
#include <uapi/errno.h>

u32 perf_in_use;

/* What a CPU does besides: its events, the timer of its samples, what its interrupt came from. */
typedef struct perf_cpu {
	perf_context_t context;
	timer_t timer;
	const trap_frame_t *frame;
	const void *left; /* the thread that left last; only compared */
	u64 left_who;	  /* it, and how, as records have them */
	u16 left_misc;
} perf_cpu_t;
static DEFINE_PERCPU(perf_cpu_t, perf_cpu);

static bool is_clock(const perf_event_t *e)
{
	return e->attr.config <= PERF_COUNT_SW_TASK_CLOCK;
}

static bool counts_here(perf_event_t *e)
{
	return READ_ONCE(e->enabled) && !READ_ONCE(e->closed) &&
	       (e->cpu < 0 || (u32)e->cpu == this_cpu()) && READ_ONCE(perf_leader(e)->enabled);
}

/* ---- running links; their context's lock held ---- */

static void start(perf_link_t *link, nsec_t now)
{
	if (link->running || !counts_here(link->event))
		return;
	link->running = true;
	link->since = now;
	if (!link->left)
		link->left = READ_ONCE(link->event->period);
	link->next = now + link->left;
}

static void stop(perf_link_t *link, nsec_t now)
{
	perf_event_t *e = link->event;

	if (!link->running)
		return;
	link->running = false;
	link->left = MAX(link->next - now, (nsec_t)1);
	atomic64_add(&e->time, now - link->since);
	if (is_clock(e))
		atomic64_add(&e->count, now - link->since);
}

static void start_all(perf_context_t *c, nsec_t now)
{
	unsigned long flags;
	perf_link_t *link;

	spin_lock_irqsave(&c->lock, &flags);
	list_for_each_entry(link, &c->links, list)
		start(link, now);
	spin_unlock_irqrestore(&c->lock, flags);
}

static void link_free(perf_link_t *link)
{
	perf_event_put(link->event);
	kfree(link);
}

static void stop_all(perf_context_t *c, nsec_t now)
{
	unsigned long flags;
	perf_link_t *link, *next;

	spin_lock_irqsave(&c->lock, &flags);
	list_for_each_entry_safe(link, next, &c->links, list) {
		stop(link, now);
		if (READ_ONCE(link->event->closed)) {
			list_del(&link->list);
			link_free(link);
		}
	}
	spin_unlock_irqrestore(&c->lock, flags);
}

/* Takes the samples that are due, if there is a place to take them, and returns when the next one is. */
static nsec_t sample_due(perf_context_t *c, nsec_t now, const perf_place_t *place)
{
	nsec_t first = NSEC_MAX;
	unsigned long flags;
	perf_link_t *link;

	spin_lock_irqsave(&c->lock, &flags);
	list_for_each_entry(link, &c->links, list) {
		nsec_t period = READ_ONCE(link->event->period);

		if (!link->running || !period || !is_clock(link->event) ||
		    READ_ONCE(link->event->closed))
			continue;
		if (place && link->next <= now) {
			perf_place_t here = *place;

			here.period = (u64)period;
			perf_sample(link->event, &here);
			link->next = MAX(link->next + period, now + period / 2);
			if (!READ_ONCE(link->event->enabled)) {
				stop(link, now);
				continue;
			}
		}
		first = MIN(first, link->next);
	}
	spin_unlock_irqrestore(&c->lock, flags);
	return first;
}

/* Interrupts off. */
static void sample_or_arm(const perf_place_t *place)
{
	perf_cpu_t *cpu = this_cpu_ptr(&perf_cpu);
	perf_context_t *mine = current()->perf;
	nsec_t now = clock_monotonic(), next = sample_due(&cpu->context, now, place);

	if (mine)
		next = MIN(next, sample_due(mine, now, place));
	if (next != NSEC_MAX)
		mod_timer(&cpu->timer, (u64)next);
}

static void timer_fired(timer_t *timer, void *data)
{
	perf_place_t place = { .frame = this_cpu_ptr(&perf_cpu)->frame };

	/* None when the last event is closed: what was due stays so, and must not be armed for again. */
	if (place.frame)
		sample_or_arm(&place);
}

void perf_set_frame(const trap_frame_t *frame)
{
	this_cpu_ptr(&perf_cpu)->frame = frame;
}

/* ---- switches ---- */

void perf_leave(thread_t *prev)
{
	perf_cpu_t *cpu = this_cpu_ptr(&perf_cpu);

	cpu->left = prev;
	cpu->left_who = perf_who(prev);
	cpu->left_misc = PERF_RECORD_MISC_SWITCH_OUT;
	if (prev->state == THREAD_RUNNING)
		cpu->left_misc |= PERF_RECORD_MISC_SWITCH_OUT_PREEMPT;
	if (!prev->perf)
		return;
	perf_switched(prev, cpu->left_misc);
	stop_all(prev->perf, clock_monotonic());
}

static void count_switch(perf_event_t *e, const void *arg)
{
	const perf_place_t place = { .period = 1 };

	if (e->attr.config == PERF_COUNT_SW_CONTEXT_SWITCHES)
		perf_happened(e, 1, &place);
	else if (e->attr.config == PERF_COUNT_SW_CPU_MIGRATIONS && arg)
		perf_happened(e, 1, &place);
}

void perf_enter(thread_t *next)
{
	perf_cpu_t *cpu = this_cpu_ptr(&perf_cpu);
	bool moved = next->perf_cpu != this_cpu();

	next->perf_cpu = this_cpu();
	if (!next->perf && list_empty(&cpu->context.links))
		return;
	if (next->perf)
		start_all(next->perf, clock_monotonic());
	perf_switched(next, 0);
	if (cpu->left != next) { /* else there was none other to run */
		perf_cpu_switched(cpu->left_who, cpu->left_misc, next);
		perf_for_each(next, count_switch, moved ? next : NULL);
	}
	sample_or_arm(NULL);
}

static void settle_here(void *arg)
{
	perf_context_t *both[] = { &this_cpu_ptr(&perf_cpu)->context, current()->perf };
	nsec_t now = clock_monotonic();

	for (u32 i = 0; i < ARRAY_SIZE(both); i++) {
		if (both[i]) {
			stop_all(both[i], now);
			start_all(both[i], now);
		}
	}
	sample_or_arm(NULL);
}

void perf_settle(void)
{
	smp_call_all(settle_here, NULL);
}

/* ---- what happens ---- */

static void visit(perf_context_t *c, void (*fn)(perf_event_t *e, const void *arg), const void *arg)
{
	perf_link_t *link;

	spin_lock(&c->lock);
	list_for_each_entry(link, &c->links, list)
		if (counts_here(link->event))
			fn(link->event, arg);
	spin_unlock(&c->lock);
}

void perf_for_each(thread_t *t, void (*fn)(perf_event_t *e, const void *arg), const void *arg)
{
	unsigned long flags = arch_irq_save();
	perf_context_t *cpu = &this_cpu_ptr(&perf_cpu)->context;

	if (t->perf)
		visit(t->perf, fn, arg);
	if (!list_empty(&cpu->links))
		visit(cpu, fn, arg);
	arch_irq_restore(flags);
}

void perf_happened(perf_event_t *e, u64 n, const perf_place_t *place)
{
	u64 period = e->attr.flags & PERF_ATTR_FREQ ? 1 : e->attr.sample_period;

	atomic64_add(&e->count, (s64)n);
	if (!period || !e->attr.sample_period)
		return;
	if ((u64)atomic64_add_return(&e->since_sample, (s64)n) < period)
		return;
	atomic64_add(&e->since_sample, -(s64)period);
	perf_place_t here = *place;
	here.period = period;
	perf_sample(e, &here);
}

typedef struct fault_seen {
	perf_place_t place;
	bool major;
} fault_seen_t;

static void count_fault(perf_event_t *e, const void *arg)
{
	const fault_seen_t *seen = arg;

	if (e->attr.config == PERF_COUNT_SW_PAGE_FAULTS ||
	    e->attr.config ==
		    (seen->major ? PERF_COUNT_SW_PAGE_FAULTS_MAJ : PERF_COUNT_SW_PAGE_FAULTS_MIN))
		perf_happened(e, 1, &seen->place);
}

void perf_fault(unsigned long address, bool major)
{
	const fault_seen_t seen = { .place = { .address = address, .period = 1 }, .major = major };

	perf_for_each(current(), count_fault, &seen);
}

/* ---- links ---- */

static void context_init(perf_context_t *c)
{
	spinlock_init(&c->lock);
	list_init(&c->links);
}

/* The thread's, made at its first need; NULL: no memory. */
static perf_context_t *context_of(thread_t *t)
{
	perf_context_t *c = __atomic_load_n(&t->perf, __ATOMIC_ACQUIRE), *none = NULL;

	if (c)
		return c;
	c = kzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return NULL;
	context_init(c);
	if (__atomic_compare_exchange_n(&t->perf, &none, c, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return c;
	kfree(c);
	return none;
}

static perf_link_t *link_new(perf_event_t *e)
{
	perf_link_t *link = kzalloc(sizeof(*link), GFP_KERNEL);

	if (link) {
		refcount_get(&e->refs);
		link->event = e;
	}
	return link;
}

/* False: it had no link there. */
static bool unlink_event(perf_context_t *c, perf_event_t *e)
{
	perf_link_t *link, *next, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&c->lock, &flags);
	list_for_each_entry_safe(link, next, &c->links, list) {
		if (link->event == e) {
			list_del(&link->list);
			found = link;
			break;
		}
	}
	spin_unlock_irqrestore(&c->lock, flags);
	if (found)
		link_free(found);
	return found;
}

int perf_link_thread(perf_event_t *e, thread_t *t)
{
	perf_context_t *c = context_of(t);
	perf_link_t *link = c ? link_new(e) : NULL;
	unsigned long flags;

	if (!link)
		return -ENOMEM;
	atomic_add(&e->links, 1);
	spin_lock_irqsave(&c->lock, &flags);
	list_add_tail(&link->list, &c->links);
	spin_unlock_irqrestore(&c->lock, flags);
	/* Either this sees that the thread ends, or perf_unlink_all sees the link. */
	smp_mb();
	if (!READ_ONCE(t->exiting))
		return 0;
	if (unlink_event(c, e))
		atomic_add(&e->links, -1);
	return -ESRCH;
}

int perf_link_cpu(perf_event_t *e, u32 cpu)
{
	perf_context_t *c = &per_cpu_ptr(&perf_cpu, cpu)->context;
	perf_link_t *link = link_new(e);
	unsigned long flags;

	if (!link)
		return -ENOMEM;
	spin_lock_irqsave(&c->lock, &flags);
	list_add_tail(&link->list, &c->links);
	spin_unlock_irqrestore(&c->lock, flags);
	return 0;
}

void perf_unlink_cpu(perf_event_t *e, u32 cpu)
{
	unlink_event(&per_cpu_ptr(&perf_cpu, cpu)->context, e);
}

/* Without memory for a link the child is not measured: fork does not fail for that. */
void perf_fork(thread_t *child)
{
	perf_context_t *c = current()->perf;
	perf_event_t *inherited[16];
	bool more = c != NULL;
	u32 skip = 0;

	while (more) {
		unsigned long flags;
		perf_link_t *link;
		u32 at = 0, n = 0;

		spin_lock_irqsave(&c->lock, &flags);
		list_for_each_entry(link, &c->links, list) {
			if (!(link->event->attr.flags & PERF_ATTR_INHERIT) ||
			    READ_ONCE(link->event->closed) || at++ < skip)
				continue;
			if (n == ARRAY_SIZE(inherited))
				break;
			refcount_get(&link->event->refs);
			inherited[n++] = link->event;
		}
		spin_unlock_irqrestore(&c->lock, flags);
		more = n == ARRAY_SIZE(inherited);
		skip += n;
		while (n--) {
			perf_link_thread(inherited[n], child);
			perf_event_put(inherited[n]);
		}
	}
}

void perf_free(thread_t *t)
{
	perf_context_t *c = t->perf;
	perf_link_t *link, *next;

	if (!c)
		return;
	list_for_each_entry_safe(link, next, &c->links, list) {
		atomic_add(&link->event->links, -1); /* of a thread that never ran */
		link_free(link);
	}
	kfree(c);
	t->perf = NULL;
}

/* The running thread is measured no more: what hangs on it is settled, and readers hear of the last one. */
void perf_unlink_all(void)
{
	perf_context_t *c = current()->perf;
	unsigned long flags;
	perf_link_t *link;

	if (!c)
		return;
	spin_lock_irqsave(&c->lock, &flags);
	while (!list_empty(&c->links)) {
		perf_event_t *e;
		perf_ring_t *r;

		link = list_first_entry(&c->links, perf_link_t, list);
		e = link->event;
		stop(link, clock_monotonic());
		list_del(&link->list);
		if (!atomic_add_return(&e->links, -1)) {
			r = perf_event_ring(e);
			if (r) {
				wake_up_all(&r->wait);
				perf_ring_put(r);
			}
		}
		link_free(link);
	}
	spin_unlock_irqrestore(&c->lock, flags);
}

__init void perf_count_init(void)
{
	for_each_cpu(cpu) {
		perf_cpu_t *c = per_cpu_ptr(&perf_cpu, cpu);

		context_init(&c->context);
		timer_init_flags(&c->timer, timer_fired, NULL, TIMER_HARDIRQ);
	}
}
