/*
 * Waiting for several files: the core of poll(2) and select(2).
 *
 * The first pass asks each file and queues an entry on every wait queue the file names; if
 * something is ready, nothing is queued any further. Then the thread sleeps until an entry's
 * callback marks it as woken, and asks again without queueing. The first few entries live in the
 * waiter, on the stack; more of them in pages.
 */
#include <fs/poll.h>

#include "vfs_internal.h"

#include <kernel/time/clock.h>
#include <mm/page.h>
#include <uapi/poll.h>

#define ENTRIES_INLINE 8

typedef struct poll_entry {
	wait_queue_entry_t wait;
	wait_queue_head_t *queue;
	file_t *file; /* reference: keeps the queue alive */
	u32 events;
	struct poll_waiter *waiter;
} poll_entry_t;

typedef struct poll_page {
	struct poll_page *next;
	u32 used;
	poll_entry_t entries[];
} poll_page_t;
#define ENTRIES_OF_PAGE ((PAGE_SIZE - sizeof(poll_page_t)) / sizeof(poll_entry_t))

typedef struct poll_waiter {
	poll_table_t table;
	thread_t *thread;
	bool woken; /* atomic: since the last pass */
	int error;
	u32 used;
	poll_entry_t entries[ENTRIES_INLINE];
	poll_page_t *pages;
} poll_waiter_t;

u32 always_poll(file_t *f, poll_table_t *pt)
{
	return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
}

u32 file_poll(file_t *f, poll_table_t *pt)
{
	return f->ops->poll ? f->ops->poll(f, pt) : always_poll(f, pt);
}

static bool poll_wake(wait_queue_entry_t *wait, u64 key)
{
	poll_entry_t *e = container_of(wait, poll_entry_t, wait);

	if (key && !(key & e->events))
		return false;
	__atomic_store_n(&e->waiter->woken, true, __ATOMIC_SEQ_CST);
	return wake_up_thread(e->waiter->thread, THREAD_INTERRUPTIBLE);
}

static poll_entry_t *new_entry(poll_waiter_t *w)
{
	poll_page_t *p = w->pages;

	if (w->used < ENTRIES_INLINE)
		return &w->entries[w->used++];
	if (!p || p->used == ENTRIES_OF_PAGE) {
		page_t *page = alloc_pages_gfp(GFP_KERNEL, 0);

		if (!page) {
			w->error = -ENOMEM;
			return NULL;
		}
		p = page_to_virt(page);
		*p = (poll_page_t){ .next = w->pages };
		w->pages = p;
	}
	return &p->entries[p->used++];
}

static void queue_entry(file_t *f, wait_queue_head_t *queue, poll_table_t *table)
{
	poll_waiter_t *w = container_of(table, poll_waiter_t, table);
	poll_entry_t *e = new_entry(w);

	if (!e)
		return;
	file_get(f);
	*e = (poll_entry_t){
		.queue = queue, .file = f, .events = table->events | POLLERR | POLLHUP, .waiter = w
	};
	init_wait_callback(&e->wait, poll_wake);
	add_wait_queue(queue, &e->wait);
}

static void waiter_begin(poll_waiter_t *w)
{
	w->table = (poll_table_t){ .queue = queue_entry };
	w->thread = current();
	w->woken = false;
	w->error = 0;
	w->used = 0;
	w->pages = NULL;
}

static void drop_entry(poll_entry_t *e)
{
	remove_wait_queue(e->queue, &e->wait);
	file_put(e->file);
}

static void waiter_end(poll_waiter_t *w)
{
	while (w->used)
		drop_entry(&w->entries[--w->used]);
	while (w->pages) {
		poll_page_t *p = w->pages;

		while (p->used)
			drop_entry(&p->entries[--p->used]);
		w->pages = p->next;
		free_pages(virt_to_page(p), 0);
	}
}

/* Between two passes. 0: look again; 1: the time is over; -EINTR: a signal. */
static int waiter_sleep(poll_waiter_t *w, nsec_t deadline)
{
	bool late = false;

	set_current_state(THREAD_INTERRUPTIBLE);
	if (signal_pending(current())) {
		set_current_state(THREAD_RUNNING);
		return -EINTR;
	}
	if (!__atomic_load_n(&w->woken, __ATOMIC_SEQ_CST))
		late = schedule_deadline(deadline);
	set_current_state(THREAD_RUNNING);
	__atomic_store_n(&w->woken, false, __ATOMIC_SEQ_CST);
	return late;
}

/*
 * Passes until fn finds something, the time is over (0) or a signal comes (-EINTR). deadline 0: one
 * pass.
 */
static int wait_ready(int (*pass)(poll_waiter_t *w, void *arg), void *arg, nsec_t deadline)
{
	poll_waiter_t w;
	bool late = !deadline;
	int r;

	waiter_begin(&w);
	if (late)
		w.table.queue = NULL;
	for (;;) {
		r = pass(&w, arg);
		w.table.queue = NULL;
		if (r || late)
			break;
		r = w.error;
		if (r)
			break;
		r = waiter_sleep(&w, deadline);
		if (r < 0)
			break;
		late = r > 0;
	}
	/* A signal is only reported when there is nothing else to report. */
	if (!r && deadline && signal_pending(current()))
		r = -EINTR;
	waiter_end(&w);
	return r;
}

/* ---- poll ---- */

typedef struct poll_args {
	struct pollfd *fds;
	u32 count;
} poll_args_t;

static u32 poll_one(poll_waiter_t *w, int fd, u32 events)
{
	fd_light_t l;
	u32 mask;

	if (fd < 0)
		return 0;
	l = fd_get_light(fd);
	if (!l.file)
		return POLLNVAL;
	w->table.events = events;
	mask = file_poll(l.file, &w->table) & (events | POLLERR | POLLHUP);
	fd_put_light(l);
	return mask;
}

static int poll_pass(poll_waiter_t *w, void *arg)
{
	poll_args_t *a = arg;
	int ready = 0;

	for (u32 i = 0; i < a->count; i++) {
		struct pollfd *p = &a->fds[i];

		p->revents = (int16_t)poll_one(w, p->fd, (u16)p->events);
		if (p->revents) {
			ready++;
			w->table.queue = NULL; /* it will not come to sleeping */
		}
	}
	return ready;
}

int poll_files(struct pollfd *fds, u32 count, nsec_t deadline)
{
	poll_args_t a = { fds, count };

	return wait_ready(poll_pass, &a, deadline);
}

/* ---- select ---- */

#define SELECT_IN (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR | POLLNVAL)
#define SELECT_OUT (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR | POLLNVAL)
#define SELECT_EX (POLLPRI | POLLNVAL)

/* An event that two sets share counts in those that have the descriptor: in how many of them. */
static __noinline int note_ready(select_sets_t *s, u32 word, unsigned long bit, u32 mask)
{
	int ready = 0;

	if ((mask & SELECT_IN) && (s->in[word] & bit)) {
		s->ready_in[word] |= bit;
		ready++;
	}
	if ((mask & SELECT_OUT) && (s->out[word] & bit)) {
		s->ready_out[word] |= bit;
		ready++;
	}
	if ((mask & SELECT_EX) && (s->ex[word] & bit)) {
		s->ready_ex[word] |= bit;
		ready++;
	}
	return ready;
}

/*
 * The descriptors of one word of the sets: how many are ready, or -EBADF. What stands for a place
 * only (O_PATH), or was closed meanwhile, is ready: whoever tries it learns at once.
 */
static int select_word(poll_waiter_t *w, select_sets_t *s, u32 word)
{
	unsigned long in = s->in[word], out = s->out[word], ex = s->ex[word];
	unsigned long left = in | out | ex;
	u32 first = word * 64;
	int ready = 0;

	s->ready_in[word] = s->ready_out[word] = s->ready_ex[word] = 0;
	if (s->count - first < 64)
		left &= (1UL << (s->count - first)) - 1;
	for (; left; left &= left - 1) {
		unsigned long bit = left & -left;
		fd_light_t l = fd_get_light_raw((int)first + __builtin_ctzl(left));
		u32 mask = POLLNVAL;

		if (unlikely(!l.file) && !s->looked)
			return -EBADF;
		w->table.events = (in & bit ? SELECT_IN : 0) | (out & bit ? SELECT_OUT : 0) |
				  (ex & bit ? SELECT_EX : 0);
		if (likely(l.file)) {
			if (likely(!(l.file->mode & FMODE_PATH)))
				mask = file_poll(l.file, &w->table);
			fd_put_light(l);
		}
		mask &= w->table.events;
		if (unlikely(mask)) {
			ready += note_ready(s, word, bit, mask);
			w->table.queue = NULL; /* it will not come to sleeping */
		}
	}
	return ready;
}

static int select_pass(poll_waiter_t *w, void *arg)
{
	select_sets_t *s = arg;
	int ready = 0;

	for (u32 word = 0; word < s->words; word++) {
		int r = select_word(w, s, word);

		if (r < 0)
			return r;
		ready += r;
	}
	s->looked = true;
	return ready;
}

int select_files(select_sets_t *s, nsec_t deadline)
{
	return wait_ready(select_pass, s, deadline);
}
