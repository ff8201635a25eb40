/*
 * Access control lists on tmpfs: what is a list, what it allows, what is inherited.
 */
#include "row.h"

#include <sys/xattr.h>

#define ACCESS "system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"
#define NOBODY 0xffffffffu
#define GROUP_A 2000
#define GROUP_B 2001

enum { USER_OBJ = 1, NAMED_USER = 2, GROUP_OBJ = 4, NAMED_GROUP = 8, MASK = 16, OTHERS = 32 };

struct entry {
	uint16_t tag, perm;
	uint32_t id;
};

struct list {
	uint32_t version;
	struct entry entries[12];
};

/* Fills from {tag, perm, id}s: the size of the value. */
#define LIST(to, ...)                                                                              \
	fill(to, (struct entry[]){ __VA_ARGS__ }, sizeof((struct entry[]){ __VA_ARGS__ }))

static size_t fill(struct list *to, const struct entry *from, size_t size)
{
	to->version = 2;
	memcpy(to->entries, from, size);
	return sizeof(to->version) + size;
}

static struct list list, got;

static long set(const char *file, const char *name, size_t size)
{
	return sys(SYS_setxattr, file, name, &list, size, 0);
}

static long get(const char *file, const char *name)
{
	memset(&got, 0, sizeof(got));
	return sys(SYS_getxattr, file, name, &got, sizeof(got));
}

static long removes(const char *file, const char *name)
{
	return sys(SYS_removexattr, file, name);
}

static int mode_of(const char *file)
{
	struct stat st;

	return lstat(file, &st) ? -errno : (int)(st.st_mode & 07777);
}

/* The usual list: owner rw-, USER rw-, group r--, mask rw-, others ---. */
static size_t usual(void)
{
	return LIST(&list, { USER_OBJ, 6, NOBODY }, { NAMED_USER, 6, USER },
		    { GROUP_OBJ, 4, NOBODY }, { MASK, 6, NOBODY }, { OTHERS, 0, NOBODY });
}

static void group_values(void)
{
	size_t n;
	char names[256];

	make_file("f", "x");
	mkdir("d", 0755);
	MUST(symlink("f", "l"));
	ROW("none", get("f", ACCESS), -ENODATA);
	ROW("none.default", get("d", DEFAULT), -ENODATA);
	ROW("none.default of a file", get("f", DEFAULT), -ENODATA);
	ROW("set", set("f", ACCESS, usual()), 0);
	ROW("mode", mode_of("f"), 0660);
	ROW("get", get("f", ACCESS), 44);
	ROW("same", memcmp(&got, &list, 44), 0);
	ROW("get.size", sys(SYS_getxattr, "f", ACCESS, NULL, 0), 44);
	ROW("get.small", sys(SYS_getxattr, "f", ACCESS, &got, 43), -ERANGE);
	ROWS_EFAULT("get", 44, sys(SYS_getxattr, "f", ACCESS, p, 44));
	ROWS_EFAULT("set", 44, sys(SYS_setxattr, "f", ACCESS, p, 44, 0));
	ROW("list", sys(SYS_listxattr, "f", names, sizeof(names)), sizeof(ACCESS));
	ROW("list.name", strcmp(names, ACCESS), 0);
	ROW("list.small", sys(SYS_listxattr, "f", names, 3), -ERANGE);
	ROW("again", set("f", ACCESS, usual()), 0);
	ROW("create is not looked at", sys(SYS_setxattr, "f", ACCESS, &list, 44, XATTR_CREATE), 0);
	list.entries[1].id = NOBODY;
	ROW("no user", set("f", ACCESS, 44), -EINVAL);
	usual();
	list.entries[2].id = 77;
	ROW("id of the group's", set("f", ACCESS, 44), 0);
	get("f", ACCESS);
	ROW("id of the group's.not kept", got.entries[2].id, NOBODY);
	ROW("remove", removes("f", ACCESS), 0);
	ROW("remove.gone", get("f", ACCESS), -ENODATA);
	ROW("remove.mode stays", mode_of("f"), 0660);
	ROW("remove.again", removes("f", ACCESS), 0);
	set("f", ACCESS, usual());
	list.version = 2;
	ROW("empty removes", set("f", ACCESS, 4), 0);
	ROW("empty removes.gone", get("f", ACCESS), -ENODATA);
	/* What a mode can say is none. */
	n = LIST(&list, { USER_OBJ, 7, NOBODY }, { GROUP_OBJ, 5, NOBODY }, { OTHERS, 1, NOBODY });
	ROW("plain", set("f", ACCESS, n), 0);
	ROW("plain.mode", mode_of("f"), 0751);
	ROW("plain.none", get("f", ACCESS), -ENODATA);
	ROW("default", set("d", DEFAULT, n), 0);
	ROW("default.mode", mode_of("d"), 0755);
	ROW("default.kept", get("d", DEFAULT), 28);
	ROW("default of a file", set("f", DEFAULT, n), -EACCES);
	ROW("default of a file.remove", removes("f", DEFAULT), 0);
	ROW("link", sys(SYS_lsetxattr, "l", ACCESS, &list, n, 0), -EOPNOTSUPP);
	ROW("link.get", sys(SYS_lgetxattr, "l", ACCESS, &got, sizeof(got)), -EOPNOTSUPP);
	ROW("proc", set("/proc/self/status", ACCESS, n), -EOPNOTSUPP);
	ROW("other names", set("f", "system.posix_acl_x", n), -EOPNOTSUPP);
	MUST(mknod("fifo", S_IFIFO | 0600, 0));
	ROW("fifo", set("fifo", ACCESS, usual()), 0);
	ROW("fifo.mode", mode_of("fifo"), 0660);
	ROW("by descriptor", sys(SYS_fsetxattr, open("f", O_RDONLY), ACCESS, &list, usual(), 0), 0);
	ROW("by descriptor.mode", mode_of("f"), 0660);
}

static void group_invalid(void)
{
	static const struct {
		const char *name;
		struct entry e[6];
		int n;
	} bad[] = {
		{ "no owner", { { GROUP_OBJ, 4, NOBODY }, { OTHERS, 4, NOBODY } }, 2 },
		{ "no group", { { USER_OBJ, 4, NOBODY }, { OTHERS, 4, NOBODY } }, 2 },
		{ "no others", { { USER_OBJ, 4, NOBODY }, { GROUP_OBJ, 4, NOBODY } }, 2 },
		{ "two owners",
		  { { USER_OBJ, 4, NOBODY },
		    { USER_OBJ, 4, NOBODY },
		    { GROUP_OBJ, 4, NOBODY },
		    { OTHERS, 4, NOBODY } },
		  4 },
		{ "user without mask",
		  { { USER_OBJ, 4, NOBODY },
		    { NAMED_USER, 4, USER },
		    { GROUP_OBJ, 4, NOBODY },
		    { OTHERS, 4, NOBODY } },
		  4 },
		{ "group without mask",
		  { { USER_OBJ, 4, NOBODY },
		    { GROUP_OBJ, 4, NOBODY },
		    { NAMED_GROUP, 4, USER },
		    { OTHERS, 4, NOBODY } },
		  4 },
		{ "user after group",
		  { { USER_OBJ, 4, NOBODY },
		    { GROUP_OBJ, 4, NOBODY },
		    { NAMED_USER, 4, USER },
		    { MASK, 4, NOBODY },
		    { OTHERS, 4, NOBODY } },
		  5 },
		{ "group before the group",
		  { { USER_OBJ, 4, NOBODY },
		    { NAMED_GROUP, 4, USER },
		    { GROUP_OBJ, 4, NOBODY },
		    { MASK, 4, NOBODY },
		    { OTHERS, 4, NOBODY } },
		  5 },
		{ "two masks",
		  { { USER_OBJ, 4, NOBODY },
		    { GROUP_OBJ, 4, NOBODY },
		    { MASK, 4, NOBODY },
		    { MASK, 4, NOBODY },
		    { OTHERS, 4, NOBODY } },
		  5 },
		{ "after others",
		  { { USER_OBJ, 4, NOBODY },
		    { GROUP_OBJ, 4, NOBODY },
		    { OTHERS, 4, NOBODY },
		    { MASK, 4, NOBODY } },
		  4 },
		{ "permission",
		  { { USER_OBJ, 8, NOBODY }, { GROUP_OBJ, 4, NOBODY }, { OTHERS, 4, NOBODY } },
		  3 },
		{ "tag",
		  { { USER_OBJ, 4, NOBODY }, { GROUP_OBJ, 4, NOBODY }, { 64, 4, NOBODY } },
		  3 },
		{ "tag 0",
		  { { USER_OBJ, 4, NOBODY }, { GROUP_OBJ, 4, NOBODY }, { 0, 4, NOBODY } },
		  3 },
	};

	make_file("f", "x");
	for (unsigned i = 0; i < LENGTH(bad); i++)
		ROW(bad[i].name,
		    set("f", ACCESS, fill(&list, bad[i].e, bad[i].n * sizeof(struct entry))),
		    -EINVAL);
	usual();
	ROW("size 0", set("f", ACCESS, 0), -EINVAL);
	ROW("size of half a header", set("f", ACCESS, 3), -EINVAL);
	ROW("size of a part", set("f", ACCESS, 43), -EINVAL);
	list.version = 1;
	ROW("version", set("f", ACCESS, 44), -EOPNOTSUPP);
	ROW("nothing set", mode_of("f"), 0644);
	/* The same twice is none of its business. */
	ROW("a user twice",
	    set("f", ACCESS,
		LIST(&list, { USER_OBJ, 6, NOBODY }, { NAMED_USER, 4, USER },
		     { NAMED_USER, 6, USER }, { GROUP_OBJ, 4, NOBODY }, { MASK, 7, NOBODY },
		     { OTHERS, 0, NOBODY })),
	    0);
	ROW("only a mask more",
	    set("f", ACCESS,
		LIST(&list, { USER_OBJ, 6, NOBODY }, { GROUP_OBJ, 4, NOBODY }, { MASK, 7, NOBODY },
		     { OTHERS, 0, NOBODY })),
	    0);
	ROW("only a mask more.kept", get("f", ACCESS), 36);
	ROW("only a mask more.mode", mode_of("f"), 0670);
	make_file("theirs", "x");
	MUST(chown("theirs", USER, USER));
	ROW_AS(USER, "owner", set("theirs", ACCESS, usual()), 0);
	ROW_AS(OTHER, "not the owner", set("theirs", ACCESS, usual()), -EPERM);
	ROW_AS(OTHER, "not the owner.remove", removes("theirs", ACCESS), -EPERM);
	ROW_AS(OTHER, "not the owner.reads", get("theirs", ACCESS), 44);
	MUST(chown("theirs", USER, GROUP_A));
	MUST(chmod("theirs", 02755));
	ROW_AS(USER, "set-group-id", set("theirs", ACCESS, usual()), 0);
	ROW("set-group-id.goes", mode_of("theirs"), 0660);
}

/* What a user, perhaps in a further group, may do: bits of access(2). */
static int may(uid_t uid, gid_t more, const char *file)
{
	return CHILD({
		       gid_t groups[1] = { more };
		       int all = 0;

		       if (sys(SYS_setgroups, more ? 1 : 0, groups) ||
			   sys(SYS_setresgid, uid, uid, uid) || sys(SYS_setresuid, uid, uid, uid))
			       _exit(99);
		       for (int bit = 1; bit <= 4; bit <<= 1)
			       all |= access(file, bit) ? 0 : bit;
		       _exit(all);
	       }) >>
	       8;
}

static void group_permission(void)
{
	chmod(".", 0755);
	make_file("f", "x");
	MUST(chown("f", USER, GROUP_A));
	set("f", ACCESS,
	    LIST(&list, { USER_OBJ, 1, NOBODY }, { NAMED_USER, 7, OTHER }, { NAMED_USER, 0, 1002 },
		 { GROUP_OBJ, 4, NOBODY }, { NAMED_GROUP, 3, GROUP_B }, { MASK, 6, NOBODY },
		 { OTHERS, 1, NOBODY }));
	ROW("mode", mode_of("f"), 0161);
	ROW("owner", may(USER, GROUP_A, "f"), 1);
	ROW("user, masked", may(OTHER, 0, "f"), 6);
	ROW("user before groups", may(1002, GROUP_A, "f"), 0);
	ROW("group", may(1003, GROUP_A, "f"), 4);
	ROW("named group, masked", may(1003, GROUP_B, "f"), 2);
	ROW("others", may(1003, 0, "f"), 1);
	ROW("others.another group", may(1003, 2002, "f"), 1);
	/* Execution is allowed by some entry: by others'. */
	ROW("administrator", access("f", R_OK | W_OK | X_OK) ? -errno : 0, 0);
	chmod("f", 0700);
	ROW("masked by a mode", may(OTHER, 0, "f"), 0);
	ROW("list after chmod", get("f", ACCESS), 60);
	ROW("mask after chmod", got.entries[5].perm, 0);
	ROW("owner after chmod", got.entries[0].perm, 7);
	chmod("f", 0274);
	get("f", ACCESS);
	ROW("mask after another", got.entries[5].perm, 7);
	ROW("group's stays", got.entries[3].perm, 4);
	ROW("others after another", got.entries[6].perm, 4);
	ROW("user after another", may(OTHER, 0, "f"), 7);
	ROW_AS(OTHER, "opens", open("f", O_RDWR) < 0 ? -errno : 0, 0);
	removes("f", ACCESS);
	ROW("without a list", may(OTHER, 0, "f"), 4);
	/* Directories are searched by the same rule, on the way and at its end. */
	mkdir("d", 0711);
	make_file("d/f", "x");
	chmod("d/f", 0666);
	ROW("search", may(OTHER, 0, "d/f"), 6);
	set("d", ACCESS,
	    LIST(&list, { USER_OBJ, 7, NOBODY }, { NAMED_USER, 0, OTHER }, { GROUP_OBJ, 1, NOBODY },
		 { MASK, 7, NOBODY }, { OTHERS, 1, NOBODY }));
	ROW("search.refused to one", may(OTHER, 0, "d/f"), 0);
	ROW("search.others", may(1002, 0, "d/f"), 6);
	set("d", ACCESS,
	    LIST(&list, { USER_OBJ, 7, NOBODY }, { NAMED_USER, 3, OTHER }, { GROUP_OBJ, 0, NOBODY },
		 { MASK, 7, NOBODY }, { OTHERS, 0, NOBODY }));
	ROW("search.allowed to one", may(OTHER, 0, "d/f"), 6);
	ROW("search.not to others", may(1002, 0, "d/f"), 0);
	ROW_AS(OTHER, "creates", mkdir("d/new", 0700) ? -errno : 0, 0);
	ROW_AS(1002, "does not create", mkdir("d/new2", 0700) ? -errno : 0, -EACCES);
}

static void group_inherit(void)
{
	struct stat st;
	int fd;

	mkdir("d", 0777);
	set("d", DEFAULT,
	    LIST(&list, { USER_OBJ, 7, NOBODY }, { NAMED_USER, 7, USER }, { GROUP_OBJ, 5, NOBODY },
		 { MASK, 7, NOBODY }, { OTHERS, 4, NOBODY }));
	umask(077);
	close(open("d/f", O_CREAT | O_RDWR, 0666));
	ROW("file", mode_of("d/f"), 0664);
	ROW("file.list", get("d/f", ACCESS), 44);
	ROW("file.owner", got.entries[0].perm, 6);
	ROW("file.user", got.entries[1].perm, 7);
	ROW("file.group", got.entries[2].perm, 5);
	ROW("file.mask", got.entries[3].perm, 6);
	ROW("file.others", got.entries[4].perm, 4);
	ROW("file.no default", get("d/f", DEFAULT), -ENODATA);
	close(open("d/g", O_CREAT | O_RDWR, 0601));
	ROW("smaller mode", mode_of("d/g"), 0600);
	mkdir("d/s", 0777);
	ROW("directory", mode_of("d/s"), 0774);
	ROW("directory.list", get("d/s", ACCESS), 44);
	ROW("directory.default", get("d/s", DEFAULT), 44);
	ROW("directory.default.same", got.entries[0].perm * 64 + got.entries[4].perm, 7 * 64 + 4);
	mkdir("d/s/t", 0700);
	ROW("below", mode_of("d/s/t"), 0700);
	mknod("d/p", S_IFIFO | 0666, 0);
	ROW("fifo", mode_of("d/p"), 0664);
	ROW("fifo.list", get("d/p", ACCESS), 44);
	MUST(symlink("f", "d/l"));
	ROW("link", mode_of("d/l"), 0777);
	fd = open("d", O_TMPFILE | O_RDWR, 0666);
	fstat(fd, &st);
	ROW("nameless", st.st_mode & 0777, 0664);
	ROW("nameless.list", sys(SYS_fgetxattr, fd, ACCESS, &got, sizeof(got)), 44);
	/* One that says what a mode can say leaves no list, but counts instead of the umask. */
	set("d", DEFAULT,
	    LIST(&list, { USER_OBJ, 7, NOBODY }, { GROUP_OBJ, 6, NOBODY }, { OTHERS, 5, NOBODY }));
	close(open("d/h", O_CREAT | O_RDWR, 0666));
	ROW("plain", mode_of("d/h"), 0664);
	ROW("plain.none", get("d/h", ACCESS), -ENODATA);
	mkdir("d/u", 0777);
	ROW("plain.directory", mode_of("d/u"), 0765);
	ROW("plain.directory.default", get("d/u", DEFAULT), 28);
	ROW("remove", removes("d", DEFAULT), 0);
	close(open("d/i", O_CREAT | O_RDWR, 0666));
	ROW("umask again", mode_of("d/i"), 0600);
	ROW("renamed", rename("d/f", "elsewhere"), 0);
	ROW("renamed.list", get("elsewhere", ACCESS), 44);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "acl");
	GROUP(group_values);
	GROUP(group_invalid);
	GROUP(group_permission);
	GROUP(group_inherit);
	return finish();
}
