/*
 * Names of the image's functions. tools/gen_symbols makes the table from the linked image: offsets
 * from image_start in ascending order, and beside each where its name begins in one string of all
 * names.
 */
#include <kernel/panic.h>

extern char image_start[], text_end[];
/* Absent in the first link of two. */
extern const u32 symbol_offsets[] __attribute__((weak));
extern const u32 symbol_names[] __attribute__((weak));
extern const char symbol_text[] __attribute__((weak));
extern const u32 symbol_count __attribute__((weak));

const char *symbol_lookup(unsigned long addr, unsigned long *offset)
{
	u32 low = 0, high, at;

	if (!&symbol_count || addr < (unsigned long)image_start || addr >= (unsigned long)text_end)
		return NULL;
	at = (u32)(addr - (unsigned long)image_start);
	high = symbol_count;
	while (high - low > 1) {
		u32 middle = low + (high - low) / 2;

		if (symbol_offsets[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	*offset = at - symbol_offsets[low];
	return symbol_text + symbol_names[low];
}

unsigned long symbol_at(u32 index, const char **name)
{
	if (!&symbol_count || index >= symbol_count)
		return 0;
	*name = symbol_text + symbol_names[index];
	return (unsigned long)image_start + symbol_offsets[index];
}
