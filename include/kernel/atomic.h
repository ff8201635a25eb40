/*
 * Atomic integers, reference counts and SMP memory barriers, over the compiler's __atomic
 * builtins. Read-modify-write operations that return a value are sequentially consistent; those
 * that return nothing, and atomic_read/atomic_set, are relaxed.
 *
 * refcount_t: starts at 1; refcount_get on a live object; refcount_get_unless_zero for objects
 * found under RCU; refcount_put returns true when the last reference went and the caller frees.
 */
#ifndef KERNEL_ATOMIC_H
#define KERNEL_ATOMIC_H

#include <kernel/compiler.h>

typedef struct {
	int value;
} atomic_t;

typedef struct {
	s64 value;
} atomic64_t;

typedef struct {
	u32 value;
} refcount_t;

#define ATOMIC_INIT(v)                                                                             \
	{                                                                                          \
		(v)                                                                                \
	}
#define REFCOUNT_INIT(v)                                                                           \
	{                                                                                          \
		(v)                                                                                \
	}

#define ATOMIC_OPS(prefix, atype, itype)                                                           \
	static inline itype prefix##_read(const atype *a)                                          \
	{                                                                                          \
		return __atomic_load_n(&a->value, __ATOMIC_RELAXED);                               \
	}                                                                                          \
	static inline itype prefix##_read_acquire(const atype *a)                                  \
	{                                                                                          \
		return __atomic_load_n(&a->value, __ATOMIC_ACQUIRE);                               \
	}                                                                                          \
	static inline void prefix##_set(atype *a, itype v)                                         \
	{                                                                                          \
		__atomic_store_n(&a->value, v, __ATOMIC_RELAXED);                                  \
	}                                                                                          \
	static inline void prefix##_set_release(atype *a, itype v)                                 \
	{                                                                                          \
		__atomic_store_n(&a->value, v, __ATOMIC_RELEASE);                                  \
	}                                                                                          \
	static inline void prefix##_add(atype *a, itype v)                                         \
	{                                                                                          \
		__atomic_fetch_add(&a->value, v, __ATOMIC_RELAXED);                                \
	}                                                                                          \
	static inline void prefix##_sub(atype *a, itype v)                                         \
	{                                                                                          \
		__atomic_fetch_sub(&a->value, v, __ATOMIC_RELAXED);                                \
	}                                                                                          \
	static inline void prefix##_inc(atype *a)                                                  \
	{                                                                                          \
		prefix##_add(a, 1);                                                                \
	}                                                                                          \
	static inline void prefix##_dec(atype *a)                                                  \
	{                                                                                          \
		prefix##_sub(a, 1);                                                                \
	}                                                                                          \
	static inline itype prefix##_add_return(atype *a, itype v)                                 \
	{                                                                                          \
		return __atomic_add_fetch(&a->value, v, __ATOMIC_SEQ_CST);                         \
	}                                                                                          \
	static inline itype prefix##_sub_return(atype *a, itype v)                                 \
	{                                                                                          \
		return __atomic_sub_fetch(&a->value, v, __ATOMIC_SEQ_CST);                         \
	}                                                                                          \
	static inline bool prefix##_dec_and_test(atype *a)                                         \
	{                                                                                          \
		return prefix##_sub_return(a, 1) == 0;                                             \
	}                                                                                          \
	static inline itype prefix##_xchg(atype *a, itype v)                                       \
	{                                                                                          \
		return __atomic_exchange_n(&a->value, v, __ATOMIC_SEQ_CST);                        \
	}                                                                                          \
	/* Returns true and stores next when the value was *expected; else loads it there. */      \
	static inline bool prefix##_cmpxchg(atype *a, itype *expected, itype next)                 \
	{                                                                                          \
		return __atomic_compare_exchange_n(&a->value, expected, next, false,               \
						   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);            \
	}

ATOMIC_OPS(atomic, atomic_t, int)
ATOMIC_OPS(atomic64, atomic64_t, s64)

#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#define smp_load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define smp_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

static inline void refcount_set(refcount_t *r, u32 n)
{
	__atomic_store_n(&r->value, n, __ATOMIC_RELAXED);
}

static inline u32 refcount_read(const refcount_t *r)
{
	return __atomic_load_n(&r->value, __ATOMIC_RELAXED);
}

static inline void refcount_get(refcount_t *r)
{
	__atomic_fetch_add(&r->value, 1, __ATOMIC_RELAXED);
}

static inline bool refcount_get_unless_zero(refcount_t *r)
{
	u32 n = refcount_read(r);

	while (n != 0)
		if (__atomic_compare_exchange_n(&r->value, &n, n + 1, true, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return true;
	return false;
}

static inline __must_check bool refcount_put(refcount_t *r)
{
	if (__atomic_fetch_sub(&r->value, 1, __ATOMIC_RELEASE) != 1)
		return false;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return true;
}

#endif
