/*
 * The HPET's main counter (IA-PC HPET Specification 1.0a, 2.3). Its comparators are not used.
 */
#include <arch/io.h>
#include <arch_x86/time.h>
#include <mm/vmalloc.h>

#define REG_CAPABILITY 0x00
#define REG_PERIOD 0x04 /* femtoseconds a tick */
#define REG_CONFIG 0x10
#define REG_COUNTER 0xf0
#define CAPABILITY_64_BIT BIT(13)
#define CONFIG_ENABLE BIT(0)
#define FEMTOSECONDS 1000000000000000UL
#define PERIOD_MAX 100000000u

static u8 __iomem *registers;
static u64 frequency; /* 0: no usable HPET */
static bool wide;
static u64 last; /* atomic: last value of a 32-bit counter, extended */

/* 32 bits at a time: the specification lets a chipset refuse more. */
static u32 hpet_reg(u32 offset)
{
	return mmio_read32(registers + offset);
}

__init bool hpet_init(phys_addr_t base)
{
	u32 period;

	registers = ioremap(base, 1024);
	if (!registers)
		return false;
	period = hpet_reg(REG_PERIOD);
	if (!period || period > PERIOD_MAX)
		return false;
	wide = hpet_reg(REG_CAPABILITY) & CAPABILITY_64_BIT;
	mmio_write32(registers + REG_CONFIG, hpet_reg(REG_CONFIG) | CONFIG_ENABLE);
	frequency = FEMTOSECONDS / period;
	return true;
}

u64 hpet_frequency(void)
{
	return frequency;
}

/* A 32-bit counter must be read once a turn (five minutes at 14.318 MHz); timers see to that. */
static u64 extend(u32 now)
{
	u64 seen = __atomic_load_n(&last, __ATOMIC_RELAXED), value;

	do {
		value = (seen & ~(u64)UINT32_MAX) | now;
		if (now < (u32)seen) {
			if ((u32)seen - now < UINT32_MAX / 2) /* another CPU has read since */
				return seen;
			value += 1UL << 32;
		}
	} while (!__atomic_compare_exchange_n(&last, &seen, value, true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return value;
}

u64 hpet_read(void)
{
	u32 high, low;

	if (!wide)
		return extend(hpet_reg(REG_COUNTER));
	do {
		high = hpet_reg(REG_COUNTER + 4);
		low = hpet_reg(REG_COUNTER);
	} while (high != hpet_reg(REG_COUNTER + 4));
	return (u64)high << 32 | low;
}
