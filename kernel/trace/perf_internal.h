/* Performance events, shared by kernel/trace/perf_*.c. */
#ifndef KERNEL_TRACE_PERF_INTERNAL_H
#define KERNEL_TRACE_PERF_INTERNAL_H

#include <fs/vfs.h>
#include <kernel/perf.h>
#include <kernel/sync/rcu.h>
#include <kernel/sync/spinlock.h>
#include <kernel/sync/wait.h>
#include <kernel/thread.h>
#include <mm/page.h>
#include <uapi/perf_event.h>

/* Pages that the reader maps: the first says where writer and reader are, the others are the ring. */
typedef struct perf_ring {
	refcount_t refs; /* events that write to it */
	spinlock_t lock; /* interrupts off: head, lost, unseen */
	u64 head;
	u64 lost;	/* records that found no room since the last that did */
	u64 unseen;	/* bytes or samples since readers were woken */
	bool overwrite; /* (c) mapped read-only: the newest records replace the oldest */
	bool paused;	/* (a) what comes is lost */
	bool charged;	/* (c) counted among the pages that those without privilege may have */
	bool news;	/* (a) for poll: something since the last look */
	wait_queue_head_t wait;
	u32 pages;	/* (c) of the ring: a power of two */
	page_t *page[]; /* (c) pages + 1 */
} perf_ring_t;

/*
 * Field keys: (c) constant; (a) atomic; (l) lock; (g) the group_lock of the leader; (x) the lock of
 * the context of its link
 */
typedef struct perf_event {
	refcount_t refs;	     /* its file, its links */
	struct perf_event_attr attr; /* (c) */
	u64 id;			     /* (c) */
	int cpu;		     /* (c) -1: any */
	nsec_t period;		     /* (a) of samples by time; 0: none */
	bool enabled, closed;	     /* (a) */
	atomic64_t count, time;	     /* and how long it ran */
	atomic64_t since_sample;     /* of what is counted singly */
	atomic64_t lost;
	nsec_t enabled_at;    /* (l) CPU-wide events: their time runs on */
	u64 enabled_before;   /* (l) */
	spinlock_t lock;      /* interrupts off */
	perf_ring_t *ring;    /* (l) own reference */
	fasync_list_t fasync; /* signalled by each sample */
	atomic_t limit;	      /* samples until it disables itself; 0: no limit */
	bool cpu_wide;	      /* (c) */
	atomic_t links;	      /* threads that it applies to */
	const void *target;   /* (c) the thread that it was made for; only compared */
	struct pid *owner;    /* (c) the thread that made it, own reference */
	list_t owned;	      /* open_lock of perf_event.c: all whose files are open */

	struct perf_event *leader; /* written under (g); RCU; NULL: of no group but its own */
	spinlock_t group_lock;	   /* interrupts off; after contexts' locks, before events' */
	list_t members;		   /* (g) of a leader, without itself: by group_link */
	u32 member_count;	   /* (g) */
	bool group_sampled;	   /* (g) samples hold the counts of all: there are few then */
	list_t group_link;	   /* (g) */
	rcu_head_t rcu;
} perf_event_t;

/* What it returns stays valid for as long as the caller keeps interrupts off. */
static inline perf_event_t *perf_leader(perf_event_t *e)
{
	perf_event_t *leader = rcu_dereference(e->leader);

	return leader ? leader : e;
}

/* An event that applies to a thread, or to a CPU. */
typedef struct perf_link {
	list_t list;	     /* (x) */
	perf_event_t *event; /* (c) own reference */
	bool running;	     /* (x) counts since */
	nsec_t since;	     /* (x) */
	nsec_t next, left;   /* (x) of the next sample; while not running: how far it is */
} perf_link_t;

typedef struct perf_context {
	spinlock_t lock; /* interrupts off; before event and ring locks and those of wait queues */
	list_t links;	 /* lock */
} perf_context_t;

/* A sample's origin. frame NULL: the running thread's own state as it entered the kernel. */
typedef struct perf_place {
	const trap_frame_t *frame;
	unsigned long address;
	u64 period;
} perf_place_t;

/* perf_ring.c */
perf_ring_t *perf_ring_create(u32 pages, bool overwrite); /* or NULL; not charged yet */
void perf_ring_put(perf_ring_t *ring);			  /* any context */
/*
 * Words, and before the one at stack_at, where stack_len is not 0, so many bytes of the running program's memory as
 * can be read without a fault (the rest stays what it was) and the number of those.
 */
typedef struct perf_record {
	const u64 *words;
	size_t count, stack_at;
	unsigned long stack;
	size_t stack_len; /* in whole words */
} perf_record_t;

/* One whole record of e's; sample: wakeup_events counts it. False: no room. Any context but NMIs. */
bool perf_ring_write(perf_event_t *e, perf_ring_t *ring, const perf_record_t *record, bool sample);
perf_ring_t *perf_event_ring(perf_event_t *e); /* referenced, or NULL; any context */

/* perf_sample.c */
u64 perf_time(const perf_event_t *e);
void perf_sample(perf_event_t *e, const perf_place_t *place);
u64 perf_who(const thread_t *t); /* process and thread, as records have them */
size_t perf_id_fields(perf_event_t *e, u64 who, u64 *out); /* trailer of other records: words */
/* Records of a switch, interrupts off: for the events of t; for those of this CPU, once both threads are known. */
void perf_switched(thread_t *t, u16 misc);
void perf_cpu_switched(u64 from, u16 misc, thread_t *to);
#define PERF_ID_WORDS 6

/* perf_read.c */
/* What read(2) gives, in words: how many; more than max: nothing is written. Any context but NMIs. */
size_t perf_read_values(perf_event_t *e, u64 *out, size_t max);
ssize_t perf_read_iter(file_t *f, iter_t *it, off_t *pos);
#define PERF_READ_WORDS 6     /* enough for one event */
#define PERF_SAMPLED_GROUP 16 /* events of a group that samples hold */
#define PERF_SAMPLED_WORDS (3 + 3 * PERF_SAMPLED_GROUP)
/* Makes e one of the group of `leader`: -EINVAL where they do not fit together, -E2BIG. */
int perf_group_join(perf_event_t *e, perf_event_t *leader);
void perf_group_leave(perf_event_t *e); /* as its file is closed */
/* fn for the leader of e's group and all the others. */
void perf_group_each(perf_event_t *e, void (*fn)(perf_event_t *e));

/* perf_event.c */
void perf_enable_on_exec(void);
/* Nanoseconds between samples of a clock; 0: none. */
nsec_t perf_period(bool frequency, u64 value);
void perf_uncharge(const perf_ring_t *ring);
void perf_event_put(perf_event_t *e); /* any context */
void perf_set_enabled(perf_event_t *e,
		      bool on); /* any context but NMIs; perf_settle makes it exact */
extern int perf_max_stack, perf_paranoid;

/* perf_count.c */
void perf_count_init(void);
void perf_unlink_all(void);			    /* the running thread's */
int perf_link_thread(perf_event_t *e, thread_t *t); /* -ENOMEM, -ESRCH */
int perf_link_cpu(perf_event_t *e, u32 cpu);	    /* -ENOMEM */
void perf_unlink_cpu(perf_event_t *e, u32 cpu);
void perf_settle(void); /* brings what runs up to date on all CPUs; may sleep */
/* fn for each enabled event that concerns t's doings on this CPU; interrupts are off there. */
void perf_for_each(thread_t *t, void (*fn)(perf_event_t *e, const void *arg), const void *arg);
/* Something happened n times that e counts: the count, and a sample where one is due. */
void perf_happened(perf_event_t *e, u64 n, const perf_place_t *place);

#endif
