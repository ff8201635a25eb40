/*
 * Signals as files (signalfd(2)). The file holds a set; a read takes signals of that set which are
 * pending for the thread that reads, or for its process.
 *
 * Sending wakes sighand->signalfd_wait, under the signal lock. That queue belongs to the process
 * and ends with it, perhaps before a file that watches it: see WAKE_QUEUE_ENDS.
 */
#include <ipc/timerfd.h>

#include <fs/poll.h>
#include <fs/seq_file.h>
#include <kernel/lib/string.h>
#include <kernel/process.h>
#include <mm/slab.h>
#include <uapi/errno.h>
#include <uapi/timerfd.h>

typedef struct signalfd {
	sigset_t set; /* written under the writer's sig_lock; read as one word */
} signalfd_t;

#define POLL_CODES 6 /* POLL_IN to POLL_HUP of SIGIO */

static void fill_fault(struct signalfd_siginfo *to, const siginfo_t *info)
{
	to->ssi_addr = (u64)info->fault.addr;
	to->ssi_addr_lsb = (u16)info->fault.addr_lsb;
}

static void fill_child(struct signalfd_siginfo *to, const siginfo_t *info)
{
	to->ssi_pid = (u32)info->child.pid;
	to->ssi_uid = info->child.uid;
	to->ssi_status = info->child.status;
	to->ssi_utime = (u64)info->child.utime;
	to->ssi_stime = (u64)info->child.stime;
}

static void fill_poll(struct signalfd_siginfo *to, const siginfo_t *info)
{
	to->ssi_band = (u32)info->poll.band;
	to->ssi_fd = info->poll.fd;
}

/* Codes above 0 that are not everybody's tell what the kernel found, each signal in its way. */
static bool fill_by_kernel(struct signalfd_siginfo *to, const siginfo_t *info)
{
	if (info->si_code <= 0 || info->si_code == SI_KERNEL)
		return false;
	switch (info->si_signo) {
	case SIGILL:
	case SIGFPE:
	case SIGSEGV:
	case SIGBUS:
	case SIGTRAP:
		fill_fault(to, info);
		return true;
	case SIGCHLD:
		fill_child(to, info);
		return true;
	}
	if (info->si_code > POLL_CODES)
		return false;
	fill_poll(to, info);
	return true;
}

static void fill(struct signalfd_siginfo *to, const siginfo_t *info)
{
	memset(to, 0, sizeof(*to));
	to->ssi_signo = (u32)info->si_signo;
	to->ssi_errno = info->si_errno;
	to->ssi_code = info->si_code;
	if (fill_by_kernel(to, info))
		return;
	if (info->si_code == SI_TIMER) {
		to->ssi_tid = (u32)info->timer.tid;
		to->ssi_overrun = (u32)info->timer.overrun;
		to->ssi_ptr = (u64)info->timer.value.sival_ptr;
		to->ssi_int = info->timer.value.sival_int;
		return;
	}
	to->ssi_pid = (u32)info->rt.pid;
	to->ssi_uid = info->rt.uid;
	if (info->si_code < 0) {
		to->ssi_ptr = (u64)info->rt.value.sival_ptr;
		to->ssi_int = info->rt.value.sival_int;
	}
}

/* A signal of the set, or 0. */
static int take(const signalfd_t *s, siginfo_t *info)
{
	thread_t *t = current();
	int sig;

	spin_lock_irq(sig_lock(t->process));
	sig = signal_dequeue(t, ~READ_ONCE(s->set), info);
	spin_unlock_irq(sig_lock(t->process));
	return sig;
}

static ssize_t signalfd_read_iter(file_t *f, iter_t *it, off_t *pos)
{
	wait_queue_head_t *wait = &current_process()->sighand->signalfd_wait;
	bool may_wait = !(f->flags & O_NONBLOCK) && !(it->io_flags & IO_NOWAIT);
	signalfd_t *s = f->private_data;
	struct signalfd_siginfo out;
	ssize_t done = 0;
	siginfo_t info;

	if (it->count < sizeof(out))
		return -EINVAL;
	while (it->count >= sizeof(out)) {
		int sig = take(s, &info), r;

		if (!sig) {
			if (done)
				break;
			if (!may_wait)
				return -EAGAIN;
			r = wait_event_interruptible(wait, (sig = take(s, &info)) != 0);
			/* What it was woken for may be gone to another thread, as that last look has found. */
			if (r && !signal_pending(current()))
				continue;
			if (r)
				return r;
		}
		fill(&out, &info);
		if (copy_to_iter(&out, sizeof(out), it) != sizeof(out))
			return done ? done : -EFAULT;
		done += (ssize_t)sizeof(out);
	}
	return done;
}

static u32 signalfd_poll(file_t *f, poll_table_t *pt)
{
	process_t *p = current_process();
	signalfd_t *s = f->private_data;
	sigset_t pending;

	poll_wait(f, &p->sighand->signalfd_wait, pt);
	spin_lock_irq(sig_lock(p));
	pending = p->pending.set | current()->pending.set;
	spin_unlock_irq(sig_lock(p));
	return pending & READ_ONCE(s->set) ? POLLIN : 0;
}

static void signalfd_release(file_t *f)
{
	kfree(f->private_data);
}

static void signalfd_show(file_t *f, struct seq_file *m)
{
	signalfd_t *s = f->private_data;

	seq_printf(m, "sigmask:\t%016lx\n", READ_ONCE(s->set));
}

static const file_operations_t signalfd_operations = {
	.read_iter = signalfd_read_iter,
	.llseek = noop_llseek,
	.poll = signalfd_poll,
	.release = signalfd_release,
	.show_fdinfo = signalfd_show,
	.kind = "anon_inode:[signalfd]",
};

file_t *signalfd_create_file(sigset_t set, int flags)
{
	signalfd_t *s = kmalloc(sizeof(*s), GFP_KERNEL);
	file_t *f;

	if (!s)
		return ERR_PTR(-ENOMEM);
	s->set = set;
	f = file_create_anon(signalfd_operations.kind, &signalfd_operations, s,
			     O_RDWR | (u32)(flags & SFD_NONBLOCK));
	if (IS_ERR(f))
		kfree(s);
	return f;
}

int signalfd_set(file_t *f, sigset_t set)
{
	process_t *p = current_process();
	signalfd_t *s = f->private_data;

	if (f->ops != &signalfd_operations)
		return -EINVAL;
	spin_lock_irq(sig_lock(p));
	WRITE_ONCE(s->set, set);
	spin_unlock_irq(sig_lock(p));
	wake_up_all(&p->sighand->signalfd_wait);
	return 0;
}
