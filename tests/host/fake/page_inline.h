/* Whole-page operations through libc, so that the sanitizers see them. */
#ifndef FAKE_PAGE_INLINE_H
#define FAKE_PAGE_INLINE_H

#include <string.h>

static inline void arch_clear_page(void *page)
{
	memset(page, 0, 4096);
}

static inline void arch_copy_page(void *to, const void *from)
{
	memcpy(to, from, 4096);
}

#endif
