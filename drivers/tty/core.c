/*
 * Terminals: objects, open files, hang-up.
 *
 * Concepts. A driver creates tty_t objects; names lead to them through a table by device number.
 * Every open file stands on the terminal's list, so that a hang-up can swap the files' operations
 * for ones that answer end of file and EIO: what still holds the file can no longer reach the
 * terminal. Who opens it anew can.
 *
 * Input goes interrupt -> raw ring -> work item -> line discipline; so the discipline, which takes
 * mutexes and sends signals, never runs in an interrupt. The work item stops while the discipline
 * has no room; the reader that makes room schedules it again.
 *
 * Locking. tty_mutex: the table, each terminal's list of files and open count. See
 * include/drivers/tty.h for the rest.
 */
#include "tty_internal.h"

#include <drivers/vt.h>
#include <fs/poll.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/lib/xarray.h>
#include <mm/slab.h>

#define VT_MINORS 64 /* of TTY_MAJOR: virtual consoles, made when opened */

mutex_t tty_mutex = MUTEX_INIT(tty_mutex);

static list_t tty_table = LIST_INIT(tty_table); /* tty_mutex: registered_tty_t */
typedef struct registered_tty {
	list_t link;
	tty_t *tty;
} registered_tty_t;

static dev_t console_dev; /* set at boot; what /dev/console opens */

static const struct termios2 default_termios = {
	.c_iflag = ICRNL | IXON,
	.c_oflag = OPOST | ONLCR,
	.c_cflag = B38400 | CS8 | CREAD | HUPCL,
	.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	.c_cc = { [VINTR] = 3,
		  [VQUIT] = 28,
		  [VERASE] = 127,
		  [VKILL] = 21,
		  [VEOF] = 4,
		  [VMIN] = 1,
		  [VSTART] = 17,
		  [VSTOP] = 19,
		  [VSUSP] = 26,
		  [VREPRINT] = 18,
		  [VDISCARD] = 15,
		  [VWERASE] = 23,
		  [VLNEXT] = 22 },
	.c_ispeed = 38400,
	.c_ospeed = 38400,
};

void tty_push_input(tty_t *tty)
{
	mutex_lock(&tty->push_lock);
	for (;;) {
		u8 chunk[256];
		unsigned long flags;
		size_t room, n = 0;

		mutex_lock(&tty->input_lock);
		room = discipline_room(tty);
		mutex_unlock(&tty->input_lock);
		/*
		 * A full canonical line still takes bytes, one by one: they are dropped or end it. A
		 * full raw buffer does not, and neither does one with complete lines waiting. A byte
		 * may come to take the room of two (PARMRK).
		 */
		if (room < 2 && (!tty_canonical(tty) || tty->canon_head != tty->tail))
			break;
		spin_lock_irqsave(&tty->raw_lock, &flags);
		while (n < MIN(MAX(room / 2, (size_t)1), sizeof(chunk)) &&
		       tty->raw_tail != tty->raw_head)
			chunk[n++] = tty->raw[tty->raw_tail++ & (TTY_RAW_BUFFER - 1)];
		spin_unlock_irqrestore(&tty->raw_lock, flags);
		if (!n)
			break;
		discipline_receive(tty, chunk, n);
	}
	mutex_unlock(&tty->push_lock);
}

static void input_work(work_t *work)
{
	tty_t *tty = container_of(work, tty_t, input_work);

	tty_push_input(tty);
	if (__atomic_exchange_n(&tty->break_pending, false, __ATOMIC_RELAXED))
		discipline_break(tty);
	if (READ_ONCE(tty->echo.head) != READ_ONCE(tty->echo.tail)) {
		mutex_lock(&tty->input_lock);
		discipline_flush_echo(tty);
		mutex_unlock(&tty->input_lock);
	}
	if (tty->ops->unthrottle)
		tty->ops->unthrottle(tty);
}

tty_t *tty_create(const tty_operations_t *ops, void *driver_data, const char *name, dev_t dev)
{
	tty_t *tty = kzalloc(sizeof(*tty), GFP_KERNEL);

	if (!tty)
		return NULL;
	refcount_set(&tty->refs, 1);
	tty->ops = ops;
	tty->driver_data = driver_data;
	tty->dev = dev;
	strscpy(tty->name, name, sizeof(tty->name));
	tty->termios = tty->initial = default_termios;
	rwsem_init(&tty->termios_lock);
	mutex_init(&tty->push_lock);
	mutex_init(&tty->input_lock);
	mutex_init(&tty->output_lock);
	mutex_init(&tty->read_lock);
	spinlock_init(&tty->raw_lock);
	spinlock_init(&tty->control_lock);
	init_waitqueue_head(&tty->read_wait);
	init_waitqueue_head(&tty->write_wait);
	spinlock_init(&tty->fasync.lock);
	list_init(&tty->files);
	work_init(&tty->input_work, input_work);
	return tty;
}

void tty_get(tty_t *tty)
{
	refcount_get(&tty->refs);
}

void tty_put(tty_t *tty)
{
	if (!refcount_put(&tty->refs))
		return;
	flush_work(&tty->input_work);
	if (tty->session)
		pid_put(tty->session);
	if (tty->group)
		pid_put(tty->group);
	if (tty->ops->destroy)
		tty->ops->destroy(tty);
	kfree(tty);
}

__init int tty_register(tty_t *tty)
{
	registered_tty_t *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return -ENOMEM;
	tty_get(tty);
	r->tty = tty;
	mutex_lock(&tty_mutex);
	list_add_tail(&r->link, &tty_table);
	mutex_unlock(&tty_mutex);
	return devtmpfs_create(tty->name, 0600, tty->dev);
}

__init void tty_set_console(dev_t dev)
{
	console_dev = dev;
}

/* Driver side: interrupt context. */
size_t tty_receive(tty_t *tty, const u8 *data, size_t len)
{
	unsigned long flags;
	size_t n = 0;

	spin_lock_irqsave(&tty->raw_lock, &flags);
	while (n < len && tty->raw_head - tty->raw_tail < TTY_RAW_BUFFER)
		tty->raw[tty->raw_head++ & (TTY_RAW_BUFFER - 1)] = data[n++];
	spin_unlock_irqrestore(&tty->raw_lock, flags);
	schedule_work(&tty->input_work);
	return n;
}

size_t tty_receive_room(tty_t *tty)
{
	return TTY_RAW_BUFFER - (READ_ONCE(tty->raw_head) - READ_ONCE(tty->raw_tail));
}

void tty_input_flush_raw(tty_t *tty)
{
	schedule_work(&tty->input_work);
	flush_work(&tty->input_work);
}

void tty_write_wakeup(tty_t *tty)
{
	wake_up_key(&tty->write_wait, 1, POLLOUT | POLLWRNORM);
	fasync_signal(&tty->fasync, POLL_OUT);
	if (READ_ONCE(tty->echo.head) != READ_ONCE(tty->echo.tail))
		schedule_work(&tty->input_work);
}

/* ---- open files ---- */

tty_t *tty_of_file(file_t *f)
{
	tty_file_t *tf;

	if (f->ops != &tty_file_operations)
		return NULL;
	tf = f->private_data;
	return tf->tty;
}

bool tty_file_ended(const tty_t *tty, const file_t *f)
{
	return READ_ONCE(f->ops) != &tty_file_operations || READ_ONCE(tty->other_closed);
}

int tty_open_file(tty_t *tty, file_t *f)
{
	tty_file_t *tf = kzalloc(sizeof(*tf), GFP_KERNEL);
	int r = 0;

	if (!tf)
		return -ENOMEM;
	mutex_lock(&tty_mutex);
	if (tty->exclusive && tty->open_count && !capable(CAP_SYS_ADMIN))
		r = -EBUSY;
	else if (tty->ops->open)
		r = tty->ops->open(tty, f);
	if (r)
		goto out_free;
	tty_get(tty);
	tf->tty = tty;
	tf->file = f;
	list_add_tail(&tf->link, &tty->files);
	tty->open_count++;
	f->private_data = tf;
	f->ops = &tty_file_operations;
	file_make_stream(f);
	tty_maybe_set_controlling(tty, f);
	mutex_unlock(&tty_mutex);
	return 0;
out_free:
	mutex_unlock(&tty_mutex);
	kfree(tf);
	return r;
}

void tty_release(file_t *f)
{
	tty_file_t *tf = f->private_data;
	tty_t *tty = tf->tty;
	bool last;

	mutex_lock(&tty_mutex);
	list_del(&tf->link);
	last = --tty->open_count == 0;
	if (last) {
		rwsem_write_lock(&tty->termios_lock);
		if (tty->link)
			tty->termios = tty->initial;
		tty->fixed = (struct termios2){ 0 };
		rwsem_write_unlock(&tty->termios_lock);
		/* Who opens it next cannot know that it was stopped; a pty's other end may still go on. */
		if (!tty->link) {
			tty_hold_flow(tty, false);
			tty_flow(tty, false);
		}
		if (tty->ops->last_close)
			tty->ops->last_close(tty);
	}
	mutex_unlock(&tty_mutex);
	kfree(tf);
	tty_put(tty);
}

static ssize_t tty_read_iter(file_t *f, iter_t *it, off_t *pos)
{
	tty_t *tty = tty_of_file(f);

	return tty ? discipline_read(tty, f, it) : 0;
}

static ssize_t tty_write_iter(file_t *f, iter_t *it, off_t *pos)
{
	tty_t *tty = tty_of_file(f);

	return tty ? discipline_write(tty, f, it) : -EIO;
}

static u32 tty_poll(file_t *f, poll_table_t *pt)
{
	tty_t *tty = tty_of_file(f);
	u32 mask = 0, min = 1;

	if (!tty)
		return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLERR | POLLHUP;
	poll_wait(f, &tty->read_wait, pt);
	poll_wait(f, &tty->write_wait, pt);
	if (!tty->termios.c_cc[VTIME] && tty->termios.c_cc[VMIN])
		min = tty->termios.c_cc[VMIN];
	if (discipline_readable(tty, min))
		mask |= POLLIN | POLLRDNORM;
	if (READ_ONCE(tty->other_closed))
		mask |= POLLIN | POLLRDNORM | POLLHUP;
	if (!READ_ONCE(tty->flow_stopped) && tty->ops->write_room(tty) >= 8)
		mask |= POLLOUT | POLLWRNORM;
	return mask;
}

/* Who asks for signals and names no owner gets them for the foreground group, or for itself. */
int tty_fasync(file_t *f, bool on)
{
	tty_file_t *tf = f->private_data;
	struct pid *group = NULL;
	unsigned long flags;
	int r = fasync_set(f, &tf->tty->fasync, on);

	if (r || !on)
		return r;
	spin_lock_irqsave(&tf->tty->control_lock, &flags);
	if (tf->tty->group)
		group = pid_get(tf->tty->group);
	spin_unlock_irqrestore(&tf->tty->control_lock, flags);
	if (group) {
		file_default_owner(f, F_OWNER_PGRP, group);
		pid_put(group);
	} else {
		file_default_owner(f, F_OWNER_PID, current_process()->pid_obj);
	}
	return 0;
}

const file_operations_t tty_file_operations = {
	.read_iter = tty_read_iter,
	.write_iter = tty_write_iter,
	.poll = tty_poll,
	.ioctl = tty_ioctl,
	.fasync = tty_fasync,
	.release = tty_release,
};

/* ---- hang-up ---- */

static ssize_t hung_up_read(file_t *f, iter_t *it, off_t *pos)
{
	return 0;
}

static ssize_t hung_up_write(file_t *f, iter_t *it, off_t *pos)
{
	return -EIO;
}

static u32 hung_up_poll(file_t *f, poll_table_t *pt)
{
	return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLERR | POLLHUP;
}

static long hung_up_ioctl(file_t *f, u32 cmd, unsigned long arg)
{
	return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
}

/* What was set before the hang-up can be taken off. */
static int hung_up_fasync(file_t *f, bool on)
{
	return on ? -ENOTTY : tty_fasync(f, false);
}

static void hung_up_release(file_t *f)
{
	tty_file_t *tf = f->private_data;

	tf->ops->release(f);
}

static const file_operations_t hung_up_operations = {
	.read_iter = hung_up_read,
	.write_iter = hung_up_write,
	.poll = hung_up_poll,
	.ioctl = hung_up_ioctl,
	.fasync = hung_up_fasync,
	.release = hung_up_release,
};

void tty_hangup(tty_t *tty)
{
	tty_file_t *tf;

	mutex_lock(&tty_mutex);
	tty_hold_flow(tty, false);
	tty_flow(tty, false);
	list_for_each_entry(tf, &tty->files, link) {
		/* /dev/console stays usable: init's shell is respawned on it. */
		if (tf->file->node->rdev == makedev(TTYAUX_MAJOR, 1) ||
		    tf->file->ops == &hung_up_operations)
			continue;
		tf->ops = tf->file->ops;
		WRITE_ONCE(tf->file->ops, &hung_up_operations);
	}
	WRITE_ONCE(tty->hangups, tty->hangups + 1);
	tty_hangup_session(tty);
	mutex_unlock(&tty_mutex);
	wake_up_all(&tty->read_wait);
	wake_up_all(&tty->write_wait);
	discipline_flush_input(tty);
}

/* ---- names ---- */

static tty_t *find_tty(dev_t dev)
{
	registered_tty_t *r;
	tty_t *found = NULL;

	if (dev_minor(dev) < VT_MINORS)
		return vt_open_number(dev_minor(dev));
	mutex_lock(&tty_mutex);
	list_for_each_entry(r, &tty_table, link) {
		if (r->tty->dev == dev) {
			found = r->tty;
			tty_get(found);
			break;
		}
	}
	mutex_unlock(&tty_mutex);
	return found;
}

static int open_referenced(tty_t *tty, file_t *f)
{
	int r;

	if (IS_ERR_OR_NULL(tty))
		return tty ? (int)PTR_ERR(tty) : -ENXIO;
	r = tty_open_file(tty, f);
	tty_put(tty);
	return r;
}

static int open_by_number(vfs_node_t *node, file_t *f)
{
	if (!dev_minor(node->rdev)) /* /dev/tty0: whichever console is in front */
		f->flags |= O_NOCTTY;
	return open_referenced(find_tty(node->rdev), f);
}

static int open_auxiliary(vfs_node_t *node, file_t *f)
{
	if (dev_minor(node->rdev) == 0) { /* /dev/tty: the controlling terminal */
		f->flags |= O_NOCTTY;
		return open_referenced(tty_current(), f);
	}
	if (dev_minor(node->rdev) == 1) { /* /dev/console */
		if (!console_dev)
			return -ENODEV;
		f->flags |= O_NOCTTY;
		return open_referenced(find_tty(console_dev), f);
	}
	return -ENXIO;
}

static const file_operations_t numbered_operations = { .open = open_by_number };
static const file_operations_t auxiliary_operations = { .open = open_auxiliary };

static void session_exit(process_t *leader)
{
	tty_disassociate(true);
}

static void describe(tty_t *tty, dev_t *dev, pid_t *group)
{
	unsigned long flags;

	*dev = tty->dev;
	spin_lock_irqsave(&tty->control_lock, &flags);
	*group = tty->group ? tty->group->nr : -1;
	spin_unlock_irqrestore(&tty->control_lock, flags);
}

__init void tty_init(void)
{
	BUG_ON(register_chrdev_region(TTY_MAJOR, 0, 256, "tty", &numbered_operations));
	BUG_ON(register_chrdev_region(TTYAUX_MAJOR, 0, 2, "/dev/tty", &auxiliary_operations));
	BUG_ON(devtmpfs_create("tty", 0666, makedev(TTYAUX_MAJOR, 0)));
	BUG_ON(devtmpfs_create("console", 0600, makedev(TTYAUX_MAJOR, 1)));
	tty_session_exit_hook = session_exit;
	tty_describe_hook = describe;
	pty_init();
}

void tty_receive_break(tty_t *tty)
{
	/*
	 * A break reaches the discipline in order with the bytes: as work, when they went through.
	 */
	WRITE_ONCE(tty->break_pending, true);
	schedule_work(&tty->input_work);
}
