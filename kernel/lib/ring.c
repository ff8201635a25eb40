/*
 * Byte rings. head and tail run freely through 2^32; their difference is what is stored, whatever
 * the wraps.
 */
#include <kernel/lib/ring.h>

#include <kernel/lib/string.h>

void ring_init(ring_t *ring, void *buffer, u32 size)
{
	ring->buffer = buffer;
	ring->size = size;
	ring->head = ring->tail = 0;
}

u32 ring_put(ring_t *ring, const void *data, u32 len)
{
	u32 head = ring->head, at = head & (ring->size - 1);
	u32 first;

	len = MIN(len, ring_space(ring));
	first = MIN(len, ring->size - at);
	memcpy(ring->buffer + at, data, first);
	memcpy(ring->buffer, (const u8 *)data + first, len - first);
	__atomic_store_n(&ring->head, head + len, __ATOMIC_RELEASE);
	return len;
}

u32 ring_peek(const ring_t *ring, void *out, u32 len)
{
	u32 at = ring->tail & (ring->size - 1);
	u32 first;

	len = MIN(len, ring_used(ring));
	first = MIN(len, ring->size - at);
	memcpy(out, ring->buffer + at, first);
	memcpy((u8 *)out + first, ring->buffer, len - first);
	return len;
}

u32 ring_skip(ring_t *ring, u32 len)
{
	len = MIN(len, ring_used(ring));
	__atomic_store_n(&ring->tail, ring->tail + len, __ATOMIC_RELEASE);
	return len;
}

u32 ring_get(ring_t *ring, void *out, u32 len)
{
	return ring_skip(ring, ring_peek(ring, out, len));
}

void ring_clear(ring_t *ring)
{
	ring_skip(ring, ring->size);
}
