// sources: kernel/lib/string.c:kernel
/*
 * The kernel's own string functions, compiled as for the kernel, against libc's: every small
 * length, alignment and overlap, with guard bytes around.
 */
#include <string.h>

#include <host.h>
#include <uapi/errno.h>

size_t kernel_strlen(const char *s);
size_t kernel_strnlen(const char *s, size_t max);
char *kernel_strcpy(char *dest, const char *src);
char *kernel_strncpy(char *dest, const char *src, size_t n);
int kernel_strcmp(const char *a, const char *b);
int kernel_strncmp(const char *a, const char *b, size_t n);
char *kernel_strchr(const char *s, int c);
char *kernel_strrchr(const char *s, int c);
char *kernel_strstr(const char *s, const char *needle);
size_t kernel_strspn(const char *s, const char *accept);
size_t kernel_strcspn(const char *s, const char *reject);
void *kernel_memcpy(void *dest, const void *src, size_t n);
void *kernel_memmove(void *dest, const void *src, size_t n);
void *kernel_memset(void *s, int c, size_t n);
int kernel_memcmp(const void *a, const void *b, size_t n);
void *kernel_memchr(const void *s, int c, size_t n);
ssize_t kernel_strscpy(char *dest, const char *src, size_t size);
int kernel_kstrtou64(const char *s, unsigned base, u64 *out);

#define ROOM 700

static void fill(u8 *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (u8)test_random();
}

static void test_copy_and_fill(void **state)
{
	u8 source[ROOM], got[ROOM], want[ROOM];

	for (size_t len = 0; len < 600; len++) {
		for (int round = 0; round < 20; round++) {
			size_t from = test_random_below(32), to = test_random_below(32);
			int c = (int)test_random();

			fill(source, ROOM);
			fill(got, ROOM);
			memcpy(want, got, ROOM);
			memcpy(want + to, source + from, len);
			assert_ptr_equal(kernel_memcpy(got + to, source + from, len), got + to);
			assert_memory_equal(got, want, ROOM);
			memset(want + to, c, len);
			assert_ptr_equal(kernel_memset(got + to, c, len), got + to);
			assert_memory_equal(got, want, ROOM);
		}
	}
}

static void test_overlapping_move(void **state)
{
	u8 got[ROOM], want[ROOM];

	for (size_t len = 0; len < 400; len++) {
		for (int distance = -40; distance <= 40; distance++) {
			fill(got, ROOM);
			memcpy(want, got, ROOM);
			memmove(want + 100 + distance, want + 100, len);
			assert_ptr_equal(kernel_memmove(got + 100 + distance, got + 100, len),
					 got + 100 + distance);
			assert_memory_equal(got, want, ROOM);
		}
	}
}

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

static void test_compare_and_search(void **state)
{
	for (int round = 0; round < 300000; round++) {
		char a[80], b[80];
		size_t n = test_random_below(sizeof(a)), len = test_random_below(sizeof(a) - 1);
		int c = (int)test_random_below(4);

		/* A small alphabet, so that there are long common beginnings and many hits. */
		for (size_t i = 0; i < sizeof(a); i++) {
			a[i] = (char)(test_random_below(20) ? 1 : 1 + test_random_below(3));
			b[i] = (char)(test_random_below(20) ? 1 : -1);
		}
		a[len] = b[test_random_below(sizeof(b) - 1)] = 0;
		a[sizeof(a) - 1] = b[sizeof(b) - 1] = 0;
		assert_int_equal(kernel_strlen(a), strlen(a));
		assert_int_equal(kernel_strnlen(a, n), strnlen(a, n));
		assert_int_equal(sign(kernel_strcmp(a, b)), sign(strcmp(a, b)));
		assert_int_equal(sign(kernel_strncmp(a, b, n)), sign(strncmp(a, b, n)));
		assert_int_equal(sign(kernel_memcmp(a, b, n)), sign(memcmp(a, b, n)));
		assert_ptr_equal(kernel_strchr(a, c), strchr(a, c));
		assert_ptr_equal(kernel_strrchr(a, c), strrchr(a, c));
		assert_ptr_equal(kernel_memchr(a, c, n), memchr(a, c, n));
		b[test_random_below(4)] = 0;
		assert_ptr_equal(kernel_strstr(a, b), strstr(a, b));
		assert_int_equal(kernel_strspn(a, "\1\2"), strspn(a, "\1\2"));
		assert_int_equal(kernel_strcspn(a, "\2\3"), strcspn(a, "\2\3"));
	}
}

static void test_string_copies(void **state)
{
	char got[16], want[16];

	for (size_t len = 0; len < 12; len++) {
		const char *text = "abcdefghijkl" + 12 - len;

		for (size_t n = 0; n < 14; n++) {
			memset(got, '#', sizeof(got));
			memset(want, '#', sizeof(want));
			strncpy(want, text, n);
			assert_ptr_equal(kernel_strncpy(got, text, n), got);
			assert_memory_equal(got, want, sizeof(got));
			if (!n)
				continue;
			memset(got, '#', sizeof(got));
			assert_int_equal(kernel_strscpy(got, text, n),
					 len < n ? (ssize_t)len : -E2BIG);
			assert_int_equal(strlen(got), MIN(len, n - 1));
			assert_memory_equal(got, text, MIN(len, n - 1));
			assert_int_equal(got[n], '#');
		}
		assert_ptr_equal(kernel_strcpy(got, text), got);
		assert_string_equal(got, text);
	}
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		unsigned base;
		int result;
		u64 value;
	} rows[] = {
		{ "0", 10, 0, 0 },
		{ "18446744073709551615", 10, 0, ~0UL },
		{ "18446744073709551616", 10, -ERANGE, 0 },
		{ "99999999999999999999999", 10, -ERANGE, 0 },
		{ "ffffffffffffffff", 16, 0, ~0UL },
		{ "0xFfFfFfFfFfFfFfFf", 16, 0, ~0UL },
		{ "10000000000000000", 16, -ERANGE, 0 },
		{ "0x10", 0, 0, 16 },
		{ "010", 0, 0, 8 },
		{ "0", 0, 0, 0 },
		{ "08", 0, -EINVAL, 0 },
		{ "10", 0, 0, 10 },
		{ "zz", 36, 0, 35 * 36 + 35 },
		{ "", 10, -EINVAL, 0 },
		{ "0x", 0, -EINVAL, 0 },
		{ "-1", 10, -EINVAL, 0 },
		{ "+1", 10, -EINVAL, 0 },
		{ " 1", 10, -EINVAL, 0 },
		{ "1 ", 10, -EINVAL, 0 },
		{ "12a", 10, -EINVAL, 0 },
		{ "2", 2, -EINVAL, 0 },
		{ "@", 36, -EINVAL, 0 },
		{ "{", 36, -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 value = 0;

		if (kernel_kstrtou64(rows[i].text, rows[i].base, &value) != rows[i].result ||
		    (!rows[i].result && value != rows[i].value))
			fail_msg("\"%s\" in base %u", rows[i].text, rows[i].base);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy_and_fill),
		cmocka_unit_test(test_overlapping_move),
		cmocka_unit_test(test_compare_and_search),
		cmocka_unit_test(test_string_copies),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
