/* memfd_create(2) and seals (fcntl(2)) of the Linux x86_64 ABI. */
#ifndef UAPI_MEMFD_H
#define UAPI_MEMFD_H

#define MFD_CLOEXEC 1u
#define MFD_ALLOW_SEALING 2u
#define MFD_HUGETLB 4u
#define MFD_HUGE_SHIFT 26 /* the logarithm of the page size stands above */
#define MFD_HUGE_MASK 0x3fu

#define F_SEAL_SEAL 1u
#define F_SEAL_SHRINK 2u
#define F_SEAL_GROW 4u
#define F_SEAL_WRITE 8u
#define F_SEAL_FUTURE_WRITE 16u
#define F_ALL_SEALS 31u

#endif
