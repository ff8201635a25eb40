/*
 * Access control lists of nodes (acl(5)), for file systems that keep them with the node: those whose
 * node operations have a twin. Lists never change; the node's lock guards which ones it has, and
 * who only looks is under RCU.
 */
#ifndef FS_ACL_H
#define FS_ACL_H

#include <fs/vfs.h>

/*
 * A new node, not yet visible and with the mode asked for, gets what dir says of new ones: mode, list, and
 * list for new ones below it. Nothing where dir has no such list. 0 or -ENOMEM.
 */
int acl_inherit(vfs_node_t *n, const vfs_node_t *dir);
/* For node_operations_t.permission of nodes that have a list. */
int acl_permission(vfs_node_t *n, int mask);

#endif
