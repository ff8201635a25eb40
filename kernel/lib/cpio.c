/*
 * Reading newc archives.
 */
#include <kernel/lib/cpio.h>

#include <kernel/lib/string.h>
#include <uapi/errno.h>

#define HEADER 110 /* magic and 13 fields of 8 hexadecimal digits */

void cpio_open(cpio_t *c, const void *data, size_t size)
{
	*c = (cpio_t){ .data = data, .size = size };
}

static bool field(const u8 *h, unsigned index, u32 *out)
{
	u32 v = 0;

	for (unsigned i = 0; i < 8; i++) {
		u8 d = h[6 + index * 8 + i];

		if (d >= '0' && d <= '9')
			d = (u8)(d - '0');
		else if ((d | 0x20) >= 'a' && (d | 0x20) <= 'f')
			d = (u8)((d | 0x20) - 'a' + 10);
		else
			return false;
		v = v << 4 | d;
	}
	*out = v;
	return true;
}

static size_t pad4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

static int read_entry(cpio_t *c, cpio_entry_t *e)
{
	const u8 *h = c->data + c->at;
	u32 size, name_size, check;
	size_t left = c->size - c->at, data_at;

	if (left < HEADER || (memcmp(h, "070701", 6) && memcmp(h, "070702", 6)))
		return -EINVAL;
	if (!field(h, 0, &e->ino) || !field(h, 1, &e->mode) || !field(h, 2, &e->uid) ||
	    !field(h, 3, &e->gid) || !field(h, 4, &e->nlink) || !field(h, 5, &e->mtime) ||
	    !field(h, 6, &size) || !field(h, 7, &e->dev_major) || !field(h, 8, &e->dev_minor) ||
	    !field(h, 9, &e->rdev_major) || !field(h, 10, &e->rdev_minor) ||
	    !field(h, 11, &name_size) || !field(h, 12, &check))
		return -EINVAL;
	if (!name_size || name_size > left - HEADER)
		return -EINVAL;
	e->name = (const char *)h + HEADER;
	if (e->name[name_size - 1])
		return -EINVAL;
	e->name_len = strlen(e->name);
	data_at = pad4(HEADER + name_size);
	if (data_at > left || size > left - data_at)
		return -EINVAL;
	e->data = h + data_at;
	e->size = size;
	/* The last entry's padding may be cut off. */
	c->at += pad4(data_at + size) < left ? pad4(data_at + size) : left;
	return 1;
}

int cpio_next(cpio_t *c, cpio_entry_t *e)
{
	for (;;) {
		int r;

		while (c->at < c->size && !c->data[c->at])
			c->at++;
		if (c->at == c->size)
			return 0;
		r = read_entry(c, e);
		if (r < 0 || strcmp(e->name, "TRAILER!!!"))
			return r;
	}
}
