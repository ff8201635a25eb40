/*
 * Pseudo-terminals (pty(7)): a master that a program holds, and a slave that looks like a terminal.
 * Opening /dev/ptmx makes a pair and a name in devpts; the slave can be opened once it is unlocked.
 *
 * Both ends are tty_t with `link` to each other. The slave has the line discipline. What is written
 * to either end goes into the other's raw ring. The master's is read as it is; the slave's goes
 * through the discipline, in the writer's own context as far as the discipline has room, by the
 * input work item after a reader made some. A full ring is what the master's writer waits for.
 * What the slave wrote has left it at once: no line delays it, and tcdrain(3) does not wait for the
 * master's reader, as on Linux.
 *
 * Lifetime: the slave owns the master's structure, and an open master holds a reference on the
 * slave, so `link` is valid on both sides as long as either end is open. The master's close hangs
 * the slave up and removes the name; the slave's last close makes the master's reads fail with EIO
 * until it is opened again.
 */
#include "tty_internal.h"

#include <arch/uaccess.h>
#include <fs/poll.h>
#include <fs/seq_file.h>
#include <kernel/lib/printf.h>
#include "devpts.h"

#define MASK(i) ((i) & (TTY_RAW_BUFFER - 1))

/* Bytes for the end `to`, any context; returns how many fitted. */
static size_t queue_bytes(tty_t *to, const u8 *data, size_t len)
{
	unsigned long flags;
	size_t n = 0;

	spin_lock_irqsave(&to->raw_lock, &flags);
	while (n < len && to->raw_head - to->raw_tail < TTY_RAW_BUFFER)
		to->raw[MASK(to->raw_head++)] = data[n++];
	spin_unlock_irqrestore(&to->raw_lock, flags);
	return n;
}

/* ---- slave side: output into the master's queue ---- */

static size_t slave_write_room(tty_t *slave)
{
	return tty_receive_room(slave->link);
}

static size_t slave_write(tty_t *slave, const u8 *data, size_t len)
{
	tty_t *master = slave->link;
	size_t n = queue_bytes(master, data, len);

	if (n) {
		wake_up_key(&master->read_wait, 1, POLLIN | POLLRDNORM);
		fasync_signal(&master->fasync, POLL_IN);
	}
	return n;
}

static void slave_flush_output(tty_t *slave)
{
	tty_t *master = slave->link;
	unsigned long flags;

	spin_lock_irqsave(&master->raw_lock, &flags);
	master->raw_tail = master->raw_head;
	spin_unlock_irqrestore(&master->raw_lock, flags);
}

static void slave_unthrottle(tty_t *slave)
{
	wake_up_key(&slave->link->write_wait, 1, POLLOUT | POLLWRNORM);
	fasync_signal(&slave->link->fasync, POLL_OUT);
}

static int slave_open(tty_t *slave, file_t *f)
{
	unsigned long flags;
	int r = 0;

	spin_lock_irqsave(&slave->control_lock, &flags);
	if (slave->locked || slave->other_closed)
		r = -EIO;
	spin_unlock_irqrestore(&slave->control_lock, flags);
	if (!r)
		WRITE_ONCE(slave->link->other_closed, false);
	return r;
}

static void slave_last_close(tty_t *slave)
{
	WRITE_ONCE(slave->link->other_closed, true);
	wake_up_all(&slave->link->read_wait);
	wake_up_all(&slave->link->write_wait);
}

static void slave_destroy(tty_t *slave)
{
	super_block_t *sb = slave->driver_data;

	tty_put(slave->link);
	devpts_free_index(sb, dev_minor(slave->dev));
	super_put(sb);
}

static const tty_operations_t slave_ops = {
	.write = slave_write,
	.write_room = slave_write_room,
	.flush_output = slave_flush_output,
	.unthrottle = slave_unthrottle,
	.open = slave_open,
	.last_close = slave_last_close,
	.destroy = slave_destroy,
};

/* ---- master side ---- */

static size_t master_write(tty_t *master, const u8 *data, size_t len)
{
	size_t n = queue_bytes(master->link, data, len);

	tty_push_input(master->link);
	return n;
}

static size_t master_write_room(tty_t *master)
{
	return tty_receive_room(master->link);
}

static void master_last_close(tty_t *master)
{
	tty_t *slave = master->link;

	devpts_remove(slave->driver_data, dev_minor(slave->dev));
	WRITE_ONCE(slave->other_closed, true);
}

static const tty_operations_t master_ops = {
	.write = master_write,
	.write_room = master_write_room,
	.last_close = master_last_close,
};

static tty_t *master_of(file_t *f)
{
	return ((tty_file_t *)f->private_data)->tty;
}

static bool master_readable(tty_t *m)
{
	return READ_ONCE(m->raw_head) != READ_ONCE(m->raw_tail) ||
	       (READ_ONCE(m->packet) && READ_ONCE(m->packet_status));
}

/* In packet mode: the status byte if there is one, else 0 as the first byte of data. */
static int packet_header(tty_t *m, u8 *status)
{
	unsigned long flags;

	spin_lock_irqsave(&m->control_lock, &flags);
	*status = m->packet ? m->packet_status : 0;
	m->packet_status = 0;
	spin_unlock_irqrestore(&m->control_lock, flags);
	return m->packet;
}

static ssize_t master_copy(tty_t *m, iter_t *it)
{
	ssize_t total = 0;

	while (it->count) {
		u8 chunk[256];
		unsigned long flags;
		size_t n = 0;

		spin_lock_irqsave(&m->raw_lock, &flags);
		while (n < MIN(it->count, sizeof(chunk)) && m->raw_tail != m->raw_head)
			chunk[n++] = m->raw[MASK(m->raw_tail++)];
		spin_unlock_irqrestore(&m->raw_lock, flags);
		if (!n)
			break;
		if (copy_to_iter(chunk, n, it) != n)
			return total ? total : -EFAULT;
		total += (ssize_t)n;
	}
	if (total)
		tty_write_wakeup(m->link);
	return total;
}

/* What one read gives, in packet mode behind its header: bytes, 0 when there is nothing after all, or -EFAULT. */
static ssize_t master_take(tty_t *m, iter_t *it)
{
	iter_t start = *it;
	ssize_t r;
	u8 status;

	if (!packet_header(m, &status))
		return master_copy(m, it);
	if (copy_to_iter(&status, 1, it) != 1)
		return -EFAULT;
	if (status || !it->count)
		return 1;
	r = master_copy(m, it);
	if (!r)
		*it = start;
	return r > 0 ? r + 1 : r;
}

static ssize_t master_read_iter(file_t *f, iter_t *it, off_t *pos)
{
	tty_t *m = master_of(f);
	ssize_t r;

	if (!it->count)
		return 0;
	do {
		/* Looked at first: what the slave wrote before its last close is read before EIO. */
		bool closed = READ_ONCE(m->other_closed);

		smp_rmb();
		if (master_readable(m)) {
			r = master_take(m, it);
			continue; /* 0: flushed, or read by another */
		}
		if (closed)
			return -EIO;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		r = wait_event_interruptible(&m->read_wait,
					     master_readable(m) || READ_ONCE(m->other_closed));
	} while (!r);
	return r;
}

/* Waits until the slave's ring has room, pushing what is in it. Bytes of room or errno. */
static ssize_t wait_room(const file_t *f, tty_t *m)
{
	for (;;) {
		size_t room = tty_receive_room(m->link);
		int r;

		if (room)
			return (ssize_t)room;
		tty_push_input(m->link);
		if (tty_receive_room(m->link))
			continue;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		r = wait_event_interruptible(&m->write_wait, tty_receive_room(m->link));
		if (r)
			return r;
	}
}

static ssize_t master_write_iter(file_t *f, iter_t *it, off_t *pos)
{
	tty_t *m = master_of(f);
	ssize_t total = 0, r = 0;

	if (f->flags & O_NONBLOCK) {
		if (!mutex_trylock(&m->output_lock))
			return -EAGAIN;
	} else if (mutex_lock_interruptible(&m->output_lock)) {
		return -ERESTARTSYS;
	}
	while (it->count) {
		u8 chunk[256];
		size_t n;

		r = wait_room(f, m);
		if (r < 0)
			break;
		n = copy_from_iter(chunk, MIN(MIN((size_t)r, it->count), sizeof(chunk)), it);
		if (!n) {
			r = -EFAULT;
			break;
		}
		total += (ssize_t)queue_bytes(m->link, chunk, n);
	}
	if (total)
		tty_push_input(m->link);
	mutex_unlock(&m->output_lock);
	return total ? total : r;
}

static u32 master_poll(file_t *f, poll_table_t *pt)
{
	tty_t *m = master_of(f);
	u32 mask = 0;

	poll_wait(f, &m->read_wait, pt);
	poll_wait(f, &m->write_wait, pt);
	if (READ_ONCE(m->other_closed))
		mask |= POLLHUP;
	smp_rmb(); /* as in master_read_iter */
	if (master_readable(m))
		mask |= POLLIN | POLLRDNORM;
	if (READ_ONCE(m->packet) && READ_ONCE(m->packet_status))
		mask |= POLLPRI;
	if (tty_receive_room(m->link))
		mask |= POLLOUT | POLLWRNORM;
	return mask;
}

static long set_packet(tty_t *m, u32 on)
{
	unsigned long flags;

	spin_lock_irqsave(&m->control_lock, &flags);
	if (on && !m->packet)
		m->packet_status = 0;
	m->packet = on != 0;
	spin_unlock_irqrestore(&m->control_lock, flags);
	return 0;
}

/* TIOCSTI on a master, which is nobody's controlling terminal: as if the slave had written. */
static long simulate_output(tty_t *m, const u8 __user *arg)
{
	u8 c;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (get_user_u8(&c, arg))
		return -EFAULT;
	slave_write(m->link, &c, 1);
	return 0;
}

static int open_peer(const file_t *master, tty_t *slave, int flags)
{
	u32 how = (u32)flags & (O_ACCMODE | O_NONBLOCK | O_NOCTTY);

	return fd_give(devpts_open_peer(master, slave->driver_data, slave, (int)how),
		       flags & O_CLOEXEC);
}

static long master_ioctl(file_t *f, u32 cmd, unsigned long arg)
{
	tty_t *m = master_of(f);
	u32 __user *word = (u32 __user *)arg;
	u32 value;

	switch (cmd) {
	case TIOCGPTN:
		return put_user_u32(dev_minor(m->link->dev), word);
	case TIOCSPTLCK:
		if (get_user_u32(&value, word))
			return -EFAULT;
		WRITE_ONCE(m->link->locked, value != 0);
		return 0;
	case TIOCGPTLCK:
		return put_user_u32(m->link->locked, word);
	case TIOCPKT:
		if (get_user_u32(&value, word))
			return -EFAULT;
		return set_packet(m, value);
	case TIOCGPKT:
		return put_user_u32(m->packet, word);
	case TIOCGPTPEER:
		return open_peer(f, m->link, (int)arg);
	case FIONREAD:
		return put_user_u32(TTY_RAW_BUFFER - (u32)tty_receive_room(m), word);
	case TIOCSTI:
		return simulate_output(m, (const u8 __user *)arg);
	case TIOCSIG:
		if (arg != SIGINT && arg != SIGQUIT && arg != SIGTSTP)
			return -EINVAL;
		tty_signal_group(m->link, (int)arg);
		return 0;
	case TIOCSCTTY:
	case TIOCNOTTY:
		return -ENOTTY;
	}
	return tty_ioctl_on(m, f, cmd, arg);
}

static void master_release(file_t *f)
{
	tty_t *slave = master_of(f)->link;

	tty_release(f);
	tty_hangup(slave);
	tty_put(slave);
}

static void master_show_fdinfo(file_t *f, struct seq_file *m)
{
	seq_printf(m, "tty-index:\t%u\n", dev_minor(master_of(f)->link->dev));
}

static const file_operations_t master_file_operations = {
	.read_iter = master_read_iter,
	.write_iter = master_write_iter,
	.poll = master_poll,
	.ioctl = master_ioctl,
	.release = master_release,
	.fasync = tty_fasync,
	.show_fdinfo = master_show_fdinfo,
};

/*
 * Makes the pair of index `index`; returns the slave with one reference, which owns the master, the
 * number and its instance of devpts.
 */
static tty_t *create_pair(super_block_t *sb, u32 index)
{
	char name[16];
	tty_t *master, *slave;

	snprintf(name, sizeof(name), "pts/%u", index);
	master = tty_create(&master_ops, NULL, "ptmx", makedev(TTYAUX_MAJOR, 2));
	if (!master)
		return NULL;
	slave = tty_create(&slave_ops, sb, name, makedev(PTS_MAJOR, index));
	if (!slave) {
		tty_put(master);
		return NULL;
	}
	master->link = slave;
	slave->link = master;
	slave->locked = true;
	slave->termios.c_cflag &= ~(u32)HUPCL; /* there is no line to drop */
	slave->initial = slave->termios;
	master->termios.c_lflag = master->termios.c_oflag = master->termios.c_iflag = 0;
	return slave;
}

static int open_ptmx(vfs_node_t *node, file_t *f)
{
	super_block_t *sb = devpts_of_master(f);
	tty_t *slave;
	int index, r;

	if (IS_ERR(sb))
		return (int)PTR_ERR(sb);
	index = devpts_alloc_index(sb);
	if (index < 0) {
		super_put(sb);
		return index;
	}
	slave = create_pair(sb, (u32)index);
	if (!slave) {
		devpts_free_index(sb, (u32)index);
		super_put(sb);
		return -ENOMEM;
	}
	r = devpts_add(sb, slave);
	if (r)
		goto out_put;
	f->flags |= O_NOCTTY;
	r = tty_open_file(slave->link, f);
	if (r) {
		devpts_remove(sb, (u32)index);
		goto out_put;
	}
	f->ops = &master_file_operations; /* the file keeps the slave's reference */
	return 0;
out_put:
	tty_put(slave);
	return r;
}

static int open_slave(vfs_node_t *node, file_t *f)
{
	tty_t *slave = devpts_find(node);
	int r;

	if (!slave)
		return -EIO;
	r = tty_open_file(slave, f);
	tty_put(slave);
	return r;
}

static const file_operations_t ptmx_operations = { .open = open_ptmx };
static const file_operations_t pts_operations = { .open = open_slave };

__init void pty_init(void)
{
	BUG_ON(register_chrdev_region(TTYAUX_MAJOR, 2, 1, "ptmx", &ptmx_operations));
	BUG_ON(register_chrdev_region(PTS_MAJOR, 0, 1u << 20, "pts", &pts_operations));
	BUG_ON(devtmpfs_create("ptmx", 0666, makedev(TTYAUX_MAJOR, 2)));
	devpts_init();
}
