/*
 * Extended state (x87, SSE, AVX, AVX-512): one image a user thread, as XSAVES writes it where the
 * CPU has that (the compacted format), else as XSAVE (the standard format) or FXSAVE does. What
 * programs see is always the standard format: signal frames are stored and loaded by XSAVE and
 * XRSTOR, register sets converted (xstate_*).
 */
#ifndef ARCH_X86_FPU_H
#define ARCH_X86_FPU_H

#include <arch/thread.h>
#include <uapi/sigcontext.h>

/* An image in either format; of the standard one the offsets are fpu_layout's. */
typedef struct fpu_area {
	struct fpstate_fx fx;	     /* 512 bytes, FXSAVE layout */
	struct xstate_header header; /* XSAVE only, as is what follows */
	u8 extended[];
} __aligned(64) fpu_area_t;

#define XFEATURE_FP BIT(0)
#define XFEATURE_SSE BIT(1)
#define XFEATURE_AVX BIT(2)
#define XFEATURE_AVX512 (BIT(5) | BIT(6) | BIT(7)) /* masks, upper halves, registers 16-31 */
#define XFEATURE_FP_SSE (XFEATURE_FP | XFEATURE_SSE)
#define XCOMP_BV_COMPACT BIT(63) /* Intel SDM 1 13.4.2 */
#define XSTATE_FIRST 2		 /* the components before are in the first 512 bytes */
#define XSTATE_COMPONENTS 8	 /* numbers of those in XFEATURE_* */

#define FCW_INITIAL 0x37f
#define MXCSR_INITIAL 0x1f80
#define FPU_NO_CPU UINT32_MAX /* arch_thread_t.fpu_cpu: in no registers */

/* Where a component is: Intel SDM 1 13.4.3, CPUID leaf 0DH. */
typedef struct xstate_component {
	u32 standard, area; /* offsets in the standard image and in the threads' */
	u32 size;
	bool aligned; /* the compacted format puts it at a multiple of 64 */
} xstate_component_t;

typedef struct xstate_layout {
	u64 features;	/* XCR0 bits in use; 3 without XSAVE */
	u32 size;	/* bytes of the standard image; 512 without XSAVE */
	u32 area_size;	/* bytes of the threads' */
	u32 mxcsr_mask; /* bits of MXCSR that exist */
	bool compact;	/* the threads' are XSAVES's */
	xstate_component_t components[XSTATE_COMPONENTS];
} xstate_layout_t;

extern xstate_layout_t fpu_layout; /* constant after fpu_detect */

static inline bool xstate_extended(const xstate_layout_t *l)
{
	return l->size > sizeof(struct fpstate_fx);
}

/* Sets area_size and the components' area offsets from the rest. */
void xstate_lay_out(xstate_layout_t *l);
/* Writes the first 512 bytes of a standard image, or with `extended` all of it. */
void xstate_to_standard(const xstate_layout_t *l, const fpu_area_t *area, fpu_area_t *image,
			bool extended);
/*
 * Takes a whole standard image. -EINVAL, and nothing changed, where XRSTOR would refuse it (Intel
 * SDM 1 13.8.1).
 */
int xstate_from_standard(const xstate_layout_t *l, const fpu_area_t *image, fpu_area_t *area);
/* Takes an FXSAVE image; the other components stay. -EINVAL as above. */
int xstate_from_fx(const xstate_layout_t *l, const struct fpstate_fx *fx, fpu_area_t *area);

void fpu_detect(void);	 /* boot CPU, before alternatives_apply: chooses and measures the layout */
void fpu_init_cpu(void); /* each other CPU: CR0, CR4, XCR0 */
void fpu_init(void);	 /* once slabs exist: the cache of areas */

/* Thread switch, interrupts off. */
void fpu_switch(struct thread *prev, struct thread *next);
/* Loads the running thread's state, interrupts off; TF_RESTORE_FPU, which was set, is the caller's to clear. */
void fpu_load(struct thread *t);
/* The running thread's area is complete in memory until user mode is entered. */
void fpu_sync_current(void);
/* The running thread's state becomes that of a new thread, which has an area. */
void fpu_copy_to(struct thread *child);
/* Exception flags that are set and not masked, of x87 or SSE (their numbers are alike). */
u32 fpu_conditions(bool x87);
/*
 * The running thread's state to and from user memory at a multiple of 64, fpu_layout.size bytes in
 * the standard format. What XSAVE does not write there is left: the header must be clear before.
 * -EFAULT: memory is not there.
 */
int fpu_store_user(void __user *to);
/*
 * `states` of them, the others become initial. size: how much is there, 512 bytes (x87 and SSE alone)
 * or a standard image. -EFAULT, -ENOMEM, -EINVAL (what XRSTOR refuses); the state is initial then.
 */
int fpu_load_user(const void __user *from, u64 states, size_t size);
/* The registers are the running thread's from here on. Interrupts off until they are used. */
void fpu_need_registers(void);
/* The same, and they are about to be loaded: all of them, or the others become initial. */
void fpu_begin_load(bool all);
/* Of a thread that is off its CPU or the running one: its area is about to be rewritten. */
void fpu_forget_registers(struct thread *t);
/* The running thread goes on with the initial state, as execve and signal handlers begin. */
void fpu_set_initial(void);
int fpu_alloc(struct thread *t); /* initial state: 0 or -ENOMEM */
void fpu_free(struct thread *t);

#endif
