/*
 * procfs registration: subsystems make their files where they live; one static record each.
 *
 *	static int show_loadavg(seq_file_t *m, void *arg);
 *	proc_create_single("loadavg", 0444, show_loadavg, NULL);
 *	proc_create("kmsg", 0400, &kmsg_fops, NULL);
 *	proc_sysctl_u64("kernel/pid_max", 0644, &pid_max, 301, 4194304);
 */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

#include <fs/seq_file.h>

/* path relative to /proc; missing directories are made. Boot or later; 0 or negative errno. */
int proc_create_single(const char *path, mode_t mode, int (*show)(seq_file_t *, void *), void *arg);
int proc_create(const char *path, mode_t mode, const file_operations_t *ops, void *arg);
int proc_symlink(const char *path, const char *target);
int proc_mkdir(const char *path);
/* A number under /proc/sys; writes outside [min, max] get -EINVAL; needs root. */
int proc_sysctl_u64(const char *name, mode_t mode, u64 *value, u64 min, u64 max);
int proc_sysctl_int(const char *name, mode_t mode, int *value, int min, int max);
/* Several in a line, with tabs between them; a write may give only the first ones. */
int proc_sysctl_ints(const char *name, mode_t mode, int *values, u32 count, int min, int max);
/* value: size bytes with the closing NUL, read and written under lock. */
int proc_sysctl_string(const char *name, mode_t mode, char *value, size_t size, spinlock_t *lock);
/* One of count words; a write gives it with a newline. value: its index. */
int proc_sysctl_word(const char *name, mode_t mode, int *value, const char *const *words,
		     u32 count);
/* A write calls fn(value) instead of storing: drop_caches. */
int proc_sysctl_action(const char *name, mode_t mode, int (*fn)(u64 value));
/* 0 to max; change(value) stores a new one, or says why not. */
int proc_sysctl_int_changed(const char *name, mode_t mode, int *value, int min, int max,
			    int (*change)(u64 value));
int proc_sysctl_changed(const char *name, mode_t mode, u64 *value, u64 max,
			int (*change)(u64 value));
/*
 * What the reader of a file is told instead of an address of the kernel's (kernel.kptr_restrict): 0, a name that means
 * nothing else, 1, the address if he may read the log and is who he was, else 0; 2, 0.
 */
extern int kptr_restrict;
u64 proc_told_address(const void *address);
void *proc_file_arg(file_t *f); /* arg given at creation */
/* Of a directory /proc/PID, without a reference; NULL for every other file. */
struct pid *proc_file_pid(const file_t *f);

#endif
