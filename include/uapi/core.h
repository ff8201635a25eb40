/*
 * Core files of the Linux x86_64 ABI (core(5), elf(5)): notes and their contents. Register sets are
 * in uapi/ptrace.h.
 */
#ifndef UAPI_CORE_H
#define UAPI_CORE_H

#include <uapi/ptrace.h>
#include <uapi/signal.h>
#include <uapi/time.h>

#define ET_CORE 4
#define PT_NOTE 4

#define NT_PRPSINFO 3
#define NT_AUXV 6
#define NT_SIGINFO 0x53494749
#define NT_FILE 0x46494c45

struct elf_note {
	uint32_t n_namesz, n_descsz, n_type;
};
_Static_assert(sizeof(struct elf_note) == 12, "elf_note");

struct elf_prstatus {
	int32_t si_signo, si_code, si_errno;
	int16_t pr_cursig;
	uint64_t pr_sigpend, pr_sighold;
	int32_t pr_pid, pr_ppid, pr_pgrp, pr_sid;
	struct timeval pr_utime, pr_stime, pr_cutime, pr_cstime;
	struct user_regs_struct pr_reg;
	int32_t pr_fpvalid;
};
_Static_assert(sizeof(struct elf_prstatus) == 336, "elf_prstatus");
_Static_assert(offsetof(struct elf_prstatus, pr_reg) == 112, "elf_prstatus.pr_reg");

struct elf_prpsinfo {
	char pr_state, pr_sname, pr_zomb, pr_nice;
	uint64_t pr_flag;
	uint32_t pr_uid, pr_gid;
	int32_t pr_pid, pr_ppid, pr_pgrp, pr_sid;
	char pr_fname[16], pr_psargs[80];
};
_Static_assert(sizeof(struct elf_prpsinfo) == 136, "elf_prpsinfo");

/* /proc/PID/coredump_filter: kinds of mappings that are written. */
#define CORE_ANON_PRIVATE 0x1u
#define CORE_ANON_SHARED 0x2u
#define CORE_FILE_PRIVATE 0x4u
#define CORE_FILE_SHARED 0x8u
#define CORE_ELF_HEADERS 0x10u
#define CORE_HUGE_PRIVATE 0x20u
#define CORE_FILTER_DEFAULT 0x33u
#define CORE_FILTER_MASK 0x1ffu

#endif
