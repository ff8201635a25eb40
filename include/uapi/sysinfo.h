/* sysinfo(2) of the Linux x86_64 ABI. */
#ifndef UAPI_SYSINFO_H
#define UAPI_SYSINFO_H

#include <stddef.h>
#include <stdint.h>

#define SI_LOAD_SHIFT 16
struct sysinfo {
	int64_t uptime;
	uint64_t loads[3]; /* fixed point, 1 << SI_LOAD_SHIFT */
	uint64_t totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	uint16_t procs, pad;
	uint64_t totalhigh, freehigh;
	uint32_t mem_unit;
};
_Static_assert(sizeof(struct sysinfo) == 112, "sysinfo");
_Static_assert(offsetof(struct sysinfo, procs) == 80, "sysinfo.procs");
_Static_assert(offsetof(struct sysinfo, mem_unit) == 104, "sysinfo.mem_unit");

#endif
