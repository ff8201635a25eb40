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

/* security.capability, capabilities(7): 64-bit sets since revision 2, an owner since revision 3. */
#define VFS_CAP_REVISION_MASK 0xff000000u
#define VFS_CAP_REVISION_2 0x02000000u
#define VFS_CAP_REVISION_3 0x03000000u
#define VFS_CAP_EFFECTIVE 1u
struct vfs_ns_cap_data {
	uint32_t magic_etc;
	struct {
		uint32_t permitted, inheritable;
	} data[2];
	uint32_t rootid;
};
_Static_assert(sizeof(struct vfs_ns_cap_data) == 24, "vfs_ns_cap_data");
#define XATTR_CAPS_SIZE_2 20
#define XATTR_CAPS_SIZE_3 24

#endif
