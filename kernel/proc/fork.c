/*
 * fork, vfork, clone: a new thread, in the process of its maker or in one of its own.
 *
 * First everything is checked, then everything is allocated and copied (each step undone in reverse
 * when a later one fails), then the thread becomes visible under the tree lock. Between the last
 * look at the maker's signals and that moment no signal can be sent to its process, so one sent to
 * a whole group reaches parent and child.
 */
#include <kernel/lib/printf.h>
#include <arch/uaccess.h>
#include <drivers/tty.h>
#include <fs/vfs.h>
#include <ipc/sysv.h>
#include <kernel/lib/string.h>
#include <kernel/perf.h>
#include <kernel/pidfd.h>
#include <kernel/sync/mutex.h>
#include <mm/policy.h>
#include <mm/space.h>
#include <uapi/clone.h>

#include "trace_internal.h"

#define CLONE_NAMESPACES                                                                           \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
	 CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME)

static int check_flags(const clone_args_t *args)
{
	u64 flags = args->flags;

	/* clone(2) has one place for both. */
	if ((flags & CLONE_PIDFD) && (flags & CLONE_PARENT_SETTID) &&
	    args->pidfd == args->parent_tid)
		return -EINVAL;
	if ((flags & (CLONE_NEWNS | CLONE_FS)) == (CLONE_NEWNS | CLONE_FS) ||
	    (flags & (CLONE_NEWUSER | CLONE_FS)) == (CLONE_NEWUSER | CLONE_FS))
		return -EINVAL;
	if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return -EINVAL;
	/* Orphans of init would have nobody to be reaped by. */
	if ((flags & CLONE_PARENT) && current_process()->is_init)
		return -EINVAL;
	if ((flags & CLONE_PIDFD) && (flags & (CLONE_DETACHED | CLONE_THREAD)))
		return -EINVAL;
	if (flags & CLONE_NAMESPACES) /* as a Linux without them: privilege is checked first */
		return (flags & CLONE_NEWUSER) || capable(CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
	return 0;
}

/* ---- the parts, in the order in which they are taken ---- */

static int copy_files(thread_t *t, u64 flags)
{
	files_t *from = current()->files;

	if (!from)
		return 0;
	if (flags & CLONE_FILES) {
		files_get(from);
		t->files = from;
		return 0;
	}
	t->files = files_copy(from);
	return t->files ? 0 : -ENOMEM;
}

static int copy_fs(thread_t *t, u64 flags)
{
	fs_context_t *from = current()->fs;

	if (!from)
		return 0;
	if (flags & CLONE_FS) {
		fs_context_get(from);
		t->fs = from;
		return 0;
	}
	t->fs = fs_context_copy(from);
	return t->fs ? 0 : -ENOMEM;
}

static int copy_space(thread_t *t, u64 flags)
{
	vm_space_t *from = current()->space;

	if (!from)
		return 0;
	if (flags & CLONE_VM) {
		vm_space_get(from);
		t->space = from;
		return 0;
	}
	t->space = vm_space_fork(from);
	if (IS_ERR(t->space)) {
		int r = (int)PTR_ERR(t->space);

		t->space = NULL;
		return r;
	}
	return 0;
}

static sighand_t *copy_sighand(u64 flags)
{
	sighand_t *from = current_process()->sighand, *s;

	if (flags & CLONE_SIGHAND) {
		refcount_get(&from->refs);
		return from;
	}
	s = sighand_alloc();
	if (!s)
		return NULL;
	spin_lock_irq(&from->lock);
	memcpy(s->action, from->action, sizeof(s->action));
	spin_unlock_irq(&from->lock);
	if (flags & CLONE_CLEAR_SIGHAND)
		for (u32 i = 0; i < ARRAY_SIZE(s->action); i++)
			if (s->action[i].handler != SIG_IGN_PTR)
				s->action[i] = (k_sigaction_t){ 0 };
	return s;
}

/* A process that is like the running one, except for its place in the tree and its terminal. */
static process_t *copy_process(u64 flags)
{
	process_t *from = current_process(), *p = process_alloc();

	if (!p)
		return NULL;
	p->sighand = copy_sighand(flags);
	if (!p->sighand) {
		process_free_unpublished(p);
		return NULL;
	}
	refcount_get(&from->ns->refs);
	p->ns = from->ns;
	p->dumpable = from->dumpable;
	p->no_huge_pages = from->no_huge_pages;
	p->core_filter = from->core_filter;
	p->personality = from->personality;
	p->oom_score_adj = from->oom_score_adj;
	p->oom_score_adj_min = from->oom_score_adj_min;
	p->membarriers = from->membarriers;
	process_init_timers(p);
	spin_lock_irq(sig_lock(from));
	memcpy(p->rlimits, from->rlimits, sizeof(p->rlimits));
	p->exe = from->exe;
	if (p->exe)
		file_get(p->exe);
	spin_unlock_irq(sig_lock(from));
	process_update_cpu_timers(p);
	return p;
}

static void free_process(process_t *p)
{
	if (p->exe)
		file_put(p->exe);
	sighand_put(p->sighand);
	if (refcount_put(&p->ns->refs))
		panic("The initial namespaces lost their last reference");
	process_free_unpublished(p);
}

static void copy_thread_state(thread_t *t, const clone_args_t *args)
{
	thread_t *from = current();

	memcpy(t->name, from->name, sizeof(t->name));
	t->cred = cred_get(from->cred);
	t->blocked = from->blocked;
	t->alloc_context = from->alloc_context & ALLOC_NO_IO; /* PR_SET_IO_FLUSHER's */
	t->mce_kill = from->mce_kill;
	t->mempolicy = policy_get(from->mempolicy);
	t->timer_slack_ns = t->default_slack_ns = READ_ONCE(from->timer_slack_ns);
	/* A thread that shares memory with its maker must not run handlers on the maker's stack. */
	if ((args->flags & (CLONE_VM | CLONE_VFORK)) != CLONE_VM) {
		t->altstack_sp = from->altstack_sp;
		t->altstack_size = from->altstack_size;
		t->altstack_flags = from->altstack_flags;
	}
	if (!(args->flags & CLONE_VM) && from->rseq) {
		t->rseq = from->rseq;
		t->rseq_signature = from->rseq_signature;
		t->flags |= TF_RSEQ;
	}
	if (args->flags & CLONE_CHILD_CLEARTID)
		t->clear_child_tid = args->child_tid;
	if (args->flags & CLONE_CHILD_SETTID) {
		t->set_child_tid = args->child_tid;
		t->flags |= TF_NOTIFY;
	}
}

/* ---- becoming visible ---- */

static void attach_thread(thread_t *t, struct pid *pid)
{
	t->pid = pid_get(pid);
	t->tid = pid->nr;
}

static void publish_thread(thread_t *t)
{
	process_t *p = t->process;

	thread_get(t); /* its place in the process */
	if (thread_test_flag(current(), TF_MEASURE))
		thread_set_flag(t, TF_MEASURE);
	list_add_tail(&t->process_link, &p->threads);
	p->thread_count++;
	rcu_assign_pointer(t->pid->thread, t);
}

static void publish_process(process_t *p, thread_t *t, const clone_args_t *args)
{
	process_t *maker = current_process(), *parent = maker;
	thread_t *parent_thread = current();

	p->exit_signal = args->exit_signal;
	if (args->flags & CLONE_PARENT) {
		parent = maker->parent;
		parent_thread = maker->parent_thread;
		p->exit_signal = maker->exit_signal;
	}
	p->leader = t;
	p->pid_obj = pid_get(t->pid);
	p->pid = t->tid;
	snprintf(p->pid_text, sizeof(p->pid_text), "%d", p->pid);
	p->space = t->space;
	p->tty = maker->tty;
	if (p->tty)
		tty_get(p->tty);
	process_set_group(p, maker->group);
	process_set_session(p, maker->session);
	process_link(p, parent, parent_thread);
}

/* 0, or -ERESTARTNOINTR when a signal wants to be handled first. */
static int publish(thread_t *t, process_t *fresh, struct pid *pid, const clone_args_t *args)
{
	process_t *maker = current_process();
	int r = 0;

	write_lock_irq(&process_tree_lock);
	spin_lock(sig_lock(maker));
	signal_recalc_pending(current());
	if (signal_pending(current()) || maker->group_exit || maker->exec_thread) {
		r = -ERESTARTNOINTR;
		goto out;
	}
	attach_thread(t, pid);
	t->process = fresh ? fresh : maker;
	process_get(t->process); /* the thread's own */
	if (fresh)
		publish_process(fresh, t, args);
	publish_thread(t);
	if (args->traced || (args->flags & CLONE_PTRACE))
		trace_inherit(t, current());
out:
	spin_unlock(sig_lock(maker));
	write_unlock_irq(&process_tree_lock);
	return r;
}

/* A descriptor for the process to come, its number stored; it is installed when that exists. */
typedef struct new_pidfd {
	int fd;
	file_t *file; /* NULL: none is wanted */
} new_pidfd_t;

static int prepare_pidfd(new_pidfd_t *p, struct pid *pid, const clone_args_t *args)
{
	int r;

	if (!(args->flags & CLONE_PIDFD))
		return 0;
	p->fd = fd_reserve(0, true);
	if (p->fd < 0)
		return p->fd;
	p->file = pidfd_create(pid, 0);
	if (IS_ERR(p->file)) {
		r = (int)PTR_ERR(p->file);
		goto out_fd;
	}
	r = put_user_u32((u32)p->fd, (u32 __user *)args->pidfd);
	if (!r)
		return 0;
	file_put(p->file);
out_fd:
	p->file = NULL;
	fd_unreserve(p->fd);
	return r;
}

static void drop_pidfd(new_pidfd_t *p)
{
	if (p->file) {
		fd_unreserve(p->fd);
		file_put(p->file);
	}
}

static void release_pid(struct pid *pid)
{
	write_lock_irq(&process_tree_lock);
	pid_release_if_unused(pid);
	write_unlock_irq(&process_tree_lock);
}

thread_t *copy_thread(const clone_args_t *args, trap_frame_t *frame)
{
	thread_t *self = current(), *t;
	process_t *fresh = NULL;
	new_pidfd_t pidfd = { 0 };
	struct pid *pid;
	int r = check_flags(args);

	if (r)
		return ERR_PTR(r);
	if (signal_pending(self))
		return ERR_PTR(-ERESTARTNOINTR);
	r = thread_charge(self->cred);
	if (r)
		return ERR_PTR(r);
	r = -ENOMEM;
	t = thread_alloc();
	if (!t)
		goto out_uncharge;
	copy_thread_state(t, args);
	if (!(args->flags & CLONE_THREAD)) {
		fresh = copy_process(args->flags);
		if (!fresh)
			goto out_thread;
	}
	r = ioprio_clone(t, args->flags & CLONE_IO);
	if (r)
		goto out_process;
	r = sem_undo_clone(t, args->flags & CLONE_SYSVSEM);
	if (r)
		goto out_process;
	r = copy_files(t, args->flags);
	if (r)
		goto out_undo;
	r = copy_fs(t, args->flags);
	if (r)
		goto out_files;
	r = copy_space(t, args->flags);
	if (r)
		goto out_fs;
	r = arch_thread_copy_user(t, self, frame, args->stack, args->flags & CLONE_SETTLS,
				  args->tls);
	if (r)
		goto out_space;
	pid = pid_alloc(args->set_tid);
	if (IS_ERR(pid)) {
		r = (int)PTR_ERR(pid);
		goto out_space;
	}
	r = prepare_pidfd(&pidfd, pid, args);
	if (r)
		goto out_pid;
	sched_fork(t, self);
	if (perf_used())
		perf_fork(t);
	r = publish(t, fresh, pid, args);
	if (r)
		goto out_pidfd;
	ldt_inherit(t);
	if (pidfd.file)
		fd_install(pidfd.fd, pidfd.file);
	return t;

out_pidfd:
	drop_pidfd(&pidfd);
out_pid:
	release_pid(pid);
out_space:
	if (t->space)
		vm_space_put(t->space);
out_fs:
	if (t->fs)
		fs_context_put(t->fs);
out_files:
	if (t->files)
		files_put_now(t->files);
out_undo:
	sem_undo_leave(t);
out_process:
	if (fresh)
		free_process(fresh);
out_thread:
	thread_free_unstarted(t);
out_uncharge:
	thread_uncharge(self->cred);
	return ERR_PTR(r);
}

/* ---- entry points ---- */

/* The parent sleeps until the child has let go of its memory (true), or a fatal signal comes. */
static bool wait_for_vfork(thread_t *child, completion_t *done)
{
	process_t *p = child->process;
	unsigned long flags;

	if (!wait_for_completion_killable(done))
		return true;
	if (!process_lock_sighand(p, &flags))
		return true; /* reaped: it has let go long ago */
	child->vfork_done = NULL;
	process_unlock_sighand(p, flags);
	return false;
}

/* The event that a tracer knows such a clone by; 0 when it does not want to. */
static u32 traced_event(const clone_args_t *args)
{
	u32 event = PTRACE_EVENT_FORK;

	if (args->flags & CLONE_UNTRACED)
		return 0;
	if (args->flags & CLONE_VFORK)
		event = PTRACE_EVENT_VFORK;
	else if (args->exit_signal != SIGCHLD)
		event = PTRACE_EVENT_CLONE;
	return trace_event_enabled(event) ? event : 0;
}

long clone_and_start(clone_args_t *args)
{
	u32 event = traced_event(args);
	completion_t vfork_done;
	thread_t *t;
	pid_t nr;

	args->traced = event;
	t = copy_thread(args, arch_user_frame(current()));
	if (IS_ERR(t))
		return PTR_ERR(t);
	nr = t->tid;
	/* As on Linux a bad address is the program's own loss: the thread exists already. */
	if (args->flags & CLONE_PARENT_SETTID)
		(void)put_user_u32((u32)nr, (u32 __user *)args->parent_tid);
	if (args->flags & CLONE_VFORK) {
		init_completion(&vfork_done);
		t->vfork_done = &vfork_done;
		thread_get(t);
	}
	if (perf_used())
		perf_forked(t);
	sched_start_thread(t);
	if (event)
		trace_event(event, (u64)nr);
	if (args->flags & CLONE_VFORK) {
		if (wait_for_vfork(t, &vfork_done))
			trace_event(PTRACE_EVENT_VFORK_DONE, (u64)nr);
		thread_put(t);
	}
	return nr;
}

pid_t create_process(process_t *parent, bool copy_memory)
{
	clone_args_t args = {
		.flags = copy_memory ? 0 : CLONE_VM | CLONE_VFORK,
		.exit_signal = SIGCHLD,
	};

	if (parent != current_process())
		return -EINVAL; /* what is copied is the running thread */
	return (pid_t)clone_and_start(&args);
}
