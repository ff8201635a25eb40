/*
 * NUMA: policies of threads and ranges, where pages come from, moving them. The rows hold on one
 * node; with more (tests/run_user has two) they check where pages lie.
 */
#include "row.h"

#include <linux/mempolicy.h>

static unsigned nodes;
static uint64_t all_nodes;

static long set_policy(int mode, const void *mask, unsigned long max)
{
	return sys(SYS_set_mempolicy, mode, mask, max);
}

static long get_policy(void *mode, void *mask, unsigned long max, const void *addr,
		       unsigned long flags)
{
	return sys(SYS_get_mempolicy, mode, mask, max, addr, flags);
}

static long mbind_(const void *addr, unsigned long len, int mode, const void *mask,
		   unsigned long max, unsigned flags)
{
	return sys(SYS_mbind, addr, len, mode, mask, max, flags);
}

static long node_of(const void *addr)
{
	int node = -1;
	long r = get_policy(&node, NULL, 0, addr, MPOL_F_NODE | MPOL_F_ADDR);

	return r ? r : node;
}

static char *pages_of(unsigned n)
{
	return mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void group_set(void)
{
	uint64_t one = 1, none = 0, high = 1ul << 63, big[32] = { 1 }, mask = 77;
	int mode = -1;

	ROW("default", get_policy(&mode, &mask, 64, NULL, 0), 0);
	ROW("default.mode", mode, MPOL_DEFAULT);
	ROW("default.mask", mask, 0);
	ROW("mode_unknown", set_policy(6, &one, 64), -EINVAL);
	ROW("mode_negative", set_policy(-1, &one, 64), -EINVAL);
	ROW("both_flags",
	    set_policy(MPOL_BIND | MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES, &one, 64), -EINVAL);
	ROW("default_with_nodes", set_policy(MPOL_DEFAULT, &one, 64), -EINVAL);
	ROW("default_empty", set_policy(MPOL_DEFAULT, &none, 64), 0);
	ROW("local_with_nodes", set_policy(MPOL_LOCAL, &one, 64), -EINVAL);
	ROW("local_static", set_policy(MPOL_LOCAL | MPOL_F_STATIC_NODES, NULL, 0), -EINVAL);
	ROW("bind_empty", set_policy(MPOL_BIND, &none, 64), -EINVAL);
	ROW("bind_null", set_policy(MPOL_BIND, NULL, 64), -EINVAL);
	ROW("bind_absent", set_policy(MPOL_BIND, &high, 65), -EINVAL);
	ROW("bind_length_1", set_policy(MPOL_BIND, &one, 1), -EINVAL);
	ROW("bind_length_2", set_policy(MPOL_BIND, &one, 2), 0);
	ROW("interleave_empty", set_policy(MPOL_INTERLEAVE, NULL, 0), -EINVAL);
	ROW("many_empty", set_policy(MPOL_PREFERRED_MANY, NULL, 0), -EINVAL);
	ROW("length_huge", set_policy(MPOL_BIND, &one, PAGE * 8 + 2), -EINVAL);
	ROW("length_2048", set_policy(MPOL_BIND, big, 2048), 0);
	big[20] = 1;
	ROW("beyond_1024", set_policy(MPOL_BIND, big, 2048), -EINVAL);
	big[20] = 0;
	big[10] = 1;
	ROW("beyond_there_are", set_policy(MPOL_BIND, big, 1025), 0);
	ROWS_EFAULT("mask", 8, set_policy(MPOL_BIND, p, 65));

	const int modes[] = { MPOL_PREFERRED, MPOL_BIND, MPOL_INTERLEAVE, MPOL_PREFERRED_MANY };
	const int flags[] = { 0, MPOL_F_STATIC_NODES, MPOL_F_RELATIVE_NODES };
	for (int m = 0; m < 4; m++)
		for (int f = 0; f < 3; f++) {
			int wanted = modes[m] | flags[f];
			ROW(named("set_%x", wanted), set_policy(wanted, &one, 64), 0);
			mode = -1;
			mask = 99;
			ROW(named("get_%x", wanted), get_policy(&mode, &mask, 64, NULL, 0), 0);
			ROW(named("mode_%x", wanted), mode, wanted);
			ROW(named("mask_%x", wanted), mask, 1);
		}
	ROW("preferred_local", set_policy(MPOL_PREFERRED, NULL, 0), 0);
	ROW("preferred_local.get", (get_policy(&mode, &mask, 64, NULL, 0), mode), MPOL_LOCAL);
	ROW("preferred_local.mask", mask, 0);
	ROW("preferred_static_empty", set_policy(MPOL_PREFERRED | MPOL_F_STATIC_NODES, NULL, 0),
	    -EINVAL);
	ROW("balancing", set_policy(MPOL_BIND | MPOL_F_NUMA_BALANCING, &one, 64), 0);
	ROW("balancing_preferred", set_policy(MPOL_PREFERRED | MPOL_F_NUMA_BALANCING, &one, 64),
	    -EINVAL);
	ROW("static_high",
	    set_policy(MPOL_BIND | MPOL_F_STATIC_NODES, (uint64_t[]){ 1 | high }, 65), 0);
	ROW("static_high.mask", (get_policy(&mode, &mask, 65, NULL, 0), mask), 1 | high);
	ROW("relative_wraps", set_policy(MPOL_BIND | MPOL_F_RELATIVE_NODES, &high, 65), 0);
	ROW("relative_wraps.mask", (get_policy(&mode, &mask, 65, NULL, 0), mask), high);
	ROW("fork", set_policy(MPOL_BIND, &one, 64), 0);
	ROW("forked", CHILD(get_policy(&mode, NULL, 0, NULL, 0); _exit(mode)), EXITED(MPOL_BIND));
	ROW("restore", set_policy(MPOL_DEFAULT, NULL, 0), 0);
}

static void group_get(void)
{
	uint64_t mask = 0, wide[32];
	int mode = -1;
	char *pages = pages_of(2);

	ROW("mems_allowed", get_policy(&mode, &mask, 64, NULL, MPOL_F_MEMS_ALLOWED), 0);
	ROW("mems_allowed.mode", mode, 0);
	ROW("mems_allowed.mask", mask, all_nodes);
	ROW("mems_allowed.addr", get_policy(NULL, &mask, 64, pages, MPOL_F_MEMS_ALLOWED), 0);
	ROW("mems_and_node", get_policy(NULL, &mask, 64, NULL, MPOL_F_MEMS_ALLOWED | MPOL_F_NODE),
	    -EINVAL);
	ROW("flags", get_policy(&mode, &mask, 64, NULL, 8), -EINVAL);
	ROW("addr_without_flag", get_policy(&mode, NULL, 0, pages, 0), -EINVAL);
	ROW("node_default", get_policy(&mode, NULL, 0, NULL, MPOL_F_NODE), -EINVAL);
	ROW("addr_unmapped", get_policy(&mode, NULL, 0, (void *)PAGE, MPOL_F_ADDR), -EFAULT);
	ROW("addr", get_policy(&mode, NULL, 0, pages, MPOL_F_ADDR), 0);
	ROW("addr.mode", mode, MPOL_DEFAULT);
	ROW("nothing", get_policy(NULL, NULL, 0, NULL, 0), 0);
	ROW("mask_short", get_policy(NULL, &mask, 0, NULL, 0), -EINVAL);
	memset(wide, 255, sizeof(wide));
	ROW("mask_wide", get_policy(NULL, wide, 2049, NULL, MPOL_F_MEMS_ALLOWED), 0);
	ROW("mask_wide.first", wide[0], all_nodes);
	ROW("mask_wide.last", wide[31], 0);
	ROW("mask_huge", get_policy(NULL, wide, PAGE * 8 + 66, NULL, MPOL_F_MEMS_ALLOWED), -EINVAL);
	ROWS_EFAULT("mode", 4, get_policy(p, NULL, 0, NULL, 0));
	ROWS_EFAULT("mask", 8, get_policy(NULL, p, 64, NULL, 0));
	pages[0] = 1;
	ROW_TRUE("node_of_page", node_of(pages) >= 0 && node_of(pages) < (long)nodes);
	ROW_TRUE("node_of_untouched", node_of(pages + PAGE) >= 0);
	ROW("node_of_unmapped", node_of((void *)PAGE), -EFAULT);
	mask = all_nodes;
	set_policy(MPOL_INTERLEAVE, &mask, 64);
	ROW("next_node", get_policy(&mode, NULL, 0, NULL, MPOL_F_NODE), 0);
	ROW_TRUE("next_node.value", mode >= 0 && mode < (int)nodes);
	set_policy(MPOL_DEFAULT, NULL, 0);
}

static void group_mbind(void)
{
	uint64_t one = 1, none = 0, mask = 0;
	int mode = -1;
	char *pages = pages_of(8);

	ROW("bind", mbind_(pages + 2 * PAGE, 2 * PAGE, MPOL_BIND, &one, 64, 0), 0);
	ROW("bind.get", get_policy(&mode, &mask, 64, pages + 3 * PAGE, MPOL_F_ADDR), 0);
	ROW("bind.mode", mode, MPOL_BIND);
	ROW("bind.mask", mask, 1);
	ROW("before", (get_policy(&mode, NULL, 0, pages + PAGE, MPOL_F_ADDR), mode), MPOL_DEFAULT);
	ROW("after", (get_policy(&mode, NULL, 0, pages + 4 * PAGE, MPOL_F_ADDR), mode),
	    MPOL_DEFAULT);
	pages[2 * PAGE] = 1;
	ROW("bind.node", node_of(pages + 2 * PAGE), 0);
	ROW("length_rounded", mbind_(pages + 5 * PAGE, 1, MPOL_PREFERRED, &one, 64, 0), 0);
	ROW("length_rounded.mode",
	    (get_policy(&mode, NULL, 0, pages + 5 * PAGE + 4000, MPOL_F_ADDR), mode),
	    MPOL_PREFERRED);
	ROW("length_0", mbind_(pages, 0, MPOL_BIND, &one, 64, 0), 0);
	ROW("unaligned", mbind_(pages + 1, PAGE, MPOL_BIND, &one, 64, 0), -EINVAL);
	ROW("wraps", mbind_(pages, -PAGE, MPOL_BIND, &one, 64, 0), -EINVAL);
	ROW("flags", mbind_(pages, PAGE, MPOL_BIND, &one, 64, 8), -EINVAL);
	ROW("mode_unknown", mbind_(pages, PAGE, 6, &one, 64, 0), -EINVAL);
	ROW("empty", mbind_(pages, PAGE, MPOL_BIND, &none, 64, 0), -EINVAL);
	ROWS_EFAULT("mask", 8, mbind_(pages, PAGE, MPOL_BIND, p, 65, 0));
	ROW("unmapped", mbind_((void *)PAGE, PAGE, MPOL_BIND, &one, 64, 0), -EFAULT);
	munmap(pages + 6 * PAGE, PAGE);
	ROW("hole", mbind_(pages + 5 * PAGE, 3 * PAGE, MPOL_BIND, &one, 64, 0), -EFAULT);
	ROW("hole_at_end", mbind_(pages + 5 * PAGE, 2 * PAGE, MPOL_BIND, &one, 64, 0), -EFAULT);
	CHILD(become(USER);
	      ROW("move_all", mbind_(pages, PAGE, MPOL_BIND, &one, 64, MPOL_MF_MOVE_ALL), -EPERM);
	      ROW("move", mbind_(pages, PAGE, MPOL_BIND, &one, 64, MPOL_MF_MOVE), 0));
	ROW("strict", mbind_(pages, 4 * PAGE, MPOL_BIND, &all_nodes, 64, MPOL_MF_STRICT), 0);
	ROW("strict_move",
	    mbind_(pages, 4 * PAGE, MPOL_BIND, &one, 64, MPOL_MF_STRICT | MPOL_MF_MOVE), 0);
	ROW("kept", pages[2 * PAGE], 1);
	ROW("forked", CHILD(get_policy(&mode, NULL, 0, pages, MPOL_F_ADDR); _exit(mode)),
	    EXITED(MPOL_BIND));
	char *moved = mremap(pages, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, pages_of(2));
	ROW("mremap", (get_policy(&mode, NULL, 0, moved, MPOL_F_ADDR), mode), MPOL_BIND);
	ROW("default", mbind_(moved, 2 * PAGE, MPOL_DEFAULT, NULL, 0, MPOL_MF_STRICT), 0);
	ROW("default.mode", (get_policy(&mode, NULL, 0, moved, MPOL_F_ADDR), mode), MPOL_DEFAULT);

#define HOME(addr, len, node, flags) sys(450, addr, len, node, flags)
	char *home = pages_of(4);
	ROW("home.no_policy", HOME(home, PAGE, 0, 0), -ENOENT);
	mbind_(home, 2 * PAGE, MPOL_BIND, &one, 64, 0);
	ROW("home", HOME(home, PAGE, 0, 0), 0);
	ROW("home.flags", HOME(home, PAGE, 0, 1), -EINVAL);
	ROW("home.node", HOME(home, PAGE, 99, 0), -EINVAL);
	ROW("home.node_huge", HOME(home, PAGE, 5000, 0), -EINVAL);
	ROW("home.unaligned", HOME(home + 1, PAGE, 0, 0), -EINVAL);
	ROW("home.length_0", HOME(home, 0, 0, 0), 0);
	mbind_(home, 2 * PAGE, MPOL_INTERLEAVE, &one, 64, 0);
	ROW("home.interleave", HOME(home, PAGE, 0, 0), -EOPNOTSUPP);
}

/* Where pages really lie; on one node all of this is true anyway. */
static void group_places(void)
{
	unsigned last = nodes - 1;
	uint64_t last_only = 1ul << last, first_only = 1, mask = all_nodes;
	char *pages = pages_of(64);
	unsigned long wrong = 0;

	ROW("bind_last", mbind_(pages, 16 * PAGE, MPOL_BIND, &last_only, 64, 0), 0);
	memset(pages, 1, 16 * PAGE);
	for (int i = 0; i < 16; i++)
		wrong += node_of(pages + i * PAGE) != (long)last;
	ROW("bind_last.wrong", wrong, 0);
	ROW("move_first",
	    mbind_(pages, 16 * PAGE, MPOL_BIND, &first_only, 64, MPOL_MF_MOVE | MPOL_MF_STRICT), 0);
	for (int i = 0; i < 16; i++)
		wrong += node_of(pages + i * PAGE) != 0 || pages[i * PAGE + 17] != 1;
	ROW("move_first.wrong", wrong, 0);
	ROW("strict_elsewhere", mbind_(pages, 16 * PAGE, MPOL_BIND, &last_only, 64, MPOL_MF_STRICT),
	    nodes > 1 ? -EIO : 0);
	ROW("migrate", sys(SYS_migrate_pages, 0, 64, &first_only, &last_only) >= 0, 1);
	for (int i = 0; i < 16; i++)
		wrong += node_of(pages + i * PAGE) != (long)last || pages[i * PAGE + 4095] != 1;
	ROW("migrate.wrong", wrong, 0);
	void *list[1] = { pages };
	int to[1] = { 0 }, status[1] = { -1 };
	ROW("move_pages", sys(SYS_move_pages, 0, 1, list, to, status, MPOL_MF_MOVE), 0);
	ROW("move_pages.status", status[0], 0);
	ROW("move_pages.node", node_of(pages), 0);
	set_policy(MPOL_BIND, &last_only, 64);
	memset(pages + 20 * PAGE, 1, 4 * PAGE);
	for (int i = 20; i < 24; i++)
		wrong += node_of(pages + i * PAGE) != (long)last;
	ROW("task_bind.wrong", wrong, 0);
	set_policy(MPOL_DEFAULT, NULL, 0);
	ROW("interleave", mbind_(pages + 32 * PAGE, 32 * PAGE, MPOL_INTERLEAVE, &mask, 64, 0), 0);
	memset(pages + 32 * PAGE, 1, 32 * PAGE);
	for (int i = 33; i < 64; i++)
		wrong += node_of(pages + i * PAGE) != (node_of(pages + (i - 1) * PAGE) + 1) % nodes;
	ROW("interleave.wrong", wrong, 0);
	/* A fork's copies are made by the same policy. */
	mbind_(pages, 16 * PAGE, MPOL_BIND, &last_only, 64, 0);
	ROW("copied", CHILD(pages[PAGE] = 9; _exit(node_of(pages + PAGE) == (long)last ? 0 : 1)),
	    0);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "mempolicy");
	get_policy(NULL, &all_nodes, 64, NULL, MPOL_F_MEMS_ALLOWED);
	for (uint64_t set = all_nodes; set; set &= set - 1)
		nodes++;
	GROUP(group_set);
	GROUP(group_get);
	GROUP(group_mbind);
	GROUP(group_places);
	return finish();
}
