/* splice(2), tee(2), vmsplice(2) of the Linux x86_64 ABI. */
#ifndef UAPI_SPLICE_H
#define UAPI_SPLICE_H

#define SPLICE_F_MOVE 1u
#define SPLICE_F_NONBLOCK 2u
#define SPLICE_F_MORE 4u
#define SPLICE_F_GIFT 8u
#define SPLICE_F_KNOWN 15u

#endif
