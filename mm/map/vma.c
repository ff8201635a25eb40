/*
 * Areas of any process, as the API document has them.
 */
#include "map_internal.h"

vm_area_t *create_vma(uint64_t start, uint64_t end, uint32_t flags)
{
	return area_alloc(NULL, start, end, flags);
}

void destroy_vma(vm_area_t *vma)
{
	area_free(vma);
}

vm_area_t *find_vma(process_t *proc, uint64_t addr)
{
	return proc->space ? vm_find(proc->space, addr) : NULL;
}

int add_vma_to_process(process_t *proc, vm_area_t *vma)
{
	vm_space_t *s = vm_space_of(proc);
	vm_area_t *next;
	int r = -EEXIST;

	if (!s)
		return -ESRCH;
	rwsem_write_lock(&s->lock);
	next = vm_find(s, vma->start);
	if (!next || next->start >= vma->end) {
		vma->space = s;
		r = area_insert(s, vma);
	}
	rwsem_write_unlock(&s->lock);
	vm_space_put(s);
	return r;
}
