/*
 * The page that the kernel shares, read-only, with the code in every program's vDSO (arch/x86_64/vdso).
 * Both sides are built from this header; its layout is no contract with anybody else.
 */
#ifndef ARCH_X86_VDSO_DATA_H
#define ARCH_X86_VDSO_DATA_H

/* GCC's names for fixed widths: the user side includes no header of the kernel. */
typedef struct vdso_data {
	__UINT32_TYPE__ sequence;   /* odd while the kernel writes */
	__UINT32_TYPE__ usable;	    /* the clock is the TSC; 0: ask the kernel */
	__UINT64_TYPE__ tsc_base;   /* TSC at monotonic time `offset` */
	__UINT64_TYPE__ multiplier; /* nanoseconds a cycle, 32 fractional bits */
	__INT64_TYPE__ offset;	    /* nanoseconds */
	__INT64_TYPE__ realtime;    /* realtime - monotonic, nanoseconds */
} vdso_data_t;

#endif
