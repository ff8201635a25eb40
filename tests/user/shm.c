/* System V shared memory: shmget, shmat, shmdt, shmctl. */
#include <sys/ipc.h>
#include <sys/shm.h>

#include "row.h"

#define KEY 0x5b3a0001
#define STAT_ANY 15
#ifndef SHM_EXEC
#define SHM_EXEC 0100000
#endif

static long ctl(int id, int cmd, void *buf)
{
	return sys(SYS_shmctl, id, cmd, buf);
}

static int make(size_t size, int mode)
{
	return MUST(sys(SYS_shmget, IPC_PRIVATE, size, IPC_CREAT | mode));
}

static void drop(int id)
{
	ctl(id, IPC_RMID, NULL);
}

static char *attach(int id, const void *at, int flags)
{
	return (char *)MUST(sys(SYS_shmat, id, at, flags));
}

static long detach(const void *at)
{
	return sys(SYS_shmdt, at);
}

static struct shmid_ds stat_of(int id)
{
	struct shmid_ds ds = { 0 };

	ctl(id, IPC_STAT, &ds);
	return ds;
}

static long attached(int id)
{
	struct shmid_ds ds;
	long r = ctl(id, IPC_STAT, &ds);

	return r < 0 ? r : (long)ds.shm_nattch;
}

static void group_shmget(void)
{
	int id, again;

	ROW("none", sys(SYS_shmget, KEY, 1, 0600), -ENOENT);
	ROW("nothing", sys(SYS_shmget, KEY, 0, IPC_CREAT | 0600), -EINVAL);
	ROW("too_large", sys(SYS_shmget, KEY, -1, IPC_CREAT | 0600), -EINVAL);
	ROW("more_than_there_is", sys(SYS_shmget, KEY, 1ul << 45, IPC_CREAT | 0600), -ENOMEM);
	again = sys(SYS_shmget, IPC_PRIVATE, 1ul << 45, IPC_CREAT | 0600 | SHM_NORESERVE);
	ROW_TRUE("noreserve", again >= 0);
	drop(again);
	ROW("hugetlb", sys(SYS_shmget, KEY, 2 << 20, IPC_CREAT | 0600 | SHM_HUGETLB), -ENOMEM);
	id = MUST(sys(SYS_shmget, KEY, 5000, IPC_CREAT | 0600));
	ROW("found", sys(SYS_shmget, KEY, 0, 0), id);
	ROW("found_smaller", sys(SYS_shmget, KEY, 4000, 0600), id);
	ROW("found_creat", sys(SYS_shmget, KEY, 5000, IPC_CREAT | 0600), id);
	ROW("larger", sys(SYS_shmget, KEY, 5001, 0600), -EINVAL);
	ROW("excl", sys(SYS_shmget, KEY, 5000, IPC_CREAT | IPC_EXCL | 0600), -EEXIST);
	ROW_AS(USER, "foreign", sys(SYS_shmget, KEY, 1, 0600), -EACCES);
	ROW_AS(USER, "foreign_no_access", sys(SYS_shmget, KEY, 1, 0), id);
	ROW("removed", ctl(id, IPC_RMID, NULL), 0);
	ROW("removed_again", ctl(id, IPC_RMID, NULL), -EINVAL);
	ROW("key_is_free", sys(SYS_shmget, KEY, 1, 0600), -ENOENT);
}

static void group_shmat(void)
{
	int id = make(3 * PAGE, 0600);
	char *a = attach(id, NULL, 0), *b, *room;

	ROW_TRUE("attach", a != NULL);
	ROW("zero", a[0] | a[3 * PAGE - 1], 0);
	strcpy(a, "hello");
	b = attach(id, NULL, 0);
	ROW_TRUE("twice", a != b);
	ROW("twice.same", strcmp(b, "hello"), 0);
	ROW("nattch", attached(id), 2);
	ROW("detach", detach(b), 0);
	ROW("detach.again", detach(b), -EINVAL);
	ROW("detach.nattch", attached(id), 1);
	ROW("detach.inside", detach(a + PAGE), -EINVAL);
	ROW("detach.unaligned", detach(a + 1), -EINVAL);
	ROW("detach.elsewhere", detach(&id), -EINVAL);
	CHILD(ROW("fork.nattch", attached(id), 2); strcpy(a, "child"); detach(a);
	      ROW("fork.detached", attached(id), 1));
	ROW("fork.seen", strcmp(a, "child"), 0);
	CHILD(;);
	ROW("exit.detaches", attached(id), 1);

	b = attach(id, NULL, SHM_RDONLY);
	ROW("rdonly.seen", strcmp(b, "child"), 0);
	ROW("rdonly.write", CHILD(b[0] = 'x'), KILLED(SIGSEGV));
	ROW("rdonly.mprotect", sys(SYS_mprotect, b, PAGE, PROT_READ | PROT_WRITE), -EACCES);
	detach(b);
	b = attach(id, NULL, SHM_EXEC);
	b[0] = (char)0xc3; /* ret */
	((void (*)(void))(unsigned long)b)();
	ROW_TRUE("exec", true);
	detach(b);

	room = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ROW("at.taken", sys(SYS_shmat, id, room, 0), -EINVAL);
	ROW("at.remap", sys(SYS_shmat, id, room, SHM_REMAP), (long)room);
	ROW("at.remap.seen", room[1], 'h');
	room[3 * PAGE] = 7; /* behind it, untouched */
	ROW("at.remap.detach", detach(room), 0);
	munmap(room, 8 * PAGE);
	ROW("at.free", sys(SYS_shmat, id, room, 0), (long)room);
	detach(room);
	ROW("at.unaligned", sys(SYS_shmat, id, room + 1, 0), -EINVAL);
	ROW("at.rounded", sys(SYS_shmat, id, room + 1, SHM_RND), (long)room);
	detach(room);
	ROW("remap_nowhere", sys(SYS_shmat, id, NULL, SHM_REMAP), -EINVAL);
	ROW("remap_rounded_to_zero", sys(SYS_shmat, id, 1, SHM_RND | SHM_REMAP), -EINVAL);
	ROW("at.kernel", sys(SYS_shmat, id, KERNEL_POINTER, 0), -ENOMEM);
	ROW("negative_id", sys(SYS_shmat, -1, NULL, 0), -EINVAL);
	ROW("no_such_segment", sys(SYS_shmat, id + (1 << 15), NULL, 0), -EINVAL);
	ROW_AS(USER, "foreign", sys(SYS_shmat, id, NULL, 0), -EACCES);
	ROW_AS(USER, "foreign_rdonly", sys(SYS_shmat, id, NULL, SHM_RDONLY), -EACCES);
	detach(a);
	drop(id);
	id = make(PAGE, 0604);
	ROW_AS(USER, "may_read.write", sys(SYS_shmat, id, NULL, 0), -EACCES);
	ROW_AS(USER, "may_read.exec", sys(SYS_shmat, id, NULL, SHM_RDONLY | SHM_EXEC), -EACCES);
	CHILD(become(USER); ROW_OK("may_read", sys(SYS_shmat, id, NULL, SHM_RDONLY)));
	drop(id);
}

static void group_parts(void)
{
	int id = make(4 * PAGE, 0600);
	char *a = attach(id, NULL, 0), *b, *moved;

	/* Each part is an area of its own. */
	munmap(a + PAGE, PAGE);
	ROW("split.nattch", attached(id), 2);
	ROW("split.detach", detach(a), 0);
	ROW("split.all_gone", attached(id), 0);
	a = attach(id, NULL, 0);
	mprotect(a + PAGE, PAGE, PROT_READ);
	ROW("protected.nattch", attached(id), 3);
	ROW("protected.detach", detach(a), 0);
	ROW("protected.all_gone", attached(id), 0);
	a = attach(id, NULL, 0);
	munmap(a, PAGE);
	ROW("head_gone.detach", detach(a), 0);
	ROW("head_gone.all_gone", attached(id), 0);
	a = attach(id, NULL, 0);
	a[0] = 5;
	moved = mremap(a, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		       mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	ROW("moved.seen", moved[0], 5);
	ROW("moved.nattch", attached(id), 1);
	ROW("moved.old", detach(a), -EINVAL);
	ROW("moved.detach", detach(moved), 0);
	a = attach(id, NULL, 0);
	munmap(a, 4 * PAGE);
	ROW("munmap.nattch", attached(id), 0);
	a = attach(id, NULL, 0);
	b = mmap(a, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	ROW_TRUE("mapped_over", a == b);
	ROW("mapped_over.nattch", attached(id), 0);
	drop(id);
	id = make(PAGE + 1, 0600);
	a = attach(id, NULL, 0);
	ROW("rounded.size", stat_of(id).shm_segsz, PAGE + 1);
	a[2 * PAGE - 1] = 1;
	ROW("rounded.last_byte", a[2 * PAGE - 1], 1);
	detach(a);
	drop(id);
}

static void group_removed(void)
{
	int id = MUST(sys(SYS_shmget, KEY, PAGE, IPC_CREAT | IPC_EXCL | 0600)), again;
	char *a = attach(id, NULL, 0), *b;
	struct shmid_ds ds;

	ROW("rmid", ctl(id, IPC_RMID, NULL), 0);
	ds = stat_of(id);
	ROW("dest", ds.shm_perm.mode, 0600 | SHM_DEST);
	ROW("no_key", ds.shm_perm.__key, IPC_PRIVATE);
	ROW("nattch", ds.shm_nattch, 1);
	ROW("key_is_free", sys(SYS_shmget, KEY, PAGE, 0600), -ENOENT);
	again = MUST(sys(SYS_shmget, KEY, PAGE, IPC_CREAT | IPC_EXCL | 0600));
	ROW_TRUE("key_again", again != id);
	drop(again);
	b = attach(id, NULL, 0);
	ROW("still_attachable", attached(id), 2);
	strcpy(a, "still");
	ROW("still_there", strcmp(b, "still"), 0);
	CHILD(;);
	detach(a);
	ROW("one_left", attached(id), 1);
	ROW("rmid_again", ctl(id, IPC_RMID, NULL), 0);
	detach(b);
	ROW("gone", attached(id), -EINVAL);
	ROW("gone.attach", sys(SYS_shmat, id, NULL, 0), -EINVAL);
	id = make(PAGE, 0600);
	CHILD(attach(id, NULL, 0); drop(id));
	ROW("gone_with_exit", attached(id), -EINVAL);
	id = make(PAGE, 0600);
	char *argv[] = { "true", NULL };
	pid_t pid = SPAWN(attach(id, NULL, 0); drop(id); execv("/tests/user/true", argv); pause());
	kill(pid, SIGKILL);
	wait_status(pid);
	drop(id);
	ROW("gone_with_kill", attached(id), -EINVAL);
}

static void group_shmctl(void)
{
	struct shmid_ds ds, before;
	struct shminfo info;
	struct shm_info usage;
	int id = make(5000, 0640), index = id & 0x7fff;
	unsigned long rss;
	char *a;

	ROW("stat", ctl(id, IPC_STAT, &before), 0);
	ROW("stat.size", before.shm_segsz, 5000);
	ROW("stat.mode", before.shm_perm.mode, 0640);
	ROW("stat.cpid", before.shm_cpid, getpid());
	ROW("stat.lpid", before.shm_lpid, 0);
	ROW("stat.nattch", before.shm_nattch, 0);
	ROW("stat.atime", before.shm_atime, 0);
	ROW("stat.dtime", before.shm_dtime, 0);
	ROW_TRUE("stat.ctime", before.shm_ctime > time(NULL) - 100);
	pid_t pid = SPAWN(detach(attach(id, NULL, 0)));
	wait_status(pid);
	ds = stat_of(id);
	ROW("stat.lpid_set", ds.shm_lpid, pid);
	ROW_TRUE("stat.times_set",
		 ds.shm_atime >= before.shm_ctime && ds.shm_dtime >= ds.shm_atime);
	ROWS_POINTER("stat", sizeof(ds), ctl(id, IPC_STAT, p), 0);
	ROW("shm_stat", ctl(index, SHM_STAT, &ds), id);
	ROW("shm_stat.size", ds.shm_segsz, 5000);
	ROW("shm_stat.missing", ctl(32767, SHM_STAT, &ds), -EINVAL);
	ROW_AS(USER, "stat.foreign", ctl(id, IPC_STAT, &ds), -EACCES);
	ROW_AS(USER, "shm_stat.foreign", ctl(index, SHM_STAT, &ds), -EACCES);
	ROW_AS(USER, "shm_stat_any", ctl(index, STAT_ANY, &ds), id);
	before.shm_perm.mode = 0777 | SHM_DEST;
	before.shm_perm.gid = OTHER;
	ROW("set", ctl(id, IPC_SET, &before), 0);
	ds = stat_of(id);
	ROW("set.mode", ds.shm_perm.mode, 0777);
	ROW("set.gid", ds.shm_perm.gid, OTHER);
	ROWS_EFAULT("set", sizeof(ds), ctl(id, IPC_SET, p));
	ROW_AS(USER, "set.foreign", ctl(id, IPC_SET, &before), -EPERM);
	ROW_AS(USER, "rmid.foreign", ctl(id, IPC_RMID, NULL), -EPERM);
	ROW_AS(USER, "lock.foreign", ctl(id, SHM_LOCK, NULL), -EPERM);
	ROW_AS(USER, "unlock.foreign", ctl(id, SHM_UNLOCK, NULL), -EPERM);
	ROW("lock", ctl(id, SHM_LOCK, NULL), 0);
	ROW("lock.mode", stat_of(id).shm_perm.mode, 0777 | SHM_LOCKED);
	ROW("lock.again", ctl(id, SHM_LOCK, NULL), 0);
	ROW("unlock", ctl(id, SHM_UNLOCK, NULL), 0);
	ROW("unlock.mode", stat_of(id).shm_perm.mode, 0777);
	ROW("unlock.again", ctl(id, SHM_UNLOCK, NULL), 0);
	before.shm_perm.uid = USER;
	ctl(id, IPC_SET, &before);
	struct rlimit none = { 0, 0 }, page = { PAGE, PAGE }, two = { 2 * PAGE, 2 * PAGE };
	CHILD(become(USER); setrlimit(RLIMIT_MEMLOCK, &none);
	      ROW("lock.no_limit", ctl(id, SHM_LOCK, NULL), -EPERM));
	CHILD(become(USER); setrlimit(RLIMIT_MEMLOCK, &page);
	      ROW("lock.too_much", ctl(id, SHM_LOCK, NULL), -ENOMEM));
	CHILD(become(USER); setrlimit(RLIMIT_MEMLOCK, &two);
	      ROW("lock.fits", ctl(id, SHM_LOCK, NULL), 0);
	      ROW("lock.fits.unlock", ctl(id, SHM_UNLOCK, NULL), 0));
	before.shm_perm.uid = -1;
	ROW("set.bad_uid", ctl(id, IPC_SET, &before), -EINVAL);
	ROW("unknown", ctl(id, 99, &ds), -EINVAL);
	ROW("negative_command", ctl(id, -1, &ds), -EINVAL);
	ROW("negative_id", ctl(-1, IPC_STAT, &ds), -EINVAL);
	ROW_TRUE("shm_info", ctl(0, SHM_INFO, &usage) >= index);
	ROW_TRUE("shm_info.segments", usage.used_ids >= 1);
	ROW_TRUE("shm_info.pages", usage.shm_tot >= 2);
	rss = usage.shm_rss;
	a = attach(id, NULL, 0);
	a[0] = a[PAGE] = 1;
	ctl(0, SHM_INFO, &usage);
	ROW("shm_info.rss", usage.shm_rss - rss, 2);
	ROW("shm_info.swp", usage.shm_swp, 0);
	detach(a);
	ROW_TRUE("ipc_info", ctl(0, IPC_INFO, &info) >= index);
	ROW("ipc_info.shmmax", info.shmmax, 18446744073692774399ul);
	ROW("ipc_info.shmmin", info.shmmin, 1);
	ROW("ipc_info.shmmni", info.shmmni, 4096);
	ROW("ipc_info.shmseg", info.shmseg, 4096);
	ROW("ipc_info.shmall", info.shmall, 18446744073692774399ul);
	ROWS_EFAULT("ipc_info", sizeof(info), ctl(0, IPC_INFO, p));
	ROWS_EFAULT("shm_info", sizeof(usage), ctl(0, SHM_INFO, p));
	drop(id);
}

static bool has_line(const char *text, const char *first, const char *second)
{
	const char *at = strstr(text, first), *end = at ? strchr(at, '\n') : NULL, *other;

	if (!at)
		return false;
	other = strstr(at, second);
	return other && other < end;
}

static void group_proc(void)
{
	static char text[1 << 17];
	char line[512], *at;
	struct shmid_ds ds;
	int id = MUST(sys(SYS_shmget, KEY, 5000, IPC_CREAT | IPC_EXCL | 0640));
	char *a = attach(id, NULL, 0);

	a[0] = 1;
	ds = stat_of(id);
	ROW_TRUE("read", slurp("/proc/sysvipc/shm", text, sizeof(text)) > 0);
	at = "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  "
	     "cuid  cgid      atime      dtime      ctime                   rss                  "
	     "swap\n";
	ROW("heading", strncmp(text, at, strlen(at)), 0);
	snprintf(line, sizeof(line),
		 "%10d %10d  %4o %21lu %5u %5u  %5lu %5u %5u %5u %5u %10llu %10llu %10llu %21lu "
		 "%21lu\n",
		 KEY, id, 0640, 5000ul, getpid(), getpid(), 1ul, 0, 0, 0, 0,
		 (long long)ds.shm_atime, 0ll, (long long)ds.shm_ctime, 4096ul, 0ul);
	ROW_TRUE("row", strstr(text, line) != NULL);
	slurp("/proc/self/maps", text, sizeof(text));
	snprintf(line, sizeof(line), "%lx-%lx rw-s 00000000 ", (long)a, (long)a + 2 * PAGE);
	ROW_TRUE("maps", has_line(text, line, "/SYSV5b3a0001 (deleted)"));
	char number[16];
	snprintf(number, sizeof(number), " %d ", id);
	ROW_TRUE("maps.inode_is_id", has_line(text, line, number));
	detach(a);
	drop(id);
	slurp("/proc/sys/kernel/shmmni", text, sizeof(text));
	ROW("shmmni", strcmp(text, "4096\n"), 0);
	slurp("/proc/sys/kernel/shmmax", text, sizeof(text));
	ROW("shmmax", strcmp(text, "18446744073692774399\n"), 0);
	slurp("/proc/sys/kernel/shmall", text, sizeof(text));
	ROW("shmall", strcmp(text, "18446744073692774399\n"), 0);
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
	int id = make(PAGE, 0600);

	MUST(write_text("/proc/sys/kernel/shmmax", "8192"));
	ROW("shmmax", sys(SYS_shmget, IPC_PRIVATE, 8193, 0600), -EINVAL);
	MUST(write_text("/proc/sys/kernel/shmall", "1"));
	ROW("shmall", sys(SYS_shmget, IPC_PRIVATE, 1, 0600), -ENOSPC);
	MUST(write_text("/proc/sys/kernel/shmall", "18446744073692774399"));
	MUST(write_text("/proc/sys/kernel/shmmax", "18446744073692774399"));
	MUST(write_text("/proc/sys/kernel/shmmni", "1"));
	ROW("shmmni", sys(SYS_shmget, IPC_PRIVATE, 1, 0600), -ENOSPC);
	MUST(write_text("/proc/sys/kernel/shmmni", "4096"));
	drop(id);
}

/* With kernel.shm_rmid_forced a segment goes with its last area, or with who made it. */
#define FORCED "/proc/sys/kernel/shm_rmid_forced"

static long stats(int id)
{
	struct shmid_ds d;

	return sys(SYS_shmctl, id, IPC_STAT, &d);
}

static void group_forced(void)
{
	char text[32];
	int *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int id, other, kept;
	void *at;

	ROW("is read", slurp(FORCED, text, sizeof(text)), 2);
	ROW("is off", strcmp(text, "0\n"), 0);
	ROW("range", write_text(FORCED, "2"), -EINVAL);
	/* Off: it stays when its maker has ended; switching it on removes it then. */
	CHILD(shared[0] = shmget(IPC_PRIVATE, PAGE, 0600));
	id = shmget(IPC_PRIVATE, PAGE, 0600);
	ROW("stays", stats(shared[0]), 0);
	MUST(write_text(FORCED, "1"));
	ROW("maker is gone", stats(shared[0]), -EINVAL);
	ROW("maker lives", stats(id), 0);
	at = shmat(id, NULL, 0);
	other = SPAWN(void *mine = shmat(id, NULL, 0); shared[1] = mine != (void *)-1; pause());
	ROW_TRUE("attached twice", EVENTUALLY(shared[1] == 1));
	ROW("detach", shmdt(at), 0);
	ROW("still attached", stats(id), 0);
	kill(other, SIGKILL);
	wait_status(other);
	ROW("goes with the last area", stats(id), -EINVAL);
	CHILD(shared[0] = shmget(IPC_PRIVATE, PAGE, 0600));
	ROW("goes with its maker", stats(shared[0]), -EINVAL);
	CHILD(shared[0] = shmget(IPC_PRIVATE, PAGE, 0600); shared[1] = 2; if (!fork()) {
		at = shmat(shared[0], NULL, 0);
		shared[1] = 3;
		pause();
	};
	      EVENTUALLY(shared[1] == 3));
	ROW("its maker is gone, but not who has it", stats(shared[0]), 0);
	kept = shmget(IPC_PRIVATE, PAGE, 0600);
	MUST(write_text(FORCED, "0"));
	at = shmat(kept, NULL, 0);
	shmdt(at);
	ROW("off again", stats(kept), 0);
	sys(SYS_shmctl, kept, IPC_RMID, NULL);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "shm");
	take_turns("shm", LOCK_EX);
	GROUP(group_shmget);
	GROUP(group_shmat);
	GROUP(group_parts);
	GROUP(group_removed);
	GROUP(group_shmctl);
	GROUP(group_proc);
	GROUP(group_limits);
	GROUP(group_forced);
	return finish();
}
