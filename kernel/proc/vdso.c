/*
 * The vDSO in every program's memory: a page of data that kernel/time keeps current, and right behind it the image
 * that reads it. All programs share the pages; a debugger that writes into the image gets a private copy.
 */
#include <arch/vdso.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/time/clock.h>
#include <mm/space.h>

#include "exec_internal.h"
#include "proc_internal.h"

#define IMAGE_PAGES_MAX 4
#define PLACE_SPAN (2UL << 20) /* above the stack, as far as one page table reaches */

static page_t *data_page __ro_after_init, *image_pages[IMAGE_PAGES_MAX] __ro_after_init;
static u32 image_count __ro_after_init;

static page_t *data_fault(vm_area_t *v, u64 index, bool write)
{
	if (index || write)
		return ERR_PTR(-EFAULT);
	page_get(data_page);
	return data_page;
}

static page_t *image_fault(vm_area_t *v, u64 index, bool write)
{
	if (index >= image_count || write)
		return ERR_PTR(-EFAULT);
	page_get(image_pages[index]);
	return image_pages[index];
}

static const char *data_name(vm_area_t *v)
{
	return "[vvar]";
}

static const char *image_name(vm_area_t *v)
{
	return "[vdso]";
}

static const vm_area_ops_t data_ops = { .fault = data_fault, .name = data_name };
static const vm_area_ops_t image_ops = { .fault = image_fault, .name = image_name };

int exec_map_vdso(exec_t *e)
{
	const vm_special_t parts[] = {
		{ PAGE_SIZE, VM_READ | VM_MAY_READ | VM_DONT_DUMP, &data_ops },
		{ (size_t)image_count << PAGE_SHIFT,
		  VM_READ | VM_EXEC | VM_MAY_READ | VM_MAY_WRITE | VM_MAY_EXEC, &image_ops },
	};
	unsigned long start = ALIGN_UP(e->space->stack_top, PAGE_SIZE), hint = 0;
	unsigned long end = MIN(ALIGN_UP(start + 1, PLACE_SPAN), USER_MAX);
	size_t len = (1UL + image_count) << PAGE_SHIFT;
	long r;

	if (end - start >= len)
		hint = start + exec_random_pages(end - start - len + PAGE_SIZE);
	r = vm_map_special(e->space, hint, parts, ARRAY_SIZE(parts));
	if (r < 0)
		return (int)r;
	e->vdso = (unsigned long)r + PAGE_SIZE;
	return 0;
}

static __init page_t *new_page(const void *content)
{
	page_t *page = alloc_pages_gfp(GFP_KERNEL | GFP_ZERO, 0);

	if (!page)
		panic("no memory for the vDSO");
	if (content)
		memcpy(page_to_virt(page), content, PAGE_SIZE);
	return page;
}

__init void vdso_init(void)
{
	const u8 *from = arch_vdso_image;

	data_page = new_page(NULL);
	for (; from < arch_vdso_image_end; from += PAGE_SIZE) {
		if (image_count == IMAGE_PAGES_MAX)
			panic("the vDSO has outgrown its pages");
		image_pages[image_count++] = new_page(from);
	}
	clock_share(page_to_virt(data_page));
}
