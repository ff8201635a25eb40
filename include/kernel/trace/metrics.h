/*
 * What the kernel has done so far (NATIVE, "Kernel Metrics"): every counter is kept per CPU and always on;
 * latencies are measured while sys.kernel.measure_latency is 1. /proc/metrics prints all of it as text in
 * the OpenMetrics format.
 */
#ifndef KERNEL_TRACE_METRICS_H
#define KERNEL_TRACE_METRICS_H

#include <kernel/types.h>

/* Averages are over what was measured; 0 while nothing was. */
typedef struct kernel_metrics {
	u64 context_switches, syscalls_processed, page_faults, interrupts_handled;
	u64 memory_allocations; /* pages and blocks of pages */
	u64 average_syscall_latency_ns, average_context_switch_latency_ns;
} kernel_metrics_t;

/* Any context in which other CPUs' counters may be read: nothing is locked, so it is of about one moment. */
void kernel_metrics(kernel_metrics_t *out);

void metrics_init(void); /* boot, after procfs_init: /proc/metrics and the switch */

#endif
