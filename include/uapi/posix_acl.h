/*
 * Access control lists as extended attributes carry them (linux/posix_acl_xattr.h): a header, then entries.
 */
#ifndef UAPI_POSIX_ACL_H
#define UAPI_POSIX_ACL_H

#include <stdint.h>

#define XATTR_ACL_ACCESS "system.posix_acl_access"
#define XATTR_ACL_DEFAULT "system.posix_acl_default"

#define POSIX_ACL_XATTR_VERSION 2

#define ACL_UNDEFINED_ID 0xffffffffu

/* e_tag */
#define ACL_USER_OBJ 0x01
#define ACL_USER 0x02
#define ACL_GROUP_OBJ 0x04
#define ACL_GROUP 0x08
#define ACL_MASK 0x10
#define ACL_OTHER 0x20

struct posix_acl_xattr_header {
	uint32_t a_version;
};

struct posix_acl_xattr_entry {
	uint16_t e_tag, e_perm;
	uint32_t e_id;
};

_Static_assert(sizeof(struct posix_acl_xattr_entry) == 8, "posix_acl_xattr_entry");

#endif
