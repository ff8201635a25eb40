/*
 * The vDSO: what is mapped, and that it says what system calls say.
 */
#include "row.h"

#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <sys/auxv.h>

static int (*v_clock_gettime)(clockid_t, struct timespec *);
static int (*v_clock_getres)(clockid_t, struct timespec *);
static int (*v_gettimeofday)(struct timeval *, struct timezone *);
static long (*v_time)(long *);
static long (*v_getcpu)(unsigned *, unsigned *, void *);

static char *image;

/* The address of an exported function, by walking the dynamic symbols (gABI, "Dynamic Section"). */
static void *symbol(const char *name)
{
	Elf64_Ehdr *head = (void *)image;
	Elf64_Phdr *segments = (void *)(image + head->e_phoff);
	Elf64_Dyn *dynamic = NULL;
	const Elf64_Sym *symbols = NULL;
	const char *strings = NULL;
	const Elf64_Word *hash = NULL;

	for (int i = 0; i < head->e_phnum; i++)
		if (segments[i].p_type == PT_DYNAMIC)
			dynamic = (void *)(image + segments[i].p_offset);
	for (; dynamic && dynamic->d_tag; dynamic++) {
		char *at = image + (dynamic->d_un.d_ptr & (64 * PAGE - 1));

		if (dynamic->d_tag == DT_SYMTAB)
			symbols = (void *)at;
		if (dynamic->d_tag == DT_STRTAB)
			strings = at;
		if (dynamic->d_tag == DT_HASH)
			hash = (void *)at;
	}
	for (unsigned i = 0; symbols && strings && hash && i < hash[1]; i++)
		if (!strcmp(strings + symbols[i].st_name, name))
			return image + symbols[i].st_value;
	return NULL;
}

static void group_image(void)
{
	static const char *const names[] = { "__vdso_clock_gettime",
					     "__vdso_gettimeofday",
					     "__vdso_time",
					     "__vdso_getcpu",
					     "__vdso_clock_getres",
					     "clock_gettime",
					     "gettimeofday",
					     "time",
					     "getcpu",
					     "clock_getres" };
	Elf64_Ehdr *head = (void *)image;

	ROW_TRUE("page_aligned", ((unsigned long)image & (PAGE - 1)) == 0);
	ROW_TRUE("elf", !memcmp(head->e_ident, ELFMAG, SELFMAG));
	ROW("class", head->e_ident[EI_CLASS], ELFCLASS64);
	ROW("type", head->e_type, ET_DYN);
	ROW("machine", head->e_machine, EM_X86_64);
	for (unsigned i = 0; i < LENGTH(names); i++)
		ROW_TRUE(named("has.%s", names[i]), symbol(names[i]) != NULL);
	ROW_TRUE("no.sgx", symbol("nothing") == NULL);
}

static int64_t ns(const struct timespec *ts)
{
	return ts->tv_sec * 1000000000ll + ts->tv_nsec;
}

static void group_clocks(void)
{
	static const struct {
		clockid_t id;
		const char *name;
	} clocks[] = {
		{ CLOCK_REALTIME, "realtime" },
		{ CLOCK_MONOTONIC, "monotonic" },
		{ CLOCK_MONOTONIC_RAW, "raw" },
		{ CLOCK_BOOTTIME, "boottime" },
		{ CLOCK_TAI, "tai" },
		{ CLOCK_REALTIME_COARSE, "realtime_coarse" },
		{ CLOCK_MONOTONIC_COARSE, "monotonic_coarse" },
		{ CLOCK_PROCESS_CPUTIME_ID, "process_cpu" },
		{ CLOCK_THREAD_CPUTIME_ID, "thread_cpu" },
	};

	for (unsigned i = 0; i < LENGTH(clocks); i++) {
		struct timespec before, between, after, res, same;
		bool inside = true, valid = true;

		for (int turn = 0; turn < 1000; turn++) {
			sys(SYS_clock_gettime, clocks[i].id, &before);
			MUST(v_clock_gettime(clocks[i].id, &between));
			sys(SYS_clock_gettime, clocks[i].id, &after);
			inside &= ns(&before) <= ns(&between) && ns(&between) <= ns(&after);
			valid &= between.tv_nsec >= 0 && between.tv_nsec < 1000000000;
		}
		ROW_TRUE(named("%s.between", clocks[i].name), inside);
		ROW_TRUE(named("%s.valid", clocks[i].name), valid);
		ROW(named("%s.getres", clocks[i].name), v_clock_getres(clocks[i].id, &res), 0);
		sys(SYS_clock_getres, clocks[i].id, &same);
		ROW_TRUE(named("%s.getres_same", clocks[i].name), ns(&res) == ns(&same));
		ROW(named("%s.getres_null", clocks[i].name), v_clock_getres(clocks[i].id, NULL), 0);
	}
	struct timespec ts;

	ROW("bad_clock", v_clock_gettime(99, &ts), -EINVAL);
	ROW("bad_res", v_clock_getres(99, &ts), -EINVAL);
	ROW("negative", v_clock_gettime(-1, &ts), -EINVAL);
}

static void group_old_calls(void)
{
	struct timeval before, between, after;
	struct timezone zone = { 99, 99 };
	bool inside = true;
	long seconds, now;

	for (int turn = 0; turn < 1000; turn++) {
		sys(SYS_gettimeofday, &before, NULL);
		MUST(v_gettimeofday(&between, NULL));
		sys(SYS_gettimeofday, &after, NULL);
		inside &= !timercmp(&between, &before, <) && !timercmp(&after, &between, <);
	}
	ROW_TRUE("gettimeofday.between", inside);
	ROW("gettimeofday.zone", v_gettimeofday(NULL, &zone), 0);
	ROW_TRUE("gettimeofday.zone_written", zone.tz_minuteswest == 0 && zone.tz_dsttime == 0);
	ROW("gettimeofday.nothing", v_gettimeofday(NULL, NULL), 0);
	seconds = v_time(&now);
	ROW_TRUE("time.same", seconds == now);
	ROW_TRUE("time.now", now - sys(SYS_time, NULL) + 1 <= 1);
	ROW_TRUE("time.null", v_time(NULL) >= seconds);
}

static void group_getcpu(void)
{
	unsigned cpus = sysconf(_SC_NPROCESSORS_ONLN);
	bool right = true;

	for (unsigned i = 0; i < cpus; i++) {
		cpu_set_t set;
		unsigned cpu = 99, node = 99, real = 98;

		CPU_ZERO(&set);
		CPU_SET(i, &set);
		MUST(sys(SYS_sched_setaffinity, 0, sizeof(set), &set));
		MUST(sys(SYS_getcpu, NULL, &real, NULL));
		right &= v_getcpu(&cpu, &node, NULL) == 0 && cpu == i && node == real;
	}
	ROW_TRUE("each_cpu", right);
	ROW("null", v_getcpu(NULL, NULL, NULL), 0);
}

/* ---- time does not go back, whichever CPU reads it ---- */

static int64_t latest;
static bool went_back;

static void *reader(__attribute__((unused)) void *arg)
{
	for (int i = 0; i < 20000; i++) {
		int64_t seen = __atomic_load_n(&latest, __ATOMIC_ACQUIRE);
		struct timespec ts;

		v_clock_gettime(CLOCK_MONOTONIC, &ts);
		if (ns(&ts) < seen)
			went_back = true;
		while (seen < ns(&ts) &&
		       !__atomic_compare_exchange_n(&latest, &seen, ns(&ts), false,
						    __ATOMIC_RELEASE, __ATOMIC_ACQUIRE))
			;
	}
	return NULL;
}

static void group_monotonic(void)
{
	pthread_t threads[4];

	for (unsigned i = 0; i < LENGTH(threads); i++)
		MUST(-pthread_create(&threads[i], NULL, reader, NULL));
	for (unsigned i = 0; i < LENGTH(threads); i++)
		pthread_join(threads[i], NULL);
	ROW_TRUE("never_back", !went_back);
}

static void group_set(void)
{
	struct timespec now, ts;

	sys(SYS_clock_gettime, CLOCK_REALTIME, &now);
	ts = (struct timespec){ now.tv_sec + 100000, 0 };
	ROW("ahead", sys(SYS_clock_settime, CLOCK_REALTIME, &ts), 0);
	v_clock_gettime(CLOCK_REALTIME, &ts);
	ROW_TRUE("seen_at_once",
		 ts.tv_sec - now.tv_sec >= 100000 && ts.tv_sec - now.tv_sec < 100060);
	v_clock_gettime(CLOCK_REALTIME_COARSE, &ts);
	ROW_TRUE("seen_by_coarse", ts.tv_sec - now.tv_sec >= 100000);
	ROW("back", sys(SYS_clock_settime, CLOCK_REALTIME, &now), 0);
	v_clock_gettime(CLOCK_REALTIME, &ts);
	ROW_TRUE("back_seen", ts.tv_sec - now.tv_sec < 60);
}

/* ---- the mapping ---- */

/* The line of /proc/self/maps with that name. */
static bool area(const char *name, unsigned long *start, unsigned long *end, char flags[5])
{
	static char text[65536];

	slurp("/proc/self/maps", text, sizeof(text));
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (strstr(line, name))
			return sscanf(line, "%lx-%lx %4s", start, end, flags) == 3;
	return false;
}

static void group_mapping(void)
{
	unsigned long start, end, data, data_end;
	char flags[5];

	ROW_TRUE("named", area("[vdso]", &start, &end, flags));
	ROW_TRUE("where_auxv_says", start == (unsigned long)image);
	ROW("flags", strcmp(flags, "r-xp"), 0);
	ROW_TRUE("data_named", area("[vvar]", &data, &data_end, flags));
	ROW("data_flags", strcmp(flags, "r--p"), 0);
	ROW_TRUE("data_before", data_end == start);
	ROW("data_not_writable", sys(SYS_mprotect, data, data_end - data, PROT_READ | PROT_WRITE),
	    -EACCES);
	ROW("write_dies", CHILD(*(volatile char *)image = 1), KILLED(SIGSEGV));

	/* A debugger's break point: the child's own copy. */
	ROW("own_copy",
	    CHILD(MUST(sys(SYS_mprotect, image, end - start, PROT_READ | PROT_WRITE | PROT_EXEC));
		  *(volatile char *)(image + 8) = 0x55; _exit(*(volatile char *)(image + 8))),
	    EXITED(0x55));
	ROW_TRUE("others_unchanged", image[8] != 0x55);
	ROW("after_fork", CHILD(struct timespec ts; _exit(v_clock_gettime(CLOCK_MONOTONIC, &ts))),
	    EXITED(0));
	ROW("grow", sys(SYS_mremap, image, end - start, end - start + PAGE, MREMAP_MAYMOVE),
	    -EFAULT);
	ROW("unmap", CHILD(_exit(sys(SYS_munmap, image, end - start))), EXITED(0));
	CHILD(long to = (long)mmap(NULL, end - data, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	      struct timespec ts; MUST(sys(SYS_mremap, data, data_end - data, data_end - data,
					   MREMAP_MAYMOVE | MREMAP_FIXED, to));
	      ROW("moved",
		  sys(SYS_mremap, start, end - start, end - start, MREMAP_MAYMOVE | MREMAP_FIXED,
		      to + (start - data)),
		  to + (start - data));
	      image = (char *)to + (start - data); v_clock_gettime = symbol("__vdso_clock_gettime");
	      ROW("moved_works", v_clock_gettime(CLOCK_MONOTONIC, &ts), 0));
}

static void group_random(void)
{
	char seen[4][32];
	bool differs = false;

	for (unsigned i = 0; i < LENGTH(seen); i++) {
		int fds[2];

		MUST(pipe(fds));
		pid_t pid =
			SPAWN(dup2(fds[1], 1); execl("/proc/self/exe", "vdso", "address", NULL));
		close(fds[1]);
		ssize_t n = read(fds[0], seen[i], sizeof(seen[i]) - 1);
		seen[i][n > 0 ? n : 0] = 0;
		close(fds[0]);
		wait_status(pid);
		differs |= i && strcmp(seen[i], seen[0]);
	}
	ROW_TRUE("read", strlen(seen[0]) > 4);
	ROW_TRUE("differs", differs);
}

int main(int argc, char **argv)
{
	image = (char *)getauxval(AT_SYSINFO_EHDR);
	if (argc > 1 && !strcmp(argv[1], "address"))
		return dprintf(1, "%p", image) < 0;
	begin(argc, argv, "vdso");
	if (!image) {
		row("AT_SYSINFO_EHDR", 0, 1);
		return finish();
	}
	v_clock_gettime = symbol("__vdso_clock_gettime");
	v_clock_getres = symbol("__vdso_clock_getres");
	v_gettimeofday = symbol("__vdso_gettimeofday");
	v_time = symbol("__vdso_time");
	v_getcpu = symbol("__vdso_getcpu");
	GROUP(group_image);
	GROUP(group_clocks);
	GROUP(group_old_calls);
	GROUP(group_getcpu);
	GROUP(group_monotonic);
	GROUP_ALONE(group_set);
	GROUP(group_mapping);
	GROUP(group_random);
	return finish();
}
