/* uname(2) of the Linux x86_64 ABI. */
#ifndef UAPI_UTSNAME_H
#define UAPI_UTSNAME_H

#include <stddef.h>
#include <stdint.h>

#define UTS_LEN 64
struct utsname {
	char sysname[UTS_LEN + 1], nodename[UTS_LEN + 1], release[UTS_LEN + 1],
		version[UTS_LEN + 1], machine[UTS_LEN + 1], domainname[UTS_LEN + 1];
};
_Static_assert(sizeof(struct utsname) == 390, "utsname");

#endif
