/*
 * The address sanitizer's run time (Serebryany et al., "AddressSanitizer", USENIX ATC 2012), for
 * the direct map: heap objects and pages. A shadow byte for each 8 bytes: 0 all may be touched,
 * 1..7 that many from the start, more: none, with the reason. Code is instrumented with calls;
 * addresses outside the direct map (stacks, image, vmalloc) are not checked.
 */
#include <mm/kasan.h>

#ifdef CONFIG_KASAN

#include <arch/mmu.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <mm/early.h>

static u8 *shadow;  /* constant after kasan_init */
static u64 covered; /* bytes of physical memory with a shadow */

__init __no_sanitize void kasan_init(void)
{
	u64 end = ALIGN_UP(early_ram_end(), PAGE_SIZE * 8);
	phys_addr_t pa = early_alloc(end / 8, PAGE_SIZE, 0);

	if (!pa)
		panic("No memory for the sanitizer's shadow (%lu KiB)", end / 8 / 1024);
	shadow = phys_to_virt(pa);
	memset(shadow, 0, end / 8);
	covered = end;
}

static __no_sanitize bool has_shadow(unsigned long addr, size_t len)
{
	return shadow && addr >= direct_map_base && len <= covered &&
	       addr - direct_map_base <= covered - len;
}

__no_sanitize void kasan_poison(const void *start, size_t len, u8 tag)
{
	unsigned long addr = (unsigned long)start;

	if (has_shadow(addr, len))
		memset(shadow + ((addr - direct_map_base) >> 3), tag, len >> 3);
}

__no_sanitize void kasan_unpoison(const void *start, size_t len)
{
	unsigned long addr = (unsigned long)start;
	u8 *s;

	if (!has_shadow(addr, len))
		return;
	s = shadow + ((addr - direct_map_base) >> 3);
	memset(s, 0, len >> 3);
	if (len & 7)
		s[len >> 3] = len & 7;
}

static const char *reason(u8 tag)
{
	switch (tag) {
	case KASAN_FREE_PAGE:
		return "a free page";
	case KASAN_FREE_OBJECT:
		return "a freed object, or beyond one";
	default:
		return "the end of an object";
	}
}

static __no_sanitize void check(unsigned long addr, size_t len, bool write, unsigned long ip)
{
	unsigned long last = addr + len - 1;

	if (!len || !has_shadow(addr, len))
		return;
	for (unsigned long at = addr & ~7UL; at <= last; at += 8) {
		u8 s = shadow[(at - direct_map_base) >> 3];
		unsigned long upto = MIN(last, at + 7) & 7; /* last byte touched in this group */

		if (likely(!s || (s < 8 && upto < s)))
			continue;
		shadow = NULL; /* the report must not report */
		panic("KASAN: %s of %zu bytes at %lx touches %s, from %lx",
		      write ? "write" : "read", len, addr, reason(s), ip);
	}
}

#define CALLER ((unsigned long)__builtin_return_address(0))
#define CHECKS(size)                                                                               \
	void __asan_load##size##_noabort(unsigned long addr);                                      \
	void __asan_load##size##_noabort(unsigned long addr)                                       \
	{                                                                                          \
		check(addr, size, false, CALLER);                                                  \
	}                                                                                          \
	void __asan_store##size##_noabort(unsigned long addr);                                     \
	void __asan_store##size##_noabort(unsigned long addr)                                      \
	{                                                                                          \
		check(addr, size, true, CALLER);                                                   \
	}

CHECKS(1)
CHECKS(2)
CHECKS(4)
CHECKS(8)
CHECKS(16)

void __asan_loadN_noabort(unsigned long addr, size_t len);
void __asan_loadN_noabort(unsigned long addr, size_t len)
{
	check(addr, len, false, CALLER);
}

void __asan_storeN_noabort(unsigned long addr, size_t len);
void __asan_storeN_noabort(unsigned long addr, size_t len)
{
	check(addr, len, true, CALLER);
}

void __asan_handle_no_return(void);
void __asan_handle_no_return(void)
{
	/* Only stack shadows would have to be cleaned, and there are none. */
}

#endif
