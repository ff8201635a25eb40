/* Extended attributes: names and their classes, sizes, who may, and file systems without any. */
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/xattr.h>

#include "row.h"

static char buf[70000], back[70000];

static long set(const char *path, const char *name, const char *value, int flags)
{
	return sys(SYS_setxattr, path, name, value, strlen(value), flags);
}

static long get(const char *path, const char *name)
{
	memset(back, 0, 256);
	return sys(SYS_getxattr, path, name, back, sizeof(back));
}

static bool is(const char *path, const char *name, const char *value)
{
	return get(path, name) == (long)strlen(value) && !memcmp(back, value, strlen(value));
}

static bool listed(const char *path, const char *name)
{
	long n = sys(SYS_listxattr, path, back, sizeof(back));

	for (char *at = back; n > 0 && at < back + n; at += strlen(at) + 1)
		if (!strcmp(at, name))
			return true;
	return false;
}

static void group_values(void)
{
	make_file("f", "x");
	ROW("none_yet", get("f", "trusted.a"), -ENODATA);
	ROW("empty_list", sys(SYS_listxattr, "f", back, sizeof(back)), 0);
	ROW("set", set("f", "trusted.a", "one", 0), 0);
	ROW_TRUE("value", is("f", "trusted.a", "one"));
	ROW("length", sys(SYS_getxattr, "f", "trusted.a", NULL, 0), 3);
	ROW("too_small", sys(SYS_getxattr, "f", "trusted.a", back, 2), -ERANGE);
	ROW("exact", sys(SYS_getxattr, "f", "trusted.a", back, 3), 3);
	ROW("create_exists", set("f", "trusted.a", "two", XATTR_CREATE), -EEXIST);
	ROW("replace", set("f", "trusted.a", "two!", XATTR_REPLACE), 0);
	ROW_TRUE("replaced", is("f", "trusted.a", "two!"));
	ROW("replace_missing", set("f", "trusted.b", "x", XATTR_REPLACE), -ENODATA);
	ROW("create", set("f", "trusted.b", "x", XATTR_CREATE), 0);
	ROW("both_flags", set("f", "trusted.b", "x", XATTR_CREATE | XATTR_REPLACE), -EEXIST);
	ROW("bad_flag", set("f", "trusted.b", "x", 4), -EINVAL);
	ROW("empty_value", sys(SYS_setxattr, "f", "trusted.e", NULL, 0, 0), 0);
	ROW("empty_length", get("f", "trusted.e"), 0);
	ROW("empty_exists", set("f", "trusted.e", "", XATTR_CREATE), -EEXIST);
	ROW("security", set("f", "security.s", "label", 0), 0);
	ROW_TRUE("security_value", is("f", "security.s", "label"));
	long n = sys(SYS_listxattr, "f", NULL, 0);
	ROW("list_length", n, 3 * strlen("trusted.a_") + strlen("security.s_"));
	ROW("list", sys(SYS_listxattr, "f", back, n), n);
	ROW("list_small", sys(SYS_listxattr, "f", back, n - 1), -ERANGE);
	ROW_TRUE("listed", listed("f", "trusted.a") && listed("f", "trusted.b") &&
				   listed("f", "trusted.e") && listed("f", "security.s"));
	ROW("remove", sys(SYS_removexattr, "f", "trusted.b"), 0);
	ROW("removed", get("f", "trusted.b"), -ENODATA);
	ROW("remove_again", sys(SYS_removexattr, "f", "trusted.b"), -ENODATA);
	ROW_TRUE("not_listed", !listed("f", "trusted.b") && listed("f", "trusted.a"));
	memset(buf, 'v', sizeof(buf));
	ROW("largest", sys(SYS_setxattr, "f", "trusted.big", buf, 65536, 0), 0);
	ROW("largest_back", get("f", "trusted.big"), 65536);
	ROW("too_large", sys(SYS_setxattr, "f", "trusted.big", buf, 65537, 0), -E2BIG);
	ROW("huge", sys(SYS_setxattr, "f", "trusted.big", buf, -1ul, 0), -E2BIG);
	ROW("name_longest", set("f", named("trusted.%0*d", 247 - 1, 0), "x", 0), 0);
	/* Kept across names and descriptors. */
	link("f", "g");
	rename("f", "h");
	ROW_TRUE("link", is("g", "trusted.a", "two!"));
	ROW_TRUE("renamed", is("h", "trusted.a", "two!"));
	struct stat st, then;
	stat("h", &st);
	sleep_ms(20);
	set("h", "trusted.a", "three", 0);
	stat("h", &then);
	ROW_TRUE("ctime", then.st_ctim.tv_sec != st.st_ctim.tv_sec ||
				  then.st_ctim.tv_nsec != st.st_ctim.tv_nsec);
	ROW_TRUE("mtime_not", then.st_mtim.tv_nsec == st.st_mtim.tv_nsec);
}

static void group_names(void)
{
	char *name = buf;

	make_file("f", "x");
	mkdir("d", 01777);
	symlink("f", "l");
	mkfifo("p", 0666);
	ROW("user", set("f", "user.x", "v", 0), -EOPNOTSUPP);
	ROW("get_user", get("f", "user.x"), -EOPNOTSUPP);
	ROW("remove_user", sys(SYS_removexattr, "f", "user.x"), -EOPNOTSUPP);
	ROW("user_fifo", set("p", "user.x", "v", 0), -EPERM);
	ROW("get_user_fifo", get("p", "user.x"), -ENODATA);
	ROW("other", set("f", "other.x", "v", 0), -EOPNOTSUPP);
	ROW("get_other", get("f", "other.x"), -EOPNOTSUPP);
	ROW("no_class", set("f", "x", "v", 0), -EOPNOTSUPP);
	ROW("class_only", set("f", "trusted.", "v", 0), -EINVAL);
	ROW("get_class_only", get("f", "trusted."), -EINVAL);
	ROW("class_without_dot", set("f", "trusted", "v", 0), -EOPNOTSUPP);
	ROW("system_other", set("f", "system.x", "v", 0), -EOPNOTSUPP);
	ROW("empty", set("f", "", "v", 0), -ERANGE);
	ROW("get_empty", get("f", ""), -ERANGE);
	ROW("remove_empty", sys(SYS_removexattr, "f", ""), -ERANGE);
	memset(name, 'n', 300);
	name[255] = 0;
	memcpy(name, "trusted.", 8);
	ROW("name_255", set("f", name, "v", 0), 0);
	name[255] = 'n';
	name[256] = 0;
	ROW("name_256", set("f", name, "v", 0), -ERANGE);
	ROW("get_name_256", get("f", name), -ERANGE);
	ROW("remove_name_256", sys(SYS_removexattr, "f", name), -ERANGE);
	ROW("dir", set("d", "trusted.d", "v", 0), 0);
	ROW("fifo", set("p", "trusted.p", "v", 0), 0);
	ROW("link_follows", set("l", "trusted.l", "target", 0), 0);
	ROW_TRUE("target", is("f", "trusted.l", "target"));
	ROW("link_itself", sys(SYS_lsetxattr, "l", "trusted.l", "link", 4, 0), 0);
	ROW("lget", sys(SYS_lgetxattr, "l", "trusted.l", back, 100), 4);
	ROW("llist", sys(SYS_llistxattr, "l", back, 100), 10);
	ROW("lremove", sys(SYS_lremovexattr, "l", "trusted.l"), 0);
	ROW_TRUE("target_still", is("f", "trusted.l", "target"));
}

static void group_descriptors(void)
{
	int file = file_with("f", "x", 1), path = MUST(open("f", O_PATH)), ends[2];
	int memory = MUST(sys(SYS_memfd_create, "m", 0));

	MUST(pipe(ends));
	ROW("fset", sys(SYS_fsetxattr, file, "trusted.a", "one", 3, 0), 0);
	ROW("fget", sys(SYS_fgetxattr, file, "trusted.a", back, 100), 3);
	ROW("flist", sys(SYS_flistxattr, file, back, 100), 10);
	ROW("fremove", sys(SYS_fremovexattr, file, "trusted.a"), 0);
	ROW("fset_rdonly", sys(SYS_fsetxattr, MUST(open("f", O_RDONLY)), "trusted.a", "x", 1, 0),
	    0);
	ROW("o_path_set", sys(SYS_fsetxattr, path, "trusted.a", "one", 3, 0), -EBADF);
	ROW("o_path_get", sys(SYS_fgetxattr, path, "trusted.a", back, 100), -EBADF);
	ROW("o_path_by_name",
	    sys(SYS_getxattr, named("/proc/self/fd/%d", path), "trusted.a", back, 100), 1);
	ROW("memfd", sys(SYS_fsetxattr, memory, "trusted.a", "one", 3, 0), 0);
	ROW("memfd_get", sys(SYS_fgetxattr, memory, "trusted.a", back, 100), 3);
	ROW("pipe", sys(SYS_fsetxattr, ends[0], "trusted.a", "one", 3, 0), -EOPNOTSUPP);
	ROW("pipe_get", sys(SYS_fgetxattr, ends[0], "trusted.a", back, 100), -EOPNOTSUPP);
	ROW("pipe_list", sys(SYS_flistxattr, ends[0], back, 100), 0);
	ROWS_FD("fset_bad", sys(SYS_fsetxattr, fd, "trusted.a", "one", 3, 0));
	ROWS_FD("fget_bad", sys(SYS_fgetxattr, fd, "trusted.a", back, 3));
	ROWS_FD("flist_bad", sys(SYS_flistxattr, fd, back, 3));
	ROWS_FD("fremove_bad", sys(SYS_fremovexattr, fd, "trusted.a"));
	ROWS_FD_PATH("flist_path", sys(SYS_flistxattr, fd, back, 3));
	ROWS_FD_PATH("fremove_path", sys(SYS_fremovexattr, fd, "trusted.a"));
}

static void group_pointers(void)
{
	make_file("f", "x");
	set("f", "trusted.a", "value", 0);
	ROWS_STRING_EFAULT("set_name", sys(SYS_setxattr, "f", p, "v", 1, 0));
	ROWS_STRING_EFAULT("get_name", sys(SYS_getxattr, "f", p, back, 1));
	ROWS_STRING_EFAULT("remove_name", sys(SYS_removexattr, "f", p));
	ROWS_EFAULT("set_value", 8, sys(SYS_setxattr, "f", "trusted.b", p, 8, 0));
	ROWS_EFAULT("get_value", 5, sys(SYS_getxattr, "f", "trusted.a", p, 5));
	ROWS_EFAULT("list", 10, sys(SYS_listxattr, "f", p, 100));
	ROWS_PATH("set_path", sys(SYS_setxattr, p, "trusted.a", "v", 1, 0), -ENOENT);
	ROWS_PATH("lset_path", sys(SYS_lsetxattr, p, "trusted.a", "v", 1, 0), -ENOENT);
	ROWS_PATH("get_path", sys(SYS_getxattr, p, "trusted.a", back, 10), -ENOENT);
	ROWS_PATH("lget_path", sys(SYS_lgetxattr, p, "trusted.a", back, 10), -ENOENT);
	ROWS_PATH("list_path", sys(SYS_listxattr, p, back, 10), -ENOENT);
	ROWS_PATH("llist_path", sys(SYS_llistxattr, p, back, 10), -ENOENT);
	ROWS_PATH("remove_path", sys(SYS_removexattr, p, "trusted.a"), -ENOENT);
	ROWS_PATH("lremove_path", sys(SYS_lremovexattr, p, "trusted.a"), -ENOENT);
}

static void group_rights(void)
{
	make_file("f", "x");
	chmod("f", 0666);
	make_file("secret", "x");
	chmod("secret", 0600);
	set("f", "trusted.t", "hidden", 0);
	set("f", "security.s", "shown", 0);
	set("secret", "security.s", "shown", 0);
	CHILD({
		become(USER);
		ROW("trusted_get", get("f", "trusted.t"), -ENODATA);
		ROW("trusted_set", set("f", "trusted.t", "x", 0), -EPERM);
		ROW("trusted_remove", sys(SYS_removexattr, "f", "trusted.t"), -EPERM);
		ROW_TRUE("trusted_hidden", !listed("f", "trusted.t"));
		ROW_TRUE("security_listed", listed("f", "security.s"));
		ROW("security_get", get("f", "security.s"), 5);
		ROW("security_get_secret", get("secret", "security.s"), 5);
		ROW("list_secret", sys(SYS_listxattr, "secret", back, 100), 11);
		ROW("capability_malformed", set("f", "security.capability", "x", 0), -EINVAL);
		ROW("user_secret", set("secret", "user.x", "x", 0), -EACCES);
		ROW("user_secret_get", get("secret", "user.x"), -EACCES);
		ROW("user_open", set("f", "user.x", "x", 0), -EOPNOTSUPP);
		ROW("other_secret", set("secret", "other.x", "x", 0), -EACCES);
	});
	mkdir("m", 0755);
	MUST(mount("none", "m", "tmpfs", 0, NULL));
	make_file("m/f", "");
	set("m/f", "trusted.a", "v", 0);
	MUST(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	ROW("rofs_set", set("m/f", "trusted.a", "w", 0), -EROFS);
	ROW("rofs_remove", sys(SYS_removexattr, "m/f", "trusted.a"), -EROFS);
	ROW("rofs_get", get("m/f", "trusted.a"), 1);
	umount("m");
}

static void group_elsewhere(void)
{
	ROW("proc_get", get("/proc/version", "trusted.a"), -EOPNOTSUPP);
	ROW("proc_set", set("/proc/version", "trusted.a", "x", 0), -EOPNOTSUPP);
	ROW("proc_user", get("/proc/version", "user.a"), -EOPNOTSUPP);
	ROW("proc_list", sys(SYS_listxattr, "/proc/version", back, 100), 0);
	ROW("proc_remove", sys(SYS_removexattr, "/proc/version", "trusted.a"), -EOPNOTSUPP);
	ROW("proc_acl", get("/proc/version", "system.posix_acl_access"), -EOPNOTSUPP);
	mkdir("r", 0755);
	MUST(mount("none", "r", "ramfs", 0, NULL));
	make_file("r/f", "");
	ROW("ramfs_set", set("r/f", "trusted.a", "x", 0), -EOPNOTSUPP);
	ROW("ramfs_get", get("r/f", "trusted.a"), -EOPNOTSUPP);
	ROW("ramfs_list", sys(SYS_listxattr, "r/f", back, 100), 0);
	umount("r");
	mkdir("pts", 0755);
	MUST(mount("none", "pts", "devpts", 0, NULL));
	ROW("devpts_set", set("pts/ptmx", "trusted.a", "x", 0), -EOPNOTSUPP);
	umount("pts");
}

/* ---- capabilities of files ---- */

#define RAW (1u << CAP_NET_RAW)
#define BIND (1u << CAP_NET_BIND_SERVICE)

/* The program again, as a child: what it may. */
static int tell_caps(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];

	if (sys(SYS_capget, &h, d))
		return 99;
	return (d[0].permitted & RAW ? 1 : 0) | (d[0].effective & RAW ? 2 : 0) |
	       (d[0].permitted & BIND ? 4 : 0) | (d[0].permitted & ~(RAW | BIND) ? 8 : 0);
}

static long set_caps(const char *path, uint32_t permitted, uint32_t inheritable, uint32_t flags)
{
	struct vfs_cap_data caps = { VFS_CAP_REVISION_2 | flags,
				     { { permitted, inheritable }, { 0, 0 } } };

	return sys(SYS_setxattr, path, "security.capability", &caps, XATTR_CAPS_SZ_2, 0);
}

static int run_as(uid_t uid)
{
	char *argv[] = { "prog", "--caps", NULL };

	return CHILD(if (uid) become(uid); execv("./prog", argv); _exit(100 + errno));
}

static void copy_self(void)
{
	int in = MUST(open("/proc/self/exe", O_RDONLY));
	int out = MUST(open("prog", O_WRONLY | O_CREAT | O_TRUNC, 0755));
	ssize_t n;

	while ((n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, n) != n)
			_exit(1);
	close(in);
	close(out);
}

static void group_file_caps(void)
{
	char value[32] = { 0 };

	copy_self();
	ROW("plain", run_as(USER), EXITED(0));
	ROW("set_permitted", set_caps("prog", RAW, 0, 0), 0);
	ROW("permitted", run_as(USER), EXITED(1));
	ROW("set_effective", set_caps("prog", RAW | BIND, 0, VFS_CAP_FLAGS_EFFECTIVE), 0);
	ROW("effective", run_as(USER), EXITED(7));
	ROW("read_back", sys(SYS_getxattr, "prog", "security.capability", value, 32),
	    XATTR_CAPS_SZ_2);
	set_caps("prog", 0, RAW, 0);
	ROW("inheritable_not", run_as(USER), EXITED(0));
	set_caps("prog", RAW, 0, VFS_CAP_FLAGS_EFFECTIVE);
	ROW("no_new_privs", CHILD(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); _exit(run_as(USER) >> 8)),
	    EXITED(0));
	ROW("bounded", CHILD(prctl(PR_CAPBSET_DROP, CAP_NET_RAW); _exit(run_as(USER) >> 8)),
	    EXITED(100 + EPERM));
	ROW("root_has_all", run_as(0), EXITED(15));
	/* Gone with a write, a change of owner, a truncation; not with a change of mode. */
	chmod("prog", 0755);
	ROW("after_chmod", run_as(USER), EXITED(3));
	chown("prog", 0, 0);
	ROW("after_chown", get("prog", "security.capability"), -ENODATA);
	set_caps("prog", RAW, 0, 0);
	int fd = MUST(open("prog", O_WRONLY | O_APPEND));
	write(fd, "x", 1);
	close(fd);
	ROW("after_write", get("prog", "security.capability"), -ENODATA);
	set_caps("prog", RAW, 0, 0);
	truncate("prog", 100);
	ROW("after_truncate", get("prog", "security.capability"), -ENODATA);
	value[3] = 7;
	ROW("revision", sys(SYS_setxattr, "prog", "security.capability", value, 20, 0), -EINVAL);
	value[3] = 2;
	ROW("length", sys(SYS_setxattr, "prog", "security.capability", value, 19, 0), -EINVAL);
	ROW("length_3", sys(SYS_setxattr, "prog", "security.capability", value, 24, 0), -EINVAL);
	ROW("none", sys(SYS_setxattr, "prog", "security.capability", value, 0, 0), 0);
	become(USER);
	ROW("not_ours", set_caps("prog", RAW, 0, 0), -EPERM);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--caps"))
		return tell_caps();
	begin(argc, argv, "xattr");
	GROUP(group_values);
	GROUP(group_names);
	GROUP(group_descriptors);
	GROUP(group_pointers);
	GROUP(group_rights);
	GROUP(group_elsewhere);
	GROUP(group_file_caps);
	return finish();
}
