/*
 * Devices: character drivers by number, and named devices as objects.
 *
 *	dev_t dev = alloc_device_number("gadget", 1);
 *	register_chrdev(dev_major(dev), "gadget", &gadget_operations);	opening a node of this major calls ops->open
 *	register_device(&gadget);					find_device("gadget") finds it; /dev/gadget
 */
#ifndef DRIVERS_DEVICE_H
#define DRIVERS_DEVICE_H

#include <fs/vfs.h>

typedef struct device {
	const char *name; /* its name under /dev */
	dev_t dev;	  /* 0: no node under /dev */
	mode_t mode;	  /* of the node */
	void *driver_data;
	list_t link; /* devices_mutex */
} device_t;

/*
 * All 256 minors of a major; major 0: a free one is chosen and returned. 0 or the major; -EBUSY,
 * -EINVAL, -ENOMEM.
 */
int register_chrdev(uint32_t major, const char *name, const file_operations_t *ops);
int unregister_chrdev(uint32_t major, const char *name);
int register_device(device_t *dev); /* 0 or -EEXIST, or why the node could not be made */
int unregister_device(device_t *dev);
device_t *find_device(const char *name); /* NULL: none */
/* The first of `count` minors of a free major, which stays reserved; 0: none left. */
dev_t alloc_device_number(const char *name, uint32_t count);

#endif
