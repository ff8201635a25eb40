/*
 * The keyed hash beside mutable code pointers. Whoever can overwrite such a pointer, but knows
 * neither the key nor where the kernel lies, ends in a panic instead of control.
 */
#include <kernel/cfi.h>

#include <kernel/boot.h>
#include <kernel/panic.h>

#define MIX 0x9e3779b97f4a7c15UL /* 2^64 / golden ratio: odd, bits well spread */

static u64 code_key __ro_after_init;

u64 code_hash(const void *function)
{
	u64 x;

	if (unlikely(!code_key)) /* the first hash is taken while one CPU boots */
		code_key = ((boot_info.random_seed ^ (boot_info.random_seed >> 31)) * MIX) | 1;
	x = ((u64)function ^ code_key) * MIX;
	x ^= x >> 29;
	x *= code_key;
	return x ^ (x >> 32);
}

void code_check(const void *function, u64 hash)
{
	if (unlikely(code_hash(function) != hash))
		panic("code pointer %p was overwritten", function);
}
