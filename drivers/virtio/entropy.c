/*
 * The entropy device (virtio 1.1 5.4): bytes of the host's random numbers are mixed into ours at boot and then every
 * minute. On a CPU without RDRAND there is little else that an onlooker could not guess.
 *
 * The queue's buffer is the interrupt's from the offer on, and the timer's from the end of the interrupt on.
 */
#include "virtio_internal.h"

#include <drivers/irq.h>
#include <drivers/random.h>
#include <kernel/lib/string.h>
#include <kernel/time/clock.h>
#include <kernel/time/timer.h>
#include <mm/slab.h>
#include <uapi/errno.h>

#define SEED_BYTES 64
#define SEED_INTERVAL (60 * NSEC_PER_SEC)

typedef struct entropy {
	virtio_device_t device;
	virtqueue_t requests;
	timer_t timer;
} entropy_t;

static irq_result_t entropy_interrupt(u32 irq, void *data)
{
	entropy_t *e = data;
	u32 len;

	if (!virtio_acknowledge(&e->device) || !virtqueue_take(&e->requests, &len))
		return IRQ_NONE;
	random_mix(e->requests.buffer, len);
	memset(e->requests.buffer, 0, len);
	mod_timer(&e->timer, (u64)(clock_monotonic() + SEED_INTERVAL));
	return IRQ_HANDLED;
}

static void ask(timer_t *timer, void *data)
{
	entropy_t *e = data;

	virtqueue_offer(&e->requests, SEED_BYTES);
}

__init int virtio_entropy_start(virtio_device_t *d)
{
	entropy_t *e = kzalloc(sizeof(*e), GFP_KERNEL);
	int r = -EIO;

	if (!e)
		return -ENOMEM;
	e->device = *d;
	timer_init(&e->timer, ask, e);
	if (!virtio_begin(&e->device))
		goto failed;
	r = virtqueue_init(&e->requests, &e->device, 0);
	if (!r)
		r = request_irq(d->irq, entropy_interrupt, IRQF_SHARED, e->device.name, e);
	if (r)
		goto failed;
	virtio_ready(&e->device);
	ask(&e->timer, e);
	return 0;
failed:
	virtio_give_up(&e->device);
	virtqueue_free(&e->requests);
	kfree(e);
	return r;
}
