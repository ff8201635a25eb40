/*
 * Arguments and environment of a new program, written straight into the pages of its stack.
 *
 *	top	8 zero bytes | file name | envp strings | argv strings			(exec_copy_strings)
 *		platform | 16 random bytes | padding | auxiliary vector | NULL, envp | NULL, argv | argc
 *	sp -> argc									(exec_finish_stack)
 *
 * Strings are pushed downwards through a buffer that holds the page being filled; a page goes to
 * the new space once, when the next one is begun. The addresses of the strings are noted as they
 * are pushed.
 */
#include <arch/uaccess.h>
#include <drivers/random.h>
#include <kernel/lib/string.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>
#include <uapi/auxvec.h>

#include "exec_internal.h"
#include "proc_internal.h"

#define MAX_ARG_STRINGS 0x7fffffff
#define STACK_TOP USER_MAX
#define STACK_RANDOM_PAGES 0x3fffffUL
#define SP_RANDOM 8192

int exec_setup_stack(exec_t *e)
{
	unsigned long top = STACK_TOP - exec_random_pages(STACK_RANDOM_PAGES << PAGE_SHIFT);
	int r = vm_setup_stack(e->space, top, false);

	if (r)
		return r;
	e->space->stack_top = top;
	e->page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!e->page)
		return -ENOMEM;
	e->lowest_page = top;
	e->p = top - sizeof(u64);
	return 0;
}

/* ---- the page buffer ---- */

static int flush_page(exec_t *e)
{
	int r;

	if (!e->page_at)
		return 0;
	r = vm_copy_out(e->space, e->page_at, e->page, PAGE_SIZE);
	e->lowest_page = MIN(e->lowest_page, e->page_at);
	e->page_at = 0;
	return r;
}

/* Makes the buffer hold the page of addr. */
static int use_page(exec_t *e, unsigned long addr)
{
	unsigned long at = addr & PAGE_MASK;
	int r;

	if (e->page_at == at)
		return 0;
	r = flush_page(e);
	if (r)
		return r;
	if (at >= e->lowest_page)
		r = vm_copy_in(e->space, e->page, at, PAGE_SIZE);
	else
		memset(e->page, 0, PAGE_SIZE);
	if (!r)
		e->page_at = at;
	return r;
}

/* Pushes n bytes; strings limit themselves to floor, what the kernel adds does not. */
static int push(exec_t *e, bool kernel, const void *from, size_t n)
{
	while (n) {
		unsigned long end = e->p;
		size_t chunk = MIN(n, ((end - 1) & ~PAGE_MASK) + 1);
		u8 *to;
		int r = use_page(e, end - chunk);

		if (r)
			return r;
		n -= chunk;
		e->p -= chunk;
		to = e->page + (e->p & ~PAGE_MASK);
		if (kernel)
			memcpy(to, (const u8 *)from + n, chunk);
		else if (copy_from_user(to, (const u8 __user *)from + n, chunk))
			return -EFAULT;
	}
	return 0;
}

static int push_string(exec_t *e, bool kernel, const char *s)
{
	size_t len = kernel ? strlen(s) + 1 : strnlen_user((const char __user *)s, MAX_ARG_STRLEN);

	if (!len)
		return -EFAULT;
	if (len > MAX_ARG_STRLEN || e->p < len || e->p - len < e->floor)
		return -E2BIG;
	return push(e, kernel, s, len);
}

/* ---- the caller's arrays ---- */

static int get_pointer(exec_strings_t strings, u32 i, const char **out)
{
	u64 value;

	if (strings.kernel) {
		*out = strings.kernel[i];
		return 0;
	}
	if (get_user_u64(&value, (const u64 __user *)strings.user + i))
		return -EFAULT;
	*out = (const char *)value;
	return 0;
}

static long count_strings(exec_strings_t strings)
{
	const char *s;

	if (!strings.kernel && !strings.user)
		return 0;
	for (u32 i = 0; i < MAX_ARG_STRINGS; i++) {
		if (get_pointer(strings, i, &s))
			return -EFAULT;
		if (!s)
			return i;
		if (fatal_signal_pending(current()))
			return -ERESTARTNOHAND;
	}
	return -E2BIG;
}

static int set_floor(exec_t *e)
{
	size_t limit = MIN(e->stack_limit / 4, ARG_MAX_TOTAL), pointers;
	unsigned long top;

	limit = MAX(limit, ARG_MIN_TOTAL);
	pointers = ((size_t)MAX(e->argc, 1u) + e->envc) * sizeof(u64);
	if (limit <= pointers)
		return -E2BIG;
	e->floor = e->p - (limit - pointers);
	/* And what the stack may not hold is too much, too. */
	top = e->space->stack_top;
	e->floor = MAX(e->floor, ALIGN_UP(top - MIN(e->stack_limit, top), PAGE_SIZE));
	return 0;
}

static int push_all(exec_t *e, exec_strings_t strings, u64 *addresses, u32 n)
{
	while (n--) {
		const char *s;
		int r = get_pointer(strings, n, &s);

		if (!r)
			r = push_string(e, strings.kernel, s);
		if (r)
			return r;
		addresses[n] = e->p;
		if (fatal_signal_pending(current()))
			return -ERESTARTNOHAND;
	}
	return 0;
}

int exec_copy_strings(exec_t *e, exec_strings_t argv, exec_strings_t envp)
{
	static const char *const no_arguments[] = { "" };
	long n = count_strings(argv);
	int r;

	if (n < 0)
		return (int)n;
	e->argc = (u32)n;
	n = count_strings(envp);
	if (n < 0)
		return (int)n;
	e->envc = (u32)n;
	r = set_floor(e);
	if (r)
		return r;
	/*
	 * A program without argv[0] may take its environment for arguments: it gets an empty one.
	 */
	if (!e->argc) {
		argv = (exec_strings_t){ .kernel = no_arguments };
		e->argc = 1;
	}
	e->pointers =
		kvmalloc((SCRIPT_WORDS + (size_t)e->argc + e->envc) * sizeof(u64), GFP_KERNEL);
	if (!e->pointers)
		return -ENOMEM;
	e->argv_first = SCRIPT_WORDS;
	r = push_string(e, true, e->filename);
	if (r)
		return r;
	e->filename_at = e->env_end = e->p;
	r = push_all(e, envp, e->pointers + SCRIPT_WORDS + e->argc, e->envc);
	if (r)
		return r;
	e->arg_end = e->p;
	r = push_all(e, argv, e->pointers + e->argv_first, e->argc);
	e->arg_start = e->p;
	return r;
}

static int push_argument(exec_t *e, const char *s)
{
	int r = push_string(e, true, s);

	if (r)
		return r;
	e->pointers[--e->argv_first] = e->p;
	e->arg_start = e->p;
	e->argc++;
	return 0;
}

int exec_replace_arg0(exec_t *e, const char *interpreter, const char *arg, const char *script)
{
	int r;

	e->p = e->argc > 1 ? e->pointers[e->argv_first + 1] : e->arg_end;
	e->argv_first++;
	e->argc--;
	r = push_argument(e, script);
	if (!r && arg)
		r = push_argument(e, arg);
	if (!r)
		r = push_argument(e, interpreter);
	return r;
}

/* ---- what the start code of the program reads ---- */

static void add_auxiliary(vm_space_t *s, u64 type, u64 value)
{
	s->auxv[s->auxv_count++] = type;
	s->auxv[s->auxv_count++] = value;
}

static void fill_auxiliary(exec_t *e, unsigned long random, unsigned long platform)
{
	vm_space_t *s = e->space;

	add_auxiliary(s, AT_SYSINFO_EHDR, e->vdso);
	add_auxiliary(s, AT_MINSIGSTKSZ, arch_signal_stack_min());
	add_auxiliary(s, AT_HWCAP, arch_hwcap());
	add_auxiliary(s, AT_PAGESZ, PAGE_SIZE);
	add_auxiliary(s, AT_CLKTCK, 100);
	add_auxiliary(s, AT_PHDR, e->phdr);
	add_auxiliary(s, AT_PHENT, sizeof(struct elf64_segment));
	add_auxiliary(s, AT_PHNUM, e->phnum);
	add_auxiliary(s, AT_BASE, e->interp_base);
	add_auxiliary(s, AT_FLAGS, 0);
	add_auxiliary(s, AT_ENTRY, e->program_entry);
	add_auxiliary(s, AT_UID, e->cred->uid);
	add_auxiliary(s, AT_EUID, e->cred->euid);
	add_auxiliary(s, AT_GID, e->cred->gid);
	add_auxiliary(s, AT_EGID, e->cred->egid);
	add_auxiliary(s, AT_SECURE, e->secure);
	add_auxiliary(s, AT_RANDOM, random);
	add_auxiliary(s, AT_HWCAP2, arch_hwcap2());
	add_auxiliary(s, AT_EXECFN, e->filename_at);
	add_auxiliary(s, AT_PLATFORM, platform);
	add_auxiliary(s, AT_NULL, 0);
}

int exec_finish_stack(exec_t *e)
{
	static const u64 zero;
	vm_space_t *s = e->space;
	unsigned long random, platform, offset = 0;
	size_t words;
	u64 bytes[2], argc = e->argc;
	int r;

	if (exec_randomises()) {
		random_get_bytes(&offset, sizeof(offset));
		e->p -= offset % SP_RANDOM;
	}
	e->p = ALIGN_DOWN(e->p, 16UL);
	r = push(e, true, ARCH_PLATFORM, sizeof(ARCH_PLATFORM));
	platform = e->p;
	random_get_bytes(bytes, sizeof(bytes));
	if (!r)
		r = push(e, true, bytes, sizeof(bytes));
	random = e->p;
	fill_auxiliary(e, random, platform);
	words = 1 + e->argc + 1 + e->envc + 1 + s->auxv_count;
	e->p = ALIGN_DOWN(e->p - words * sizeof(u64), 16UL) + words * sizeof(u64);
	if (!r)
		r = push(e, true, s->auxv, s->auxv_count * sizeof(u64));
	if (!r)
		r = push(e, true, &zero, sizeof(zero));
	if (!r)
		r = push(e, true, e->pointers + e->argv_first + e->argc, e->envc * sizeof(u64));
	if (!r)
		r = push(e, true, &zero, sizeof(zero));
	if (!r)
		r = push(e, true, e->pointers + e->argv_first, e->argc * sizeof(u64));
	if (!r)
		r = push(e, true, &argc, sizeof(argc));
	if (!r)
		r = flush_page(e);
	e->sp = s->start_sp = e->p;
	s->arg_start = e->arg_start;
	s->arg_end = s->env_start = e->arg_end;
	s->env_end = e->env_end;
	return r;
}

void exec_free_strings(exec_t *e)
{
	kfree(e->page);
	kvfree(e->pointers);
}
