/* perf_event_open(2): what is counted and sampled, the ring's first page, records. */
#ifndef UAPI_PERF_EVENT_H
#define UAPI_PERF_EVENT_H

#include <stddef.h>
#include <stdint.h>

#define PERF_TYPE_SOFTWARE 1

#define PERF_COUNT_SW_CPU_CLOCK 0
#define PERF_COUNT_SW_TASK_CLOCK 1
#define PERF_COUNT_SW_PAGE_FAULTS 2
#define PERF_COUNT_SW_CONTEXT_SWITCHES 3
#define PERF_COUNT_SW_CPU_MIGRATIONS 4
#define PERF_COUNT_SW_PAGE_FAULTS_MIN 5
#define PERF_COUNT_SW_PAGE_FAULTS_MAJ 6
#define PERF_COUNT_SW_DUMMY 9
#define PERF_COUNT_SW_CGROUP_SWITCHES 11

#define PERF_SAMPLE_IP 0x1u
#define PERF_SAMPLE_TID 0x2u
#define PERF_SAMPLE_TIME 0x4u
#define PERF_SAMPLE_ADDR 0x8u
#define PERF_SAMPLE_READ 0x10u
#define PERF_SAMPLE_CALLCHAIN 0x20u
#define PERF_SAMPLE_ID 0x40u
#define PERF_SAMPLE_CPU 0x80u
#define PERF_SAMPLE_PERIOD 0x100u
#define PERF_SAMPLE_STREAM_ID 0x200u
#define PERF_SAMPLE_RAW 0x400u
#define PERF_SAMPLE_BRANCH_STACK 0x800u
#define PERF_SAMPLE_REGS_USER 0x1000u
#define PERF_SAMPLE_STACK_USER 0x2000u
#define PERF_SAMPLE_WEIGHT 0x4000u
#define PERF_SAMPLE_DATA_SRC 0x8000u
#define PERF_SAMPLE_IDENTIFIER 0x10000u
#define PERF_SAMPLE_TRANSACTION 0x20000u
#define PERF_SAMPLE_REGS_INTR 0x40000u
#define PERF_SAMPLE_WEIGHT_STRUCT 0x1000000u

#define PERF_SAMPLE_REGS_ABI_NONE 0u
#define PERF_SAMPLE_REGS_ABI_64 2u
#define PERF_MEM_NA 0x5080021ul /* operation, level, snoop, lock and TLB: not known */

#define PERF_FORMAT_TOTAL_TIME_ENABLED 0x1u
#define PERF_FORMAT_TOTAL_TIME_RUNNING 0x2u
#define PERF_FORMAT_ID 0x4u
#define PERF_FORMAT_GROUP 0x8u
#define PERF_FORMAT_LOST 0x10u

#define PERF_FLAG_FD_NO_GROUP 0x1u
#define PERF_FLAG_FD_OUTPUT 0x2u
#define PERF_FLAG_PID_CGROUP 0x4u
#define PERF_FLAG_FD_CLOEXEC 0x8u
#define PERF_FLAG_ALL 0xfu

/* attr.flags: the bits of the field that C programs see as single-bit members */
#define PERF_ATTR_DISABLED 0x1ul
#define PERF_ATTR_INHERIT 0x2ul
#define PERF_ATTR_PINNED 0x4ul
#define PERF_ATTR_EXCLUSIVE 0x8ul
#define PERF_ATTR_EXCLUDE_USER 0x10ul
#define PERF_ATTR_EXCLUDE_KERNEL 0x20ul
#define PERF_ATTR_EXCLUDE_IDLE 0x80ul
#define PERF_ATTR_MMAP 0x100ul
#define PERF_ATTR_COMM 0x200ul
#define PERF_ATTR_FREQ 0x400ul
#define PERF_ATTR_ENABLE_ON_EXEC 0x1000ul
#define PERF_ATTR_TASK 0x2000ul
#define PERF_ATTR_WATERMARK 0x4000ul
#define PERF_ATTR_MMAP_DATA 0x20000ul
#define PERF_ATTR_SAMPLE_ID_ALL 0x40000ul
#define PERF_ATTR_EXCLUDE_CALLCHAIN_KERNEL 0x200000ul
#define PERF_ATTR_EXCLUDE_CALLCHAIN_USER 0x400000ul
#define PERF_ATTR_MMAP2 0x800000ul
#define PERF_ATTR_COMM_EXEC 0x1000000ul
#define PERF_ATTR_USE_CLOCKID 0x2000000ul
#define PERF_ATTR_CONTEXT_SWITCH 0x4000000ul
#define PERF_ATTR_WRITE_BACKWARD 0x8000000ul
#define PERF_ATTR_RESERVED (~0ul << 38)

struct perf_event_attr {
	uint32_t type, size;
	uint64_t config;
	uint64_t sample_period; /* or frequency */
	uint64_t sample_type, read_format;
	uint64_t flags;
	uint32_t wakeup_events; /* or watermark */
	uint32_t bp_type;
	uint64_t config1, config2;
	uint64_t branch_sample_type, sample_regs_user;
	uint32_t sample_stack_user;
	int32_t clockid;
	uint64_t sample_regs_intr;
	uint32_t aux_watermark;
	uint16_t sample_max_stack, reserved_2;
	uint32_t aux_sample_size, reserved_3;
	uint64_t sig_data;
};
_Static_assert(sizeof(struct perf_event_attr) == 128, "ABI: perf_event_attr, version 7");
#define PERF_ATTR_SIZE_VER0 64u

struct perf_event_mmap_page {
	uint32_t version, compat_version;
	uint32_t lock, index;
	int64_t offset;
	uint64_t time_enabled, time_running;
	uint64_t capabilities;
	uint16_t pmc_width, time_shift;
	uint32_t time_mult;
	uint64_t time_offset, time_zero;
	uint32_t size, reserved_1;
	uint64_t time_cycles, time_mask;
	uint8_t reserved[928];
	uint64_t data_head; /* written by the kernel: bytes since the beginning */
	uint64_t data_tail; /* written by the reader */
	uint64_t data_offset, data_size;
	uint64_t aux_head, aux_tail, aux_offset, aux_size;
};
_Static_assert(offsetof(struct perf_event_mmap_page, data_head) == 1024, "ABI: mmap page");
#define PERF_CAP_BIT0_IS_DEPRECATED 0x2ul

struct perf_event_header {
	uint32_t type;
	uint16_t misc, size;
};
#define PERF_RECORD_MMAP 1u
#define PERF_RECORD_LOST 2u
#define PERF_RECORD_COMM 3u
#define PERF_RECORD_EXIT 4u
#define PERF_RECORD_FORK 7u
#define PERF_RECORD_SAMPLE 9u
#define PERF_RECORD_MMAP2 10u
#define PERF_RECORD_SWITCH 14u
#define PERF_RECORD_SWITCH_CPU_WIDE 15u
#define PERF_RECORD_MISC_KERNEL 1u
#define PERF_RECORD_MISC_USER 2u
#define PERF_RECORD_MISC_COMM_EXEC 0x2000u
#define PERF_RECORD_MISC_MMAP_DATA 0x2000u
#define PERF_RECORD_MISC_SWITCH_OUT 0x2000u
#define PERF_RECORD_MISC_SWITCH_OUT_PREEMPT 0x4000u

#define PERF_CONTEXT_KERNEL ((uint64_t)-128)
#define PERF_CONTEXT_USER ((uint64_t)-512)

#define PERF_IOC_FLAG_GROUP 0x1ul /* to enable, disable, reset: all of the group */

#define PERF_EVENT_IOC_ENABLE 0x2400u
#define PERF_EVENT_IOC_DISABLE 0x2401u
#define PERF_EVENT_IOC_REFRESH 0x2402u
#define PERF_EVENT_IOC_RESET 0x2403u
#define PERF_EVENT_IOC_PERIOD 0x40082404u
#define PERF_EVENT_IOC_SET_OUTPUT 0x2405u
#define PERF_EVENT_IOC_ID 0x80082407u
#define PERF_EVENT_IOC_PAUSE_OUTPUT 0x40042409u

#endif
