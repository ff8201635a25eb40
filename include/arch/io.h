/*
 * Port and device-register access for drivers. Ports are x86's; register accessors are ordered
 * among themselves and take what ioremap (mm/vmalloc.h) returned.
 */
#ifndef ARCH_IO_H
#define ARCH_IO_H

#include <kernel/compiler.h>

static inline u8 arch_in8(u16 port);
static inline u16 arch_in16(u16 port);
static inline u32 arch_in32(u16 port);
static inline void arch_out8(u16 port, u8 value);
static inline void arch_out16(u16 port, u16 value);
static inline void arch_out32(u16 port, u32 value);

#ifdef CONFIG_HOST
#include <fake/io.h>
#else
#include <arch_x86/io_inline.h>
#endif

static inline u32 mmio_read32(const void __iomem *reg)
{
	return *(const volatile u32 __force *)reg;
}

static inline void mmio_write32(void __iomem *reg, u32 value)
{
	*(volatile u32 __force *)reg = value;
}

#endif
