/*
 * Moving resident pages between memory nodes: the bodies of move_pages(2) and migrate_pages(2).
 */
#ifndef MM_MIGRATE_H
#define MM_MIGRATE_H

#include <mm/space.h>

/*
 * The node of the page at addr. -ENOENT: the file's page is not resident; -EFAULT: no area, or untouched memory,
 * or a page that no program owns. Takes s->lock shared; so does vm_move_page. May sleep.
 */
int vm_page_node(vm_space_t *s, unsigned long addr);
/*
 * Moves the page at addr to a node: the node, or the errors of vm_page_node, and -EACCES (mapped more
 * than once, and even_shared false), -EBUSY (in use otherwise), -ENOMEM (no free page on that node).
 */
int vm_move_page(vm_space_t *s, unsigned long addr, u32 node, bool even_shared);

#endif
