/*
 * What the files of fs/epoll share.
 */
#ifndef FS_EPOLL_INTERNAL_H
#define FS_EPOLL_INTERNAL_H

#include <fs/epoll.h>
#include <fs/poll.h>

/* (m) ep->lock; (r) ep->ready_lock; (f) file->lock; (c) constant */
typedef struct epoll {
	mutex_t lock;
	refcount_t refs; /* its file's, and one for each item */
	rb_root_t items; /* (m) by (file, fd) */
	file_t *file;	 /* (c) its own; no reference */
	user_t *user;	 /* (c) whose items are counted; own reference */

	spinlock_t ready_lock;	   /* taken with interrupts off */
	list_t ready;		   /* (r) */
	bool harvesting;	   /* (r) written: part of `ready` is in a thread's hands */
	wait_queue_head_t wait;	   /* epoll_wait(2) */
	wait_queue_head_t pollers; /* who watches the set itself */

	u64 check_round; /* epoll_nest_mutex: the check that looked here last, and what it found */
	int check_height;
} epoll_t;

/* An item's place on one wait queue of its file. */
typedef struct epoll_entry {
	wait_queue_entry_t wait;
	wait_queue_head_t
		*queue; /* NULL once the queue went away before the file: WAKE_QUEUE_ENDS */
	struct epoll_item *item;
	struct epoll_entry *next;
} epoll_entry_t;

typedef struct epoll_item {
	rb_node_t node; /* (m) */
	file_t *file;	/* (c) valid while it is in file->watches; no reference */
	int fd;
	u32 events;		 /* (m) written; EPOLL* */
	u64 data;		 /* (m) */
	epoll_t *ep;		 /* (c) own reference */
	list_t ready_link;	 /* (r) */
	hlist_node_t watch_link; /* (f) */
	bool dying;		 /* (f) the file is going and takes the item along */
	bool failed;		 /* (m) no memory for an entry */
	u32 entries;		 /* (m) how many, `first` included */
	epoll_entry_t first;
} epoll_item_t;

/* nest.c: one instance watched by another */
extern mutex_t epoll_nest_mutex;
/*
 * May ep watch target? With epoll_nest_mutex, which alone keeps the graph still: 0, -ELOOP for a
 * cycle or too deep a nest.
 */
int epoll_check_nest(epoll_t *ep, file_t *target);
/* With the mutex and the item in place: -EINVAL when a wake-up would spread too far. */
int epoll_check_paths(file_t *target);

#endif
