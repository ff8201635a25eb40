# Fuzz targets: each tests/fuzz/fuzz_NAME.c is linked with the real sources that its "// sources:" lines name and with the
# fake architecture of the host tests, under libFuzzer, ASan and UBSan.
#
#	make fuzz-test			runs each for FUZZ_SECONDS, two at a time
#	make fuzz-test FUZZ_ONLY=elf FUZZ_SECONDS=3600
#
# What libFuzzer finds stays in $(O)/fuzz/corpus/NAME and is where the next run begins.

FUZZ_B := $(O)/fuzz
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_ONLY ?= $(FUZZ_TARGETS)
FUZZ_SECONDS ?= 20
FUZZ_CC := clang
FUZZ_FLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -O1

.PHONY: fuzz-build fuzz-test
fuzz-build: $(FUZZ_ONLY:%=$(FUZZ_B)/fuzz_%)
fuzz-test: fuzz-build
	@tests/run_fuzz $(FUZZ_SECONDS) $(FUZZ_ONLY:%=$(FUZZ_B)/fuzz_%)

fuzz_sources = $(shell sed -n 's|^// sources:||p' tests/fuzz/fuzz_$(1).c)
define FUZZ_TARGET
$(FUZZ_B)/fuzz_$(1): $(patsubst %.c,$(FUZZ_B)/obj/%.o,tests/fuzz/fuzz_$(1).c $(2) $(HOST_FAKES))
	@echo "  FUZZ $$(@F)"
	@$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $$@ $$^ -lpthread
endef
$(foreach t,$(FUZZ_TARGETS),$(eval $(call FUZZ_TARGET,$(t),$(call fuzz_sources,$(t)))))

$(FUZZ_B)/obj/%.o: %.c tests/fuzz/fuzz.mk tests/host/host.mk | $(GENERATED)
	@mkdir -p $(@D)
	@$(FUZZ_CC) $(filter-out -O2,$(HOST_CFLAGS)) $(FUZZ_FLAGS) -Wno-unknown-warning-option \
		-I$(B)/gen -MMD -MP -c $< -o $@

-include $(shell find $(FUZZ_B)/obj -name '*.d' 2>/dev/null)
