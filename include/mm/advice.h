/*
 * Advice, residence and locking of ranges of an address space (mm/advice/advice.c). Ranges are
 * page-aligned and do not wrap; all take the space's lock themselves. 0 or negative errno.
 */
#ifndef MM_ADVICE_H
#define MM_ADVICE_H

#include <mm/space.h>

int vm_advise(vm_space_t *s, unsigned long addr, size_t len,
	      int advice); /* madvise(2), checks included */
int vm_resident_map(vm_space_t *s, unsigned long addr, u32 pages, u8 *out); /* -ENOMEM: unmapped */
int vm_sync(vm_space_t *s, unsigned long start, unsigned long end, int flags);
int vm_lock(vm_space_t *s, unsigned long start, unsigned long end, u32 flags); /* 0: unlock */
int vm_lock_all(vm_space_t *s, int flags); /* MCL_*; 0: unlock */

#endif
