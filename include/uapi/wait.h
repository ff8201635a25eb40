/* wait4(2), waitid(2) of the Linux x86_64 ABI. */
#ifndef UAPI_WAIT_H
#define UAPI_WAIT_H

#define WNOHANG 0x1
#define WUNTRACED 0x2
#define WSTOPPED WUNTRACED
#define WEXITED 0x4
#define WCONTINUED 0x8
#define WNOWAIT 0x1000000
#define __WNOTHREAD 0x20000000
#define __WALL 0x40000000
#define __WCLONE ((int)0x80000000)

#define P_ALL 0
#define P_PID 1
#define P_PGID 2
#define P_PIDFD 3

/* Wait statuses. */
#define WAIT_STATUS_EXITED(code) (((code)&0xff) << 8)
#define WAIT_STATUS_STOPPED(sig) (((sig) << 8) | 0x7f)
#define WAIT_STATUS_CONTINUED 0xffff
#define WAIT_STATUS_CORE 0x80

#endif
