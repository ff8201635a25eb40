/*
 * Saving and loading extended state, as bytes: alternatives take the place of one another (Intel SDM 2).
 */
#ifndef ARCH_X86_FPU_INSTRUCTIONS_H
#define ARCH_X86_FPU_INSTRUCTIONS_H

/* The instructions on (%rdi), four bytes each. */
#define FXSAVE64 "0x48, 0x0f, 0xae, 0x07"
#define XSAVE64 "0x48, 0x0f, 0xae, 0x27"
#define XSAVEOPT64 "0x48, 0x0f, 0xae, 0x37"
#define XSAVES64 "0x48, 0x0f, 0xc7, 0x2f"
#define FXRSTOR64 "0x48, 0x0f, 0xae, 0x0f"
#define XRSTOR64 "0x48, 0x0f, 0xae, 0x2f"
#define XRSTORS64 "0x48, 0x0f, 0xc7, 0x1f"
#define ALL_STATES "a"(UINT32_MAX), "d"(UINT32_MAX)

#endif
