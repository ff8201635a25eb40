/*
 * Which translations a CPU may hold, and how they are withdrawn.
 *
 * Every change of a space's tables that takes something away bumps ctx->tlb_gen and then asks the
 * CPUs that may hold old entries. A CPU remembers, for each space it has a PCID for, the generation
 * it has caught up with; a loaded space whose generation moved by exactly the requested step is
 * flushed by ranges, one that missed more is flushed whole. Without PCIDs there is one slot and
 * every change of CR3 empties it.
 *
 *	loaded, thread of the space runs	is in ctx->cpus: interrupted
 *	loaded, a kernel thread runs ("lazy")	is in ctx->cpus; not interrupted, compares generations when it
 *						leaves the lazy state; interrupted all the same when tables were
 *						freed, since speculation walks them even then
 *	not loaded, slot kept (PCID)		not in ctx->cpus; compares when it loads the space again
 *
 * The pairs of full barriers: a flusher bumps the generation, then reads `lazy` and `cpus`; a CPU
 * sets its bit or clears `lazy`, then reads the generation. One of both sees the other.
 *
 * State is per CPU and changed with interrupts off.
 */
#include <arch_x86/features.h>
#include <arch_x86/instructions.h>
#include <arch_x86/pti.h>
#include <arch_x86/tlb.h>
#include <arch_x86/traps.h>
#include <kernel/atomic.h>
#include <kernel/panic.h>
#include <kernel/thread.h>

#define CR3_PCID 0xfffUL
#define TLB_SLOTS 6	   /* PCIDs 1..6; 0 is the kernel's own root */
#define FLUSH_PAGES_MAX 33 /* beyond this a full flush is cheaper than single invalidations */

typedef struct tlb_slot {
	u64 id;		 /* of the context; 0: empty */
	u64 gen;	 /* caught up with */
	bool user_stale; /* isolation: the user's PCID is behind; meaningful while not loaded */
} tlb_slot_t;

typedef struct tlb_state {
	arch_mmu_context_t *loaded; /* NULL: the kernel's root */
	u32 slot;		    /* of loaded */
	u32 next_slot;		    /* to be taken next, round robin */
	bool lazy;		    /* read by flushers of other CPUs */
	tlb_slot_t slots[TLB_SLOTS];
} tlb_state_t;

static DEFINE_PERCPU(tlb_state_t, tlb_state);
static u64 last_context_id; /* atomic */

void arch_mmu_context_init(arch_mmu_context_t *ctx)
{
	*ctx = (arch_mmu_context_t){
		.id = __atomic_add_fetch(&last_context_id, 1, __ATOMIC_RELAXED),
		.tlb_gen = 1,
	};
}

static u64 read_gen(const arch_mmu_context_t *ctx)
{
	return __atomic_load_n(&ctx->tlb_gen, __ATOMIC_SEQ_CST);
}

/* The user's entries of the loaded space go before user mode is entered. */
static void flush_user_later(void)
{
	this_cpu_write(user_cr3, this_cpu_read(user_cr3_next) & ~CR3_NO_FLUSH);
}

static void flush_loaded(tlb_state_t *s)
{
	write_cr3(read_cr3() & ~CR3_NO_FLUSH); /* this PCID's entries but global ones */
	if (mmu_two_roots)
		flush_user_later();
}

static inline void flush_page(unsigned long addr)
{
	invlpg(addr);
	if (!mmu_two_roots || !cpu_has(CPU_PCID)) /* else the load of CR3 flushes all */
		return;
	if (cpu_has(CPU_INVPCID))
		invpcid_address(this_cpu_read(user_cr3_next) & CR3_PCID, addr);
	else
		flush_user_later();
}

/* Brings the loaded space up to date: by [start, end) if that is all that is missing. */
static void catch_up(tlb_state_t *s, u64 request_gen, unsigned long start, unsigned long end)
{
	tlb_slot_t *slot = &s->slots[s->slot];
	u64 gen = read_gen(s->loaded);

	if (slot->gen == gen)
		return;
	if (request_gen == gen && slot->gen + 1 == gen &&
	    end - start <= FLUSH_PAGES_MAX * PAGE_SIZE) {
		for (unsigned long a = start; a < end; a += PAGE_SIZE)
			flush_page(a);
	} else {
		flush_loaded(s);
	}
	slot->gen = gen;
}

static tlb_slot_t *find_slot(tlb_state_t *s, const arch_mmu_context_t *ctx, bool *known)
{
	*known = false;
	if (!cpu_has(CPU_PCID))
		return &s->slots[0];
	for (u32 i = 0; i < TLB_SLOTS; i++)
		if (s->slots[i].id == ctx->id) {
			*known = true;
			return &s->slots[i];
		}
	s->next_slot = (s->next_slot + 1) % TLB_SLOTS;
	return &s->slots[s->next_slot];
}

/* The loaded space's flush that is still to come is remembered with its slot. */
static void leave_user_root(tlb_state_t *s)
{
	if (mmu_two_roots && s->loaded)
		s->slots[s->slot].user_stale =
			this_cpu_read(user_cr3) != this_cpu_read(user_cr3_next);
}

static void enter_user_root(u64 cr3, bool stale)
{
	u64 user = cr3 | PTI_USER_ROOT;

	if (cpu_has(CPU_PCID))
		user |= PTI_USER_PCID | CR3_NO_FLUSH;
	this_cpu_write(user_cr3_next, user);
	this_cpu_write(user_cr3, stale ? user & ~CR3_NO_FLUSH : user);
}

void arch_mmu_switch(arch_mmu_context_t *prev, arch_mmu_context_t *next, pte_t *root)
{
	tlb_state_t *s = this_cpu_ptr(&tlb_state);
	u32 cpu = this_cpu();
	tlb_slot_t *slot;
	u64 cr3, gen;
	bool known;

	WRITE_ONCE(s->lazy, false);
	if (s->loaded == next) {
		smp_mb();
		catch_up(s, 0, 0, 0);
		return;
	}
	cpu_set_add(&next->cpus, cpu);
	gen = read_gen(next);
	slot = find_slot(s, next, &known);
	cr3 = virt_to_phys(root);
	if (cpu_has(CPU_PCID)) {
		cr3 |= (u64)(slot - s->slots) + 1;
		if (known && slot->gen == gen)
			cr3 |= CR3_NO_FLUSH;
	}
	leave_user_root(s);
	write_cr3(cr3);
	if (mmu_two_roots)
		enter_user_root(cr3 & ~CR3_NO_FLUSH, !(cr3 & CR3_NO_FLUSH) || slot->user_stale);
	slot->id = next->id;
	slot->gen = gen;
	if (s->loaded)
		cpu_set_remove(&s->loaded->cpus, cpu);
	s->loaded = next;
	s->slot = (u32)(slot - s->slots);
}

__init void arch_mmu_switch_kernel(void)
{
	tlb_state_t *s = this_cpu_ptr(&tlb_state);
	unsigned long flags = arch_irq_save();

	leave_user_root(s);
	write_cr3(virt_to_phys(kernel_pml4)); /* also from the tables that a CPU started with */
	if (s->loaded)
		cpu_set_remove(&s->loaded->cpus, this_cpu());
	s->loaded = NULL;
	arch_irq_restore(flags);
}

void tlb_thread_switch(const struct thread *next)
{
	tlb_state_t *s = this_cpu_ptr(&tlb_state);

	if (!next->space) {
		if (s->loaded && !s->lazy)
			WRITE_ONCE(s->lazy, true);
	} else if (s->lazy) {
		WRITE_ONCE(s->lazy, false);
		smp_mb();
		catch_up(s, 0, 0, 0);
	}
}

void arch_tlb_flush_local_page(unsigned long addr)
{
	unsigned long flags;

	if (!mmu_two_roots) {
		invlpg(addr);
		return;
	}
	flags = arch_irq_save();
	flush_page(addr);
	arch_irq_restore(flags);
}

typedef struct flush_request {
	const arch_mmu_context_t *ctx;
	unsigned long start, end;
	u64 gen;
} flush_request_t;

static void flush_here(void *arg)
{
	const flush_request_t *r = arg;
	tlb_state_t *s = this_cpu_ptr(&tlb_state);

	if (in_hardirq())
		this_cpu_inc(trap_counts[COUNT_TLB]);
	if (s->loaded == r->ctx)
		catch_up(s, r->gen, r->start, r->end);
}

void arch_tlb_flush_range(arch_mmu_context_t *ctx, unsigned long start, unsigned long end,
			  bool freed_tables)
{
	flush_request_t r = { .ctx = ctx, .start = start, .end = end };
	cpu_set_t targets = { 0 };
	bool others = false;
	unsigned long flags;
	u32 me;

	r.gen = __atomic_add_fetch(&ctx->tlb_gen, 1, __ATOMIC_SEQ_CST);
	preempt_disable();
	me = this_cpu();
	flags = arch_irq_save();
	flush_here(&r);
	arch_irq_restore(flags);
	for_each_cpu(cpu) {
		if (cpu == me || !cpu_set_test(&ctx->cpus, cpu))
			continue;
		if (!freed_tables && READ_ONCE(per_cpu(tlb_state, cpu).lazy))
			continue;
		targets.bits[cpu / 64] |= BIT(cpu % 64);
		others = true;
	}
	if (others)
		smp_call(&targets, flush_here, &r);
	preempt_enable();
}

static void flush_kernel_here(void *arg)
{
	const flush_request_t *r = arg;
	u64 cr4;

	/* INVLPG reaches global entries under all PCIDs, others only under the one in use. */
	if (r->end - r->start <= FLUSH_PAGES_MAX * PAGE_SIZE &&
	    (pte_global || !cpu_has(CPU_PCID))) {
		for (unsigned long a = r->start; a < r->end; a += PAGE_SIZE)
			invlpg(a);
		return;
	}
	cr4 = read_cr4(); /* changing PGE empties everything, every PCID's too */
	write_cr4(cr4 ^ CR4_PGE);
	write_cr4(cr4);
}

void arch_tlb_flush_kernel_range(unsigned long start, unsigned long end)
{
	flush_request_t r = { .start = start, .end = end };

	if (cpu_count > 1 && arch_irqs_enabled()) {
		smp_call_all(flush_kernel_here, &r);
	} else {
		ASSERT(cpu_count == 1); /* boot, before interrupts */
		flush_kernel_here(&r);
	}
}
