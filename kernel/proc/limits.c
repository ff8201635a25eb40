/*
 * Resource limits (getrlimit(2)). Who enforces them: RLIMIT_NPROC fork, RLIMIT_SIGPENDING signal
 * queues, RLIMIT_CPU and _RTTIME the accounting, RLIMIT_STACK, _DATA, _AS, _MEMLOCK mm, RLIMIT_NOFILE and
 * _FSIZE fs, RLIMIT_NICE and _RTPRIO the scheduler's calls.
 */
#include <kernel/proc.h>

#include "proc_internal.h"

#define NOFILE_MAX (1024 * 1024) /* Linux's sysctl fs.nr_open */

int process_limit(process_t *p, u32 resource, const struct rlimit64 *value, struct rlimit64 *old)
{
	struct rlimit64 *limit;
	unsigned long flags;
	int r = 0;

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	if (value && value->rlim_cur > value->rlim_max)
		return -EINVAL;
	if (value && resource == RLIMIT_NOFILE && value->rlim_max > NOFILE_MAX)
		return -EPERM;
	limit = &p->rlimits[resource];
	if (!process_lock_sighand(p, &flags))
		return -ESRCH;
	if (value && value->rlim_max > limit->rlim_max && !capable(CAP_SYS_RESOURCE))
		r = -EPERM;
	if (!r && old)
		*old = *limit;
	if (!r && value) {
		*limit = *value;
		process_update_cpu_timers(p);
	}
	process_unlock_sighand(p, flags);
	return r;
}

int set_process_limits(process_t *proc, resource_limit_t *limits)
{
	return process_limit(proc, limits->resource, &limits->value, NULL);
}

/* Linux's defaults; the two that depend on memory follow max_threads. */
void __init limits_init(process_t *p)
{
	static const struct rlimit64 defaults[RLIM_NLIMITS] = {
		[RLIMIT_CPU] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_FSIZE] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_DATA] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_STACK] = { 8UL << 20, RLIM_INFINITY },
		[RLIMIT_CORE] = { 0, RLIM_INFINITY },
		[RLIMIT_RSS] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_NOFILE] = { 1024, 4096 },
		[RLIMIT_MEMLOCK] = { 8UL << 20, 8UL << 20 },
		[RLIMIT_AS] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_LOCKS] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_MSGQUEUE] = { 819200, 819200 },
		[RLIMIT_RTTIME] = { RLIM_INFINITY, RLIM_INFINITY },
	};
	struct rlimit64 half = { max_threads / 2, max_threads / 2 };

	for (u32 i = 0; i < RLIM_NLIMITS; i++)
		p->rlimits[i] = defaults[i];
	p->rlimits[RLIMIT_NPROC] = p->rlimits[RLIMIT_SIGPENDING] = half;
}
