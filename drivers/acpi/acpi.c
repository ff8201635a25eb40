/*
 * Finding the ACPI tables and putting what they say to use.
 */
#include <drivers/acpi.h>

#include <arch/cpu.h>
#include <arch/init.h>
#include <arch/io.h>
#include <arch/mmu.h>
#include <kernel/boot.h>
#include <kernel/lib/string.h>
#include <kernel/printk.h>
#include <mm/early.h>

acpi_madt_info_t acpi_madt __initbss;
acpi_srat_info_t acpi_srat __initbss;
acpi_fadt_info_t acpi_fadt __ro_after_init;
static phys_addr_t hpet_base __ro_after_init;
static u8 slit[ACPI_MAX_NODES][ACPI_MAX_NODES] __ro_after_init;
static u32 slit_size __ro_after_init;

u32 node_count __ro_after_init_data = 1;
static u32 node_domain[ACPI_MAX_NODES] __ro_after_init; /* proximity domain of each node */
static u8 cpu_nodes[NR_CPUS] __ro_after_init;

typedef struct table_header {
	char signature[4];
	u32 length;
	u8 revision, checksum;
	char oem[6], oem_table[8];
	u32 oem_revision, creator, creator_revision;
} __packed table_header_t;

typedef struct rsdp {
	char signature[8];
	u8 checksum;
	char oem[6];
	u8 revision;
	u32 rsdt;
	u32 length;
	u64 xsdt;
} __packed rsdp_t;

__init phys_addr_t acpi_hpet_base(void)
{
	return hpet_base;
}

static __init const table_header_t *map_table(phys_addr_t pa)
{
	const table_header_t *h = pa ? arch_map_firmware(pa, sizeof(*h)) : NULL;

	if (!h || h->length < sizeof(*h) || h->length > (64u << 20))
		return NULL;
	h = arch_map_firmware(pa, h->length);
	if (!h || !acpi_checksum(h, h->length)) {
		pr_warn("ACPI: the table at 0x%lx is damaged\n", pa);
		return NULL;
	}
	return h;
}

static void parse_hpet(const table_header_t *h)
{
	u64 address;

	if (h->length < 56)
		return;
	memcpy(&address, (const u8 *)h + 44, 8);
	hpet_base = address;
}

static void parse_table(phys_addr_t pa)
{
	const table_header_t *h = map_table(pa);

	if (!h)
		return;
	if (!memcmp(h->signature, "APIC", 4))
		acpi_parse_madt(h, h->length, &acpi_madt);
	else if (!memcmp(h->signature, "FACP", 4))
		acpi_parse_fadt(h, h->length, &acpi_fadt);
	else if (!memcmp(h->signature, "SRAT", 4))
		acpi_parse_srat(h, h->length, &acpi_srat);
	else if (!memcmp(h->signature, "SLIT", 4))
		slit_size = acpi_parse_slit(h, h->length, slit);
	else if (!memcmp(h->signature, "HPET", 4))
		parse_hpet(h);
}

/* The RSDP by its signature, in the BIOS area or the first KiB of the EBDA (5.2.5.1). */
static __init const rsdp_t *search_rsdp(phys_addr_t from, size_t len)
{
	const char *p = arch_map_firmware(from, len);

	for (size_t at = 0; p && at + 20 <= len; at += 16)
		if (!memcmp(p + at, "RSD PTR ", 8) && acpi_checksum(p + at, 20))
			return (const rsdp_t *)(p + at);
	return NULL;
}

static const rsdp_t *find_rsdp(void)
{
	const rsdp_t *r = NULL;
	const u16 *ebda;

	if (boot_info.rsdp_copy_len >= 20)
		return (const rsdp_t *)boot_info.rsdp_copy;
	if (boot_info.rsdp)
		r = arch_map_firmware(boot_info.rsdp, sizeof(rsdp_t));
	if (r && !memcmp(r->signature, "RSD PTR ", 8))
		return r;
	ebda = arch_map_firmware(0x40e, 2);
	if (ebda && *ebda)
		r = search_rsdp((phys_addr_t)*ebda << 4, 1024);
	return r ? r : search_rsdp(0xe0000, 0x20000);
}

static void walk_tables(const rsdp_t *rsdp)
{
	bool wide = rsdp->revision >= 2 && rsdp->xsdt;
	const table_header_t *root = map_table(wide ? rsdp->xsdt : rsdp->rsdt);
	u32 entry = wide ? 8 : 4;

	if (!root)
		return;
	for (u32 at = sizeof(*root); at + entry <= root->length; at += entry) {
		u64 pa = 0;

		memcpy(&pa, (const u8 *)root + at, entry);
		parse_table(pa);
	}
}

/* ---- NUMA ---- */

static u32 node_of_domain(u32 domain)
{
	u32 known = acpi_srat.range_count ? node_count : 0;

	for (u32 i = 0; i < known; i++)
		if (node_domain[i] == domain)
			return i;
	return 0;
}

static void setup_nodes(void)
{
	u32 n = 0;

	for (u32 i = 0; i < acpi_srat.range_count; i++) {
		const acpi_memory_range_t *r = &acpi_srat.ranges[i];
		u32 k = 0;

		while (k < n && node_domain[k] != r->domain)
			k++;
		if (k == n && n < ACPI_MAX_NODES)
			node_domain[n++] = r->domain;
		early_set_node(r->start, r->end, MIN(k, (u32)ACPI_MAX_NODES - 1));
	}
	node_count = MAX(n, 1u);
	for (u32 cpu = 0; cpu < acpi_madt.cpu_count; cpu++)
		for (u32 i = 0; i < acpi_srat.cpu_count; i++)
			if (acpi_srat.cpus[i].apic_id == acpi_madt.apic_ids[cpu])
				cpu_nodes[cpu] = (u8)node_of_domain(acpi_srat.cpus[i].domain);
}

u32 cpu_node(u32 cpu)
{
	return cpu_nodes[cpu];
}

u8 node_distance(u32 a, u32 b)
{
	u32 da = node_domain[a], db = node_domain[b];

	if (da < slit_size && db < slit_size)
		return slit[da][db];
	return a == b ? 10 : 20;
}

/* The boot CPU becomes CPU 0 whatever the order of the table. */
static void put_boot_cpu_first(void)
{
	u32 boot_id = arch_apic_id();

	if (!acpi_madt.cpu_count) {
		acpi_madt.cpu_count = 1;
		acpi_madt.apic_ids[0] = boot_id;
		return;
	}
	for (u32 i = 0; i < acpi_madt.cpu_count; i++) {
		if (acpi_madt.apic_ids[i] != boot_id)
			continue;
		acpi_madt.apic_ids[i] = acpi_madt.apic_ids[0];
		acpi_madt.apic_ids[0] = boot_id;
		return;
	}
}

__init void acpi_init(void)
{
	const rsdp_t *rsdp = find_rsdp();

	acpi_madt.lapic_address = 0xfee00000;
	acpi_madt.has_8259 = true;
	if (rsdp)
		walk_tables(rsdp);
	else if (acpi_find_mp_table(&acpi_madt))
		pr_info("ACPI: no tables; CPUs and I/O APICs are those of the MP table\n");
	else
		pr_warn("ACPI: no tables; one CPU and the PC's standard devices are used\n");
	if (acpi_fadt.present) {
		const table_header_t *dsdt = map_table(acpi_fadt.dsdt);

		if (dsdt)
			acpi_fadt.has_s5 = acpi_find_s5(dsdt, dsdt->length, &acpi_fadt.sleep_type_a,
							&acpi_fadt.sleep_type_b);
	}
	put_boot_cpu_first();
	setup_nodes();
	if (acpi_madt.too_many)
		pr_warn("ACPI: %u processors beyond the first %u are not used\n",
			acpi_madt.too_many, NR_CPUS);
	pr_info("ACPI: %u CPUs, %u I/O APICs, %u nodes%s\n", acpi_madt.cpu_count,
		acpi_madt.ioapic_count, node_count, acpi_fadt.has_s5 ? "" : ", no \\_S5");
}
