/*
 * Local descriptor tables: segments that a program describes itself (modify_ldt(2)). A table belongs to an address
 * space (arch_mmu_context_t.ldt, NULL: none) and never changes: an entry is set by putting a new table in its
 * place. The space's lock guards the pointer: exclusive for changes, shared to look. A CPU has it
 * loaded only while a thread runs that is marked (arch_ldt_mark).
 */
#ifndef ARCH_LDT_H
#define ARCH_LDT_H

#include <arch/mmu.h>

struct thread;
struct user_desc;

/*
 * The table of ctx with one entry as d describes it; clear: emptied instead; old_style: without the bit that
 * programs may use as they like. The caller owns it until it is installed. NULL: no memory.
 */
arch_ldt_t *arch_ldt_with(const arch_mmu_context_t *ctx, const struct user_desc *d, bool clear,
			  bool old_style);
/*
 * Makes it the context's and gives the one before, which CPUs may have until arch_ldt_settle, which frees it and
 * may sleep. Between the two all threads of the space are marked; one made later before it first runs.
 */
arch_ldt_t *arch_ldt_publish(arch_mmu_context_t *ctx, arch_ldt_t *ldt);
void arch_ldt_settle(arch_mmu_context_t *ctx, arch_ldt_t *old);
/* Copies up to size bytes of the table; how many there were. */
size_t arch_ldt_read(const arch_mmu_context_t *ctx, void *to, size_t size);
/* From its next switch on the thread has the table of its space. Any context. */
void arch_ldt_mark(struct thread *t);

#endif
