/*
 * Terminals, on pseudo terminals: /dev/ptmx and devpts, termios, the line discipline in canonical
 * and raw mode, echo, signals, flow control, window size, controlling terminals, job control,
 * hang-up.
 */
#include <asm/ioctls.h>
#include <asm/termbits.h>

#include "row.h"

/* The kernel's own structure and window size: libc's termios differs. */
struct window {
	unsigned short rows, cols, x, y;
};

static int master, slave;
static char buf[8192];
static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

static void catch (int sig)
{
	struct sigaction action = { .sa_handler = on_signal };

	caught = 0;
	sigaction(sig, &action, NULL);
}

static void open_pair(void)
{
	int unlock = 0, number;

	master = MUST(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK));
	MUST(ioctl(master, TIOCSPTLCK, &unlock));
	MUST(ioctl(master, TIOCGPTN, &number));
	slave = MUST(open(named("/dev/pts/%d", number), O_RDWR | O_NOCTTY));
}

static int number_of(int fd)
{
	int number = -1;

	ioctl(fd, TIOCGPTN, &number);
	return number;
}

static struct termios get(void)
{
	struct termios t;

	MUST(ioctl(slave, TCGETS, &t));
	return t;
}

static void set(const struct termios *t)
{
	MUST(ioctl(slave, TCSETS, t));
}

static void change(tcflag_t clear, tcflag_t set_local)
{
	struct termios t = get();

	t.c_lflag = (t.c_lflag & ~clear) | set_local;
	set(&t);
}

static void raw_mode(int min, int time)
{
	struct termios t = get();

	t.c_iflag = 0;
	t.c_oflag = 0;
	t.c_lflag = 0;
	t.c_cc[VMIN] = min;
	t.c_cc[VTIME] = time;
	set(&t);
}

static void type(const char *text)
{
	if (write(master, text, strlen(text)) != (ssize_t)strlen(text))
		row("type", -errno, 0);
}

/* What the slave reads now, without waiting: compared with text. */
static bool reads(const char *text)
{
	int flags = fcntl(slave, F_GETFL);

	fcntl(slave, F_SETFL, flags | O_NONBLOCK);
	memset(buf, 0, 200);
	/* Input goes to the line discipline from a work queue. */
	EVENTUALLY(ioctl(slave, FIONREAD, buf) || *(int *)buf >= (int)strlen(text));
	memset(buf, 0, 200);
	ssize_t n = read(slave, buf, 200);
	fcntl(slave, F_SETFL, flags);
	return n == (ssize_t)strlen(text) && !memcmp(buf, text, n);
}

/* Whether what comes out at the master is this text, waiting for as much as it is long. */
static bool shows(const char *text)
{
	size_t got = 0;

	memset(buf, 0, sizeof(buf));
	EVENTUALLY(({
		ssize_t n = read(master, buf + got, sizeof(buf) - 1 - got);
		if (n > 0)
			got += n;
		got >= strlen(text);
	}));
	return got == strlen(text) && !memcmp(buf, text, got);
}

static void group_ptmx(void)
{
	int number = -1, unlock = 0, lock = 1, value = 0;
	struct stat st;

	int fd = ROW_OK("open", sys(SYS_open, "/dev/ptmx", O_RDWR | O_NOCTTY));
	ROW("number", sys(SYS_ioctl, fd, TIOCGPTN, &number), 0);
	const char *name = strcpy(buf, named("/dev/pts/%d", number));
	ROW("lock_get", ({
		    sys(SYS_ioctl, fd, TIOCGPTLCK, &value);
		    value;
	    }),
	    1);
	ROW("locked", sys(SYS_open, name, O_RDWR | O_NOCTTY), -EIO);
	ROW("unlock", sys(SYS_ioctl, fd, TIOCSPTLCK, &unlock), 0);
	ROWS_EFAULT("number", 4, sys(SYS_ioctl, fd, TIOCGPTN, p));
	ROWS_EFAULT("unlock", 4, sys(SYS_ioctl, fd, TIOCSPTLCK, p));
	stat(name, &st);
	ROW("slave_is_char", st.st_mode & S_IFMT, S_IFCHR);
	ROW("slave_major", st.st_rdev >> 8 & 0xfff, 136);
	ROW("slave_owner", st.st_uid, 0);
	int tty = ROW_OK("open_slave", sys(SYS_open, name, O_RDWR | O_NOCTTY));
	ROW("number_on_slave", sys(SYS_ioctl, tty, TIOCGPTN, &number), -ENOTTY);
	int second = MUST(open("/dev/ptmx", O_RDWR | O_NOCTTY)), other;
	ioctl(second, TIOCGPTN, &other);
	ROW_TRUE("second_differs", other != number);
	int peer = ROW_OK("peer", sys(SYS_ioctl, fd, TIOCGPTPEER, O_RDWR | O_NOCTTY));
	struct stat st2;
	fstat(tty, &st);
	fstat(peer, &st2);
	ROW("peer_same", st2.st_rdev, st.st_rdev);
	close(fd);
	ROW_TRUE("slave_name_gone", access(name, F_OK) < 0);
	sys(SYS_ioctl, second, TIOCSPTLCK, &lock);
	ROW("lock_again",
	    sys(SYS_open, strcpy(buf, named("/dev/pts/%d", other)), O_RDWR | O_NOCTTY), -EIO);
	ROW("seek", sys(SYS_lseek, tty, 0, SEEK_SET), -ESPIPE);
}

static void group_termios(void)
{
	struct termios t, back;

	open_pair();
	ROWS_POINTER("get", sizeof(t), sys(SYS_ioctl, slave, TCGETS, p), 0);
	ROWS_EFAULT("set", sizeof(t), sys(SYS_ioctl, slave, TCSETS, p));
	t = get();
	ROW("iflag", t.c_iflag, ICRNL | IXON);
	ROW("oflag", t.c_oflag, OPOST | ONLCR);
	ROW("cflag", t.c_cflag, B38400 | CS8 | CREAD);
	ROW("lflag", t.c_lflag, ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN);
	static const unsigned char keys[] = { 3,  28, 127, 21, 4,  0,  1,  0,
					      17, 19, 26,  0,  18, 15, 23, 22 };
	ROW("keys", memcmp(t.c_cc, keys, sizeof(keys)), 0);
	t.c_lflag &= ~ECHO;
	t.c_cc[VINTR] = 7;
	ROW("set", sys(SYS_ioctl, slave, TCSETS, &t), 0);
	back = get();
	ROW_TRUE("set_get", back.c_lflag == t.c_lflag && back.c_cc[VINTR] == 7);
	ROW("by_master", sys(SYS_ioctl, master, TCGETS, &back), 0);
	ROW("by_master_same", back.c_lflag, t.c_lflag);
	ROW("set_wait", sys(SYS_ioctl, slave, TCSETSW, &t), 0);
	/* Its echo tells that it has come through the buffer between the ends. */
	change(0, ECHO);
	type("lost");
	ROW_TRUE("echo", shows("lost"));
	ROW("set_flush", sys(SYS_ioctl, slave, TCSETSF, &t), 0);
	type("kept\n");
	ROW_TRUE("set_flush_flushes", reads("kept\n"));
	ROW("bad_command", sys(SYS_ioctl, slave, 0x54ff, &t), -ENOTTY);
	ROW("drain", sys(SYS_ioctl, slave, TCSBRK, 1), 0);
	ROW("flush_bad", sys(SYS_ioctl, slave, TCFLSH, 9), -EINVAL);
	ROW("flow_bad", sys(SYS_ioctl, slave, TCXONC, 9), -EINVAL);
	int line = -1;
	ROW("line_discipline", ({
		    sys(SYS_ioctl, slave, TIOCGETD, &line);
		    line;
	    }),
	    0);
	struct termios2 t2;
	ROW("termios2", sys(SYS_ioctl, slave, TCGETS2, &t2), 0);
	ROW("termios2_speed", t2.c_ospeed, 38400);
}

static void group_fixed_termios(void)
{
	struct termios t, none = { 0 }, some = { .c_iflag = IXON, .c_lflag = ECHO };

	open_pair();
	some.c_cc[VINTR] = 1;
	ROWS_POINTER("get", sizeof(t), sys(SYS_ioctl, slave, TIOCGLCKTRMIOS, p), 0);
	ROWS_EFAULT("set", sizeof(t), sys(SYS_ioctl, slave, TIOCSLCKTRMIOS, p));
	ROW_AS(USER, "set_user", sys(SYS_ioctl, slave, TIOCSLCKTRMIOS, &some), -EPERM);
	ROW("get_user", CHILD(become(USER); _exit(sys(SYS_ioctl, slave, TIOCGLCKTRMIOS, &t))), 0);
	ROW("set", sys(SYS_ioctl, slave, TIOCSLCKTRMIOS, &some), 0);
	ROW("by_master", (sys(SYS_ioctl, master, TIOCGLCKTRMIOS, &t), t.c_lflag), ECHO);
	t = get();
	t.c_iflag &= ~(IXON | ICRNL);
	t.c_lflag &= ~(ECHO | ISIG);
	t.c_cc[VINTR] = 7;
	t.c_cc[VQUIT] = 8;
	ROW("change", sys(SYS_ioctl, slave, TCSETS, &t), 0);
	t = get();
	ROW("iflag", t.c_iflag & (IXON | ICRNL), IXON);
	ROW("lflag", t.c_lflag & (ECHO | ISIG), ECHO);
	ROW("key", t.c_cc[VINTR], 3);
	ROW("key_free", t.c_cc[VQUIT], 8);
	ROW("set_none", sys(SYS_ioctl, slave, TIOCSLCKTRMIOS, &none), 0);
	t.c_lflag &= ~ECHO;
	ROW("change_all", (set(&t), get().c_lflag & ECHO), 0);
}

static void group_canonical(void)
{
	open_pair();
	change(ECHO, 0);
	type("line one\nli");
	ROW_TRUE("whole_line", reads("line one\n"));
	ROW_TRUE("half_line_waits", !reads("x") && errno == EAGAIN);
	type("ne two\nthree\n");
	ROW_TRUE("one_line_a_read", reads("line two\n"));
	ROW_TRUE("then_the_next", reads("three\n"));
	type("abcd\177\177x\n");
	ROW_TRUE("erase", reads("abx\n"));
	type("a\177\177\177b\n");
	ROW_TRUE("erase_past_start", reads("b\n"));
	type("gone\025kept\n");
	ROW_TRUE("kill", reads("kept\n"));
	type("one two \027three\n");
	ROW_TRUE("word_erase", reads("one three\n"));
	type("a\026\003b\n");
	ROW_TRUE("literal_next", reads("a\003b\n"));
	type("cr\r");
	ROW_TRUE("cr_is_nl", reads("cr\n"));
	type("no newline\004");
	ROW_TRUE("eof_passes_line", reads("no newline"));
	type("\004");
	sleep_ms(20);
	ROW("eof_alone", read(slave, buf, 10), 0);
	type("partial read\n");
	EVENTUALLY(({
		int n;
		ioctl(slave, FIONREAD, &n);
		n == 13;
	}));
	ROW("small_read", read(slave, buf, 7), 7);
	ROW("small_read_rest", read(slave, buf, 100), 6);
	struct termios t = get();
	t.c_cc[VEOL] = ';';
	set(&t);
	type("a;b\n");
	ROW_TRUE("extra_end_of_line", reads("a;"));
	ROW_TRUE("extra_rest", reads("b\n"));
	/* 4095 characters of a line are kept, and its end. */
	char line[5001];
	memset(line, 'q', 5000);
	line[5000] = 0;
	for (int i = 0; i < 5000; i += 500) {
		char piece[501];

		memcpy(piece, line, 500);
		piece[500] = 0;
		type(piece);
		sleep_ms(2);
	}
	type("\n");
	EVENTUALLY(({
		int n;
		ioctl(slave, FIONREAD, &n);
		n == 4096;
	}));
	ROW("long_line", read(slave, buf, sizeof(buf)), 4096);
	ROW("long_line_ends", buf[4095], '\n');
	/* Lines that end where there is no room: all come, in order. The writer waits for room. */
	line[4999] = '\n';
	MUST(fcntl(master, F_SETFL, O_RDWR));
	pid_t writer = SPAWN(write(master, line, 5000); write(master, "\n\nend\n", 6); _exit(0));
	ROW("full_line", read(slave, buf, sizeof(buf)), 4096);
	ROW("full_line_ends", buf[4095], '\n');
	ROW("empty_line", read(slave, buf, sizeof(buf)), 1);
	ROW("empty_line_again", read(slave, buf, sizeof(buf)), 1);
	ROW("line_after", read(slave, buf, sizeof(buf)), 4);
	wait_status(writer);
	MUST(fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK));
	ROW("read_efault", ({
		    type("x\n");
		    sleep_ms(20);
		    sys(SYS_read, slave, edge, 10);
	    }),
	    -EFAULT);
	ROW("write_efault", sys(SYS_write, slave, edge, 10), -EFAULT);
}

static void group_echo(void)
{
	open_pair();
	type("ab\n");
	ROW_TRUE("plain", shows("ab\r\n"));
	type("xy\177");
	ROW_TRUE("erase", shows("xy\b \b"));
	type("\001");
	ROW_TRUE("control", shows("^A"));
	type("\177\177");
	ROW_TRUE("erase_control", shows("\b \b\b \b\b \b"));
	type("abc\025");
	ROW_TRUE("kill", shows("abc\b \b\b \b\b \b"));
	type("hi\022");
	ROW_TRUE("reprint", shows("hi^R\r\nhi"));
	type("\t\177");
	ROW_TRUE("erase_tab", shows("\t\b\b\b\b\b\b"));
	type("\n");
	shows("\r\n");
	change(ECHO, ECHONL);
	type("zz\n");
	ROW_TRUE("only_newline", shows("\r\n"));
	change(ECHONL | ICANON, ECHO);
	type("\003q");
	ROW_TRUE("interrupt_echo", shows("^Cq"));
	write(slave, "out\n", 4);
	ROW_TRUE("output_newline", shows("out\r\n"));
	struct termios t = get();
	t.c_oflag = 0;
	set(&t);
	write(slave, "out\n", 4);
	ROW_TRUE("output_raw", shows("out\n"));
	t.c_oflag = OPOST | OLCUC | OCRNL;
	set(&t);
	write(slave, "Up\r", 3);
	ROW_TRUE("output_upper", shows("UP\n"));
	t.c_oflag = OPOST | ONLCR | XTABS;
	set(&t);
	write(slave, "\ra\tb", 4);
	ROW_TRUE("output_tabs", shows("\ra       b"));
}

static void group_raw(void)
{
	open_pair();
	raw_mode(1, 0);
	type("a\003\r\177");
	ROW_TRUE("as_typed", reads("a\003\r\177"));
	ROW("no_echo", ({
		    sleep_ms(10);
		    sys(SYS_read, master, buf, 10);
	    }),
	    -EAGAIN);
	raw_mode(0, 0);
	ROW("min_0_time_0", sys(SYS_read, slave, buf, 10), 0);
	raw_mode(0, 1);
	int64_t start = now_ns(CLOCK_MONOTONIC);
	ROW("min_0_time_1", sys(SYS_read, slave, buf, 10), 0);
	ROW_TRUE("min_0_time_1_waits", now_ns(CLOCK_MONOTONIC) - start >= 90000000);
	MUST(fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK));
	ROW("min_0_time_1_nonblock", sys(SYS_read, slave, buf, 10), -EAGAIN);
	raw_mode(0, 0);
	ROW("min_0_time_0_nonblock", sys(SYS_read, slave, buf, 10), 0);
	MUST(fcntl(slave, F_SETFL, O_RDWR));
	raw_mode(3, 0);
	pid_t pid = SPAWN(_exit(read(slave, buf, 10)));
	until_state(pid, 'S');
	type("ab");
	sleep_ms(30);
	ROW_TRUE("min_3_waits", until_state(pid, 'S'));
	type("c");
	ROW("min_3", wait_status(pid), EXITED(3));
	raw_mode(10, 1);
	type("ab");
	ROW("time_between", sys(SYS_read, slave, buf, 10), 2);
	struct termios t = get();
	t.c_iflag = ISTRIP | INLCR | IUCLC;
	t.c_lflag = IEXTEN;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	set(&t);
	type("\xc1"
	     "A\n");
	ROW_TRUE("input_flags", reads("aa\r"));
	t.c_iflag = IGNCR;
	set(&t);
	type("a\rb");
	ROW_TRUE("ignore_cr", reads("ab"));
	/* Back to canonical mode: what is there counts as a line of its own. */
	raw_mode(1, 0);
	struct pollfd pfd = { .fd = slave, .events = POLLIN };
	ROW("poll_empty", sys(SYS_poll, &pfd, 1, 0), 0);
	type("x");
	ROW("poll_wakes", sys(SYS_poll, &pfd, 1, 5000), 1);
	ROW_TRUE("poll_data", reads("x"));
	int n = -1;
	type("12345");
	ROW_TRUE("fionread", EVENTUALLY((ioctl(slave, FIONREAD, &n), n == 5)));
	ROW("flush_input", sys(SYS_ioctl, slave, TCFLSH, 0), 0);
	ROW("flushed", ({
		    ioctl(slave, FIONREAD, &n);
		    n;
	    }),
	    0);
	/* Nobody needs to ask the master to stop: it is made to wait. */
	t = get();
	t.c_iflag = IXOFF;
	set(&t);
	memset(buf, 'i', 4000);
	MUST(write(master, buf, 4000));
	ROW_TRUE("nearly_full", EVENTUALLY((ioctl(slave, FIONREAD, &n), n == 4000)));
	ROW("no_stop_key", sys(SYS_read, master, buf, 10), -EAGAIN);
	MUST(ioctl(slave, TCFLSH, 0));
	ROW("no_start_key", sys(SYS_read, master, buf, 10), -EAGAIN);
	char c = 'i';
	ROW("simulated_input", sys(SYS_ioctl, slave, TIOCSTI, &c), 0);
	ROW_TRUE("simulated_seen", reads("i"));
}

static void group_packets_and_flow(void)
{
	int on = 1, off = 0;

	open_pair();
	change(ECHO, 0);
	ROW("packet_mode", sys(SYS_ioctl, master, TIOCPKT, &on), 0);
	write(slave, "d", 1);
	EVENTUALLY(read(master, buf, 10) == 2);
	ROW_TRUE("packet_data", buf[0] == 0 && buf[1] == 'd');
	ROW("packet_flush", sys(SYS_ioctl, slave, TCFLSH, 0), 0);
	ROW("packet_control", ({
		    sys(SYS_read, master, buf, 10);
		    buf[0] & 1;
	    }),
	    1);
	sys(SYS_ioctl, master, TIOCPKT, &off);
	/* ^S holds output back, ^Q lets it go. */
	type("\023z\n");
	ROW_TRUE("flow_key_comes", reads("z\n"));
	pid_t pid = SPAWN(write(slave, "held", 4));
	sleep_ms(50);
	ROW("stopped", sys(SYS_read, master, buf, 10), -EAGAIN);
	type("\021");
	ROW_TRUE("started", shows("held"));
	wait_status(pid);
	ROW("tcooff", sys(SYS_ioctl, slave, TCXONC, 0), 0);
	pid = SPAWN(write(slave, "more", 4));
	sleep_ms(50);
	ROW("tcooff_stops", sys(SYS_read, master, buf, 10), -EAGAIN);
	ROW("tcoon", sys(SYS_ioctl, slave, TCXONC, 1), 0);
	ROW_TRUE("tcoon_starts", shows("more"));
	wait_status(pid);
	/* What a program stopped no key starts; what a key stopped no program. */
	MUST(fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK));
	ioctl(slave, TCXONC, TCOOFF);
	type("\021a\n");
	ROW_TRUE("key_after_tcooff", reads("a\n"));
	ROW("key_does_not_start", sys(SYS_write, slave, "x", 1), -EAGAIN);
	ioctl(slave, TCXONC, TCOON);
	ROW("tcoon_does", sys(SYS_write, slave, "x", 1), 1);
	type("\023b\n");
	ROW_TRUE("key_stops", reads("b\n"));
	ioctl(slave, TCXONC, TCOON);
	ROW("tcoon_does_not_start", sys(SYS_write, slave, "y", 1), -EAGAIN);
	ioctl(slave, TCXONC, TCOOFF);
	ioctl(slave, TCXONC, TCOON);
	ROW("both_do", sys(SYS_write, slave, "z", 1), 1);
	ROW_TRUE("only_these", shows("xz"));
	MUST(fcntl(slave, F_SETFL, O_RDWR));
	/* A writer waits where nobody reads, and goes on. */
	pid = SPAWN({
		static char much[100000];
		memset(much, 'm', sizeof(much));
		_exit(write(slave, much, sizeof(much)) == sizeof(much) ? 0 : 1);
	});
	ROW_TRUE("writer_waits", until_state(pid, 'S'));
	long total = 0;
	ROW_TRUE("writer_all", EVENTUALLY(({
			 ssize_t n;
			 while ((n = read(master, buf, sizeof(buf))) > 0)
				 total += n;
			 total >= 100000;
		 })));
	ROW("writer_total", total, 100000);
	ROW("writer_ends", wait_status(pid), 0);
	int queued = -1;
	ROW("output_queue", ({
		    ioctl(slave, TIOCOUTQ, &queued);
		    queued;
	    }),
	    0);
	/* What the master has yet to read has left the slave. */
	MUST(write(slave, "unread", 6));
	ROW("unread", ({
		    ioctl(slave, TIOCOUTQ, &queued);
		    queued;
	    }),
	    0);
	pid = SPAWN({
		struct termios t;
		_exit(ioctl(slave, TCSBRK, 1) || ioctl(slave, TCGETS, &t) ||
		      ioctl(slave, TCSETSW, &t));
	});
	ROW("drain_unread", wait_status(pid), 0);
	ROW_TRUE("unread_stays", shows("unread"));
	ROW("exclusive", sys(SYS_ioctl, slave, TIOCEXCL, 0), 0);
	int number;
	ioctl(master, TIOCGPTN, &number);
	ROW_AS(USER, "exclusive_open",
	       sys(SYS_open, named("/dev/pts/%d", number), O_RDWR | O_NOCTTY) < 0, 1);
	ROW("not_exclusive", sys(SYS_ioctl, slave, TIOCNXCL, 0), 0);
}

/* The status byte that the master reads next in packet mode; -errno, or 0x100 for data. */
static int packet_status(void)
{
	unsigned char got[16];
	ssize_t n;

	EVENTUALLY((n = sys(SYS_read, master, got, sizeof(got))) != -EAGAIN);
	return n < 0 ? (int)n : n > 1 ? 0x100 : got[0];
}

static bool silent(void)
{
	struct pollfd pfd = { .fd = master, .events = POLLIN | POLLPRI };

	return poll(&pfd, 1, 0) == 0;
}

static void group_packet_status(void)
{
	struct pollfd pfd = { .fd = -1, .events = POLLIN | POLLPRI };
	int on = 1, off = 0, value = -1;
	struct termios t;

	open_pair();
	change(ECHO, 0);
	pfd.fd = master;
	ROWS_EFAULT("set", 4, sys(SYS_ioctl, master, TIOCPKT, p));
	ROW("on_slave", sys(SYS_ioctl, slave, TIOCPKT, &on), -ENOTTY);
	ROW("get_on_slave", sys(SYS_ioctl, slave, TIOCGPKT, &value), -ENOTTY);
	ROW("get", (sys(SYS_ioctl, master, TIOCGPKT, &value), value), 0);
	/* What happened before does not count. */
	ioctl(slave, TCFLSH, TCIFLUSH);
	ROW("set", sys(SYS_ioctl, master, TIOCPKT, &on), 0);
	ROW("get_set", (sys(SYS_ioctl, master, TIOCGPKT, &value), value), 1);
	ROW_TRUE("nothing_yet", silent());
	ioctl(slave, TCFLSH, TCIFLUSH);
	ROW("poll", (sys(SYS_poll, &pfd, 1, 0), pfd.revents), POLLIN | POLLPRI);
	ROW("flush_read", packet_status(), TIOCPKT_FLUSHREAD);
	ioctl(slave, TCFLSH, TCOFLUSH);
	ROW("flush_write", packet_status(), TIOCPKT_FLUSHWRITE);
	ioctl(slave, TCFLSH, TCIOFLUSH);
	ROW("flush_both", packet_status(), TIOCPKT_FLUSHREAD | TIOCPKT_FLUSHWRITE);
	ioctl(slave, TCXONC, TCOOFF);
	ROW("stop", packet_status(), TIOCPKT_STOP);
	ioctl(slave, TCXONC, TCOON);
	ROW("start", packet_status(), TIOCPKT_START);
	ioctl(slave, TCXONC, TCOOFF);
	ioctl(slave, TCXONC, TCOON);
	ROW("last_counts", packet_status(), TIOCPKT_START);
	t = get();
	t.c_iflag &= ~IXON;
	set(&t);
	ROW("no_stop", packet_status(), TIOCPKT_NOSTOP);
	t.c_iflag |= IXON;
	set(&t);
	ROW("do_stop", packet_status(), TIOCPKT_DOSTOP);
	t.c_cc[VSTOP] = 1;
	set(&t);
	ROW("other_key", packet_status(), TIOCPKT_NOSTOP);
	t.c_cc[VSTOP] = 023;
	set(&t);
	ROW("usual_key", packet_status(), TIOCPKT_DOSTOP);
	set(&t);
	ROW_TRUE("no_change", silent());
	sys(SYS_ioctl, slave, TCSETSF, &t);
	ROW("set_flush", packet_status(), TIOCPKT_FLUSHREAD);
	MUST(ioctl(slave, TIOCSCTTY, 0));
	catch (SIGINT);
	type("\003");
	ROW_TRUE("interrupt", EVENTUALLY(caught == SIGINT));
	ROW("interrupt_flushes", packet_status() & 3, TIOCPKT_FLUSHREAD | TIOCPKT_FLUSHWRITE);
	/* The status goes before what was written earlier, and says nothing of data. */
	write(slave, "ab", 2);
	EVENTUALLY(!silent());
	ioctl(slave, TCFLSH, TCIFLUSH);
	ROW("status_first", packet_status(), TIOCPKT_FLUSHREAD);
	ROW("then_data", packet_status(), 0x100);
	write(slave, "ab", 2);
	EVENTUALLY(!silent());
	ROW("one_byte", sys(SYS_read, master, buf, 1), 1);
	ROW("one_byte_header", buf[0], TIOCPKT_DATA);
	ROW("two_bytes", sys(SYS_read, master, buf, 2), 2);
	ROW("rest", sys(SYS_read, master, buf, 9), 2);
	/* EXTPROC: the other side edits lines; it hears of every change. */
	t.c_lflag |= EXTPROC;
	set(&t);
	ROW("extproc", packet_status(), TIOCPKT_IOCTL);
	type("a\177\003\r");
	ROW_TRUE("extproc_as_typed", reads("a\177\003\r"));
	t.c_cc[VEOL] = 'e';
	set(&t);
	ROW("extproc_change", packet_status(), TIOCPKT_IOCTL);
	t.c_lflag &= ~EXTPROC;
	set(&t);
	ROW("extproc_off", packet_status(), TIOCPKT_IOCTL);
	type("a\177b\n");
	ROW_TRUE("extproc_off_edits", reads("b\n"));
	ROW("clear", sys(SYS_ioctl, master, TIOCPKT, &off), 0);
	ioctl(slave, TCFLSH, TCIFLUSH);
	ROW("cleared", sys(SYS_read, master, buf, 10), -EAGAIN);
}

/* TIOCSTI, TIOCVHANGUP, exclusive use. */
static void group_policy(void)
{
	int value = -1;
	char c = 's', name[32];

	open_pair();
	raw_mode(1, 0);
	strcpy(name, named("/dev/pts/%d", number_of(master)));
	chmod(name, 0666);
	ROWS_EFAULT("simulate", 1, sys(SYS_ioctl, slave, TIOCSTI, p));
	ROW_AS(USER, "simulate_foreign", sys(SYS_ioctl, slave, TIOCSTI, &c), -EPERM);
	ROW_AS(USER, "simulate_own", ({
		       setsid();
		       ioctl(slave, TIOCSCTTY, 0);
		       sys(SYS_ioctl, slave, TIOCSTI, &c);
	       }),
	       0);
	ROW_TRUE("simulated", reads("s"));
	ROW("simulate_privileged", sys(SYS_ioctl, slave, TIOCSTI, &c), 0);
	ROW_TRUE("simulated_privileged", reads("s"));
	ROW("simulate_master", sys(SYS_ioctl, master, TIOCSTI, &c), 0);
	ROW_TRUE("simulated_master", shows("s"));
	ROW_AS(USER, "simulate_master_user", sys(SYS_ioctl, master, TIOCSTI, &c), -EPERM);
	ROWS_EFAULT("get_exclusive", 4, sys(SYS_ioctl, slave, TIOCGEXCL, p));
	ROW("not_exclusive", (sys(SYS_ioctl, slave, TIOCGEXCL, &value), value), 0);
	ROW("exclusive", sys(SYS_ioctl, slave, TIOCEXCL), 0);
	ROW("is_exclusive", (sys(SYS_ioctl, slave, TIOCGEXCL, &value), value), 1);
	ROW_AS(USER, "exclusive_open", sys(SYS_open, name, O_RDWR | O_NOCTTY), -EBUSY);
	ROW_OK("exclusive_open_root", sys(SYS_open, name, O_RDWR | O_NOCTTY));
	ROW("shared", sys(SYS_ioctl, slave, TIOCNXCL), 0);
	ROW_AS(USER, "shared_open", sys(SYS_open, name, O_RDWR | O_NOCTTY) >= 0, 1);
	ROWS_EFAULT("get_lock", 4, sys(SYS_ioctl, master, TIOCGPTLCK, p));
	ROW("lock_on_slave", sys(SYS_ioctl, slave, TIOCSPTLCK, &value), -ENOTTY);
	ROW("get_lock_on_slave", sys(SYS_ioctl, slave, TIOCGPTLCK, &value), -ENOTTY);
	ROW_AS(USER, "vhangup_user", sys(SYS_vhangup), -EPERM);
	ROW_AS(USER, "hangup_user", sys(SYS_ioctl, slave, TIOCVHANGUP), -EPERM);
	ROW("hangup", sys(SYS_ioctl, slave, TIOCVHANGUP), 0);
	ROW("hung_read", sys(SYS_read, slave, buf, 1), 0);
	ROW("hung_write", sys(SYS_write, slave, "x", 1), -EIO);
	ROW("hung_ioctl", sys(SYS_ioctl, slave, TIOCGEXCL, &value), -EIO);
	ROW_OK("open_anew", sys(SYS_open, name, O_RDWR | O_NOCTTY));
	ROW("vhangup_none", CHILD(setsid(); _exit(sys(SYS_vhangup))), 0);
	ROW("hangup_master", sys(SYS_ioctl, master, TIOCVHANGUP), 0);
	ROW("hung_master", sys(SYS_write, master, "x", 1), -EIO);
}

/* How much a master may write that nobody reads. */
static void group_master_room(void)
{
	static char much[65536];
	long total = 0;

	open_pair();
	raw_mode(1, 0);
	memset(much, 'r', sizeof(much));
	ROW_TRUE("first", sys(SYS_write, master, much, 8000) == 8000);
	/* Some of it goes on to the slave's discipline and makes room. */
	ROW_TRUE("takes", EVENTUALLY(({
			 ssize_t n = write(master, much, 1000);
			 total += n > 0 ? n : 0;
			 total >= 4000;
		 })));
	int full = 0; /* times in a row: the discipline may still be taking some */
	ROW_TRUE("has_an_end", EVENTUALLY(({
			 full = sys(SYS_write, master, much, sizeof(much)) == -EAGAIN ? full + 1
										      : 0;
			 full == 5;
		 })));
	struct pollfd pfd = { .fd = master, .events = POLLOUT };
	ROW("poll_full", sys(SYS_poll, &pfd, 1, 0), 0);
	MUST(fcntl(master, F_SETFL, O_RDWR));
	pid_t writer = SPAWN(_exit(write(master, "end", 3)));
	ROW_TRUE("writer_waits", until_state(writer, 'S'));
	int left, status = -1;
	ROW_TRUE("writer_goes_on", EVENTUALLY(({
			 while (!ioctl(slave, FIONREAD, &left) && left)
				 read(slave, much, sizeof(much));
			 waitpid(writer, &status, WNOHANG) == writer;
		 })));
	ROW("writer_wrote", status, EXITED(3));
	/* Lines: without an end all is taken, and what is too long is dropped. */
	close(master);
	close(slave);
	open_pair();
	memset(much, 'l', sizeof(much));
	change(ECHO, 0);
	total = 0;
	ROW_TRUE("line_all_taken", EVENTUALLY(({
			 ssize_t n = write(master, much, sizeof(much));
			 total += n > 0 ? n : 0;
			 total >= 100000;
		 })));
	ROW_TRUE("line_end", EVENTUALLY(write(master, "\n", 1) == 1));
	ROW("line_kept", read(slave, much, sizeof(much)), 4096);
}

static void group_window(void)
{
	struct window size = { 40, 120, 1, 2 }, got;

	open_pair();
	ROWS_POINTER("get", sizeof(size), sys(SYS_ioctl, slave, TIOCGWINSZ, p), 0);
	ROWS_EFAULT("set", sizeof(size), sys(SYS_ioctl, slave, TIOCSWINSZ, p));
	ROW("get", sys(SYS_ioctl, slave, TIOCGWINSZ, &got), 0);
	ROW("initial", got.rows + got.cols, 0);
	ROW("set", sys(SYS_ioctl, master, TIOCSWINSZ, &size), 0);
	ioctl(slave, TIOCGWINSZ, &got);
	ROW_TRUE("set_get", !memcmp(&got, &size, sizeof(size)));
	/* The foreground group hears of a change, and only of a change. */
	MUST(ioctl(slave, TIOCSCTTY, 0));
	catch (SIGWINCH);
	ioctl(master, TIOCSWINSZ, &size);
	sleep_ms(10);
	ROW("same_no_signal", caught, 0);
	size.rows = 41;
	ioctl(master, TIOCSWINSZ, &size);
	ROW_TRUE("signal", EVENTUALLY(caught == SIGWINCH));
}

static void group_controlling(void)
{
	pid_t me = getpid(), pgrp = 0, sid = 0;
	int number;

	open_pair();
	ioctl(master, TIOCGPTN, &number);
	const char *name = strcpy(buf + 4096, named("/dev/pts/%d", number));
	ROW("none_dev_tty", sys(SYS_open, "/dev/tty", O_RDWR), -ENXIO);
	ROW("none_tcgetpgrp", sys(SYS_ioctl, slave, TIOCGPGRP, &pgrp), -ENOTTY);
	CHILD(ROW("not_leader", sys(SYS_ioctl, slave, TIOCSCTTY, 0), -EPERM));
	ROW("set", sys(SYS_ioctl, slave, TIOCSCTTY, 0), 0);
	ROW("set_again", sys(SYS_ioctl, slave, TIOCSCTTY, 0), 0);
	int tty = ROW_OK("dev_tty", sys(SYS_open, "/dev/tty", O_RDWR));
	struct stat st;
	fstat(tty, &st);
	ROW("dev_tty_is", st.st_rdev, 0x500);
	ROW("session", sys(SYS_ioctl, slave, TIOCGSID, &sid), 0);
	ROW("session_is", sid, me);
	ROW("foreground", sys(SYS_ioctl, slave, TIOCGPGRP, &pgrp), 0);
	ROW("foreground_is", pgrp, me);
	ROW("foreground_by_master", ({
		    ioctl(master, TIOCGPGRP, &pgrp);
		    pgrp;
	    }),
	    me);
	ROWS_EFAULT("foreground", 4, sys(SYS_ioctl, slave, TIOCGPGRP, p));
	ROWS_EFAULT("set_foreground", 4, sys(SYS_ioctl, slave, TIOCSPGRP, p));
	pid_t pid = SPAWN(setpgid(0, 0); pause());
	setpgid(pid, pid);
	ROW("set_foreground", sys(SYS_ioctl, slave, TIOCSPGRP, &pid), 0);
	ioctl(slave, TIOCGPGRP, &pgrp);
	ROW("set_foreground_is", pgrp, pid);
	/* We are in the background now. */
	pgrp = -5;
	signal(SIGTTOU, SIG_IGN);
	ROW("set_negative", sys(SYS_ioctl, slave, TIOCSPGRP, &pgrp), -EINVAL);
	pgrp = 99999;
	ROW("set_missing", sys(SYS_ioctl, slave, TIOCSPGRP, &pgrp), -ESRCH);
	pgrp = 1;
	ROW("set_other_session", sys(SYS_ioctl, slave, TIOCSPGRP, &pgrp), -EPERM);
	kill(pid, SIGKILL);
	ROW("back", sys(SYS_ioctl, slave, TIOCSPGRP, &me), 0);
	/* Another session can neither have it nor steal it without privilege. */
	CHILD(setsid(); ROW("taken", sys(SYS_ioctl, slave, TIOCSCTTY, 0), -EPERM);
	      ROW_AS(USER, "steal_unprivileged", ({
			     setsid();
			     sys(SYS_ioctl, slave, TIOCSCTTY, 1);
		     }),
		     -EPERM));
	CHILD(setsid(); ROW("other_session_dev_tty", sys(SYS_open, "/dev/tty", O_RDWR), -ENXIO));
	CHILD(ROW_OK("inherited", sys(SYS_open, "/dev/tty", O_RDWR)));
	/* A leader without one that opens a terminal gets it, unless it says O_NOCTTY. */
	open_pair();
	ioctl(master, TIOCGPTN, &number);
	name = strcpy(buf + 4096, named("/dev/pts/%d", number));
	CHILD(setsid(); open(name, O_RDWR | O_NOCTTY);
	      ROW("open_noctty", sys(SYS_open, "/dev/tty", O_RDWR), -ENXIO); open(name, O_RDWR);
	      ROW_OK("open_takes", sys(SYS_open, "/dev/tty", O_RDWR)));
	/* Giving it up sends SIGHUP and SIGCONT to the foreground group. */
	catch (SIGHUP);
	ROW("give_up", sys(SYS_ioctl, tty, TIOCNOTTY), 0);
	ROW("give_up_hup", caught, SIGHUP);
	ROW("gave_up", sys(SYS_open, "/dev/tty", O_RDWR), -ENXIO);
}

static void group_keys(void)
{
	static const struct {
		const char *name, *key;
		int sig;
	} keys[] = { { "interrupt", "\003", SIGINT },
		     { "quit", "\034", SIGQUIT },
		     { "suspend", "\032", SIGTSTP } };

	open_pair();
	MUST(ioctl(slave, TIOCSCTTY, 0));
	for (unsigned i = 0; i < LENGTH(keys); i++) {
		catch (keys[i].sig);
		type("lost");
		type(keys[i].key);
		ROW_TRUE(keys[i].name, EVENTUALLY(caught == keys[i].sig));
		type("kept\n");
		ROW_TRUE(named("%s_flushes", keys[i].name), reads("kept\n"));
		signal(keys[i].sig, SIG_DFL);
	}
	change(0, NOFLSH);
	catch (SIGINT);
	type("ab\003c\n");
	EVENTUALLY(caught);
	ROW_TRUE("noflsh", reads("abc\n"));
	change(ISIG, 0);
	catch (SIGINT);
	type("a\003\n");
	ROW_TRUE("isig_off", reads("a\003\n") && !caught);
	change(0, ISIG);
	struct termios t = get();
	t.c_cc[VINTR] = 0; /* _POSIX_VDISABLE */
	set(&t);
	type("a\003\n");
	ROW_TRUE("disabled_key", reads("a\003\n") && !caught);
	/* A whole group in the foreground, none in the background. */
	t.c_cc[VINTR] = 3;
	set(&t);
	signal(SIGTTOU, SIG_IGN);
	signal(SIGINT, SIG_DFL);
	pid_t pid = SPAWN(setpgid(0, 0); pause());
	setpgid(pid, pid);
	pid_t two = SPAWN(setpgid(0, pid); pause());
	setpgid(two, pid);
	ioctl(slave, TIOCSPGRP, &pid);
	type("\003");
	ROW("group_first", wait_status(pid), KILLED(SIGINT));
	ROW("group_second", wait_status(two), KILLED(SIGINT));
	catch (SIGQUIT);
	pid_t me = getpid();
	ioctl(slave, TIOCSPGRP, &me);
	ROW("tiocsig", sys(SYS_ioctl, master, TIOCSIG, SIGQUIT), 0);
	ROW("tiocsig_other", sys(SYS_ioctl, master, TIOCSIG, SIGUSR1), -EINVAL);
	ROW_TRUE("tiocsig_arrives", EVENTUALLY(caught == SIGQUIT));
}

static void group_job_control(void)
{
	int status;

	open_pair();
	MUST(ioctl(slave, TIOCSCTTY, 0));
	pid_t pid = SPAWN(setpgid(0, 0); _exit(read(slave, buf, 10)));
	setpgid(pid, pid);
	ROW("background_read", ({
		    waitpid(pid, &status, WUNTRACED);
		    status;
	    }),
	    0x7f | SIGTTIN << 8);
	signal(SIGTTOU, SIG_IGN);
	ioctl(slave, TIOCSPGRP, &pid);
	type("x\n");
	kill(-pid, SIGCONT);
	ROW("foreground_goes_on", wait_status(pid), EXITED(2));
	pid_t me = getpid();
	ioctl(slave, TIOCSPGRP, &me);
	signal(SIGTTOU, SIG_DFL);
	ROW("background_read_ignored",
	    CHILD(signal(SIGTTIN, SIG_IGN); setpgid(0, 0); _exit(-sys(SYS_read, slave, buf, 10))),
	    EXITED(EIO));
	ROW("background_read_blocked", CHILD({
		    sigset_t s;
		    sigemptyset(&s);
		    sigaddset(&s, SIGTTIN);
		    sigprocmask(SIG_BLOCK, &s, NULL);
		    setpgid(0, 0);
		    _exit(-sys(SYS_read, slave, buf, 10));
	    }),
	    EXITED(EIO));
	ROW("background_write", CHILD(setpgid(0, 0); _exit(write(slave, "w", 1))), EXITED(1));
	change(0, TOSTOP);
	pid = SPAWN(setpgid(0, 0); _exit(write(slave, "w", 1)));
	setpgid(pid, pid);
	ROW("tostop_write", ({
		    waitpid(pid, &status, WUNTRACED);
		    status;
	    }),
	    0x7f | SIGTTOU << 8);
	kill(pid, SIGKILL);
	wait_status(pid);
	ROW("tostop_ignored",
	    CHILD(signal(SIGTTOU, SIG_IGN); setpgid(0, 0); _exit(write(slave, "w", 1))), EXITED(1));
	change(TOSTOP, 0);
	pid = SPAWN(setpgid(0, 0); struct termios t = get();
		    _exit(-sys(SYS_ioctl, slave, TCSETS, &t)));
	setpgid(pid, pid);
	ROW("background_tcset", ({
		    waitpid(pid, &status, WUNTRACED);
		    status;
	    }),
	    0x7f | SIGTTOU << 8);
	kill(pid, SIGKILL);
	wait_status(pid);
	/* In an orphaned group there is nobody to continue it: an error instead. */
	int *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHILD({
		SPAWN({
			setpgid(0, 0);
			EVENTUALLY(getppid() != page[2] && page[2]);
			page[0] = -sys(SYS_read, slave, buf, 10);
			page[3] = -sys(SYS_ioctl, slave, TIOCSPGRP, &me);
			page[1] = 1;
		});
		page[2] = getpid();
	});
	ROW_TRUE("orphan_answers", EVENTUALLY(page[1]));
	ROW("orphan_read", page[0], EIO);
	ROW("orphan_set_group", page[3], ENOTTY);
	ROW("group_pointer_first", CHILD(setsid(); _exit(-sys(SYS_ioctl, slave, TIOCSPGRP, edge))),
	    EXITED(EFAULT));
}

static void group_hang_up(void)
{
	open_pair();
	struct pollfd pfd = { .fd = master, .events = POLLIN };
	close(slave);
	ROW("master_after_slave", sys(SYS_read, master, buf, 10), -EIO);
	ROW("master_poll", ({
		    sys(SYS_poll, &pfd, 1, 0);
		    pfd.revents;
	    }),
	    POLLHUP);
	int number;
	ioctl(master, TIOCGPTN, &number);
	slave = ROW_OK("slave_again",
		       sys(SYS_open, named("/dev/pts/%d", number), O_RDWR | O_NOCTTY));
	ROW("master_open_again", sys(SYS_read, master, buf, 10), -EAGAIN);
	write(slave, "last words", 10);
	close(slave);
	ROW_TRUE("last_words", EVENTUALLY(sys(SYS_read, master, buf, 100) == 10));
	close(master);
	open_pair();
	pid_t reader = SPAWN(close(master); _exit(-sys(SYS_read, slave, buf, 10)));
	until_state(reader, 'S');
	close(master);
	ROW("reader_sees_end", wait_status(reader), EXITED(EIO));
	ROW("slave_read", sys(SYS_read, slave, buf, 10), 0);
	ROW("slave_write", sys(SYS_write, slave, "x", 1), -EIO);
	pfd = (struct pollfd){ .fd = slave, .events = POLLIN | POLLOUT };
	sys(SYS_poll, &pfd, 1, 0);
	ROW("slave_poll", pfd.revents & (POLLHUP | POLLERR), POLLHUP | POLLERR);
	ROW("slave_ioctl", sys(SYS_ioctl, slave, TCGETS, buf), -EIO);
	/* The session's leader hears SIGHUP when its terminal goes. */
	int status = CHILD({
		setsid();
		open_pair();
		ioctl(slave, TIOCSCTTY, 0);
		catch (SIGHUP);
		close(master);
		_exit(EVENTUALLY(caught == SIGHUP) ? 0 : 1);
	});
	ROW("leader_hup", status, 0);
	/* And the foreground group when the leader dies. */
	int ends[2];
	char c;
	pipe(ends);
	pid_t leader = SPAWN({
		setsid();
		open_pair();
		ioctl(slave, TIOCSCTTY, 0);
		pid_t job = SPAWN(close(ends[0]); setpgid(0, 0); for (;;) pause());
		setpgid(job, job);
		ioctl(slave, TIOCSPGRP, &job);
		_exit(0);
	});
	close(ends[1]);
	wait_status(leader);
	ROW("foreground_dies_with_leader", read(ends[0], &c, 1), 0);
	/* vhangup cuts every descriptor of the controlling terminal. */
	status = CHILD({
		setsid();
		open_pair();
		ioctl(slave, TIOCSCTTY, 0);
		signal(SIGHUP, SIG_IGN);
		sys(SYS_vhangup);
		_exit(sys(SYS_write, slave, "x", 1) == -EIO && sys(SYS_read, slave, buf, 1) == 0
			      ? 0
			      : 1);
	});
	ROW("vhangup", status, 0);
}

/* Signals that are blocked and pending: 1 SIGHUP, 2 SIGCONT. */
static int hung_up(void)
{
	sigset_t s;

	sigpending(&s);
	return sigismember(&s, SIGHUP) | sigismember(&s, SIGCONT) << 1;
}

/* A job in the foreground that answers through `answers` each time it is asked through `asks`. */
static pid_t answering_job(int asks[2], int answers[2])
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGHUP);
	sigaddset(&s, SIGCONT);
	sigprocmask(SIG_BLOCK, &s, NULL);
	pid_t job = SPAWN({
		char c;

		setpgid(0, 0);
		close(master);
		close(asks[1]);
		while (read(asks[0], &c, 1) == 1) {
			if (c == 'w')
				EVENTUALLY(hung_up() == 3);
			c = (char)hung_up();
			write(answers[1], &c, 1);
		}
	});
	setpgid(job, job);
	ioctl(slave, TIOCSPGRP, &job);
	return job;
}

static int ask(int asks[2], int answers[2], char what)
{
	char c = -1;

	write(asks[1], &what, 1);
	read(answers[0], &c, 1);
	return c;
}

/* Who is told what when a terminal goes, and when the leader of its session does. */
static void group_told(void)
{
	int asks[2], answers[2];

	MUST(pipe(asks));
	MUST(pipe(answers));
	/* The terminal goes: the leader hears of it, and the job once the leader is gone, too. */
	pid_t leader = SPAWN({
		setsid();
		signal(SIGHUP, SIG_IGN);
		open_pair();
		ioctl(slave, TIOCSCTTY, 0);
		answering_job(asks, answers);
		ROW("before", ask(asks, answers, 'n'), 0);
		close(master);
		ROW("terminal_gone", ask(asks, answers, 'n'), 0);
	});
	wait_status(leader);
	ROW("leader_gone_too", ask(asks, answers, 'w'), 3);
	/* Only the leader goes: nothing was stopped by it. */
	MUST(pipe(asks));
	leader = SPAWN({
		setsid();
		open_pair();
		ioctl(slave, TIOCSCTTY, 0);
		int keeps = MUST(dup(master));
		answering_job(asks, answers);
		MUST(fcntl(keeps, F_SETFD, 0));
		_exit(0);
	});
	wait_status(leader);
	ROW("leader_gone", ask(asks, answers, 'n') & 2, 0);
}

static long number_in(const char *path)
{
	char text[32];

	return slurp(path, text, sizeof(text)) > 0 ? atol(text) : -1;
}

static void set_number(const char *path, long number)
{
	char text[32];
	int fd = MUST(open(path, O_WRONLY));

	if (write(fd, text, (size_t)sprintf(text, "%ld", number)) < 0)
		row("set_number", -errno, 0);
	close(fd);
}

static void group_limit(void)
{
	const char *max = "/proc/sys/kernel/pty/max", *nr = "/proc/sys/kernel/pty/nr";
	long before = number_in(nr), number = -1;

	/* Linux takes its time to give back those of the groups before. */
	for (int same = 0; same < 20; same++) {
		sleep_ms(10);
		if (number_in(nr) != before) {
			before = number_in(nr);
			same = 0;
		}
	}

	ROW("max", number_in(max), 4096);
	int master = MUST(open("/dev/ptmx", O_RDWR));
	ROW("counted", number_in(nr) - before, 1);
	close(master);
	ROW_TRUE("given_back", EVENTUALLY(number_in(nr) == before));
	set_number(max, before);
	ROW("none_left", open("/dev/ptmx", O_RDWR) < 0 ? -errno : 0, -ENOSPC);
	set_number(max, 100000);
	/* Many, each with a number of its own and a name. */
	int fds[200];
	bool distinct = true;
	for (int i = 0; i < 200; i++) {
		int n = -1;

		fds[i] = MUST(open("/dev/ptmx", O_RDWR));
		ioctl(fds[i], TIOCGPTN, &n);
		distinct &= n > number || n < (int)before + 200;
		distinct &= access(named("/dev/pts/%d", n), F_OK) == 0;
		number = n;
	}
	ROW_TRUE("many", distinct);
	ROW("many_counted", number_in(nr) - before, 200);
	for (int i = 0; i < 200; i++)
		close(fds[i]);
	set_number(max, 4096);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_mode & 07777;
}

/* Each mount of devpts is an instance: numbers, names, ptmx and options of its own. */
static void group_instances(void)
{
	struct stat st, other;
	int unlock = 0;

	mkdir("one", 0755);
	mkdir("two", 0755);
	ROW("mount", sys(SYS_mount, "none", "one", "devpts", 0, "newinstance,ptmxmode=666"), 0);
	ROW("mount_owner",
	    sys(SYS_mount, "none", "two", "devpts", 0, "uid=1000,gid=1001,mode=640,max=2"), 0);
	ROW("bad_option", sys(SYS_mount, "none", "two", "devpts", 0, "nonsense"), -EINVAL);
	ROW("bad_option_value", sys(SYS_mount, "none", "two", "devpts", 0, "sense=1"), -EINVAL);
	ROW("bad_mode", sys(SYS_mount, "none", "two", "devpts", 0, "mode=9"), -EINVAL);
	ROW("bad_max", sys(SYS_mount, "none", "two", "devpts", 0, "max=1048577"), -EINVAL);
	ROW("ptmx_mode", mode_of("one/ptmx"), 0666);
	ROW("ptmx_default_mode", mode_of("two/ptmx"), 0);
	int a = ROW_OK("ptmx", sys(SYS_open, "one/ptmx", O_RDWR | O_NOCTTY));
	int b = ROW_OK("ptmx_two", sys(SYS_open, "two/ptmx", O_RDWR | O_NOCTTY));
	ROW("first_number", number_of(a), 0);
	ROW("first_number_two", number_of(b), 0);
	ROW("mode_default", mode_of("one/0"), 0600);
	ROW("mode_chosen", mode_of("two/0"), 0640);
	stat("one/0", &st);
	stat("two/0", &other);
	ROW("owner_default", st.st_uid, 0);
	ROW("owner_chosen", other.st_uid * 10000 + other.st_gid, 10001001);
	ROW("same_number", st.st_rdev == other.st_rdev, 1);
	ROW_TRUE("other_device", st.st_dev != other.st_dev);
	ROW("inode", st.st_ino, 3);
	ioctl(a, TIOCSPTLCK, &unlock);
	ROW("other_locked", sys(SYS_open, "two/0", O_RDWR | O_NOCTTY), -EIO);
	int tty = ROW_OK("open", sys(SYS_open, "one/0", O_RDWR | O_NOCTTY));
	ROW("write", sys(SYS_write, tty, "x", 1), 1);
	ROW("arrives", sys(SYS_read, a, buf, 10), 1);
	int peer = ROW_OK("peer", sys(SYS_ioctl, a, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
	fstat(peer, &other);
	ROW_TRUE("peer_there", other.st_dev == st.st_dev && other.st_ino == st.st_ino);
	ROW("peer_cloexec", fcntl(peer, F_GETFD), FD_CLOEXEC);
	ROW("peer_locked", sys(SYS_ioctl, b, TIOCGPTPEER, O_RDWR | O_NOCTTY), -EIO);
	/* Which it is depends on Debian's point release. */
	long r = sys(SYS_ioctl, tty, TIOCGPTPEER, O_RDWR);
	ROW_TRUE("peer_on_slave", r == -ENOTTY || r == -EIO);
	/* The node of another place leads nowhere, and neither does a ptmx beside no instance. */
	mknod("node", S_IFCHR | 0600, st.st_rdev);
	ROW("foreign_node", sys(SYS_open, "node", O_RDWR | O_NOCTTY), -EIO);
	mknod("ptmx", S_IFCHR | 0600, 5 << 8 | 2);
	ROW("ptmx_beside_nothing", sys(SYS_open, "ptmx", O_RDWR | O_NOCTTY), -ENOENT);
	mkdir("pts", 0755);
	ROW("ptmx_beside_directory", sys(SYS_open, "ptmx", O_RDWR | O_NOCTTY), -ENODEV);
	MUST(mount("one", "pts", NULL, MS_BIND, NULL));
	int c = ROW_OK("ptmx_beside", sys(SYS_open, "ptmx", O_RDWR | O_NOCTTY));
	ROW("ptmx_beside_number", number_of(c), 1);
	ROW("ptmx_beside_name", access("one/1", F_OK), 0);
	close(c);
	ROW("ptmx_beside_gone", access("one/1", F_OK), -1);
	umount("pts");
	/* What changes stays, as long as the pair does. */
	ROW("chmod", sys(SYS_chmod, "one/0", 0622), 0);
	ROW("chown", sys(SYS_chown, "one/0", USER, OTHER), 0);
	stat("one/0", &st);
	ROW("changed", (st.st_mode & 07777) == 0622 && st.st_uid == USER, 1);
	ROW("remount", sys(SYS_mount, "none", "one", NULL, MS_REMOUNT, "ptmxmode=640,mode=604"), 0);
	ROW("remount_ptmx", mode_of("one/ptmx"), 0640);
	ROW("remount_slave", mode_of("one/0"), 0622);
	c = MUST(open("one/ptmx", O_RDWR | O_NOCTTY));
	ROW("remount_next", mode_of("one/1"), 0604);
	close(c);
	c = ROW_OK("max_reached", sys(SYS_open, "two/ptmx", O_RDWR | O_NOCTTY));
	ROW("max", sys(SYS_open, "two/ptmx", O_RDWR | O_NOCTTY), -ENOSPC);
	char mounts[16384];
	slurp("/proc/mounts", mounts, sizeof(mounts));
	ROW_TRUE("shown", strstr(mounts, ",uid=1000,gid=1001,mode=640,ptmxmode=000,max=2 "));
	ROW("create", sys(SYS_open, "one/5", O_RDWR | O_CREAT, 0600), -EACCES);
	ROW("unlink", sys(SYS_unlink, "one/0"), -EPERM);
	ROW("mkdir", sys(SYS_mkdir, "one/d", 0755), -EPERM);
	ROW("unmount_busy", sys(SYS_umount2, "one", 0), -EBUSY);
	/* The pair outlives the mount that it came from. */
	close(peer);
	ROW("unmount_lazily", sys(SYS_umount2, "one", MNT_DETACH), 0);
	ROW("write_unmounted", sys(SYS_write, tty, "y", 1), 1);
	ROW("arrives_unmounted", sys(SYS_read, a, buf, 10), 1);
	close(a);
	ROW("hung_up", sys(SYS_write, tty, "y", 1), -EIO);
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		row(named("cannot write %s", path), -errno, 0);
	close(fd);
}

/* Instances come and go while what is cached of them is dropped. */
static void group_instances_dropped(void)
{
	const char *drop = "/proc/sys/vm/drop_caches";
	int failed = 0;

	mkdir("d", 0755);
	write_text(drop, "4"); /* Linux: says nothing about it in the log */
	pid_t dropper = SPAWN(for (;;) write_text(drop, "2"));
	for (int i = 0; i < 60; i++) {
		if (mount("none", "d", "devpts", 0, "newinstance")) {
			failed++;
			break;
		}
		int fd = open("d/ptmx", O_RDWR | O_NOCTTY);
		struct stat st;

		failed += fd < 0 || stat("d/0", &st) || !access("d/1", F_OK);
		close(fd);
		failed += umount2("d", MNT_DETACH) != 0;
	}
	ROW("all_went_well", failed, 0);
	kill(dropper, SIGKILL);
	wait_status(dropper);
}

/* PARMRK doubles a byte of 255: none is lost where the buffer is nearly full. */
static void group_marked(void)
{
	int wrote = 0, got = 0, wrong = 0, n;
	struct termios t;

	open_pair();
	t = get();
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
	t.c_iflag = PARMRK;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	set(&t);
	memset(buf, 0xff, sizeof(buf));
	while (wrote < 10000 && (n = (int)write(master, buf, 999)) > 0)
		wrote += n;
	MUST(fcntl(slave, F_SETFL, O_NONBLOCK));
	EVENTUALLY(({
		while ((n = (int)read(slave, buf, 101)) > 0) {
			for (int i = 0; i < n; i++)
				wrong += buf[i] != (char)0xff;
			got += n;
		}
		got >= 2 * wrote;
	}));
	ROW_TRUE("all_doubled", wrote > 1000 && got == 2 * wrote);
	ROW("nothing_else", wrong, 0);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "tty");
	GROUP(group_instances);
	GROUP(group_ptmx);
	GROUP(group_termios);
	GROUP(group_fixed_termios);
	GROUP(group_canonical);
	GROUP(group_echo);
	GROUP(group_raw);
	GROUP(group_packets_and_flow);
	GROUP(group_packet_status);
	GROUP(group_policy);
	GROUP(group_master_room);
	GROUP(group_window);
	GROUP(group_controlling);
	GROUP(group_keys);
	GROUP(group_job_control);
	GROUP(group_hang_up);
	GROUP(group_marked);
	GROUP(group_told);
	GROUP_ALONE(group_instances_dropped);
	GROUP_ALONE(group_limit);
	return finish();
}
