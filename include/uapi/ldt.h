/*
 * modify_ldt(2): asm/ldt.h.
 */
#ifndef UAPI_LDT_H
#define UAPI_LDT_H

#include <stdint.h>

#define LDT_ENTRIES 8192
#define LDT_ENTRY_SIZE 8

/* contents */
#define MODIFY_LDT_CONTENTS_DATA 0
#define MODIFY_LDT_CONTENTS_STACK 1
#define MODIFY_LDT_CONTENTS_CODE 2
#define MODIFY_LDT_CONTENTS_CONFORMING 3

struct user_desc {
	uint32_t entry_number;
	uint32_t base_addr;
	uint32_t limit;
	uint32_t seg_32bit : 1;
	uint32_t contents : 2;
	uint32_t read_exec_only : 1;
	uint32_t limit_in_pages : 1;
	uint32_t seg_not_present : 1;
	uint32_t useable : 1;
	uint32_t lm : 1;
};

_Static_assert(sizeof(struct user_desc) == 16, "user_desc");

#endif
