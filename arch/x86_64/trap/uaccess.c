/*
 * Access to user memory: range checks, then instructions that the exception table covers, between
 * STAC and CLAC where the CPU has SMAP.
 */
#include <arch/mmu.h>
#include <arch/uaccess.h>
#include <arch_x86/alternatives.h>
#include <arch_x86/extable.h>
#include <kernel/panic.h>
#include <kernel/sync/lockdep.h>
#include <kernel/thread.h>
#include <uapi/errno.h>

size_t user_copy(void *to, const void *from, size_t n);
size_t user_clear(void *to, size_t n);

static void check_context(void)
{
#ifdef CONFIG_DEBUG
	if (!current()->pagefault_disabled)
		might_sleep();
#endif
}

size_t copy_from_user(void *to, const void __user *from, size_t n)
{
	check_context();
	return access_ok(from, n) ? user_copy(to, (__force const void *)from, n) : n;
}

size_t copy_to_user(void __user *to, const void *from, size_t n)
{
	check_context();
	return access_ok(to, n) ? user_copy((__force void *)to, from, n) : n;
}

size_t clear_user(void __user *to, size_t n)
{
	check_context();
	return access_ok(to, n) ? user_clear((__force void *)to, n) : n;
}

/* Where a page fault is not served: what the fault handler asks, too. */
static void check_atomic(void)
{
	ASSERT(current()->pagefault_disabled || this_cpu_read(preempt_count) ||
	       !arch_irqs_enabled());
}

#define DEFINE_GET(name, check, bits, insn, reg)                                                   \
	int name(u##bits *to, const u##bits __user *from)                                          \
	{                                                                                          \
		u##bits value;                                                                     \
		check();                                                                           \
		if (!access_ok(from, sizeof(value)))                                               \
			return -EFAULT;                                                            \
		user_access_begin();                                                               \
		ASM_GOTO_OUTPUT("1: " insn " (%1), %0\n\t" EXTABLE("1b", "%l[fault]")              \
				: reg(value)                                                       \
				: "r"(from)                                                        \
				: "memory"                                                         \
				: fault);                                                          \
		user_access_end();                                                                 \
		*to = value;                                                                       \
		return 0;                                                                          \
fault:                                                                                             \
		user_access_end();                                                                 \
		return -EFAULT;                                                                    \
	}
#define DEFINE_PUT(bits, insn)                                                                     \
	int put_user_u##bits(u##bits value, u##bits __user *to)                                    \
	{                                                                                          \
		check_context();                                                                   \
		if (!access_ok(to, sizeof(value)))                                                 \
			return -EFAULT;                                                            \
		user_access_begin();                                                               \
		__asm__ volatile goto("1: " insn " %0, (%1)\n\t" EXTABLE("1b", "%l[fault]")        \
				      :                                                            \
				      : "q"(value), "r"(to)                                        \
				      : "memory"                                                   \
				      : fault);                                                    \
		user_access_end();                                                                 \
		return 0;                                                                          \
fault:                                                                                             \
		user_access_end();                                                                 \
		return -EFAULT;                                                                    \
	}
DEFINE_GET(get_user_u8, check_context, 8, "movb", "=q")
DEFINE_GET(get_user_u32, check_context, 32, "movl", "=r")
DEFINE_GET(get_user_u64, check_context, 64, "movq", "=r")
DEFINE_GET(get_user_u32_resident, check_atomic, 32, "movl", "=r")
DEFINE_PUT(8, "movb")
DEFINE_PUT(32, "movl")
DEFINE_PUT(64, "movq")

bool user_words_are(const u64 __user *at, u64 first, u64 second)
{
	check_atomic();
	if (!access_ok(at, 2 * sizeof(*at)))
		return false;
	user_access_begin();
	__asm__ volatile goto("1: cmpq %1, (%0)\n\t"
			      "jne %l[other]\n\t"
			      "2: cmpq %2, 8(%0)\n\t"
			      "jne %l[other]\n\t" EXTABLE("1b", "%l[other]")
				      EXTABLE("2b", "%l[other]")
			      :
			      : "r"(at), "r"(first), "r"(second)
			      : "memory", "cc"
			      : other);
	user_access_end();
	return true;
other:
	user_access_end();
	return false;
}

int cmpxchg_user_u32(u32 __user *uaddr, u32 expected, u32 desired, u32 *old)
{
	u32 value = expected;

	check_context();
	if (!access_ok(uaddr, sizeof(value)))
		return -EFAULT;
	user_access_begin();
	ASM_GOTO_OUTPUT("1: lock cmpxchgl %2, (%1)\n\t" EXTABLE("1b", "%l[fault]")
			: "+a"(value)
			: "r"(uaddr), "r"(desired)
			: "memory"
			: fault);
	user_access_end();
	*old = value;
	return 0;
fault:
	user_access_end();
	return -EFAULT;
}

/*
 * Index of the first zero byte in the lowest bits, given that there is one; the classic test by
 * borrow.
 */
#define ONES 0x0101010101010101UL
#define HIGHS 0x8080808080808080UL
static u64 zero_bytes(u64 word)
{
	return (word - ONES) & ~word & HIGHS;
}

/*
 * Copies (to != NULL) or measures up to `max` bytes until NUL, eight at a time while that cannot
 * fault. The number of bytes before NUL, `max` when there was none, or -EFAULT.
 */
static ssize_t scan_string(char *to, const char *from, size_t max)
{
	size_t n = 0;
	u64 word;
	u8 byte;

	user_access_begin();
	while (max - n >= sizeof(word)) {
		ASM_GOTO_OUTPUT("1: movq (%1), %0\n\t" EXTABLE("1b", "%l[bytes]")
				: "=r"(word)
				: "r"(from + n)
				: "memory"
				: bytes);
		if (to)
			__builtin_memcpy(to + n, &word, sizeof(word));
		if (zero_bytes(word)) {
			user_access_end();
			return (ssize_t)(n + (size_t)__builtin_ctzl(zero_bytes(word)) / 8);
		}
		n += sizeof(word);
	}
bytes:
	for (; n < max; n++) {
		ASM_GOTO_OUTPUT("1: movb (%1), %0\n\t" EXTABLE("1b", "%l[fault]")
				: "=q"(byte)
				: "r"(from + n)
				: "memory"
				: fault);
		if (to)
			to[n] = (char)byte;
		if (!byte)
			break;
	}
	user_access_end();
	return (ssize_t)n;
fault:
	user_access_end();
	return -EFAULT;
}

/* How far a string that starts here may go. */
static size_t room(const char __user *s, size_t n)
{
	unsigned long start = (unsigned long)s;

	return start >= USER_MAX ? 0 : MIN(n, USER_MAX - start);
}

ssize_t strncpy_from_user(char *to, const char __user *from, size_t size)
{
	size_t max = room(from, size);
	ssize_t n;

	check_context();
	if (!max && size)
		return -EFAULT;
	n = scan_string(to, (__force const char *)from, max);
	return n == (ssize_t)max && max < size ? -EFAULT : n;
}

size_t strnlen_user(const char __user *s, size_t n)
{
	size_t max = room(s, n);
	ssize_t len;

	check_context();
	len = max ? scan_string(NULL, (__force const char *)s, max) : -EFAULT;
	if (len < 0 || (len == (ssize_t)max && max < n))
		return 0;
	return (size_t)len + 1;
}

/* One byte of each page; a write must not change what is there. */
static bool touch(const char *p, bool write)
{
	u8 byte;

	user_access_begin();
	if (write)
		__asm__ volatile goto("1: lock orb $0, (%0)\n\t" EXTABLE("1b", "%l[fault]")
				      :
				      : "r"(p)
				      : "memory"
				      : fault);
	else
		ASM_GOTO_OUTPUT("1: movb (%1), %0\n\t" EXTABLE("1b", "%l[fault]")
				: "=q"(byte)
				: "r"(p)
				: "memory"
				: fault);
	user_access_end();
	return true;
fault:
	user_access_end();
	return false;
}

static size_t fault_in(const char *start, size_t len, bool write)
{
	const char *end = start + len;

	for (const char *p = start; p < end;
	     p = (const char *)ALIGN_DOWN((unsigned long)p + PAGE_SIZE, PAGE_SIZE))
		if (!touch(p, write))
			return (size_t)(end - p);
	return 0;
}

size_t fault_in_readable(const void __user *ptr, size_t len)
{
	return access_ok(ptr, len) ? fault_in((__force const char *)ptr, len, false) : len;
}

size_t fault_in_writeable(void __user *ptr, size_t len)
{
	return access_ok(ptr, len) ? fault_in((__force const char *)ptr, len, true) : len;
}

void pagefault_disable(void)
{
	current()->pagefault_disabled++;
	compiler_barrier();
}

void pagefault_enable(void)
{
	compiler_barrier();
	current()->pagefault_disabled--;
}
