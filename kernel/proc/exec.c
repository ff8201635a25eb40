/*
 * execve: another program in the same process.
 *
 * Everything that can fail happens first, on the side: the arguments are copied to the stack of a
 * new address space, the file is opened, scripts lead to their interpreters, the program is mapped,
 * its credentials are computed. Then comes the point of no return: the other threads end, and the
 * process takes the new space, credentials, default signal actions and name. What goes wrong
 * between costs nothing but the new space.
 *
 * Linux maps the program only after that point, so what is wrong with its segments kills the
 * process there (SIGSEGV) instead of failing the call; such errors are kept in late_error and do
 * the same here.
 */
#include <drivers/random.h>
#include <fs/xattr.h>
#include <ipc/futex.h>
#include <kernel/dispatch.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/perf.h>
#include <kernel/posix_timers.h>
#include <kernel/printk.h>
#include <mm/slab.h>
#include <uapi/mman.h>
#include <uapi/prctl.h>

#include "exec_internal.h"
#include "trace_internal.h"

#define STACK_LIMIT_SECURE (8UL << 20) /* what a set-id program starts with at most */

int randomize_va_space = 2; /* sysctl kernel.randomize_va_space: 0 off */

bool exec_randomises(void)
{
	return READ_ONCE(randomize_va_space) &&
	       !(current_process()->personality & ADDR_NO_RANDOMIZE);
}

unsigned long exec_random_pages(unsigned long range)
{
	u64 value;

	if (!exec_randomises())
		return 0;
	random_get_bytes(&value, sizeof(value));
	return value % range & PAGE_MASK;
}

/* ---- files ---- */

file_t *exec_open(exec_t *e, int dfd, const char *path, int flags)
{
	file_t *f = file_open_exec(dfd, path, flags);

	if (!IS_ERR(f) && node_permission(f->node, MAY_READ))
		e->unreadable = true;
	return f;
}

static void close_exec_file(file_t *f)
{
	file_allow_write(f);
	file_put(f);
}

static int read_header(exec_t *e)
{
	off_t pos = 0;
	ssize_t n;

	memset(e->header, 0, sizeof(e->header));
	n = kernel_read(e->file, e->header, sizeof(e->header), &pos);
	return n < 0 ? (int)n : 0;
}

/* The name that a program run through a descriptor is told. */
static int compose_filename(exec_t *e, const char *path)
{
	size_t size;

	if (e->dfd == AT_FDCWD || path[0] == '/') {
		e->filename = (char *)path;
		return 0;
	}
	size = strlen(path) + 24;
	e->filename_heap = kmalloc(size, GFP_KERNEL);
	if (!e->filename_heap)
		return -ENOMEM;
	snprintf(e->filename_heap, size, path[0] ? "/dev/fd/%d/%s" : "/dev/fd/%d", e->dfd, path);
	e->filename = e->filename_heap;
	e->inaccessible = fd_get_cloexec(e->dfd);
	return 0;
}

/* One step from a script to its interpreter. */
static int follow_script(exec_t *e)
{
	char *name, *arg;
	file_t *next;
	int r;

	if (e->header[0] != '#' || e->header[1] != '!')
		return -ENOEXEC;
	if (e->inaccessible && e->script_path == e->filename)
		return -ENOENT;
	r = exec_parse_script((char *)e->header, &name, &arg);
	if (r)
		return r;
	r = exec_replace_arg0(e, name, arg, e->script_path);
	if (r)
		return r;
	strscpy(e->interpreter, name, sizeof(e->interpreter));
	next = exec_open(e, AT_FDCWD, e->interpreter, 0);
	if (IS_ERR(next))
		return (int)PTR_ERR(next);
	close_exec_file(e->file);
	e->file = next;
	e->script_path = e->interpreter;
	return 0;
}

static int load_program(exec_t *e)
{
	for (int depth = 0;; depth++) {
		int r;

		if (depth > EXEC_MAX_DEPTH)
			return -ELOOP;
		r = read_header(e);
		if (r)
			return r;
		r = exec_load_elf(e);
		if (r != -ENOEXEC)
			return r;
		r = follow_script(e);
		if (r)
			return r;
	}
}

/*
 * ---- credentials of the new program (capabilities(7), "Transformation of capabilities during
 * execve") ----
 */

/* Are directories shared with another process? Then a set-id program could be led astray. */
static bool shares_directories(const thread_t *t)
{
	process_t *p = t->process;
	u32 own = 0;
	thread_t *other;

	spin_lock_irq(sig_lock(p));
	list_for_each_entry(other, &p->threads, process_link)
		own += other->fs == t->fs;
	spin_unlock_irq(sig_lock(p));
	return refcount_read(&t->fs->refs) > own;
}

static void apply_set_id(exec_t *e)
{
	cred_t *c = e->cred;
	vfs_node_t *node = e->file->node;
	mode_t mode;
	uid_t uid;
	gid_t gid;

	if (!(READ_ONCE(node->mode) & (S_ISUID | S_ISGID)) || c->no_new_privs ||
	    (e->file->path.mount->flags & MNT_NOSUID))
		return;
	/* All as of one moment: who gives a file away takes its set-id bits away first. */
	rwsem_read_lock(&node->lock);
	mode = node->mode;
	uid = node->uid;
	gid = node->gid;
	rwsem_read_unlock(&node->lock);
	if (!(mode & (S_ISUID | S_ISGID)))
		return;
	if (mode & S_ISUID)
		c->euid = uid;
	if ((mode & (S_ISGID | 0010)) ==
	    (S_ISGID | 0010)) /* without the latter: mandatory locking */
		c->egid = gid;
	e->set_id = true;
}

/* Nobody comes by the rights of a set-id program by tracing it. */
static bool traced_without_right(thread_t *t)
{
	unsigned long flags;
	bool without = false;

	read_lock_irqsave(&process_tree_lock, &flags);
	rcu_read_lock();
	if (t->trace)
		without = !cred_capable(rcu_dereference(t->tracer->cred), CAP_SYS_PTRACE);
	rcu_read_unlock();
	read_unlock_irqrestore(&process_tree_lock, flags);
	return without;
}

/*
 * What the file's own capabilities give. 0, or -EPERM: it says that it cannot do with less than
 * they are.
 */
static int apply_file_caps(exec_t *e, file_caps_t *caps)
{
	cred_t *c = e->cred;

	*caps = (file_caps_t){ 0 };
	c->cap_permitted = 0;
	if ((e->file->path.mount->flags & MNT_NOSUID) || !vfs_file_caps(e->file->node, caps))
		return 0;
	c->cap_permitted =
		(caps->permitted & c->cap_bounding) | (caps->inheritable & c->cap_inheritable);
	return caps->effective && (caps->permitted & ~c->cap_permitted) ? -EPERM : 0;
}

static int compute_creds(exec_t *e)
{
	const cred_t *old = current_cred();
	cred_t *c = prepare_creds();
	bool root, has_caps, traced;
	file_caps_t caps;
	int r;

	if (!c)
		return -ENOMEM;
	e->cred = c;
	apply_set_id(e);
	r = apply_file_caps(e, &caps);
	if (r)
		return r;
	has_caps = caps.permitted | caps.inheritable;
	/* A set-id program of root's that has capabilities gets those alone. */
	root = !(c->securebits & SECBIT_NOROOT) &&
	       (c->uid == 0 || (c->euid == 0 && !(has_caps && e->set_id)));
	if (root) {
		c->cap_permitted = c->cap_inheritable | c->cap_bounding;
		caps.effective = c->euid == 0;
	}
	if (c->euid != old->uid || c->egid != old->gid ||
	    (c->cap_permitted & ~old->cap_permitted)) {
		traced = traced_without_right(current());
		if (traced || c->no_new_privs || shares_directories(current())) {
			if (traced || c->no_new_privs || !capable(CAP_SETUID)) {
				c->euid = c->uid;
				c->egid = c->gid;
			}
			c->cap_permitted &= old->cap_permitted;
		}
	}
	c->suid = c->fsuid = c->euid;
	c->sgid = c->fsgid = c->egid;
	if (has_caps || (e->set_id && (c->euid != old->euid || c->egid != old->egid)))
		c->cap_ambient = 0;
	c->cap_permitted |= c->cap_ambient;
	c->cap_effective = caps.effective ? c->cap_permitted : c->cap_ambient;
	c->securebits &= ~SECBIT_KEEP_CAPS;
	e->secure = c->euid != c->uid || c->egid != c->gid ||
		    (c->uid != 0 && !root && (c->cap_permitted & ~c->cap_ambient));
	return 0;
}

/* ---- the point of no return ---- */

static bool others_gone(thread_t *t)
{
	process_t *p = t->process;
	bool gone = true;
	thread_t *other;

	spin_lock_irq(sig_lock(p));
	list_for_each_entry(other, &p->threads, process_link)
		if (other != t && !(other == p->leader && READ_ONCE(other->exited)))
			gone = false;
	spin_unlock_irq(sig_lock(p));
	return gone;
}

/* The running thread becomes the process's leader, with the number that the process is known by. */
static void take_leadership(thread_t *t)
{
	process_t *p = t->process;
	thread_t *old = p->leader;
	struct pid *own = t->pid;

	write_lock_irq(&process_tree_lock);
	spin_lock(sig_lock(p));
	t->pid = old->pid;
	t->tid = old->tid;
	t->start_time = old->start_time;
	rcu_assign_pointer(t->pid->thread, t);
	old->pid = own;
	old->tid = own->nr;
	rcu_assign_pointer(own->thread, old);
	p->leader = t;
	spin_unlock(sig_lock(p));
	if (old->trace) {
		wake_up_all(&old->tracer->process->wait_children);
		trace_unlink(old);
	}
	thread_unlist(old);
	write_unlock_irq(&process_tree_lock);
	thread_drop_listed(old);
}

/* Ends every other thread. -EAGAIN when this one is to end itself. */
static int end_other_threads(thread_t *t)
{
	process_t *p = t->process;
	thread_t *other;
	int r = 0;

	spin_lock_irq(sig_lock(p));
	if (p->group_exit || p->exec_thread) {
		spin_unlock_irq(sig_lock(p));
		return -EAGAIN;
	}
	if (list_is_singular(&p->threads)) {
		spin_unlock_irq(sig_lock(p));
		return 0;
	}
	p->exec_thread = t;
	p->stop_count = 0;
	t->job_ctl &= ~(JOB_STOP_PENDING | JOB_STOP_COUNTED);
	list_for_each_entry(other, &p->threads, process_link) {
		if (other == t || other->exiting)
			continue;
		job_clear(other, ~0u);
		other->pending.set |= sigmask(SIGKILL);
		signal_wake_thread(other, true);
	}
	spin_unlock_irq(sig_lock(p));
	if (wait_event_killable(&p->wait_exit, others_gone(t)))
		r = -EAGAIN;
	else if (p->leader != t)
		take_leadership(t);
	spin_lock_irq(sig_lock(p));
	p->exec_thread = NULL;
	spin_unlock_irq(sig_lock(p));
	return r;
}

static void reset_actions(sighand_t *s)
{
	for (u32 i = 0; i < ARRAY_SIZE(s->action); i++) {
		if (s->action[i].handler != SIG_IGN_PTR)
			s->action[i].handler = SIG_DFL_PTR;
		s->action[i].flags = 0;
		s->action[i].mask = 0;
		s->action[i].restorer = NULL;
	}
}

/* A table of actions that nobody shares; `fresh` is used where the present one is shared. */
static void own_actions(process_t *p, sighand_t *fresh)
{
	sighand_t *old = p->sighand;

	if (!fresh) {
		spin_lock_irq(&old->lock);
		reset_actions(old);
		spin_unlock_irq(&old->lock);
		return;
	}
	write_lock_irq(&process_tree_lock);
	spin_lock(&old->lock);
	memcpy(fresh->action, old->action, sizeof(fresh->action));
	reset_actions(fresh);
	rcu_assign_pointer(p->sighand, fresh);
	spin_unlock(&old->lock);
	write_unlock_irq(&process_tree_lock);
	sighand_put(old);
}

static void take_memory(exec_t *e, thread_t *t)
{
	process_t *p = t->process;
	u64 resident;

	thread_leave_memory(t); /* in the old space */
	resident = t->space ? MAX(READ_ONCE(t->space->max_resident), vm_resident(t->space)) : 0;
	spin_lock_irq(sig_lock(p));
	p->max_rss = MAX(p->max_rss, resident);
	p->space = e->space;
	spin_unlock_irq(sig_lock(p));
	vm_space_activate(e->space);
	e->space = NULL;
}

static void take_file(exec_t *e, process_t *p)
{
	file_t *old;

	spin_lock_irq(sig_lock(p));
	old = p->exe;
	p->exe = e->file;
	spin_unlock_irq(sig_lock(p));
	e->file = NULL;
	if (old)
		file_put(old);
}

static void take_name(const exec_t *e, thread_t *t)
{
	const char *slash = strrchr(e->filename, '/');

	strscpy(t->name, slash ? slash + 1 : e->filename, sizeof(t->name));
}

/* Who may look into the process: fewer from here on, more only when it has its new memory (ptrace_space). */
static u8 take_credentials(exec_t *e, process_t *p)
{
	bool own = !e->unreadable && e->cred->euid == e->cred->uid && e->cred->egid == e->cred->gid;
	u8 dumpable = own ? DUMP_USER : (u8)READ_ONCE(suid_dumpable);

	if (e->secure)
		p->death_signal = 0;
	if (e->set_id)
		p->personality &= ~PER_CLEAR_ON_SETID;
	if (e->secure) {
		spin_lock_irq(sig_lock(p));
		if (p->rlimits[RLIMIT_STACK].rlim_cur > STACK_LIMIT_SECURE)
			p->rlimits[RLIMIT_STACK].rlim_cur = STACK_LIMIT_SECURE;
		spin_unlock_irq(sig_lock(p));
	}
	if (!own)
		p->dumpable = dumpable;
	commit_creds(e->cred);
	e->cred = NULL;
	return dumpable;
}

/* No way back. sighand: see own_actions; consumed. */
static void become_program(exec_t *e, sighand_t *sighand)
{
	thread_t *t = current();
	process_t *p = t->process;
	u8 dumpable;

	posix_timers_exec();
	dumpable = take_credentials(e, p);
	take_memory(e, t);
	p->dumpable = dumpable;
	own_actions(p, sighand);
	take_file(e, p);
	take_name(e, t);
	if (perf_used())
		perf_exec(t);
	t->altstack_sp = t->altstack_size = 0;
	t->altstack_flags = SS_DISABLE;
	t->restart.function = NULL;
	t->robust_list = NULL;
	t->rseq = NULL;
	syscall_dispatch_clear(t);
	t->set_child_tid = NULL;
	p->exit_signal = SIGCHLD;
	p->membarriers = 0;
	WRITE_ONCE(p->did_exec, true);
	files_close_on_exec(t->files);
	arch_start_user(arch_user_frame(t), e->entry, e->sp);
}

/* The old program is as good as gone, and there is no new one. */
static void die_half_way(void)
{
	siginfo_t info;

	siginfo_init(&info, SIGSEGV, SI_KERNEL);
	spin_lock_irq(sig_lock(current_process()));
	current_process()->sighand->action[SIGSEGV - 1].handler = SIG_DFL_PTR;
	spin_unlock_irq(sig_lock(current_process()));
	force_signal(SIGSEGV, &info);
}

/* With the new program complete in e. */
static int commit(exec_t *e)
{
	thread_t *t = current();
	process_t *p = t->process;
	sighand_t *sighand = NULL;
	int r;

	/*
	 * Other threads may yet share the actions with another process, or stop sharing by ending.
	 */
	if (refcount_read(&p->sighand->refs) > 1 || !list_is_singular(&p->threads)) {
		sighand = sighand_alloc();
		if (!sighand)
			return -ENOMEM;
	}
	r = end_other_threads(t);
	if (!r && !files_unshare_if_needed(t)) {
		die_half_way(); /* the other threads are gone already */
		r = -ENOMEM;
	}
	if (sighand && (r || refcount_read(&p->sighand->refs) == 1)) {
		sighand_put(sighand);
		sighand = NULL;
	}
	if (!r)
		become_program(e, sighand);
	return r;
}

/* ---- the whole ---- */

static int check_process_count(process_t *p)
{
	const cred_t *c = current_cred();

	/*
	 * setuid(2) cannot fail for the limit, as programs do not look: execve does it in its
	 * place.
	 */
	if (p->nproc_exceeded && (u64)atomic_read(&c->user->processes) > rlimit(RLIMIT_NPROC) &&
	    c->uid != 0 && !capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN))
		return -EAGAIN;
	p->nproc_exceeded = false;
	return 0;
}

/* exec_guard held. */
static int prepare(exec_t *e, const char *path, exec_strings_t argv, exec_strings_t envp)
{
	int r = compose_filename(e, path);

	if (r)
		return r;
	e->script_path = e->filename;
	e->space = vm_space_create();
	if (!e->space)
		return -ENOMEM;
	r = exec_setup_stack(e);
	if (r)
		return r;
	r = exec_copy_strings(e, argv, envp);
	if (r)
		return r;
	if (e->flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	e->file = exec_open(e, e->dfd, path, e->flags);
	if (IS_ERR(e->file)) {
		r = (int)PTR_ERR(e->file);
		e->file = NULL;
		return r;
	}
	r = load_program(e);
	if (r || e->late_error)
		return r;
	r = compute_creds(e);
	if (r)
		return r;
	r = exec_map_vdso(e);
	if (r)
		return r;
	e->late_error = exec_finish_stack(e);
	return 0;
}

static void release(exec_t *e)
{
	if (e->file)
		close_exec_file(e->file);
	if (e->space)
		vm_space_put(e->space);
	if (e->cred)
		cred_put(e->cred);
	exec_free_strings(e);
	kfree(e->filename_heap);
	kfree(e);
}

long do_execve(int dfd, const char *path, int flags, exec_strings_t argv, exec_strings_t envp)
{
	pid_t tid = current()->tid; /* the process's number afterwards */
	exec_t *e;
	int r;

	r = check_process_count(current_process());
	if (r)
		return r;
	e = kzalloc(sizeof(*e), GFP_KERNEL);
	if (!e)
		return -ENOMEM;
	e->dfd = dfd;
	e->flags = flags;
	e->stack_limit = rlimit(RLIMIT_STACK);
	if (mutex_lock_interruptible(&current_process()->exec_guard)) {
		kfree(e);
		return -ERESTARTNOINTR;
	}
	r = prepare(e, path, argv, envp);
	if (!r && e->late_error) {
		r = e->late_error;
		die_half_way();
	} else if (!r) {
		r = commit(e);
	}
	mutex_unlock(&current_process()->exec_guard);
	release(e);
	if (!r)
		trace_event(PTRACE_EVENT_EXEC, (u64)tid);
	return r;
}

int kernel_execve(const char *path, const char *const argv[], const char *const envp[])
{
	return (int)do_execve(AT_FDCWD, path, 0, (exec_strings_t){ .kernel = argv },
			      (exec_strings_t){ .kernel = envp });
}
