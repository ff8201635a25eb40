/*
 * Character devices by number: what opening a device node leads to; and the named devices of
 * include/drivers/device.h.
 *
 * A region is a run of minors of one major with its operations. Opening looks the region up, makes
 * its operations the file's, and calls their open, which may replace them again.
 *
 * Locking. regions_mutex guards the table; drivers are part of the kernel and stay, so operations
 * are used after it.
 */
#include "vfs_internal.h"

#include <drivers/device.h>
#include <fs/seq_file.h>
#include <kernel/lib/string.h>
#include <mm/slab.h>

#define MINORS_OF_MAJOR 256
#define MAJORS 512
/* Majors given out when none is asked for: 254 downwards, as Linux does. */
#define DYNAMIC_FIRST 254
#define DYNAMIC_LAST 234

typedef struct region {
	list_t link; /* regions_mutex; by major, then minor */
	u32 major, first, count;
	const char *name;
	const file_operations_t *ops; /* NULL: only reserved */
} region_t;

static mutex_t regions_mutex = MUTEX_INIT(regions_mutex);
static list_t regions = LIST_INIT(regions);

static mutex_t devices_mutex = MUTEX_INIT(devices_mutex);
static list_t devices = LIST_INIT(devices);

static bool major_used(u32 major)
{
	region_t *r;

	list_for_each_entry(r, &regions, link)
		if (r->major == major)
			return true;
	return false;
}

/* regions_mutex held. */
static int add_region(u32 major, u32 first, u32 count, const char *name,
		      const file_operations_t *ops)
{
	region_t *r, *n;

	list_for_each_entry(r, &regions, link) {
		if (r->major == major && first < r->first + r->count && r->first < first + count)
			return -EBUSY;
		if (r->major > major || (r->major == major && r->first > first))
			break;
	}
	n = kzalloc(sizeof(*n), GFP_KERNEL);
	if (!n)
		return -ENOMEM;
	*n = (region_t){ .major = major, .first = first, .count = count, .name = name, .ops = ops };
	list_add_tail(&n->link, &r->link); /* before the first that is larger, or at the end */
	return 0;
}

__init int register_chrdev_region(u32 major, u32 first_minor, u32 count, const char *name,
				  const file_operations_t *ops)
{
	int r;

	if (major >= MAJORS || !count || first_minor + count < first_minor)
		return -EINVAL;
	mutex_lock(&regions_mutex);
	r = add_region(major, first_minor, count, name, ops);
	mutex_unlock(&regions_mutex);
	return r;
}

void unregister_chrdev_region(u32 major, u32 first_minor, u32 count)
{
	region_t *r, *next;

	mutex_lock(&regions_mutex);
	list_for_each_entry_safe(r, next, &regions, link)
		if (r->major == major && r->first == first_minor && r->count == count) {
			list_del(&r->link);
			kfree(r);
		}
	mutex_unlock(&regions_mutex);
}

/* A major without regions; 0: none. regions_mutex held. */
static u32 free_major(void)
{
	for (u32 major = DYNAMIC_FIRST; major >= DYNAMIC_LAST; major--)
		if (!major_used(major))
			return major;
	return 0;
}

int register_chrdev(uint32_t major, const char *name, const file_operations_t *ops)
{
	region_t *r;
	u32 got = major;
	int ret = 0;

	if (major >= MAJORS)
		return -EINVAL;
	mutex_lock(&regions_mutex);
	/* What alloc_device_number reserved under this name gets its operations. */
	list_for_each_entry(r, &regions, link)
		if (major && r->major == major && !r->ops && !strcmp(r->name, name)) {
			r->ops = ops;
			mutex_unlock(&regions_mutex);
			return 0;
		}
	if (!got)
		got = free_major();
	ret = got ? add_region(got, 0, MINORS_OF_MAJOR, name, ops) : -EBUSY;
	mutex_unlock(&regions_mutex);
	if (ret)
		return ret;
	return major ? 0 : (int)got;
}

int unregister_chrdev(uint32_t major, const char *name)
{
	region_t *r, *next;
	int ret = -EINVAL;

	mutex_lock(&regions_mutex);
	list_for_each_entry_safe(r, next, &regions, link)
		if (r->major == major && !strcmp(r->name, name)) {
			list_del(&r->link);
			kfree(r);
			ret = 0;
		}
	mutex_unlock(&regions_mutex);
	return ret;
}

dev_t alloc_device_number(const char *name, uint32_t count)
{
	u32 major;

	mutex_lock(&regions_mutex);
	major = free_major();
	if (major && add_region(major, 0, count, name, NULL))
		major = 0;
	mutex_unlock(&regions_mutex);
	return major ? makedev(major, 0) : 0;
}

/* ---- opening ---- */

int chrdev_open(vfs_node_t *node, file_t *f)
{
	u32 major = dev_major(node->rdev), minor = dev_minor(node->rdev);
	const file_operations_t *ops = NULL;
	region_t *r;

	mutex_lock(&regions_mutex);
	list_for_each_entry(r, &regions, link)
		if (r->major == major && minor >= r->first && minor - r->first < r->count)
			ops = r->ops;
	mutex_unlock(&regions_mutex);
	if (!ops)
		return -ENXIO;
	f->ops = ops;
	return ops->open ? ops->open(node, f) : 0;
}

const file_operations_t chrdev_operations = { .open = chrdev_open };

int chrdev_show(seq_file_t *m)
{
	u32 last = MAJORS;
	region_t *r;

	seq_puts(m, "Character devices:\n");
	mutex_lock(&regions_mutex);
	list_for_each_entry(r, &regions, link) {
		/* A driver with several runs of one major is named once. */
		if (r->major != last || r->link.prev == &regions ||
		    strcmp(list_prev_entry(r, link)->name, r->name))
			seq_printf(m, "%3u %s\n", r->major, r->name);
		last = r->major;
	}
	mutex_unlock(&regions_mutex);
	return 0;
}

/* ---- named devices ---- */

static device_t *find_locked(const char *name)
{
	device_t *d;

	list_for_each_entry(d, &devices, link)
		if (!strcmp(d->name, name))
			return d;
	return NULL;
}

int register_device(device_t *dev)
{
	int r = 0;

	mutex_lock(&devices_mutex);
	if (find_locked(dev->name))
		r = -EEXIST;
	else if (dev->dev)
		r = devtmpfs_create(dev->name, dev->mode, dev->dev);
	if (!r)
		list_add_tail(&dev->link, &devices);
	mutex_unlock(&devices_mutex);
	return r;
}

int unregister_device(device_t *dev)
{
	int r = 0;

	mutex_lock(&devices_mutex);
	list_del(&dev->link);
	if (dev->dev)
		r = devtmpfs_remove(dev->name);
	mutex_unlock(&devices_mutex);
	return r;
}

device_t *find_device(const char *name)
{
	device_t *d;

	mutex_lock(&devices_mutex);
	d = find_locked(name);
	mutex_unlock(&devices_mutex);
	return d;
}
