/* Readers that are preempted, nest and linger, against writers that free what was replaced. */
#include "kernel_tests.h"

#include <arch/cpu.h>
#include <arch/percpu.h>
#include <kernel/sync/mutex.h>
#include <kernel/thread.h>
#include <kernel/time/clock.h>
#include <kernel/time/timer.h>
#include <mm/slab.h>

#define SLOTS 8
#define MAGIC 0x1234567ul
#define READERS 12
#define WRITERS 6

typedef struct object {
	rcu_head_t rcu;
	u64 magic, copy;
} object_t;

static object_t *slots[SLOTS]; /* RCU; replaced under slots_lock */
static spinlock_t slots_lock = SPINLOCK_INIT("kt_slots");
static atomic64_t made, freed, reads;

static void free_object(rcu_head_t *head)
{
	object_t *o = container_of(head, object_t, rcu);

	o->magic = 0;
	kfree(o);
	atomic64_inc(&freed);
}

static void linger(u64 r)
{
	if (r % 50 == 0)
		for (nsec_t end = clock_monotonic() + 3 * NSEC_PER_MSEC; clock_monotonic() < end;)
			cpu_relax();
}

static void reader(u32 i)
{
	while (!kt_stopping()) {
		u64 r = kt_random(), copy;
		const object_t *o;

		rcu_read_lock();
		o = rcu_dereference(slots[r % SLOTS]);
		if (o) {
			copy = o->copy;
			linger(r);
			rcu_read_lock();
			kt_check(o->magic == MAGIC && o->copy == copy);
			rcu_read_unlock();
			kt_check(o->magic == MAGIC && o->copy == copy);
		}
		rcu_read_unlock();
		atomic64_inc(&reads);
		if (r % 1000 == 0)
			msleep(1);
	}
}

static void writer(u32 i)
{
	while (!kt_stopping()) {
		u64 r = kt_random();
		object_t *next = kmalloc(sizeof(*next), GFP_KERNEL), *old;

		if (!next)
			continue;
		next->magic = MAGIC;
		next->copy = r;
		atomic64_inc(&made);
		spin_lock(&slots_lock);
		old = slots[r % SLOTS];
		rcu_assign_pointer(slots[r % SLOTS], next);
		spin_unlock(&slots_lock);
		if (old && r % 40 == 0) {
			synchronize_rcu();
			free_object(&old->rcu);
		} else if (old) {
			call_rcu(&old->rcu, free_object);
		}
		if (r % 3 == 0)
			msleep(1);
		if (r % 500 == 0)
			rcu_barrier();
	}
}

void kt_rcu(void)
{
	kt_start("reader", reader, READERS);
	kt_start("writer", writer, WRITERS);
	kt_end(2000);
	kt_check(atomic64_read(&reads) > READERS);
	for (u32 i = 0; i < SLOTS; i++) {
		if (slots[i])
			call_rcu(&slots[i]->rcu, free_object);
		slots[i] = NULL;
	}
	rcu_barrier();
	kt_check(atomic64_read(&made) == atomic64_read(&freed));
}

static bool reading, over;
static rcu_head_t marker;

static void mark_over(rcu_head_t *head)
{
	WRITE_ONCE(over, true);
}

/* Preempted in its section for long, by whatever else runs. */
static void slow_reader(u32 i)
{
	rcu_read_lock();
	WRITE_ONCE(reading, true);
	while (!kt_stopping())
		cpu_relax();
	kt_check(!READ_ONCE(over));
	rcu_read_unlock();
}

static void disturber(u32 i)
{
	while (!kt_stopping())
		usleep(100);
}

void kt_rcu_stalled_reader(void)
{
	over = reading = false;
	kt_start("slow", slow_reader, 1);
	while (!READ_ONCE(reading))
		msleep(1);
	kt_start("disturber", disturber, 8);
	call_rcu(&marker, mark_over);
	kt_end(300);
	rcu_barrier();
	kt_check(READ_ONCE(over));
}

#define PRODS_MAX 3000 /* of a CPU; a grace period takes a few ticks, each the time of ten */

static timer_t prodders[NR_CPUS];
static u32 prods[NR_CPUS];
static bool prodding;

static void prod(timer_t *timer, void *data)
{
	if (++prods[this_cpu()] < PRODS_MAX && READ_ONCE(prodding))
		mod_timer(timer, (u64)(clock_monotonic() + NSEC_PER_MSEC));
}

static void prod_first(void *arg)
{
	mod_timer(&prodders[this_cpu()], (u64)(clock_monotonic() + NSEC_PER_MSEC));
}

/* An idle CPU has its tick although something wakes it again and again before the tick is due. */
void kt_rcu_prodded_idlers(void)
{
	prodding = true;
	for (u32 i = 0; i < cpu_count; i++)
		timer_init(&prodders[i], prod, NULL);
	smp_call_all(prod_first, NULL);
	for (u32 i = 0; i < 3; i++)
		rcu_barrier();
	WRITE_ONCE(prodding, false);
	for (u32 i = 0; i < cpu_count; i++) {
		del_timer(&prodders[i]);
		kt_check(prods[i] < PRODS_MAX);
	}
}
