/*
 * Splicing: data go into pipes, out of them and from one to another as references to pages.
 *
 * What comes from a file's page cache or from a program's memory is not copied into the pipe: who
 * reads the pipe sees what is in the page then (splice(2), vmsplice(2)). What goes into a file is
 * copied there, once.
 *
 * Locking. The pipe's lock is held while the file is read or written, so that several splices do
 * not mix their data. Two pipes are locked in the order of their addresses, and never one while
 * waiting for the other.
 */
#include "pipe_internal.h"

#include <fs/poll.h>
#include <kernel/thread.h>
#include <mm/space.h>
#include <uapi/errno.h>
#include <uapi/splice.h>

#define BATCH 16

/* ---- file to pipe ---- */

static ssize_t fill_from_file(pipe_t *p, file_t *in, off_t *pos, size_t len)
{
	ssize_t total = 0;

	while (len && !pipe_full(p)) {
		page_vec_t vec[BATCH];
		u32 n = MIN(p->size - (p->head - p->tail), (u32)BATCH), want = n;
		ssize_t r = file_read_pages(in, pos, vec, &n, len);

		if (r <= 0)
			return total ? total : r;
		for (u32 i = 0; i < n; i++)
			pipe_push(p, (pipe_slot_t){ vec[i].page, vec[i].offset, vec[i].len, 0 });
		total += r;
		len -= (size_t)r;
		/* What waits for its data has given what there was. */
		if (n < want || !S_ISREG(in->node->mode))
			break;
	}
	return total;
}

static ssize_t file_to_pipe(file_t *in, off_t *pos, pipe_t *p, size_t len, bool may_wait)
{
	pipe_visit_t v = { 0 };
	ssize_t r;

	mutex_lock(&p->lock);
	r = pipe_await_room(p, may_wait, &v);
	if (!r)
		r = fill_from_file(p, in, pos, len);
	pipe_write_done(p, &v, r > 0);
	return r;
}

/* ---- pipe to file ---- */

static ssize_t empty_into_file(pipe_t *p, file_t *out, off_t *pos, size_t len)
{
	ssize_t total = 0, r = 0;

	while (len && !pipe_empty(p)) {
		page_vec_t vec[BATCH];
		size_t bytes = 0;
		iter_t it;
		u32 n = 0;

		for (u32 i = p->tail; i != p->head && n < BATCH && bytes < len; i++) {
			pipe_slot_t *s = slot_at(p, i);
			u32 step = (u32)MIN((size_t)s->len, len - bytes);

			vec[n++] = (page_vec_t){ s->page, s->offset, step };
			bytes += step;
		}
		iter_pages(&it, false, vec, n, bytes);
		r = file_write_iter(out, &it, pos);
		if (r <= 0)
			break;
		pipe_consume(p, (size_t)r);
		total += r;
		len -= (size_t)r;
		if ((size_t)r < bytes)
			break;
	}
	return total ? total : r;
}

static ssize_t pipe_to_file(pipe_t *p, file_t *out, off_t *pos, size_t len, bool may_wait)
{
	pipe_visit_t v = { 0 };
	ssize_t r;

	mutex_lock(&p->lock);
	r = pipe_await_data(p, may_wait, &v);
	if (!r)
		r = empty_into_file(p, out, pos, len);
	else if (r > 0)
		r = 0; /* the end */
	pipe_read_done(p, &v);
	return r;
}

/* ---- pipe to pipe ---- */

static void lock_both(pipe_t *a, pipe_t *b)
{
	pipe_t *first = a < b ? a : b, *second = a < b ? b : a;

	mutex_lock(&first->lock);
	mutex_lock_nested(&second->lock);
}

/* Slots go over as they are, or are shared; the last one perhaps in part. Both locked. */
static ssize_t transfer_slots(pipe_t *in, pipe_t *out, size_t len, bool move)
{
	ssize_t total = 0;

	for (u32 i = in->tail; len && i != in->head && !pipe_full(out); i++) {
		pipe_slot_t slot = *slot_at(in, i);
		bool whole = slot.len <= len;

		slot.len = (u32)MIN((size_t)slot.len, len);
		len -= slot.len;
		total += slot.len;
		if (move && whole) {
			in->tail++;
			pipe_push(out, slot);
			continue;
		}
		/* Shared: nobody may append to the page through this slot. */
		page_get(slot.page);
		slot.flags &= ~SLOT_OWN;
		pipe_push(out, slot);
		if (move)
			pipe_consume(in, slot.len);
	}
	return total;
}

static ssize_t await_data(pipe_t *p, bool may_wait, pipe_visit_t *v)
{
	ssize_t r;

	mutex_lock(&p->lock);
	r = pipe_await_data(p, may_wait, v);
	mutex_unlock(&p->lock);
	/* The wake-up was for one of several, and this may wait for room now: others may read first. */
	if (v->slept)
		wake_up_key(&p->read_wait, 1, POLLIN | POLLRDNORM);
	return r;
}

static ssize_t await_room(pipe_t *p, bool may_wait, pipe_visit_t *v)
{
	ssize_t r;

	mutex_lock(&p->lock);
	r = pipe_await_room(p, may_wait, v);
	mutex_unlock(&p->lock);
	return r;
}

static ssize_t pipe_to_pipe(pipe_t *in, pipe_t *out, size_t len, bool may_wait, bool move)
{
	pipe_visit_t reading = { 0 }, writing = { 0 };
	ssize_t r;

	do {
		r = await_data(in, may_wait, &reading);
		if (!r)
			r = await_room(out, may_wait, &writing);
		lock_both(in, out);
		if (!r) {
			reading.edge |= pipe_full(in);
			writing.edge |= pipe_empty(out);
			/* The reader may have gone, and the data too, before both were locked. */
			if (out->readers)
				r = transfer_slots(in, out, len, move);
			if (!r)
				r = -EAGAIN;
			else if (!move)
				reading.edge = false;
		} else if (r > 0) {
			r = 0; /* the end of `in` */
		}
		pipe_write_done(out, &writing, r > 0);
		pipe_read_done(in, &reading);
	} while (r == -EAGAIN && may_wait);
	return r;
}

/* ---- the calls ---- */

static ssize_t check_ends(file_t *in, file_t *out)
{
	return (in->mode & FMODE_READ) && (out->mode & FMODE_WRITE) ? 0 : -EBADF;
}

ssize_t splice_files(file_t *in, off_t *in_pos, file_t *out, off_t *out_pos, size_t len, u32 flags)
{
	pipe_t *from = file_pipe(in), *to = file_pipe(out);
	bool may_wait = !(flags & SPLICE_F_NONBLOCK);
	ssize_t r = check_ends(in, out);
	off_t none = 0;

	if (r)
		return r;
	len = MIN(len, MAX_RW_COUNT);
	if (from && to) {
		if (from == to)
			return -EINVAL;
		may_wait = may_wait && !((in->flags | out->flags) & O_NONBLOCK);
		return pipe_to_pipe(from, to, len, may_wait, true);
	}
	if (from) {
		if ((out_pos && !(out->mode & FMODE_PWRITE)) || (out->flags & O_APPEND) ||
		    !file_can_splice(out) || !out->ops->write_iter)
			return -EINVAL;
		if (out->mode & FMODE_STREAM)
			out_pos = &none;
		return pipe_to_file(from, out, out_pos, len, may_wait && !(in->flags & O_NONBLOCK));
	}
	if (!to || (in_pos && !(in->mode & FMODE_PREAD)))
		return -EINVAL;
	if (in->mode & FMODE_STREAM)
		in_pos = &none;
	return file_to_pipe(in, in_pos ? in_pos : &in->pos, to, len,
			    may_wait && !(out->flags & O_NONBLOCK));
}

ssize_t tee_pipes(file_t *in, file_t *out, size_t len, u32 flags)
{
	pipe_t *from = file_pipe(in), *to = file_pipe(out);
	bool may_wait = !(flags & SPLICE_F_NONBLOCK) && !((in->flags | out->flags) & O_NONBLOCK);
	ssize_t r = check_ends(in, out);

	if (r)
		return r;
	if (!from || !to || from == to)
		return -EINVAL;
	return pipe_to_pipe(from, to, len, may_wait, false);
}

/* ---- user memory ---- */

static ssize_t fill_from_user(pipe_t *p, iter_t *it)
{
	vm_space_t *space = current()->space;
	ssize_t total = 0;
	void __user *at;
	size_t span;

	while (!pipe_full(p) && (span = iter_user_span(it, &at))) {
		u32 offset = (u32)((unsigned long)at & (PAGE_SIZE - 1));
		u32 len = (u32)MIN(span, PAGE_SIZE - offset);
		page_t *page = vm_lookup_page(space, (unsigned long)at, false, false);

		if (IS_ERR(page))
			return total ? total : PTR_ERR(page);
		pipe_push(p, (pipe_slot_t){ page, offset, len, 0 });
		iter_advance(it, len);
		total += len;
	}
	return total;
}

ssize_t splice_user(file_t *f, iter_t *it, u32 flags)
{
	bool may_wait = !(flags & SPLICE_F_NONBLOCK);
	pipe_t *p = file_pipe(f);
	pipe_visit_t v = { 0 };
	ssize_t r;

	if (!p)
		return -EBADF;
	if (!it->count)
		return 0;
	mutex_lock(&p->lock);
	if (it->to_iter) {
		r = pipe_read_locked(p, it, may_wait, &v);
		pipe_read_done(p, &v);
		return r;
	}
	r = pipe_await_room(p, may_wait, &v);
	if (!r)
		r = fill_from_user(p, it);
	pipe_write_done(p, &v, r > 0);
	return r;
}
