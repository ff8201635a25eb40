/*
 * Strings and memory, as in C, plus strscpy. kernel/lib/string.c.
 */
#ifndef KERNEL_LIB_STRING_H
#define KERNEL_LIB_STRING_H

#include <kernel/types.h>

#ifdef CONFIG_HOST
#include <string.h>
#else
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
char *strcpy(char *dest, const char *src);
char *strncpy(char *dest, const char *src, size_t n);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *needle);
size_t strspn(const char *s, const char *accept);
size_t strcspn(const char *s, const char *reject);
void *memcpy(void *dest, const void *src, size_t n);
void *memmove(void *dest, const void *src, size_t n);
void *memset(void *s, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);

/* Copies of a few bytes and lengths of constants are then known to the compiler, which
 * -ffreestanding forbids else. */
#define memcpy(dest, src, n) __builtin_memcpy(dest, src, n)
#define memmove(dest, src, n) __builtin_memmove(dest, src, n)
#define memset(s, c, n) __builtin_memset(s, c, n)
#define memcmp(a, b, n) __builtin_memcmp(a, b, n)
#define strlen(s) __builtin_strlen(s)
#endif

/* Copies and always terminates; the length copied, or -E2BIG when it was cut. size > 0. */
ssize_t strscpy(char *dest, const char *src, size_t size);
/* Digits of base 2..36 (0: by prefix) to the end of the string. 0, -EINVAL, -ERANGE. */
int kstrtou64(const char *s, unsigned base, u64 *out);

#endif
