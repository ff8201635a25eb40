/*
 * Control messages (cmsg(3)): read from the sender's kernel copy, written to the receiver's buffer.
 */
#include <net/socket.h>

#include <arch/uaccess.h>
#include <kernel/lib/string.h>
#include <uapi/errno.h>

int socket_next_control(const socket_message_t *m, size_t *at, control_message_t *out)
{
	size_t left = m->control_len - *at;
	struct cmsghdr h;

	if (left < sizeof(h))
		return 0;
	memcpy(&h, m->control + *at, sizeof(h));
	if (h.cmsg_len < sizeof(h) || h.cmsg_len > left)
		return -EINVAL;
	*out = (control_message_t){ .level = h.cmsg_level,
				    .type = h.cmsg_type,
				    .data = m->control + *at + sizeof(h),
				    .len = h.cmsg_len - sizeof(h) };
	*at += MIN((size_t)CMSG_ALIGN(h.cmsg_len), left);
	return 1;
}

int socket_put_control(socket_message_t *m, int level, int type, const void *data, size_t len)
{
	struct cmsghdr h = { .cmsg_len = CMSG_LEN(len), .cmsg_level = level, .cmsg_type = type };
	size_t step;

	if (!m->control_out || m->control_len < sizeof(h)) {
		m->out_flags |= MSG_CTRUNC;
		return 0;
	}
	if (h.cmsg_len > m->control_len) {
		m->out_flags |= MSG_CTRUNC;
		h.cmsg_len = m->control_len;
	}
	if (copy_to_user(m->control_out, &h, sizeof(h)) ||
	    copy_to_user((u8 __user *)m->control_out + sizeof(h), data, h.cmsg_len - sizeof(h)))
		return -EFAULT;
	step = MIN((size_t)CMSG_SPACE(len), m->control_len);
	m->control_out = (u8 __user *)m->control_out + step;
	m->control_len -= step;
	return 0;
}
