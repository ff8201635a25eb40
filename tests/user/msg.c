/* System V message queues: msgget, msgsnd, msgrcv, msgctl. */
#include <sys/ipc.h>
#include <sys/msg.h>

#include "row.h"

#define KEY 0x35600001

static struct {
	long type;
	char text[70000];
} out, in;

static long ctl(int id, int cmd, void *buf)
{
	return sys(SYS_msgctl, id, cmd, buf);
}

static int make(int mode)
{
	return MUST(sys(SYS_msgget, IPC_PRIVATE, IPC_CREAT | mode));
}

static void drop(int id)
{
	ctl(id, IPC_RMID, NULL);
}

static long snd(int id, long type, const char *text, int flags)
{
	out.type = type;
	strcpy(out.text, text);
	return sys(SYS_msgsnd, id, &out, strlen(text), flags);
}

static long rcv(int id, size_t room, long type, int flags)
{
	memset(&in, 0, 256);
	return sys(SYS_msgrcv, id, &in, room, type, flags);
}

/* The next message that matches is this one. */
static bool got(int id, long wanted, int flags, long type, const char *text)
{
	return rcv(id, 100, wanted, flags | IPC_NOWAIT) == (long)strlen(text) && in.type == type &&
	       !strcmp(in.text, text);
}

static struct msqid_ds stat_of(int id)
{
	struct msqid_ds ds = { 0 };

	ctl(id, IPC_STAT, &ds);
	return ds;
}

static void group_msgget(void)
{
	int id, again;

	ROW("none", sys(SYS_msgget, KEY, 0600), -ENOENT);
	id = MUST(sys(SYS_msgget, KEY, IPC_CREAT | 0600));
	ROW("found", sys(SYS_msgget, KEY, 0), id);
	ROW("found_creat", sys(SYS_msgget, KEY, IPC_CREAT | 0600), id);
	ROW("excl", sys(SYS_msgget, KEY, IPC_CREAT | IPC_EXCL | 0600), -EEXIST);
	ROW_AS(USER, "foreign", sys(SYS_msgget, KEY, 0600), -EACCES);
	ROW_AS(USER, "foreign_no_access", sys(SYS_msgget, KEY, 0), id);
	ROW("removed", ctl(id, IPC_RMID, NULL), 0);
	ROW("removed_again", ctl(id, IPC_RMID, NULL), -EINVAL);
	ROW("key_is_free", sys(SYS_msgget, KEY, 0600), -ENOENT);
	id = make(0600);
	again = make(0600);
	ROW_TRUE("private_are_different", id != again);
	drop(id);
	drop(again);
}

static void group_send(void)
{
	int id = make(0600);
	long r;

	ROW("send", snd(id, 1, "hello", 0), 0);
	ROW("receive", rcv(id, 100, 0, 0), 5);
	ROW("receive.type", in.type, 1);
	ROW("receive.text", strcmp(in.text, "hello"), 0);
	ROW("empty", snd(id, 7, "", 0), 0);
	ROW("empty.received", rcv(id, 0, 0, 0), 0);
	ROW("empty.type", in.type, 7);
	ROW("type_zero", snd(id, 0, "x", 0), -EINVAL);
	ROW("type_negative", snd(id, -1, "x", 0), -EINVAL);
	ROW("largest_type", snd(id, 0x7fffffffffffffff, "x", 0), 0);
	ROW_TRUE("largest_type.back", got(id, 0, 0, 0x7fffffffffffffff, "x"));
	out.type = 1;
	ROW("largest", sys(SYS_msgsnd, id, &out, 8192, 0), 0);
	ROW("largest.back", sys(SYS_msgrcv, id, &in, sizeof(in.text), 0, 0), 8192);
	ROW("too_large", sys(SYS_msgsnd, id, &out, 8193, 0), -EINVAL);
	ROW("size_negative", sys(SYS_msgsnd, id, &out, -1, 0), -EINVAL);
	ROW("negative_id", snd(-1, 1, "x", 0), -EINVAL);
	ROW("no_such_queue", snd(id + (1 << 15), 1, "x", 0), -EINVAL);
	ROW("msg.efault_type", sys(SYS_msgsnd, id, edge, 8, 0), -EFAULT);
	ROW("msg.efault_kernel", sys(SYS_msgsnd, id, KERNEL_POINTER, 8, 0), -EFAULT);
	long *at_edge = LAST_OUTSIDE(16);
	*at_edge = 1;
	ROW("msg.efault_text", sys(SYS_msgsnd, id, at_edge, 8, 0), -EFAULT);
	ROW("msg.efault_not_sent", stat_of(id).msg_qnum, 0);
	ROW_AS(USER, "foreign", snd(id, 1, "x", 0), -EACCES);
	/* 16384 bytes in all, and as many messages. */
	out.type = 1;
	ROW("full.first", sys(SYS_msgsnd, id, &out, 8192, 0), 0);
	ROW("full.second", sys(SYS_msgsnd, id, &out, 8192, 0), 0);
	ROW("full", sys(SYS_msgsnd, id, &out, 1, IPC_NOWAIT), -EAGAIN);
	ROW("full.empty_fits", sys(SYS_msgsnd, id, &out, 0, IPC_NOWAIT), 0);
	struct msqid_ds ds = stat_of(id);
	ROW("stat.bytes", ds.__msg_cbytes, 16384);
	ROW("stat.count", ds.msg_qnum, 3);
	ROW("stat.most", ds.msg_qbytes, 16384);
	ROW("stat.lspid", ds.msg_lspid, getpid());
	ROW("stat.lrpid", ds.msg_lrpid, getpid());
	ROW_TRUE("stat.stime", ds.msg_stime >= ds.msg_ctime && ds.msg_rtime >= ds.msg_ctime);
	drop(id);
	id = make(0600);
	for (r = 0; r < 16384 && !sys(SYS_msgsnd, id, &out, 0, IPC_NOWAIT); r++)
		;
	ROW("many", r, 16384);
	ROW("many.full", sys(SYS_msgsnd, id, &out, 0, IPC_NOWAIT), -EAGAIN);
	drop(id);
	ROW("removed", snd(id, 1, "x", 0), -EINVAL);
	id = make(0602);
	ROW_AS(USER, "may_send", snd(id, 1, "x", 0), 0);
	ROW_AS(USER, "may_send.receive", rcv(id, 10, 0, 0), -EACCES);
	drop(id);
}

static void fill(int id)
{
	snd(id, 3, "c", 0);
	snd(id, 1, "a", 0);
	snd(id, 2, "b", 0);
	snd(id, 1, "aa", 0);
	snd(id, 5, "e", 0);
}

static void group_receive(void)
{
	int id = make(0600);

	fill(id);
	ROW_TRUE("any", got(id, 0, 0, 3, "c"));
	ROW_TRUE("equal", got(id, 2, 0, 2, "b"));
	ROW("equal.none", rcv(id, 10, 2, IPC_NOWAIT), -ENOMSG);
	ROW_TRUE("except", got(id, 1, MSG_EXCEPT, 5, "e"));
	ROW("except.none", rcv(id, 10, 1, IPC_NOWAIT | MSG_EXCEPT), -ENOMSG);
	ROW_TRUE("order_of_a_type", got(id, 1, 0, 1, "a"));
	ROW_TRUE("order_of_a_type.second", got(id, 1, 0, 1, "aa"));
	ROW("empty", rcv(id, 10, 0, IPC_NOWAIT), -ENOMSG);
	fill(id);
	ROW_TRUE("lowest", got(id, -4, 0, 1, "a"));
	ROW_TRUE("lowest.second", got(id, -4, 0, 1, "aa"));
	ROW_TRUE("lowest.third", got(id, -4, 0, 2, "b"));
	ROW_TRUE("lowest.fourth", got(id, -4, 0, 3, "c"));
	ROW("lowest.none", rcv(id, 10, -4, IPC_NOWAIT), -ENOMSG);
	ROW_TRUE("lowest.of_all", got(id, (long)(1ul << 63), 0, 5, "e"));
	fill(id);
	ROW_TRUE("except_zero_is_any", got(id, 0, MSG_EXCEPT, 3, "c"));
	ROW_TRUE("except_negative_is_lowest", got(id, -2, MSG_EXCEPT, 1, "a"));
	ROW_TRUE("copy", got(id, 1, MSG_COPY, 1, "aa"));
	ROW_TRUE("copy.stays", got(id, 1, MSG_COPY, 1, "aa"));
	ROW_TRUE("copy.last", got(id, 2, MSG_COPY, 5, "e"));
	ROW("copy.beyond", rcv(id, 10, 3, IPC_NOWAIT | MSG_COPY), -ENOMSG);
	ROW("copy.negative", rcv(id, 10, -1, IPC_NOWAIT | MSG_COPY), -ENOMSG);
	ROW("copy.may_not_wait", rcv(id, 10, 0, MSG_COPY), -EINVAL);
	ROW("copy.except", rcv(id, 10, 0, MSG_COPY | MSG_EXCEPT | IPC_NOWAIT), -EINVAL);
	ROW("copy.too_small", rcv(id, 1, 1, IPC_NOWAIT | MSG_COPY), -E2BIG);
	ROW("copy.cut", rcv(id, 1, 1, IPC_NOWAIT | MSG_COPY | MSG_NOERROR), -EINVAL);
	ROW("copy.count", stat_of(id).msg_qnum, 3);
	drop(id);
	id = make(0600);
	snd(id, 1, "longer", 0);
	ROW("too_small", rcv(id, 5, 0, 0), -E2BIG);
	ROW("too_small.stays", stat_of(id).msg_qnum, 1);
	ROW("cut", rcv(id, 5, 0, MSG_NOERROR), 5);
	ROW("cut.text", strcmp(in.text, "longe"), 0);
	ROW("cut.gone", stat_of(id).msg_qnum, 0);
	ROW("size_negative", rcv(id, -1, 0, IPC_NOWAIT), -EINVAL);
	ROW("negative_id", rcv(-1, 1, 0, IPC_NOWAIT), -EINVAL);
	ROW("no_such_queue", rcv(id + (1 << 15), 1, 0, IPC_NOWAIT), -EINVAL);
	snd(id, 1, "x", 0);
	ROW("bad_pointer", sys(SYS_msgrcv, id, edge, 10, 0, 0), -EFAULT);
	ROW("bad_pointer.gone", stat_of(id).msg_qnum, 0);
	snd(id, 1, "12345678", 0);
	ROW("bad_last_byte", sys(SYS_msgrcv, id, LAST_OUTSIDE(16), 10, 0, 0), -EFAULT);
	snd(id, 1, "x", 0);
	ROW_AS(USER, "foreign", rcv(id, 10, 0, IPC_NOWAIT), -EACCES);
	drop(id);
	id = make(0604);
	snd(id, 1, "x", 0);
	ROW_AS(USER, "may_receive.send", snd(id, 1, "x", 0), -EACCES);
	ROW_AS(USER, "may_receive", rcv(id, 10, 0, IPC_NOWAIT), 1);
	drop(id);
}

static void on_signal(int sig)
{
	(void)sig;
}

static bool asleep(pid_t pid)
{
	return until_state(pid, 'S');
}

static void group_waiting(void)
{
	struct sigaction act = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct msqid_ds ds;
	int id = make(0600);
	pid_t a, b, c;

	a = SPAWN(_exit(rcv(id, 10, 0, 0) == 3 && in.type == 4 ? 0 : 1));
	ROW_TRUE("receiver", asleep(a));
	snd(id, 4, "abc", 0);
	ROW("receiver.served", wait_status(a), EXITED(0));
	ds = stat_of(id);
	ROW("receiver.lrpid", ds.msg_lrpid, a);
	ROW("receiver.count", ds.msg_qnum, 0);
	ROW("receiver.bytes", ds.__msg_cbytes, 0);

	/* Each gets what it waits for; a message that nobody wants stays. */
	a = SPAWN(_exit(rcv(id, 10, 2, 0) == 1 && in.type == 2 ? 0 : 1));
	b = SPAWN(_exit(rcv(id, 10, -9, 0) == 1 && in.type == 9 ? 0 : 1));
	c = SPAWN(_exit(rcv(id, 1, 20, 0) == -E2BIG ? 0 : 1));
	ROW_TRUE("several", asleep(a) && asleep(b) && asleep(c));
	snd(id, 15, "z", 0);
	snd(id, 9, "y", 0);
	snd(id, 2, "x", 0);
	ROW("several.one", wait_status(a), EXITED(0));
	ROW("several.other", wait_status(b), EXITED(0));
	snd(id, 20, "too long", 0);
	ROW("several.too_small", wait_status(c), EXITED(0));
	ROW("several.rest", stat_of(id).msg_qnum, 2);
	rcv(id, 100, 0, 0);
	rcv(id, 100, 0, 0);

	/* Senders wait for room. */
	out.type = 1;
	sys(SYS_msgsnd, id, &out, 8192, 0);
	sys(SYS_msgsnd, id, &out, 8192, 0);
	a = SPAWN(_exit(snd(id, 3, "wait", 0) ? 1 : 0));
	ROW_TRUE("sender", asleep(a));
	ROW("sender.not_yet", stat_of(id).msg_qnum, 2);
	ROW("sender.room", sys(SYS_msgrcv, id, &in, 8192, 0, 0), 8192);
	ROW("sender.served", wait_status(a), EXITED(0));
	ROW_TRUE("sender.message", got(id, 3, 0, 3, "wait"));
	ds = stat_of(id);
	ROW("sender.lspid", ds.msg_lspid, a);

	/* More room by IPC_SET. */
	sys(SYS_msgsnd, id, &out, 8192, 0);
	a = SPAWN(_exit(snd(id, 3, "wait", 0) ? 1 : 0));
	ROW_TRUE("set", asleep(a));
	ds.msg_qbytes = 20000;
	ROW("set.larger", ctl(id, IPC_SET, &ds), 0);
	ROW("set.served", wait_status(a), EXITED(0));

	drop(id);
	id = make(0600);
	a = SPAWN(become(USER); _exit(rcv(id, 10, 0, 0) == -EACCES ? 0 : 1));
	ROW("no_permission", wait_status(a), EXITED(0));
	ds = stat_of(id);
	ds.msg_perm.mode = 0666;
	ctl(id, IPC_SET, &ds);
	a = SPAWN(become(USER); _exit(rcv(id, 10, 0, 0) == -EACCES ? 0 : 1));
	ROW_TRUE("permission_goes", asleep(a));
	ds.msg_perm.mode = 0600;
	ctl(id, IPC_SET, &ds);
	ROW("permission_goes.told", wait_status(a), EXITED(0));

	a = SPAWN(_exit(rcv(id, 10, 0, 0) == -EIDRM ? 0 : 1));
	ROW_TRUE("removed", asleep(a));
	drop(id);
	ROW("removed.receiver", wait_status(a), EXITED(0));
	id = make(0600);
	sys(SYS_msgsnd, id, &out, 8192, 0);
	sys(SYS_msgsnd, id, &out, 8192, 0);
	a = SPAWN(_exit(snd(id, 3, "wait", 0) == -EIDRM ? 0 : 1));
	ROW_TRUE("removed.before", asleep(a));
	drop(id);
	ROW("removed.sender", wait_status(a), EXITED(0));

	id = make(0600);
	sigaction(SIGUSR1, &act, NULL);
	a = SPAWN(_exit(rcv(id, 10, 0, 0) == -EINTR ? 0 : 1));
	ROW_TRUE("signal", asleep(a));
	kill(a, SIGUSR1);
	ROW("signal.receiver", wait_status(a), EXITED(0));
	snd(id, 1, "x", 0);
	ROW("signal.receiver_is_gone", stat_of(id).msg_qnum, 1);
	drop(id);
}

static void group_msgctl(void)
{
	struct msqid_ds ds, before;
	struct msginfo info;
	int id = make(0640), index = id & 0x7fff;

	ROW("stat", ctl(id, IPC_STAT, &before), 0);
	ROW("stat.mode", before.msg_perm.mode, 0640);
	ROW("stat.qbytes", before.msg_qbytes, 16384);
	ROW("stat.stime", before.msg_stime, 0);
	ROW("stat.rtime", before.msg_rtime, 0);
	ROW("stat.seq", before.msg_perm.__seq, id >> 15);
	ROW_TRUE("stat.ctime", before.msg_ctime > time(NULL) - 100);
	ROWS_POINTER("stat", sizeof(ds), ctl(id, IPC_STAT, p), 0);
	ROW("msg_stat", ctl(index, MSG_STAT, &ds), id);
	ROW("msg_stat.missing", ctl(32767, MSG_STAT, &ds), -EINVAL);
	ROW_AS(USER, "stat.foreign", ctl(id, IPC_STAT, &ds), -EACCES);
	ROW_AS(USER, "msg_stat.foreign", ctl(index, MSG_STAT, &ds), -EACCES);
	ROW_AS(USER, "msg_stat_any", ctl(index, 13, &ds), id);
	before.msg_perm.mode = 0777 | 01000;
	before.msg_qbytes = 100;
	ROW("set", ctl(id, IPC_SET, &before), 0);
	ds = stat_of(id);
	ROW("set.mode", ds.msg_perm.mode, 0777);
	ROW("set.qbytes", ds.msg_qbytes, 100);
	out.type = 1;
	ROW("set.full", sys(SYS_msgsnd, id, &out, 101, IPC_NOWAIT), -EAGAIN);
	ROWS_EFAULT("set", sizeof(ds), ctl(id, IPC_SET, p));
	ROW_AS(USER, "set.foreign", ctl(id, IPC_SET, &before), -EPERM);
	ROW_AS(USER, "rmid.foreign", ctl(id, IPC_RMID, NULL), -EPERM);
	before.msg_perm.uid = USER;
	ctl(id, IPC_SET, &before);
	before.msg_qbytes = 16384;
	ROW_AS(USER, "set.own", ctl(id, IPC_SET, &before), 0);
	before.msg_qbytes = 16385;
	ROW_AS(USER, "set.too_large", ctl(id, IPC_SET, &before), -EPERM);
	ROW("set.privileged", ctl(id, IPC_SET, &before), 0);
	before.msg_perm.uid = -1;
	ROW("set.bad_uid", ctl(id, IPC_SET, &before), -EINVAL);
	ROW("unknown", ctl(id, 99, &ds), -EINVAL);
	ROW("negative_command", ctl(id, -1, &ds), -EINVAL);
	ROW("negative_id", ctl(-1, IPC_STAT, &ds), -EINVAL);
	snd(id, 1, "xyz", 0);
	ROW_TRUE("msg_info", ctl(0, MSG_INFO, &info) >= index);
	ROW_TRUE("msg_info.queues", info.msgpool >= 1);
	ROW_TRUE("msg_info.messages", info.msgmap >= 1);
	ROW_TRUE("msg_info.bytes", info.msgtql >= 3);
	ROW_TRUE("ipc_info", ctl(0, IPC_INFO, &info) >= index);
	ROW("ipc_info.msgpool", info.msgpool, 512000);
	ROW("ipc_info.msgmap", info.msgmap, 16384);
	ROW("ipc_info.msgmax", info.msgmax, 8192);
	ROW("ipc_info.msgmnb", info.msgmnb, 16384);
	ROW("ipc_info.msgmni", info.msgmni, 32000);
	ROW("ipc_info.msgssz", info.msgssz, 16);
	ROW("ipc_info.msgtql", info.msgtql, 16384);
	ROW("ipc_info.msgseg", info.msgseg, 0xffff);
	ROWS_EFAULT("ipc_info", sizeof(info), ctl(0, IPC_INFO, p));
	drop(id);
}

static void group_proc(void)
{
	char text[65536], line[256], *at;
	struct msqid_ds ds;
	int id = MUST(sys(SYS_msgget, KEY, IPC_CREAT | IPC_EXCL | 0640));

	snd(id, 1, "abc", 0);
	ds = stat_of(id);
	ROW_TRUE("read", slurp("/proc/sysvipc/msg", text, sizeof(text)) > 0);
	at = "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  "
	     "cgid      stime      rtime      ctime\n";
	ROW("heading", strncmp(text, at, strlen(at)), 0);
	snprintf(line, sizeof(line),
		 "%10d %10d  %4o  %10lu %10lu %5u %5u %5u %5u %5u %5u %10llu %10llu %10llu\n", KEY,
		 id, 0640, 3ul, 1ul, getpid(), 0, 0, 0, 0, 0, (long long)ds.msg_stime, 0ll,
		 (long long)ds.msg_ctime);
	ROW_TRUE("row", strstr(text, line) != NULL);
	drop(id);
	slurp("/proc/sys/kernel/msgmax", text, sizeof(text));
	ROW("msgmax", strcmp(text, "8192\n"), 0);
	slurp("/proc/sys/kernel/msgmnb", text, sizeof(text));
	ROW("msgmnb", strcmp(text, "16384\n"), 0);
	slurp("/proc/sys/kernel/msgmni", text, sizeof(text));
	ROW("msgmni", strcmp(text, "32000\n"), 0);
}

static long write_text(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY);
	long r = sys(SYS_write, fd, text, strlen(text));

	close(fd);
	return r;
}

static void group_limits(void)
{
	int id = make(0600);

	ROW("msgmax", write_text("/proc/sys/kernel/msgmax", "60000"), 5);
	ROW("msgmnb", write_text("/proc/sys/kernel/msgmnb", "70000"), 5);
	ROW("old_queue", stat_of(id).msg_qbytes, 16384);
	drop(id);
	id = make(0600);
	ROW("new_queue", stat_of(id).msg_qbytes, 70000);
	out.type = 1;
	memset(out.text, 'q', 60000);
	ROW("large", sys(SYS_msgsnd, id, &out, 60000, IPC_NOWAIT), 0);
	memset(&in, 0, sizeof(in));
	ROW("large.back", sys(SYS_msgrcv, id, &in, 60000, 0, 0), 60000);
	ROW("large.same", memcmp(in.text, out.text, 60000), 0);
	MUST(write_text("/proc/sys/kernel/msgmni", "1"));
	ROW("msgmni", sys(SYS_msgget, IPC_PRIVATE, 0600), -ENOSPC);
	MUST(write_text("/proc/sys/kernel/msgmni", "32000"));
	MUST(write_text("/proc/sys/kernel/msgmax", "8192"));
	MUST(write_text("/proc/sys/kernel/msgmnb", "16384"));
	ROW("msgmni.range", write_text("/proc/sys/kernel/msgmni", "32769"), -EINVAL);
	drop(id);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "msg");
	take_turns("msg", LOCK_EX);
	GROUP(group_msgget);
	GROUP(group_send);
	GROUP(group_receive);
	GROUP(group_waiting);
	GROUP(group_msgctl);
	GROUP(group_proc);
	GROUP(group_limits);
	return finish();
}
