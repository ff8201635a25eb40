/*
 * Arrays, strings and large pieces of memory, by what kmalloc and vmalloc offer.
 */
#include "../slab/slab_internal.h"

#include <kernel/lib/string.h>
#include <mm/vmalloc.h>

void *kcalloc(size_t nmemb, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(nmemb, size, &bytes))
		return NULL;
	return kzalloc(bytes, GFP_KERNEL);
}

void *krealloc(void *ptr, size_t new_size)
{
	void *fresh;

	if (!ptr)
		return kmalloc(new_size, GFP_KERNEL);
	if (new_size <= ksize(ptr) && new_size >= ksize(ptr) / 4)
		return ptr;
	fresh = kmalloc(new_size, GFP_KERNEL);
	if (!fresh)
		return NULL;
	memcpy(fresh, ptr, MIN(new_size, ksize(ptr)));
	kfree(ptr);
	return fresh;
}

char *kstrdup(const char *s, gfp_flags_t flags)
{
	size_t bytes = strlen(s) + 1;
	char *copy = kmalloc(bytes, flags);

	return copy ? memcpy(copy, s, bytes) : NULL;
}

char *strdup(const char *s)
{
	return kstrdup(s, GFP_KERNEL);
}

void *kvmalloc(size_t size, gfp_flags_t flags)
{
	void *p = NULL;

	if (size <= KMALLOC_MAX)
		p = kmalloc(size, size > CLASS_MAX ? flags | GFP_NORETRY | GFP_NOWARN : flags);
	if (p || size <= CLASS_MAX || !(flags & GFP_WAIT))
		return p;
	return flags & GFP_ZERO ? vzalloc(size) : vmalloc(size);
}

void kvfree(void *ptr)
{
	if (is_vmalloc_addr(ptr))
		vfree(ptr);
	else
		kfree(ptr);
}
