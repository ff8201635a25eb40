/*
 * The lock checker of debug builds.
 *
 * Concepts. Locks that are initialised at one place form a class. Each thread keeps the list of
 * locks it holds. When it takes a lock of class B while it holds one of class A, the edge A -> B
 * goes into a graph; a cycle in that graph is an order that can deadlock, whether or not it ever
 * did. Edges are learnt once, so the search runs seldom.
 *
 * Interrupts. A class taken in interrupts of a kind must not be taken with those interrupts on (the
 * interrupt could come while the lock is held by what it interrupted), and nothing that is taken so
 * may be reached from it by edges (another CPU could hold the second and be interrupted by the
 * taker of the first). Both are looked for whenever an edge or a usage is new. Kinds: hard
 * interrupts and softirqs.
 *
 * Locks that are held in an interrupt and those of what it interrupted give no edges with each
 * other: the usage rules cover these. A try adds no edge to the lock, but edges from it. A class
 * may nest in itself only by the _nested calls, whose callers have an order of their own.
 *
 * The tables are guarded by a plain flag, as the checker must not check itself. A violation is a
 * panic; from then on the checker is off. Also here: the checks for sleeping where that is not
 * allowed, and the preemption fuzzer (`preempt_fuzz=SEED`), which makes the scheduler take another
 * thread at random releases of locks.
 */
#include <kernel/types.h>

#ifdef CONFIG_DEBUG
#include <arch/cpu.h>
#include <kernel/boot.h>
#include <kernel/lib/bitmap.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/sched.h>
#include <kernel/sync/lockdep.h>
#include <kernel/thread.h>

#define CLASSES 1024
#define CHAIN_MAX 16
#define FUZZ_ONE_IN 64

/* held_locks[].flags above the LOCK_* bits: the context that took it. */
#define CONTEXT_SHIFT 8

/* class usage */
#define USED_IN_HARDIRQ 1u
#define USED_IN_SOFTIRQ 2u
#define HARDIRQS_ON 4u
#define SOFTIRQS_ON 8u

/* All by graph_lock; id 0 is not used. */
static lock_class_t *classes[CLASSES];
static u8 usage[CLASSES];
static unsigned long edges[CLASSES][BITMAP_WORDS(CLASSES)];
static u32 class_count;
static unsigned long reached[BITMAP_WORDS(CLASSES)]; /* of a search */
static u16 came_from[CLASSES], search_queue[CLASSES];
static bool graph_lock;
static bool checker_off;

static u64 fuzz_seed;
static DEFINE_PERCPU(u64, fuzz_state);

static unsigned long lock_graph(void)
{
	unsigned long flags = arch_irq_save();

	while (__atomic_exchange_n(&graph_lock, true, __ATOMIC_ACQUIRE))
		cpu_relax();
	return flags;
}

static void unlock_graph(unsigned long flags)
{
	__atomic_store_n(&graph_lock, false, __ATOMIC_RELEASE);
	arch_irq_restore(flags);
}

/* Before a report: its own locks are not checked, and other CPUs do not report as well. */
static void checker_stop(void)
{
	WRITE_ONCE(checker_off, true);
	__atomic_store_n(&graph_lock, false, __ATOMIC_RELEASE);
}

static u32 class_id(lock_class_t *class)
{
	if (!class->id) {
		if (class_count == CLASSES - 1) {
			checker_stop();
			panic("lock checker: more than %u classes of locks", CLASSES - 1);
		}
		classes[++class_count] = class;
		class->id = (u16)class_count;
	}
	return class->id;
}

/*
 * Breadth first from `from`, all that edges lead to; true when `to` is among it. Shortest ways in
 * came_from.
 */
static bool search(u32 from, u32 to)
{
	u32 head = 0, tail = 0;

	memset(reached, 0, sizeof(reached));
	search_queue[tail++] = (u16)from;
	while (head < tail) {
		u32 at = search_queue[head++];

		for_each_bit(next, edges[at], class_count + 1) {
			if (bitmap_test(reached, next))
				continue;
			bitmap_set(reached, next);
			came_from[next] = (u16)at;
			search_queue[tail++] = (u16)next;
			if (next == to)
				return true;
		}
	}
	return false;
}

static void print_chain(u32 from, u32 to)
{
	u16 chain[CHAIN_MAX];
	u32 n = 0;

	for (u32 at = to; at != from && n < CHAIN_MAX; at = came_from[at])
		chain[n++] = (u16)at;
	printk(KERN_EMERG "  %s\n", classes[from]->name);
	while (n)
		printk(KERN_EMERG "    then %s\n", classes[chain[--n]]->name);
}

/*
 * From every class used in interrupts of a kind, no class may be reached that is taken with them
 * on.
 */
static void check_interrupt_safety(void)
{
	for (u32 a = 1; a <= class_count; a++) {
		u8 bad = (usage[a] & USED_IN_HARDIRQ ? HARDIRQS_ON : 0) |
			 (usage[a] & USED_IN_SOFTIRQ ? SOFTIRQS_ON : 0);

		if (!bad)
			continue;
		search(a, 0);
		bitmap_set(reached, a);
		came_from[a] = (u16)a;
		for_each_bit(b, reached, class_count + 1) {
			if (!(usage[b] & bad))
				continue;
			checker_stop();
			printk(KERN_EMERG
			       "Lock %s is used in %s, and leads to %s, held with these on:\n",
			       classes[a]->name,
			       usage[b] & bad & HARDIRQS_ON ? "interrupts" : "softirqs",
			       classes[b]->name);
			if (a != b)
				print_chain(a, (u32)b);
			panic("lock checker: %s is not safe against interrupts", classes[b]->name);
		}
	}
}

static bool serving_softirq(void)
{
	return this_cpu_read(preempt_count) & SOFTIRQ_ONE; /* local_bh_disable counts by twos */
}

static u32 context(void)
{
	return in_hardirq() ? 2 : serving_softirq() ? 1 : 0;
}

static u8 usage_now(u32 flags)
{
	u8 use = 0;

	if (flags & LOCK_SLEEPS)
		return 0;
	if (in_hardirq())
		return USED_IN_HARDIRQ;
	if (serving_softirq())
		use |= USED_IN_SOFTIRQ;
	if (arch_irqs_enabled())
		use |= HARDIRQS_ON | (in_interrupt() ? 0 : SOFTIRQS_ON);
	return use;
}

static void check_same_class(const lock_dep_t *dep, u32 flags)
{
	if (flags & LOCK_NESTED)
		return;
	checker_stop();
	panic("lock checker: %s is taken while another of its class is held", dep->class->name);
}

/* dep is about to be taken by t, which holds `held`: the edge between them. */
static bool add_edge(u32 from, u32 to)
{
	if (from == to || bitmap_test(edges[from], to))
		return false;
	if (search(to, from)) {
		checker_stop();
		printk(KERN_EMERG "Locks were taken in this order before:\n");
		print_chain(to, from);
		printk(KERN_EMERG "and now %s after %s\n", classes[to]->name, classes[from]->name);
		panic("lock checker: %s and %s are taken in both orders", classes[from]->name,
		      classes[to]->name);
	}
	bitmap_set(edges[from], to);
	return true;
}

/*
 * Nothing to learn: every fact about this acquisition is in the tables. Without the lock: they only
 * grow.
 */
static bool known(const thread_t *t, const lock_dep_t *dep, u32 flags, u32 ctx, u8 use)
{
	u32 id = READ_ONCE(dep->class->id);

	if (!id || (READ_ONCE(usage[id]) | use) != READ_ONCE(usage[id]))
		return false;
	for (u32 i = 0; i < t->held_count && !(flags & LOCK_TRY); i++) {
		const lock_dep_t *held = t->held_locks[i].dep;

		if (t->held_locks[i].flags >> CONTEXT_SHIFT == ctx &&
		    (held->class == dep->class || !bitmap_test(edges[held->class->id], id)))
			return false;
	}
	return true;
}

static void learn(const thread_t *t, const lock_dep_t *dep, u32 flags, u32 ctx, u8 use)
{
	unsigned long irq = lock_graph();
	u32 id = class_id(dep->class);
	bool news = (usage[id] | use) != usage[id];

	usage[id] |= use;
	for (u32 i = 0; i < t->held_count && !(flags & LOCK_TRY); i++) {
		const lock_dep_t *held = t->held_locks[i].dep;

		if (t->held_locks[i].flags >> CONTEXT_SHIFT != ctx)
			continue;
		if (held->class == dep->class)
			check_same_class(dep, flags);
		else
			news |= add_edge(class_id(held->class), id);
	}
	if (news)
		check_interrupt_safety();
	unlock_graph(irq);
}

void lockdep_acquire(lock_dep_t *dep, u32 flags, unsigned long ip)
{
	thread_t *t = current();
	u32 ctx = context(), n;
	unsigned long irq;
	u8 use;

	if (!dep->class || READ_ONCE(checker_off))
		return;
	use = usage_now(flags);
	irq = arch_irq_save(); /* interrupts use the same list */
	if (!known(t, dep, flags, ctx, use))
		learn(t, dep, flags, ctx, use);
	n = t->held_count;
	if (n == ARRAY_SIZE(t->held_locks)) {
		checker_stop();
		lockdep_print_held();
		panic("lock checker: more than %u locks held", n);
	}
	t->held_locks[n].dep = dep;
	t->held_locks[n].ip = ip;
	t->held_locks[n].flags = flags | ctx << CONTEXT_SHIFT;
	t->held_count = n + 1;
	arch_irq_restore(irq);
}

static void fuzz(void)
{
	u64 x;

	if (likely(!fuzz_seed) || in_interrupt() || !arch_irqs_enabled())
		return;
	preempt_disable();
	x = this_cpu_read(fuzz_state);
	x = x ? x : fuzz_seed + this_cpu();
	x ^= x << 13; /* Marsaglia, "Xorshift RNGs", 2003 */
	x ^= x >> 7;
	x ^= x << 17;
	this_cpu_write(fuzz_state, x);
	if (x % FUZZ_ONE_IN == 0)
		sched_provoke();
	preempt_enable_no_resched();
}

static bool forget(thread_t *t, const lock_dep_t *dep)
{
	for (u32 i = t->held_count; i-- > 0;) {
		if (t->held_locks[i].dep != dep)
			continue;
		for (u32 j = i + 1; j < t->held_count; j++)
			t->held_locks[j - 1] = t->held_locks[j];
		t->held_count--;
		return true;
	}
	return false;
}

void lockdep_release(lock_dep_t *dep, unsigned long ip)
{
	unsigned long irq;
	bool was_held;

	if (!dep->class || READ_ONCE(checker_off))
		return;
	irq = arch_irq_save();
	was_held = forget(current(), dep);
	arch_irq_restore(irq);
	if (unlikely(!was_held)) {
		checker_stop();
		panic("lock checker: %s is released but not held", dep->class->name);
	}
	fuzz();
}

bool lockdep_held(const lock_dep_t *dep)
{
	const thread_t *t = current();

	if (!dep->class || READ_ONCE(checker_off))
		return true;
	for (u32 i = 0; i < t->held_count; i++)
		if (t->held_locks[i].dep == dep)
			return true;
	return false;
}

static void print_held(const char *level, const thread_t *t)
{
	u32 n = READ_ONCE(t->held_count);
	unsigned long offset;

	for (u32 i = 0; i < n; i++) {
		const lock_dep_t *held = READ_ONCE(t->held_locks[i].dep);
		const char *name = symbol_lookup(t->held_locks[i].ip, &offset);

		printk("%sholds %s, taken at %s+0x%lx\n", level, held->class->name,
		       name ? name : "?", name ? offset : t->held_locks[i].ip);
	}
}

void lockdep_print_held(void)
{
	print_held(KERN_EMERG, current());
}

bool lockdep_print_thread(const thread_t *t)
{
	/*
	 * Only of one that does not run: locks of a running one come and go, and with them what
	 * the entries point to.
	 */
	if (!READ_ONCE(t->held_count) || (t != current() && READ_ONCE(t->sched.on_cpu)))
		return false;
	printk(KERN_INFO "%s (%d):\n", t->name, t->tid);
	print_held(KERN_INFO, t);
	return true;
}

/* Called on the way to user mode, interrupts on or off. */
void lockdep_assert_no_locks(void)
{
	const thread_t *t = current();

	if (READ_ONCE(checker_off))
		return;
	if (unlikely(t->held_count || this_cpu_read(preempt_count) || t->rcu_nesting)) {
		checker_stop();
		lockdep_print_held();
		panic("return to user mode with %u locks, preempt_count %x, rcu %d", t->held_count,
		      this_cpu_read(preempt_count), t->rcu_nesting);
	}
}

void lockdep_might_sleep(const char *file, int line)
{
	const thread_t *t = current();

	/*
	 * The boot up to the first other thread runs with interrupts off and cannot really sleep.
	 */
	if (READ_ONCE(checker_off) || !sched_is_running())
		return;
	if (unlikely(this_cpu_read(preempt_count) || t->rcu_nesting || !arch_irqs_enabled())) {
		checker_stop();
		lockdep_print_held();
		panic("sleep while atomic at %s:%d: preempt_count %x, rcu %d, interrupts %s", file,
		      line, this_cpu_read(preempt_count), t->rcu_nesting,
		      arch_irqs_enabled() ? "on" : "off");
	}
}

__init void lockdep_init_fuzz(void)
{
	const char *value = cmdline_get("preempt_fuzz");

	if (value && !kstrtou64(value, 0, &fuzz_seed) && fuzz_seed)
		pr_info("lock checker: preempts at random, seed %lu\n", fuzz_seed);
}
#endif
