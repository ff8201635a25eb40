/*
 * Performance events: what a sample holds, and the records of what threads do (perf_event_open(2), "MMAP layout").
 *
 * A record is built on the stack, in words, and handed to the ring whole. The part that a sample shares with the other
 * records (who, when, which event) is their trailer where attr asks for it.
 */
#include "perf_internal.h"

#include <arch/time.h>
#include <arch/uaccess.h>
#include <fs/vfs.h>
#include <kernel/lib/string.h>
#include <kernel/process.h>
#include <kernel/time/clock.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/mman.h>

#define KERNEL_FRAMES 48
#define USER_FRAMES 64
#define SAMPLE_WORDS                                                                               \
	(24 + PERF_SAMPLED_WORDS + KERNEL_FRAMES + USER_FRAMES + 2 * ARCH_SAMPLE_REGISTERS)
#define MAX_RECORD (UINT16_MAX & ~(sizeof(u64) - 1)) /* bytes */
#define NAME_BYTES 256

static u64 pair(u32 low, u32 high)
{
	return low | (u64)high << 32;
}

u64 perf_who(const thread_t *t)
{
	return pair((u32)t->process->pid, (u32)t->tid);
}

u64 perf_time(const perf_event_t *e)
{
	if (!(e->attr.flags & PERF_ATTR_USE_CLOCKID))
		return (u64)clock_monotonic();
	switch (e->attr.clockid) {
	case CLOCK_REALTIME:
		return (u64)clock_realtime();
	case CLOCK_TAI:
		return (u64)(clock_realtime() + clock_tai_offset());
	case CLOCK_MONOTONIC_RAW:
		return (u64)clock_monotonic_raw();
	default:
		return (u64)clock_monotonic();
	}
}

size_t perf_id_fields(perf_event_t *e, u64 who, u64 *out)
{
	u64 type = e->attr.sample_type;
	size_t n = 0;

	if (type & PERF_SAMPLE_TID)
		out[n++] = who;
	if (type & PERF_SAMPLE_TIME)
		out[n++] = perf_time(e);
	if (type & PERF_SAMPLE_ID)
		out[n++] = e->id;
	if (type & PERF_SAMPLE_STREAM_ID)
		out[n++] = e->id;
	if (type & PERF_SAMPLE_CPU)
		out[n++] = this_cpu();
	if (type & PERF_SAMPLE_IDENTIFIER)
		out[n++] = e->id;
	return n;
}

/* ---- call chains ---- */

/* By frame pointers, where the program keeps them; ends where its memory is not there. */
static size_t user_chain(const trap_frame_t *user, u64 *out, size_t max)
{
	unsigned long frame = arch_frame_fp(user);
	size_t n = 0;

	out[n++] = arch_frame_ip(user);
	pagefault_disable();
	while (n < max && frame && !(frame % sizeof(u64))) {
		const u64 __user *at = (const u64 __user *)frame;
		u64 next, ip;

		if (!access_ok(at, 2 * sizeof(u64)) || get_user_u64(&next, at) ||
		    get_user_u64(&ip, at + 1) || !ip)
			break;
		out[n++] = ip;
		if (next <= frame)
			break;
		frame = next;
	}
	pagefault_enable();
	return n;
}

/* Of what frame says was interrupted, or of the running thread as it entered the kernel. */
static size_t call_chain(const perf_event_t *e, const trap_frame_t *frame, u64 *out)
{
	u64 max = e->attr.sample_max_stack ? e->attr.sample_max_stack
					   : (u64)READ_ONCE(perf_max_stack);
	unsigned long ips[KERNEL_FRAMES];
	size_t n = 0;

	if (!arch_frame_user(frame) && !(e->attr.flags & PERF_ATTR_EXCLUDE_CALLCHAIN_KERNEL)) {
		int count = arch_backtrace_frame(frame, ips, (int)MIN(max, (u64)KERNEL_FRAMES));

		out[n++] = PERF_CONTEXT_KERNEL;
		for (int i = 0; i < count; i++)
			out[n++] = ips[i];
	}
	if (!(e->attr.flags & PERF_ATTR_EXCLUDE_CALLCHAIN_USER) && current()->space) {
		out[n++] = PERF_CONTEXT_USER;
		n += user_chain(arch_user_frame(current()), out + n, MIN(max, (u64)USER_FRAMES));
	}
	return n;
}

/* ---- registers and stacks ---- */

/* frame NULL: there are none. */
static size_t registers(const trap_frame_t *frame, u64 mask, u64 *out)
{
	out[0] = frame ? PERF_SAMPLE_REGS_ABI_64 : PERF_SAMPLE_REGS_ABI_NONE;
	return 1 + (frame ? arch_sample_registers(frame, mask, out + 1) : 0);
}

/* How much of the stack above sp a record takes that has so many words without it; it ends where programs' half does. */
static size_t stack_len(const perf_event_t *e, unsigned long sp, size_t words)
{
	u64 wanted = e->attr.sample_stack_user, used = (words + 1) * sizeof(u64);

	if (sp >= USER_MAX)
		return 0;
	return MIN(MIN(wanted, USER_MAX - sp), MAX_RECORD - used) & ~(sizeof(u64) - 1);
}

/* Words behind those that are in every sample: of what follows a stack's dump. */
static size_t tail(const perf_event_t *e, const trap_frame_t *frame, u64 *out)
{
	u64 type = e->attr.sample_type;
	size_t n = 0;

	if (type & (PERF_SAMPLE_WEIGHT | PERF_SAMPLE_WEIGHT_STRUCT))
		out[n++] = 0;
	if (type & PERF_SAMPLE_DATA_SRC)
		out[n++] = PERF_MEM_NA;
	if (type & PERF_SAMPLE_TRANSACTION)
		out[n++] = 0;
	if (type & PERF_SAMPLE_REGS_INTR)
		n += registers(frame, e->attr.sample_regs_intr, out + n);
	return n;
}

/* ---- samples ---- */

/* Signals on each sample (fcntl(2): O_ASYNC), and the end of those that were asked for. */
static void tell_owners(perf_event_t *e)
{
	bool last = atomic_read(&e->limit) && !atomic_add_return(&e->limit, -1);

	if (last)
		perf_set_enabled(e, false);
	fasync_signal(&e->fasync, last ? POLL_HUP : POLL_IN);
}

void perf_sample(perf_event_t *e, const perf_place_t *place)
{
	const trap_frame_t *frame = place->frame;
	u64 type = e->attr.sample_type, record[SAMPLE_WORDS];
	perf_record_t whole = { .words = record };
	const trap_frame_t *entry;
	thread_t *t = current();
	perf_ring_t *r;
	bool user;
	size_t n = 1;

	if (!frame) {
		if (!t->space)
			return; /* a kernel thread outside of interrupts: no place can be named */
		frame = arch_user_frame(t);
	}
	user = arch_frame_user(frame);
	if (e->attr.flags & (user ? PERF_ATTR_EXCLUDE_USER : PERF_ATTR_EXCLUDE_KERNEL))
		return;
	if (e->attr.flags & PERF_ATTR_EXCLUDE_IDLE && !t->tid)
		return;
	tell_owners(e);
	r = perf_event_ring(e);
	if (!r)
		return;
	if (type & PERF_SAMPLE_IDENTIFIER)
		record[n++] = e->id;
	if (type & PERF_SAMPLE_IP)
		record[n++] = arch_frame_ip(frame);
	if (type & PERF_SAMPLE_TID)
		record[n++] = perf_who(t);
	if (type & PERF_SAMPLE_TIME)
		record[n++] = perf_time(e);
	if (type & PERF_SAMPLE_ADDR)
		record[n++] = place->address;
	if (type & PERF_SAMPLE_ID)
		record[n++] = e->id;
	if (type & PERF_SAMPLE_STREAM_ID)
		record[n++] = e->id;
	if (type & PERF_SAMPLE_CPU)
		record[n++] = this_cpu();
	if (type & PERF_SAMPLE_PERIOD)
		record[n++] = place->period;
	if (type & PERF_SAMPLE_READ)
		n += perf_read_values(e, record + n, PERF_SAMPLED_WORDS);
	if (type & PERF_SAMPLE_CALLCHAIN) {
		size_t count = call_chain(e, frame, record + n + 1);

		record[n] = count;
		n += 1 + count;
	}
	if (type & PERF_SAMPLE_RAW)
		record[n++] = pair(sizeof(u32), 0); /* no data: its length, and padding */
	entry = t->space ? arch_user_frame(t) : NULL;
	if (type & PERF_SAMPLE_REGS_USER)
		n += registers(entry, e->attr.sample_regs_user, record + n);
	whole.stack_at = n;
	if (type & PERF_SAMPLE_STACK_USER)
		whole.stack_at = ++n;
	n += tail(e, frame, record + n);
	whole.count = n;
	if (type & PERF_SAMPLE_STACK_USER) {
		whole.stack = entry ? arch_frame_sp(entry) : 0;
		whole.stack_len = entry ? stack_len(e, whole.stack, n) : 0;
		record[whole.stack_at - 1] = whole.stack_len;
		if (whole.stack_len)
			n += whole.stack_len / sizeof(u64) + 1;
	}
	struct perf_event_header header = {
		.type = PERF_RECORD_SAMPLE,
		.misc = user ? PERF_RECORD_MISC_USER : PERF_RECORD_MISC_KERNEL,
		.size = (u16)(n * sizeof(u64)),
	};
	memcpy(record, &header, sizeof(header));
	perf_ring_write(e, r, &whole, true);
	perf_ring_put(r);
}

/* ---- what threads do ---- */

/* A record's body, and for whom it is. */
typedef struct notice {
	u64 wanted; /* PERF_ATTR_*: any of them */
	enum { OF_ANY, OF_THREAD, OF_CPU } scope;
	u64 who;
	u32 type;
	u16 misc;
	size_t words, name_words;
	u64 body[16];
	const u64 *name;
	u64 flag2; /* with this flag of attr: type2 and all of the body, else without the middle */
	u32 type2;
	size_t middle, middle_words;
} notice_t;

static void give(perf_event_t *e, const void *arg)
{
	const notice_t *notice = arg;
	struct perf_event_header header = { .type = notice->type, .misc = notice->misc };
	u64 record[1 + 16 + NAME_BYTES / sizeof(u64) + PERF_ID_WORDS];
	perf_ring_t *r;
	size_t n = 1;

	if (!(e->attr.flags & notice->wanted) ||
	    (notice->scope && (notice->scope == OF_CPU) != e->cpu_wide))
		return;
	r = perf_event_ring(e);
	if (!r)
		return;
	if (e->attr.flags & notice->flag2)
		header.type = notice->type2;
	for (size_t i = 0; i < notice->words; i++) {
		if (header.type == notice->type && i >= notice->middle &&
		    i < notice->middle + notice->middle_words)
			continue;
		record[n++] = notice->body[i];
	}
	memcpy(record + n, notice->name, notice->name_words * sizeof(u64));
	n += notice->name_words;
	if (e->attr.flags & PERF_ATTR_SAMPLE_ID_ALL)
		n += perf_id_fields(e, notice->who, record + n);
	header.size = (u16)(n * sizeof(u64));
	memcpy(record, &header, sizeof(header));
	perf_ring_write(e, r, &(perf_record_t){ .words = record, .count = n }, false);
	perf_ring_put(r);
}

static size_t words_of(const char *name)
{
	return strlen(name) / sizeof(u64) + 1;
}

void perf_comm(thread_t *t, bool exec)
{
	u64 name[THREAD_NAME_LEN / sizeof(u64) + 1] = { 0 };
	notice_t notice = { .wanted = PERF_ATTR_COMM,
			    .who = perf_who(t),
			    .type = PERF_RECORD_COMM,
			    .misc = exec ? PERF_RECORD_MISC_COMM_EXEC : 0,
			    .words = 1,
			    .body = { perf_who(t) },
			    .name = name };

	strscpy((char *)name, t->name, THREAD_NAME_LEN);
	notice.name_words = words_of((char *)name);
	if (exec)
		perf_enable_on_exec();
	perf_for_each(current(), give, &notice);
}

static void task_notice(u32 type, thread_t *t, thread_t *parent)
{
	notice_t notice = { .wanted = PERF_ATTR_TASK | PERF_ATTR_COMM | PERF_ATTR_MMAP |
				      PERF_ATTR_MMAP2 | PERF_ATTR_MMAP_DATA,
			    .who = perf_who(current()),
			    .type = type,
			    .words = 3,
			    .body = { pair((u32)t->process->pid, (u32)parent->process->pid),
				      pair((u32)t->tid, (u32)parent->tid),
				      (u64)clock_monotonic() } };

	perf_for_each(current(), give, &notice);
}

void perf_switched(thread_t *t, u16 misc)
{
	const notice_t notice = { .wanted = PERF_ATTR_CONTEXT_SWITCH,
				  .scope = OF_THREAD,
				  .who = perf_who(t),
				  .type = PERF_RECORD_SWITCH,
				  .misc = misc };

	perf_for_each(t, give, &notice);
}

void perf_cpu_switched(u64 from, u16 misc, thread_t *to)
{
	notice_t notice = { .wanted = PERF_ATTR_CONTEXT_SWITCH,
			    .scope = OF_CPU,
			    .who = from,
			    .type = PERF_RECORD_SWITCH_CPU_WIDE,
			    .misc = misc,
			    .words = 1,
			    .body = { perf_who(to) } };

	perf_for_each(to, give, &notice);
	notice.who = perf_who(to);
	notice.misc = 0;
	notice.body[0] = from;
	perf_for_each(to, give, &notice);
}

void perf_forked(thread_t *child)
{
	task_notice(PERF_RECORD_FORK, child, current());
}

void perf_exit(thread_t *t)
{
	task_notice(PERF_RECORD_EXIT, t, t);
	perf_unlink_all();
}

/* Words of the body that only MMAP2 has: device, inode, generation, protection and flags. */
#define MMAP2_AT 4
#define MMAP2_WORDS 4

void perf_mmap(unsigned long addr, size_t len, int prot, int map_flags, file_t *file, u64 offset)
{
	u64 name[NAME_BYTES / sizeof(u64)] = { 0 };
	vfs_node_t *node = file->node;
	thread_t *t = current();
	notice_t notice = {
		.wanted = prot & PROT_EXEC ? PERF_ATTR_MMAP | PERF_ATTR_MMAP2 : PERF_ATTR_MMAP_DATA,
		.who = perf_who(t),
		.type = PERF_RECORD_MMAP,
		.misc = (u16)(PERF_RECORD_MISC_USER |
			      (prot & PROT_EXEC ? 0 : PERF_RECORD_MISC_MMAP_DATA)),
		.words = 8,
		.body = { perf_who(t), addr, len, offset,
			  pair((u32)dev_major(node->sb->dev), (u32)dev_minor(node->sb->dev)),
			  node->ino, 0,
			  pair((u32)prot, (u32)map_flags & (MAP_SHARED | MAP_PRIVATE)) },
		.name = name,
		.flag2 = PERF_ATTR_MMAP2,
		.type2 = PERF_RECORD_MMAP2,
		.middle = MMAP2_AT,
		.middle_words = MMAP2_WORDS,
	};
	char *text = kmalloc(PATH_MAX, GFP_KERNEL), *path;

	if (!text || path_name(&file->path, text, PATH_MAX, &path) < 0 ||
	    strlen(path) >= NAME_BYTES)
		path = "//toolong";
	strscpy((char *)name, path, NAME_BYTES);
	kfree(text);
	notice.name_words = words_of((char *)name);
	perf_for_each(t, give, &notice);
}

void perf_exec(thread_t *t)
{
	vm_space_t *space = t->space;

	perf_comm(t, true);
	/* With rights that who began to measure it may not have. */
	if (t->process->dumpable != DUMP_USER)
		perf_unlink_all();
	rwsem_read_lock(&space->lock);
	for (vm_area_t *v = vm_first(space); v; v = vm_next(v)) {
		int prot = (v->flags & VM_READ ? PROT_READ : 0) |
			   (v->flags & VM_WRITE ? PROT_WRITE : 0) |
			   (v->flags & VM_EXEC ? PROT_EXEC : 0);

		if (v->file)
			perf_mmap(v->start, v->end - v->start, prot,
				  v->flags & VM_SHARED ? MAP_SHARED : MAP_PRIVATE, v->file,
				  v->page_offset << PAGE_SHIFT);
	}
	rwsem_read_unlock(&space->lock);
}
