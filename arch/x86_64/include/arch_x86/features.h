/*
 * CPU features (CPUID, Intel SDM 2A; AMD APM 3) and per-CPU set-up of control registers, descriptor
 * tables and entry stacks.
 */
#ifndef ARCH_X86_FEATURES_H
#define ARCH_X86_FEATURES_H

#include <arch/percpu.h>
#include <arch_x86/segments.h>

typedef enum cpu_feature {
	CPU_SMEP,
	CPU_SMAP,
	CPU_UMIP,
	CPU_FSGSBASE,
	CPU_PCID,
	CPU_INVPCID,
	CPU_PGE,
	CPU_GIANT_PAGES,
	CPU_X2APIC,
	CPU_TSC_DEADLINE,
	CPU_INVARIANT_TSC,
	CPU_RDTSCP,
	CPU_XSAVE,
	CPU_XSAVEOPT,
	CPU_XSAVES,
	CPU_ERMS,
	CPU_RDRAND,
	CPU_RDSEED,
	CPU_HYPERVISOR,
	CPU_MELTDOWN, /* leaks what the privilege check should hide: CVE-2017-5754 */
	CPU_FEATURES,
} cpu_feature_t;

extern u64 cpu_feature_bits; /* of the boot CPU; a feature is used when all CPUs have it */

static inline bool cpu_has(cpu_feature_t f)
{
	return (cpu_feature_bits >> f) & 1;
}

void cpu_detect(void);	     /* boot CPU, first of all */
void cpu_init_control(void); /* each CPU: CR0, CR4 and EFER bits of what it has */

/* For /proc/cpuinfo and AT_PLATFORM. */
typedef struct cpu_identity {
	char vendor[13], model_name[49];
	u32 family, model, stepping;
	u32 hwcap; /* CPUID 1 EDX: AT_HWCAP */
	u32 cache_kib;
	u32 phys_bits, virt_bits;
} cpu_identity_t;
extern cpu_identity_t cpu_identity;
/*
 * Feature words as the CPU shows them, for the flags line: leaf 1 EDX, ECX; 7 EBX, ECX; 80000001
 * EDX, ECX; 0D sub-leaf 1 EAX.
 */
extern u32 cpu_feature_words[7];

/*
 * The per-CPU entry area: all that the CPU itself and the entry code touch before the kernel's page
 * tables are in use. What user page tables show under isolation (arch_x86/pti.h) is exactly this,
 * the IST stacks, the IDT and the entry text; hence pages of its own.
 */
typedef struct tss { /* Intel SDM 3A figure 8-11 */
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7]; /* ist[0] is IST1 */
	u64 reserved2;
	u16 reserved3, io_map_base;
} __packed tss_t;
_Static_assert(sizeof(tss_t) == 104, "64-bit TSS");

#define IST_STACK_SIZE 8192
#define ENTRY_PAGE 4096
#define ENTRY_AREA_SIZE (3 * ENTRY_PAGE)
#define ENTRY_STACK_SIZE 2048
#define IO_PORTS 65536
typedef struct entry_area {
	u64 gdt[GDT_ENTRIES];
	tss_t tss;
	u64 user_sp, user_rax, user_rdi; /* scratch of the entry code: the program's registers */
	/* Under isolation what RSP0 points to the end of: holds a frame until it is copied. */
	u8 stack[ENTRY_STACK_SIZE] __aligned(16);
	/* Which ports user mode may not use: part of the TSS, which ends with a byte of ones. */
	u8 io_map[IO_PORTS / 8], io_map_end;
} __aligned(ENTRY_PAGE) entry_area_t;
_Static_assert(sizeof(entry_area_t) == ENTRY_AREA_SIZE, "entry area: whole pages");
DECLARE_PERCPU(entry_area_t, entry_area);

/* GDT and TSS of the running CPU; ist: tops of the IST stacks in order of their numbers. */
void gdt_init_cpu(u32 cpu, const unsigned long ist[IST_COUNT]);
void gdt_set_ist(const unsigned long ist[IST_COUNT]); /* of the running CPU, anew */
/* Where the running CPU starts when it enters from user mode; with isolation its entry stack. */
void tss_set_stack(unsigned long top);
void tss_set_io_map(bool used); /* the running CPU looks at its io_map; interrupts off */
void tss_share(u32 cpu);	/* the CPU's entry area, with user page tables */

#endif
