// sources: drivers/acpi/acpi.c drivers/acpi/tables.c drivers/acpi/mp_table.c
/*
 * The whole way from the RSDP, in a memory that holds the input and nothing else. Checksums are
 * made right when a table is looked at, or nothing would come past them.
 */
#include "fuzz.h"

#include <arch/cpu.h>
#include <arch/init.h>
#include <drivers/acpi.h>
#include <kernel/boot.h>

boot_info_t boot_info;
#define MAPS 1000
static const u8 *memory;
static size_t memory_size;
static void *mapped[MAPS];
static u32 maps;

u32 arch_apic_id(void)
{
	return 3;
}

void early_set_node(phys_addr_t start, phys_addr_t end, u32 node)
{
	FUZZ_CHECK(start < end && node < ACPI_MAX_NODES);
}

/*
 * A copy each time, so that what is made right in one table does not change another that overlaps
 * it.
 */
const void *arch_map_firmware(phys_addr_t pa, size_t len)
{
	u32 length = 0;
	u8 *copy;

	if (maps == MAPS || pa > memory_size || len > memory_size - pa)
		return NULL;
	copy = mapped[maps++] = fuzz_copy(memory + pa, len);
	if (len > 36)
		memcpy(&length, copy + 4, 4);
	if (length == len) {
		u8 sum = 0;

		for (size_t i = 0; i < len; i++)
			sum = (u8)(sum + copy[i]);
		copy[9] = (u8)(copy[9] - sum);
	}
	return copy;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	if (size < 36)
		return 0;
	memset(&boot_info, 0, sizeof(boot_info));
	memset(&acpi_madt, 0, sizeof(acpi_madt));
	memset(&acpi_srat, 0, sizeof(acpi_srat));
	memset(&acpi_fadt, 0, sizeof(acpi_fadt));
	memcpy(boot_info.rsdp_copy, data, 36);
	boot_info.rsdp_copy_len = 36;
	memory = data;
	memory_size = size;
	acpi_init();
	FUZZ_CHECK(acpi_madt.cpu_count >= 1 && acpi_madt.cpu_count <= NR_CPUS);
	FUZZ_CHECK(node_count >= 1 && node_count <= ACPI_MAX_NODES);
	for (u32 cpu = 0; cpu < acpi_madt.cpu_count; cpu++) /* earlier inputs' nodes may be left */
		FUZZ_CHECK(cpu_node(cpu) < ACPI_MAX_NODES);
	for (u32 a = 0; a < node_count; a++)
		node_distance(a, 0);
	while (maps)
		free(mapped[--maps]);
	return 0;
}
