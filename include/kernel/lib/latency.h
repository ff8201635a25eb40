/*
 * How long something took, many times: a histogram whose buckets grow by four. The owner serializes writers
 * (a CPU's own, or under a lock); readers add up what they find.
 */
#ifndef KERNEL_LIB_LATENCY_H
#define KERNEL_LIB_LATENCY_H

#include <kernel/compiler.h>
#include <kernel/types.h>

#define LATENCY_FIRST_SHIFT 10 /* bucket 0 holds what took less than 1024 ns */
#define LATENCY_STEP_SHIFT 2   /* each further one four times as much */
#define LATENCY_BUCKETS 13     /* the last one has no end; the one before it ends at 4.3 s */

typedef struct latency {
	u64 buckets[LATENCY_BUCKETS];
	u64 time; /* nanoseconds in all */
} latency_t;

/* Nanoseconds at which a bucket but the last ends. */
static inline u64 latency_end(u32 bucket)
{
	return 1UL << (LATENCY_FIRST_SHIFT + LATENCY_STEP_SHIFT * bucket);
}

static inline void latency_add(latency_t *l, u64 time)
{
	u32 bucket = 0;

	while (bucket < LATENCY_BUCKETS - 1 && time >= latency_end(bucket))
		bucket++;
	l->buckets[bucket]++;
	l->time += time;
}

static inline void latency_merge(latency_t *sum, const latency_t *l)
{
	for (u32 i = 0; i < LATENCY_BUCKETS; i++)
		sum->buckets[i] += READ_ONCE(l->buckets[i]);
	sum->time += READ_ONCE(l->time);
}

static inline u64 latency_count(const latency_t *l)
{
	u64 n = 0;

	for (u32 i = 0; i < LATENCY_BUCKETS; i++)
		n += l->buckets[i];
	return n;
}

#endif
