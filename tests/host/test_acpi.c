// sources: drivers/acpi/tables.c drivers/acpi/mp_table.c drivers/acpi/acpi.c
/*
 * ACPI tables: each parser on a well-formed table, cut short at each length, with entries beyond
 * the limits; then the whole way from the RSDP on a machine with two nodes, whose boot CPU is not
 * the first of its table.
 */
#include <stdlib.h>
#include <string.h>

#include <host.h>

#include <arch/cpu.h>
#include <arch/init.h>
#include <drivers/acpi.h>
#include <kernel/boot.h>
#include <mm/early.h>

boot_info_t boot_info;
static u8 memory[1 << 20];
static u64 node_ranges[8][3];
static u32 node_range_count;

const void *arch_map_firmware(phys_addr_t pa, size_t len)
{
	return pa > sizeof(memory) || len > sizeof(memory) - pa ? NULL : memory + pa;
}

u32 arch_apic_id(void)
{
	return 2;
}

void early_set_node(phys_addr_t start, phys_addr_t end, u32 node)
{
	node_ranges[node_range_count][0] = start;
	node_ranges[node_range_count][1] = end;
	node_ranges[node_range_count++][2] = node;
}

/* Tables are written into `memory` one behind the other. */
static size_t at = 0x1000, table_at;

static void put(const void *data, size_t len)
{
	memcpy(memory + at, data, len);
	at += len;
}

static void put_le(u64 v, size_t bytes)
{
	put(&v, bytes);
}

static void begin(const char *signature)
{
	at = ALIGN_UP(at, 16UL) + 3; /* nothing promises alignment */
	table_at = at;
	memset(memory + at, 0, 36);
	memcpy(memory + at, signature, 4);
	at += 36;
}

static u8 sum_of(const u8 *p, size_t len)
{
	u8 sum = 0;

	while (len--)
		sum = (u8)(sum + *p++);
	return sum;
}

static size_t end(void)
{
	u32 len = (u32)(at - table_at);

	memcpy(memory + table_at + 4, &len, 4);
	memory[table_at + 9] = 0;
	memory[table_at + 9] = (u8)-sum_of(memory + table_at, len);
	return table_at;
}

static size_t table_len(void)
{
	return at - table_at;
}

static void put_lapic(u8 id, u32 flags)
{
	put_le(0, 1);
	put_le(8, 1);
	put_le(id, 1);
	put_le(id, 1);
	put_le(flags, 4);
}

static void put_x2apic(u32 id, u32 flags)
{
	put_le(9, 1);
	put_le(16, 1);
	put_le(0, 2);
	put_le(id, 4);
	put_le(flags, 4);
	put_le(id, 4);
}

static size_t make_madt(void)
{
	begin("APIC");
	put_le(0xfee00000, 4);
	put_le(1, 4);
	for (u8 i = 0; i < 4; i++)
		put_lapic(i, 1);
	put_lapic(4, 0); /* not enabled */
	put_lapic(5, 2); /* could be plugged in later */
	put_lapic(2, 1); /* again */
	put_x2apic(300, 1);
	put_le(0x0c01, 2); /* I/O APIC */
	put_le(7, 2);
	put_le(0xfec00000, 4);
	put_le(24, 4);
	put_le(0x0a02, 2); /* IRQ 0 is wired to 2 */
	put_le(0, 2);
	put_le(2, 4);
	put_le(5, 2);
	put_le(0x0504, 2); /* an entry of no interest */
	put_le(0, 3);
	return end();
}

static size_t make_srat(void)
{
	begin("SRAT");
	put_le(1, 4);
	put_le(0, 8);
	for (u8 i = 0; i < 4; i++) {
		put_le(0x1000, 2);
		put_le(i / 2 ? 7 : 0, 1); /* domains 0 and 7 */
		put_le(i, 1);
		put_le(1, 4);
		put_le(0, 8);
	}
	put_le(0x1802, 2); /* x2APIC 300 in domain 7 */
	put_le(0, 2);
	put_le(7, 4);
	put_le(300, 4);
	put_le(1, 4);
	put_le(0, 8);
	for (u32 i = 0; i < 3; i++) {
		put_le(0x2801, 2);
		put_le(i == 1 ? 7 : 0, 4);
		put_le(0, 2);
		put_le((u64)i << 30, 8);
		put_le(1UL << 30, 8);
		put_le(0, 4);
		put_le(i < 2, 4); /* the third is not enabled */
		put_le(0, 8);
	}
	return end();
}

static size_t make_slit(void)
{
	begin("SLIT");
	put_le(8, 8);
	for (u32 i = 0; i < 8; i++)
		for (u32 k = 0; k < 8; k++)
			put_le(i == k ? 10 : 20 + i + k, 1);
	return end();
}

static size_t make_dsdt(void)
{
	static const u8 aml[] = { 0x5b, 0x80, 'R',  0x08, '_',	'S',  '5',  '_',  0x12, 0x06,
				  0x04, 0x0a, 0x05, 0x0a, 0x03, 0x00, 0x00, 0x14, 0x00 };

	begin("DSDT");
	put(aml, sizeof(aml));
	return end();
}

static size_t make_fadt(size_t dsdt, size_t len)
{
	begin("FACP");
	memset(memory + at, 0, 300);
	memcpy(memory + table_at + 40, &(u32){ (u32)dsdt }, 4);
	memcpy(memory + table_at + 48, &(u32){ 0xb2 }, 4);
	memory[table_at + 52] = 0xa0;
	memcpy(memory + table_at + 64, &(u32){ 0x604 }, 4);
	memcpy(memory + table_at + 76, &(u32){ 0x608 }, 4);
	memcpy(memory + table_at + 112, &(u32){ 1u << 10 }, 4);
	memory[table_at + 116] = 1;
	memcpy(memory + table_at + 120, &(u64){ 0xcf9 }, 8);
	memory[table_at + 128] = 6;
	at = table_at + len;
	return end();
}

static size_t make_hpet(void)
{
	begin("HPET");
	put_le(0, 8);
	put_le(0xfed00000, 8);
	put_le(0, 4);
	return end();
}

static void test_madt(void **state)
{
	acpi_madt_info_t m = { 0 };
	size_t table = make_madt(), len = table_len();

	assert_true(acpi_checksum(memory + table, len));
	memory[table + 20] ^= 1;
	assert_false(acpi_checksum(memory + table, len));
	memory[table + 20] ^= 1;
	acpi_parse_madt(memory + table, len, &m);
	assert_int_equal(m.lapic_address, 0xfee00000);
	assert_true(m.has_8259);
	assert_int_equal(m.cpu_count, 5);
	assert_int_equal(m.apic_ids[3], 3);
	assert_int_equal(m.apic_ids[4], 300);
	assert_int_equal(m.ioapic_count, 1);
	assert_int_equal(m.ioapics[0].address, 0xfec00000);
	assert_int_equal(m.ioapics[0].gsi_base, 24);
	assert_int_equal(m.override_count, 1);
	assert_int_equal(m.overrides[0].irq, 0);
	assert_int_equal(m.overrides[0].gsi, 2);
	assert_int_equal(m.overrides[0].flags, 5);
	/* Beyond the limits: counted, not stored. */
	begin("APIC");
	put_le(0xfee00000, 4);
	put_le(0, 4);
	for (u32 i = 0; i < NR_CPUS + 9; i++)
		put_x2apic(1000 + i, 1);
	for (u32 i = 0; i < 100; i++) {
		put_le(0x0c01, 2);
		put_le(0, 8);
		put_le(0, 2);
		put_le(0x0a02, 2);
		put_le(0, 8);
	}
	put_le(0x0c05, 2);
	put_le(0, 2);
	put_le(0x1fee00000, 8);
	table = end();
	memset(&m, 0, sizeof(m));
	acpi_parse_madt(memory + table, table_len(), &m);
	assert_int_equal(m.cpu_count, NR_CPUS);
	assert_int_equal(m.too_many, 9);
	assert_int_equal(m.ioapic_count, ACPI_MAX_IOAPICS);
	assert_int_equal(m.override_count, ACPI_MAX_OVERRIDES);
	assert_int_equal(m.lapic_address, 0x1fee00000);
	assert_false(m.has_8259);
}

static void test_srat_slit_fadt(void **state)
{
	static u8 slit[ACPI_MAX_NODES][ACPI_MAX_NODES];
	acpi_srat_info_t s = { 0 };
	acpi_fadt_info_t f = { 0 };
	size_t table = make_srat();

	acpi_parse_srat(memory + table, table_len(), &s);
	assert_int_equal(s.cpu_count, 5);
	assert_int_equal(s.cpus[2].domain, 7);
	assert_int_equal(s.cpus[4].apic_id, 300);
	assert_int_equal(s.range_count, 2);
	assert_int_equal(s.ranges[1].start, 1UL << 30);
	assert_int_equal(s.ranges[1].end, 2UL << 30);
	assert_int_equal(s.ranges[1].domain, 7);

	table = make_slit();
	assert_int_equal(acpi_parse_slit(memory + table, table_len(), slit), 8);
	assert_int_equal(slit[3][3], 10);
	assert_int_equal(slit[0][7], 27);
	assert_int_equal(acpi_parse_slit(memory + table, table_len() - 1, slit), 0);
	memory[table + 36] = 200;
	assert_int_equal(acpi_parse_slit(memory + table, table_len(), slit), 0);

	table = make_fadt(0x4000, 276);
	acpi_parse_fadt(memory + table, table_len(), &f);
	assert_true(f.present && f.reset_supported && !f.hardware_reduced);
	assert_int_equal(f.dsdt, 0x4000);
	assert_int_equal(f.pm1a_control.space, 1);
	assert_int_equal(f.pm1a_control.address, 0x604);
	assert_int_equal(f.reset.address, 0xcf9);
	assert_int_equal(f.reset_value, 6);
	/* The 64-bit fields win where they are set. */
	memcpy(memory + table + 140, &(u64){ 0x123456789 }, 8);
	memory[table + 172] = 0;
	memcpy(memory + table + 176, &(u64){ 0xfe000000 }, 8);
	memset(&f, 0, sizeof(f));
	acpi_parse_fadt(memory + table, 276, &f);
	assert_int_equal(f.dsdt, 0x123456789);
	assert_int_equal(f.pm1a_control.space, 0);
	assert_int_equal(f.pm1a_control.address, 0xfe000000);
	/* ACPI 1.0's is shorter. */
	memset(&f, 0, sizeof(f));
	acpi_parse_fadt(memory + table, 116, &f);
	assert_true(f.present && !f.reset_supported);
	assert_int_equal(f.pm1a_control.address, 0x604);
	memset(&f, 0, sizeof(f));
	acpi_parse_fadt(memory + table, 115, &f);
	assert_false(f.present);
}

static void test_s5(void **state)
{
	static const struct {
		const char *aml;
		size_t len;
		int a, b; /* -1: not found */
	} rows[] = {
		{ "\x08_S5_\x12\x06\x04\x0a\x05\x0a\x03\x00\x00", 14, 5, 3 },
		{ "\x08\\_S5_\x12\x06\x04\x0a\x05\x0a\x03\x00\x00", 15, 5, 3 },
		{ "\x08_S5_\x12\x0a\x04\x0b\x07\x00\x0c\x06\x00\x00\x00\x00", 17, 7, 6 },
		{ "\x08_S5_\x12\x46\x00\x04\x01\x00\x00\x00\x00", 14, 1, 0 },  /* two-byte length */
		{ "\x10_S5_\x12\x06\x04\x0a\x05\x0a\x03\x00\x00", 14, -1, 0 }, /* no NameOp */
		{ "\x08_S5_\x13\x06\x04\x0a\x05\x0a\x03\x00\x00", 14, -1, 0 }, /* no package */
		{ "\x08_S4_\x12\x06\x04\x0a\x05\x0a\x03\x00\x00", 14, -1, 0 },
		{ "\x08_S5_\x12\x06\x04\x70\x05\x0a\x03\x00\x00", 14, -1, 0 }, /* no integer */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t len = 0; len <= rows[i].len; len++) {
			u8 *copy = malloc(len ? len : 1), a = 0xff, b = 0xff;
			bool found;

			memcpy(copy, rows[i].aml, len);
			found = acpi_find_s5(copy, len, &a, &b);
			free(copy);
			if (len == rows[i].len) {
				if (found != (rows[i].a >= 0) ||
				    (found && (a != rows[i].a || b != rows[i].b)))
					fail_msg("row %zu: %d %u %u", i, found, a, b);
			}
		}
	}
}

static void test_cut_short(void **state)
{
	static acpi_madt_info_t m;
	static acpi_srat_info_t s;
	static acpi_fadt_info_t f;
	static u8 slit[ACPI_MAX_NODES][ACPI_MAX_NODES];
	size_t tables[4] = { make_madt() }, lens[4] = { table_len() };

	tables[1] = make_srat(), lens[1] = table_len();
	tables[2] = make_fadt(0, 276), lens[2] = table_len();
	tables[3] = make_slit(), lens[3] = table_len();
	for (int t = 0; t < 4; t++) {
		for (size_t len = 0; len <= lens[t]; len++) {
			u8 *copy = malloc(len ? len : 1);

			memcpy(copy, memory + tables[t], len);
			acpi_parse_madt(copy, len, &m);
			acpi_parse_srat(copy, len, &s);
			acpi_parse_fadt(copy, len, &f);
			acpi_parse_slit(copy, len, slit);
			free(copy);
		}
	}
	assert_true(m.cpu_count <= NR_CPUS && s.cpu_count <= NR_CPUS);
}

static size_t make_rsdp(size_t root, bool wide)
{
	size_t place = ALIGN_UP(at, 16UL);

	memset(memory + place, 0, 36);
	memcpy(memory + place, "RSD PTR ", 8);
	memory[place + 15] = wide ? 2 : 0;
	memcpy(memory + place + 16, &(u32){ wide ? 0 : (u32)root }, 4);
	memcpy(memory + place + 20, &(u32){ 36 }, 4);
	if (wide)
		memcpy(memory + place + 24, &(u64){ root }, 8);
	memory[place + 8] = (u8)-sum_of(memory + place, 20);
	at = place + 36;
	return place;
}

static void reset(void)
{
	memset(&acpi_madt, 0, sizeof(acpi_madt));
	memset(&acpi_srat, 0, sizeof(acpi_srat));
	memset(&acpi_fadt, 0, sizeof(acpi_fadt));
	memset(&boot_info, 0, sizeof(boot_info));
	node_range_count = 0;
}

static void check_machine(void)
{
	assert_int_equal(acpi_madt.cpu_count, 5);
	assert_int_equal(acpi_madt.apic_ids[0], 2); /* this one */
	assert_int_equal(acpi_madt.apic_ids[2], 0);
	assert_int_equal(node_count, 2);
	assert_int_equal(node_range_count, 2);
	assert_int_equal(node_ranges[1][0], 1UL << 30);
	assert_int_equal(node_ranges[1][2], 1);
	assert_int_equal(cpu_node(2), 0); /* APIC id 0 */
	assert_int_equal(cpu_node(4), 1); /* 300 */
	assert_int_equal(node_distance(0, 0), 10);
	assert_int_equal(node_distance(0, 1), 27); /* domains 0 and 7 */
	assert_true(acpi_fadt.has_s5);
	assert_int_equal(acpi_fadt.sleep_type_a, 5);
	assert_int_equal(acpi_fadt.sleep_type_b, 3);
	assert_int_equal(acpi_hpet_base(), 0xfed00000);
}

static void test_walk(void **state)
{
	size_t places[8], n = 0, xsdt, rsdt, rsdp;

	memset(memory, 0, sizeof(memory));
	at = 0x2000;
	places[n++] = make_madt();
	places[n++] = make_srat();
	places[n++] = make_slit();
	places[n++] = make_hpet();
	places[n] = make_dsdt();
	places[n] = make_fadt(places[n], 276), n++;
	begin("NONE"); /* one of no interest, then damaged ones and one that is not there */
	places[n++] = end();
	begin("SLIT");
	put_le(1, 8);
	put_le(99, 1);
	places[n] = end();
	memory[places[n++] + 9]++;
	places[n++] = 0xfffff000;
	begin("XSDT");
	for (size_t i = 0; i < n; i++)
		put_le(places[i], 8);
	xsdt = end();
	begin("RSDT");
	for (size_t i = 0; i < n; i++)
		put_le(places[i], 4);
	rsdt = end();

	reset();
	boot_info.rsdp = make_rsdp(xsdt, true);
	acpi_init();
	check_machine();
	reset();
	boot_info.rsdp = make_rsdp(rsdt, false);
	acpi_init();
	check_machine();
	/* As Multiboot2 hands it over. */
	reset();
	rsdp = make_rsdp(xsdt, true);
	memcpy(boot_info.rsdp_copy, memory + rsdp, 36);
	boot_info.rsdp_copy_len = 36;
	acpi_init();
	check_machine();
	/* Found in the first KiB of the EBDA. */
	reset();
	at = 0x1100;
	rsdp = make_rsdp(rsdt, false);
	memcpy(memory + 0x40e, &(u16){ 0x1000 >> 4 }, 2);
	acpi_init();
	check_machine();
}

static void put_text(const char *text)
{
	put(text, strlen(text));
}

/* An MP configuration table: four CPUs, one of them off, an I/O APIC, IRQ 0 wired to input 2. */
static size_t make_mp_table(void)
{
	u16 length;

	table_at = at;
	put_text("PCMP");
	put_le(0, 2);	 /* length, */
	put_le(0x04, 2); /* revision and checksum */
	put_text("MAKER   PRODUCT     ");
	put_le(0, 8);
	put_le(0xfee00000, 4);
	put_le(0, 4);
	for (u8 i = 0; i < 4; i++) {
		put_le(0 | (u64)(i + 1) << 8, 2);
		put_le(0x14 | (i < 3 ? 1 << 8 : 0), 2);
		put_le(0, 8);
		put_le(0, 8);
	}
	put_text("\1\5PCI   \1\6ISA   ");
	put_le(0x01110402, 4); /* I/O APIC 4, usable */
	put_le(0xfec00000, 4);
	put_le(0x01110502, 4); /* a second, whose inputs nobody numbers */
	put_le(0xfec10000, 4);
	put_text("\3");
	put_le(0, 3);
	put_le(0x02040006, 4); /* bus 6, line 0: I/O APIC 4, input 2 */
	put_text("\3");
	put_le(0, 3);
	put_le(0x01040106, 4); /* line 1 is where it belongs */
	put_text("\3");
	put_le(0x0f00, 3);     /* low and level */
	put_le(0x09040906, 4); /* line 9 */
	put_text("\3");
	put_le(0, 3);
	put_le(0x10040005, 4); /* of the PCI bus */
	length = (u16)table_len();
	memcpy(memory + table_at + 4, &length, 2);
	memory[table_at + 7] = (u8)-sum_of(memory + table_at, length);
	return table_at;
}

static void check_mp_machine(void)
{
	assert_int_equal(acpi_madt.cpu_count, 3);
	assert_int_equal(acpi_madt.apic_ids[0], 2); /* the boot CPU */
	assert_int_equal(acpi_madt.apic_ids[1], 1);
	assert_int_equal(acpi_madt.ioapic_count, 1);
	assert_int_equal(acpi_madt.ioapics[0].address, 0xfec00000);
	assert_int_equal(acpi_madt.override_count, 2);
	assert_int_equal(acpi_madt.overrides[0].gsi, 2);
	assert_int_equal(acpi_madt.overrides[1].irq, 9);
	assert_int_equal(acpi_madt.overrides[1].flags, 0xf);
}

static void test_mp_table(void **state)
{
	static const u64 places[] = { 0x2000, 639 << 10, 0xf8000 };
	u8 pointer[16] = { '_', 'M', 'P', '_' };
	u32 table;

	for (u32 i = 0; i < ARRAY_SIZE(places); i++) {
		memset(memory, 0, sizeof(memory));
		at = 0x1000;
		reset();
		table = (u32)make_mp_table();
		memcpy(pointer + 4, &table, 4);
		pointer[8] = 1;
		pointer[9] = 4;
		pointer[10] = 0;
		pointer[10] = (u8)-sum_of(pointer, sizeof(pointer));
		memcpy(memory + places[i], pointer, sizeof(pointer));
		if (places[i] < 0x80000)
			memcpy(memory + 0x40e, &(u16){ (u16)(places[i] >> 4) }, 2);
		acpi_init();
		check_mp_machine();
	}
	/* Damaged, and cut short at each length. */
	reset();
	memory[table + 50]++;
	assert_false(acpi_find_mp_table(&acpi_madt));
	assert_int_equal(acpi_madt.cpu_count, 0);
	memory[table + 50]--;
	for (size_t len = 0; len < table_len(); len++) {
		u8 *copy = malloc(len ? len : 1);

		memcpy(copy, memory + table, len);
		reset();
		acpi_parse_mp_table(copy, len, &acpi_madt);
		assert_true(acpi_madt.cpu_count <= 3 && acpi_madt.override_count <= 2);
		free(copy);
	}
}

static void test_nothing(void **state)
{
	memset(memory, 0, sizeof(memory));
	reset();
	acpi_init();
	assert_int_equal(acpi_madt.cpu_count, 1);
	assert_int_equal(acpi_madt.apic_ids[0], 2);
	assert_int_equal(acpi_madt.lapic_address, 0xfee00000);
	assert_true(acpi_madt.has_8259);
	assert_int_equal(node_count, 1);
	assert_int_equal(node_distance(0, 0), 10);
	assert_false(acpi_fadt.present);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),	       cmocka_unit_test(test_madt),
		cmocka_unit_test(test_srat_slit_fadt), cmocka_unit_test(test_s5),
		cmocka_unit_test(test_cut_short),      cmocka_unit_test(test_walk),
		cmocka_unit_test(test_mp_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
