# CloudOS. `make help` lists the targets. Everything is built under O (default: build); sources stay clean.
#	DEBUG=1		assertions, lock checker, poisoning
#	SANITIZE=1	KASAN and UBSAN as well

O ?= build
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := all
SHELL := /bin/bash
.DELETE_ON_ERROR:

ifeq ($(SANITIZE),1)
VARIANT := sanitize
DEFINES := -DCONFIG_DEBUG -DCONFIG_KASAN -DCONFIG_UBSAN
# Not bool and enum: gcc 12 drops volatile from the loads that it instruments for these two, and hoists them.
SANITIZERS := -fsanitize=kernel-address --param asan-instrumentation-with-call-threshold=0 \
	--param asan-stack=0 --param asan-globals=0 \
	-fsanitize=bounds,shift,integer-divide-by-zero,unreachable,vla-bound \
	-Wno-array-bounds -Wno-stringop-overflow # instrumented code confuses these
else ifeq ($(DEBUG),1)
VARIANT := debug
DEFINES := -DCONFIG_DEBUG
else
VARIANT := release
endif
B := $(O)/$(VARIANT)
IMAGE := $(O)/cloudos$(if $(filter-out release,$(VARIANT)),-$(VARIANT)).elf
INITRAMFS := $(O)/initramfs.cpio.gz
ISO := $(IMAGE:.elf=.iso)

CC := gcc
LD := ld
# Each thread has its own; the running one's is in this per-CPU variable (arch_x86/canary.h).
CANARY := -fstack-protector-strong -mstack-protector-guard=tls -mstack-protector-guard-reg=gs \
	-mstack-protector-guard-symbol=stack_canary
# No padding before the targets of jumps inside a function: it is read, decoded and, in loops, run through.
DENSE := -fno-align-loops -fno-align-jumps -fno-align-labels
CFLAGS := -std=gnu17 -O2 -g -ffreestanding -fpie -mcmodel=small -fvisibility=hidden -mno-red-zone \
	-mgeneral-regs-only -fno-omit-frame-pointer -fno-strict-aliasing -fwrapv -fno-common \
	-fno-delete-null-pointer-checks -fno-asynchronous-unwind-tables $(CANARY) \
	-fno-jump-tables $(DENSE) -fcf-protection=none -Wall -Wextra -Werror -Wno-unused-parameter \
	-Wno-missing-field-initializers -ffile-prefix-map=$(CURDIR)/= \
	-Iinclude -Iarch/x86_64/include -I$(B)/gen $(DEFINES)
# What CORE bounds (make size): functions stand close, and only those that say so or have one caller are inlined.
CORE := arch/x86_64/trap arch/x86_64/mmu arch/x86_64/cpu arch/x86_64/smp kernel/sync kernel/sched kernel/task \
	mm/page mm/slab mm/kmap mm/space ipc/native
CORE_FLAGS := -falign-functions=1 -fno-inline-functions
# Of it, what calls, faults and switches seldom come through: for size.
SELDOM := arch/x86_64/mmu/pti arch/x86_64/cpu/init arch/x86_64/smp/bring_up arch/x86_64/smp/lapic \
	arch/x86_64/smp/call arch/x86_64/trap/exception kernel/sync/semaphore kernel/sched/params kernel/task/cred \
	kernel/task/pid mm/page/init mm/slab/slabs mm/kmap/vmalloc mm/kmap/vrange mm/space/anon
LDFLAGS := -pie --no-dynamic-linker -z text -z pack-relative-relocs -z max-page-size=4096 \
	-z noexecstack --build-id=none -T linker.ld

FOLDERS := $(wildcard arch kernel mm fs ipc net drivers) $(if $(DEFINES),tests/kernel)
SOURCES := $(shell find $(FOLDERS) -name '*.c' -not -name asm_offsets.c -not -path '*/vdso/user/*' | LC_ALL=C sort)
ASSEMBLY := $(shell find $(FOLDERS) -name '*.asm' | LC_ALL=C sort)
OBJECTS := $(SOURCES:%.c=$(B)/%.o) $(ASSEMBLY:%.asm=$(B)/%.asm.o) $(B)/gen/syscall_table.o \
	$(B)/gen/syscall_names.o $(B)/gen/font_table.o
GENERATED := $(B)/gen/syscall_protos.h $(B)/gen/syscall_numbers.h
# What runs before the shadow exists, or is the shadow's own code.
UNCHECKED := $(B)/arch/x86_64/boot/% $(B)/mm/kasan% $(B)/kernel/debug/% $(B)/arch/x86_64/cpu/% \
	$(B)/arch/x86_64/trap/% $(B)/mm/page/early.o $(B)/kernel/lib/string.o

.PHONY: all help iso run screenshot run-debian debug record replay test soak bench bench-scale size check coverage clean initramfs .FORCE
all: $(IMAGE)

help:
	@echo 'make            build/cloudos.elf (DEBUG=1, SANITIZE=1: variants beside it)'
	@echo 'make iso        a hybrid image for BIOS and UEFI, optical disc or USB stick'
	@echo 'make run        boot to a shell on this terminal (leave with poweroff, or Ctrl-A X)'
	@echo 'make run WINDOW=gtk   the ISO, its screen and keyboard in a window (or sdl, vnc=:1: see -display of QEMU)'
	@echo 'make screenshot boot the ISO in QEMU and save its screen (tests/boot/screen.png)'
	@echo 'make run-debian the same with Debian packages (tests/debian/packages), to bash'
	@echo 'make test       make check and all tests but the long ones;  make soak  the long ones'
	@echo 'make check      format, sparse, layers, shell scripts'
	@echo 'make size       sections of the image, and the core against its 50 KiB'
	@echo 'make coverage   line coverage of the host tests'
	@echo 'make debug      QEMU waits under GDB (tools/gdb);  make record, make replay  a run again, backwards too'
	@echo 'make bench      instructions and time of calls, against Linux (tests/run_bench --help)'
	@echo 'make bench-scale  what they cost while many objects live; $$O/bench/scale.png'

# ---- generated sources ----
$(B)/gen/syscall_protos.h: kernel/syscall/syscalls.tbl tools/gen_syscalls
	@mkdir -p $(@D)
	@tools/gen_syscalls protos $< > $@
$(B)/gen/syscall_numbers.h: kernel/syscall/syscalls.tbl tools/gen_syscalls
	@mkdir -p $(@D)
	@tools/gen_syscalls numbers $< > $@
$(B)/gen/syscall_table.c: kernel/syscall/syscalls.tbl tools/gen_syscalls
	@mkdir -p $(@D)
	@tools/gen_syscalls table $< > $@
$(B)/gen/syscall_names.c: kernel/syscall/syscalls.tbl tools/gen_syscalls
	@mkdir -p $(@D)
	@tools/gen_syscalls names $< > $@
CONSOLE_FONT ?= /usr/share/consolefonts/Lat15-Fixed16.psf.gz
$(B)/gen/font_table.c: tools/gen_font | $(O)/.deps-build
	@mkdir -p $(@D)
	@tools/gen_font $(CONSOLE_FONT) > $@
$(B)/gen/asm_offsets.inc: arch/x86_64/asm_offsets.c $(GENERATED)
	@$(CC) $(CFLAGS) -MMD -MP -MT $@ -MF $(B)/gen/asm_offsets.d -S $< -o - | \
		sed -n 's/^->\([A-Za-z0-9_]*\) \$$*\(-\{0,1\}[0-9]*\)/%define \1 \2/p' > $@

# The vDSO: user code, in a shared object of its own. Its image is padded to whole pages.
VDSO_CFLAGS := -std=gnu17 -O2 -ffreestanding -fPIC -fvisibility=hidden -fno-stack-protector -fcf-protection=none \
	-fasynchronous-unwind-tables -Wall -Wextra -Werror -Wno-unused-parameter -ffile-prefix-map=$(CURDIR)/= \
	-Iinclude -Iarch/x86_64/include
$(B)/gen/vdso.img: arch/x86_64/vdso/user/vdso.c arch/x86_64/vdso/user/vdso.lds Makefile
	@mkdir -p $(@D)
	@echo "  VDSO $@"
	@$(CC) $(VDSO_CFLAGS) -MMD -MP -MT $@ -MF $(B)/gen/vdso.d -c $< -o $(B)/gen/vdso.o
	@$(LD) -shared -s --hash-style=both --eh-frame-hdr --no-undefined -Bsymbolic --build-id=none \
		-soname linux-vdso.so.1 -z max-page-size=4096 -z noexecstack -T arch/x86_64/vdso/user/vdso.lds \
		-o $@ $(B)/gen/vdso.o
	@truncate -s %4096 $@
$(B)/arch/x86_64/vdso/image.asm.o: $(B)/gen/vdso.img

# ---- objects and image ----
# Written anew only when the flags or the set of objects change, so that what depends on them is made again then.
ALL_FLAGS = $(CFLAGS) $(SANITIZERS) $(LDFLAGS) $(CORE_FLAGS) $(SELDOM)
$(B)/flags: .FORCE
	@mkdir -p $(@D)
	@echo '$(ALL_FLAGS)' | cmp -s - $@ || echo '$(ALL_FLAGS)' > $@
$(B)/objects: .FORCE
	@mkdir -p $(@D)
	@echo '$(OBJECTS)' | cmp -s - $@ || echo '$(OBJECTS)' > $@

$(CORE:%=$(B)/%/%.o): OPTIMIZE := $(CORE_FLAGS)
$(SELDOM:%=$(B)/%.o): OPTIMIZE := -Os
# Runs before there is a GS base.
$(B)/arch/x86_64/boot/%.o: CANARY := -fno-stack-protector

$(B)/%.o: %.c $(B)/flags | $(GENERATED)
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CFLAGS) $(OPTIMIZE) $(if $(filter $(UNCHECKED),$@),,$(SANITIZERS)) -MMD -MP -c $< -o $@
$(B)/gen/%.o: $(B)/gen/%.c $(B)/flags | $(GENERATED)
	@$(CC) $(CFLAGS) -MMD -MP -c $< -o $@
$(B)/%.asm.o: %.asm $(B)/gen/asm_offsets.inc
	@mkdir -p $(@D)
	@echo "  NASM $<"
	@nasm -f elf64 -g -F dwarf -I$(B)/gen/ -Iarch/x86_64/include/ -Iarch/x86_64/include/arch_x86/ \
		-MD $(@:.o=.d) -o $@ $<

# Two links: the second holds the symbol table made from the first, which does not move any code.
$(B)/first.elf: $(OBJECTS) $(B)/objects linker.ld
	@$(LD) $(LDFLAGS) -o $@ $(OBJECTS)
$(B)/gen/symbols.c: $(B)/first.elf tools/gen_symbols
	@tools/gen_symbols $< > $@
$(IMAGE): $(B)/first.elf $(B)/gen/symbols.o tools/check_code_pointers tools/check_init
	@echo "  LD $@"
	@$(LD) $(LDFLAGS) -o $@ $(OBJECTS) $(B)/gen/symbols.o
	@tools/check_code_pointers $@
	@tools/check_init $(OBJECTS)

$(INITRAMFS): tools/mk_initramfs $(shell find iso/rootfs 2>/dev/null)
	@tools/install_deps image
	@mkdir -p $(@D)
	@tools/mk_initramfs $@
$(ISO): $(IMAGE) $(INITRAMFS) tools/mk_iso iso/boot/grub/grub.cfg
	@tools/mk_iso $(IMAGE) $(INITRAMFS) $@
iso: $(ISO)
initramfs: $(INITRAMFS)

# First use installs what is missing.
$(O)/.deps-build:
	@tools/install_deps build
	@mkdir -p $(O) && touch $@
$(OBJECTS) $(GENERATED) $(B)/gen/syscall_table.c $(B)/gen/syscall_names.c $(B)/gen/asm_offsets.inc $(B)/gen/vdso.img: \
	| $(O)/.deps-build

QEMU := qemu-system-x86_64 -accel tcg -m 512M -smp 2 -no-reboot -nographic
ifdef WINDOW
run: $(ISO)
	@tools/install_deps run $(if $(filter gtk sdl,$(WINDOW)),window)
	$(filter-out -nographic,$(QEMU)) -vga std -display $(WINDOW) -serial stdio -cdrom $(ISO)
else
run: $(IMAGE) $(INITRAMFS)
	@tools/install_deps run
	$(QEMU) -kernel $(IMAGE) -initrd $(INITRAMFS) -append "console=ttyS0"
endif
screenshot: $(ISO)
	@tools/install_deps run test
	@mkdir -p docs
	@tools/screenshot tests/boot/screen.png
run-debian: $(IMAGE)
	@tools/install_deps image run
	@tools/mk_debian tests/debian/packages $(O)/debian/debian.cpio.gz
	$(QEMU) -m 2G -kernel $(IMAGE) -initrd $(O)/debian/debian.cpio.gz -append "console=ttyS0"
DEBUG_QEMU = @tools/install_deps run debug && tools/debug --build $(O)
debug: $(IMAGE) $(INITRAMFS)
	$(DEBUG_QEMU) run $(IMAGE) $(INITRAMFS)
record: $(IMAGE) $(INITRAMFS)
	$(DEBUG_QEMU) record $(IMAGE) $(INITRAMFS)
# The image must be the recorded one: nothing is built.
replay:
	$(DEBUG_QEMU) replay $(IMAGE) $(INITRAMFS)

-include tests/host/host.mk tests/fuzz/fuzz.mk tests/user/user.mk tests/fuzz_syscalls/fuzz_syscalls.mk

test: $(IMAGE) $(INITRAMFS)
	@tests/run_all
soak: $(IMAGE) $(INITRAMFS)
	@tests/run_all --soak
bench: $(IMAGE)
	@tests/run_bench
bench-scale: $(IMAGE)
	@tests/run_bench --scale

size: $(IMAGE)
	@tools/core_size $(B) $(IMAGE) $(CORE)

SPARSE_FLAGS := -Wno-unknown-attribute -Wno-non-pointer-null -Wcontext -D__CHECKER__ -m64
CHECKED := $(shell git ls-files '*.c' '*.h' 2>/dev/null)
check: $(GENERATED)
	@tools/install_deps check
	@clang-format --dry-run -Werror $(CHECKED)
	@tools/check_layers --headers --self-test
	@tools/check_init --self-test
	@for f in $(SOURCES); do sparse $(SPARSE_FLAGS) $(filter-out -Werror -fcf-protection=none $(CANARY),$(CFLAGS)) $$f; done 2>&1 | { ! grep -E "(warning|error):"; }
	@shellcheck $$(git ls-files | xargs grep -lE '^#!(/usr)?/bin/(env )?(ba)?sh')
	@echo 'check: 1 passed, 0 failed'

clean:
	rm -rf $(O)

-include $(OBJECTS:.o=.d) $(B)/gen/asm_offsets.d $(B)/gen/vdso.d
