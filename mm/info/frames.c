/*
 * What single frames are used for (Linux, Documentation/admin-guide/mm/pagemap.rst). Pages come and go meanwhile.
 */
#include "../page/page_internal.h"

#define KPF_LOCKED BIT(0)
#define KPF_ERROR BIT(1)
#define KPF_REFERENCED BIT(2)
#define KPF_UPTODATE BIT(3)
#define KPF_DIRTY BIT(4)
#define KPF_LRU BIT(5) /* reclaim looks at it */
#define KPF_SLAB BIT(7)
#define KPF_WRITEBACK BIT(8)
#define KPF_BUDDY BIT(10)
#define KPF_MMAP BIT(11)
#define KPF_ANON BIT(12)
#define KPF_SWAPBACKED BIT(14)
#define KPF_UNEVICTABLE BIT(18)
#define KPF_NOPAGE BIT(20)
#define KPF_PGTABLE BIT(26)
#define KPF_RESERVED BIT(32)
#define KPF_MLOCKED BIT(33)

pfn_t page_frames_end(void)
{
	return page_section_count << SECTION_SHIFT;
}

u64 page_frame_maps(pfn_t pfn)
{
	const page_t *p = pfn_to_page(pfn);

	return pfn_valid(pfn) && page_flag(p, PG_ANON | PG_CACHE) ? READ_ONCE(p->map_count) : 0;
}

/* Free memory that is not filled in yet. */
static bool is_dormant(pfn_t pfn)
{
	return pfn < page_frames_end() &&
	       READ_ONCE(page_sections[pfn >> SECTION_SHIFT].dormant_zone);
}

/* In a free block, which its first page stands for. */
static bool is_free(pfn_t pfn)
{
	for (u32 order = 0; order <= MAX_ORDER; order++) {
		pfn_t first = pfn & ~((1UL << order) - 1);
		const page_t *p = pfn_to_page(first);

		if (!pfn_valid(first))
			return false;
		if (page_flag(p, PG_FREE))
			return READ_ONCE(p->order) >= order;
	}
	return false;
}

u64 page_frame_flags(pfn_t pfn)
{
	static const struct {
		u32 ours;
		u64 told;
	} bits[] = {
		{ PG_RESERVED, KPF_RESERVED },
		{ PG_SLAB, KPF_SLAB },
		{ PG_TABLE, KPF_PGTABLE },
		{ PG_LOCKED, KPF_LOCKED },
		{ PG_UPTODATE, KPF_UPTODATE },
		{ PG_DIRTY, KPF_DIRTY },
		{ PG_WRITEBACK, KPF_WRITEBACK },
		{ PG_ACCESSED, KPF_REFERENCED },
		{ PG_ANON, KPF_ANON | KPF_SWAPBACKED },
		{ PG_CACHE, KPF_LRU },
		{ PG_MEMORY_FILE, KPF_SWAPBACKED },
		{ PG_MLOCKED, KPF_MLOCKED | KPF_UNEVICTABLE },
		{ PG_ERROR, KPF_ERROR },
	};
	u64 told = page_frame_maps(pfn) ? KPF_MMAP : 0;
	u32 flags;

	if (!pfn_valid(pfn))
		return is_dormant(pfn) ? KPF_BUDDY : KPF_NOPAGE;
	flags = READ_ONCE(pfn_to_page(pfn)->flags);
	for (u32 i = 0; i < ARRAY_SIZE(bits); i++)
		if (flags & bits[i].ours)
			told |= bits[i].told;
	return told || !is_free(pfn) ? told : KPF_BUDDY;
}
