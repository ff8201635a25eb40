/*
 * Files as memory: what mm asks of open files, and files without a name that stand behind shared
 * anonymous memory.
 */
#include "vfs_internal.h"

#include <mm/commit.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/errno.h>

static u32 mapping_mode(struct file *f)
{
	u32 mode = 0;

	if (f->mode & FMODE_READ)
		mode |= VM_FILE_READ;
	if (f->mode & FMODE_WRITE)
		mode |= VM_FILE_WRITE;
	if (f->path.mount && (f->path.mount->flags & MNT_NOEXEC))
		mode |= VM_FILE_NO_EXEC;
	if (node_flagged(f->node, FS_APPEND_FL))
		mode |= VM_FILE_APPEND_ONLY;
	return mode;
}

static bool mapping_may_tell(struct file *f)
{
	return node_owner_or_capable(f->node) || !node_permission(f->node, MAY_WRITE);
}

static int mapping_mmap(struct file *f, vm_area_t *vma)
{
	if (!f->ops->mmap)
		return -ENODEV;
	if (S_ISREG(f->node->mode))
		vma->map = f->node->data;
	return f->ops->mmap(f, vma);
}

static int mapping_fsync(struct file *f, off_t start, off_t end)
{
	return f->ops->fsync ? f->ops->fsync(f, start, end, true) : 0;
}

static long mapping_punch(struct file *f, off_t start, off_t len)
{
	if (!f->ops->fallocate)
		return -EOPNOTSUPP;
	return f->ops->fallocate(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, start, len);
}

/* ---- shared anonymous memory ---- */

static const file_map_ops_t memory_ops = { 0 };

static int memory_mmap(struct file *f, vm_area_t *vma)
{
	vma->map = f->private_data;
	return 0;
}

/* Only MADV_REMOVE comes here: these files have no descriptor. */
static long memory_punch(struct file *f, int mode, off_t off, off_t len)
{
	file_map_truncate(f->private_data, (u64)off, (u64)(off + len));
	return 0;
}

static void memory_release(struct file *f)
{
	file_map_destroy(f->private_data);
	kfree(f->private_data);
}

static const file_operations_t memory_file_operations = {
	.mmap = memory_mmap,
	.fallocate = memory_punch,
	.release = memory_release,
	.kind = "/dev/zero (deleted)",
};

static struct file *shared_memory(size_t size, bool promise)
{
	file_map_t *map = kmalloc(sizeof(*map), GFP_KERNEL);
	file_t *f = ERR_PTR(-ENOMEM);

	if (!map)
		return f;
	file_map_init(map, &memory_ops, NULL);
	map->size = size;
	if (!promise || !file_map_promise(map, size >> PAGE_SHIFT))
		f = file_create_anon("/dev/zero", &memory_file_operations, map, O_RDWR);
	if (IS_ERR(f)) {
		file_map_destroy(map);
		kfree(map);
	}
	return f;
}

static const vm_file_ops_t mapping_ops = {
	.get = file_get,
	.put = file_put,
	.mode = mapping_mode,
	.may_tell = mapping_may_tell,
	.mmap = mapping_mmap,
	.shared_memory = shared_memory,
	.find = fd_get,
	.fsync = mapping_fsync,
	.punch = mapping_punch,
};

__init void mapping_init(void)
{
	vm_file_ops = &mapping_ops;
}
