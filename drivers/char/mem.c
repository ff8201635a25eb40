/*
 * Memory devices: null, zero, full, kmsg (null(4)). One character device number each, major 1.
 */
#include <drivers/mem.h>

#include <fs/poll.h>
#include <fs/vfs.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/signal.h>
#include <kernel/thread.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/errno.h>

#define MEM_MAJOR 1
#define USER_FACILITY 1	       /* syslog(3): of messages of programs */
#define KMSG_WRITE_MAX 992     /* bytes; Linux's for a line with its prefix */
#define ZERO_PIECE (64u << 10) /* bytes between two looks at signals */

static ssize_t read_nothing(file_t *f, iter_t *it, off_t *pos)
{
	return 0;
}

static ssize_t write_all(file_t *f, iter_t *it, off_t *pos)
{
	size_t n = it->count;

	iter_advance(it, n);
	return (ssize_t)n;
}

static ssize_t write_full(file_t *f, iter_t *it, off_t *pos)
{
	return -ENOSPC;
}

static ssize_t read_zeros(file_t *f, iter_t *it, off_t *pos)
{
	size_t done = 0;

	while (it->count) {
		size_t n = MIN(it->count, (size_t)ZERO_PIECE), got = zero_iter(n, it);

		done += got;
		if (got < n)
			return done ? (ssize_t)done : -EFAULT;
		if (signal_pending(current()))
			break;
	}
	return (ssize_t)done;
}

static off_t seek_nowhere(file_t *f, off_t off, int whence)
{
	return f->pos = 0;
}

/* Private mappings of /dev/zero are anonymous memory; shared ones are a file without a name. */
static int map_zeros(file_t *f, vm_area_t *vma)
{
	struct file *memory;
	int r;

	if (!(vma->flags & VM_SHARED)) {
		vm_file_ops->put(vma->file);
		vma->file = NULL;
		vma->page_offset = vma->start >> PAGE_SHIFT;
		return 0;
	}
	memory = vm_file_ops->shared_memory(vma->end - vma->start, !(vma->flags & VM_NO_RESERVE));
	if (IS_ERR(memory))
		return (int)PTR_ERR(memory);
	r = vm_file_ops->mmap(memory, vma);
	vm_file_ops->put(vma->file);
	vma->file = memory;
	vma->page_offset = 0;
	return r;
}

int printk_devkmsg = DEVKMSG_LIMITED;
#define KMSG_SECONDS 5
#define KMSG_BURST 10

typedef struct kmsg_opener {
	u64 seq; /* of the record that it reads next */
	printk_ratelimit_t limit;
	u32 missed; /* atomic: lines above it */
} kmsg_opener_t;

static u64 *kmsg_seq(file_t *f)
{
	return &((kmsg_opener_t *)f->private_data)->seq;
}

/* ---- kmsg: one record a read, "priority,sequence,microseconds,-;text" ---- */

static int kmsg_open(vfs_node_t *node, file_t *f)
{
	kmsg_opener_t *o;

	if (READ_ONCE(printk_devkmsg) == DEVKMSG_OFF)
		return -EPERM;
	if ((f->mode & FMODE_READ) && READ_ONCE(dmesg_restrict) && !capable(CAP_SYSLOG))
		return -EPERM;
	o = kzalloc(sizeof(*o), GFP_KERNEL);
	if (!o)
		return -ENOMEM;
	o->seq = log_first_seq();
	f->private_data = o;
	return 0;
}

static void kmsg_release(file_t *f)
{
	kmsg_opener_t *o = f->private_data;

	if (o->missed)
		pr_warn("%s: %u lines for the log were left out: too many at once\n",
			current()->name, o->missed);
	kfree(o);
}

static ssize_t kmsg_read(file_t *f, iter_t *it, off_t *pos)
{
	u64 *seq = kmsg_seq(f);
	char text[512], line[600];
	log_record_t rec;
	int r, n;

	while ((r = log_read(seq, &rec, text, sizeof(text))) == -ENOENT) {
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		r = wait_event_interruptible(&log_wait, log_next_seq() > *seq);
		if (r)
			return r;
	}
	if (r == -EPIPE)
		return -EPIPE; /* records were lost; the next read goes on with the oldest */
	n = scnprintf(line, sizeof(line), "%u,%lu,%ld,-;%s\n", rec.facility << 3 | rec.level,
		      rec.seq, rec.time / NSEC_PER_USEC, text);
	(*seq)++; /* a record that there is no room for is passed over */
	if ((size_t)n > it->count)
		return -EINVAL;
	return copy_to_iter(line, (size_t)n, it) == (size_t)n ? n : -EFAULT;
}

static bool may_log(kmsg_opener_t *o)
{
	int how = READ_ONCE(printk_devkmsg);

	if (how != DEVKMSG_LIMITED)
		return how == DEVKMSG_ON;
	if (printk_ratelimit_by(&o->limit, KMSG_SECONDS, KMSG_BURST))
		return true;
	__atomic_add_fetch(&o->missed, 1, __ATOMIC_RELAXED);
	return false;
}

static ssize_t kmsg_write(file_t *f, iter_t *it, off_t *pos)
{
	char line[512], *text = line;
	size_t n = MIN(it->count, sizeof(line) - 1), total = it->count;
	u64 level = USER_FACILITY << 3 | (READ_ONCE(printk_levels[PRINTK_MESSAGE]) & 7);

	if (total > KMSG_WRITE_MAX)
		return -EINVAL;
	if (!may_log(f->private_data))
		return (ssize_t)total;
	if (copy_from_iter(line, n, it) != n)
		return -EFAULT;
	line[n] = 0;
	if (line[0] == '<') {
		char *end = strchr(line, '>');

		if (end) {
			*end = 0;
			if (!kstrtou64(line + 1, 10, &level))
				text = end + 1;
			else
				*end = '>';
		}
	}
	n = strlen(text);
	if (n && text[n - 1] == '\n')
		text[--n] = 0;
	log_store_user((int)(level & 7), (int)(level >> 3) ? (int)(level >> 3) : USER_FACILITY,
		       text, n);
	iter_advance(it, it->count);
	return (ssize_t)total;
}

static u32 kmsg_poll(file_t *f, poll_table_t *pt)
{
	u64 *seq = kmsg_seq(f);

	poll_wait(f, &log_wait, pt);
	if (*seq < log_first_seq())
		return POLLIN | POLLRDNORM | POLLERR | POLLPRI;
	return *seq < log_next_seq() ? POLLIN | POLLRDNORM : 0;
}

static off_t kmsg_llseek(file_t *f, off_t off, int whence)
{
	u64 *seq = kmsg_seq(f);

	if (off)
		return -ESPIPE;
	switch (whence) {
	case SEEK_SET:
		*seq = log_first_seq();
		return 0;
	case SEEK_END:
		*seq = log_next_seq();
		return 0;
	case SEEK_DATA: /* after the last clear: nothing was cleared for readers of kmsg */
		*seq = log_first_seq();
		return 0;
	}
	return -EINVAL;
}

/* RWF_NOWAIT is no matter where nothing waits. */
static int open_waitless(vfs_node_t *node, file_t *f)
{
	f->mode |= FMODE_NOWAIT;
	return 0;
}

static const file_operations_t null_ops = { .open = open_waitless,
					    .llseek = seek_nowhere,
					    .read_iter = read_nothing,
					    .write_iter = write_all };
static const file_operations_t zero_ops = { .open = open_waitless,
					    .llseek = seek_nowhere,
					    .read_iter = read_zeros,
					    .write_iter = write_all,
					    .mmap = map_zeros };
static const file_operations_t full_ops = { .llseek = seek_nowhere,
					    .read_iter = read_zeros,
					    .write_iter = write_full };
static const file_operations_t kmsg_ops = { .open = kmsg_open,
					    .release = kmsg_release,
					    .read_iter = kmsg_read,
					    .write_iter = kmsg_write,
					    .poll = kmsg_poll,
					    .llseek = kmsg_llseek };

__init void mem_init(void)
{
	static const struct {
		const char *name;
		u32 minor;
		mode_t mode;
		const file_operations_t *ops;
	} devices[] = {
		{ "null", 3, 0666, &null_ops },
		{ "zero", 5, 0666, &zero_ops },
		{ "full", 7, 0666, &full_ops },
		{ "kmsg", 11, 0644, &kmsg_ops },
	};

	for (u32 i = 0; i < ARRAY_SIZE(devices); i++) {
		BUG_ON(register_chrdev_region(MEM_MAJOR, devices[i].minor, 1, "mem",
					      devices[i].ops));
		BUG_ON(devtmpfs_create(devices[i].name, devices[i].mode,
				       makedev(MEM_MAJOR, devices[i].minor)));
	}
}
