/*
 * Physical pages. Every frame has a page_t of 32 bytes at page_array[pfn]. Allocation is by power
 * of two ("order", 0 = 4 KiB ... 18 = 1 GiB) out of zones; a block is named by its first page.
 *
 *	page_t *p = page_alloc();			zeroed? no: contents undefined
 *	page_t *p = alloc_pages_gfp(GFP_KERNEL | GFP_ZERO, 3);
 *	free_pages(p, 3);
 *
 * Lifetime: allocation gives one reference. Pages that are mapped or cached are shared by page_get
 * and dropped by page_put, which frees an order-0 page when the last goes.
 */
#ifndef MM_PAGE_H
#define MM_PAGE_H

#include <arch/mmu.h>
#include <arch/percpu.h>
#include <kernel/atomic.h>
#include <kernel/lib/list.h>
#include <kernel/sync/spinlock.h>

struct kmem_cache;
struct file_map;

/* page_t.flags: bits changed atomically by page_set/clear_flag; high bits constant after boot. */
#define PG_RESERVED BIT(0) /* never allocated: firmware, image, holes */
#define PG_FREE BIT(1)	   /* head of a free buddy block; order in `order` */
#define PG_SLAB BIT(2)	   /* belongs to a slab cache */
#define PG_TABLE BIT(3)	   /* page table */
#define PG_LOCKED BIT(4)   /* page lock: reading in, writing back, truncating */
#define PG_UPTODATE BIT(5) /* contents valid */
#define PG_DIRTY BIT(6)
#define PG_WRITEBACK BIT(7)
#define PG_ACCESSED BIT(8)     /* reclaim's second chance */
#define PG_ANON BIT(9)	       /* mapping is an anon root */
#define PG_CACHE BIT(10)       /* in a file_map */
#define PG_MEMORY_FILE BIT(11) /* tmpfs: no backing store to be dropped to */
#define PG_LARGE BIT(12)       /* head of an order > 0 kmalloc block; order in `order` */
#define PG_MLOCKED BIT(13)
#define PG_WAITERS BIT(14) /* someone waits for PG_LOCKED or PG_WRITEBACK */
#define PG_ERROR BIT(15)
#define PG_PCP BIT(16)	 /* on a per-CPU list */
#define PG_ZONE_SHIFT 22 /* 2 bits zone, 8 bits node */

typedef struct page {
	u32 flags;	 /* atomic */
	refcount_t refs; /* atomic; slab: objects in use | total << 16, under the cache's lock */
	union {
		list_t link; /* free block, per-CPU list: zone lock or that CPU */
		struct {
			void *mapping; /* file_map_t, or anon_root_t with PG_ANON; page lock */
			u64 index;     /* page offset in it */
		};
		struct {
			void *free_objects;	  /* slab: cache's lock */
			u32 next_slab, prev_slab; /* pfn; 0 ends: cache's lock */
		};
		spinlock_t table_lock; /* page table: guards its 512 entries */
	};
	union {
		struct {
			u32 map_count; /* atomic: page-table entries that map it */
			u32 pins;      /* atomic: counted apart from references */
		};
		struct kmem_cache *cache; /* slab */
		u64 order;		  /* free block, large block */
		u64 table_entries;	  /* page table: entries in use, under table_lock */
	};
} page_t;
#if !defined(CONFIG_HOST)
_Static_assert(sizeof(page_t) == 32, "page_t is 32 bytes: architecture.md 5");
#endif

#define MAX_ORDER 18 /* 1 GiB */

typedef u32 gfp_flags_t;
#define GFP_WAIT 0x1u /* may sleep and reclaim */
#define GFP_HIGH 0x2u /* may use the emergency reserve */
#define GFP_IO 0x4u
#define GFP_FS 0x8u
#define GFP_ZERO 0x10u	 /* zero-filled */
#define GFP_DMA 0x20u	 /* below 16 MiB */
#define GFP_LOWMEM 0x40u /* below 4 GiB */
#define GFP_NOWARN 0x80u
#define GFP_USERPAGE 0x100u /* for a program: the OOM killer may be asked, limits apply */
#define GFP_NORETRY 0x200u  /* fail rather than reclaim hard or kill */
#define GFP_KERNEL (GFP_WAIT | GFP_IO | GFP_FS)
#define GFP_ATOMIC GFP_HIGH
#define GFP_NOWAIT 0u
#define GFP_NOFS (GFP_WAIT | GFP_IO)
#define GFP_USER (GFP_KERNEL | GFP_USERPAGE)

/* API */
page_t *page_alloc(void); /* GFP_KERNEL, order 0; NULL when out of memory */
void page_free(page_t *page);
page_t *alloc_pages(uint32_t order);
void free_pages(page_t *pages, uint32_t order);
/* richer primitives */
page_t *alloc_pages_gfp(gfp_flags_t flags, u32 order);
page_t *alloc_pages_node(u32 node, gfp_flags_t flags, u32 order);
/* One page of a node of the set (bit n: node n), the nearest to `node` first; of no other. */
page_t *alloc_page_among(u32 node, u64 nodes, gfp_flags_t flags);
page_t *pgalloc(u32 order, gfp_flags_t flags); /* MEMORY's name of alloc_pages_gfp */
/* Many order-0 pages at once: fills out[], returns how many it got. */
u32 alloc_pages_bulk(gfp_flags_t flags, u32 count, page_t **out);
void free_pages_bulk(page_t **pages, u32 count);

#define page_array ((page_t *)page_array_base)
static inline page_t *pfn_to_page(pfn_t pfn)
{
	return page_array + pfn;
}
static inline pfn_t page_to_pfn(const page_t *p)
{
	return p - page_array;
}
static inline phys_addr_t page_to_phys(const page_t *p)
{
	return page_to_pfn(p) << PAGE_SHIFT;
}
static inline void *page_to_virt(const page_t *p)
{
	return phys_to_virt(page_to_phys(p));
}
static inline page_t *virt_to_page(const void *va) /* direct-map address */
{
	return pfn_to_page(((unsigned long)va - direct_map_base) >> PAGE_SHIFT);
}
bool pfn_valid(pfn_t pfn);	/* there is RAM and a page_t */
u32 page_node(const page_t *p); /* memory node it lies on */

static inline bool page_flag(const page_t *p, u32 f)
{
	return READ_ONCE(p->flags) & f;
}
static inline void page_set_flag(page_t *p, u32 f)
{
	__atomic_fetch_or(&p->flags, f, __ATOMIC_RELAXED);
}
static inline void page_clear_flag(page_t *p, u32 f)
{
	__atomic_fetch_and(&p->flags, ~f, __ATOMIC_RELEASE);
}
static inline void page_get(page_t *p)
{
	refcount_get(&p->refs);
}
void page_release(page_t *p); /* last reference went */
static inline void page_put(page_t *p)
{
	if (refcount_put(&p->refs))
		page_release(p);
}

/* Statistics and zones. */
typedef enum zone_type { ZONE_DMA, ZONE_LOWMEM, ZONE_NUMA, ZONE_TYPES } zone_type_t;
typedef struct memory_statistics {
	u64 total_pages, free_pages, reserved_pages, cached_pages, anon_pages, slab_pages,
		table_pages, stack_pages, shmem_pages, dirty_pages, mapped_pages, mlocked_pages;
} memory_statistics_t;
void memory_stats(memory_statistics_t *out);
u64 free_page_count(void);
u64 total_page_count(void); /* handed to the allocator at boot */
u64 node_total_pages(u32 node);
u64 node_free_pages(u32 node);
void dump_memory_stats(void);
void page_drain_local(void); /* gives this CPU's page lists back to the buddy */
void page_drain_all(void);
/* Prints /proc/buddyinfo and /proc/zoneinfo bodies. */
struct seq_file;
typedef struct zone_info {
	const char *name;
	u32 node;
	u64 start_pfn, spanned, present, free, min, low, high;
	u64 free_blocks[MAX_ORDER + 1];
} zone_info_t;
bool zone_info(u32 index, zone_info_t *out); /* false past the last */
extern u64
	vm_min_free_kbytes; /* sysctl vm.min_free_kbytes: what the zones' lowest marks add up to */
int vm_set_min_free(u64 kib); /* each zone keeps its share; may sleep. 0 */
void vm_min_free_init(void);  /* boot */
pfn_t page_frames_end(void);  /* above the last frame of RAM */
/* One frame, as /proc/kpagecount and kpageflags tell it: entries that map it; KPF_* of uapi/kernel-page-flags. */
u64 page_frame_maps(pfn_t pfn);
u64 page_frame_flags(pfn_t pfn);

void page_init(void);	    /* boot: takes over from mm/page/early.c */
int page_init_cpu(u32 cpu); /* page lists of a further CPU, before it allocates; 0 or -ENOMEM */
/* Boot memory that is no longer needed (initramfs, .init): reserved frames become free ones. */
void page_free_reserved(phys_addr_t start, phys_addr_t end);

/* thread_t.alloc_context */
#define ALLOC_RESERVES 1u /* may empty the zones: it is about to free memory (victim, reclaimer) */
#define ALLOC_RECLAIMING 2u /* inside reclaim: does not recurse */
#define ALLOC_NO_IO 4u
#define ALLOC_NO_FS 8u

/* Counters shown in /proc/meminfo: per CPU, summed when read. */
typedef enum mm_counter {
	MM_CACHED,
	MM_ANON,
	MM_SLAB,
	MM_TABLE,
	MM_STACK,
	MM_SHMEM,
	MM_DIRTY,
	MM_MAPPED,
	MM_MLOCKED,
	MM_COMMITTED, /* promised */
	MM_FAULTS,    /* page faults, ever */
	MM_MAJOR_FAULTS,
	MM_ALLOCATIONS, /* blocks handed out, ever */
	MM_FREES,
	MM_COUNTERS,
} mm_counter_t;
DECLARE_PERCPU(
	s64,
	mm_counters[MM_COUNTERS]); /* one addition each; only the sum of all CPUs means something */
static inline void mm_count(mm_counter_t which, long delta)
{
	this_cpu_add(mm_counters[which], delta);
}
s64 mm_counter(mm_counter_t which);

/*
 * Pressure (mm/reclaim): called by the allocator below the low watermark without locks held.
 * Returns pages freed. out_of_memory kills one program; true when it is worth trying again.
 */
u64 reclaim_pages(u64 target, gfp_flags_t flags);
bool out_of_memory(gfp_flags_t flags, u32 order);
extern int panic_on_oom, oom_kill_allocating_task; /* sysctls of vm */
/* The slab's part: gives empty slabs and magazines back. */
u64 kmem_reclaim(void);
/* Others register caches that can shrink (dentries, inodes): returns objects freed. */
typedef struct shrinker {
	u64 (*shrink)(u64 target);
	struct shrinker *next;
} shrinker_t;
void register_shrinker(shrinker_t *s);
u64 shrink_caches(u64 target);
int reclaim_drop_caches(u64 what); /* /proc/sys/vm/drop_caches; gives all slack back; may sleep */

#endif
