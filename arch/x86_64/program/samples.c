/*
 * Registers as samples of performance events hold them: in the order in which perf_event_open(2) numbers them.
 */
#include <arch/thread.h>
#include <arch_x86/traps.h>
#include <kernel/thread.h>
#include <uapi/errno.h>

/* By number, in words of the frame: DS, ES, FS and GS are none of 64-bit programs' samples. */
#define AT(field) (u8)(offsetof(trap_frame_t, field) / sizeof(u64))
#define NONE 0xffu
static const u8 places[] = { AT(rax), AT(rbx), AT(rcx), AT(rdx),    AT(rsi), AT(rdi),
			     AT(rbp), AT(rsp), AT(rip), AT(rflags), AT(cs),  AT(ss),
			     NONE,    NONE,    NONE,	NONE,	    AT(r8),  AT(r9),
			     AT(r10), AT(r11), AT(r12), AT(r13),    AT(r14), AT(r15) };
_Static_assert(sizeof(places) == ARCH_SAMPLE_REGISTERS, "registers of samples");

#define VECTOR_REGISTERS                                                                           \
	(~0ull << 32) /* XMM0 and on, two words each: hardware's samples alone have them */

int arch_sample_registers_check(u64 mask)
{
	if (!mask)
		return -EINVAL;
	for (u32 i = 0; i < 32; i++)
		if (mask >> i & 1 && (i >= ARRAY_SIZE(places) || places[i] == NONE))
			return -EINVAL;
	return mask & VECTOR_REGISTERS ? -EOPNOTSUPP : 0;
}

size_t arch_sample_registers(const trap_frame_t *frame, u64 mask, u64 *out)
{
	size_t n = 0;

	for (u32 i = 0; i < ARRAY_SIZE(places); i++)
		if (mask >> i & 1)
			out[n++] = ((const u64 *)frame)[places[i]];
	return n;
}
