/*
 * Text files made by show functions (include/fs/seq_file.h).
 *
 * A single file shows everything into the buffer at the first read and serves it from there. An
 * iterated one fills the buffer with as many elements as fit, hands it out, and goes on with the
 * next element; index counts elements. When one show overflows the buffer, the buffer doubles and
 * the element is shown again, so show functions just print. A read fills the buffer once: it ends
 * with a whole element where it is not the reader's room that ends it, and as on Linux a short
 * read is no sign of the end.
 */
#include <fs/seq_file.h>

#include <kernel/cfi.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>
#include <uapi/errno.h>

#define FIRST_SIZE PAGE_SIZE
#define SIZE_MAX_TEXT (64UL << 20)

static int open_any(file_t *f, const seq_operations_t *ops, int (*show)(seq_file_t *m, void *arg),
		    void *private_data)
{
	seq_file_t *m = kzalloc(sizeof(*m), GFP_KERNEL);

	if (!m)
		return -ENOMEM;
	mutex_init(&m->lock);
	m->ops = ops;
	m->show_single = show;
	m->show_hash = CODE_HASH(show);
	m->private_data = private_data;
	f->private_data = m;
	if (!(f->mode & FMODE_WRITE))
		f->mode &= ~FMODE_PWRITE; /* pwrite(2) says ESPIPE, as on Linux */
	return 0;
}

int seq_open(file_t *f, const seq_operations_t *ops, void *private_data)
{
	return open_any(f, ops, NULL, private_data);
}

int seq_open_single(file_t *f, int (*show)(seq_file_t *, void *), void *arg)
{
	return open_any(f, NULL, show, arg);
}

void seq_release(file_t *f)
{
	seq_file_t *m = f->private_data;

	kvfree(m->buf);
	kfree(m);
}

/* ---- filling ---- */

static int grow(seq_file_t *m)
{
	size_t size = m->buf ? m->size * 2 : FIRST_SIZE;
	char *buf;

	if (size > SIZE_MAX_TEXT)
		return -ENOMEM;
	buf = kvmalloc(size, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	memcpy(buf, m->buf ? m->buf : "", m->buf ? m->count : 0);
	kvfree(m->buf);
	m->buf = buf;
	m->size = size;
	return 0;
}

static int fill_single(seq_file_t *m)
{
	int r = 0;

	for (;;) {
		if (!m->buf || m->overflow) {
			m->count = 0;
			r = grow(m);
			if (r)
				return r;
		}
		m->count = 0;
		m->overflow = false;
		CODE_CHECK(m->show_single, m->show_hash);
		r = m->show_single(m, m->private_data);
		if (r < 0 || !m->overflow)
			break;
	}
	m->index = 1;
	return r < 0 ? r : 0;
}

/* Shows elements from index on, `want` bytes or what the buffer holds; at least one, however large. */
static int fill_elements(seq_file_t *m, size_t want)
{
	off_t index = m->index;
	void *v;
	int r = 0;

	if (!m->buf) {
		r = grow(m);
		if (r)
			return r;
	}
	m->count = 0;
	v = m->ops->start(m, &index);
	while (v && !IS_ERR(v)) {
		size_t before = m->count;

		m->overflow = false;
		r = m->ops->show(m, v);
		if (r < 0)
			break;
		if (m->overflow) {
			m->count = before;
			if (before)
				break; /* next time, with an empty buffer */
			m->ops->stop(m, v);
			r = grow(m);
			if (r)
				return r;
			index = m->index;
			v = m->ops->start(m, &index);
			continue;
		}
		if (r > 0)
			m->count = before; /* this one is skipped */
		v = m->ops->next(m, v, &index);
		m->index = index;
		if (m->count >= want)
			break;
	}
	m->ops->stop(m, v);
	if (IS_ERR(v))
		return (int)PTR_ERR(v);
	return r < 0 ? r : 0;
}

static int fill(seq_file_t *m, size_t want)
{
	m->from = 0;
	if (m->show_single)
		return m->index ? 0 : fill_single(m);
	return fill_elements(m, want);
}

/* From the beginning again, up to byte `pos`. */
static int seek_to(seq_file_t *m, off_t pos)
{
	off_t at = 0;
	int r;

	m->index = 0;
	m->count = m->from = 0;
	m->read_pos = 0;
	while (at < pos) {
		size_t n;

		r = fill(m, FIRST_SIZE);
		if (r)
			return r;
		if (!m->count)
			break;
		n = MIN(m->count, (size_t)(pos - at));
		at += (off_t)n;
		m->from = n;
		m->count -= n;
		if (m->count)
			break;
	}
	m->read_pos = pos;
	return 0;
}

/* Hands out what the buffer holds, as far as there is room: bytes, or -EFAULT when none could be copied. */
static ssize_t serve(seq_file_t *m, iter_t *it)
{
	size_t want = MIN(m->count, it->count), n = copy_to_iter(m->buf + m->from, want, it);

	m->from += n;
	m->count -= n;
	return n || !want ? (ssize_t)n : -EFAULT;
}

ssize_t seq_read_iter(file_t *f, iter_t *it, off_t *pos)
{
	seq_file_t *m = f->private_data;
	ssize_t done = 0, r = 0;

	if (!it->count)
		return 0;
	mutex_lock(&m->lock);
	if (!*pos && m->read_pos) {
		m->index = 0;
		m->count = 0;
		m->read_pos = 0;
	}
	if (*pos != m->read_pos)
		r = seek_to(m, *pos);
	if (!r && m->count)
		r = done = serve(m, it);
	if (r >= 0 && it->count && !m->count) {
		r = fill(m, it->count);
		if (!r)
			r = serve(m, it);
		if (r > 0)
			done += r;
	}
	done = MAX(done, 0L);
	*pos += done;
	m->read_pos = *pos;
	mutex_unlock(&m->lock);
	return done ? done : r;
}

/* ---- printing ---- */

void seq_write(seq_file_t *m, const void *data, size_t len)
{
	if (m->size - m->count < len) {
		m->overflow = true;
		m->count = m->size;
		return;
	}
	memcpy(m->buf + m->count, data, len);
	m->count += len;
}

void seq_puts(seq_file_t *m, const char *s)
{
	seq_write(m, s, strlen(s));
}

void seq_putc(seq_file_t *m, char c)
{
	seq_write(m, &c, 1);
}

void seq_printf(seq_file_t *m, const char *format, ...)
{
	size_t room = m->size - m->count;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(m->buf + m->count, room, format, args);
	va_end(args);
	if ((size_t)len >= room) {
		m->overflow = true;
		m->count = m->size;
	} else {
		m->count += (size_t)len;
	}
}

void seq_escape(seq_file_t *m, const char *s, const char *which)
{
	for (; *s; s++) {
		if (strchr(which, *s))
			seq_printf(m, "\\%03o", (unsigned)(u8)*s);
		else
			seq_putc(m, *s);
	}
}

void seq_path(seq_file_t *m, const path_t *p, const char *escape)
{
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL), *name;

	/* A name that cannot be had is left out rather than failing the whole text. */
	if (!buf)
		return;
	if (!path_name(p, buf, PATH_MAX, &name))
		seq_escape(m, name, escape);
	kfree(buf);
}

/* ---- sets of CPUs ---- */

void seq_cpu_list(seq_file_t *m, const cpu_set_t *set)
{
	const char *between = "";

	for (u32 cpu = 0; cpu < cpu_count; cpu++) {
		u32 last = cpu;

		if (!cpu_set_test(set, cpu))
			continue;
		while (last + 1 < cpu_count && cpu_set_test(set, last + 1))
			last++;
		if (last == cpu)
			seq_printf(m, "%s%u", between, cpu);
		else
			seq_printf(m, "%s%u-%u", between, cpu, last);
		between = ",";
		cpu = last;
	}
}

void seq_cpu_mask(seq_file_t *m, const cpu_set_t *set)
{
	u32 words = (cpu_count + 31) / 32;

	for (u32 i = words; i-- > 0;) {
		u32 bits = 0, width = i == words - 1 ? (cpu_count + 3 - i * 32) / 4 : 8;

		for (u32 k = 0; k < 32 && i * 32 + k < cpu_count; k++)
			bits |= (u32)cpu_set_test(set, i * 32 + k) << k;
		seq_printf(m, "%0*x%s", (int)width, bits, i ? "," : "");
	}
}

int cpu_mask_parse(const char *text, cpu_set_t *set)
{
	size_t len = strcspn(text, "\n");
	u32 cpu = 0;

	*set = (cpu_set_t){ 0 };
	if (!len)
		return -EINVAL;
	/* The last digit holds the first CPUs. */
	for (const char *c = text + len; c-- > text;) {
		char one[2] = { *c, '\0' };
		u64 digit;

		if (*c == ',')
			continue;
		if (kstrtou64(one, 16, &digit))
			return -EINVAL;
		for (u32 i = 0; i < 4; i++, cpu++) {
			if (!(digit >> i & 1))
				continue;
			if (cpu >= cpu_count)
				return -EOVERFLOW;
			cpu_set_add(set, cpu);
		}
	}
	return 0;
}

/* A number at *text, which moves behind it. 0, -EINVAL, -ERANGE: there is no such CPU. */
static int parse_cpu(const char **text, u32 *out)
{
	u32 value = 0;

	if (**text < '0' || **text > '9')
		return -EINVAL;
	for (; **text >= '0' && **text <= '9'; (*text)++)
		value = MIN(value * 10 + (u32)(**text - '0'), (u32)NR_CPUS);
	*out = value;
	return value < cpu_count ? 0 : -ERANGE;
}

int cpu_list_parse(const char *text, cpu_set_t *set)
{
	*set = (cpu_set_t){ 0 };
	for (;; text++) {
		u32 first, last;
		int r = parse_cpu(&text, &first);

		last = first;
		if (!r && *text == '-') {
			text++;
			r = parse_cpu(&text, &last);
		}
		if (r)
			return r;
		if (last < first)
			return -EINVAL;
		while (first <= last)
			cpu_set_add(set, first++);
		if (*text != ',')
			break;
	}
	return !*text || *text == '\n' ? 0 : -EINVAL;
}
