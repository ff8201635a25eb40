/*
 * What calls on memory share: other processes' spaces, sets of nodes (kernel/syscall/sys_numa.c).
 */
#ifndef SYSCALL_MEMORY_CALLS_H
#define SYSCALL_MEMORY_CALLS_H

#include <kernel/lib/bitmap.h>
#include <kernel/types.h>
#include <mm/space.h>
#include <uapi/mempolicy.h>

/*
 * The memory of the thread's process, if we may look into it: a user reference, or NULL for a
 * kernel thread, which has none. 0, -ESRCH, -EPERM.
 */
int space_of_pid(pid_t pid, vm_space_t **out);

typedef struct node_set {
	unsigned long bits[BITMAP_WORDS(MAX_NUMNODES)];
} node_set_t;
/*
 * max - 1 bits from user space (set_mempolicy(2)); those beyond MAX_NUMNODES must be clear. None at
 * all without a pointer. 0, -EINVAL, -EFAULT.
 */
int nodes_from_user(node_set_t *set, const u64 __user *from, unsigned long max);

#endif
