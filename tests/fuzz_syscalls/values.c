/* A value for each kind of argument: mostly one that makes sense, in careless calls often one that does not. */
#include <fcntl.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>

#include "sysfuzz.h"

bool bad(struct fuzz *f)
{
	return f->careless && chance(f, 35);
}

/* Numbers at which things change. */
uint64_t odd_number(struct fuzz *f)
{
	static const uint64_t odd[] = {
		0,
		1,
		2,
		7,
		8,
		63,
		64,
		65,
		127,
		128,
		255,
		256,
		1023,
		1024,
		1025,
		4095,
		4096,
		4097,
		65535,
		65536,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		0x100000000,
		0x7fffffffffffffff,
		0x8000000000000000,
		0x7ffffffff000,
		0x7fffffffefff,
		0xffff800000000000,
	};
	switch (random_below(f, 4)) {
	case 0:
		return -odd[random_below(f, LENGTH(odd))];
	case 1:
		return random_next(f) >> random_below(f, 64);
	default:
		return odd[random_below(f, LENGTH(odd))];
	}
}

uint64_t make_number(struct fuzz *f, const struct rule *rule)
{
	return bad(f) ? odd_number(f) : random_below(f, rule->n ? rule->n : 10);
}

uint64_t make_choice(struct fuzz *f, const struct rule *rule)
{
	return bad(f) ? odd_number(f) : rule->set[random_below(f, rule->n)];
}

uint64_t make_flags(struct fuzz *f, const struct rule *rule)
{
	uint64_t flags = 0;

	if (chance(f, 25))
		return rule->set[0];
	for (uint64_t bits = 1 + random_below(f, 3); bits; bits--)
		flags |= rule->set[random_below(f, rule->n)];
	if (bad(f))
		flags |= 1ul << random_below(f, chance(f, 80) ? 32 : 64);
	return flags;
}

/* ---- memory ---- */

uint64_t bad_pointer(struct fuzz *f)
{
	switch (random_below(f, 9)) {
	case 0:
		return 0;
	case 1:
		return 1 + random_below(f, PAGE);
	case 2:
		return (uint64_t)edge;
	case 3:
		return (uint64_t)edge - random_below(f, 16);
	case 4:
		return (uint64_t)read_only + random_below(f, PAGE);
	case 5:
		return 0xffff888000000000ul + random_below(f, 1ul << 30);
	case 6:
		return 0x800000000000ul - random_below(f, 64);
	case 7:
		return 0xffffffff80000000ul + random_below(f, 1ul << 24);
	default:
		return (uint64_t)field + random_below(f, FIELD_SIZE);
	}
}

/*
 * The whole of a maker's part but its last 4 KiB page is handed out from one end; a part is followed
 * by an untouchable page, so an object at its end is read and written over the border by a kernel that
 * counts wrongly.
 */
void *buffer(struct fuzz *f, size_t n)
{
	char *end = f->buffers + BUFFERS_SIZE;
	char *at = f->next_buffer + (chance(f, 10) ? random_below(f, 8) : 0);

	if (chance(f, 10) || at + n > end) {
		at = n > BUFFERS_SIZE ? f->buffers : end - n;
	} else {
		f->next_buffer = at + ((n + 15) & ~15ul);
	}
	return at;
}

uint64_t make_out(struct fuzz *f, const struct rule *rule)
{
	if (bad(f))
		return bad_pointer(f);
	return (uint64_t)buffer(f, rule->n ? rule->n : 256);
}

uint64_t make_in(struct fuzz *f, const struct rule *rule)
{
	size_t n = rule->n ? rule->n : 256;

	if (bad(f))
		return bad_pointer(f);
	char *at = buffer(f, n);
	if (chance(f, 50)) {
		memset(at, chance(f, 50) ? 0 : '0' + (int)random_below(f, 10), n);
	} else {
		for (size_t i = 0; i + 8 <= n && i < 512; i += 8) {
			uint64_t word = random_next(f);
			memcpy(at + i, &word, 8);
		}
	}
	return (uint64_t)at;
}

uint64_t make_size(struct fuzz *f, const struct rule *rule)
{
	static const uint16_t sizes[] = { 0,   1,    2,	   8,	 100,  255,  256,
					  512, 1000, 4095, 4096, 4097, 8192, 65535 };

	if (bad(f))
		return odd_number(f);
	/* Objects of one size: rule->n is that size, and the right answer. */
	return rule->n ? rule->n : sizes[random_below(f, LENGTH(sizes))];
}

uint64_t make_offset(struct fuzz *f, const struct rule *rule)
{
	if (bad(f))
		return odd_number(f);
	return chance(f, 50) ? random_below(f, 16) * PAGE : random_below(f, 20000);
}

uint64_t make_offset_pointer(struct fuzz *f, const struct rule *rule)
{
	if (bad(f))
		return bad_pointer(f);
	if (chance(f, 60))
		return 0;
	uint64_t offset = make_offset(f, rule);
	return (uint64_t)memcpy(buffer(f, 8), &offset, 8);
}

uint64_t make_iovec(struct fuzz *f, const struct rule *rule)
{
	static const struct rule piece = { .n = 4096 };
	uint64_t n = 8;

	if (bad(f))
		return bad_pointer(f);
	struct iovec *vec = buffer(f, n * sizeof(*vec));
	for (uint64_t i = 0; i < n; i++) {
		struct iovec one = { .iov_base = (void *)make_out(f, &piece),
				     .iov_len = random_below(f, 2000) };

		if (bad(f))
			one.iov_len = odd_number(f);
		memcpy(vec + i, &one, sizeof(one));
	}
	return (uint64_t)vec;
}

uint64_t make_address(struct fuzz *f, const struct rule *rule)
{
	if (bad(f)) {
		/* An address elsewhere may take away the fuzzer's own memory: seldom, as that ends the batch. */
		uint64_t elsewhere = chance(f, 5) ? odd_number(f) : bad_pointer(f);

		return elsewhere >= (uint64_t)edge && elsewhere < (uint64_t)edge + PAGE
			       ? (uint64_t)field + 1
			       : elsewhere;
	}
	return (uint64_t)field + random_below(f, FIELD_SIZE / PAGE) * PAGE;
}

uint64_t make_length(struct fuzz *f, const struct rule *rule)
{
	if (bad(f))
		return chance(f, 50) ? random_below(f, 100000) : odd_number(f);
	return (1 + random_below(f, chance(f, 80) ? 8 : 64)) * PAGE;
}

uint64_t make_brk(struct fuzz *f, const struct rule *rule)
{
	uint64_t now = (uint64_t)RAW(SYS_brk, 0);

	return bad(f) ? odd_number(f) : now + random_below(f, 8) * PAGE;
}

/* ---- names ---- */

/* Those that a batch finds (NAME_OLD: the first dozen), and those that it makes. */
static const char *const names[] = {
	"file",	     "empty",	  "big",	 "read-only", "dir",	  "dir/inside", "dir/dir",
	"fifo",	     "link",	  "link-to-dir", "loop",      "dangling", "new0",	"new1",
	"new2",	     "new3",	  "dir/new0",	 "dir/new1",  "dir/new2", "newdir0",	"newdir1",
	"newdir0/x", "newdir1/y", "m1",		 "m2",	      "m1/x",	  "m1/y",	"script",
	"hidden/x",  ".",	  "dir/.",	 "dir/..",    "dir/dir/", "file/",
};

/* Those that are only looked at or opened. */
static const char *const places[] = {
	"/proc",
	"/proc/self",
	"/proc/self/status",
	"/proc/self/stat",
	"/proc/self/maps",
	"/proc/self/fd",
	"/proc/self/mounts",
	"/proc/self/cmdline",
	"/proc/self/exe",
	"/proc/self/task",
	"/proc/self/cwd",
	"/proc/self/fd/3",
	"/proc/self/fd/5",
	"/proc/self/comm",
	"/proc/self/smaps",
	"/proc/self/statm",
	"/proc/self/limits",
	"/proc/self/oom_score_adj",
	"/proc/self/environ",
	"/proc/self/wchan",
	"/proc/self/mountinfo",
	"/proc/self/auxv",
	"/proc/self/io",
	"/proc/self/mem",
	"/proc/meminfo",
	"/proc/stat",
	"/proc/uptime",
	"/proc/loadavg",
	"/proc/filesystems",
	"/proc/cpuinfo",
	"/proc/interrupts",
	"/proc/slabinfo",
	"/proc/zoneinfo",
	"/proc/buddyinfo",
	"/proc/locks",
	"/proc/version",
	"/proc/mounts",
	"/proc/sys",
	"/proc/sys/kernel/hostname",
	"/proc/sys/fs/file-nr",
	"/proc/1/stat",
	"/proc/1/maps",
	"/proc/tty",
	"/proc/devices",
	"/proc/partitions",
	"/proc/softirqs",
	"/proc/timer_list",
	"/proc/kallsyms",
	"/proc/profile",
	"/proc/sysrq-none",
	"/dev/null",
	"/dev/zero",
	"/dev/full",
	"/dev/random",
	"/dev/urandom",
	"/dev/tty",
	"/dev/ptmx",
	"/dev/pts",
	"/dev/pts/0",
	"/dev/kmsg",
	"/sys/kernel",
	"/sys/devices",
};

static char *put_string(struct fuzz *f, const char *text)
{
	size_t n = strlen(text) + 1;

	return memcpy(buffer(f, n), text, n);
}

static uint64_t odd_path(struct fuzz *f)
{
	if (chance(f, 30))
		return bad_pointer(f);
	size_t n = chance(f, 50) ? random_below(f, 300) : 4090 + random_below(f, 10);
	char *at = buffer(f, n + 1);
	for (size_t i = 0; i < n; i++)
		at[i] = chance(f, 10) ? '/'
				      : (char)(chance(f, 90) ? 'a' + random_below(f, 26)
							     : random_next(f));
	/* At times unterminated: what stands behind it is read as well. */
	if (chance(f, 90))
		at[n] = 0;
	/* Never a place that others need. */
	if (n && at[0] == '/')
		at[0] = '_';
	return (uint64_t)at;
}

uint64_t make_name(struct fuzz *f, const struct rule *rule)
{
	static const char *const links[] = { "link", "link-to-dir", "loop", "dangling" },
				 *const dirs[] = { "dir", "dir/dir", "newdir0", "newdir1", "m1/x" },
				 *const fresh[] = { "new0",	"new1",	    "new2",    "new3",
						    "dir/new0", "dir/new1", "newdir0", "newdir1" };
	static const struct {
		const char *const *names;
		size_t n;
	} groups[] = {
		[NAME_OLD] = { names, 12 },
		[NAME_LINK] = { links, LENGTH(links) },
		[NAME_DIR] = { dirs, LENGTH(dirs) },
		[NAME_NEW] = { fresh, LENGTH(fresh) },
	};

	if (bad(f))
		return odd_path(f);
	if (rule->make == make_name && chance(f, 60))
		return (uint64_t)put_string(
			f, groups[rule->n].names[random_below(f, groups[rule->n].n)]);
	return (uint64_t)put_string(f, names[random_below(f, LENGTH(names))]);
}

uint64_t make_path(struct fuzz *f, const struct rule *rule)
{
	if (chance(f, 60))
		return make_name(f, rule);
	return bad(f) ? odd_path(f)
		      : (uint64_t)put_string(f, places[random_below(f, LENGTH(places))]);
}

/* Whole names of directories in which only the batch looks: a mount elsewhere would be everybody's. */
uint64_t make_mount_point(struct fuzz *f, const struct rule *rule)
{
	static const char *const points[] = { "/m1", "/m2", "/m1/x" };
	char text[96];

	if (bad(f))
		return bad_pointer(f);
	strcpy(text, world_dir);
	strcat(text, points[random_below(f, LENGTH(points))]);
	return (uint64_t)put_string(f, text);
}

uint64_t make_program(struct fuzz *f, const struct rule *rule)
{
	static const char *const programs[] = { "/proc/self/exe", "/bin/true", "script",
						"file",		  "dir",       "empty" };

	return bad(f) ? odd_path(f)
		      : (uint64_t)put_string(f, programs[random_below(f, LENGTH(programs))]);
}

/* The first word ends sysfuzz at once should it be itself that is executed. */
uint64_t make_strings(struct fuzz *f, const struct rule *rule)
{
	uint64_t words[6] = { (uint64_t)put_string(f, "sysfuzz"), (uint64_t)put_string(f, "exit") };
	uint64_t n = 2 + random_below(f, 3);

	for (uint64_t i = 2; i < n; i++)
		words[i] = bad(f) ? bad_pointer(f) : make_name(f, rule);
	words[n] = 0;
	if (bad(f))
		return bad_pointer(f);
	return (uint64_t)memcpy(buffer(f, sizeof(words)), words, sizeof(words));
}

uint64_t make_fs_type(struct fuzz *f, const struct rule *rule)
{
	static const char *const types[] = { "tmpfs", "proc",	"sysfs", "devtmpfs",
					     "ramfs", "devpts", "none" };

	return bad(f) ? odd_path(f)
		      : (uint64_t)put_string(
				f, types[chance(f, 60) ? 0 : random_below(f, LENGTH(types))]);
}

uint64_t make_mode(struct fuzz *f, const struct rule *rule)
{
	static const uint16_t modes[] = { 0644, 0755, 0600,  0666,  0777, 0700,
					  0,	0444, 01777, 04755, 02755 };

	return bad(f) ? odd_number(f) : modes[random_below(f, LENGTH(modes))];
}

/* Nodes of devices that do no harm: a random number could be that of physical memory. */
uint64_t make_dev(struct fuzz *f, const struct rule *rule)
{
	static const uint8_t minors[] = { 3, 5, 7, 8, 9 };

	if (bad(f))
		return makedev(200 + random_below(f, 300), random_below(f, 1 << 20));
	return makedev(1, minors[random_below(f, LENGTH(minors))]);
}
