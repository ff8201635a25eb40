/*
 * Whole-page operations. REP STOSQ/MOVSQ run at cache-line speed on aligned pages since Nehalem
 * (Intel Optimization Manual 3.7.6) and need no extended state.
 */
#ifndef ARCH_X86_PAGE_INLINE_H
#define ARCH_X86_PAGE_INLINE_H

static inline void arch_clear_page(void *page)
{
	unsigned long n = 4096 / 8;

	__asm__ volatile("rep stosq" : "+D"(page), "+c"(n) : "a"(0UL) : "memory");
}

static inline void arch_copy_page(void *to, const void *from)
{
	unsigned long n = 4096 / 8;

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

#endif
