/*
 * x86_64 side of arch/io.h.
 */
#ifndef ARCH_X86_IO_INLINE_H
#define ARCH_X86_IO_INLINE_H

#include <arch_x86/instructions.h>

static inline u8 arch_in8(u16 port)
{
	return inb(port);
}

static inline u16 arch_in16(u16 port)
{
	return inw(port);
}

static inline u32 arch_in32(u16 port)
{
	return inl(port);
}

static inline void arch_out8(u16 port, u8 value)
{
	outb(port, value);
}

static inline void arch_out16(u16 port, u16 value)
{
	outw(port, value);
}

static inline void arch_out32(u16 port, u32 value)
{
	outl(port, value);
}

#endif
