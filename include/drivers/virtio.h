/*
 * Virtio devices in memory that the command line names (kernel/lib/virtio_mmio.h). There is no
 * enumeration of them: each is registered as a platform device, and started if it has a driver.
 */
#ifndef DRIVERS_VIRTIO_H
#define DRIVERS_VIRTIO_H

void virtio_mmio_init(void); /* boot, after iomem_init */

#endif
