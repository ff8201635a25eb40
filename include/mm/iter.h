/*
 * Data iterator: the one data path of all files (read_iter/write_iter). It walks a vector of user,
 * kernel or page segments; copies advance it. User copies may sleep; with page faults disabled they
 * stop short.
 */
#ifndef MM_ITER_H
#define MM_ITER_H

#include <kernel/types.h>
#include <kernel/compiler.h>

struct page;

typedef struct iovec { /* readv(2), user layout */
	void __user *base;
	size_t len;
} iovec_t;
typedef struct kvec {
	void *base;
	size_t len;
} kvec_t;
typedef struct page_vec {
	struct page *page;
	u32 offset, len;
} page_vec_t;

typedef enum iter_kind { ITER_USER, ITER_KERNEL, ITER_PAGES } iter_kind_t;

typedef struct iter {
	iter_kind_t kind;
	bool to_iter;  /* a read: data flows into the iterator */
	u8 io_flags;   /* IO_*: what preadv2 and pwritev2 ask for; set after the iterator is made */
	size_t offset; /* in the first segment */
	size_t count;  /* bytes left */
	u32 nr_segs;
	union {
		const iovec_t *iov;
		const kvec_t *kvec;
		const page_vec_t *pvec;
	};
	iovec_t single; /* storage of the one-buffer form */
	kvec_t ksingle;
} iter_t;
#define IO_APPEND 1u /* write at the end, wherever the position is */
#define IO_SYNC 2u   /* to the device before returning */
#define IO_NOWAIT 4u /* -EAGAIN rather than sleep */

/*
 * One buffer. The user forms check the range: 0 or -EFAULT; len is cut at MAX_RW_COUNT as Linux
 * does.
 */
#define MAX_RW_COUNT 0x7ffff000UL
int iter_user(iter_t *it, bool to_iter, void __user *buf, size_t len);
void iter_kernel(iter_t *it, bool to_iter, void *buf, size_t len);
void iter_pages(iter_t *it, bool to_iter, const page_vec_t *pv, u32 n, size_t len);
/* readv's array: copied and checked; *heap is to be kfree'd (may be NULL). Negative errno or 0. */
#define UIO_FASTIOV 8
#define UIO_MAXIOV 1024
int iter_import(iter_t *it, bool to_iter, const iovec_t __user *uvec, size_t n, iovec_t *fast,
		iovec_t **heap);

/* Copy and advance; return bytes copied (short on a fault). */
size_t copy_to_iter(const void *from, size_t n, iter_t *it);
size_t copy_from_iter(void *to, size_t n, iter_t *it);
size_t zero_iter(size_t n, iter_t *it);
size_t copy_page_to_iter(struct page *page, size_t offset, size_t n, iter_t *it);
/* With page faults disabled inside: for use under a page lock; short when not resident. */
size_t copy_page_from_iter_nofault(struct page *page, size_t offset, size_t n, iter_t *it);
size_t iter_fault_in_readable(const iter_t *it, size_t n); /* bytes that could not be */
size_t iter_fault_in_writeable(const iter_t *it, size_t n);
/* Where the next byte of a user iterator is; how many follow it there, 0 at the end. */
size_t iter_user_span(iter_t *it, void __user **at);
void iter_advance(iter_t *it, size_t n);
void iter_revert(iter_t *it, size_t n);
void iter_truncate(iter_t *it, size_t n); /* at most n bytes left */

#endif
