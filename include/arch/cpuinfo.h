/*
 * What programs are told about a processor: /proc/cpuinfo.
 */
#ifndef ARCH_CPUINFO_H
#define ARCH_CPUINFO_H

#include <fs/seq_file.h>

/* The paragraph of one CPU, in the format that proc(5) describes for x86. */
void arch_show_cpuinfo(seq_file_t *m, u32 cpu);

#endif
