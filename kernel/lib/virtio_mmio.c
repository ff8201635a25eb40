/*
 * The option that names a virtio device in memory. Runs before relocation too: no pointers in data.
 */
#include <kernel/lib/virtio_mmio.h>

#include <kernel/compiler.h>

static u32 digit(char c)
{
	if (c >= '0' && c <= '9')
		return (u32)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (u32)(c - 'a') + 10 : 16;
}

/* Decimal, 0x hexadecimal or 0 octal where any base will do; moves on behind it. */
static bool number(const char **s, bool any_base, u64 *out)
{
	const char *c = *s, *first;
	u64 base = 10, value = 0;

	if (any_base && c[0] == '0' && (c[1] | 0x20) == 'x') {
		base = 16;
		c += 2;
	} else if (any_base && c[0] == '0') {
		base = 8;
	}
	for (first = c; digit(*c) < base; c++)
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit(*c), &value))
			return false;
	*s = c;
	*out = value;
	return c != first;
}

static bool size(const char **s, u64 *out)
{
	u32 shift;
	char unit;

	if (!number(s, true, out))
		return false;
	unit = **s | 0x20;
	shift = unit == 'g' ? 30 : unit == 'm' ? 20 : unit == 'k' ? 10 : 0;
	if (shift)
		++*s;
	if (*out > ~0UL >> shift)
		return false;
	*out <<= shift;
	return *out;
}

static bool follows(const char **s, char c)
{
	if (**s != c)
		return false;
	++*s;
	return true;
}

bool virtio_mmio_parse(const char *text, virtio_mmio_option_t *out)
{
	u64 bytes, start, irq, id = 0;
	bool has_id;

	if (!size(&text, &bytes) || !follows(&text, '@') || !number(&text, true, &start) ||
	    !follows(&text, ':') || !number(&text, false, &irq) || !irq || irq > INT32_MAX)
		return false;
	has_id = follows(&text, ':');
	if (has_id && (!number(&text, false, &id) || id > INT32_MAX))
		return false;
	if ((*text && *text != ' ') || start + bytes < start)
		return false;
	*out = (virtio_mmio_option_t){
		.start = start,
		.end = start + bytes,
		.irq = (u32)irq,
		.has_id = has_id,
		.id = (u32)id,
	};
	return true;
}
