/* perf_event_open: software's events, counted and sampled. */
#include <libgen.h>
#include <linux/perf_event.h>

#include "row.h"

#define RING_PAGES 8
#define FUTURE 200 /* bytes of a structure from the future */

static volatile unsigned long sum;

static struct perf_event_attr attr_of(uint64_t config)
{
	return (struct perf_event_attr){ .type = PERF_TYPE_SOFTWARE,
					 .size = sizeof(struct perf_event_attr),
					 .config = config };
}

static long perf_open(struct perf_event_attr *attr, pid_t pid, int cpu, int group,
		      unsigned long flags)
{
	return sys(SYS_perf_event_open, attr, pid, cpu, group, flags);
}

static int event(uint64_t config)
{
	struct perf_event_attr attr = attr_of(config);

	return (int)perf_open(&attr, 0, -1, -1, 0);
}

static uint64_t count_of(int fd)
{
	uint64_t value = 0;

	return read(fd, &value, 8) == 8 ? value : ~0ull;
}

static void touch_pages(int n)
{
	char *at = mmap(NULL, (size_t)n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);

	for (int i = 0; i < n; i++)
		at[i * PAGE] = 1;
	munmap(at, (size_t)n * PAGE);
}

/* So much CPU time of this thread. */
static void burn(int ms)
{
	struct timespec begin, now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
	do {
		for (int i = 0; i < 10000; i++)
			sum += (unsigned long)i;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	} while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < ms);
}

static void group_open(void)
{
	struct perf_event_attr attr = attr_of(PERF_COUNT_SW_TASK_CLOCK);
	struct {
		struct perf_event_attr attr;
		char rest[FUTURE];
	} longer = { .attr = attr };
	struct perf_event_attr wrong = attr;

	ROW("works", perf_open(&attr, 0, -1, -1, 0) >= 0, 1);
	ROW("on a CPU", perf_open(&attr, 0, 0, -1, 0) >= 0, 1);
	ROW("of a CPU", perf_open(&attr, -1, 0, -1, 0) >= 0, 1);
	ROW("of nothing", perf_open(&attr, -1, -1, -1, 0), -EINVAL);
	ROW("no such thread", perf_open(&attr, 999999, -1, -1, 0), -ESRCH);
	ROW("no such group", perf_open(&attr, 0, -1, 800, 0), -EBADF);
	ROW("flags", perf_open(&attr, 0, -1, -1, 0x100), -EINVAL);
	ROW("no attr", perf_open(NULL, 0, -1, -1, 0), -EFAULT);
	ROW("attr over the edge", perf_open((void *)(edge - 4), 0, -1, -1, 0), -EFAULT);
	wrong.config = 99;
	ROW("no such event", perf_open(&wrong, 0, -1, -1, 0), -ENOENT);
	wrong = attr;
	wrong.size = 0;
	ROW("size 0 is the first version", perf_open(&wrong, 0, -1, -1, 0) >= 0, 1);
	wrong.size = 63;
	ROW("too small", perf_open(&wrong, 0, -1, -1, 0), -E2BIG);
	ROW("it tells its size", wrong.size >= 112, 1);
	longer.attr.size = sizeof(longer);
	ROW("longer, zero", perf_open(&longer.attr, 0, -1, -1, 0) >= 0, 1);
	longer.rest[FUTURE - 1] = 1;
	longer.attr.size = sizeof(longer);
	ROW("longer, not zero", perf_open(&longer.attr, 0, -1, -1, 0), -E2BIG);
	wrong = attr;
	wrong.read_format = 1 << 20;
	ROW("read_format", perf_open(&wrong, 0, -1, -1, 0), -EINVAL);
	int fd = (int)perf_open(&attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	ROW("close-on-exec", fcntl(fd, F_GETFD), FD_CLOEXEC);
}

static void group_count(void)
{
	int faults = event(PERF_COUNT_SW_PAGE_FAULTS), clock = event(PERF_COUNT_SW_TASK_CLOCK),
	    switches = event(PERF_COUNT_SW_CONTEXT_SWITCHES), dummy = event(PERF_COUNT_SW_DUMMY);
	uint64_t before = count_of(faults);

	touch_pages(50);
	ROW("page faults", count_of(faults) - before >= 50, 1);
	before = count_of(clock);
	burn(30);
	ROW("time", count_of(clock) - before >= 29000000, 1);
	before = count_of(switches);
	/* A sleep may be over before it began, on a loaded host. */
	for (int i = 0; i < 40; i++)
		usleep(1000);
	ROW("switches", count_of(switches) - before >= 20, 1);
	ROW("nothing", (long)count_of(dummy), 0);
	ROW("disable", sys(SYS_ioctl, faults, PERF_EVENT_IOC_DISABLE, 0), 0);
	before = count_of(faults);
	touch_pages(50);
	ROW("counts nothing now", (long)(count_of(faults) - before), 0);
	ROW("reset", sys(SYS_ioctl, faults, PERF_EVENT_IOC_RESET, 0), 0);
	ROW("is zero", (long)count_of(faults), 0);
	ROW("enable", sys(SYS_ioctl, faults, PERF_EVENT_IOC_ENABLE, 0), 0);
	touch_pages(50);
	ROW("counts again", count_of(faults) >= 50, 1);
	ROW("other ioctl", sys(SYS_ioctl, faults, 0x2499, 0), -ENOTTY);
	ROW("too short a read", sys(SYS_read, faults, edge - 8, 7), -ENOSPC);
	ROW("bad read", sys(SYS_read, faults, edge - 7, 8), -EFAULT);
	ROW("write", sys(SYS_write, faults, edge - 8, 8), -EINVAL);
	ROW("seek", sys(SYS_lseek, faults, 0, SEEK_SET), -ESPIPE);
}

static void group_formats(void)
{
	struct perf_event_attr attr = attr_of(PERF_COUNT_SW_PAGE_FAULTS);
	uint64_t values[8] = { 0 }, id = 0;

	attr.read_format =
		PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING | PERF_FORMAT_ID;
	int fd = (int)perf_open(&attr, 0, -1, -1, 0);
	touch_pages(10);
	burn(2);
	ROW("all", sys(SYS_read, fd, values, sizeof(values)), 32);
	ROW("count", values[0] >= 10, 1);
	ROW("time enabled", values[1] > 1000000, 1);
	ROW("running all that time", values[2] == values[1], 1);
	ROW("id", sys(SYS_ioctl, fd, PERF_EVENT_IOC_ID, &id), 0);
	ROW("the same", values[3] == id && id, 1);
	ROW("id to nowhere", sys(SYS_ioctl, fd, PERF_EVENT_IOC_ID, edge), -EFAULT);
}

static void group_inherit(void)
{
	struct perf_event_attr attr = attr_of(PERF_COUNT_SW_PAGE_FAULTS);

	int alone = (int)perf_open(&attr, 0, -1, -1, 0);
	attr.inherit = 1;
	int fd = (int)perf_open(&attr, 0, -1, -1, 0);
	if (!fork()) {
		touch_pages(300);
		_exit(0);
	}
	wait(NULL);
	ROW("the child's too", count_of(fd) >= 300, 1);
	ROW("or not", count_of(alone) < 300, 1);
}

/* Bytes that samples and other records leave in the ring, by type. */
static unsigned records[32];
static uint64_t sampled_pid, sampled_ip;

static void read_ring(struct perf_event_mmap_page *page, unsigned pages)
{
	char *data = (char *)page + page->data_offset;
	uint64_t size = (uint64_t)pages * PAGE,
		 head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);

	memset(records, 0, sizeof(records));
	for (uint64_t at = page->data_tail; at < head;) {
		struct perf_event_header *header = (void *)(data + at % size);

		if (header->type < LENGTH(records))
			records[header->type]++;
		if (header->type == PERF_RECORD_SAMPLE && at % size + 24 <= size) {
			memcpy(&sampled_ip, (char *)header + 8, 8);
			memcpy(&sampled_pid, (char *)header + 16, 8);
		}
		at += header->size;
		if (!header->size)
			break;
	}
	__atomic_store_n(&page->data_tail, head, __ATOMIC_RELEASE);
}

static void group_sample(void)
{
	struct perf_event_attr attr = attr_of(PERF_COUNT_SW_TASK_CLOCK);
	struct pollfd p;

	attr.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME;
	attr.sample_period = 2000000;
	attr.exclude_kernel = 1;
	attr.wakeup_events = 1;
	attr.comm = attr.mmap = attr.task = 1;
	int fd = (int)perf_open(&attr, 0, -1, -1, 0);
	p = (struct pollfd){ .fd = fd, .events = POLLIN };
	ROW("not mapped: hung up", poll(&p, 1, 0) == 1 && p.revents == POLLHUP, 1);
	ROW("three pages are no ring",
	    mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? -errno
											  : 0,
	    -EINVAL);
	ROW("private is none",
	    mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -errno
											   : 0,
	    -EINVAL);
	struct perf_event_mmap_page *page =
		mmap(NULL, (RING_PAGES + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ROW("mapped", page != MAP_FAILED, 1);
	if (page == MAP_FAILED)
		return;
	ROW("where the ring is", page->data_offset == PAGE && page->data_size == RING_PAGES * PAGE,
	    1);
	for (int i = 0; i < 100 && !records[PERF_RECORD_SAMPLE]; i++) {
		burn(20);
		if (poll(&p, 1, 0) == 1 && p.revents & POLLIN)
			read_ring(page, RING_PAGES);
	}
	ROW("samples", records[PERF_RECORD_SAMPLE] > 0, 1);
	ROW("of this process", (long)(uint32_t)sampled_pid, getpid());
	ROW("in user mode", sampled_ip < 1ull << 47, 1);
	ROW("disable", sys(SYS_ioctl, fd, PERF_EVENT_IOC_DISABLE, 0), 0);
	read_ring(page, RING_PAGES);
	burn(20);
	read_ring(page, RING_PAGES);
	ROW("no more samples", records[PERF_RECORD_SAMPLE], 0);
}

static void group_records(void)
{
	struct perf_event_attr attr = attr_of(PERF_COUNT_SW_DUMMY);

	attr.comm = attr.mmap = attr.mmap2 = attr.task = attr.sample_id_all = 1;
	attr.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME;
	int fd = (int)perf_open(&attr, 0, -1, -1, 0), exe = open("/proc/self/exe", O_RDONLY);
	struct perf_event_mmap_page *page =
		mmap(NULL, (RING_PAGES + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (page == MAP_FAILED) {
		ROW("mapped", -errno, 0);
		return;
	}
	sys(SYS_prctl, 15 /* PR_SET_NAME */, "another");
	munmap(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, exe, 0), PAGE);
	if (!fork())
		_exit(0);
	wait(NULL);
	read_ring(page, RING_PAGES);
	ROW("name", records[PERF_RECORD_COMM], 1);
	ROW("mapping", records[PERF_RECORD_MMAP2], 1);
	ROW("only one kind of it", records[PERF_RECORD_MMAP], 0);
	ROW("fork", records[PERF_RECORD_FORK], 1);
	ROW("no switch", records[PERF_RECORD_SWITCH], 0);
	close(fd);
	munmap(page, (RING_PAGES + 1) * PAGE);
	attr.context_switch = 1;
	fd = (int)perf_open(&attr, 0, -1, -1, 0);
	page = mmap(NULL, (RING_PAGES + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED) {
		ROW("mapped", -errno, 0);
		return;
	}
	for (int i = 0; i < 3; i++)
		sleep_ms(20);
	read_ring(page, RING_PAGES);
	ROW("switches", records[PERF_RECORD_SWITCH] >= 6, 1);
	ROW("none of a CPU", records[PERF_RECORD_SWITCH_CPU_WIDE], 0);
	close(fd);
	munmap(page, (RING_PAGES + 1) * PAGE);
	fd = (int)perf_open(&attr, -1, sched_getcpu(), -1, 0);
	page = mmap(NULL, (RING_PAGES + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED) {
		ROW("mapped of a CPU", -errno, 0);
		return;
	}
	for (int i = 0; i < 100 && !records[PERF_RECORD_SWITCH_CPU_WIDE]; i++) {
		sleep_ms(20);
		read_ring(page, RING_PAGES);
	}
	ROW("switches of a CPU", records[PERF_RECORD_SWITCH_CPU_WIDE] > 0, 1);
	ROW("none of a thread", records[PERF_RECORD_SWITCH], 0);
}

static void group_output(void)
{
	struct perf_event_attr attr = attr_of(PERF_COUNT_SW_PAGE_FAULTS);

	attr.sample_period = 1;
	attr.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID;
	int owner = event(PERF_COUNT_SW_DUMMY), fd = (int)perf_open(&attr, 0, -1, -1, 0);
	struct perf_event_mmap_page *page =
		mmap(NULL, (RING_PAGES + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, owner, 0);
	ROW("to it itself", sys(SYS_ioctl, fd, PERF_EVENT_IOC_SET_OUTPUT, fd), -EINVAL);
	ROW("to no event", sys(SYS_ioctl, fd, PERF_EVENT_IOC_SET_OUTPUT, 0), -EBADF);
	ROW("to nothing", sys(SYS_ioctl, fd, PERF_EVENT_IOC_SET_OUTPUT, 800), -EBADF);
	ROW("set", sys(SYS_ioctl, fd, PERF_EVENT_IOC_SET_OUTPUT, owner), 0);
	touch_pages(20);
	read_ring(page, RING_PAGES);
	ROW("samples of faults", records[PERF_RECORD_SAMPLE] >= 20, 1);
}

static uint64_t id_of(int fd)
{
	uint64_t id = 0;

	MUST(sys(SYS_ioctl, fd, PERF_EVENT_IOC_ID, &id));
	return id;
}

static long for_all(int fd, unsigned long request)
{
	return sys(SYS_ioctl, fd, request, PERF_IOC_FLAG_GROUP);
}

/* What a read of a group gives: how many, then value and id of each. */
struct group_values {
	uint64_t nr;
	struct {
		uint64_t value, id;
	} of[8];
};

static long read_all(int fd, struct group_values *v)
{
	memset(v, 0, sizeof(*v));
	return sys(SYS_read, fd, v, sizeof(*v));
}

#define SUCCESSORS 2000

static void group_join(void)
{
	struct perf_event_attr attr = attr_of(PERF_COUNT_SW_PAGE_FAULTS), other = attr;
	pid_t child = SPAWN(pause());

	int leader = (int)perf_open(&attr, 0, -1, -1, 0);
	int member = (int)perf_open(&attr, 0, -1, leader, 0);
	ROW("member", member >= 0, 1);
	ROW("of a member", perf_open(&attr, 0, -1, member, 0), -EINVAL);
	ROW("on one CPU", perf_open(&attr, 0, 0, leader, 0), -EINVAL);
	ROW("of another", perf_open(&attr, child, -1, leader, 0), -EINVAL);
	ROW("no event", perf_open(&attr, 0, -1, 0, 0), -EBADF);
	other.inherit = 1;
	ROW("inherited", perf_open(&other, 0, -1, leader, 0), -EINVAL);
	other.inherit = 0;
	other.pinned = 1;
	ROW("pinned", perf_open(&other, 0, -1, leader, 0), -EINVAL);
	other.pinned = 0;
	other.exclusive = 1;
	ROW("exclusive", perf_open(&other, 0, -1, leader, 0), -EINVAL);
	other = attr;
	other.inherit = 1;
	other.sample_type = PERF_SAMPLE_READ;
	ROW("inherited in samples", perf_open(&other, 0, -1, -1, 0), -EINVAL);
	ROW("output only", perf_open(&attr, 0, -1, member, PERF_FLAG_FD_NO_GROUP) >= 0, 1);
	close(leader);
	ROW("leads now", perf_open(&attr, 0, -1, member, 0) >= 0, 1);
	close(member);
	leader = (int)perf_open(&attr, 0, -1, -1, 0);
	for (int i = 0; i < SUCCESSORS && leader >= 0; i++) {
		member = (int)perf_open(&attr, 0, -1, leader, 0);
		close(leader);
		leader = member;
	}
	ROW("each led its successor", leader >= 0, 1);
	ROW("close the last", sys(SYS_close, leader), 0);
	kill(child, SIGKILL);
	wait_status(child);
}

static void group_together(void)
{
	struct perf_event_attr attr = attr_of(PERF_COUNT_SW_PAGE_FAULTS);
	struct group_values v;

	attr.read_format = PERF_FORMAT_GROUP | PERF_FORMAT_ID;
	attr.disabled = 1;
	int leader = (int)perf_open(&attr, 0, -1, -1, 0);
	ROW("alone", read_all(leader, &v), 24);
	ROW("alone is one", v.nr, 1);
	attr.disabled = 0;
	int member = (int)perf_open(&attr, 0, -1, leader, 0);
	attr.read_format = 0;
	int plain = (int)perf_open(&attr, 0, -1, leader, 0);
	touch_pages(50);
	ROW("waits for its leader", count_of(plain), 0);
	ROW("enable", sys(SYS_ioctl, leader, PERF_EVENT_IOC_ENABLE, 0), 0);
	touch_pages(50);
	ROW("read", read_all(leader, &v), 56);
	ROW("three", v.nr, 3);
	ROW("counts", v.of[0].value >= 50 && v.of[1].value >= 50 && v.of[2].value >= 50, 1);
	ROW("in order",
	    v.of[0].id == id_of(leader) && v.of[1].id == id_of(member) &&
		    v.of[2].id == id_of(plain),
	    1);
	ROW("from a member", read_all(member, &v), 56);
	ROW("the leader first", v.of[0].id, id_of(leader));
	ROW("one alone", count_of(plain) >= 50, 1);
	ROW("too short", sys(SYS_read, leader, &v, 55), -ENOSPC);
	ROW("bad pointer", sys(SYS_read, leader, edge - 55, 56), -EFAULT);
	ROW("disable all", for_all(member, PERF_EVENT_IOC_DISABLE), 0);
	ROW("reset one", sys(SYS_ioctl, leader, PERF_EVENT_IOC_RESET, 0), 0);
	read_all(leader, &v);
	ROW("one is zero", !v.of[0].value && v.of[1].value && v.of[2].value, 1);
	ROW("reset all", for_all(plain, PERF_EVENT_IOC_RESET), 0);
	touch_pages(50);
	read_all(leader, &v);
	ROW("all are zero", !v.of[0].value && !v.of[1].value && !v.of[2].value, 1);
	ROW("enable one", sys(SYS_ioctl, leader, PERF_EVENT_IOC_ENABLE, 0), 0);
	touch_pages(50);
	read_all(leader, &v);
	ROW("one counts", v.of[0].value >= 50 && !v.of[1].value && !v.of[2].value, 1);
	ROW("enable all", for_all(leader, PERF_EVENT_IOC_ENABLE), 0);
	touch_pages(50);
	read_all(leader, &v);
	ROW("all count", v.of[0].value >= 100 && v.of[1].value >= 50 && v.of[2].value >= 50, 1);
	sys(SYS_ioctl, leader, PERF_EVENT_IOC_DISABLE, 0);
	for_all(leader, PERF_EVENT_IOC_RESET);
	touch_pages(50);
	ROW("held back", count_of(plain), 0);
	close(plain);
	ROW("two", read_all(leader, &v), 40);
	close(leader);
	for (int i = 0; i < 20; i++) { /* from the next time that it gets a CPU */
		sleep_ms(2);
		touch_pages(50);
	}
	ROW("counts alone",
	    read_all(member, &v) >= 24 && v.nr == 1 && v.of[0].id == id_of(member) &&
		    v.of[0].value >= 50,
	    1);
}

static void group_times(void)
{
	struct perf_event_attr attr = attr_of(PERF_COUNT_SW_TASK_CLOCK);
	uint64_t values[8] = { 0 };

	attr.read_format =
		PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
	int leader = (int)perf_open(&attr, 0, -1, -1, 0);
	perf_open(&attr, 0, -1, leader, 0);
	burn(2);
	ROW("read", sys(SYS_read, leader, values, sizeof(values)), 40);
	ROW("number", values[0], 2);
	ROW("times", values[1] >= 1000000 && values[1] == values[2], 1);
	ROW("clocks", values[3] >= 1000000 && values[4] >= 1000000, 1);
}

/* Samples of the leader with the counts of all. */
static void group_samples(void)
{
	struct perf_event_attr attr = attr_of(PERF_COUNT_SW_PAGE_FAULTS);
	struct {
		struct perf_event_header header;
		struct group_values v;
	} * sample;

	attr.read_format = PERF_FORMAT_GROUP | PERF_FORMAT_ID;
	attr.sample_type = PERF_SAMPLE_READ;
	attr.sample_period = 1;
	attr.disabled = 1;
	int leader = (int)perf_open(&attr, 0, -1, -1, 0);
	attr.sample_period = attr.disabled = 0;
	int member = (int)perf_open(&attr, 0, -1, leader, 0);
	struct perf_event_mmap_page *page =
		mmap(NULL, (RING_PAGES + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, leader, 0);

	ROW("enable", sys(SYS_ioctl, leader, PERF_EVENT_IOC_ENABLE, 0), 0);
	touch_pages(20);
	sys(SYS_ioctl, leader, PERF_EVENT_IOC_DISABLE, 0);
	sample = (void *)((char *)page + PAGE);
	ROW("type", sample->header.type, PERF_RECORD_SAMPLE);
	ROW("size", sample->header.size, 48);
	ROW("number", sample->v.nr, 2);
	ROW("ids", sample->v.of[0].id == id_of(leader) && sample->v.of[1].id == id_of(member), 1);
}

static volatile uint64_t on_stack_seen;

/* Registers and stack of samples. */
static void group_stacks(void)
{
	struct perf_event_attr attr = attr_of(PERF_COUNT_SW_PAGE_FAULTS), wrong;
	volatile uint64_t mark = 0x1122334455667788;
	struct {
		struct perf_event_header header;
		uint64_t abi, bp, sp, ip, size;
		uint64_t stack[64];
		uint64_t dumped, weight, source, abi_there, ip_there;
	} * sample;

	attr.sample_type = PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER | PERF_SAMPLE_WEIGHT |
			   PERF_SAMPLE_DATA_SRC | PERF_SAMPLE_REGS_INTR;
	attr.sample_regs_user = 1 << 6 | 1 << 7 | 1 << 8; /* frame pointer, stack pointer, place */
	attr.sample_regs_intr = 1 << 8;
	attr.sample_stack_user = sizeof(sample->stack);
	attr.sample_period = 1;
	attr.disabled = 1;
	wrong = attr;
	wrong.sample_regs_user = 0;
	ROW("no registers", perf_open(&wrong, 0, -1, -1, 0), -EINVAL);
	wrong.sample_regs_user = 1 << 12;
	ROW("segment", perf_open(&wrong, 0, -1, -1, 0), -EINVAL);
	wrong.sample_regs_user = 1 << 24;
	ROW("no such register", perf_open(&wrong, 0, -1, -1, 0), -EINVAL);
	wrong.sample_regs_user = 1ull << 32;
	ROW("vector register", perf_open(&wrong, 0, -1, -1, 0), -EOPNOTSUPP);
	wrong = attr;
	wrong.sample_stack_user = 12;
	ROW("odd size", perf_open(&wrong, 0, -1, -1, 0), -EINVAL);
	wrong.sample_stack_user = 65536;
	ROW("too large", perf_open(&wrong, 0, -1, -1, 0), -EINVAL);
	wrong = attr;
	wrong.sample_type |= PERF_SAMPLE_WEIGHT_STRUCT;
	ROW("weight twice", perf_open(&wrong, 0, -1, -1, 0), -EINVAL);
	wrong.sample_type = PERF_SAMPLE_BRANCH_STACK;
	wrong.branch_sample_type = PERF_SAMPLE_BRANCH_ANY;
	ROW("branches", perf_open(&wrong, 0, -1, -1, 0), -EOPNOTSUPP);
	int fd = (int)perf_open(&attr, 0, -1, -1, 0);
	struct perf_event_mmap_page *page =
		mmap(NULL, (RING_PAGES + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED) {
		ROW("mapped", -errno, 0);
		return;
	}
	sys(SYS_ioctl, fd, PERF_EVENT_IOC_ENABLE, 0);
	touch_pages(1);
	sys(SYS_ioctl, fd, PERF_EVENT_IOC_DISABLE, 0);
	sample = (void *)((char *)page + PAGE);
	ROW("type", sample->header.type, PERF_RECORD_SAMPLE);
	ROW("size", sample->header.size, sizeof(*sample));
	ROW("64 bits", sample->abi, PERF_SAMPLE_REGS_ABI_64);
	ROW("stack pointer",
	    sample->sp < (uint64_t)&mark + PAGE && sample->sp + PAGE > (uint64_t)&mark, 1);
	ROW("place", sample->ip && sample->ip < 1ull << 47, 1);
	ROW("stack asked for", sample->size, sizeof(sample->stack));
	ROW("stack dumped", sample->dumped, sizeof(sample->stack));
	for (unsigned i = 0; i < LENGTH(sample->stack); i++)
		on_stack_seen |= sample->stack[i] == mark;
	ROW("what is on it", on_stack_seen, 1);
	ROW("no weight", sample->weight, 0);
	ROW("no source", sample->source, 0x5080021);
	ROW("64 bits there", sample->abi_there, PERF_SAMPLE_REGS_ABI_64);
	ROW("at the same place", sample->ip_there == sample->ip, 1);
}

/* A stack that ends before what is asked for does. */
static void group_short_stack(void)
{
	struct perf_event_attr attr = attr_of(PERF_COUNT_SW_DUMMY);
	struct {
		struct perf_event_header header;
		uint64_t size;
	} * sample;
	char *stack =
		mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(stack + 15 * PAGE, PAGE, PROT_NONE);
	attr.config = PERF_COUNT_SW_PAGE_FAULTS;
	attr.sample_type = PERF_SAMPLE_STACK_USER;
	attr.sample_stack_user = 65528;
	attr.sample_period = 1;
	attr.disabled = 1;
	int fd = (int)perf_open(&attr, 0, -1, -1, 0);
	struct perf_event_mmap_page *page =
		mmap(NULL, (4 * RING_PAGES + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED) {
		ROW("mapped", -errno, 0);
		return;
	}
	char *fresh = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack[15 * PAGE - 1] = 1;
	sys(SYS_ioctl, fd, PERF_EVENT_IOC_ENABLE, 0);
	/* The fault happens with the stack pointer 64 bytes below the stack's end. */
	__asm__ volatile("xchg %%rsp, %0\n\tmovb $1, (%1)\n\txchg %%rsp, %0"
			 :
			 : "r"(stack + 15 * PAGE - 64), "r"(fresh)
			 : "memory");
	sys(SYS_ioctl, fd, PERF_EVENT_IOC_DISABLE, 0);
	sample = (void *)((char *)page + PAGE);
	ROW("type", sample->header.type, PERF_RECORD_SAMPLE);
	ROW("asked for, less the rest of the record", sample->size > 65000 && !(sample->size % 8),
	    1);
	ROW("dumped", *(uint64_t *)((char *)(sample + 1) + sample->size), 64);
	ROW("size", sample->header.size, (long)(sizeof(*sample) + sample->size + 8));
}

static void group_clocks(void)
{
	static const int good[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW,
				    CLOCK_BOOTTIME, CLOCK_TAI },
			 bad[] = { CLOCK_PROCESS_CPUTIME_ID, CLOCK_MONOTONIC_COARSE, 99 };
	struct perf_event_attr attr = attr_of(PERF_COUNT_SW_PAGE_FAULTS);
	struct {
		struct perf_event_header header;
		uint64_t time;
	} * sample;
	struct timespec before;

	attr.use_clockid = 1;
	attr.sample_type = PERF_SAMPLE_TIME;
	attr.sample_period = 1;
	for (unsigned i = 0; i < LENGTH(bad); i++) {
		attr.clockid = bad[i];
		ROW("bad", perf_open(&attr, 0, -1, -1, 0), -EINVAL);
	}
	for (unsigned i = 0; i < LENGTH(good); i++) {
		attr.clockid = good[i];
		attr.disabled = 1;
		int fd = (int)perf_open(&attr, 0, -1, -1, 0);
		struct perf_event_mmap_page *page =
			mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (page == MAP_FAILED) {
			ROW("mapped", -errno, 0);
			return;
		}
		clock_gettime(good[i], &before);
		sys(SYS_ioctl, fd, PERF_EVENT_IOC_ENABLE, 0);
		touch_pages(1);
		sys(SYS_ioctl, fd, PERF_EVENT_IOC_DISABLE, 0);
		sample = (void *)((char *)page + PAGE);
		ROW("by that clock",
		    sample->time - ((uint64_t)before.tv_sec * 1000000000 +
				    (uint64_t)before.tv_nsec) <
			    100000000000,
		    1);
		munmap(page, 2 * PAGE);
		close(fd);
	}
}

/* Rings that are mapped read-only: the newest records replace the oldest. */
static void group_overwrite(void)
{
	struct perf_event_attr attr = attr_of(PERF_COUNT_SW_PAGE_FAULTS);
	struct perf_event_header *header;

	attr.sample_period = 1;
	attr.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_ADDR;
	attr.write_backward = 1;
	int fd = (int)perf_open(&attr, 0, -1, -1, 0);
	ROW("pause without a ring", sys(SYS_ioctl, fd, PERF_EVENT_IOC_PAUSE_OUTPUT, 1), -EINVAL);
	struct perf_event_mmap_page *page = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	ROW("mapped", page != MAP_FAILED, 1);
	if (page == MAP_FAILED)
		return;
	char *at =
		mmap(NULL, 200 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 200; i++)
		at[i * PAGE] = 1;
	ROW("pause", sys(SYS_ioctl, fd, PERF_EVENT_IOC_PAUSE_OUTPUT, 1), 0);
	uint64_t head = page->data_head;
	touch_pages(10);
	ROW("nothing new", page->data_head == head, 1);
	ROW("backwards", (int64_t)head < -(200 * 32) + 1, 1);
	header = (void *)((char *)page + PAGE + head % PAGE);
	ROW("a record begins there", header->type == PERF_RECORD_SAMPLE && header->size == 32, 1);
	ROW("go on", sys(SYS_ioctl, fd, PERF_EVENT_IOC_PAUSE_OUTPUT, 0), 0);
	touch_pages(10);
	ROW("more", (int64_t)(head - page->data_head) >= 10 * 32, 1);
	attr.write_backward = 0;
	int forward = (int)perf_open(&attr, 0, -1, -1, 0);
	ROW("mixed", sys(SYS_ioctl, forward, PERF_EVENT_IOC_SET_OUTPUT, fd), -EINVAL);
}

static volatile int signals, last_code, last_fd;

static void on_sample(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	signals++;
	last_code = info->si_code;
	last_fd = info->si_fd;
}

/* Each sample is a signal; after so many the event disables itself. */
static void group_signals(void)
{
	struct perf_event_attr attr = attr_of(PERF_COUNT_SW_PAGE_FAULTS);
	struct sigaction act = { .sa_sigaction = on_sample, .sa_flags = SA_SIGINFO };

	sigaction(SIGRTMIN, &act, NULL);
	attr.disabled = 1;
	int counts = (int)perf_open(&attr, 0, -1, -1, 0);
	ROW("refresh without samples", sys(SYS_ioctl, counts, PERF_EVENT_IOC_REFRESH, 1), -EINVAL);
	attr.sample_period = 1;
	int fd = (int)perf_open(&attr, 0, -1, -1, 0);
	fcntl(fd, F_SETSIG, SIGRTMIN);
	fcntl(fd, F_SETOWN, getpid());
	ROW("async", fcntl(fd, F_SETFL, O_RDWR | O_ASYNC), 0);
	ROW("refresh", sys(SYS_ioctl, fd, PERF_EVENT_IOC_REFRESH, 3), 0);
	touch_pages(1);
	ROW("signalled", signals >= 1, 1);
	ROW("by", last_fd, fd);
	touch_pages(20);
	for (int i = 0; i < 1000 && last_code != POLL_HUP; i++)
		sleep_ms(10);
	ROW("the last", last_code, POLL_HUP);
	ROW("in all", signals <= 3, 1);
	uint64_t seen = count_of(fd);
	touch_pages(20);
	ROW("disabled", count_of(fd) - seen, 0);
	ROW("no more signals", signals <= 3, 1);
	ROW("refresh again", sys(SYS_ioctl, fd, PERF_EVENT_IOC_REFRESH, 1), 0);
	last_code = 0;
	touch_pages(20);
	for (int i = 0; i < 1000 && last_code != POLL_HUP; i++)
		sleep_ms(10);
	ROW("the last again", last_code, POLL_HUP);
}

static void group_rights(void)
{
	struct perf_event_attr attr = attr_of(PERF_COUNT_SW_TASK_CLOCK);

	if (setgid(USER) || setuid(USER))
		return;
	ROW("the kernel", perf_open(&attr, 0, -1, -1, 0), -EACCES);
	attr.exclude_kernel = 1;
	ROW("a CPU", perf_open(&attr, -1, 0, -1, 0), -EACCES);
	ROW("another's process", perf_open(&attr, 1, -1, -1, 0), -EACCES);
}

static char helper[4096];

static void copy_helper(const char *to)
{
	int in = open(helper, O_RDONLY), out = open(to, O_WRONLY | O_CREAT, 0755);
	char data[PAGE];
	ssize_t n;

	while ((n = read(in, data, sizeof(data))) > 0)
		if (write(out, data, (size_t)n) != n)
			_exit(1);
	close(in);
	close(out);
}

/* Starts the program as a user, measured from before. Poll's answer while it runs: 0, or what came. */
static int poll_of(const char *program, int timeout)
{
	char *words[] = { "x", "wait", NULL }, *none[] = { NULL };
	struct perf_event_attr attr = attr_of(PERF_COUNT_SW_DUMMY);
	int go[2], hold[2], done[2];
	pid_t child;

	if (pipe2(go, O_CLOEXEC) || pipe2(hold, O_CLOEXEC) || pipe2(done, O_CLOEXEC))
		return -errno;
	child = fork();
	if (!child) {
		char byte;

		close(hold[1]);
		dup2(hold[0], 0);
		if (read(go[0], &byte, 1) != 1 || setgid(USER) || setuid(USER))
			_exit(1);
		execve(program, words, none);
		_exit(2);
	}
	close(done[1]);
	struct pollfd p = { .fd = (int)perf_open(&attr, child, -1, -1, 0), .events = POLLIN };
	void *ring =
		mmap(NULL, (RING_PAGES + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, p.fd, 0);
	char byte = 0;
	int answer = ring == MAP_FAILED || write(go[1], &byte, 1) != 1 || read(done[0], &byte, 1);

	if (!answer && poll(&p, 1, timeout) >= 0)
		answer = p.revents;
	if (waitpid(child, NULL, WNOHANG))
		answer = -1;
	close(hold[1]);
	ROW("ended well", wait_status(child), EXITED(0));
	return answer;
}

/* Who started to measure a program need not have the rights that it gets. */
static void group_set_id(void)
{
	copy_helper("plain");
	copy_helper("suid");
	chmod("suid", 04755);
	ROW("another program", poll_of("plain", 0), 0);
	ROW("one with more rights", poll_of("suid", 60000), POLLHUP);
}

int main(int argc, char **argv)
{
	char self[4000];

	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[n < 0 ? 0 : n] = 0;
	snprintf(helper, sizeof(helper), "%s/exec_helper", dirname(self));
	begin(argc, argv, "perf");
	/* Debian's Linux begins with 3, which is no perf at all but for root. */
	FILE *paranoid = fopen("/proc/sys/kernel/perf_event_paranoid", "w");
	if (paranoid) {
		fputs("2\n", paranoid);
		fclose(paranoid);
	}
	GROUP(group_open);
	GROUP(group_count);
	GROUP(group_formats);
	GROUP(group_inherit);
	GROUP(group_sample);
	GROUP(group_records);
	GROUP(group_output);
	GROUP(group_join);
	GROUP(group_together);
	GROUP(group_times);
	GROUP(group_samples);
	GROUP(group_stacks);
	GROUP(group_short_stack);
	GROUP(group_clocks);
	GROUP(group_overwrite);
	GROUP(group_signals);
	GROUP(group_rights);
	GROUP(group_set_id);
	return finish();
}
