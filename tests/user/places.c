/* File handles, openat2's ways to resolve, files without a name, descriptors of places. */
#include <linux/openat2.h>

#include "row.h"

/* ---- handles ---- */

struct handle {
	unsigned bytes;
	int type;
	unsigned char data[128];
};

static struct handle h;

static long name_to(int dfd, const char *name, int flags)
{
	int mount;

	h.bytes = sizeof(h.data);
	return sys(SYS_name_to_handle_at, dfd, name, &h, &mount, flags);
}

static long open_handle(int fd, int flags)
{
	return sys(SYS_open_by_handle_at, fd, &h, flags);
}

static bool same_file(long fd, const char *name)
{
	struct stat a, b;

	return fd >= 0 && !fstat((int)fd, &a) && !lstat(name, &b) && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

static void group_handles(void)
{
	int dir = MUST(open(".", O_RDONLY)), mount = -1, file, path = MUST(open(".", O_PATH));
	char line[64];

	make_file("f", "text");
	mkdir("d", 0755);
	mkdir("d/e", 0755);
	make_file("d/e/deep", "x");
	symlink("f", "l");
	ROW("name", name_to(AT_FDCWD, "f", 0), 0);
	ROW("bytes", h.bytes, 12);
	ROW("type", h.type, 1);
	ROW("open", file = open_handle(dir, O_RDWR), dir + 2);
	ROW_TRUE("same", same_file(file, "f"));
	ROW("reads", read(file, line, 64), 4);
	ROW("written", write(file, "more", 4), 4);
	rename("f", "d/g");
	ROW_TRUE("renamed", same_file(open_handle(dir, O_RDONLY), "d/g"));
	ROW_TRUE("cwd", same_file(open_handle(AT_FDCWD, O_RDONLY), "d/g"));
	ROW("bad_dir", open_handle(99, O_RDONLY), -EBADF);
	ROW("path_dir", open_handle(path, O_RDONLY), -EBADF);
	ROW("directory_flag", open_handle(dir, O_RDONLY | O_DIRECTORY), -ENOTDIR);
	int proc = MUST(open("/proc/version", O_RDONLY));
	ROW("other_fs", open_handle(proc, O_RDONLY), -ESTALE);
	ROW("cloexec", fcntl((int)open_handle(dir, O_RDONLY | O_CLOEXEC), F_GETFD), FD_CLOEXEC);
	ROW("trunc", open_handle(dir, O_WRONLY | O_TRUNC) >= 0, 1);
	struct stat st;
	stat("d/g", &st);
	ROW("truncated", st.st_size, 0);
	name_to(AT_FDCWD, "d/e/deep", 0);
	ROW_TRUE("deep", same_file(open_handle(dir, O_RDONLY), "d/e/deep"));
	name_to(AT_FDCWD, "d/e", 0);
	ROW_TRUE("directory", same_file(open_handle(dir, O_RDONLY), "d/e"));
	ROW("directory_write", open_handle(dir, O_RDWR), -EISDIR);
	ROW_TRUE("o_path", same_file(open_handle(dir, O_PATH), "d/e"));
	name_to(AT_FDCWD, "l", 0);
	ROW("link", open_handle(dir, O_RDONLY), -ELOOP);
	ROW_TRUE("link_path", same_file(open_handle(dir, O_PATH | O_NOFOLLOW), "l"));
	ROW("follow_dangling", name_to(AT_FDCWD, "l", AT_SYMLINK_FOLLOW), -ENOENT);
	ROW("empty_path", name_to(dir, "", AT_EMPTY_PATH), 0);
	ROW_TRUE("empty_path_same", same_file(open_handle(dir, O_RDONLY), "."));
	ROW("empty", name_to(dir, "", 0), -ENOENT);
	ROW("bad_flags", name_to(dir, "d", AT_SYMLINK_NOFOLLOW), -EINVAL);
	name_to(AT_FDCWD, "d/g", 0);
	unlink("d/g");
	close(file);
	for (int fd = dir + 2; fd < 40; fd++)
		if (fd != proc)
			close(fd);
	ROW("removed", open_handle(dir, O_RDONLY), -ESTALE);
	h.bytes = 0;
	ROW("ask_size", sys(SYS_name_to_handle_at, AT_FDCWD, "d", &h, &mount, 0), -EOVERFLOW);
	ROW("size_told", h.bytes, 12);
	ROW_TRUE("mount_told", mount > 0);
	h.bytes = 129;
	ROW("size_large", sys(SYS_name_to_handle_at, AT_FDCWD, "d", &h, &mount, 0), -EINVAL);
	ROW("open_size_large", open_handle(dir, O_RDONLY), -EINVAL);
	h.bytes = 0;
	ROW("open_size_0", open_handle(dir, O_RDONLY), -EINVAL);
	h.bytes = 8;
	h.type = 1;
	ROW("open_short", open_handle(dir, O_RDONLY), -ESTALE);
	h.bytes = 12;
	h.type = 77;
	ROW("open_type", open_handle(dir, O_RDONLY), -ESTALE);
	ROW("proc", name_to(AT_FDCWD, "/proc/version", 0), -EOPNOTSUPP);
	ROWS_PATH("path", sys(SYS_name_to_handle_at, AT_FDCWD, p, &h, &mount, 0), -ENOENT);
	ROWS_EFAULT("handle", 8, sys(SYS_name_to_handle_at, AT_FDCWD, "d", p, &mount, 0));
	h.bytes = 128;
	ROWS_EFAULT("mount", 4, sys(SYS_name_to_handle_at, AT_FDCWD, "d", &h, p, 0));
	ROWS_EFAULT("open_handle", 8, sys(SYS_open_by_handle_at, dir, p, 0));
	name_to(AT_FDCWD, "d", 0);
	ROW_AS(USER, "open_rights", open_handle(dir, O_RDONLY), -EPERM);
	ROW_AS(USER, "name_rights", name_to(AT_FDCWD, "d", 0), 0);
}

/* ---- openat2 ---- */

static long open2(int dfd, const char *name, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = flags, .resolve = resolve };
	long fd = sys(SYS_openat2, dfd, name, &how, sizeof(how));

	if (fd < 0)
		return fd;
	close((int)fd);
	return 0;
}

static void group_openat2(void)
{
	struct open_how how = { .flags = O_RDONLY };
	struct {
		struct open_how how;
		uint64_t more;
	} larger = { { .flags = O_RDONLY }, 0 };

	make_file("f", "x");
	mkdir("d", 0755);
	make_file("d/in", "x");
	symlink("in", "d/link");
	symlink("../f", "d/up");
	symlink("/f", "d/absolute");
	symlink("/d/in", "d/inside");
	symlink("/proc/self/exe", "magic");
	symlink("/proc/self/cwd/f", "through");
	symlink(".", "d/dot");
	int d = MUST(open("d", O_RDONLY | O_DIRECTORY)), top = MUST(open(".", O_PATH));

	ROW_OK("plain", sys(SYS_openat2, AT_FDCWD, "f", &how, sizeof(how)));
	ROW("size_0", sys(SYS_openat2, AT_FDCWD, "f", &how, 0), -EINVAL);
	ROW("size_small", sys(SYS_openat2, AT_FDCWD, "f", &how, 23), -EINVAL);
	ROW_OK("size_larger", sys(SYS_openat2, AT_FDCWD, "f", &larger, sizeof(larger)));
	larger.more = 1;
	ROW("size_larger_set", sys(SYS_openat2, AT_FDCWD, "f", &larger, sizeof(larger)), -E2BIG);
	ROW("size_page", sys(SYS_openat2, AT_FDCWD, "f", &how, 4097), -E2BIG);
	ROWS_EFAULT("how", 24, sys(SYS_openat2, AT_FDCWD, "f", p, 24));
	ROWS_PATH("path", sys(SYS_openat2, AT_FDCWD, p, &how, sizeof(how)), -ENOENT);
	ROW("unknown_flag", open2(AT_FDCWD, "f", 1ull << 40, 0), -EINVAL);
	ROW("unknown_low_flag", open2(AT_FDCWD, "f", 0x80000000ull, 0), -EINVAL);
	ROW("unknown_resolve", open2(AT_FDCWD, "f", O_RDONLY, 0x40), -EINVAL);
	ROW("beneath_and_root", open2(AT_FDCWD, "f", O_RDONLY, RESOLVE_BENEATH | RESOLVE_IN_ROOT),
	    -EINVAL);
	how.mode = 0644;
	ROW("mode_without_creat", sys(SYS_openat2, AT_FDCWD, "f", &how, sizeof(how)), -EINVAL);
	how.flags = O_CREAT | O_WRONLY;
	how.mode = 010000;
	ROW("mode_bits", sys(SYS_openat2, AT_FDCWD, "new", &how, sizeof(how)), -EINVAL);
	how.mode = 0640;
	ROW_OK("creat", sys(SYS_openat2, AT_FDCWD, "new", &how, sizeof(how)));
	ROW("path_and_other", open2(AT_FDCWD, "f", O_PATH | O_RDWR, 0), -EINVAL);
	ROW("path_and_nofollow", open2(AT_FDCWD, "f", O_PATH | O_NOFOLLOW | O_CLOEXEC, 0), 0);
	ROW("tmpfile_rdonly", open2(AT_FDCWD, ".", O_TMPFILE, 0), -EINVAL);
	ROW("creat_and_directory", open2(AT_FDCWD, "y", O_CREAT | O_DIRECTORY, 0), -EINVAL);
	/* RESOLVE_NO_SYMLINKS */
	ROW("nolink_plain", open2(d, "in", 0, RESOLVE_NO_SYMLINKS), 0);
	ROW("nolink_last", open2(d, "link", 0, RESOLVE_NO_SYMLINKS), -ELOOP);
	ROW("nolink_middle", open2(d, "dot/in", 0, RESOLVE_NO_SYMLINKS), -ELOOP);
	ROW("nolink_path", open2(d, "link", O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS), 0);
	ROW("nolink_magic", open2(top, "magic", 0, RESOLVE_NO_SYMLINKS), -ELOOP);
	/* RESOLVE_NO_MAGICLINKS */
	ROW("nomagic_plain", open2(d, "link", 0, RESOLVE_NO_MAGICLINKS), 0);
	ROW("nomagic", open2(top, "magic", 0, RESOLVE_NO_MAGICLINKS), -ELOOP);
	ROW("nomagic_middle", open2(top, "through", 0, RESOLVE_NO_MAGICLINKS), -ELOOP);
	ROW("magic", open2(top, "through", 0, 0), 0);
	ROW("nomagic_path",
	    open2(AT_FDCWD, "/proc/self/cwd", O_PATH | O_NOFOLLOW, RESOLVE_NO_MAGICLINKS), 0);
	/* RESOLVE_BENEATH */
	ROW("beneath", open2(d, "in", 0, RESOLVE_BENEATH), 0);
	ROW("beneath_up", open2(d, "../f", 0, RESOLVE_BENEATH), -EXDEV);
	ROW("beneath_up_down", open2(d, "../d/in", 0, RESOLVE_BENEATH), -EXDEV);
	ROW("beneath_dots", open2(top, "d/../f", 0, RESOLVE_BENEATH), 0);
	ROW("beneath_link", open2(d, "link", 0, RESOLVE_BENEATH), 0);
	ROW("beneath_link_up", open2(d, "up", 0, RESOLVE_BENEATH), -EXDEV);
	ROW("beneath_absolute", open2(d, "/f", 0, RESOLVE_BENEATH), -EXDEV);
	ROW("beneath_link_absolute", open2(d, "absolute", 0, RESOLVE_BENEATH), -EXDEV);
	ROW("beneath_magic", open2(top, "magic", 0, RESOLVE_BENEATH), -EXDEV);
	ROW("beneath_dot", open2(d, ".", 0, RESOLVE_BENEATH), 0);
	ROW("beneath_dotdot", open2(d, "..", 0, RESOLVE_BENEATH), -EXDEV);
	/* RESOLVE_IN_ROOT */
	ROW("root", open2(d, "in", 0, RESOLVE_IN_ROOT), 0);
	ROW("root_absolute", open2(d, "/in", 0, RESOLVE_IN_ROOT), 0);
	ROW("root_up", open2(d, "../../in", 0, RESOLVE_IN_ROOT), 0);
	ROW("root_up_outside", open2(d, "../f", 0, RESOLVE_IN_ROOT), -ENOENT);
	ROW("root_link_absolute", open2(d, "absolute", 0, RESOLVE_IN_ROOT), -ENOENT);
	ROW("root_link_inside", open2(top, "d/inside", 0, RESOLVE_IN_ROOT), 0);
	ROW("root_slash", open2(d, "/", 0, RESOLVE_IN_ROOT), 0);
	ROW("root_magic", open2(top, "magic", 0, RESOLVE_IN_ROOT), -ENOENT);
	int proc = MUST(open("/proc", O_RDONLY | O_DIRECTORY));
	ROW("root_real_magic", open2(proc, "self/exe", 0, RESOLVE_IN_ROOT), -EXDEV);
	/* RESOLVE_NO_XDEV */
	int slash = MUST(open("/", O_RDONLY | O_DIRECTORY));
	ROW("xdev", open2(slash, "proc/version", 0, RESOLVE_NO_XDEV), -EXDEV);
	ROW("xdev_point", open2(slash, "proc", 0, RESOLVE_NO_XDEV), -EXDEV);
	ROW("xdev_up", open2(proc, "..", 0, RESOLVE_NO_XDEV), -EXDEV);
	ROW("xdev_within", open2(proc, "version", 0, RESOLVE_NO_XDEV), 0);
	ROW("xdev_absolute", open2(proc, "/", 0, RESOLVE_NO_XDEV), 0);
	ROW("xdev_link_absolute", open2(d, "absolute", 0, RESOLVE_NO_XDEV), -EXDEV);
	ROW("xdev_same_root", open2(slash, "/tests", 0, RESOLVE_NO_XDEV), 0);
	ROW("xdev_magic", open2(proc, "self/exe", 0, RESOLVE_NO_XDEV), -EXDEV);
	/* RESOLVE_CACHED */
	ROW("cached", open2(d, "in", 0, RESOLVE_CACHED), 0);
	ROW("cached_creat", open2(d, "none", O_CREAT | O_RDWR, RESOLVE_CACHED), -EAGAIN);
	ROW("cached_trunc", open2(d, "in", O_TRUNC | O_RDWR, RESOLVE_CACHED), -EAGAIN);
	ROW("cached_tmpfile", open2(d, ".", O_TMPFILE | O_RDWR, RESOLVE_CACHED), -EAGAIN);
}

/* ---- files without a name ---- */

static void group_tmpfile(void)
{
	struct stat st;
	char path[64], text[128];
	int fd;

	mkdir("d", 0755);
	make_file("f", "");
	ROW("rdonly", sys(SYS_open, "d", O_TMPFILE | O_RDONLY, 0600), -EINVAL);
	ROW("not_dir", sys(SYS_open, "f", O_TMPFILE | O_RDWR, 0600), -ENOTDIR);
	ROW("missing", sys(SYS_open, "none", O_TMPFILE | O_RDWR, 0600), -ENOENT);
	ROW("creat", sys(SYS_open, "d", O_TMPFILE | O_CREAT | O_RDWR, 0600), -EINVAL);
	ROW("proc", sys(SYS_open, "/proc", O_TMPFILE | O_RDWR, 0600), -EOPNOTSUPP);
	fd = MUST(sys(SYS_open, "d", O_TMPFILE | O_RDWR, 0666));
	fstat(fd, &st);
	ROW("links", st.st_nlink, 0);
	ROW("mode", st.st_mode, S_IFREG | 0644);
	ROW("flags", fcntl(fd, F_GETFL) & O_TMPFILE, O_TMPFILE);
	ROW("write", write(fd, "text", 4), 4);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(path, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = 0;
	ROW_TRUE("name", strstr(text, named("/d/#%lu (deleted)", st.st_ino)) != NULL);
	ROW("link_by_fd", sys(SYS_linkat, fd, "", AT_FDCWD, "d/named", AT_EMPTY_PATH), 0);
	fstat(fd, &st);
	ROW("links_1", st.st_nlink, 1);
	ROW("data", slurp("d/named", text, 16), 4);
	ROW("link_again", sys(SYS_linkat, fd, "", AT_FDCWD, "d/second", AT_EMPTY_PATH), 0);
	unlink("d/named");
	unlink("d/second");
	ROW("no_return", sys(SYS_linkat, fd, "", AT_FDCWD, "d/third", AT_EMPTY_PATH), -ENOENT);
	fd = MUST(sys(SYS_open, "d", O_TMPFILE | O_RDWR, 0600));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ROW("link_by_proc", sys(SYS_linkat, AT_FDCWD, path, AT_FDCWD, "d/proc", AT_SYMLINK_FOLLOW),
	    0);
	fd = MUST(sys(SYS_open, "d", O_TMPFILE | O_RDWR | O_EXCL, 0600));
	ROW("excl", sys(SYS_linkat, fd, "", AT_FDCWD, "d/excl", AT_EMPTY_PATH), -ENOENT);
	ROW("wronly", sys(SYS_open, "d", O_TMPFILE | O_WRONLY, 0) >= 0, 1);
	chmod("d", 0555);
	CHILD(become(USER);
	      ROW("unwritable", sys(SYS_open, "d", O_TMPFILE | O_RDWR, 0600), -EACCES));
	ROW("dir_empty_of_it", rmdir("d") ? -errno : 0, -ENOTEMPTY);
	unlink("d/proc");
	ROW("dir_removable", rmdir("d"), 0);
	ROW("still_writes", write(fd, "x", 1), 1);
}

/* ---- O_PATH ---- */

static void group_o_path(void)
{
	struct flock lock = { .l_type = F_RDLCK };
	struct stat st;
	char text[64];
	int fd, dir, link;

	make_file("f", "text");
	mkdir("d", 0755);
	symlink("f", "l");
	fd = MUST(open("f", O_PATH | O_RDWR | O_APPEND | O_CLOEXEC));
	ROW("flags", fcntl(fd, F_GETFL), O_PATH);
	ROW("cloexec", fcntl(fd, F_GETFD), FD_CLOEXEC);
	ROW("flags_plain", fcntl(MUST(open("f", O_RDONLY | O_CLOEXEC)), F_GETFL), 0100000);
	ROW("read", sys(SYS_read, fd, text, 1), -EBADF);
	ROW("write", sys(SYS_write, fd, text, 1), -EBADF);
	ROW("lseek", sys(SYS_lseek, fd, 0, 0), -EBADF);
	ROW("ioctl", sys(SYS_ioctl, fd, FIONREAD, text), -EBADF);
	ROW("mmap", sys(SYS_mmap, 0, PAGE, PROT_READ, MAP_SHARED, fd, 0), -EBADF);
	ROW("fsync", sys(SYS_fsync, fd), -EBADF);
	ROW("ftruncate", sys(SYS_ftruncate, fd, 0), -EBADF);
	ROW("fallocate", sys(SYS_fallocate, fd, 0, 0, 1), -EBADF);
	ROW("fchmod", sys(SYS_fchmod, fd, 0600), -EBADF);
	ROW("fchown", sys(SYS_fchown, fd, 0, 0), -EBADF);
	ROW("futimens", sys(SYS_utimensat, fd, NULL, NULL, 0), -EBADF);
	ROW("flock", sys(SYS_flock, fd, 1), -EBADF);
	ROW("setlk", sys(SYS_fcntl, fd, F_SETLK, &lock), -EBADF);
	ROW("setfl", sys(SYS_fcntl, fd, F_SETFL, 0), -EBADF);
	ROW("getown", sys(SYS_fcntl, fd, F_GETOWN), -EBADF);
	ROW("setown", sys(SYS_fcntl, fd, F_SETOWN, getpid()), -EBADF);
	ROW("fadvise", sys(SYS_fadvise64, fd, 0, 0, 0), -EBADF);
	ROW("readahead", sys(SYS_readahead, fd, 0, 1), -EBADF);
	ROW("poll", poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 0), 1);
	ROW("fstat", fstat(fd, &st), 0);
	ROW("fstat_size", st.st_size, 4);
	ROW("fstatfs", sys(SYS_fstatfs, fd, edge - 256), 0);
	ROW("dup", sys(SYS_dup, fd) > fd, 1);
	ROW("dupfd", fcntl(fd, F_DUPFD, 0) > fd, 1);
	ROW("setfd", fcntl(fd, F_SETFD, 0), 0);
	ROW("reopen", (long)slurp(named("/proc/self/fd/%d", fd), text, 16), 4);
	ROW("linkat", sys(SYS_linkat, fd, "", AT_FDCWD, "g", AT_EMPTY_PATH), 0);
	ROW("fchdir_file", sys(SYS_fchdir, fd), -ENOTDIR);
	ROW("fchmodat_empty", sys(SYS_fchownat, fd, "", 0, 0, AT_EMPTY_PATH), 0);
	ROW("as_dir", sys(SYS_openat, fd, "x", O_RDONLY), -ENOTDIR);
	dir = MUST(open("d", O_PATH));
	ROW("openat", sys(SYS_openat, dir, "new", O_CREAT | O_RDWR, 0600) >= 0, 1);
	ROW("getdents", sys(SYS_getdents64, dir, text, sizeof(text)), -EBADF);
	ROW("fchdir", sys(SYS_fchdir, dir), 0);
	chdir("..");
	link = MUST(open("l", O_PATH | O_NOFOLLOW));
	fstat(link, &st);
	ROW_TRUE("link_itself", S_ISLNK(st.st_mode));
	ROW("readlinkat", sys(SYS_readlinkat, link, "", text, sizeof(text)), 1);
	ROW("o_directory", sys(SYS_open, "f", O_PATH | O_DIRECTORY), -ENOTDIR);
	ROW("o_directory_link", sys(SYS_open, "l", O_PATH | O_DIRECTORY | O_NOFOLLOW), -ENOTDIR);
	chmod("f", 0);
	ROW_AS(USER, "needs_no_right", sys(SYS_open, "f", O_PATH) >= 0, 1);
	/* Passed to another process it is what it was. */
	ROW("creat_ignored", sys(SYS_open, "none", O_PATH | O_CREAT, 0600), -ENOENT);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "places");
	GROUP(group_handles);
	GROUP(group_openat2);
	GROUP(group_tmpfile);
	GROUP(group_o_path);
	return finish();
}
