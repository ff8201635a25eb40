/*
 * What is mapped where in an address space, as /proc/PID/smaps and pagemap tell it. The space's lock is held
 * (shared is enough); pages may come and go meanwhile, so figures are of about one moment.
 */
#ifndef MM_USAGE_H
#define MM_USAGE_H

#include <mm/space.h>

/*
 * Bytes; the proportional ones, and locked, times 1 << VM_USAGE_SHIFT: each page divided by the number of
 * entries that map it, so that small parts add up.
 */
#define VM_USAGE_SHIFT 12
typedef struct vm_usage {
	u64 proportional, proportional_dirty, proportional_anon, proportional_file;
	u64 proportional_shmem, locked;
	u64 resident, shared_clean, shared_dirty, private_clean, private_dirty;
	u64 referenced, anonymous;
} vm_usage_t;

/* Adds what the area has to *u. May sleep. */
void vm_area_usage(vm_area_t *v, vm_usage_t *u);

/*
 * Pages of an area as /proc/PID/numa_maps counts them: by node, with a private copy, changed, seen
 * by reclaim as in use, and the most mappings that one has. The zero page is none of its own.
 */
#define VM_MAX_NODES 64 /* node sets are words: mm/policy.h */
typedef struct vm_nodes {
	u64 pages, anonymous, dirty, active;
	u32 most_maps;
	u64 on_node[VM_MAX_NODES];
} vm_nodes_t;
void vm_area_nodes(vm_area_t *v, vm_nodes_t *n); /* adds; may sleep */

/*
 * What was noted of pages is forgotten (/proc/PID/clear_refs): that those of the areas of some kinds were
 * used; and the largest size that the space had. Takes the space's lock.
 */
#define VM_FORGET_ANON 1u
#define VM_FORGET_FILE 2u
void vm_forget_accesses(vm_space_t *s, u32 kinds);
void vm_forget_peak(vm_space_t *s);

/* Linux's words of /proc/PID/pagemap (its Documentation/admin-guide/mm/pagemap.rst). */
#define PAGEMAP_PRESENT (1UL << 63)
#define PAGEMAP_FILE (1UL << 61) /* a file's page, or shared anonymous */
#define PAGEMAP_EXCLUSIVE (1UL << 56)
#define PAGEMAP_FRAME ((1UL << 55) - 1)
/* The word of one page, frame number included; 0 where nothing is mapped. */
u64 vm_pagemap_word(vm_space_t *s, unsigned long addr);

#endif
