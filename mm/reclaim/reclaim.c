/*
 * When memory is short: caches shrink, then a program ends.
 *
 * Reclaim asks the registered shrinkers (dentries, inodes) and the slab allocator for what they can
 * spare. Pages of memory files and anonymous pages have nowhere to go while there is no swap. When
 * that is not enough the OOM killer ends the program that holds the most, and takes its memory at
 * once; the thread that asked waits for that.
 *
 * Locking. shrinkers only grow (boot). oom_mutex: one search for a victim at a time.
 */
#include "../space/space_internal.h"

#include <mm/page.h>

#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/process.h>
#include <kernel/sync/mutex.h>
#include <kernel/time/clock.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <mm/vmalloc.h>

static shrinker_t *shrinkers;
/* sysctl vm.panic_on_oom, vm.oom_kill_allocating_task. */
int panic_on_oom, oom_kill_allocating_task;

static mutex_t oom_mutex = MUTEX_INIT(oom_mutex);

__init void register_shrinker(shrinker_t *s)
{
	s->next = shrinkers;
	__atomic_store_n(&shrinkers, s, __ATOMIC_RELEASE);
}

u64 shrink_caches(u64 target)
{
	u64 freed = 0;

	for (shrinker_t *s = __atomic_load_n(&shrinkers, __ATOMIC_ACQUIRE); s; s = s->next)
		freed += s->shrink(target);
	return freed;
}

u64 reclaim_pages(u64 target, gfp_flags_t flags)
{
	thread_t *t = current();
	u64 before = free_page_count(), after;

	t->alloc_context |= ALLOC_RECLAIMING;
	if (flags & GFP_FS)
		shrink_caches(target * 8);
	kmem_reclaim();
	t->alloc_context &= ~ALLOC_RECLAIMING;
	after = free_page_count();
	return after > before + target / 4 ? after - before : 0;
}

/*
 * /proc/sys/vm/drop_caches: 1 page cache (nothing clean to drop yet), 2 dentries and inodes. Two rounds: what
 * waited for a grace period, the shrinkers' own victims included, fills caches itself when it is freed.
 */
int reclaim_drop_caches(u64 what)
{
	for (int round = 0; round < 2; round++) {
		rcu_barrier();
		if (what & 2)
			while (shrink_caches(1UL << 20) > 64)
				;
		kmap_purge();
		kmem_flush_magazines();
	}
	kmem_reclaim();
	page_drain_all();
	return 0;
}

/* ---- the OOM killer ---- */

void vm_space_reap(vm_space_t *s)
{
	gather_t g;

	/* A victim that holds the lock is left to die by itself. */
	if (!rwsem_read_trylock(&s->lock))
		return;
	WRITE_ONCE(s->reaped, true); /* before any entry is empty for it */
	gather_init(&g, s);
	for (vm_area_t *v = vm_first(s); v; v = vm_next(v))
		if (area_private(v) && !(v->flags & VM_LOCKED))
			zap_range(&g, v->start, v->end, true);
	gather_finish(&g);
	rwsem_read_unlock(&s->lock);
}

/*
 * The structure of the process's space, for vm_space_drop, or NULL. No user reference: whoever asks for memory may hold
 * locks that the end of a space takes, so the last one must not be given back here.
 */
static vm_space_t *hold_space(process_t *p)
{
	vm_space_t *s = NULL;
	unsigned long flags;

	if (!process_lock_sighand(p, &flags))
		return NULL;
	s = p->space;
	if (s)
		vm_space_hold(s);
	process_unlock_sighand(p, flags);
	return s;
}

static u64 badness(process_t *p, u64 total)
{
	vm_space_t *s = hold_space(p);
	s64 points;

	if (!s)
		return 0;
	points = (s64)(vm_resident(s) + (u64)atomic64_read(&s->table_pages));
	points += (s64)p->oom_score_adj * (s64)total / 1000;
	vm_space_drop(s);
	if (p->oom_score_adj == -1000)
		return 0;
	return points > 0 ? (u64)points : 1;
}

static bool may_end(const process_t *p)
{
	return p != init_process && !p->kernel && p->space && p->oom_score_adj != -1000;
}

static process_t *choose_victim(bool *dying)
{
	u64 worst = 0, total = total_page_count();
	process_t *victim = NULL, *p;

	*dying = false;
	for (pid_t pid = 2; (p = process_next(&pid)) != NULL; pid++) {
		u64 points;

		if (p == init_process || p->kernel || !p->space) {
			process_put(p);
			continue;
		}
		if (p->oom_victim) /* its memory is on the way */
			*dying = true;
		points = badness(p, total);
		if (points > worst) {
			if (victim)
				process_put(victim);
			worst = points;
			victim = p;
		} else {
			process_put(p);
		}
	}
	return victim;
}

/* Its leader stays as long as the lock of its signals is there to be taken. */
static void describe_victim(process_t *p, char name[THREAD_NAME_LEN], uid_t *uid)
{
	unsigned long flags;

	if (!process_lock_sighand(p, &flags))
		return;
	strscpy(name, p->leader->name, THREAD_NAME_LEN);
	rcu_read_lock();
	*uid = rcu_dereference(p->leader->cred)->uid;
	rcu_read_unlock();
	process_unlock_sighand(p, flags);
}

/*
 * Ends who else uses the victim's memory: it does not come free before, and they may hold what the victim waits
 * for. False: the first program does, and lives on with it.
 */
static bool end_sharers(const process_t *victim, const vm_space_t *s)
{
	bool all = true;
	process_t *p;

	for (pid_t pid = 1; (p = process_next(&pid)) != NULL; pid++) {
		if (p != victim && READ_ONCE(p->space) == s) {
			if (p == init_process)
				all = false;
			else
				send_signal_process(p, SIGKILL, SEND_SIG_PRIV);
		}
		process_put(p);
	}
	return all;
}

static void end_victim(process_t *p)
{
	vm_space_t *s = hold_space(p);
	char name[THREAD_NAME_LEN] = "";
	uid_t uid = 0;

	describe_victim(p, name, &uid);
	printk(KERN_ERR "Out of memory: Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB, "
			"file-rss:%lukB, shmem-rss:%lukB, UID:%u pgtables:%lukB oom_score_adj:%d\n",
	       p->pid, name, s ? s->total_pages * 4 : 0,
	       s ? (u64)atomic64_read(&s->anon_pages) * 4 : 0,
	       s ? (u64)atomic64_read(&s->file_pages) * 4 : 0,
	       s ? (u64)atomic64_read(&s->shmem_pages) * 4 : 0, uid,
	       s ? (u64)atomic64_read(&s->table_pages) * 4 : 0, p->oom_score_adj);
	p->oom_victim = true;
	send_signal_process(p, SIGKILL, SEND_SIG_PRIV);
	if (s) {
		if (end_sharers(p, s) && !READ_ONCE(p->core))
			vm_space_reap(s);
		vm_space_drop(s);
	}
}

bool out_of_memory(gfp_flags_t flags, u32 order)
{
	process_t *victim;
	bool dying;

	/* Who is to die anyway gets what there is, and goes. */
	if (fatal_signal_pending(current())) {
		current()->alloc_context |= ALLOC_RESERVES;
		return !(flags & GFP_USERPAGE);
	}
	if (!mutex_trylock(&oom_mutex)) {
		msleep(1);
		return true;
	}
	if (READ_ONCE(panic_on_oom))
		panic("Out of memory: panic_on_oom is set");
	victim = choose_victim(&dying);
	if (dying) {
		if (victim)
			process_put(victim);
		mutex_unlock(&oom_mutex);
		msleep(10);
		return true;
	}
	if (!victim) {
		mutex_unlock(&oom_mutex);
		pr_ratelimited(KERN_ERR "Out of memory, and no program to end\n");
		return false;
	}
	if (READ_ONCE(oom_kill_allocating_task) && may_end(current_process())) {
		process_put(victim);
		victim = current_process();
		process_get(victim);
	}
	end_victim(victim);
	process_put(victim);
	mutex_unlock(&oom_mutex);
	return true;
}
