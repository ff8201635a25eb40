// sources: drivers/acpi/tables.c drivers/acpi/mp_table.c
/* One ACPI table, or the MP table: the first byte chooses which. */
#include "fuzz.h"

#include <arch/init.h>
#include <drivers/acpi.h>

const void *arch_map_firmware(phys_addr_t pa, size_t len)
{
	return NULL; /* a parser has no business with it */
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static acpi_madt_info_t madt;
	static acpi_srat_info_t srat;
	static acpi_fadt_info_t fadt;
	static u8 slit[ACPI_MAX_NODES][ACPI_MAX_NODES];
	u8 a, b, *table;

	if (!size)
		return 0;
	table = fuzz_copy(data + 1, size - 1);
	size--;
	switch (data[0] % 7) {
	case 0:
		memset(&madt, 0, sizeof(madt));
		acpi_parse_madt(table, size, &madt);
		FUZZ_CHECK(madt.cpu_count <= NR_CPUS && madt.ioapic_count <= ACPI_MAX_IOAPICS &&
			   madt.override_count <= ACPI_MAX_OVERRIDES);
		break;
	case 1:
		memset(&srat, 0, sizeof(srat));
		acpi_parse_srat(table, size, &srat);
		FUZZ_CHECK(srat.range_count <= ACPI_MAX_RANGES && srat.cpu_count <= NR_CPUS);
		for (u32 i = 0; i < srat.range_count; i++)
			FUZZ_CHECK(srat.ranges[i].start < srat.ranges[i].end);
		break;
	case 2:
		memset(&fadt, 0, sizeof(fadt));
		acpi_parse_fadt(table, size, &fadt);
		break;
	case 3:
		FUZZ_CHECK(acpi_parse_slit(table, size, slit) <= ACPI_MAX_NODES);
		break;
	case 4:
		acpi_find_s5(table, size, &a, &b);
		break;
	case 5:
		memset(&madt, 0, sizeof(madt));
		acpi_parse_mp_table(table, size, &madt);
		FUZZ_CHECK(madt.cpu_count <= NR_CPUS && madt.ioapic_count <= 1 &&
			   madt.override_count <= ACPI_MAX_OVERRIDES);
		break;
	default:
		acpi_checksum(table, size);
	}
	free(table);
	return 0;
}
