/*
 * Loading an ELF program, and the interpreter that it names, into a space that is not in use yet.
 *
 *	position dependent		where it says
 *	position independent		around 2/3 of the space, random; with no interpreter (it may be one), and
 *	the interpreter			where mappings go
 *
 * The heap begins at a random distance behind the program; behind 2/3 of the space for an
 * interpreter that was started by itself, since it lies among the mappings.
 */
#include <drivers/random.h>
#include <kernel/lib/string.h>
#include <mm/vmalloc.h>
#include <uapi/mman.h>

#include "exec_internal.h"
#include "proc_internal.h"

#define DYN_BASE ALIGN_DOWN(USER_MAX / 3 * 2, PAGE_SIZE)
#define MMAP_RANDOM_BITS 28
#define BRK_RANDOM (32UL << 20)
#define STACK_GAP_MIN (128UL << 20)
#define STACK_GAP_MAX (USER_MAX / 6 * 5)
#define STACK_GUARD_GAP (256 * PAGE_SIZE)
#define STACK_RANDOM_MAX (0x3fffffUL << PAGE_SHIFT)

typedef struct object {
	file_t *file;
	elf_info_t info;
	struct elf64_segment *segments; /* kvfree */
	elf_layout_t layout;
	u64 bias;
} object_t;

/* Exactly len bytes, or -EIO. */
static int read_exact(file_t *f, void *buf, size_t len, u64 at)
{
	off_t pos = (off_t)at;
	ssize_t n = kernel_read(f, buf, len, &pos);

	if (n < 0)
		return (int)n;
	return (size_t)n == len ? 0 : -EIO;
}

/* Reads and checks the segment table. -EINVAL: late, see kernel/lib/elf.h. */
static int read_segments(object_t *o)
{
	size_t size = o->info.phnum * sizeof(*o->segments);
	int r;

	o->segments = kvmalloc(size, GFP_KERNEL);
	if (!o->segments)
		return -ENOMEM;
	r = read_exact(o->file, o->segments, size, o->info.phoff);
	if (r)
		return r == -ENOMEM ? r : -ENOEXEC;
	return elf_check_segments(o->segments, o->info.phnum, &o->info, USER_MAX, &o->layout);
}

/* ---- mapping ---- */

static int protection(const struct elf64_segment *s)
{
	return (s->p_flags & PF_R ? PROT_READ : 0) | (s->p_flags & PF_W ? PROT_WRITE : 0) |
	       (s->p_flags & PF_X ? PROT_EXEC : 0);
}

/* Where the whole object fits among the mappings. */
static int choose_place(exec_t *e, object_t *o)
{
	u64 len =
		ALIGN_UP(o->layout.end - o->layout.start, PAGE_SIZE) + o->layout.align - PAGE_SIZE;
	long at = vm_map(e->space, 0, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			 NULL, 0);
	int r;

	if (at < 0)
		return (int)at;
	r = vm_unmap(e->space, (unsigned long)at, len);
	if (r)
		return r;
	o->bias = elf_load_bias(&o->layout, (u64)at + o->layout.align - PAGE_SIZE);
	return 0;
}

/* The rest of the last page that has file contents, and whole pages behind it. */
static int map_bss(exec_t *e, const struct elf64_segment *s, u64 start)
{
	static const u8 zeros[PAGE_SIZE];
	u64 file_end = start + s->p_filesz, end = ALIGN_UP(start + s->p_memsz, PAGE_SIZE);
	u64 page_end = ALIGN_UP(file_end, PAGE_SIZE);
	long r;

	if (s->p_memsz == s->p_filesz)
		return 0;
	if (page_end > file_end && s->p_filesz) {
		r = vm_copy_out(e->space, file_end, zeros, page_end - file_end);
		/* A page that may not be written cannot hold variables either. */
		if (r && (r != -EFAULT || (s->p_flags & PF_W)))
			return (int)r;
	}
	if (!s->p_filesz)
		page_end = ALIGN_DOWN(start, PAGE_SIZE);
	if (end <= page_end)
		return 0;
	r = vm_map(e->space, page_end, end - page_end,
		   PROT_READ | PROT_WRITE | (s->p_flags & PF_X ? PROT_EXEC : 0),
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0);
	return r < 0 ? (int)r : 0;
}

/* The first one of an object must not lie on anything; the others may, as on Linux, on those before. */
static int map_segment(exec_t *e, object_t *o, const struct elf64_segment *s, bool first)
{
	u64 start = s->p_vaddr + o->bias, in_page = start & ~PAGE_MASK;

	if (start >= USER_MAX || s->p_memsz > USER_MAX - start)
		return -ENOMEM;
	if (s->p_filesz) {
		long r = vm_map(e->space, start - in_page, s->p_filesz + in_page, protection(s),
				MAP_PRIVATE | (first ? MAP_FIXED_NOREPLACE : MAP_FIXED), o->file,
				(off_t)(s->p_offset - in_page));

		if (r < 0)
			return (int)r;
	}
	return map_bss(e, s, start);
}

static int map_object(exec_t *e, object_t *o)
{
	bool first = true;

	for (u32 i = 0; i < o->info.phnum; i++) {
		if (o->segments[i].p_type != PT_LOAD)
			continue;
		int r = map_segment(e, o, &o->segments[i], first);

		if (r)
			return r;
		first = false;
	}
	return 0;
}

/* ---- layout of the space ---- */

static void set_mmap_base(exec_t *e)
{
	unsigned long gap = e->stack_limit, pad = STACK_RANDOM_MAX + STACK_GUARD_GAP;

	if (gap + pad > gap)
		gap += pad;
	gap = MIN(MAX(gap, STACK_GAP_MIN), STACK_GAP_MAX);
	e->space->mmap_base = ALIGN_DOWN(
		USER_MAX - gap - exec_random_pages(1UL << (MMAP_RANDOM_BITS + PAGE_SHIFT)),
		PAGE_SIZE);
}

static void set_layout(exec_t *e, const object_t *program, bool among_mappings)
{
	const elf_layout_t *l = &program->layout;
	vm_space_t *s = e->space;
	u64 heap = ALIGN_UP(l->end + program->bias, PAGE_SIZE);

	s->code_start = l->code_start + program->bias;
	s->code_end = l->code_end + program->bias;
	s->data_start = l->data_start + program->bias;
	s->data_end = l->data_end + program->bias;
	if (among_mappings)
		heap = DYN_BASE;
	s->brk_start = s->brk = heap + exec_random_pages(BRK_RANDOM);
}

/* ---- program and interpreter ---- */

static int read_interp_name(object_t *program, char *name)
{
	const struct elf64_segment *s = &program->segments[program->layout.interp];
	int r = read_exact(program->file, name, s->p_filesz, s->p_offset);

	return r ? r : elf_check_interp(name, s->p_filesz);
}

static int open_interp(exec_t *e, object_t *program, object_t *interp)
{
	char *name = kmalloc(PATH_MAX, GFP_KERNEL);
	u8 header[sizeof(struct elf64_header)];
	int r;

	if (!name)
		return -ENOMEM;
	r = read_interp_name(program, name);
	if (r)
		goto out;
	interp->file = exec_open(e, AT_FDCWD, name, 0);
	if (IS_ERR(interp->file)) {
		r = (int)PTR_ERR(interp->file);
		interp->file = NULL;
		goto out;
	}
	r = read_exact(interp->file, header, sizeof(header), 0);
	if (r)
		goto out;
	if (elf_parse_header(header, sizeof(header), &interp->info))
		r = -ELIBBAD;
	else
		r = read_segments(interp);
	if (r == -ENOEXEC)
		r = -ELIBBAD;
out:
	kfree(name);
	return r;
}

static int place_and_map(exec_t *e, object_t *program, object_t *interp)
{
	bool with_interp = interp->file, among_mappings = false;
	int r;

	if (program->layout.exec_stack) {
		vm_area_t *stack = vm_find(e->space, e->p);

		r = vm_protect(e->space, stack->start, stack->end - stack->start,
			       PROT_READ | PROT_WRITE | PROT_EXEC);
		if (r)
			return r;
	}
	if (program->info.position_independent && with_interp) {
		program->bias = elf_load_bias(
			&program->layout,
			DYN_BASE + exec_random_pages(1UL << (MMAP_RANDOM_BITS + PAGE_SHIFT)));
	} else if (program->info.position_independent) {
		r = choose_place(e, program);
		if (r)
			return r;
		among_mappings = true;
	}
	r = map_object(e, program);
	if (r)
		return r;
	set_layout(e, program, among_mappings);
	e->entry = e->program_entry = program->info.entry + program->bias;
	e->phdr = program->layout.phdr_addr ? program->layout.phdr_addr + program->bias : 0;
	e->phnum = program->info.phnum;
	if (!with_interp)
		return 0;
	if (interp->info.position_independent) {
		r = choose_place(e, interp);
		if (r)
			return r;
	}
	r = map_object(e, interp);
	e->interp_base = interp->bias;
	e->entry = interp->info.entry + interp->bias;
	return r;
}

static int load(exec_t *e, object_t *program, object_t *interp)
{
	int r = read_segments(program), late = 0;

	if (r == -EINVAL)
		late = r;
	else if (r)
		return r;
	if (program->layout.interp >= 0) {
		r = open_interp(e, program, interp);
		if (r == -EINVAL)
			late = r;
		else if (r)
			return r;
	}
	set_mmap_base(e);
	if (!late)
		late = place_and_map(e, program, interp);
	if (!late && e->entry >= USER_MAX)
		late = -EINVAL;
	e->late_error = late;
	return 0;
}

int exec_load_elf(exec_t *e)
{
	object_t program = { .file = e->file }, interp = { 0 };
	int r = elf_parse_header(e->header, sizeof(e->header), &program.info);

	if (r)
		return r;
	r = load(e, &program, &interp);
	if (interp.file) {
		file_allow_write(interp.file);
		file_put(interp.file);
	}
	kvfree(program.segments);
	kvfree(interp.segments);
	return r;
}
