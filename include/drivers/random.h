/*
 * Random numbers fit for keys: ChaCha20 with fast key erasure, one generator a CPU.
 * drivers/char/random.c.
 */
#ifndef DRIVERS_RANDOM_H
#define DRIVERS_RANDOM_H

#include <mm/iter.h>

void random_init(void);			      /* boot: first seed; needs a clock */
void random_devices_init(void);		      /* /dev/random, /dev/urandom and their sysctls */
void random_get_bytes(void *out, size_t len); /* any context */
/* Mixes something unpredictable in; nobody can make the state worse by it. Any context. */
void random_mix(const void *data, size_t len);
/* Fills the iterator: bytes, or -EFAULT; stops at a page's end for a signal. May sleep. */
ssize_t random_fill_iter(iter_t *it);

#endif
