/* capget(2), capset(2) of the Linux ABI. The capability numbers are in kernel/cred.h. */
#ifndef UAPI_CAPABILITY_H
#define UAPI_CAPABILITY_H

#include <stdint.h>

#define CAPABILITY_VERSION_1 0x19980330u
#define CAPABILITY_VERSION_2 0x20071026u
#define CAPABILITY_VERSION_3 0x20080522u

struct cap_header {
	uint32_t version;
	int32_t pid;
};
struct cap_data { /* one for each 32 capabilities */
	uint32_t effective, permitted, inheritable;
};
_Static_assert(sizeof(struct cap_data) == 12, "cap_data");

#endif
