/*
 * /proc/sys: numbers and strings that can be read and, by root, changed.
 */
#include "procfs.h"

#include <arch/cpu.h>
#include <drivers/random.h>
#include <kernel/cfi.h>
#include <kernel/cred.h>
#include <kernel/lib/hash.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/uts.h>
#include <mm/commit.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/errno.h>

typedef enum sysctl_kind {
	SYSCTL_U64,
	SYSCTL_INTS,
	SYSCTL_STRING,
	SYSCTL_WORD,
	SYSCTL_ACTION
} sysctl_kind_t;

typedef struct sysctl {
	sysctl_kind_t kind;
	void *value;
	u64 min, max;		  /* int: as signed */
	size_t size;		  /* string: bytes; ints, words: how many */
	const char *const *words; /* word: value, an int, is the index of one */
	spinlock_t *lock;	  /* string: what value is read and written under */
	int (*action)(u64 value);
	u64 hash; /* of action: kernel/cfi.h */
} sysctl_t;

#define LINE 256
#define INTS_MAX 8 /* numbers in a file */
#define PRINTK_DELAY_MAX 10000

static ssize_t sysctl_read(file_t *f, iter_t *it, off_t *pos)
{
	sysctl_t *s = proc_file_arg(f);
	char line[LINE];
	int n = 0;

	switch (s->kind) {
	case SYSCTL_U64:
		n = scnprintf(line, sizeof(line), "%lu\n", READ_ONCE(*(u64 *)s->value));
		break;
	case SYSCTL_INTS:
		for (size_t i = 0; i < s->size; i++)
			n += scnprintf(line + n, sizeof(line) - (size_t)n, "%d%c",
				       READ_ONCE(((int *)s->value)[i]),
				       i + 1 < s->size ? '\t' : '\n');
		break;
	case SYSCTL_STRING:
		spin_lock(s->lock);
		n = scnprintf(line, sizeof(line), "%s\n", (char *)s->value);
		spin_unlock(s->lock);
		break;
	case SYSCTL_WORD:
		n = scnprintf(line, sizeof(line), "%s\n", s->words[READ_ONCE(*(int *)s->value)]);
		break;
	case SYSCTL_ACTION:
		n = scnprintf(line, sizeof(line), "0\n");
		break;
	}
	if (*pos >= n)
		return 0;
	size_t want = MIN((size_t)(n - *pos), it->count);
	size_t done = copy_to_iter(line + *pos, want, it);

	*pos += (off_t)done;
	return done || !want ? (ssize_t)done : -EFAULT;
}

/* Numbers with white space between them; those that are not given stay. */
static int store_ints(sysctl_t *s, char *line)
{
	int numbers[INTS_MAX];
	size_t n = 0;

	while (n < s->size && *line) {
		size_t len = strcspn(line, " \t");
		bool negative = *line == '-', last = !line[len];
		s64 number;
		u64 value;

		line[len] = 0;
		if (kstrtou64(line + negative, 10, &value) || value > INT64_MAX)
			return -EINVAL;
		number = negative ? -(s64)value : (s64)value;
		if (number < (s64)s->min || number > (s64)s->max)
			return -EINVAL;
		numbers[n++] = (int)number;
		line += last ? len : len + 1;
		line += strspn(line, " \t");
	}
	if (!n || *line)
		return -EINVAL;
	if (s->action) {
		CODE_CHECK(s->action, s->hash);
		return s->action((u64)(s64)numbers[0]);
	}
	for (size_t i = 0; i < n; i++)
		WRITE_ONCE(((int *)s->value)[i], numbers[i]);
	return 0;
}

/* The word and a newline, nothing else, as Linux wants it. */
static int store_word(sysctl_t *s, const char *line)
{
	size_t len = strcspn(line, "\n");

	if (!line[len] || line[len + 1])
		return -EINVAL;
	for (size_t i = 0; i < s->size; i++)
		if (strlen(s->words[i]) == len && !strncmp(s->words[i], line, len)) {
			WRITE_ONCE(*(int *)s->value, (int)i);
			return 0;
		}
	return -EINVAL;
}

/* From `at` on, as much as there is room for; nothing beyond the end of what is there. */
static void store_string(sysctl_t *s, const char *line, off_t at)
{
	char *value = s->value;

	spin_lock(s->lock);
	if ((size_t)at <= strlen(value))
		strscpy(value + at, line, s->size - (size_t)at);
	spin_unlock(s->lock);
}

static int store(sysctl_t *s, char *line)
{
	bool negative = line[0] == '-';
	u64 value;
	int r;

	if (s->kind == SYSCTL_INTS)
		return store_ints(s, line);
	r = kstrtou64(line + negative, 10, &value);
	if (r)
		return -EINVAL;
	if (negative || value < s->min || value > s->max)
		return -EINVAL;
	if (s->action) {
		CODE_CHECK(s->action, s->hash);
		return s->action(value);
	}
	WRITE_ONCE(*(u64 *)s->value, value);
	return 0;
}

static ssize_t sysctl_write(file_t *f, iter_t *it, off_t *pos)
{
	sysctl_t *s = proc_file_arg(f);
	char line[LINE], *text = line;
	size_t n = MIN(it->count, sizeof(line) - 1), total = it->count;
	int r = 0;

	/* A number is written at once: what comes behind it counts for nothing (kernel.sysctl_writes_strict). */
	if (*pos && s->kind != SYSCTL_STRING && s->kind != SYSCTL_WORD) {
		*pos += (off_t)total;
		return (ssize_t)total;
	}
	if (copy_from_iter(line, n, it) != n)
		return -EFAULT;
	line[n] = 0;
	if (s->kind == SYSCTL_WORD) {
		r = store_word(s, line);
		return r ? r : (ssize_t)total;
	}
	line[strcspn(line, "\n")] = 0;
	if (s->kind == SYSCTL_STRING) {
		store_string(s, line, *pos);
	} else {
		text += strspn(text, " \t");
		r = store(s, text);
	}
	if (r)
		return r;
	*pos += (off_t)total;
	return (ssize_t)total;
}

static const file_operations_t sysctl_ops = {
	.read_iter = sysctl_read,
	.write_iter = sysctl_write,
	.llseek = generic_llseek,
	.poll = always_poll,
};

static __init int add(const char *name, mode_t mode, sysctl_t model)
{
	sysctl_t *s = kmalloc(sizeof(*s), GFP_KERNEL);
	char path[96];
	int r;

	if (!s)
		return -ENOMEM;
	*s = model;
	s->hash = CODE_HASH(s->action);
	snprintf(path, sizeof(path), "sys/%s", name);
	r = proc_create(path, mode, &sysctl_ops, s);
	if (r)
		kfree(s);
	return r;
}

__init int proc_sysctl_u64(const char *name, mode_t mode, u64 *value, u64 min, u64 max)
{
	return add(name, mode, (sysctl_t){ SYSCTL_U64, value, min, max });
}

__init int proc_sysctl_ints(const char *name, mode_t mode, int *values, u32 count, int min, int max)
{
	if (count > INTS_MAX)
		return -EINVAL;
	return add(name, mode,
		   (sysctl_t){ SYSCTL_INTS, values, (u64)(s64)min, (u64)(s64)max, .size = count });
}

__init int proc_sysctl_int(const char *name, mode_t mode, int *value, int min, int max)
{
	return proc_sysctl_ints(name, mode, value, 1, min, max);
}

__init int proc_sysctl_string(const char *name, mode_t mode, char *value, size_t size,
			      spinlock_t *lock)
{
	return add(name, mode, (sysctl_t){ SYSCTL_STRING, value, .size = size, .lock = lock });
}

__init int proc_sysctl_word(const char *name, mode_t mode, int *value, const char *const *words,
			    u32 count)
{
	return add(name, mode, (sysctl_t){ SYSCTL_WORD, value, .size = count, .words = words });
}

__init int proc_sysctl_changed(const char *name, mode_t mode, u64 *value, u64 max,
			       int (*change)(u64 value))
{
	return add(name, mode, (sysctl_t){ SYSCTL_U64, value, 0, max, .action = change });
}

__init int proc_sysctl_int_changed(const char *name, mode_t mode, int *value, int min, int max,
				   int (*change)(u64 value))
{
	return add(name, mode,
		   (sysctl_t){ SYSCTL_INTS, value, (u64)(s64)min, (u64)(s64)max, .size = 1,
			       .action = change });
}

__init int proc_sysctl_action(const char *name, mode_t mode, int (*fn)(u64 value))
{
	return add(name, mode, (sysctl_t){ SYSCTL_ACTION, NULL, 0, ~0UL, .action = fn });
}

/* proc_sys_fs(5): open files, free ones that are kept (none), and how many there may be. */
static int show_file_nr(seq_file_t *m, void *arg)
{
	seq_printf(m, "%lu\t0\t%lu\n", files_open_count(), fs_file_max);
	return 0;
}

static int show_arch(seq_file_t *m, void *arg)
{
	seq_printf(m, "%s\n", init_uts.name.machine);
	return 0;
}

/* How many there are, and how many of them nobody uses: those go with their names. */
static int show_nodes(seq_file_t *m, void *rest)
{
	seq_printf(m, "%lu\t0%s", vfs_node_count(), (const char *)rest);
	return 0;
}

/* Names that are known, those of them that nobody uses; how long these stay, which means nothing here. */
static int show_dentry_state(seq_file_t *m, void *arg)
{
	dentry_state_t state;

	dentry_stats(&state);
	seq_printf(m, "%lu\t%lu\t45\t0\t0\t0\n", state.total, state.unused);
	return 0;
}

int kptr_restrict;
static u64 address_key[2] __ro_after_init;

u64 proc_told_address(const void *address)
{
	const cred_t *c = current_cred();

	switch (READ_ONCE(kptr_restrict)) {
	case 0:
		return (u32)siphash(address_key, &address, sizeof(address));
	case 1:
		return capable(CAP_SYSLOG) && c->uid == c->euid && c->gid == c->egid ? (u64)address
										     : 0;
	}
	return 0;
}

/* How much readers are told is not for everybody who happens to be root to say. */
static int set_kptr_restrict(u64 value)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	WRITE_ONCE(kptr_restrict, (int)value);
	return 0;
}

/* What is wrong with the kernel is never taken back. */
static int add_taints(u64 more)
{
	__atomic_fetch_or(&taints, more, __ATOMIC_RELAXED);
	return 0;
}

#ifdef CONFIG_DEBUG
static int report_leaks(u64 value)
{
	slab_report_leaks();
	return 0;
}
#endif

__init void proc_sysctl_init(void)
{
	static const char *const devkmsg[DEVKMSG_WORDS] = { "on", "off", "ratelimit" };
	int r = 0;

	r |= proc_sysctl_ints("kernel/printk", 0644, printk_levels, PRINTK_LEVELS, INT32_MIN,
			      INT32_MAX);
	r |= proc_sysctl_int("kernel/dmesg_restrict", 0644, &dmesg_restrict, 0, 1);
	r |= proc_sysctl_int("kernel/printk_ratelimit", 0644, &printk_window_seconds, 0, INT32_MAX);
	r |= proc_sysctl_int("kernel/printk_ratelimit_burst", 0644, &printk_window_burst, INT32_MIN,
			     INT32_MAX);
	r |= proc_sysctl_int("kernel/printk_delay", 0644, &printk_delay_ms, 0, PRINTK_DELAY_MAX);
	r |= proc_sysctl_word("kernel/printk_devkmsg", 0644, &printk_devkmsg, devkmsg,
			      DEVKMSG_WORDS);
	r |= proc_sysctl_int_changed("kernel/kptr_restrict", 0644, &kptr_restrict, 0, 2,
				     set_kptr_restrict);
	r |= proc_sysctl_int("kernel/panic", 0644, &panic_timeout, INT32_MIN, INT32_MAX);
	r |= proc_sysctl_int("kernel/panic_on_warn", 0644, &panic_on_warn, 0, 1);
	r |= proc_sysctl_int("kernel/warn_limit", 0644, &warn_limit, 0, INT32_MAX);
	r |= proc_sysctl_changed("kernel/tainted", 0644, &taints, INT64_MAX, add_taints);
	r |= proc_sysctl_int_changed("kernel/sched_rt_period_us", 0644, &sched_rt_period_us, 1,
				     INT32_MAX, sched_set_rt_period);
	r |= proc_sysctl_int_changed("kernel/sched_rt_runtime_us", 0644, &sched_rt_runtime_us, -1,
				     INT32_MAX, sched_set_rt_runtime);
	r |= proc_create_single("sys/fs/dentry-state", 0444, show_dentry_state, NULL);
	r |= proc_sysctl_int("vm/panic_on_oom", 0644, &panic_on_oom, 0, 2);
	r |= proc_sysctl_int("vm/oom_kill_allocating_task", 0644, &oom_kill_allocating_task,
			     INT32_MIN, INT32_MAX);
	r |= proc_create_single("sys/kernel/arch", 0444, show_arch, NULL);
	r |= proc_create_single("sys/fs/inode-nr", 0444, show_nodes, "\n");
	r |= proc_create_single("sys/fs/inode-state", 0444, show_nodes, "\t0\t0\t0\t0\t0\n");
	r |= proc_create_single("sys/fs/file-nr", 0444, show_file_nr, NULL);
	r |= proc_sysctl_u64("fs/file-max", 0644, &fs_file_max, 0, INT64_MAX);
	r |= proc_sysctl_u64("fs/mount-max", 0644, &fs_mount_max, 1, UINT32_MAX);
	r |= proc_sysctl_u64("fs/nr_open", 0644, &fs_nr_open, 64, 1UL << 30);
	r |= proc_sysctl_int("fs/protected_symlinks", 0644, &fs_protected_symlinks, 0, 1);
	r |= proc_sysctl_int("fs/protected_hardlinks", 0644, &fs_protected_hardlinks, 0, 1);
	r |= proc_sysctl_int("fs/protected_fifos", 0644, &fs_protected_fifos, 0, 2);
	r |= proc_sysctl_int("fs/protected_regular", 0644, &fs_protected_regular, 0, 2);
	r |= proc_sysctl_u64("vm/max_map_count", 0644, &vm_max_map_count, 1, INT32_MAX);
	r |= proc_sysctl_u64("vm/overcommit_memory", 0644, &vm_overcommit, 0, OVERCOMMIT_NEVER);
	r |= proc_sysctl_changed("vm/overcommit_ratio", 0644, &vm_overcommit_ratio, INT32_MAX,
				 vm_set_overcommit_ratio);
	r |= proc_sysctl_changed("vm/overcommit_kbytes", 0644, &vm_overcommit_kbytes, INT64_MAX,
				 vm_set_overcommit_kbytes);
	r |= proc_sysctl_u64("vm/admin_reserve_kbytes", 0644, &vm_admin_reserve, 0, INT64_MAX);
	r |= proc_sysctl_u64("vm/user_reserve_kbytes", 0644, &vm_user_reserve, 0, INT64_MAX);
	random_get_bytes(address_key, sizeof(address_key));
	vm_min_free_init();
	r |= proc_sysctl_changed("vm/min_free_kbytes", 0644, &vm_min_free_kbytes, INT32_MAX,
				 vm_set_min_free);
	r |= proc_sysctl_u64("vm/mmap_min_addr", 0644, &mmap_min_addr, 0, 1UL << 30);
	r |= proc_sysctl_action("vm/drop_caches", 0200, reclaim_drop_caches);
#ifdef CONFIG_DEBUG
	r |= proc_sysctl_action("vm/report_leaks", 0200, report_leaks);
#endif
	if (r)
		panic("No memory for /proc/sys");
}
