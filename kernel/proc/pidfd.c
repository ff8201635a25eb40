/*
 * Descriptors of processes. The file holds the struct pid; pid->wait is woken when the process has
 * become a zombie (notify_parent_exit), and it is readable from then on, also when it is gone.
 */
#include <kernel/pidfd.h>

#include <fs/poll.h>
#include <fs/seq_file.h>
#include <fs/vfs.h>

#include "proc_internal.h"

static u32 pidfd_poll(file_t *f, poll_table_t *pt)
{
	struct pid *pid = f->private_data;
	process_t *p;
	u32 mask;

	poll_wait(f, &pid->wait, pt);
	rcu_read_lock();
	p = rcu_dereference(pid->process);
	mask = !p || READ_ONCE(p->state) >= PROCESS_ZOMBIE ? POLLIN | POLLRDNORM : 0;
	rcu_read_unlock();
	return mask;
}

static void pidfd_release(file_t *f)
{
	pid_put(f->private_data);
}

static void pidfd_show(file_t *f, struct seq_file *m)
{
	struct pid *pid = f->private_data;
	pid_t nr;

	rcu_read_lock();
	nr = rcu_dereference(pid->process) ? pid->nr : -1;
	rcu_read_unlock();
	seq_printf(m, "Pid:\t%d\nNSpid:\t%d\n", nr, nr);
}

static const file_operations_t pidfd_operations = {
	.poll = pidfd_poll,
	.release = pidfd_release,
	.show_fdinfo = pidfd_show,
	.kind = "anon_inode:[pidfd]",
};

file_t *pidfd_create(struct pid *pid, u32 flags)
{
	file_t *f = file_create_anon(pidfd_operations.kind, &pidfd_operations, pid_get(pid),
				     O_RDWR | flags);

	if (IS_ERR(f))
		pid_put(pid);
	return f;
}

struct pid *pidfd_file_pid(const file_t *f)
{
	return f->ops == &pidfd_operations ? f->private_data : NULL;
}

struct pid *pidfd_get_pid(int fd, u32 *file_flags)
{
	fd_light_t l = fd_get_light(fd);
	struct pid *pid;

	if (!l.file)
		return ERR_PTR(-EBADF);
	pid = pidfd_file_pid(l.file);
	if (pid)
		pid_get(pid);
	if (file_flags)
		*file_flags = READ_ONCE(l.file->flags);
	fd_put_light(l);
	return pid ? pid : ERR_PTR(-EBADF);
}

thread_t *pid_get_thread(struct pid *pid)
{
	thread_t *t;

	rcu_read_lock();
	t = rcu_dereference(pid->thread);
	if (t && !refcount_get_unless_zero(&t->refs))
		t = NULL;
	rcu_read_unlock();
	return t;
}
