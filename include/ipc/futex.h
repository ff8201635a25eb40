/*
 * Futexes: sleeping on a user word (futex(2)). ipc/futex/ holds the theory.
 */
#ifndef IPC_FUTEX_H
#define IPC_FUTEX_H

#include <kernel/compiler.h>

struct thread;

void futex_init(void); /* boot: the hash table */
/*
 * futex(2) without its timeout conversion. until: as schedule_deadline has it, for commands that take a
 * timeout; for REQUEUE and WAKE_OP how many of the second word's waiters. Result or negative errno.
 */
long do_futex(u32 __user *uaddr, int op, u32 val, nsec_t until, u32 __user *uaddr2, u32 val3);
/*
 * futex_waitv(2) for 1..FUTEX_WAITV_MAX words: the index of one that was woken, or negative errno.
 */
struct futex_waitv;
long futex_wait_many(const struct futex_waitv __user *uvec, u32 n, nsec_t deadline);
/* Wakes up to n sleepers on the word, private and shared ones. */
void futex_wake_address(u32 __user *uaddr, int n);
/*
 * The running thread leaves its memory for good, or for another (exec): marks its robust mutexes
 * and wakes who waits for them (set_robust_list(2)); the priority-inheriting ones get other owners.
 */
void futex_leave(struct thread *t);
/* After a change of its own real-time priority: who inherits it hears of that. */
void futex_priority_changed(struct thread *t);

#endif
