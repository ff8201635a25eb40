/*
 * ACPI (Advanced Configuration and Power Interface Specification 6.4), the static tables only:
 * which processors, interrupt controllers, memory nodes and power registers there are. acpi_init
 * runs once at boot, when the direct map works; afterwards all is constant. A machine
 * without tables, or with damaged ones, has one CPU and the PC's standard devices.
 */
#ifndef DRIVERS_ACPI_H
#define DRIVERS_ACPI_H

#include <arch/percpu.h>

#define ACPI_MAX_IOAPICS 16
#define ACPI_MAX_OVERRIDES 32
#define ACPI_MAX_NODES 64
#define ACPI_MAX_RANGES 256

typedef struct acpi_ioapic {
	phys_addr_t address;
	u32 gsi_base;
} acpi_ioapic_t;

typedef struct acpi_override { /* an ISA interrupt that is wired otherwise (5.2.12.5) */
	u8 irq;
	u32 gsi;
	u16 flags; /* MPS INTI flags: bits 0-1 polarity, 2-3 trigger mode */
} acpi_override_t;

typedef struct acpi_madt_info {
	phys_addr_t lapic_address;
	u32 cpu_count; /* enabled processors, the boot CPU included */
	u32 apic_ids[NR_CPUS];
	u32 too_many; /* processors beyond NR_CPUS */
	acpi_ioapic_t ioapics[ACPI_MAX_IOAPICS];
	u32 ioapic_count;
	acpi_override_t overrides[ACPI_MAX_OVERRIDES];
	u32 override_count;
	bool has_8259; /* PCAT_COMPAT */
} acpi_madt_info_t;

typedef struct acpi_memory_range {
	phys_addr_t start, end;
	u32 domain;
} acpi_memory_range_t;

typedef struct acpi_srat_info {
	acpi_memory_range_t ranges[ACPI_MAX_RANGES];
	u32 range_count;
	struct {
		u32 apic_id, domain;
	} cpus[NR_CPUS];
	u32 cpu_count;
} acpi_srat_info_t;

typedef struct acpi_register { /* generic address, 5.2.3.2 */
	u8 space;	       /* 0 memory, 1 port */
	u64 address;
} acpi_register_t;

typedef struct acpi_fadt_info {
	bool present, hardware_reduced, reset_supported;
	u32 dsdt_address32;
	phys_addr_t dsdt;
	acpi_register_t pm1a_control, pm1b_control, reset, sleep_control, pm_timer;
	u8 reset_value;
	u32 smi_command;
	u8 acpi_enable;
	u8 sleep_type_a, sleep_type_b; /* of \_S5; valid with has_s5 */
	bool has_s5;
} acpi_fadt_info_t;

extern acpi_madt_info_t acpi_madt; /* with acpi_srat, freed after boot */
extern acpi_srat_info_t acpi_srat;
extern acpi_fadt_info_t acpi_fadt;

void acpi_init(void);
void acpi_map_registers(void);	  /* once ioremap works: for power-off and reset */
phys_addr_t acpi_hpet_base(void); /* 0: none */

/*
 * Parsers, on a whole table of `len` bytes whose length and checksum were verified. They skip what
 * is damaged or beyond the limits above. Host tests run them.
 */
bool acpi_checksum(const void *table, size_t len);
void acpi_parse_madt(const void *table, size_t len, acpi_madt_info_t *out);
void acpi_parse_srat(const void *table, size_t len, acpi_srat_info_t *out);
void acpi_parse_fadt(const void *table, size_t len, acpi_fadt_info_t *out);
/* MultiProcessor Specification 1.4: an MP configuration table, into what the MADT would say. */
void acpi_parse_mp_table(const void *table, size_t len, acpi_madt_info_t *out);
/* Looks for one in low memory; false when there is none or it is damaged. */
bool acpi_find_mp_table(acpi_madt_info_t *out);
/* Distances between localities; n of them a side, at most ACPI_MAX_NODES. */
u32 acpi_parse_slit(const void *table, size_t len, u8 out[ACPI_MAX_NODES][ACPI_MAX_NODES]);
/* Finds \_S5's package in AML by its encoding: Name (_S5_, Package { a, b, ... }). */
bool acpi_find_s5(const void *aml, size_t len, u8 *type_a, u8 *type_b);

#endif
