/*
 * What the command line says of a virtio device in memory: virtio_mmio.device=SIZE@ADDRESS:IRQ[:ID]
 * (virtio 1.1 4.2.1; the form is Linux's, kernel-parameters.txt).
 */
#ifndef KERNEL_LIB_VIRTIO_MMIO_H
#define KERNEL_LIB_VIRTIO_MMIO_H

#include <kernel/types.h>

#define VIRTIO_MMIO_OPTION "virtio_mmio.device"

typedef struct virtio_mmio_option {
	phys_addr_t start, end; /* end exclusive */
	u32 irq;
	bool has_id;
	u32 id;
} virtio_mmio_option_t;

/* text: what stands behind the '=', up to a blank or its end. False: it says nothing usable. */
bool virtio_mmio_parse(const char *text, virtio_mmio_option_t *out);

#endif
