/*
 * Shared memory segments, for shm.c and shmctl.c.
 */
#ifndef SHM_INTERNAL_H
#define SHM_INTERNAL_H

#include "sysv_internal.h"

struct file;

typedef struct segment {
	ipc_object_t ipc;
	ipc_namespace_t *ns; /* (c) */
	size_t size;	     /* (c) bytes */
	u64 pages;	     /* (c) */
	/* (c) the same memory, open for writing and not; without references to the segment */
	struct file *writable, *readable;
	/* all by ipc.lock */
	u64 attached; /* areas that map it, and calls that are about to */
	nsec_t atime, dtime, ctime;
	pid_t creator, last;
	struct thread *maker; /* ids->lock: the thread that made it; NULL: it has ended */
	struct segment *next; /* of those that are about to be freed */
	user_t *locker;	      /* who pays for SHM_LOCK: own reference; NULL: not locked */
} segment_t;

static inline segment_t *segment_of(ipc_object_t *o)
{
	return container_of(o, segment_t, ipc);
}

u64 segment_resident(const segment_t *s); /* pages that are in memory */
/* The identifier goes; ids->lock and the segment's held. Then segment_free, with neither of them. */
void segment_remove_locked(segment_t *s);
void segment_free(segment_t *s);
void segment_unlock_memory(segment_t *s); /* SHM_UNLOCK; segment locked, or nobody else's */

#endif
