/*
 * The lock checker of debug builds (kernel/debug/lockdep.c). Every lock belongs to a class, named
 * where it is initialised. The checker learns the order in which classes nest and panics on a
 * cycle, on sleeping while atomic, on a class that is taken in an interrupt and elsewhere with
 * interrupts on, on release of what is not held, and on return to user mode with a lock held.
 * Release builds compile all of it away.
 */
#ifndef KERNEL_SYNC_LOCKDEP_H
#define KERNEL_SYNC_LOCKDEP_H

#include <kernel/compiler.h>

#define LOCK_READ 1   /* shared acquisition */
#define LOCK_TRY 2    /* cannot wait, so adds no order */
#define LOCK_NESTED 4 /* second lock of its own class, ordered by the caller (address, tree) */
#define LOCK_SLEEPS 8 /* a sleeping lock */

#if defined(CONFIG_DEBUG) && !defined(CONFIG_HOST)
typedef struct lock_class {
	const char *name;
	u16 id; /* 0 until first use */
} lock_class_t;

typedef struct lock_dep {
	lock_class_t *class; /* NULL: not checked */
} lock_dep_t;

void lockdep_acquire(lock_dep_t *dep, u32 flags, unsigned long ip);
void lockdep_release(lock_dep_t *dep, unsigned long ip);
bool lockdep_held(const lock_dep_t *dep);
void lockdep_assert_no_locks(void); /* return to user mode */
void lockdep_might_sleep(const char *file, int line);
void lockdep_print_held(void);
/* What a thread holds that does not run elsewhere; false when that is nothing or it does run. */
struct thread;
bool lockdep_print_thread(const struct thread *t);
void lockdep_init_fuzz(void); /* boot: preempt_fuzz=SEED */
#define LOCK_DEP_FIELD lock_dep_t dep;
#define LOCK_DEP_INIT(n) .dep = { .class = &(lock_class_t){ .name = n } },
#define lockdep_init(lock, n)                                                                      \
	do {                                                                                       \
		static lock_class_t _class = { .name = n };                                        \
		(lock)->dep.class = &_class;                                                       \
	} while (0)
#define might_sleep() lockdep_might_sleep(__FILE__, __LINE__)
#define assert_held(lock) ASSERT(lockdep_held(&(lock)->dep))
#else
#define LOCK_DEP_FIELD
#define LOCK_DEP_INIT(n)
#define lockdep_init(lock, n) ((void)0)
#define lockdep_acquire(dep, flags, ip) ((void)(flags), (void)(ip))
#define lockdep_release(dep, ip) ((void)(ip))
#define lockdep_assert_no_locks() ((void)0)
#define lockdep_init_fuzz() ((void)0)
#define lockdep_print_held() ((void)0)
#define lockdep_print_thread(t) ((void)(t), false)
#define might_sleep() ((void)0)
#define assert_held(lock) ((void)sizeof(lock))
#endif

#endif
