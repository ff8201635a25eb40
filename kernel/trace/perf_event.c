/*
 * Performance events: perf_event_open(2) for software's events, as perf(1) uses them.
 *
 *	perf_event.c	the file: making, enabling, mapping one
 *	perf_read.c	reading, groups
 *	perf_count.c	links to threads and CPUs, counting, the timer of samples (theory there)
 *	perf_sample.c	what records hold
 *	perf_ring.c	where they go
 *
 * Not here: hardware's counters, tracepoints and breakpoints (-ENOENT, as on Linux where there are none),
 * filters.
 */
#include "perf_internal.h"

#include <arch/uaccess.h>
#include <fs/poll.h>
#include <fs/procfs.h>
#include <fs/vfs.h>
#include <kernel/cred.h>
#include <kernel/process.h>
#include <kernel/ptrace.h>
#include <kernel/time/clock.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/errno.h>
#include <uapi/mman.h>

#define SAMPLES                                                                                    \
	(PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR |                  \
	 PERF_SAMPLE_READ | PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_ID | PERF_SAMPLE_CPU |             \
	 PERF_SAMPLE_PERIOD | PERF_SAMPLE_STREAM_ID | PERF_SAMPLE_RAW | PERF_SAMPLE_REGS_USER |    \
	 PERF_SAMPLE_STACK_USER | PERF_SAMPLE_WEIGHT | PERF_SAMPLE_DATA_SRC |                      \
	 PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TRANSACTION | PERF_SAMPLE_REGS_INTR |                \
	 PERF_SAMPLE_WEIGHT_STRUCT)
#define FORMATS                                                                                    \
	(PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING | PERF_FORMAT_ID |        \
	 PERF_FORMAT_GROUP | PERF_FORMAT_LOST)
#define MAX_RING_PAGES 32768u

/* /proc/sys/kernel/perf_event_*: as Linux's, but for the rate, which an emulated CPU could not keep up with. */
int perf_paranoid = 2, perf_max_stack = 127;
static int perf_max_rate = 10000, perf_mlock_kib = 516, perf_contexts = 8, perf_cpu_percent = 25;
static atomic64_t last_id, charged_pages;
static mutex_t open_lock = MUTEX_INIT(open_lock); /* open_events; before locks of events */
static list_t open_events = LIST_INIT(open_events);

/* ---- life ---- */

void perf_uncharge(const perf_ring_t *r)
{
	if (r->charged)
		atomic64_add(&charged_pages, -(s64)r->pages - 1);
}

static void free_event(rcu_head_t *head)
{
	kfree(container_of(head, perf_event_t, rcu));
}

void perf_event_put(perf_event_t *e)
{
	if (!refcount_put(&e->refs))
		return;
	if (e->ring)
		perf_ring_put(e->ring);
	pid_put(e->owner);
	call_rcu(&e->rcu, free_event); /* other CPUs may look at who led them (perf_leader) */
}

void perf_set_enabled(perf_event_t *e, bool on)
{
	unsigned long flags;

	spin_lock_irqsave(&e->lock, &flags);
	if (e->enabled != on) {
		nsec_t now = clock_monotonic();

		if (on)
			e->enabled_at = now;
		else
			e->enabled_before += (u64)(now - e->enabled_at);
		WRITE_ONCE(e->enabled, on);
	}
	spin_unlock_irqrestore(&e->lock, flags);
}

static void enable_waiting(perf_event_t *e)
{
	if (e->attr.flags & PERF_ATTR_ENABLE_ON_EXEC && !READ_ONCE(e->enabled))
		perf_set_enabled(e, true);
}

void perf_enable_on_exec(void)
{
	perf_context_t *c = current()->perf;
	unsigned long flags;
	perf_link_t *link;

	if (!c)
		return;
	spin_lock_irqsave(&c->lock, &flags);
	list_for_each_entry(link, &c->links, list)
		enable_waiting(link->event);
	spin_unlock_irqrestore(&c->lock, flags);
	perf_settle();
}

void perf_enable_own(bool on)
{
	perf_event_t *e;

	if (!perf_used())
		return;
	mutex_lock(&open_lock);
	list_for_each_entry(e, &open_events, owned)
		if (e->owner == current()->pid)
			perf_set_enabled(e, on);
	mutex_unlock(&open_lock);
	perf_settle();
}

/* ---- polling ---- */

static u32 perf_poll(file_t *f, poll_table_t *pt)
{
	perf_event_t *e = f->private_data;
	perf_ring_t *r = perf_event_ring(e);
	u32 mask = 0;

	if (!r)
		return POLLHUP;
	/* The event keeps its ring for as long as the file is open. */
	poll_wait(f, &r->wait, pt);
	if (__atomic_exchange_n(&r->news, false, __ATOMIC_ACQ_REL))
		mask |= POLLIN | POLLRDNORM;
	perf_ring_put(r);
	if (!e->cpu_wide && !atomic_read(&e->links))
		mask |= POLLHUP;
	return mask;
}

/* ---- control ---- */

static const file_operations_t perf_operations;

static long set_output(perf_event_t *e, int fd)
{
	file_t *f = fd_get(fd);
	perf_event_t *to;
	perf_ring_t *r;
	unsigned long flags;
	long result = -EBADF;

	if (!f)
		return result;
	if (f->ops != &perf_operations)
		goto out;
	result = -EINVAL;
	to = f->private_data;
	if (to == e || to->cpu != e->cpu ||
	    (to->attr.flags ^ e->attr.flags) & PERF_ATTR_WRITE_BACKWARD)
		goto out;
	r = perf_event_ring(to);
	if (!r)
		goto out;
	spin_lock_irqsave(&e->lock, &flags);
	if (!e->ring) {
		e->ring = r;
		result = 0;
	}
	spin_unlock_irqrestore(&e->lock, flags);
	if (result)
		perf_ring_put(r);
out:
	file_put(f);
	return result;
}

static long set_period(perf_event_t *e, const u64 __user *from)
{
	u64 value;

	if (get_user_u64(&value, from))
		return -EFAULT;
	if (!value || !e->attr.sample_period ||
	    (e->attr.flags & PERF_ATTR_FREQ && value > (u64)READ_ONCE(perf_max_rate)))
		return -EINVAL;
	if (value >> 63)
		return -EINVAL;
	WRITE_ONCE(e->period, perf_period(e->attr.flags & PERF_ATTR_FREQ, value));
	return 0;
}

static long pause(perf_event_t *e, bool on)
{
	perf_ring_t *r = perf_event_ring(e);

	if (!r)
		return -EINVAL;
	WRITE_ONCE(r->paused, on || !r->pages);
	perf_ring_put(r);
	return 0;
}

static void enable(perf_event_t *e)
{
	perf_set_enabled(e, true);
}

static void disable(perf_event_t *e)
{
	perf_set_enabled(e, false);
}

static void reset(perf_event_t *e)
{
	atomic64_set(&e->count, 0);
}

static long control(perf_event_t *e, void (*fn)(perf_event_t *e), unsigned long flags)
{
	if (fn == reset)
		perf_settle();
	if (flags & PERF_IOC_FLAG_GROUP)
		perf_group_each(e, fn);
	else
		fn(e);
	if (fn != reset)
		perf_settle();
	return 0;
}

/* Enabled for so many samples. */
static long refresh(perf_event_t *e, int samples)
{
	if (e->attr.flags & PERF_ATTR_INHERIT || !e->attr.sample_period)
		return -EINVAL;
	atomic_add(&e->limit, samples);
	return control(e, enable, 0);
}

static long perf_ioctl(file_t *f, u32 cmd, unsigned long arg)
{
	perf_event_t *e = f->private_data;

	switch (cmd) {
	case PERF_EVENT_IOC_ENABLE:
		return control(e, enable, arg);
	case PERF_EVENT_IOC_DISABLE:
		return control(e, disable, arg);
	case PERF_EVENT_IOC_RESET:
		return control(e, reset, arg);
	case PERF_EVENT_IOC_REFRESH:
		return refresh(e, (int)arg);
	case PERF_EVENT_IOC_PERIOD:
		return set_period(e, (const u64 __user *)arg);
	case PERF_EVENT_IOC_SET_OUTPUT:
		return (int)arg == -1 ? -EINVAL : set_output(e, (int)arg);
	case PERF_EVENT_IOC_ID:
		return put_user_u64(e->id, (u64 __user *)arg);
	case PERF_EVENT_IOC_PAUSE_OUTPUT:
		return pause(e, (u32)arg);
	default:
		return -ENOTTY;
	}
}

/* ---- mapping ---- */

static page_t *perf_area_fault(vm_area_t *vma, u64 page_offset, bool write)
{
	perf_ring_t *r = vma->private_data;

	if (page_offset > r->pages)
		return ERR_PTR(-EFAULT);
	page_get(r->page[page_offset]);
	return r->page[page_offset];
}

/* The area holds the file, the file its event, the event its ring: no counting of areas is needed. */
static const vm_area_ops_t perf_area_ops = { .fault = perf_area_fault };

/* Those without privilege share what one of them may have for each CPU. */
static bool charge(u64 pages)
{
	u64 limit = (u64)perf_mlock_kib / (PAGE_SIZE >> 10) * cpu_count;

	if ((u64)atomic64_add_return(&charged_pages, (s64)pages) <= limit)
		return true;
	atomic64_add(&charged_pages, -(s64)pages);
	return false;
}

static int perf_mmap_file(file_t *f, vm_area_t *vma)
{
	perf_event_t *e = f->private_data;
	u64 pages = ((vma->end - vma->start) >> PAGE_SHIFT) - 1;
	bool limited = !capable(CAP_IPC_LOCK);
	perf_ring_t *r, *made;
	unsigned long flags;

	/* Without an own CPU, those that inherit it would write from everywhere. */
	if ((e->cpu < 0 && e->attr.flags & PERF_ATTR_INHERIT) || !(vma->flags & VM_SHARED) ||
	    vma->page_offset || (pages & (pages - 1)) || pages > MAX_RING_PAGES)
		return -EINVAL;
	r = perf_event_ring(e);
	if (!r) {
		if (limited && !charge(pages + 1))
			return -EPERM;
		made = perf_ring_create((u32)pages, !(vma->flags & VM_WRITE));
		if (!made) {
			if (limited)
				atomic64_add(&charged_pages, -(s64)pages - 1);
			return -ENOMEM;
		}
		made->charged = limited;
		spin_lock_irqsave(&e->lock, &flags);
		r = e->ring;
		if (!r)
			r = e->ring = made;
		refcount_get(&r->refs);
		spin_unlock_irqrestore(&e->lock, flags);
		if (r != made)
			perf_ring_put(made);
	}
	if (r->pages != pages || r->overwrite != !(vma->flags & VM_WRITE)) {
		perf_ring_put(r);
		return -EINVAL;
	}
	vma->ops = &perf_area_ops;
	vma->private_data = r;
	vma->flags |= VM_DONT_COPY | VM_DONT_DUMP;
	perf_ring_put(r);
	return 0;
}

static int perf_fasync(file_t *f, bool on)
{
	perf_event_t *e = f->private_data;

	return fasync_set(f, &e->fasync, on);
}

static void perf_release(file_t *f)
{
	perf_event_t *e = f->private_data;

	WRITE_ONCE(e->closed, true);
	mutex_lock(&open_lock);
	list_del(&e->owned);
	mutex_unlock(&open_lock);
	if (e->cpu_wide)
		perf_unlink_cpu(e, (u32)e->cpu);
	perf_group_leave(e);
	__atomic_sub_fetch(&perf_in_use, 1, __ATOMIC_RELAXED);
	perf_event_put(e);
}

static const file_operations_t perf_operations = {
	.read_iter = perf_read_iter,
	.poll = perf_poll,
	.ioctl = perf_ioctl,
	.mmap = perf_mmap_file,
	.fasync = perf_fasync,
	.release = perf_release,
	.kind = "anon_inode:[perf_event]",
};

/* ---- making ---- */

nsec_t perf_period(bool frequency, u64 value)
{
	u64 shortest = (u64)NSEC_PER_SEC / (u64)MAX(READ_ONCE(perf_max_rate), 1);

	if (!value)
		return 0;
	return (nsec_t)MAX(frequency ? (u64)NSEC_PER_SEC / value : value, shortest);
}

static long check_group(int group)
{
	file_t *f = fd_get(group);
	bool event = f && f->ops == &perf_operations;

	if (f)
		file_put(f);
	return event ? 0 : -EBADF;
}

static long join(perf_event_t *e, int group)
{
	file_t *f = fd_get(group);
	long r = -EBADF;

	if (!f)
		return r;
	if (f->ops == &perf_operations)
		r = perf_group_join(e, f->private_data);
	file_put(f);
	return r;
}

static long check_sample(const struct perf_event_attr *attr)
{
	u64 type = attr->sample_type;
	int r;

	if (type & PERF_SAMPLE_BRANCH_STACK)
		return -EOPNOTSUPP;
	if (type & ~(u64)SAMPLES || attr->sample_max_stack > perf_max_stack ||
	    (type & PERF_SAMPLE_WEIGHT && type & PERF_SAMPLE_WEIGHT_STRUCT))
		return -EINVAL;
	if (type & PERF_SAMPLE_STACK_USER &&
	    (attr->sample_stack_user >= UINT16_MAX || attr->sample_stack_user % sizeof(u64)))
		return -EINVAL;
	r = type & PERF_SAMPLE_REGS_USER ? arch_sample_registers_check(attr->sample_regs_user) : 0;
	if (!r && type & PERF_SAMPLE_REGS_INTR)
		r = arch_sample_registers_check(attr->sample_regs_intr);
	return r;
}

static bool has_clock(const struct perf_event_attr *attr)
{
	switch (attr->clockid) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		return true;
	default:
		return !(attr->flags & PERF_ATTR_USE_CLOCKID);
	}
}

static long check(const struct perf_event_attr *attr, pid_t pid, int cpu, int group, u32 flags)
{
	bool may = capable(CAP_PERFMON) || capable(CAP_SYS_ADMIN);
	long r;

	if (flags & ~(PERF_FLAG_FD_NO_GROUP | PERF_FLAG_FD_OUTPUT | PERF_FLAG_FD_CLOEXEC))
		return -EINVAL;
	if (attr->flags & PERF_ATTR_RESERVED || attr->reserved_2 || attr->reserved_3 ||
	    attr->read_format & ~(u64)FORMATS)
		return -EINVAL;
	r = check_sample(attr);
	if (r)
		return r;
	if (!(attr->flags & PERF_ATTR_EXCLUDE_KERNEL) && perf_paranoid > 1 && !may)
		return -EACCES;
	if (attr->flags & PERF_ATTR_FREQ ? attr->sample_period > (u64)perf_max_rate
					 : attr->sample_period >> 63)
		return -EINVAL;
	if (attr->flags & PERF_ATTR_INHERIT && attr->sample_type & PERF_SAMPLE_READ)
		return -EINVAL; /* the counts of which thread? */
	if (!has_clock(attr))
		return -EINVAL;
	if (pid == -1 && perf_paranoid > 0 && !may)
		return -EACCES;
	if (cpu < -1 || (cpu >= 0 && (u32)cpu >= cpu_count))
		return cpu < -1 ? -EINVAL : -ENODEV;
	if (pid < -1)
		return -ESRCH;
	if (pid == -1 && cpu == -1)
		return -EINVAL;
	if (attr->type != PERF_TYPE_SOFTWARE || attr->config > PERF_COUNT_SW_CGROUP_SWITCHES)
		return -ENOENT;
	return group == -1 ? 0 : check_group(group);
}

static int link_event(perf_event_t *e, pid_t pid)
{
	thread_t *t = pid ? thread_get_by_tid(pid) : current();
	int r;

	if (!t)
		return -ESRCH;
	e->target = t;
	r = t->exiting ? -ESRCH : perf_link_thread(e, t);
	/* Asked once it is linked: a program that gains rights takes links away (perf_exec). */
	if (!r && pid && !capable(CAP_PERFMON) && !capable(CAP_SYS_ADMIN) &&
	    ptrace_may_access(t, PTRACE_ACCESS_REAL))
		r = -EACCES;
	if (pid)
		thread_put(t);
	return r;
}

file_t *perf_event_create(const struct perf_event_attr *attr, pid_t pid, int cpu, int group,
			  u32 flags)
{
	long r = check(attr, pid, cpu, group, flags);
	perf_event_t *e;
	file_t *f;

	if (r)
		return ERR_PTR(r);
	e = kzalloc(sizeof(*e), GFP_KERNEL);
	if (!e)
		return ERR_PTR(-ENOMEM);
	refcount_set(&e->refs, 1);
	spinlock_init(&e->lock);
	spinlock_init(&e->group_lock);
	spinlock_init(&e->fasync.lock);
	list_init(&e->members);
	e->attr = *attr;
	e->id = (u64)atomic64_add_return(&last_id, 1);
	e->cpu = cpu;
	e->cpu_wide = pid == -1;
	e->period = perf_period(attr->flags & PERF_ATTR_FREQ, attr->sample_period);
	e->owner = pid_get(current()->pid);
	f = file_create_anon(perf_operations.kind, &perf_operations, e, O_RDWR);
	if (IS_ERR(f)) {
		perf_event_put(e);
		return f;
	}
	__atomic_add_fetch(&perf_in_use, 1, __ATOMIC_RELAXED);
	mutex_lock(&open_lock);
	list_add_tail(&e->owned, &open_events);
	mutex_unlock(&open_lock);
	/* From here on the file's release undoes all. */
	r = e->cpu_wide ? perf_link_cpu(e, (u32)cpu) : link_event(e, pid);
	if (!r && group != -1 && !(flags & PERF_FLAG_FD_NO_GROUP))
		r = join(e, group);
	if (!r && flags & PERF_FLAG_FD_OUTPUT && group != -1)
		r = set_output(e, group);
	if (r) {
		file_put(f);
		return ERR_PTR(r);
	}
	perf_set_enabled(e, !(attr->flags & PERF_ATTR_DISABLED));
	perf_settle();
	return f;
}

__init void perf_init(void)
{
	perf_count_init();
	proc_sysctl_int("kernel/perf_event_paranoid", 0644, &perf_paranoid, -1, 3);
	proc_sysctl_int("kernel/perf_event_max_sample_rate", 0644, &perf_max_rate, 1, 100000);
	proc_sysctl_int("kernel/perf_event_mlock_kb", 0644, &perf_mlock_kib, 0, 1 << 20);
	proc_sysctl_int("kernel/perf_event_max_stack", 0644, &perf_max_stack, 0, 127);
	proc_sysctl_int("kernel/perf_event_max_contexts_per_stack", 0644, &perf_contexts, 0, 1000);
	proc_sysctl_int("kernel/perf_cpu_time_max_percent", 0644, &perf_cpu_percent, 0, 100);
}
