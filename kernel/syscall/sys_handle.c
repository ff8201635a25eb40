/*
 * name_to_handle_at(2), open_by_handle_at(2).
 */
#include <arch/uaccess.h>
#include <fs/notify.h>
#include <fs/vfs.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/file_handle.h>

static void __user *words_of(struct file_handle __user *handle)
{
	return (char __user *)handle + sizeof(*handle);
}

static long give_handle(const path_t *p, struct file_handle __user *uhandle, int __user *umount)
{
	u32 words[FILE_HANDLE_WORDS], n = FILE_HANDLE_WORDS;
	int type = node_encode_handle(p->dentry->node, words, &n), mount_id = p->mount->id;
	struct file_handle h;
	long r = 0;

	if (type < 0)
		return type;
	if (copy_from_user(&h, uhandle, sizeof(h)))
		return -EFAULT;
	if (h.handle_bytes > MAX_HANDLE_SZ)
		return -EINVAL;
	if (h.handle_bytes / sizeof(u32) < n) {
		type = FILEID_INVALID;
		r = -EOVERFLOW;
	}
	h = (struct file_handle){ n * (u32)sizeof(u32), type };
	if (copy_to_user(umount, &mount_id, sizeof(mount_id)) ||
	    copy_to_user(uhandle, &h, sizeof(h)) ||
	    (!r && copy_to_user(words_of(uhandle), words, h.handle_bytes)))
		r = -EFAULT;
	return r;
}

long sys_name_to_handle_at(int dfd, const char __user *name, struct file_handle __user *handle,
			   int __user *mount_id, int flags)
{
	u32 lookup = flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0;
	path_t p;
	long r;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	r = user_path_lookup(dfd, name, lookup, &p);
	if (r)
		return r;
	r = give_handle(&p, handle, mount_id);
	path_put(&p);
	return r;
}

/* The place whose mount the handle is of. */
static int mount_place(int fd, path_t *out)
{
	fd_light_t l;

	if (fd == AT_FDCWD) {
		fs_get_cwd(out);
		return 0;
	}
	l = fd_get_light(fd);
	if (!l.file)
		return -EBADF;
	*out = l.file->path;
	path_get(out);
	fd_put_light(l);
	return 0;
}

long sys_open_by_handle_at(int mount_fd, struct file_handle __user *uhandle, int flags)
{
	u32 words[MAX_HANDLE_SZ / sizeof(u32)] = { 0 };
	struct file_handle h;
	path_t at, place;
	file_t *f;
	long r;

	if (!capable(CAP_DAC_READ_SEARCH))
		return -EPERM;
	if (copy_from_user(&h, uhandle, sizeof(h)))
		return -EFAULT;
	if (!h.handle_bytes || h.handle_bytes > MAX_HANDLE_SZ)
		return -EINVAL;
	if (copy_from_user(words, words_of(uhandle), h.handle_bytes))
		return -EFAULT;
	r = mount_place(mount_fd, &at);
	if (r)
		return r;
	r = mount_decode_handle(at.mount, h.handle_type, words, h.handle_bytes / sizeof(u32),
				&place);
	path_put(&at);
	if (r)
		return r;
	f = file_open_place(&place, flags | O_LARGEFILE);
	path_put(&place);
	if (!IS_ERR(f))
		notify_file(f, IN_OPEN);
	return fd_give(f, flags & O_CLOEXEC);
}
