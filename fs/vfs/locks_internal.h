/*
 * What record locks, flock and leases share: the lists of a node and the list of all.
 */
#ifndef FS_LOCKS_INTERNAL_H
#define FS_LOCKS_INTERNAL_H

#include <fs/locks.h>

#include "vfs_internal.h"

#include <fs/seq_file.h>

#define END_OF_FILE INT64_MAX

typedef enum lock_kind { KIND_POSIX, KIND_OFD, KIND_FLOCK, KIND_LEASE } lock_kind_t;

typedef struct file_lock {
	list_t link;	   /* locks->mutex */
	list_t all_link;   /* all_lock */
	const void *owner; /* files_t or file_t: only compared */
	vfs_node_t *node;
	lock_kind_t kind;
	int type;	/* F_RDLCK, F_WRLCK; F_UNLCK in requests */
	pid_t pid;	/* who set it; -1 for OFD locks */
	s64 start, end; /* inclusive */
} file_lock_t;

typedef struct file_locks {
	mutex_t mutex;
	list_t records, flocks, leases;
	wait_queue_head_t wait;
	u64 released; /* atomic: counts releases, so that waiting needs no mutex */
} file_locks_t;

/* The node's, made by the first who asks; NULL: no memory. They stay as long as the node. */
file_locks_t *locks_of(vfs_node_t *n);
/* locks->mutex is held for all three. */
void lock_add(list_t *list, file_lock_t *l);
void lock_unlink(file_lock_t *l);     /* the caller frees it */
void locks_released(file_locks_t *l); /* who waits looks again */

/* leases.c */
void lease_release(file_locks_t *locks, const file_t *f); /* the file goes */
void lease_show(seq_file_t *m,
		const file_lock_t *l); /* kind, state and type, as /proc/locks has them */

#endif
