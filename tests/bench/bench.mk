# The benchmark program: one static file, the same for every kernel.

BENCH_SOURCES := $(wildcard tests/bench/*.c)
BENCH_CFLAGS := -std=gnu17 -D_GNU_SOURCE -static -O2 -g0 -Wall -Wextra -Werror -Wno-missing-field-initializers -Wno-unused-parameter \
	-fno-pie -no-pie -pthread

$(O)/tests/bench: $(BENCH_SOURCES) tests/bench/bench.h tests/bench/bench.mk
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -o $@ $(BENCH_SOURCES)
