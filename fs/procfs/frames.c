/*
 * /proc/kpagecount and /proc/kpageflags: a word of 64 bits for each frame of memory (pagemap.rst of Linux's guide).
 */
#include "procfs.h"

#include <kernel/panic.h>
#include <mm/page.h>
#include <uapi/errno.h>

#define WORDS 64 /* copied at once */

static ssize_t read_words(iter_t *it, off_t *pos, u64 (*word)(pfn_t pfn))
{
	u64 words[WORDS], end = page_frames_end() * sizeof(u64);
	ssize_t done = 0;

	if ((u64)*pos % sizeof(u64) || it->count % sizeof(u64))
		return -EINVAL;
	while (it->count && (u64)*pos < end) {
		size_t size = MIN(MIN(it->count, sizeof(words)), end - (u64)*pos);

		for (size_t i = 0; i < size / sizeof(u64); i++)
			words[i] = word((u64)*pos / sizeof(u64) + i);
		if (copy_to_iter(words, size, it) != size)
			return done ? done : -EFAULT;
		*pos += (off_t)size;
		done += (ssize_t)size;
	}
	return done;
}

static ssize_t read_counts(file_t *f, iter_t *it, off_t *pos)
{
	return read_words(it, pos, page_frame_maps);
}

static ssize_t read_flags(file_t *f, iter_t *it, off_t *pos)
{
	return read_words(it, pos, page_frame_flags);
}

static const file_operations_t count_ops = { .read_iter = read_counts,
					     .llseek = generic_llseek,
					     .poll = always_poll };
static const file_operations_t flag_ops = { .read_iter = read_flags,
					    .llseek = generic_llseek,
					    .poll = always_poll };

__init void proc_frames_init(void)
{
	if (proc_create("kpagecount", 0400, &count_ops, NULL) ||
	    proc_create("kpageflags", 0400, &flag_ops, NULL))
		panic("No memory for /proc/kpagecount");
}
