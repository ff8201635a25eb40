/*
 * Shared memory segments: shmget(2), shmat(2), shmdt(2).
 *
 * Concepts. A segment is a nameless memory file with an identifier. To attach it is to map the file; the areas' open
 * and close operations count how many there are, so that fork, mremap, partial unmapping and exit need no
 * code of their own. A segment that was removed while attached loses its key, keeps its identifier and goes with the
 * last area (SHM_DEST). With kernel.shm_rmid_forced every segment is as if removed once it has been attached, and one
 * that is not attached goes with the thread that made it.
 *
 * Locking. The last count of a segment with SHM_DEST is given back under ids->lock, so that nobody
 * can find the segment then; all other counting is done under its own lock. Areas are closed with their space
 * locked, so nothing that may fault is done under ids->lock.
 */
#include "shm_internal.h"

#include <fs/memfd.h>
#include <fs/procfs.h>
#include <kernel/lib/printf.h>
#include <kernel/panic.h>
#include <kernel/time/clock.h>
#include <mm/commit.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/mman.h>

/* ---- counting ---- */

u64 segment_resident(const segment_t *s)
{
	return READ_ONCE(s->writable->node->data->nr_pages);
}

static void count_area(segment_t *s)
{
	spin_lock(&s->ipc.lock);
	s->attached++;
	s->atime = clock_realtime_coarse();
	s->last = current_process()->pid;
	spin_unlock(&s->ipc.lock);
}

static bool is_last_of_removed(const segment_t *s)
{
	return s->attached == 1 && ((s->ipc.mode & SHM_DEST) || READ_ONCE(s->ns->shm_rmid_forced));
}

/* Gives a count back. */
static void detach(segment_t *s)
{
	ipc_ids_t *ids = &s->ns->shm;
	bool last;

	spin_lock(&s->ipc.lock);
	last = is_last_of_removed(s);
	if (!last)
		s->attached--;
	spin_unlock(&s->ipc.lock);
	if (likely(!last))
		return;
	rwsem_write_lock(&ids->lock);
	spin_lock(&s->ipc.lock);
	last = is_last_of_removed(s);
	s->attached--;
	if (last)
		segment_remove_locked(s);
	spin_unlock(&s->ipc.lock);
	rwsem_write_unlock(&ids->lock);
	if (last)
		segment_free(s);
}

static void area_open(vm_area_t *v)
{
	count_area(v->private_data);
}

static void area_close(vm_area_t *v)
{
	segment_t *s = v->private_data;

	spin_lock(&s->ipc.lock);
	s->dtime = clock_realtime_coarse();
	s->last = current_process()->pid;
	spin_unlock(&s->ipc.lock);
	detach(s);
}

static const vm_area_ops_t segment_area_ops = { .open = area_open, .close = area_close };

/* ---- the file ---- */

static int segment_mmap(file_t *f, vm_area_t *v)
{
	v->ops = &segment_area_ops;
	v->private_data = f->private_data;
	count_area(f->private_data);
	return 0;
}

/* MADV_REMOVE. */
static long segment_punch(file_t *f, int mode, off_t off, off_t len)
{
	return f->node->fops->fallocate(f, mode, off, len);
}

static const file_operations_t segment_file_ops = {
	.mmap = segment_mmap,
	.fallocate = segment_punch,
};

static void adopt(file_t *f, segment_t *s)
{
	f->ops = &segment_file_ops;
	f->private_data = s;
}

static int make_files(segment_t *s, int key, bool promise)
{
	char name[16];
	file_t *f;

	snprintf(name, sizeof(name), "SYSV%08x", (u32)key);
	f = memory_file_create(name, s->size, 0777);
	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	if (promise && file_map_promise(f->node->data, s->pages)) {
		file_put(f);
		return -ENOMEM;
	}
	s->readable = file_open_path(&f->path, O_RDONLY | O_LARGEFILE, current_cred());
	if (IS_ERR(s->readable)) {
		file_put(f);
		return (int)PTR_ERR(s->readable);
	}
	s->writable = f;
	adopt(s->writable, s);
	adopt(s->readable, s);
	return 0;
}

/* ---- life ---- */

void segment_unlock_memory(segment_t *s)
{
	if (!s->locker)
		return;
	atomic64_sub(&s->locker->locked_pages, (s64)s->pages);
	user_put(s->locker);
	s->locker = NULL;
	s->ipc.mode &= ~(mode_t)SHM_LOCKED;
}

void segment_remove_locked(segment_t *s)
{
	ipc_remove(&s->ns->shm, &s->ipc);
	s->ns->shm_pages -= s->pages;
}

static void free_rcu(rcu_head_t *head)
{
	kfree(container_of(head, segment_t, ipc.rcu));
}

void segment_free(segment_t *s)
{
	segment_unlock_memory(s);
	file_put(s->writable);
	file_put(s->readable);
	call_rcu(&s->ipc.rcu, free_rcu);
}

static int make_segment(ipc_namespace_t *ns, const ipc_get_t *g)
{
	u64 pages = g->size / PAGE_SIZE + (g->size % PAGE_SIZE ? 1 : 0);
	segment_t *s;
	int r;

	if (!g->size || g->size > READ_ONCE(ns->shmmax))
		return -EINVAL;
	if (ns->shm_pages + pages > READ_ONCE(ns->shmall))
		return -ENOSPC;
	if (g->size > INT64_MAX)
		return -EINVAL;
	/* There are no huge pages set aside. */
	if (g->flags & SHM_HUGETLB)
		return -ENOMEM;
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	s->ns = ns;
	s->size = g->size;
	s->pages = pages;
	s->creator = current_process()->pid;
	s->maker = current();
	s->maker->made_segments = true;
	s->ctime = clock_realtime_coarse();
	r = make_files(s, g->key, !(g->flags & SHM_NORESERVE) || vm_overcommit == OVERCOMMIT_NEVER);
	if (r)
		goto out_free;
	r = ipc_add(&ns->shm, &s->ipc, g, READ_ONCE(ns->shmmni));
	if (r)
		goto out_put;
	s->writable->node->ino = (ino_t)s->ipc.id; /* as /proc/PID/maps shows it */
	ns->shm_pages += pages;
	return s->ipc.id;
out_put:
	file_put(s->writable);
	file_put(s->readable);
out_free:
	kfree(s);
	return r;
}

static int check_existing(ipc_object_t *o, const ipc_get_t *g)
{
	return segment_of(o)->size < g->size ? -EINVAL : 0;
}

long sysv_shmget(int key, size_t size, int flags)
{
	ipc_get_t g = {
		.ids = &ipc_ns()->shm,
		.key = key,
		.flags = flags,
		.size = size,
		.exists = check_existing,
		.make = make_segment,
	};

	return ipc_get_id(&g);
}

/* ---- shmat, shmdt ---- */

/* The segment, counted once, if it may be attached so; or ERR_PTR. */
static segment_t *get_segment(int id, u32 access)
{
	ipc_object_t *o;
	int r;

	rcu_read_lock();
	o = ipc_find(&ipc_ns()->shm, id);
	r = IS_ERR(o) ? (int)PTR_ERR(o) : ipc_permission(o, access);
	if (!r) {
		spin_lock(&o->lock);
		if (o->removed)
			r = -EIDRM;
		else
			segment_of(o)->attached++;
		spin_unlock(&o->lock);
	}
	rcu_read_unlock();
	return r ? ERR_PTR(r) : segment_of(o);
}

/* The address for mmap: 0 is none. */
static int check_address(unsigned long *addr, int flags)
{
	if (*addr & ~PAGE_MASK) {
		if (!(flags & SHM_RND))
			return -EINVAL;
		*addr &= PAGE_MASK;
		if (!*addr && (flags & SHM_REMAP))
			return -EINVAL;
	}
	return !*addr && (flags & SHM_REMAP) ? -EINVAL : 0;
}

long sysv_shmat(int id, unsigned long addr, int flags)
{
	int prot = PROT_READ, map_flags = MAP_SHARED, access = 0444;
	bool fixed = addr;
	segment_t *s;
	long r;

	if (id < 0)
		return -EINVAL;
	r = check_address(&addr, flags);
	if (r)
		return r;
	if (!(flags & SHM_RDONLY)) {
		prot |= PROT_WRITE;
		access |= 0222;
	}
	if (flags & SHM_EXEC) {
		prot |= PROT_EXEC;
		access |= 0111;
	}
	if (fixed)
		map_flags |= flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	s = get_segment(id, (u32)access);
	if (IS_ERR(s))
		return PTR_ERR(s);
	r = -EINVAL;
	if (!fixed || addr + s->size >= addr)
		r = vm_map(current()->space, addr, s->size, prot, map_flags,
			   flags & SHM_RDONLY ? s->readable : s->writable, 0);
	detach(s);
	return r == -EEXIST ? -EINVAL : r;
}

long sysv_shmdt(unsigned long addr)
{
	if (addr & ~PAGE_MASK)
		return -EINVAL;
	return vm_unmap_object(current()->space, addr, &segment_area_ops);
}

/* ---- kernel.shm_rmid_forced ---- */

/*
 * Of the segments of `maker` (NULL: those whose maker has ended), which they do not have any more then, the
 * ones that nobody has attached go, if they are to.
 */
static void sweep(ipc_namespace_t *ns, thread_t *maker)
{
	ipc_ids_t *ids = &ns->shm;
	segment_t *gone = NULL, *s;

	rwsem_write_lock(&ids->lock);
	for (u64 at = 0; xa_find(&ids->objects, &at, IPC_INDEX_LIMIT - 1); at++) {
		s = segment_of(xa_load(&ids->objects, at));
		if (s->maker != maker)
			continue;
		s->maker = NULL;
		spin_lock(&s->ipc.lock);
		if (!s->attached && READ_ONCE(ns->shm_rmid_forced)) {
			segment_remove_locked(s);
			s->next = gone;
			gone = s;
		}
		spin_unlock(&s->ipc.lock);
	}
	rwsem_write_unlock(&ids->lock);
	while ((s = gone) != NULL) {
		gone = s->next;
		segment_free(s);
	}
}

void shm_leave(thread_t *t)
{
	if (t->made_segments)
		sweep(ipc_ns(), t);
}

static int force_changed(u64 value)
{
	ipc_namespace_t *ns = ipc_ns();

	WRITE_ONCE(ns->shm_rmid_forced, value);
	if (value)
		sweep(ns, NULL);
	return 0;
}

/* ---- boot ---- */

static void show_segment(seq_file_t *m, ipc_object_t *o)
{
	const segment_t *s = segment_of(o);

	seq_printf(m,
		   "%10d %10d  %4o %21lu %5u %5u  %5lu %5u %5u %5u %5u %10ld %10ld %10ld %21lu "
		   "%21lu\n",
		   o->key, o->id, o->mode, s->size, s->creator, s->last, s->attached, o->uid,
		   o->gid, o->cuid, o->cgid, ipc_seconds(s->atime), ipc_seconds(s->dtime),
		   ipc_seconds(s->ctime), segment_resident(s) * PAGE_SIZE, 0UL);
}

void __init shm_init(void)
{
	static const ipc_show_t show = {
		.ids = &init_ipc.shm,
		.heading = "       key      shmid perms                  size  cpid  lpid nattch   "
			   "uid   gid  cuid  cgid      atime      dtime      ctime                 "
			   "  rss                  swap\n",
		.row = show_segment,
	};

	ipc_ids_init(&init_ipc.shm);
	if (proc_sysctl_changed("kernel/shm_rmid_forced", 0644, &init_ipc.shm_rmid_forced, 1,
				force_changed))
		panic("No memory for /proc/sys/kernel");
	if (proc_create_single("sysvipc/shm", 0444, ipc_show, (void *)&show))
		panic("No memory for /proc/sysvipc");
}
