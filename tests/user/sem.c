/* System V semaphores: semget, semop, semtimedop, semctl, and what the end of a process takes back. */
#include <sys/ipc.h>
#include <sys/sem.h>

#include "row.h"

#define KEY 0x5e3a0001

static struct sembuf one[1];

static struct sembuf *op(int num, int by, int flags)
{
	one[0] = (struct sembuf){ (unsigned short)num, (short)by, (short)flags };
	return one;
}

static long semop1(int id, int num, int by, int flags)
{
	return sys(SYS_semop, id, op(num, by, flags), 1);
}

static long ctl(int id, int num, int cmd, long arg)
{
	return sys(SYS_semctl, id, num, cmd, arg);
}

static int make(int nr, int mode)
{
	return MUST(sys(SYS_semget, IPC_PRIVATE, nr, IPC_CREAT | mode));
}

static void drop(int id)
{
	ctl(id, 0, IPC_RMID, 0);
}

static void group_semget(void)
{
	int id, again;

	ROW("none", sys(SYS_semget, KEY, 1, 0600), -ENOENT);
	ROW("no_semaphores", sys(SYS_semget, KEY, 0, IPC_CREAT | 0600), -EINVAL);
	ROW("negative", sys(SYS_semget, KEY, -1, IPC_CREAT | 0600), -EINVAL);
	ROW("too_many", sys(SYS_semget, KEY, 32001, IPC_CREAT | 0600), -EINVAL);
	id = MUST(sys(SYS_semget, KEY, 3, IPC_CREAT | 0600));
	ROW("found", sys(SYS_semget, KEY, 0, 0), id);
	ROW("found_smaller", sys(SYS_semget, KEY, 2, 0600), id);
	ROW("found_creat", sys(SYS_semget, KEY, 3, IPC_CREAT | 0600), id);
	ROW("larger", sys(SYS_semget, KEY, 4, 0600), -EINVAL);
	ROW("excl", sys(SYS_semget, KEY, 3, IPC_CREAT | IPC_EXCL | 0600), -EEXIST);
	ROW("excl_alone", sys(SYS_semget, KEY, 3, IPC_EXCL | 0600), id);
	ROW_AS(USER, "foreign", sys(SYS_semget, KEY, 3, 0600), -EACCES);
	ROW_AS(USER, "foreign_no_access", sys(SYS_semget, KEY, 3, 0), id);
	ROW("removed", ctl(id, 0, IPC_RMID, 0), 0);
	ROW("removed_again", ctl(id, 0, IPC_RMID, 0), -EINVAL);
	ROW("key_is_free", sys(SYS_semget, KEY, 3, 0600), -ENOENT);
	id = make(1, 0600);
	again = make(1, 0600);
	ROW_TRUE("private_are_different", id != again);
	drop(id);
	drop(again);
	again = make(1, 0600);
	ROW_TRUE("not_reused_at_once", id != again);
	drop(again);
	id = MUST(sys(SYS_semget, IPC_PRIVATE, 32000, 0600));
	ROW("many.last", semop1(id, 31999, 1, 0), 0);
	ROW("many.value", ctl(id, 31999, GETVAL, 0), 1);
	drop(id);
}

static void group_semop(void)
{
	int id = make(3, 0600);
	struct sembuf ops[501] = { { 0, 2, 0 }, { 1, 1, 0 }, { 0, -1, 0 } };

	ROW("add", semop1(id, 0, 5, 0), 0);
	ROW("value", ctl(id, 0, GETVAL, 0), 5);
	ROW("take", semop1(id, 0, -5, 0), 0);
	ROW("zero", semop1(id, 0, 0, 0), 0);
	ROW("would_block", semop1(id, 0, -1, IPC_NOWAIT), -EAGAIN);
	ROW("add_one", semop1(id, 0, 1, 0), 0);
	ROW("zero_would_block", semop1(id, 0, 0, IPC_NOWAIT), -EAGAIN);
	ROW("take_one", semop1(id, 0, -1, 0), 0);
	ROW("several", sys(SYS_semop, id, ops, 3), 0);
	ROW("several.first", ctl(id, 0, GETVAL, 0), 1);
	ROW("several.second", ctl(id, 1, GETVAL, 0), 1);
	ops[2] = (struct sembuf){ 2, -1, IPC_NOWAIT };
	ROW("all_or_nothing", sys(SYS_semop, id, ops, 3), -EAGAIN);
	ROW("all_or_nothing.first", ctl(id, 0, GETVAL, 0), 1);
	ROW("all_or_nothing.second", ctl(id, 1, GETVAL, 0), 1);
	ops[0] = (struct sembuf){ 0, -1, 0 };
	ops[1] = (struct sembuf){ 0, 0, 0 };
	ops[2] = (struct sembuf){ 0, 1, 0 };
	ROW("in_order", sys(SYS_semop, id, ops, 3), 0);
	ROW("in_order.value", ctl(id, 0, GETVAL, 0), 1);
	ROW("largest", semop1(id, 0, 32766, 0), 0);
	ROW("range", semop1(id, 0, 1, 0), -ERANGE);
	ROW("range.value", ctl(id, 0, GETVAL, 0), 32767);
	ROW("none", sys(SYS_semop, id, ops, 0), -EINVAL);
	ROW("too_many", sys(SYS_semop, id, ops, 501), -E2BIG);
	for (int i = 0; i < 500; i++)
		ops[i] = (struct sembuf){ 2, 1, 0 };
	ROW("many", sys(SYS_semop, id, ops, 500), 0);
	ROW("many.value", ctl(id, 2, GETVAL, 0), 500);
	ROW("no_such_semaphore", semop1(id, 3, 1, 0), -EFBIG);
	ROW("negative_id", semop1(-1, 0, 1, 0), -EINVAL);
	ROW("no_such_set", semop1(0x7fffffff, 0, 1, 0), -EINVAL);
	ROW("stale_id", semop1(id + (1 << 15), 0, 1, 0), -EINVAL);
	ROWS_EFAULT("ops", sizeof(struct sembuf), sys(SYS_semop, id, p, 1));
	ROW_AS(USER, "foreign", semop1(id, 1, 1, 0), -EACCES);
	drop(id);
	ROW("removed", semop1(id, 0, 1, 0), -EINVAL);
	id = make(1, 0604);
	ROW_AS(USER, "may_read.zero", semop1(id, 0, 0, 0), 0);
	ROW_AS(USER, "may_read.add", semop1(id, 0, 1, 0), -EACCES);
	drop(id);
	id = make(1, 0602);
	ROW_AS(USER, "may_alter.add", semop1(id, 0, 1, 0), 0);
	ROW_AS(USER, "may_alter.zero", semop1(id, 0, 0, IPC_NOWAIT), -EACCES);
	drop(id);
}

static void group_permission(void)
{
	struct semid_ds ds;
	int id = make(1, 0060), r;

	/* The owner's class counts for the owner, even where another's would give more. */
	MUST(ctl(id, 0, IPC_STAT, (long)&ds));
	ds.sem_perm.uid = USER;
	ds.sem_perm.gid = USER;
	ds.sem_perm.mode = 0066;
	ROW("set", ctl(id, 0, IPC_SET, (long)&ds), 0);
	ROW_AS(USER, "owner_has_nothing", semop1(id, 0, 1, 0), -EACCES);
	ROW_AS(OTHER, "others_may", semop1(id, 0, 1, 0), 0);
	ROW("privileged", semop1(id, 0, 1, 0), 0);
	CHILD(gid_t g = USER; r = sys(SYS_setgroups, 1, &g); (void)r;
	      sys(SYS_setresgid, OTHER, OTHER, OTHER); sys(SYS_setresuid, OTHER, OTHER, OTHER);
	      ROW("group", semop1(id, 0, 1, 0), 0));
	ROW_AS(OTHER, "set_foreign", ctl(id, 0, IPC_SET, (long)&ds), -EPERM);
	ROW_AS(OTHER, "rmid_foreign", ctl(id, 0, IPC_RMID, 0), -EPERM);
	ROW_AS(USER, "set_own", ctl(id, 0, IPC_SET, (long)&ds), 0);
	ROW_AS(OTHER, "stat_any", ctl(id & 0x7fff, 0, 20 /* SEM_STAT_ANY */, (long)&ds), id);
	ds.sem_perm.mode = 0;
	ctl(id, 0, IPC_SET, (long)&ds);
	ROW_AS(OTHER, "stat", ctl(id, 0, IPC_STAT, (long)&ds), -EACCES);
	ROW_AS(OTHER, "stat_index", ctl(id & 0x7fff, 0, SEM_STAT, (long)&ds), -EACCES);
	ds.sem_perm.uid = -1;
	ROW("bad_uid", ctl(id, 0, IPC_SET, (long)&ds), -EINVAL);
	ROW_AS(USER, "rmid_own", ctl(id, 0, IPC_RMID, 0), 0);
}

static void group_semctl(void)
{
	unsigned short values[4] = { 1, 2, 3, 4 }, back[4] = { 0 };
	struct semid_ds ds, before;
	struct seminfo info;
	int id = make(4, 0640), index;

	ROW("setall", ctl(id, 0, SETALL, (long)values), 0);
	ROW("getall", ctl(id, 0, GETALL, (long)back), 0);
	ROW("getall.same", memcmp(values, back, sizeof(values)), 0);
	values[3] = 32768;
	ROW("setall.range", ctl(id, 0, SETALL, (long)values), -ERANGE);
	ROW("setall.nothing_done", ctl(id, 0, GETVAL, 0), 1);
	ROWS_POINTER("setall", sizeof(values), ctl(id, 0, SETALL, (long)p), 0);
	ROWS_POINTER("getall", sizeof(values), ctl(id, 0, GETALL, (long)p), 0);
	ROW("setval", ctl(id, 2, SETVAL, 7), 0);
	ROW("getval", ctl(id, 2, GETVAL, 0), 7);
	ROW("getpid", ctl(id, 2, GETPID, 0), getpid());
	ROW("getpid.all", ctl(id, 1, GETPID, 0), getpid());
	ROW("setval.negative", ctl(id, 2, SETVAL, -1), -ERANGE);
	ROW("setval.range", ctl(id, 2, SETVAL, 32768), -ERANGE);
	ROW("setval.upper_half", ctl(id, 2, SETVAL, (1l << 32) + 9), 0);
	ROW("setval.upper_half_ignored", ctl(id, 2, GETVAL, 0), 9);
	ROW("setval.num", ctl(id, 4, SETVAL, 1), -EINVAL);
	ROW("setval.num_negative", ctl(id, -1, SETVAL, 1), -EINVAL);
	ROW("getval.num", ctl(id, 4, GETVAL, 0), -EINVAL);
	ROW("getval.num_negative", ctl(id, -1, GETVAL, 0), -EINVAL);
	ROW("getncnt", ctl(id, 0, GETNCNT, 0), 0);
	ROW("getzcnt", ctl(id, 0, GETZCNT, 0), 0);
	ROW("unknown", ctl(id, 0, 99, 0), -EINVAL);
	ROW("unknown_64", ctl(id, 0, IPC_STAT | 0x100, (long)&ds), -EINVAL);
	ROW("negative_id", ctl(-1, 0, GETVAL, 0), -EINVAL);
	ROW("setall.negative_id", ctl(-1, 0, SETALL, 0), -EINVAL);

	ROW("stat", ctl(id, 0, IPC_STAT, (long)&before), 0);
	ROW("stat.nsems", before.sem_nsems, 4);
	ROW("stat.mode", before.sem_perm.mode, 0640);
	ROW("stat.uid", before.sem_perm.uid, 0);
	ROW("stat.cuid", before.sem_perm.cuid, 0);
	ROW("stat.key", before.sem_perm.__key, 0);
	ROW("stat.seq", before.sem_perm.__seq, id >> 15);
	ROW("stat.otime", before.sem_otime, 0);
	ROW_TRUE("stat.ctime",
		 before.sem_ctime <= time(NULL) && before.sem_ctime > time(NULL) - 100);
	semop1(id, 0, 1, 0);
	ctl(id, 0, IPC_STAT, (long)&ds);
	ROW_TRUE("stat.otime_set", ds.sem_otime >= before.sem_ctime);
	ROWS_POINTER("stat", sizeof(ds), ctl(id, 0, IPC_STAT, (long)p), 0);
	ROW("stat.missing", ctl(id + (1 << 15), 0, IPC_STAT, (long)&ds), -EINVAL);
	before.sem_perm.mode = 0777 | 01000;
	before.sem_perm.gid = OTHER;
	ROW("set", ctl(id, 0, IPC_SET, (long)&before), 0);
	ctl(id, 0, IPC_STAT, (long)&ds);
	ROW("set.mode", ds.sem_perm.mode, 0777);
	ROW("set.gid", ds.sem_perm.gid, OTHER);
	ROW("set.cgid", ds.sem_perm.cgid, 0);
	ROWS_EFAULT("set", sizeof(ds), ctl(id, 0, IPC_SET, (long)p));
	index = id & 0x7fff;
	ROW("sem_stat", ctl(index, 0, SEM_STAT, (long)&ds), id);
	ROW("sem_stat.nsems", ds.sem_nsems, 4);
	ROW("sem_stat.missing", ctl(32767, 0, SEM_STAT, (long)&ds), -EINVAL);
	ROW_TRUE("sem_info", ctl(0, 0, SEM_INFO, (long)&info) >= index);
	ROW_TRUE("sem_info.sets", info.semusz >= 1);
	ROW_TRUE("sem_info.semaphores", info.semaem >= 4);
	ROW_TRUE("ipc_info", ctl(0, 0, IPC_INFO, (long)&info) >= index);
	ROW("ipc_info.semmap", info.semmap, 1024000000);
	ROW("ipc_info.semmni", info.semmni, 32000);
	ROW("ipc_info.semmns", info.semmns, 1024000000);
	ROW("ipc_info.semmnu", info.semmnu, 1024000000);
	ROW("ipc_info.semmsl", info.semmsl, 32000);
	ROW("ipc_info.semopm", info.semopm, 500);
	ROW("ipc_info.semume", info.semume, 500);
	ROW("ipc_info.semusz", info.semusz, 20);
	ROW("ipc_info.semvmx", info.semvmx, 32767);
	ROW("ipc_info.semaem", info.semaem, 32767);
	ROWS_EFAULT("ipc_info", sizeof(info), ctl(0, 0, IPC_INFO, (long)p));
	drop(id);
}

static long count(int id, int num, int cmd)
{
	return ctl(id, num, cmd, 0);
}

static void group_waiting(void)
{
	int id = make(3, 0600);
	pid_t a, b, c;

	a = SPAWN(_exit(semop1(id, 0, -2, 0) ? 1 : 0));
	ROW_TRUE("waits", EVENTUALLY(count(id, 0, GETNCNT) == 1));
	ROW("waits.zcnt", count(id, 0, GETZCNT), 0);
	semop1(id, 0, 1, 0);
	ROW("not_enough", count(id, 0, GETNCNT), 1);
	semop1(id, 0, 1, 0);
	ROW("served", wait_status(a), EXITED(0));
	ROW("served.value", count(id, 0, GETVAL), 0);
	ROW("served.pid", count(id, 0, GETPID), a);

	semop1(id, 0, 2, 0);
	a = SPAWN(_exit(semop1(id, 0, 0, 0) ? 1 : 0));
	ROW_TRUE("zero", EVENTUALLY(count(id, 0, GETZCNT) == 1));
	semop1(id, 0, -2, 0);
	ROW("zero.served", wait_status(a), EXITED(0));

	/* Smaller wishes are not held up by larger ones. */
	a = SPAWN(_exit(semop1(id, 0, -5, 0) ? 1 : 0));
	ROW_TRUE("large", EVENTUALLY(count(id, 0, GETNCNT) == 1));
	b = SPAWN(_exit(semop1(id, 0, -1, 0) ? 1 : 0));
	ROW_TRUE("small", EVENTUALLY(count(id, 0, GETNCNT) == 2));
	semop1(id, 0, 1, 0);
	ROW("small.served", wait_status(b), EXITED(0));
	ROW("large.waits", count(id, 0, GETNCNT), 1);
	ctl(id, 0, SETVAL, 5);
	ROW("large.served_by_setval", wait_status(a), EXITED(0));

	/* Several at once: counted where each stops, served when the last is there. */
	struct sembuf both[2] = { { 0, -1, 0 }, { 1, -1, 0 } };
	struct sembuf chain[2] = { { 2, -1, 0 }, { 0, 1, 0 } };

	a = SPAWN(_exit(sys(SYS_semop, id, both, 2) ? 1 : 0));
	ROW_TRUE("both.first", EVENTUALLY(count(id, 0, GETNCNT) == 1));
	ROW("both.second", count(id, 1, GETNCNT), 0);
	semop1(id, 0, 1, 0);
	ROW("both.moved_on", count(id, 1, GETNCNT), 1);
	ROW("both.left", count(id, 0, GETNCNT), 0);
	ROW("both.not_taken", count(id, 0, GETVAL), 1);
	semop1(id, 0, -1, 0);
	b = SPAWN(_exit(sys(SYS_semop, id, chain, 2) ? 1 : 0));
	ROW_TRUE("chain", EVENTUALLY(count(id, 2, GETNCNT) == 1));
	semop1(id, 1, 1, 0);
	ROW("chain.back_to_first", count(id, 0, GETNCNT), 1);
	semop1(id, 2, 1, 0);
	ROW("chain.one", wait_status(b), EXITED(0));
	ROW("chain.other", wait_status(a), EXITED(0));
	ROW("chain.first", count(id, 0, GETVAL), 0);
	ROW("chain.second", count(id, 1, GETVAL), 0);

	/* First come, first served. */
	a = SPAWN(_exit(semop1(id, 0, -1, 0) ? 1 : 0));
	ROW_TRUE("order.first", EVENTUALLY(count(id, 0, GETNCNT) == 1));
	b = SPAWN(_exit(semop1(id, 0, -1, 0) ? 1 : 0));
	ROW_TRUE("order.second", EVENTUALLY(count(id, 0, GETNCNT) == 2));
	c = SPAWN(_exit(semop1(id, 0, -1, 0) ? 1 : 0));
	ROW_TRUE("order.third", EVENTUALLY(count(id, 0, GETNCNT) == 3));
	semop1(id, 0, 1, 0);
	ROW("order.first_served", wait_status(a), EXITED(0));
	semop1(id, 0, 1, 0);
	ROW("order.second_served", wait_status(b), EXITED(0));
	unsigned short three[3] = { 1, 0, 0 };
	ctl(id, 0, SETALL, (long)three);
	ROW("order.third_served_by_setall", wait_status(c), EXITED(0));

	a = SPAWN(_exit(semop1(id, 0, -1, 0) == -EIDRM ? 0 : 1));
	b = SPAWN(_exit(sys(SYS_semop, id, both, 2) == -EIDRM ? 0 : 1));
	ROW_TRUE("removed", EVENTUALLY(count(id, 0, GETNCNT) == 2));
	drop(id);
	ROW("removed.told", wait_status(a), EXITED(0));
	ROW("removed.told_both", wait_status(b), EXITED(0));
}

static void on_signal(int sig)
{
	(void)sig;
}

static void group_semtimedop(void)
{
	struct timespec short_time = { 0, 20000000 }, zero = { 0, 0 }, bad = { 0, 1000000000 },
			negative = { -1, 0 }, long_time = { 3600, 0 };
	int id = make(1, 0600);
	int64_t start;
	pid_t a;

	start = now_ns(CLOCK_MONOTONIC);
	ROW("expires", sys(SYS_semtimedop, id, op(0, -1, 0), 1, &short_time), -EAGAIN);
	ROW_TRUE("expires.not_early", now_ns(CLOCK_MONOTONIC) - start >= 20000000);
	ROW("expires.nobody_waits", count(id, 0, GETNCNT), 0);
	ROW("zero", sys(SYS_semtimedop, id, op(0, -1, 0), 1, &zero), -EAGAIN);
	ROW("bad", sys(SYS_semtimedop, id, op(0, -1, 0), 1, &bad), -EINVAL);
	ROW("negative", sys(SYS_semtimedop, id, op(0, -1, 0), 1, &negative), -EINVAL);
	ROW("bad_though_possible", sys(SYS_semtimedop, id, op(0, 1, 0), 1, &bad), -EINVAL);
	ROW("none", sys(SYS_semtimedop, id, op(0, 1, 0), 1, NULL), 0);
	ROW("at_once", sys(SYS_semtimedop, id, op(0, -1, 0), 1, &short_time), 0);
	ROWS_EFAULT("timeout", sizeof(struct timespec), sys(SYS_semtimedop, id, op(0, 1, 0), 1, p));
	ROWS_EFAULT("ops", sizeof(struct sembuf), sys(SYS_semtimedop, id, p, 1, &short_time));
	a = SPAWN(_exit(sys(SYS_semtimedop, id, op(0, -1, 0), 1, &long_time) ? 1 : 0));
	ROW_TRUE("long", EVENTUALLY(count(id, 0, GETNCNT) == 1));
	semop1(id, 0, 1, 0);
	ROW("long.served", wait_status(a), EXITED(0));

	struct sigaction act = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	sigaction(SIGUSR1, &act, NULL);
	a = SPAWN(_exit(semop1(id, 0, -1, 0) == -EINTR ? 0 : 1));
	ROW_TRUE("signal", EVENTUALLY(count(id, 0, GETNCNT) == 1));
	kill(a, SIGUSR1);
	ROW("signal.not_restarted", wait_status(a), EXITED(0));
	ROW("signal.nobody_waits", count(id, 0, GETNCNT), 0);
	drop(id);
}

static void group_undo(void)
{
	int id = make(2, 0600);
	struct sembuf twice[2] = { { 0, -1, SEM_UNDO }, { 1, 2, SEM_UNDO } };

	ctl(id, 0, SETVAL, 3);
	CHILD(semop1(id, 0, -1, SEM_UNDO); semop1(id, 0, -1, SEM_UNDO);
	      ROW("in_child", count(id, 0, GETVAL), 1));
	ROW("taken_back", count(id, 0, GETVAL), 3);
	pid_t a = SPAWN(semop1(id, 0, -1, SEM_UNDO); pause());
	ROW_TRUE("killed.before", EVENTUALLY(count(id, 0, GETVAL) == 2));
	kill(a, SIGKILL);
	wait_status(a);
	ROW("killed", count(id, 0, GETVAL), 3);
	ROW("killed.pid", count(id, 0, GETPID), a);
	CHILD(sys(SYS_semop, id, twice, 2));
	ROW("both.first", count(id, 0, GETVAL), 3);
	ROW("both.second", count(id, 1, GETVAL), 0);
	CHILD(semop1(id, 0, -1, SEM_UNDO); semop1(id, 0, 1, SEM_UNDO));
	ROW("even", count(id, 0, GETVAL), 3);
	CHILD(semop1(id, 0, -1, SEM_UNDO); ctl(id, 0, SETVAL, 8));
	ROW("void_after_setval", count(id, 0, GETVAL), 8);
	unsigned short values[2] = { 4, 4 };
	CHILD(semop1(id, 0, -1, SEM_UNDO); ctl(id, 0, SETALL, (long)values));
	ROW("void_after_setall", count(id, 0, GETVAL), 4);
	/* What others did meanwhile leaves less than is to be taken. */
	CHILD(semop1(id, 1, 5, SEM_UNDO); CHILD(semop1(id, 1, -7, 0)));
	ROW("not_below_zero", count(id, 1, GETVAL), 0);
	ROW("range", semop1(id, 1, 32767, SEM_UNDO), 0);
	ROW("range.more", semop1(id, 1, -32767, 0), 0);
	ROW("range.reached", semop1(id, 1, 2, SEM_UNDO), -ERANGE);
	ROW("range.nothing_done", count(id, 1, GETVAL), 0);
	CHILD(ROW("not_inherited", semop1(id, 1, 32767, SEM_UNDO), 0));
	ctl(id, 1, SETVAL, 0);
	/* The end of one lets another go on. */
	a = SPAWN(semop1(id, 0, -4, SEM_UNDO); pause());
	ROW_TRUE("lets_go.taken", EVENTUALLY(count(id, 0, GETVAL) == 0));
	pid_t b = SPAWN(_exit(semop1(id, 0, -1, 0) ? 1 : 0));
	ROW_TRUE("lets_go.waits", EVENTUALLY(count(id, 0, GETNCNT) == 1));
	kill(a, SIGKILL);
	wait_status(a);
	ROW("lets_go", wait_status(b), EXITED(0));
	ROW("lets_go.rest", count(id, 0, GETVAL), 3);
	CHILD(semop1(id, 0, -1, SEM_UNDO); drop(id));
	ROW("removed_first", count(id, 0, GETVAL), -EINVAL);
	ROW("bad_id", semop1(id, 0, -1, SEM_UNDO), -EINVAL);
	id = make(1, 0600);
	ROW("num", semop1(id, 1, 1, SEM_UNDO), -EFBIG);
	ctl(id, 0, SETVAL, 3);
	CHILD(semop1(id, 0, -1, SEM_UNDO); ROW("unshare", sys(SYS_unshare, CLONE_SYSVSEM), 0);
	      ROW("unshare.taken_back", count(id, 0, GETVAL), 3));
	char *argv[] = { "/bin/true", NULL };
	CHILD(semop1(id, 0, -1, SEM_UNDO); execv("/bin/true", argv); _exit(0));
	ROW("after_exec", count(id, 0, GETVAL), 3);
	drop(id);
}

static char stack[64 << 10] __attribute__((aligned(16)));
static int shared_id;

static int take_in_thread(void *arg)
{
	semop1(shared_id, 0, -1, SEM_UNDO);
	(void)arg;
	return 0;
}

static long in_clone(unsigned long flags)
{
	pid_t pid = clone(take_in_thread, stack + sizeof(stack), (int)flags | SIGCHLD, NULL);

	wait_status(pid);
	return count(shared_id, 0, GETVAL);
}

static void group_sharing(void)
{
	shared_id = make(1, 0600);
	ctl(shared_id, 0, SETVAL, 5);
	ROW("not_shared", in_clone(CLONE_VM), 5);
	CHILD(ROW("shared", in_clone(CLONE_VM | CLONE_SYSVSEM), 4));
	ROW("shared.end", count(shared_id, 0, GETVAL), 5);
	CHILD(semop1(shared_id, 0, -1, SEM_UNDO); pid_t mine = getpid(); pid_t pid = SPAWN(pause());
	      ROW_TRUE("kcmp.different", sys(SYS_kcmp, mine, pid, 6 /* SYSVSEM */, 0, 0) > 0);
	      ROW("kcmp.same", sys(SYS_kcmp, mine, mine, 6 /* SYSVSEM */, 0, 0), 0);
	      kill(pid, SIGKILL); wait_status(pid));
	drop(shared_id);
}

static void group_proc(void)
{
	char text[65536], line[256], *at;
	struct semid_ds ds;
	int id = MUST(sys(SYS_semget, KEY, 2, IPC_CREAT | IPC_EXCL | 0640));

	semop1(id, 0, 1, 0);
	ctl(id, 0, IPC_STAT, (long)&ds);
	ROW_TRUE("read", slurp("/proc/sysvipc/sem", text, sizeof(text)) > 0);
	at = "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n";
	ROW("heading", strncmp(text, at, strlen(at)), 0);
	snprintf(line, sizeof(line), "%10d %10d  %4o %10u %5u %5u %5u %5u %10llu %10llu\n", KEY, id,
		 0640, 2, 0, 0, 0, 0, (long long)ds.sem_otime, (long long)ds.sem_ctime);
	ROW_TRUE("row", strstr(text, line) != NULL);
	drop(id);
	slurp("/proc/sysvipc/sem", text, sizeof(text));
	ROW_TRUE("row_gone", strstr(text, line) == NULL);
	ROW_TRUE("limits", slurp("/proc/sys/kernel/sem", text, sizeof(text)) > 0);
	ROW("limits.text", strcmp(text, "32000\t1024000000\t500\t32000\n"), 0);
}

static long write_text(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY);
	long r = sys(SYS_write, fd, text, strlen(text));

	close(fd);
	return r;
}

static void group_limits(void)
{
	struct sembuf ops[3] = { { 0, 1, 0 }, { 0, 1, 0 }, { 0, 1, 0 } };
	char text[64];
	int id;

	ROW("write", write_text("/proc/sys/kernel/sem", "2 1024000000 2\n"), 15);
	slurp("/proc/sys/kernel/sem", text, sizeof(text));
	ROW("write.rest_stays", strcmp(text, "2\t1024000000\t2\t32000\n"), 0);
	id = make(2, 0600);
	ROW("semmsl", sys(SYS_semget, IPC_PRIVATE, 3, 0600), -EINVAL);
	ROW("semopm", sys(SYS_semop, id, ops, 3), -E2BIG);
	ROW("semopm.fits", sys(SYS_semop, id, ops, 2), 0);
	MUST(write_text("/proc/sys/kernel/sem", "32000 1 500 32000"));
	ROW("semmns", sys(SYS_semget, IPC_PRIVATE, 1, 0600), -ENOSPC);
	MUST(write_text("/proc/sys/kernel/sem", "32000 1024000000 500 1"));
	ROW("semmni", sys(SYS_semget, IPC_PRIVATE, 1, 0600), -ENOSPC);
	ROW("back", write_text("/proc/sys/kernel/sem", "32000\t1024000000\t500\t32000\n"), 27);
	ROW("words", write_text("/proc/sys/kernel/sem", "x"), -EINVAL);
	drop(id);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "sem");
	take_turns("sem", LOCK_EX);
	GROUP(group_semget);
	GROUP(group_semop);
	GROUP(group_permission);
	GROUP(group_semctl);
	GROUP(group_waiting);
	GROUP(group_semtimedop);
	GROUP(group_undo);
	GROUP(group_sharing);
	GROUP(group_proc);
	GROUP(group_limits);
	return finish();
}
