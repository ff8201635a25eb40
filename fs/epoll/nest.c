/*
 * Epoll instances that watch each other.
 *
 * The graph "watches" must have no cycle and chains of a bounded length, as a wake-up runs along it
 * with locks held; and the ways that a wake-up can take upwards from one file are limited in number
 * (limits as Linux's). Edges between instances are made under epoll_nest_mutex only; they may go at
 * any time. Downwards one goes with each instance's lock held, upwards with each file's watches_lock.
 */
#include "epoll_internal.h"

/* An instance may stand above, or below, at most so many others. */
#define NESTS_MAX 4

mutex_t epoll_nest_mutex = MUTEX_INIT(epoll_nest_mutex);

static u64 rounds; /* epoll_nest_mutex */

/* How many instances the longest chain below ep has, or -ELOOP when `avoid` is among them. */
static int height_below(epoll_t *ep, const epoll_t *avoid, int depth)
{
	int height = 0;

	if (ep == avoid || depth > NESTS_MAX)
		return -ELOOP;
	if (ep->check_round == rounds)
		return ep->check_height;
	mutex_lock_nested(&ep->lock);
	for (rb_node_t *n = rb_first(&ep->items); n; n = rb_next(n)) {
		file_t *f = rb_entry(n, epoll_item_t, node)->file;
		int h;

		if (!file_is_epoll(f))
			continue;
		h = height_below(f->private_data, avoid, depth + 1);
		if (h < 0) {
			height = h;
			break;
		}
		height = MAX(height, h + 1);
	}
	mutex_unlock(&ep->lock);
	ep->check_round = rounds;
	ep->check_height = height;
	return height;
}

/* How many instances the longest chain above the file of an instance has. */
static int height_above(file_t *f, int depth)
{
	epoll_item_t *item;
	int height = 0;

	if (depth > NESTS_MAX)
		return depth;
	spin_lock_nested(&f->watches_lock);
	hlist_for_each_entry(item, &f->watches, watch_link)
		if (!item->dying)
			height = MAX(height, 1 + height_above(item->ep->file, depth + 1));
	spin_unlock(&f->watches_lock);
	return height;
}

int epoll_check_nest(epoll_t *ep, file_t *target)
{
	int below;

	assert_held(&epoll_nest_mutex);
	rounds++;
	below = height_below(target->private_data, ep, 0);
	if (below < 0)
		return below;
	return below + 1 + height_above(ep->file, 0) > NESTS_MAX ? -ELOOP : 0;
}

/* Ways that end after so many instances; one instance is always allowed. */
static const u32 path_limits[NESTS_MAX + 1] = { UINT32_MAX, 500, 100, 50, 10 };

static int count_paths(file_t *f, u32 depth, u32 *counts)
{
	epoll_item_t *item;
	int r = 0;

	if (depth > NESTS_MAX)
		return -EINVAL;
	spin_lock_nested(&f->watches_lock);
	hlist_for_each_entry(item, &f->watches, watch_link) {
		if (item->dying)
			continue;
		if (!hlist_empty(&item->ep->file->watches))
			r = count_paths(item->ep->file, depth + 1, counts);
		else if (++counts[depth] > path_limits[depth])
			r = -EINVAL;
		if (r)
			break;
	}
	spin_unlock(&f->watches_lock);
	return r;
}

/* From every file below that is not an instance itself. */
static int check_leaves(file_t *f)
{
	u32 counts[NESTS_MAX + 1] = { 0 };
	epoll_t *ep = f->private_data;
	int r = 0;

	if (!file_is_epoll(f))
		return count_paths(f, 0, counts);
	if (ep->check_round == rounds)
		return 0;
	ep->check_round = rounds;
	mutex_lock_nested(&ep->lock);
	for (rb_node_t *n = rb_first(&ep->items); n && !r; n = rb_next(n))
		r = check_leaves(rb_entry(n, epoll_item_t, node)->file);
	mutex_unlock(&ep->lock);
	return r;
}

int epoll_check_paths(file_t *target)
{
	assert_held(&epoll_nest_mutex);
	rounds++;
	return check_leaves(target);
}
