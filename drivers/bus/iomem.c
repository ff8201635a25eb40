/*
 * The map of physical addresses: what the firmware told (boot_info.regions) and, within or between
 * that, what the kernel and the drivers claimed. Claims stay: there is no hot removal.
 *
 * Locking. claims_mutex.
 */
#include <drivers/bus.h>

#include <fs/procfs.h>
#include <fs/seq_file.h>
#include <kernel/boot.h>
#include <kernel/cred.h>
#include <kernel/lib/list.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/sync/mutex.h>
#include <mm/slab.h>
#include <uapi/errno.h>

#define NAME_SIZE 32

typedef struct claim {
	list_t link; /* claims_mutex; by address */
	phys_addr_t start, end;
	char name[NAME_SIZE];
} claim_t;

static mutex_t claims_mutex = MUTEX_INIT(claims_mutex);
static list_t claims = LIST_INIT(claims);

__init int iomem_claim(const char *name, phys_addr_t start, phys_addr_t end)
{
	claim_t *c, *n;
	int r = 0;

	if (start >= end)
		return -EINVAL;
	n = kzalloc(sizeof(*n), GFP_KERNEL);
	if (!n)
		return -ENOMEM;
	n->start = start;
	n->end = end;
	strscpy(n->name, name, sizeof(n->name));
	mutex_lock(&claims_mutex);
	list_for_each_entry(c, &claims, link) {
		if (c->start < end && start < c->end)
			r = -EBUSY;
		if (c->start >= start)
			break;
	}
	if (!r)
		list_add_tail(&n->link, &c->link); /* before the next one, or at the end */
	mutex_unlock(&claims_mutex);
	if (r)
		kfree(n);
	return r;
}

static const char *region_name(boot_region_type_t type)
{
	switch (type) {
	case BOOT_RAM:
	case BOOT_LOADER:
		return "System RAM";
	case BOOT_ACPI:
		return "ACPI Tables";
	case BOOT_NVS:
		return "ACPI Non-volatile Storage";
	case BOOT_BAD:
		return "Unusable memory";
	default:
		return "Reserved";
	}
}

/* Addresses are for the administrator alone: they tell where the kernel lies. */
static void show_line(seq_file_t *m, const char *indent, phys_addr_t start, phys_addr_t end,
		      const char *name)
{
	bool may = capable(CAP_SYS_ADMIN);

	seq_printf(m, "%s%08lx-%08lx : %s\n", indent, may ? start : 0, may ? end - 1 : 0, name);
}

static int show_iomem(seq_file_t *m, void *arg)
{
	const boot_region_t *r = boot_info.regions, *last = r + boot_info.region_count;
	claim_t *c;

	mutex_lock(&claims_mutex);
	list_for_each_entry(c, &claims, link) {
		for (; r < last && r->start <= c->start; r++)
			show_line(m, "", r->start, r->end, region_name(r->type));
		show_line(m, r != boot_info.regions && c->start < r[-1].end ? "  " : "", c->start,
			  c->end, c->name);
	}
	mutex_unlock(&claims_mutex);
	for (; r < last; r++)
		show_line(m, "", r->start, r->end, region_name(r->type));
	return 0;
}

__init void iomem_init(void)
{
	if (iomem_claim("Kernel image", boot_info.image_start, boot_info.image_end) ||
	    proc_create_single("iomem", 0444, show_iomem, NULL))
		panic("No memory for /proc/iomem");
}
