/*
 * The contents of a core file: an ELF file of type ET_CORE (elf(5), core(5)).
 *
 *	ELF header | segment table: PT_NOTE, a PT_LOAD for each mapping | notes | memory, from a page
 *	boundary on
 *
 * The notes and the list of mappings are made in memory first, so that their size is known when the
 * headers are written. Memory that nobody touched becomes a hole.
 */
#include <arch/trace.h>
#include <kernel/lib/elf.h>
#include <kernel/lib/string.h>
#include <mm/space.h>
#include <mm/vmalloc.h>

#include "coredump_internal.h"

#define NOTE_ALIGN 4ul
#define FILE_NOTE_MAX (4ul << 20)

/* ---- mappings, as of now ---- */

typedef struct mapping {
	unsigned long start, end;
	u64 size; /* bytes of it that are written, from the start */
	u64 page_offset;
	u32 flags;
	file_t *file; /* own reference, or NULL */
} mapping_t;

typedef struct map_list {
	mapping_t *maps; /* kvfree */
	u32 count;
} map_list_t;

static bool is_elf_start(const vm_area_t *v)
{
	return v->page_offset == 0 && (v->flags & VM_READ) && v->end > v->start;
}

static u64 dumped_size(const vm_area_t *v, u32 filter)
{
	u64 whole = v->end - v->start;

	if (v->flags & VM_SPECIAL)
		return whole;
	if (v->flags & (VM_DONT_DUMP | VM_IO))
		return 0;
	if (v->flags & VM_SHARED) {
		bool named = v->file && !(v->file->mode & FMODE_ANON) && v->file->node->nlink;

		return filter & (named ? CORE_FILE_SHARED : CORE_ANON_SHARED) ? whole : 0;
	}
	if (v->anon && (filter & CORE_ANON_PRIVATE))
		return whole;
	if (!v->file)
		return 0;
	if (filter & CORE_FILE_PRIVATE)
		return whole;
	/* So that a debugger can tell which file it was, by its build id. */
	return (filter & CORE_ELF_HEADERS) && is_elf_start(v) ? PAGE_SIZE : 0;
}

/* Space locked. */
static void fill_maps(vm_space_t *s, map_list_t *list, u32 filter)
{
	for (vm_area_t *v = vm_first(s); v; v = vm_next(v)) {
		mapping_t *m = &list->maps[list->count++];

		*m = (mapping_t){ .start = v->start,
				  .end = v->end,
				  .size = dumped_size(v, filter),
				  .page_offset = v->page_offset,
				  .flags = v->flags,
				  .file = v->file };
		if (m->file)
			file_get(m->file);
	}
}

/* Other processes may share the memory, and change the mappings while room is made. */
static int list_maps(vm_space_t *s, map_list_t *list, u32 filter)
{
	for (;;) {
		u32 room = READ_ONCE(s->area_count);

		list->maps = kvmalloc(MAX(room, 1u) * sizeof(mapping_t), GFP_KERNEL);
		if (!list->maps)
			return -ENOMEM;
		rwsem_read_lock(&s->lock);
		if (s->area_count <= room) {
			fill_maps(s, list, filter);
			rwsem_read_unlock(&s->lock);
			return 0;
		}
		rwsem_read_unlock(&s->lock);
		kvfree(list->maps);
	}
}

static void free_maps(map_list_t *list)
{
	for (u32 i = 0; i < list->count; i++)
		if (list->maps[i].file)
			file_put(list->maps[i].file);
	kvfree(list->maps);
}

/* ---- notes, in one buffer ---- */

typedef struct notes {
	u8 *data; /* kvfree */
	size_t size, room;
	bool failed; /* no memory */
} notes_t;

static void append(notes_t *n, const void *data, size_t size)
{
	size_t padded = ALIGN_UP(size, NOTE_ALIGN);

	if (n->failed)
		return;
	if (n->size + padded > n->room) {
		size_t room = MAX(2 * n->room, n->size + padded + PAGE_SIZE);
		u8 *larger = kvmalloc(room, GFP_KERNEL);

		if (!larger) {
			n->failed = true;
			return;
		}
		if (n->data)
			memcpy(larger, n->data, n->size);
		kvfree(n->data);
		n->data = larger;
		n->room = room;
	}
	memcpy(n->data + n->size, data, size);
	memset(n->data + n->size + size, 0, padded - size);
	n->size += padded;
}

static void add_note(notes_t *n, const char *owner, u32 type, const void *data, size_t size)
{
	struct elf_note note = {
		.n_namesz = (u32)strlen(owner) + 1,
		.n_descsz = (u32)size,
		.n_type = type,
	};

	append(n, &note, sizeof(note));
	append(n, owner, note.n_namesz);
	append(n, data, size);
}

static struct timeval time_of(nsec_t t)
{
	return (struct timeval){ t / NSEC_PER_SEC, t % NSEC_PER_SEC / NSEC_PER_USEC };
}

static void add_status(notes_t *n, thread_t *t, const siginfo_t *info)
{
	process_t *p = t->process;
	struct elf_prstatus s;
	nsec_t user, system;

	memset(&s, 0, sizeof(s));
	s.si_signo = info->si_signo;
	s.si_code = info->si_code;
	s.si_errno = info->si_errno;
	s.pr_cursig = (s16)info->si_signo;
	s.pr_sigpend = t->pending.set;
	s.pr_sighold = t->blocked;
	s.pr_pid = t->tid;
	rcu_read_lock();
	s.pr_ppid = rcu_dereference(p->parent)->pid;
	rcu_read_unlock();
	s.pr_pgrp = p->group->nr;
	s.pr_sid = p->session->nr;
	if (t == p->leader)
		process_cpu_times(p, &user, &system);
	else
		sched_thread_times(t, &user, &system);
	s.pr_utime = time_of(user);
	s.pr_stime = time_of(system);
	s.pr_cutime = time_of(p->children_user);
	s.pr_cstime = time_of(p->children_system);
	s.pr_fpvalid = 1;
	arch_regs_get(t, &s.pr_reg);
	add_note(n, "CORE", NT_PRSTATUS, &s, sizeof(s));
}

static void add_process(notes_t *n, thread_t *t)
{
	process_t *p = t->process;
	vm_space_t *s = t->space;
	const cred_t *c = current_cred();
	struct elf_prpsinfo i;
	size_t len;

	memset(&i, 0, sizeof(i));
	i.pr_sname = 'R';
	i.pr_nice = t->sched.nice;
	i.pr_uid = c->uid;
	i.pr_gid = c->gid;
	i.pr_pid = p->pid;
	rcu_read_lock();
	i.pr_ppid = rcu_dereference(p->parent)->pid;
	rcu_read_unlock();
	i.pr_pgrp = p->group->nr;
	i.pr_sid = p->session->nr;
	strscpy(i.pr_fname, t->name, sizeof(i.pr_fname));
	len = MIN(s->arg_end - s->arg_start, sizeof(i.pr_psargs) - 1);
	if (vm_access(s, s->arg_start, i.pr_psargs, len, false, true) > 0)
		for (size_t at = 0; at < len; at++)
			if (!i.pr_psargs[at])
				i.pr_psargs[at] = ' ';
	add_note(n, "CORE", NT_PRPSINFO, &i, sizeof(i));
}

static void add_fpregs(notes_t *n, thread_t *t)
{
	static const struct {
		const char *owner;
		u32 type;
	} sets[] = { { "CORE", NT_FPREGSET }, { "LINUX", NT_X86_XSTATE } };

	for (u32 i = 0; i < ARRAY_SIZE(sets); i++) {
		size_t size = arch_fpregs_size(sets[i].type);
		void *image = size ? kmalloc(size, GFP_KERNEL) : NULL;

		n->failed |= size && !image;
		if (!image)
			continue;
		arch_fpregs_get(t, sets[i].type, image);
		add_note(n, sets[i].owner, sets[i].type, image, size);
		kfree(image);
	}
}

static u32 count_files(const map_list_t *list)
{
	u32 files = 0;

	for (u32 i = 0; i < list->count; i++)
		files += list->maps[i].file != NULL;
	return files;
}

/* count, page size, (start, end, page)..., then the names, each terminated. */
static void add_files(notes_t *n, const map_list_t *list)
{
	u64 files = count_files(list);
	size_t table = (2 + 3 * files) * sizeof(u64), size = table + files * PAGE_SIZE, at = table;
	char *page = kmalloc(PAGE_SIZE, GFP_KERNEL), *name;
	u64 *data, *entry;

	if (!files || size > FILE_NOTE_MAX || !page) {
		kfree(page);
		return;
	}
	data = kvmalloc(size, GFP_KERNEL);
	if (!data) {
		n->failed = true;
		kfree(page);
		return;
	}
	data[0] = files;
	data[1] = PAGE_SIZE;
	entry = data + 2;
	for (u32 i = 0; i < list->count; i++) {
		const mapping_t *m = &list->maps[i];

		if (!m->file)
			continue;
		*entry++ = m->start;
		*entry++ = m->end;
		*entry++ = m->page_offset;
		if (path_name(&m->file->path, page, PAGE_SIZE, &name))
			name = "<unknown>";
		at += strlen(strcpy((char *)data + at, name)) + 1;
	}
	add_note(n, "CORE", NT_FILE, data, at);
	kvfree(data);
	kfree(page);
}

/* The parked thread after t (NULL: the first). They stay; those that have ended may go meanwhile. */
static thread_t *next_parked(thread_t *t)
{
	thread_t *self = current(), *found = NULL;
	process_t *p = self->process;
	list_t *link;

	spin_lock_irq(sig_lock(p));
	link = t ? t->process_link.next : p->threads.next;
	for (; link != &p->threads; link = link->next) {
		thread_t *candidate = container_of(link, thread_t, process_link);

		if (candidate != self && !candidate->exiting) {
			found = candidate;
			break;
		}
	}
	spin_unlock_irq(sig_lock(p));
	return found;
}

static void make_notes(notes_t *n, const siginfo_t *info, const map_list_t *list)
{
	thread_t *self = current();
	vm_space_t *s = self->space;

	add_status(n, self, info);
	add_process(n, self);
	add_note(n, "CORE", NT_SIGINFO, info, sizeof(*info));
	add_note(n, "CORE", NT_AUXV, s->auxv, s->auxv_count * sizeof(u64));
	add_files(n, list);
	add_fpregs(n, self);
	for (thread_t *t = next_parked(NULL); t; t = next_parked(t)) {
		add_status(n, t, info);
		add_fpregs(n, t);
	}
}

/* ---- writing ---- */

static bool emit(core_file_t *core, const void *data, size_t size)
{
	iter_t it;

	if ((u64)core->pos + size > core->limit || fatal_signal_pending(current()))
		return false;
	iter_kernel(&it, false, (void *)data, size);
	it.io_flags = 0;
	while (it.count)
		if (file_write_iter(core->file, &it, &core->pos) <= 0)
			return false;
	return true;
}

static u32 segment_flags(u32 flags)
{
	return (flags & VM_READ ? PF_R : 0) | (flags & VM_WRITE ? PF_W : 0) |
	       (flags & VM_EXEC ? PF_X : 0);
}

static bool write_headers(core_file_t *core, const map_list_t *list, size_t notes, u64 data_at)
{
	struct elf64_header header = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 },
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = 1,
		.e_phoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(struct elf64_segment),
		.e_phnum = (u16)(list->count + 1),
	};
	struct elf64_segment segment = {
		.p_type = PT_NOTE,
		.p_offset = sizeof(header) + (list->count + 1) * sizeof(segment),
		.p_filesz = notes,
		.p_align = NOTE_ALIGN,
	};

	if (!emit(core, &header, sizeof(header)) || !emit(core, &segment, sizeof(segment)))
		return false;
	for (u32 i = 0; i < list->count; i++) {
		const mapping_t *m = &list->maps[i];

		segment = (struct elf64_segment){
			.p_type = PT_LOAD,
			.p_flags = segment_flags(m->flags),
			.p_offset = data_at,
			.p_vaddr = m->start,
			.p_filesz = m->size,
			.p_memsz = m->end - m->start,
			.p_align = PAGE_SIZE,
		};
		data_at += m->size;
		if (!emit(core, &segment, sizeof(segment)))
			return false;
	}
	return true;
}

/* Pages of files are read in, other memory is written only where there is some. */
static bool write_mapping(core_file_t *core, vm_space_t *s, const mapping_t *m, u64 data_at)
{
	unsigned long addr = m->start, end = m->start + m->size;

	while (addr < end) {
		page_t *page = m->file ? vm_lookup_page(s, addr, false, true)
				       : vm_next_resident(s, &addr, end);
		bool ok;

		if (!page)
			break;
		if (!IS_ERR(page)) {
			core->pos = (off_t)(data_at + (addr - m->start));
			ok = emit(core, page_to_virt(page), PAGE_SIZE);
			page_put(page);
			if (!ok)
				return false;
		}
		addr += PAGE_SIZE;
	}
	return true;
}

static bool write_all(core_file_t *core, vm_space_t *s, const map_list_t *list, const notes_t *n)
{
	u64 notes_at =
		sizeof(struct elf64_header) + (list->count + 1) * sizeof(struct elf64_segment);
	u64 data_at = ALIGN_UP(notes_at + n->size, PAGE_SIZE);

	if (!write_headers(core, list, n->size, data_at) || !emit(core, n->data, n->size))
		return false;
	for (u32 i = 0; i < list->count; i++) {
		if (!write_mapping(core, s, &list->maps[i], data_at))
			return false;
		data_at += list->maps[i].size;
	}
	/* The file may end with a hole. */
	return file_truncate(core->file, (off_t)data_at) == 0;
}

bool core_write(core_file_t *core)
{
	vm_space_t *s = current()->space;
	map_list_t list = { .count = 0 };
	notes_t notes = { .data = NULL };
	bool complete = false;

	if (list_maps(s, &list, READ_ONCE(current_process()->core_filter)))
		return false;
	make_notes(&notes, core->info, &list);
	if (!notes.failed && list.count < UINT16_MAX - 1)
		complete = write_all(core, s, &list, &notes);
	kvfree(notes.data);
	free_maps(&list);
	return complete;
}
