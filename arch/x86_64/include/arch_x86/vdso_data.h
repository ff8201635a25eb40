/*
 * The page that the kernel shares, read-only, with the code in every program's vDSO (arch/x86_64/vdso).
 * Both sides are built from this header; its layout is no contract with anybody else.
 */
#ifndef ARCH_X86_VDSO_DATA_H
#define ARCH_X86_VDSO_DATA_H

#define VDSO_CLOCKS 8 /* clock numbers below it may be answered without the kernel */

/*
 * GCC's names for fixed widths: the user side includes no header of the kernel. While the sequence
 * is odd the kernel must be asked: it writes, or its clock is not the TSC.
 */
typedef struct vdso_data {
	__UINT32_TYPE__ sequence;
	__UINT64_TYPE__ tsc_base;	  /* the TSC at the times in `base` */
	__UINT64_TYPE__ multiplier;	  /* nanoseconds a cycle, 32 fractional bits */
	__UINT64_TYPE__ raw_multiplier;	  /* CLOCK_MONOTONIC_RAW's, which nobody steers */
	__INT64_TYPE__ base[VDSO_CLOCKS]; /* nanoseconds of each clock */
} vdso_data_t;

#endif
