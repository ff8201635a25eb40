/*
 * How readily the OOM killer takes a process: oom_score, oom_score_adj and the older oom_adj
 * (proc(5)). Processes that share their memory (clone(2) with CLONE_VM alone) share the setting, too,
 * since one of them cannot be killed without the others; who only borrows it, after vfork(2), may
 * choose its own. Who lacks CAP_SYS_RESOURCE may not go below what somebody who has it set last.
 */
#include "procfs.h"

#include <kernel/sync/mutex.h>
#include <mm/page.h>
#include <mm/space.h>
#include <uapi/errno.h>

#define OOM_ADJ_MAX 1000
#define OLD_OOM_DISABLE (-17)
#define OLD_OOM_MAX 15

static mutex_t adj_mutex = MUTEX_INIT(adj_mutex); /* one change at a time */

int show_oom_score(seq_file_t *m, process_t *p, thread_t *t)
{
	vm_space_t *s = vm_space_of(p);
	s64 score = s ? (s64)(vm_resident(s) * 1000 / MAX(total_page_count(), 1UL)) : 0;

	if (s)
		vm_space_put(s);
	seq_printf(m, "%ld\n", MAX(score + p->oom_score_adj, 0L));
	return 0;
}

int show_oom_score_adj(seq_file_t *m, process_t *p, thread_t *t)
{
	seq_printf(m, "%d\n", READ_ONCE(p->oom_score_adj));
	return 0;
}

static void set_one(process_t *p, int adj, bool floor)
{
	WRITE_ONCE(p->oom_score_adj, adj);
	if (floor)
		p->oom_score_adj_min = adj;
}

/* Has its parent lent it the memory that it has? */
static bool borrows(process_t *p)
{
	thread_t *t;
	bool lent;

	rcu_read_lock();
	t = rcu_dereference(p->pid_obj->thread);
	lent = t && READ_ONCE(t->vfork_done);
	rcu_read_unlock();
	return lent;
}

static void set_sharers(process_t *except, const vm_space_t *s, int adj, bool floor)
{
	process_t *p;

	for (pid_t nr = 2; (p = process_next(&nr)) != NULL; nr++) {
		vm_space_t *its = p == except || p->kernel ? NULL : vm_space_of(p);

		if (its == s && !borrows(p))
			set_one(p, adj, floor);
		if (its)
			vm_space_put(its);
		process_put(p);
	}
}

/* old: by the file that goes by the present value, and leaves the least one. */
static int set_adj(process_t *p, int adj, bool old)
{
	bool privileged = capable(CAP_SYS_RESOURCE), floor = !old && privileged;
	vm_space_t *s;
	int r = 0;

	mutex_lock(&adj_mutex);
	if (adj < (old ? p->oom_score_adj : p->oom_score_adj_min) && !privileged) {
		r = -EACCES;
		goto out_unlock;
	}
	set_one(p, adj, floor);
	s = borrows(p) ? NULL : vm_space_of(p);
	if (s && refcount_read(&s->users) > READ_ONCE(p->thread_count) + 1)
		set_sharers(p, s, adj, floor);
	if (s)
		vm_space_put(s);
out_unlock:
	mutex_unlock(&adj_mutex);
	return r;
}

int store_oom_score_adj(process_t *p, thread_t *t, char *text)
{
	bool negative = text[0] == '-';
	u64 value;

	if (proc_number_line(text + negative, &value) || value > OOM_ADJ_MAX)
		return -EINVAL;
	return set_adj(p, negative ? -(int)value : (int)value, false);
}

/* The older scale, -17 meaning never. */
int show_oom_adj(seq_file_t *m, process_t *p, thread_t *t)
{
	int adj = READ_ONCE(p->oom_score_adj);

	if (adj == OOM_ADJ_MAX)
		adj = OLD_OOM_MAX;
	else
		adj = adj * -OLD_OOM_DISABLE / OOM_ADJ_MAX;
	seq_printf(m, "%d\n", adj);
	return 0;
}

int store_oom_adj(process_t *p, thread_t *t, char *text)
{
	bool negative = text[0] == '-';
	u64 value;
	int adj;

	if (proc_number_line(text + negative, &value))
		return -EINVAL;
	if (value > (negative ? (u64)-OLD_OOM_DISABLE : (u64)OLD_OOM_MAX))
		return -EINVAL;
	adj = negative ? -(int)value : (int)value;
	adj = adj == OLD_OOM_MAX ? OOM_ADJ_MAX : adj * OOM_ADJ_MAX / -OLD_OOM_DISABLE;
	return set_adj(p, adj, true);
}
