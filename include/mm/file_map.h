/*
 * file_map_t: the pages of one file, and everything that maps them. The one page cache (mm/cache/).
 * Embedded in the file's inode. Lookup is lock-free under RCU: reference-unless-zero, then
 * re-check. A page belongs to the map while pages[index] points to it; the map holds one reference.
 * Locks: map_lock > lock; page lock (PG_LOCKED) before lock; never a user copy under any of them
 * that may fault.
 */
#ifndef MM_FILE_MAP_H
#define MM_FILE_MAP_H

#include <kernel/lib/rbtree.h>
#include <kernel/lib/xarray.h>
#include <kernel/sync/mutex.h>
#include <mm/iter.h>
#include <mm/page.h>

struct file_map;
struct vm_area;

/* NULL entries: read_page NULL means a memory file (missing pages are zeros); others no-ops. */
typedef struct file_map_ops {
	/* Fills the locked page; unlocks it when done (may be later). 0 or negative errno. */
	int (*read_page)(struct file_map *map, page_t *page);
	int (*write_pages)(struct file_map *map, u64 first, u64 last); /* write-back */
	/* Before a page is dirtied through write or a shared mapping: allocate space. */
	int (*reserve_page)(struct file_map *map, u64 index);
	void (*release_page)(struct file_map *map, page_t *page); /* leaves the cache */
} file_map_ops_t;

typedef struct file_map {
	xarray_t pages; /* lock; readable under RCU. marks: 0 dirty, 1 write-back */
	spinlock_t lock;
	u64 nr_pages; /* lock */
	const file_map_ops_t *ops;
	void *owner;	       /* inode */
	rwsem_t map_lock;      /* mappings */
	rb_root_t mappings;    /* map_lock: interval tree of vm_area by page offset */
	u32 writable_maps;     /* map_lock: shared mappings that may write */
	bool deny_writable;    /* map_lock: there may be none */
	rwsem_t truncate_lock; /* shared: faults and reads fill pages; exclusive: truncation, holes */
	u64 size;	       /* bytes: i_size; written under the inode's lock, read racily */
	u64 promised; /* pages that are counted whether they are there or not: mm/commit.h */
	int error;    /* sticky write-back error */
	u64 serial;   /* atomic: file_map_serial */
} file_map_t;

void file_map_cache_init(void); /* boot, once kmalloc works */
void file_map_init(file_map_t *map, const file_map_ops_t *ops, void *owner);
/* A number that no other map ever has: for those who remember the map without a reference. */
u64 file_map_serial(file_map_t *map);
void file_map_destroy(file_map_t *map);		   /* drops all pages; no mappings left */
page_t *file_map_find(file_map_t *map, u64 index); /* referenced, or NULL */
/*
 * Fills what is empty of the page-table entries from `entry` on with the pages [index, end) that are up to date and that
 * nobody works on, each with a reference; their table's lock held. How many were filled.
 */
s64 file_map_enter(file_map_t *map, u64 index, u64 end, pte_t *entry, u64 bits);
/* Finds, or creates and reads in: an up-to-date referenced page, or ERR_PTR. */
page_t *file_map_get(file_map_t *map, u64 index, gfp_flags_t flags);
/* For writing: locked, referenced, up to date unless the whole page is overwritten. */
page_t *file_map_grab(file_map_t *map, u64 index, bool whole);
void page_lock(page_t *page); /* may sleep */
bool page_trylock(page_t *page);
void page_unlock(page_t *page);
/* Generic data path over the cache at *pos (advanced). Bytes or negative errno. */
void file_map_dirty(file_map_t *map, page_t *page); /* contents differ from the store: write-back */
ssize_t file_map_read(file_map_t *map, iter_t *it, off_t *pos);
ssize_t file_map_write(file_map_t *map, iter_t *it, off_t *pos); /* inode locked; grows map->size */
/* Drops pages and unmaps [start, end) bytes; partial edge pages are zeroed. end ~0: to the end. */
void file_map_truncate(file_map_t *map, u64 start, u64 end);
/* Drops those pages that were never filled: made by file_map_grab for the whole and left alone. */
void file_map_drop_unfilled(file_map_t *map, u64 first_page, u64 last_page);
/* Unmaps the range from every address space (rmap) without dropping pages. */
void file_map_unmap(file_map_t *map, u64 first_page, u64 last_page, bool even_private);
/*
 * Puts `fresh` in the place of a page of a memory file; the caller has a reference of each and keeps it. 0, or
 * -EBUSY: used by others, gone, or not of a memory file.
 */
int file_map_replace(file_map_t *map, page_t *page, page_t *fresh);
/* No shared mapping that may write, from now on: 0, or -EBUSY when there is one. */
int file_map_deny_writable(file_map_t *map);
int file_map_sync(file_map_t *map, u64 start, u64 end);
/* SEEK_DATA, SEEK_HOLE; ~0: none. A page that was never filled is no data. */
u64 file_map_seek(file_map_t *map, u64 pos, bool data);

#endif
