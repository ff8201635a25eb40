/*
 * Checks of ELF64 programs before anything is mapped. Three steps, each safe on any bytes:
 *
 *	elf_parse_header(buf, len, &info)	the first 64 bytes: -ENOEXEC when it is not for us
 *	read info.phnum segments at info.phoff
 *	elf_check_segments(segments, info.phnum, &info, USER_MAX, &layout)
 *
 * -ENOEXEC leaves the old program alive (an interpreter's is -ELIBBAD for the caller). -EINVAL
 * names what Linux notices only after the old program is gone: the caller ends the program by
 * SIGSEGV, as there.
 */
#ifndef KERNEL_LIB_ELF_H
#define KERNEL_LIB_ELF_H

#include <kernel/types.h>
#include <uapi/elf.h>

#define ELF_MAX_SEGMENTS (4096 / sizeof(struct elf64_segment)) /* Linux: the table fits a page */

typedef struct elf_info {
	bool position_independent; /* ET_DYN */
	u64 entry, phoff;
	u32 phnum; /* 1..ELF_MAX_SEGMENTS */
} elf_info_t;

/* Addresses as in the file: the load bias is not added. */
typedef struct elf_layout {
	u32 load_count;
	u64 start; /* lowest loaded address, rounded down to a page */
	u64 end;   /* end of the highest segment in memory, exact: the heap begins behind it */
	u64 align; /* what the load bias must be a multiple of: largest p_align, at least a page */
	u64 phdr_addr; /* where the segment table is seen in memory (AT_PHDR), 0 when it is not */
	u64 code_start, code_end, data_start, data_end; /* /proc/pid/stat */
	int interp;					/* index of PT_INTERP, or -1 */
	bool exec_stack;
} elf_layout_t;

int elf_parse_header(const void *buf, size_t len, elf_info_t *out);
/* user_max: first address that a program cannot have. */
int elf_check_segments(const struct elf64_segment *segments, u32 count, const elf_info_t *info,
		       u64 user_max, elf_layout_t *out);
/* The text of PT_INTERP: terminated and of a length that a path can have? 0 or -ENOEXEC. */
int elf_check_interp(const char *path, u64 size);
/* What is added to every address so that layout->start goes to `wanted`, or just below it. */
u64 elf_load_bias(const elf_layout_t *layout, u64 wanted);

#endif
