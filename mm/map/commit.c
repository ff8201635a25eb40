/*
 * How much memory may be promised (proc_sys_vm(5), overcommit_memory): 0, a request that could never be
 * met is refused; 1, none is; 2, what is promised stays below a limit.
 *
 * Promised is private memory that may be written, by area (VM_ACCOUNT), and memory files: those that are shared
 * by nothing but mapping with all their size, the others page by page. The sum is counted per CPU and only
 * added up for who asks; requests that come at the same moment may pass the limit together by what they ask for.
 */
#include <mm/commit.h>

#include <kernel/cred.h>
#include <kernel/thread.h>
#include <mm/page.h>
#include <mm/space.h>
#include <uapi/errno.h>

/* At most this part of free memory, and no more than so much, is kept for root and for a user's other programs. */
#define RESERVE_PART 32
#define ADMIN_RESERVE_MAX (8 * 1024ul)
#define USER_RESERVE_MAX (128 * 1024ul)
#define KIB_OF_PAGE (PAGE_SIZE / 1024)

u64 vm_overcommit, vm_overcommit_kbytes, vm_overcommit_ratio = 50;
u64 vm_admin_reserve, vm_user_reserve;

__init void commit_init(void)
{
	u64 part = free_page_count() * KIB_OF_PAGE / RESERVE_PART;

	vm_admin_reserve = MIN(part, ADMIN_RESERVE_MAX);
	vm_user_reserve = MIN(part, USER_RESERVE_MAX);
}

int vm_set_overcommit_ratio(u64 percent)
{
	WRITE_ONCE(vm_overcommit_ratio, percent);
	WRITE_ONCE(vm_overcommit_kbytes, 0);
	return 0;
}

int vm_set_overcommit_kbytes(u64 kbytes)
{
	WRITE_ONCE(vm_overcommit_kbytes, kbytes);
	WRITE_ONCE(vm_overcommit_ratio, 0);
	return 0;
}

u64 vm_commit_limit(void)
{
	u64 kbytes = READ_ONCE(vm_overcommit_kbytes);

	return kbytes ? kbytes / KIB_OF_PAGE
		      : total_page_count() * READ_ONCE(vm_overcommit_ratio) / 100;
}

u64 vm_committed(void)
{
	return (u64)mm_counter(MM_COMMITTED);
}

bool vm_may_commit(u64 pages)
{
	const vm_space_t *s = current()->space;
	u64 kept = 0;

	if (vm_overcommit == OVERCOMMIT_ALWAYS)
		return true;
	if (vm_overcommit == OVERCOMMIT_GUESS)
		return pages <= total_page_count();
	if (!capable(CAP_SYS_ADMIN))
		kept = vm_admin_reserve / KIB_OF_PAGE;
	if (s)
		kept += MIN(READ_ONCE(s->total_pages) / 32, vm_user_reserve / KIB_OF_PAGE);
	return pages <= INT64_MAX >> PAGE_SHIFT &&
	       vm_committed() + pages + kept <= vm_commit_limit();
}

int file_map_promise(file_map_t *map, u64 pages)
{
	if (!vm_may_commit(pages))
		return -ENOMEM;
	map->promised = pages;
	mm_count(MM_COMMITTED, (s64)pages);
	return 0;
}
