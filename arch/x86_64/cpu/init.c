/*
 * The boot CPU's set-up (see include/arch/init.h).
 */
#include <arch/init.h>

#include <arch/mmu.h>
#include <arch/time.h>
#include <arch_x86/bring_up.h>
#include <arch_x86/features.h>
#include <arch_x86/fpu.h>
#include <arch_x86/lapic.h>
#include <arch_x86/pti.h>
#include <arch_x86/time.h>
#include <arch_x86/traps.h>
#include <drivers/acpi.h>
#include <drivers/irq.h>
#include <kernel/printk.h>
#include <kernel/thread.h>
#include <mm/page.h>

extern char boot_stack[], image_start[], rodata_start[], rodata_end[], init_text_start[],
	init_text_end[], init_data_start[], init_data_end[], ro_bss_start[], ro_bss_end[],
	init_bss_start[], init_bss_end[];
extern phys_addr_t image_phys;
#define BOOT_STACK_SIZE 16384

/* Until memory can be allocated. */
static char early_entry_stacks[IST_COUNT][IST_STACK_SIZE] __aligned(16) __initbss;

__init void arch_init_early(void)
{
	unsigned long tops[IST_COUNT];

	for (u32 i = 0; i < IST_COUNT; i++)
		tops[i] = (unsigned long)early_entry_stacks[i] + IST_STACK_SIZE;
	arch_mmu_switch_kernel(); /* the tables that early boot ran on map low memory one to one */
	init_thread.stack = boot_stack;
	this_cpu_write(kernel_stack_top, (unsigned long)boot_stack + BOOT_STACK_SIZE);
	gdt_init_cpu(0, tops);
	tss_set_stack(this_cpu_read(kernel_stack_top));
	trap_init();
	fpu_detect();
	alternatives_apply();
	trap_init_cpu();
	cpu_init_control();
}

__init void arch_init_devices(void)
{
	unsigned long tops[IST_COUNT];

	fpu_init();
	pti_init();
	idt_share();
	tss_share(0);
	cpu_setup_entry_stacks(0, tops);
	gdt_set_ist(tops);
	cpu_apic_id[0] = acpi_madt.apic_ids[0];
	cpu_set_add(&cpu_online, 0);
	for (u32 cpu = 0; cpu < acpi_madt.cpu_count; cpu++)
		cpu_set_add(&cpu_possible, cpu);
	acpi_map_registers();
	lapic_init(acpi_madt.lapic_address);
	irq_init();
	time_arch_init();
}

static phys_addr_t phys_of(const char *p)
{
	return image_phys + (u64)(p - image_start);
}

/* Entry of a 4 KiB page of the image. */
static pte_t *image_entry(unsigned long va)
{
	pte_t *table = kernel_pml4;

	for (int level = PT_LEVELS - 1; level > 0; level--)
		table = phys_to_virt(pte_pfn(table[pt_index(va, level)]) << PAGE_SHIFT);
	return &table[pt_index(va, 0)];
}

/* Constant data was written by relocation and boot code; from here on it is read-only. */
static void seal_constants(const char *from, const char *to)
{
	unsigned long start = (unsigned long)from, end = (unsigned long)to;

	for (unsigned long va = start; va < end; va += PAGE_SIZE) {
		pte_t *pte = image_entry(va);

		pte_set(pte, *pte & ~(PTE_WRITE | PTE_DIRTY));
	}
	arch_tlb_flush_kernel_range(start, end);
}

static void unmap_image(const char *from, const char *to)
{
	unsigned long start = (unsigned long)from, end = (unsigned long)to;

	for (unsigned long va = start; va < end; va += PAGE_SIZE)
		pte_set(image_entry(va), 0);
	arch_tlb_flush_kernel_range(start, end);
	page_free_reserved(phys_of(from), phys_of(to));
}

__init void arch_init_late(void)
{
	tsc_check_sync();
}

void arch_seal(void)
{
	seal_constants(rodata_start, rodata_end);
	seal_constants(ro_bss_start, ro_bss_end);
	unmap_image(init_text_start, init_text_end);
	unmap_image(init_data_start, init_data_end);
	unmap_image(init_bss_start, init_bss_end);
#ifdef CONFIG_DEBUG
	BUG_ON(arch_check_mappings());
#endif
}
