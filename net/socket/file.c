/*
 * Sockets as files: read and write are receive and send without an address, poll and ioctl go to
 * the family.
 */
#include <net/socket.h>

#include <arch/uaccess.h>
#include <fs/poll.h>
#include <kernel/process.h>
#include <uapi/errno.h>

#include "socket_internal.h"

static ssize_t socket_read_iter(file_t *f, iter_t *it, off_t *pos)
{
	socket_message_t m;
	ssize_t r;

	if (!it->count) /* no message is taken for it */
		return 0;
	m.iter = *it;
	m.flags = f->flags & O_NONBLOCK ? MSG_DONTWAIT : 0;
	m.name = NULL;
	m.control_out = NULL;
	m.control_len = 0;
	r = socket_receive_message(f->private_data, &m);
	*it = m.iter;
	return r;
}

static ssize_t socket_write_iter(file_t *f, iter_t *it, off_t *pos)
{
	socket_t *s = f->private_data;
	socket_message_t m;
	ssize_t r;

	m.iter = *it;
	m.flags = f->flags & O_NONBLOCK ? MSG_DONTWAIT : 0;
	if (s->type == SOCK_SEQPACKET)
		m.flags |= MSG_EOR;
	m.name = NULL;
	m.control = NULL;
	m.control_len = 0;
	r = socket_send_message(s, &m);
	*it = m.iter;
	return r;
}

static u32 socket_poll(file_t *f, poll_table_t *pt)
{
	socket_t *s = f->private_data;

	return s->ops->poll(f, s, pt);
}

static long set_owner(file_t *f, unsigned long arg)
{
	u32 who;

	if (get_user_u32(&who, (u32 __user *)arg))
		return -EFAULT;
	if (who == 0x80000000u)
		return -EINVAL;
	return (s32)who >= 0 ? file_set_owner(f, F_OWNER_PID, (pid_t)who)
			     : file_set_owner(f, F_OWNER_PGRP, -(pid_t)who);
}

static long get_owner(file_t *f, unsigned long arg)
{
	unsigned long flags;
	pid_t who = 0;

	spin_lock_irqsave(&f->lock, &flags);
	if (f->owner)
		who = f->owner_type == F_OWNER_PGRP ? -f->owner->nr : f->owner->nr;
	spin_unlock_irqrestore(&f->lock, flags);
	return put_user_u32((u32)who, (u32 __user *)arg);
}

static long socket_ioctl(file_t *f, u32 cmd, unsigned long arg)
{
	socket_t *s = f->private_data;

	switch (cmd) {
	case FIOSETOWN:
	case SIOCSPGRP:
		return set_owner(f, arg);
	case FIOGETOWN:
	case SIOCGPGRP:
		return get_owner(f, arg);
	default:
		return s->ops->ioctl ? s->ops->ioctl(s, cmd, arg) : -ENOIOCTLCMD;
	}
}

static int socket_fasync(file_t *f, bool on)
{
	socket_t *s = f->private_data;

	return fasync_set(f, &s->fasync, on);
}

static int socket_flush(file_t *f)
{
	socket_t *s = f->private_data;

	if (s->ops->flush)
		s->ops->flush(s);
	return 0;
}

static void socket_show_fdinfo(file_t *f, struct seq_file *m)
{
	socket_t *s = f->private_data;

	if (s->ops->show_fdinfo)
		s->ops->show_fdinfo(s, m);
}

static void socket_release(file_t *f)
{
	socket_t *s = f->private_data;

	if (!s) /* none came of it */
		return;
	spin_lock(&s->lock);
	s->file = NULL;
	spin_unlock(&s->lock);
	socket_close(s);
}

static const file_operations_t socket_operations = {
	.read_iter = socket_read_iter,
	.write_iter = socket_write_iter,
	.poll = socket_poll,
	.ioctl = socket_ioctl,
	.fasync = socket_fasync,
	.flush = socket_flush,
	.show_fdinfo = socket_show_fdinfo,
	.release = socket_release,
	.kind = "socket",
};

file_t *socket_file(u32 flags)
{
	return file_create_socket(&socket_operations, NULL, flags);
}

void socket_attach(file_t *f, socket_t *s)
{
	f->private_data = s;
	f->node->private_data = (void *)s->ops->protocol;
	spin_lock(&s->lock);
	s->file = f;
	spin_unlock(&s->lock);
}

socket_t *file_socket(const file_t *f)
{
	return f->ops == &socket_operations ? f->private_data : NULL;
}
