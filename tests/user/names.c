/*
 * Names: link, unlink, symlink, readlink, rename and its flags, mkdir, rmdir, mknod, getdents64,
 * the current directory and root.
 */
#include <sys/sysmacros.h>

#include "row.h"

static char buf[2 * PAGE];

static bool exists(const char *name)
{
	struct stat st;

	return lstat(name, &st) == 0;
}

static ino_t inode(const char *name)
{
	struct stat st;

	return lstat(name, &st) ? 0 : st.st_ino;
}

static nlink_t links(const char *name)
{
	struct stat st;

	return lstat(name, &st) ? 0 : st.st_nlink;
}

static void group_mkdir_rmdir(void)
{
	struct stat st;

	ROWS_PATH("mkdir", sys(SYS_mkdir, p, 0755), -ENOENT);
	ROWS_PATH("mkdirat", sys(SYS_mkdirat, AT_FDCWD, p, 0755), -ENOENT);
	ROWS_PATH("rmdir", sys(SYS_rmdir, p), -ENOENT);
	ROW("mkdir", sys(SYS_mkdir, "d", 0777), 0);
	stat("d", &st);
	ROW("mkdir_mode", st.st_mode, S_IFDIR | 0755);
	ROW("mkdir_nlink", st.st_nlink, 2);
	ROW("mkdir_exists", sys(SYS_mkdir, "d", 0777), -EEXIST);
	make_file("f", "x");
	ROW("mkdir_over_file", sys(SYS_mkdir, "f", 0777), -EEXIST);
	symlink("gone", "dangling");
	ROW("mkdir_over_dangling", sys(SYS_mkdir, "dangling", 0777), -EEXIST);
	ROW("mkdir_trailing_slash", sys(SYS_mkdir, "e///", 0777), 0);
	ROW("mkdir_dot", sys(SYS_mkdir, ".", 0777), -EEXIST);
	ROW("mkdir_dot_in_missing", sys(SYS_mkdir, "no/.", 0777), -ENOENT);
	ROW("mkdir_root", sys(SYS_mkdir, "/", 0777), -EEXIST);
	ROW("mkdir_sticky", sys(SYS_mkdir, "s", 01777), 0);
	stat("s", &st);
	ROW("mkdir_sticky_mode", st.st_mode, S_IFDIR | 01755);
	mkdir("d/sub", 0755);
	ROW("parent_nlink", links("d"), 3);
	ROW("rmdir_not_empty", sys(SYS_rmdir, "d"), -ENOTEMPTY);
	ROW("rmdir_sub", sys(SYS_rmdir, "d/sub"), 0);
	ROW("parent_nlink_back", links("d"), 2);
	ROW("rmdir", sys(SYS_rmdir, "d"), 0);
	ROW("rmdir_file", sys(SYS_rmdir, "f"), -ENOTDIR);
	ROW("rmdir_symlink", sys(SYS_rmdir, "dangling"), -ENOTDIR);
	ROW("rmdir_dot", sys(SYS_rmdir, "e/."), -EINVAL);
	ROW("rmdir_dotdot", sys(SYS_rmdir, "e/.."), -ENOTEMPTY);
	ROW("rmdir_trailing_slash", sys(SYS_rmdir, "e/"), 0);
	ROW("rmdir_root", sys(SYS_rmdir, "/"), -EBUSY);
	mkdir("m", 0755);
	mount("tmpfs", "m", "tmpfs", 0, NULL);
	ROW("rmdir_mount_point", sys(SYS_rmdir, "m"), -EBUSY);
	umount("m");
	ROW("rmdir_unmounted", sys(SYS_rmdir, "m"), 0);
	mkdir("cwd", 0755);
	chdir("cwd");
	ROW("rmdir_cwd", sys(SYS_rmdir, "../cwd"), 0);
	ROW("in_removed_mkdir", sys(SYS_mkdir, "x", 0755), -ENOENT);
	ROW("in_removed_getcwd", sys(SYS_getcwd, buf, sizeof(buf)), -ENOENT);
	ROW_OK("in_removed_open_dot", sys(SYS_open, ".", O_RDONLY));
}

static void group_link(void)
{
	make_file("f", "x");
	mkdir("d", 0755);
	symlink("f", "s");
	ROWS_PATH("link_old", sys(SYS_link, p, "new"), -ENOENT);
	ROWS_PATH("link_new", sys(SYS_link, "f", p), -ENOENT);
	ROWS_PATH("linkat_new", sys(SYS_linkat, AT_FDCWD, "f", AT_FDCWD, p, 0), -ENOENT);
	ROW("link", sys(SYS_link, "f", "g"), 0);
	ROW("link_nlink", links("f"), 2);
	ROW("link_same_inode", inode("g"), inode("f"));
	ROW("link_exists", sys(SYS_link, "f", "g"), -EEXIST);
	ROW("link_exists_dir", sys(SYS_link, "f", "d"), -EEXIST);
	ROW("link_dir", sys(SYS_link, "d", "dd"), -EPERM);
	ROW("link_missing", sys(SYS_link, "no", "x"), -ENOENT);
	ROW("link_symlink_itself", sys(SYS_link, "s", "t"), 0);
	ROW("link_symlink_inode", inode("t"), inode("s"));
	ROW("linkat_follow", sys(SYS_linkat, AT_FDCWD, "s", AT_FDCWD, "u", AT_SYMLINK_FOLLOW), 0);
	ROW("linkat_follow_inode", inode("u"), inode("f"));
	ROW("linkat_flag", sys(SYS_linkat, AT_FDCWD, "f", AT_FDCWD, "v", 1), -EINVAL);
	ROW("linkat_bad_dirfd", sys(SYS_linkat, 777, "f", AT_FDCWD, "v", 0), -EBADF);
	int fd = MUST(open("f", O_RDONLY));
	ROW("linkat_empty_path", sys(SYS_linkat, fd, "", AT_FDCWD, "w", AT_EMPTY_PATH), 0);
	ROW("linkat_empty_inode", inode("w"), inode("f"));
	mkdir("m", 0755);
	mount("tmpfs", "m", "tmpfs", 0, NULL);
	ROW("link_other_mount", sys(SYS_link, "f", "m/f"), -EXDEV);
	umount("m");
	mkdir("locked", 0755);
	chmod("f", 0666);
	ROW_AS(USER, "link_no_permission", sys(SYS_link, "f", "locked/f"), -EACCES);
	ROW("unlink_all", sys(SYS_unlink, "g"), 0);
	ROW("nlink_after", links("f"), 3);
}

static void group_unlink(void)
{
	struct stat st;

	ROWS_PATH("unlink", sys(SYS_unlink, p), -ENOENT);
	ROWS_PATH("unlinkat", sys(SYS_unlinkat, AT_FDCWD, p, 0), -ENOENT);
	make_file("f", "abc");
	mkdir("d", 0755);
	symlink("f", "s");
	symlink("d", "sd");
	ROW("unlink_symlink", sys(SYS_unlink, "s"), 0);
	ROW_TRUE("unlink_symlink_keeps_target", exists("f"));
	ROW("unlink_dir", sys(SYS_unlink, "d"), -EISDIR);
	ROW("unlink_slash", sys(SYS_unlink, "f/"), -ENOTDIR);
	ROW("unlink_dirlink_slash", sys(SYS_unlink, "sd/"), -ENOTDIR);
	ROW("unlink_dot", sys(SYS_unlink, "."), -EISDIR);
	int fd = MUST(open("f", O_RDWR));
	ROW("unlink_open", sys(SYS_unlink, "f"), 0);
	ROW("unlink_open_read", sys(SYS_read, fd, buf, 10), 3);
	fstat(fd, &st);
	ROW("unlink_open_nlink", st.st_nlink, 0);
	snprintf(buf, sizeof(buf), "/proc/self/fd/%d", fd);
	char target[256] = "";
	ROW_OK("unlinked_readlink", readlink(buf, target, sizeof(target) - 1));
	ROW_TRUE("unlinked_deleted", strstr(target, "/f (deleted)"));
	ROW("unlink_again", sys(SYS_unlink, "f"), -ENOENT);
	ROW("removedir", sys(SYS_unlinkat, AT_FDCWD, "d", AT_REMOVEDIR), 0);
	ROW("unlinkat_flag", sys(SYS_unlinkat, AT_FDCWD, "sd", 1), -EINVAL);
	make_file("g", "x");
	ROW("removedir_file", sys(SYS_unlinkat, AT_FDCWD, "g", AT_REMOVEDIR), -ENOTDIR);
	ROW("unlinkat_bad_dirfd", sys(SYS_unlinkat, 777, "g", 0), -EBADF);
	/* In a sticky directory only the owners of file and directory may remove. */
	mkdir("sticky", 0777);
	chmod("sticky", 01777);
	make_file("sticky/u", "x");
	chown("sticky/u", USER, USER);
	ROW_AS(OTHER, "sticky_other", sys(SYS_unlink, "sticky/u"), -EPERM);
	ROW_AS(OTHER, "sticky_rename_other", sys(SYS_rename, "sticky/u", "sticky/v"), -EPERM);
	ROW_AS(USER, "sticky_owner", sys(SYS_unlink, "sticky/u"), 0);
	mkdir("ro", 0755);
	make_file("ro/f", "x");
	chmod("ro/f", 0666);
	ROW_AS(USER, "needs_dir_permission", sys(SYS_unlink, "ro/f"), -EACCES);
}

static void group_symlink(void)
{
	struct stat st;

	ROWS_PATH("symlink_name", sys(SYS_symlink, "target", p), -ENOENT);
	ROWS_PATH("symlinkat_name", sys(SYS_symlinkat, "target", AT_FDCWD, p), -ENOENT);
	ROWS_STRING_EFAULT("symlink_target", sys(SYS_symlink, p, "x"));
	ROWS_PATH("readlink", sys(SYS_readlink, p, buf, sizeof(buf)), -ENOENT);
	ROW("symlink", sys(SYS_symlink, "some/where", "s"), 0);
	lstat("s", &st);
	ROW("mode", st.st_mode, S_IFLNK | 0777);
	ROW("size", st.st_size, 10);
	ROW("readlink", sys(SYS_readlink, "s", buf, sizeof(buf)), 10);
	ROW_TRUE("readlink_text", !memcmp(buf, "some/where", 10));
	ROW("readlink_cut", sys(SYS_readlink, "s", buf, 4), 4);
	ROW("readlink_size_0", sys(SYS_readlink, "s", buf, 0), -EINVAL);
	ROW("readlink_size_negative", sys(SYS_readlink, "s", buf, -1), -EINVAL);
	ROWS_EFAULT("readlink_buf", 10, sys(SYS_readlink, "s", p, 10));
	ROW("readlink_across", sys(SYS_readlink, "s", ACROSS(10), 10), 10);
	make_file("f", "x");
	ROW("readlink_file", sys(SYS_readlink, "f", buf, 10), -EINVAL);
	ROW("readlink_dir", sys(SYS_readlink, ".", buf, 10), -EINVAL);
	ROW("exists", sys(SYS_symlink, "x", "s"), -EEXIST);
	ROW("empty_target", sys(SYS_symlink, "", "e"), -ENOENT);
	ROW("target_4095", sys(SYS_symlink, long_path(4095, 200), "long"), 0);
	ROW("target_4095_read", sys(SYS_readlink, "long", buf, sizeof(buf)), 4095);
	ROW("target_4096", sys(SYS_symlink, long_path(4096, 200), "longer"), -ENAMETOOLONG);
	ROW("readlinkat", sys(SYS_readlinkat, AT_FDCWD, "s", buf, 100), 10);
	int fd = MUST(open("s", O_PATH | O_NOFOLLOW));
	ROW("readlinkat_empty", sys(SYS_readlinkat, fd, "", buf, 100), 10);
	ROW("readlinkat_bad_dirfd", sys(SYS_readlinkat, 777, "s", buf, 100), -EBADF);
	mkdir("d", 0755);
	make_file("d/x", "x");
	symlink("d", "sd");
	symlink("../f", "d/up");
	ROW_TRUE("walk_through", exists("sd/x"));
	ROW_OK("walk_relative_to_link", sys(SYS_open, "sd/up", O_RDONLY));
	symlink("/proc/self/../self/status", "abs");
	ROW_OK("walk_absolute", sys(SYS_open, "abs", O_RDONLY));
	symlink("sd/", "slash");
	ROW_OK("walk_slash", sys(SYS_open, "slash/x", O_RDONLY));
}

static void group_rename(void)
{
	make_file("a", "a");
	make_file("b", "b");
	mkdir("d", 0755);
	mkdir("e", 0755);
	mkdir("full", 0755);
	make_file("full/x", "x");
	symlink("a", "s");
	ROWS_PATH("rename_old", sys(SYS_rename, p, "new"), -ENOENT);
	ROWS_PATH("rename_new", sys(SYS_rename, "a", p), -ENOENT);
	ino_t ino = inode("a");
	ROW("missing", sys(SYS_rename, "no", "x"), -ENOENT);
	ROW("replace", sys(SYS_rename, "a", "b"), 0);
	ROW_TRUE("replace_gone", !exists("a"));
	ROW("replace_inode", inode("b"), ino);
	ROW("same", sys(SYS_rename, "b", "b"), 0);
	link("b", "c");
	ROW("hard_links_of_one", sys(SYS_rename, "b", "c"), 0);
	ROW_TRUE("hard_links_both_stay", exists("b") && exists("c"));
	ROW("file_over_dir", sys(SYS_rename, "b", "d"), -EISDIR);
	ROW("dir_over_file", sys(SYS_rename, "d", "b"), -ENOTDIR);
	ROW("dir_over_empty", sys(SYS_rename, "d", "e"), 0);
	ROW("dir_over_full", sys(SYS_rename, "e", "full"), -ENOTEMPTY);
	ROW("into_itself", sys(SYS_rename, "full", "full/sub"), -EINVAL);
	mkdir("full/sub", 0755);
	ROW("over_ancestor", sys(SYS_rename, "full/sub", "full"), -ENOTEMPTY);
	ROW("dot", sys(SYS_rename, "full/.", "x"), -EBUSY);
	ROW("dotdot", sys(SYS_rename, "full/sub/..", "x"), -EBUSY);
	ROW("to_dot", sys(SYS_rename, "b", "e/."), -EBUSY);
	ROW("file_trailing_slash", sys(SYS_rename, "b/", "x"), -ENOTDIR);
	ROW("to_trailing_slash", sys(SYS_rename, "b", "x/"), -ENOTDIR);
	ROW("dir_to_trailing_slash", sys(SYS_rename, "e", "d/"), 0);
	ROW("symlink_itself", sys(SYS_rename, "s", "t"), 0);
	ROW_TRUE("symlink_moved", readlink("t", buf, 10) == 1);
	mkdir("p", 0755);
	ROW("dir_moves", sys(SYS_rename, "d", "p/d"), 0);
	ROW("dir_moves_nlink", links("p"), 3);
	char cwd[256];
	getcwd(cwd, sizeof(cwd));
	ino = inode("p");
	chdir("p/d");
	ROW("dotdot_follows", inode(".."), ino);
	chdir(cwd);
	mkdir("m", 0755);
	mount("tmpfs", "m", "tmpfs", 0, NULL);
	ROW("other_mount", sys(SYS_rename, "b", "m/b"), -EXDEV);
	ROW("mount_point", sys(SYS_rename, "m", "n"), -EBUSY);
	umount("m");
	mkdir("locked", 0755);
	chown("b", USER, USER);
	ROW_AS(USER, "no_permission", sys(SYS_rename, "b", "locked/b"), -EACCES);
	/* Moving a directory changes its "..": the mover must be able to write it. */
	mkdir("w1", 0777);
	mkdir("w2", 0777);
	chmod("w1", 0777);
	chmod("w2", 0777);
	mkdir("w1/rootdir", 0755);
	ROW_AS(USER, "dir_not_writable", sys(SYS_rename, "w1/rootdir", "w2/rootdir"), -EACCES);
	ROW_AS(USER, "dir_same_parent", sys(SYS_rename, "w1/rootdir", "w1/other"), 0);
}

static void group_renameat2(void)
{
	enum { NOREPLACE = 1, EXCHANGE = 2, WHITEOUT = 4 };

	make_file("a", "a");
	make_file("b", "b");
	mkdir("d", 0755);
	ino_t a = inode("a"), d = inode("d");
	ROWS_PATH("old", sys(SYS_renameat2, AT_FDCWD, p, AT_FDCWD, "new", 0), -ENOENT);
	ROW("noreplace_exists", sys(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", NOREPLACE),
	    -EEXIST);
	ROW("noreplace_new", sys(SYS_renameat2, AT_FDCWD, "b", AT_FDCWD, "c", NOREPLACE), 0);
	ROW("exchange", sys(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "d", EXCHANGE), 0);
	ROW("exchange_a", inode("a"), d);
	ROW("exchange_d", inode("d"), a);
	ROW("exchange_missing", sys(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "no", EXCHANGE),
	    -ENOENT);
	ROW("exchange_into_self", sys(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "a/x", EXCHANGE),
	    -ENOENT);
	mkdir("a/x", 0755);
	ROW("exchange_with_child", sys(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "a/x", EXCHANGE),
	    -EINVAL);
	ROW("both_flags", sys(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "d", NOREPLACE | EXCHANGE),
	    -EINVAL);
	ROW("unknown_flag", sys(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "d", 8), -EINVAL);
	int dir = MUST(open("a", O_RDONLY));
	ROW("relative", sys(SYS_renameat, AT_FDCWD, "c", dir, "c"), 0);
	ROW_TRUE("relative_there", exists("a/c"));
	ROW("bad_old_dirfd", sys(SYS_renameat, 777, "c", dir, "c"), -EBADF);
	ROW("bad_new_dirfd", sys(SYS_renameat, dir, "c", 777, "c"), -EBADF);
}

static void group_mknod(void)
{
	struct stat st;

	ROWS_PATH("mknod", sys(SYS_mknod, p, S_IFREG | 0644, 0), -ENOENT);
	ROWS_PATH("mknodat", sys(SYS_mknodat, AT_FDCWD, p, S_IFREG | 0644, 0), -ENOENT);
	ROW("regular", sys(SYS_mknod, "r", S_IFREG | 0666, 0), 0);
	ROW("type_0_is_regular", sys(SYS_mknod, "r0", 0666, 0), 0);
	stat("r0", &st);
	ROW("type_0_mode", st.st_mode, S_IFREG | 0644);
	ROW("exists", sys(SYS_mknod, "r", S_IFREG | 0666, 0), -EEXIST);
	ROW("fifo", sys(SYS_mknod, "p", S_IFIFO | 0666, 0), 0);
	stat("p", &st);
	ROW("fifo_mode", st.st_mode, S_IFIFO | 0644);
	ROW("char", sys(SYS_mknod, "c", S_IFCHR | 0666, makedev(1, 3)), 0);
	stat("c", &st);
	ROW("char_rdev", st.st_rdev, makedev(1, 3));
	ROW("block", sys(SYS_mknod, "b", S_IFBLK | 0600, makedev(250, 1000)), 0);
	stat("b", &st);
	ROW("block_rdev", st.st_rdev, makedev(250, 1000));
	ROW("socket", sys(SYS_mknod, "s", S_IFSOCK | 0600, 0), 0);
	ROW("open_socket", sys(SYS_open, "s", O_RDWR), -ENXIO);
	ROW("dir", sys(SYS_mknod, "d", S_IFDIR | 0755, 0), -EPERM);
	ROW("symlink_type", sys(SYS_mknod, "l", S_IFLNK | 0755, 0), -EINVAL);
	ROW("bad_type", sys(SYS_mknod, "x", 0170000 | 0755, 0), -EINVAL);
	ROW("trailing_slash", sys(SYS_mknod, "t/", S_IFREG | 0644, 0), -ENOENT);
	sys(SYS_mknod, "nodev", S_IFCHR | 0666, makedev(4000, 1));
	ROW("open_no_driver", sys(SYS_open, "nodev", O_RDONLY), -ENXIO);
	chmod(".", 0777);
	ROW_AS(USER, "char_needs_root", sys(SYS_mknod, "uc", S_IFCHR | 0666, makedev(1, 3)),
	       -EPERM);
	ROW_AS(USER, "fifo_by_user", sys(SYS_mknod, "up", S_IFIFO | 0666, 0), 0);
	mkdir("m", 0755);
	mount("tmpfs", "m", "tmpfs", MS_NODEV, NULL);
	sys(SYS_mknod, "m/null", S_IFCHR | 0666, makedev(1, 3));
	ROW("open_on_nodev_mount", sys(SYS_open, "m/null", O_RDONLY), -EACCES);
	umount("m");
}

struct linux_dirent64 {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

/* The type of a name among n bytes of entries, or -1. */
static int entry_type(const char *entries, long n, const char *name)
{
	for (long at = 0; at < n;) {
		const struct linux_dirent64 *entry = (const void *)(entries + at);

		if (!strcmp(entry->name, name))
			return entry->type;
		at += entry->reclen;
	}
	return -1;
}

static void group_getdents(void)
{
	mkdir("d", 0755);
	make_file("d/file", "x");
	mkdir("d/dir", 0755);
	symlink("x", "d/link");
	mkfifo("d/fifo", 0644);
	mknod("d/char", S_IFCHR | 0600, makedev(1, 3));
	int fd = MUST(open("d", O_RDONLY));
	ROWS_FD_PATH("getdents64", sys(SYS_getdents64, fd, buf, sizeof(buf)));
	ROW("not_dir", sys(SYS_getdents64, open("d/file", O_RDONLY), buf, sizeof(buf)), -ENOTDIR);
	ROW("small_buffer", sys(SYS_getdents64, fd, buf, 10), -EINVAL);
	ROW("efault", sys(SYS_getdents64, fd, edge, 100), -EFAULT);
	long n = ROW_OK("read", sys(SYS_getdents64, fd, buf, sizeof(buf)));
	ROW("dot", entry_type(buf, n, "."), 4);
	ROW("dotdot", entry_type(buf, n, ".."), 4);
	ROW("file", entry_type(buf, n, "file"), 8);
	ROW("dir", entry_type(buf, n, "dir"), 4);
	ROW("link", entry_type(buf, n, "link"), 10);
	ROW("fifo", entry_type(buf, n, "fifo"), 1);
	ROW("char", entry_type(buf, n, "char"), 2);
	ROW("end", sys(SYS_getdents64, fd, buf, sizeof(buf)), 0);
	lseek(fd, 0, SEEK_SET);
	ROW("rewound", sys(SYS_getdents64, fd, buf, sizeof(buf)), n);
	struct linux_dirent64 *first = (void *)buf;
	ROW_TRUE("first_is_dot", !strcmp(first->name, "."));
	ROW("reclen_aligned", first->reclen % 8, 0);
	/*
	 * A directory of many names read in small pieces: each name once, while others come and go.
	 */
	mkdir("many", 0755);
	for (int i = 0; i < 300; i++)
		close(open(named("many/file%d", i), O_CREAT | O_WRONLY, 0600));
	fd = MUST(open("many", O_RDONLY));
	char seen[300] = "";
	int dots = 0, round = 0;
	while ((n = sys(SYS_getdents64, fd, buf, 200)) > 0) {
		for (long at = 0; at < n;) {
			struct linux_dirent64 *entry = (void *)(buf + at);
			int number;

			if (sscanf(entry->name, "file%d", &number) == 1 && number < 300)
				seen[number]++;
			else
				dots++;
			at += entry->reclen;
		}
		unlink(named("many/file%d", round));
		close(open(named("many/extra%d", round++), O_CREAT | O_WRONLY, 0600));
	}
	ROW("many_ends", n, 0);
	int twice = 0;
	for (int i = 0; i < 300; i++)
		twice += seen[i] > 1;
	ROW_TRUE("many_none_twice", twice == 0);
	ROW_TRUE("many_dots", dots >= 2);
	int gone = MUST(open("d/dir", O_RDONLY));
	rmdir("d/dir");
	ROW("removed_dir", sys(SYS_getdents64, gone, buf, sizeof(buf)), -ENOENT);
	/* The older call puts the type in the last byte. */
	fd = MUST(open("d", O_RDONLY));
	ROW_OK("getdents", sys(SYS_getdents, fd, buf, sizeof(buf)));
	ROW("getdents_type", buf[*(uint16_t *)(buf + 16) - 1], 4);
}

static void group_cwd(void)
{
	char here[256], path[512];

	getcwd(here, sizeof(here));
	mkdir("d", 0755);
	make_file("f", "x");
	symlink("d", "s");
	ROWS_PATH("chdir", sys(SYS_chdir, p), -ENOENT);
	ROWS_FD("fchdir", sys(SYS_fchdir, fd));
	long len = strlen(here) + 1;
	ROW("getcwd", sys(SYS_getcwd, path, sizeof(path)), len);
	ROW_TRUE("getcwd_text", !strcmp(path, here));
	ROW("getcwd_exact", sys(SYS_getcwd, path, len), len);
	ROW("getcwd_small", sys(SYS_getcwd, path, len - 1), -ERANGE);
	ROW("getcwd_0", sys(SYS_getcwd, path, 0), -ERANGE);
	ROWS_EFAULT("getcwd", len, sys(SYS_getcwd, p, 500));
	ROW("chdir_file", sys(SYS_chdir, "f"), -ENOTDIR);
	ROW("fchdir_file", sys(SYS_fchdir, open("f", O_RDONLY)), -ENOTDIR);
	ROW("chdir", sys(SYS_chdir, "s"), 0);
	sys(SYS_getcwd, path, sizeof(path));
	ROW_TRUE("chdir_resolved", !strcmp(path + strlen(here), "/d"));
	ROW("dotdot", sys(SYS_chdir, ".."), 0);
	int fd = MUST(open("d", O_RDONLY));
	ROW("fchdir", sys(SYS_fchdir, fd), 0);
	chdir(here);
	ROW("fchdir_o_path", sys(SYS_fchdir, open("d", O_PATH)), 0);
	rename("../d", "../moved");
	sys(SYS_getcwd, path, sizeof(path));
	ROW_TRUE("renamed_cwd", !strcmp(path + strlen(here), "/moved"));
	chdir("/");
	ROW("root_dotdot", sys(SYS_chdir, ".."), 0);
	ROW("root_getcwd", sys(SYS_getcwd, path, sizeof(path)), 2);
	chdir(here);
	mkdir("locked", 0700);
	int locked = MUST(open("locked", O_RDONLY));
	ROW_AS(USER, "chdir_locked", sys(SYS_chdir, "locked"), -EACCES);
	ROW_AS(USER, "fchdir_locked", sys(SYS_fchdir, locked), -EACCES);
	CHILD(chdir("moved"); CHILD(chdir("/"));
	      ROW("own_per_process", sys(SYS_getcwd, path, 500), len + 6));
}

static void group_chroot(void)
{
	char path[512];

	mkdir("jail", 0755);
	make_file("jail/inside", "x");
	make_file("outside", "x");
	symlink("/inside", "jail/abs");
	symlink("../../../outside", "jail/up");
	ROWS_PATH("chroot", sys(SYS_chroot, p), -ENOENT);
	ROW("file", sys(SYS_chroot, "outside"), -ENOTDIR);
	ROW_AS(USER, "needs_root", sys(SYS_chroot, "jail"), -EPERM);
	CHILD({
		int out = open(".", O_RDONLY);

		ROW("chroot", sys(SYS_chroot, "jail"), 0);
		ROW("unreachable_cwd",
		    sys(SYS_getcwd, path, sizeof(path)) > 0 && !strncmp(path, "(unreachable)/", 14),
		    1);
		chdir("/");
		ROW_OK("root_is_jail", sys(SYS_open, "/inside", O_RDONLY));
		ROW_OK("absolute_link_inside", sys(SYS_open, "/abs", O_RDONLY));
		ROW("dotdot_stays", sys(SYS_open, "/../outside", O_RDONLY), -ENOENT);
		ROW("link_up_stays", sys(SYS_open, "/up", O_RDONLY), -ENOENT);
		ROW("getcwd", sys(SYS_getcwd, path, sizeof(path)), 2);
		ROW("outside_by_descriptor", sys(SYS_fchdir, out), 0);
		ROW_OK("outside_relative", sys(SYS_open, "outside", O_RDONLY));
	});
	ROW_OK("parent_unchanged", sys(SYS_open, "outside", O_RDONLY));
}

int main(int argc, char **argv)
{
	begin(argc, argv, "names");
	GROUP(group_mkdir_rmdir);
	GROUP(group_link);
	GROUP(group_unlink);
	GROUP(group_symlink);
	GROUP(group_rename);
	GROUP(group_renameat2);
	GROUP(group_mknod);
	GROUP(group_getdents);
	GROUP(group_cwd);
	GROUP(group_chroot);
	return finish();
}
