/*
 * More of /proc: links to mapped files, timers, net, terminals and consoles, and sysctls that are
 * obeyed.
 */
#include <dirent.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

#include "row.h"

static char text[16384];

static long read_file(const char *name)
{
	return slurp(name, text, sizeof(text));
}

static long write_file(const char *name, const char *value)
{
	int fd = open(name, O_WRONLY);
	long r = fd < 0 ? -errno : sys(SYS_write, fd, value, strlen(value));

	close(fd);
	return r;
}

static long mode_of(const char *name)
{
	struct stat st;

	return lstat(name, &st) ? -errno : (long)st.st_mode;
}

static long find_in(const char *dir, const char *name)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	long found = 0;

	while (d && (e = readdir(d)))
		if (!strcmp(e->d_name, name))
			found = e->d_type;
	if (d)
		closedir(d);
	return d ? found : -errno;
}

static void group_map_files(void)
{
	char name[64], path[128], to[256];

	make_file("f", "hello");
	int fd = MUST(open("f", O_RDWR));
	char *at = mmap(NULL, 3 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	MUST(munmap(at + PAGE, 2 * PAGE));
	snprintf(name, sizeof(name), "%lx-%lx", (unsigned long)at, (unsigned long)at + PAGE);
	snprintf(path, sizeof(path), "/proc/self/map_files/%s", name);
	ROW("directory", mode_of("/proc/self/map_files"), S_IFDIR | 0500);
	ROW("listed", find_in("/proc/self/map_files", name), DT_LNK);
	ROW("link", mode_of(path), S_IFLNK | 0600);
	long n = ROW_OK("readlink", sys(SYS_readlink, path, to, sizeof(to)));
	ROW_TRUE("target", n > 2 && !strncmp(to + n - 2, "/f", 2));
	int again = (int)ROW_OK("open", sys(SYS_open, path, O_RDWR));
	ROW("same", write(again, "j", 1), 1);
	ROW("same_file", at[0], 'j');
	unlink("f");
	n = ROW_OK("readlink_deleted", sys(SYS_readlink, path, to, sizeof(to)));
	ROW_TRUE("target_deleted", n > 10 && !strncmp(to + n - 10, " (deleted)", 10));
	ROW_OK("open_deleted", sys(SYS_open, path, O_RDONLY));
	int reader = MUST(open("/proc/self/exe", O_RDONLY));
	char *read_only = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, reader, 0);
	snprintf(to, sizeof(to), "/proc/self/map_files/%lx-%lx", (unsigned long)read_only,
		 (unsigned long)read_only + PAGE);
	ROW("read_only", mode_of(to), S_IFLNK | 0400);
	snprintf(to, sizeof(to), "/proc/self/map_files/0%s", name);
	ROW("leading_zero", mode_of(to), -ENOENT);
	snprintf(to, sizeof(to), "/proc/self/map_files/%lx-%lx", (unsigned long)at,
		 (unsigned long)at + 2 * PAGE);
	ROW("other_end", mode_of(to), -ENOENT);
	ROW("words", mode_of("/proc/self/map_files/x-y"), -ENOENT);
	ROW("one_number", mode_of("/proc/self/map_files/1000"), -ENOENT);
	snprintf(to, sizeof(to), "/proc/self/map_files/%lx-%lx", (unsigned long)edge,
		 (unsigned long)edge + PAGE);
	ROW("anonymous", mode_of(to), -ENOENT);
	MUST(munmap(at, PAGE));
	ROW("unmapped", mode_of(path), -ENOENT);
	ROW("of_thread", mode_of("/proc/thread-self/map_files"), -ENOENT);
	/* Of another: its user sees the names and may not follow them. */
	pid_t pid = SPAWN(pause());
	snprintf(to, sizeof(to), "/proc/%d/map_files", (int)pid);
	ROW_TRUE("others", find_in(to, "x") == 0);
	CHILD(become(USER); ROW("user", find_in(to, "x"), -EACCES));
	kill(pid, SIGKILL);
	wait_status(pid);
}

static void group_timers(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGUSR1,
				  .sigev_value.sival_ptr = (void *)0xabc };
	char wanted[256];
	int id, second;

	ROW("mode", mode_of("/proc/self/timers"), S_IFREG | 0444);
	ROW("none", read_file("/proc/self/timers"), 0);
	MUST(sys(SYS_timer_create, CLOCK_MONOTONIC, &event, &id));
	snprintf(wanted, sizeof(wanted),
		 "ID: %d\nsignal: 10/0000000000000abc\nnotify: signal/pid.%d\nClockID: 1\n", id,
		 getpid());
	read_file("/proc/self/timers");
	ROW("one", strcmp(text, wanted), 0);
	event.sigev_notify = SIGEV_NONE;
	MUST(sys(SYS_timer_create, CLOCK_REALTIME, &event, &second));
	read_file("/proc/self/timers");
	snprintf(wanted, sizeof(wanted), "ID: %d\nsignal: ", second);
	ROW_TRUE("two", strstr(text, wanted) != NULL);
	snprintf(wanted, sizeof(wanted), "notify: none/pid.%d\nClockID: 0\n", getpid());
	ROW_TRUE("two_notify", strstr(text, wanted) != NULL);
	MUST(sys(SYS_timer_delete, id));
	MUST(sys(SYS_timer_delete, second));
	event.sigev_notify = SIGEV_THREAD_ID;
	event._sigev_un._tid = getpid();
	MUST(sys(SYS_timer_create, CLOCK_MONOTONIC, &event, &id));
	read_file("/proc/self/timers");
	snprintf(wanted, sizeof(wanted), "notify: signal/tid.%d\n", getpid());
	ROW_TRUE("thread", strstr(text, wanted) != NULL);
}

static void group_net(void)
{
	char to[64];

	ROW("link", mode_of("/proc/net"), S_IFLNK | 0777);
	ROW("readlink", sys(SYS_readlink, "/proc/net", to, sizeof(to)), 8);
	ROW("target", strncmp(to, "self/net", 8), 0);
	ROW("directory", mode_of("/proc/self/net"), S_IFDIR | 0555);
	ROW("of_thread", mode_of("/proc/thread-self/net"), S_IFDIR | 0555);
	ROW("unix", mode_of("/proc/net/unix"), S_IFREG | 0444);
	ROW("listed", find_in("/proc/self/net", "unix"), DT_REG);
	ROW("listed_link", find_in("/proc", "net"), DT_LNK);
	int fd = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	ROW_TRUE("read", read_file("/proc/net/unix") > 0);
	ROW("heading",
	    strncmp(text, "Num       RefCount Protocol Flags    Type St Inode Path\n", 56), 0);
	close(fd);
	ROW("missing", mode_of("/proc/net/nothing"), -ENOENT);
}

static void group_terminals(void)
{
	ROW_TRUE("drivers", read_file("/proc/tty/drivers") > 0);
	ROW_TRUE("drivers_tty",
		 strstr(text, "/dev/tty             /dev/tty        5       0 system:/dev/tty\n"));
	ROW_TRUE("drivers_console",
		 strstr(text, "/dev/console         /dev/console    5       1 system:console\n"));
	ROW_TRUE("drivers_ptmx",
		 strstr(text, "/dev/ptmx            /dev/ptmx       5       2 system\n"));
	ROW_TRUE("drivers_serial", strstr(text, "serial               /dev/ttyS       4 "));
	ROW_TRUE("drivers_slave",
		 strstr(text, "pty_slave            /dev/pts      136 0-1048575 pty:slave\n"));
	ROW_TRUE("drivers_master",
		 strstr(text, "pty_master           /dev/ptm      128 0-1048575 pty:master\n"));
	ROW_TRUE("ldiscs", read_file("/proc/tty/ldiscs") > 0);
	ROW_TRUE("ldiscs_tty", strstr(text, "n_tty       0\n"));
	ROW_TRUE("consoles", read_file("/proc/consoles") > 0);
	ROW_TRUE("consoles_serial", strstr(text, "ttyS0                -W- (EC p a)    4:64\n"));
	ROW("execdomains", read_file("/proc/execdomains"), 30);
	ROW("execdomains_text", strcmp(text, "0-0\tLinux           \t[kernel]\n"), 0);
	ROW("modules", mode_of("/proc/modules"), S_IFREG | 0444);
	ROW_OK("modules_read", read_file("/proc/modules"));
}

static void group_sysctl(void)
{
	int level, message, minimum, standard;
	unsigned long nodes, unused;
	long n;

	ROW("arch", read_file("/proc/sys/kernel/arch"), 7);
	ROW("arch_text", strcmp(text, "x86_64\n"), 0);
	ROW_TRUE("inode_nr", read_file("/proc/sys/fs/inode-nr") > 0);
	ROW("inode_nr_text", sscanf(text, "%lu\t%lu\n", &nodes, &unused), 2);
	ROW_TRUE("inode_nr_value", nodes > 20);
	ROW_TRUE("inode_state", read_file("/proc/sys/fs/inode-state") > 0);
	ROW_TRUE("inode_state_text", strstr(text, "\t0\t0\t0\t0\t0\n"));
	ROW("symlinks", mode_of("/proc/sys/fs/protected_symlinks"), S_IFREG | 0644);
	ROW("printk", mode_of("/proc/sys/kernel/printk"), S_IFREG | 0644);
	read_file("/proc/sys/kernel/printk");
	ROW("printk_text", sscanf(text, "%d\t%d\t%d\t%d\n", &level, &message, &minimum, &standard),
	    4);
	ROW("printk_message", message, 4);
	ROW("printk_minimum", minimum, 1);
	ROW("printk_standard", standard, 7);
	char old[64];
	snprintf(old, sizeof(old), "%d %d %d %d\n", level, message, minimum, standard);
	ROW("printk_set", write_file("/proc/sys/kernel/printk", "3 5 2 6\n"), 8);
	read_file("/proc/sys/kernel/printk");
	ROW("printk_seen", strcmp(text, "3\t5\t2\t6\n"), 0);
	/* The second is the level of what says none, the third the least that syslog(2) sets. */
	int fd = MUST(open("/dev/kmsg", O_RDWR | O_NONBLOCK));
	lseek(fd, 0, SEEK_END);
	ROW("message", write(fd, "a row\n", 6), 6);
	do /* the kernel may have something to say, too */
		n = sys(SYS_read, fd, text, sizeof(text) - 1);
	while (n > 0 && !memmem(text, n, ";a row\n", 7));
	ROW_OK("message_read", n);
	ROW("message_level", atoi(text), 1 << 3 | 5);
	ROW("console_off", sys(SYS_syslog, 6, NULL, 0), 0);
	read_file("/proc/sys/kernel/printk");
	ROW("console_off_seen", atoi(text), 2);
	ROW("console_on", sys(SYS_syslog, 7, NULL, 0), 0);
	write_file("/proc/sys/kernel/printk", old);
	ROW("restrict_set", write_file("/proc/sys/kernel/dmesg_restrict", "1\n"), 2);
	char log[512];
	CHILD(become(USER); ROW("restricted", sys(SYS_syslog, 3, log, sizeof(log)), -EPERM);
	      ROW("restricted_size", sys(SYS_syslog, 10, NULL, 0), -EPERM);
	      ROW("restricted_kmsg", open("/dev/kmsg", O_RDONLY) < 0 ? -errno : 0, -EPERM));
	ROW("free_set", write_file("/proc/sys/kernel/dmesg_restrict", "0\n"), 2);
	CHILD(become(USER); ROW_TRUE("free", sys(SYS_syslog, 3, log, sizeof(log)) > 0);
	      ROW("free_clear", sys(SYS_syslog, 5, NULL, 0), -EPERM);
	      ROW_OK("free_kmsg", sys(SYS_open, "/dev/kmsg", O_RDONLY)));
	write_file("/proc/sys/kernel/dmesg_restrict", "1\n");
	ROW("restrict_range", write_file("/proc/sys/kernel/dmesg_restrict", "2\n"), -EINVAL);
}

/* The reader of the log, of whom there is one for all. */
static void group_kmsg(void)
{
	static char page[8192];
	bool found = false;
	long n;

	ROW("mode", mode_of("/proc/kmsg"), S_IFREG | 0400);
	CHILD(become(USER); ROW("user", open("/proc/kmsg", O_RDONLY) < 0 ? -errno : 0, -EACCES));
	int log = MUST(open("/dev/kmsg", O_WRONLY));
	MUST(write(log, "<6>a row for the reader\n", 24));
	int fd = (int)ROW_OK("open", sys(SYS_open, "/proc/kmsg", O_RDONLY | O_NONBLOCK));
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	ROW("poll", poll(&pfd, 1, 10000), 1);
	ROW("read_0", sys(SYS_read, fd, page, 0), 0);
	ROWS_EFAULT("read", 1, sys(SYS_read, fd, p, 1));
	while ((n = sys(SYS_read, fd, page, sizeof(page) - 1)) > 0) {
		page[n] = 0;
		found |= strstr(page, "] a row for the reader\n") != NULL;
	}
	ROW("drained", n, -EAGAIN);
	ROW_TRUE("found", found);
	/* Unless the kernel has something to say just then. */
	ROW_TRUE("unread",
		 EVENTUALLY((sys(SYS_read, fd, page, sizeof(page)), !sys(SYS_syslog, 9, NULL, 0))));
	MUST(write(log, "<5>another\n", 11));
	n = sys(SYS_read, fd, page, 4);
	ROW("piece", n, 4);
	ROW("piece_text", strncmp(page, "<13>", 4), 0);
	ROW("write", sys(SYS_write, fd, "x", 1), -EBADF);
}

static void group_mounts(void)
{
	char old[32], limit[32];
	unsigned count = 0;
	FILE *f = fopen("/proc/self/mountinfo", "r");

	for (int c; f && (c = getc(f)) != EOF;)
		count += c == '\n';
	fclose(f);
	snprintf(old, sizeof(old), "%ld", read_file("/proc/sys/fs/mount-max") > 0 ? atol(text) : 0);
	ROW("standard", atol(old), 100000);
	snprintf(limit, sizeof(limit), "%u\n", count + 2);
	mkdir("a", 0755);
	mkdir("b", 0755);
	mkdir("c", 0755);
	ROW_OK("set", write_file("/proc/sys/fs/mount-max", limit));
	ROW("one", mount("a", "a", "tmpfs", 0, NULL), 0);
	ROW("two", mount("b", "b", "tmpfs", 0, NULL), 0);
	ROW("three", sys(SYS_mount, "c", "c", "tmpfs", 0, NULL), -ENOSPC);
	ROW("bind", sys(SYS_mount, "a", "c", NULL, MS_BIND, NULL), -ENOSPC);
	ROW("move", sys(SYS_mount, "a", "c", NULL, MS_MOVE, NULL), 0);
	umount("c");
	ROW("again", sys(SYS_mount, "a", "a", "tmpfs", 0, NULL), 0);
	umount("a");
	umount("b");
	ROW_OK("set_back", write_file("/proc/sys/fs/mount-max", old));
	ROW("zero", write_file("/proc/sys/fs/mount-max", "0\n"), -EINVAL);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "proctree");
	GROUP(group_map_files);
	GROUP(group_timers);
	GROUP(group_net);
	GROUP(group_terminals);
	GROUP_ALONE(group_sysctl);
	GROUP_ALONE(group_kmsg);
	GROUP_ALONE(group_mounts);
	return finish();
}
