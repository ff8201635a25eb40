/*
 * Byte rings of a power-of-two size. One producer and one consumer may run at the same time without
 * a lock (head and tail are published with release, read with acquire); more of either are
 * serialised by the caller.
 *
 *	ring_init(&r, buffer, 4096);
 *	n = ring_put(&r, data, len);		bytes taken: less than len when it is full
 *	n = ring_get(&r, out, size);		bytes given: 0 when it is empty
 */
#ifndef KERNEL_LIB_RING_H
#define KERNEL_LIB_RING_H

#include <kernel/compiler.h>

typedef struct ring {
	u8 *buffer;
	u32 size; /* power of two, at most 2^31 */
	u32 head; /* bytes ever put: producer */
	u32 tail; /* bytes ever taken: consumer */
} ring_t;

void ring_init(ring_t *ring, void *buffer, u32 size);
static inline u32 ring_used(const ring_t *ring)
{
	u32 tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);

	return __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) - tail;
}
static inline u32 ring_space(const ring_t *ring)
{
	return ring->size - ring_used(ring);
}
u32 ring_put(ring_t *ring, const void *data, u32 len);
u32 ring_get(ring_t *ring, void *out, u32 len);
u32 ring_peek(const ring_t *ring, void *out, u32 len); /* as ring_get, leaving the bytes */
u32 ring_skip(ring_t *ring, u32 len);
void ring_clear(ring_t *ring); /* consumer */

#endif
