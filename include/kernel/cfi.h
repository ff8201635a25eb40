/*
 * Forward-edge control-flow integrity (CORE, "Forward Edge CFI").
 *
 * Tables of operations are constant. Where a code pointer must lie in memory that can be written
 * to, its keyed hash lies beside it, made where the pointer is stored and compared before each call:
 *
 *	work->function = fn;			function = work->function;
 *	work->hash = CODE_HASH(fn);		CODE_CHECK(function, work->hash);
 *						function(work);
 *
 * The copy that was checked is the one that is called. What is set once at boot needs no hash when
 * it is __ro_after_init. Parameters of running calls live on the stack beside return addresses and
 * are the canaries' business. tools/check_code_pointers fails the build on a code pointer in the
 * image's writable data.
 */
#ifndef KERNEL_CFI_H
#define KERNEL_CFI_H

#include <kernel/types.h>

u64 code_hash(const void *function);
void code_check(const void *function, u64 hash); /* panics on a mismatch */

#define CODE_HASH(function) code_hash((const void *)(function))
#define CODE_CHECK(function, hash) code_check((const void *)(function), hash)

#endif
