/*
 * Extended state (x87, SSE, AVX, AVX-512): one XSAVE image a user thread, in the standard format,
 * so that the image copies as it is into signal frames and register sets; FXSAVE where there is no
 * XSAVE.
 */
#ifndef ARCH_X86_FPU_H
#define ARCH_X86_FPU_H

#include <arch/thread.h>
#include <uapi/sigcontext.h>

typedef struct fpu_area {
	struct fpstate_fx fx;	     /* 512 bytes, FXSAVE layout */
	struct xstate_header header; /* XSAVE only, as is what follows */
	u8 extended[];
} __aligned(64) fpu_area_t;

#define XFEATURE_FP_SSE 0x3u
#define FPU_NO_CPU UINT32_MAX /* arch_thread_t.fpu_cpu: in no registers */

extern u32 fpu_size;	   /* bytes of an image */
extern u64 fpu_features;   /* XCR0 bits in use; 3 without XSAVE */
extern u32 fpu_mxcsr_mask; /* bits of MXCSR that exist */

void fpu_init_cpu(void); /* each CPU: CR0, CR4, XCR0; the boot CPU also sizes the area */
void fpu_init(void);	 /* once slabs exist: the cache of areas */

/* Thread switch, interrupts off. */
void fpu_switch(struct thread *prev, struct thread *next);
/* Loads the running thread's state, interrupts off; TF_RESTORE_FPU, which was set, is the caller's to clear. */
void fpu_load(struct thread *t);
/* The running thread's area, complete in memory; *live stays valid until user mode is entered. */
fpu_area_t *fpu_sync_current(void);
/* From now on memory, not the registers, holds the running thread's state: it may be rewritten. */
fpu_area_t *fpu_begin_write(void);
/* Makes what was written loadable: false, and the initial state, when hardware would refuse it. */
bool fpu_end_write(void);
/* Would the CPU load it? extended: it has a header behind the first 512 bytes. */
bool fpu_image_valid(const fpu_area_t *image, bool extended);
/* Of a thread that is off its CPU: its area is about to be rewritten. */
void fpu_forget_registers(struct thread *t);
/* The running thread goes on with the initial state, as execve and signal handlers begin. */
void fpu_set_initial(void);
int fpu_alloc(struct thread *t); /* initial state: 0 or -ENOMEM */
void fpu_free(struct thread *t);

#endif
