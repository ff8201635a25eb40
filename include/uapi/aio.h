/*
 * Asynchronous input and output: io_submit(2), io_getevents(2).
 */
#ifndef UAPI_AIO_H
#define UAPI_AIO_H

#include <stdint.h>

#define IOCB_CMD_PREAD 0
#define IOCB_CMD_PWRITE 1
#define IOCB_CMD_FSYNC 2
#define IOCB_CMD_FDSYNC 3
#define IOCB_CMD_POLL 5
#define IOCB_CMD_NOOP 6
#define IOCB_CMD_PREADV 7
#define IOCB_CMD_PWRITEV 8

#define IOCB_FLAG_RESFD 1
#define IOCB_FLAG_IOPRIO 2

struct io_event {
	uint64_t data;
	uint64_t obj; /* the iocb's address */
	int64_t res, res2;
};
_Static_assert(sizeof(struct io_event) == 32, "io_event");

struct iocb {
	uint64_t aio_data;
	uint32_t aio_key;
	int32_t aio_rw_flags;
	uint16_t aio_lio_opcode;
	int16_t aio_reqprio;
	uint32_t aio_fildes;
	uint64_t aio_buf;
	uint64_t aio_nbytes;
	int64_t aio_offset;
	uint64_t aio_reserved2;
	uint32_t aio_flags;
	uint32_t aio_resfd;
};
_Static_assert(sizeof(struct iocb) == 64, "iocb");

#define KIOCB_KEY 0

/* What a context's address points to; the events follow. libaio reads it without a call. */
struct aio_ring {
	uint32_t id;
	uint32_t nr; /* events there is room for */
	uint32_t head;
	uint32_t tail;
	uint32_t magic;
	uint32_t compat_features;
	uint32_t incompat_features;
	uint32_t header_length;
};
_Static_assert(sizeof(struct aio_ring) == 32, "aio_ring");

#define AIO_RING_MAGIC 0xa10a10a1u
#define AIO_RING_COMPAT_FEATURES 1
#define AIO_RING_INCOMPAT_FEATURES 0

#endif
