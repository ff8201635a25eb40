/*
 * Flags of files (ioctl_iflags(2)) on tmpfs: which there are, who may set them, and what immutable
 * and append-only files and directories refuse.
 */
#include <linux/fs.h>
#include <linux/stat.h>
#include <sys/xattr.h>

#include "row.h"

static const char *const names[] = { "file", "dir" };

static long get(const char *name)
{
	int fd = open(name, O_RDONLY | O_NONBLOCK), flags = 0;
	long r = fd < 0 ? -errno : sys(SYS_ioctl, fd, FS_IOC_GETFLAGS, &flags);

	close(fd);
	return r ? r : flags;
}

static long set(const char *name, unsigned flags)
{
	int fd = open(name, O_RDONLY | O_NONBLOCK);
	long r = fd < 0 ? -errno : sys(SYS_ioctl, fd, FS_IOC_SETFLAGS, &flags);

	close(fd);
	return r;
}

static long set_x(const char *name, struct fsxattr x)
{
	int fd = open(name, O_RDONLY | O_NONBLOCK);
	long r = fd < 0 ? -errno : sys(SYS_ioctl, fd, FS_IOC_FSSETXATTR, &x);

	close(fd);
	return r;
}

/* Only capabilities that do not matter here. */
static void drop_immutable(void)
{
	struct {
		unsigned version;
		int pid;
	} head = { 0x20080522, 0 };
	unsigned data[6];

	sys(SYS_capget, &head, data);
	data[0] &= ~(1u << 9);
	MUST(sys(SYS_capset, &head, data));
}

static void group_values(void)
{
	struct fsxattr x;
	unsigned flags = 0;
	char value[64];

	make_file("file", "hello");
	mkdir("dir", 0755);
	mkfifo("fifo", 0644);
	mknod("null", S_IFCHR | 0666, 0x103);
	int fd = MUST(open("file", O_RDWR));
	ROWS_POINTER("getflags", 4, sys(SYS_ioctl, fd, FS_IOC_GETFLAGS, p), 0);
	ROWS_EFAULT("setflags", 4, sys(SYS_ioctl, fd, FS_IOC_SETFLAGS, p));
	ROWS_POINTER("getxattr", sizeof(x), sys(SYS_ioctl, fd, FS_IOC_FSGETXATTR, p), 0);
	ROWS_EFAULT("setxattr", sizeof(x), sys(SYS_ioctl, fd, FS_IOC_FSSETXATTR, p));
	ROWS_FD_PATH("fd", sys(SYS_ioctl, fd, FS_IOC_GETFLAGS, &flags));
	for (unsigned i = 0; i < LENGTH(names); i++) {
		const char *n = names[i];

		ROW(named("%s.none", n), get(n), 0);
		for (unsigned bit = 0; bit < 32; bit++) {
			unsigned flag = 1u << bit;
			bool known = flag == FS_IMMUTABLE_FL || flag == FS_APPEND_FL ||
				     flag == FS_NODUMP_FL || flag == FS_NOATIME_FL;

			ROW(named("%s.set_%x", n, flag), set(n, flag), known ? 0 : -EOPNOTSUPP);
			ROW(named("%s.get_%x", n, flag), get(n), known ? (long)flag : 0);
			set(n, 0);
		}
		ROW(named("%s.all", n), set(n, 0xf0), 0);
		ROW(named("%s.all_get", n), get(n), 0xf0);
		struct statx stx;
		ROW(named("%s.statx", n), sys(SYS_statx, AT_FDCWD, n, 0, STATX_BASIC_STATS, &stx),
		    0);
		ROW(named("%s.statx_mask", n), stx.stx_attributes_mask & 0x70, 0x70);
		ROW(named("%s.statx_flags", n), stx.stx_attributes & 0x70, 0x70);
		int at = open(n, O_RDONLY);
		memset(&x, 0xff, sizeof(x));
		ROW(named("%s.x", n), sys(SYS_ioctl, at, FS_IOC_FSGETXATTR, &x), 0);
		ROW(named("%s.x_flags", n), x.fsx_xflags, 0xd8);
		ROW(named("%s.x_rest", n),
		    x.fsx_extsize | x.fsx_nextents | x.fsx_projid | x.fsx_cowextsize | x.fsx_pad[7],
		    0);
		close(at);
		set(n, 0);
		for (unsigned bit = 0; bit < 32; bit++) {
			unsigned flag = 1u << bit;
			bool known = flag == FS_XFLAG_IMMUTABLE || flag == FS_XFLAG_APPEND ||
				     flag == FS_XFLAG_NODUMP || flag == FS_XFLAG_NOATIME;
			long wanted = known ? 0 : -EOPNOTSUPP;

			/* Hints of a size that is not given mean nothing. */
			if (flag == FS_XFLAG_EXTSIZE)
				wanted = i ? -EINVAL : 0;
			if (flag == FS_XFLAG_EXTSZINHERIT)
				wanted = i ? 0 : -EINVAL;
			if (flag == FS_XFLAG_COWEXTSIZE)
				wanted = 0;
			ROW(named("%s.xset_%x", n, flag),
			    set_x(n, (struct fsxattr){ .fsx_xflags = flag }), wanted);
			set(n, 0);
		}
		ROW(named("%s.xset_size", n), set_x(n, (struct fsxattr){ .fsx_extsize = 4096 }),
		    -EOPNOTSUPP);
		ROW(named("%s.xset_project", n), set_x(n, (struct fsxattr){ .fsx_projid = 1 }),
		    -EOPNOTSUPP);
		ROW(named("%s.xset_extents", n), set_x(n, (struct fsxattr){ .fsx_nextents = 1 }),
		    0);
		set_x(n, (struct fsxattr){ .fsx_xflags = FS_XFLAG_NODUMP });
		ROW(named("%s.xset_seen", n), get(n), FS_NODUMP_FL);
		set(n, 0);
	}
	ROW("fifo", get("fifo"), -ENOTTY);
	ROW("fifo_set", set("fifo", 0), -ENOTTY);
	ROW("device", get("null"), -ENOTTY);
	/* New things take over what is no restriction. */
	set("dir", 0xe0);
	make_file("dir/f", "");
	mkdir("dir/d", 0755);
	ROW("inherited", get("dir/f"), FS_NODUMP_FL | FS_NOATIME_FL);
	ROW("inherited_dir", get("dir/d"), FS_NODUMP_FL | FS_NOATIME_FL);
	set("dir", 0);
	snprintf(value, sizeof(value), "old");
	struct stat before, after;
	stat("file", &before);
	sleep_ms(20);
	set("file", FS_NODUMP_FL);
	stat("file", &after);
	ROW_TRUE("ctime_moves", after.st_ctim.tv_sec > before.st_ctim.tv_sec ||
					after.st_ctim.tv_nsec > before.st_ctim.tv_nsec);
	/* No access times. */
	struct timespec past[2] = { { 1000, 0 }, { 2000, 0 } };
	set("file", FS_NOATIME_FL);
	utimensat(AT_FDCWD, "file", past, 0);
	ROW("read", read(fd, value, 5), 5);
	stat("file", &after);
	ROW("no_access_time", after.st_atim.tv_sec, 1000);
	set("file", 0);
	lseek(fd, 0, SEEK_SET);
	ROW("read_again", read(fd, value, 5), 5);
	stat("file", &after);
	ROW_TRUE("access_time", after.st_atim.tv_sec != 1000);
	int memfd = (int)MUST(sys(SYS_memfd_create, "m", 0));
	ROW("memfd", sys(SYS_ioctl, memfd, FS_IOC_GETFLAGS, &flags), 0);
	int pipes[2];
	MUST(pipe(pipes));
	ROW("pipe", sys(SYS_ioctl, pipes[0], FS_IOC_GETFLAGS, &flags), -ENOTTY);
}

static void group_rights(void)
{
	make_file("file", "hello");
	chmod("file", 0666);
	make_file("mine", "hello");
	MUST(chown("mine", USER, USER));
	set("mine", FS_APPEND_FL);
	CHILD(become(USER); ROW("others", set("file", FS_NODUMP_FL), -EPERM);
	      ROW("others_nothing", set("file", 0), -EPERM); ROW("reads", get("file"), 0);
	      ROW("own_append_stays", set("mine", FS_APPEND_FL | FS_NODUMP_FL), 0);
	      ROW("own_append_away", set("mine", 0), -EPERM);
	      ROW("own_immutable", set("mine", FS_APPEND_FL | FS_IMMUTABLE_FL), -EPERM);
	      ROW("own_x_away", set_x("mine", (struct fsxattr){ 0 }), -EPERM);
	      ROW("own_unknown", set("mine", FS_APPEND_FL | FS_SYNC_FL), -EOPNOTSUPP));
	CHILD(drop_immutable(); ROW("without_capability", set("file", FS_IMMUTABLE_FL), -EPERM);
	      ROW("without_capability_dump", set("file", FS_NODUMP_FL), 0));
	ROW("kept", get("mine"), FS_APPEND_FL | FS_NODUMP_FL);
	set("mine", 0);
	mkdir("m", 0755);
	MUST(mount("flags", "m", "tmpfs", 0, NULL));
	make_file("m/f", "");
	MUST(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	ROW("read_only", set("m/f", FS_NODUMP_FL), -EROFS);
	ROW("read_only_get", get("m/f"), 0);
	umount("m");
	MUST(mount("flags", "m", "ramfs", 0, NULL));
	make_file("m/f", "");
	ROW("ramfs", get("m/f"), -ENOTTY);
	ROW("ramfs_set", set("m/f", 0), -ENOTTY);
	umount("m");
	ROW("proc", get("/proc/version"), -ENOTTY);
}

/* What a path may still be used for. */
static void try_file(const char *what, bool append)
{
	struct timespec past[2] = { { 1000, 0 }, { 2000, 0 } },
			now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
	long add = append ? 0 : -EPERM;

#define TRY(name, call, wanted) ROW(named("%s." name, what), call, wanted)
#define TRY_OPEN(name, flags, wanted)                                                              \
	do {                                                                                       \
		long r = sys(SYS_open, "f", flags, 0644);                                          \
		TRY(name, r < 0 ? r : 0, wanted);                                                  \
		if (r >= 0)                                                                        \
			close((int)r);                                                             \
	} while (0)
	TRY_OPEN("open", O_RDONLY, 0);
	TRY_OPEN("open_write", O_WRONLY, -EPERM);
	TRY_OPEN("open_both", O_RDWR, -EPERM);
	TRY_OPEN("open_append", O_WRONLY | O_APPEND, add);
	TRY_OPEN("open_append_both", O_RDWR | O_APPEND, add);
	TRY_OPEN("open_append_trunc", O_WRONLY | O_APPEND | O_TRUNC, -EPERM);
	TRY_OPEN("open_read_trunc", O_RDONLY | O_TRUNC, -EPERM);
	TRY_OPEN("open_create", O_RDONLY | O_CREAT, 0);
	TRY("access", sys(SYS_access, "f", W_OK), add);
	TRY("access_read", sys(SYS_access, "f", R_OK), 0);
	TRY("truncate", sys(SYS_truncate, "f", 0), -EPERM);
	TRY("unlink", sys(SYS_unlink, "f"), -EPERM);
	TRY("rename", sys(SYS_rename, "f", "g"), -EPERM);
	TRY("rename_over", sys(SYS_rename, "other", "f"), -EPERM);
	TRY("exchange", sys(SYS_renameat2, AT_FDCWD, "other", AT_FDCWD, "f", 2), -EPERM);
	TRY("link", sys(SYS_link, "f", "g"), -EPERM);
	TRY("chmod", sys(SYS_chmod, "f", 0600), -EPERM);
	TRY("chown", sys(SYS_chown, "f", 5, 5), -EPERM);
	TRY("chown_nothing", sys(SYS_chown, "f", -1, -1), 0);
	TRY("utimes", sys(SYS_utimensat, AT_FDCWD, "f", past, 0), -EPERM);
	TRY("utimes_now", sys(SYS_utimensat, AT_FDCWD, "f", now, 0), add);
	TRY("utimes_null", sys(SYS_utimensat, AT_FDCWD, "f", NULL, 0), add);
	TRY("setxattr", sys(SYS_setxattr, "f", "trusted.a", "b", 1, 0), -EPERM);
	TRY("removexattr", sys(SYS_removexattr, "f", "trusted.x"), -EPERM);
	TRY("getxattr", sys(SYS_getxattr, "f", "trusted.x", NULL, 0), 1);
	TRY("setacl", sys(SYS_removexattr, "f", "system.posix_acl_access"), -EPERM);
}

/* What a descriptor that was opened before may still be used for. */
static void try_open(const char *what, int fd, int appending, bool append)
{
	char page = 'x';

	TRY("write", sys(SYS_write, fd, "x", 1), 1);
	TRY("pwrite", sys(SYS_pwrite64, fd, "x", 1, 0), 1);
	TRY("ftruncate", sys(SYS_ftruncate, fd, 3), append ? -EPERM : 0);
	TRY("fchmod", sys(SYS_fchmod, fd, 0600), -EPERM);
	TRY("fallocate", sys(SYS_fallocate, fd, 0, 0, 4096), append ? 0 : -EPERM);
	TRY("punch", sys(SYS_fallocate, fd, 3, 0, 4096), -EPERM);
	TRY("clear_append", sys(SYS_fcntl, appending, F_SETFL, 0), append ? -EPERM : 0);
	TRY("set_append", sys(SYS_fcntl, fd, F_SETFL, O_APPEND), append ? -EPERM : 0);
	sys(SYS_fcntl, fd, F_SETFL, 0);
	long r = sys(SYS_mmap, 0, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	TRY("map_shared", r < 0 && r > -PAGE ? r : 0, append ? -EACCES : 0);
	r = sys(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	TRY("map_shared_write", r < 0 && r > -PAGE ? r : 0, append ? -EACCES : 0);
	r = sys(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	TRY("map_private", r < 0 && r > -PAGE ? r : 0, 0);
	int source = MUST(open("other", O_RDWR));
	MUST(pwrite(source, &page, 1, 0));
	long long from = 0, to = 0;
	TRY("copy_range", sys(SYS_copy_file_range, source, &from, fd, &to, 1, 0),
	    append ? 1 : -EPERM);
	close(source);
}

static void group_files(void)
{
	make_file("f", "hello");
	make_file("other", "x");
	MUST(setxattr("f", "trusted.x", "y", 1, 0));
	int fd = MUST(open("f", O_RDWR)), appending = MUST(open("f", O_RDWR | O_APPEND));
	MUST(set("f", FS_IMMUTABLE_FL));
	try_file("immutable", false);
	try_open("immutable", fd, appending, false);
	MUST(set("f", FS_APPEND_FL));
	fcntl(appending, F_SETFL, O_APPEND);
	MUST(set("f", 0));
	fcntl(appending, F_SETFL, O_APPEND);
	MUST(set("f", FS_APPEND_FL));
	try_file("append", true);
	try_open("append", fd, appending, true);
	MUST(set("f", 0));
	ROW("append_flag_alone", sys(SYS_fallocate, appending, 3, 0, 4096), 0);
	ROW("free_again", unlink("f"), 0);
}

static void try_dir(const char *what, bool append)
{
	long add = append ? 0 : -EPERM;

	make_file("outside", "");
	long fd = sys(SYS_open, "d/new", O_CREAT | O_WRONLY, 0644);
	TRY("create", fd < 0 ? fd : 0, add);
	TRY("mkdir", sys(SYS_mkdir, "d/newdir", 0755), add);
	TRY("symlink", sys(SYS_symlink, "x", "d/newlink"), add);
	TRY("mknod", sys(SYS_mknod, "d/newfifo", S_IFIFO | 0644, 0), add);
	TRY("link", sys(SYS_link, "outside", "d/link"), add);
	TRY("unlink", sys(SYS_unlink, "d/f"), -EPERM);
	TRY("rmdir", sys(SYS_rmdir, "d/sub"), -EPERM);
	TRY("rename_out", sys(SYS_rename, "d/f", "out"), -EPERM);
	TRY("rename_within", sys(SYS_rename, "d/f", "d/g"), -EPERM);
	TRY("rename_in", sys(SYS_rename, "outside", "d/moved"), add);
	TRY("rmdir_self", sys(SYS_rmdir, "d"), -EPERM);
	TRY("rename_self", sys(SYS_rename, "d", "e"), -EPERM);
	TRY("chmod", sys(SYS_chmod, "d", 0700), -EPERM);
	fd = sys(SYS_open, "d", O_TMPFILE | O_RDWR, 0600);
	TRY("tmpfile", fd < 0 ? fd : 0, add);
	fd = sys(SYS_open, "d/f", O_RDWR);
	TRY("open_inside", fd < 0 ? fd : 0, 0);
	TRY("write_inside", write((int)fd, "x", 1), 1);
	TRY("chmod_inside", sys(SYS_chmod, "d/f", 0600), 0);
	TRY("list", open("d", O_RDONLY | O_DIRECTORY) >= 0, 1);
}

static void group_directories(void)
{
	mkdir("d", 0755);
	mkdir("d/sub", 0755);
	make_file("d/f", "hello");
	MUST(set("d", FS_IMMUTABLE_FL));
	try_dir("immutable", false);
	MUST(set("d", FS_APPEND_FL));
	try_dir("append", true);
	MUST(set("d", 0));
	ROW("free_again", unlink("d/f"), 0);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "flags");
	GROUP(group_values);
	GROUP(group_rights);
	GROUP(group_files);
	GROUP(group_directories);
	return finish();
}
