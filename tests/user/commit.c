/*
 * Memory that is promised: the three modes of vm.overcommit_memory, what counts and when, the limit and
 * who may come how near to it. All of it is of the whole machine, and is undone at the end.
 */
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "row.h"

#define MIB (1ul << 20)
#define HEADROOM (96 * MIB) /* what others may need meanwhile is far less */
#define SMALL (8 * MIB)
#define LARGE (512 * MIB)
#define BEYOND (1ul << 40) /* more than there can be */
#define SLACK (4 * MIB)	   /* what is counted here and there, and others' */

/* In the order in which they are set again: of ratio and kbytes the later one counts. */
static const char *const names[] = { "overcommit_memory", "overcommit_kbytes", "overcommit_ratio",
				     "admin_reserve_kbytes", "user_reserve_kbytes" };
static char old[LENGTH(names)][32];

static long set(const char *name, unsigned long value)
{
	const char *text = named("%lu", value);
	int fd = open(named("/proc/sys/vm/%s", name), O_WRONLY);
	long r = fd < 0 ? -errno : sys(SYS_write, fd, text, strlen(text));

	close(fd);
	return r < 0 ? r : 0;
}

static unsigned long get(const char *name)
{
	char text[32];

	return slurp(named("/proc/sys/vm/%s", name), text, sizeof(text)) > 0
		       ? strtoul(text, NULL, 10)
		       : ~0ul;
}

static unsigned long meminfo(const char *name)
{
	static char text[8192];
	const char *line;

	slurp("/proc/meminfo", text, sizeof(text));
	line = strstr(text, name);
	return line ? strtoul(line + strlen(name), NULL, 10) * 1024 : 0;
}

static unsigned long committed(void)
{
	return meminfo("Committed_AS:");
}

/* The limit is so far above what is promised. */
static void strict(unsigned long room)
{
	set("user_reserve_kbytes", 0);
	set("overcommit_kbytes", (committed() + room) / 1024);
	set("overcommit_memory", 2);
}

static long map(unsigned long size, int prot, int flags)
{
	return sys(SYS_mmap, NULL, size, prot, flags | MAP_ANONYMOUS, -1, 0);
}

/* What the call answers, 0 if it maps; nothing stays. */
static long try_map(unsigned long size, int prot, int flags)
{
	long at = map(size, prot, flags);

	if (at < 0 && at > -PAGE)
		return at;
	munmap((void *)at, size);
	return 0;
}

#define RW (PROT_READ | PROT_WRITE)

static void group_settings(void)
{
	ROW("memory", get("overcommit_memory"), 0);
	ROW("ratio", get("overcommit_ratio"), 50);
	ROW("kbytes", get("overcommit_kbytes"), 0);
	ROW_TRUE("admin", get("admin_reserve_kbytes") > 0 && get("admin_reserve_kbytes") <= 8192);
	ROW_TRUE("user", get("user_reserve_kbytes") > 0 && get("user_reserve_kbytes") <= 131072);
	ROW("memory_large", set("overcommit_memory", 3), -EINVAL);
	ROW("kbytes_set", set("overcommit_kbytes", 100000), 0);
	ROW("kbytes_now", get("overcommit_kbytes"), 100000);
	ROW("ratio_gone", get("overcommit_ratio"), 0);
	ROW("limit_kbytes", meminfo("CommitLimit:"), 100000 * 1024);
	ROW("ratio_set", set("overcommit_ratio", 30), 0);
	ROW("ratio_now", get("overcommit_ratio"), 30);
	ROW("kbytes_gone", get("overcommit_kbytes"), 0);
	unsigned long limit = meminfo("CommitLimit:"), total = meminfo("MemTotal:");
	ROW_TRUE("limit_ratio", limit <= total * 3 / 10 && limit > total * 29 / 100);
	set("overcommit_ratio", 50);
	CHILD(become(USER); ROW("user_write", set("overcommit_ratio", 50), -EACCES));
}

/* 0: what could never be met. */
static void group_guess(void)
{
	ROW("private", try_map(BEYOND, RW, MAP_PRIVATE), -ENOMEM);
	ROW("shared", try_map(BEYOND, RW, MAP_SHARED), -ENOMEM);
	ROW("shared_readable", try_map(BEYOND, PROT_READ, MAP_SHARED), -ENOMEM);
	ROW("readable", try_map(BEYOND, PROT_READ, MAP_PRIVATE), 0);
	ROW("none", try_map(BEYOND, PROT_NONE, MAP_PRIVATE), 0);
	ROW("no_reserve", try_map(BEYOND, RW, MAP_PRIVATE | MAP_NORESERVE), 0);
	ROW("shared_no_reserve", try_map(BEYOND, RW, MAP_SHARED | MAP_NORESERVE), 0);
	long none = map(BEYOND, PROT_NONE, MAP_PRIVATE);
	ROW("protect", sys(SYS_mprotect, none, BEYOND, RW), -ENOMEM);
	ROW("protect_part", sys(SYS_mprotect, none, SMALL, RW), 0);
	munmap((void *)none, BEYOND);
	long at = map(SMALL, RW, MAP_PRIVATE);
	ROW("mremap", sys(SYS_mremap, at, SMALL, BEYOND, MREMAP_MAYMOVE), -ENOMEM);
	munmap((void *)at, SMALL);
	ROW("shm", sys(SYS_shmget, IPC_PRIVATE, BEYOND, 0600), -ENOMEM);
	int id = (int)sys(SYS_shmget, IPC_PRIVATE, BEYOND, 0600 | SHM_NORESERVE);
	ROW_TRUE("shm_no_reserve", id >= 0);
	shmctl(id, IPC_RMID, NULL);
}

/* 1: everything. */
static void group_always(void)
{
	set("overcommit_memory", 1);
	ROW("private", try_map(BEYOND, RW, MAP_PRIVATE), 0);
	ROW("shared", try_map(BEYOND, RW, MAP_SHARED), 0);
	set("overcommit_memory", 0);
}

/* 2: up to the limit. */
static void group_never(void)
{
	strict(HEADROOM);
	ROW("small", try_map(SMALL, RW, MAP_PRIVATE), 0);
	ROW("large", try_map(LARGE, RW, MAP_PRIVATE), -ENOMEM);
	ROW("no_reserve", try_map(LARGE, RW, MAP_PRIVATE | MAP_NORESERVE), -ENOMEM);
	ROW("readable", try_map(LARGE, PROT_READ, MAP_PRIVATE), 0);
	ROW("shared", try_map(LARGE, RW, MAP_SHARED), -ENOMEM);
	ROW("shared_no_reserve", try_map(LARGE, RW, MAP_SHARED | MAP_NORESERVE), -ENOMEM);
	ROW("shared_small", try_map(SMALL, RW, MAP_SHARED), 0);
	ROW("stack", try_map(LARGE, RW, MAP_PRIVATE | MAP_GROWSDOWN | MAP_STACK), -ENOMEM);
	int fd = (int)MUST(sys(SYS_memfd_create, "file", 0));
	MUST(ftruncate(fd, LARGE));
	ROW_TRUE("file_shared", sys(SYS_mmap, NULL, LARGE, RW, MAP_SHARED, fd, 0) > 0);
	ROW("file_private", sys(SYS_mmap, NULL, LARGE, RW, MAP_PRIVATE, fd, 0), -ENOMEM);
	ROW_TRUE("file_readable", sys(SYS_mmap, NULL, LARGE, PROT_READ, MAP_PRIVATE, fd, 0) > 0);
	long none = map(LARGE, PROT_NONE, MAP_PRIVATE);
	ROW("protect", sys(SYS_mprotect, none, LARGE, RW), -ENOMEM);
	ROW("protect_small", sys(SYS_mprotect, none, SMALL, RW), 0);
	long at = map(SMALL, RW, MAP_PRIVATE);
	ROW("mremap", sys(SYS_mremap, at, SMALL, LARGE, MREMAP_MAYMOVE), -ENOMEM);
	long brk = sys(SYS_brk, 0);
	ROW("brk", sys(SYS_brk, brk + LARGE), brk);
	ROW("brk_small", sys(SYS_brk, brk + SMALL), brk + (long)SMALL);
	ROW("shm", sys(SYS_shmget, IPC_PRIVATE, LARGE, 0600), -ENOMEM);
	ROW("shm_no_reserve", sys(SYS_shmget, IPC_PRIVATE, LARGE, 0600 | SHM_NORESERVE), -ENOMEM);
	set("overcommit_memory", 0);
}

/* Counted while it is there. */
static void group_counted(void)
{
	unsigned long before;

	strict(HEADROOM);
	before = committed();
	long at = map(4 * SMALL, RW, MAP_PRIVATE);
	ROW_TRUE("mapped", committed() - before >= 4 * SMALL - SLACK);
	MUST(sys(SYS_mprotect, at, 4 * SMALL, PROT_READ));
	ROW_TRUE("stays_promised", committed() - before >= 4 * SMALL - SLACK);
	munmap((void *)at, 2 * SMALL);
	ROW_TRUE("half_unmapped", committed() - before <= 2 * SMALL + SLACK);
	munmap((void *)(at + (long)(2 * SMALL)), 2 * SMALL);
	ROW_TRUE("unmapped", (long)(committed() - before) <= (long)SLACK);
	at = map(4 * SMALL, RW, MAP_SHARED);
	ROW_TRUE("shared", committed() - before >= 4 * SMALL - SLACK);
	memset((void *)at, 1, SMALL);
	ROW_TRUE("shared_once", committed() - before <= 4 * SMALL + SLACK);
	munmap((void *)at, 4 * SMALL);
	ROW_TRUE("shared_unmapped", (long)(committed() - before) <= (long)SLACK);
	int id = (int)MUST(sys(SYS_shmget, IPC_PRIVATE, 4 * SMALL, 0600));
	ROW_TRUE("shm", committed() - before >= 4 * SMALL - SLACK);
	shmctl(id, IPC_RMID, NULL);
	ROW_TRUE("shm_removed", EVENTUALLY((long)(committed() - before) <= (long)SLACK));
	set("overcommit_memory", 0);
}

/* Pages of files in memory count as they come. */
static void group_files(void)
{
	static char data[MIB];
	int fd = (int)MUST(sys(SYS_memfd_create, "file", 0));
	long r = 0;

	strict(HEADROOM / 3);
	for (int i = 0; r >= 0 && i < 200; i++)
		r = sys(SYS_write, fd, data, sizeof(data));
	ROW("write", r, -ENOSPC);
	MUST(ftruncate(fd, 0));
	ROW("after", sys(SYS_write, fd, data, sizeof(data)), sizeof(data));
	set("overcommit_memory", 0);
}

/* A child is promised what its parent has. */
static void group_fork(void)
{
	long at = map(8 * SMALL, RW, MAP_PRIVATE);

	strict(3 * SMALL);
	pid_t pid = (pid_t)sys(SYS_fork);
	if (!pid)
		_exit(0);
	ROW("fork", pid, -ENOMEM);
	munmap((void *)at, 8 * SMALL);
	set("overcommit_memory", 0);
	pid = (pid_t)sys(SYS_fork);
	if (!pid)
		_exit(0);
	ROW("wait", wait_status(pid), EXITED(0));
}

/* The last part is kept for root. */
static void group_reserves(void)
{
	strict(HEADROOM);
	set("admin_reserve_kbytes", (HEADROOM - SMALL) / 1024);
	ROW("root", try_map(3 * SMALL, RW, MAP_PRIVATE), 0);
	ROW_AS(USER, "user", try_map(3 * SMALL, RW, MAP_PRIVATE), -ENOMEM);
	set("admin_reserve_kbytes", 0);
	ROW_AS(USER, "user_without", try_map(3 * SMALL, RW, MAP_PRIVATE), 0);
	/* And a part of what a program has, for its user's others. */
	set("user_reserve_kbytes", HEADROOM / 1024);
	map(32 * HEADROOM, PROT_NONE, MAP_PRIVATE);
	ROW("others", try_map(3 * SMALL, RW, MAP_PRIVATE), -ENOMEM);
	set("user_reserve_kbytes", 0);
	ROW("others_without", try_map(3 * SMALL, RW, MAP_PRIVATE), 0);
	set("overcommit_memory", 0);
}

/* ac and nr of the area at `at` in smaps: 1 and 2. */
static int marks(long at)
{
	static char text[1 << 16];
	const char *area, *flags;

	slurp("/proc/self/smaps", text, sizeof(text));
	area = strstr(text, named("\n%lx-", at));
	flags = area ? strstr(area, "VmFlags:") : NULL;
	if (!flags)
		return -1;
	const char *end = strchr(flags, '\n'), *ac = strstr(flags, " ac"),
		   *nr = strstr(flags, " nr");

	return (ac && ac < end) | (nr && nr < end) << 1;
}

static void group_smaps(void)
{
	long at = map(3 * PAGE, PROT_NONE, MAP_PRIVATE) + PAGE;

	MUST(sys(SYS_mmap, at, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	ROW("writable", marks(at), 1);
	MUST(sys(SYS_mprotect, at, PAGE, PROT_READ));
	ROW("readable_again", marks(at), 1);
	MUST(sys(SYS_mmap, at, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	ROW("readable", marks(at), 0);
	MUST(sys(SYS_mprotect, at, PAGE, RW));
	ROW("then_writable", marks(at), 1);
	MUST(sys(SYS_mmap, at, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
		 -1, 0));
	ROW("no_reserve", marks(at), 2);
	MUST(sys(SYS_mmap, at, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	ROW("shared", marks(at), 0);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "commit");
	for (size_t i = 0; i < LENGTH(names); i++)
		slurp(named("/proc/sys/vm/%s", names[i]), old[i], sizeof(old[i]));
	GROUP(group_smaps);
	GROUP_ALONE(group_settings);
	GROUP_ALONE(group_guess);
	GROUP_ALONE(group_always);
	GROUP_ALONE(group_never);
	GROUP_ALONE(group_counted);
	GROUP_ALONE(group_files);
	GROUP_ALONE(group_fork);
	GROUP_ALONE(group_reserves);
	for (size_t i = 0; !getenv("ROWS_TOGETHER") && i < LENGTH(names); i++)
		set(names[i], strtoul(old[i], NULL, 10));
	return finish();
}
