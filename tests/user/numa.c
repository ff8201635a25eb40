/*
 * Memory nodes: move_pages and migrate_pages, most of it on a machine with two (Bochs has one).
 * Contents and sharing stay as they were.
 */
#include "row.h"

#include <pthread.h>
#include <sys/syscall.h>

#define RW (PROT_READ | PROT_WRITE)
#define PAGES 16
#define MOVE 2
#define MOVE_ALL 4

static char *mem;
static int status[PAGES];

static long move_pages(pid_t pid, unsigned long n, void **pages, const int *nodes, int *out,
		       int flags)
{
	long r = syscall(SYS_move_pages, pid, n, pages, nodes, out, flags);

	return r < 0 ? -errno : r;
}

static long migrate_pages(pid_t pid, unsigned long max, const unsigned long *from,
			  const unsigned long *to)
{
	long r = syscall(SYS_migrate_pages, pid, max, from, to);

	return r < 0 ? -errno : r;
}

static char *map_pages(int flags)
{
	return mmap(NULL, PAGES * PAGE, RW, flags | MAP_ANONYMOUS, -1, 0);
}

static void fill(char *at)
{
	for (int i = 0; i < PAGES; i++)
		at[i * PAGE + i] = (char)(i + 1);
}

static int differing(const char *at)
{
	int bad = 0;

	for (int i = 0; i < PAGES; i++)
		bad += at[i * PAGE + i] != (char)(i + 1);
	return bad;
}

/* Moves all pages; the result if that is not 0, else how many are not there. */
static long move_all(pid_t pid, char *at, int node, int flags)
{
	void *pages[PAGES];
	int nodes[PAGES];
	long r, missed = 0;

	for (int i = 0; i < PAGES; i++) {
		pages[i] = at + i * PAGE;
		nodes[i] = node;
		status[i] = -100;
	}
	r = move_pages(pid, PAGES, pages, nodes, status, flags);
	if (r)
		return r;
	r = move_pages(pid, PAGES, pages, NULL, status, 0);
	for (int i = 0; i < PAGES; i++)
		missed += status[i] != node;
	return r ? r : missed;
}

static int node_of(void *page, long *r)
{
	int where = -100;

	*r = move_pages(0, 1, &page, NULL, &where, 0);
	return where;
}

static void group_errors(void)
{
	void *page = mem;
	int node = 0, far = 7;
	char *edge = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(edge + PAGE, PAGE);
	ROW("nothing", move_pages(0, 0, NULL, NULL, NULL, 0), 0);
	ROW("flags", move_pages(0, 1, &page, &node, status, 1), -EINVAL);
	ROW("flags_high", move_pages(0, 1, &page, &node, status, 8), -EINVAL);
	ROW("no_process", move_pages(999999, 1, &page, &node, status, MOVE), -ESRCH);
	ROW("pages_bad", move_pages(0, 1, (void **)8, &node, status, MOVE), -EFAULT);
	ROW("nodes_bad", move_pages(0, 1, &page, (int *)8, status, MOVE), -EFAULT);
	ROW("pages_across", move_pages(0, 1, (void **)(edge + PAGE - 4), NULL, status, 0), -EFAULT);
	ROW("status_bad", move_pages(0, 1, &page, NULL, (int *)8, 0), -EFAULT);
	ROW("node_far", move_pages(0, 1, &page, &far, status, MOVE), -ENODEV);
	far = -1;
	ROW("node_negative", move_pages(0, 1, &page, &far, status, MOVE), -ENODEV);
	ROW("all_not_root", CHILD({
		    setresuid(1000, 1000, 1000);
		    _exit(move_pages(0, 1, &page, &node, status, MOVE_ALL) == -EPERM);
	    }),
	    EXITED(1));
	ROW("others_not_root", CHILD({
		    setresuid(1000, 1000, 1000);
		    _exit(move_pages(getppid(), 1, &page, &node, status, MOVE) == -EPERM);
	    }),
	    EXITED(1));
}

static void group_status(void)
{
	char *fresh = map_pages(MAP_PRIVATE);
	long r;

	ROW("unmapped", node_of((void *)0x1000, &r), -EFAULT);
	ROW("unmapped_call", r, 0);
	ROW("untouched", node_of(fresh, &r), -EFAULT);
	ROW("untouched_file", node_of(map_pages(MAP_SHARED), &r), -ENOENT);
	ROW("kernel", node_of((void *)0xffff800000000000, &r), -EFAULT);
	(void)*(volatile char *)fresh;
	ROW("zero_page", node_of(fresh, &r), -EFAULT);
	*fresh = 1;
	ROW_OK("touched", node_of(fresh + 5, &r));
	munmap(fresh, PAGES * PAGE);
}

static void group_private(void)
{
	fill(mem);
	ROW("there", move_all(0, mem, 1, MOVE), 0);
	ROW("contents", differing(mem), 0);
	ROW("back", move_all(0, mem, 0, MOVE), 0);
	ROW("contents_back", differing(mem), 0);
	mprotect(mem, PAGES * PAGE, PROT_READ);
	ROW("read_only", move_all(0, mem, 1, MOVE), 0);
	ROW("read_only_contents", differing(mem), 0);
	ROW("still_read_only", CHILD(*mem = 2), KILLED(SIGSEGV));
	mprotect(mem, PAGES * PAGE, RW);
	mem[PAGE - 1] = 9;
	ROW("written", mem[PAGE - 1], 9);
	char *moved = mremap(mem, PAGES * PAGE, PAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			     map_pages(MAP_PRIVATE));
	ROW("after_mremap", move_all(0, moved, 0, MOVE), 0);
	ROW("after_mremap_contents", differing(moved), 0);
	mem = moved;
}

/* Pages that fork left shared. */
static void group_fork(void)
{
	int tell[2];
	pid_t child;
	char c;

	fill(mem);
	move_all(0, mem, 0, MOVE);
	pipe(tell);
	child = fork();
	if (!child) {
		close(tell[1]);
		if (read(tell[0], &c, 1) < 0) /* until the parent has moved them */
			_exit(99);
		_exit(differing(mem));
	}
	close(tell[0]);
	ROW("own_only", ({
		    void *page = mem;
		    int node = 1;

		    move_pages(0, 1, &page, &node, status, MOVE);
		    status[0];
	    }),
	    -EACCES);
	ROW("all", move_all(0, mem, 1, MOVE_ALL), 0);
	ROW("contents", differing(mem), 0);
	/* The child's entries name the same pages. */
	ROW("childs", ({
		    void *page = mem + PAGE;
		    int where = -1;

		    move_pages(child, 1, &page, NULL, &where, 0);
		    where;
	    }),
	    1);
	for (int i = 0; i < PAGES; i++)
		mem[i * PAGE + i] = 0; /* ours now, the child's stay */
	ROW("of_another", move_all(child, mem, 0, MOVE), 0);
	close(tell[1]);
	ROW("childs_contents", wait_status(child), EXITED(0));
}

static void group_shared(void)
{
	char *shared = map_pages(MAP_SHARED);

	fill(shared);
	move_all(0, shared, 0, MOVE);
	ROW("there", move_all(0, shared, 1, MOVE), 0);
	ROW("contents", differing(shared), 0);
	ROW("back", move_all(0, shared, 0, MOVE), 0);
	ROW("contents_back", differing(shared), 0);
	ROW("others_see", CHILD(shared[5] = 77), 0);
	ROW("seen", shared[5], 77);
	munmap(shared, PAGES * PAGE);
}

static void group_migrate(void)
{
	unsigned long zero[16] = { 1 }, one[16] = { 2 }, far[16] = { 1ul << 40 }, none[16] = { 0 };
	unsigned long beyond[20] = { 1, [16] = 1 };
	void *page = mem;
	long r;

	fill(mem);
	ROW("no_process", migrate_pages(999999, 64, zero, one), -ESRCH);
	ROW("old_bad", migrate_pages(0, 64, (unsigned long *)8, one), -EFAULT);
	ROW("new_bad", migrate_pages(0, 64, zero, (unsigned long *)8), -EFAULT);
	ROW("max_huge", migrate_pages(0, 40000, zero, one), -EINVAL);
	ROW("bits_beyond", migrate_pages(0, 1100, beyond, one), -EINVAL);
	ROW("to_none", migrate_pages(0, 64, zero, none), -EINVAL);
	ROW("to_far", migrate_pages(0, 64, zero, far), -EINVAL);
	ROW("to_far_not_root", CHILD({
		    setresuid(1000, 1000, 1000);
		    _exit(migrate_pages(0, 64, zero, far) == -EPERM);
	    }),
	    EXITED(1));
	ROW_OK("to_zero", migrate_pages(0, 64, one, zero));
	ROW("at_zero", node_of(page, &r), 0);
	ROW_OK("to_one", migrate_pages(0, 64, zero, one));
	ROW("at_one", node_of(page, &r), 1);
	ROW("contents", differing(mem), 0);
	ROW_OK("back", migrate_pages(0, 64, one, zero));
	ROW("contents_back", differing(mem), 0);
}

static volatile bool stop;

/* Counts up in every page until told: a lost write would be seen. */
static void *count_up(void *at)
{
	long turns = 0;

	while (!stop) {
		turns++;
		for (int i = 0; i < PAGES; i++)
			++*(volatile long *)((char *)at + i * PAGE);
	}
	return (void *)turns;
}

/* While a thread writes to them, and children come and go that share them. */
static void group_at_work(void)
{
	pthread_t thread;
	void *turns;
	int bad = 0;

	memset(mem, 0, PAGES * PAGE);
	pthread_create(&thread, NULL, count_up, mem);
	for (int i = 0; i < 100; i++) {
		pid_t child = i % 4 ? -1 : fork();

		if (!child)
			_exit(0);
		move_all(0, mem, i % 2, MOVE_ALL);
		if (child > 0)
			wait_status(child);
	}
	stop = true;
	pthread_join(thread, &turns);
	for (int i = 0; i < PAGES; i++)
		bad += *(long *)(mem + i * PAGE) != (long)turns;
	ROW("no_write_lost", bad, 0);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "numa");
	mem = map_pages(MAP_PRIVATE);
	GROUP(group_errors);
	GROUP(group_status);
	if (!access("/sys/devices/system/node/node1", F_OK)) {
		GROUP(group_private);
		GROUP(group_fork);
		GROUP(group_shared);
		GROUP(group_migrate);
		GROUP(group_at_work);
	}
	return finish();
}
