/*
 * GDT selectors. Programs see user CS and SS, and debuggers and signal frames print them, so they
 * are Linux's; SYSCALL and SYSRET fix the order of the rest (Intel SDM 2B, SYSRET: SS = base + 8,
 * CS = base + 16).
 */
#ifndef ARCH_X86_SEGMENTS_H
#define ARCH_X86_SEGMENTS_H

#define SEL_KERNEL_CS 0x10
#define SEL_KERNEL_DS 0x18
#define SEL_USER_BASE 0x23 /* STAR's SYSRET base: a 32-bit code segment that stays unused */
#define SEL_USER_DS 0x2b
#define SEL_USER_CS 0x33
#define SEL_TSS 0x40	 /* 16 bytes */
#define SELECTOR_LOCAL 4 /* table indicator: of the local table */
#define SEL_LDT 0x50	 /* 16 bytes */
#define SEL_CPU_NODE                                                                               \
	0x7b /* LSL reads its limit: bits 0-11 CPU number, bits 12-19 node (vDSO getcpu) */
#define GDT_ENTRIES 16

/* Interrupt stack table slots of the TSS, numbered as the IDT names them (0: no switch). */
#define IST_DOUBLE_FAULT 1
#define IST_NMI 2
#define IST_MACHINE_CHECK 3
#define IST_DEBUG 4
#define IST_COUNT 4

#endif
