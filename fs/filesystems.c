/*
 * Starts the built-in file systems.
 */
#include <fs/filesystems.h>
#include <fs/memfd.h>

__init void filesystems_init(void)
{
	mapping_init();
	memfd_init();
	devtmpfs_init();
	procfs_init();
	sysfs_init();
}
