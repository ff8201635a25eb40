/*
 * Core files: whether, under which name, and the threads standing still meanwhile (core(5)).
 *
 * The thread that takes a signal whose action leaves a core file makes the process end as exit_group
 * does, but with process->core set: the others get as far as leave_signals and park there, their
 * registers in memory. When all have, the dumper writes, alone in the process, and lets them go on.
 * SIGKILL is all that can reach the process in the meantime; it ends the writing.
 */
#include <arch/trace.h>
#include <fs/procfs.h>
#include <fs/vfs.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/printk.h>
#include <kernel/time/clock.h>
#include <kernel/uts.h>
#include <mm/space.h>
#include <uapi/fcntl.h>
#include <uapi/wait.h>

#include "coredump_internal.h"

#define CORE_NAME_SIZE 256
#define CORE_MODE 0600

/* process->core, on the dumper's stack; all by sig_lock. */
typedef struct core_dump {
	thread_t *dumper;
	u32 running; /* threads yet to park */
} core_dump_t;

static spinlock_t core_pattern_lock = SPINLOCK_INIT("core_pattern");
static char core_pattern[128] = "core"; /* core_pattern_lock */
static int core_uses_pid;
int suid_dumpable;

/* ---- standing still ---- */

void core_park(thread_t *t) __must_hold(sig_lock)
{
	process_t *p = t->process;
	core_dump_t *core = p->core;

	assert_held(sig_lock(p));
	if (likely(!core || core->dumper == t))
		return;
	arch_trace_stop();
	if (--core->running == 0)
		wake_up_all(&p->wait_exit);
	spin_unlock_irq(sig_lock(p));
	wait_event(&p->wait_exit, !READ_ONCE(p->core));
	spin_lock_irq(sig_lock(p));
}

/* The process is to end with this status. False when it is about to end otherwise already. */
static bool stop_others(thread_t *t, core_dump_t *core, int status)
{
	process_t *p = t->process;
	thread_t *other;

	spin_lock_irq(sig_lock(p));
	if (p->group_exit || p->exec_thread) {
		spin_unlock_irq(sig_lock(p));
		return false;
	}
	process_kill_threads(p, status);
	t->pending.set &= ~sigmask(SIGKILL);
	signal_recalc_pending(t);
	list_for_each_entry(other, &p->threads, process_link)
		if (other != t && !other->exiting)
			core->running++;
	p->core = core;
	spin_unlock_irq(sig_lock(p));
	/* They park without fail, SIGKILL or not. */
	wait_event(&p->wait_exit, !READ_ONCE(core->running));
	return true;
}

static void let_go(thread_t *t, int status)
{
	process_t *p = t->process;

	spin_lock_irq(sig_lock(p));
	p->exit_code = status;
	p->core = NULL;
	spin_unlock_irq(sig_lock(p));
	wake_up_all(&p->wait_exit);
}

/* ---- the name ---- */

typedef struct name {
	char text[CORE_NAME_SIZE];
	size_t len;
} name_t;

static void add_text(name_t *n, const char *text)
{
	for (; *text && n->len < sizeof(n->text) - 1; text++)
		n->text[n->len++] = *text;
	n->text[n->len] = '\0';
}

/* A part that must stay one component and must not lead elsewhere. */
static void add_word(name_t *n, const char *text)
{
	size_t from = n->len;

	add_text(n, text);
	for (size_t i = from; i < n->len; i++)
		if (n->text[i] == '/')
			n->text[i] = '!';
	if (n->len - from == 1 && n->text[from] == '.')
		n->text[from] = '!';
	else if (n->len - from == 2 && n->text[from] == '.' && n->text[from + 1] == '.')
		n->text[from] = '!';
}

static void add_number(name_t *n, long value)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", value);
	add_text(n, text);
}

/* %E: the whole path, with ! for /; %f: its last component. */
static void add_executable(name_t *n, bool whole)
{
	process_t *p = current_process();
	char *buffer = kmalloc(PAGE_SIZE, GFP_KERNEL), *path;

	if (!buffer || !p->exe || path_name(&p->exe->path, buffer, PAGE_SIZE, &path)) {
		add_word(n, current()->name);
	} else {
		const char *slash = strrchr(path, '/');

		add_word(n, whole || !slash ? path : slash + 1);
	}
	kfree(buffer);
}

static void add_specifier(name_t *n, char what, int sig)
{
	const cred_t *c = current_cred();
	thread_t *t = current();

	switch (what) {
	case '%':
		add_text(n, "%");
		break;
	case 'p':
	case 'P':
		add_number(n, t->process->pid);
		break;
	case 'i':
	case 'I':
		add_number(n, t->tid);
		break;
	case 'u':
		add_number(n, c->uid);
		break;
	case 'g':
		add_number(n, c->gid);
		break;
	case 'd':
		add_number(n, t->process->dumpable);
		break;
	case 's':
		add_number(n, sig);
		break;
	case 't':
		add_number(n, clock_realtime() / NSEC_PER_SEC);
		break;
	case 'h':
		spin_lock(&init_uts.lock);
		add_word(n, init_uts.name.nodename);
		spin_unlock(&init_uts.lock);
		break;
	case 'e':
		add_word(n, t->name);
		break;
	case 'f':
	case 'E':
		add_executable(n, what == 'E');
		break;
	case 'c':
		add_number(n, (long)rlimit(RLIMIT_CORE));
		break;
	}
}

/* The pattern may be written meanwhile: then the name is a mixture, but a terminated one. */
static void make_name(name_t *n, const char *pattern, int sig)
{
	bool with_pid = false;

	for (; *pattern; pattern++) {
		char one[2] = { *pattern, '\0' };

		if (*pattern != '%') {
			add_text(n, one);
			continue;
		}
		if (!*++pattern)
			break;
		with_pid |= *pattern == 'p';
		add_specifier(n, *pattern, sig);
	}
	if (!with_pid && READ_ONCE(core_uses_pid)) {
		add_text(n, ".");
		add_number(n, current_process()->pid);
	}
}

/* ---- the file ---- */

/*
 * What a program with another's rights leaves is root's (DUMP_ROOT), under a whole path as init sees it: nobody else has a
 * say in where it is. Nobody runs but the dumper.
 */
typedef struct root_guise {
	cred_t *cred; /* the thread's own */
	fs_context_t *fs;
} root_guise_t;

static void swap_guise(thread_t *t, root_guise_t *g)
{
	cred_t *cred = t->cred;
	fs_context_t *fs = t->fs;

	spin_lock_irq(sig_lock(t->process));
	t->fs = g->fs;
	spin_unlock_irq(sig_lock(t->process));
	rcu_assign_pointer(t->cred, g->cred);
	*g = (root_guise_t){ cred, fs };
}

static bool put_on_guise(root_guise_t *g)
{
	thread_t *init = thread_get_by_tid(init_process->pid);

	*g = (root_guise_t){ prepare_creds(), init ? thread_fs_get(init) : NULL };
	if (init)
		thread_put(init);
	if (!g->cred || !g->fs) {
		if (g->cred)
			cred_put(g->cred);
		if (g->fs)
			fs_context_put(g->fs);
		return false;
	}
	g->cred->fsuid = 0;
	swap_guise(current(), g);
	return true;
}

static void take_off_guise(root_guise_t *g)
{
	swap_guise(current(), g);
	cred_put(g->cred);
	fs_context_put(g->fs);
}

/* A new one in every case: nobody else can have it open, and it is no link. */
static file_t *open_core(const char *name)
{
	const int flags = O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_LARGEFILE;
	const vfs_node_t *node;
	file_t *f;

	(void)vfs_unlink_at(AT_FDCWD, name, 0); /* what is wrong is found at the open */
	f = file_open_at(AT_FDCWD, name, flags, CORE_MODE);
	if (IS_ERR(f))
		return f;
	node = f->node;
	if (S_ISREG(node->mode) && node->nlink == 1 && node->uid == current_cred()->fsuid &&
	    (node->mode & 0677) == (CORE_MODE & node->mode))
		return f;
	file_put(f);
	return ERR_PTR(-EPERM);
}

static file_t *open_as_root(const char *name)
{
	root_guise_t guise;
	file_t *f;

	if (name[0] != '/') {
		printk(KERN_WARNING
		       "%s[%d]: no core file: not under a whole path, and it may hold secrets\n",
		       current()->name, current()->tid);
		return ERR_PTR(-EPERM);
	}
	if (!put_on_guise(&guise))
		return ERR_PTR(-ENOMEM);
	f = open_core(name);
	take_off_guise(&guise);
	return f;
}

static bool write_file(const siginfo_t *info)
{
	core_file_t core = { .info = info, .limit = rlimit(RLIMIT_CORE) };
	static printk_ratelimit_t limit;
	name_t name = { .len = 0 };
	char pattern[sizeof(core_pattern)];
	bool complete;

	spin_lock(&core_pattern_lock);
	strscpy(pattern, core_pattern, sizeof(pattern));
	spin_unlock(&core_pattern_lock);
	if (pattern[0] == '|') {
		if (printk_ratelimit(&limit))
			printk(KERN_INFO "%s[%d]: no core file: there are no pipe handlers\n",
			       current()->name, current()->tid);
		return false;
	}
	if (core.limit < PAGE_SIZE)
		return false;
	make_name(&name, pattern, info->si_signo);
	core.file = current_process()->dumpable == DUMP_ROOT ? open_as_root(name.text)
							     : open_core(name.text);
	if (IS_ERR(core.file))
		return false;
	complete = core_write(&core);
	file_put(core.file);
	return complete;
}

void core_dump(const siginfo_t *info)
{
	thread_t *t = current();
	int status = info->si_signo;
	core_dump_t core = { .dumper = t };

	if (READ_ONCE(t->process->dumpable) == DUMP_NONE || !t->space)
		return;
	if (!stop_others(t, &core, status))
		return;
	arch_trace_stop();
	if (write_file(info))
		status |= WAIT_STATUS_CORE;
	let_go(t, status);
}

static int set_suid_dumpable(u64 value)
{
	bool whole;

	WRITE_ONCE(suid_dumpable, (int)value);
	spin_lock(&core_pattern_lock);
	whole = core_pattern[0] == '/' || core_pattern[0] == '|';
	spin_unlock(&core_pattern_lock);
	if (value == DUMP_ROOT && !whole)
		pr_warn("fs.suid_dumpable is 2, but kernel.core_pattern is no whole path: nothing is dumped\n");
	return 0;
}

__init void core_sysctl_init(void)
{
	proc_sysctl_int_changed("fs/suid_dumpable", 0644, &suid_dumpable, DUMP_NONE, DUMP_ROOT,
				set_suid_dumpable);
	proc_sysctl_string("kernel/core_pattern", 0644, core_pattern, sizeof(core_pattern),
			   &core_pattern_lock);
	proc_sysctl_int("kernel/core_uses_pid", 0644, &core_uses_pid, 0, 1);
}
