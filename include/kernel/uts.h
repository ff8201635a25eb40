/*
 * The names that uname(2) tells. Read and written under the lock.
 */
#ifndef KERNEL_UTS_H
#define KERNEL_UTS_H

#include <kernel/sync/spinlock.h>
#include <uapi/utsname.h>

typedef struct uts_namespace {
	spinlock_t lock;
	struct utsname name; /* lock: nodename and domainname; the others never change */
} uts_namespace_t;

extern uts_namespace_t init_uts;
uts_namespace_t *current_uts(void);

#endif
