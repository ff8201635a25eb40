/*
 * In-place sort, O(n log n) at worst, without recursion or extra memory. Not stable.
 */
#ifndef KERNEL_LIB_SORT_H
#define KERNEL_LIB_SORT_H

#include <kernel/types.h>

/* compare returns negative, 0 or positive, as for qsort; ctx is handed to it. */
typedef int (*sort_compare_t)(const void *a, const void *b, void *ctx);

void sort(void *base, size_t count, size_t size, sort_compare_t compare, void *ctx);

#endif
