/*
 * What the files of mm/map share.
 */
#ifndef MM_MAP_INTERNAL_H
#define MM_MAP_INTERNAL_H

#include "../space/space_internal.h"

#include <kernel/process.h>

static inline bool vm_over(u64 pages, u64 limit) /* limit: bytes, as of an rlimit */
{
	return limit != RLIM_INFINITY && pages > limit >> PAGE_SHIFT;
}

static inline u32 prot_flags(int prot)
{
	return (prot & PROT_READ ? VM_READ : 0) | (prot & PROT_WRITE ? VM_WRITE : 0) |
	       (prot & PROT_EXEC ? VM_EXEC : 0);
}

/* May the space grow by an area of so many pages? 0, -ENOMEM, -EAGAIN (too much would be locked). s->lock exclusive. */
int vm_check_limits(vm_space_t *s, u64 pages, u32 flags);
/* Where an area goes: at the hint if that is free, else below mmap_base; 0: nowhere. s->lock exclusive. */
unsigned long vm_place(vm_space_t *s, unsigned long hint, size_t len, int map_flags);

#endif
