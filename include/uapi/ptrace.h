/*
 * ptrace(2), process_vm_readv(2) and kcmp(2) of the Linux x86_64 ABI; the register sets are those of
 * core files, too.
 */
#ifndef UAPI_PTRACE_H
#define UAPI_PTRACE_H

#include <stddef.h>
#include <stdint.h>

#define PTRACE_TRACEME 0
#define PTRACE_PEEKTEXT 1
#define PTRACE_PEEKDATA 2
#define PTRACE_PEEKUSER 3
#define PTRACE_POKETEXT 4
#define PTRACE_POKEDATA 5
#define PTRACE_POKEUSER 6
#define PTRACE_CONT 7
#define PTRACE_KILL 8
#define PTRACE_SINGLESTEP 9
#define PTRACE_GETREGS 12
#define PTRACE_SETREGS 13
#define PTRACE_GETFPREGS 14
#define PTRACE_SETFPREGS 15
#define PTRACE_ATTACH 16
#define PTRACE_DETACH 17
#define PTRACE_OLDSETOPTIONS 21
#define PTRACE_SYSCALL 24
#define PTRACE_ARCH_PRCTL 30
#define PTRACE_SYSEMU 31
#define PTRACE_SYSEMU_SINGLESTEP 32
#define PTRACE_SETOPTIONS 0x4200
#define PTRACE_GETEVENTMSG 0x4201
#define PTRACE_GETSIGINFO 0x4202
#define PTRACE_SETSIGINFO 0x4203
#define PTRACE_GETREGSET 0x4204
#define PTRACE_SETREGSET 0x4205
#define PTRACE_SEIZE 0x4206
#define PTRACE_INTERRUPT 0x4207
#define PTRACE_LISTEN 0x4208
#define PTRACE_PEEKSIGINFO 0x4209
#define PTRACE_GETSIGMASK 0x420a
#define PTRACE_SETSIGMASK 0x420b
#define PTRACE_GET_SYSCALL_INFO 0x420e

/* Events; option bit n asks for event n. */
#define PTRACE_EVENT_FORK 1
#define PTRACE_EVENT_VFORK 2
#define PTRACE_EVENT_CLONE 3
#define PTRACE_EVENT_EXEC 4
#define PTRACE_EVENT_VFORK_DONE 5
#define PTRACE_EVENT_EXIT 6
#define PTRACE_EVENT_SECCOMP 7
#define PTRACE_EVENT_STOP 128

#define PTRACE_O_TRACESYSGOOD 0x1u
#define PTRACE_O_EXITKILL 0x100000u
#define PTRACE_O_SUSPEND_SECCOMP 0x200000u
#define PTRACE_O_MASK (0xffu | PTRACE_O_EXITKILL | PTRACE_O_SUSPEND_SECCOMP)

#define PTRACE_EVENTMSG_SYSCALL_ENTRY 1
#define PTRACE_EVENTMSG_SYSCALL_EXIT 2

#define PTRACE_SYSCALL_INFO_NONE 0
#define PTRACE_SYSCALL_INFO_ENTRY 1
#define PTRACE_SYSCALL_INFO_EXIT 2
#define AUDIT_ARCH_X86_64 0xc000003eu

struct ptrace_syscall_info {
	uint8_t op, pad[3];
	uint32_t arch;
	uint64_t instruction_pointer, stack_pointer;
	union {
		struct {
			uint64_t nr, args[6];
		} entry;
		struct {
			int64_t rval;
			uint8_t is_error;
		} exit;
		struct {
			uint64_t nr, args[6];
			uint32_t ret_data;
		} seccomp;
	};
};
_Static_assert(sizeof(struct ptrace_syscall_info) == 88, "ptrace_syscall_info");
_Static_assert(offsetof(struct ptrace_syscall_info, entry) == 24, "ptrace_syscall_info.entry");

#define PTRACE_PEEKSIGINFO_SHARED 1u
struct ptrace_peeksiginfo_args {
	uint64_t off;
	uint32_t flags;
	int32_t nr;
};
_Static_assert(sizeof(struct ptrace_peeksiginfo_args) == 16, "ptrace_peeksiginfo_args");

/* Register sets by the note types of core files (elf(5)). */
#define NT_PRSTATUS 1
#define NT_FPREGSET 2 /* NT_PRFPREG */
#define NT_X86_XSTATE 0x202

struct user_regs_struct {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	uint64_t orig_rax, rip, cs, eflags, rsp, ss, fs_base, gs_base, ds, es, fs, gs;
};
_Static_assert(sizeof(struct user_regs_struct) == 216, "user_regs_struct");

/* struct user, the space that PEEKUSER addresses: registers at 0, debug registers behind. */
#define USER_AREA_SIZE 928
#define USER_AREA_DEBUG 848
#define USER_DEBUG_REGISTERS 8

/* kcmp(2) */
#define KCMP_FILE 0
#define KCMP_VM 1
#define KCMP_FILES 2
#define KCMP_FS 3
#define KCMP_SIGHAND 4
#define KCMP_IO 5
#define KCMP_SYSVSEM 6
#define KCMP_EPOLL_TFD 7
struct kcmp_epoll_slot {
	uint32_t efd;  /* of the instance */
	uint32_t tfd;  /* as it was given to epoll_ctl(2) */
	uint32_t toff; /* the how manieth of those given under that number */
};
_Static_assert(sizeof(struct kcmp_epoll_slot) == 12, "kcmp_epoll_slot");

#endif
