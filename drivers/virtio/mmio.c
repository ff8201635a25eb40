/*
 * The virtio devices that microVM monitors put into memory and name on the command line only. Each
 * gets its addresses in /proc/iomem, a line in the log, and its driver, if there is one.
 */
#include "virtio_internal.h"

#include <arch/io.h>
#include <drivers/bus.h>
#include <drivers/virtio.h>
#include <kernel/init.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/lib/virtio_mmio.h>
#include <kernel/printk.h>
#include <mm/vmalloc.h>
#include <uapi/errno.h>

/* Virtio 1.1 4.2.2. */
#define REG_MAGIC 0x000
#define REG_VERSION 0x004
#define REG_DEVICE_ID 0x008
#define REG_CONFIG 0x100 /* the end of what every device has */
#define MAGIC 0x74726976u
#define VERSION_LEGACY 1
#define VERSION_1 2

/* -ENODEV: no device stands there (its id is 0), or none that anything drives. */
static __init int start_driver(virtio_device_t *d)
{
	const u8 __iomem *registers = d->registers;
	u32 version = mmio_read32(registers + REG_VERSION);
	u32 id = mmio_read32(registers + REG_DEVICE_ID);

	if (mmio_read32(registers + REG_MAGIC) != MAGIC ||
	    (version != VERSION_LEGACY && version != VERSION_1) || id != VIRTIO_ID_ENTROPY)
		return -ENODEV;
	d->legacy = version == VERSION_LEGACY;
	return virtio_entropy_start(d);
}

static __init void add_device(const virtio_mmio_option_t *o, u32 id)
{
	virtio_device_t d = { .irq = o->irq };
	int r;

	snprintf(d.name, sizeof(d.name), "virtio-mmio.%u", id);
	r = iomem_claim(d.name, o->start, o->end);
	if (r) {
		pr_warn("%s at 0x%lx-0x%lx cannot be registered: %d\n", d.name, o->start,
			o->end - 1, r);
		return;
	}
	pr_info("virtio-mmio: Registering device %s at 0x%lx-0x%lx, IRQ %u.\n", d.name, o->start,
		o->end - 1, o->irq);
	if (o->end - o->start < REG_CONFIG)
		return;
	d.registers = ioremap(o->start, REG_CONFIG);
	r = d.registers ? start_driver(&d) : -ENOMEM;
	if (r && d.registers)
		iounmap(d.registers);
	if (r && r != -ENODEV)
		pr_warn("%s does not start: %d\n", d.name, r);
}

__init void virtio_mmio_init(void)
{
	size_t len = strlen(VIRTIO_MMIO_OPTION "=");
	virtio_mmio_option_t option;
	const char *word;
	u32 next = 0;

	for (u32 i = 0; (word = cmdline_word(i)); i++) {
		if (strncmp(word, VIRTIO_MMIO_OPTION "=", len))
			continue;
		if (!virtio_mmio_parse(word + len, &option)) {
			pr_warn("%s: not SIZE@ADDRESS:IRQ[:ID]\n", word);
			continue;
		}
		if (option.has_id)
			next = option.id;
		add_device(&option, next++);
	}
}
