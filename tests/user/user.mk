# The user-space tests: each tests/user/NAME.c becomes the static program $(O)/user/NAME.
# They are built with the host's libc and rest on the ABI alone, so the same file runs on Linux.

USER_SOURCES := $(wildcard tests/user/*.c)
USER_PROGRAMS := $(USER_SOURCES:tests/user/%.c=$(O)/user/%)
USER_CFLAGS := -std=gnu17 -D_GNU_SOURCE -static -O2 -g0 -Wall -Wextra -Werror -pthread -fno-pie -no-pie \
	-Wno-unused-function -Wno-nonnull -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds

.PHONY: user-tests
user-tests: $(USER_PROGRAMS)

$(O)/user/%: tests/user/%.c tests/user/user.mk
	@mkdir -p $(@D)
	$(CC) $(USER_CFLAGS) -MMD -MP -MF $(@).d -o $@ $<

-include $(USER_PROGRAMS:%=%.d)
