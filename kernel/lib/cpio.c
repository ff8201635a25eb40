/*
 * cpio archives. An entry is a header of thirteen numbers of eight hexadecimal digits, the name
 * with its NUL, and the data; name and data each end at a multiple of 4. The entry named
 * "TRAILER!!!" ends an archive.
 */
#include <kernel/lib/cpio.h>

#include <kernel/compiler.h>
#include <kernel/lib/string.h>
#include <uapi/errno.h>

#define MAGIC_SIZE 6
#define FIELD_SIZE 8
#define HEADER_SIZE (MAGIC_SIZE + FIELDS * FIELD_SIZE)
#define NAME_MAX_SIZE 4096 /* PATH_MAX */
#define TRAILER "TRAILER!!!"
#define MODE_FORMAT 0170000 /* S_IFMT */
#define MODE_SYMLINK 0120000

enum {
	INO,
	MODE,
	UID,
	GID,
	NLINK,
	MTIME,
	SIZE,
	DEV_MAJOR,
	DEV_MINOR,
	RDEV_MAJOR,
	RDEV_MINOR,
	NAME_SIZE,
	CHECK,
	FIELDS,
};

void cpio_open(cpio_t *c, const void *data, size_t size)
{
	*c = (cpio_t){ .data = data, .size = size };
}

static int damaged(cpio_t *c, const char *how)
{
	c->error = how;
	return -EINVAL;
}

static bool parse_field(const u8 *p, u32 *out)
{
	u32 value = 0;

	for (int i = 0; i < FIELD_SIZE; i++) {
		u8 c = p[i];

		if (c >= '0' && c <= '9')
			value = value << 4 | (u32)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value << 4 | (u32)((c | 0x20) - 'a' + 10);
		else
			return false;
	}
	*out = value;
	return true;
}

static u32 byte_sum(const u8 *p, size_t n)
{
	u32 sum = 0;

	while (n--)
		sum += *p++;
	return sum;
}

static bool at_magic(const cpio_t *c)
{
	const u8 *p = c->data + c->at;

	return c->at % 4 == 0 && c->size - c->at >= MAGIC_SIZE && memcmp(p, "07070", 5) == 0 &&
	       (p[5] == '1' || p[5] == '2');
}

/* One header with its name and data, c->at standing on the magic; moves c->at behind them. */
static int parse_entry(cpio_t *c, cpio_entry_t *e)
{
	const u8 *header = c->data + c->at;
	size_t left = c->size - c->at, data_at, end;
	u32 f[FIELDS], name_size;

	if (left < HEADER_SIZE)
		return damaged(c, "header is cut short");
	for (int i = 0; i < FIELDS; i++)
		if (!parse_field(header + MAGIC_SIZE + i * FIELD_SIZE, &f[i]))
			return damaged(c, "header is not hexadecimal");
	name_size = f[NAME_SIZE];
	if (name_size < 2 || name_size > NAME_MAX_SIZE)
		return damaged(c, "name has a bad length");
	if (left - HEADER_SIZE < name_size)
		return damaged(c, "name is cut short");
	e->name = (const char *)header + HEADER_SIZE;
	e->name_len = strnlen(e->name, name_size);
	if (e->name_len != name_size - 1)
		return damaged(c, "name does not end where it should");
	e->size = f[SIZE];
	data_at = ALIGN_UP(HEADER_SIZE + name_size, 4UL);
	end = data_at + e->size;
	if (e->size && end > left)
		return damaged(c, "data is cut short");
	if ((f[MODE] & MODE_FORMAT) == MODE_SYMLINK && (!e->size || e->size >= NAME_MAX_SIZE))
		return damaged(c, "symbolic link has a bad length");
	e->ino = f[INO];
	e->mode = f[MODE];
	e->uid = f[UID];
	e->gid = f[GID];
	e->nlink = f[NLINK];
	e->mtime = f[MTIME];
	e->dev_major = f[DEV_MAJOR];
	e->dev_minor = f[DEV_MINOR];
	e->rdev_major = f[RDEV_MAJOR];
	e->rdev_minor = f[RDEV_MINOR];
	e->archive = c->archive;
	e->data = e->size ? header + data_at : NULL;
	if (header[5] == '2' && byte_sum(e->data, e->size) != f[CHECK])
		return damaged(c, "checksum does not match");
	/* The padding behind the last entry may be cut off. */
	c->at += MIN(ALIGN_UP(end, 4UL), left);
	return 1;
}

int cpio_next(cpio_t *c, cpio_entry_t *e)
{
	for (;;) {
		int r;

		while (!c->inside && c->at < c->size && !c->data[c->at])
			c->at++;
		if (!at_magic(c)) {
			/* Between archives anything may follow; within one only an entry. */
			if (!c->inside)
				return 0;
			return damaged(c, c->at == c->size ? "trailer is missing"
							   : "magic number is missing");
		}
		r = parse_entry(c, e);
		if (r < 0)
			return r;
		c->inside = strcmp(e->name, TRAILER) != 0;
		if (c->inside)
			return r;
		c->archive++;
	}
}
