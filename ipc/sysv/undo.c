/*
 * SEM_UNDO: what semop did is taken back when the process ends.
 *
 * A list belongs to a thread, or to all that were made with CLONE_SYSVSEM by one that had it, and holds a structure
 * for each set that was changed with SEM_UNDO. The structure is in two places, at its set and in its list; whoever
 * ends first takes it off the other. Lock order: set > list. The end of a list begins at the list, so it looks the set
 * up under RCU and then locks in order.
 */
#include "sem_internal.h"

#include <kernel/time/clock.h>
#include <mm/slab.h>

/* ---- lists ---- */

int sem_undo_prepare(void)
{
	thread_t *t = current();
	sem_undo_list_t *l;

	if (t->sem_undo)
		return 0;
	l = kmalloc(sizeof(*l), GFP_KERNEL);
	if (!l)
		return -ENOMEM;
	refcount_set(&l->refs, 1);
	spinlock_init(&l->lock);
	l->undos = RB_ROOT;
	WRITE_ONCE(t->sem_undo, l);
	return 0;
}

int sem_undo_clone(thread_t *t, bool share)
{
	int r;

	t->sem_undo = NULL;
	if (!share)
		return 0;
	r = sem_undo_prepare();
	if (r)
		return r;
	refcount_get(&current()->sem_undo->refs);
	t->sem_undo = current()->sem_undo;
	return 0;
}

/* ---- one set's ---- */

sem_undo_t *sem_undo_alloc(u32 nr)
{
	return kzalloc(sizeof(sem_undo_t) + nr * sizeof(s16), GFP_KERNEL);
}

/* list->lock held: the structure of the set, or NULL and where it would be. */
static sem_undo_t *search(sem_undo_list_t *l, int id, rb_node_t ***link, rb_node_t **parent)
{
	*link = &l->undos.node;
	*parent = NULL;
	while (**link) {
		sem_undo_t *u = rb_entry(**link, sem_undo_t, node);

		if (u->id == id)
			return u;
		*parent = **link;
		*link = id < u->id ? &u->node.left : &u->node.right;
	}
	return NULL;
}

sem_undo_t *sem_undo_find(sem_set_t *set, sem_undo_t **spare)
{
	sem_undo_list_t *l = current()->sem_undo;
	rb_node_t **link, *parent;
	sem_undo_t *u;

	assert_held(&set->ipc.lock);
	spin_lock(&l->lock);
	u = search(l, set->ipc.id, &link, &parent);
	if (!u && *spare) {
		u = *spare;
		*spare = NULL;
		u->set = set;
		u->id = set->ipc.id;
		u->list = l;
		rb_insert(&u->node, parent, link, &l->undos);
		list_add_tail(&u->set_link, &set->undos);
	}
	spin_unlock(&l->lock);
	return u;
}

/* set locked; takes it off both. */
static void detach(sem_undo_t *u)
{
	list_del(&u->set_link);
	spin_lock(&u->list->lock);
	rb_erase(&u->node, &u->list->undos);
	spin_unlock(&u->list->lock);
}

void sem_undo_forget(sem_set_t *set)
{
	assert_held(&set->ipc.lock);
	while (!list_empty(&set->undos)) {
		sem_undo_t *u = list_first_entry(&set->undos, sem_undo_t, set_link);

		detach(u);
		kfree(u);
	}
}

/* ---- the end of a process ---- */

/* set locked. Values stay in their range, whatever others did meanwhile. */
static void give_back(sem_set_t *set, const sem_undo_t *u)
{
	list_t changed = LIST_INIT(changed);

	for (u32 i = 0; i < set->nr; i++) {
		sem_t *sem = &set->sems[i];

		if (!u->adjust[i])
			continue;
		sem->value = MIN(MAX(sem->value + u->adjust[i], 0), SEMVMX);
		sem->pid = current_process()->pid;
		sem_note_change(sem, u->adjust[i] > 0, &changed);
	}
	set->otime = clock_realtime_coarse();
	sem_serve(set, &changed);
}

/* One set of a list that nobody uses any more. False: there is none left. */
static bool end_one(sem_undo_list_t *l)
{
	sem_undo_t *u;
	sem_set_t *set = NULL;

	rcu_read_lock();
	spin_lock(&l->lock);
	u = rb_entry_or_null(l->undos.node, sem_undo_t, node);
	if (u)
		set = u->set; /* in memory until a grace period after it has left the list */
	spin_unlock(&l->lock);
	if (set) {
		spin_lock(&set->ipc.lock);
		if (set->ipc.removed) {
			u = NULL; /* it took the structure along */
		} else {
			give_back(set, u);
			detach(u);
		}
		spin_unlock(&set->ipc.lock);
	}
	rcu_read_unlock();
	if (set)
		kfree(u);
	return set;
}

void sem_undo_leave(thread_t *t)
{
	sem_undo_list_t *l = t->sem_undo;

	if (likely(!l))
		return;
	WRITE_ONCE(t->sem_undo, NULL);
	if (!refcount_put(&l->refs))
		return;
	while (end_one(l))
		;
	kfree(l);
}
