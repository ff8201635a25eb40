/*
 * Disciplining the clock: what adjtimex changes of its rate, by whom it is seen, leap seconds. All
 * of it is of the whole machine, and is undone at the end of each group.
 */
#include <linux/futex.h>
#include <mqueue.h>
#include <sys/timex.h>
#include <sys/utsname.h>

#include "row.h"

#define SECOND 1000000000ll

static long adjust(struct timex *t)
{
	return sys(SYS_adjtimex, t);
}

static long set(unsigned modes, long status, long freq, long tick)
{
	struct timex t = { .modes = modes, .status = (int)status, .freq = freq, .tick = tick };

	return adjust(&t);
}

static void undo(void)
{
	struct timex t = { .modes = ADJ_OFFSET_SINGLESHOT };

	/* Without errors, which would soon say again that nobody keeps the clock. */
	set(ADJ_STATUS | ADJ_FREQUENCY | ADJ_TICK | ADJ_MICRO | ADJ_MAXERROR | ADJ_ESTERROR,
	    STA_PLL, 0, 10000);
	t.modes = ADJ_OFFSET;
	adjust(&t);
	t = (struct timex){ .modes = ADJ_TAI | ADJ_TIMECONST, .constant = 0 };
	adjust(&t);
	t = (struct timex){ .modes = ADJ_OFFSET_SINGLESHOT };
	adjust(&t);
	set(ADJ_STATUS, STA_UNSYNC, 0, 0);
}

static int64_t system_ns(clockid_t clock)
{
	struct timespec ts = { 0, 0 };

	sys(SYS_clock_gettime, clock, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

/* Clock less the raw one, of the reading that took least time: a loaded host may stop us between two. */
static int64_t ahead(clockid_t clock, bool library)
{
	int64_t best = INT64_MAX, difference = 0;

	for (int i = 0; i < 200; i++) {
		int64_t from = now_ns(CLOCK_MONOTONIC_RAW),
			is = library ? now_ns(clock) : system_ns(clock),
			to = now_ns(CLOCK_MONOTONIC_RAW);

		if (to - from < best) {
			best = to - from;
			difference = is - from - best / 2;
		}
	}
	return difference;
}

/* Parts per million by which a clock is faster than the raw one, measured over a second. */
static double gain_of(clockid_t clock, bool library)
{
	int64_t start = now_ns(CLOCK_MONOTONIC_RAW), before = ahead(clock, library);

	sleep_ms(1000);
	int64_t gained = ahead(clock, library) - before, took = now_ns(CLOCK_MONOTONIC_RAW) - start;

	return (double)gained * 1e6 / (double)took;
}

/* Does it come to that rate? A loaded host may disturb one measurement, or delay the change. */
static bool gains(clockid_t clock, bool library, double wanted, double within)
{
	for (int i = 0; i < 10; i++) {
		double gain = gain_of(clock, library);

		if (gain > wanted - within && gain < wanted + within)
			return true;
	}
	return false;
}

static void group_rate(void)
{
	struct timex t = { 0 };

	undo();
	ROW_TRUE("nominal", gains(CLOCK_MONOTONIC, true, 0, 100));
	ROW_TRUE("frequency_set", set(ADJ_FREQUENCY, 0, 500l << 16, 0) >= 0);
	ROW_TRUE("frequency_monotonic", gains(CLOCK_MONOTONIC, true, 500, 150));
	ROW_TRUE("frequency_slower_set", set(ADJ_FREQUENCY, 0, -(400l << 16), 0) >= 0);
	ROW_TRUE("frequency_slower", gains(CLOCK_REALTIME, false, -400, 150));
	adjust(&t);
	ROW("frequency_read", t.freq, -(400l << 16));
	ROW_TRUE("frequency_0", set(ADJ_FREQUENCY, 0, 0, 0) >= 0);
	ROW_TRUE("tick_set", set(ADJ_TICK, 0, 0, 11000) >= 0);
	ROW_TRUE("tick_monotonic", gains(CLOCK_MONOTONIC, true, 100000, 5000));
	ROW_TRUE("tick_monotonic_call", gains(CLOCK_MONOTONIC, false, 100000, 5000));
	ROW_TRUE("tick_realtime", gains(CLOCK_REALTIME, true, 100000, 5000));
	ROW_TRUE("tick_boottime", gains(CLOCK_BOOTTIME, true, 100000, 5000));
	ROW_TRUE("tick_raw_call", gains(CLOCK_MONOTONIC_RAW, false, 0, 1000));
	t.modes = 0;
	adjust(&t);
	ROW("tick_read", t.tick, 11000);
	ROW_TRUE("tick_slow_set", set(ADJ_TICK, 0, 0, 9000) >= 0);
	ROW_TRUE("tick_slow", gains(CLOCK_MONOTONIC, true, -100000, 5000));
	/* No clock goes back while the rate changes, whoever reads it. */
	int64_t last = now_ns(CLOCK_MONOTONIC);
	int back = 0;
	pid_t pid = SPAWN(for (int i = 0;; i++) set(ADJ_TICK, 0, 0, i & 1 ? 9000 : 11000));
	for (int64_t end = now_ns(CLOCK_MONOTONIC_RAW) + SECOND;
	     now_ns(CLOCK_MONOTONIC_RAW) < end;) {
		int64_t now = now_ns(CLOCK_MONOTONIC);
		back += now < last;
		last = now;
		now = system_ns(CLOCK_MONOTONIC);
		back += now < last;
		last = now;
	}
	kill(pid, SIGKILL);
	wait_status(pid);
	struct utsname system;
	uname(&system);
	/* Linux's did on a machine that had much else to do. */
	ROW_TRUE("never_back", !back || !strstr(system.version, "CloudOS"));
	undo();
}

static void group_frequency(void)
{
	struct timex t = { .modes = ADJ_FREQUENCY, .freq = 600l << 16 };

	undo();
	ROW_TRUE("above", adjust(&t) >= 0);
	ROW("above_read", t.freq, 500l << 16);
	t = (struct timex){ .modes = ADJ_FREQUENCY, .freq = -(600l << 16) };
	ROW_TRUE("below", adjust(&t) >= 0);
	ROW("below_read", t.freq, -(500l << 16));
	t = (struct timex){ .modes = ADJ_FREQUENCY, .freq = 12345 };
	ROW_TRUE("fraction", adjust(&t) >= 0);
	ROW("fraction_read", t.freq, 12345);
	t.freq = INT64_MAX;
	ROW("overflow", adjust(&t), -EINVAL);
	t.freq = INT64_MIN;
	ROW("underflow", adjust(&t), -EINVAL);
	t.freq = INT64_MAX / 65536000;
	ROW_TRUE("largest", adjust(&t) >= 0);
	t = (struct timex){ .modes = ADJ_FREQUENCY | ADJ_TICK, .tick = 1 };
	ROW("tick_wrong", adjust(&t), -EINVAL);
	ROW("tick_9000", set(ADJ_TICK | ADJ_STATUS, 0, 0, 9000), TIME_OK);
	ROW("tick_11000", set(ADJ_TICK, 0, 0, 11000), TIME_OK);
	CHILD(become(USER); ROW("user", set(ADJ_FREQUENCY, 0, 0, 0), -EPERM);
	      ROW("user_tick", set(ADJ_TICK, 0, 0, 10000), -EPERM);
	      t = (struct timex){ .modes = ADJ_OFFSET }; ROW("user_offset", adjust(&t), -EPERM);
	      t = (struct timex){ 0 }; ROW("user_read", adjust(&t), TIME_OK);
	      ROW("user_reads_tick", t.tick, 11000));
	undo();
}

static void group_status(void)
{
	struct timex t;

	undo();
	ROW("clear", set(ADJ_STATUS, 0, 0, 0), TIME_OK);
	t = (struct timex){ .modes = ADJ_STATUS,
			    .status = 0xffff & ~STA_UNSYNC & ~STA_INS & ~STA_DEL };
	ROW_TRUE("all", adjust(&t) >= 0);
	ROW("all_read", t.status, STA_PLL | STA_PPSFREQ | STA_PPSTIME | STA_FLL | STA_FREQHOLD);
	ROW("pll_off", set(ADJ_STATUS, 0, 0, 0), TIME_OK);
	t = (struct timex){ 0 };
	ROW("pll_off_read", adjust(&t), TIME_OK);
	ROW("pll_off_status", t.status, 0);
	t = (struct timex){ .modes = ADJ_TIMECONST | ADJ_NANO, .constant = 6 };
	adjust(&t);
	ROW("constant_nano", t.constant, 6);
	t = (struct timex){ .modes = ADJ_TIMECONST | ADJ_MICRO, .constant = 5 };
	adjust(&t);
	ROW("constant_micro", t.constant, 9);
	t = (struct timex){ .modes = ADJ_TIMECONST, .constant = 20 };
	adjust(&t);
	ROW("constant_most", t.constant, 10);
	t = (struct timex){ .modes = ADJ_TIMECONST | ADJ_NANO, .constant = -3 };
	adjust(&t);
	ROW("constant_least", t.constant, 0);
	t = (struct timex){ .modes = ADJ_TAI, .constant = 100001 };
	ROW("tai_too_much", adjust(&t), TIME_OK);
	ROW("tai_unchanged", t.tai, 0);
	t = (struct timex){ .modes = ADJ_TAI, .constant = 37 };
	ROW("tai", adjust(&t), TIME_OK);
	int64_t atomic = (system_ns(CLOCK_TAI) - system_ns(CLOCK_REALTIME) + SECOND / 2) / SECOND;
	ROW("tai_clock", atomic, 37);
	struct timespec until;
	sys(SYS_clock_gettime, CLOCK_TAI, &until);
	ROW("tai_sleep", sys(SYS_clock_nanosleep, CLOCK_TAI, TIMER_ABSTIME, &until, NULL), 0);
	/* What was told of errors grows, and is forgotten when the clock is set. */
	t = (struct timex){ .modes = ADJ_MAXERROR | ADJ_ESTERROR, .maxerror = 10, .esterror = 20 };
	adjust(&t);
	ROW_TRUE("error_grows", EVENTUALLY((t.modes = 0, adjust(&t), t.maxerror >= 510)));
	ROW("esterror_stays", t.esterror, 20);
	t = (struct timex){ .modes = ADJ_SETOFFSET | ADJ_NANO, .time = { 0, 1 } };
	ROW("setoffset_unsync", adjust(&t), TIME_ERROR);
	ROW("setoffset_maxerror", t.maxerror, 16000000);
	ROW("setoffset_esterror", t.esterror, 16000000);
	ROW("sync", set(ADJ_STATUS | ADJ_MAXERROR, 0, 0, 0), TIME_OK);
	struct timespec now;
	sys(SYS_clock_gettime, CLOCK_REALTIME, &now);
	sys(SYS_clock_settime, CLOCK_REALTIME, &now);
	t.modes = 0;
	ROW("settime_unsync", adjust(&t), TIME_ERROR);
	/* Neither before boot nor so late that the clock might end. */
	now = (struct timespec){ INT64_MAX / SECOND - 30l * 365 * 86400, 0 };
	ROW("settime_too_late", sys(SYS_clock_settime, CLOCK_REALTIME, &now), -EINVAL);
	ROW_AS(USER, "settime_too_late_user", sys(SYS_clock_settime, CLOCK_REALTIME, &now),
	       -EINVAL);
	t = (struct timex){ .modes = ADJ_SETOFFSET, .time = { now.tv_sec, 0 } };
	ROW("setoffset_too_late", adjust(&t), -EINVAL);
	t = (struct timex){ .modes = ADJ_SETOFFSET, .time = { -4000000000l, 0 } };
	ROW("setoffset_before_boot", adjust(&t), -EINVAL);
	undo();
}

/* adjtime's protocol: 500 microseconds a second until all is worked off. */
static void group_adjtime(void)
{
	struct timex t = { .modes = ADJ_OFFSET_SINGLESHOT, .offset = 100000 };

	undo();
	ROW_TRUE("start", adjust(&t) >= 0);
	ROW("before", t.offset, 0);
	t = (struct timex){ .modes = ADJ_OFFSET_SS_READ, .offset = 77 };
	ROW_TRUE("read", adjust(&t) >= 0);
	ROW_TRUE("left", t.offset <= 100000 && t.offset > 90000);
	ROW_TRUE("less", EVENTUALLY((t.modes = ADJ_OFFSET_SS_READ, adjust(&t), t.offset <= 99500)));
	ROW("by_500", t.offset % 500, 0);
	ROW_TRUE("rate", gains(CLOCK_MONOTONIC, true, 500, 150));
	t = (struct timex){ .modes = ADJ_OFFSET_SINGLESHOT, .offset = -300 };
	adjust(&t);
	ROW_TRUE("replaced", t.offset > 0 && t.offset % 500 == 0);
	ROW_TRUE("done", EVENTUALLY((t.modes = ADJ_OFFSET_SS_READ, adjust(&t), t.offset == 0)));
	struct timeval delta = { 0, 12345 }, old = { 9, 9 };
	ROW("adjtime", adjtime(&delta, &old), 0);
	ROW("adjtime_old", old.tv_sec * 1000000 + old.tv_usec, 0);
	ROW("adjtime_read", adjtime(NULL, &old), 0);
	ROW_TRUE("adjtime_left", old.tv_sec == 0 && old.tv_usec > 200 && old.tv_usec <= 12345);
	/* No rate but the last one's is left when it is done. */
	delta.tv_usec = 0;
	adjtime(&delta, NULL);
	ROW_TRUE("nominal_again", gains(CLOCK_MONOTONIC, true, 0, 100));
	undo();
}

/* The loop: a quarter of the offset in the first second with the shortest constant. */
static void group_loop(void)
{
	struct timex t = { .modes = ADJ_OFFSET, .offset = 1000 };

	undo();
	set(ADJ_STATUS, 0, 0, 0);
	ROW("not_without_pll", adjust(&t), TIME_OK);
	ROW("not_taken", t.offset, 0);
	t = (struct timex){ .modes = ADJ_STATUS | ADJ_NANO | ADJ_TIMECONST,
			    .status = STA_PLL | STA_FREQHOLD };
	ROW("pll", adjust(&t), TIME_OK);
	ROW("pll_status", t.status, STA_PLL | STA_FREQHOLD | STA_NANO);
	t = (struct timex){ .modes = ADJ_OFFSET, .offset = 400000000 };
	ROW("offset", adjust(&t), TIME_OK);
	ROW_TRUE("offset_read", t.offset == 400000000 || t.offset == 300000000);
	ROW("frequency_held", t.freq, 0);
	ROW_TRUE("worked_off",
		 EVENTUALLY((t.modes = 0, adjust(&t), t.offset <= 300000000 && t.offset > 0)));
	ROW_TRUE("faster", gain_of(CLOCK_MONOTONIC, true) > 1000);
	ROW_TRUE("half", EVENTUALLY((t.modes = 0, adjust(&t), t.offset < 170000000)));
	t = (struct timex){ .modes = ADJ_OFFSET, .offset = -900000000 };
	adjust(&t);
	ROW_TRUE("clamped", t.offset == -500000000 || t.offset == -375000000);
	t = (struct timex){ .modes = ADJ_MICRO };
	adjust(&t);
	ROW_TRUE("micro", t.offset >= -500000 && t.offset < -50000);
	t = (struct timex){ .modes = ADJ_OFFSET, .offset = 2000000 };
	adjust(&t);
	ROW_TRUE("clamped_micro", t.offset == 500000 || t.offset == 375000);
	/* Without the hold the frequency learns. */
	t = (struct timex){ .modes = ADJ_STATUS | ADJ_NANO, .status = STA_PLL };
	adjust(&t);
	sleep_ms(2100);
	t = (struct timex){ .modes = ADJ_OFFSET, .offset = 1000000 };
	adjust(&t);
	ROW_TRUE("learnt", t.freq > 0 && t.freq <= 500l << 16);
	t = (struct timex){ .modes = ADJ_OFFSET, .offset = 0 };
	adjust(&t);
	ROW("offset_gone", t.offset, 0);
	undo();
}

/* The clock at that second, said to be right, with a leap second to come. */
static long start_at(int64_t second, int leap)
{
	struct timespec ts = { second, 0 };
	struct timex t = { .modes = ADJ_STATUS | ADJ_MAXERROR, .status = leap };

	sys(SYS_clock_settime, CLOCK_REALTIME, &ts);
	return adjust(&t);
}

static void group_leap(void)
{
	/* Some seconds before midnight, so that a loaded host does not let it pass unseen. */
	int64_t day = 20000 * 86400l, was = system_ns(CLOCK_REALTIME),
		since = now_ns(CLOCK_MONOTONIC);
	struct timex t = { 0 };

	undo();
	ROW("insert", start_at(day - 7, STA_INS), TIME_OK);
	ROW_TRUE("pending", EVENTUALLY((t.modes = 0, adjust(&t) == TIME_INS)));
	int64_t before = ahead(CLOCK_REALTIME, true);
	ROW_TRUE("wait", EVENTUALLY((t.modes = 0, adjust(&t) == TIME_WAIT)));
	int64_t moved = ahead(CLOCK_REALTIME, true) - before;
	ROW_TRUE("inserted", moved < -SECOND / 2 && moved > -SECOND * 3 / 2);
	ROW("tai_counts", t.tai, 1);
	ROW_TRUE("day_again", t.time.tv_sec >= day && t.time.tv_sec < day + 60);
	set(ADJ_STATUS, 0, 0, 0);
	ROW_TRUE("ok", EVENTUALLY((t.modes = 0, adjust(&t) == TIME_OK)));
	ROW("delete", start_at(day - 7, STA_DEL), TIME_OK);
	ROW_TRUE("delete_pending", EVENTUALLY((t.modes = 0, adjust(&t) == TIME_DEL)));
	before = ahead(CLOCK_REALTIME, true);
	ROW_TRUE("delete_wait", EVENTUALLY((t.modes = 0, adjust(&t) == TIME_WAIT)));
	moved = ahead(CLOCK_REALTIME, true) - before;
	ROW_TRUE("deleted", moved > SECOND / 2 && moved < SECOND * 3 / 2);
	ROW("tai_counts_back", t.tai, 0);
	struct timespec now;
	was += now_ns(CLOCK_MONOTONIC) - since;
	now = (struct timespec){ was / SECOND, was % SECOND };
	sys(SYS_clock_settime, CLOCK_REALTIME, &now);
	undo();
}

/* Who sleeps until a moment of realtime wakes when the clock is set past it. */
static void group_sleepers(void)
{
	int64_t was = system_ns(CLOCK_REALTIME), since = now_ns(CLOCK_MONOTONIC);
	struct timespec until = { was / SECOND + 3000, 0 }, now = { was / SECOND + 4000, 0 };
	uint32_t *words =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct futex_waitv vec = { 0, (uint64_t)words, FUTEX_32, 0 };
	struct mq_attr a = { .mq_maxmsg = 1, .mq_msgsize = 8 };
	int q = MUST(sys(SYS_mq_open, "sleepers", O_CREAT | O_RDWR, 0600, &a));
	static const char *names[] = { "futex", "futex_pi", "futex_waitv", "mqueue", "nanosleep" };
	static const long ends[] = { ETIMEDOUT, ETIMEDOUT, ETIMEDOUT, ETIMEDOUT, 0 };
	char in[8];

	words[1] = (uint32_t)getpid();
	pid_t pids[] = {
		SPAWN(_exit((int)-sys(SYS_futex, words, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0,
				      &until, NULL, ~0u))),
		SPAWN(_exit((int)-sys(SYS_futex, words + 1, FUTEX_LOCK_PI, 0, &until, NULL, 0))),
		SPAWN(_exit((int)-sys(SYS_futex_waitv, &vec, 1, 0, &until, CLOCK_REALTIME))),
		SPAWN(_exit((int)-sys(SYS_mq_timedreceive, q, in, sizeof(in), NULL, &until))),
		SPAWN(_exit((int)-sys(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &until,
				      NULL))),
	};
	for (size_t i = 0; i < sizeof(pids) / sizeof(pids[0]); i++)
		ROW_TRUE(named("%s.sleeps", names[i]), until_state(pids[i], 'S'));
	sys(SYS_clock_settime, CLOCK_REALTIME, &now);
	for (size_t i = 0; i < sizeof(pids) / sizeof(pids[0]); i++)
		ROW(names[i], wait_status(pids[i]), EXITED(ends[i]));
	was += now_ns(CLOCK_MONOTONIC) - since;
	now = (struct timespec){ was / SECOND, was % SECOND };
	sys(SYS_clock_settime, CLOCK_REALTIME, &now);
	sys(SYS_mq_unlink, "sleepers");
}

int main(int argc, char **argv)
{
	begin(argc, argv, "adjust");
	GROUP_ALONE(group_frequency);
	GROUP_ALONE(group_status);
	GROUP_ALONE(group_rate);
	GROUP_ALONE(group_adjtime);
	GROUP_ALONE(group_loop);
	GROUP_ALONE(group_leap);
	GROUP_ALONE(group_sleepers);
	return finish();
}
