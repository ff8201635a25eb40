/*
 * What is known about a file: stat and statx, access, chmod, chown, utimensat, umask, statfs,
 * extended attributes where tmpfs has them.
 */
#include <linux/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "row.h"

#define NOW ((1l << 30) - 1)
#define OMIT ((1l << 30) - 2)

static mode_t mode_of(const char *name)
{
	struct stat st;

	return lstat(name, &st) ? 0 : st.st_mode & 07777;
}

static void group_stat(void)
{
	struct stat st, st2;

	make_file("f", "hello");
	mkdir("d", 0750);
	symlink("f", "s");
	ROWS_PATH("stat", sys(SYS_stat, p, &st), -ENOENT);
	ROWS_PATH("lstat", sys(SYS_lstat, p, &st), -ENOENT);
	ROWS_PATH("newfstatat", sys(SYS_newfstatat, AT_FDCWD, p, &st, 0), -ENOENT);
	ROWS_FD("fstat", sys(SYS_fstat, fd, &st));
	ROWS_POINTER("stat", sizeof(st), sys(SYS_stat, "f", p), 0);
	ROWS_POINTER("fstat", sizeof(st), sys(SYS_fstat, 0, p), 0);
	ROW("size_of_structure", sizeof(st), 144);
	ROW("stat", sys(SYS_stat, "f", &st), 0);
	ROW("type_mode", st.st_mode, S_IFREG | 0644);
	ROW("size", st.st_size, 5);
	ROW("nlink", st.st_nlink, 1);
	ROW("blocks", st.st_blocks, 8);
	ROW("blksize", st.st_blksize, 4096);
	ROW("uid", st.st_uid, 0);
	ROW("gid", st.st_gid, 0);
	ROW("rdev", st.st_rdev, 0);
	ROW("stat_follows", sys(SYS_stat, "s", &st2), 0);
	ROW("stat_follows_inode", st2.st_ino, st.st_ino);
	ROW("lstat_link", sys(SYS_lstat, "s", &st2), 0);
	ROW("lstat_link_type", st2.st_mode, S_IFLNK | 0777);
	ROW("lstat_slash_follows", sys(SYS_lstat, "s/", &st2), -ENOTDIR);
	ROW("stat_dir", sys(SYS_stat, "d", &st2), 0);
	ROW("dir_mode", st2.st_mode, S_IFDIR | 0750);
	ROW("same_device", st2.st_dev, st.st_dev);
	ROW("dot_same", ({
		    stat("d/.", &st);
		    st.st_ino;
	    }),
	    st2.st_ino);
	ROW("at_nofollow", sys(SYS_newfstatat, AT_FDCWD, "s", &st, AT_SYMLINK_NOFOLLOW), 0);
	ROW("at_nofollow_type", st.st_mode & S_IFMT, S_IFLNK);
	int dir = MUST(open("d", O_RDONLY));
	ROW("at_empty_path", sys(SYS_newfstatat, dir, "", &st, AT_EMPTY_PATH), 0);
	ROW("at_empty_path_inode", st.st_ino, st2.st_ino);
	ROW("at_empty_path_cwd", sys(SYS_newfstatat, AT_FDCWD, "", &st, AT_EMPTY_PATH), 0);
	ROW("at_flag", sys(SYS_newfstatat, AT_FDCWD, "f", &st, 0x10000), -EINVAL);
	ROW("at_dirfd", sys(SYS_newfstatat, dir, "../f", &st, 0), 0);
	ROW("at_bad_dirfd", sys(SYS_newfstatat, 777, "f", &st, 0), -EBADF);
	int ends[2];
	pipe(ends);
	fstat(ends[0], &st);
	ROW("pipe", st.st_mode, S_IFIFO | 0600);
	/* Sizes of tmpfs directories: 20 bytes an entry. */
	fstat(dir, &st);
	ROW("empty_dir_size", st.st_size, 40);
	make_file("d/x", "");
	fstat(dir, &st);
	ROW("dir_size", st.st_size, 60);
}

static void group_statx(void)
{
	struct statx sx;

	make_file("f", "hello");
	symlink("f", "s");
	ROWS_PATH("statx", sys(SYS_statx, AT_FDCWD, p, 0, STATX_ALL, &sx), -ENOENT);
	ROWS_POINTER("statx", sizeof(sx), sys(SYS_statx, AT_FDCWD, "f", 0, STATX_ALL, p), 0);
	ROW("basic", sys(SYS_statx, AT_FDCWD, "f", 0, STATX_BASIC_STATS, &sx), 0);
	ROW("basic_mask", sx.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
	ROW("size", sx.stx_size, 5);
	ROW("mode", sx.stx_mode, S_IFREG | 0644);
	ROW("btime", sys(SYS_statx, AT_FDCWD, "f", 0, STATX_BTIME, &sx), 0);
	ROW("btime_mask", sx.stx_mask & STATX_BTIME, STATX_BTIME);
	ROW_TRUE("btime_value", sx.stx_btime.tv_sec > 0);
	struct stat st;
	stat("f", &st);
	ROW("dev_major", sx.stx_dev_major, major(st.st_dev));
	ROW("dev_minor", sx.stx_dev_minor, minor(st.st_dev));
	ROW("nofollow", sys(SYS_statx, AT_FDCWD, "s", AT_SYMLINK_NOFOLLOW, 0, &sx), 0);
	ROW("nofollow_mode", sx.stx_mode & S_IFMT, S_IFLNK);
	ROW("reserved_mask", sys(SYS_statx, AT_FDCWD, "f", 0, 0x80000000u, &sx), -EINVAL);
	ROW("sync_both", sys(SYS_statx, AT_FDCWD, "f", 0x6000, STATX_ALL, &sx), -EINVAL);
	ROW("force_sync", sys(SYS_statx, AT_FDCWD, "f", 0x2000, STATX_ALL, &sx), 0);
	ROW("dont_sync", sys(SYS_statx, AT_FDCWD, "f", 0x4000, STATX_ALL, &sx), 0);
	ROW("flag", sys(SYS_statx, AT_FDCWD, "f", 0x100000, STATX_ALL, &sx), -EINVAL);
	int fd = MUST(open("f", O_RDONLY));
	ROW("empty_path", sys(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_ALL, &sx), 0);
	ROW("bad_dirfd", sys(SYS_statx, 777, "f", 0, STATX_ALL, &sx), -EBADF);
}

static void group_access(void)
{
	make_file("u", "x");
	chown("u", USER, USER);
	chmod("u", 0640);
	make_file("x", "x");
	chmod("x", 0711);
	make_file("none", "x");
	chmod("none", 0);
	symlink("gone", "dangling");
	ROWS_PATH("access", sys(SYS_access, p, F_OK), -ENOENT);
	ROWS_PATH("faccessat", sys(SYS_faccessat, AT_FDCWD, p, F_OK), -ENOENT);
	ROWS_PATH("faccessat2", sys(SYS_faccessat2, AT_FDCWD, p, F_OK, 0), -ENOENT);
	ROW("exists", sys(SYS_access, "u", F_OK), 0);
	ROW("mode", sys(SYS_access, "u", 8), -EINVAL);
	ROW("root_reads_all", sys(SYS_access, "none", R_OK | W_OK), 0);
	ROW("root_exec_needs_one_bit", sys(SYS_access, "none", X_OK), -EACCES);
	ROW("root_exec_any_bit", sys(SYS_access, "x", X_OK), 0);
	ROW("root_dir_exec", sys(SYS_access, ".", X_OK), 0);
	ROW_AS(USER, "owner_read", sys(SYS_access, "u", R_OK), 0);
	ROW_AS(USER, "owner_exec", sys(SYS_access, "u", X_OK), -EACCES);
	ROW_AS(OTHER, "other_exists", sys(SYS_access, "u", F_OK), 0);
	ROW_AS(OTHER, "other_read", sys(SYS_access, "u", R_OK), -EACCES);
	ROW("dangling", sys(SYS_access, "dangling", F_OK), -ENOENT);
	ROW("at2_nofollow", sys(SYS_faccessat2, AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW),
	    0);
	ROW("at2_flag", sys(SYS_faccessat2, AT_FDCWD, "u", F_OK, 1), -EINVAL);
	int fd = MUST(open("u", O_RDONLY));
	ROW("at2_empty_path", sys(SYS_faccessat2, fd, "", R_OK, AT_EMPTY_PATH), 0);
	ROW("at_bad_dirfd", sys(SYS_faccessat, 777, "u", R_OK), -EBADF);
	/* access asks about the real user, AT_EACCESS about the effective one. */
	CHILD(sys(SYS_setresuid, USER, 0, 0);
	      ROW("real_user", sys(SYS_access, "none", R_OK), -EACCES);
	      ROW("effective_user", sys(SYS_faccessat2, AT_FDCWD, "none", R_OK, AT_EACCESS), 0));
	mkdir("m", 0755);
	mount("tmpfs", "m", "tmpfs", 0, NULL);
	make_file("m/f", "x");
	chmod("m/f", 0777);
	mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY | MS_NOEXEC, NULL);
	ROW("readonly_mount", sys(SYS_access, "m/f", W_OK), -EROFS);
	ROW("noexec_mount", sys(SYS_access, "m/f", X_OK), -EACCES);
	umount("m");
}

static void group_chmod(void)
{
	struct stat before, after;

	make_file("f", "x");
	make_file("u", "x");
	chown("u", USER, USER);
	symlink("f", "s");
	ROWS_PATH("chmod", sys(SYS_chmod, p, 0600), -ENOENT);
	ROWS_PATH("fchmodat", sys(SYS_fchmodat, AT_FDCWD, p, 0600), -ENOENT);
	ROWS_FD_PATH("fchmod", sys(SYS_fchmod, fd, 0600));
	stat("f", &before);
	sleep_ms(20);
	ROW("chmod", sys(SYS_chmod, "f", 0751), 0);
	ROW("chmod_mode", mode_of("f"), 0751);
	stat("f", &after);
	ROW_TRUE("changes_ctime", after.st_ctim.tv_sec > before.st_ctim.tv_sec ||
					  after.st_ctim.tv_nsec > before.st_ctim.tv_nsec);
	ROW_TRUE("keeps_mtime", after.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
	ROW("follows_link", sys(SYS_chmod, "s", 0640), 0);
	ROW("follows_link_mode", mode_of("f"), 0640);
	ROW("all_bits", sys(SYS_chmod, "f", 07777), 0);
	ROW("all_bits_mode", mode_of("f"), 07777);
	ROW("type_bits_ignored", sys(SYS_chmod, "f", S_IFDIR | 0600), 0);
	ROW("type_bits_mode", mode_of("f"), 0600);
	ROW_AS(USER, "not_owner", sys(SYS_chmod, "f", 0777), -EPERM);
	ROW_AS(USER, "owner", sys(SYS_chmod, "u", 0604), 0);
	/* Set-group-id is dropped where the owner is not in the group. */
	chown("u", USER, OTHER);
	ROW_AS(USER, "setgid_foreign_group", sys(SYS_chmod, "u", 02755), 0);
	ROW("setgid_dropped", mode_of("u"), 0755);
	ROW("fchmod", sys(SYS_fchmod, open("f", O_RDONLY), 0611), 0);
	ROW("fchmod_mode", mode_of("f"), 0611);
	ROW("at_bad_dirfd", sys(SYS_fchmodat, 777, "f", 0600), -EBADF);
}

static void group_chown(void)
{
	struct stat st;

	make_file("f", "x");
	symlink("f", "s");
	ROWS_PATH("chown", sys(SYS_chown, p, 1, 1), -ENOENT);
	ROWS_PATH("lchown", sys(SYS_lchown, p, 1, 1), -ENOENT);
	ROWS_PATH("fchownat", sys(SYS_fchownat, AT_FDCWD, p, 1, 1, 0), -ENOENT);
	ROWS_FD_PATH("fchown", sys(SYS_fchown, fd, 1, 1));
	ROW("chown", sys(SYS_chown, "f", 5, 6), 0);
	stat("f", &st);
	ROW_TRUE("chown_both", st.st_uid == 5 && st.st_gid == 6);
	ROW("minus_1", sys(SYS_chown, "f", -1, 7), 0);
	stat("f", &st);
	ROW_TRUE("minus_1_keeps", st.st_uid == 5 && st.st_gid == 7);
	ROW("follows", sys(SYS_chown, "s", 8, -1), 0);
	stat("f", &st);
	ROW("follows_uid", st.st_uid, 8);
	ROW("lchown", sys(SYS_lchown, "s", 9, 9), 0);
	lstat("s", &st);
	ROW("lchown_link", st.st_uid, 9);
	stat("f", &st);
	ROW("lchown_not_target", st.st_uid, 8);
	ROW("at_nofollow", sys(SYS_fchownat, AT_FDCWD, "s", 10, 10, AT_SYMLINK_NOFOLLOW), 0);
	lstat("s", &st);
	ROW("at_nofollow_link", st.st_uid, 10);
	int fd = MUST(open("f", O_RDONLY));
	ROW("at_empty_path", sys(SYS_fchownat, fd, "", 11, 11, AT_EMPTY_PATH), 0);
	ROW("at_flag", sys(SYS_fchownat, AT_FDCWD, "f", 1, 1, 1), -EINVAL);
	ROW("at_bad_dirfd", sys(SYS_fchownat, 777, "f", 1, 1, 0), -EBADF);
	ROW("fchown", sys(SYS_fchown, fd, USER, USER), 0);
	ROW_AS(USER, "owner_gives_away", sys(SYS_chown, "f", OTHER, -1), -EPERM);
	ROW_AS(USER, "owner_foreign_group", sys(SYS_chown, "f", -1, OTHER), -EPERM);
	ROW_AS(USER, "owner_own_group", sys(SYS_chown, "f", -1, USER), 0);
	ROW_AS(USER, "owner_to_itself", sys(SYS_chown, "f", USER, USER), 0);
	ROW_AS(OTHER, "not_owner", sys(SYS_chown, "f", OTHER, OTHER), -EPERM);
	ROW_AS(OTHER, "not_owner_no_change", sys(SYS_chown, "f", -1, -1), 0);
	/* Which would take the set-id bits: the owner's to do. */
	chmod("f", 04755);
	ROW_AS(OTHER, "not_owner_setuid", sys(SYS_chown, "f", -1, -1), -EPERM);
	ROW("not_owner_setuid_mode", mode_of("f"), 04755);
	chmod("f", 02755);
	ROW_AS(OTHER, "not_owner_setgid", sys(SYS_chown, "f", -1, -1), -EPERM);
	ROW("not_owner_setgid_mode", mode_of("f"), 02755);
	ROW_AS(USER, "owner_setgid", sys(SYS_chown, "f", -1, -1), 0);
	ROW("owner_setgid_mode", mode_of("f"), 0755);
	/* Changing the owner takes set-id bits from an executable file, even by root. */
	chmod("f", 06755);
	ROW("drops_setid", sys(SYS_chown, "f", 20, 20), 0);
	ROW("drops_setid_mode", mode_of("f"), 0755);
	mkdir("d", 0755);
	chmod("d", 06755);
	chown("d", 20, 20);
	ROW("dir_keeps_setid", mode_of("d"), 06755);
}

static int64_t stamp(struct timespec ts)
{
	return ts.tv_sec * 1000000000l + ts.tv_nsec;
}

static void group_times(void)
{
	struct timespec ts[2] = { { 1000, 111 }, { 2000, 222 } };
	struct stat st;

	make_file("f", "x");
	symlink("f", "s");
	ROWS_PATH("utimensat", sys(SYS_utimensat, AT_FDCWD, p, ts, 0), -ENOENT);
	ROWS_PATH("utimes", sys(SYS_utimes, p, NULL), -ENOENT);
	ROWS_PATH("utime", sys(SYS_utime, p, NULL), -ENOENT);
	ROWS_PATH("futimesat", sys(SYS_futimesat, AT_FDCWD, p, NULL), -ENOENT);
	ROWS_POINTER("utimensat_times", sizeof(ts), sys(SYS_utimensat, AT_FDCWD, "f", p, 0), 0);
	ROWS_POINTER("utimes_times", 32, sys(SYS_utimes, "f", p), 0);
	ROWS_POINTER("utime_times", 16, sys(SYS_utime, "f", p), 0);
	ROW("set", sys(SYS_utimensat, AT_FDCWD, "f", ts, 0), 0);
	stat("f", &st);
	ROW("set_atime", stamp(st.st_atim), 1000000000111);
	ROW("set_mtime", stamp(st.st_mtim), 2000000000222);
	ROW_TRUE("set_ctime_is_now", st.st_ctim.tv_sec > 3000);
	struct timespec old[2] = { { -2, 500000000 }, { -3000000, 1 } };
	struct statx x;
	ROW("before_1970", sys(SYS_utimensat, AT_FDCWD, "f", old, 0), 0);
	stat("f", &st);
	ROW_TRUE("before_1970_atime", st.st_atim.tv_sec == -2 && st.st_atim.tv_nsec == 500000000);
	ROW_TRUE("before_1970_mtime", st.st_mtim.tv_sec == -3000000 && st.st_mtim.tv_nsec == 1);
	sys(SYS_statx, AT_FDCWD, "f", 0, STATX_BASIC_STATS, &x);
	ROW_TRUE("before_1970_statx", x.stx_atime.tv_sec == -2 && x.stx_atime.tv_nsec == 500000000);
	sys(SYS_utimensat, AT_FDCWD, "f", ts, 0);
	ts[0].tv_nsec = OMIT;
	ts[1] = (struct timespec){ 3000, 5 };
	ROW("omit", sys(SYS_utimensat, AT_FDCWD, "f", ts, 0), 0);
	stat("f", &st);
	ROW_TRUE("omit_atime",
		 stamp(st.st_atim) == 1000000000111 && stamp(st.st_mtim) == 3000000000005);
	ts[0].tv_nsec = NOW;
	ts[1].tv_nsec = OMIT;
	ROW("now", sys(SYS_utimensat, AT_FDCWD, "f", ts, 0), 0);
	stat("f", &st);
	ROW_TRUE("now_atime", st.st_atim.tv_sec > 3000 && stamp(st.st_mtim) == 3000000000005);
	ROW("null", sys(SYS_utimensat, AT_FDCWD, "f", NULL, 0), 0);
	stat("f", &st);
	ROW_TRUE("null_both_now", st.st_mtim.tv_sec > 3000);
	ts[0] = (struct timespec){ 1, 1000000000 };
	ts[1] = (struct timespec){ 1, 0 };
	ROW("nsec_too_big", sys(SYS_utimensat, AT_FDCWD, "f", ts, 0), -EINVAL);
	ts[0] = (struct timespec){ 1, -1 };
	ROW("nsec_negative", sys(SYS_utimensat, AT_FDCWD, "f", ts, 0), -EINVAL);
	ts[0] = (struct timespec){ 77, 0 };
	ROW("nofollow", sys(SYS_utimensat, AT_FDCWD, "s", ts, AT_SYMLINK_NOFOLLOW), 0);
	lstat("s", &st);
	ROW("nofollow_link", st.st_atim.tv_sec, 77);
	ROW("flag", sys(SYS_utimensat, AT_FDCWD, "f", ts, 1), -EINVAL);
	int fd = MUST(open("f", O_RDONLY));
	ROW("by_descriptor", sys(SYS_utimensat, fd, NULL, ts, 0), 0);
	ROW("by_descriptor_bad", sys(SYS_utimensat, 777, NULL, ts, 0), -EBADF);
	ROW("bad_dirfd", sys(SYS_utimensat, 777, "f", ts, 0), -EBADF);
	ROW_AS(USER, "not_owner_set", sys(SYS_utimensat, AT_FDCWD, "f", ts, 0), -EPERM);
	ROW_AS(USER, "not_owner_null", sys(SYS_utimensat, AT_FDCWD, "f", NULL, 0), -EACCES);
	chmod("f", 0666);
	ROW_AS(USER, "writer_null", sys(SYS_utimensat, AT_FDCWD, "f", NULL, 0), 0);
	ROW_AS(USER, "writer_set", sys(SYS_utimensat, AT_FDCWD, "f", ts, 0), -EPERM);
	ts[0].tv_nsec = ts[1].tv_nsec = OMIT;
	ROW_AS(USER, "both_omit_no_check", sys(SYS_utimensat, AT_FDCWD, "f", ts, 0), 0);
	/* The present time, but for one of them: that is a choice. */
	ts[0].tv_nsec = NOW;
	ROW_AS(USER, "writer_now_omit", sys(SYS_utimensat, AT_FDCWD, "f", ts, 0), -EPERM);
	ts[0].tv_nsec = OMIT;
	ts[1].tv_nsec = NOW;
	ROW_AS(USER, "writer_omit_now", sys(SYS_utimensat, AT_FDCWD, "f", ts, 0), -EPERM);
	ts[0].tv_nsec = NOW;
	ROW_AS(USER, "writer_now_now", sys(SYS_utimensat, AT_FDCWD, "f", ts, 0), 0);
	struct timeval tv[2] = { { 50, 1 }, { 60, 2 } };
	ROW("utimes", sys(SYS_utimes, "f", tv), 0);
	stat("f", &st);
	ROW("utimes_mtime", stamp(st.st_mtim), 60000002000);
	tv[0].tv_usec = 1000000;
	ROW("utimes_usec", sys(SYS_utimes, "f", tv), -EINVAL);
}

static void group_time_updates(void)
{
	struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	struct stat st;
	char c;

	int fd = file_with("f", "abc", 3);
	mkdir("d", 0755);
#define RESET(name) utimensat(AT_FDCWD, name, old, 0)
	RESET("f");
	read(fd, &c, 1);
	fstat(fd, &st);
	ROW_TRUE("read_atime", st.st_atim.tv_sec > 1000 && st.st_mtim.tv_sec == 1000);
	RESET("f");
	write(fd, "x", 1);
	fstat(fd, &st);
	ROW_TRUE("write_mtime", st.st_mtim.tv_sec > 1000 && st.st_atim.tv_sec == 1000);
	RESET("f");
	ftruncate(fd, 3);
	fstat(fd, &st);
	ROW_TRUE("truncate_same_size_mtime", st.st_mtim.tv_sec > 1000);
	RESET("d");
	make_file("d/x", "x");
	stat("d", &st);
	ROW_TRUE("create_dir_mtime", st.st_mtim.tv_sec > 1000);
	RESET("d");
	rename("d/x", "d/y");
	stat("d", &st);
	ROW_TRUE("rename_dir_mtime", st.st_mtim.tv_sec > 1000);
	RESET("d");
	unlink("d/y");
	stat("d", &st);
	ROW_TRUE("unlink_dir_mtime", st.st_mtim.tv_sec > 1000);
	RESET("d");
	chmod("d", 0700);
	stat("d", &st);
	ROW_TRUE("chmod_keeps_mtime", st.st_mtim.tv_sec == 1000);
	int quiet = MUST(open("f", O_RDONLY | O_NOATIME));
	RESET("f");
	read(quiet, &c, 1);
	fstat(fd, &st);
	ROW("noatime", st.st_atim.tv_sec, 1000);
#undef RESET
}

static void group_umask(void)
{
	ROW("returns_old", sys(SYS_umask, 077), 022);
	ROW("returns_set", sys(SYS_umask, 0), 077);
	ROW("only_nine_bits", sys(SYS_umask, 07777), 0);
	ROW("only_nine_bits_kept", sys(SYS_umask, 022), 0777);
	umask(0);
	close(open("f", O_CREAT | O_WRONLY, 0666));
	ROW("zero", mode_of("f"), 0666);
	umask(0123);
	mkdir("d", 0777);
	ROW("mkdir", mode_of("d"), 0654);
	mkfifo("p", 0777);
	ROW("fifo", mode_of("p"), 0654);
	CHILD(umask(0));
	ROW("per_process", sys(SYS_umask, 022), 0123);
}

static void group_statfs(void)
{
	struct statfs sf;

	make_file("f", "x");
	ROWS_PATH("statfs", sys(SYS_statfs, p, &sf), -ENOENT);
	ROWS_FD("fstatfs", sys(SYS_fstatfs, fd, &sf));
	ROWS_POINTER("statfs", sizeof(sf), sys(SYS_statfs, "f", p), 0);
	ROW("statfs", sys(SYS_statfs, "f", &sf), 0);
	ROW("type", sf.f_type, 0x01021994);
	ROW("bsize", sf.f_bsize, 4096);
	ROW("namelen", sf.f_namelen, 255);
	ROW("fstatfs_path", sys(SYS_fstatfs, open("f", O_PATH), &sf), 0);
	ROW("proc", ({
		    sys(SYS_statfs, "/proc", &sf);
		    sf.f_type;
	    }),
	    0x9fa0);
	mkdir("m", 0755);
	mount("tmpfs", "m", "tmpfs", MS_NOSUID | MS_RDONLY, "size=1m,nr_inodes=100");
	ROW("limited", sys(SYS_statfs, "m", &sf), 0);
	ROW("limited_blocks", sf.f_blocks, 256);
	ROW("limited_files", sf.f_files, 100);
	ROW("limited_flags", sf.f_flags & 3, 3);
	umount("m");
}

static void group_readonly_mount(void)
{
	struct timespec ts[2] = { 0 };

	mkdir("m", 0755);
	MUST(mount("tmpfs", "m", "tmpfs", 0, NULL));
	make_file("m/f", "x");
	mkdir("m/d", 0755);
	MUST(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	ROW("open_write", sys(SYS_open, "m/f", O_WRONLY), -EROFS);
	ROW_OK("open_read", sys(SYS_open, "m/f", O_RDONLY));
	ROW("create", sys(SYS_open, "m/new", O_CREAT | O_WRONLY, 0600), -EROFS);
	ROW_OK("create_existing", sys(SYS_open, "m/f", O_CREAT | O_RDONLY, 0600));
	ROW("unlink", sys(SYS_unlink, "m/f"), -EROFS);
	ROW("mkdir", sys(SYS_mkdir, "m/x", 0755), -EROFS);
	ROW("mkdir_existing", sys(SYS_mkdir, "m/d", 0755), -EEXIST);
	ROW("rmdir", sys(SYS_rmdir, "m/d"), -EROFS);
	ROW("rename", sys(SYS_rename, "m/f", "m/g"), -EROFS);
	ROW("link", sys(SYS_link, "m/f", "m/g"), -EROFS);
	ROW("symlink", sys(SYS_symlink, "x", "m/g"), -EROFS);
	ROW("chmod", sys(SYS_chmod, "m/f", 0600), -EROFS);
	ROW("chown", sys(SYS_chown, "m/f", 1, 1), -EROFS);
	ROW("utimes", sys(SYS_utimensat, AT_FDCWD, "m/f", ts, 0), -EROFS);
	ROW("truncate", sys(SYS_truncate, "m/f", 0), -EROFS);
	ROW("mknod", sys(SYS_mknod, "m/n", S_IFIFO | 0600, 0), -EROFS);
	umount2("m", MNT_DETACH);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "meta");
	GROUP(group_stat);
	GROUP(group_statx);
	GROUP(group_access);
	GROUP(group_chmod);
	GROUP(group_chown);
	GROUP(group_times);
	GROUP(group_time_updates);
	GROUP(group_umask);
	GROUP(group_statfs);
	GROUP(group_readonly_mount);
	return finish();
}
