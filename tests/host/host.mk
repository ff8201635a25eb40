# Host unit tests: each tests/host/test_NAME.c is linked with the real sources that its "// sources:" line names,
# against the fake architecture of tests/host/fake, under ASan and UBSan. A source written NAME.c:kernel is compiled
# exactly as for the kernel and its symbols get the prefix kernel_, so that it can stand beside libc's.
#
#	make host-test		builds and runs all; make host-test HOST_ONLY="rbtree xarray" some
#	make coverage		line coverage of what the tests ran through

HOST_B := $(O)/host
HOST_TESTS := $(patsubst tests/host/test_%.c,%,$(wildcard tests/host/test_*.c))
HOST_ONLY ?= $(HOST_TESTS)
HOST_FAKES := $(wildcard tests/host/fake/*.c)
HOST_CFLAGS := -std=gnu17 -D_GNU_SOURCE -DCONFIG_HOST -DCONFIG_DEBUG -g -O2 -fno-strict-aliasing \
	-fwrapv -fno-common -fno-omit-frame-pointer -fno-builtin-printf -Wall -Wextra -Werror \
	-Wno-unused-parameter -Wno-missing-field-initializers -Iinclude -Itests/host -I. \
	-Iarch/x86_64/include -include tests/host/fake/libc.h
HOST_SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=all
HOST_LIBS := -lcmocka -lz -lpthread

.PHONY: host-test host-build coverage
host-build: $(HOST_ONLY:%=$(HOST_B)/test_%)
host-test: host-build
	@tests/run_host $(HOST_ONLY:%=$(HOST_B)/test_%)

host_sources = $(shell sed -n 's|^// sources:||p' tests/host/test_$(1).c)
host_plain = $(filter-out %:kernel,$(1))
host_kernel = $(patsubst %:kernel,%,$(filter %:kernel,$(1)))
# $(1) build folder, $(2) test, $(3) sources, $(4) instrumentation
define HOST_TEST
$(1)/test_$(2): $(patsubst %.c,$(1)/obj/%.o,tests/host/test_$(2).c $(call host_plain,$(3)) $(HOST_FAKES)) \
		$(patsubst %.c,$(HOST_B)/kernel/%.o,$(call host_kernel,$(3)))
	@echo "  HOST $$(@F)"
	@$$(CC) $(4) -o $$@ $$^ $$(HOST_LIBS)
endef
$(foreach t,$(HOST_TESTS),$(eval $(call HOST_TEST,$(HOST_B),$(t),$(call host_sources,$(t)),$(HOST_SANITIZERS))))

%/tests/host/test_ring.o %/tests/host/fake/parallel.o: HOST_CFLAGS += -DHOST_LIBC_TIME

$(HOST_B)/obj/%.o: %.c tests/host/host.mk | $(GENERATED)
	@mkdir -p $(@D)
	@$(CC) $(HOST_CFLAGS) $(HOST_SANITIZERS) -I$(B)/gen -MMD -MP -c $< -o $@
$(HOST_B)/kernel/%.o: %.c tests/host/host.mk
	@mkdir -p $(@D)
	@$(CC) $(filter-out $(CANARY),$(CFLAGS)) -fno-stack-protector -MMD -MP -c $< -o $@
	@objcopy --prefix-symbols=kernel_ $@

# Lines of the buddy and slab allocators that their tests ran through; below 95 % it fails.
HOST_COV := $(O)/host-coverage
HOST_COV_TESTS := page slab
$(foreach t,$(HOST_COV_TESTS),$(eval $(call HOST_TEST,$(HOST_COV),$(t),$(call host_sources,$(t)),--coverage)))
$(HOST_COV)/obj/%.o: %.c tests/host/host.mk | $(GENERATED)
	@mkdir -p $(@D)
	@$(CC) $(filter-out -O2,$(HOST_CFLAGS)) -Og --coverage -fprofile-update=atomic -I$(B)/gen -MMD -MP -c $< -o $@
coverage: $(HOST_COV_TESTS:%=$(HOST_COV)/test_%)
	@find $(HOST_COV) -name '*.gcda' -delete
	@tests/run_host $^
	@gcovr --root . --filter 'mm/page/buddy.c' --filter 'mm/slab/' --fail-under-line 95 $(HOST_COV)

-include $(shell find $(HOST_B) $(HOST_COV) -name '*.d' 2>/dev/null)
