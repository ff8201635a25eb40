/*
 * The data iterator (include/mm/iter.h): walks segments of user memory, kernel memory or pages.
 */
#include <mm/iter.h>

#include <arch/uaccess.h>
#include <kernel/lib/string.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <uapi/errno.h>

int iter_user(iter_t *it, bool to_iter, void __user *buf, size_t len)
{
	if (!access_ok(buf, len))
		return -EFAULT;
	len = MIN(len, MAX_RW_COUNT);
	*it = (iter_t){ .kind = ITER_USER,
			.to_iter = to_iter,
			.count = len,
			.nr_segs = 1,
			.single = { buf, len } };
	it->iov = NULL;
	return 0;
}

void iter_kernel(iter_t *it, bool to_iter, void *buf, size_t len)
{
	*it = (iter_t){ .kind = ITER_KERNEL,
			.to_iter = to_iter,
			.count = len,
			.nr_segs = 1,
			.ksingle = { buf, len } };
	it->kvec = NULL;
}

void iter_pages(iter_t *it, bool to_iter, const page_vec_t *pv, u32 n, size_t len)
{
	*it = (iter_t){ .kind = ITER_PAGES, .to_iter = to_iter, .count = len, .nr_segs = n };
	it->pvec = pv;
}

int iter_import(iter_t *it, bool to_iter, const iovec_t __user *uvec, size_t n, iovec_t *fast,
		iovec_t **heap)
{
	iovec_t *vec = fast;
	size_t total = 0;

	*heap = NULL;
	if (n > UIO_MAXIOV)
		return -EINVAL;
	if (n > UIO_FASTIOV) {
		vec = *heap = kmalloc(n * sizeof(*vec), GFP_KERNEL);
		if (!vec)
			return -ENOMEM;
	}
	if (copy_from_user(vec, uvec, n * sizeof(*vec)))
		goto fault;
	for (size_t i = 0; i < n; i++) {
		if ((ssize_t)vec[i].len < 0) {
			kfree(*heap);
			*heap = NULL;
			return -EINVAL;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (!access_ok(vec[i].base, vec[i].len))
			goto fault;
		vec[i].len = MIN(vec[i].len, MAX_RW_COUNT - total);
		total += vec[i].len;
	}
	*it = (iter_t){ .kind = ITER_USER, .to_iter = to_iter, .count = total, .nr_segs = (u32)n };
	it->iov = vec;
	return 0;
fault:
	kfree(*heap);
	*heap = NULL;
	return -EFAULT;
}

/* The current segment: where the next byte is and how many follow; skips empty segments. */
typedef struct span {
	void __user *user;
	char *kernel;
	size_t len;
} span_t;

/* Steps over finished segments; false at the end. */
static bool current_span(iter_t *it, span_t *s)
{
	while (it->count && it->nr_segs) {
		size_t len;

		switch (it->kind) {
		case ITER_USER: {
			const iovec_t *v = it->iov ? it->iov : &it->single;

			len = v->len;
			s->user = (char __user *)v->base + it->offset;
			break;
		}
		case ITER_KERNEL: {
			const kvec_t *v = it->kvec ? it->kvec : &it->ksingle;

			len = v->len;
			s->kernel = (char *)v->base + it->offset;
			break;
		}
		default:
			len = it->pvec->len;
			s->kernel = (char *)page_to_virt(it->pvec->page) + it->pvec->offset +
				    it->offset;
		}
		if (it->offset < len) {
			s->len = MIN(len - it->offset, it->count);
			return true;
		}
		it->offset = 0;
		it->nr_segs--;
		if (it->kind == ITER_USER && it->iov)
			it->iov++;
		else if (it->kind == ITER_KERNEL && it->kvec)
			it->kvec++;
		else if (it->kind == ITER_PAGES)
			it->pvec++;
	}
	return false;
}

static void advance_in(iter_t *it, size_t n)
{
	it->offset += n;
	it->count -= n;
}

size_t copy_to_iter(const void *from, size_t n, iter_t *it)
{
	size_t done = 0;
	span_t s;

	while (done < n && current_span(it, &s)) {
		size_t want = MIN(n - done, s.len), got = want;

		if (it->kind == ITER_USER)
			got -= copy_to_user(s.user, (const char *)from + done, want);
		else
			memcpy(s.kernel, (const char *)from + done, want);
		advance_in(it, got);
		done += got;
		if (got < want)
			break;
	}
	return done;
}

size_t copy_from_iter(void *to, size_t n, iter_t *it)
{
	size_t done = 0;
	span_t s;

	while (done < n && current_span(it, &s)) {
		size_t want = MIN(n - done, s.len), got = want;

		if (it->kind == ITER_USER)
			got -= copy_from_user((char *)to + done, s.user, want);
		else
			memcpy((char *)to + done, s.kernel, want);
		advance_in(it, got);
		done += got;
		if (got < want)
			break;
	}
	return done;
}

size_t zero_iter(size_t n, iter_t *it)
{
	size_t done = 0;
	span_t s;

	while (done < n && current_span(it, &s)) {
		size_t want = MIN(n - done, s.len), got = want;

		if (it->kind == ITER_USER)
			got -= clear_user(s.user, want);
		else
			memset(s.kernel, 0, want);
		advance_in(it, got);
		done += got;
		if (got < want)
			break;
	}
	return done;
}

size_t copy_page_to_iter(page_t *page, size_t offset, size_t n, iter_t *it)
{
	return copy_to_iter((char *)page_to_virt(page) + offset, n, it);
}

size_t copy_page_from_iter_nofault(page_t *page, size_t offset, size_t n, iter_t *it)
{
	size_t done;

	pagefault_disable();
	done = copy_from_iter((char *)page_to_virt(page) + offset, n, it);
	pagefault_enable();
	return done;
}

static size_t fault_in(const iter_t *it, size_t n, bool write)
{
	iter_t copy = *it;
	size_t done = 0;
	span_t s;

	if (it->kind != ITER_USER)
		return 0;
	n = MIN(n, it->count);
	while (done < n && current_span(&copy, &s)) {
		size_t want = MIN(n - done, s.len);
		size_t missing =
			write ? fault_in_writeable(s.user, want) : fault_in_readable(s.user, want);

		done += want - missing;
		if (missing)
			break;
		advance_in(&copy, want);
	}
	return n - done;
}

size_t iter_fault_in_readable(const iter_t *it, size_t n)
{
	return fault_in(it, n, false);
}

size_t iter_fault_in_writeable(const iter_t *it, size_t n)
{
	return fault_in(it, n, true);
}

size_t iter_user_span(iter_t *it, void __user **at)
{
	span_t s;

	if (!current_span(it, &s))
		return 0;
	*at = s.user;
	return s.len;
}

void iter_advance(iter_t *it, size_t n)
{
	span_t s;

	n = MIN(n, it->count);
	while (n && current_span(it, &s)) {
		size_t step = MIN(n, s.len);

		advance_in(it, step);
		n -= step;
	}
}

void iter_revert(iter_t *it, size_t n)
{
	it->count += n;
	while (n > it->offset) {
		n -= it->offset;
		it->nr_segs++;
		if (it->kind == ITER_USER)
			it->offset = (--it->iov)->len;
		else if (it->kind == ITER_KERNEL)
			it->offset = (--it->kvec)->len;
		else
			it->offset = (--it->pvec)->len;
	}
	it->offset -= n;
}

void iter_truncate(iter_t *it, size_t n)
{
	it->count = MIN(it->count, n);
}
