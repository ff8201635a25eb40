/*
 * Fixed-width and API scalar types. Depends on nothing but the compiler's own headers.
 * Linux ABI widths (x86_64): pid_t, uid_t, gid_t are 32 bits, off_t is signed 64.
 */
#ifndef KERNEL_TYPES_H
#define KERNEL_TYPES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

/* On the host these come from libc, with the same widths. */
#ifdef CONFIG_HOST
#include <sys/types.h>
#else
typedef long ssize_t;
typedef s64 off_t;
typedef s32 pid_t;
typedef u32 uid_t;
typedef u32 gid_t;
typedef u32 mode_t;
typedef u64 dev_t; /* include/uapi/stat.h: Linux's new encoding, see makedev() in fs/vfs.h */
typedef u64 ino_t;
#endif

typedef u64 phys_addr_t; /* physical address in bytes */
typedef u64 pfn_t;	 /* physical address >> 12 */
typedef s64 nsec_t;	 /* signed nanoseconds: every time inside the kernel */

#define NSEC_PER_USEC 1000L
#define NSEC_PER_MSEC 1000000L
#define NSEC_PER_SEC 1000000000L
#define NSEC_MAX INT64_MAX

#endif
