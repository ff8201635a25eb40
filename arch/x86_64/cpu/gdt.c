/*
 * Segment descriptors and the task-state segment of each CPU (Intel SDM 3A 3.4.5, 8.2.3).
 */
#include <arch/cpu.h>
#include <arch_x86/features.h>

#include <arch_x86/instructions.h>
#include <arch_x86/ldt.h>
#include <arch_x86/pti.h>

__section(".bss.percpu.entry") entry_area_t entry_area;

/* Up to the byte after the port map. */
#define TSS_LIMIT (offsetof(entry_area_t, io_map_end) - offsetof(entry_area_t, tss))
_Static_assert(TSS_LIMIT < UINT16_MAX, "the port map's offset is a word");

#define CODE64 0x00af9a000000ffffUL
#define DATA 0x00cf92000000ffffUL
#define DPL3 (3UL << 45)
#define ACCESSED (1UL << 40)
#define CODE32 0x00cf9a000000ffffUL

__init void gdt_set_ist(const unsigned long ist[IST_COUNT])
{
	entry_area_t *area = this_cpu_ptr(&entry_area);

	for (u32 i = 0; i < IST_COUNT; i++)
		area->tss.ist[i] = ist[i];
}

__init void gdt_init_cpu(u32 cpu, const unsigned long ist[IST_COUNT])
{
	entry_area_t *area = this_cpu_ptr(&entry_area);
	unsigned long base = (unsigned long)&area->tss;
	struct {
		u16 limit;
		u64 base;
	} __packed pointer = { sizeof(area->gdt) - 1, (u64)area->gdt };
	u64 *gdt = area->gdt;

	gdt[SEL_KERNEL_CS / 8] = CODE64 | ACCESSED;
	gdt[SEL_KERNEL_DS / 8] = DATA | ACCESSED;
	gdt[SEL_USER_BASE / 8] = CODE32 | DPL3 | ACCESSED;
	gdt[SEL_USER_DS / 8] = DATA | DPL3 | ACCESSED;
	gdt[SEL_USER_CS / 8] = CODE64 | DPL3 | ACCESSED;
	/*
	 * Limit 0..19 carries CPU and node; an expand-up, read-only data segment (type 5 with
	 * accessed).
	 */
	u32 who = cpu | cpu_node(cpu) << 12;

	gdt[SEL_CPU_NODE / 8] = 0x0040f50000000000UL | (who & 0xffff) | (u64)(who >> 16 & 15) << 48;
	gdt[SEL_TSS / 8] =
		TSS_LIMIT | (base & 0xffffff) << 16 | 0x89UL << 40 | (base >> 24 & 0xff) << 56;
	gdt[SEL_TSS / 8 + 1] = base >> 32;
	gdt_set_ist(ist);
	area->io_map_end = 0xff;
	tss_set_io_map(false);

	__asm__ volatile("lgdt %0" : : "m"(pointer));
	__asm__ volatile("pushq %0\n\t"
			 "lea 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:"
			 :
			 : "i"(SEL_KERNEL_CS)
			 : "rax", "memory");
	__asm__ volatile("mov %0, %%ds\n\tmov %0, %%es\n\tmov %0, %%ss" : : "r"(SEL_KERNEL_DS));
	/*
	 * FS and GS keep their bases: null selectors are loaded before GS base is set
	 * (percpu_load).
	 */
	__asm__ volatile("ltr %w0" : : "r"(SEL_TSS));
	__asm__ volatile("lldt %w0" : : "r"(0)); /* nothing that a boot loader left is believed */
}

void tss_set_stack(unsigned long top)
{
	entry_area_t *area = this_cpu_ptr(&entry_area);

	area->tss.rsp[0] = mmu_two_roots ? (unsigned long)(area->stack + ENTRY_STACK_SIZE) : top;
}

/* Without a map within its limit every port is refused (Intel SDM 1 19.5.2). */
void tss_set_io_map(bool used)
{
	this_cpu_ptr(&entry_area)->tss.io_map_base =
		used ? offsetof(entry_area_t, io_map) - offsetof(entry_area_t, tss) : TSS_LIMIT + 1;
}

__init void tss_share(u32 cpu)
{
	pti_share(per_cpu_ptr(&entry_area, cpu), sizeof(entry_area_t), true);
	ldt_init_window(cpu);
}
