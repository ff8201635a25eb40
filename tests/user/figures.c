/*
 * What the kernel tells of itself in /proc: its memory, frames, timers, and where interrupts go.
 */
#include "row.h"

#define KPF_MMAP (1ul << 11)
#define KPF_ANON (1ul << 12)
#define PAGEMAP_FRAME ((1ul << 55) - 1)
#define TEXT_SIZE (256 << 10)

static char text[TEXT_SIZE];

static mode_t mode_of(const char *path)
{
	struct stat st = { 0 };

	stat(path, &st);
	return st.st_mode & 07777;
}

/* The number behind a name at the begin of a line of text; -1: there is no such line. */
static long figure(const char *name)
{
	const char *at = text;
	size_t len = strlen(name);

	while (at && strncmp(at, name, len)) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	return at ? atol(at + len) : -1;
}

static void group_memory(void)
{
	static const char *const lines[] = { "KReclaimable:", "KernelStack:",  "PageTables:",
					     "NFS_Unstable:", "Bounce:",       "WritebackTmp:",
					     "VmallocUsed:",  "VmallocChunk:", "Percpu:" };
	long mapped;

	slurp("/proc/meminfo", text, sizeof(text));
	for (size_t i = 0; i < LENGTH(lines); i++)
		ROW_TRUE(named("%s", lines[i]), figure(lines[i]) >= 0);
	ROW_TRUE("vmalloc", figure("VmallocTotal:") > figure("VmallocUsed:"));
	ROW_TRUE("vmalloc_used", figure("VmallocUsed:") > 0);
	ROW_TRUE("percpu", figure("Percpu:") > 0);
	mapped = figure("DirectMap4k:") + figure("DirectMap2M:") +
		 (figure("DirectMap1G:") > 0 ? figure("DirectMap1G:") : 0);
	ROW_TRUE("direct_map", mapped >= figure("MemTotal:"));
}

static void group_events(void)
{
	static const char *const lines[] = {
		"nr_free_pages ", "nr_active_anon ", "nr_inactive_anon ", "nr_mlock ",
		"nr_dirty ",	  "nr_writeback ",   "pgpgin ",		  "pgpgout ",
		"pswpin ",	  "pswpout ",	     "pgmajfault "
	};
	long before;
	char *pages;

	slurp("/proc/vmstat", text, sizeof(text));
	for (size_t i = 0; i < LENGTH(lines); i++)
		ROW_TRUE(named("%.*s", (int)strlen(lines[i]) - 1, lines[i]), figure(lines[i]) >= 0);
	before = figure("pgfault ");
	pages = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 8; i++)
		pages[i * PAGE] = 1;
	slurp("/proc/vmstat", text, sizeof(text));
	ROW_TRUE("faults", figure("pgfault ") >= before + 8);
}

/* A word of a file of words. */
static uint64_t word_of(const char *name, uint64_t index)
{
	int fd = MUST(open(name, O_RDONLY));
	uint64_t word = UINT64_MAX;

	if (pread(fd, &word, sizeof(word), (off_t)(index * sizeof(word))) != sizeof(word))
		word = UINT64_MAX;
	close(fd);
	return word;
}

static void group_frames(void)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t frame, flags, word;
	int fd;

	page[0] = 1;
	frame = word_of("/proc/self/pagemap", (uint64_t)page / PAGE) & PAGEMAP_FRAME;
	ROW_TRUE("frame", frame > 0);
	ROW("mapped_once", word_of("/proc/kpagecount", frame), 1);
	flags = word_of("/proc/kpageflags", frame);
	ROW("anonymous", flags & (KPF_ANON | KPF_MMAP), KPF_ANON | KPF_MMAP);
	pid_t pid = SPAWN(pause());
	ROW_TRUE("mapped_twice", EVENTUALLY(word_of("/proc/kpagecount", frame) == 2));
	kill(pid, SIGKILL);
	wait_status(pid);
	ROW_TRUE("mapped_once_again", EVENTUALLY(word_of("/proc/kpagecount", frame) == 1));
	fd = MUST(open("/proc/kpagecount", O_RDONLY));
	ROW("part", sys(SYS_pread64, fd, &word, 4, 0), -EINVAL);
	ROW("between", sys(SYS_pread64, fd, &word, 8, 4), -EINVAL);
	ROW("nothing", sys(SYS_pread64, fd, &word, 0, 0), 0);
	ROW("end", sys(SYS_pread64, fd, &word, 8, 1l << 50), 0);
	ROW("mode", mode_of("/proc/kpagecount"), 0400);
	ROW("mode_flags", mode_of("/proc/kpageflags"), 0400);
	ROW_AS(USER, "user", sys(SYS_open, "/proc/kpagecount", O_RDONLY), -EACCES);
}

static void group_timers(void)
{
	ROW("mode", mode_of("/proc/timer_list"), 0400);
	ROW_AS(USER, "user", sys(SYS_open, "/proc/timer_list", O_RDONLY), -EACCES);
	slurp("/proc/timer_list", text, sizeof(text));
	ROW_TRUE("version", !strncmp(text, "Timer List Version: v0.", 23));
	ROW_TRUE("now", strstr(text, "\nnow at "));
	ROW_TRUE("cpu", strstr(text, "\ncpu: 0\n"));
	ROW_TRUE("active", strstr(text, "\nactive timers:\n #0: "));
	ROW_TRUE("expires", strstr(text, " # expires at "));
	ROW_TRUE("hashed", !strstr(text, "<ffff"));
}

static void group_mappings(void)
{
	unsigned long from, to;
	long size;

	ROW("mode", mode_of("/proc/vmallocinfo"), 0400);
	ROW_AS(USER, "user", sys(SYS_open, "/proc/vmallocinfo", O_RDONLY), -EACCES);
	slurp("/proc/vmallocinfo", text, sizeof(text));
	ROW("line", sscanf(text, "0x%lx-0x%lx %ld ", &from, &to, &size), 3);
	ROW("whole_pages", size % PAGE, 0);
	ROW_TRUE("memory", strstr(text, " vmalloc"));
	ROW_TRUE("device", strstr(text, " ioremap"));
	ROW_TRUE("pages", strstr(text, " pages="));
	ROW_TRUE("hashed", !strstr(text, "0xffff"));
}

/* The serial port's line, by its name. */
static int serial_line(void)
{
	int line = -1, nr;
	char *at;

	slurp("/proc/interrupts", text, sizeof(text));
	for (at = strtok(text, "\n"); at; at = strtok(NULL, "\n"))
		if (strstr(at, "ttyS0") && sscanf(at, " %d:", &nr) == 1)
			line = nr;
	return line;
}

static const char *of_line(const char *what)
{
	static int line;

	if (!line)
		line = serial_line();
	return named("/proc/irq/%d/%s", line, what);
}

static long put(const char *path, const char *value)
{
	int fd = MUST(open(path, O_WRONLY));
	long r = sys(SYS_write, fd, value, strlen(value));

	close(fd);
	return r < 0 ? r : 0;
}

static bool holds(const char *path, const char *value)
{
	char got[64];

	return slurp(path, got, sizeof(got)) > 0 && !strcmp(got, value);
}

static void group_interrupts(void)
{
	char before[64];

	take_turns("irq", LOCK_EX);
	MUST(slurp(of_line("smp_affinity"), before, sizeof(before)));
	ROW("mode", mode_of(of_line("smp_affinity")), 0644);
	ROW("mode_effective", mode_of(of_line("effective_affinity")), 0444);
	ROW_TRUE("handler", S_ISDIR(({
			 struct stat st = { 0 };
			 stat(of_line("ttyS0"), &st);
			 st.st_mode;
		 })));
	ROW("first", put(of_line("smp_affinity"), "1"), 0);
	ROW_TRUE("first_kept", holds(of_line("smp_affinity"), "1\n"));
	ROW_TRUE("first_list", holds(of_line("smp_affinity_list"), "0\n"));
	ROW("none", put(of_line("smp_affinity"), "0"), -EINVAL);
	ROW("word", put(of_line("smp_affinity"), "x"), -EINVAL);
	ROW("beyond", put(of_line("smp_affinity"), "100000000"), -EOVERFLOW);
	ROW("list_beyond", put(of_line("smp_affinity_list"), "1000"), -ERANGE);
	ROW("list_word", put(of_line("smp_affinity_list"), "0,x"), -EINVAL);
	ROW("list_backwards", put(of_line("smp_affinity_list"), "1-0"), -EINVAL);
	ROW("list", put(of_line("smp_affinity_list"), "0"), 0);
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1) {
		ROW("second", put(of_line("smp_affinity"), "2"), 0);
		ROW_TRUE("second_kept", holds(of_line("smp_affinity"), "2\n"));
		/* The lines of these rows make it interrupt. */
		ROW_TRUE("second_effective",
			 EVENTUALLY(holds(of_line("effective_affinity"), "2\n")));
		ROW_TRUE("second_list", holds(of_line("effective_affinity_list"), "1\n"));
	}
	ROW("back", put(of_line("smp_affinity"), before), 0);
	ROW_AS(USER, "user", sys(SYS_open, of_line("smp_affinity"), O_WRONLY), -EACCES);
}

static void group_rest(void)
{
	ROW("schedule", mode_of("/proc/self/sched"), 0644);
	ROW("schedule_write", put("/proc/self/sched", "0"), 0);
	ROW("misc", mode_of("/proc/misc"), 0444);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "figures");
	GROUP(group_memory);
	GROUP(group_events);
	GROUP(group_frames);
	GROUP(group_timers);
	GROUP(group_mappings);
	GROUP_ALONE(group_interrupts);
	GROUP(group_rest);
	return finish();
}
