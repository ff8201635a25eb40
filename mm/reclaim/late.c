/*
 * Giving back what may lie in vmalloc's region where nobody may sleep: in RCU callbacks, under locks. vfree may, so a
 * worker calls it. The memory itself holds the link until then.
 */
#include <kernel/softirq.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>

typedef struct late {
	struct late *next;
} late_t;

static late_t *first; /* atomic */
static work_t work;

static void free_all(work_t *unused)
{
	late_t *l = __atomic_exchange_n(&first, NULL, __ATOMIC_ACQUIRE);

	while (l) {
		late_t *next = l->next;

		vfree(l);
		l = next;
	}
}

void kvfree_atomic(void *ptr)
{
	late_t *l = ptr;

	if (!is_vmalloc_addr(ptr)) {
		kfree(ptr);
		return;
	}
	l->next = __atomic_load_n(&first, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&first, &l->next, l, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
	schedule_work(&work);
}

__init void kvfree_init(void)
{
	work_init(&work, free_all);
}
