/*
 * Making the per-CPU areas (boot and CPU bring-up).
 */
#ifndef ARCH_X86_PERCPU_SETUP_H
#define ARCH_X86_PERCPU_SETUP_H

#include <arch/percpu.h>

size_t percpu_size(void);		/* bytes of an area; align it to a cache line at least */
void percpu_setup(u32 cpu, void *area); /* fills the area from the image */
void percpu_load(u32 cpu);		/* GS base of the running CPU */

/* Where the image lies in memory (early.c). */
extern phys_addr_t image_phys;

#endif
