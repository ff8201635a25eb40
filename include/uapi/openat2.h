/* openat2(2) of the Linux x86_64 ABI. */
#ifndef UAPI_OPENAT2_H
#define UAPI_OPENAT2_H

#include <stdint.h>

struct open_how {
	uint64_t flags, mode, resolve;
};
_Static_assert(sizeof(struct open_how) == 24, "open_how");

#define RESOLVE_NO_XDEV 0x01u
#define RESOLVE_NO_MAGICLINKS 0x02u
#define RESOLVE_NO_SYMLINKS 0x04u
#define RESOLVE_BENEATH 0x08u
#define RESOLVE_IN_ROOT 0x10u
#define RESOLVE_CACHED 0x20u
#define RESOLVE_KNOWN 0x3fu

#endif
