/*
 * devpts: the names of pty slaves, <n> in each instance of the file system.
 */
#ifndef DRIVERS_TTY_DEVPTS_H
#define DRIVERS_TTY_DEVPTS_H

#include <drivers/tty.h>

void devpts_init(void);
/* The instance that an opened ptmx makes pairs of: held, super_put; -ENOENT, -ENODEV: none there. */
super_block_t *devpts_of_master(const file_t *master);
int devpts_alloc_index(super_block_t *sb); /* lowest free number, or -ENOSPC, -ENOMEM */
void devpts_free_index(super_block_t *sb, u32 index);
/* The name appears, owned as the mount says; takes a reference. 0 or -ENOMEM. */
int devpts_add(super_block_t *sb, tty_t *slave);
void devpts_remove(super_block_t *sb, u32 index); /* the name goes, and its reference */
tty_t *devpts_find(const vfs_node_t *node);	  /* whose name it is: referenced, or NULL */
/* TIOCGPTPEER: the slave opened through the mount that the master's file leads to; ERR_PTR. */
file_t *devpts_open_peer(const file_t *master, super_block_t *sb, tty_t *slave, int flags);

#endif
