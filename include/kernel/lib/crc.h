/*
 * Cyclic redundancy checks, bits reflected. A running value starts at 0 and may be continued:
 *
 *	crc = crc32(crc32(0, a, n), b, m);	equals the check of a and b joined
 */
#ifndef KERNEL_LIB_CRC_H
#define KERNEL_LIB_CRC_H

#include <kernel/types.h>

u32 crc32(u32 crc, const void *data, size_t len);  /* IEEE 802.3; gzip, GPT, zlib */
u32 crc32c(u32 crc, const void *data, size_t len); /* Castagnoli; ext4, SCTP, iSCSI */

#endif
