/*
 * Starts the built-in file systems.
 */
#include <fs/filesystems.h>

void filesystems_init(void)
{
	mapping_init();
	devtmpfs_init();
	procfs_init();
	sysfs_init();
}
