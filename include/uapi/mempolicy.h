/*
 * Memory nodes and policies (linux/mempolicy.h, set_mempolicy(2), move_pages(2)).
 */
#ifndef UAPI_MEMPOLICY_H
#define UAPI_MEMPOLICY_H

#define MAX_NUMNODES 1024 /* size of sets of nodes, as Debian's Linux has it */

/* flags of move_pages and mbind */
#define MPOL_MF_MOVE (1 << 1)	  /* pages of this process alone */
#define MPOL_MF_MOVE_ALL (1 << 2) /* pages that others map too */

#endif
