/* Ports lead to the test, which defines these where it links something that uses ports. */
#ifndef FAKE_IO_H
#define FAKE_IO_H

#include <kernel/types.h>

u32 fake_port_read(u16 port, int bytes);
void fake_port_write(u16 port, u32 value, int bytes);

static inline u8 arch_in8(u16 port)
{
	return (u8)fake_port_read(port, 1);
}
static inline u16 arch_in16(u16 port)
{
	return (u16)fake_port_read(port, 2);
}
static inline u32 arch_in32(u16 port)
{
	return fake_port_read(port, 4);
}
static inline void arch_out8(u16 port, u8 value)
{
	fake_port_write(port, value, 1);
}
static inline void arch_out16(u16 port, u16 value)
{
	fake_port_write(port, value, 2);
}
static inline void arch_out32(u16 port, u32 value)
{
	fake_port_write(port, value, 4);
}

#endif
