/*
 * Local descriptor tables (Intel SDM 3A 3.4.5, 3.5.1).
 *
 * A table is constant once a CPU can have it: modify_ldt puts a new one in its place, tells the CPUs that
 * run a thread of the space to load that, and frees the old one when all have. With interrupts
 * off a CPU's table stays. The switch loads a table, or none, for threads with RARE_LDT only; every thread of a
 * space that has a table is marked so, and a thread that leaves its space unloads it at once.
 *
 * All descriptors are of code or data at privilege 3, with the accessed bit set, so that the CPU
 * never writes to a table; none is of 64-bit code. There are none of 16 bits, as on a Linux without
 * X86_16BIT: a return to such a stack would leave half of the kernel's stack pointer in RSP.
 *
 * With page table isolation the CPU reads descriptors while the user's tables are loaded. Those show
 * one window a CPU, into which the table is copied when it is loaded, and which is cleared when it goes.
 */
#include <arch/ldt.h>

#include <arch_x86/features.h>
#include <arch_x86/instructions.h>
#include <arch_x86/ldt.h>
#include <arch_x86/pti.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/thread.h>
#include <mm/space.h>
#include <mm/vmalloc.h>
#include <uapi/ldt.h>

#define WINDOW_ORDER 4
_Static_assert(PAGE_SIZE << WINDOW_ORDER == LDT_ENTRIES * LDT_ENTRY_SIZE, "window of the LDT");

struct arch_ldt {
	u32 count;
	u64 entries[];
};

static DEFINE_PERCPU(const arch_ldt_t *, loaded_ldt);
static DEFINE_PERCPU(u64 *, ldt_window); /* isolation only */

/* ---- descriptors ---- */

#define ACCESSED BIT(40)
#define WRITE_OR_READ BIT(41)
#define TYPE_CONTENTS_SHIFT 42
#define TYPE_CODE BIT(43)
#define USER_SEGMENT (BIT(44) | 3UL << 45)
#define PRESENT BIT(47)
#define AVAILABLE BIT(52)
#define BITS_32 BIT(54)
#define LIMIT_IN_PAGES BIT(55)

static u64 descriptor(const struct user_desc *d, bool old_style)
{
	u64 base = d->base_addr, limit = d->limit;

	return (limit & 0xffff) | (base & 0xffffff) << 16 | (limit >> 16 & 0xf) << 48 |
	       (base >> 24) << 56 | ACCESSED | USER_SEGMENT |
	       (u64)d->contents << TYPE_CONTENTS_SHIFT | (d->read_exec_only ? 0 : WRITE_OR_READ) |
	       (d->seg_not_present ? 0 : PRESENT) | (d->useable && !old_style ? AVAILABLE : 0) |
	       (d->seg_32bit ? BITS_32 : 0) | (d->limit_in_pages ? LIMIT_IN_PAGES : 0);
}

/* ---- tables ---- */

static arch_ldt_t *alloc_table(u32 count)
{
	arch_ldt_t *ldt = kvmalloc(sizeof(*ldt) + count * sizeof(u64), GFP_KERNEL | GFP_ZERO);

	if (ldt)
		ldt->count = count;
	return ldt;
}

arch_ldt_t *arch_ldt_with(const arch_mmu_context_t *ctx, const struct user_desc *d, bool clear,
			  bool old_style)
{
	const arch_ldt_t *old = ctx->ldt;
	u32 count = MAX(old ? old->count : 0, d->entry_number + 1);
	arch_ldt_t *ldt = alloc_table(count);

	if (!ldt)
		return NULL;
	if (old)
		memcpy(ldt->entries, old->entries, old->count * sizeof(u64));
	ldt->entries[d->entry_number] = clear ? 0 : descriptor(d, old_style);
	return ldt;
}

size_t arch_ldt_read(const arch_mmu_context_t *ctx, void *to, size_t size)
{
	size_t n = ctx->ldt ? MIN(size, ctx->ldt->count * sizeof(u64)) : 0;

	if (n)
		memcpy(to, ctx->ldt->entries, n);
	return n;
}

int arch_mmu_context_copy(arch_mmu_context_t *to, const arch_mmu_context_t *from)
{
	if (!from->ldt)
		return 0;
	to->ldt = alloc_table(from->ldt->count);
	if (!to->ldt)
		return -ENOMEM;
	memcpy(to->ldt->entries, from->ldt->entries, from->ldt->count * sizeof(u64));
	return 0;
}

void arch_mmu_context_free(arch_mmu_context_t *ctx)
{
	kvfree(ctx->ldt);
}

/* ---- the running CPU; interrupts off ---- */

static void load_ldtr(const void *base, u32 count)
{
	u64 *gdt = this_cpu_ptr(&entry_area)->gdt, at = (u64)base;

	if (count) {
		gdt[SEL_LDT / 8] = (count * sizeof(u64) - 1) | (at & 0xffffff) << 16 |
				   0x82UL << 40 | (at >> 24 & 0xff) << 56;
		gdt[SEL_LDT / 8 + 1] = at >> 32;
	}
	__asm__ volatile("lldt %w0" ::"r"(count ? SEL_LDT : 0) : "memory");
}

static void load_table(const arch_ldt_t *ldt)
{
	const arch_ldt_t *old = this_cpu_read(loaded_ldt);
	u64 *window = this_cpu_read(ldt_window);

	if (ldt == old)
		return;
	if (window) {
		if (old)
			memset(window, 0, old->count * sizeof(u64));
		if (ldt)
			memcpy(window, ldt->entries, ldt->count * sizeof(u64));
	}
	load_ldtr(window || !ldt ? window : ldt->entries, ldt ? ldt->count : 0);
	this_cpu_write(loaded_ldt, ldt);
}

void ldt_switch(const struct thread *next)
{
	load_table(next->space ? READ_ONCE(next->space->arch.ldt) : NULL);
}

void arch_mmu_context_leave(void)
{
	load_table(NULL);
}

u16 ldt_selector(u16 selector)
{
	const arch_ldt_t *ldt = this_cpu_read(loaded_ldt);
	u32 index = selector / 8;
	u64 d;

	if (!(selector & SELECTOR_LOCAL))
		return selector;
	if (!ldt || index >= ldt->count)
		return 0;
	d = ldt->entries[index];
	return (d & PRESENT) && (!(d & TYPE_CODE) || (d & WRITE_OR_READ)) ? selector : 0;
}

/* What the data segments of the running thread meant may be gone: FS and GS, as on Linux, keep it. */
static void reload_here(void *arg)
{
	const arch_mmu_context_t *ctx = arg;
	const thread_t *t = current();
	unsigned long flags = arch_irq_save();

	if (t->space && &t->space->arch == ctx) {
		u16 ds, es;

		load_table(READ_ONCE(ctx->ldt));
		__asm__ volatile("mov %%ds, %0; mov %%es, %1" : "=m"(ds), "=m"(es));
		__asm__ volatile("mov %0, %%ds; mov %1, %%es" ::"r"((u32)ldt_selector(ds)),
				 "r"((u32)ldt_selector(es)));
	}
	arch_irq_restore(flags);
}

arch_ldt_t *arch_ldt_publish(arch_mmu_context_t *ctx, arch_ldt_t *ldt)
{
	return __atomic_exchange_n(&ctx->ldt, ldt, __ATOMIC_SEQ_CST);
}

void arch_ldt_settle(arch_mmu_context_t *ctx, arch_ldt_t *old)
{
	cpu_set_t cpus;

	smp_mb(); /* a CPU that begins to run the space sets its bit, then reads the pointer */
	preempt_disable();
	reload_here(ctx);
	cpus = ctx->cpus;
	smp_call(&cpus, reload_here, ctx);
	preempt_enable();
	kvfree(old);
}

void arch_ldt_mark(struct thread *t)
{
	__atomic_fetch_or(&t->arch.rare, RARE_LDT, __ATOMIC_SEQ_CST);
}

__init void ldt_init_window(u32 cpu)
{
	page_t *pages;

	if (!mmu_two_roots)
		return;
	pages = alloc_pages_node(cpu_node(cpu), GFP_KERNEL | GFP_ZERO, WINDOW_ORDER);
	if (!pages)
		panic("No memory for the window of the local descriptor table");
	per_cpu(ldt_window, cpu) = page_to_virt(pages);
	pti_share(page_to_virt(pages), PAGE_SIZE << WINDOW_ORDER, true);
}
