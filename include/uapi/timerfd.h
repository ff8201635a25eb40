/* timerfd_create(2) and signalfd(2) of the Linux x86_64 ABI. */
#ifndef UAPI_TIMERFD_H
#define UAPI_TIMERFD_H

#include <stddef.h>
#include <stdint.h>
#include <uapi/fcntl.h>

#define TFD_CLOEXEC O_CLOEXEC
#define TFD_NONBLOCK O_NONBLOCK
#define TFD_TIMER_ABSTIME 1
#define TFD_TIMER_CANCEL_ON_SET 2
/* _IOW('T', 0, u64): the number of expirations that the next read is to give. */
#define TFD_IOC_SET_TICKS 0x40085400u

#define SFD_CLOEXEC O_CLOEXEC
#define SFD_NONBLOCK O_NONBLOCK

struct signalfd_siginfo {
	uint32_t ssi_signo;
	int32_t ssi_errno, ssi_code;
	uint32_t ssi_pid, ssi_uid;
	int32_t ssi_fd;
	uint32_t ssi_tid, ssi_band, ssi_overrun, ssi_trapno;
	int32_t ssi_status, ssi_int;
	uint64_t ssi_ptr, ssi_utime, ssi_stime, ssi_addr;
	uint16_t ssi_addr_lsb, pad2;
	int32_t ssi_syscall;
	uint64_t ssi_call_addr;
	uint32_t ssi_arch;
	uint8_t pad[28];
};
_Static_assert(sizeof(struct signalfd_siginfo) == 128, "signalfd_siginfo");
_Static_assert(offsetof(struct signalfd_siginfo, ssi_ptr) == 48, "signalfd_siginfo.ssi_ptr");
_Static_assert(offsetof(struct signalfd_siginfo, ssi_arch) == 96, "signalfd_siginfo.ssi_arch");

#endif
