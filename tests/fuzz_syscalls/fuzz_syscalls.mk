# The system call fuzzer: $(O)/user/sysfuzz, a static program that rests on the ABI and on syscalls.tbl.

SYSFUZZ_SOURCES := $(wildcard tests/fuzz_syscalls/*.c)
SYSFUZZ_OBJECTS := $(SYSFUZZ_SOURCES:tests/fuzz_syscalls/%.c=$(O)/fuzz_syscalls/%.o)
# No thread-local storage: the calls that are tried may change FS, which also holds the stack protector's value.
SYSFUZZ_CFLAGS := -std=gnu17 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter -Wno-nonnull -fno-pie \
	-fno-stack-protector -I$(O)/fuzz_syscalls

$(O)/fuzz_syscalls/syscall_args.h: kernel/syscall/syscalls.tbl tools/gen_syscalls
	@mkdir -p $(@D)
	@tools/gen_syscalls args $< > $@
$(O)/fuzz_syscalls/%.o: tests/fuzz_syscalls/%.c tests/fuzz_syscalls/fuzz_syscalls.mk | $(O)/fuzz_syscalls/syscall_args.h
	@mkdir -p $(@D)
	$(CC) $(SYSFUZZ_CFLAGS) -MMD -MP -c -o $@ $<
$(O)/user/sysfuzz: $(SYSFUZZ_OBJECTS)
	@mkdir -p $(@D)
	$(CC) -static -no-pie -o $@ $^

-include $(SYSFUZZ_OBJECTS:.o=.d)
