// sources: kernel/lib/elf.c
/* ELF checks: real programs of this machine, every rule broken once, random damage. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <host.h>
#include <kernel/lib/elf.h>
#include <uapi/errno.h>

#define USER_MAX 0x00007ffffffff000UL

static struct elf64_header header;
static struct elf64_segment segments[ELF_MAX_SEGMENTS];
static u32 count;

static void make_program(bool dynamic)
{
	header = (struct elf64_header){
		.e_ident = ELF_MAGIC,
		.e_type = dynamic ? ET_DYN : ET_EXEC,
		.e_machine = EM_X86_64,
		.e_entry = dynamic ? 0x1040 : 0x401040,
		.e_phoff = 64,
		.e_phentsize = 56,
		.e_phnum = 4,
	};
	u64 base = dynamic ? 0 : 0x400000;

	count = 4;
	segments[0] = (struct elf64_segment){ .p_type = PT_LOAD,
					      .p_flags = PF_R,
					      .p_vaddr = base,
					      .p_filesz = 0x500,
					      .p_memsz = 0x500,
					      .p_align = 0x1000 };
	segments[1] = (struct elf64_segment){ .p_type = PT_LOAD,
					      .p_flags = PF_R | PF_X,
					      .p_offset = 0x1000,
					      .p_vaddr = base + 0x1000,
					      .p_filesz = 0x234,
					      .p_memsz = 0x234,
					      .p_align = 0x1000 };
	segments[2] = (struct elf64_segment){ .p_type = PT_LOAD,
					      .p_flags = PF_R | PF_W,
					      .p_offset = 0x1df0,
					      .p_vaddr = base + 0x3df0,
					      .p_filesz = 0x100,
					      .p_memsz = 0x5100,
					      .p_align = 0x200000 };
	segments[3] = (struct elf64_segment){ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W };
}

static int check(elf_layout_t *layout)
{
	elf_info_t info;
	elf_layout_t unused;
	int r = elf_parse_header(&header, sizeof(header), &info);

	return r ? r
		 : elf_check_segments(segments, count, &info, USER_MAX, layout ? layout : &unused);
}

static void test_good(void **state)
{
	elf_layout_t l;

	make_program(false);
	assert_int_equal(check(&l), 0);
	assert_int_equal(l.load_count, 3);
	assert_int_equal(l.start, 0x400000);
	assert_int_equal(l.end, 0x408ef0);
	assert_int_equal(l.align, 0x200000);
	assert_int_equal(l.phdr_addr, 0x400040);
	assert_int_equal(l.code_start, 0x401000);
	assert_int_equal(l.code_end, 0x401234);
	assert_int_equal(l.data_start, 0x403df0);
	assert_int_equal(l.data_end, 0x403ef0);
	assert_int_equal(l.interp, -1);
	assert_false(l.exec_stack);
	make_program(true);
	segments[3] = (struct elf64_segment){ .p_type = PT_INTERP, .p_filesz = 28 };
	assert_int_equal(check(&l), 0);
	assert_int_equal(l.start, 0);
	assert_int_equal(l.interp, 3);
	assert_false(l.exec_stack); /* no PT_GNU_STACK: 64-bit programs have none that runs */
	assert_int_equal(elf_load_bias(&l, 0x555555554123), 0x555555400000);
	segments[3] = (struct elf64_segment){ .p_type = PT_GNU_STACK, .p_flags = PF_X };
	assert_int_equal(check(&l), 0);
	assert_true(l.exec_stack);
	/* A lowest page that is not 0. */
	for (int i = 0; i < 3; i++)
		segments[i].p_vaddr += 0x10000;
	assert_int_equal(check(&l), 0);
	assert_int_equal(l.start + elf_load_bias(&l, 0x555555554123), 0x555555400000);
}

static void test_header_rules(void **state)
{
	elf_info_t info;

	make_program(false);
	assert_int_equal(elf_parse_header(&header, 63, &info), -ENOEXEC);
	assert_int_equal(elf_parse_header("#!/bin/sh\n", 10, &info), -ENOEXEC);
#define BROKEN(change, result)                                                                     \
	do {                                                                                       \
		make_program(false);                                                               \
		change;                                                                            \
		assert_int_equal(check(NULL), result);                                             \
	} while (0)
	BROKEN(header.e_ident[0] = 0, -ENOEXEC);
	BROKEN(header.e_type = 1, -ENOEXEC);
	BROKEN(header.e_type = 4, -ENOEXEC);
	BROKEN(header.e_machine = 3, -ENOEXEC);
	BROKEN(header.e_phentsize = 32, -ENOEXEC);
	BROKEN(header.e_phnum = 0, -ENOEXEC);
	BROKEN(header.e_phnum = ELF_MAX_SEGMENTS + 1, -ENOEXEC);
	BROKEN(header.e_phoff = ~0UL - 10, -ENOEXEC);
	BROKEN(header.e_phoff = INT64_MAX - 10, -ENOEXEC);
	BROKEN(header.e_ident[EI_CLASS] = 77, 0); /* Linux does not look */
}

static void test_segment_rules(void **state)
{
	BROKEN(segments[2].p_memsz = 0xff, -EINVAL); /* file part larger */
	BROKEN(segments[2].p_vaddr = USER_MAX, -EINVAL);
	BROKEN(segments[2].p_vaddr = 0xffffffff80000df0, -EINVAL);
	BROKEN(segments[2].p_memsz = USER_MAX, -EINVAL);
	BROKEN(segments[2].p_memsz = ~0UL, -EINVAL);
	BROKEN(segments[2].p_memsz = USER_MAX - segments[2].p_vaddr, 0);
	BROKEN(segments[2].p_memsz = USER_MAX - segments[2].p_vaddr + 1, -EINVAL);
	BROKEN(segments[2].p_offset++, -EINVAL);		       /* not congruent */
	BROKEN((segments[2].p_offset++, segments[2].p_filesz = 0), 0); /* no page of the file */
	BROKEN(segments[2].p_offset = ~0xfffUL + 0xdf0, -EINVAL);
	BROKEN(header.e_entry = USER_MAX, -EINVAL);
	BROKEN((segments[3].p_type = PT_INTERP, segments[3].p_filesz = 1), -ENOEXEC);
	BROKEN((segments[3].p_type = PT_INTERP, segments[3].p_filesz = 4097), -ENOEXEC);
	BROKEN((segments[3].p_type = PT_INTERP, segments[3].p_filesz = 4096), 0);
	/* What leaves the old program alive is found first. */
	BROKEN((segments[0].p_memsz = 0, segments[3].p_type = PT_INTERP), -ENOEXEC);
	BROKEN(segments[1].p_align = 3, 0);
	BROKEN((segments[0].p_type = 0, segments[1].p_type = 0, segments[2].p_type = 0), 0);
	BROKEN((header.e_type = ET_DYN, segments[0].p_type = 0, segments[1].p_type = 0,
		segments[2].p_type = 0),
	       -EINVAL);
	BROKEN((header.e_type = ET_DYN, segments[1].p_align = 1UL << 63), -EINVAL);
	assert_int_equal(elf_check_interp("/lib/ld.so", 11), 0);
	assert_int_equal(elf_check_interp("/lib/ld.so", 10), -ENOEXEC);
}

static void test_programs_of_this_machine(void **state)
{
	static const char *const paths[] = { "/bin/busybox", "/bin/ls", "/proc/self/exe",
					     "/lib64/ld-linux-x86-64.so.2" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		int fd = open(paths[i], O_RDONLY);
		elf_layout_t l;
		elf_info_t info;

		if (fd < 0)
			continue;
		assert_int_equal(pread(fd, &header, sizeof(header), 0), sizeof(header));
		assert_int_equal(elf_parse_header(&header, sizeof(header), &info), 0);
		assert_int_equal(pread(fd, segments, 56 * info.phnum, (off_t)info.phoff),
				 56 * info.phnum);
		assert_int_equal(elf_check_segments(segments, info.phnum, &info, USER_MAX, &l), 0);
		assert_int_equal(l.phdr_addr, l.start + info.phoff);
		assert_true(l.code_start <= info.entry && info.entry < l.code_end);
		assert_true(l.start < l.end && l.data_end <= l.end);
		close(fd);
	}
}

static void test_damaged(void **state)
{
	for (int round = 0; round < 1000000; round++) {
		elf_layout_t l;
		u8 *at = test_random_below(2) ? (u8 *)&header : (u8 *)segments;
		int r;

		if (round % 4 == 0)
			make_program(test_random_below(2));
		at[test_random_below(64)] = (u8)test_random();
		if (test_random_below(3) == 0)
			(&segments[test_random_below(4)].p_offset)[test_random_below(6)] =
				test_random_sized();
		r = check(&l);
		assert_true(r == 0 || r == -ENOEXEC || r == -EINVAL);
		if (r || !l.load_count)
			continue;
		assert_true(l.start <= l.end && l.end <= USER_MAX);
		assert_int_equal(l.start % 4096, 0);
		assert_int_equal(elf_load_bias(&l, USER_MAX / 2) % 4096, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_header_rules),
		cmocka_unit_test(test_segment_rules),
		cmocka_unit_test(test_programs_of_this_machine),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
