/*
 * Memory that is promised: mmap, fork and others ask before they hand out what will only be there once it is
 * touched (proc_sys_vm(5)).
 */
#ifndef MM_COMMIT_H
#define MM_COMMIT_H

#include <mm/file_map.h>

#define OVERCOMMIT_GUESS 0
#define OVERCOMMIT_ALWAYS 1
#define OVERCOMMIT_NEVER 2

/* /proc/sys/vm: overcommit_memory, overcommit_ratio (percent), overcommit_kbytes and the two *_reserve_kbytes. */
extern u64 vm_overcommit, vm_overcommit_ratio, vm_overcommit_kbytes;
extern u64 vm_admin_reserve, vm_user_reserve;
int vm_set_overcommit_ratio(u64 percent); /* one of the two counts: the other becomes 0 */
int vm_set_overcommit_kbytes(u64 kbytes);

void commit_init(void); /* boot, once memory is counted: the reserves */
/* May the running thread be promised so many pages more? Counting them (MM_COMMITTED) is the caller's. */
bool vm_may_commit(u64 pages);
u64 vm_commit_limit(void); /* pages, with overcommit_memory 2 */
u64 vm_committed(void);	   /* pages */
/*
 * A memory file that nobody knows yet is promised all its pages, until file_map_destroy: 0 or -ENOMEM.
 * Pages of others are counted as they come.
 */
int file_map_promise(file_map_t *map, u64 pages);

#endif
