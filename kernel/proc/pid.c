/*
 * Giving out numbers: the lowest free one after the last given, below pid_max, starting again above
 * the daemons' numbers at the end. A number stays taken as long as a thread, process, group or
 * session bears it.
 */
#include <kernel/lib/xarray.h>
#include <kernel/task/pid_internal.h>

#include "proc_internal.h"

#define PID_MIN_AFTER_WRAP 300

static spinlock_t pid_lock = SPINLOCK_INIT("pid"); /* interrupts off; the tree and last_pid */
u64 last_pid = 1;	  /* sysctl kernel.ns_last_pid; pid_lock. Number 1 is asked for by name */
static u64 numbers_given; /* pid_lock */
static kmem_cache_t *pid_cache, *node_cache;
u64 pid_max = 32768;

_Static_assert(sizeof(rcu_head_t) <= sizeof(((xa_node_t *)0)->rcu), "room for the RCU head");

static xa_node_t *node_alloc(void)
{
	return kmem_cache_alloc(node_cache, GFP_ATOMIC | GFP_ZERO);
}

static void node_free_rcu(rcu_head_t *head)
{
	kmem_cache_free(node_cache, container_of((void *)head, xa_node_t, rcu));
}

static void node_free(xa_node_t *node)
{
	call_rcu((rcu_head_t *)(void *)node->rcu, node_free_rcu);
}

static const xa_ops_t node_ops = { .alloc_node = node_alloc, .free_node = node_free };

static void pid_free_rcu(rcu_head_t *head)
{
	kmem_cache_free(pid_cache, container_of(head, pid_obj_t, rcu));
}

void pid_put(struct pid *pid)
{
	if (refcount_put(&pid->refs))
		call_rcu(&pid->rcu, pid_free_rcu);
}

/* pid_lock held. */
static int choose_number(pid_t wanted, u64 *nr)
{
	u64 max = READ_ONCE(pid_max) - 1, low = 2;

	if (wanted) {
		*nr = (u64)wanted;
		return xa_load(&pid_numbers, *nr) ? -EEXIST : 0;
	}
	if (last_pid < max && xa_find_free(&pid_numbers, last_pid + 1, max, nr))
		return 0;
	if (last_pid > PID_MIN_AFTER_WRAP)
		low = PID_MIN_AFTER_WRAP;
	return xa_find_free(&pid_numbers, low, max, nr) ? 0 : -EAGAIN;
}

struct pid *pid_alloc(pid_t wanted)
{
	struct pid *pid = kmem_cache_alloc(pid_cache, GFP_KERNEL | GFP_ZERO);
	unsigned long flags;
	u64 nr;
	int r;

	if (!pid)
		return ERR_PTR(-ENOMEM);
	refcount_set(&pid->refs, 1);
	for (int i = 0; i < PID_TYPES; i++)
		list_init(&pid->members[i]);
	init_waitqueue_head(&pid->wait);
	spin_lock_irqsave(&pid_lock, &flags);
	r = choose_number(wanted, &nr);
	if (!r) {
		pid->nr = (pid_t)nr;
		r = xa_store(&pid_numbers, nr, pid, NULL);
		if (!r) {
			if (!wanted)
				last_pid = nr;
			numbers_given++;
		}
	}
	spin_unlock_irqrestore(&pid_lock, flags);
	if (r) {
		kmem_cache_free(pid_cache, pid);
		return ERR_PTR(r);
	}
	return pid;
}

void pid_release_if_unused(struct pid *pid)
{
	unsigned long flags;

	if (pid->thread || pid->process)
		return;
	for (int i = 0; i < PID_TYPES; i++)
		if (!list_empty(&pid->members[i]))
			return;
	if (!pid->nr)
		return;
	spin_lock_irqsave(&pid_lock, &flags);
	xa_erase(&pid_numbers, (u64)pid->nr);
	spin_unlock_irqrestore(&pid_lock, flags);
	pid_put(pid);
}

void __init pid_init(void)
{
	pid_cache = kmem_cache_create("pid", sizeof(pid_obj_t), 0, 0, NULL);
	node_cache = kmem_cache_create("pid_node", sizeof(xa_node_t), 0, 0, NULL);
	xa_init(&pid_numbers, &node_ops);
}

u64 pid_given(void)
{
	return READ_ONCE(numbers_given);
}

pid_t pid_last(void)
{
	return (pid_t)READ_ONCE(last_pid);
}

int set_last_pid(u64 nr)
{
	unsigned long flags;

	if (!capable(CAP_SYS_ADMIN) && !capable(CAP_CHECKPOINT_RESTORE))
		return -EPERM;
	if (nr > READ_ONCE(pid_max))
		return -EINVAL;
	spin_lock_irqsave(&pid_lock, &flags);
	last_pid = nr;
	spin_unlock_irqrestore(&pid_lock, flags);
	return 0;
}
