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

bool file_is_pipe(const file_t *f);
/*
 * Moving data by page reference (ipc/pipe/splice.c); flags are SPLICE_F_*. Bytes, or -EBADF,
 * -EINVAL, -EAGAIN, -EPIPE (with SIGPIPE), -ERESTARTSYS, -ENOMEM, and what the files say.
 */
/* One of the two is a pipe, or both, then without positions; a NULL position is the file's own. */
ssize_t splice_files(file_t *in, off_t *in_pos, file_t *out, off_t *out_pos, size_t len, u32 flags);
ssize_t tee_pipes(file_t *in, file_t *out, size_t len, u32 flags);
/* Between a pipe and user memory, which way the iterator says. */
ssize_t splice_user(file_t *pipe, iter_t *it, u32 flags);

extern u64 pipe_max_size;	 /* fs.pipe-max-size, bytes */
#define PIPE_LARGEST (1UL << 31) /* and the most that it can be */
void pipe_init(void);		 /* boot: its sysctl */

#endif
