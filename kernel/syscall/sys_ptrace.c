/*
 * Looking into other processes: ptrace, process_vm_readv and its twin, kcmp.
 */
#include <arch/uaccess.h>
#include <drivers/random.h>
#include <fs/epoll.h>
#include <fs/vfs.h>
#include <kernel/lib/string.h>
#include <kernel/proc.h>
#include <kernel/ptrace.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/ptrace.h>

#include "memory_calls.h"

long sys_ptrace(long request, pid_t pid, unsigned long addr, unsigned long data)
{
	return ptrace_request(request, pid, addr, data);
}

/* ---- process_vm_readv, process_vm_writev ---- */

typedef struct remote {
	vm_space_t *space;
	iter_t *local;
	bool write;
	char *buffer; /* a page, for writing */
} remote_t;

/* Inside one page: bytes moved, or negative errno when none was. */
static ssize_t move_in_page(remote_t *r, unsigned long addr, size_t n)
{
	page_t *page;
	ssize_t moved;

	if (addr >= USER_MAX)
		return -EFAULT;
	if (r->write) {
		moved = (ssize_t)copy_from_iter(r->buffer, n, r->local);
		return moved ? vm_access(r->space, addr, r->buffer, (size_t)moved, true, false)
			     : -EFAULT;
	}
	page = vm_lookup_page(r->space, addr, false, false);
	if (IS_ERR(page))
		return PTR_ERR(page);
	moved = (ssize_t)copy_page_to_iter(page, addr & (PAGE_SIZE - 1), n, r->local);
	page_put(page);
	return moved ? moved : -EFAULT;
}

/* As many bytes as could be moved; an error only when there was none. */
static ssize_t move(remote_t *r, const iovec_t *vec, size_t count)
{
	ssize_t done = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned long addr = (unsigned long)vec[i].base;
		size_t left = MIN(vec[i].len, r->local->count);

		while (left) {
			size_t n = MIN(left, PAGE_SIZE - (addr & (PAGE_SIZE - 1)));
			ssize_t moved = move_in_page(r, addr, n);

			if (moved > 0)
				done += moved;
			if (moved == (ssize_t)n && fatal_signal_pending(current()))
				return done;
			if (moved != (ssize_t)n)
				return done ? done : moved;
			addr += n;
			left -= n;
		}
	}
	return done;
}

/* The remote vector is only numbers to us: copied, its lengths checked. *out is to be kfree'd. */
static int import_remote(const iovec_t __user *uvec, size_t count, iovec_t **out)
{
	iovec_t *vec;

	*out = NULL;
	if (count > UIO_MAXIOV)
		return -EINVAL;
	if (!count)
		return 0;
	vec = kmalloc(count * sizeof(*vec), GFP_KERNEL);
	if (!vec)
		return -ENOMEM;
	if (copy_from_user(vec, uvec, count * sizeof(*vec))) {
		kfree(vec);
		return -EFAULT;
	}
	for (size_t i = 0; i < count; i++) {
		if ((ssize_t)vec[i].len < 0) {
			kfree(vec);
			return -EINVAL;
		}
	}
	*out = vec;
	return 0;
}

static bool is_empty(const iovec_t *vec, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (vec[i].len)
			return false;
	return true;
}

static ssize_t move_remote(pid_t pid, iter_t *local, const iovec_t *vec, size_t count, bool write)
{
	remote_t remote = { .local = local, .write = write };
	ssize_t r = space_of_pid(pid, &remote.space);

	if (r || !remote.space)
		return r ? r : -ESRCH;
	remote.buffer = write ? kmalloc(PAGE_SIZE, GFP_KERNEL) : NULL;
	r = write && !remote.buffer ? -ENOMEM : move(&remote, vec, count);
	kfree(remote.buffer);
	vm_space_put(remote.space);
	return r;
}

static ssize_t process_vm(pid_t pid, const iovec_t __user *lvec, size_t lcount,
			  const iovec_t __user *rvec, size_t rcount, unsigned long flags,
			  bool write)
{
	iovec_t fast[UIO_FASTIOV], *heap = NULL, *remote = NULL;
	iter_t local;
	ssize_t r;

	if (flags)
		return -EINVAL;
	r = iter_import(&local, !write, lvec, lcount, fast, &heap);
	if (r)
		return r;
	if (!local.count)
		goto out;
	r = import_remote(rvec, rcount, &remote);
	if (!r && !is_empty(remote, rcount))
		r = move_remote(pid, &local, remote, rcount, write);
out:
	kfree(remote);
	kfree(heap);
	return r;
}

long sys_process_vm_readv(pid_t pid, const struct iovec __user *lvec, unsigned long lcount,
			  const struct iovec __user *rvec, unsigned long rcount,
			  unsigned long flags)
{
	return process_vm(pid, lvec, lcount, rvec, rcount, flags, false);
}

long sys_process_vm_writev(pid_t pid, const struct iovec __user *lvec, unsigned long lcount,
			   const struct iovec __user *rvec, unsigned long rcount,
			   unsigned long flags)
{
	return process_vm(pid, lvec, lcount, rvec, rcount, flags, true);
}

/* ---- kcmp ---- */

/* An order of objects that does not tell where they are: 0 equal, 1 less, 2 greater. */
static long compare(const void *a, const void *b, u32 type)
{
	static u64 cookies[KCMP_EPOLL_TFD][2];
	u64 *cookie = cookies[type], fresh[2], x, y;
	u64 none = 0;

	if (!__atomic_load_n(&cookie[1], __ATOMIC_ACQUIRE)) {
		random_get_bytes(fresh, sizeof(fresh));
		/* Multiplying by an odd number keeps different values different. */
		if (__atomic_compare_exchange_n(&cookie[1], &none, fresh[1] | 1, false,
						__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			__atomic_store_n(&cookie[0], fresh[0], __ATOMIC_RELEASE);
	}
	x = ((u64)a ^ cookie[0]) * cookie[1];
	y = ((u64)b ^ cookie[0]) * cookie[1];
	return (x < y) | (x > y) << 1;
}

/* The thread's file of that number, referenced, or NULL. */
static file_t *get_file(thread_t *t, unsigned long fd)
{
	files_t *files = thread_files_get(t);
	int nr = (int)fd;
	bool cloexec;
	file_t *f;

	if (!files)
		return NULL;
	f = fd <= INT32_MAX ? files_next(files, &nr, &cloexec) : NULL;
	files_put(files);
	if (f && nr != (int)fd) {
		file_put(f);
		f = NULL;
	}
	return f;
}

/* An address to compare, no reference. */
static const void *file_of(thread_t *t, unsigned long fd)
{
	file_t *f = get_file(t, fd);

	if (f)
		file_put(f);
	return f;
}

static const void *object_of(thread_t *t, int type)
{
	const void *object = NULL;
	unsigned long flags;

	if (!process_lock_sighand(t->process, &flags))
		return NULL;
	if (type == KCMP_VM)
		object = t->process->space;
	else if (type == KCMP_FILES)
		object = t->files;
	else if (type == KCMP_FS)
		object = t->fs;
	else if (type == KCMP_SIGHAND)
		object = t->process->sighand;
	else if (type == KCMP_SYSVSEM)
		object = READ_ONCE(t->sem_undo);
	process_unlock_sighand(t->process, flags);
	return object;
}

/* KCMP_EPOLL_TFD: whether one thread's file is what an instance of the other's watches. */
static long compare_watched(thread_t *a, thread_t *b, unsigned long fd,
			    const struct kcmp_epoll_slot __user *from)
{
	struct kcmp_epoll_slot slot;
	const void *mine, *watched;
	file_t *epoll;

	if (copy_from_user(&slot, from, sizeof(slot)))
		return -EFAULT;
	mine = file_of(a, fd);
	if (!mine)
		return -EBADF;
	epoll = get_file(b, slot.efd);
	if (!epoll)
		return -EBADF;
	watched = epoll_target(epoll, (int)slot.tfd, slot.toff);
	file_put(epoll);
	return IS_ERR(watched) ? PTR_ERR(watched) : compare(mine, watched, KCMP_FILE);
}

static long compare_threads(thread_t *a, thread_t *b, int type, unsigned long idx1,
			    unsigned long idx2)
{
	const void *x, *y;

	if (ptrace_may_access(a, PTRACE_ACCESS_REAL) || ptrace_may_access(b, PTRACE_ACCESS_REAL))
		return -EPERM;
	if (type == KCMP_EPOLL_TFD)
		return compare_watched(a, b, idx1, (const struct kcmp_epoll_slot __user *)idx2);
	if (type < KCMP_FILE || type > KCMP_EPOLL_TFD)
		return -EINVAL;
	x = type == KCMP_FILE ? file_of(a, idx1) : object_of(a, type);
	y = type == KCMP_FILE ? file_of(b, idx2) : object_of(b, type);
	if (type == KCMP_FILE && (!x || !y))
		return -EBADF;
	return compare(x, y, (u32)type);
}

long sys_kcmp(pid_t pid1, pid_t pid2, int type, unsigned long idx1, unsigned long idx2)
{
	thread_t *a = thread_get_by_tid(pid1), *b = thread_get_by_tid(pid2);
	long r = -ESRCH;

	if (a && b)
		r = compare_threads(a, b, type, idx1, idx2);
	if (a)
		thread_put(a);
	if (b)
		thread_put(b);
	return r;
}
