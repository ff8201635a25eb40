/*
 * The ChaCha20 block function (RFC 8439 2.3): 64 bytes of key stream from 256 bits of key, a
 * counter and a nonce.
 */
#ifndef KERNEL_LIB_CHACHA_H
#define KERNEL_LIB_CHACHA_H

#include <kernel/types.h>

void chacha20_block(const u32 key[8], u32 counter, const u32 nonce[3], u8 out[64]);

#endif
