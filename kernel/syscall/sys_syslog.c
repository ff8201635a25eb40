/*
 * syslog(2): the kernel log for dmesg(1) and klogd. Records print as "<level>[seconds.micros]
 * text".
 */
#include <arch/uaccess.h>
#include <fs/poll.h>
#include <fs/procfs.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/process.h>
#include <kernel/sync/mutex.h>
#include <mm/iter.h>
#include <mm/slab.h>
#include <syscall_protos.h>
#include <uapi/errno.h>

enum {
	LOG_CLOSE,
	LOG_OPEN,
	LOG_READ,
	LOG_READ_ALL,
	LOG_READ_CLEAR,
	LOG_CLEAR,
	LOG_CONSOLE_OFF,
	LOG_CONSOLE_ON,
	LOG_CONSOLE_LEVEL,
	LOG_SIZE_UNREAD,
	LOG_SIZE_BUFFER,
};

#define RECORD_TEXT 1024
#define PREFIX_MAX 48

typedef struct line_buffer {
	char text[RECORD_TEXT];
	char out[RECORD_TEXT * 2 + PREFIX_MAX];
} line_buffer_t;

static mutex_t log_mutex = MUTEX_INIT(log_mutex);
static u64 read_seq;	 /* log_mutex: next record of LOG_READ */
static size_t read_done; /* log_mutex: bytes of it already given */
static u64 clear_seq;	 /* log_mutex: where LOG_READ_ALL begins */
static int saved_level;	 /* log_mutex: console level before LOG_CONSOLE_OFF; 0: not switched off */

/* The record at *seq (moved on if it is overwritten) as text: its length, or 0 past the newest. */
static size_t format_record(line_buffer_t *b, u64 *seq)
{
	log_record_t rec;
	size_t out = 0, at = 0, size;
	int len;

	while ((len = log_read(seq, &rec, b->text, sizeof(b->text))) == -EPIPE)
		;
	if (len < 0)
		return 0;
	size = MIN((size_t)len, sizeof(b->text));
	do { /* each line of the record has its own prefix */
		const char *end = memchr(b->text + at, '\n', size - at);
		size_t n = end ? (size_t)(end - (b->text + at)) : size - at;

		if (out + n + PREFIX_MAX > sizeof(b->out))
			break;
		out += (size_t)snprintf(b->out + out, PREFIX_MAX, "<%u>[%5lu.%06lu] ",
					(unsigned)(rec.facility << 3 | rec.level),
					(unsigned long)(rec.time / NSEC_PER_SEC),
					(unsigned long)(rec.time % NSEC_PER_SEC / NSEC_PER_USEC));
		memcpy(b->out + out, b->text + at, n);
		out += n;
		b->out[out++] = '\n';
		at += n + 1;
	} while (at < size);
	return out;
}

/* LOG_READ: at least one record's rest, as many as fit. */
static long read_some(line_buffer_t *b, iter_t *it)
{
	long done = 0;

	mutex_lock(&log_mutex);
	while (it->count) {
		u64 seq = read_seq;
		size_t size = format_record(b, &seq), n;

		if (!size)
			break;
		if (seq != read_seq) { /* overwritten */
			read_seq = seq;
			read_done = 0;
		}
		n = MIN(size - MIN(read_done, size), it->count);
		if (copy_to_iter(b->out + read_done, n, it) != n) {
			if (!done)
				done = -EFAULT;
			break;
		}
		done += (long)n;
		read_done += n;
		if (read_done >= size) {
			read_seq++;
			read_done = 0;
		}
	}
	mutex_unlock(&log_mutex);
	return done;
}

/* LOG_READ_ALL: the last records that fit, oldest first. */
static long read_all(line_buffer_t *b, char __user *buf, size_t len, bool clear)
{
	u64 first, end, seq;
	size_t total = 0, n;
	long done = 0;

	mutex_lock(&log_mutex);
	first = MAX(clear_seq, log_first_seq());
	end = log_next_seq();
	for (seq = first; seq < end && (n = format_record(b, &seq)); seq++)
		total += n;
	for (seq = first; seq < end && total > len && (n = format_record(b, &seq)); seq++)
		total -= MIN(n, total);
	for (; seq < end && (n = format_record(b, &seq)); seq++) {
		if ((size_t)done + n > len)
			break;
		if (copy_to_user(buf + done, b->out, n)) {
			done = -EFAULT;
			break;
		}
		done += (long)n;
	}
	if (clear)
		clear_seq = end;
	mutex_unlock(&log_mutex);
	return done;
}

static long unread_size(line_buffer_t *b)
{
	long total = 0;
	size_t n;

	mutex_lock(&log_mutex);
	for (u64 seq = read_seq; (n = format_record(b, &seq)); seq++)
		total += (long)n;
	total -= (long)read_done;
	mutex_unlock(&log_mutex);
	return MAX(total, 0L);
}

static bool has_unread(void)
{
	return log_next_seq() > READ_ONCE(read_seq);
}

static long wait_and_read(line_buffer_t *b, iter_t *it)
{
	long r;

	do { /* another reader may be faster: that is no end of the log */
		r = wait_event_interruptible(&log_wait, has_unread());
		if (!r)
			r = read_some(b, it);
	} while (!r);
	return r;
}

static long read_log(int type, char __user *buf, int len)
{
	line_buffer_t *b;
	iter_t it;
	long r;

	if (type != LOG_SIZE_UNREAD) {
		if (!buf || len < 0)
			return -EINVAL;
		if (!len)
			return 0;
		r = iter_user(&it, true, buf, (size_t)len);
		if (r)
			return r;
	}
	b = kmalloc(sizeof(*b), GFP_KERNEL);
	if (!b)
		return -ENOMEM;
	if (type == LOG_READ) {
		r = wait_and_read(b, &it);
	} else if (type == LOG_SIZE_UNREAD) {
		r = unread_size(b);
	} else {
		r = read_all(b, buf, (size_t)len, type == LOG_READ_CLEAR);
	}
	kfree(b);
	return r;
}

static long set_level(int type, int len)
{
	long r = 0;

	mutex_lock(&log_mutex);
	if (type == LOG_CONSOLE_OFF) {
		if (!saved_level)
			saved_level = console_loglevel;
		console_loglevel = printk_levels[PRINTK_MINIMUM];
	} else if (type == LOG_CONSOLE_ON) {
		if (saved_level)
			console_loglevel = saved_level;
		saved_level = 0;
	} else if (len < 1 || len > 8) {
		r = -EINVAL;
	} else {
		console_loglevel = MAX(len, printk_levels[PRINTK_MINIMUM]);
		saved_level = 0;
	}
	mutex_unlock(&log_mutex);
	return r;
}

long sys_syslog(int type, char __user *buf, int len)
{
	if ((READ_ONCE(dmesg_restrict) || (type != LOG_READ_ALL && type != LOG_SIZE_BUFFER)) &&
	    !capable(CAP_SYSLOG) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	switch (type) {
	case LOG_CLOSE:
	case LOG_OPEN:
		return 0;
	case LOG_READ:
	case LOG_READ_ALL:
	case LOG_READ_CLEAR:
	case LOG_SIZE_UNREAD:
		return read_log(type, buf, len);
	case LOG_CLEAR:
		mutex_lock(&log_mutex);
		clear_seq = log_next_seq();
		mutex_unlock(&log_mutex);
		return 0;
	case LOG_CONSOLE_OFF:
	case LOG_CONSOLE_ON:
	case LOG_CONSOLE_LEVEL:
		return set_level(type, len);
	case LOG_SIZE_BUFFER:
		return (long)log_buffer_size();
	}
	return -EINVAL;
}

/* ---- /proc/kmsg: the same reader as a file ---- */

static int kmsg_open(vfs_node_t *node, file_t *f)
{
	return capable(CAP_SYSLOG) || capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

static ssize_t kmsg_read(file_t *f, iter_t *it, off_t *pos)
{
	line_buffer_t *b;
	long r;

	if ((f->flags & O_NONBLOCK) && !has_unread())
		return -EAGAIN;
	if (!it->count)
		return 0;
	b = kmalloc(sizeof(*b), GFP_KERNEL);
	if (!b)
		return -ENOMEM;
	if (f->flags & O_NONBLOCK)
		r = read_some(b, it) ?: -EAGAIN; /* another reader was faster */
	else
		r = wait_and_read(b, it);
	kfree(b);
	return r;
}

static u32 kmsg_poll(file_t *f, poll_table_t *pt)
{
	poll_wait(f, &log_wait, pt);
	return has_unread() ? POLLIN | POLLRDNORM : 0;
}

static const file_operations_t kmsg_operations = {
	.open = kmsg_open,
	.read_iter = kmsg_read,
	.poll = kmsg_poll,
	.llseek = generic_llseek,
};

__init void syslog_init(void)
{
	if (proc_create("kmsg", 0400, &kmsg_operations, NULL))
		panic("No memory for /proc/kmsg");
}
