/*
 * Compiler and sparse annotations, and the few arithmetic macros everyone needs.
 */
#ifndef KERNEL_COMPILER_H
#define KERNEL_COMPILER_H

#include <kernel/types.h>

#ifdef __CHECKER__
#define __user __attribute__((noderef, address_space(1)))
#define __iomem __attribute__((noderef, address_space(2)))
#define __force __attribute__((force))
#define __bitwise __attribute__((bitwise))
#define __must_hold(x) __attribute__((context(x, 1, 1)))
#define __acquires(x) __attribute__((context(x, 0, 1)))
#define __releases(x) __attribute__((context(x, 1, 0)))
#define __acquire(x) __context__(x, 1)
#define __release(x) __context__(x, -1)
#define __cond_lock(x, taken)                                                                      \
	((taken) ? ({                                                                              \
		__acquire(x);                                                                      \
		true;                                                                              \
	})                                                                                         \
		 : false)
#else
#define __user
#define __iomem
#define __force
#define __bitwise
#define __must_hold(x)
#define __acquires(x)
#define __releases(x)
#define __acquire(x) ((void)0)
#define __release(x) ((void)0)
#define __cond_lock(x, taken) (taken)
#endif

typedef u16 __bitwise be16;
typedef u32 __bitwise be32;
typedef u64 __bitwise be64;

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __section(s) __attribute__((section(s)))
#define __used __attribute__((used))
#define __maybe_unused __attribute__((unused))
#define __noreturn __attribute__((noreturn))
#define __printf(f, a) __attribute__((format(printf, f, a)))
#define __must_check __attribute__((warn_unused_result))
#define __noinline __attribute__((noinline))
#undef __always_inline /* libc has its own, on the host */
#define __always_inline inline __attribute__((always_inline))
#define __hot __attribute__((hot))
#define __cold __attribute__((cold))
/* Code that runs where instrumentation would recurse or where the shadow is not mapped yet. */
#define __no_sanitize __attribute__((no_sanitize("kernel-address", "undefined")))
#define __no_stack_protector __attribute__((no_stack_protector))

#define CACHE_LINE_SIZE 64
#define __cacheline_aligned __aligned(CACHE_LINE_SIZE)

#ifdef CONFIG_HOST
#define __init
#define __sched
#define __initdata
#define __initbss
#define __ro_after_init
#define __ro_after_init_data
#else
/* Sleeps for its caller, whom /proc/PID/wchan is to name (sched_text_contains). */
#define __sched __section(".sched.text")
/*
 * Freed, with __initdata and __initbss, when boot is over (arch_seal). What stays may not refer to
 * it, nobody may keep its address: tools/check_init fails the build.
 */
#define __init __section(".init.text") __cold
#define __initdata __section(".init.data")
#define __initbss __section(".bss.init") /* zero at start */
/* Constant from the end of boot on. Zero until boot sets it; or with an initial value. */
#define __ro_after_init __section(".bss.ro_after_init")
#define __ro_after_init_data __section(".data.ro_after_init")
#endif

#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define compiler_barrier() __asm__ volatile("" ::: "memory")

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n) (1UL << (n))
#define MIN(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) _min_a = (a);                                                        \
		__typeof__(b) _min_b = (b);                                                        \
		_min_a < _min_b ? _min_a : _min_b;                                                 \
	})
#define MAX(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) _max_a = (a);                                                        \
		__typeof__(b) _max_b = (b);                                                        \
		_max_a > _max_b ? _max_a : _max_b;                                                 \
	})
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a)-1))
#define ALIGN_UP(x, a) ALIGN_DOWN((x) + ((__typeof__(x))(a)-1), a)
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a)-1)) == 0)
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* Pointers that carry a negative errno, in the top page that is never mapped. */
#define MAX_ERRNO 4095
#define IS_ERR(p) ((unsigned long)(p) >= (unsigned long)-MAX_ERRNO)
#define IS_ERR_OR_NULL(p) (!(p) || IS_ERR(p))
#define PTR_ERR(p) ((long)(p))
#define ERR_PTR(e) ((void *)(long)(e))

#endif
