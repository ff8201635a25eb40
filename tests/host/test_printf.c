// sources: kernel/lib/printf.c
/* Formatted output against libc's, for millions of random formats and values. */
#include <stdio.h>
#include <string.h>

#include <host.h>

static int (*const libc_snprintf)(char *, size_t, const char *, ...) = snprintf;

#include <kernel/lib/printf.h>

static int (*const our_snprintf)(char *, size_t, const char *, ...) = snprintf;
static int (*const our_scnprintf)(char *, size_t, const char *, ...) = scnprintf;

static char format[64], ours[512], libc[512];

static void compare(int our_length, int libc_length)
{
	if (our_length != libc_length || strcmp(ours, libc) != 0)
		fail_msg("\"%s\": \"%s\" (%d) instead of \"%s\" (%d)", format, ours, our_length,
			 libc, libc_length);
}

#define BOTH(size, ...)                                                                            \
	compare(our_snprintf(ours, size, format, __VA_ARGS__),                                     \
		libc_snprintf(libc, size, format, __VA_ARGS__))

/* Writes "<%flags width .precision" and returns its end. */
static char *random_spec(const char *flags)
{
	char *f = format;

	*f++ = '<';
	*f++ = '%';
	while (test_random_below(3))
		*f++ = flags[test_random_below(strlen(flags))];
	if (test_random_below(2))
		f += libc_snprintf(f, 8, "%d", 1 + (int)test_random_below(40));
	if (test_random_below(2))
		f += libc_snprintf(f, 8, test_random_below(8) ? ".%d" : ".",
				   (int)test_random_below(30));
	return f;
}

static void finish_spec(char *f, const char *length, char conversion)
{
	libc_snprintf(f, 16, "%s%c>", length, conversion);
}

static u64 random_value(void)
{
	u64 v = test_random_sized();

	switch (test_random_below(8)) {
	case 0:
		return 0;
	case 1:
		return -v;
	case 2:
		return 1UL << test_random_below(64);
	case 3:
		return (1UL << test_random_below(64)) - 1;
	}
	return v;
}

static void test_integers(void **state)
{
	static const char *const lengths[] = { "", "hh", "h", "l", "ll", "z", "j", "t" };

	for (int round = 0; round < 1500000; round++) {
		size_t length = test_random_below(ARRAY_SIZE(lengths));
		char conversion = "diuoxX"[test_random_below(6)];
		bool is_signed = conversion == 'd' || conversion == 'i';
		u64 v = random_value();
		char *f = random_spec(is_signed ? "-+ 0" : conversion == 'u' ? "-0" : "-#0");

		finish_spec(f, lengths[length], conversion);
		if (length < 3)
			BOTH(sizeof(ours), (int)v);
		else
			BOTH(sizeof(ours), v);
	}
}

static void test_strings(void **state)
{
	for (int round = 0; round < 500000; round++) {
		char text[40];
		size_t len = test_random_below(sizeof(text));
		char *f = random_spec("-");

		memset(text, 'x', len);
		text[len] = 0;
		finish_spec(f, "", 's');
		len = 1 + test_random_below(sizeof(ours));
		BOTH(len, text);
	}
	/* A precision bounds what is read: this text has no end. */
	char open_end[4] = { 'a', 'b', 'c', 'd' };

	strcpy(format, "%.4s");
	BOTH(sizeof(ours), open_end);
	strcpy(format, "%s");
	BOTH(sizeof(ours), (char *)NULL);
}

static void test_stars(void **state)
{
	for (int round = 0; round < 200000; round++) {
		int width = (int)test_random_below(60) - 30;
		int precision = (int)test_random_below(30) - 5, value = (int)random_value();

		strcpy(format, test_random_below(2) ? "%*.*d|" : "%0*.*x|");
		BOTH(sizeof(ours), width, precision, value);
	}
	strcpy(format, "%c%%%5c%-5c|");
	BOTH(sizeof(ours), 'a', 'b', 'c');
	strcpy(format, "%c");
	BOTH(sizeof(ours), 0);
}

static void test_small_buffers(void **state)
{
	for (size_t size = 0; size < 30; size++) {
		memset(ours, '#', sizeof(ours));
		memset(libc, '#', sizeof(libc));
		assert_int_equal(our_snprintf(ours, size, "%s %d %-6x|", "hello", -123456, 255),
				 libc_snprintf(libc, size, "%s %d %-6x|", "hello", -123456, 255));
		assert_memory_equal(ours, libc, 40);
		memset(ours, '#', sizeof(ours));
		assert_int_equal(our_scnprintf(ours, size, "%s", "0123456789"),
				 size ? MIN(size - 1, 10UL) : 0);
	}
	assert_int_equal(our_snprintf(NULL, 0, "%d", 1234), 4);
}

static void test_own_rules(void **state)
{
	our_snprintf(ours, sizeof(ours), "%p|%20p|%p", (void *)0xdeadbeefUL, (void *)0x1234UL,
		     NULL);
	assert_string_equal(ours, "0xdeadbeef|              0x1234|0x0");
	our_snprintf(ours, sizeof(ours), "%d %y %", 1);
	assert_string_equal(ours, "1 %y %");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers),  cmocka_unit_test(test_strings),
		cmocka_unit_test(test_stars),	  cmocka_unit_test(test_small_buffers),
		cmocka_unit_test(test_own_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
