/*
 * Restartable sequences.
 *
 * A registered thread that was switched away, migrated, or takes a signal looks at its area before
 * it goes on in user mode (TF_RSEQ; enter_handler): the section that the area names is left for its
 * abort handler if the program counter lies inside, and forgotten if not. Everything there is the
 * program's and believed in nothing; in front of the abort handler must stand the signature that
 * the program registered, so that nobody who can only write the area can choose where it goes on.
 */
#include <kernel/rseq.h>

#include <arch/uaccess.h>
#include <kernel/thread.h>
#include <uapi/errno.h>
#include <uapi/rseq.h>

#include "proc_internal.h"

static int store_cpu(struct rseq __user *area, u32 start, u32 id)
{
	return put_user_u32(start, &area->cpu_id_start) || put_user_u32(id, &area->cpu_id) ? -EFAULT
											   : 0;
}

static int unregister(thread_t *t, struct rseq __user *area, u32 size, int flags, u32 signature)
{
	if ((flags & ~RSEQ_FLAG_UNREGISTER) || !t->rseq || t->rseq != area ||
	    size != sizeof(struct rseq))
		return -EINVAL;
	if (t->rseq_signature != signature)
		return -EPERM;
	if (store_cpu(area, 0, (u32)RSEQ_CPU_ID_UNINITIALIZED))
		return -EFAULT;
	t->rseq = NULL;
	return 0;
}

int rseq_register(struct rseq __user *area, u32 size, int flags, u32 signature)
{
	thread_t *t = current();

	if (flags & RSEQ_FLAG_UNREGISTER)
		return unregister(t, area, size, flags, signature);
	if (flags)
		return -EINVAL;
	if (t->rseq) {
		if (t->rseq != area || size != sizeof(struct rseq))
			return -EINVAL;
		return t->rseq_signature != signature ? -EPERM : -EBUSY;
	}
	if ((unsigned long)area % RSEQ_ALIGN || size != sizeof(struct rseq))
		return -EINVAL;
	if (!access_ok(area, size))
		return -EFAULT;
	t->rseq_signature = signature;
	t->rseq = area;
	thread_set_flag(t, TF_RSEQ); /* the number is there when the call returns */
	return 0;
}

static bool is_sound(const struct rseq_cs *cs)
{
	return cs->start_ip < USER_MAX && cs->post_commit_offset < USER_MAX - cs->start_ip &&
	       cs->abort_ip < USER_MAX && !cs->version && !cs->flags &&
	       cs->abort_ip - cs->start_ip >= cs->post_commit_offset;
}

/* Leaves the section that the area names. */
static int leave_section(thread_t *t, trap_frame_t *frame, u64 where)
{
	unsigned long ip = arch_frame_ip(frame);
	struct rseq_cs cs;
	u32 signature, flags;

	if (where >= USER_MAX || copy_from_user(&cs, (const void __user *)where, sizeof(cs)) ||
	    !is_sound(&cs))
		return -EINVAL;
	if (get_user_u32(&signature, (const u32 __user *)(cs.abort_ip - sizeof(signature))) ||
	    signature != t->rseq_signature)
		return -EINVAL;
	if (ip - cs.start_ip < cs.post_commit_offset) {
		if (get_user_u32(&flags, &t->rseq->flags) || flags)
			return -EINVAL;
		arch_frame_set_ip(frame, cs.abort_ip);
	}
	return put_user_u64(0, &t->rseq->rseq_cs);
}

_Static_assert(offsetof(struct rseq, cpu_id) == 4 && offsetof(struct rseq, rseq_cs) == 8,
	       "two words: numbers, section");

bool rseq_is_settled(void)
{
	struct rseq __user *area = current()->rseq;
	u64 cpu = this_cpu();

	return !area || user_words_are((const u64 __user *)area, cpu << 32 | cpu, 0);
}

bool rseq_resume(trap_frame_t *frame)
{
	thread_t *t = current();
	bool settled;
	u32 cpu;
	u64 where;

	preempt_disable();
	settled = rseq_is_settled();
	preempt_enable();
	if (settled)
		return true;
	if (get_user_u64(&where, &t->rseq->rseq_cs))
		return false;
	if (where && leave_section(t, frame, where))
		return false;
	/* Moved to another CPU from here on, it comes here again. */
	cpu = this_cpu();
	return !store_cpu(t->rseq, cpu, cpu);
}
