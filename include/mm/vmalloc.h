/*
 * Kernel mappings: virtually contiguous memory (vmalloc), device registers (ioremap), kernel stacks
 * with guard pages. Every area is followed by an unmapped guard page.
 */
#ifndef MM_VMALLOC_H
#define MM_VMALLOC_H

#include <mm/page.h>

void *vmalloc(size_t size); /* API; GFP_KERNEL; page-aligned; NULL on failure */
void *vzalloc(size_t size);
void vfree(void *ptr);				/* may sleep; NULL is ignored */
void *kvmalloc(size_t size, gfp_flags_t flags); /* kmalloc, or vmalloc when large */
void kvfree(void *ptr);				/* may sleep */
void kvfree_atomic(void *ptr);			/* may not: mm/reclaim/late.c */
void kvfree_init(void);				/* boot, with work queues */
bool is_vmalloc_addr(const void *ptr);
/* Pages mapped with a guard below and above: kernel stacks. */
void *vmalloc_guarded(size_t size, u32 node);

void __iomem *ioremap(phys_addr_t pa, size_t size);    /* uncached, NX; boot and drivers */
void __iomem *ioremap_wc(phys_addr_t pa, size_t size); /* stores may be combined: frame buffers */
void iounmap(void __iomem *p);

/* API: page tables by root. flags are PTE_* bits; 4 KiB granularity. 0 or -ENOMEM, -EEXIST. */
uint64_t *vmm_create_page_table(void);
void vmm_destroy_page_table(uint64_t *pml4);
int vmm_map_page(uint64_t *pml4, uint64_t virt, uint64_t phys, uint64_t flags);
void vmm_unmap_page(uint64_t *pml4, uint64_t virt);
uint64_t vmm_virt_to_phys(uint64_t *pml4, uint64_t virt); /* ~0 when unmapped */

/* An area: [start, end) with its guards. mm/info/vmalloc.c. */
typedef struct kmap_info {
	unsigned long start, end;
	u32 pages;	  /* its own, 0: device memory */
	u32 *node_pages;  /* the caller's: of these, on each node; or NULL */
	phys_addr_t phys; /* device memory: where it begins */
} kmap_info_t;
bool kmap_next(unsigned long from, kmap_info_t *out); /* the first at or above `from`; may sleep */
u64 kmap_pages(void);				      /* of all areas; may sleep */

void kmap_init(void);
void kmap_purge(void); /* gives freed areas back at once (leak checks); may sleep */

#endif
