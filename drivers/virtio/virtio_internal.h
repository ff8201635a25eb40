/*
 * Virtio devices over memory-mapped registers, and their queues ("Virtual I/O Device (VIRTIO) Version 1.1",
 * OASIS, 2019: 3.1 starting a device, 2.6 split queues, 4.2 registers in memory).
 *
 * A driver starts its device so:
 *
 *	virtio_begin(d);		reset, and nothing that is optional
 *	virtqueue_init(&q, d, 0);
 *	request_irq(d->irq, ...);
 *	virtio_ready(d);
 *	virtqueue_offer(&q, len);	the device may write so many bytes into q.buffer, and interrupts when it has
 */
#ifndef VIRTIO_INTERNAL_H
#define VIRTIO_INTERNAL_H

#include <kernel/compiler.h>
#include <kernel/types.h>

typedef struct virtio_device {
	void __iomem *registers;
	u32 irq;
	bool legacy;   /* a device of before version 1 (4.2.4) */
	char name[24]; /* virtio-mmio.N */
} virtio_device_t;

#define VIRTIO_ID_ENTROPY 4 /* 5: device types */

/* False: the device does not agree. */
bool virtio_begin(virtio_device_t *d);
void virtio_ready(virtio_device_t *d);
void virtio_give_up(virtio_device_t *d); /* resets it: it no longer touches memory */
/* Acknowledges what the device interrupts for: true if it has used a buffer. Any context. */
bool virtio_acknowledge(virtio_device_t *d);

/*
 * A queue with a buffer of its own, which is offered to the device whole and one at a time; no lock: it belongs in
 * turn to whoever offers it and to the interrupt that takes it back.
 */
typedef struct virtqueue {
	virtio_device_t *device;
	u32 index;
	struct virtqueue_page *page; /* shared with the device */
	u8 *buffer;
	u16 used; /* buffers taken back, modulo 65,536 */
} virtqueue_t;

#define VIRTQUEUE_BUFFER 2048 /* bytes */

/* 0, -ENOMEM, or -ENODEV where the device has no such queue. Boot. */
int virtqueue_init(virtqueue_t *q, virtio_device_t *d, u32 index);
void virtqueue_free(
	virtqueue_t *q); /* of a device that was given up, or a queue that was never made */
/* The device may write up to len bytes. Any context. */
void virtqueue_offer(virtqueue_t *q, u32 len);
/* False: it has not come back. True: the device says that it wrote *len bytes (at most VIRTQUEUE_BUFFER). */
bool virtqueue_take(virtqueue_t *q, u32 *len);

/* ---- drivers: 0, or why not; boot; the device stays where it is when 0 ---- */

int virtio_entropy_start(virtio_device_t *d);

#endif
