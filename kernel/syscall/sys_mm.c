/*
 * Memory calls: mmap(2), munmap(2), mprotect(2), brk(2), mremap(2), madvise(2), mincore(2),
 * msync(2), mlock(2) and kin.
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

long sys_mprotect(unsigned long addr, size_t len, int prot)
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
	if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN | PROT_GROWSUP | 8))
		return -EINVAL;
	if (prot & PROT_GROWSUP)
		return -EINVAL;
	return vm_protect(space(), addr, len, prot);
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
