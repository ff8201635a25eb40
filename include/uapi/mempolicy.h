/*
 * Memory nodes and policies (linux/mempolicy.h, set_mempolicy(2), move_pages(2)).
 */
#ifndef UAPI_MEMPOLICY_H
#define UAPI_MEMPOLICY_H

#define MAX_NUMNODES 1024 /* size of sets of nodes, as Debian's Linux has it */

enum {
	MPOL_DEFAULT,
	MPOL_PREFERRED,
	MPOL_BIND,
	MPOL_INTERLEAVE,
	MPOL_LOCAL,
	MPOL_PREFERRED_MANY,
	MPOL_MODES,
};

#define MPOL_F_STATIC_NODES 0x8000u
#define MPOL_F_RELATIVE_NODES 0x4000u
#define MPOL_F_NUMA_BALANCING 0x2000u
#define MPOL_MODE_FLAGS (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES | MPOL_F_NUMA_BALANCING)

/* get_mempolicy */
#define MPOL_F_NODE 1ul
#define MPOL_F_ADDR 2ul
#define MPOL_F_MEMS_ALLOWED 4ul

/* flags of move_pages and mbind */
#define MPOL_MF_STRICT 1
#define MPOL_MF_MOVE (1 << 1)	  /* pages of this process alone */
#define MPOL_MF_MOVE_ALL (1 << 2) /* pages that others map too */

#define MPOL_MF_VALID (MPOL_MF_STRICT | MPOL_MF_MOVE | MPOL_MF_MOVE_ALL)

#endif
