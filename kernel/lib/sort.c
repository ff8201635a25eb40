/*
 * Heapsort (Williams 1964): bounded time and no memory, which the kernel values above the last
 * factor of speed.
 */
#include <kernel/lib/sort.h>

typedef struct heap {
	u8 *base;
	size_t size;
	sort_compare_t compare;
	void *ctx;
} heap_t;

static void swap(const heap_t *h, size_t i, size_t j)
{
	u8 *a = h->base + i * h->size, *b = h->base + j * h->size;

	for (size_t n = h->size; n; n--, a++, b++) {
		u8 t = *a;

		*a = *b;
		*b = t;
	}
}

static bool less(const heap_t *h, size_t i, size_t j)
{
	return h->compare(h->base + i * h->size, h->base + j * h->size, h->ctx) < 0;
}

/* Element i sinks until no child among the first `count` is larger. */
static void sink(const heap_t *h, size_t i, size_t count)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= count)
			return;
		if (child + 1 < count && less(h, child, child + 1))
			child++;
		if (!less(h, i, child))
			return;
		swap(h, i, child);
		i = child;
	}
}

void sort(void *base, size_t count, size_t size, sort_compare_t compare, void *ctx)
{
	heap_t h = { .base = base, .size = size, .compare = compare, .ctx = ctx };

	for (size_t i = count / 2; i-- > 0;)
		sink(&h, i, count);
	for (size_t last = count; last-- > 1;) {
		swap(&h, 0, last);
		sink(&h, 0, last);
	}
}
