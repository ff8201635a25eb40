/*
 * Register requests of ptrace(2).
 */
#include <arch/uaccess.h>
#include <kernel/lib/string.h>
#include <mm/iter.h>

#include "ptrace_internal.h"

#define WORD sizeof(u64)

/* ---- one word of struct user ---- */

static bool debug_register(unsigned long addr, u32 *n)
{
	*n = (u32)((addr - USER_AREA_DEBUG) / WORD);
	return addr >= USER_AREA_DEBUG && *n < USER_DEBUG_REGISTERS;
}

static bool in_user_area(unsigned long addr)
{
	return IS_ALIGNED(addr, WORD) && addr < USER_AREA_SIZE;
}

long ptrace_peek_user(thread_t *t, unsigned long addr, u64 __user *out)
{
	struct user_regs_struct regs;
	u64 value = 0;
	u32 n;

	if (!in_user_area(addr))
		return -EIO;
	if (addr < sizeof(regs)) {
		arch_regs_get(t, &regs);
		value = ((const u64 *)&regs)[addr / WORD];
	} else if (debug_register(addr, &n)) {
		value = arch_debug_get(t, n);
	}
	return put_user_u64(value, out);
}

long ptrace_poke_user(thread_t *t, unsigned long addr, unsigned long value)
{
	struct user_regs_struct regs;
	u32 n;

	if (!in_user_area(addr))
		return -EIO;
	if (addr < sizeof(regs)) {
		arch_regs_get(t, &regs);
		((u64 *)&regs)[addr / WORD] = value;
		return arch_regs_set(t, &regs);
	}
	if (debug_register(addr, &n))
		return arch_debug_set(t, n, value);
	return -EIO;
}

/* ---- sets ---- */

static size_t set_size(unsigned long note)
{
	if (note == NT_PRSTATUS)
		return sizeof(struct user_regs_struct);
	return note <= UINT32_MAX ? arch_fpregs_size((u32)note) : 0;
}

static long get_fpregs(thread_t *t, u32 note, void __user *out, size_t size)
{
	void *image = kmalloc(set_size(note), GFP_KERNEL);
	long r;

	if (!image)
		return -ENOMEM;
	arch_fpregs_get(t, note, image);
	r = copy_to_user(out, image, size) ? -EFAULT : 0;
	kfree(image);
	return r;
}

static long get_part(thread_t *t, u32 note, void __user *out, size_t size)
{
	struct user_regs_struct regs;

	if (note != NT_PRSTATUS)
		return get_fpregs(t, note, out, size);
	arch_regs_get(t, &regs);
	return copy_to_user(out, &regs, size) ? -EFAULT : 0;
}

static long set_fpregs(thread_t *t, u32 note, const void __user *in, size_t size)
{
	void *image;
	long r = -EFAULT;

	if (size != set_size(note))
		return note == NT_X86_XSTATE ? -EFAULT : -EINVAL;
	image = kmalloc(size, GFP_KERNEL);
	if (!image)
		return -ENOMEM;
	if (!copy_from_user(image, in, size))
		r = arch_fpregs_set(t, note, image);
	kfree(image);
	return r;
}

static long set_part(thread_t *t, u32 note, const void __user *in, size_t size)
{
	struct user_regs_struct regs;

	if (note != NT_PRSTATUS)
		return set_fpregs(t, note, in, size);
	arch_regs_get(t, &regs);
	if (copy_from_user(&regs, in, size))
		return -EFAULT;
	return arch_regs_set(t, &regs);
}

long ptrace_get_set(thread_t *t, u32 note, void __user *out)
{
	return get_part(t, note, out, set_size(note));
}

long ptrace_set_set(thread_t *t, u32 note, const void __user *in)
{
	return set_part(t, note, in, set_size(note));
}

long ptrace_regset(thread_t *t, unsigned long note, void __user *uiov, bool write)
{
	iovec_t __user *to = uiov;
	size_t size = set_size(note);
	iovec_t iov;
	long r;

	if (copy_from_user(&iov, uiov, sizeof(iov)))
		return -EFAULT;
	if (!size || iov.len % WORD)
		return -EINVAL;
	iov.len = MIN(iov.len, size);
	r = write ? set_part(t, (u32)note, iov.base, iov.len)
		  : get_part(t, (u32)note, iov.base, iov.len);
	return r ? r : put_user_u64(iov.len, (u64 __user *)&to->len);
}

/* ---- what the thread is stopped for ---- */

long ptrace_syscall_info(thread_t *t, size_t size, void __user *out)
{
	struct ptrace_syscall_info info = { .arch = AUDIT_ARCH_X86_64 };
	trap_frame_t *frame = arch_user_frame(t);
	size_t actual = offsetof(struct ptrace_syscall_info, entry);
	unsigned long flags;
	bool in_call;
	u64 message;
	long value;

	if (!process_lock_sighand(t->process, &flags))
		return -ESRCH;
	in_call = t->stop_info && t->stop_info->si_code == (SIGTRAP | 0x80);
	message = t->trace_message;
	process_unlock_sighand(t->process, flags);
	info.instruction_pointer = arch_frame_ip(frame);
	info.stack_pointer = arch_frame_sp(frame);
	if (in_call && message == PTRACE_EVENTMSG_SYSCALL_ENTRY) {
		info.op = PTRACE_SYSCALL_INFO_ENTRY;
		info.entry.nr = (u64)arch_syscall_arguments(t, info.entry.args);
		actual = offsetof(struct ptrace_syscall_info, entry) + sizeof(info.entry);
	} else if (in_call && message == PTRACE_EVENTMSG_SYSCALL_EXIT) {
		value = arch_syscall_result(frame);
		info.op = PTRACE_SYSCALL_INFO_EXIT;
		info.exit.is_error = value < 0 && value >= -MAX_ERRNO;
		info.exit.rval = value;
		actual = offsetof(struct ptrace_syscall_info, exit.is_error) +
			 sizeof(info.exit.is_error);
	}
	return copy_to_user(out, &info, MIN(actual, size)) ? -EFAULT : (long)actual;
}
