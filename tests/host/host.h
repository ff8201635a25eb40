/*
 * What every host test begins with: cmocka, and a random generator that is seeded by HOST_SEED (or
 * a constant), so that a failure can be repeated.
 */
#ifndef HOST_H
#define HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <kernel/compiler.h>

u64 test_random(void);
static inline u64 test_random_below(u64 n)
{
	return test_random() % n;
}
/* Numbers whose size is random too: small ones as often as large ones. */
static inline u64 test_random_sized(void)
{
	return test_random() >> test_random_below(64);
}

#endif
