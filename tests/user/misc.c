/*
 * The rest: uname and host names, sysinfo, getrandom, the kernel log, mounting, reboot's refusals,
 * memfd, membarrier, calls that do not exist.
 */
#include <linux/memfd.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "row.h"

static void group_uname(void)
{
	struct utsname uts;
	char back[65];

	ROWS_POINTER("uname", sizeof(uts), sys(SYS_uname, p), 0);
	ROW("uname", sys(SYS_uname, &uts), 0);
	ROW_TRUE("system", !strcmp(uts.sysname, "Linux"));
	ROW_TRUE("machine", !strcmp(uts.machine, "x86_64"));
	ROW_TRUE("release", !strncmp(uts.release, "6.", 2));
	strcpy(back, uts.nodename);
	ROWS_EFAULT("sethostname", 8, sys(SYS_sethostname, p, 8));
	ROW("sethostname", sys(SYS_sethostname, "row-host", 8), 0);
	uname(&uts);
	ROW_TRUE("sethostname_seen", !strcmp(uts.nodename, "row-host"));
	char text[80];
	slurp("/proc/sys/kernel/hostname", text, sizeof(text));
	ROW_TRUE("sethostname_in_proc", !strcmp(text, "row-host\n"));
	ROW("sethostname_65", sys(SYS_sethostname, long_path(65, 100), 65), -EINVAL);
	ROW("sethostname_negative", sys(SYS_sethostname, "x", -1), -EINVAL);
	ROW("sethostname_64", sys(SYS_sethostname, long_path(64, 100), 64), 0);
	/* Through /proc/sys a name that is too long is cut, and a write goes on where the one before ended. */
	int fd = MUST(open("/proc/sys/kernel/hostname", O_WRONLY));
	ROW("hostname_cut", write(fd, long_path(100, 100), 100), 100);
	close(fd);
	uname(&uts);
	ROW("hostname_cut_length", strlen(uts.nodename), 64);
	fd = MUST(open("/proc/sys/kernel/hostname", O_WRONLY));
	ROW("hostname_first", write(fd, "row", 3), 3);
	ROW("hostname_second", write(fd, "-host\n", 6), 6);
	close(fd);
	uname(&uts);
	ROW_TRUE("hostname_pieces", !strcmp(uts.nodename, "row-host"));
	sys(SYS_sethostname, back, strlen(back));
	strcpy(back, uts.domainname);
	ROW("setdomainname", sys(SYS_setdomainname, "row.example", 11), 0);
	uname(&uts);
	ROW_TRUE("setdomainname_seen", !strcmp(uts.domainname, "row.example"));
	ROW("setdomainname_65", sys(SYS_setdomainname, long_path(65, 100), 65), -EINVAL);
	sys(SYS_setdomainname, back, strlen(back));
	ROW("personality_get", sys(SYS_personality, 0xffffffff), 0);
	CHILD(ROW("personality_set", sys(SYS_personality, 0x0040000), 0);
	      ROW("personality_get_set", sys(SYS_personality, 0xffffffff), 0x0040000));
}

static void group_sysinfo(void)
{
	struct sysinfo info;

	ROWS_POINTER("sysinfo", sizeof(info), sys(SYS_sysinfo, p), 0);
	ROW("sysinfo", sys(SYS_sysinfo, &info), 0);
	ROW("unit", info.mem_unit, 1);
	ROW_TRUE("memory", info.totalram > 16 << 20 && info.freeram < info.totalram);
	ROW_TRUE("processes", info.procs >= 2);
	ROW_TRUE("uptime", info.uptime >= 0 && info.uptime < 1000000);
}

static void group_getrandom(void)
{
	char a[64] = "", b[64] = "";

	ROWS_EFAULT("getrandom", 1, sys(SYS_getrandom, p, 16, 0));
	ROW("bytes", sys(SYS_getrandom, a, sizeof(a), 0), sizeof(a));
	ROW("again", sys(SYS_getrandom, b, sizeof(b), 1), sizeof(b));
	ROW_TRUE("differ", memcmp(a, b, sizeof(a)));
	ROW("zero", sys(SYS_getrandom, a, 0, 0), 0);
	ROW("random", sys(SYS_getrandom, a, 8, 2), 8);
	ROW("insecure", sys(SYS_getrandom, a, 8, 4), 8);
	ROW("flags", sys(SYS_getrandom, a, 8, 8), -EINVAL);
	ROW("random_and_insecure", sys(SYS_getrandom, a, 8, 6), -EINVAL);
	ROW("across_pages", sys(SYS_getrandom, ACROSS(100), 100, 0), 100);
}

static void group_syslog(void)
{
	char text[512];

	long size = ROW_OK("buffer_size", sys(SYS_syslog, 10, NULL, 0));
	ROW_TRUE("buffer_size_sane", size >= 4096);
	ROW_TRUE("read_all", sys(SYS_syslog, 3, text, sizeof(text)) > 0);
	ROW("read_all_null", sys(SYS_syslog, 3, NULL, 10), -EINVAL);
	ROW("read_all_negative", sys(SYS_syslog, 3, text, -1), -EINVAL);
	ROW("read_all_0", sys(SYS_syslog, 3, text, 0), 0);
	ROWS_EFAULT("read_all", 1, sys(SYS_syslog, 3, p, 8192));
	ROW("open", sys(SYS_syslog, 1, NULL, 0), 0);
	ROW("level_bad", sys(SYS_syslog, 8, NULL, 9), -EINVAL);
	ROW("level_bad_0", sys(SYS_syslog, 8, NULL, 0), -EINVAL);
	ROW("type", sys(SYS_syslog, 99, NULL, 0), -EINVAL);
	ROW_OK("unread", sys(SYS_syslog, 9, NULL, 0));
	/* What is written to /dev/kmsg comes out there and in the log. */
	int fd = MUST(open("/dev/kmsg", O_RDWR | O_NONBLOCK));
	lseek(fd, 0, SEEK_END);
	ROW("kmsg_empty", sys(SYS_read, fd, text, sizeof(text)), -EAGAIN);
	ROW("kmsg_write", sys(SYS_write, fd, "<6>a row was here\n", 18), 18);
	memset(text, 0, sizeof(text));
	ROW_OK("kmsg_read", sys(SYS_read, fd, text, sizeof(text)));
	ROW_TRUE("kmsg_text", strstr(text, ";a row was here\n"));
	ROW_TRUE("kmsg_prefix", atoi(text) == 14);
	ROW("kmsg_small_buffer", ({
		    write(fd, "another\n", 8);
		    sys(SYS_read, fd, text, 4);
	    }),
	    -EINVAL);
	/* A record that is too long is passed over. */
	unsigned long before = 0, after = 0;
	write(fd, "zero\n", 5);
	sscanf((sys(SYS_read, fd, text, sizeof(text)), text), "%*u,%lu", &before);
	write(fd, "one\n", 4);
	write(fd, "two\n", 4);
	ROW("kmsg_too_long", sys(SYS_read, fd, text, 4), -EINVAL);
	sscanf((sys(SYS_read, fd, text, sizeof(text)), text), "%*u,%lu", &after);
	ROW("kmsg_goes_on", after - before, 2);
	static char long_line[2000];
	memset(long_line, 'k', sizeof(long_line));
	ROW("kmsg_long_write", sys(SYS_write, fd, long_line, sizeof(long_line)), -EINVAL);
	ROW_AS(USER, "user_clear", sys(SYS_syslog, 5, NULL, 0), -EPERM);
}

static void group_mount(void)
{
	char text[8192];
	struct stat st, st2;

	mkdir("m", 0755);
	mkdir("n", 0755);
	make_file("f", "x");
	make_file("m/hidden", "x");
	ROWS_PATH("target", sys(SYS_mount, "x", p, "tmpfs", 0, NULL), -ENOENT);
	ROWS_STRING_EFAULT("type", sys(SYS_mount, "x", "m", p, 0, NULL));
	ROWS_PATH("umount", sys(SYS_umount2, p, 0), -ENOENT);
	ROW("type_unknown", sys(SYS_mount, "x", "m", "nosuchfs", 0, NULL), -ENODEV);
	ROW("type_null", sys(SYS_mount, "x", "m", NULL, 0, NULL), -EINVAL);
	ROW("on_file", sys(SYS_mount, "x", "f", "tmpfs", 0, NULL), -ENOTDIR);
	ROW("option_bad", sys(SYS_mount, "x", "m", "tmpfs", 0, "nosuchoption=1"), -EINVAL);
	ROW("option_value", sys(SYS_mount, "x", "m", "tmpfs", 0, "size=abc"), -EINVAL);
	ROW("mount", sys(SYS_mount, "row-source", "m", "tmpfs", MS_NOSUID, "mode=700,uid=5,gid=6"),
	    0);
	ROW("covers", sys(SYS_access, "m/hidden", F_OK), -ENOENT);
	stat("m", &st);
	ROW_TRUE("options", st.st_mode == (S_IFDIR | 0700) && st.st_uid == 5 && st.st_gid == 6);
	stat(".", &st2);
	ROW_TRUE("own_device", st.st_dev != st2.st_dev);
	slurp("/proc/mounts", text, sizeof(text));
	ROW_TRUE("in_proc", strstr(text, "row-source") && strstr(text, "/m tmpfs rw,nosuid"));
	ROW("dotdot_leaves", ({
		    stat("m/..", &st);
		    st.st_ino;
	    }),
	    st2.st_ino);
	/* Who watches the list learns of each change once. */
	struct pollfd pfd = { MUST(open("/proc/self/mountinfo", O_RDONLY)), POLLIN | POLLPRI, 0 };
	ROW("poll_list", (sys(SYS_poll, &pfd, 1, 0), pfd.revents), POLLIN);
	mount("x", "n", "tmpfs", 0, NULL);
	ROW("poll_mounted", (sys(SYS_poll, &pfd, 1, 0), pfd.revents), POLLIN | POLLPRI | POLLERR);
	ROW("poll_told", (sys(SYS_poll, &pfd, 1, 0), pfd.revents), POLLIN);
	umount("n");
	ROW("poll_unmounted", (sys(SYS_poll, &pfd, 1, 0), pfd.revents), POLLIN | POLLPRI | POLLERR);
	close(pfd.fd);
	int fd = MUST(open("m/open", O_CREAT | O_RDWR, 0600));
	ROW("umount_busy", sys(SYS_umount2, "m", 0), -EBUSY);
	ROW("umount_flags", sys(SYS_umount2, "m", 0x100), -EINVAL);
	ROW("remount_ro_busy", sys(SYS_mount, NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL),
	    -EBUSY);
	close(fd);
	ROW("remount_ro", sys(SYS_mount, NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	ROW("remount_ro_works", sys(SYS_open, "m/open", O_RDWR), -EROFS);
	ROW("remount_not_mounted", sys(SYS_mount, NULL, "n", NULL, MS_REMOUNT, NULL), -EINVAL);
	ROW("umount", sys(SYS_umount2, "m", 0), 0);
	ROW("uncovered", sys(SYS_access, "m/hidden", F_OK), 0);
	ROW("umount_again", sys(SYS_umount2, "m", 0), -EINVAL);
	ROW("umount_file", sys(SYS_umount2, "f", 0), -EINVAL);
	/* Two on one place: the last on top. */
	sys(SYS_mount, "one", "m", "tmpfs", 0, NULL);
	make_file("m/one", "x");
	sys(SYS_mount, "two", "m", "tmpfs", 0, NULL);
	ROW("stacked", sys(SYS_access, "m/one", F_OK), -ENOENT);
	sys(SYS_umount2, "m", 0);
	ROW("stacked_below", sys(SYS_access, "m/one", F_OK), 0);
	ROW("bind", sys(SYS_mount, "m", "n", NULL, MS_BIND, NULL), 0);
	ROW("bind_seen", sys(SYS_access, "n/one", F_OK), 0);
	stat("m/one", &st);
	stat("n/one", &st2);
	ROW_TRUE("bind_same", st.st_ino == st2.st_ino && st.st_dev == st2.st_dev);
	ROW("bind_missing", sys(SYS_mount, "no", "n", NULL, MS_BIND, NULL), -ENOENT);
	make_file("g", "y");
	ROW("bind_file", sys(SYS_mount, "f", "g", NULL, MS_BIND, NULL), 0);
	stat("f", &st);
	stat("g", &st2);
	ROW("bind_file_same", st2.st_ino, st.st_ino);
	ROW("bind_file_over_dir", sys(SYS_mount, "f", "m", NULL, MS_BIND, NULL), -ENOTDIR);
	ROW("bind_file_umount", sys(SYS_umount2, "g", 0), 0);
	mkdir("m/sub", 0755);
	sys(SYS_mount, "sub", "m/sub", "tmpfs", 0, NULL);
	ROW("umount_parent_busy", sys(SYS_umount2, "m", 0), -EBUSY);
	mkdir("moved", 0755);
	ROW("move", sys(SYS_mount, "m/sub", "moved", NULL, MS_MOVE, NULL), 0);
	ROW("move_not_mount", sys(SYS_mount, "n/sub", "moved", NULL, MS_MOVE, NULL), -EINVAL);
	sys(SYS_umount2, "moved", 0);
	fd = open("m/one", O_RDONLY);
	ROW("detach", sys(SYS_umount2, "m", MNT_DETACH), 0);
	ROW("detached_open_lives", sys(SYS_read, fd, text, 1), 1);
	symlink("n", "link");
	ROW("umount_nofollow", sys(SYS_umount2, "link", UMOUNT_NOFOLLOW), -EINVAL);
	ROW("umount_follow", sys(SYS_umount2, "link", 0), 0);
}

static void group_reboot(void)
{
	ROW("magic_1", sys(SYS_reboot, 1, 672274793, 0x01234567, NULL), -EINVAL);
	ROW("magic_2", sys(SYS_reboot, 0xfee1dead, 1, 0x01234567, NULL), -EINVAL);
	ROW("command", sys(SYS_reboot, 0xfee1dead, 672274793, 0x55555555, NULL), -EINVAL);
	ROW("cad_off", sys(SYS_reboot, 0xfee1dead, 672274793, 0, NULL), 0);
	ROW("cad_other_magic", sys(SYS_reboot, 0xfee1dead, 85072278, 0, NULL), 0);
}

static void group_memfd(void)
{
	struct stat st;
	char target[64] = "";

	ROWS_STRING_EFAULT("name", sys(SYS_memfd_create, p, 0));
	ROW("flags", sys(SYS_memfd_create, "x", 0x100), -EINVAL);
	ROW("name_long", sys(SYS_memfd_create, long_path(250, 300), 0), -EINVAL);
	int fd = ROW_OK("create", sys(SYS_memfd_create, "row", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	ROW("cloexec", fcntl(fd, F_GETFD), FD_CLOEXEC);
	ROW("write", write(fd, "hello", 5), 5);
	fstat(fd, &st);
	ROW_TRUE("stat", S_ISREG(st.st_mode) && st.st_size == 5 && st.st_nlink == 0);
	ROW_OK("link", readlink(named("/proc/self/fd/%d", fd), target, sizeof(target) - 1));
	ROW_TRUE("link_name", !strcmp(target, "/memfd:row (deleted)"));
	ROW("seals", sys(SYS_fcntl, fd, F_GET_SEALS), 0);
	ROW("seal_shrink", sys(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	ROW("sealed_shrink", sys(SYS_ftruncate, fd, 2), -EPERM);
	ROW("grow_still", sys(SYS_ftruncate, fd, 100), 0);
	ROW("seal_write", sys(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	ROW("sealed_write", sys(SYS_write, fd, "x", 1), -EPERM);
	ROW("seal_seal", sys(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_SEAL), 0);
	ROW("sealed_seal", sys(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_GROW), -EPERM);
	int plain = sys(SYS_memfd_create, "row", 0);
	ROW("plain_is_sealed", sys(SYS_fcntl, plain, F_GET_SEALS), F_SEAL_SEAL);
}

static void group_absent(void)
{
	static const int gone[] = { SYS_uselib,		 SYS__sysctl,	    SYS_create_module,
				    SYS_get_kernel_syms, SYS_query_module,  SYS_nfsservctl,
				    SYS_getpmsg,	 SYS_putpmsg,	    SYS_afs_syscall,
				    SYS_tuxcall,	 SYS_security,	    SYS_set_thread_area,
				    SYS_get_thread_area, SYS_epoll_ctl_old, SYS_epoll_wait_old,
				    SYS_vserver };

	for (unsigned i = 0; i < LENGTH(gone); i++)
		ROW(named("number_%d", gone[i]), sys(gone[i]), -ENOSYS);
	ROW("between", sys(400), -ENOSYS);
	ROW("beyond", sys(5000), -ENOSYS);
	ROW("negative", sys(-1), -ENOSYS);
	ROW("huge", sys(0x7fffffff), -ENOSYS);
	/* Only the low half of the number counts. */
	ROW("high_half_ignored", sys(0x100000000l + SYS_getpid), getpid());
}

static void group_membarrier(void)
{
	long commands = ROW_OK("query", sys(SYS_membarrier, 0, 0, 0));

	ROW_TRUE("global_offered", commands & 1);
	ROW("global", sys(SYS_membarrier, 1, 0, 0), 0);
	ROW("flags", sys(SYS_membarrier, 1, 99, 0), -EINVAL);
	ROW("command", sys(SYS_membarrier, 1 << 20, 0, 0), -EINVAL);
	if (commands & 8) {
		ROW("private_unregistered", sys(SYS_membarrier, 8, 0, 0), -EPERM);
		ROW("register", sys(SYS_membarrier, 16, 0, 0), 0);
		ROW("private", sys(SYS_membarrier, 8, 0, 0), 0);
	}
}

/* ---- the first cache that the CPU tells about ---- */

#define CACHE "/sys/devices/system/cpu/cpu0/cache/index0/"

static long cache_fact(const char *path)
{
	char text[64] = "";

	slurp(path, text, sizeof(text));
	return atol(text);
}

static void group_caches(void)
{
	char text[64] = "";

	if (access(CACHE, F_OK))
		return; /* a CPU that does not tell; where Linux has these rows they must not be missing */
	ROW("level", cache_fact(CACHE "level"), 1);
	slurp(CACHE "type", text, sizeof(text));
	ROW_TRUE("type", !strcmp(text, "Data\n"));
	slurp(CACHE "size", text, sizeof(text));
	ROW_TRUE("size_unit", strstr(text, "K\n"));
	ROW_TRUE("size", cache_fact(CACHE "size") > 0);
	ROW("product",
	    cache_fact(CACHE "coherency_line_size") * cache_fact(CACHE "ways_of_associativity") *
		    cache_fact(CACHE "number_of_sets") *
		    cache_fact(CACHE "physical_line_partition"),
	    cache_fact(CACHE "size") * 1024);
	slurp(CACHE "shared_cpu_list", text, sizeof(text));
	ROW_TRUE("shared", text[0] == '0');
	ROW("no_other", sys(SYS_open, CACHE "none", O_RDONLY), -ENOENT);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "misc");
	GROUP_ALONE(group_uname);
	GROUP(group_sysinfo);
	GROUP(group_getrandom);
	GROUP_ALONE(group_syslog);
	GROUP(group_mount);
	GROUP(group_reboot);
	GROUP(group_memfd);
	GROUP(group_absent);
	GROUP(group_membarrier);
	GROUP(group_caches);
	return finish();
}
