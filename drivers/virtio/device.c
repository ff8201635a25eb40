/*
 * Virtio devices and queues over memory-mapped registers; see virtio_internal.h.
 */
#include "virtio_internal.h"

#include <arch/io.h>
#include <arch/mmu.h>
#include <kernel/atomic.h>
#include <kernel/lib/string.h>
#include <mm/page.h>
#include <uapi/errno.h>

/* Virtio 1.1 4.2.2, and 4.2.4 for those marked legacy. */
#define REG_DRIVER_FEATURES 0x020
#define REG_DEVICE_FEATURES 0x010
#define REG_DEVICE_FEATURES_SELECT 0x014
#define REG_DRIVER_FEATURES_SELECT 0x024
#define REG_PAGE_SIZE 0x028 /* legacy */
#define REG_QUEUE_SELECT 0x030
#define REG_QUEUE_MOST 0x034
#define REG_QUEUE_SIZE 0x038
#define REG_QUEUE_ALIGN 0x03c /* legacy */
#define REG_QUEUE_PAGE 0x040  /* legacy */
#define REG_QUEUE_READY 0x044
#define REG_QUEUE_NOTIFY 0x050
#define REG_INTERRUPT_STATUS 0x060
#define REG_INTERRUPT_ACKNOWLEDGE 0x064
#define REG_STATUS 0x070
#define REG_QUEUE_DESCRIPTORS 0x080 /* low half, then high; so the next two */
#define REG_QUEUE_DRIVER 0x090
#define REG_QUEUE_DEVICE 0x0a0

/* 2.1: device status. */
#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER 2u
#define STATUS_DRIVER_OK 4u
#define STATUS_FEATURES_OK 8u
#define STATUS_FAILED 128u

#define FEATURE_VERSION_1_WORD 1 /* bit 32 */
#define FEATURE_VERSION_1 1u
#define INTERRUPT_USED_BUFFER 1u
#define DESCRIPTOR_WRITE 2u /* 2.6.5: the device writes */

#define QUEUE_SIZE 8

/* 2.6: the parts of a split queue, as legacy devices expect them, behind each other. */
typedef struct virtqueue_page {
	struct {
		u64 address;
		u32 len;
		u16 flags;
		u16 next;
	} descriptors[QUEUE_SIZE];
	struct {
		u16 flags;
		u16 index;
		u16 ring[QUEUE_SIZE];
	} available;
	struct {
		u16 flags;
		u16 index;
		struct {
			u32 id;
			u32 len;
		} ring[QUEUE_SIZE];
	} used __aligned(256);
	u8 buffer[VIRTQUEUE_BUFFER] __aligned(VIRTQUEUE_BUFFER);
} virtqueue_page_t;
_Static_assert(sizeof(virtqueue_page_t) == PAGE_SIZE, "a queue and its buffer take a page");

static u32 get(const virtio_device_t *d, u32 reg)
{
	return mmio_read32((const u8 __iomem *)d->registers + reg);
}

static void set(virtio_device_t *d, u32 reg, u32 value)
{
	mmio_write32((u8 __iomem *)d->registers + reg, value);
}

static void set_address(virtio_device_t *d, u32 reg, phys_addr_t address)
{
	set(d, reg, (u32)address);
	set(d, reg + sizeof(u32), (u32)(address >> 32));
}

__init void virtio_give_up(virtio_device_t *d)
{
	set(d, REG_STATUS, 0);
	set(d, REG_STATUS, STATUS_FAILED);
}

__init bool virtio_begin(virtio_device_t *d)
{
	set(d, REG_STATUS, 0);
	set(d, REG_STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
	set(d, REG_DRIVER_FEATURES_SELECT, 0);
	set(d, REG_DRIVER_FEATURES, 0);
	if (d->legacy) {
		set(d, REG_PAGE_SIZE, PAGE_SIZE);
		return true;
	}
	set(d, REG_DEVICE_FEATURES_SELECT, FEATURE_VERSION_1_WORD);
	set(d, REG_DRIVER_FEATURES_SELECT, FEATURE_VERSION_1_WORD);
	set(d, REG_DRIVER_FEATURES, get(d, REG_DEVICE_FEATURES) & FEATURE_VERSION_1);
	set(d, REG_STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
	return get(d, REG_STATUS) & STATUS_FEATURES_OK;
}

__init void virtio_ready(virtio_device_t *d)
{
	set(d, REG_STATUS, get(d, REG_STATUS) | STATUS_DRIVER_OK);
}

bool virtio_acknowledge(virtio_device_t *d)
{
	u32 status = get(d, REG_INTERRUPT_STATUS);

	set(d, REG_INTERRUPT_ACKNOWLEDGE, status);
	return status & INTERRUPT_USED_BUFFER;
}

__init void virtqueue_free(virtqueue_t *q)
{
	if (q->page)
		free_pages(virt_to_page(q->page), 0);
	q->page = NULL;
}

__init int virtqueue_init(virtqueue_t *q, virtio_device_t *d, u32 index)
{
	page_t *page = alloc_pages_gfp(GFP_KERNEL | GFP_ZERO, 0);
	phys_addr_t at;

	if (!page)
		return -ENOMEM;
	at = page_to_phys(page);
	*q = (virtqueue_t){ .device = d, .index = index, .page = page_to_virt(page) };
	q->buffer = q->page->buffer;
	set(d, REG_QUEUE_SELECT, index);
	if (get(d, REG_QUEUE_MOST) < QUEUE_SIZE) {
		virtqueue_free(q);
		return -ENODEV;
	}
	set(d, REG_QUEUE_SIZE, QUEUE_SIZE);
	if (d->legacy) {
		set(d, REG_QUEUE_ALIGN, __alignof__(q->page->used));
		set(d, REG_QUEUE_PAGE, (u32)(at >> PAGE_SHIFT));
		return 0;
	}
	set_address(d, REG_QUEUE_DESCRIPTORS, at);
	set_address(d, REG_QUEUE_DRIVER, at + offsetof(virtqueue_page_t, available));
	set_address(d, REG_QUEUE_DEVICE, at + offsetof(virtqueue_page_t, used));
	set(d, REG_QUEUE_READY, 1);
	return 0;
}

void virtqueue_offer(virtqueue_t *q, u32 len)
{
	virtqueue_page_t *p = q->page;
	u16 next = p->available.index;

	p->descriptors[0].address = virt_to_phys(q->buffer);
	p->descriptors[0].len = MIN(len, (u32)VIRTQUEUE_BUFFER);
	p->descriptors[0].flags = DESCRIPTOR_WRITE;
	p->available.ring[next % QUEUE_SIZE] = 0;
	smp_wmb(); /* 2.6.13.2: the entry before the index, */
	WRITE_ONCE(p->available.index, (u16)(next + 1));
	smp_mb(); /* and 2.6.13.3.1 both before the notification */
	set(q->device, REG_QUEUE_NOTIFY, q->index);
}

bool virtqueue_take(virtqueue_t *q, u32 *len)
{
	virtqueue_page_t *p = q->page;

	if (READ_ONCE(p->used.index) == q->used)
		return false;
	smp_rmb(); /* the index before the entry */
	*len = MIN(READ_ONCE(p->used.ring[q->used % QUEUE_SIZE].len), (u32)VIRTQUEUE_BUFFER);
	q->used++;
	return true;
}
