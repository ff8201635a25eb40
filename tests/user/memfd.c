/* Files without a name: memfd_create and seals, O_TMPFILE; and descriptors: close_range, dup3. */
#include <linux/close_range.h>
#include <linux/openat2.h>
#include <sys/statfs.h>
#include <sys/vfs.h>

#include "row.h"

#define TMPFS_MAGIC 0x01021994

static char buf[4 * PAGE];

static int sealed(unsigned seals)
{
	int fd = MUST(sys(SYS_memfd_create, "m", MFD_ALLOW_SEALING));

	MUST(ftruncate(fd, 2 * PAGE));
	MUST(fcntl(fd, F_ADD_SEALS, seals));
	return fd;
}

static void group_create(void)
{
	char name[300], link[300];
	struct statfs fs;
	struct stat st;
	int fd;

	ROWS_STRING_EFAULT("create", sys(SYS_memfd_create, p, 0));
	ROW_OK("across_pages", sys(SYS_memfd_create, string_across("abcdef"), 0));
	ROW_OK("create", fd = sys(SYS_memfd_create, "hello", 0));
	ROW("flags", fcntl(fd, F_GETFL), O_RDWR | 0100000);
	ROW("cloexec", fcntl(fd, F_GETFD), 0);
	fstat(fd, &st);
	ROW("mode", st.st_mode, S_IFREG | 0777);
	ROW("size", st.st_size, 0);
	ROW("links", st.st_nlink, 0);
	fstatfs(fd, &fs);
	ROW("file_system", fs.f_type, TMPFS_MAGIC);
	ssize_t n = readlink(named("/proc/self/fd/%d", fd), link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = 0;
	ROW_TRUE("link", !strcmp(link, "/memfd:hello (deleted)"));
	ROW("write", write(fd, "12345", 5), 5);
	ROW("pread", pread(fd, buf, 10, 1), 4);
	ROW_TRUE("data", !memcmp(buf, "2345", 4));
	int again = open(named("/proc/self/fd/%d", fd), O_RDONLY);
	ROW("open_again", read(again, buf, 10), 5);
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ROW_TRUE("map", p != MAP_FAILED && !memcmp(p, "12345", 5));
	p[0] = 'x';
	ROW_TRUE("map_writes", pread(fd, buf, 1, 0) == 1 && buf[0] == 'x');
	ROW_TRUE("map_exec",
		 mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0) != MAP_FAILED);
	memset(name, 'n', sizeof(name));
	name[249] = 0;
	ROW_OK("name_249", sys(SYS_memfd_create, name, 0));
	name[249] = 'n';
	name[250] = 0;
	ROW("name_250", sys(SYS_memfd_create, name, 0), -EINVAL);
	ROW_OK("name_empty", sys(SYS_memfd_create, "", 0));
	ROW_OK("name_slash", sys(SYS_memfd_create, "a/b", 0));
	ROW_OK("cloexec", fd = sys(SYS_memfd_create, "c", MFD_CLOEXEC));
	ROW("cloexec_set", fcntl(fd, F_GETFD), FD_CLOEXEC);
	ROW("bad_flag", sys(SYS_memfd_create, "c", 0x20), -EINVAL);
	ROW("huge_bad_flag", sys(SYS_memfd_create, "c", MFD_HUGETLB | 0x40), -EINVAL);
	ROW("linkat",
	    sys(SYS_linkat, AT_FDCWD, named("/proc/self/fd/%d", again), AT_FDCWD, "name",
		AT_SYMLINK_FOLLOW) < 0,
	    1);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 3, 3 });
	ROW("emfile", sys(SYS_memfd_create, "c", 0), -EMFILE);
}

static void group_exec(void)
{
	int fd = MUST(sys(SYS_memfd_create, "program", MFD_CLOEXEC)),
	    in = MUST(open("/bin/busybox", O_RDONLY));
	static char copy[1 << 16];
	ssize_t n;

	while ((n = read(in, copy, sizeof(copy))) > 0)
		write(fd, copy, n);
	char *argv[] = { "true", NULL };
	pid_t pid = SPAWN(sys(SYS_execveat, fd, "", argv, NULL, AT_EMPTY_PATH); _exit(99));
	ROW("open_for_writing", wait_status(pid), EXITED(0));
	int again = open(named("/proc/self/fd/%d", fd), O_RDONLY | O_CLOEXEC);
	close(fd);
	pid = SPAWN(sys(SYS_execveat, again, "", argv, NULL, AT_EMPTY_PATH); _exit(99));
	ROW("runs", wait_status(pid), EXITED(0));
}

static void group_seals(void)
{
	int fd = MUST(sys(SYS_memfd_create, "m", MFD_ALLOW_SEALING)), plain, fds[2];

	ROW("none", fcntl(fd, F_GET_SEALS), 0);
	ROW("add", sys(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	ROW("add_more", sys(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_GROW), 0);
	ROW("get", sys(SYS_fcntl, fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW);
	ROW("unknown", sys(SYS_fcntl, fd, F_ADD_SEALS, 0x100), -EINVAL);
	ROW("high_bits", sys(SYS_fcntl, fd, F_ADD_SEALS, 1l << 32), -EINVAL);
	ROW("nothing", sys(SYS_fcntl, fd, F_ADD_SEALS, 0), 0);
	ROW("seal", sys(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_SEAL), 0);
	ROW("sealed", sys(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE), -EPERM);
	int reader = open(named("/proc/self/fd/%d", fd), O_RDONLY);
	ROW("reader_adds", sys(SYS_fcntl, reader, F_ADD_SEALS, 0), -EPERM);
	ROW("reader_gets", sys(SYS_fcntl, reader, F_GET_SEALS), 7);
	fd = MUST(sys(SYS_memfd_create, "m", 0));
	ROW("not_allowed", sys(SYS_fcntl, fd, F_GET_SEALS), F_SEAL_SEAL);
	ROW("not_allowed_add", sys(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE), -EPERM);
	plain = file_with("plain", "x", 1);
	ROW("tmpfs_file", sys(SYS_fcntl, plain, F_GET_SEALS), F_SEAL_SEAL);
	ROW("tmpfs_file_add", sys(SYS_fcntl, plain, F_ADD_SEALS, F_SEAL_WRITE), -EPERM);
	pipe(fds);
	ROW("pipe_get", sys(SYS_fcntl, fds[1], F_GET_SEALS), -EINVAL);
	ROW("pipe_add", sys(SYS_fcntl, fds[1], F_ADD_SEALS, F_SEAL_WRITE), -EINVAL);
}

static void group_size_seals(void)
{
	int fd = sealed(F_SEAL_SHRINK);

	ROW("shrink", sys(SYS_ftruncate, fd, PAGE), -EPERM);
	ROW("shrink_same", sys(SYS_ftruncate, fd, 2 * PAGE), 0);
	ROW("shrink_grows", sys(SYS_ftruncate, fd, 3 * PAGE), 0);
	ROW("shrink_open_trunc",
	    open(named("/proc/self/fd/%d", fd), O_RDWR | O_TRUNC) < 0 ? -errno : 0, -EPERM);
	ROW("shrink_punch",
	    sys(SYS_fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE), 0);
	fd = sealed(F_SEAL_GROW);
	ROW("grow", sys(SYS_ftruncate, fd, 3 * PAGE), -EPERM);
	ROW("grow_shrinks", sys(SYS_ftruncate, fd, PAGE + 904), 0);
	ROW("grow_write_inside", sys(SYS_pwrite64, fd, buf, 904, PAGE), 904);
	ROW("grow_write_beyond", sys(SYS_pwrite64, fd, buf, 10, PAGE + 904), -EPERM);
	ROW("grow_write_across", sys(SYS_pwrite64, fd, buf, 100, PAGE + 900), -EPERM);
	ROW("grow_write_whole_pages", sys(SYS_pwrite64, fd, buf, 2 * PAGE, 0), PAGE);
	ROW("grow_write_part", sys(SYS_pwrite64, fd, buf, 2 * PAGE, 4000), 96);
	lseek(fd, 0, SEEK_END);
	ROW("grow_append", sys(SYS_write, fd, buf, 1), -EPERM);
	ROW("grow_fallocate", sys(SYS_fallocate, fd, 0, 0, 3 * PAGE), -EPERM);
	ROW("grow_fallocate_keep", sys(SYS_fallocate, fd, FALLOC_FL_KEEP_SIZE, 0, 3 * PAGE),
	    -EPERM);
	ROW("grow_fallocate_inside", sys(SYS_fallocate, fd, 0, 0, PAGE), 0);
}

static long map(int fd, int prot, int flags)
{
	void *p = mmap(NULL, PAGE, prot, flags, fd, 0);

	return p == MAP_FAILED ? -errno : munmap(p, PAGE);
}

static void group_write_seals(void)
{
	int fd = sealed(F_SEAL_WRITE);

	ROW("write", sys(SYS_write, fd, buf, 1), -EPERM);
	ROW("write_nothing", sys(SYS_write, fd, buf, 0), 0);
	ROW("pwrite_beyond", sys(SYS_pwrite64, fd, buf, 1, 9 * PAGE), -EPERM);
	ROW("punch", sys(SYS_fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE),
	    -EPERM);
	ROW("truncate", sys(SYS_ftruncate, fd, PAGE), 0);
	ROW("map_write", map(fd, PROT_READ | PROT_WRITE, MAP_SHARED), -EPERM);
	ROW("map_shared_read", map(fd, PROT_READ, MAP_SHARED), 0);
	char *shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	ROW("map_shared_mprotect", sys(SYS_mprotect, shared, PAGE, PROT_READ | PROT_WRITE),
	    -EACCES);
	ROW("map_private", map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE), 0);
	int reader = open(named("/proc/self/fd/%d", fd), O_RDONLY);
	ROW("reader_maps", map(reader, PROT_READ, MAP_SHARED), 0);
	/* Mapped for writing already. */
	fd = sealed(0);
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ROW("mapped", sys(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE), -EBUSY);
	munmap(p, PAGE);
	ROW("part_mapped", sys(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE), -EBUSY);
	mprotect(p + PAGE, PAGE, PROT_READ);
	ROW("mapped_for_reading", sys(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE), -EBUSY);
	pid_t pid = SPAWN(pause());
	munmap(p + PAGE, PAGE);
	ROW("mapped_in_child", sys(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE), -EBUSY);
	kill(pid, SIGKILL);
	wait_status(pid);
	ROW("unmapped", sys(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	/* Future writes only. */
	fd = sealed(0);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ROW("future", sys(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
	p[0] = 'y';
	ROW_TRUE("future_old_map", pread(fd, buf, 1, 0) == 1 && buf[0] == 'y');
	ROW("future_write", sys(SYS_write, fd, buf, 1), -EPERM);
	ROW("future_map", map(fd, PROT_READ | PROT_WRITE, MAP_SHARED), -EPERM);
	ROW("future_map_read", map(fd, PROT_READ, MAP_SHARED), 0);
	char *q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	ROW("future_mprotect", sys(SYS_mprotect, q, PAGE, PROT_READ | PROT_WRITE), -EACCES);
	ROW("future_punch",
	    sys(SYS_fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE), -EPERM);
}

static void group_tmpfile(void)
{
	struct stat st;
	int fd;

	ROW_OK("open", fd = sys(SYS_open, ".", O_TMPFILE | O_RDWR, 0640));
	fstat(fd, &st);
	ROW("links", st.st_nlink, 0);
	ROW("mode", st.st_mode, S_IFREG | 0640);
	ROW("write", write(fd, "data", 4), 4);
	ROW("seals", sys(SYS_fcntl, fd, F_GET_SEALS), F_SEAL_SEAL);
	ROW("link",
	    sys(SYS_linkat, AT_FDCWD, named("/proc/self/fd/%d", fd), AT_FDCWD, "given",
		AT_SYMLINK_FOLLOW),
	    0);
	ROW("named", slurp("given", buf, sizeof(buf)), 4);
	fstat(fd, &st);
	ROW("links_now", st.st_nlink, 1);
	ROW_OK("excl", fd = sys(SYS_open, ".", O_TMPFILE | O_RDWR | O_EXCL, 0600));
	ROW("excl_link", sys(SYS_linkat, fd, "", AT_FDCWD, "other", AT_EMPTY_PATH), -ENOENT);
	ROW("read_only", sys(SYS_open, ".", O_TMPFILE | O_RDONLY, 0600), -EINVAL);
	ROW("not_dir", sys(SYS_open, "given", O_TMPFILE | O_RDWR, 0600), -ENOTDIR);
	ROW("proc", sys(SYS_open, "/proc", O_TMPFILE | O_RDWR, 0600), -EOPNOTSUPP);
	ROW("creat", sys(SYS_open, ".", O_TMPFILE | O_CREAT | O_RDWR, 0600), -EINVAL);
	ROW("partial_flag", sys(SYS_open, ".", 020000000 | O_RDWR, 0600), -EINVAL);
	mkdir("locked", 0700);
	ROW_AS(USER, "eacces", sys(SYS_open, "locked", O_TMPFILE | O_RDWR, 0600), -EACCES);
}

static void group_close_range(void)
{
	for (int i = 0; i < 10; i++)
		MUST(dup2(0, 100 + i));
	ROW("reversed", sys(SYS_close_range, 5, 4, 0), -EINVAL);
	ROW("bad_flag", sys(SYS_close_range, 100, 101, 1), -EINVAL);
	ROW("two", sys(SYS_close_range, 100, 101, 0), 0);
	ROW("first", fcntl(100, F_GETFD) < 0 ? -errno : 0, -EBADF);
	ROW("second", fcntl(101, F_GETFD) < 0 ? -errno : 0, -EBADF);
	ROW("third", fcntl(102, F_GETFD), 0);
	ROW("closed_again", sys(SYS_close_range, 100, 101, 0), 0);
	ROW("cloexec", sys(SYS_close_range, 102, 103, CLOSE_RANGE_CLOEXEC), 0);
	ROW("cloexec_set", fcntl(103, F_GETFD), FD_CLOEXEC);
	ROW("cloexec_not", fcntl(104, F_GETFD), 0);
	ROW("cloexec_far", sys(SYS_close_range, 5000, ~0u, CLOSE_RANGE_CLOEXEC), 0);
	pid_t pid = (pid_t)sys(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (!pid)
		_exit(sys(SYS_close_range, 104, 105, CLOSE_RANGE_UNSHARE) != 0 ||
		      fcntl(104, F_GETFD) != -1);
	ROW("unshare", wait_status(pid), 0);
	ROW("ours_stays", fcntl(104, F_GETFD), 0);
	pid = (pid_t)sys(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (!pid)
		_exit((int)sys(SYS_close_range, 104, 105, 0));
	ROW("shared", wait_status(pid), 0);
	ROW("ours_goes", fcntl(104, F_GETFD) < 0 ? -errno : 0, -EBADF);
	ROW("all", CHILD(_exit(sys(SYS_close_range, 0, ~0u, 0) || fcntl(0, F_GETFD) != -1)), 0);
}

static void group_dup3(void)
{
	int a = MUST(open("/dev/null", O_RDWR)), path = MUST(open(".", O_PATH));

	ROW("new", sys(SYS_dup3, a, 50, O_CLOEXEC), 50);
	ROW("cloexec", fcntl(50, F_GETFD), FD_CLOEXEC);
	ROW("replace", sys(SYS_dup3, a, 50, 0), 50);
	ROW("not_cloexec", fcntl(50, F_GETFD), 0);
	ROW("same", sys(SYS_dup3, a, a, 0), -EINVAL);
	ROW("same_closed", sys(SYS_dup3, 99, 99, 0), -EINVAL);
	ROW("bad_flag", sys(SYS_dup3, a, 51, O_NONBLOCK), -EINVAL);
	ROW("closed", sys(SYS_dup3, 99, 51, 0), -EBADF);
	ROW("negative", sys(SYS_dup3, a, -1, 0), -EBADF);
	ROW("huge", sys(SYS_dup3, a, 1 << 30, 0), -EBADF);
	ROW("o_path", sys(SYS_dup3, path, 52, 0), 52);
	ROW("dup2_same", sys(SYS_dup2, a, a), a);
	ROW("dup2_same_closed", sys(SYS_dup2, 99, 99), -EBADF);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "memfd");
	GROUP(group_create);
	GROUP(group_exec);
	GROUP(group_seals);
	GROUP(group_size_seals);
	GROUP(group_write_seals);
	GROUP(group_tmpfile);
	GROUP(group_close_range);
	GROUP(group_dup3);
	return finish();
}
