/*
 * Address spaces: mmap, munmap, mprotect, mremap, brk, madvise, mincore, msync, mlock, what a fault
 * sends, copy-on-write and shared mappings, growing stacks.
 */
#include "row.h"

#include <sched.h>

#define RW (PROT_READ | PROT_WRITE)
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHARED (MAP_SHARED | MAP_ANONYMOUS)
/* A hole in the address space that nothing else uses. */
#define PLACE 0x100000000000ul

static char *map(void *addr, size_t len, int prot, int flags)
{
	return (char *)sys(SYS_mmap, addr, len, prot, flags, -1, 0);
}

static char *at(int page)
{
	return (char *)PLACE + page * (long)PAGE;
}

static bool failed(const void *address)
{
	return (unsigned long)address > -4096ul;
}

/* The signal that touching this byte causes, with its code: SIGSEGV * 100 + si_code, or 0. */
static char *fault_addr_seen;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	_exit(info->si_addr == fault_addr_seen ? (sig == SIGBUS ? 100 : 50) + info->si_code : 40);
}

static int touch(volatile char *byte, bool writing)
{
	int status = CHILD({
		struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

		fault_addr_seen = (char *)byte;
		sigaction(SIGSEGV, &action, NULL);
		sigaction(SIGBUS, &action, NULL);
		if (writing)
			*byte = 1;
		else
			(void)*byte;
	});
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define NOT_MAPPED (50 + SEGV_MAPERR)
#define NOT_ALLOWED (50 + SEGV_ACCERR)
#define BEYOND_FILE (100 + BUS_ADRERR)

static void group_mmap_errors(void)
{
	int fd = file_with("f", "0123456789", 10), ro = open("f", O_RDONLY),
	    wo = open("f", O_WRONLY);
	int ends[2];

	ROW("length_0", sys(SYS_mmap, 0, 0, RW, PRIVATE, -1, 0), -EINVAL);
	ROW("length_huge", sys(SYS_mmap, 0, -1ul, RW, PRIVATE, -1, 0), -ENOMEM);
	ROW("length_beyond_space", sys(SYS_mmap, 0, 1ul << 47, RW, PRIVATE, -1, 0), -ENOMEM);
	ROW("neither_shared_nor_private", sys(SYS_mmap, 0, PAGE, RW, MAP_ANONYMOUS, -1, 0),
	    -EINVAL);
	ROW("offset_unaligned", sys(SYS_mmap, 0, PAGE, RW, MAP_PRIVATE, fd, 100), -EINVAL);
	ROW("bad_fd", sys(SYS_mmap, 0, PAGE, RW, MAP_PRIVATE, 777, 0), -EBADF);
	ROW("fd_minus_1", sys(SYS_mmap, 0, PAGE, RW, MAP_PRIVATE, -1, 0), -EBADF);
	ROW("shared_write_readonly_fd", sys(SYS_mmap, 0, PAGE, RW, MAP_SHARED, ro, 0), -EACCES);
	ROW_OK("private_write_readonly_fd", sys(SYS_mmap, 0, PAGE, RW, MAP_PRIVATE, ro, 0));
	ROW("writeonly_fd", sys(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, wo, 0), -EACCES);
	pipe(ends);
	ROW("pipe", sys(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, ends[0], 0), -ENODEV);
	ROW("directory", sys(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, open(".", O_RDONLY), 0),
	    -ENODEV);
	ROW("o_path", sys(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, open("f", O_PATH), 0), -EBADF);
	ROW("fixed_unaligned", sys(SYS_mmap, PLACE + 1, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0),
	    -EINVAL);
	ROW("fixed_kernel", sys(SYS_mmap, KERNEL_POINTER, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0),
	    -ENOMEM);
	ROW("fixed_end_of_space",
	    sys(SYS_mmap, 0x7ffffffff000, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), -ENOMEM);
	ROW("fixed_across_end",
	    sys(SYS_mmap, 0x7fffffffe000, 2 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), -ENOMEM);
	ROW("offset_overflow", sys(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, fd, -4096l),
	    -EOVERFLOW);
	ROW_AS(USER, "fixed_0_user", sys(SYS_mmap, 0, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0),
	       -EPERM);
	ROW("validate_flag", sys(SYS_mmap, 0, PAGE, RW, 3 | MAP_ANONYMOUS, -1, 0), -EINVAL);
	ROW("validate_file_flag", sys(SYS_mmap, 0, PAGE, RW, 3 | 0x400000, fd, 0), -EOPNOTSUPP);
	ROW_OK("validate_file", sys(SYS_mmap, 0, PAGE, RW, 3, fd, 0));
	ROW_OK("unknown_flag_ignored", sys(SYS_mmap, 0, PAGE, RW, PRIVATE | 0x8000000, -1, 0));
}

static void group_mmap_place(void)
{
	char *mem = map(at(0), 2 * PAGE, RW, PRIVATE | MAP_FIXED);

	ROW("fixed", mem, PLACE);
	mem[0] = 5;
	ROW("hint_free", map(at(10), PAGE, RW, PRIVATE), at(10));
	ROW_TRUE("hint_taken_goes_elsewhere", map(at(0), PAGE, RW, PRIVATE) != at(0));
	ROW("hint_unaligned_rounds", (long)map(at(20) + 7, PAGE, RW, PRIVATE) % PAGE, 0);
	ROW("noreplace_taken", map(at(1), PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE), -EEXIST);
	/* That the place is taken is told before what else is wrong. */
	int reader = MUST(open("/proc/self/exe", O_RDONLY));
	ROW("noreplace_taken_denied",
	    sys(SYS_mmap, at(1), PAGE, RW, MAP_SHARED | MAP_FIXED_NOREPLACE, reader, 0), -EEXIST);
	ROW("noreplace_free_denied",
	    sys(SYS_mmap, at(30), PAGE, RW, MAP_SHARED | MAP_FIXED_NOREPLACE, reader, 0), -EACCES);
	close(reader);
	ROW("noreplace_free", map(at(30), PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE), at(30));
	ROW("fixed_replaces", map(at(0), PAGE, RW, PRIVATE | MAP_FIXED), at(0));
	ROW("replaced_is_zero", mem[0], 0);
	ROW("fixed_after_file_unmapped", munmap(at(0), 2 * PAGE), 0);
	char *low = map(NULL, PAGE, RW, PRIVATE | MAP_32BIT);
	ROW_TRUE("32bit", !failed(low) && (unsigned long)low < 0x80000000ul);
	low = map(at(60), PAGE, RW, PRIVATE | MAP_32BIT);
	ROW_TRUE("32bit_hint_above", !failed(low) && (unsigned long)low < 0x80000000ul);
	low = map((char *)0x50000000, PAGE, RW, PRIVATE | MAP_32BIT);
	ROW("32bit_hint", low, 0x50000000);
	/* A stack keeps its gap. */
	char *room = map(NULL, 4096 * PAGE, PROT_NONE, PRIVATE);
	munmap(room, 4096 * PAGE);
	char *stack = map(room + 4095 * PAGE, PAGE, RW, PRIVATE | MAP_FIXED | MAP_GROWSDOWN);
	char *next = map(NULL, 2000 * PAGE, PROT_NONE, PRIVATE);
	ROW_TRUE("stack_gap", !failed(next) && (next > stack || next + 2256 * PAGE <= stack));
	ROW("stack_grows", CHILD(stack[-PAGE] = 1), 0);
	ROW("length_rounded", ({
		    char *m = map(at(40), 5000, RW, PRIVATE);
		    m[2 * PAGE - 1] = 1;
		    m[8191];
	    }),
	    1);
	ROW("length_rounded_end", touch(at(42), false), NOT_MAPPED);
	char *zero = map(NULL, 64 * PAGE, RW, PRIVATE);
	int sum = 0;
	for (int i = 0; i < 64 * PAGE; i++)
		sum |= zero[i];
	ROW("anonymous_zero", sum, 0);
	/* The space is filled from the top: neighbours join and free holes are found again. */
	char *a = map(NULL, PAGE, RW, PRIVATE);
	munmap(a, PAGE);
	ROW("hole_reused", map(NULL, PAGE, RW, PRIVATE), a);
	char *populated = map(NULL, 16 * PAGE, RW, PRIVATE | MAP_POPULATE);
	unsigned char vec[16];
	sys(SYS_mincore, populated, 16 * PAGE, vec);
	int present = 0;
	for (int i = 0; i < 16; i++)
		present += vec[i] & 1;
	ROW("populate", present, 16);
	ROW_OK("noreserve", map(NULL, 1l << 30, RW, PRIVATE | MAP_NORESERVE));
	ROW_OK("stack_flag", map(NULL, PAGE, RW, PRIVATE | MAP_STACK));
}

static void group_faults(void)
{
	char *mem = map(at(0), 4 * PAGE, RW, PRIVATE | MAP_FIXED);

	ROW("mapped_write", touch(mem, true), 0);
	ROW("unmapped_read", touch(at(100), false), NOT_MAPPED);
	ROW("unmapped_write", touch(at(100), true), NOT_MAPPED);
	ROW("null", touch((char *)8, false), NOT_MAPPED);
	mprotect(mem, PAGE, PROT_READ);
	ROW("readonly_read", touch(mem + 9, false), 0);
	ROW("readonly_write", touch(mem + 9, true), NOT_ALLOWED);
	mprotect(mem, PAGE, PROT_NONE);
	ROW("none_read", touch(mem, false), NOT_ALLOWED);
	mprotect(mem, PAGE, PROT_EXEC);
	ROW("exec_is_readable", touch(mem, false), 0);
	mprotect(mem + PAGE, PAGE, PROT_WRITE);
	ROW("write_only_missing_read", touch(mem + PAGE, false), 0);
	ROW("write_only_missing_write", touch(mem + PAGE, true), 0);
	ROW("kernel_address_code", CHILD({
		    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
		    fault_addr_seen = KERNEL_POINTER;
		    sigaction(SIGSEGV, &action, NULL);
		    *(volatile char *)KERNEL_POINTER;
	    }),
	    EXITED(NOT_MAPPED));
	/* A non-canonical address is a general protection fault: SI_KERNEL, no address. */
	ROW("non_canonical", CHILD({
		    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
		    fault_addr_seen = NULL;
		    sigaction(SIGSEGV, &action, NULL);
		    *(volatile char *)0x8000000000000000ul;
	    }),
	    EXITED((50 + SI_KERNEL) & 0xff));
	mprotect(mem, PAGE, RW);
	mem[0] = 0xc3; /* ret */
	ROW("no_execute", CHILD({
		    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
		    fault_addr_seen = mem;
		    sigaction(SIGSEGV, &action, NULL);
		    ((void (*)(void))mem)();
	    }),
	    EXITED(NOT_ALLOWED));
	/* Also where the page is there, shared with a child, and waits to be made its own. */
	mprotect(mem, PAGE, PROT_NONE);
	mprotect(mem, PAGE, PROT_WRITE);
	ROW("write_only_is_readable", touch(mem, false), 0);
	ROW("write_only_write", touch(mem, true), 0);
	mprotect(mem, PAGE, PROT_READ | PROT_EXEC);
	ROW("execute", CHILD(((void (*)(void))mem)()), 0);
	ROW("jump_unmapped", CHILD(((void (*)(void))at(100))()), KILLED(SIGSEGV));
	ROW("uncaught", CHILD(*(volatile char *)at(100)), KILLED(SIGSEGV));
	ROW("ignored_kills_still", CHILD(signal(SIGSEGV, SIG_IGN); *(volatile char *)at(100)),
	    KILLED(SIGSEGV));
	ROW("blocked_kills_still",
	    CHILD(sigset_t s; sigfillset(&s); sigprocmask(SIG_SETMASK, &s, NULL);
		  *(volatile char *)at(100)),
	    KILLED(SIGSEGV));
}

static void group_file_mappings(void)
{
	char data[2 * PAGE + 100], c;

	memset(data, 'd', sizeof(data));
	int fd = file_with("f", data, sizeof(data));
	char *shared = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
	char *private = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0);
	char *second = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, PAGE);

	ROW("content", shared[2 * PAGE + 99], 'd');
	ROW("tail_zero", shared[2 * PAGE + 100], 0);
	ROW("beyond_end", touch(shared + 3 * PAGE, false), BEYOND_FILE);
	ROW("beyond_end_write", touch(private + 3 * PAGE + 5, true), BEYOND_FILE);
	shared[PAGE] = 's';
	pread(fd, &c, 1, PAGE);
	ROW("shared_write_read", c, 's');
	ROW("shared_write_other_mapping", second[0], 's');
	pwrite(fd, "w", 1, PAGE + 1);
	ROW("file_write_seen", second[1], 'w');
	ROW("private_sees_before_write", private[PAGE + 1], 'w');
	private[0] = 'p';
	pread(fd, &c, 1, 0);
	ROW("private_write_not_in_file", c, 'd');
	ROW("private_write_not_in_shared", shared[0], 'd');
	pwrite(fd, "n", 1, 0);
	ROW("private_keeps_copy", private[0], 'p');
	CHILD(shared[5] = 'c'; private[6] = 'c');
	ROW("child_shared", shared[5], 'c');
	ROW("child_private", private[6], 'd');
	/* Truncation takes pages away from every mapping, private copies too. */
	private[PAGE + 3] = 'x';
	ftruncate(fd, PAGE);
	ROW("truncated_shared", touch(shared + PAGE, false), BEYOND_FILE);
	ROW("truncated_private_copy", touch(private + PAGE + 3, false), BEYOND_FILE);
	ROW("truncated_first_page", touch(shared, false), 0);
	ftruncate(fd, 2 * PAGE);
	ROW("grown_again_zero", shared[PAGE], 0);
	ftruncate(fd, 100);
	ftruncate(fd, PAGE);
	ROW("part_page_zeroed", shared[200], 0);
	close(fd);
	unlink("f");
	shared[7] = 'z';
	ROW("mapping_keeps_file", shared[7], 'z');
	fd = file_with("g", data, PAGE);
	shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	ROW("read_to_own_file", sys(SYS_pwrite64, fd, shared, 100, 0), 100);
	shared = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	ROW("read_into_own_file", sys(SYS_pread64, fd, shared + 50, 100, 0), 100);
	int zero = open("/dev/zero", O_RDWR);
	private = mmap(NULL, PAGE, RW, MAP_PRIVATE, zero, 0);
	private[3] = 1;
	ROW("zero_device_private", private[0], 0);
	shared = mmap(NULL, PAGE, RW, MAP_SHARED, zero, 0);
	CHILD(shared[0] = 9);
	ROW("zero_device_shared", shared[0], 9);
}

static void group_fork_memory(void)
{
	char *private = map(NULL, 64 * PAGE, RW, PRIVATE),
	     *shared = map(NULL, 4 * PAGE, RW, SHARED);

	memset(private, 'a', 64 * PAGE);
	int status = CHILD({
		memset(private, 'b', 32 * PAGE);
		shared[0] = 's';
		shared[3 * PAGE] = 't';
		_exit(private[0] == 'b' && private[32 * PAGE] == 'a');
	});
	ROW("child_writes", status, EXITED(1));
	ROW("parent_keeps", private[0], 'a');
	ROW("shared_seen", shared[0], 's');
	ROW("shared_untouched_before_fork", shared[3 * PAGE], 't');
	pid_t pid = SPAWN(while (!__atomic_load_n(shared + 1, __ATOMIC_ACQUIRE)) sched_yield();
			  _exit(private[5] == 'a' ? 1 : 2));
	private[5] = 'q';
	__atomic_store_n(shared + 1, 1, __ATOMIC_RELEASE);
	ROW("parent_write_not_in_child", wait_status(pid), EXITED(1));
	/* Three generations on one page. */
	private[0] = '1';
	status = CHILD({
		private[0] = '2';
		int below = CHILD(private[0] = '3'; _exit(private[0]));
		_exit(below == EXITED('3') && private[0] == '2' ? 0 : 1);
	});
	ROW("generations", status, 0);
	ROW("generations_first", private[0], '1');
	madvise(private, PAGE, MADV_DONTFORK);
	ROW("dontfork", CHILD(*(volatile char *)private), KILLED(SIGSEGV));
	ROW("dofork", madvise(private, PAGE, MADV_DOFORK), 0);
	ROW("dofork_again", CHILD(*(volatile char *)private), 0);
	madvise(private, PAGE, MADV_WIPEONFORK);
	ROW("wipeonfork", CHILD(_exit(private[0])), EXITED(0));
	ROW("wipeonfork_parent", private[0], '1');
	/* The kernel, too, copies before it writes for us. */
	int ends[2];
	pipe(ends);
	pid = SPAWN(char c; close(ends[1]); while (read(ends[0], &c, 1) > 0);
		    _exit(private[2 * PAGE]));
	write(ends[1], "Z", 1);
	int fd = file_with("f", "Z", 1);
	read(fd, private + 2 * PAGE, 1);
	close(ends[1]);
	ROW("read_breaks_sharing", wait_status(pid), EXITED('a'));
	ROW("read_arrives", private[2 * PAGE], 'Z');
}

static void group_munmap(void)
{
	map(at(0), 10 * PAGE, RW, PRIVATE | MAP_FIXED);
	for (int i = 0; i < 10; i++)
		*at(i) = i;
	ROW("unaligned", sys(SYS_munmap, at(0) + 1, PAGE), -EINVAL);
	ROW("length_0", sys(SYS_munmap, at(0), 0), -EINVAL);
	ROW("kernel", sys(SYS_munmap, KERNEL_POINTER, PAGE), -EINVAL);
	ROW("beyond_end", sys(SYS_munmap, 0x7ffffffff000, PAGE), -EINVAL);
	ROW("huge", sys(SYS_munmap, at(0), -4096ul), -EINVAL);
	ROW("nothing_there", sys(SYS_munmap, at(100), PAGE), 0);
	ROW("middle", sys(SYS_munmap, at(3), 2 * PAGE), 0);
	ROW("middle_gone", touch(at(3), false), NOT_MAPPED);
	ROW_TRUE("neighbours_stay", *at(2) == 2 && *at(5) == 5);
	ROW("front_and_hole", sys(SYS_munmap, at(0), 4 * PAGE), 0);
	ROW_TRUE("rest_stays", *at(5) == 5 && *at(9) == 9);
	ROW("length_rounds_up", sys(SYS_munmap, at(5), 1), 0);
	ROW("length_rounded_gone", touch(at(5) + 4000, false), NOT_MAPPED);
	ROW("again_zero", *map(at(5), PAGE, RW, PRIVATE | MAP_FIXED), 0);
	/* Thousands of areas, made by holes. */
	char *mem = map(at(1000), 4000 * PAGE, RW, PRIVATE | MAP_FIXED);
	int bad = 0;
	for (int i = 0; i < 4000; i += 2)
		bad += sys(SYS_munmap, at(1000 + i), PAGE) != 0;
	ROW("many_holes", bad, 0);
	ROW("many_holes_between", touch(mem + 2000 * PAGE + PAGE, true), 0);
	ROW("many_holes_in", touch(mem + 2000 * PAGE, true), NOT_MAPPED);
	ROW("over_all", sys(SYS_munmap, mem, 4000 * PAGE), 0);
}

static void group_mprotect(void)
{
	map(at(0), 8 * PAGE, RW, PRIVATE | MAP_FIXED);
	ROW("unaligned", sys(SYS_mprotect, at(0) + 1, PAGE, PROT_READ), -EINVAL);
	ROW("length_0", sys(SYS_mprotect, at(0), 0, PROT_READ), 0);
	ROW("unmapped", sys(SYS_mprotect, at(50), PAGE, PROT_READ), -ENOMEM);
	ROW("bad_prot", sys(SYS_mprotect, at(0), PAGE, 0x100), -EINVAL);
	ROW("overflow", sys(SYS_mprotect, at(0), -PAGE, PROT_READ), -ENOMEM);
	ROW("middle", sys(SYS_mprotect, at(2), 2 * PAGE, PROT_READ), 0);
	ROW("before", touch(at(1), true), 0);
	ROW("inside", touch(at(2), true), NOT_ALLOWED);
	ROW("after", touch(at(4), true), 0);
	ROW("back", sys(SYS_mprotect, at(2), 2 * PAGE, RW), 0);
	ROW("back_write", touch(at(3), true), 0);
	munmap(at(5), PAGE);
	ROW("over_hole", sys(SYS_mprotect, at(4), 4 * PAGE, PROT_READ), -ENOMEM);
	ROW("over_hole_before_changed", touch(at(4), true), NOT_ALLOWED);
	ROW("over_hole_after_not", touch(at(6), true), 0);
	ROW("growsdown_flag_plain", sys(SYS_mprotect, at(0), PAGE, PROT_READ | PROT_GROWSDOWN),
	    -EINVAL);
	int fd = file_with("f", "x", 1), ro = open("f", O_RDONLY);
	char *mem = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ro, 0);
	ROW("shared_readonly_file", sys(SYS_mprotect, mem, PAGE, RW), -EACCES);
	mem = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ro, 0);
	ROW("private_readonly_file", sys(SYS_mprotect, mem, PAGE, RW), 0);
	mem = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	ROW("shared_writable_file", sys(SYS_mprotect, mem, PAGE, RW), 0);
	/* The kernel obeys as well. */
	mem = map(NULL, PAGE, PROT_READ, PRIVATE);
	ROW("kernel_write_refused", sys(SYS_read, fd, mem, 1), -EFAULT);
	ROW("kernel_read_allowed", sys(SYS_write, fd, mem, 1), 1);
}

static void group_mremap(void)
{
	char *mem = map(at(0), 4 * PAGE, RW, PRIVATE | MAP_FIXED), *moved;

	for (int i = 0; i < 4; i++)
		*at(i) = 'a' + i;
	ROW("unaligned", sys(SYS_mremap, at(0) + 1, PAGE, PAGE, 0), -EINVAL);
	ROW("new_length_0", sys(SYS_mremap, at(0), PAGE, 0, 0), -EINVAL);
	ROW("flags", sys(SYS_mremap, at(0), PAGE, PAGE, 8), -EINVAL);
	ROW("fixed_needs_maymove", sys(SYS_mremap, at(0), PAGE, PAGE, MREMAP_FIXED, at(50)),
	    -EINVAL);
	ROW("unmapped", sys(SYS_mremap, at(50), PAGE, 2 * PAGE, MREMAP_MAYMOVE), -EFAULT);
	ROW("beyond_area", sys(SYS_mremap, at(2), 4 * PAGE, 5 * PAGE, MREMAP_MAYMOVE), -EFAULT);
	ROW("same", sys(SYS_mremap, at(0), 4 * PAGE, 4 * PAGE, 0), mem);
	ROW("grow_in_place", sys(SYS_mremap, at(0), 4 * PAGE, 6 * PAGE, 0), mem);
	ROW_TRUE("grown", *at(5) == 0 && *at(3) == 'd');
	ROW("shrink", sys(SYS_mremap, at(0), 6 * PAGE, 4 * PAGE, 0), mem);
	ROW("shrunk_gone", touch(at(4), false), NOT_MAPPED);
	map(at(4), PAGE, RW, PRIVATE | MAP_FIXED);
	mprotect(at(4), PAGE, PROT_READ);
	ROW("grow_blocked", sys(SYS_mremap, at(0), 4 * PAGE, 8 * PAGE, 0), -ENOMEM);
	moved = (char *)sys(SYS_mremap, at(0), 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
	ROW_TRUE("grow_moves",
		 !failed(moved) && moved != mem && moved[3 * PAGE] == 'd' && moved[7 * PAGE] == 0);
	ROW("old_place_gone", touch(at(0), false), NOT_MAPPED);
	map(at(20), 2 * PAGE, RW, PRIVATE | MAP_FIXED);
	ROW("fixed",
	    sys(SYS_mremap, moved, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at(20)),
	    at(20));
	ROW_TRUE("fixed_content", *at(20) == 'a' && *at(23) == 'd');
	ROW("fixed_rest_stays", touch(moved + 4 * PAGE, false), 0);
	ROW("fixed_overlap", sys(SYS_mremap, at(20), 4 * PAGE, 4 * PAGE, 3, at(22)), -EINVAL);
	ROW("fixed_target_unaligned", sys(SYS_mremap, at(20), PAGE, PAGE, 3, at(60) + 1), -EINVAL);
	moved = (char *)sys(SYS_mremap, at(20), PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	ROW_TRUE("dontunmap", !failed(moved) && moved[0] == 'a' && *at(20) == 0);
	/* Length 0 of a shared mapping makes a second one of the same pages. */
	char *shared = map(NULL, PAGE, RW, SHARED);
	shared[0] = 's';
	moved = (char *)sys(SYS_mremap, shared, 0, PAGE, MREMAP_MAYMOVE);
	ROW_TRUE("duplicate_shared", !failed(moved) && moved != shared && moved[0] == 's');
	shared[1] = 't';
	ROW("duplicate_is_same", moved[1], 't');
	ROW("duplicate_private", sys(SYS_mremap, at(22), 0, PAGE, MREMAP_MAYMOVE), -EINVAL);
	/* Page table entries move with large areas, copy-on-write as well. */
	char *big = map(NULL, 4 << 20, RW, PRIVATE);
	memset(big, 7, 4 << 20);
	pid_t pid = SPAWN(pause());
	big = (char *)sys(SYS_mremap, big, 4 << 20, 8 << 20, MREMAP_MAYMOVE);
	big[5] = 8;
	int wrong = 0;
	for (int i = 0; i < 4 << 20; i += PAGE)
		wrong += big[i] != 7;
	ROW("big_moves", wrong, 0);
	kill(pid, SIGKILL);
	wait_status(pid);
}

static void group_brk(void)
{
	unsigned long start = sys(SYS_brk, 0);

	ROW("query_again", sys(SYS_brk, 0), start);
	ROW("grow", sys(SYS_brk, start + 100000), start + 100000);
	char *mem = (char *)start;
	ROW("zero", mem[99999], 0);
	mem[99999] = 5;
	ROW("shrink", sys(SYS_brk, start + 10), start + 10);
	ROW("grow_again", sys(SYS_brk, start + 100000), start + 100000);
	ROW("grown_again_zero", mem[99999], 0);
	ROW("below_start", sys(SYS_brk, 4096), start + 100000);
	ROW("huge", sys(SYS_brk, 1ul << 46), start + 100000);
	struct rlimit limit = { 1 << 20, 1 << 20 };
	CHILD(setrlimit(RLIMIT_DATA, &limit);
	      ROW("limit", sys(SYS_brk, start + (64 << 20)), start + 100000));
	CHILD(*(char *)start = 9; sys(SYS_brk, start + 200000));
	ROW("own_per_process", sys(SYS_brk, 0), start + 100000);
}

static void group_madvise(void)
{
	char *mem = map(at(0), 8 * PAGE, RW, PRIVATE | MAP_FIXED);
	int fd = file_with("f", "file", 4);

	ROW("unaligned", sys(SYS_madvise, mem + 1, PAGE, MADV_NORMAL), -EINVAL);
	ROW("unmapped", sys(SYS_madvise, at(50), PAGE, MADV_NORMAL), -ENOMEM);
	ROW("advice", sys(SYS_madvise, mem, PAGE, 999), -EINVAL);
	ROW("length_0", sys(SYS_madvise, mem, 0, MADV_NORMAL), 0);
	ROW("normal", sys(SYS_madvise, mem, PAGE, MADV_NORMAL), 0);
	ROW("random", sys(SYS_madvise, mem, PAGE, MADV_RANDOM), 0);
	ROW("sequential", sys(SYS_madvise, mem, PAGE, MADV_SEQUENTIAL), 0);
	mem[0] = 'x';
	mem[PAGE] = 'y';
	ROW("dontneed", sys(SYS_madvise, mem, PAGE, MADV_DONTNEED), 0);
	ROW_TRUE("dontneed_zero", mem[0] == 0 && mem[PAGE] == 'y');
	char *private = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
	private[0] = 'X';
	madvise(private, PAGE, MADV_DONTNEED);
	ROW("dontneed_private_file", private[0], 'f');
	char *shared = map(NULL, PAGE, RW, SHARED);
	shared[0] = 's';
	madvise(shared, PAGE, MADV_DONTNEED);
	ROW("dontneed_shared_stays", shared[0], 's');
	ROW("remove_shared", sys(SYS_madvise, shared, PAGE, MADV_REMOVE), 0);
	ROW("remove_shared_zero", shared[0], 0);
	ROW("remove_private", sys(SYS_madvise, mem, PAGE, MADV_REMOVE), -EINVAL);
	ROW("free", sys(SYS_madvise, mem, PAGE, MADV_FREE), 0);
	ROW("free_file", sys(SYS_madvise, private, PAGE, MADV_FREE), -EINVAL);
	mem[0] = 'n';
	ROW("free_then_written", mem[0], 'n');
	munmap(at(3), PAGE);
	*at(2) = *at(4) = 'k';
	ROW("over_hole", sys(SYS_madvise, mem, 6 * PAGE, MADV_DONTNEED), -ENOMEM);
	ROW_TRUE("over_hole_done", *at(2) == 0 && *at(4) == 0);
	ROW("willneed_file", sys(SYS_madvise, private, PAGE, MADV_WILLNEED), 0);
}

static void group_mincore(void)
{
	char *mem = map(at(0), 8 * PAGE, RW, PRIVATE | MAP_FIXED);
	unsigned char vec[8];

	mem[0] = 1;
	mem[3 * PAGE] = 1;
	ROW("unaligned", sys(SYS_mincore, mem + 1, PAGE, vec), -EINVAL);
	ROW("unmapped", sys(SYS_mincore, at(50), PAGE, vec), -ENOMEM);
	ROW("over_end", sys(SYS_mincore, at(7), 2 * PAGE, vec), -ENOMEM);
	ROW("kernel", sys(SYS_mincore, KERNEL_POINTER, PAGE, vec), -ENOMEM);
	ROWS_POINTER("vector", 8, sys(SYS_mincore, mem, 8 * PAGE, p), 0);
	ROW("mincore", sys(SYS_mincore, mem, 8 * PAGE, vec), 0);
	ROW_TRUE("touched", (vec[0] & 1) && (vec[3] & 1));
	ROW_TRUE("untouched", !(vec[1] & 1) && !(vec[7] & 1));
	ROW("length_0", sys(SYS_mincore, mem, 0, vec), 0);
	int fd = file_with("f", "x", 1);
	char *file = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	ROW("file", sys(SYS_mincore, file, PAGE, vec), 0);
	ROW("file_cached", vec[0] & 1, 1);
	/* What of another's file is in memory is not told to who may only read it. */
	ftruncate(fd, 2 * PAGE);
	file = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	ROW("own_file", sys(SYS_mincore, file, 2 * PAGE, vec), 0);
	ROW("own_file_hole", vec[1] & 1, 0);
	CHILD(become(USER); ROW("others_file", sys(SYS_mincore, file, 2 * PAGE, vec), 0);
	      ROW("others_file_hole", vec[1] & 1, 1));
	fchmod(fd, 0666);
	CHILD(become(USER); sys(SYS_mincore, file, 2 * PAGE, vec);
	      ROW("writable_file_hole", vec[1] & 1, 0));
}

static void group_msync(void)
{
	int fd = file_with("f", "x", 1);
	char *mem = mmap(at(0), PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0);

	ROW("sync", sys(SYS_msync, mem, PAGE, MS_SYNC), 0);
	ROW("async", sys(SYS_msync, mem, PAGE, MS_ASYNC), 0);
	ROW("invalidate", sys(SYS_msync, mem, PAGE, MS_INVALIDATE), 0);
	ROW("both", sys(SYS_msync, mem, PAGE, MS_SYNC | MS_ASYNC), -EINVAL);
	ROW("flag", sys(SYS_msync, mem, PAGE, 8), -EINVAL);
	ROW("unaligned", sys(SYS_msync, mem + 1, PAGE, MS_SYNC), -EINVAL);
	ROW("unmapped", sys(SYS_msync, at(50), PAGE, MS_SYNC), -ENOMEM);
	ROW("over_end", sys(SYS_msync, mem, 2 * PAGE, MS_SYNC), -ENOMEM);
	ROW("length_0", sys(SYS_msync, mem, 0, MS_SYNC), 0);
}

static void group_mlock(void)
{
	char *mem = map(at(0), 8 * PAGE, RW, PRIVATE | MAP_FIXED);
	unsigned char vec[8];
	struct rlimit limit = { 2 * PAGE, 2 * PAGE }, none = { 0, 0 };

	ROW("lock", sys(SYS_mlock, mem, 4 * PAGE), 0);
	sys(SYS_mincore, mem, 8 * PAGE, vec);
	ROW_TRUE("lock_populates", (vec[0] & 1) && (vec[3] & 1) && !(vec[4] & 1));
	ROW("dontneed_refused", sys(SYS_madvise, mem, PAGE, MADV_DONTNEED), -EINVAL);
	ROW("unlock", sys(SYS_munlock, mem, 4 * PAGE), 0);
	ROW("dontneed", sys(SYS_madvise, mem, PAGE, MADV_DONTNEED), 0);
	ROW("unaligned_rounds", sys(SYS_mlock, mem + 100, 10), 0);
	ROW("unmapped", sys(SYS_mlock, at(50), PAGE), -ENOMEM);
	ROW("over_end", sys(SYS_mlock, at(6), 4 * PAGE), -ENOMEM);
	ROW("overflow", sys(SYS_mlock, mem, -PAGE), -EINVAL);
	ROW("mlock2_onfault", sys(SYS_mlock2, at(5), PAGE, 1), 0);
	ROW("mlock2_flag", sys(SYS_mlock2, at(5), PAGE, 2), -EINVAL);
	ROW("all_flags_0", sys(SYS_mlockall, 0), -EINVAL);
	ROW("all_flag", sys(SYS_mlockall, 8), -EINVAL);
	ROW("all_onfault_alone", sys(SYS_mlockall, 4), -EINVAL);
	ROW("munlockall", sys(SYS_munlockall), 0);
	CHILD(setrlimit(RLIMIT_MEMLOCK, &limit); become(USER);
	      ROW("limit_within", sys(SYS_mlock, mem, 2 * PAGE), 0);
	      ROW("limit_again_same", sys(SYS_mlock, mem, PAGE), 0);
	      ROW("limit_beyond", sys(SYS_mlock, at(4), PAGE), -ENOMEM);
	      ROW("limit_map_locked", map(NULL, PAGE, RW, PRIVATE | MAP_LOCKED), -EAGAIN));
	CHILD(setrlimit(RLIMIT_MEMLOCK, &none); become(USER);
	      ROW("limit_0", sys(SYS_mlock, mem, PAGE), -EPERM));
	/* What is to be locked, but without MAP_LOCKED, is another error. */
	CHILD(sys(SYS_mlockall, MCL_FUTURE); setrlimit(RLIMIT_MEMLOCK, &none); become(USER);
	      ROW("future_limit_0", map(NULL, PAGE, RW, PRIVATE), -EAGAIN);
	      ROW("limit_0_map_locked", map(NULL, PAGE, RW, PRIVATE | MAP_LOCKED), -EPERM));
	CHILD(sys(SYS_mlockall, MCL_FUTURE); unsigned long end = sys(SYS_brk, 0);
	      end = (end + PAGE - 1) & -PAGE; sys(SYS_brk, end); sys(SYS_brk, end + 4 * PAGE);
	      sys(SYS_mincore, end, 4 * PAGE, vec); ROW("future_brk_populates", vec[3] & 1, 1));
	CHILD(ROW("future", sys(SYS_mlockall, MCL_FUTURE), 0);
	      char *next = map(NULL, 4 * PAGE, RW, PRIVATE); sys(SYS_mincore, next, 4 * PAGE, vec);
	      ROW("future_populates", vec[3] & 1, 1));
}

static void group_limits(void)
{
	struct rlimit space = { 256 << 20, 256 << 20 };

	CHILD(setrlimit(RLIMIT_AS, &space);
	      ROW("address_space", map(NULL, 1 << 30, RW, PRIVATE), -ENOMEM);
	      ROW_OK("address_space_within", map(NULL, 1 << 20, RW, PRIVATE)));
	struct rlimit data = { 16 << 20, 16 << 20 };
	CHILD(setrlimit(RLIMIT_DATA, &data); ROW("data", map(NULL, 32 << 20, RW, PRIVATE), -ENOMEM);
	      ROW_OK("data_shared_free", map(NULL, 32 << 20, RW, SHARED)));
}

/* Uses about n KiB of stack. */
static __attribute__((noinline)) int deep(int kib)
{
	volatile char frame[1024];

	frame[0] = kib;
	return kib ? deep(kib - 1) + frame[0] : 0;
}

static void group_stack(void)
{
	struct rlimit small = { 1 << 20, 1 << 20 };
	stack_t alternate = { .ss_sp = map(NULL, 8 * PAGE, RW, PRIVATE), .ss_size = 8 * PAGE };

	ROW("grows", CHILD(deep(4000)), 0);
	ROW("overflow", CHILD(deep(9000)), KILLED(SIGSEGV));
	ROW("small_limit", CHILD(setrlimit(RLIMIT_STACK, &small); deep(2000)), KILLED(SIGSEGV));
	ROW("overflow_on_alternate_stack", CHILD({
		    struct sigaction action = { .sa_sigaction = on_fault,
						.sa_flags = SA_SIGINFO | SA_ONSTACK };
		    sigaltstack(&alternate, NULL);
		    sigaction(SIGSEGV, &action, NULL);
		    deep(9000);
	    }),
	    EXITED(40));
	char *mem = map(at(0), PAGE, RW, PRIVATE | MAP_FIXED | MAP_GROWSDOWN);
	ROW("growsdown", mem, at(0));
	mem[0] = 1;
	ROW("growsdown_below", touch(at(0) - 8, true), 0);
	/* It does not grow to meet another mapping: a gap stays. */
	ROW("growsdown_has_gap", ({
		    map(at(-300), PAGE, RW, PRIVATE | MAP_FIXED);
		    touch(at(-299), true);
	    }),
	    NOT_MAPPED);
}

#define RACE_PAGES 64
#define RACE_ROUNDS 100

typedef struct race {
	volatile int round; /* the mapper's: pages are written, cut the file */
	volatile int cut;   /* the cutter's: round that is done */
} race_t;

/* Cuts the file to nothing, and makes it long again, once a round. */
static int cutter(race_t *race, int fd)
{
	while (race->cut < RACE_ROUNDS) {
		while (race->round == race->cut)
			sched_yield();
		if (ftruncate(fd, 0) || ftruncate(fd, RACE_PAGES * PAGE))
			return 1;
		race->cut = race->round;
	}
	return 0;
}

/* Pages that the file does not have any more, but the mapping still shows, over all rounds. */
static int stale_pages(race_t *race, char *from, char *to)
{
	int stale = 0;

	for (int round = 1; round <= RACE_ROUNDS; round++) {
		pid_t child;

		for (int i = 0; i < RACE_PAGES; i++)
			from[i * PAGE] = 1;
		child = fork();
		if (!child) {
			/* Goes away with all its pages at the time of the cut. */
			for (int i = 0; i < RACE_PAGES; i++)
				(void)*(volatile char *)(from + i * PAGE);
			_exit(0);
		}
		race->round = round;
		while (race->cut != round) {
			char *moved = mremap(from, RACE_PAGES * PAGE, RACE_PAGES * PAGE,
					     MREMAP_MAYMOVE | MREMAP_FIXED, to);

			if (moved != to)
				return -errno;
			to = from;
			from = moved;
		}
		for (int i = 0; i < RACE_PAGES; i++)
			stale += from[i * PAGE] != 0;
		waitpid(child, NULL, 0);
	}
	return stale;
}

/* A file is cut while its mapping moves, and while another process that maps it ends. */
static void group_cut_races(void)
{
	race_t *race = (race_t *)map(NULL, PAGE, RW, SHARED);
	int fd = open("/tmp", O_RDWR | O_TMPFILE, 0600);
	char *mem;
	pid_t child;

	ftruncate(fd, RACE_PAGES * PAGE);
	child = fork();
	if (!child)
		_exit(cutter(race, fd));
	mem = mmap(NULL, RACE_PAGES * PAGE, RW, MAP_SHARED, fd, 0);
	ROW("nothing_stale", stale_pages(race, mem, map(NULL, RACE_PAGES * PAGE, RW, PRIVATE)), 0);
	ROW("cutter", wait_status(child), EXITED(0));
	close(fd);
}

#define REMOVE_ROUNDS 400
#define RACER_STACK (16 * PAGE)

typedef struct remove_race {
	int fd;
	char *mapped, *source;
} remove_race_t;

static int remover(void *arg)
{
	const remove_race_t *race = arg;

	for (int i = 0; i < REMOVE_ROUNDS; i++)
		if (sys(SYS_madvise, race->mapped, PAGE, MADV_REMOVE))
			return 1;
	return 0;
}

/* The source is never there: each write has to fault. */
static int absent_writer(void *arg)
{
	const remove_race_t *race = arg;

	for (int i = 0; i < REMOVE_ROUNDS; i++)
		if (sys(SYS_madvise, race->source, PAGE, MADV_DONTNEED) ||
		    sys(SYS_pwrite64, race->fd, race->source, PAGE, 0) != PAGE)
			return 1;
	return 0;
}

static int mapper(void *arg)
{
	(void)arg;
	for (int i = 0; i < REMOVE_ROUNDS; i++) {
		char *mem = map(NULL, PAGE, RW, PRIVATE);

		if (failed(mem) || sys(SYS_munmap, mem, PAGE))
			return 1;
	}
	return 0;
}

static pid_t racer(int (*run)(void *), remove_race_t *race)
{
	return clone(run, map(NULL, RACER_STACK, RW, PRIVATE) + RACER_STACK, CLONE_VM | SIGCHLD,
		     race);
}

/* A range of a file is removed and written in one space, whose areas change all the while. */
static void group_remove_races(void)
{
	remove_race_t race = { open("/tmp", O_RDWR | O_TMPFILE, 0600), NULL,
			       map(NULL, PAGE, RW, PRIVATE) };
	pid_t remove, write, change;

	ftruncate(race.fd, PAGE);
	race.mapped = mmap(NULL, PAGE, RW, MAP_SHARED, race.fd, 0);
	race.mapped[0] = 'x';
	ROW("file", sys(SYS_madvise, race.mapped, PAGE, MADV_REMOVE), 0);
	ROW("file_zero", race.mapped[0], 0);
	remove = racer(remover, &race);
	write = racer(absent_writer, &race);
	change = racer(mapper, &race);
	ROW("remover", wait_status(remove), EXITED(0));
	ROW("writer", wait_status(write), EXITED(0));
	ROW("mapper", wait_status(change), EXITED(0));
	close(race.fd);
}

/* ---- /proc/self/maps: a read gives whole lines, a page of them at most, however much was asked for ---- */

#define STRIPES 128 /* areas: some pages of text */

static void group_maps_text(void)
{
	char *mem = map(NULL, 2 * STRIPES * PAGE, RW, PRIVATE);
	static char text[16 * PAGE];
	long n, total, broken = 0;
	int fd;

	for (int i = 0; i < STRIPES; i++)
		MUST(mprotect(mem + 2 * i * PAGE, PAGE, PROT_READ));
	fd = MUST(open("/proc/self/maps", O_RDONLY));
	total = n = read(fd, text, sizeof(text));
	ROW_TRUE("page", n > PAGE / 2 && n <= PAGE && text[n - 1] == '\n');
	while ((n = read(fd, text, PAGE)) > 0) {
		broken += text[n - 1] != '\n';
		total += n;
	}
	ROW("whole_lines", broken, 0);
	ROW_TRUE("all", total > 2 * PAGE);
	ROW("end", sys(SYS_read, fd, text, PAGE), 0);
	ROW("again", lseek(fd, 0, SEEK_SET), 0);
	ROW("few", sys(SYS_read, fd, text, 10), 10);
	n = read(fd, text, sizeof(text));
	ROW_TRUE("rest_and_page", n > PAGE / 2 && n < 2 * PAGE && text[n - 1] == '\n');
	close(fd);
}

/* The address space has an end, above which a break would begin again from 0. */
static void group_brk_end(void)
{
	unsigned long start = sys(SYS_brk, 0);
	ROW("set", sys(SYS_brk, start + 100000), start + 100000);
	ROW("last_byte_call", CHILD(ROW("last_byte", sys(SYS_brk, -1ul), start + 100000)), 0);
	ROW("last_page_call", CHILD(ROW("last_page", sys(SYS_brk, -4096ul), start + 100000)), 0);
}

/* Neither to where nobody may map, nor below the beginning of what is mapped. */
static void group_growsdown_ends(void)
{
	char *low = map((char *)0x10000, PAGE, RW, PRIVATE | MAP_FIXED | MAP_GROWSDOWN);
	ROW("low", low, 0x10000);
	ROW("below_min", CHILD(*(volatile char *)0xf000 = 1), KILLED(SIGSEGV));
	ROW("zero", CHILD(*(volatile char *)8 = 1), KILLED(SIGSEGV));
	low[0] = 1;
	char *to =
		(char *)sys(SYS_mremap, low, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at(1000));
	ROW("moved", to, at(1000));
	ROW("under", CHILD(*(volatile char *)at(980) = 1), KILLED(SIGSEGV));
	ROW("within", CHILD(*(volatile char *)at(990) = 1), 0);
}

/* Limits count what is there afterwards: what is replaced or moved makes room. */
static void group_limits_replaced(void)
{
	struct rlimit space = { 256 << 20, 256 << 20 };
	CHILD({
		char *m = map(at(0), 150 << 20, PROT_NONE, PRIVATE | MAP_FIXED);
		map(at(0) + (150 << 20), PAGE, PROT_NONE, PRIVATE | MAP_FIXED);
		setrlimit(RLIMIT_AS, &space);
		ROW("fixed_over", map(m, 140 << 20, RW, PRIVATE | MAP_FIXED), m);
		ROW_OK("mremap_move", sys(SYS_mremap, m + (10 << 20), 130 << 20, 130 << 20,
					  MREMAP_MAYMOVE | MREMAP_FIXED, at(0) + (1ul << 32)));
		ROW("mremap_grow",
		    sys(SYS_mremap, at(0) + (1ul << 32), 130 << 20, 240 << 20, MREMAP_MAYMOVE),
		    -ENOMEM);
		ROW("dontunmap",
		    sys(SYS_mremap, at(0) + (1ul << 32), 130 << 20, 130 << 20,
			MREMAP_MAYMOVE | MREMAP_DONTUNMAP),
		    -ENOMEM);
	});
	struct rlimit data = { 64 << 20, 64 << 20 };
	CHILD({
		char *m = map(at(0), 50 << 20, RW, PRIVATE | MAP_FIXED);
		setrlimit(RLIMIT_DATA, &data);
		ROW("data_fixed_over", map(m, 50 << 20, RW, PRIVATE | MAP_FIXED), m);
		ROW_OK("data_mremap", sys(SYS_mremap, m, 50 << 20, 50 << 20,
					  MREMAP_MAYMOVE | MREMAP_FIXED, at(0) + (1ul << 32)));
	});
	struct rlimit lock = { 1 << 20, 1 << 20 };
	CHILD({
		char *m = map(at(0), 600 << 10, RW, PRIVATE | MAP_FIXED);
		ROW("mlock", sys(SYS_mlock, m, 600 << 10), 0);
		setrlimit(RLIMIT_MEMLOCK, &lock);
		become(USER);
		ROW_OK("lock_mremap", sys(SYS_mremap, m, 600 << 10, 600 << 10,
					  MREMAP_MAYMOVE | MREMAP_FIXED, at(0) + (1ul << 32)));
		ROW("lock_mremap_more",
		    sys(SYS_mremap, at(0) + (1ul << 32), 600 << 10, 1200 << 10, MREMAP_MAYMOVE),
		    -EAGAIN);
	});
}

static void group_mremap_ends(void)
{
	char *s = map(at(0), 4 * PAGE, RW, SHARED | MAP_FIXED);
	memcpy(s, "hello", 6);
	char *m = (char *)sys(SYS_mremap, s, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
			      0);
	ROW_TRUE("dontunmap_shared", !failed(m));
	if (!failed(m))
		ROW_TRUE("content", !strcmp(m, "hello") && !strcmp(s, "hello"));
	ROW("dontunmap_hint_unaligned",
	    sys(SYS_mremap, s, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, at(100) + 1),
	    -EINVAL);
	ROW("dontunmap_hint",
	    sys(SYS_mremap, s, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, at(100)),
	    at(100));
	ROW("fixed_self", sys(SYS_mremap, s, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, s),
	    -EINVAL);
	map(at(200), 2 * PAGE, RW, PRIVATE | MAP_FIXED);
	map(at(202), 2 * PAGE, PROT_READ, PRIVATE | MAP_FIXED);
	ROW("fixed_shrink_over_two",
	    sys(SYS_mremap, at(200), 4 * PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at(300)),
	    at(300));
	ROW("fixed_shrink_beyond",
	    sys(SYS_mremap, at(300), -1ul & ~4095ul, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at(310)),
	    -EINVAL);
	ROW("shrink_huge_old", sys(SYS_mremap, at(300), -1ul & ~4095ul, PAGE, 0), -EINVAL);
	map(at(400), 4 * PAGE, RW, PRIVATE | MAP_FIXED);
	sys(SYS_mlock, at(400), 4 * PAGE);
	m = (char *)sys(SYS_mremap, at(400), 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
			0);
	ROW_TRUE("dontunmap_locked", !failed(m));
	ROW("old_unlocked", sys(SYS_madvise, at(400), PAGE, MADV_DONTNEED), 0);
	ROW("new_locked", sys(SYS_madvise, m, PAGE, MADV_DONTNEED), -EINVAL);
	ROW("dup_no_maymove", sys(SYS_mremap, s, 0, PAGE, 0), -ENOMEM);
	map(at(500), PAGE, RW, PRIVATE | MAP_FIXED);
	*at(500) = 7;
	ROW("fixed_bad_source",
	    sys(SYS_mremap, at(520), PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at(500)), -EFAULT);
	ROW("bad_source_first",
	    sys(SYS_mremap, at(520), PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at(520) + 8),
	    -EFAULT);
	ROW("fixed_bad_source_keeps", CHILD(_exit(*(volatile char *)at(500))), EXITED(7));
	ROW("len_wraps", sys(SYS_mremap, at(400), PAGE, -1ul, MREMAP_MAYMOVE), -EINVAL);
	ROW("len_huge", sys(SYS_mremap, at(400), PAGE, 1ul << 60, MREMAP_MAYMOVE), -ENOMEM);
}

static void group_range_ends(void)
{
	char *m = map(at(0), 4 * PAGE, PROT_NONE, PRIVATE | MAP_FIXED);
	ROW("populate_read_none", sys(SYS_madvise, m, PAGE, MADV_POPULATE_READ), -EINVAL);
	ROW("populate_write_none", sys(SYS_madvise, m, PAGE, MADV_POPULATE_WRITE), -EINVAL);
	mprotect(m, PAGE, PROT_READ);
	ROW("populate_write_ro", sys(SYS_madvise, m, PAGE, MADV_POPULATE_WRITE), -EINVAL);
	mprotect(at(1), PAGE, PROT_WRITE);
	ROW("populate_read_wo", sys(SYS_madvise, at(1), PAGE, MADV_POPULATE_READ), -EINVAL);
	mprotect(at(1), PAGE, RW);
	sys(SYS_mlock, at(1), PAGE);
	*at(1) = 1;
	ROW("dontneed_locked", sys(SYS_madvise, at(1), PAGE, MADV_DONTNEED_LOCKED), 0);
	ROW("dontneed_locked_zero", *at(1), 0);
	ROW("populate_read_ro", sys(SYS_madvise, m, PAGE, MADV_POPULATE_READ), 0);
	int fd = file_with("f", "0123", 4);
	char *f = (char *)sys(SYS_mmap, at(10), 2 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0);
	ROW("populate_beyond", sys(SYS_madvise, f, 2 * PAGE, MADV_POPULATE_READ), -EFAULT);
	ROW("populate_write_file", sys(SYS_madvise, f, PAGE, MADV_POPULATE_WRITE), 0);
	ROW("populate_hole", sys(SYS_madvise, at(12), PAGE, MADV_POPULATE_READ), -ENOMEM);
	mprotect(f, PAGE, PROT_READ);
	ROW("remove_read_only", sys(SYS_madvise, f, PAGE, MADV_REMOVE), 0);
	ROW("removed_read_only", f[0], 0);
	int ro = open("f", O_RDONLY);
	char *g = (char *)sys(SYS_mmap, at(20), PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, ro, 0);
	ROW("remove_never_writable", sys(SYS_madvise, g, PAGE, MADV_REMOVE), -EACCES);
	ROW("free_file", sys(SYS_madvise, f, PAGE, MADV_FREE), -EINVAL);
	ROW("cold", sys(SYS_madvise, f, PAGE, MADV_COLD), 0);
	ROW("end_of_space", sys(SYS_madvise, -4096ul, PAGE, MADV_NORMAL), -EINVAL);
	ROW("end_of_space2", sys(SYS_madvise, 0x7ffffffff000ul, PAGE, MADV_NORMAL), -ENOMEM);
	ROW("wrap", sys(SYS_madvise, at(0), -1ul, MADV_NORMAL), -EINVAL);
	ROW("mincore_huge", sys(SYS_mincore, at(0), -4096ul, m), -ENOMEM);
	ROW("mprotect_end", sys(SYS_mprotect, 0x7ffffffff000ul, PAGE, PROT_READ), -ENOMEM);
	ROW("mlock_end", sys(SYS_mlock, 0x7fffffffe000ul, 1ul << 50), -ENOMEM);
	ROW("munmap_end", sys(SYS_munmap, 0x7fffffffe000ul, PAGE), 0);
	ROW("munmap_beyond", sys(SYS_munmap, 0x7ffffffff000ul, PAGE), -EINVAL);
	ROW("map_last", map((char *)0x7fffffffe000ul, PAGE, RW, PRIVATE | MAP_FIXED),
	    0x7fffffffe000ul);
	*(volatile char *)0x7fffffffefff = 1;
	ROW("map_beyond", map((char *)0x7fffffffe000ul, 2 * PAGE, RW, PRIVATE | MAP_FIXED),
	    -ENOMEM);
	ROW("msync_end", sys(SYS_msync, 0x7fffffffe000ul, PAGE, MS_SYNC), 0);
	ROW("noreplace_over", map(at(0), PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE), -EEXIST);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "memory");
	GROUP(group_mmap_errors);
	GROUP(group_mmap_place);
	GROUP(group_faults);
	GROUP(group_file_mappings);
	GROUP(group_fork_memory);
	GROUP(group_munmap);
	GROUP(group_mprotect);
	GROUP(group_mremap);
	GROUP(group_brk);
	GROUP(group_madvise);
	GROUP(group_mincore);
	GROUP(group_msync);
	GROUP(group_mlock);
	GROUP(group_limits);
	GROUP(group_stack);
	GROUP(group_cut_races);
	GROUP(group_remove_races);
	GROUP(group_maps_text);
	GROUP(group_brk_end);
	GROUP(group_growsdown_ends);
	GROUP(group_limits_replaced);
	GROUP(group_mremap_ends);
	GROUP(group_range_ends);
	return finish();
}
