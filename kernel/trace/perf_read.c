/*
 * Performance events: what read(2) and samples tell of the counts, and groups (perf_event_open(2), "Reading
 * results"): events that count together while their leader is enabled, and can be read with one call.
 *
 * The leader lists the others. Each leaves the list when its file is closed; when the leader's is, all leave it and
 * are their own leaders from then on. Who looks at its leader has interrupts off meanwhile, and events are freed by
 * RCU: no references, which would make chains of those that led, were led and led again.
 */
#include "perf_internal.h"

#include <mm/iter.h>
#include <mm/slab.h>
#include <uapi/errno.h>

#define GROUP_BYTES_MAX 16384 /* of what is read, as on Linux */

static size_t values_of(const perf_event_t *e, u64 format, u64 *out)
{
	size_t n = 0;

	out[n++] = (u64)atomic64_read(&e->count);
	if (format & PERF_FORMAT_ID)
		out[n++] = e->id;
	if (format & PERF_FORMAT_LOST)
		out[n++] = (u64)atomic64_read(&e->lost);
	return n;
}

static size_t times_of(const perf_event_t *e, u64 format, u64 *out)
{
	u64 time = (u64)atomic64_read(&e->time);
	size_t n = 0;

	if (format & PERF_FORMAT_TOTAL_TIME_ENABLED)
		out[n++] = time;
	if (format & PERF_FORMAT_TOTAL_TIME_RUNNING)
		out[n++] = time;
	return n;
}

static size_t words_of(u64 format, size_t events)
{
	size_t times = !!(format & PERF_FORMAT_TOTAL_TIME_ENABLED) +
		       !!(format & PERF_FORMAT_TOTAL_TIME_RUNNING);
	size_t each = 1 + !!(format & PERF_FORMAT_ID) + !!(format & PERF_FORMAT_LOST);

	return !!(format & PERF_FORMAT_GROUP) + times + each * events;
}

static size_t read_one(perf_event_t *e, u64 *out, size_t max)
{
	u64 format = e->attr.read_format;
	size_t n = words_of(format, 1), times;

	if (n > max)
		return n;
	/* Alone the count is first, then the times, then what else there is of the event. */
	times = times_of(e, format, out + 1);
	n = values_of(e, format & ~(u64)(PERF_FORMAT_ID | PERF_FORMAT_LOST), out) + times;
	if (format & PERF_FORMAT_ID)
		out[n++] = e->id;
	if (format & PERF_FORMAT_LOST)
		out[n++] = (u64)atomic64_read(&e->lost);
	return n;
}

static size_t read_group(perf_event_t *e, u64 *out, size_t max)
{
	unsigned long flags = arch_irq_save();
	perf_event_t *leader = perf_leader(e), *member;
	u64 format = e->attr.read_format;
	size_t n;

	spin_lock(&leader->group_lock);
	n = words_of(format, 1 + leader->member_count);
	if (n > max)
		goto out;
	n = 0;
	out[n++] = 1 + leader->member_count;
	n += times_of(leader, format, out + n);
	n += values_of(leader, format, out + n);
	list_for_each_entry(member, &leader->members, group_link)
		n += values_of(member, format, out + n);
out:
	spin_unlock(&leader->group_lock);
	arch_irq_restore(flags);
	return n;
}

size_t perf_read_values(perf_event_t *e, u64 *out, size_t max)
{
	return e->attr.read_format & PERF_FORMAT_GROUP ? read_group(e, out, max)
						       : read_one(e, out, max);
}

ssize_t perf_read_iter(file_t *f, iter_t *it, off_t *pos)
{
	perf_event_t *e = f->private_data;
	u64 few[PERF_READ_WORDS], *values = few, *more = NULL;
	size_t room = ARRAY_SIZE(few), n;
	ssize_t r = -ENOSPC;

	perf_settle();
	while ((n = perf_read_values(e, values, room)) > room) {
		kfree(more);
		values = more = kmalloc(n * sizeof(u64), GFP_KERNEL);
		if (!more)
			return -ENOMEM;
		room = n;
	}
	n *= sizeof(u64);
	if (it->count >= n)
		r = copy_to_iter(values, n, it) == n ? (ssize_t)n : -EFAULT;
	kfree(more);
	return r;
}

/* ---- groups ---- */

static bool fit_together(const perf_event_t *e, const perf_event_t *leader)
{
	u64 differ = e->attr.flags ^ leader->attr.flags;

	if (e->cpu != leader->cpu || e->target != leader->target ||
	    differ & PERF_ATTR_USE_CLOCKID || (!e->cpu_wide && differ & PERF_ATTR_INHERIT))
		return false;
	return !(e->attr.flags & (PERF_ATTR_PINNED | PERF_ATTR_EXCLUSIVE)); /* leaders are */
}

static bool samples_group(const perf_event_t *e)
{
	return e->attr.sample_type & PERF_SAMPLE_READ && e->attr.read_format & PERF_FORMAT_GROUP;
}

int perf_group_join(perf_event_t *e, perf_event_t *leader)
{
	unsigned long flags;
	bool sampled;
	u32 events;
	int r = 0;

	if (READ_ONCE(leader->leader) || !fit_together(e, leader))
		return -EINVAL;
	spin_lock_irqsave(&leader->group_lock, &flags);
	events = leader->member_count + 2;
	sampled = leader->group_sampled || samples_group(leader) || samples_group(e);
	if (words_of(e->attr.read_format, events) * sizeof(u64) >= GROUP_BYTES_MAX ||
	    (sampled && events > PERF_SAMPLED_GROUP)) {
		r = -E2BIG;
	} else {
		rcu_assign_pointer(e->leader, leader);
		leader->group_sampled = sampled;
		leader->member_count++;
		list_add_tail(&e->group_link, &leader->members);
	}
	spin_unlock_irqrestore(&leader->group_lock, flags);
	return r;
}

void perf_group_leave(perf_event_t *e)
{
	unsigned long flags = arch_irq_save();
	perf_event_t *leader = perf_leader(e), *member, *next;
	bool led;

	spin_lock(&leader->group_lock);
	if (e->leader) { /* it may have been closed just now */
		leader->member_count--;
		list_del(&e->group_link);
		WRITE_ONCE(e->leader, NULL);
	}
	spin_unlock(&leader->group_lock);

	spin_lock(&e->group_lock);
	led = e->member_count;
	list_for_each_entry_safe(member, next, &e->members, group_link) {
		list_del(&member->group_link);
		WRITE_ONCE(member->leader, NULL);
	}
	e->member_count = 0;
	spin_unlock(&e->group_lock);
	arch_irq_restore(flags);
	if (led)
		perf_settle(); /* those that it held back count from now on */
}

void perf_group_each(perf_event_t *e, void (*fn)(perf_event_t *e))
{
	unsigned long flags = arch_irq_save();
	perf_event_t *leader = perf_leader(e), *member;

	fn(leader);
	spin_lock(&leader->group_lock);
	list_for_each_entry(member, &leader->members, group_link)
		fn(member);
	spin_unlock(&leader->group_lock);
	arch_irq_restore(flags);
}
