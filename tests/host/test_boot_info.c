// sources: arch/x86_64/boot/multiboot2.c arch/x86_64/boot/pvh.c arch/x86_64/boot/regions.c
/*
 * What boot loaders hand over: Multiboot2 tags and the PVH structure, whole, cut short at each
 * length, with each rule broken; memory maps made sorted and disjoint, against a map of every page.
 */
#include <string.h>

#include <host.h>

#include <arch/x86_64/boot/boot_internal.h>

static u8 blob[4096];
static size_t blob_len;
static boot_info_t info;

static void put(const void *data, size_t len)
{
	memcpy(blob + blob_len, data, len);
	blob_len += len;
}

static void put_u32(u32 v)
{
	put(&v, 4);
}

static void put_u64(u64 v)
{
	put(&v, 8);
}

/* ---- Multiboot2 ---- */

static size_t tag_at;

static void tag_begin(u32 type)
{
	tag_at = blob_len;
	put_u32(type);
	put_u32(0);
}

static void tag_end(void)
{
	u32 size = (u32)(blob_len - tag_at);

	memcpy(blob + tag_at + 4, &size, 4);
	while (blob_len % 8)
		blob[blob_len++] = 0;
}

static void put_entry(u64 base, u64 length, u32 type)
{
	put_u64(base);
	put_u64(length);
	put_u32(type);
	put_u32(0);
}

static void put_string_tag(u32 type, const char *text)
{
	tag_begin(type);
	put(text, strlen(text) + 1);
	tag_end();
}

static void finish(void)
{
	u32 total;

	tag_begin(0);
	tag_end();
	total = (u32)blob_len;
	memcpy(blob, &total, 4);
}

static void begin(void)
{
	memset(blob, 0xee, sizeof(blob));
	blob_len = 0;
	put_u64(0);
}

static void put_memory_map(void)
{
	tag_begin(6);
	put_u32(24);
	put_u32(0);
	put_entry(0, 0x9fc00, 1);
	put_entry(0x100000, 0x7ee0000, 1);
	put_entry(0x7fe0000, 0x20000, 3);
	put_entry(0xfffc0000, 0x40000, 77);	  /* unknown: reserved */
	put_entry(0x200000000, 0, 1);		  /* empty */
	put_entry(0xfffffffffffff000, 0x2000, 1); /* wraps */
	tag_end();
}

static void make_whole(void)
{
	static const u8 framebuffer[] = { 0, 0, 0, 0xfd, 0, 0,	0, 0, 0, 16, 0, 0, 0, 4, 0,
					  0, 0, 3, 0,	 0, 32, 1, 0, 0, 16, 8, 8, 8, 0, 8 };

	begin();
	put_string_tag(1, "console=ttyS0 quiet");
	put_string_tag(2, "GRUB 2.06");
	tag_begin(3);
	put_u32(0x200000);
	put_u32(0x345678);
	put("initramfs", 10);
	tag_end();
	put_memory_map();
	tag_begin(8);
	put(framebuffer, sizeof(framebuffer));
	tag_end();
	tag_begin(14);
	put("RSD PTR old old old old", 20);
	tag_end();
	tag_begin(15);
	put("RSD PTR new new new new new new new ", 36);
	tag_end();
	finish();
}

/* From a block of exactly that size. */
static const char *parse(size_t len)
{
	u8 *copy = malloc(len ? len : 1);
	const char *wrong;

	memcpy(copy, blob, len);
	memset(&info, 0, sizeof(info));
	wrong = multiboot2_parse(copy, len, &info);
	free(copy);
	return wrong;
}

static void test_multiboot2(void **state)
{
	make_whole();
	assert_null(parse(blob_len));
	assert_string_equal(info.command_line, "console=ttyS0 quiet");
	assert_int_equal(info.module_count, 1);
	assert_int_equal(info.modules[0].start, 0x200000);
	assert_int_equal(info.modules[0].end, 0x345678);
	assert_string_equal(info.modules[0].name, "initramfs");
	assert_int_equal(info.region_count, 4);
	assert_int_equal(info.regions[1].start, 0x100000);
	assert_int_equal(info.regions[1].end, 0x7fe0000);
	assert_int_equal(info.regions[2].type, BOOT_ACPI);
	assert_int_equal(info.regions[3].type, BOOT_RESERVED);
	assert_true(info.has_framebuffer);
	assert_int_equal(info.framebuffer.address, 0xfd000000);
	assert_int_equal(info.framebuffer.width, 1024);
	assert_int_equal(info.framebuffer.height, 768);
	assert_int_equal(info.framebuffer.pitch, 4096);
	assert_int_equal(info.framebuffer.bits_per_pixel, 32);
	/* The newer RSDP wins, whatever the order. */
	assert_int_equal(info.rsdp_copy_len, 36);
	assert_memory_equal(info.rsdp_copy, "RSD PTR new", 11);
}

static void test_multiboot2_damage(void **state)
{
	make_whole();
	for (size_t len = 0; len < blob_len; len++)
		assert_non_null(parse(len));
	/* No end tag: good as long as the memory map was there. */
	make_whole();
	u32 total = (u32)blob_len - 8;

	memcpy(blob, &total, 4);
	assert_null(parse(blob_len));
	begin();
	put_string_tag(1, "quiet");
	finish();
	assert_non_null(strstr(parse(blob_len), "memory map"));
	begin();
	tag_begin(6);
	put_u32(8); /* entries smaller than an entry */
	put_u32(0);
	tag_end();
	finish();
	assert_non_null(strstr(parse(blob_len), "damaged"));
	begin();
	put_memory_map();
	put_u32(1);
	put_u32(7); /* a tag smaller than its head */
	finish();
	assert_non_null(strstr(parse(blob_len), "damaged"));
	for (u32 round = 0; round < 200000; round++) {
		if (round % 8 == 0)
			make_whole();
		blob[8 + test_random_below(blob_len - 8)] = (u8)test_random();
		parse(blob_len);
		assert_true(info.region_count <= BOOT_MAX_REGIONS);
		assert_true(strnlen(info.command_line, COMMAND_LINE_SIZE) < COMMAND_LINE_SIZE);
	}
}

static void test_multiboot2_limits(void **state)
{
	begin();
	put_memory_map();
	for (u32 i = 0; i < BOOT_MAX_MODULES + 5; i++) {
		tag_begin(3);
		put_u32(0x1000 * i);
		put_u32(i % 3 ? 0x1000 * i + 5 : 0); /* some are empty */
		put("a name that is much longer than the sixty-four bytes there are for it, surely",
		    78);
		tag_end();
	}
	finish();
	assert_null(parse(blob_len));
	assert_true(info.module_count <= BOOT_MAX_MODULES);
	assert_int_equal(strlen(info.modules[0].name), 63);
}

/* ---- PVH ---- */

static const void *map(phys_addr_t pa, size_t len)
{
	return pa > blob_len || len > blob_len - pa ? NULL : blob + pa;
}

static void make_pvh(void)
{
	memset(blob, 0, sizeof(blob));
	blob_len = 1; /* at an odd address */
	put_u32(PVH_MAGIC);
	put_u32(1);
	put_u32(0);
	put_u32(1);
	put_u64(201);
	put_u64(301);
	put_u64(0xf5ad0);
	put_u64(101);
	put_u32(3);
	put_u32(0);
	blob_len = 101;
	put_entry(0, 0x9fc00, 1);
	put_entry(0x100000, 0x1ff00000, 1);
	put_entry(0x1000, 0, 1);
	blob_len = 201;
	put_u64(0x1000000);
	put_u64(0x2000);
	put_u64(321);
	put_u64(0);
	blob_len = 301;
	put("console=ttyS0", 14);
	blob_len = 321;
	put("initrd", 7);
}

static const char *parse_pvh(void)
{
	memset(&info, 0, sizeof(info));
	return pvh_parse(1, map, &info);
}

static void test_pvh(void **state)
{
	make_pvh();
	assert_null(parse_pvh());
	assert_int_equal(info.rsdp, 0xf5ad0);
	assert_int_equal(info.region_count, 2);
	assert_int_equal(info.regions[1].end, 0x20000000);
	assert_int_equal(info.module_count, 1);
	assert_int_equal(info.modules[0].end, 0x1002000);
	assert_string_equal(info.modules[0].name, "initrd");
	assert_string_equal(info.command_line, "console=ttyS0");
	blob[1] ^= 1;
	assert_non_null(strstr(parse_pvh(), "damaged"));
	make_pvh();
	blob[5] = 0; /* version 0: no memory map */
	assert_non_null(strstr(parse_pvh(), "memory map"));
	make_pvh();
	blob[1 + 40] = 0xff; /* the map points outside */
	blob[1 + 41] = 0xff;
	assert_non_null(strstr(parse_pvh(), "damaged"));
	make_pvh();
	blob[1 + 17] = 0xff; /* the module list does */
	assert_non_null(strstr(parse_pvh(), "damaged"));
	for (u32 round = 0; round < 200000; round++) {
		if (round % 8 == 0)
			make_pvh();
		blob[1 + test_random_below(330)] = (u8)test_random();
		parse_pvh();
		assert_true(info.region_count <= BOOT_MAX_REGIONS);
		assert_true(info.module_count <= BOOT_MAX_MODULES);
	}
}

/* ---- regions ---- */

#define SPACE 400 /* pages that the random maps lie in */

static int strength(boot_region_type_t type)
{
	static const int of[] = {
		[BOOT_RAM] = 1, [BOOT_ACPI] = 2, [BOOT_NVS] = 3, [BOOT_RESERVED] = 4, [BOOT_BAD] = 5
	};

	return of[type];
}

static void test_regions(void **state)
{
	for (u32 round = 0; round < 20000; round++) {
		boot_region_type_t want[SPACE] = { 0 }, got[SPACE] = { 0 };
		u64 limit = test_random_below(3) ? 0 : 1 + test_random_below(SPACE);
		u32 n = 1 + (u32)test_random_below(30);

		memset(&info, 0, sizeof(info));
		for (u32 i = 0; i < n; i++) {
			u64 start = test_random_below(SPACE),
			    len = test_random_below(SPACE - start + 1);
			boot_region_type_t type = 1 + (boot_region_type_t)test_random_below(5);

			info.regions[info.region_count++] =
				(boot_region_t){ start, start + len, type };
			for (u64 p = start; p < start + len; p++)
				if ((type != BOOT_RAM || !limit || p < limit) &&
				    (!want[p] || strength(type) > strength(want[p])))
					want[p] = type;
		}
		boot_regions_normalise(&info, limit);
		for (u32 i = 0; i < info.region_count; i++) {
			const boot_region_t *r = &info.regions[i];

			assert_true(r->start < r->end);
			if (i) {
				assert_true(r[-1].end <= r->start);
				/* What touches and is alike is one. */
				assert_false(r[-1].end == r->start && r[-1].type == r->type);
			}
			for (u64 p = r->start; p < r->end; p++)
				got[p] = r->type;
		}
		assert_memory_equal(got, want, sizeof(got));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_multiboot2),	  cmocka_unit_test(test_multiboot2_damage),
		cmocka_unit_test(test_multiboot2_limits), cmocka_unit_test(test_pvh),
		cmocka_unit_test(test_regions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
