/*
 * Opening files and what descriptors are: open, openat, creat, close, close_range, dup, fcntl,
 * flock, locks.
 */
#include "row.h"

static bool is_open(int fd)
{
	return sys(SYS_fcntl, fd, F_GETFD) >= 0;
}

static void group_open_basic(void)
{
	char c;

	make_file("file", "hello");
	mkdir("dir", 0755);
	ROWS_PATH("open", sys(SYS_open, p, O_RDONLY), -ENOENT);
	ROWS_PATH("openat", sys(SYS_openat, AT_FDCWD, p, O_RDONLY), -ENOENT);
	ROWS_PATH("creat", sys(SYS_creat, p, 0644), -ENOENT);
	ROW("missing", sys(SYS_open, "nothing", O_RDONLY), -ENOENT);
	ROW("lowest_descriptor", sys(SYS_open, "file", O_RDONLY), 3);
	ROW("next_descriptor", sys(SYS_open, "file", O_RDONLY), 4);
	close(3);
	ROW("lowest_again", sys(SYS_open, "file", O_RDONLY), 3);
	ROW("rdonly_write", sys(SYS_write, 3, "x", 1), -EBADF);
	close(4);
	int fd = MUST(open("file", O_WRONLY));
	ROW("wronly_read", sys(SYS_read, fd, &c, 1), -EBADF);
	ROW("wronly_write", sys(SYS_write, fd, "J", 1), 1);
	close(fd);
	fd = MUST(open("file", O_RDWR));
	ROW("rdwr_read", sys(SYS_read, fd, &c, 1), 1);
	ROW("rdwr_sees", c, 'J');
	close(fd);
	/* Access mode 3 asks for both permissions and grants neither. */
	fd = ROW_OK("mode_3", sys(SYS_open, "file", O_ACCMODE));
	ROW("mode_3_read", sys(SYS_read, fd, &c, 1), -EBADF);
	ROW("mode_3_write", sys(SYS_write, fd, &c, 1), -EBADF);
	close(fd);
	ROW("dir_rdonly", sys(SYS_open, "dir", O_RDONLY), 4);
	ROW("dir_read", sys(SYS_read, 4, &c, 1), -EISDIR);
	close(4);
	ROW("dir_wronly", sys(SYS_open, "dir", O_WRONLY), -EISDIR);
	ROW("dir_rdwr", sys(SYS_open, "dir", O_RDWR), -EISDIR);
	ROW("dir_creat", sys(SYS_open, "dir", O_RDONLY | O_CREAT, 0644), -EISDIR);
	ROW("dir_trunc", sys(SYS_open, "dir", O_RDONLY | O_TRUNC), -EISDIR);
	ROW("trailing_slash_file", sys(SYS_open, "file/", O_RDONLY), -ENOTDIR);
	ROW("trailing_slash_dir", sys(SYS_open, "dir/", O_RDONLY), 4);
	close(4);
	ROW("trailing_slash_creat", sys(SYS_open, "fresh/", O_RDWR | O_CREAT, 0644), -EISDIR);
	ROW("unknown_flag_ignored", sys(SYS_open, "file", O_RDONLY | 0x20000000), 4);
	close(4);
	strcpy(edge - PAGE - 2, "file");
	ROW("path_across_pages", sys(SYS_open, edge - PAGE - 2, O_RDONLY), 4);
	close(4);
}

static void group_open_creat(void)
{
	struct stat st;

	umask(027);
	ROW("new", sys(SYS_open, "a", O_RDWR | O_CREAT, 0666), 3);
	stat("a", &st);
	ROW("mode_umask", st.st_mode, S_IFREG | 0640);
	ROW("owner", st.st_uid, 0);
	ROW("excl_exists", sys(SYS_open, "a", O_RDWR | O_CREAT | O_EXCL, 0666), -EEXIST);
	ROW("excl_new", sys(SYS_open, "b", O_RDWR | O_CREAT | O_EXCL, 04755), 4);
	stat("b", &st);
	ROW("mode_setuid", st.st_mode, S_IFREG | 04750);
	symlink("nowhere", "dangling");
	ROW("excl_symlink", sys(SYS_open, "dangling", O_RDWR | O_CREAT | O_EXCL, 0666), -EEXIST);
	ROW("through_symlink", sys(SYS_open, "dangling", O_RDWR | O_CREAT, 0666), 5);
	ROW("through_symlink_made", stat("nowhere", &st), 0);
	/* The mode limits later opens, not the one that creates. */
	ROW("readonly_mode_rdwr", sys(SYS_open, "c", O_RDWR | O_CREAT, 0444), 6);
	ROW("readonly_mode_write", sys(SYS_write, 6, "x", 1), 1);
	ROW("creat_truncates", sys(SYS_creat, "c", 0644), 7);
	fstat(7, &st);
	ROW("creat_size", st.st_size, 0);
	ROW("creat_keeps_mode", st.st_mode & 0777, 0440);
	ROW("dir_with_creat_directory", sys(SYS_open, "d", O_RDWR | O_CREAT | O_DIRECTORY, 0755),
	    -EINVAL);
	chmod(".", 0755);
	ROW_AS(USER, "no_permission_dir", sys(SYS_open, "e", O_RDWR | O_CREAT, 0644), -EACCES);
	ROW_AS(USER, "no_permission_file", sys(SYS_open, "a", O_RDWR), -EACCES);
	ROW("parent_missing", sys(SYS_open, "no/x", O_RDWR | O_CREAT, 0644), -ENOENT);
	mkdir("sgid", 0777);
	chown("sgid", 0, 77);
	chmod("sgid", 02777);
	close(MUST(open("sgid/x", O_CREAT | O_RDWR, 0644)));
	stat("sgid/x", &st);
	ROW("setgid_dir_group", st.st_gid, 77);
	mkdir("sgid/sub", 0755);
	stat("sgid/sub", &st);
	ROW("setgid_dir_inherited", st.st_mode, S_IFDIR | 02750);
}

static void group_open_trunc_append(void)
{
	struct stat st;
	char text[16] = "";

	make_file("f", "0123456789");
	int fd = ROW_OK("trunc", sys(SYS_open, "f", O_WRONLY | O_TRUNC));
	fstat(fd, &st);
	ROW("trunc_size", st.st_size, 0);
	close(fd);
	make_file("f", "0123456789");
	chmod("f", 0444);
	ROW_AS(USER, "trunc_needs_write", sys(SYS_open, "f", O_RDONLY | O_TRUNC), -EACCES);
	chmod("f", 0644);
	fd = MUST(open("f", O_WRONLY | O_APPEND));
	ROW("append_start", lseek(fd, 0, SEEK_CUR), 0);
	ROW("append_write", write(fd, "A", 1), 1);
	ROW("append_pos", lseek(fd, 0, SEEK_CUR), 11);
	lseek(fd, 0, SEEK_SET);
	ROW("append_after_seek", write(fd, "B", 1), 1);
	ROW("append_pwrite_appends", sys(SYS_pwrite64, fd, "C", 1, 0), 1);
	close(fd);
	slurp("f", text, sizeof(text));
	ROW_TRUE("append_content", !strcmp(text, "0123456789ABC"));
	/* Two descriptors of a file opened apart both write at its end. */
	int a = MUST(open("f", O_WRONLY | O_APPEND)), b = MUST(open("f", O_WRONLY | O_APPEND));
	ROW("append_two_a", write(a, "x", 1), 1);
	ROW("append_two_b", write(b, "y", 1), 1);
	ROW("append_two_pos", lseek(b, 0, SEEK_CUR), 15);
}

static void group_open_directory_nofollow(void)
{
	char c;

	make_file("f", "x");
	mkdir("d", 0755);
	symlink("f", "lf");
	symlink("d", "ld");
	symlink("gone", "lg");
	symlink("loop", "loop");
	ROW("directory_on_file", sys(SYS_open, "f", O_RDONLY | O_DIRECTORY), -ENOTDIR);
	ROW("directory_on_dir", sys(SYS_open, "d", O_RDONLY | O_DIRECTORY), 3);
	close(3);
	ROW("directory_on_link", sys(SYS_open, "ld", O_RDONLY | O_DIRECTORY), 3);
	close(3);
	ROW("nofollow_link", sys(SYS_open, "lf", O_RDONLY | O_NOFOLLOW), -ELOOP);
	ROW("nofollow_dirlink", sys(SYS_open, "ld", O_RDONLY | O_NOFOLLOW | O_DIRECTORY), -ENOTDIR);
	ROW("nofollow_middle", sys(SYS_open, "ld/../f", O_RDONLY | O_NOFOLLOW), 3);
	close(3);
	ROW("nofollow_file", sys(SYS_open, "f", O_RDONLY | O_NOFOLLOW), 3);
	close(3);
	ROW("loop", sys(SYS_open, "loop", O_RDONLY), -ELOOP);
	ROW("dangling", sys(SYS_open, "lg", O_RDONLY), -ENOENT);
	int fd = ROW_OK("path", sys(SYS_open, "f", O_PATH));
	ROW("path_read", sys(SYS_read, fd, &c, 1), -EBADF);
	ROW("path_fchmod", sys(SYS_fchmod, fd, 0600), -EBADF);
	ROW("path_getfl", sys(SYS_fcntl, fd, F_GETFL), O_PATH);
	struct stat st;
	ROW("path_fstat", sys(SYS_fstat, fd, &st), 0);
	close(fd);
	fd = ROW_OK("path_nofollow_link", sys(SYS_open, "lf", O_PATH | O_NOFOLLOW));
	fstat(fd, &st);
	ROW("path_nofollow_is_link", st.st_mode & S_IFMT, S_IFLNK);
	close(fd);
	/* 40 links in a row are followed, 41 are not. */
	symlink("f", "c0");
	for (int i = 1; i <= 41; i++)
		symlink(named("c%d", i - 1), named("c%d", i));
	ROW_OK("links_40", sys(SYS_open, "c39", O_RDONLY));
	ROW("links_41", sys(SYS_open, "c40", O_RDONLY), -ELOOP);
}

static void group_open_tmpfile(void)
{
	struct stat st;
	char path[64];

	mkdir("d", 0755);
	make_file("f", "");
	int fd = ROW_OK("rdwr", sys(SYS_open, "d", O_TMPFILE | O_RDWR, 0644));
	ROW("write", write(fd, "abc", 3), 3);
	fstat(fd, &st);
	ROW("nlink", st.st_nlink, 0);
	ROW("mode", st.st_mode, S_IFREG | 0644);
	ROW("rmdir_empty", rmdir("d"), 0);
	mkdir("d", 0755);
	close(fd);
	fd = MUST(open("d", O_TMPFILE | O_RDWR, 0600));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ROW("linkat", sys(SYS_linkat, AT_FDCWD, path, AT_FDCWD, "d/named", AT_SYMLINK_FOLLOW), 0);
	fstat(fd, &st);
	ROW("linked_nlink", st.st_nlink, 1);
	close(fd);
	fd = MUST(open("d", O_TMPFILE | O_RDWR | O_EXCL, 0600));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ROW("excl_linkat", sys(SYS_linkat, AT_FDCWD, path, AT_FDCWD, "d/no", AT_SYMLINK_FOLLOW),
	    -ENOENT);
	close(fd);
	ROW("rdonly", sys(SYS_open, "d", O_TMPFILE | O_RDONLY, 0600), -EINVAL);
	ROW("on_file", sys(SYS_open, "f", O_TMPFILE | O_RDWR, 0600), -ENOTDIR);
	ROW("missing", sys(SYS_open, "no", O_TMPFILE | O_RDWR, 0600), -ENOENT);
}

static void group_openat(void)
{
	mkdir("d", 0755);
	make_file("d/x", "x");
	make_file("f", "x");
	int dir = MUST(open("d", O_RDONLY | O_DIRECTORY)), file = MUST(open("f", O_RDONLY));
	ROW_OK("relative", sys(SYS_openat, dir, "x", O_RDONLY));
	ROW_OK("parent", sys(SYS_openat, dir, "../f", O_RDONLY));
	ROW_OK("absolute_ignores_dirfd", sys(SYS_openat, -1, "/", O_RDONLY));
	ROW("bad_dirfd", sys(SYS_openat, -1, "x", O_RDONLY), -EBADF);
	ROW("closed_dirfd", sys(SYS_openat, 777, "x", O_RDONLY), -EBADF);
	ROW("file_dirfd", sys(SYS_openat, file, "x", O_RDONLY), -ENOTDIR);
	int path = MUST(open("d", O_PATH));
	ROW_OK("path_dirfd", sys(SYS_openat, path, "x", O_RDONLY));
	rename("d", "e");
	ROW_OK("after_rename", sys(SYS_openat, dir, "x", O_RDONLY));
	unlink("e/x");
	rmdir("e");
	ROW("removed_dir", sys(SYS_openat, dir, "x", O_RDONLY | O_CREAT, 0600), -ENOENT);
	ROW_OK("removed_dir_dot", sys(SYS_openat, dir, ".", O_RDONLY));
}

static void group_permission(void)
{
	make_file("u", "x");
	chown("u", USER, USER);
	chmod("u", 0700);
	make_file("g", "x");
	chown("g", 0, USER);
	chmod("g", 0060);
	make_file("o", "x");
	chmod("o", 0006);
	make_file("deny", "x");
	chown("deny", USER, USER);
	chmod("deny", 0077);
	ROW_AS(USER, "owner_rw", sys(SYS_open, "u", O_RDWR) >= 0, 1);
	ROW_AS(OTHER, "owner_other", sys(SYS_open, "u", O_RDONLY), -EACCES);
	ROW_AS(USER, "group_rw", sys(SYS_open, "g", O_RDWR) >= 0, 1);
	ROW_AS(OTHER, "group_other", sys(SYS_open, "g", O_RDONLY), -EACCES);
	ROW_AS(USER, "others_rw", sys(SYS_open, "o", O_RDWR) >= 0, 1);
	/* Only the first class that matches counts. */
	ROW_AS(USER, "owner_denied_first", sys(SYS_open, "deny", O_RDONLY), -EACCES);
	ROW_AS(OTHER, "deny_others_ok", sys(SYS_open, "deny", O_RDONLY) >= 0, 1);
	CHILD(gid_t more[] = { 5, USER }; sys(SYS_setgroups, 2, more); sys(SYS_setresgid, 7, 7, 7);
	      sys(SYS_setresuid, OTHER, OTHER, OTHER);
	      ROW("supplementary_group", sys(SYS_open, "g", O_RDWR) >= 0, 1));
	ROW_OK("root_no_bits", ({
		       chmod("u", 0);
		       sys(SYS_open, "u", O_RDWR);
	       }));
	mkdir("search", 0711);
	make_file("search/x", "x");
	ROW_AS(USER, "search_only", sys(SYS_open, "search/x", O_RDONLY) >= 0, 1);
	ROW_AS(USER, "search_only_read", sys(SYS_open, "search", O_RDONLY), -EACCES);
	ROW_AS(USER, "noatime_not_owner", sys(SYS_open, "search/x", O_RDONLY | O_NOATIME), -EPERM);
	ROW_OK("noatime_root", sys(SYS_open, "search/x", O_RDONLY | O_NOATIME));
}

static void group_close(void)
{
	ROWS_FD("close", sys(SYS_close, fd));
	make_file("f", "");
	int fd = MUST(open("f", O_RDONLY));
	ROW("once", sys(SYS_close, fd), 0);
	ROW("twice", sys(SYS_close, fd), -EBADF);
	for (int i = 10; i < 20; i++)
		dup2(0, i);
	ROW("range", sys(SYS_close_range, 12, 15, 0), 0);
	ROW_TRUE("range_inside", !is_open(12) && !is_open(15));
	ROW_TRUE("range_outside", is_open(11) && is_open(16));
	ROW("range_reversed", sys(SYS_close_range, 15, 12, 0), -EINVAL);
	ROW("range_flag", sys(SYS_close_range, 12, 15, 1), -EINVAL);
	ROW("range_cloexec", sys(SYS_close_range, 16, 17, 4), 0);
	ROW("range_cloexec_set", sys(SYS_fcntl, 16, F_GETFD), FD_CLOEXEC);
	ROW("range_cloexec_not", sys(SYS_fcntl, 18, F_GETFD), 0);
	ROW("range_unshare", sys(SYS_close_range, 18, 18, 2), 0);
	ROW("range_to_end", sys(SYS_close_range, 901, ~0u, 0), 0);
}

static void group_dup(void)
{
	struct rlimit old, few = { 20, 20 };

	make_file("f", "0123456789");
	int fd = MUST(open("f", O_RDWR | O_CLOEXEC));
	ROWS_FD("dup", sys(SYS_dup, fd));
	ROW("dup_lowest", sys(SYS_dup, fd), 4);
	ROW("dup_no_cloexec", sys(SYS_fcntl, 4, F_GETFD), 0);
	lseek(fd, 5, SEEK_SET);
	ROW("dup_shares_offset", lseek(4, 0, SEEK_CUR), 5);
	ROWS_FD("dup2", sys(SYS_dup2, fd, 9));
	ROW("dup2", sys(SYS_dup2, fd, 9), 9);
	ROW("dup2_replace", sys(SYS_dup2, 0, 9), 9);
	ROW("dup2_same", sys(SYS_dup2, fd, fd), fd);
	ROW("dup2_same_keeps_cloexec", sys(SYS_fcntl, fd, F_GETFD), FD_CLOEXEC);
	ROW("dup2_same_closed", sys(SYS_dup2, 777, 777), -EBADF);
	ROW("dup2_negative", sys(SYS_dup2, fd, -1), -EBADF);
	ROW("dup2_beyond_limit", sys(SYS_dup2, fd, 1 << 20), -EBADF);
	ROW("dup3", sys(SYS_dup3, fd, 10, 0), 10);
	ROW("dup3_cloexec", sys(SYS_dup3, fd, 11, O_CLOEXEC), 11);
	ROW("dup3_cloexec_set", sys(SYS_fcntl, 11, F_GETFD), FD_CLOEXEC);
	ROW("dup3_same", sys(SYS_dup3, fd, fd, 0), -EINVAL);
	ROW("dup3_flag", sys(SYS_dup3, fd, 12, 1), -EINVAL);
	ROW("dup3_closed", sys(SYS_dup3, 777, 12, 0), -EBADF);
	getrlimit(RLIMIT_NOFILE, &old);
	setrlimit(RLIMIT_NOFILE, &few);
	while (sys(SYS_dup, 0) >= 0)
		;
	ROW("dup_emfile", sys(SYS_dup, 0), -EMFILE);
	ROW("open_emfile", sys(SYS_open, "f", O_RDONLY), -EMFILE);
	ROW("dupfd_emfile", sys(SYS_fcntl, 0, F_DUPFD, 5), -EMFILE);
	ROW("dupfd_einval", sys(SYS_fcntl, 0, F_DUPFD, 20), -EINVAL);
	int ends[2];
	ROW("pipe_emfile", sys(SYS_pipe, ends), -EMFILE);
	ROW("dup2_at_limit", sys(SYS_dup2, 0, 20), -EBADF);
	ROW("dup2_below_limit", sys(SYS_dup2, 0, 19), 19);
}

static void group_fcntl(void)
{
	make_file("f", "x");
	int fd = MUST(open("f", O_RDWR | O_APPEND));
	ROWS_FD("getfd", sys(SYS_fcntl, fd, F_GETFD));
	ROWS_FD("getfl", sys(SYS_fcntl, fd, F_GETFL));
	ROW("command", sys(SYS_fcntl, fd, 9999, 0), -EINVAL);
	ROW("dupfd", sys(SYS_fcntl, fd, F_DUPFD, 50), 50);
	ROW("dupfd_next", sys(SYS_fcntl, fd, F_DUPFD, 50), 51);
	ROW("dupfd_cloexec", sys(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 60), 60);
	ROW("dupfd_cloexec_set", sys(SYS_fcntl, 60, F_GETFD), FD_CLOEXEC);
	ROW("dupfd_negative", sys(SYS_fcntl, fd, F_DUPFD, -1), -EINVAL);
	ROW("dupfd_huge", sys(SYS_fcntl, fd, F_DUPFD, 1 << 24), -EINVAL);
	ROW("setfd", sys(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC), 0);
	ROW("setfd_get", sys(SYS_fcntl, fd, F_GETFD), FD_CLOEXEC);
	ROW("setfd_unknown_bits", sys(SYS_fcntl, fd, F_SETFD, 0xfe), 0);
	ROW("setfd_cleared", sys(SYS_fcntl, fd, F_GETFD), 0);
	ROW("getfl", sys(SYS_fcntl, fd, F_GETFL), O_RDWR | O_APPEND | 0100000 /* O_LARGEFILE */);
	ROW("setfl_nonblock", sys(SYS_fcntl, fd, F_SETFL, O_NONBLOCK), 0);
	ROW("setfl_get", sys(SYS_fcntl, fd, F_GETFL), O_RDWR | O_NONBLOCK | 0100000);
	/* What an open file is cannot be changed, and trying is no error. */
	ROW("setfl_access_ignored", sys(SYS_fcntl, fd, F_SETFL, O_WRONLY | O_CREAT), 0);
	ROW("setfl_access_kept", sys(SYS_fcntl, fd, F_GETFL), O_RDWR | 0100000);
	int dupped = dup(fd);
	fcntl(dupped, F_SETFL, O_APPEND);
	ROW("setfl_shared", sys(SYS_fcntl, fd, F_GETFL), O_RDWR | O_APPEND | 0100000);
	ROW("pipe_sz_on_file", sys(SYS_fcntl, fd, F_GETPIPE_SZ), -EBADF);
	int ro = MUST(open("f", O_RDONLY));
	ROW("open_creat_not_in_getfl", sys(SYS_fcntl, ro, F_GETFL), 0100000);
	ROW("getown", sys(SYS_fcntl, fd, F_GETOWN), 0);
	ROW("setown", sys(SYS_fcntl, fd, F_SETOWN, getpid()), 0);
	ROW("getown_set", sys(SYS_fcntl, fd, F_GETOWN), getpid());
	ROW("setown_esrch", sys(SYS_fcntl, fd, F_SETOWN, 999999), -ESRCH);
	ROW("getsig", sys(SYS_fcntl, fd, F_GETSIG), 0);
	ROW("setsig", sys(SYS_fcntl, fd, F_SETSIG, SIGUSR1), 0);
	ROW("getsig_set", sys(SYS_fcntl, fd, F_GETSIG), SIGUSR1);
	ROW("setsig_bad", sys(SYS_fcntl, fd, F_SETSIG, 65), -EINVAL);
	/* O_PATH allows few commands. */
	int path = MUST(open("f", O_PATH));
	ROW("path_getfd", sys(SYS_fcntl, path, F_GETFD), 0);
	ROW("path_setfl", sys(SYS_fcntl, path, F_SETFL, 0), -EBADF);
	ROW("path_getlk", sys(SYS_fcntl, path, F_GETLK, edge - 100), -EBADF);
}

static struct flock lock_of(int type, off_t start, off_t len)
{
	return (struct flock){
		.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len
	};
}

static long lock(int fd, int cmd, int type, off_t start, off_t len)
{
	struct flock fl = lock_of(type, start, len);

	return sys(SYS_fcntl, fd, cmd, &fl);
}

/*
 * The lock that stands in the way, as another process sees it: type*1000 + start*10 + len, or -1.
 */
static long conflict(int fd, int type, off_t start, off_t len, pid_t holder)
{
	int status = CHILD({
		struct flock fl = lock_of(type, start, len);
		if (fcntl(fd, F_GETLK, &fl))
			_exit(250);
		if (fl.l_type == F_UNLCK)
			_exit(251);
		if (fl.l_pid != holder)
			_exit(252);
		_exit(fl.l_type * 100 + fl.l_start + fl.l_len);
	});
	return WEXITSTATUS(status);
}

static void group_record_locks(void)
{
	struct flock fl = lock_of(F_WRLCK, 0, 10);

	make_file("f", "0123456789");
	int fd = MUST(open("f", O_RDWR)), ro = MUST(open("f", O_RDONLY));
	ROWS_EFAULT("setlk", sizeof(fl), sys(SYS_fcntl, fd, F_SETLK, p));
	ROWS_EFAULT("getlk", sizeof(fl), sys(SYS_fcntl, fd, F_GETLK, p));
	ROWS_FD("setlk", sys(SYS_fcntl, fd, F_SETLK, &fl));
	ROW("write", lock(fd, F_SETLK, F_WRLCK, 0, 10), 0);
	ROW("seen_by_other", conflict(fd, F_RDLCK, 5, 1, getpid()), F_WRLCK * 100 + 10);
	ROW("other_refused", WEXITSTATUS(CHILD(_exit(-lock(fd, F_SETLK, F_WRLCK, 5, 1)))), EAGAIN);
	ROW("outside_free", conflict(fd, F_WRLCK, 10, 1, getpid()), 251);
	ROW("own_replaced", lock(fd, F_SETLK, F_RDLCK, 2, 3), 0);
	ROW("split_read_part", conflict(fd, F_WRLCK, 2, 1, getpid()), F_RDLCK * 100 + 2 + 3);
	ROW("split_first_part", conflict(fd, F_WRLCK, 0, 1, getpid()), F_WRLCK * 100 + 0 + 2);
	ROW("split_last_part", conflict(fd, F_WRLCK, 9, 1, getpid()), F_WRLCK * 100 + 5 + 5);
	ROW("read_shared", conflict(fd, F_RDLCK, 3, 1, getpid()), 251);
	ROW("unlock_middle", lock(fd, F_SETLK, F_UNLCK, 3, 1), 0);
	ROW("unlocked", conflict(fd, F_WRLCK, 3, 1, getpid()), 251);
	ROW("to_end", lock(fd, F_SETLK, F_WRLCK, 100, 0), 0);
	ROW("to_end_seen", conflict(fd, F_WRLCK, 1 << 30, 1, getpid()), F_WRLCK * 100 + 100);
	/* Closing any descriptor of the file drops this process's locks on it. */
	close(MUST(open("f", O_RDONLY)));
	ROW("close_drops_all", conflict(fd, F_WRLCK, 0, 0, getpid()), 251);
	ROW("read_needs_read", lock(MUST(open("f", O_WRONLY)), F_SETLK, F_RDLCK, 0, 1), -EBADF);
	ROW("write_needs_write", lock(ro, F_SETLK, F_WRLCK, 0, 1), -EBADF);
	ROW("type", lock(fd, F_SETLK, 7, 0, 1), -EINVAL);
	ROW("negative_start", lock(fd, F_SETLK, F_WRLCK, -1, 1), -EINVAL);
	ROW("negative_len", lock(fd, F_SETLK, F_WRLCK, 10, -5), 0);
	ROW("negative_len_seen", conflict(fd, F_WRLCK, 5, 1, getpid()), F_WRLCK * 100 + 5 + 5);
	ROW("negative_len_before_0", lock(fd, F_SETLK, F_WRLCK, 2, -5), -EINVAL);
	fl = lock_of(F_WRLCK, 0, 1);
	fl.l_whence = 9;
	ROW("whence", sys(SYS_fcntl, fd, F_SETLK, &fl), -EINVAL);
	lock(fd, F_SETLK, F_UNLCK, 0, 0);
	lseek(fd, 4, SEEK_SET);
	fl = lock_of(F_WRLCK, 1, 1);
	fl.l_whence = SEEK_CUR;
	ROW("whence_cur", sys(SYS_fcntl, fd, F_SETLK, &fl), 0);
	ROW("whence_cur_seen", conflict(fd, F_WRLCK, 0, 0, getpid()), F_WRLCK * 100 + 5 + 1);
	fl = lock_of(F_WRLCK, -1, 1);
	fl.l_whence = SEEK_END;
	ROW("whence_end", sys(SYS_fcntl, fd, F_SETLK, &fl), 0);
	ROW("whence_end_seen", conflict(fd, F_WRLCK, 9, 0, getpid()), F_WRLCK * 100 + 9 + 1);
	lock(fd, F_SETLK, F_UNLCK, 0, 0);
	/* A fork does not inherit them. */
	lock(fd, F_SETLK, F_WRLCK, 0, 1);
	ROW("not_inherited", WEXITSTATUS(CHILD(_exit(-lock(fd, F_SETLK, F_WRLCK, 0, 1)))), EAGAIN);
	lock(fd, F_SETLK, F_UNLCK, 0, 0);
}

static void group_record_lock_wait(void)
{
	int ends[2];
	char c;

	make_file("f", "0123456789");
	int fd = MUST(open("f", O_RDWR));
	pipe(ends);
	lock(fd, F_SETLK, F_WRLCK, 0, 1);
	pid_t pid = SPAWN(write(ends[1], "w", 1); lock(fd, F_SETLKW, F_WRLCK, 0, 1);
			  write(ends[1], "g", 1));
	read(ends[0], &c, 1);
	until_state(pid, 'S');
	ROW_TRUE("waits", process_state(pid) == 'S');
	lock(fd, F_SETLK, F_UNLCK, 0, 1);
	ROW("goes_on", read(ends[0], &c, 1), 1);
	ROW("waiter_ends", wait_status(pid), 0);
	/* Two processes that wait for each other: the second is told. */
	lock(fd, F_SETLK, F_WRLCK, 0, 1);
	pid = SPAWN(lock(fd, F_SETLK, F_WRLCK, 1, 1); write(ends[1], "l", 1);
		    _exit(-lock(fd, F_SETLKW, F_WRLCK, 0, 1)));
	read(ends[0], &c, 1);
	until_state(pid, 'S');
	ROW("deadlock", lock(fd, F_SETLKW, F_WRLCK, 1, 1), -EDEADLK);
	lock(fd, F_SETLK, F_UNLCK, 0, 1);
	ROW("deadlock_other_goes_on", wait_status(pid), 0);
	/* The end of a process releases them. */
	pid = SPAWN(lock(fd, F_SETLK, F_WRLCK, 5, 1); write(ends[1], "l", 1); pause());
	read(ends[0], &c, 1);
	ROW("held_by_other", lock(fd, F_SETLK, F_WRLCK, 5, 1), -EAGAIN);
	kill(pid, SIGKILL);
	wait_status(pid);
	ROW("released_by_exit", lock(fd, F_SETLK, F_WRLCK, 5, 1), 0);
}

static void group_ofd_locks(void)
{
	struct flock fl = lock_of(F_WRLCK, 0, 1);

	make_file("f", "0123456789");
	int a = MUST(open("f", O_RDWR)), b = MUST(open("f", O_RDWR));
	ROW("set", sys(SYS_fcntl, a, F_OFD_SETLK, &fl), 0);
	ROW("other_description", sys(SYS_fcntl, b, F_OFD_SETLK, &fl), -EAGAIN);
	ROW("classic_conflicts", sys(SYS_fcntl, b, F_SETLK, &fl), -EAGAIN);
	ROW("get", sys(SYS_fcntl, b, F_OFD_GETLK, &fl), 0);
	ROW("get_type", fl.l_type, F_WRLCK);
	ROW("get_pid", fl.l_pid, -1);
	fl = lock_of(F_WRLCK, 0, 1);
	fl.l_pid = 1;
	ROW("pid_must_be_0", sys(SYS_fcntl, a, F_OFD_SETLK, &fl), -EINVAL);
	int c = dup(a);
	close(a);
	fl = lock_of(F_WRLCK, 0, 1);
	ROW("kept_by_dup", sys(SYS_fcntl, b, F_OFD_SETLK, &fl), -EAGAIN);
	close(c);
	ROW("released_by_last_close", sys(SYS_fcntl, b, F_OFD_SETLK, &fl), 0);
}

static void group_flock(void)
{
	make_file("f", "x");
	int a = MUST(open("f", O_RDWR)), b = MUST(open("f", O_RDONLY));
	ROWS_FD_PATH("flock", sys(SYS_flock, fd, LOCK_SH));
	ROW("shared", sys(SYS_flock, a, LOCK_SH), 0);
	ROW("shared_twice", sys(SYS_flock, b, LOCK_SH | LOCK_NB), 0);
	ROW("exclusive_refused", sys(SYS_flock, a, LOCK_EX | LOCK_NB), -EAGAIN);
	ROW("unlock", sys(SYS_flock, b, LOCK_UN), 0);
	/* A refused upgrade has already let go of what was held. */
	ROW("exclusive", sys(SYS_flock, a, LOCK_EX | LOCK_NB), 0);
	ROW("shared_refused", sys(SYS_flock, b, LOCK_SH | LOCK_NB), -EAGAIN);
	ROW("by_dup", sys(SYS_flock, dup(a), LOCK_EX | LOCK_NB), 0);
	ROW("inherited", WEXITSTATUS(CHILD(_exit(-sys(SYS_flock, a, LOCK_EX | LOCK_NB)))), 0);
	ROW("operation_0", sys(SYS_flock, a, 0), -EINVAL);
	ROW("operation_bad", sys(SYS_flock, a, LOCK_NB), -EINVAL);
	pid_t pid = SPAWN(close(a); int c = open("f", O_RDWR); _exit(-sys(SYS_flock, c, LOCK_EX)));
	until_state(pid, 'S');
	ROW_TRUE("waits", process_state(pid) == 'S');
	sys(SYS_flock, a, LOCK_UN);
	ROW("waiter_gets_it", wait_status(pid), 0);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "open");
	GROUP(group_open_basic);
	GROUP(group_open_creat);
	GROUP(group_open_trunc_append);
	GROUP(group_open_directory_nofollow);
	GROUP(group_open_tmpfile);
	GROUP(group_openat);
	GROUP(group_permission);
	GROUP(group_close);
	GROUP(group_dup);
	GROUP(group_fcntl);
	GROUP(group_record_locks);
	GROUP(group_record_lock_wait);
	GROUP(group_ofd_locks);
	GROUP(group_flock);
	return finish();
}
