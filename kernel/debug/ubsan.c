/*
 * What the compiler calls where undefined behaviour is about to happen (-fsanitize=..., sanitizer
 * builds). The layouts of the descriptions are the compiler's (libsanitizer's ubsan_handlers.h). A
 * report is a warning with a backtrace; each place reports once, since the compiler marks a
 * description as used through its column.
 */
#include <kernel/types.h>

#ifdef CONFIG_UBSAN
#include <kernel/panic.h>
#include <kernel/printk.h>

#define REPORTED (1u << 31)

typedef struct source_location {
	const char *file;
	u32 line, column; /* column: bit 31 once reported */
} source_location_t;

typedef struct type_descriptor {
	u16 kind; /* 0: integer, else floating or unknown */
	u16 info; /* bit 0: signed; above: log2 of the width in bits */
	char name[];
} type_descriptor_t;

typedef struct overflow_data {
	source_location_t location;
	const type_descriptor_t *type;
} overflow_data_t;

typedef struct shift_data {
	source_location_t location;
	const type_descriptor_t *left, *right;
} shift_data_t;

typedef struct bounds_data {
	source_location_t location;
	const type_descriptor_t *array, *index;
} bounds_data_t;

typedef struct mismatch_data {
	source_location_t location;
	const type_descriptor_t *type;
	u8 log_alignment, kind;
} mismatch_data_t;

typedef struct plain_data {
	source_location_t location;
} plain_data_t;

static bool first_time(source_location_t *l)
{
	return !(__atomic_fetch_or(&l->column, REPORTED, __ATOMIC_RELAXED) & REPORTED);
}

/* Values up to 64 bits come in the argument itself. */
static s64 value_of(const type_descriptor_t *type, unsigned long value)
{
	u32 unused = 64 - MIN(64u, 1u << (type->info >> 1));

	if (type->info & 1)
		return (s64)(value << unused) >> unused;
	return (s64)(value << unused >> unused);
}

static void report(const source_location_t *l, const char *what)
{
	printk(KERN_ERR "UBSAN: %s at %s:%u\n", what, l->file, l->line);
	warn_report(l->file, (int)l->line, what);
}

#define HANDLER __used __attribute__((visibility("default")))

HANDLER void __ubsan_handle_divrem_overflow(overflow_data_t *d, unsigned long l, unsigned long r)
{
	if (first_time(&d->location))
		report(&d->location,
		       value_of(d->type, r) == 0 ? "division by zero" : "division overflow");
}

HANDLER void __ubsan_handle_shift_out_of_bounds(shift_data_t *d, unsigned long l, unsigned long r)
{
	if (!first_time(&d->location))
		return;
	printk(KERN_ERR "UBSAN: %s shifted by %ld\n", d->left->name, value_of(d->right, r));
	report(&d->location, "shift out of bounds");
}

HANDLER void __ubsan_handle_out_of_bounds(bounds_data_t *d, unsigned long index)
{
	if (!first_time(&d->location))
		return;
	printk(KERN_ERR "UBSAN: index %ld of %s\n", value_of(d->index, index), d->array->name);
	report(&d->location, "array index out of bounds");
}

HANDLER void __ubsan_handle_type_mismatch_v1(mismatch_data_t *d, unsigned long address)
{
	if (!first_time(&d->location))
		return;
	printk(KERN_ERR "UBSAN: %s at %016lx\n", d->type->name, address);
	report(&d->location, address ? "misaligned or too small object" : "null pointer use");
}

HANDLER void __ubsan_handle_load_invalid_value(overflow_data_t *d, unsigned long value)
{
	if (!first_time(&d->location))
		return;
	printk(KERN_ERR "UBSAN: %ld is no %s\n", value_of(d->type, value), d->type->name);
	report(&d->location, "invalid value");
}

HANDLER void __ubsan_handle_vla_bound_not_positive(overflow_data_t *d, unsigned long bound)
{
	if (first_time(&d->location))
		report(&d->location, "array of no positive length");
}

HANDLER __noreturn void __ubsan_handle_builtin_unreachable(plain_data_t *d)
{
	panic("UBSAN: unreachable code reached at %s:%u", d->location.file, d->location.line);
}
#endif
