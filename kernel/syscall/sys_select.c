/*
 * poll(2), ppoll(2), select(2), pselect6(2).
 */
#include "wait_calls.h"

#include <arch/uaccess.h>
#include <fs/poll.h>
#include <fs/vfs.h>
#include <kernel/lib/string.h>
#include <kernel/process.h>
#include <kernel/time/clock.h>
#include <kernel/time/convert.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/poll.h>

#define FAST_POLLFDS 32
#define FAST_WORDS 8 /* 512 descriptors */

nsec_t wait_deadline_in(nsec_t delay)
{
	nsec_t now = clock_monotonic();

	if (!delay)
		return 0;
	return delay > NSEC_MAX - now ? NSEC_MAX : now + delay;
}

static long do_poll(struct pollfd __user *user, u32 count, nsec_t deadline)
{
	struct pollfd fast[FAST_POLLFDS], *fds = fast;
	long r;

	if (count > rlimit(RLIMIT_NOFILE))
		return -EINVAL;
	if (count > FAST_POLLFDS) {
		fds = kvmalloc(count * sizeof(*fds), GFP_KERNEL);
		if (!fds)
			return -ENOMEM;
	}
	r = -EFAULT;
	if (copy_from_user(fds, user, count * sizeof(*fds)))
		goto out;
	r = poll_files(fds, count, deadline);
	/* Looked at even if nothing is stored there. */
	if (!access_ok(user, count * sizeof(*user)))
		r = -EFAULT;
	if (r < 0 && r != -EINTR)
		goto out;
	for (u32 i = 0; i < count; i++) {
		u16 revents = (u16)fds[i].revents;

		if (copy_to_user(&user[i].revents, &revents, sizeof(revents))) {
			r = -EFAULT;
			break;
		}
	}
out:
	if (fds != fast)
		kvfree(fds);
	return r;
}

static long poll_until(struct pollfd __user *fds, u32 nfds, nsec_t deadline);

static long restart_poll(restart_block_t *rb)
{
	return poll_until((struct pollfd __user *)rb->args[0], (u32)rb->args[1], rb->deadline);
}

static long poll_until(struct pollfd __user *fds, u32 nfds, nsec_t deadline)
{
	restart_block_t *rb = &current()->restart;
	long r = do_poll(fds, nfds, deadline);

	if (r != -EINTR)
		return r;
	restart_set(rb, restart_poll);
	rb->args[0] = (u64)fds;
	rb->args[1] = nfds;
	rb->deadline = deadline;
	return -ERESTART_RESTARTBLOCK;
}

long sys_poll(struct pollfd __user *fds, u32 nfds, int timeout)
{
	return poll_until(fds, nfds,
			  timeout < 0 ? NSEC_MAX : wait_deadline_in(timeout * NSEC_PER_MSEC));
}

/* ---- temporary signal masks ---- */

int wait_mask_set(const u64 __user *mask, size_t size)
{
	u64 set;

	if (!mask)
		return 0;
	if (size != sizeof(u64))
		return -EINVAL;
	if (copy_from_user(&set, mask, sizeof(set)))
		return -EFAULT;
	current()->saved_mask = current()->blocked;
	signal_set_blocked(set & ~SIG_KERNEL_ONLY_MASK);
	return 0;
}

void wait_mask_restore(const u64 __user *mask, bool interrupted)
{
	if (!mask)
		return;
	if (interrupted)
		thread_set_flag(current(), TF_RESTORE_MASK);
	else
		signal_set_blocked(current()->saved_mask);
}

/* Who cannot be told what is left of the time cannot begin again with that. A read-only timeout is allowed. */
static long not_told(long r)
{
	return r == -ERESTARTNOHAND ? -EINTR : r;
}

/* Tells what is left of the time, as Linux's calls do; none at all stays as it is. */
static long put_left(struct timespec __user *ts, nsec_t deadline, long r)
{
	struct timespec out = ns_to_timespec(MAX(deadline - clock_monotonic(), 0L));

	return ts && deadline && copy_to_user(ts, &out, sizeof(out)) ? not_told(r) : r;
}

int wait_deadline_get(const struct timespec __user *ts, nsec_t *deadline)
{
	struct timespec t;

	*deadline = NSEC_MAX;
	if (!ts)
		return 0;
	if (copy_from_user(&t, ts, sizeof(t)))
		return -EFAULT;
	if (!timespec_valid(&t))
		return -EINVAL;
	*deadline = wait_deadline_in(timespec_to_ns(&t));
	return 0;
}

long sys_ppoll(struct pollfd __user *fds, u32 nfds, const struct timespec __user *ts,
	       const u64 __user *mask, size_t size)
{
	nsec_t deadline;
	long r = wait_deadline_get(ts, &deadline);

	if (!r)
		r = wait_mask_set(mask, size);
	if (r)
		return r;
	r = do_poll(fds, nfds, deadline);
	if (r == -EINTR)
		r = -ERESTARTNOHAND;
	wait_mask_restore(mask, r == -ERESTARTNOHAND);
	return put_left((struct timespec __user *)ts, deadline, r);
}

/* ---- select ---- */

static int get_set(unsigned long *set, const u64 __user *user, u32 words)
{
	if (!user) {
		memset(set, 0, words * sizeof(long));
		return 0;
	}
	return copy_from_user(set, user, words * sizeof(long)) ? -EFAULT : 0;
}

static int put_set(u64 __user *user, const unsigned long *set, u32 words)
{
	return user && copy_to_user(user, set, words * sizeof(long)) ? -EFAULT : 0;
}

static long do_select(int n, u64 __user *in, u64 __user *out, u64 __user *ex, nsec_t deadline)
{
	unsigned long fast[6 * FAST_WORDS], *mem = fast;
	select_sets_t s;
	u32 words, limit;
	files_t *files;
	long r;

	if (n < 0)
		return -EINVAL;
	files = thread_files_get(current());
	limit = files ? files_size(files) : 0;
	if (files)
		files_put(files);
	n = (int)MIN((u32)n, limit);
	words = (u32)DIV_ROUND_UP(n, 64);
	if (words > FAST_WORDS) {
		mem = kvmalloc(6 * words * sizeof(long), GFP_KERNEL);
		if (!mem)
			return -ENOMEM;
	}
	s = (select_sets_t){ .count = (u32)n,
			     .words = words,
			     .in = mem,
			     .out = mem + words,
			     .ex = mem + 2 * words,
			     .ready_in = mem + 3 * words,
			     .ready_out = mem + 4 * words,
			     .ready_ex = mem + 5 * words };
	r = -EFAULT;
	if (get_set(s.in, in, words) || get_set(s.out, out, words) || get_set(s.ex, ex, words))
		goto free;
	r = select_files(&s, deadline);
	if (r >= 0 && (put_set(in, s.ready_in, words) || put_set(out, s.ready_out, words) ||
		       put_set(ex, s.ready_ex, words)))
		r = -EFAULT;
free:
	if (mem != fast)
		kvfree(mem);
	return r == -EINTR ? -ERESTARTNOHAND : r;
}

long sys_select(int n, u64 __user *in, u64 __user *out, u64 __user *ex, struct timeval __user *tv)
{
	nsec_t deadline = NSEC_MAX, left;
	struct timeval t;
	long r;

	if (tv) {
		if (copy_from_user(&t, tv, sizeof(t)))
			return -EFAULT;
		/* Unlike the others this call normalises its microseconds. */
		t.tv_sec += t.tv_usec / 1000000;
		t.tv_usec %= 1000000;
		if (!timeval_valid(&t))
			return -EINVAL;
		deadline = wait_deadline_in(timeval_to_ns(&t));
	}
	r = do_select(n, in, out, ex, deadline);
	if (!tv || !deadline)
		return r;
	left = MAX(deadline - clock_monotonic(), 0L);
	t = (struct timeval){ left / NSEC_PER_SEC, left % NSEC_PER_SEC / NSEC_PER_USEC };
	return copy_to_user(tv, &t, sizeof(t)) ? not_told(r) : r;
}

long sys_pselect6(int n, u64 __user *in, u64 __user *out, u64 __user *ex,
		  const struct timespec __user *ts, const void __user *sig)
{
	struct {
		const u64 __user *mask;
		size_t size;
	} pack = { NULL, 0 };
	nsec_t deadline;
	long r;

	if (sig && copy_from_user(&pack, sig, sizeof(pack)))
		return -EFAULT;
	r = wait_deadline_get(ts, &deadline);
	if (!r)
		r = wait_mask_set(pack.mask, pack.size);
	if (r)
		return r;
	r = do_select(n, in, out, ex, deadline);
	wait_mask_restore(pack.mask, r == -ERESTARTNOHAND);
	return put_left((struct timespec __user *)ts, deadline, r);
}
