/*
 * Hashes for tables: multiplicative for numbers and pointers (Knuth, TAOCP 3, 6.4), keyed
 * SipHash-2-4 for what an attacker chooses (Aumasson & Bernstein, 2012).
 */
#ifndef KERNEL_LIB_HASH_H
#define KERNEL_LIB_HASH_H

#include <kernel/types.h>

static inline u32 hash_u64(u64 v, unsigned bits)
{
	return (u32)((v * 0x9e3779b97f4a7c15UL) >> (64 - bits));
}
static inline u32 hash_ptr(const void *p, unsigned bits)
{
	return hash_u64((u64)(unsigned long)p, bits);
}
u64 siphash(const u64 key[2], const void *data, size_t len);
static inline u32 hash_name(const u64 key[2], const char *name, size_t len)
{
	return (u32)siphash(key, name, len);
}

#endif
