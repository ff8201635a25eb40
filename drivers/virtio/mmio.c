/*
 * The virtio devices that microVM monitors put into memory and name on the command line only. Each
 * gets its addresses in /proc/iomem and a line in the log. Nothing drives them yet.
 */
#include <drivers/virtio.h>

#include <drivers/bus.h>
#include <kernel/init.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/lib/virtio_mmio.h>
#include <kernel/printk.h>

static void add_device(const virtio_mmio_option_t *o, u32 id)
{
	char name[32];
	int r;

	snprintf(name, sizeof(name), "virtio-mmio.%u", id);
	r = iomem_claim(name, o->start, o->end);
	if (r)
		pr_warn("%s at 0x%lx-0x%lx cannot be registered: %d\n", name, o->start, o->end - 1,
			r);
	else
		pr_info("virtio-mmio: Registering device %s at 0x%lx-0x%lx, IRQ %u.\n", name,
			o->start, o->end - 1, o->irq);
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
