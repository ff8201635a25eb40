# CloudOS. `make help` lists the targets. Everything is built under O (default: build); sources stay clean.
#	DEBUG=1		assertions, lock checker, poisoning
#	SANITIZE=1	KASAN and UBSAN as well

O ?= build
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := all
SHELL := /bin/bash

ifeq ($(SANITIZE),1)
B := $(O)/sanitize
VARIANT := -DCONFIG_DEBUG -DCONFIG_KASAN -DCONFIG_UBSAN
SANITIZERS := -fsanitize=kernel-address --param asan-instrumentation-with-call-threshold=0 \
	--param asan-stack=0 --param asan-globals=0 \
	-fsanitize=bounds,shift,integer-divide-by-zero,unreachable,null,bool,enum,vla-bound
else ifeq ($(DEBUG),1)
B := $(O)/debug
VARIANT := -DCONFIG_DEBUG
else
B := $(O)/release
endif
IMAGE := $(O)/cloudos$(if $(VARIANT),-$(notdir $(B))).elf

CC := gcc
CFLAGS := -std=gnu17 -O2 -g -ffreestanding -fpie -mcmodel=small -fvisibility=hidden -mno-red-zone \
	-mgeneral-regs-only -fno-omit-frame-pointer -fno-strict-aliasing -fwrapv -fno-common \
	-fno-delete-null-pointer-checks -fno-asynchronous-unwind-tables -fno-stack-protector \
	-fno-jump-tables -fcf-protection=none -Wall -Wextra -Werror -Wno-unused-parameter \
	-Wno-missing-field-initializers -ffile-prefix-map=$(CURDIR)/= \
	-Iinclude -Iarch/x86_64/include -I$(B)/gen $(VARIANT)

FOLDERS := $(wildcard arch kernel mm fs ipc net drivers)
SOURCES := $(shell find $(FOLDERS) -name '*.c' -not -path '*/asm_offsets.c' | LC_ALL=C sort)
ASSEMBLY := $(shell find $(FOLDERS) -name '*.asm' | LC_ALL=C sort)
OBJECTS := $(SOURCES:%.c=$(B)/%.o) $(ASSEMBLY:%.asm=$(B)/%.asm.o) $(B)/gen/syscall_table.o \
	$(B)/gen/syscall_names.o

GENERATED := $(B)/gen/syscall_protos.h $(B)/gen/syscall_numbers.h

all: $(IMAGE)

$(B)/gen/syscall_protos.h: kernel/syscall/syscalls.tbl tools/gen_syscalls
	@mkdir -p $(@D)
	tools/gen_syscalls protos $< > $@
$(B)/gen/syscall_numbers.h: kernel/syscall/syscalls.tbl tools/gen_syscalls
	@mkdir -p $(@D)
	tools/gen_syscalls numbers $< > $@
$(B)/gen/syscall_table.c: kernel/syscall/syscalls.tbl tools/gen_syscalls
	@mkdir -p $(@D)
	tools/gen_syscalls table $< > $@
$(B)/gen/syscall_names.c: kernel/syscall/syscalls.tbl tools/gen_syscalls
	@mkdir -p $(@D)
	tools/gen_syscalls names $< > $@

$(B)/%.o: %.c | $(GENERATED)
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CFLAGS) $(SANITIZERS) -MMD -MP -c $< -o $@
$(B)/gen/%.o: $(B)/gen/%.c | $(GENERATED)
	@$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

-include $(OBJECTS:.o=.d)
