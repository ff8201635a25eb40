/*
 * Access to user memory from the kernel: range-checked, fault-safe through an exception table, and
 * the only code that runs with SMAP open. May sleep for page faults, so never under a spinlock:
 * with page faults disabled (pagefault_disable) they return short at once, and the caller prefaults
 * and retries.
 */
#ifndef ARCH_UACCESS_H
#define ARCH_UACCESS_H

#include <arch/mmu.h>
#include <kernel/compiler.h>

/* True when [ptr, ptr+len) lies in the lower half (it may still be unmapped). */
static inline bool access_ok(const void __user *ptr, size_t len)
{
	return len <= USER_MAX && (unsigned long)ptr <= USER_MAX - len;
}

/* Return the number of bytes that could NOT be copied: 0 is success. */
__must_check size_t copy_from_user(void *to, const void __user *from, size_t n);
__must_check size_t copy_to_user(void __user *to, const void *from, size_t n);
__must_check size_t clear_user(void __user *to, size_t n);

/*
 * Copies a NUL-terminated string of at most size-1 characters. Returns its length without NUL,
 * -EFAULT, or `size` when there was no NUL within size bytes.
 */
ssize_t strncpy_from_user(char *to, const char __user *from, size_t size);
/* Length with NUL, 0 on fault, > n when there is no NUL within n bytes. */
size_t strnlen_user(const char __user *s, size_t n);

/* One scalar; return 0 or -EFAULT. */
int get_user_u8(u8 *to, const u8 __user *from);
int get_user_u32(u32 *to, const u32 __user *from);
int get_user_u64(u64 *to, const u64 __user *from);
/* Where page faults cannot be served (a lock held, interrupts off): what is not resident is -EFAULT. */
int get_user_u32_resident(u32 *to, const u32 __user *from);
/* Likewise: true when both words can be read and are these. */
bool user_words_are(const u64 __user *at, u64 first, u64 second);
int put_user_u8(u8 v, u8 __user *to);
int put_user_u32(u32 v, u32 __user *to);
int put_user_u64(u64 v, u64 __user *to);
/* Atomic compare-exchange on a user word, for futexes: 0 and *old, or -EFAULT. */
int cmpxchg_user_u32(u32 __user *uaddr, u32 expected, u32 desired, u32 *old);

/* Faults in [ptr, ptr+len) for reading or writing; returns the bytes that could NOT be. */
size_t fault_in_readable(const void __user *ptr, size_t len);
size_t fault_in_writeable(void __user *ptr, size_t len);

/* Nestable, per thread. */
void pagefault_disable(void);
void pagefault_enable(void);

#endif
