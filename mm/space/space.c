/*
 * Life of address spaces: creation, switching, the end.
 *
 * `users` counts threads that live in the space (and borrowers that need its mappings); the last
 * one unmaps everything. `refs` keeps the structure and the root table, which a CPU may still have
 * loaded lazily for a kernel thread.
 */
#include "space_internal.h"

#include <mm/policy.h>

#include <arch/entry.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/process.h>
#include <mm/slab.h>

static kmem_cache_t *space_cache;
const vm_file_ops_t *vm_file_ops __ro_after_init;
u64 vm_max_map_count = 65530, mmap_min_addr = 65536;

__init void space_init(void)
{
	page_t *zero = alloc_pages_gfp(GFP_KERNEL | GFP_ZERO, 0);

	space_cache = kmem_cache_create("vm_space", sizeof(vm_space_t), 0, SLAB_CACHE_ALIGN, NULL);
	area_cache = kmem_cache_create("vm_area", sizeof(vm_area_t), 0, 0, NULL);
	BUG_ON(!zero);
	zero_page_pfn = page_to_pfn(zero);
	anon_init();
	file_map_cache_init();
}

vm_space_t *vm_space_create(void)
{
	vm_space_t *s = kmem_cache_alloc(space_cache, GFP_KERNEL | GFP_ZERO);
	page_t *root;

	if (!s)
		return NULL;
	root = table_page_alloc(s, mmu_root_order());
	if (!root) {
		kmem_cache_free(space_cache, s);
		return NULL;
	}
	s->root = page_to_virt(root);
	arch_mmu_init_root(s->root);
	arch_mmu_context_init(&s->arch);
	refcount_set(&s->users, 1);
	refcount_set(&s->refs, 1);
	rwsem_init(&s->lock);
	spinlock_init(&s->anon_lock);
	s->mmap_base = USER_MAX - (1UL << 30);
	return s;
}

void vm_space_hold(vm_space_t *s)
{
	refcount_get(&s->refs);
}

void vm_space_drop(vm_space_t *s)
{
	if (!refcount_put(&s->refs))
		return;
	arch_mmu_context_free(&s->arch);
	mm_count(MM_TABLE, -1);
	free_pages(virt_to_page(s->root), mmu_root_order());
	kmem_cache_free(space_cache, s);
}

void vm_space_get(vm_space_t *s)
{
	refcount_get(&s->users);
}

bool vm_space_get_alive(vm_space_t *s)
{
	return refcount_get_unless_zero(&s->users);
}

void (*vm_space_end_hook)(vm_space_t *s) __ro_after_init;

void vm_space_put(vm_space_t *s)
{
	if (!refcount_put(&s->users))
		return;
	if (unlikely(s->aio))
		vm_space_end_hook(s);
	rwsem_write_lock(&s->lock);
	vm_remove_areas(s, 0, USER_MAX);
	rwsem_write_unlock(&s->lock);
	vm_space_drop(s);
}

vm_space_t *vm_space_of(process_t *p)
{
	vm_space_t *s = NULL;
	unsigned long flags;

	if (!process_lock_sighand(p, &flags))
		return NULL;
	s = p->space;
	if (s && !refcount_get_unless_zero(&s->users))
		s = NULL;
	process_unlock_sighand(p, flags);
	return s;
}

/* ---- switching; interrupts off ---- */

void vm_space_switch(thread_t *prev, thread_t *next)
{
	vm_space_t *loaded = prev->active_space;

	if (next->space) {
		next->active_space = next->space;
		if (loaded != next->space)
			arch_mmu_switch(loaded ? &loaded->arch : NULL, &next->space->arch,
					next->space->root);
		/* A kernel thread gives the space that it borrowed back. */
		if (!prev->space && loaded) {
			prev->active_space = NULL;
			vm_space_drop(loaded);
		}
		return;
	}
	/* A kernel thread goes on with what is loaded. */
	next->active_space = loaded;
	if (!loaded)
		return;
	if (prev->space)
		refcount_get(&loaded->refs);
	else
		prev->active_space = NULL; /* the borrowed reference moves on */
}

void vm_space_activate(vm_space_t *s)
{
	thread_t *t = current();
	vm_space_t *old = t->space, *loaded = t->active_space;

	preempt_disable();
	arch_irq_disable();
	if (old)
		arch_mmu_context_leave();
	t->space = s;
	t->found_area = NULL;
	if (s) {
		t->active_space = s;
		if (loaded != s)
			arch_mmu_switch(loaded ? &loaded->arch : NULL, &s->arch, s->root);
	} else if (old) {
		refcount_get(&old->refs); /* stays loaded, borrowed */
	}
	arch_irq_enable();
	preempt_enable();
	if (s && !old && loaded)
		vm_space_drop(loaded);
	if (old)
		vm_space_put(old);
}

u64 vm_resident(vm_space_t *s)
{
	return (u64)(atomic64_read(&s->anon_pages) + atomic64_read(&s->file_pages) +
		     atomic64_read(&s->shmem_pages));
}
