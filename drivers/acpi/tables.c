/*
 * Parsers of ACPI tables (ACPI 6.4 chapter 5.2). Every read is bounds-checked: tables come from
 * firmware.
 */
#include <drivers/acpi.h>

#include <kernel/lib/string.h>

#define HEADER_SIZE 36 /* common header, 5.2.6 */

static __init u64 read_le(const u8 *p, u32 bytes)
{
	u64 v = 0;

	for (u32 i = bytes; i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

__init bool acpi_checksum(const void *table, size_t len)
{
	const u8 *p = table;
	u8 sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = (u8)(sum + p[i]);
	return sum == 0;
}

static __init void add_cpu(acpi_madt_info_t *out, u32 apic_id, u32 flags)
{
	if (!(flags & 1)) /* enabled; "online capable" ones cannot be started now */
		return;
	for (u32 i = 0; i < out->cpu_count; i++)
		if (out->apic_ids[i] == apic_id)
			return;
	if (out->cpu_count == NR_CPUS)
		out->too_many++;
	else
		out->apic_ids[out->cpu_count++] = apic_id;
}

__init void acpi_parse_madt(const void *table, size_t len, acpi_madt_info_t *out)
{
	const u8 *base = table;
	size_t at = HEADER_SIZE + 8;

	if (len < at)
		return;
	out->lapic_address = read_le(base + HEADER_SIZE, 4);
	out->has_8259 = base[HEADER_SIZE + 4] & 1;
	while (at + 2 <= len) {
		const u8 *e = base + at;
		u32 size = e[1];

		if (size < 2 || size > len - at)
			return;
		if (e[0] == 0 && size >= 8) { /* 5.2.12.2 Processor Local APIC */
			add_cpu(out, e[3], (u32)read_le(e + 4, 4));
		} else if (e[0] == 9 && size >= 16) { /* 5.2.12.12 Processor Local x2APIC */
			add_cpu(out, (u32)read_le(e + 4, 4), (u32)read_le(e + 8, 4));
		} else if (e[0] == 1 && size >= 12 && out->ioapic_count < ACPI_MAX_IOAPICS) {
			out->ioapics[out->ioapic_count++] =
				(acpi_ioapic_t){ read_le(e + 4, 4), (u32)read_le(e + 8, 4) };
		} else if (e[0] == 2 && size >= 10 && out->override_count < ACPI_MAX_OVERRIDES) {
			out->overrides[out->override_count++] =
				(acpi_override_t){ e[3], (u32)read_le(e + 4, 4),
						   (u16)read_le(e + 8, 2) };
		} else if (e[0] == 5 && size >= 12) { /* 64-bit local APIC address */
			out->lapic_address = read_le(e + 4, 8);
		}
		at += size;
	}
}

__init void acpi_parse_srat(const void *table, size_t len, acpi_srat_info_t *out)
{
	const u8 *base = table;
	size_t at = HEADER_SIZE + 12;

	while (at + 2 <= len) {
		const u8 *e = base + at;
		u32 size = e[1];

		if (size < 2 || size > len - at)
			return;
		if (e[0] == 0 && size >= 16 && (e[4] & 1) && out->cpu_count < NR_CPUS) {
			out->cpus[out->cpu_count].apic_id = e[3];
			out->cpus[out->cpu_count++].domain = e[2] | (u32)read_le(e + 9, 3) << 8;
		} else if (e[0] == 2 && size >= 24 && (e[12] & 1) && out->cpu_count < NR_CPUS) {
			out->cpus[out->cpu_count].apic_id = (u32)read_le(e + 8, 4);
			out->cpus[out->cpu_count++].domain = (u32)read_le(e + 4, 4);
		} else if (e[0] == 1 && size >= 40 && (e[28] & 1) &&
			   out->range_count < ACPI_MAX_RANGES) {
			u64 start = read_le(e + 8, 8), length = read_le(e + 16, 8);

			if (length && start + length > start)
				out->ranges[out->range_count++] =
					(acpi_memory_range_t){ start, start + length,
							       (u32)read_le(e + 2, 4) };
		}
		at += size;
	}
}

__init u32 acpi_parse_slit(const void *table, size_t len, u8 out[ACPI_MAX_NODES][ACPI_MAX_NODES])
{
	const u8 *base = table;
	u64 n;

	if (len < HEADER_SIZE + 8)
		return 0;
	n = read_le(base + HEADER_SIZE, 8);
	if (n > ACPI_MAX_NODES || len < HEADER_SIZE + 8 + n * n)
		return 0;
	for (u64 i = 0; i < n; i++)
		memcpy(out[i], base + HEADER_SIZE + 8 + i * n, n);
	return (u32)n;
}

static __init acpi_register_t read_register(const u8 *base, size_t len, size_t at)
{
	if (at + 12 > len)
		return (acpi_register_t){ 0 };
	return (acpi_register_t){ base[at], read_le(base + at + 4, 8) };
}

static __init acpi_register_t port_register(u32 port)
{
	return (acpi_register_t){ 1, port };
}

__init void acpi_parse_fadt(const void *table, size_t len, acpi_fadt_info_t *out)
{
	const u8 *base = table;
	u32 flags;

	if (len < 116)
		return;
	out->present = true;
	flags = (u32)read_le(base + 112, 4);
	out->hardware_reduced = flags & BIT(20);
	out->reset_supported = (flags & BIT(10)) && len >= 129;
	out->dsdt = read_le(base + 40, 4);
	out->smi_command = (u32)read_le(base + 48, 4);
	out->acpi_enable = base[52];
	out->pm1a_control = port_register((u32)read_le(base + 64, 4));
	out->pm1b_control = port_register((u32)read_le(base + 68, 4));
	out->pm_timer = port_register((u32)read_le(base + 76, 4));
	if (out->reset_supported) {
		out->reset = read_register(base, len, 116);
		out->reset_value = base[128];
	}
	if (len >= 148 && read_le(base + 140, 8))
		out->dsdt = read_le(base + 140, 8);
	if (len >= 184 && read_register(base, len, 172).address)
		out->pm1a_control = read_register(base, len, 172);
	if (len >= 196 && read_register(base, len, 184).address)
		out->pm1b_control = read_register(base, len, 184);
	if (len >= 256)
		out->sleep_control = read_register(base, len, 244);
}

/* An AML integer (20.2.3): ByteConst, ZeroOp, OneOp, WordConst, DWordConst. Bytes read, 0: none. */
static __init u32 aml_integer(const u8 *p, size_t len, u8 *value)
{
	if (len >= 1 && (p[0] == 0 || p[0] == 1)) {
		*value = p[0];
		return 1;
	}
	if (len >= 2 && p[0] == 0x0a) {
		*value = p[1];
		return 2;
	}
	if (len >= 3 && p[0] == 0x0b) {
		*value = p[1];
		return 3;
	}
	if (len >= 5 && p[0] == 0x0c) {
		*value = p[1];
		return 5;
	}
	return 0;
}

__init bool acpi_find_s5(const void *aml, size_t len, u8 *type_a, u8 *type_b)
{
	const u8 *p = aml;

	for (size_t i = 1; i + 8 < len; i++) {
		size_t at = i + 4, used;

		if (memcmp(p + i, "_S5_", 4) || p[at] != 0x12) /* PackageOp */
			continue;
		/* NameOp before it, perhaps with the root prefix between. */
		if (p[i - 1] != 0x08 && !(i >= 2 && p[i - 1] == '\\' && p[i - 2] == 0x08))
			continue;
		at++;
		at += 1 + (p[at] >> 6); /* PkgLength, 20.2.4 */
		at++;			/* element count */
		if (at >= len)
			return false;
		used = aml_integer(p + at, len - at, type_a);
		if (!used)
			return false;
		at += used;
		return aml_integer(p + at, len - at, type_b) != 0;
	}
	return false;
}
