/* rseq(2) of the Linux x86_64 ABI (include/uapi/linux/rseq.h describes the semantics). */
#ifndef UAPI_RSEQ_H
#define UAPI_RSEQ_H

#include <stdint.h>

#define RSEQ_FLAG_UNREGISTER 1
#define RSEQ_CPU_ID_UNINITIALIZED (-1)

/* A thread's area, in its own memory. */
struct rseq {
	uint32_t cpu_id_start, cpu_id;
	uint64_t rseq_cs; /* address of the struct rseq_cs of the section that it is in, or 0 */
	uint32_t flags;
	uint32_t pad[3];
};
_Static_assert(sizeof(struct rseq) == 32, "rseq");
#define RSEQ_ALIGN 32

/* A critical section: [start_ip, start_ip + post_commit_offset), left for abort_ip. */
struct rseq_cs {
	uint32_t version, flags;
	uint64_t start_ip, post_commit_offset, abort_ip;
};
_Static_assert(sizeof(struct rseq_cs) == 32, "rseq_cs");

#endif
