/*
 * Debug registers of traced threads (Intel SDM 3B 17.2): four addresses and what to watch for. A
 * thread that never had any costs a test of flags at the switch; DR7 is 0 whenever one runs that
 * watches nothing, so the addresses need no clearing. Accesses of the kernel to watched memory are
 * not reported, as on Linux.
 */
#include <arch/mmu.h>
#include <arch/trace.h>
#include <arch_x86/instructions.h>
#include <arch_x86/trace.h>
#include <kernel/thread.h>
#include <mm/slab.h>
#include <uapi/errno.h>

#define BREAKPOINTS 4
#define DR_STATUS 6
#define DR_CONTROL 7
#define DR7_OFF 0x400ul		/* the bit that always reads 1 */
#define DR7_USABLE 0xffff03fful /* enables, types and lengths */
#define DR7_ENABLES(n) (3ul << 2 * (n))
#define DR7_TYPE(control, n) ((control) >> (16 + 4 * (n)) & 3)
#define DR7_LENGTH(control, n) ((control) >> (18 + 4 * (n)) & 3)
#define TYPE_EXECUTE 0
#define TYPE_IO 2

/* Changed while its thread is off its CPU, or by itself. */
typedef struct debug_state {
	u64 address[BREAKPOINTS];
	u64 control; /* DR7_USABLE bits only */
} debug_state_t;

static bool is_active(const thread_t *t)
{
	return t->arch.debug && t->arch.debug->control;
}

static void write_dr7(u64 value)
{
	__asm__ volatile("mov %0, %%dr7" ::"r"(value));
}

void debug_switch(thread_t *prev, thread_t *next)
{
	if (is_active(next)) {
		const debug_state_t *d = next->arch.debug;

		write_dr7(DR7_OFF);
		__asm__ volatile("mov %0, %%dr0; mov %1, %%dr1; mov %2, %%dr2; mov %3, %%dr3" ::"r"(
					 d->address[0]),
				 "r"(d->address[1]), "r"(d->address[2]), "r"(d->address[3]));
		write_dr7(d->control | DR7_OFF);
	} else if (is_active(prev)) {
		write_dr7(DR7_OFF);
	}
}

void debug_note(thread_t *t, trap_frame_t *frame, u64 dr6)
{
	const debug_state_t *d = t->arch.debug;
	u64 noted = dr6 & DR6_STEP;

	for (u32 n = 0; d && n < BREAKPOINTS; n++) {
		if (!(dr6 & BIT(n)) || !(d->control & DR7_ENABLES(n)))
			continue;
		noted |= BIT(n);
		/* It struck before the instruction, which is to run when the thread goes on. */
		if (DR7_TYPE(d->control, n) == TYPE_EXECUTE)
			frame->rflags |= RFLAGS_RF;
	}
	t->arch.debug_status = DR6_RESET | noted;
}

void debug_clear(thread_t *t)
{
	debug_state_t *d = t->arch.debug;
	unsigned long flags;

	if (!d)
		return;
	flags = arch_irq_save();
	__atomic_fetch_and(&t->arch.rare, ~RARE_DEBUG, __ATOMIC_RELAXED);
	t->arch.debug = NULL;
	if (t == current() && d->control)
		write_dr7(DR7_OFF);
	arch_irq_restore(flags);
	kfree(d);
}

/* ---- the tracer's view ---- */

u64 arch_debug_get(thread_t *t, u32 n)
{
	const debug_state_t *d = t->arch.debug;

	if (n == DR_STATUS)
		return t->arch.debug_status;
	if (!d)
		return 0;
	if (n == DR_CONTROL)
		return d->control;
	return n < BREAKPOINTS ? d->address[n] : 0;
}

/* Bytes watched by length code: 0 is 1, 1 is 2, 2 is 8, 3 is 4. */
static bool is_valid(const debug_state_t *d, u64 control, u32 n)
{
	static const u8 bytes[] = { 1, 2, 8, 4 };
	u64 type = DR7_TYPE(control, n), size = bytes[DR7_LENGTH(control, n)];
	u64 address = d->address[n];

	if (!(control & DR7_ENABLES(n)))
		return true;
	if (type == TYPE_IO || (type == TYPE_EXECUTE && size != 1))
		return false;
	return IS_ALIGNED(address, size) && address <= USER_MAX - size;
}

static int set_control(debug_state_t *d, u64 value)
{
	value &= DR7_USABLE;
	for (u32 n = 0; n < BREAKPOINTS; n++)
		if (!is_valid(d, value, n))
			return -EINVAL;
	d->control = value;
	return 0;
}

static int set_address(debug_state_t *d, u32 n, u64 value)
{
	u64 old = d->address[n];

	if (value >= USER_MAX)
		return -EINVAL;
	d->address[n] = value;
	if (is_valid(d, d->control, n))
		return 0;
	d->address[n] = old;
	return -EINVAL;
}

int arch_debug_set(thread_t *t, u32 n, u64 value)
{
	if (n == DR_STATUS) {
		t->arch.debug_status = value;
		return 0;
	}
	if (n >= BREAKPOINTS && n != DR_CONTROL)
		return -EIO;
	if (!t->arch.debug) {
		t->arch.debug = kzalloc(sizeof(*t->arch.debug), GFP_KERNEL);
		if (!t->arch.debug)
			return -ENOMEM;
		__atomic_fetch_or(&t->arch.rare, RARE_DEBUG, __ATOMIC_RELAXED);
	}
	return n == DR_CONTROL ? set_control(t->arch.debug, value)
			       : set_address(t->arch.debug, n, value);
}
