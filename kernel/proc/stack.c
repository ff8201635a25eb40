/*
 * Kernel stacks. Mapping one with its guards costs page-table work and, when it goes, a shootdown;
 * so each CPU keeps a few that threads have left. A stack that finds the cache full waits on a list
 * (the link lies in the stack itself) until a worker unmaps it, since stacks are freed in contexts
 * that cannot.
 */
#include <kernel/process.h>
#include <kernel/softirq.h>
#include <mm/vmalloc.h>

#include "proc_internal.h"

#define CACHED_STACKS 16

typedef struct stack_cache {
	spinlock_t lock;	     /* interrupts off */
	u32 count;		     /* lock */
	void *stacks[CACHED_STACKS]; /* lock */
} stack_cache_t;

typedef struct free_stack {
	struct free_stack *next;
} free_stack_t;

static DEFINE_PERCPU(stack_cache_t, stack_cache);
static free_stack_t *surplus; /* atomic */
static work_t unmap_work;

static void unmap(void *stack)
{
	mm_count(MM_STACK, -(long)KERNEL_STACK_PAGES);
	vfree(stack);
}

/* Returns pages. */
static u64 unmap_all_surplus(void)
{
	free_stack_t *s = __atomic_exchange_n(&surplus, NULL, __ATOMIC_ACQUIRE);
	u64 freed = 0;

	while (s) {
		free_stack_t *next = s->next;

		unmap(s);
		s = next;
		freed += KERNEL_STACK_PAGES;
	}
	return freed;
}

static void unmap_surplus(work_t *work)
{
	unmap_all_surplus();
}

static void *pop(stack_cache_t *cache)
{
	void *stack = NULL;
	unsigned long flags;

	spin_lock_irqsave(&cache->lock, &flags);
	if (cache->count)
		stack = cache->stacks[--cache->count];
	spin_unlock_irqrestore(&cache->lock, flags);
	return stack;
}

void *kernel_stack_alloc(void)
{
	void *stack = pop(per_cpu_ptr(&stack_cache, this_cpu()));

	if (stack)
		return stack;
	stack = vmalloc_guarded(KERNEL_STACK_ORDER_SIZE, cpu_node(this_cpu()));
	if (stack)
		mm_count(MM_STACK, KERNEL_STACK_PAGES);
	return stack;
}

void kernel_stack_free(void *stack)
{
	stack_cache_t *cache = per_cpu_ptr(&stack_cache, this_cpu());
	free_stack_t *s = stack;
	unsigned long flags;
	bool kept = false;

	spin_lock_irqsave(&cache->lock, &flags);
	if (cache->count < CACHED_STACKS) {
		cache->stacks[cache->count++] = stack;
		kept = true;
	}
	spin_unlock_irqrestore(&cache->lock, flags);
	if (kept)
		return;
	s->next = __atomic_load_n(&surplus, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&surplus, &s->next, s, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
	schedule_work(&unmap_work);
}

static u64 shrink_stacks(u64 target)
{
	u64 freed = unmap_all_surplus();
	void *stack;

	for_each_cpu(cpu) {
		while (freed < target && (stack = pop(per_cpu_ptr(&stack_cache, cpu)))) {
			unmap(stack);
			freed += KERNEL_STACK_PAGES;
		}
	}
	return freed;
}

void __init kernel_stack_init(void)
{
	static shrinker_t shrinker __ro_after_init_data = { .shrink = shrink_stacks };

	for (u32 cpu = 0; cpu < NR_CPUS; cpu++)
		if (cpu_set_test(&cpu_possible, cpu))
			spinlock_init(&per_cpu_ptr(&stack_cache, cpu)->lock);
	work_init(&unmap_work, unmap_surplus);
	register_shrinker(&shrinker);
}
