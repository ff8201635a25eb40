/*
 * Single privileged instructions as inline functions: port I/O, MSRs, control registers, CPUID,
 * TLB. Names are the instructions'. MSR numbers: Intel SDM volume 4.
 */
#ifndef ARCH_X86_INSTRUCTIONS_H
#define ARCH_X86_INSTRUCTIONS_H

#include <kernel/compiler.h>

#define MSR_TSC_DEADLINE 0x6e0
#define MSR_APIC_BASE 0x1b
#define MSR_ARCH_CAPABILITIES 0x10a
#define MSR_X2APIC_BASE 0x800
#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_SYSENTER_CS 0x174
#define MSR_LSTAR 0xc0000082
#define MSR_CSTAR 0xc0000083
#define MSR_CSTAR 0xc0000083
#define MSR_SYSCALL_MASK 0xc0000084
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX 0xc0000103

#define EFER_SCE BIT(0)
#define EFER_NXE BIT(11)

#define RFLAGS_TF BIT(8)
#define RFLAGS_DF BIT(10)
#define RFLAGS_IOPL (BIT(12) | BIT(13))
#define RFLAGS_NT BIT(14)
#define RFLAGS_RF BIT(16)
#define RFLAGS_AC BIT(18)

/* Flags that belong to programs: signal frames and tracers may change them. */
#define RFLAGS_USER                                                                                \
	(BIT(0) | BIT(2) | BIT(4) | BIT(6) | BIT(7) | RFLAGS_TF | RFLAGS_DF | BIT(11) |            \
	 RFLAGS_RF | RFLAGS_AC)

#define CR0_MP BIT(1)
#define CR0_EM BIT(2)
#define CR0_TS BIT(3)
#define CR0_NE BIT(5)
#define CR0_WP BIT(16)
#define CR0_AM BIT(18)
#define CR4_TSD BIT(2)
#define CR4_DE BIT(3)
#define CR4_MCE BIT(6)
#define CR4_PGE BIT(7)
#define CR4_OSFXSR BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP BIT(11)
#define CR4_FSGSBASE BIT(16)
#define CR4_PCIDE BIT(17)
#define CR4_OSXSAVE BIT(18)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)

static inline void outb(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline void outw(u16 port, u16 value)
{
	__asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port));
}

static inline void outl(u16 port, u32 value)
{
	__asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port));
}

static inline u8 inb(u16 port)
{
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u16 inw(u16 port)
{
	u16 value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u32 inl(u16 port)
{
	u32 value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u64 rdmsr(u32 msr)
{
	u32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (u64)high << 32 | low;
}

static inline void wrmsr(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" ::"c"(msr), "a"((u32)(value & UINT32_MAX)), "d"((u32)(value >> 32))
			 : "memory");
}

static inline void cpuid(u32 leaf, u32 subleaf, u32 *a, u32 *b, u32 *c, u32 *d)
{
	__asm__ volatile("cpuid"
			 : "=a"(*a), "=b"(*b), "=c"(*c), "=d"(*d)
			 : "a"(leaf), "c"(subleaf));
}

#define DEFINE_CONTROL_REGISTER(n)                                                                 \
	static inline u64 read_cr##n(void)                                                         \
	{                                                                                          \
		u64 value;                                                                         \
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(value)::"memory");                    \
		return value;                                                                      \
	}                                                                                          \
	static inline void write_cr##n(u64 value)                                                  \
	{                                                                                          \
		__asm__ volatile("mov %0, %%cr" #n ::"r"(value) : "memory");                       \
	}
DEFINE_CONTROL_REGISTER(0)
DEFINE_CONTROL_REGISTER(2)
DEFINE_CONTROL_REGISTER(3)
DEFINE_CONTROL_REGISTER(4)

static inline void invlpg(unsigned long addr)
{
	__asm__ volatile("invlpg (%0)" ::"r"(addr) : "memory");
}

/* Intel SDM 2B, INVPCID; type 0: one address under a PCID. */
static inline void invpcid_address(u64 pcid, unsigned long addr)
{
	const struct {
		u64 pcid, addr;
	} descriptor = { pcid, addr };

	__asm__ volatile("invpcid %0, %1" ::"m"(descriptor), "r"(0UL) : "memory");
}

static inline void xsetbv(u32 index, u64 value)
{
	__asm__ volatile("xsetbv" ::"c"(index), "a"((u32)value), "d"((u32)(value >> 32)));
}

static inline u64 rdfsbase(void)
{
	u64 base;

	__asm__ volatile("rdfsbase %0" : "=r"(base));
	return base;
}

static inline void wrfsbase(u64 base)
{
	__asm__ volatile("wrfsbase %0" ::"r"(base) : "memory");
}

#endif
