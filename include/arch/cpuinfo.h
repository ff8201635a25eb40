/*
 * What programs are told about a processor: /proc/cpuinfo.
 */
#ifndef ARCH_CPUINFO_H
#define ARCH_CPUINFO_H

#include <fs/seq_file.h>

/* The paragraph of one CPU, in the format that proc(5) describes for x86. */
void arch_show_cpuinfo(seq_file_t *m, u32 cpu);

/*
 * The index-th weakness of speculation that Linux has a name for, NULL: there are no more. *state:
 * whether this CPU has it and what is done against it, in Linux's words (ABI/testing,
 * /sys/devices/system/cpu/vulnerabilities).
 */
const char *arch_vulnerability(u32 index, const char **state);

#endif
