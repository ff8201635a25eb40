/*
 * Who a process is: the user and group id calls, supplementary groups, fsuid, capabilities, and who
 * may signal whom.
 */
#include <linux/capability.h>

#include "row.h"

/* Real, effective and saved user id in one number, each below 100. */
static long uids(void)
{
	uid_t r, e, s;

	sys(SYS_getresuid, &r, &e, &s);
	return r * 10000 + e * 100 + s;
}

static long gids(void)
{
	gid_t r, e, s;

	sys(SYS_getresgid, &r, &e, &s);
	return r * 10000 + e * 100 + s;
}

#define UIDS(r, e, s) ((r)*10000 + (e)*100 + (s))

static void group_get(void)
{
	unsigned id[3];

	ROW("getuid", sys(SYS_getuid), 0);
	ROW("geteuid", sys(SYS_geteuid), 0);
	ROW("getgid", sys(SYS_getgid), 0);
	ROW("getegid", sys(SYS_getegid), 0);
	ROW("getresuid", sys(SYS_getresuid, id, id + 1, id + 2), 0);
	ROWS_EFAULT("getresuid_first", 4, sys(SYS_getresuid, p, id, id));
	ROWS_EFAULT("getresuid_second", 4, sys(SYS_getresuid, id, p, id));
	ROWS_EFAULT("getresuid_third", 4, sys(SYS_getresuid, id, id, p));
	ROWS_EFAULT("getresgid_first", 4, sys(SYS_getresgid, p, id, id));
	ROWS_EFAULT("getresgid_third", 4, sys(SYS_getresgid, id, id, p));
}

static void group_setuid(void)
{
	CHILD(ROW("root_setuid", sys(SYS_setuid, 5), 0);
	      ROW("root_setuid_all", uids(), UIDS(5, 5, 5));
	      ROW("no_way_back", sys(SYS_setuid, 0), -EPERM);
	      ROW("to_itself", sys(SYS_setuid, 5), 0));
	CHILD(sys(SYS_setresuid, 5, 6, 7); ROW("user_to_real", sys(SYS_setuid, 5), 0);
	      ROW("user_only_effective", uids(), UIDS(5, 5, 7));
	      ROW("user_to_saved", sys(SYS_setuid, 7), 0);
	      ROW("user_to_other", sys(SYS_setuid, 6), -EPERM));
	ROW("minus_1", sys(SYS_setuid, -1), -EINVAL);
	CHILD(ROW("setgid", sys(SYS_setgid, 5), 0); ROW("setgid_all", gids(), UIDS(5, 5, 5)));
	ROW("setgid_minus_1", sys(SYS_setgid, -1), -EINVAL);
	CHILD(sys(SYS_setresgid, 5, 6, 7); become(5); sys(SYS_setresuid, 5, 5, 5);
	      ROW("setgid_user_other", sys(SYS_setgid, 9), -EPERM));
}

static void group_setreuid(void)
{
	CHILD(ROW("root", sys(SYS_setreuid, 5, 6), 0);
	      ROW("root_saved_is_effective", uids(), UIDS(5, 6, 6));
	      ROW("swap", sys(SYS_setreuid, 6, 5), 0); ROW("swapped", uids(), UIDS(6, 5, 5));
	      ROW("minus_1_keeps", sys(SYS_setreuid, -1, 6), 0);
	      ROW("real_to_other", sys(SYS_setreuid, 9, -1), -EPERM);
	      ROW("effective_to_other", sys(SYS_setreuid, -1, 9), -EPERM));
	CHILD(sys(SYS_setresuid, 5, 5, 7); ROW("real_to_saved", sys(SYS_setreuid, 7, -1), -EPERM);
	      ROW("effective_to_saved", sys(SYS_setreuid, -1, 7), 0));
	CHILD(ROW("setregid", sys(SYS_setregid, 5, 6), 0);
	      ROW("setregid_ids", gids(), UIDS(5, 6, 6)));
	CHILD(sys(SYS_setresgid, 5, 6, 7); sys(SYS_setresuid, 5, 5, 5);
	      ROW("setregid_swap", sys(SYS_setregid, 6, 5), 0);
	      ROW("setregid_other", sys(SYS_setregid, 9, -1), -EPERM));
}

static void group_setresuid(void)
{
	CHILD(ROW("root", sys(SYS_setresuid, 5, 6, 7), 0); ROW("root_ids", uids(), UIDS(5, 6, 7));
	      ROW("rotate", sys(SYS_setresuid, 7, 5, 6), 0); ROW("rotated", uids(), UIDS(7, 5, 6));
	      ROW("other", sys(SYS_setresuid, 9, -1, -1), -EPERM);
	      ROW("other_saved", sys(SYS_setresuid, -1, -1, 9), -EPERM);
	      ROW("unchanged", uids(), UIDS(7, 5, 6));
	      ROW("keep_all", sys(SYS_setresuid, -1, -1, -1), 0));
	CHILD(ROW("effective_user_root_saved", sys(SYS_setresuid, 5, 5, 0), 0);
	      ROW("root_again", sys(SYS_setresuid, 0, 0, 0), 0));
	CHILD(ROW("setresgid", sys(SYS_setresgid, 5, 6, 7), 0);
	      ROW("setresgid_ids", gids(), UIDS(5, 6, 7)));
	CHILD(sys(SYS_setresgid, 5, 6, 7); sys(SYS_setresuid, 5, 5, 5);
	      ROW("setresgid_rotate", sys(SYS_setresgid, 6, 7, 5), 0);
	      ROW("setresgid_other", sys(SYS_setresgid, 9, -1, -1), -EPERM));
}

static void group_fsuid(void)
{
	make_file("f", "x");
	chmod("f", 0600);
	CHILD({
		ROW("returns_old", sys(SYS_setfsuid, USER), 0);
		ROW("returns_new", sys(SYS_setfsuid, USER), USER);
		ROW("files_checked_by_it", sys(SYS_open, "f", O_RDONLY), -EACCES);
		ROW("minus_1_asks", sys(SYS_setfsuid, -1), USER);
		ROW("effective_is_kept", sys(SYS_geteuid), 0);
		sys(SYS_setfsuid, 0);
		ROW_OK("back", sys(SYS_open, "f", O_RDONLY));
		ROW("setfsgid", sys(SYS_setfsgid, 7), 0);
		ROW("setfsgid_new", sys(SYS_setfsgid, 7), 7);
		close(open("made", O_CREAT | O_WRONLY, 0600));
		struct stat st;
		stat("made", &st);
		ROW("new_files_have_it", st.st_gid, 7);
	});
	CHILD(become(USER); ROW("user_other", sys(SYS_setfsuid, OTHER), USER);
	      ROW("user_other_ignored", sys(SYS_setfsuid, -1), USER));
}

static void group_groups(void)
{
	gid_t set[] = { 30, 10, 20 }, got[70000];

	CHILD({
		ROW("set", sys(SYS_setgroups, 3, set), 0);
		ROW("count", sys(SYS_getgroups, 0, NULL), 3);
		ROW("get", sys(SYS_getgroups, 10, got), 3);
		ROW_TRUE("sorted", got[0] == 10 && got[1] == 20 && got[2] == 30);
		ROW("small", sys(SYS_getgroups, 2, got), -EINVAL);
		ROW("negative", sys(SYS_getgroups, -1, got), -EINVAL);
		ROWS_EFAULT("get", 12, sys(SYS_getgroups, 3, p));
		ROWS_EFAULT("set", 12, sys(SYS_setgroups, 3, p));
		CHILD(ROW("inherited", sys(SYS_getgroups, 0, NULL), 3));
		ROW("clear", sys(SYS_setgroups, 0, NULL), 0);
		ROW("cleared", sys(SYS_getgroups, 0, NULL), 0);
		ROW("too_many", sys(SYS_setgroups, 65537, got), -EINVAL);
		memset(got, 0, sizeof(got));
		ROW("most", sys(SYS_setgroups, 65536, got), 0);
		ROW("most_count", sys(SYS_getgroups, 0, NULL), 65536);
	});
	ROW_AS(USER, "user", sys(SYS_setgroups, 3, set), -EPERM);
}

static long effective_caps(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 };

	long ret = sys(SYS_capget, &header, data);
	return ret ? ret : data[0].effective;
}

static void group_capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 };

	ROWS_EFAULT("header", 1, sys(SYS_capget, p, data));
	ROW("get", sys(SYS_capget, &header, data), 0);
	ROW_TRUE("root_has_chown", data[0].effective & 1);
	ROWS_EFAULT("data", sizeof(data), sys(SYS_capget, &header, p));
	header.version = 1;
	ROW("version", sys(SYS_capget, &header, data), -EINVAL);
	ROW("version_told", header.version, _LINUX_CAPABILITY_VERSION_3);
	header = (struct __user_cap_header_struct){ _LINUX_CAPABILITY_VERSION_3, 99999 };
	ROW("missing", sys(SYS_capget, &header, data), -ESRCH);
	header.pid = -1;
	ROW("negative", sys(SYS_capget, &header, data), -EINVAL);
	CHILD(sys(SYS_setresuid, USER, USER, USER); ROW("user_none", effective_caps(), 0));
	CHILD(sys(SYS_setresuid, 0, USER, 0); ROW("effective_user_none", effective_caps(), 0);
	      sys(SYS_setresuid, 0, 0, 0); ROW_TRUE("root_again_all", effective_caps() & 1));
	header = (struct __user_cap_header_struct){ _LINUX_CAPABILITY_VERSION_3, 0 };
	CHILD({
		sys(SYS_capget, &header, data);
		data[0].effective &= ~1u;
		ROW("drop_effective", sys(SYS_capset, &header, data), 0);
		make_file("f", "x");
		ROW("dropped_counts", sys(SYS_chown, "f", 5, 5), -EPERM);
		data[0].effective |= 1;
		ROW("raise_again", sys(SYS_capset, &header, data), 0);
		ROW("raised_counts", sys(SYS_chown, "f", 5, 5), 0);
		data[0].permitted &= ~1u;
		ROW("effective_beyond_permitted", sys(SYS_capset, &header, data), -EPERM);
		data[0].effective &= ~1u;
		ROW("drop_permitted", sys(SYS_capset, &header, data), 0);
		data[0].permitted |= 1;
		ROW("permitted_back", sys(SYS_capset, &header, data), -EPERM);
	});
	CHILD(header.pid = getppid(); ROW("set_other", sys(SYS_capset, &header, data), -EPERM));
}

static void group_may_signal(void)
{
	pid_t root = SPAWN(pause()), user = SPAWN(become(USER); pause()),
	      mixed = SPAWN(sys(SYS_setresuid, USER, OTHER, OTHER); pause());

	until_state(user, 'S');
	until_state(mixed, 'S');
	ROW_AS(USER, "root_process", sys(SYS_kill, root, 0), -EPERM);
	ROW_AS(USER, "own", sys(SYS_kill, user, 0), 0);
	ROW_AS(OTHER, "other", sys(SYS_kill, user, 0), -EPERM);
	ROW_AS(USER, "by_target_real", sys(SYS_kill, mixed, 0), 0);
	ROW_AS(OTHER, "by_target_saved", sys(SYS_kill, mixed, 0), 0);
	/* A session's members may continue each other. */
	ROW_AS(OTHER, "cont_same_session", sys(SYS_kill, user, SIGCONT), 0);
	CHILD(setsid(); ROW_AS(OTHER, "cont_other_session", sys(SYS_kill, user, SIGCONT), -EPERM));
	ROW_AS(USER, "group_with_some", sys(SYS_kill, 0, 0), 0);
	ROW("root_any", sys(SYS_kill, mixed, SIGKILL), 0);
	kill(root, SIGKILL);
	kill(user, SIGKILL);
}

static void group_privileged(void)
{
	struct timespec ts = { 1, 0 };

	mkdir("m", 0755);
	ROW_AS(USER, "mount", sys(SYS_mount, "x", "m", "tmpfs", 0, NULL), -EPERM);
	ROW_AS(USER, "umount", sys(SYS_umount2, "/proc", 0), -EPERM);
	ROW_AS(USER, "sethostname", sys(SYS_sethostname, "x", 1), -EPERM);
	ROW_AS(USER, "setdomainname", sys(SYS_setdomainname, "x", 1), -EPERM);
	ROW_AS(USER, "reboot", sys(SYS_reboot, 0xfee1dead, 672274793, 0, NULL), -EPERM);
	ROW_AS(USER, "clock_settime", sys(SYS_clock_settime, CLOCK_REALTIME, &ts), -EPERM);
	ROW_AS(USER, "settimeofday", sys(SYS_settimeofday, &ts, NULL), -EPERM);
	ROW_AS(USER, "vhangup", sys(SYS_vhangup), -EPERM);
	ROW_AS(USER, "pivot_root", sys(SYS_pivot_root, "m", "m"), -EPERM);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "ids");
	GROUP(group_get);
	GROUP(group_setuid);
	GROUP(group_setreuid);
	GROUP(group_setresuid);
	GROUP(group_fsuid);
	GROUP(group_groups);
	GROUP(group_capabilities);
	GROUP(group_may_signal);
	GROUP(group_privileged);
	return finish();
}
