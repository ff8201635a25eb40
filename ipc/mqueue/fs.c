/*
 * The file system of POSIX message queues.
 *
 * Concepts. A queue is a node of a file system that has one instance and one directory, from boot on; the
 * directory's entries are the names. mq_open goes to them directly, by a mount that the kernel keeps to itself, and so
 * works whether or not a program has mounted the file system (at /dev/mqueue) as well. Unlinked queues live on until
 * the last descriptor is closed, as files do.
 *
 * Accounts. What a queue could hold is charged to its maker when it is made (RLIMIT_MSGQUEUE), so that sending
 * needs no account.
 */
#include "mqueue_internal.h"

#include <fs/procfs.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <mm/slab.h>
#include <uapi/errno.h>

/* mq_overview(7): what privileged makers may ask for. */
#define HARD_MESSAGES 65536
#define HARD_SIZE (16 << 20)
/* Linux's bytes of account for a message, and for a priority in use. */
#define MESSAGE_OVERHEAD 48
#define PRIORITY_OVERHEAD 48
/* Sizes that stat(2) shows, as Linux has them. */
#define FILE_SIZE 80
#define ENTRY_SIZE 20
#define STATE_TEXT 128

static int queues_max = 256, msg_max = 10, msgsize_max = 8192; /* fs.mqueue.* */
static int msg_default = 10, msgsize_default = 8192;
static int nr_queues;		    /* atomic */
static super_block_t *mqueue_super; /* set once at boot */
static struct mount *mqueue_mount;  /* likewise */

/* ---- queues ---- */

static int check_attr(const struct mq_attr *a)
{
	bool privileged = capable(CAP_SYS_RESOURCE);
	s64 most = privileged ? HARD_MESSAGES : READ_ONCE(msg_max);
	s64 size = privileged ? HARD_SIZE : READ_ONCE(msgsize_max);

	return a->mq_maxmsg <= 0 || a->mq_msgsize <= 0 || a->mq_maxmsg > most ||
			       a->mq_msgsize > size
		       ? -EINVAL
		       : 0;
}

static int charge(mqueue_t *q)
{
	u64 messages = q->most, used;

	q->charge = messages * MESSAGE_OVERHEAD +
		    MIN(messages, (u64)MQ_PRIO_MAX) * PRIORITY_OVERHEAD + messages * q->size;
	q->user = current_cred()->user;
	used = (u64)atomic64_add_return(&q->user->queue_bytes, (s64)q->charge);
	if (used > rlimit(RLIMIT_MSGQUEUE)) {
		atomic64_sub(&q->user->queue_bytes, (s64)q->charge);
		return -EMFILE;
	}
	refcount_get(&q->user->refs);
	return 0;
}

static mqueue_t *queue_alloc(const struct mq_attr *attr)
{
	struct mq_attr a = { .mq_maxmsg = MIN(READ_ONCE(msg_max), READ_ONCE(msg_default)),
			     .mq_msgsize =
				     MIN(READ_ONCE(msgsize_max), READ_ONCE(msgsize_default)) };
	mqueue_t *q;
	int r;

	if (attr) {
		r = check_attr(attr);
		if (r)
			return ERR_PTR(r);
		a = *attr;
	}
	q = kzalloc(sizeof(*q), GFP_KERNEL);
	if (!q)
		return ERR_PTR(-ENOMEM);
	q->most = (u32)a.mq_maxmsg;
	q->size = (u32)a.mq_msgsize;
	r = charge(q);
	if (r) {
		kfree(q);
		return ERR_PTR(r);
	}
	spinlock_init(&q->lock);
	list_init(&q->senders);
	list_init(&q->receivers);
	init_waitqueue_head(&q->poll);
	return q;
}

static void queue_free(mqueue_t *q)
{
	mqueue_drop_messages(q);
	if (q->notified)
		pid_put(q->notified);
	atomic64_sub(&q->user->queue_bytes, (s64)q->charge);
	user_put(q->user);
	kfree(q);
}

/* ---- nodes ---- */

static const node_operations_t queue_node_operations;

static bool take_queue(void)
{
	int n = __atomic_add_fetch(&nr_queues, 1, __ATOMIC_SEQ_CST);

	if (n <= READ_ONCE(queues_max) || capable(CAP_SYS_RESOURCE))
		return true;
	__atomic_sub_fetch(&nr_queues, 1, __ATOMIC_SEQ_CST);
	return false;
}

/* dir locked; d is negative. */
static int make_queue(vfs_node_t *dir, dentry_t *d, mode_t mode, const struct mq_attr *attr)
{
	mqueue_t *q;
	vfs_node_t *n;

	if (!take_queue())
		return -ENOSPC;
	q = queue_alloc(attr);
	if (IS_ERR(q)) {
		__atomic_sub_fetch(&nr_queues, 1, __ATOMIC_SEQ_CST);
		return (int)PTR_ERR(q);
	}
	n = alloc_inode(dir->sb);
	if (!n) {
		queue_free(q);
		__atomic_sub_fetch(&nr_queues, 1, __ATOMIC_SEQ_CST);
		return -ENOMEM;
	}
	node_init_owner(n, dir, S_IFREG | mode);
	n->ops = &queue_node_operations;
	n->fops = &mqueue_file_operations;
	n->map.size = FILE_SIZE;
	n->private_data = q;
	WRITE_ONCE(dir->map.size, dir->map.size + ENTRY_SIZE);
	node_touch(dir, ATTR_MTIME | ATTR_CTIME);
	dentry_attach(d, n);
	return 0;
}

/* open(2) with O_CREAT, and mknod(2). */
static int create(vfs_node_t *dir, dentry_t *d, mode_t mode, dev_t rdev)
{
	return S_ISREG(mode) ? make_queue(dir, d, mode & 07777, NULL) : -EPERM;
}

static int unlink(vfs_node_t *dir, dentry_t *d)
{
	WRITE_ONCE(dir->map.size, dir->map.size - ENTRY_SIZE);
	node_touch(dir, ATTR_MTIME | ATTR_CTIME);
	d->node->nlink--;
	return 0;
}

static const node_operations_t dir_node_operations = { .create = create, .unlink = unlink };

static void evict(vfs_node_t *n)
{
	if (!n->private_data) /* the directory */
		return;
	queue_free(mqueue_of(n));
	__atomic_sub_fetch(&nr_queues, 1, __ATOMIC_SEQ_CST);
}

static int fill_super(super_block_t *sb, const char *source, const char *options)
{
	vfs_node_t *root = alloc_inode(sb);

	if (!root)
		return -ENOMEM;
	sb->magic = MQUEUE_MAGIC;
	node_init_owner(root, NULL, S_IFDIR | 01777);
	root->ops = &dir_node_operations;
	root->fops = &memory_dir_operations;
	root->nlink = 2;
	root->map.size = 2 * ENTRY_SIZE;
	sb->root = dentry_make_root(root);
	if (sb->root)
		return 0;
	node_put(root);
	return -ENOMEM;
}

static const fs_operations_t mqueue_fs_operations = {
	.name = "mqueue",
	.fill_super = fill_super,
	.evict_node = evict,
	.single = true,
};

/* ---- files ---- */

/* What can be read from a queue's file: its state in words. */
static ssize_t read_state(file_t *f, iter_t *it, off_t *pos)
{
	mqueue_t *q = mqueue_of(f->node);
	char text[STATE_TEXT];
	size_t n, done;
	pid_t pid;
	int len;

	spin_lock(&q->lock);
	pid = q->notified ? q->notified->nr : 0;
	len = scnprintf(text, sizeof(text), "QSIZE:%-10lu NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n",
			q->bytes, pid ? q->event.sigev_notify : 0,
			pid && q->event.sigev_notify == SIGEV_SIGNAL ? q->event.sigev_signo : 0,
			pid);
	spin_unlock(&q->lock);
	if (*pos >= len)
		return 0;
	n = MIN((size_t)(len - *pos), it->count);
	done = copy_to_iter(text + *pos, n, it);
	*pos += (off_t)done;
	return done || !n ? (ssize_t)done : -EFAULT;
}

const file_operations_t mqueue_file_operations = {
	.read_iter = read_state,
	.llseek = generic_llseek,
	.poll = mqueue_poll,
	.flush = mqueue_flush,
};

/* ---- names ---- */

/* 0, or why this cannot be a name in the directory. */
static int check_name(const char *name)
{
	size_t len = strlen(name);

	if (!len || !strcmp(name, ".") || !strcmp(name, "..") || strchr(name, '/'))
		return -EACCES;
	return len > NAME_MAX ? -ENAMETOOLONG : 0;
}

/* May an existing queue be opened so? */
static int may_open(const dentry_t *d, int flags)
{
	static const int access[] = { MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE };

	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	if ((flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	return node_permission(d->node, access[flags & O_ACCMODE]);
}

/* The entry, referenced, with a queue; the directory is locked. */
static dentry_t *find_or_make(dentry_t *dir, const char *name, int flags, mode_t mode,
			      const struct mq_attr *attr)
{
	dentry_t *d = dentry_lookup(dir, name);
	int r;

	if (IS_ERR(d))
		return d;
	if (d->node) {
		r = may_open(d, flags);
	} else if (!(flags & O_CREAT)) {
		r = -ENOENT;
	} else {
		r = node_permission(dir->node, MAY_WRITE | MAY_EXEC);
		if (!r)
			r = make_queue(dir->node, d, mode, attr);
	}
	if (!r)
		return d;
	dentry_put(d);
	return ERR_PTR(r);
}

file_t *mqueue_open(const char *name, int flags, mode_t mode, const struct mq_attr *attr)
{
	dentry_t *dir = mqueue_super->root, *d;
	int r = check_name(name);
	path_t path;
	file_t *f;

	if (r)
		return ERR_PTR(r);
	rwsem_write_lock(&dir->node->lock);
	d = find_or_make(dir, name, flags, mode & 07777 & ~current_umask(), attr);
	rwsem_write_unlock(&dir->node->lock);
	if (IS_ERR(d))
		return ERR_PTR(PTR_ERR(d));
	path = (path_t){ mqueue_mount, d };
	f = file_open_path(&path, flags & (O_ACCMODE | O_NONBLOCK), current_cred());
	dentry_put(d);
	return f;
}

int mqueue_unlink(const char *name)
{
	int r = check_name(name);

	return r ? r : vfs_unlink_child(mqueue_super->root, name);
}

/* ---- boot ---- */

void __init mqueue_init(void)
{
	static const struct {
		const char *name;
		int *value, min, max;
	} limits[] = {
		{ "fs/mqueue/queues_max", &queues_max, 0, INT32_MAX },
		{ "fs/mqueue/msg_max", &msg_max, 1, HARD_MESSAGES },
		{ "fs/mqueue/msgsize_max", &msgsize_max, 128, HARD_SIZE },
		{ "fs/mqueue/msg_default", &msg_default, 1, HARD_MESSAGES },
		{ "fs/mqueue/msgsize_default", &msgsize_default, 128, HARD_SIZE },
	};
	int r = 0;

	if (register_filesystem("mqueue", &mqueue_fs_operations))
		panic("mqueue cannot be registered");
	mqueue_super = mount_filesystem(NULL, "mqueue");
	if (IS_ERR(mqueue_super))
		panic("no memory for the file system of message queues");
	mqueue_mount = super_kernel_mount(mqueue_super, "mqueue");
	if (!mqueue_mount)
		panic("no memory for the file system of message queues");
	for (u32 i = 0; i < ARRAY_SIZE(limits); i++)
		r |= proc_sysctl_int(limits[i].name, 0644, limits[i].value, limits[i].min,
				     limits[i].max);
	if (r)
		panic("No memory for /proc/sys/fs/mqueue");
}
