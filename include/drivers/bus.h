/*
 * Who uses which physical addresses: /proc/iomem. A driver claims what it maps.
 *
 *	r = iomem_claim("virtio-mmio.0", start, end);
 */
#ifndef DRIVERS_BUS_H
#define DRIVERS_BUS_H

#include <kernel/types.h>

void iomem_init(void); /* boot, in a thread: /proc/iomem */
/*
 * start up to end (exclusive), for good. name is copied. -EBUSY: another has part of it, -EINVAL: it
 * is empty, -ENOMEM. May sleep.
 */
int iomem_claim(const char *name, phys_addr_t start, phys_addr_t end);

#endif
