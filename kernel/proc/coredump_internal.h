/*
 * Core files: what their two parts share.
 */
#ifndef KERNEL_COREDUMP_INTERNAL_H
#define KERNEL_COREDUMP_INTERNAL_H

#include <fs/vfs.h>
#include <uapi/core.h>

#include "trace_internal.h"

/* A core file being written; on the dumper's stack. */
typedef struct core_file {
	file_t *file;
	const siginfo_t *info; /* of the signal */
	off_t pos;
	u64 limit; /* RLIMIT_CORE: the file ends there */
} core_file_t;

/* The process's other threads are parked. True when the file is complete. (coredump_elf.c) */
bool core_write(core_file_t *core);

#endif
