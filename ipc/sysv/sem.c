/*
 * Semaphore sets: semop(2).
 *
 * Concepts. A request is a list of operations that happen all at once or not at all. It is tried under the lock
 * of the set; if it cannot be met, it waits at the one semaphore where it stopped, in one of two lists: for zero,
 * or for more. Only a change of that very semaphore can let it go on, so a change looks at one semaphore's
 * waiters, and at those for more only while its value is not zero. Whoever makes a change serves the
 * waiters at once, in their order, and what they change is noted and served in turn.
 *
 * Locking. The set's lock is all that semop takes, but for undo.c's list lock inside it. The set is found under RCU and has
 * no counter: a sleeper comes back to it only if its status says that it still waits, see ids.c.
 */
#include "sem_internal.h"

#include <fs/procfs.h>
#include <kernel/panic.h>
#include <kernel/time/clock.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>

#define WOULD_BLOCK 1 /* no errno */

typedef struct sem_waiter {
	ipc_waiter_t wait;
	struct sembuf *ops;
	u32 nr;
	u32 blocking; /* operation that it stopped at; set's lock */
	sem_undo_t *undo;
	pid_t pid;
} sem_waiter_t;

static sem_waiter_t *waiter_of(ipc_waiter_t *w)
{
	return container_of(w, sem_waiter_t, wait);
}

/* ---- requests; set locked ---- */

/* The adjustment that takes the operation back, in range? */
static bool adjust(sem_undo_t *undo, const struct sembuf *op)
{
	int to = undo->adjust[op->sem_num] - op->sem_op;

	if (to < -SEMAEM - 1 || to > SEMAEM)
		return false;
	undo->adjust[op->sem_num] = (s16)to;
	return true;
}

static void take_back(sem_set_t *set, const struct sembuf *ops, u32 nr, sem_undo_t *undo)
{
	while (nr--) {
		set->sems[ops[nr].sem_num].value -= ops[nr].sem_op;
		if (ops[nr].sem_flg & SEM_UNDO)
			undo->adjust[ops[nr].sem_num] += ops[nr].sem_op;
	}
}

/* All or nothing: 0, WOULD_BLOCK or -EAGAIN at *blocking, -ERANGE. */
static int attempt(sem_set_t *set, sem_waiter_t *w)
{
	u32 i;
	int r;

	for (i = 0; i < w->nr; i++) {
		const struct sembuf *op = &w->ops[i];
		sem_t *sem = &set->sems[op->sem_num];
		int value = sem->value + op->sem_op;

		if ((!op->sem_op && sem->value) || value < 0) {
			r = op->sem_flg & IPC_NOWAIT ? -EAGAIN : WOULD_BLOCK;
			goto out_take_back;
		}
		r = -ERANGE;
		if (value > SEMVMX || ((op->sem_flg & SEM_UNDO) && !adjust(w->undo, op)))
			goto out_take_back;
		sem->value = value;
	}
	for (i = 0; i < w->nr; i++)
		set->sems[w->ops[i].sem_num].pid = w->pid;
	return 0;
out_take_back:
	w->blocking = i;
	take_back(set, w->ops, i, w->undo);
	return r;
}

static list_t *place_of(sem_set_t *set, const sem_waiter_t *w)
{
	const struct sembuf *op = &w->ops[w->blocking];
	sem_t *sem = &set->sems[op->sem_num];

	return op->sem_op ? &sem->alter : &sem->zero;
}

void sem_note_change(sem_t *sem, bool raised, list_t *changed)
{
	if (list_empty(&sem->changed) &&
	    ((raised && !list_empty(&sem->alter)) || (!sem->value && !list_empty(&sem->zero))))
		list_add_tail(&sem->changed, changed);
}

static void note_request(sem_set_t *set, const sem_waiter_t *w, list_t *changed)
{
	for (u32 i = 0; i < w->nr; i++)
		if (w->ops[i].sem_op)
			sem_note_change(&set->sems[w->ops[i].sem_num], w->ops[i].sem_op > 0,
					changed);
}

static void serve_waiter(sem_set_t *set, sem_waiter_t *w, list_t *changed)
{
	list_t *place = place_of(set, w), *next;
	int r = attempt(set, w);

	if (r == WOULD_BLOCK) {
		next = place_of(set, w);
		if (next != place)
			list_move_tail(&w->wait.link, next);
		return;
	}
	if (!r) {
		set->otime = clock_realtime_coarse();
		note_request(set, w, changed);
	}
	ipc_finish(&w->wait, r);
}

static void serve_semaphore(sem_set_t *set, sem_t *sem, list_t *changed)
{
	ipc_waiter_t *w, *next;

	list_for_each_entry_safe(w, next, &sem->zero, link) {
		if (sem->value)
			break;
		serve_waiter(set, waiter_of(w), changed);
	}
	/* Each of these stopped although the value was at least 0. */
	list_for_each_entry_safe(w, next, &sem->alter, link) {
		if (!sem->value)
			break;
		serve_waiter(set, waiter_of(w), changed);
	}
}

void sem_serve(sem_set_t *set, list_t *changed)
{
	while (!list_empty(changed)) {
		sem_t *sem = list_first_entry(changed, sem_t, changed);

		list_del_init(&sem->changed);
		serve_semaphore(set, sem, changed);
	}
}

static void wake_list(list_t *waiters, int status)
{
	while (!list_empty(waiters))
		ipc_finish(list_first_entry(waiters, ipc_waiter_t, link), status);
}

void sem_wake_all(sem_set_t *set, int status)
{
	for (u32 i = 0; i < set->nr; i++) {
		wake_list(&set->sems[i].alter, status);
		wake_list(&set->sems[i].zero, status);
	}
}

u32 sem_count_waiters(const sem_t *sem, bool zero)
{
	const list_t *waiters = zero ? &sem->zero : &sem->alter;
	const ipc_waiter_t *w;
	u32 n = 0;

	list_for_each_entry(w, waiters, link)
		n++;
	return n;
}

/* ---- semop ---- */

/* What the operations want to do. */
typedef struct request {
	bool undo, alter;
	u32 highest; /* semaphore */
} request_t;

static request_t look_at(const struct sembuf *ops, u32 nr)
{
	request_t r = { 0 };

	for (u32 i = 0; i < nr; i++) {
		r.undo |= (ops[i].sem_flg & SEM_UNDO) != 0;
		r.alter |= ops[i].sem_op != 0;
		r.highest = MAX(r.highest, (u32)ops[i].sem_num);
	}
	return r;
}

/* Under RCU: the set, if the request is allowed at all; or ERR_PTR. */
static sem_set_t *find_for(int id, const request_t *request)
{
	ipc_object_t *o = ipc_find(&ipc_ns()->sem, id);
	int r;

	if (IS_ERR(o))
		return ERR_PTR(PTR_ERR(o));
	if (request->highest >= sem_set_of(o)->nr)
		return ERR_PTR(-EFBIG);
	r = ipc_permission(o, request->alter ? 0222 : 0444);
	return r ? ERR_PTR(r) : sem_set_of(o);
}

/* With the set locked. 0, an errno, WOULD_BLOCK (it is in a list), or -ENOENT: an undo structure is needed. */
static int submit(sem_set_t *set, sem_waiter_t *w, const request_t *request, sem_undo_t **spare)
{
	list_t changed = LIST_INIT(changed);
	int r;

	if (set->ipc.removed)
		return -EIDRM;
	if (request->undo) {
		w->undo = sem_undo_find(set, spare);
		if (!w->undo)
			return -ENOENT;
	}
	r = attempt(set, w);
	if (r == WOULD_BLOCK)
		list_add_tail(&w->wait.link, place_of(set, w));
	if (r)
		return r;
	set->otime = clock_realtime_coarse();
	note_request(set, w, &changed);
	sem_serve(set, &changed);
	return 0;
}

long sysv_semop(int id, struct sembuf *ops, u32 nr, nsec_t deadline)
{
	request_t request = look_at(ops, nr);
	sem_waiter_t w = { .ops = ops, .nr = nr, .pid = current_process()->pid };
	sem_undo_t *spare = NULL;
	u32 wanted = 0;
	sem_set_t *set;
	int r;

	if (request.undo) {
		r = sem_undo_prepare();
		if (r)
			return r;
	}
	ipc_waiter_init(&w.wait);
	for (;;) {
		rcu_read_lock();
		set = find_for(id, &request);
		if (IS_ERR(set)) {
			rcu_read_unlock();
			r = (int)PTR_ERR(set);
			break;
		}
		/* An identifier that was asked for (sem_next_id) may name another set by now. */
		if (spare && wanted != set->nr) {
			kfree(spare);
			spare = NULL;
		}
		wanted = set->nr;
		spin_lock(&set->ipc.lock);
		r = submit(set, &w, &request, &spare);
		spin_unlock(&set->ipc.lock);
		rcu_read_unlock();
		if (r != -ENOENT)
			break;
		spare = sem_undo_alloc(wanted);
		if (!spare)
			return -ENOMEM;
	}
	kfree(spare);
	if (r != WOULD_BLOCK)
		return r;
	r = ipc_sleep(&w.wait, deadline);
	return r == -EINTR || r == -EAGAIN ? ipc_give_up(&set->ipc.lock, &w.wait, r) : r;
}

u32 sysv_semopm(void)
{
	return (u32)READ_ONCE(ipc_ns()->sem_limits[SEM_LIMIT_OPM]);
}

/* ---- semget ---- */

static int check_existing(ipc_object_t *o, const ipc_get_t *g)
{
	return g->size > sem_set_of(o)->nr ? -EINVAL : 0;
}

static int make_set(ipc_namespace_t *ns, const ipc_get_t *g)
{
	u32 nr = (u32)g->size;
	sem_set_t *set;
	int r = -ENOMEM;

	if (!nr)
		return -EINVAL;
	if (ns->used_sems + nr > (u32)READ_ONCE(ns->sem_limits[SEM_LIMIT_MNS]))
		return -ENOSPC;
	set = kzalloc(sizeof(*set), GFP_KERNEL);
	if (!set)
		return -ENOMEM;
	set->sems = kvmalloc(nr * sizeof(*set->sems), GFP_KERNEL);
	if (!set->sems)
		goto out_free;
	for (u32 i = 0; i < nr; i++) {
		sem_t *sem = &set->sems[i];

		sem->value = 0;
		sem->pid = 0;
		list_init(&sem->alter);
		list_init(&sem->zero);
		list_init(&sem->changed);
	}
	set->nr = nr;
	set->ctime = clock_realtime_coarse();
	list_init(&set->undos);
	r = ipc_add(&ns->sem, &set->ipc, g, READ_ONCE(ns->sem_limits[SEM_LIMIT_MNI]));
	if (r)
		goto out_free_sems;
	ns->used_sems += nr;
	return set->ipc.id;
out_free_sems:
	kvfree(set->sems);
out_free:
	kfree(set);
	return r;
}

long sysv_semget(int key, int nsems, int flags)
{
	ipc_namespace_t *ns = ipc_ns();
	ipc_get_t g = {
		.ids = &ns->sem,
		.key = key,
		.flags = flags,
		.size = (size_t)nsems,
		.exists = check_existing,
		.make = make_set,
	};

	if (nsems < 0 || nsems > READ_ONCE(ns->sem_limits[SEM_LIMIT_MSL]))
		return -EINVAL;
	return ipc_get_id(&g);
}

/* ---- boot ---- */

static void show_set(seq_file_t *m, ipc_object_t *o)
{
	const sem_set_t *set = sem_set_of(o);

	seq_printf(m, "%10d %10d  %4o %10u %5u %5u %5u %5u %10ld %10ld\n", o->key, o->id, o->mode,
		   set->nr, o->uid, o->gid, o->cuid, o->cgid, ipc_seconds(set->otime),
		   ipc_seconds(set->ctime));
}

void __init sem_init(void)
{
	static const ipc_show_t show = {
		.ids = &init_ipc.sem,
		.heading = "       key      semid perms      nsems   uid   gid  cuid  cgid      "
			   "otime      ctime\n",
		.row = show_set,
	};

	ipc_ids_init(&init_ipc.sem);
	if (proc_create_single("sysvipc/sem", 0444, ipc_show, (void *)&show))
		panic("No memory for /proc/sysvipc");
}
