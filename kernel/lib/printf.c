/*
 * Formatted output.
 */
#include <kernel/lib/printf.h>

#include <kernel/lib/string.h>

#define FLAG_LEFT 1u
#define FLAG_PLUS 2u
#define FLAG_SPACE 4u
#define FLAG_ALT 8u
#define FLAG_ZERO 16u

typedef struct spec {
	u32 flags;
	int width, precision; /* precision -1: not given */
	int length;	      /* bytes of the argument: 1, 2, 4, 8 */
	char conversion;
} spec_t;

typedef struct sink {
	void (*emit)(void *ctx, const char *s, size_t n);
	void *ctx;
	int count;
} sink_t;

static void put(sink_t *out, const char *s, size_t n)
{
	if (n)
		out->emit(out->ctx, s, n);
	out->count += (int)n;
}

static void pad(sink_t *out, char c, int n)
{
	static const char spaces[] = "                ", zeros[] = "0000000000000000";

	for (; n > 0; n -= 16)
		put(out, c == '0' ? zeros : spaces, (size_t)MIN(n, 16));
}

/* prefix, zeros, body within the field. */
static void put_field(sink_t *out, const spec_t *s, const char *prefix, int zeros, const char *body,
		      int len)
{
	int prefix_len = (int)strlen(prefix);
	int fill = s->width - prefix_len - zeros - len;

	if (!(s->flags & FLAG_LEFT))
		pad(out, ' ', fill);
	put(out, prefix, (size_t)prefix_len);
	pad(out, '0', zeros);
	put(out, body, (size_t)len);
	if (s->flags & FLAG_LEFT)
		pad(out, ' ', fill);
}

static void put_number(sink_t *out, const spec_t *s, u64 value, bool negative)
{
	const char *digits = s->conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned base = 10;
	const char *prefix = "";
	char text[24];
	int len = 0, zeros;
	char *p = text + sizeof(text);

	if (s->conversion == 'x' || s->conversion == 'X' || s->conversion == 'p')
		base = 16;
	else if (s->conversion == 'o')
		base = 8;
	if (s->conversion == 'd' || s->conversion == 'i')
		prefix = negative		 ? "-"
			 : s->flags & FLAG_PLUS	 ? "+"
			 : s->flags & FLAG_SPACE ? " "
						 : "";
	else if (base == 16 && ((s->flags & FLAG_ALT) || s->conversion == 'p') &&
		 (value || s->conversion == 'p'))
		prefix = s->conversion == 'X' ? "0X" : "0x";
	for (u64 v = value; v; v /= base, len++)
		*--p = digits[v % base];
	if (!value && s->precision != 0) {
		*--p = '0';
		len++;
	}
	zeros = MAX(s->precision - len, 0);
	if (base == 8 && (s->flags & FLAG_ALT) && zeros == 0 && (len == 0 || *p != '0'))
		zeros = 1;
	if (s->precision < 0 && (s->flags & FLAG_ZERO) && !(s->flags & FLAG_LEFT))
		zeros = MAX(s->width - (int)strlen(prefix) - len, zeros);
	put_field(out, s, prefix, zeros, p, len);
}

static const char *parse_flags(const char *f, spec_t *s)
{
	for (;; f++) {
		switch (*f) {
		case '-':
			s->flags |= FLAG_LEFT;
			break;
		case '+':
			s->flags |= FLAG_PLUS;
			break;
		case ' ':
			s->flags |= FLAG_SPACE;
			break;
		case '#':
			s->flags |= FLAG_ALT;
			break;
		case '0':
			s->flags |= FLAG_ZERO;
			break;
		default:
			return f;
		}
	}
}

static const char *parse_int(const char *f, int *n)
{
	*n = 0;
	while (*f >= '0' && *f <= '9')
		*n = *n * 10 + (*f++ - '0');
	return f;
}

static const char *parse_length(const char *f, spec_t *s)
{
	s->length = 4;
	switch (*f) {
	case 'h':
		s->length = f[1] == 'h' ? 1 : 2;
		return f + (f[1] == 'h' ? 2 : 1);
	case 'l':
		s->length = 8;
		return f + (f[1] == 'l' ? 2 : 1);
	case 'z':
	case 'j':
	case 't':
		s->length = 8;
		return f + 1;
	}
	return f;
}

static u64 narrow(u64 value, int length, bool is_signed)
{
	unsigned drop = 64 - 8 * (unsigned)length;

	return is_signed ? (u64)((s64)(value << drop) >> drop) : (value << drop) >> drop;
}

int format_core(void (*emit)(void *ctx, const char *s, size_t n), void *ctx, const char *f,
		va_list args)
{
	sink_t out = { .emit = emit, .ctx = ctx };
	va_list ap;

	va_copy(ap, args);
	while (*f) {
		spec_t s = { .precision = -1 };
		size_t plain = strcspn(f, "%");
		u64 value;

		put(&out, f, plain);
		f += plain;
		if (!*f)
			break;
		f = parse_flags(f + 1, &s);
		if (*f == '*') {
			s.width = va_arg(ap, int);
			if (s.width < 0) {
				s.flags |= FLAG_LEFT;
				s.width = -s.width;
			}
			f++;
		} else {
			f = parse_int(f, &s.width);
		}
		if (*f == '.') {
			if (f[1] == '*') {
				s.precision = va_arg(ap, int);
				f += 2;
			} else {
				f = parse_int(f + 1, &s.precision);
			}
		}
		f = parse_length(f, &s);
		s.conversion = *f;
		if (*f)
			f++;
		switch (s.conversion) {
		case 'd':
		case 'i': {
			value = s.length == 8 ? va_arg(ap, u64) : (u64)(s64)va_arg(ap, int);
			s64 n = (s64)narrow(value, s.length, true);

			put_number(&out, &s, n < 0 ? -(u64)n : (u64)n, n < 0);
			break;
		}
		case 'u':
		case 'o':
		case 'x':
		case 'X':
			value = s.length == 8 ? va_arg(ap, u64) : va_arg(ap, unsigned);
			put_number(&out, &s, narrow(value, s.length, false), false);
			break;
		case 'p':
			put_number(&out, &s, (u64)(unsigned long)va_arg(ap, void *), false);
			break;
		case 'c': {
			char c = (char)va_arg(ap, int);

			put_field(&out, &s, "", 0, &c, 1);
			break;
		}
		case 's': {
			const char *text = va_arg(ap, const char *);

			if (!text)
				text = "(null)";
			put_field(&out, &s, "", 0, text,
				  (int)(s.precision >= 0 ? strnlen(text, (size_t)s.precision)
							 : strlen(text)));
			break;
		}
		case '%':
			put(&out, "%", 1);
			break;
		default: /* shown as it stands, so that the mistake is seen */
			put(&out, "%", 1);
			if (s.conversion)
				put(&out, &s.conversion, 1);
		}
	}
	va_end(ap);
	return out.count;
}

typedef struct text_buffer {
	char *at, *end; /* end: the place of the NUL */
} text_buffer_t;

static void emit_to_buffer(void *ctx, const char *s, size_t n)
{
	text_buffer_t *b = ctx;

	n = MIN(n, (size_t)(b->end - b->at));
	if (!n)
		return;
	memcpy(b->at, s, n);
	b->at += n;
}

int vsnprintf(char *buf, size_t size, const char *format, va_list args)
{
	text_buffer_t b = { .at = buf, .end = size ? buf + size - 1 : buf };
	int n = format_core(emit_to_buffer, &b, format, args);

	if (size)
		*b.at = 0;
	return n;
}

int snprintf(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(buf, size, format, args);
	va_end(args);
	return n;
}

int vscnprintf(char *buf, size_t size, const char *format, va_list args)
{
	int n = vsnprintf(buf, size, format, args);

	if (!size)
		return 0;
	return n < (int)size ? n : (int)size - 1;
}

int scnprintf(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vscnprintf(buf, size, format, args);
	va_end(args);
	return n;
}
