/* adjtimex and clock_adjtime; ustat, sysfs, quotactl; RWF_NOWAIT; what is not configured. */
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>

#include "row.h"

static char buf[256];

/* Real time less monotonic time, of the reading that took least: a loaded host may stop us between two. */
static int64_t real_offset(void)
{
	int64_t best = INT64_MAX, offset = 0;

	for (int i = 0; i < 20; i++) {
		int64_t from = now_ns(CLOCK_MONOTONIC), real = now_ns(CLOCK_REALTIME),
			to = now_ns(CLOCK_MONOTONIC);

		if (to - from < best) {
			best = to - from;
			offset = real - from;
		}
	}
	return offset;
}

static void group_adjtimex(void)
{
	struct timex t = { 0 };

	ROW_TRUE("read", sys(SYS_adjtimex, &t) >= 0);
	ROW("tick", t.tick, 10000);
	ROW("tolerance", t.tolerance, 32768000);
	ROW("precision", t.precision, 1);
	ROW("time", llabs(t.time.tv_sec - time(NULL)) <= 5, 1);
	ROW("offset", t.offset, 0);
	ROW("same", sys(SYS_clock_adjtime, CLOCK_REALTIME, &t), sys(SYS_adjtimex, &t));
	ROWS_EFAULT("at", sizeof(t), sys(SYS_adjtimex, p));
	ROWS_EFAULT("clock_at", sizeof(t), sys(SYS_clock_adjtime, CLOCK_REALTIME, p));
	t.modes = 0;
	ROW("monotonic", sys(SYS_clock_adjtime, CLOCK_MONOTONIC, &t), -EOPNOTSUPP);
	ROW("cpu_clock", sys(SYS_clock_adjtime, CLOCK_PROCESS_CPUTIME_ID, &t), -EOPNOTSUPP);
	ROW("no_clock", sys(SYS_clock_adjtime, 99, &t), -EINVAL);
	t = (struct timex){ .modes = ADJ_STATUS, .status = STA_UNSYNC };
	ROW("unsync", sys(SYS_adjtimex, &t), TIME_ERROR);
	t = (struct timex){ .modes = ADJ_STATUS, .status = 0 };
	ROW("sync", sys(SYS_adjtimex, &t), TIME_OK);
	ROW("status", t.status & STA_UNSYNC, 0);
	t = (struct timex){ .modes = ADJ_MAXERROR | ADJ_ESTERROR,
			    .maxerror = 1234,
			    .esterror = 99 };
	ROW("errors", sys(SYS_adjtimex, &t), TIME_OK);
	ROW("esterror", t.esterror, 99);
	ROW_TRUE("maxerror", t.maxerror >= 1234 && t.maxerror < 100000);
	t = (struct timex){ .modes = ADJ_NANO };
	sys(SYS_adjtimex, &t);
	ROW("nano", t.status & STA_NANO, STA_NANO);
	t = (struct timex){ .modes = ADJ_MICRO };
	sys(SYS_adjtimex, &t);
	ROW("micro", t.status & STA_NANO, 0);
	ROW("micro_range", t.time.tv_usec < 1000000, 1);
	t = (struct timex){ .modes = ADJ_TAI, .constant = 37 };
	ROW("tai", sys(SYS_adjtimex, &t), TIME_OK);
	ROW("tai_read", t.tai, 37);
	t = (struct timex){ .modes = ADJ_TAI, .constant = 0 };
	sys(SYS_adjtimex, &t);
	t = (struct timex){ .modes = ADJ_TICK, .tick = 10000 };
	ROW("tick_same", sys(SYS_adjtimex, &t), TIME_OK);
	t = (struct timex){ .modes = ADJ_TICK, .tick = 8999 };
	ROW("tick_small", sys(SYS_adjtimex, &t), -EINVAL);
	t = (struct timex){ .modes = ADJ_TICK, .tick = 11001 };
	ROW("tick_large", sys(SYS_adjtimex, &t), -EINVAL);
	t = (struct timex){ .modes = ADJ_FREQUENCY, .freq = 0 };
	ROW("frequency_0", sys(SYS_adjtimex, &t), TIME_OK);
	t = (struct timex){ .modes = ADJ_SETOFFSET, .time = { 0, 1000000 } };
	ROW("setoffset_range", sys(SYS_adjtimex, &t), -EINVAL);
	t = (struct timex){ .modes = ADJ_SETOFFSET, .time = { 0, -1 } };
	ROW("setoffset_negative_part", sys(SYS_adjtimex, &t), -EINVAL);
	int64_t before = real_offset();
	t = (struct timex){ .modes = ADJ_SETOFFSET, .time = { 100, 500000 } };
	ROW_TRUE("setoffset", sys(SYS_adjtimex, &t) >= 0);
	int64_t moved = real_offset() - before;
	ROW_TRUE("moved", llabs(moved - 100500000000ll) < 50000000);
	t = (struct timex){ .modes = ADJ_SETOFFSET | ADJ_NANO, .time = { -101, 500000000 } };
	ROW_TRUE("setoffset_back", sys(SYS_adjtimex, &t) >= 0);
	moved = real_offset() - before;
	ROW_TRUE("moved_back", llabs(moved) < 50000000);
	t = (struct timex){ .modes = ADJ_MICRO | ADJ_STATUS, .status = STA_UNSYNC };
	sys(SYS_adjtimex, &t);
	t = (struct timex){ .modes = ADJ_OFFSET_SS_READ };
	ROW_TRUE("singleshot_read", sys(SYS_adjtimex, &t) >= 0);
	ROW("singleshot_left", t.offset, 0);
	t = (struct timex){ .modes = 0x8000 };
	ROW("singleshot_alone", sys(SYS_adjtimex, &t), -EINVAL);
	CHILD({
		become(USER);
		t = (struct timex){ 0 };
		ROW_TRUE("user_reads", sys(SYS_adjtimex, &t) >= 0);
		t.modes = ADJ_OFFSET_SS_READ;
		ROW_TRUE("user_singleshot_read", sys(SYS_adjtimex, &t) >= 0);
		t.modes = ADJ_OFFSET_SINGLESHOT;
		ROW("user_singleshot", sys(SYS_adjtimex, &t), -EPERM);
		t.modes = ADJ_STATUS;
		ROW("user_status", sys(SYS_adjtimex, &t), -EPERM);
		t.modes = ADJ_SETOFFSET;
		ROW("user_setoffset", sys(SYS_clock_adjtime, CLOCK_REALTIME, &t), -EPERM);
	});
}

static void group_file_systems(void)
{
	struct stat st;
	char name[64];

	ROW_TRUE("count", sys(SYS_sysfs, 3) > 4);
	long tmpfs = sys(SYS_sysfs, 1, "tmpfs");
	ROW_TRUE("index", tmpfs >= 0);
	ROW("name_of", sys(SYS_sysfs, 2, tmpfs, name), 0);
	ROW("name", strcmp(name, "tmpfs"), 0);
	ROW("unknown", sys(SYS_sysfs, 1, "nonsense"), -EINVAL);
	ROW("empty", sys(SYS_sysfs, 1, ""), -ENOENT);
	ROW("index_beyond", sys(SYS_sysfs, 2, 10000, name), -EINVAL);
	ROW("option", sys(SYS_sysfs, 4), -EINVAL);
	ROW("option_0", sys(SYS_sysfs, 0), -EINVAL);
	ROWS_STRING_EFAULT("index_at", sys(SYS_sysfs, 1, p));
	ROW("name_at", sys(SYS_sysfs, 2, tmpfs, edge), -EFAULT);
	struct {
		int free;
		unsigned long nodes;
		char name[6], pack[6];
	} u = { 0, 0, "", "" };
	stat(".", &st);
	ROW("ustat", sys(SYS_ustat, (unsigned)st.st_dev, &u), 0);
	ROW_TRUE("ustat_free", u.free > 0);
	ROW_TRUE("ustat_nodes", u.nodes > 0);
	ROW("ustat_unknown", sys(SYS_ustat, 0xfff01, &u), -EINVAL);
	ROWS_EFAULT("ustat_at", 32, sys(SYS_ustat, (unsigned)st.st_dev, p));
	make_file("f", "x");
	mknod("block", S_IFBLK | 0600, makedev(240, 77));
	ROW("quota_kind", sys(SYS_quotactl, 0x800007 << 8 | 3, "f", 0, buf), -EINVAL);
	ROW("quota_no_device", sys(SYS_quotactl, 0x800007 << 8, NULL, 0, buf), -ENODEV);
	ROW("quota_sync", sys(SYS_quotactl, 0x800001 << 8, NULL, 0, NULL), 0);
	ROW("quota_file", sys(SYS_quotactl, 0x800007 << 8, "f", 0, buf), -ENOTBLK);
	ROW("quota_block", sys(SYS_quotactl, 0x800007 << 8, "block", 0, buf), -ENODEV);
	ROWS_PATH("quota_path", sys(SYS_quotactl, 0x800007 << 8, p, 0, buf), -ENOENT);
}

static long nowait(int op, int fd)
{
	struct iovec vec = { buf, 8 };

	return sys(op, fd, &vec, 1, -1, -1, RWF_NOWAIT);
}

static void group_nowait(void)
{
	int ends[2], event = MUST(eventfd(0, 0));

	ROW("regular", nowait(SYS_preadv2, file_with("f", "x", 1)), -EOPNOTSUPP);
	MUST(pipe(ends));
	ROW("pipe", nowait(SYS_preadv2, ends[0]), -EOPNOTSUPP);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	ROW("socket", nowait(SYS_preadv2, ends[0]), -EOPNOTSUPP);
	ROW("eventfd", nowait(SYS_preadv2, event), -EAGAIN);
	ROW("null", nowait(SYS_preadv2, MUST(open("/dev/null", O_RDWR))), 0);
	ROW("zero", nowait(SYS_preadv2, MUST(open("/dev/zero", O_RDWR))), 8);
	ROW("proc", nowait(SYS_preadv2, MUST(open("/proc/version", O_RDONLY))), -EOPNOTSUPP);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "older");
	GROUP_ALONE(group_adjtimex);
	GROUP(group_file_systems);
	GROUP(group_nowait);
	return finish();
}
