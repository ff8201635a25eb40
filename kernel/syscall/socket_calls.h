/*
 * What the handlers of socket calls share: descriptors and addresses of programs.
 */
#ifndef SYSCALL_SOCKET_CALLS_H
#define SYSCALL_SOCKET_CALLS_H

#include <net/socket.h>

/* The socket of a descriptor: 0 (fd_put_light is due), -EBADF, -ENOTSOCK. */
int socket_from_fd(int fd, fd_light_t *l, socket_t **s);
static inline bool file_nonblock(const file_t *f)
{
	return READ_ONCE(f->flags) & O_NONBLOCK;
}
/* 0, -EINVAL, -EFAULT. */
int address_from_user(socket_address_t *a, const void __user *addr, int len);
/* Cut to *len bytes of room; *len becomes its own length. 0, -EINVAL, -EFAULT. */
int address_to_user(const socket_address_t *a, void __user *addr, int __user *len);

#endif
