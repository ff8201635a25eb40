/*
 * What the three kinds share: identifiers, keys, permissions.
 *
 * Lock order: address space > ids->lock > object->lock > sem_undo_list->lock. Only names are under ids->lock; who
 * has an identifier finds the object under RCU and takes the object's lock.
 */
#ifndef SYSV_INTERNAL_H
#define SYSV_INTERNAL_H

#include <fs/seq_file.h>
#include <ipc/sysv.h>
#include <kernel/lib/rbtree.h>
#include <kernel/lib/xarray.h>
#include <kernel/process.h>
#include <kernel/sync/mutex.h>
#include <uapi/errno.h>

#include "../waiter.h"

/* An identifier is a place in the table and, above it, a number that tells its users apart. */
#define IPC_INDEX_BITS 15
#define IPC_INDEX_LIMIT (1 << IPC_INDEX_BITS) /* most objects of a kind, whatever the limits say */
#define IPC_SEQ_LIMIT (1 << (31 - IPC_INDEX_BITS))

typedef struct ipc_object {
	spinlock_t lock;
	bool removed;	    /* lock: its identifier is gone, sleepers are told */
	int id;		    /* (c) once found by others */
	int key;	    /* ids->lock; IPC_PRIVATE: none */
	uid_t uid, cuid;    /* lock; creator's (c) */
	gid_t gid, cgid;    /* likewise */
	mode_t mode;	    /* lock: permissions and the kind's own flags */
	rb_node_t key_node; /* ids->lock */
	rcu_head_t rcu;
} ipc_object_t;

typedef struct ipc_ids {
	rwsem_t lock;	  /* objects come, go, and are found by key */
	xarray_t objects; /* lock to change, RCU to look: by index */
	rb_root_t keys;	  /* lock */
	u32 count;	  /* lock to change */
	int last_index;	  /* lock: -1 none yet */
	u32 seq;	  /* lock */
	int next_id;	  /* sysctl *_next_id: -1 none asked for */
} ipc_ids_t;

/* Limits are words that are read racily. */
typedef struct ipc_namespace {
	ipc_ids_t sem, msg, shm;
	int sem_limits[4]; /* kernel.sem: SEMMSL, SEMMNS, SEMOPM, SEMMNI */
	u32 used_sems;	   /* sem.lock */
	int msgmax, msgmnb, msgmni;
	atomic64_t msg_bytes, msg_count;
	u64 shmmax, shmall;
	int shmmni;
	u64 shm_rmid_forced; /* racy: segments go with their last area, or with who made them */
	u64 shm_pages;	     /* shm.lock */
} ipc_namespace_t;
enum { SEM_LIMIT_MSL, SEM_LIMIT_MNS, SEM_LIMIT_OPM, SEM_LIMIT_MNI };

extern ipc_namespace_t init_ipc;
static inline ipc_namespace_t *ipc_ns(void)
{
	return current_process()->ns->ipc;
}

/* ---- ids.c ---- */

void ipc_ids_init(ipc_ids_t *ids);
/*
 * The three *get calls: the object with the key, or a new one. exists checks a found one (ids->lock held): 0 or errno;
 * NULL: nothing to check. make, with ids->lock held exclusively, makes one and has it known by ipc_add. The id or errno.
 */
typedef struct ipc_get {
	ipc_ids_t *ids;
	int key, flags;
	size_t size;
	int (*exists)(ipc_object_t *o, const struct ipc_get *g);
	int (*make)(ipc_namespace_t *ns, const struct ipc_get *g);
} ipc_get_t;
long ipc_get_id(const ipc_get_t *g);
/* Gives the object its identifier: 0, -ENOSPC above `limit`, -ENOMEM. ids->lock held. */
int ipc_add(ipc_ids_t *ids, ipc_object_t *o, const ipc_get_t *g, int limit);
void ipc_remove(ipc_ids_t *ids, ipc_object_t *o);     /* the name goes; both locks held */
void ipc_forget_key(ipc_ids_t *ids, ipc_object_t *o); /* ids->lock held */
/* Under RCU: the object of an identifier, or of an index; or ERR_PTR(-EINVAL). */
ipc_object_t *ipc_find(const ipc_ids_t *ids, int id);
ipc_object_t *ipc_find_index(const ipc_ids_t *ids, int index);
int ipc_max_index(const ipc_ids_t *ids); /* used, 0 when there is none; ids->lock held */
/* access: S_IRUGO and kin, of which the caller's class is looked at. -EACCES */
int ipc_permission(const ipc_object_t *o, u32 access);
/* IPC_SET, IPC_RMID: -EPERM unless it is the caller's. */
int ipc_may_control(const ipc_object_t *o);
int ipc_set_perm(ipc_object_t *o, const struct ipc64_perm *p); /* lock held; -EINVAL */
void ipc_fill_perm(const ipc_object_t *o, struct ipc64_perm *p);
/* For IPC_STAT (id), *_STAT (index) and *_STAT_ANY: under RCU, permission checked; or ERR_PTR. */
ipc_object_t *ipc_find_stat(const ipc_ids_t *ids, int id, bool by_index, bool any);

/* Each object in the order of its index, referenced by ids->lock held shared: /proc/sysvipc. */
typedef struct ipc_show {
	ipc_ids_t *ids;
	const char *heading;
	void (*row)(seq_file_t *m, ipc_object_t *o);
} ipc_show_t;
int ipc_show(seq_file_t *m, void *arg); /* arg: const ipc_show_t * */

static inline s64 ipc_seconds(nsec_t t)
{
	return t / NSEC_PER_SEC;
}

/* sem.c, msg.c, shm.c: boot */
void sem_init(void);
void msg_init(void);
void shm_init(void);

#endif
