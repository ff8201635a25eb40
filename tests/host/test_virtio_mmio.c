// sources: kernel/lib/virtio_mmio.c
/*
 * The command line's word for a virtio device in memory: each part, each way to be wrong.
 */
#include <host.h>
#include <kernel/lib/virtio_mmio.h>

static void test_good(void **state)
{
	static const struct {
		const char *text;
		virtio_mmio_option_t is;
	} words[] = {
		{ "4K@0x10001000:5", { 0x10001000, 0x10002000, 5, false, 0 } },
		{ "512@0xFEB00e00:12:7", { 0xfeb00e00, 0xfeb01000, 12, true, 7 } },
		{ "0x1000@268435456:1 quiet", { 0x10000000, 0x10001000, 1, false, 0 } },
		{ "010@010:1:0", { 8, 16, 1, true, 0 } },
		{ "1M@0:9", { 0, 1 << 20, 9, false, 0 } },
		{ "2g@0x100000000:2147483647",
		  { 1UL << 32, (1UL << 32) + (2UL << 30), INT32_MAX, false, 0 } },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		virtio_mmio_option_t o;

		assert_true(virtio_mmio_parse(words[i].text, &o));
		assert_int_equal(o.start, words[i].is.start);
		assert_int_equal(o.end, words[i].is.end);
		assert_int_equal(o.irq, words[i].is.irq);
		assert_int_equal(o.has_id, words[i].is.has_id);
		assert_int_equal(o.id, words[i].is.id);
	}
}

static void test_bad(void **state)
{
	static const char *const words[] = {
		"",
		"4K",
		"4K@",
		"4K@0x1000",
		"4K@0x1000:",
		"4K@0x1000:0",
		"4K@0x1000:5:",
		"4K@0x1000:5x",
		"4K@0x1000:5:1:",
		"0@0x1000:5",
		"@0x1000:5",
		"-1@0x1000:5",
		"4K@-1:5",
		"4K@0x:5",
		"4K@0x1000:0x5",
		"4K@0x1000:-5",
		"4KK@0x1000:5",
		"4K@0x1000:2147483648",
		"4K@0xffffffffffffffff:5",
		"99999999999999999999@0:5",
		"0xffffffffffffffffk@0:5",
		"4K 0x1000:5",
		"4K@0x1000:5:99999999999",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		virtio_mmio_option_t o;

		assert_false(virtio_mmio_parse(words[i], &o));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
