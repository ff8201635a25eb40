/*
 * seq_file: text files made by a show function (procfs, sysfs). Either single (one show of
 * everything) or an iteration. Output grows a buffer and is served at any offset.
 *
 *	static int show(seq_file_t *m, void *arg) { seq_printf(m, "%d\n", 5); return 0; }
 *	open: return seq_open_single(file, show, arg);
 */
#ifndef FS_SEQ_FILE_H
#define FS_SEQ_FILE_H

#include <fs/vfs.h>

typedef struct seq_file {
	char *buf;
	size_t size, count, from;
	off_t read_pos, index;
	bool overflow; /* grow and show again */
	const struct seq_operations *ops;
	int (*show_single)(struct seq_file *m, void *arg);
	u64 show_hash; /* of show_single: kernel/cfi.h */
	void *private_data;
	mutex_t lock;
} seq_file_t;

typedef struct seq_operations { /* start/next give an element or NULL at the end; stop releases */
	void *(*start)(seq_file_t *m, off_t *pos);
	void *(*next)(seq_file_t *m, void *v, off_t *pos);
	void (*stop)(seq_file_t *m, void *v);
	int (*show)(seq_file_t *m, void *v);
} seq_operations_t;

int seq_open(file_t *f, const seq_operations_t *ops, void *private_data);
int seq_open_single(file_t *f, int (*show)(seq_file_t *, void *), void *arg);
ssize_t seq_read_iter(file_t *f, iter_t *it, off_t *pos);
void seq_release(file_t *f);
void seq_printf(seq_file_t *m, const char *fmt, ...) __printf(2, 3);
void seq_puts(seq_file_t *m, const char *s);
void seq_putc(seq_file_t *m, char c);
void seq_write(seq_file_t *m, const void *data, size_t len);
void seq_escape(seq_file_t *m, const char *s, const char *which); /* octal escapes */
void seq_path(seq_file_t *m, const path_t *p, const char *escape);
/*
 * CPUs of the set, of those that there are: "0-3,5"; or as words of 32 bits in hexadecimal, the highest first, only as
 * wide as there are CPUs. And such text read again: 0, -EINVAL, or for a CPU that is not there -EOVERFLOW, of a list -ERANGE.
 */
void seq_cpu_list(seq_file_t *m, const cpu_set_t *set);
void seq_cpu_mask(seq_file_t *m, const cpu_set_t *set);
int cpu_list_parse(const char *text, cpu_set_t *set);
int cpu_mask_parse(const char *text, cpu_set_t *set);

#endif
