/*
 * Sleeping locks and RCU where nothing can sleep: a lock that is not free is a mistake of the test
 * or of the code. Grace periods end when the test says so (fake_grace_period), or with the last
 * reader.
 */
#include <stdlib.h>

#include <fake/fake.h>
#include <kernel/panic.h>
#include <kernel/sync/mutex.h>
#include <kernel/sync/rcu.h>

#define weak __attribute__((weak))

weak void mutex_setup(mutex_t *m)
{
	m->owner = NULL;
}

weak void mutex_lock(mutex_t *m)
{
	if (m->owner)
		panic("mutex %p is held", m);
	m->owner = (struct thread *)m;
}

weak bool mutex_trylock(mutex_t *m)
{
	if (m->owner)
		return false;
	mutex_lock(m);
	return true;
}

weak void mutex_unlock(mutex_t *m)
{
	if (!m->owner)
		panic("mutex %p is not held", m);
	m->owner = NULL;
}

/* count: readers, or -1 for a writer. */
weak void rwsem_setup(rwsem_t *s)
{
	s->count = 0;
}

weak void rwsem_read_lock(rwsem_t *s)
{
	if (s->count < 0)
		panic("rwsem %p is held", s);
	s->count++;
}

weak void rwsem_read_unlock(rwsem_t *s)
{
	if (s->count-- <= 0)
		panic("rwsem %p is not held shared", s);
}

weak void rwsem_write_lock(rwsem_t *s)
{
	if (s->count)
		panic("rwsem %p is held", s);
	s->count = -1;
}

weak void rwsem_write_unlock(rwsem_t *s)
{
	if (s->count != -1)
		panic("rwsem %p is not held", s);
	s->count = 0;
}

static __thread u32 readers;
static rcu_head_t *waiting; /* atomic */

weak void rcu_read_lock(void)
{
	readers++;
}

weak void rcu_read_unlock(void)
{
	if (!readers--)
		panic("rcu_read_unlock without a reader");
}

weak void call_rcu(rcu_head_t *head, void (*func)(rcu_head_t *head))
{
	head->func = func;
	head->next = __atomic_load_n(&waiting, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&waiting, &head->next, head, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
}

bool fake_rcu_reading(void)
{
	return readers;
}

void fake_grace_period(void)
{
	rcu_head_t *head = __atomic_exchange_n(&waiting, NULL, __ATOMIC_ACQUIRE);

	if (readers)
		panic("a grace period cannot end: this is a reader");
	while (head) {
		rcu_head_t *next = head->next;

		head->func(head);
		head = next;
	}
}

weak void synchronize_rcu(void)
{
	fake_grace_period();
}

weak void rcu_barrier(void)
{
	while (waiting)
		fake_grace_period();
}
