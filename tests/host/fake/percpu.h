/*
 * Per-CPU variables of the fake machine: a section of their own, copied for each CPU by
 * fake_cpus(). The host thread plays the CPU that fake_cpu names and may change over to another at
 * any time.
 */
#ifndef FAKE_PERCPU_H
#define FAKE_PERCPU_H

#include <kernel/types.h>

#define PERCPU_SECTION __attribute__((section("percpu_host")))
#define PERCPU_INIT_SECTION PERCPU_SECTION

extern __thread u32 fake_cpu;

#define this_cpu_ptr(ptr) per_cpu_ptr(ptr, fake_cpu)
#define this_cpu_read(var) (*this_cpu_ptr(&(var)))
#define this_cpu_read_stable(var) this_cpu_read(var)
#define this_cpu_write(var, value) ((void)(*this_cpu_ptr(&(var)) = (value)))
#define this_cpu_add(var, value) ((void)(*this_cpu_ptr(&(var)) += (value)))
#define this_cpu_or(var, value) ((void)(*this_cpu_ptr(&(var)) |= (value)))
#define this_cpu_xchg(var, value)                                                                  \
	({                                                                                         \
		__typeof__(var) _was = this_cpu_read(var);                                         \
		this_cpu_write(var, value);                                                        \
		_was;                                                                              \
	})

#endif
