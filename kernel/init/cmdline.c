/*
 * The kernel command line: words separated by blanks, `name=value` or bare; double quotes keep
 * blanks together.
 */
#include <kernel/boot.h>

#include <kernel/compiler.h>
#include <kernel/init.h>
#include <kernel/lib/string.h>

static char text[COMMAND_LINE_SIZE] __ro_after_init; /* words with their ends cut */
static u32 word_count __ro_after_init;
static const char *words[COMMAND_LINE_WORDS] __ro_after_init;

__init void cmdline_init(void)
{
	char *out = text;
	bool quoted = false, in_word = false;

	for (const char *s = boot_info.command_line; *s; s++) {
		if (*s == '"') {
			quoted = !quoted;
			continue;
		}
		if (*s == ' ' && !quoted) {
			if (in_word)
				*out++ = 0;
			in_word = false;
			continue;
		}
		if (!in_word) {
			if (word_count == COMMAND_LINE_WORDS)
				return;
			words[word_count++] = out;
			in_word = true;
		}
		*out++ = *s;
	}
}

const char *cmdline_word(u32 index)
{
	return index < word_count ? words[index] : NULL;
}

const char *cmdline_get(const char *name)
{
	size_t n = strlen(name);
	const char *found = NULL;

	for (u32 i = 0; i < word_count; i++) {
		if (strncmp(words[i], name, n))
			continue;
		if (words[i][n] == '=')
			found = words[i] + n + 1;
		else if (!words[i][n])
			found = "";
	}
	return found;
}

__init u64 cmdline_get_size(const char *name, u64 fallback)
{
	const char *s = cmdline_get(name);
	u64 value = 0;

	if (!s || *s < '0' || *s > '9')
		return fallback;
	while (*s >= '0' && *s <= '9')
		value = value * 10 + (u64)(*s++ - '0');
	switch (*s | 0x20) {
	case 'g':
		return value << 30;
	case 'm':
		return value << 20;
	case 'k':
		return value << 10;
	}
	return value;
}
