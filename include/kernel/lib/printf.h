/*
 * printf: the integer, character, string and pointer formats of C17 7.21.6.1 (no floating point, no
 * %n). %p prints 0x and hexadecimal digits.
 */
#ifndef KERNEL_LIB_PRINTF_H
#define KERNEL_LIB_PRINTF_H

#include <kernel/compiler.h>

/* Calls emit for each piece of output; returns the number of characters. */
int format_core(void (*emit)(void *ctx, const char *s, size_t n), void *ctx, const char *format,
		va_list args);
#ifdef CONFIG_HOST
#define vsnprintf kernel_vsnprintf
#define snprintf kernel_snprintf
#endif
/* As C: return the length the whole text would have; always terminated when size > 0. */
int vsnprintf(char *buf, size_t size, const char *format, va_list args);
int snprintf(char *buf, size_t size, const char *format, ...) __printf(3, 4);
/* Return what was written, without NUL. */
int vscnprintf(char *buf, size_t size, const char *format, va_list args);
int scnprintf(char *buf, size_t size, const char *format, ...) __printf(3, 4);

#endif
