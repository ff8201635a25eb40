/* The kernel heap by libc's, counted, and failing when the test says so. */
#include <stdlib.h>
#include <string.h>

#include <fake/fake.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>

#define weak __attribute__((weak))

static bool may_allocate(void)
{
	if (fake_allocations_left == 0)
		return false;
	if (fake_allocations_left > 0)
		fake_allocations_left--;
	fake_allocations++;
	return true;
}

weak void *kmalloc(size_t size, gfp_flags_t flags)
{
	void *p;

	if (!may_allocate())
		return NULL;
	p = malloc(size ? size : 1);
	memset(p, flags & GFP_ZERO ? 0 : 0xa5, size);
	return p;
}

weak void *kzalloc(size_t size, gfp_flags_t flags)
{
	return kmalloc(size, flags | GFP_ZERO);
}

weak void kfree(void *p)
{
	if (p)
		fake_allocations--;
	free(p);
}

weak void *kcalloc(size_t n, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : kzalloc(bytes, GFP_KERNEL);
}

weak char *kstrdup(const char *s, gfp_flags_t flags)
{
	char *copy = kmalloc(strlen(s) + 1, flags);

	return copy ? strcpy(copy, s) : NULL;
}

weak void *kvmalloc(size_t size, gfp_flags_t flags)
{
	return kmalloc(size, flags);
}

weak void kvfree(void *p)
{
	kfree(p);
}

weak void *vmalloc(size_t size)
{
	return kmalloc(size, 0);
}

weak void *vzalloc(size_t size)
{
	return kzalloc(size, 0);
}

weak void vfree(void *p)
{
	kfree(p);
}

struct kmem_cache {
	size_t size;
	void (*ctor)(void *);
};

weak kmem_cache_t *kmem_cache_create(const char *name, size_t size, size_t align, u32 flags,
				     void (*ctor)(void *))
{
	kmem_cache_t *cache = malloc(sizeof(*cache));

	*cache = (kmem_cache_t){ size, ctor };
	return cache;
}

weak void *kmem_cache_alloc(kmem_cache_t *cache, gfp_flags_t flags)
{
	void *p = kmalloc(cache->size, flags);

	if (p && cache->ctor)
		cache->ctor(p);
	return p;
}

weak void kmem_cache_free(kmem_cache_t *cache, void *p)
{
	kfree(p);
}
