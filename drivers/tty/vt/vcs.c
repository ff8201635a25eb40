/*
 * /dev/vcs, vcsa, vcsu: the screen's contents as files (vcs(4)). Minor 0 to 63 the glyphs, 64 to 127
 * the characters as UCS-4, 128 to 191 glyphs with attributes behind four bytes of size and cursor;
 * within each, 0 is the console in front.
 */
#include "vt.h"

#include <drivers/vt.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>

#define VCS_MAJOR 7
#define MINORS_A_KIND 64u
#define NODE_NAME 16
#define HEADER 4u
#define GLYPH_ZONE 0xf000u /* U+F000: straight to the font */

typedef enum vcs_kind { VCS_GLYPHS, VCS_UNICODE, VCS_ATTRIBUTES, VCS_KINDS } vcs_kind_t;

static vcs_kind_t kind_of(const file_t *f)
{
	return (vcs_kind_t)(dev_minor(f->node->rdev) / MINORS_A_KIND);
}

/* vt_mutex held; NULL: there is no such console. */
static vt_t *console_of(const vfs_node_t *node)
{
	u32 number = dev_minor(node->rdev) % MINORS_A_KIND;

	return number ? vt_by_number(number) : vt_front;
}

static size_t cell_bytes(vcs_kind_t kind)
{
	static const u8 bytes[] = { 1, 4, 2 };

	return bytes[kind];
}

static size_t image_size(const vt_t *vt, vcs_kind_t kind)
{
	return (size_t)vt->term.rows * vt->term.cols * cell_bytes(kind) +
	       (kind == VCS_ATTRIBUTES ? HEADER : 0);
}

static void put_cell(u8 *out, cell_t cell, vcs_kind_t kind)
{
	u32 code = cell_code(cell);

	if (kind == VCS_UNICODE) {
		memcpy(out, &code, sizeof(code));
		return;
	}
	out[0] = (u8)font_glyph(screen_get()->font, code);
	if (kind == VCS_ATTRIBUTES)
		out[1] = cell_attr(cell);
}

/*
 * What the file holds now; the console in front as it is seen, scrolled back or not. NULL: no memory.
 * vt_mutex held, so that the size stays.
 */
static u8 *take_image(vt_t *vt, vcs_kind_t kind, bool seen)
{
	u8 *image = kvmalloc(image_size(vt, kind), GFP_KERNEL), *out = image;
	const term_t *t = &vt->term;
	unsigned long flags;

	if (!image)
		return NULL;
	for (u32 y = 0; y < t->rows; y++) {
		const cell_t *row;

		spin_lock_irqsave(&vt->lock, &flags);
		if (!y && kind == VCS_ATTRIBUTES) {
			out[0] = (u8)MIN(t->rows, 255u);
			out[1] = (u8)MIN(t->cols, 255u);
			out[2] = (u8)MIN(t->pen.x, 255u);
			out[3] = (u8)MIN(t->pen.y, 255u);
			out += HEADER;
		}
		row = seen ? term_seen_row(t, y) : term_row(t, y);
		for (u32 x = 0; x < t->cols; x++, out += cell_bytes(kind))
			put_cell(out, row[x], kind);
		spin_unlock_irqrestore(&vt->lock, flags);
	}
	return image;
}

static ssize_t vcs_read(file_t *f, iter_t *it, off_t *pos)
{
	vcs_kind_t kind = kind_of(f);
	ssize_t r = -ENXIO;
	size_t size, n;
	u8 *image;
	vt_t *vt;

	mutex_lock(&vt_mutex);
	vt = console_of(f->node);
	if (!vt)
		goto out;
	size = image_size(vt, kind);
	r = 0;
	if (*pos < 0 || (size_t)*pos >= size || !it->count)
		goto out;
	if (kind == VCS_UNICODE && (*pos % 4 || it->count % 4)) {
		r = -EINVAL;
		goto out;
	}
	image = take_image(vt, kind, dev_minor(f->node->rdev) % MINORS_A_KIND == 0);
	if (!image) {
		r = -ENOMEM;
		goto out;
	}
	n = copy_to_iter(image + *pos, MIN(it->count, size - (size_t)*pos), it);
	r = n ? (ssize_t)n : -EFAULT;
	*pos += (off_t)n;
	kvfree(image);
out:
	mutex_unlock(&vt_mutex);
	return r;
}

/* The byte at `pos` of the file becomes `byte`; vt->lock held. */
static void store_byte(vt_t *vt, vcs_kind_t kind, size_t pos, u8 byte)
{
	const font_t *font = screen_get()->font;
	u32 cols = vt->term.cols;
	cell_t *cell;
	size_t at;

	if (kind == VCS_ATTRIBUTES && pos < HEADER) {
		if (pos == 2)
			term_goto(&vt->term, byte, vt->term.pen.y);
		else if (pos == 3)
			term_goto(&vt->term, vt->term.pen.x, byte);
		return;
	}
	if (kind == VCS_ATTRIBUTES)
		pos -= HEADER;
	at = pos / cell_bytes(kind);
	cell = term_row(&vt->term, (u32)(at / cols)) + at % cols;
	if (kind == VCS_ATTRIBUTES && pos % 2)
		*cell = cell_make(cell_code(*cell), byte);
	else
		*cell = cell_make(font_find(font, byte) == byte ? byte : GLYPH_ZONE | byte,
				  cell_attr(*cell));
}

static ssize_t vcs_write(file_t *f, iter_t *it, off_t *pos)
{
	vcs_kind_t kind = kind_of(f);
	size_t done = 0, size;
	ssize_t r = 0;
	vt_t *vt;

	if (kind == VCS_UNICODE)
		return -EOPNOTSUPP;
	mutex_lock(&vt_mutex);
	vt = console_of(f->node);
	size = vt ? image_size(vt, kind) : 0;
	if (!vt)
		r = -ENXIO;
	else if (*pos < 0 || (size_t)*pos > size)
		r = -ENXIO;
	while (!r && it->count && (size_t)*pos < size) {
		u8 bytes[256];
		size_t n =
			copy_from_iter(bytes, MIN(it->count, MIN(sizeof(bytes), size - *pos)), it);
		unsigned long flags;

		if (!n) {
			r = -EFAULT;
			break;
		}
		spin_lock_irqsave(&vt->lock, &flags);
		for (size_t i = 0; i < n; i++)
			store_byte(vt, kind, (size_t)*pos + i, bytes[i]);
		spin_unlock_irqrestore(&vt->lock, flags);
		*pos += (off_t)n;
		done += n;
	}
	if (done)
		screen_touch();
	mutex_unlock(&vt_mutex);
	return done ? (ssize_t)done : r;
}

static off_t vcs_seek(file_t *f, off_t off, int whence)
{
	off_t to = -ENXIO, size;
	vt_t *vt;

	mutex_lock(&vt_mutex);
	vt = console_of(f->node);
	if (!vt)
		goto out;
	size = (off_t)image_size(vt, kind_of(f));
	switch (whence) {
	case SEEK_SET:
		to = off;
		break;
	case SEEK_CUR:
		to = f->pos + off;
		break;
	case SEEK_END:
		to = size + off;
		break;
	}
	to = to < 0 || to > size || whence > SEEK_END || whence < 0 ? -EINVAL : (f->pos = to);
out:
	mutex_unlock(&vt_mutex);
	return to;
}

static int vcs_open(vfs_node_t *node, file_t *f)
{
	int r;

	mutex_lock(&vt_mutex);
	r = console_of(node) ? 0 : -ENXIO;
	mutex_unlock(&vt_mutex);
	return r;
}

static const file_operations_t vcs_operations = {
	.open = vcs_open,
	.read_iter = vcs_read,
	.write_iter = vcs_write,
	.llseek = vcs_seek,
};

static const char *const names[VCS_KINDS] = { "vcs", "vcsu", "vcsa" };

void vcs_make_nodes(u32 number)
{
	for (u32 kind = 0; kind < VCS_KINDS; kind++) {
		char name[NODE_NAME];

		snprintf(name, sizeof(name), number ? "%s%u" : "%s", names[kind], number);
		if (devtmpfs_create(name, 0660, makedev(VCS_MAJOR, kind * MINORS_A_KIND + number)))
			pr_warn("vt: /dev/%s cannot be made\n", name);
	}
}

void vcs_remove_nodes(u32 number)
{
	for (u32 kind = 0; kind < VCS_KINDS; kind++) {
		char name[NODE_NAME];

		snprintf(name, sizeof(name), "%s%u", names[kind], number);
		devtmpfs_remove(name); /* a program may have removed it already */
	}
}

__init void vcs_init(void)
{
	BUG_ON(register_chrdev_region(VCS_MAJOR, 0, VCS_KINDS * MINORS_A_KIND, "vcs",
				      &vcs_operations));
	vcs_make_nodes(0);
}
