/*
 * ELF64 validation. What is accepted is what Linux accepts: the identification's class and byte
 * order, for instance, are not looked at there, since machine and table entry size already tell a
 * 64-bit little-endian program.
 */
#include <kernel/lib/elf.h>

#include <kernel/compiler.h>
#include <kernel/lib/string.h>
#include <uapi/errno.h>

#define ELF_PAGE 4096UL
#define INTERP_MAX 4096 /* PATH_MAX */

int elf_parse_header(const void *buf, size_t len, elf_info_t *out)
{
	struct elf64_header h;

	if (len < sizeof(h))
		return -ENOEXEC;
	memcpy(&h, buf, sizeof(h));
	if (memcmp(h.e_ident, ELF_MAGIC, 4) != 0 || (h.e_type != ET_EXEC && h.e_type != ET_DYN) ||
	    h.e_machine != EM_X86_64)
		return -ENOEXEC;
	if (h.e_phentsize != sizeof(struct elf64_segment) || h.e_phnum == 0 ||
	    h.e_phnum > ELF_MAX_SEGMENTS)
		return -ENOEXEC;
	/* The table must lie where a file can reach: offsets are signed. */
	if (h.e_phoff > (u64)INT64_MAX - sizeof(struct elf64_segment) * h.e_phnum)
		return -ENOEXEC;
	*out = (elf_info_t){
		.position_independent = h.e_type == ET_DYN,
		.entry = h.e_entry,
		.phoff = h.e_phoff,
		.phnum = h.e_phnum,
	};
	return 0;
}

static bool is_power_of_two(u64 n)
{
	return n && !(n & (n - 1));
}

static int check_load(const struct elf64_segment *s, u64 user_max)
{
	u64 end;

	if (s->p_filesz > s->p_memsz || s->p_vaddr >= user_max || s->p_memsz > user_max ||
	    s->p_vaddr > user_max - s->p_memsz)
		return -EINVAL;
	/* A page of the file can only be mapped at a page of memory. */
	if (s->p_filesz && (s->p_offset ^ s->p_vaddr) % ELF_PAGE)
		return -EINVAL;
	if (__builtin_add_overflow(s->p_offset, s->p_filesz, &end) || end > INT64_MAX)
		return -EINVAL;
	return 0;
}

static void add_load(const struct elf64_segment *s, u64 phoff, elf_layout_t *out)
{
	u64 page = ALIGN_DOWN(s->p_vaddr, ELF_PAGE), file_end = s->p_vaddr + s->p_filesz;

	if (!out->load_count || page < out->start)
		out->start = page;
	out->end = MAX(out->end, s->p_vaddr + s->p_memsz);
	if (is_power_of_two(s->p_align))
		out->align = MAX(out->align, s->p_align);
	if (!out->phdr_addr && s->p_offset <= phoff && phoff < s->p_offset + s->p_filesz)
		out->phdr_addr = phoff - s->p_offset + s->p_vaddr;
	if (s->p_flags & PF_X) {
		if (!out->code_end || s->p_vaddr < out->code_start)
			out->code_start = s->p_vaddr;
		out->code_end = MAX(out->code_end, file_end);
	}
	out->data_start = MAX(out->data_start, s->p_vaddr);
	out->data_end = MAX(out->data_end, file_end);
	out->load_count++;
}

int elf_check_segments(const struct elf64_segment *segments, u32 count, const elf_info_t *info,
		       u64 user_max, elf_layout_t *out)
{
	int ret = 0;

	*out = (elf_layout_t){ .align = ELF_PAGE, .interp = -1 };
	for (u32 i = 0; i < count; i++) {
		const struct elf64_segment *s = &segments[i];

		if (s->p_type == PT_GNU_STACK)
			out->exec_stack = s->p_flags & PF_X;
		if (s->p_type == PT_INTERP && out->interp < 0) {
			/* At least one character and its NUL. */
			if (s->p_filesz < 2 || s->p_filesz > INTERP_MAX)
				return -ENOEXEC;
			out->interp = (int)i;
		}
		if (s->p_type != PT_LOAD || ret)
			continue;
		ret = check_load(s, user_max); /* -ENOEXEC further down comes first */
		if (!ret)
			add_load(s, info->phoff, out);
	}
	if (ret)
		return ret;
	if (info->position_independent) {
		if (!out->load_count || out->align >= user_max ||
		    out->end - out->start > user_max - out->align)
			return -EINVAL;
		/* The bias is added with wrap, so the entry only has to be an address once it is.
		 */
		return 0;
	}
	return info->entry < user_max ? 0 : -EINVAL;
}

int elf_check_interp(const char *path, u64 size)
{
	return path[size - 1] ? -ENOEXEC : 0;
}

u64 elf_load_bias(const elf_layout_t *layout, u64 wanted)
{
	return ALIGN_DOWN(ALIGN_DOWN(wanted, layout->align) - layout->start, ELF_PAGE);
}
