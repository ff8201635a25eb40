/*
 * Mount options of tmpfs (tmpfs(5)).
 */
#include "tmpfs_internal.h"

#include <fs/seq_file.h>
#include <kernel/lib/string.h>
#include <uapi/errno.h>
#include <uapi/mount.h>

#define OPTION_MAX 64

u64 tmpfs_default_pages(void)
{
	return total_page_count() / 2;
}

/* Number with a suffix k, m, g (or none) to the end of the text; *percent where it ends in '%'. */
static int parse_size(const char *text, u64 *out, bool *percent)
{
	char digits[OPTION_MAX];
	size_t n;
	unsigned shift = 0;
	u64 v;

	*percent = false;
	n = strspn(text, "0123456789");
	if (!n || n >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, text, n);
	digits[n] = 0;
	if (kstrtou64(digits, 10, &v))
		return -EINVAL;
	switch (text[n] | 0x20) {
	case 'k':
		shift = 10;
		break;
	case 'm':
		shift = 20;
		break;
	case 'g':
		shift = 30;
		break;
	case 't':
		shift = 40;
		break;
	}
	if (shift)
		n++;
	else if (text[n] == '%') {
		*percent = true;
		n++;
	}
	if (text[n] || v > ~0UL >> shift)
		return -EINVAL;
	*out = v << shift;
	return 0;
}

static int parse_id(const char *text, u32 *out)
{
	u64 v;

	if (kstrtou64(text, 0, &v) || v >= UINT32_MAX)
		return -EINVAL;
	*out = (u32)v;
	return 0;
}

static int parse_one(tmpfs_t *t, const char *name, const char *value)
{
	bool percent;
	u64 v;
	int r;

	if (!strcmp(name, "size")) {
		r = parse_size(value, &v, &percent);
		if (!r && percent)
			v = total_page_count() * PAGE_SIZE / 100 * v;
		if (!r)
			t->max_pages = DIV_ROUND_UP(v, PAGE_SIZE);
		return r;
	}
	if (!strcmp(name, "nr_blocks") || !strcmp(name, "nr_inodes")) {
		r = parse_size(value, &v, &percent);
		if (r || percent)
			return -EINVAL;
		*(name[3] == 'b' ? &t->max_pages : &t->max_nodes) = v;
		return 0;
	}
	if (!strcmp(name, "mode")) {
		if (kstrtou64(value, 8, &v))
			return -EINVAL;
		t->mode = (mode_t)v & 07777;
		return 0;
	}
	if (!strcmp(name, "uid"))
		return parse_id(value, &t->uid);
	if (!strcmp(name, "gid"))
		return parse_id(value, &t->gid);
	/* Accepted by Linux, and without meaning for one node's memory or without huge pages. */
	if (!strcmp(name, "huge") || !strcmp(name, "mpol"))
		return 0;
	return -EINVAL;
}

int tmpfs_parse(tmpfs_t *t, const char *options)
{
	char word[OPTION_MAX];

	while (options && *options) {
		size_t n = strcspn(options, ",");
		char *value;
		int r;

		if (n >= sizeof(word))
			return -EINVAL;
		memcpy(word, options, n);
		word[n] = 0;
		options += n + (options[n] == ',');
		if (!n)
			continue;
		value = strchr(word, '=');
		if (!value) {
			if (!strcmp(word, "inode32") || !strcmp(word, "inode64"))
				continue;
			return -EINVAL;
		}
		*value++ = 0;
		r = parse_one(t, word, value);
		if (r)
			return r;
	}
	return 0;
}

int tmpfs_show_options(super_block_t *sb, seq_file_t *m)
{
	const tmpfs_t *t = tmpfs_of(sb);

	if (t->max_pages != tmpfs_default_pages())
		seq_printf(m, ",size=%luk", t->max_pages * (PAGE_SIZE / 1024));
	if (t->max_nodes != tmpfs_default_pages())
		seq_printf(m, ",nr_inodes=%lu", t->max_nodes);
	if (t->mode != 01777)
		seq_printf(m, ",mode=%03o", t->mode);
	if (t->uid)
		seq_printf(m, ",uid=%u", t->uid);
	if (t->gid)
		seq_printf(m, ",gid=%u", t->gid);
	return 0;
}
