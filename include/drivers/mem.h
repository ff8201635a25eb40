/*
 * /dev/null and its kin.
 */
#ifndef DRIVERS_MEM_H
#define DRIVERS_MEM_H

void mem_init(void); /* boot, after devtmpfs */

#endif
