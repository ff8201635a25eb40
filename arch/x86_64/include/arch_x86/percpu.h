/*
 * Per-CPU access through GS: the operand is the variable's own RIP-relative address, the segment
 * base the distance from the section to this CPU's copy. Each accessor is one instruction, so
 * neither preemption nor an interrupt can come between.
 */
#ifndef ARCH_X86_PERCPU_H
#define ARCH_X86_PERCPU_H

#include <kernel/compiler.h>

#define PERCPU_SECTION __section(".bss.percpu")
#define PERCPU_INIT_SECTION __section(".percpu")

#define this_cpu_read(var)                                                                         \
	({                                                                                         \
		__typeof__(var) _value;                                                            \
		__asm__ volatile("mov %%gs:%1, %0" : "=r"(_value) : "m"(var));                     \
		_value;                                                                            \
	})
/* For what cannot change under the running thread (current_thread): the compiler may keep it. */
#define this_cpu_read_stable(var)                                                                  \
	({                                                                                         \
		__typeof__(var) _value;                                                            \
		__asm__("mov %%gs:%c1(%%rip), %0" : "=r"(_value) : "i"(&(var)));                   \
		_value;                                                                            \
	})
#define this_cpu_write(var, value)                                                                 \
	__asm__ volatile("mov%z0 %1, %%gs:%0"                                                      \
			 : "+m"(var)                                                               \
			 : "re"((__typeof__(var))(value))                                          \
			 : "memory")
#define this_cpu_add(var, value)                                                                   \
	__asm__ volatile("add%z0 %1, %%gs:%0"                                                      \
			 : "+m"(var)                                                               \
			 : "re"((__typeof__(var))(value))                                          \
			 : "memory")
#define this_cpu_or(var, value)                                                                    \
	__asm__ volatile("or%z0 %1, %%gs:%0"                                                       \
			 : "+m"(var)                                                               \
			 : "re"((__typeof__(var))(value))                                          \
			 : "memory")
#define this_cpu_xchg(var, value)                                                                  \
	({                                                                                         \
		__typeof__(var) _value = (value);                                                  \
		__asm__ volatile("xchg %0, %%gs:%1" : "+r"(_value), "+m"(var) : : "memory");       \
		_value;                                                                            \
	})

/* The running CPU's offset: valid as long as preemption is off. */
extern unsigned long this_percpu_offset; /* itself per CPU */
#define this_cpu_ptr(ptr)                                                                          \
	((__typeof__(ptr))((unsigned long)(ptr) + this_cpu_read(this_percpu_offset)))

#endif
