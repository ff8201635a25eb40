/*
 * Timers: per CPU two trees by expiry, with the first at hand: one for functions that run in the
 * interrupt itself (TIMER_HARDIRQ), one for those that its softirq runs. (Varghese & Lauck, "Hashed
 * and Hierarchical Timing Wheels", SOSP 1987, weigh the choices; with nanosecond expiry and
 * one-shot hardware a tree needs no rounding and no tick.) Arming and deleting cost O(log n),
 * running one O(1).
 *
 * The local hardware timer is armed for the earliest of the first timers and the scheduler's next
 * tick. It is moved earlier when something earlier comes, but not later when something goes away:
 * then it fires for nothing and is armed anew from what there is, which costs less than to write
 * the hardware at every switch.
 *
 * `running` names the timer whose function is under way, so that del_timer can wait for it. The
 * function may arm its timer again, or free it: it is not touched afterwards.
 *
 * Locking. base->lock, interrupts off, a leaf. timer->cpu names the base that owns the timer. A
 * timer is armed where the caller runs; it moves there with cpu = MOVING between the two locks, and
 * stays where its function runs meanwhile.
 */
#include <kernel/time/timer.h>

#include <arch/entry.h>
#include <arch/time.h>
#include <kernel/cfi.h>
#include <kernel/perf.h>
#include <kernel/sched.h>
#include <kernel/softirq.h>
#include <kernel/sync/spinlock.h>
#include <kernel/time/clock.h>
#include <uapi/errno.h>

#define MOVING UINT32_MAX

typedef struct timer_base {
	spinlock_t lock;
	rb_root_cached_t tree[2]; /* lock: [TIMER_HARDIRQ or 0] */
	timer_t *running[2];	  /* lock */
	/* this CPU only, interrupts off */
	bool softirq_raised; /* its timers are being looked after */
	nsec_t tick;	     /* the scheduler's, or NSEC_MAX */
	nsec_t armed;	     /* the hardware fires then, or NSEC_MAX */
} timer_base_t;

static DEFINE_PERCPU_INIT(timer_base_t, timer_base) = {
	.lock = SPINLOCK_INIT("timer_base"),
	.tick = NSEC_MAX,
	.armed = NSEC_MAX,
};
static bool hardware_ready;

void timer_init_flags(timer_t *timer, timer_function_t function, void *data, u32 flags)
{
	*timer = (timer_t){
		.function = function,
		.hash = CODE_HASH(function),
		.data = data,
		.cpu = this_cpu(),
		.flags = flags,
	};
}

void timer_init(timer_t *timer, timer_function_t function, void *data)
{
	timer_init_flags(timer, function, data, 0);
}

static timer_base_t *lock_base(timer_t *timer, unsigned long *flags) __acquires(base)
{
	for (;;) {
		u32 cpu = READ_ONCE(timer->cpu);
		timer_base_t *base;

		if (cpu == MOVING) {
			cpu_relax();
			continue;
		}
		base = per_cpu_ptr(&timer_base, cpu);
		spin_lock_irqsave(&base->lock, flags);
		if (likely(READ_ONCE(timer->cpu) == cpu))
			return base;
		spin_unlock_irqrestore(&base->lock, *flags);
	}
}

static u32 kind_of(const timer_t *timer)
{
	return timer->flags & TIMER_HARDIRQ;
}

static timer_t *first_timer(const timer_base_t *base, u32 kind)
{
	return rb_entry_or_null(base->tree[kind].leftmost, timer_t, node);
}

static void enqueue(timer_base_t *base, timer_t *timer)
{
	rb_root_cached_t *tree = &base->tree[kind_of(timer)];
	rb_node_t **link = &tree->root.node, *parent = NULL;
	bool leftmost = true;

	while (*link) {
		parent = *link;
		if (timer->expires < rb_entry(parent, timer_t, node)->expires) {
			link = &parent->left;
		} else { /* equal ones fire in the order of arming */
			link = &parent->right;
			leftmost = false;
		}
	}
	rb_insert_cached(&timer->node, parent, link, tree, leftmost);
	timer->queued = true;
}

static void dequeue(timer_base_t *base, timer_t *timer)
{
	rb_erase_cached(&timer->node, &base->tree[kind_of(timer)]);
	timer->queued = false;
}

static void arm_hardware(timer_base_t *base, nsec_t when)
{
	if (when >= base->armed || !hardware_ready)
		return;
	base->armed = when;
	arch_timer_arm(when);
}

/* From all there is. This CPU's base, locked. */
static void program(timer_base_t *base)
{
	const timer_t *hard = first_timer(base, TIMER_HARDIRQ), *soft = first_timer(base, 0);
	nsec_t when = base->tick;

	if (hard)
		when = MIN(when, hard->expires);
	if (soft && !base->softirq_raised)
		when = MIN(when, soft->expires);
	arm_hardware(base, when);
}

void timer_arm_local(nsec_t when)
{
	timer_base_t *base = this_cpu_ptr(&timer_base);

	base->tick = when;
	arm_hardware(base, when);
}

static int arm(timer_t *timer, u64 expires, bool only_idle)
{
	unsigned long flags;
	timer_base_t *base = lock_base(timer, &flags), *here;
	int was = timer->queued;

	if (was && only_idle) {
		spin_unlock_irqrestore(&base->lock, flags);
		return -EBUSY;
	}
	if (was)
		dequeue(base, timer);
	here = this_cpu_ptr(&timer_base);
	if (here != base && base->running[kind_of(timer)] != timer) {
		WRITE_ONCE(timer->cpu, MOVING);
		spin_unlock(&base->lock);
		base = here;
		spin_lock(&base->lock);
		WRITE_ONCE(timer->cpu, this_cpu());
	}
	timer->expires = (nsec_t)MIN(expires, (u64)NSEC_MAX);
	enqueue(base, timer);
	if (base ==
	    here) /* else its CPU is about to program its hardware, behind the running function */
		program(base);
	spin_unlock_irqrestore(&base->lock, flags);
	return was;
}

int mod_timer(timer_t *timer, uint64_t expires)
{
	return arm(timer, expires, false);
}

int add_timer(timer_t *timer, uint64_t expires)
{
	return arm(timer, expires, true);
}

/* Off the tree: whether it was there. *running: its function is under way, and may arm it again. */
static int stop(timer_t *timer, bool *running)
{
	unsigned long flags;
	timer_base_t *base = lock_base(timer, &flags);
	int was = timer->queued;

	if (was)
		dequeue(base, timer);
	*running = base->running[kind_of(timer)] == timer;
	spin_unlock_irqrestore(&base->lock, flags);
	return was;
}

int try_del_timer(timer_t *timer)
{
	bool running;
	int was = stop(timer, &running);

	return was || !running ? was : -EAGAIN;
}

int del_timer(timer_t *timer)
{
	bool running;
	int was = stop(timer, &running);

	while (running) {
		cpu_relax();
		was |= stop(timer, &running);
	}
	return was;
}

u32 timers_on(u32 cpu, bool hardirq, u32 from, timer_t *out, u32 max)
{
	timer_base_t *base = per_cpu_ptr(&timer_base, cpu);
	unsigned long flags;
	rb_node_t *n;
	u32 count = 0;

	spin_lock_irqsave(&base->lock, &flags);
	n = base->tree[hardirq ? TIMER_HARDIRQ : 0].leftmost;
	for (; n && count < max; n = rb_next(n)) {
		if (from) {
			from--;
			continue;
		}
		out[count] = *rb_entry(n, timer_t, node);
		out[count++].data = rb_entry(n, timer_t, node);
	}
	spin_unlock_irqrestore(&base->lock, flags);
	return count;
}

bool timer_pending(const timer_t *timer)
{
	return READ_ONCE(timer->queued);
}

/* Runs the timers of a kind that are due. */
static void run_due(timer_base_t *base, u32 kind)
{
	nsec_t now = clock_monotonic();
	unsigned long flags;
	timer_t *timer;

	spin_lock_irqsave(&base->lock, &flags);
	while ((timer = first_timer(base, kind)) && timer->expires <= now) {
		timer_function_t function = timer->function;
		u64 hash = timer->hash;
		void *data = timer->data;

		dequeue(base, timer);
		base->running[kind] = timer;
		spin_unlock_irqrestore(&base->lock, flags);
		CODE_CHECK(function, hash);
		function(timer, data);
		spin_lock_irqsave(&base->lock, &flags);
		base->running[kind] = NULL;
	}
	if (kind == 0)
		base->softirq_raised = false;
	program(base);
	spin_unlock_irqrestore(&base->lock, flags);
}

static void timer_softirq(void)
{
	run_due(this_cpu_ptr(&timer_base), 0);
}

/* The local timer fired, perhaps for nothing, perhaps early. Interrupts off. */
void ksignal_clock(trap_frame_t *frame)
{
	timer_base_t *base = this_cpu_ptr(&timer_base);
	nsec_t now = clock_monotonic();
	const timer_t *soft;

	base->armed = NSEC_MAX;
	sched_account_user(arch_frame_user(frame));
	spin_lock(&base->lock);
	soft = first_timer(base, 0);
	if (soft && soft->expires <= now && !base->softirq_raised) {
		base->softirq_raised = true;
		schedule_softirq(SOFTIRQ_TIMER);
	}
	spin_unlock(&base->lock);
	if (base->tick <= now) {
		base->tick = NSEC_MAX;
		sched_tick();
	}
	if (perf_used()) {
		perf_set_frame(frame);
		run_due(base, TIMER_HARDIRQ);
		perf_set_frame(NULL);
	} else {
		run_due(base, TIMER_HARDIRQ);
	}
}

__init void timer_boot_init(void)
{
	unsigned long flags;

	softirq_register(SOFTIRQ_TIMER, timer_softirq);
	flags = arch_irq_save();
	hardware_ready = true;
	spin_lock(&this_cpu_ptr(&timer_base)->lock);
	program(this_cpu_ptr(&timer_base));
	spin_unlock(&this_cpu_ptr(&timer_base)->lock);
	arch_irq_restore(flags);
}
