/*
 * The vDSO: a shared object that the kernel maps into every program, with clocks that need no system call. The
 * architecture has its image and knows its data page; kernel/proc maps both (vdso.c), kernel/time says when the
 * clock was set.
 */
#ifndef ARCH_VDSO_H
#define ARCH_VDSO_H

#include <kernel/types.h>

/* A whole number of pages, to be mapped right behind one page of data. */
extern const u8 arch_vdso_image[], arch_vdso_image_end[];

/*
 * Writes the machine's clock and the distance of realtime from it into the data page. Callers
 * exclude each other and are not preempted; readers retry.
 */
/* Until then programs ask the kernel: what stands there will not hold any more. */
void arch_vdso_withdraw(void *data_page);
void arch_vdso_publish(void *data_page, nsec_t realtime_offset);

#endif
