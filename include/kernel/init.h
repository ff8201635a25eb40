/*
 * Boot: pieces of kernel/init.
 */
#ifndef KERNEL_INIT_H
#define KERNEL_INIT_H

#include <kernel/boot.h>
#include <kernel/compiler.h>

#define COMMAND_LINE_WORDS 128

void cmdline_init(void);
const char *cmdline_word(u32 index); /* NULL past the last */
/*
 * Unpacks the boot modules that are cpio archives into the root. Panics with one line when one is
 * damaged.
 */
void initramfs_unpack(void);
void start_init(void *arg) __noreturn; /* first user process; kernel/init/start.c */

#endif
