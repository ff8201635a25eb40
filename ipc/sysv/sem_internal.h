/*
 * Semaphore sets, shared by sem.c, semctl.c and undo.c.
 */
#ifndef SEM_INTERNAL_H
#define SEM_INTERNAL_H

#include "sysv_internal.h"

/* All by the set's lock. A list per semaphore, so that only those are looked at whom a change concerns. */
typedef struct sem {
	int value;
	pid_t pid;	/* who changed it last: sempid */
	list_t alter;	/* waiters whose request stops here for more, in order of arrival */
	list_t zero;	/* waiters whose request stops here for zero */
	list_t changed; /* in the list of those whose waiters are to be looked at; else empty */
} sem_t;

typedef struct sem_set {
	ipc_object_t ipc;
	u32 nr;		     /* (c) */
	sem_t *sems;	     /* nr */
	nsec_t otime, ctime; /* lock */
	list_t undos;	     /* lock: by set_link */
} sem_set_t;

/* What the exit of a process gives back to one set. */
typedef struct sem_undo {
	list_t set_link;	    /* set's lock: set->undos */
	rb_node_t node;		    /* list->lock: in list->undos */
	sem_set_t *set;		    /* (c) while it is in the list */
	int id;			    /* (c) of the set */
	struct sem_undo_list *list; /* (c) */
	s16 adjust[];		    /* set's lock: one a semaphore */
} sem_undo_t;

/* Of a process, or of all that share them (CLONE_SYSVSEM). */
typedef struct sem_undo_list {
	refcount_t refs;
	spinlock_t lock;
	rb_root_t undos; /* lock: by id */
} sem_undo_list_t;

static inline sem_set_t *sem_set_of(ipc_object_t *o)
{
	return container_of(o, sem_set_t, ipc);
}

/* ---- sem.c; set locked, under RCU ---- */

/* A semaphore was raised (or may have been) or lowered: notes it in `changed` if somebody waits for that. */
void sem_note_change(sem_t *sem, bool raised, list_t *changed);
/* Serves the waiters of all that were noted. */
void sem_serve(sem_set_t *set, list_t *changed);
/* Everybody who sleeps gets the status. */
void sem_wake_all(sem_set_t *set, int status);
/* Sleepers whose request stops at the semaphore: GETNCNT, GETZCNT. */
u32 sem_count_waiters(const sem_t *sem, bool zero);

/* ---- undo.c ---- */

/* current's for the set, made from *spare (which becomes NULL) if need be; NULL: there is none and no spare. */
sem_undo_t *sem_undo_find(sem_set_t *set, sem_undo_t **spare);
sem_undo_t *sem_undo_alloc(u32 nr);   /* NULL: no memory; kfree */
int sem_undo_prepare(void);	      /* current has a list: 0 or -ENOMEM */
void sem_undo_forget(sem_set_t *set); /* the set goes; set locked */

#endif
