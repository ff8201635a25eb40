/*
 * kmalloc: size classes over slab caches, whole blocks of pages above the largest class.
 */
#include "slab_internal.h"

#include <kernel/panic.h>
#include <mm/kasan.h>

static const u16 class_sizes[] = { 8,	16,  32,  48,	64,   96,   128,  192,
				   256, 384, 512, 1024, 1536, 2048, 4096, 8192 };
#define CLASSES ARRAY_SIZE(class_sizes)

static kmem_cache_t class_caches[CLASSES];
static u8 class_of_8[512 / 8 + 1]; /* class of a size up to 512, by (size + 7) / 8 */

__init void slab_init(void)
{
	static const char *const names[CLASSES] = {
		"kmalloc-8",	"kmalloc-16",  "kmalloc-32",  "kmalloc-48",
		"kmalloc-64",	"kmalloc-96",  "kmalloc-128", "kmalloc-192",
		"kmalloc-256",	"kmalloc-384", "kmalloc-512", "kmalloc-1k",
		"kmalloc-1.5k", "kmalloc-2k",  "kmalloc-4k",  "kmalloc-8k",
	};
	u32 class = 0;

	slab_base_init();
	for (u32 i = 0; i < CLASSES; i++)
		kmem_cache_setup(&class_caches[i], names[i], class_sizes[i], 0, 0, NULL);
	for (u32 i = 0; i < ARRAY_SIZE(class_of_8); i++) {
		while (class_sizes[class] < i * 8)
			class ++;
		class_of_8[i] = (u8) class;
	}
}

static kmem_cache_t *class_for(size_t size)
{
	u32 class;

	if (size <= 512)
		return &class_caches[class_of_8[(size + 7) / 8]];
	class = class_of_8[512 / 8] + 1;
	while (class_sizes[class] < size)
		class ++;
	return &class_caches[class];
}

static u32 order_for(size_t size)
{
	return size <= PAGE_SIZE ? 0 : 64 - PAGE_SHIFT - (u32)__builtin_clzl(size - 1);
}

static void *large_alloc(size_t size, gfp_flags_t flags)
{
	u32 order = order_for(size);
	page_t *page;

	if (size > KMALLOC_MAX)
		return NULL;
	page = alloc_pages_gfp(flags, order);
	if (!page)
		return NULL;
	page->order = order;
	page_set_flag(page, PG_LARGE);
	mm_count(MM_SLAB, 1L << order);
	return page_to_virt(page);
}

void *kmalloc(size_t size, gfp_flags_t flags)
{
	if (unlikely(size > CLASS_MAX))
		return large_alloc(size, flags);
	return kmem_cache_alloc(class_for(size), flags);
}

void *kzalloc(size_t size, gfp_flags_t flags)
{
	return kmalloc(size, flags | GFP_ZERO);
}

void kfree(void *ptr)
{
	page_t *page;

	if (!ptr)
		return;
	page = virt_to_page(ptr);
	if (likely(page_flag(page, PG_SLAB))) {
		kmem_cache_free(page->cache, ptr);
		return;
	}
	BUG_ON(!page_flag(page, PG_LARGE));
	u32 order = (u32)page->order;

	mm_count(MM_SLAB, -(1L << order));
	free_pages(page, order);
}

size_t ksize(const void *ptr)
{
	page_t *page = virt_to_page(ptr);

	if (page_flag(page, PG_SLAB))
		return page->cache->object_size;
	return PAGE_SIZE << page->order;
}
