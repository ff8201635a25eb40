/*
 * Looking up processes and threads by number. The numbers live in one radix tree that readers walk
 * under RCU; kernel/proc/pid.c adds and removes them.
 */
#include <kernel/lib/xarray.h>
#include <kernel/process.h>

#include <kernel/task/pid_internal.h>

xarray_t pid_numbers;

/* Under RCU. */
static struct pid *pid_find(pid_t nr)
{
	return nr > 0 ? xa_load(&pid_numbers, (u64)nr) : NULL;
}

process_t *find_process(pid_t pid)
{
	struct pid *id = pid_find(pid);

	return id ? rcu_dereference(id->process) : NULL;
}

thread_t *find_thread(pid_t tid)
{
	struct pid *id = pid_find(tid);

	return id ? rcu_dereference(id->thread) : NULL;
}

process_t *process_get_by_pid(pid_t pid)
{
	process_t *p;

	rcu_read_lock();
	p = find_process(pid);
	if (p && !refcount_get_unless_zero(&p->refs))
		p = NULL;
	rcu_read_unlock();
	return p;
}

thread_t *thread_get_by_tid(pid_t tid)
{
	thread_t *t;

	rcu_read_lock();
	t = find_thread(tid);
	if (t && !refcount_get_unless_zero(&t->refs))
		t = NULL;
	rcu_read_unlock();
	return t;
}

struct pid *pid_find_get(pid_t nr)
{
	struct pid *id;

	rcu_read_lock();
	id = pid_find(nr);
	if (id && !refcount_get_unless_zero(&id->refs))
		id = NULL;
	rcu_read_unlock();
	return id;
}

struct pid *pid_get(struct pid *pid)
{
	refcount_get(&pid->refs);
	return pid;
}

void process_get(process_t *p)
{
	refcount_get(&p->refs);
}

void thread_get(thread_t *t)
{
	refcount_get(&t->refs);
}

process_t *process_next(pid_t *nr)
{
	u64 index = *nr > 0 ? (u64)*nr : 1;
	struct pid *id;
	process_t *p = NULL;

	rcu_read_lock();
	for (; (id = xa_find(&pid_numbers, &index, INT32_MAX)) != NULL; index++) {
		p = rcu_dereference(id->process);
		if (p && !p->kernel && refcount_get_unless_zero(&p->refs))
			break;
		p = NULL;
	}
	rcu_read_unlock();
	*nr = (pid_t)index;
	return p;
}

thread_t *thread_next(pid_t *nr)
{
	u64 index = *nr > 0 ? (u64)*nr : 1;
	struct pid *id;
	thread_t *t = NULL;

	rcu_read_lock();
	for (; (id = xa_find(&pid_numbers, &index, INT32_MAX)) != NULL; index++) {
		t = rcu_dereference(id->thread);
		if (t && refcount_get_unless_zero(&t->refs))
			break;
		t = NULL;
	}
	rcu_read_unlock();
	*nr = (pid_t)index;
	return t;
}
