/*
 * Memory calls: mmap(2), munmap(2), mprotect(2), brk(2), mremap(2), madvise(2), mincore(2),
 * msync(2), mlock(2), remap_file_pages(2), pkey_alloc(2) and kin.
 */
#include <arch/uaccess.h>
#include <kernel/cred.h>
#include <kernel/process.h>
#include <mm/advice.h>
#include <mm/space.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/mman.h>

static vm_space_t *space(void)
{
	return current()->space;
}

#define LEGACY_FLAGS                                                                               \
	(MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_32BIT | MAP_GROWSDOWN |        \
	 MAP_DENYWRITE | MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE |              \
	 MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB)

long sys_mmap(unsigned long addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	struct file *f = NULL;
	int type = flags & MAP_TYPE;
	long r;

	if (offset & ~PAGE_MASK)
		return -EINVAL;
	if (!(flags & MAP_ANONYMOUS)) {
		f = vm_file_ops->find(fd);
		if (!f)
			return -EBADF;
	}
	r = -EINVAL;
	if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE)
		goto out;
	/* Huge pages of the hugetlb pool: there is none. */
	if (flags & MAP_HUGETLB) {
		r = f ? -EINVAL : -ENOMEM;
		goto out;
	}
	if (type == MAP_SHARED_VALIDATE && f && (flags & ~(LEGACY_FLAGS | MAP_FIXED_NOREPLACE))) {
		r = -EOPNOTSUPP;
		goto out;
	}
	if (type == MAP_SHARED_VALIDATE && !f)
		goto out;
	r = vm_map(space(), addr, len, prot, flags, f, offset);
out:
	if (f)
		vm_file_ops->put(f);
	return r;
}

long sys_munmap(unsigned long addr, size_t len)
{
	return vm_unmap(space(), addr, len);
}

long sys_mprotect(unsigned long addr, size_t len, unsigned long prot)
{
	if ((prot & (PROT_GROWSDOWN | PROT_GROWSUP)) == (PROT_GROWSDOWN | PROT_GROWSUP))
		return -EINVAL;
	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if (!len)
		return 0;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (addr + len <= addr)
		return -ENOMEM;
	if (prot & ~(unsigned long)(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN |
				    PROT_GROWSUP | 8))
		return -EINVAL;
	if (prot & PROT_GROWSUP)
		return -EINVAL;
	return vm_protect(space(), addr, len, (int)prot);
}

long sys_brk(unsigned long brk)
{
	return vm_brk(space(), brk);
}

long sys_mremap(unsigned long addr, size_t old_len, size_t new_len, unsigned long flags,
		unsigned long new_addr)
{
	return vm_mremap(space(), addr, old_len, new_len, flags, new_addr);
}

long sys_madvise(unsigned long addr, size_t len, int advice)
{
	return vm_advise(space(), addr, len, advice);
}

long sys_mincore(unsigned long addr, size_t len, u8 __user *vec)
{
	u64 pages = ALIGN_UP(len, PAGE_SIZE) >> PAGE_SHIFT;

	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if (!access_ok((void __user *)addr, len))
		return -ENOMEM;
	if (!access_ok(vec, pages))
		return -EFAULT;
	for (u64 i = 0; i < pages;) {
		u8 chunk[256];
		u32 n = (u32)MIN(pages - i, sizeof(chunk));
		int r = vm_resident_map(space(), addr + i * PAGE_SIZE, n, chunk);

		if (r)
			return r;
		if (copy_to_user(vec + i, chunk, n))
			return -EFAULT;
		i += n;
	}
	return 0;
}

long sys_msync(unsigned long addr, size_t len, int flags)
{
	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC))
		return -EINVAL;
	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if ((flags & MS_ASYNC) && (flags & MS_SYNC))
		return -EINVAL;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (addr + len < addr)
		return -ENOMEM;
	return len ? vm_sync(space(), addr, addr + len, flags) : 0;
}

static long lock_range(unsigned long addr, size_t len, u32 flags)
{
	unsigned long start = addr & PAGE_MASK;

	if (!rlimit(RLIMIT_MEMLOCK) && !capable(CAP_IPC_LOCK))
		return -EPERM;
	len = ALIGN_UP(len + (addr - start), PAGE_SIZE);
	if (start + len < start)
		return -EINVAL;
	return len ? vm_lock(space(), start, start + len, flags) : 0;
}

long sys_mlock(unsigned long addr, size_t len)
{
	return lock_range(addr, len, VM_LOCKED);
}

long sys_mlock2(unsigned long addr, size_t len, int flags)
{
	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	return lock_range(addr, len, VM_LOCKED | (flags ? VM_LOCK_ON_FAULT : 0));
}

long sys_munlock(unsigned long addr, size_t len)
{
	unsigned long start = addr & PAGE_MASK;

	len = ALIGN_UP(len + (addr - start), PAGE_SIZE);
	if (start + len < start)
		return -EINVAL;
	return len ? vm_lock(space(), start, start + len, 0) : 0;
}

long sys_mlockall(int flags)
{
	if (!flags || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) || flags == MCL_ONFAULT)
		return -EINVAL;
	if (!rlimit(RLIMIT_MEMLOCK) && !capable(CAP_IPC_LOCK))
		return -EPERM;
	return vm_lock_all(space(), flags);
}

long sys_munlockall(void)
{
	return vm_lock_all(space(), 0);
}

/* ---- remap_file_pages ---- */

/* A run of areas that show one file in the same way. */
typedef struct shared_run {
	struct file *file; /* referenced */
	int prot, flags;
} shared_run_t;

/* s->lock held. False when [start, end) is no such run. */
static bool find_run(vm_space_t *s, unsigned long start, unsigned long end, shared_run_t *run)
{
	vm_area_t *first = vm_find(s, start), *v;

	if (!first || first->start > start || !(first->flags & VM_SHARED) || !first->file)
		return false;
	for (v = first; v->end < end;) {
		vm_area_t *next = vm_next(v);

		if (!next || next->start != v->end || next->file != first->file ||
		    next->flags != first->flags)
			return false;
		v = next;
	}
	run->file = first->file;
	run->prot = (first->flags & VM_READ ? PROT_READ : 0) |
		    (first->flags & VM_WRITE ? PROT_WRITE : 0) |
		    (first->flags & VM_EXEC ? PROT_EXEC : 0);
	run->flags = first->flags & VM_LOCKED ? MAP_LOCKED : 0;
	vm_file_ops->get(run->file);
	return true;
}

/* As Linux since 4.0: a new mapping of the other part of the file. */
long sys_remap_file_pages(unsigned long addr, size_t size, unsigned long prot, size_t page,
			  unsigned long flags)
{
	shared_run_t run;
	bool found;
	long r;

	addr &= PAGE_MASK;
	size &= PAGE_MASK;
	if (prot || addr + size <= addr || page + (size >> PAGE_SHIFT) < page ||
	    page + (size >> PAGE_SHIFT) > INT64_MAX >> PAGE_SHIFT)
		return -EINVAL;
	rwsem_read_lock(&space()->lock);
	found = find_run(space(), addr, addr + size, &run);
	rwsem_read_unlock(&space()->lock);
	if (!found)
		return -EINVAL;
	r = vm_map(space(), addr, size, run.prot,
		   MAP_SHARED | MAP_FIXED | MAP_POPULATE | run.flags | ((int)flags & MAP_NONBLOCK),
		   run.file, (off_t)(page << PAGE_SHIFT));
	vm_file_ops->put(run.file);
	return MIN(r, 0L);
}

/* ---- protection keys: as on a CPU that has none ---- */

#define PKEY_DISABLE_ACCESS 1ul
#define PKEY_DISABLE_WRITE 2ul

long sys_pkey_alloc(unsigned long flags, unsigned long rights)
{
	if (flags || (rights & ~(PKEY_DISABLE_ACCESS | PKEY_DISABLE_WRITE)))
		return -EINVAL;
	return -ENOSPC;
}

long sys_pkey_free(int key)
{
	return -EINVAL; /* none was ever given out */
}

long sys_pkey_mprotect(unsigned long addr, size_t len, unsigned long prot, int key)
{
	if ((prot & (PROT_GROWSDOWN | PROT_GROWSUP)) == (PROT_GROWSDOWN | PROT_GROWSUP) ||
	    (addr & ~PAGE_MASK))
		return -EINVAL;
	if (!len)
		return 0;
	return key == -1 ? sys_mprotect(addr, len, prot) : -EINVAL;
}
