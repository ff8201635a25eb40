/*
 * The MP table (Intel, "MultiProcessor Specification" 1.4): processors and interrupt controllers of
 * machines without ACPI, such as microVM monitors make. It fills in what the MADT would.
 */
#include <drivers/acpi.h>

#include <arch/init.h>
#include <kernel/lib/string.h>
#include <kernel/printk.h>

#define HEADER_SIZE 44 /* 4.2 */
#define BUS_NAME_SIZE 6
#define BUSES_MAX 32 /* that can be ISA; numbers beyond are taken for others */

enum entry_type { ENTRY_CPU, ENTRY_BUS, ENTRY_IOAPIC, ENTRY_INTERRUPT, ENTRY_LOCAL }; /* 4.3 */

#define CPU_ENTRY_SIZE 20
#define OTHER_ENTRY_SIZE 8
#define CPU_ENABLED BIT(0)
#define IOAPIC_USABLE BIT(0)
#define INTERRUPT_VECTORED 0

/* Words of the BIOS data area. */
#define BDA_EBDA_SEGMENT 0x40e
#define BDA_BASE_MEMORY_KIB 0x413

typedef struct mp_pointer {
	char signature[4]; /* "_MP_" */
	u32 table;
	u8 length, revision, checksum, features[5];
} __packed mp_pointer_t;
_Static_assert(sizeof(mp_pointer_t) == 16, "MP specification, 4.1");

static __init u32 read32(const u8 *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static __init void add_cpu(const u8 *e, acpi_madt_info_t *out)
{
	if (!(e[3] & CPU_ENABLED))
		return;
	if (out->cpu_count == NR_CPUS)
		out->too_many++;
	else
		out->apic_ids[out->cpu_count++] = e[1];
}

/* The first: it has the lines of the PC's standard devices, and the table numbers no others. */
static __init void add_ioapic(const u8 *e, acpi_madt_info_t *out)
{
	if ((e[3] & IOAPIC_USABLE) && !out->ioapic_count)
		out->ioapics[out->ioapic_count++] = (acpi_ioapic_t){ read32(e + 4), 0 };
}

/* Lines of an ISA bus that are wired otherwise than one to one. */
static __init void add_interrupt(const u8 *e, u32 isa_buses, acpi_madt_info_t *out)
{
	u16 flags = (u16)(e[2] | e[3] << 8);
	u8 bus = e[4], irq = e[5], pin = e[7];

	if (e[1] != INTERRUPT_VECTORED || bus >= BUSES_MAX || !(isa_buses & BIT(bus)))
		return;
	if ((pin == irq && !flags) || out->override_count == ACPI_MAX_OVERRIDES)
		return;
	out->overrides[out->override_count++] = (acpi_override_t){ irq, pin, flags };
}

__init void acpi_parse_mp_table(const void *table, size_t len, acpi_madt_info_t *out)
{
	const u8 *base = table;
	u32 isa_buses = 0;

	if (len < HEADER_SIZE)
		return;
	out->lapic_address = read32(base + 36);
	for (size_t at = HEADER_SIZE; at < len;) {
		const u8 *e = base + at;
		size_t size = e[0] == ENTRY_CPU ? CPU_ENTRY_SIZE : OTHER_ENTRY_SIZE;

		if (e[0] > ENTRY_LOCAL || size > len - at)
			return;
		if (e[0] == ENTRY_CPU)
			add_cpu(e, out);
		else if (e[0] == ENTRY_BUS && e[1] < BUSES_MAX)
			isa_buses |= !memcmp(e + 2, "ISA   ", BUS_NAME_SIZE) ? BIT(e[1]) : 0;
		else if (e[0] == ENTRY_IOAPIC)
			add_ioapic(e, out);
		else if (e[0] == ENTRY_INTERRUPT)
			add_interrupt(e, isa_buses, out);
		at += size;
	}
}

static __init const mp_pointer_t *search(phys_addr_t from, size_t len)
{
	const char *p = arch_map_firmware(from, len);

	for (size_t at = 0; p && at + sizeof(mp_pointer_t) <= len; at += sizeof(mp_pointer_t)) {
		const mp_pointer_t *mp = (const mp_pointer_t *)(p + at);

		if (!memcmp(mp->signature, "_MP_", 4) && acpi_checksum(mp, sizeof(*mp)))
			return mp;
	}
	return NULL;
}

static __init u16 bios_word(phys_addr_t pa)
{
	const void *p = arch_map_firmware(pa, sizeof(u16));
	u16 value = 0;

	if (p)
		memcpy(&value, p, sizeof(value));
	return value;
}

/* In the first KiB of the EBDA, the last of base memory, or the BIOS area (4). */
static __init const mp_pointer_t *find_pointer(void)
{
	u16 ebda = bios_word(BDA_EBDA_SEGMENT), kib = bios_word(BDA_BASE_MEMORY_KIB);
	const mp_pointer_t *mp = NULL;

	if (ebda)
		mp = search((phys_addr_t)ebda << 4, 1024);
	if (!mp && kib && kib <= 640)
		mp = search(((phys_addr_t)kib - 1) << 10, 1024);
	if (!mp)
		mp = search(639UL << 10, 1024);
	return mp ? mp : search(0xf0000, 0x10000);
}

__init bool acpi_find_mp_table(acpi_madt_info_t *out)
{
	const mp_pointer_t *mp = find_pointer();
	const u8 *table = mp && mp->table ? arch_map_firmware(mp->table, HEADER_SIZE) : NULL;
	u16 length = 0;

	if (table && !memcmp(table, "PCMP", 4)) {
		memcpy(&length, table + 4, sizeof(length));
		table = arch_map_firmware(mp->table, length);
	}
	if (!length || !table || length < HEADER_SIZE || !acpi_checksum(table, length))
		return false;
	acpi_parse_mp_table(table, length, out);
	return true;
}
