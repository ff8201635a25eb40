/*
 * Futexes: sleeping on a user word (futex(2)). ipc/futex/ holds the theory.
 */
#ifndef IPC_FUTEX_H
#define IPC_FUTEX_H

#include <kernel/compiler.h>

struct thread;

void futex_init(void); /* boot: the hash table */
/* futex(2) without its timeout conversion: deadline is absolute monotonic (NSEC_MAX: none). For REQUEUE and
 * WAKE_OP val2 counts the second word's waiters. Result or negative errno. */
long do_futex(u32 __user *uaddr, int op, u32 val, nsec_t deadline, u32 val2, u32 __user *uaddr2,
	      u32 val3);
/* Wakes up to n sleepers on the word, private and shared ones. */
void futex_wake_address(u32 __user *uaddr, int n);
/*
 * Marks the robust mutexes of the ending thread and wakes who waits for them (set_robust_list(2)).
 */
void futex_exit_robust_list(struct thread *t);

#endif
