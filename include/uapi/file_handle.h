/*
 * name_to_handle_at(2).
 */
#ifndef UAPI_FILE_HANDLE_H
#define UAPI_FILE_HANDLE_H

#include <stdint.h>

#define MAX_HANDLE_SZ 128

struct file_handle {
	uint32_t handle_bytes; /* room for, length of the handle */
	int32_t handle_type;
	/* the handle follows */
};
_Static_assert(sizeof(struct file_handle) == 8, "file_handle");

#define FILEID_INVALID 0xff

#endif
