/*
 * System call dispatch. Handlers are sys_<name> with the arguments of kernel/syscall/syscalls.tbl;
 * the architecture's entry calls them with the six argument registers in place. An int argument's
 * upper half is undefined there, as in the C ABI. The value returned goes to the program: a result
 * or -errno.
 */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

#include <arch/percpu.h>
#include <kernel/lib/latency.h>
#include <syscall_numbers.h>

typedef long (*syscall_fn_t)(unsigned long, unsigned long, unsigned long, unsigned long,
			     unsigned long, unsigned long);

extern const syscall_fn_t syscall_table[SYSCALL_TABLE_SIZE];
extern const char *const syscall_names[SYSCALL_TABLE_SIZE];
long sys_ni_syscall(unsigned long, unsigned long, unsigned long, unsigned long, unsigned long,
		    unsigned long);

/* Calls made with this number, on all CPUs together; nr < SYSCALL_TABLE_SIZE. */
DECLARE_PERCPU(u64, syscall_counts[SYSCALL_TABLE_SIZE]);
u64 syscall_count_total(u32 nr);
/* Memory for latencies; before the first thread gets TF_MEASURE. One caller at a time. 0 or -ENOMEM. */
int syscall_latency_init(void);
/* One call of a thread with TF_MEASURE has ended after `time` nanoseconds. */
void syscall_measured(u32 nr, u64 time);
/* What was measured of this call on all CPUs. */
void syscall_latency(u32 nr, latency_t *out);

#endif
