/*
 * Kernel instructions that may fault on purpose: EXTABLE(label, continuation) inside inline
 * assembly leaves a pair in .extable, two 32-bit distances; a fault at the label goes on at the
 * continuation.
 */
#ifndef ARCH_X86_EXTABLE_H
#define ARCH_X86_EXTABLE_H

#define EXTABLE(label, continuation)                                                               \
	".pushsection .extable, \"a\"\n\t.balign 4\n\t.long " label " - ., " continuation          \
	" - .\n\t"                                                                                 \
	".popsection\n\t"

/*
 * For asm goto that has outputs. gcc drops it when they are unused unless it is volatile, and
 * before 12.4 loses copies of outputs unless something stands between it and the end of its block
 * (PR 113921).
 */
#define ASM_GOTO_OUTPUT(...)                                                                       \
	do {                                                                                       \
		__asm__ volatile goto(__VA_ARGS__);                                                \
		__asm__ volatile("");                                                              \
	} while (0)

/* A value from an address that may be unmapped: false then. For backtraces and crash reports. */
static inline bool peek_u64(unsigned long addr, u64 *value)
{
	ASM_GOTO_OUTPUT("1: movq (%1), %0\n\t" EXTABLE("1b", "%l[fault]")
			: "=r"(*value)
			: "r"(addr)
			:
			: fault);
	return true;
fault:
	return false;
}

#endif
