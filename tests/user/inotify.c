/* inotify: what is told of each operation, in which order; masks, limits, reading. */
#include <limits.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/sendfile.h>
#include <sys/xattr.h>

#include "row.h"

static int ino; /* the instance */
static char text[8192];
static struct {
	int wd;
	const char *label;
} labels[8];
static unsigned label_count;

static const struct {
	uint32_t bit;
	const char *name;
} names[] = { { IN_ACCESS, "ACCESS" },		{ IN_MODIFY, "MODIFY" },
	      { IN_ATTRIB, "ATTRIB" },		{ IN_CLOSE_WRITE, "CLOSEW" },
	      { IN_CLOSE_NOWRITE, "CLOSE" },	{ IN_OPEN, "OPEN" },
	      { IN_MOVED_FROM, "FROM" },	{ IN_MOVED_TO, "TO" },
	      { IN_CREATE, "CREATE" },		{ IN_DELETE, "DELETE" },
	      { IN_DELETE_SELF, "DELETESELF" }, { IN_MOVE_SELF, "MOVESELF" },
	      { IN_UNMOUNT, "UNMOUNT" },	{ IN_Q_OVERFLOW, "OVERFLOW" },
	      { IN_IGNORED, "IGNORED" },	{ IN_ISDIR, "DIR" } };

static long add(const char *path, uint32_t mask)
{
	return sys(SYS_inotify_add_watch, ino, path, mask);
}

static int watch(const char *label, const char *path, uint32_t mask)
{
	int wd = MUST(add(path, mask));

	labels[label_count].wd = wd;
	labels[label_count++].label = label;
	return wd;
}

/* A fresh instance, without the watches of before. */
static void fresh(void)
{
	if (ino)
		close(ino);
	ino = MUST(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
	label_count = 0;
}

static void describe(const struct inotify_event *e)
{
	const char *label = "?";
	char *to = text + strlen(text);

	for (unsigned i = 0; i < label_count; i++)
		if (labels[i].wd == e->wd && *label == '?')
			label = labels[i].label;
	to += sprintf(to, "%s%s:", *text ? " " : "", e->wd < 0 ? "-" : label);
	for (unsigned i = 0; i < LENGTH(names); i++)
		if (e->mask & names[i].bit)
			to += sprintf(to, "%s%s", to[-1] == ':' ? "" : "|", names[i].name);
	if (e->len)
		to += sprintf(to, "(%s)", e->name);
	if (e->cookie)
		sprintf(to, "#");
}

/* All that there is to read, as text. */
static const char *told(void)
{
	static char buf[65536] __attribute__((aligned(8)));
	ssize_t n;

	text[0] = 0;
	while ((n = read(ino, buf, sizeof(buf))) > 0)
		for (char *at = buf; at < buf + n;) {
			const struct inotify_event *e = (void *)at;

			describe(e);
			at += sizeof(*e) + e->len;
		}
	return text;
}

static void expect(const char *name, const char *expected)
{
	const char *got = told();

	if (strcmp(got, expected))
		row_print("# %s.%s: told \"%s\"\n", row_group, name, got);
	ROW_TRUE(name, !strcmp(got, expected));
}

/* Each at least once, in whatever order. */
static void expect_both(const char *name)
{
	const char *got = told();

	ROW_TRUE(named("%s_read", name), strstr(got, "d:ACCESS(in)") != NULL);
	ROW_TRUE(named("%s_written", name), strstr(got, "d:MODIFY(out)") != NULL);
}

static void group_files(void)
{
	char buf[16];
	int fd;

	mkdir("d", 0755);
	fresh();
	watch("d", "d", IN_ALL_EVENTS);
	fd = MUST(open("d/a", O_RDWR | O_CREAT, 0644));
	expect("create", "d:CREATE(a) d:OPEN(a)");
	write(fd, "hello", 5);
	expect("write", "d:MODIFY(a)");
	write(fd, "", 0);
	expect("write_nothing", "");
	pread(fd, buf, 5, 0);
	expect("read", "d:ACCESS(a)");
	pread(fd, buf, 5, 100);
	expect("read_end", "");
	ftruncate(fd, 3);
	expect("ftruncate", "d:MODIFY(a)");
	fchmod(fd, 0600);
	expect("fchmod", "d:ATTRIB(a)");
	fchown(fd, 1, 1);
	expect("fchown", "d:ATTRIB(a)");
	futimens(fd, NULL);
	expect("futimens", "d:ATTRIB(a)");
	struct timespec ts[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_NOW } };
	futimens(fd, ts);
	expect("mtime_alone", "d:MODIFY(a)");
	ts[0].tv_nsec = UTIME_NOW;
	ts[1].tv_nsec = UTIME_OMIT;
	futimens(fd, ts);
	expect("atime_alone", "d:ACCESS(a)");
	fallocate(fd, 0, 0, 8192);
	expect("fallocate", "d:MODIFY(a)");
	close(fd);
	expect("close_write", "d:CLOSEW(a)");
	fd = MUST(open("d/a", O_RDONLY));
	close(fd);
	expect("open_close", "d:OPEN(a) d:CLOSE(a)");
	fd = MUST(open("d/a", O_WRONLY | O_TRUNC));
	close(fd);
	expect("open_trunc", "d:MODIFY(a) d:OPEN(a) d:CLOSEW(a)");
	fd = MUST(open("d/a", O_RDONLY));
	int second = dup(fd);
	close(fd);
	expect("dup_open", "d:OPEN(a)");
	close(second);
	expect("dup_close", "d:CLOSE(a)");
	fd = MUST(open("d/a", O_PATH));
	close(fd);
	expect("o_path", "");
	truncate("d/a", 10);
	expect("truncate", "d:MODIFY(a)");
	stat("d/a", &(struct stat){ 0 });
	access("d/a", R_OK);
	expect("stat_silent", "");
	sys(SYS_setxattr, "d/a", "security.x", "y", 1, 0);
	expect("setxattr", "d:ATTRIB(a)");
	sys(SYS_removexattr, "d/a", "security.x");
	expect("removexattr", "d:ATTRIB(a)");
	sys(SYS_removexattr, "d/a", "security.x");
	expect("removexattr_fails", "");
	/* A write that takes the set-id bits tells of both. */
	fd = MUST(open("d/a", O_WRONLY));
	fchmod(fd, 04755);
	told();
	CHILD(become(USER); write(fd, "x", 1); write(fd, "x", 1));
	expect("write_drops_setuid", "d:ATTRIB(a) d:MODIFY(a)");
	close(fd);
}

static void group_vectors(void)
{
	char buf[64];
	struct iovec vec[2] = { { buf, 2 }, { buf + 2, 2 } };
	int ends[2], in, out;

	mkdir("d", 0755);
	in = file_with("d/in", "0123456789", 10);
	out = MUST(open("d/out", O_RDWR | O_CREAT, 0644));
	MUST(pipe(ends));
	fresh();
	watch("d", "d", IN_ACCESS | IN_MODIFY);
	readv(in, vec, 2);
	expect("readv", "d:ACCESS(in)");
	writev(out, vec, 2);
	expect("writev", "d:MODIFY(out)");
	sys(SYS_preadv2, in, vec, 2, 0, 0, 0);
	expect("preadv2", "d:ACCESS(in)");
	sys(SYS_pwritev2, out, vec, 2, 0, 0, 0);
	expect("pwritev2", "d:MODIFY(out)");
	lseek(in, 0, SEEK_SET);
	sys(SYS_sendfile, out, in, NULL, 10);
	expect_both("sendfile");
	loff_t a = 0, b = 0;
	sys(SYS_copy_file_range, in, &a, out, &b, 5, 0);
	expect_both("copy_file_range");
	a = 0;
	sys(SYS_splice, in, &a, ends[1], NULL, 5, 0);
	expect("splice_in", "");
	sys(SYS_splice, ends[0], NULL, out, &b, 5, 0);
	expect("splice_out", "d:MODIFY(out)");
	char *map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, out, 0);
	map[0] = map[1];
	msync(map, PAGE, MS_SYNC);
	expect("mmap_silent", "");
}

static void group_names(void)
{
	int fd;

	mkdir("d", 0755);
	mkdir("e", 0755);
	fresh();
	watch("d", "d", IN_ALL_EVENTS);
	watch("e", "e", IN_ALL_EVENTS);
	mkdir("d/sub", 0755);
	expect("mkdir", "d:CREATE|DIR(sub)");
	mknod("d/fifo", S_IFIFO | 0600, 0);
	expect("mknod", "d:CREATE(fifo)");
	symlink("x", "d/link");
	expect("symlink", "d:CREATE(link)");
	make_file("d/a", "");
	told();
	link("d/a", "e/b");
	expect("link", "e:CREATE(b)");
	rename("d/a", "d/c");
	expect("rename", "d:FROM(a)# d:TO(c)#");
	rename("d/c", "e/c");
	expect("rename_across", "d:FROM(c)# e:TO(c)#");
	rename("d/sub", "e/sub");
	expect("rename_dir", "d:FROM|DIR(sub)# e:TO|DIR(sub)#");
	rename("e/sub", "sub");
	expect("rename_out", "e:FROM|DIR(sub)#");
	rename("sub", "d/sub");
	expect("rename_in", "d:TO|DIR(sub)#");
	make_file("d/x", "");
	make_file("d/y", "");
	told();
	rename("d/x", "d/y");
	expect("rename_over", "d:FROM(x)# d:TO(y)#");
	rename("e/b", "e/c");
	expect("rename_same_file", "");
	sys(SYS_renameat2, AT_FDCWD, "d/y", AT_FDCWD, "d/sub", RENAME_EXCHANGE);
	expect("exchange", "d:FROM(y)# d:TO(sub)# d:FROM|DIR(sub)# d:TO|DIR(y)#");
	unlink("d/sub");
	expect("unlink", "d:DELETE(sub)");
	rmdir("d/y");
	expect("rmdir", "d:DELETE|DIR(y)");
	unlink("d/missing");
	mkdir("d/link", 0755);
	rename("d/missing", "d/z");
	expect("failures_silent", "");
	fd = MUST(open("e/c", O_RDWR));
	told();
	unlink("e/c");
	expect("unlink_open", "e:DELETE(c)");
	write(fd, "x", 1);
	expect("write_unlinked", "e:MODIFY(c)");
	close(fd);
	expect("close_unlinked", "e:CLOSEW(c)");
	fd = MUST(open("d", O_TMPFILE | O_RDWR, 0600));
	struct stat st;
	fstat(fd, &st);
	expect("tmpfile", named("d:OPEN(#%lu)", st.st_ino));
	close(fd);
	told();
	sys(SYS_renameat2, AT_FDCWD, "d/fifo", AT_FDCWD, "d/fofi", RENAME_WHITEOUT);
	expect("whiteout", "d:FROM(fifo)# d:TO(fofi)#");
}

static void group_self(void)
{
	int fd;

	mkdir("d", 0755);
	make_file("d/a", "x");
	fresh();
	watch("d", "d", IN_ALL_EVENTS);
	watch("a", "d/a", IN_ALL_EVENTS);
	fd = MUST(open("d/a", O_RDWR));
	expect("open", "d:OPEN(a) a:OPEN");
	read(fd, text, 1);
	expect("read", "d:ACCESS(a) a:ACCESS");
	chmod("d/a", 0600);
	expect("chmod", "d:ATTRIB(a) a:ATTRIB");
	link("d/a", "d/b");
	expect("link", "a:ATTRIB d:CREATE(b)");
	unlink("d/b");
	expect("unlink_link", "a:ATTRIB d:DELETE(b)");
	rename("d/a", "d/c");
	expect("rename", "d:FROM(a)# d:TO(c)# a:MOVESELF");
	unlink("d/c");
	expect("unlink_open", "a:ATTRIB d:DELETE(c)");
	close(fd);
	expect("close_last", "d:CLOSEW(c) a:CLOSEW a:DELETESELF a:IGNORED");
	make_file("d/k", "");
	told();
	watch("k", "d/k", IN_ALL_EVENTS);
	unlink("d/k");
	expect("unlink", "k:ATTRIB k:DELETESELF k:IGNORED d:DELETE(k)");
	make_file("d/o", "");
	make_file("d/n", "");
	told();
	watch("o", "d/o", IN_ALL_EVENTS);
	rename("d/n", "d/o");
	expect("overwritten", "d:FROM(n)# d:TO(o)# o:ATTRIB o:DELETESELF o:IGNORED");
	mkdir("d/s", 0755);
	told();
	watch("s", "d/s", IN_ALL_EVENTS);
	fd = MUST(open("d/s", O_RDONLY | O_DIRECTORY));
	expect("dir_open", "d:OPEN|DIR(s) s:OPEN|DIR");
	sys(SYS_getdents64, fd, text, sizeof(text));
	expect("dir_read", "d:ACCESS|DIR(s) s:ACCESS|DIR");
	close(fd);
	expect("dir_close", "d:CLOSE|DIR(s) s:CLOSE|DIR");
	chmod("d/s", 0700);
	expect("dir_chmod", "d:ATTRIB|DIR(s) s:ATTRIB|DIR");
	rename("d/s", "d/r");
	expect("dir_rename", "d:FROM|DIR(s)# d:TO|DIR(r)# s:MOVESELF");
	rmdir("d/r");
	expect("dir_rmdir", "s:DELETESELF s:IGNORED d:DELETE|DIR(r)");
}

static void group_masks(void)
{
	int fd, wd;

	mkdir("d", 0755);
	make_file("d/a", "x");
	symlink("d", "link");
	fresh();
	ROW("no_event", add("d", 0), -EINVAL);
	ROW("unknown_bits_only", add("d", 0x1000), -EINVAL);
	ROW("unknown_bits_too", add("d", IN_OPEN | 0x1000), -EINVAL);
	MUST(add("d", IN_OPEN));
	ROW("flags_only", add("d/a", IN_ONLYDIR), -ENOTDIR);
	ROW("onlydir_file", add("d/a", IN_OPEN | IN_ONLYDIR), -ENOTDIR);
	ROW("missing", add("missing", IN_OPEN), -ENOENT);
	ROW("add_and_create", add("d", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE), -EINVAL);
	ROW("create_exists", add("d", IN_OPEN | IN_MASK_CREATE), -EEXIST);
	ROW("bad_fd", sys(SYS_inotify_add_watch, 99, "d", IN_OPEN), -EBADF);
	ROW("no_instance", sys(SYS_inotify_add_watch, 0, "d", IN_OPEN), -EINVAL);
	ROW("rm_bad_fd", sys(SYS_inotify_rm_watch, 99, 1), -EBADF);
	ROW("rm_no_instance", sys(SYS_inotify_rm_watch, 0, 1), -EINVAL);
	ROW("rm_unknown", sys(SYS_inotify_rm_watch, ino, 77), -EINVAL);
	ROW("rm_negative", sys(SYS_inotify_rm_watch, ino, -1), -EINVAL);
	ROW("init_flags", sys(SYS_inotify_init1, 1), -EINVAL);
	ROWS_PATH("path", sys(SYS_inotify_add_watch, ino, p, IN_OPEN), -ENOENT);
	make_file("d/secret", "");
	chmod("d/secret", 0);
	ROW_AS(USER, "needs_read", add("d/secret", IN_OPEN), -EACCES);
	fresh();
	ROW("first", add("d", IN_OPEN), 1);
	ROW("second", add("d/a", IN_OPEN), 2);
	ROW("again", add("d", IN_CREATE), 1);
	close(MUST(open("d/a", O_RDONLY)));
	labels[0].wd = 1;
	labels[0].label = "d";
	labels[1].wd = 2;
	labels[1].label = "a";
	label_count = 2;
	expect("replaced", "a:OPEN");
	ROW("mask_add", add("d", IN_OPEN | IN_MASK_ADD), 1);
	close(MUST(open("d/a", O_RDONLY)));
	make_file("d/n", "");
	expect("both", "d:OPEN(a) a:OPEN d:CREATE(n) d:OPEN(n)");
	ROW("remove", sys(SYS_inotify_rm_watch, ino, 1), 0);
	ROW("remove_again", sys(SYS_inotify_rm_watch, ino, 1), -EINVAL);
	expect("ignored", "d:IGNORED");
	ROW("next_number", add("d", IN_OPEN | IN_ONESHOT), 3);
	labels[0].wd = 3;
	close(MUST(open("d/a", O_RDONLY)));
	close(MUST(open("d/a", O_RDONLY)));
	expect("oneshot", "d:OPEN(a) d:IGNORED a:OPEN");
	fresh();
	wd = watch("l", "link", IN_ALL_EVENTS | IN_DONT_FOLLOW);
	close(MUST(open("link/a", O_RDONLY)));
	expect("dont_follow", "");
	unlink("link");
	expect("link_gone", "l:ATTRIB l:DELETESELF l:IGNORED");
	ROW("gone_watch", sys(SYS_inotify_rm_watch, ino, wd), -EINVAL);
	fresh();
	watch("d", "d", IN_ALL_EVENTS | IN_EXCL_UNLINK);
	fd = MUST(open("d/a", O_RDWR));
	told();
	unlink("d/a");
	write(fd, "x", 1);
	close(fd);
	expect("excl_unlink", "d:DELETE(a)");
	/* Modification of own watch, two instances. */
	int other = MUST(inotify_init1(IN_NONBLOCK)), keep = ino;
	watch("d", "d", IN_CREATE);
	ino = other;
	add("d", IN_CREATE);
	ino = keep;
	make_file("d/two", "");
	expect("instance_one", "d:CREATE(two)");
	ino = other;
	expect("instance_two", "d:CREATE(two)");
}

static void group_reading(void)
{
	static char buf[4096] __attribute__((aligned(8)));
	struct inotify_event *e = (void *)buf;
	int n;

	mkdir("d", 0755);
	fresh();
	watch("d", "d", IN_CREATE | IN_OPEN | IN_MODIFY);
	ROW("empty", read(ino, buf, sizeof(buf)) < 0 ? -errno : 0, -EAGAIN);
	ROW("empty_poll", poll(&(struct pollfd){ ino, POLLIN, 0 }, 1, 0), 0);
	ROW("fionread_0", ioctl(ino, FIONREAD, &n) ? -errno : n, 0);
	make_file("d/a", "");
	struct pollfd pfd = { ino, POLLIN | POLLRDNORM | POLLOUT, 0 };
	ROW("ready", poll(&pfd, 1, 0), 1);
	ROW("ready_events", pfd.revents, POLLIN | POLLRDNORM);
	ROW("fionread", ioctl(ino, FIONREAD, &n) ? -errno : n, 64);
	ROW("small", sys(SYS_read, ino, buf, 31), -EINVAL);
	ROW("small_header", sys(SYS_read, ino, buf, 1), -EINVAL);
	ROW("one", sys(SYS_read, ino, buf, 40), 32);
	ROW("length", e->len, 16);
	ROW("name", strcmp(e->name, "a"), 0);
	ROW("padding", e->name[2] | e->name[15], 0);
	ROW("rest", sys(SYS_read, ino, buf, sizeof(buf)), 32);
	ROW("is_open", e->mask, IN_OPEN);
	ROW("write", sys(SYS_write, ino, buf, 1), -EBADF);
	ROW("seek", lseek(ino, 0, SEEK_SET), 0);
	make_file("d/sixteen--letters", "");
	ROW("long_name", sys(SYS_read, ino, buf, sizeof(buf)), 2 * (16 + 32));
	ROW("long_length", e->len, 32);
	make_file("d/fifteenletters", "");
	ROW("exact_name", sys(SYS_read, ino, buf, sizeof(buf)), 2 * (16 + 16));
	make_file("d/a", "");
	ROW("efault", sys(SYS_read, ino, edge, 64), -EFAULT);
	ROW("one_lost", sys(SYS_read, ino, buf, sizeof(buf)), 32);
	/* The same twice in a row is told once. */
	int fd = MUST(open("d/a", O_RDWR));
	told();
	for (int i = 0; i < 5; i++)
		pwrite(fd, "x", 1, 0);
	expect("coalesced", "d:MODIFY(a)");
	pwrite(fd, "x", 1, 0);
	close(MUST(open("d/a", O_RDONLY)));
	pwrite(fd, "x", 1, 0);
	expect("not_adjacent", "d:MODIFY(a) d:OPEN(a) d:MODIFY(a)");
	/* Waiting. */
	int block = MUST(inotify_init1(0));
	sys(SYS_inotify_add_watch, block, "d", IN_CREATE);
	pid_t pid = SPAWN(_exit((int)read(block, buf, sizeof(buf))));
	until_state(pid, 'S');
	make_file("d/wake", "");
	ROW("wakes", wait_status(pid), EXITED(32));
	signal(SIGIO, SIG_IGN);
	ROW("epoll_pollable", fcntl(ino, F_SETFL, O_NONBLOCK | O_ASYNC), 0);
	/* Closing with events in it and watches. */
	make_file("d/b", "");
	ROW("close", close(ino), 0);
	ino = 0;
}

static void group_unmount(void)
{
	mkdir("m", 0755);
	MUST(mount("none", "m", "tmpfs", 0, NULL));
	make_file("m/f", "");
	mkdir("m/sub", 0755);
	fresh();
	watch("m", "m", IN_ALL_EVENTS);
	watch("f", "m/f", IN_OPEN);
	umount("m");
	const char *got = told();
	ROW_TRUE("root_told", strstr(got, "m:UNMOUNT|DIR m:IGNORED") != NULL);
	ROW_TRUE("file_told", strstr(got, "f:UNMOUNT f:IGNORED") != NULL);
	ROW("nothing_more", strlen(got), strlen("m:UNMOUNT|DIR m:IGNORED f:UNMOUNT f:IGNORED"));
	MUST(mount("none", "m", "tmpfs", 0, NULL));
	watch("n", "m", IN_ALL_EVENTS);
	ROW("not_busy", umount("m"), 0);
	told();
	MUST(mount("none", "m", "tmpfs", 0, NULL));
	MUST(add("m", IN_CREATE));
	close(ino);
	ino = 0;
	ROW("closed_first", umount("m"), 0);
}

static void set_limit(const char *name, const char *value)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/sys/fs/inotify/%s", name);
	int fd = MUST(open(path, O_WRONLY));
	if (write(fd, value, strlen(value)) < 0)
		row("limit", -errno, 0);
	close(fd);
}

static void group_limits(void)
{
	char old[3][32], path[32];
	int fds[16];

	slurp("/proc/sys/fs/inotify/max_user_instances", old[0], 32);
	slurp("/proc/sys/fs/inotify/max_user_watches", old[1], 32);
	slurp("/proc/sys/fs/inotify/max_queued_events", old[2], 32);
	ROW("instances", atoi(old[0]), 128);
	ROW_TRUE("watches", atoi(old[1]) >= 8192);
	ROW("queued", atoi(old[2]), 16384);
	/* Counted for each user: this one is nobody else's. */
	set_limit("max_user_instances", "3");
	set_limit("max_user_watches", "4");
	mkdir("w", 0755);
	for (int i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "w/%d", i);
		make_file(path, "");
	}
	CHILD({
		become(4321);
		for (int i = 0; i < 3; i++)
			fds[i] = MUST(inotify_init1(0));
		ROW("too_many_instances", sys(SYS_inotify_init1, 0), -EMFILE);
		close(fds[0]);
		ino = MUST(inotify_init1(IN_NONBLOCK));
		for (int i = 0; i < 4; i++) {
			snprintf(path, sizeof(path), "w/%d", i);
			MUST(add(path, IN_OPEN));
		}
		ROW("too_many_watches", add("w/5", IN_OPEN), -ENOSPC);
		ROW("known_fits", add("w/2", IN_CLOSE), 3);
		sys(SYS_inotify_rm_watch, ino, 1);
		ROW("after_removal", add("w/5", IN_OPEN), 6);
	});
	set_limit("max_user_instances", old[0]);
	set_limit("max_user_watches", old[1]);
	/* Overflow. */
	set_limit("max_queued_events", "4");
	fresh();
	set_limit("max_queued_events", old[2]);
	watch("w", "w", IN_OPEN | IN_DELETE);
	for (int i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "w/%d", i);
		close(MUST(open(path, O_RDONLY)));
	}
	expect("overflow", "w:OPEN(0) w:OPEN(1) w:OPEN(2) w:OPEN(3) -:OVERFLOW");
	close(MUST(open("w/1", O_RDONLY)));
	expect("afterwards", "w:OPEN(1)");
}

static void group_fdinfo(void)
{
	char expected[256], got[1024], path[64];
	struct stat st;

	mkdir("d", 0755);
	fresh();
	watch("d", "d", IN_CREATE | IN_ONESHOT);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", ino);
	slurp(path, got, sizeof(got));
	stat("d", &st);
	snprintf(expected, sizeof(expected),
		 "inotify wd:1 ino:%lx sdev:%x mask:%x ignored_mask:0 fhandle-bytes:c "
		 "fhandle-type:1 f_handle:",
		 st.st_ino, (unsigned)(st.st_dev & 0xff) | (unsigned)(st.st_dev >> 8 << 20),
		 IN_CREATE | IN_ONESHOT);
	ROW_TRUE("line", strstr(got, expected) != NULL);
	if (!strstr(got, expected))
		row_print("# %s\n# %s\n", expected, got);
	ROW_TRUE("link", readlink(named("/proc/self/fd/%d", ino), got, 64) == 18 &&
				 !memcmp(got, "anon_inode:inotify", 18));
}

/* Watches come and go while files do: nothing is lost or freed twice. */
static void group_storm(void)
{
	int64_t end;
	pid_t pids[3];

	mkdir("d", 0777);
	end = now_ns(CLOCK_MONOTONIC) + 1500000000;
	pids[0] = SPAWN(while (now_ns(CLOCK_MONOTONIC) < end) {
		make_file("d/a", "x");
		rename("d/a", "d/b");
		unlink("d/b");
	});
	pids[1] = SPAWN(while (now_ns(CLOCK_MONOTONIC) < end) {
		fresh();
		add("d", IN_ALL_EVENTS);
		add("d/a", IN_ALL_EVENTS | IN_ONESHOT);
		add("d/b", IN_ALL_EVENTS);
		told();
		sys(SYS_inotify_rm_watch, ino, 1);
	});
	pids[2] = SPAWN(while (now_ns(CLOCK_MONOTONIC) < end) {
		mkdir("d/m", 0755);
		mount("none", "d/m", "tmpfs", 0, NULL);
		fresh();
		add("d/m", IN_ALL_EVENTS);
		add("d/a", IN_ALL_EVENTS);
		make_file("d/m/x", "");
		umount("d/m");
	});
	for (int i = 0; i < 3; i++)
		ROW(named("worker_%d", i), wait_status(pids[i]), 0);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "inotify");
	GROUP(group_files);
	GROUP(group_vectors);
	GROUP(group_names);
	GROUP(group_self);
	GROUP(group_masks);
	GROUP(group_reading);
	GROUP(group_unmount);
	GROUP_ALONE(group_limits);
	GROUP(group_fdinfo);
	GROUP(group_storm);
	return finish();
}
