/*
 * What is left of older days: ustat(2), sysfs(2), quotactl(2) of file systems without quotas.
 */
#include <arch/uaccess.h>
#include <fs/vfs.h>
#include <kernel/lib/string.h>
#include <syscall_protos.h>
#include <uapi/errno.h>

struct old_ustat {
	s32 free_blocks;
	u64 free_nodes;
	char name[6], pack[6];
};
_Static_assert(sizeof(struct old_ustat) == 32, "ustat");

long sys_ustat(u32 dev, void __user *buf)
{
	struct old_ustat out = { 0 };
	super_block_t *sb = super_find_by_dev(dev);
	vfs_statfs_t st;
	int r;

	if (!sb)
		return -EINVAL;
	r = super_statfs(sb, &st);
	super_put(sb);
	if (r)
		return r;
	out.free_blocks = (s32)st.free;
	out.free_nodes = st.files_free;
	return copy_to_user(buf, &out, sizeof(out)) ? -EFAULT : 0;
}

#define SYSFS_INDEX_OF 1
#define SYSFS_NAME_OF 2
#define SYSFS_COUNT 3

static long index_of(const char __user *uname)
{
	char *name = getname(uname, false);
	long r;

	if (IS_ERR(name))
		return PTR_ERR(name);
	r = filesystem_index(name);
	putname(name);
	return r;
}

long sys_sysfs(int option, unsigned long a, unsigned long b)
{
	const char *name;

	switch (option) {
	case SYSFS_INDEX_OF:
		return index_of((const char __user *)a);
	case SYSFS_NAME_OF:
		name = a <= UINT32_MAX ? filesystem_name((u32)a) : NULL;
		if (!name)
			return -EINVAL;
		return copy_to_user((void __user *)b, name, strlen(name) + 1) ? -EFAULT : 0;
	case SYSFS_COUNT:
		return filesystem_count();
	}
	return -EINVAL;
}

/* quotactl(2): the kind of quota is the low byte of the command. */
#define QUOTA_KINDS 3
#define QUOTA_COMMAND_SHIFT 8
#define Q_SYNC 0x800001u

long sys_quotactl(u32 cmd, const char __user *special, u32 id, void __user *addr)
{
	path_t p;
	int r;

	if ((cmd & 0xff) >= QUOTA_KINDS)
		return -EINVAL;
	if (!special)
		return cmd >> QUOTA_COMMAND_SHIFT == Q_SYNC ? 0 : -ENODEV;
	r = user_path_lookup(AT_FDCWD, special, LOOKUP_FOLLOW, &p);
	if (r)
		return r;
	if (!S_ISBLK(p.dentry->node->mode))
		r = -ENOTBLK;
	else if (p.mount->flags & MNT_NODEV)
		r = -EACCES;
	else
		r = -ENODEV; /* no file system here lies on a device */
	path_put(&p);
	return r;
}
