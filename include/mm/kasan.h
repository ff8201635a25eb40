/*
 * Address sanitizer of the kernel heap and pages: a shadow byte for each 8 bytes of the direct map
 * says how many of them may be touched. Sanitizer builds check every load and store; others compile
 * all away. Tags say what a bad access hit.
 */
#ifndef MM_KASAN_H
#define MM_KASAN_H

#include <kernel/types.h>

#define KASAN_FREE_PAGE 0xff
#define KASAN_FREE_OBJECT 0xfb
#define KASAN_REDZONE 0xfc

#ifdef CONFIG_KASAN
void kasan_init(void); /* boot, after early memory: makes the shadow, everything accessible */
void kasan_poison(const void *start, size_t len, u8 tag); /* start and len multiples of 8 */
void kasan_unpoison(const void *start, size_t len);	  /* start a multiple of 8 */
#else
static inline void kasan_init(void)
{
}
static inline void kasan_poison(const void *start, size_t len, u8 tag)
{
}
static inline void kasan_unpoison(const void *start, size_t len)
{
}
#endif

#endif
