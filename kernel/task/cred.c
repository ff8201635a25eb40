/*
 * Credentials: what a thread may do. A thread reads its own without a lock, since only it replaces
 * them; others read them under RCU. kernel/proc/cred.c makes, changes and frees them.
 */
#include <kernel/cred.h>
#include <kernel/thread.h>

static user_t root_user = {
	.refs = REFCOUNT_INIT(1),
	.processes = ATOMIC_INIT(1),
};

static group_list_t no_groups = { .refs = REFCOUNT_INIT(1) };

cred_t init_cred = {
	.refs = REFCOUNT_INIT(2),
	.cap_permitted = CAP_ALL,
	.cap_effective = CAP_ALL,
	.cap_bounding = CAP_ALL,
	.groups = &no_groups,
	.user = &root_user,
};

const cred_t *current_cred(void)
{
	return current()->cred;
}

cred_t *cred_get(const cred_t *c)
{
	cred_t *own = (cred_t *)c;

	refcount_get(&own->refs);
	return own;
}

cred_t *thread_cred_get(thread_t *t)
{
	cred_t *c;

	rcu_read_lock();
	do
		c = rcu_dereference(t->cred);
	while (!refcount_get_unless_zero(&c->refs));
	rcu_read_unlock();
	return c;
}

bool cred_capable(const cred_t *c, int cap)
{
	return (c->cap_effective >> cap) & 1;
}

bool capable(int cap)
{
	return cred_capable(current_cred(), cap);
}

bool in_group(const cred_t *c, gid_t gid)
{
	const group_list_t *g = c->groups;
	u32 low = 0, high = g->count;

	if (gid == c->fsgid)
		return true;
	while (low < high) {
		u32 mid = (low + high) / 2;

		if (g->gids[mid] == gid)
			return true;
		if (g->gids[mid] < gid)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}
