/*
 * prctl(2), arch_prctl(2), personality(2).
 */
#include <arch/cpuinfo.h>
#include <arch/thread.h>
#include <arch/uaccess.h>
#include <kernel/cred_change.h>
#include <kernel/dispatch.h>
#include <kernel/lib/string.h>
#include <kernel/perf.h>
#include <kernel/process.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/prctl.h>

static long put_int(int value, unsigned long to)
{
	return put_user_u32((u32)value, (u32 __user *)to);
}

static long set_name(unsigned long from)
{
	char name[THREAD_NAME_LEN] = { 0 };

	if (strncpy_from_user(name, (const char __user *)from, sizeof(name) - 1) < 0)
		return -EFAULT;
	name[sizeof(name) - 1] = '\0';
	memcpy(current()->name, name, sizeof(name));
	if (perf_used())
		perf_comm(current(), false);
	return 0;
}

static long credential_option(int option, unsigned long a2, unsigned long a3, unsigned long a4,
			      unsigned long a5)
{
	const cred_t *c = current_cred();

	switch (option) {
	case PR_GET_KEEPCAPS:
		return !!(c->securebits & SECBIT_KEEP_CAPS);
	case PR_SET_KEEPCAPS:
		return a2 > 1 ? -EINVAL : cred_set_keepcaps(a2);
	case PR_CAPBSET_READ:
		return a2 > CAP_LAST_CAP ? -EINVAL : (long)((c->cap_bounding >> a2) & 1);
	case PR_CAPBSET_DROP:
		return cred_drop_bounding(a2 > CAP_LAST_CAP ? -1 : (int)a2);
	case PR_GET_SECUREBITS:
		return c->securebits;
	case PR_SET_SECUREBITS:
		return cred_set_securebits((u32)a2);
	case PR_SET_NO_NEW_PRIVS:
		return a2 != 1 || a3 || a4 || a5 ? -EINVAL : cred_set_no_new_privs();
	case PR_GET_NO_NEW_PRIVS:
		return a2 || a3 || a4 || a5 ? -EINVAL : c->no_new_privs;
	case PR_CAP_AMBIENT:
		return a4 || a5 ? -EINVAL : cred_ambient(a2, a3);
	}
	return -EINVAL;
}

/* What is to become of a thread whose memory turns out to be bad, which nothing here notices yet. */
static long set_mce_kill(unsigned long what, unsigned long policy)
{
	if (what == PR_MCE_KILL_CLEAR ? policy != 0
				      : what != PR_MCE_KILL_SET || policy > PR_MCE_KILL_DEFAULT)
		return -EINVAL;
	if (what == PR_MCE_KILL_CLEAR || policy == PR_MCE_KILL_DEFAULT)
		current()->mce_kill = 0;
	else
		current()->mce_kill = (u32)policy + 1;
	return 0;
}

/* No program can have more or less of speculation than all others. */
static long get_speculation(unsigned long which)
{
	switch (which) {
	case PR_SPEC_STORE_BYPASS:
		return arch_vulnerable("spec_store_bypass") ? PR_SPEC_ENABLE : PR_SPEC_NOT_AFFECTED;
	case PR_SPEC_INDIRECT_BRANCH:
		return arch_vulnerable("spectre_v2") ? PR_SPEC_ENABLE : PR_SPEC_NOT_AFFECTED;
	case PR_SPEC_L1D_FLUSH:
		return PR_SPEC_FORCE_DISABLE;
	}
	return -ENODEV;
}

static long set_speculation(unsigned long which, unsigned long state)
{
	switch (which) {
	case PR_SPEC_STORE_BYPASS:
		return -ENXIO;
	case PR_SPEC_INDIRECT_BRANCH:
		if (state == PR_SPEC_ENABLE)
			return 0;
		return state == PR_SPEC_DISABLE || state == PR_SPEC_FORCE_DISABLE ? -EPERM
										  : -ERANGE;
	case PR_SPEC_L1D_FLUSH:
		return -EPERM;
	}
	return -ENODEV;
}

/* A thread that others need for their input and output waits for none when it needs memory. */
static long set_io_flusher(unsigned long on)
{
	thread_t *t = current();

	if (on > 1)
		return -EINVAL;
	t->alloc_context = (t->alloc_context & ~ALLOC_NO_IO) | (on ? ALLOC_NO_IO : 0);
	return 0;
}

/* What a thread or program wishes for itself and its children. */
static long wish_option(int option, unsigned long a2, unsigned long a3, unsigned long a4,
			unsigned long a5)
{
	process_t *p = current_process();
	bool beyond_2 = a3 || a4 || a5;

	switch (option) {
	case PR_TASK_PERF_EVENTS_DISABLE:
	case PR_TASK_PERF_EVENTS_ENABLE:
		perf_enable_own(option == PR_TASK_PERF_EVENTS_ENABLE);
		return 0;
	case PR_MCE_KILL:
		return a4 || a5 ? -EINVAL : set_mce_kill(a2, a3);
	case PR_MCE_KILL_GET:
		if (a2 || beyond_2)
			return -EINVAL;
		return current()->mce_kill ? current()->mce_kill - 1 : PR_MCE_KILL_DEFAULT;
	case PR_SET_THP_DISABLE:
		if (beyond_2)
			return -EINVAL;
		p->no_huge_pages = a2;
		return 0;
	case PR_GET_THP_DISABLE:
		return a2 || beyond_2 ? -EINVAL : p->no_huge_pages;
	case PR_GET_SPECULATION_CTRL:
		return beyond_2 ? -EINVAL : get_speculation(a2);
	case PR_SET_SPECULATION_CTRL:
		return a4 || a5 ? -EINVAL : set_speculation(a2, a3);
	case PR_SET_IO_FLUSHER:
		if (!capable(CAP_SYS_RESOURCE))
			return -EPERM;
		return beyond_2 ? -EINVAL : set_io_flusher(a2);
	case PR_GET_IO_FLUSHER:
		if (!capable(CAP_SYS_RESOURCE))
			return -EPERM;
		return a2 || beyond_2 ? -EINVAL : !!(current()->alloc_context & ALLOC_NO_IO);
	}
	return credential_option(option, a2, a3, a4, a5);
}

long sys_prctl(int option, unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	process_t *p = current_process();

	switch (option) {
	case PR_SET_PDEATHSIG:
		if (a2 > SIGRTMAX)
			return -EINVAL;
		p->death_signal = (u32)a2;
		return 0;
	case PR_GET_PDEATHSIG:
		return put_int((int)p->death_signal, a2);
	case PR_GET_DUMPABLE:
		return READ_ONCE(p->dumpable);
	case PR_SET_DUMPABLE:
		if (a2 > DUMP_USER)
			return -EINVAL;
		p->dumpable = (u8)a2;
		return 0;
	case PR_SET_NAME:
		return set_name(a2);
	case PR_GET_NAME:
		return copy_to_user((char __user *)a2, current()->name, THREAD_NAME_LEN) ? -EFAULT
											 : 0;
	case PR_GET_TIMING:
		return 0;
	case PR_SET_TIMING:
		return a2 ? -EINVAL : 0;
	case PR_GET_TSC:
		return put_int(arch_may_read_cycles() ? PR_TSC_ENABLE : PR_TSC_SIGSEGV, a2);
	case PR_SET_TSC:
		if (a2 != PR_TSC_ENABLE && a2 != PR_TSC_SIGSEGV)
			return -EINVAL;
		arch_set_read_cycles(a2 == PR_TSC_ENABLE);
		return 0;
	case PR_GET_TIMERSLACK:
		return (long)READ_ONCE(current()->timer_slack_ns);
	case PR_SET_TIMERSLACK:
		sched_set_slack(current(), a2);
		return 0;
	case PR_SET_CHILD_SUBREAPER:
		p->is_subreaper = a2;
		return 0;
	case PR_GET_CHILD_SUBREAPER:
		return put_int(p->is_subreaper, a2);
	case PR_GET_TID_ADDRESS:
		return put_user_u64((u64)current()->clear_child_tid, (u64 __user *)a2);
	case PR_SET_SYSCALL_USER_DISPATCH:
		return syscall_dispatch_set(a2, a3, a4, (const u8 __user *)a5);
	}
	return wish_option(option, a2, a3, a4, a5);
}

long sys_arch_prctl(int code, unsigned long addr)
{
	return arch_prctl(current(), code, addr);
}

long sys_personality(u32 persona)
{
	process_t *p = current_process();
	u32 old = p->personality;

	if (persona != PERSONALITY_QUERY)
		p->personality = persona;
	return old;
}
