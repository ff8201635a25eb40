/*
 * Scheduling structures of the Linux x86_64 ABI: sched_setscheduler(2), sched_setattr(2),
 * setpriority(2).
 */
#ifndef UAPI_SCHED_H
#define UAPI_SCHED_H

#include <stdint.h>

struct sched_param {
	int32_t sched_priority;
};

struct sched_attr {
	uint32_t size, sched_policy;
	uint64_t sched_flags;
	int32_t sched_nice;
	uint32_t sched_priority;
	uint64_t sched_runtime, sched_deadline, sched_period; /* SCHED_DEADLINE's */
	uint32_t sched_util_min, sched_util_max;	      /* version 1 */
};
_Static_assert(sizeof(struct sched_attr) == 56, "sched_attr");
#define SCHED_ATTR_SIZE_VER0 48

#define SCHED_DEADLINE 6
#define SCHED_FLAG_RESET_ON_FORK 0x01
#define SCHED_FLAG_KEEP_POLICY 0x08
#define SCHED_FLAG_KEEP_PARAMS 0x10
#define SCHED_FLAG_UTIL_CLAMP 0x60
#define SCHED_FLAG_ALL 0x7f

#define PRIO_PROCESS 0
#define PRIO_PGRP 1
#define PRIO_USER 2

#endif
