/*
 * System calls that a program handles itself: those of foreign code that it runs, made by addresses
 * outside its own. The thread has TF_DISPATCH, so its calls take the slow path and come here first.
 * What its selector byte says is read at each call, and believed only as far as it makes sense.
 */
#include <kernel/dispatch.h>

#include <arch/entry.h>
#include <arch/uaccess.h>
#include <kernel/process.h>
#include <uapi/errno.h>
#include <uapi/prctl.h>
#include <uapi/ptrace.h>

long syscall_dispatch_set(unsigned long mode, unsigned long start, unsigned long length,
			  const u8 __user *selector)
{
	thread_t *t = current();

	switch (mode) {
	case PR_SYS_DISPATCH_OFF:
		if (start || length || selector)
			return -EINVAL;
		syscall_dispatch_clear(t);
		return 0;
	case PR_SYS_DISPATCH_ON:
		if (start && start + length <= start)
			return -EINVAL;
		if (selector && !access_ok(selector, sizeof(*selector)))
			return -EFAULT;
		t->dispatch = (syscall_dispatch_t){ start, length, selector, false };
		thread_set_flag(t, TF_DISPATCH);
		return 0;
	}
	return -EINVAL;
}

void syscall_dispatch_clear(thread_t *t)
{
	thread_clear_flag(t, TF_DISPATCH);
	t->dispatch = (syscall_dispatch_t){ 0 };
}

/* The program is at its end, whatever it does with the signal. */
static void end_by(int sig)
{
	process_t *p = current_process();
	siginfo_t info;

	siginfo_init(&info, sig, SI_KERNEL);
	spin_lock_irq(sig_lock(p));
	p->sighand->action[sig - 1].handler = SIG_DFL_PTR;
	spin_unlock_irq(sig_lock(p));
	force_signal(sig, &info);
}

bool syscall_dispatch(trap_frame_t *frame)
{
	thread_t *t = current();
	const syscall_dispatch_t *d = &t->dispatch;
	u8 selector = SYSCALL_DISPATCH_FILTER_BLOCK;
	siginfo_t info;

	t->dispatch.taken = false;
	if (arch_frame_ip(frame) - d->start < d->length)
		return false;
	if (d->selector && get_user_u8(&selector, d->selector)) {
		end_by(SIGSEGV);
		return true;
	}
	if (selector == SYSCALL_DISPATCH_FILTER_ALLOW)
		return false;
	if (selector != SYSCALL_DISPATCH_FILTER_BLOCK) {
		end_by(SIGSYS);
		return true;
	}
	t->dispatch.taken = true;
	siginfo_init(&info, SIGSYS, SYS_USER_DISPATCH);
	info.call.addr = (void *)arch_frame_ip(frame);
	info.call.number = (int)arch_syscall_nr(frame);
	info.call.arch = AUDIT_ARCH_X86_64;
	force_signal(SIGSYS, &info);
	return true;
}
