/*
 * The memory of a process as text: maps, smaps, smaps_rollup, numa_maps (numa(7)), and as words: pagemap; and
 * clear_refs, by which what smaps tells begins anew. proc(5); the fields and their order are those that Linux 6.1 prints.
 */
#include "procfs.h"

#include <kernel/lib/string.h>
#include <kernel/ptrace.h>
#include <mm/policy.h>
#include <mm/slab.h>
#include <mm/usage.h>
#include <uapi/errno.h>

#define NAME_COLUMN 73 /* where the name of an area begins */
#define KIB 1024
#define VALUE_END 24

static bool is_heap(const vm_area_t *v, const vm_space_t *s)
{
	return v->start <= s->brk && v->end >= s->brk_start && s->brk > s->brk_start;
}

static bool is_stack(const vm_area_t *v, const vm_space_t *s)
{
	return v->start <= s->start_sp && v->end >= s->start_sp;
}

static const char *area_name(const vm_area_t *v, const vm_space_t *s)
{
	if (v->ops && v->ops->name)
		return v->ops->name((vm_area_t *)v);
	if (is_heap(v, s))
		return "[heap]";
	if (is_stack(v, s))
		return "[stack]";
	return NULL;
}

static void show_area(seq_file_t *m, const vm_area_t *v, const vm_space_t *s)
{
	file_t *f = v->file;
	vfs_node_t *n = f ? f->node : NULL;
	const char *name = f ? NULL : area_name(v, s);
	size_t start = m->count;

	seq_printf(m, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", v->start, v->end,
		   v->flags & VM_READ ? 'r' : '-', v->flags & VM_WRITE ? 'w' : '-',
		   v->flags & VM_EXEC ? 'x' : '-', v->flags & VM_SHARED ? 's' : 'p',
		   f ? v->page_offset << PAGE_SHIFT : 0, n ? dev_major(n->sb->dev) : 0,
		   n ? dev_minor(n->sb->dev) : 0, n ? n->ino : 0);
	while ((f || name) && !m->overflow && m->count < start + NAME_COLUMN)
		seq_putc(m, ' ');
	if (f)
		seq_path(m, &f->path, "\n");
	else if (name)
		seq_puts(m, name);
	seq_putc(m, '\n');
}

/* A name, and a number that ends in a column; no format: smaps has twenty such lines for each area. */
static void show_kib(seq_file_t *m, const char *name, u64 bytes)
{
	char line[64], digits[20];
	size_t at = strlen(name), n = 0;
	u64 value = bytes / KIB;

	memset(line, ' ', sizeof(line));
	memcpy(line, name, at);
	do {
		digits[n++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	at = MAX(at + 1, VALUE_END - MIN(n, (size_t)VALUE_END));
	while (n)
		line[at++] = digits[--n];
	memcpy(line + at, " kB\n", 4);
	seq_write(m, line, at + 4);
}

static void show_usage(seq_file_t *m, const vm_usage_t *u, bool whole)
{
	show_kib(m, "Rss:", u->resident);
	show_kib(m, "Pss:", u->proportional >> VM_USAGE_SHIFT);
	show_kib(m, "Pss_Dirty:", u->proportional_dirty >> VM_USAGE_SHIFT);
	if (whole) {
		show_kib(m, "Pss_Anon:", u->proportional_anon >> VM_USAGE_SHIFT);
		show_kib(m, "Pss_File:", u->proportional_file >> VM_USAGE_SHIFT);
		show_kib(m, "Pss_Shmem:", u->proportional_shmem >> VM_USAGE_SHIFT);
	}
	show_kib(m, "Shared_Clean:", u->shared_clean);
	show_kib(m, "Shared_Dirty:", u->shared_dirty);
	show_kib(m, "Private_Clean:", u->private_clean);
	show_kib(m, "Private_Dirty:", u->private_dirty);
	show_kib(m, "Referenced:", u->referenced);
	show_kib(m, "Anonymous:", u->anonymous);
	/* There are no pages that wait for reclaim, no huge pages and no swap. */
	show_kib(m, "LazyFree:", 0);
	show_kib(m, "AnonHugePages:", 0);
	show_kib(m, "ShmemPmdMapped:", 0);
	show_kib(m, "FilePmdMapped:", 0);
	show_kib(m, "Shared_Hugetlb:", 0);
	show_kib(m, "Private_Hugetlb:", 0);
	show_kib(m, "Swap:", 0);
	show_kib(m, "SwapPss:", 0);
	show_kib(m, "Locked:", u->locked >> VM_USAGE_SHIFT);
}

static void show_flags(seq_file_t *m, const vm_area_t *v)
{
	static const struct {
		u32 flag;
		char text[4];
	} names[] = {
		{ VM_READ, "rd " },	  { VM_WRITE, "wr " },	       { VM_EXEC, "ex " },
		{ VM_SHARED, "sh " },	  { VM_MAY_READ, "mr " },      { VM_MAY_WRITE, "mw " },
		{ VM_MAY_EXEC, "me " },	  { VM_GROWS_DOWN, "gd " },    { VM_LOCKED, "lo " },
		{ VM_IO, "io " },	  { VM_SEQ_READ, "sr " },      { VM_RAND_READ, "rr " },
		{ VM_DONT_COPY, "dc " },  { VM_LOCK_ON_FAULT, "lf " }, { VM_ACCOUNT, "ac " },
		{ VM_NO_RESERVE, "nr " }, { VM_WIPE_ON_FORK, "wf " },  { VM_DONT_DUMP, "dd " },
		{ VM_HUGE, "hg " },	  { VM_NO_HUGE, "nh " },
	};

	seq_puts(m, "VmFlags: ");
	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		if (v->flags & names[i].flag)
			seq_puts(m, names[i].text);
	seq_putc(m, '\n');
}

/* ---- area by area: a reader who wants little holds the space's lock for little ---- */

/* From one element to the next the space is referenced and its lock held shared. */
static void leave_space(vm_space_t *s)
{
	rwsem_read_unlock(&s->lock);
	vm_space_put(s);
}

/* The first area that ends behind address *pos. */
static void *area_start(seq_file_t *m, off_t *pos)
{
	proc_held_t *held = m->private_data;
	vm_space_t *s = held->space;
	vm_area_t *v;

	if (!s || !vm_space_get_alive(s))
		return NULL;
	rwsem_read_lock(&s->lock);
	v = vm_find(s, (unsigned long)*pos);
	if (!v)
		leave_space(s);
	return v;
}

static void *area_next(seq_file_t *m, void *element, off_t *pos)
{
	vm_area_t *v = element, *next = vm_next(v);

	*pos = (off_t)v->end;
	if (!next)
		leave_space(v->space);
	return next;
}

static void area_stop(seq_file_t *m, void *element)
{
	vm_area_t *v = element;

	if (v && !IS_ERR(v))
		leave_space(v->space);
}

static int show_map(seq_file_t *m, void *element)
{
	vm_area_t *v = element;

	show_area(m, v, v->space);
	return 0;
}

static int show_smap(seq_file_t *m, void *element)
{
	vm_area_t *v = element;
	vm_usage_t u = { 0 };

	show_area(m, v, v->space);
	if (m->overflow)
		return 0; /* shown again */
	vm_area_usage(v, &u);
	show_kib(m, "Size:", v->end - v->start);
	show_kib(m, "KernelPageSize:", PAGE_SIZE);
	show_kib(m, "MMUPageSize:", PAGE_SIZE);
	show_usage(m, &u, false);
	seq_puts(m, "THPeligible:    0\n");
	show_flags(m, v);
	return 0;
}

static const seq_operations_t maps_seq = { area_start, area_next, area_stop, show_map };
static const seq_operations_t smaps_seq = { area_start, area_next, area_stop, show_smap };

static int maps_open(vfs_node_t *node, file_t *f)
{
	return proc_held_open(node, f, &maps_seq, NULL);
}

static int smaps_open(vfs_node_t *node, file_t *f)
{
	return proc_held_open(node, f, &smaps_seq, NULL);
}

const file_operations_t proc_maps_ops = {
	.open = maps_open,
	.read_iter = seq_read_iter,
	.llseek = endless_llseek,
	.release = proc_held_release,
};

const file_operations_t proc_smaps_ops = {
	.open = smaps_open,
	.read_iter = seq_read_iter,
	.llseek = endless_llseek,
	.release = proc_held_release,
};

/* ---- numa_maps: where the pages of each area lie ---- */

static int show_numa_map(seq_file_t *m, void *element)
{
	vm_area_t *v = element;
	char policy[POLICY_TEXT_MAX];
	vm_nodes_t n = { 0 };
	process_t *p;
	thread_t *t;

	if (v->policy) {
		policy_text(v->policy, policy, sizeof(policy));
	} else {
		proc_held_t *held = m->private_data;
		mem_policy_t *own = NULL;

		if (proc_node_resolve(held->node, &p, &t)) {
			own = policy_of_thread(t);
			proc_node_release(p, t);
		}
		policy_text(own, policy, sizeof(policy));
		policy_put(own);
	}
	seq_printf(m, "%08lx %s", v->start, policy);
	if (v->file) {
		seq_puts(m, " file=");
		seq_path(m, &v->file->path, "\n\t= ");
	} else if (is_heap(v, v->space)) {
		seq_puts(m, " heap");
	} else if (is_stack(v, v->space)) {
		seq_puts(m, " stack");
	}
	vm_area_nodes(v, &n);
	if (!n.pages) {
		seq_putc(m, '\n');
		return 0;
	}
	if (n.anonymous)
		seq_printf(m, " anon=%lu", n.anonymous);
	if (n.dirty)
		seq_printf(m, " dirty=%lu", n.dirty);
	if (n.pages != n.anonymous && n.pages != n.dirty)
		seq_printf(m, " mapped=%lu", n.pages);
	if (n.most_maps > 1)
		seq_printf(m, " mapmax=%u", n.most_maps);
	if (n.active < n.pages)
		seq_printf(m, " active=%lu", n.active);
	for (u32 i = 0; i < node_count; i++)
		if (n.on_node[i])
			seq_printf(m, " N%u=%lu", i, n.on_node[i]);
	seq_printf(m, " kernelpagesize_kB=%lu\n", PAGE_SIZE / KIB);
	return 0;
}

static const seq_operations_t numa_maps_seq = { area_start, area_next, area_stop, show_numa_map };

static int numa_maps_open(vfs_node_t *node, file_t *f)
{
	return proc_held_open(node, f, &numa_maps_seq, NULL);
}

const file_operations_t proc_numa_maps_ops = {
	.open = numa_maps_open,
	.read_iter = seq_read_iter,
	.llseek = endless_llseek,
	.release = proc_held_release,
};

/* ---- clear_refs ---- */

#define CLEAR_ALL '1'
#define CLEAR_ANON '2'
#define CLEAR_MAPPED '3'
#define CLEAR_SOFT_DIRTY '4' /* nobody keeps such marks: none to clear, none shown by pagemap */
#define CLEAR_PEAK '5'

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* One of those digits, perhaps between blanks, with a sign or zeros before it; 0: something else. */
static char clear_kind(const char *text)
{
	char digit;

	while (is_blank(*text))
		text++;
	text += *text == '+';
	while (*text == '0' && text[1] >= '0' && text[1] <= '9')
		text++;
	digit = *text++;
	while (is_blank(*text))
		text++;
	return *text || digit < CLEAR_ALL || digit > CLEAR_PEAK ? 0 : digit;
}

int store_clear_refs(process_t *p, thread_t *t, char *text)
{
	char kind = clear_kind(text);
	vm_space_t *s;

	if (!kind)
		return -EINVAL;
	s = vm_space_of(p);
	if (!s)
		return 0;
	if (kind == CLEAR_PEAK)
		vm_forget_peak(s);
	else if (kind != CLEAR_SOFT_DIRTY)
		vm_forget_accesses(s, kind == CLEAR_ALL	   ? VM_FORGET_ANON | VM_FORGET_FILE
				      : kind == CLEAR_ANON ? VM_FORGET_ANON
							   : VM_FORGET_FILE);
	vm_space_put(s);
	return 0;
}

void show_smaps_rollup(seq_file_t *m, vm_space_t *s)
{
	unsigned long first = 0, last = 0;
	vm_usage_t u = { 0 };
	size_t start = m->count;

	rwsem_read_lock(&s->lock);
	for (vm_area_t *v = vm_first(s); v; v = vm_next(v)) {
		if (!last)
			first = v->start;
		last = v->end;
		vm_area_usage(v, &u);
	}
	rwsem_read_unlock(&s->lock);
	seq_printf(m, "%08lx-%08lx ---p 00000000 00:00 0 ", first, last);
	while (!m->overflow && m->count < start + NAME_COLUMN)
		seq_putc(m, ' ');
	seq_puts(m, "[rollup]\n");
	show_usage(m, &u, true);
}

/* ---- pagemap: a word of eight bytes for each page of the address space ---- */

#define BATCH 64 /* words */

static ssize_t pagemap_read(file_t *f, iter_t *it, off_t *pos)
{
	bool frames = capable(CAP_SYS_ADMIN);
	vm_space_t *s = f->private_data;
	ssize_t total = 0;

	if (!s || !vm_space_get_alive(s))
		return 0;
	if (*pos % sizeof(u64) || it->count % sizeof(u64))
		total = -EINVAL;
	while (total >= 0 && it->count && (u64)*pos / sizeof(u64) < USER_MAX >> PAGE_SHIFT) {
		u64 words[BATCH], first = (u64)*pos / sizeof(u64);
		u64 n = MIN(MIN(it->count / sizeof(u64), (u64)BATCH),
			    (USER_MAX >> PAGE_SHIFT) - first);
		size_t done;

		rwsem_read_lock(&s->lock);
		for (u64 i = 0; i < n; i++) {
			words[i] = vm_pagemap_word(s, (first + i) << PAGE_SHIFT);
			if (!frames)
				words[i] &= ~PAGEMAP_FRAME;
		}
		rwsem_read_unlock(&s->lock);
		done = copy_to_iter(words, n * sizeof(u64), it);
		*pos += (off_t)done;
		total += (ssize_t)done;
		if (done < n * sizeof(u64)) {
			total = total ? total : -EFAULT;
			break;
		}
	}
	vm_space_put(s);
	return total;
}

static int pagemap_open(vfs_node_t *node, file_t *f)
{
	vm_space_t *s;
	int r = proc_hold_space(node, &s);

	f->private_data = s;
	return r;
}

static void pagemap_release(file_t *f)
{
	if (f->private_data)
		vm_space_drop(f->private_data);
}

static off_t pagemap_llseek(file_t *f, off_t off, int whence)
{
	if (whence == SEEK_CUR)
		off += f->pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	return off < 0 ? -EINVAL : (f->pos = off);
}

const file_operations_t proc_pagemap_ops = {
	.open = pagemap_open,
	.read_iter = pagemap_read,
	.llseek = pagemap_llseek,
	.release = pagemap_release,
};
