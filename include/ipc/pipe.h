/*
 * Pipes and FIFOs. A pipe is a ring of page slots; the same object serves pipe(2) and named FIFOs.
 */
#ifndef IPC_PIPE_H
#define IPC_PIPE_H

#include <fs/vfs.h>

extern const file_operations_t fifo_operations; /* what opening an S_IFIFO node uses */
int pipe_create(file_t *ends[2], int flags);	/* [0] reads; O_NONBLOCK, O_DIRECT; 0 or errno */
long pipe_fcntl(file_t *f, u32 cmd,
		unsigned long arg); /* F_GETPIPE_SZ, F_SETPIPE_SZ; -EBADF: no pipe */

extern u64 pipe_max_size; /* fs.pipe-max-size, bytes */

#endif
