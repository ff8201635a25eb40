/*
 * The first line of a script: "#!", blanks, the interpreter's path, blanks, and the rest, trailing
 * blanks cut, as one argument. Only the first 256 bytes count: an argument is cut there, but a path
 * that may have been cut is refused.
 */
#include <kernel/lib/string.h>

#include "exec_internal.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static char *skip_blanks(char *s, const char *end)
{
	while (s < end && is_blank(*s))
		s++;
	return s;
}

static char *find_word_end(char *s, const char *end)
{
	while (s < end && *s && !is_blank(*s))
		s++;
	return s;
}

int exec_parse_script(char line[EXEC_HEADER_SIZE], char **interpreter, char **arg)
{
	char *limit = line + EXEC_HEADER_SIZE - 1, *end, *name, *name_end, *rest;

	if (line[0] != '#' || line[1] != '!')
		return -ENOEXEC;
	end = memchr(line, '\n', strnlen(line, EXEC_HEADER_SIZE));
	if (!end) {
		name = skip_blanks(line + 2, limit + 1);
		if (name > limit || find_word_end(name, limit + 1) > limit)
			return -ENOEXEC;
		end = limit;
	}
	while (is_blank(end[-1]))
		end--;
	name = skip_blanks(line + 2, end);
	if (name >= end)
		return -ENOEXEC;
	name_end = find_word_end(name, end);
	rest = name_end < end && *name_end ? skip_blanks(name_end, end) : end;
	*end = '\0';
	*name_end = '\0';
	*interpreter = name;
	*arg = rest < end && *rest ? rest : NULL;
	return 0;
}
