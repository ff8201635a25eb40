/*
 * The interrupt descriptor table and the SYSCALL registers.
 */
#include <arch/mmu.h>
#include <arch_x86/instructions.h>
#include <arch_x86/pti.h>
#include <arch_x86/segments.h>
#include <arch_x86/traps.h>

typedef struct idt_gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_middle;
	u32 offset_high, reserved;
} idt_gate_t;
_Static_assert(sizeof(idt_gate_t) == 16, "IDT gate: Intel SDM 3A 6.14.1");

#define IDT_ENTRIES 256
#define GATE_INTERRUPT 0x8e /* present, interrupts off on entry */
#define GATE_USER 0x60	    /* INT n from user mode may use it */

/* Layout of the stubs in entry.asm. */
#define STUB_SIZE 4
#define STUB_GROUP 32
#define STUB_GROUP_SIZE (STUB_GROUP * STUB_SIZE + 8)

/* Cleared by SYSCALL: what would trap, change string operations, open SMAP or break IRETQ. */
#define SYSCALL_FLAGS_MASK                                                                         \
	(RFLAGS_IF | RFLAGS_TF | RFLAGS_DF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_RF | RFLAGS_AC)

extern char vector_stubs[], syscall_entry[], syscall_entry_pti[], syscall_entry_compat[];

/* A page of its own, read-only after boot: user page tables show it. */
static idt_gate_t idt[IDT_ENTRIES] __aligned(PAGE_SIZE) __section(".bss.ro_after_init.idt");
_Static_assert(sizeof(idt) == PAGE_SIZE, "IDT: one page");

static __init u8 vector_stack(u32 vector)
{
	switch (vector) {
	case VECTOR_DF:
		return IST_DOUBLE_FAULT;
	case VECTOR_NMI:
		return IST_NMI;
	case VECTOR_MC:
		return IST_MACHINE_CHECK;
	case VECTOR_DB: /* a data breakpoint on MOV SS delays to SYSCALL's first instruction */
		return IST_DEBUG;
	default:
		return 0;
	}
}

__init void trap_init(void)
{
	for (u32 v = 0; v < IDT_ENTRIES; v++) {
		u64 stub = (u64)vector_stubs + v / STUB_GROUP * STUB_GROUP_SIZE +
			   v % STUB_GROUP * STUB_SIZE;

		idt[v] = (idt_gate_t){
			.offset_low = (u16)stub,
			.offset_middle = (u16)(stub >> 16),
			.offset_high = (u32)(stub >> 32),
			.selector = SEL_KERNEL_CS,
			.ist = vector_stack(v),
			.type = GATE_INTERRUPT | (v == VECTOR_BP || v == VECTOR_OF ? GATE_USER : 0),
		};
	}
}

__init void idt_share(void)
{
	pti_share(idt, sizeof(idt), false);
}

__init void trap_init_cpu(void)
{
	struct {
		u16 limit;
		u64 base;
	} __packed idtr = { sizeof(idt) - 1, (u64)idt };

	__asm__ volatile("lidt %0" ::"m"(idtr));
	wrmsr(MSR_STAR, (u64)SEL_USER_BASE << 48 | (u64)SEL_KERNEL_CS << 32);
	wrmsr(MSR_LSTAR, (u64)(mmu_two_roots ? syscall_entry_pti : syscall_entry));
	wrmsr(MSR_CSTAR, (u64)syscall_entry_compat);
	wrmsr(MSR_SYSENTER_CS, 0); /* the instruction faults */
	wrmsr(MSR_SYSCALL_MASK, SYSCALL_FLAGS_MASK);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
	write_cr0(read_cr0() | CR0_AM); /* programs may ask for alignment checks, as on Linux */
	machine_check_init_cpu();
}
