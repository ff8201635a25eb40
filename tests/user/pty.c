/*
 * Runs a program on a pseudo terminal and plays a dialogue with it.
 *
 *	pty ROWS COLS PROGRAM [ARG...] < DIALOGUE
 *
 * Each line of the dialogue is one of
 *
 *	send TEXT	type it; \r \n \t \e \\ and \xHH are understood
 *	wait TEXT	until the program has written it since the last wait
 *	size ROWS COLS	change the window
 *	quiet		forget what was written so far: it is not printed
 *
 * After the last line the program has ten seconds to end. Then everything it wrote is printed,
 * control characters as ^X and <ESC>, and a last line "exit N" or "signal N". A wait that is not
 * fulfilled within ten seconds ends the program and the dialogue; the exit status is 1 then.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 10000
#define OUTPUT_MAX (1 << 20)

static char output[OUTPUT_MAX];
static size_t output_len; /* written by the program so far */
static size_t waited;	  /* where the next wait begins to look */
static size_t shown;	  /* what comes before is not printed */
static bool hung_up;
static int master;

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/*
 * Reads what there is, waiting at most ms for the first byte; false once the terminal has hung up.
 */
static bool collect(long ms)
{
	struct pollfd pfd = { .fd = master, .events = POLLIN };

	if (hung_up)
		return false;
	if (ms < 0)
		ms = 0;
	if (poll(&pfd, 1, ms) <= 0)
		return true;
	ssize_t n = read(master, output + output_len, OUTPUT_MAX - output_len);
	if (n <= 0)
		hung_up = true;
	else
		output_len += n;
	return !hung_up;
}

static bool wait_for(const char *text, size_t len)
{
	long deadline = now_ms() + PATIENCE_MS;

	for (;;) {
		char *found = memmem(output + waited, output_len - waited, text, len);

		if (found) {
			waited = found - output + len;
			return true;
		}
		if (now_ms() >= deadline || !collect(deadline - now_ms()))
			return false;
	}
}

/* Replaces the escapes in place and returns the length. */
static size_t unescape(char *text)
{
	char *out = text;

	for (char *in = text; *in; in++) {
		if (*in != '\\' || !in[1]) {
			*out++ = *in;
			continue;
		}
		switch (*++in) {
		case 'r':
			*out++ = '\r';
			break;
		case 'n':
			*out++ = '\n';
			break;
		case 't':
			*out++ = '\t';
			break;
		case 'e':
			*out++ = '\033';
			break;
		case 'x': {
			char hex[3] = { in[1], in[1] ? in[2] : 0, 0 };

			*out++ = strtoul(hex, NULL, 16);
			in += strlen(hex);
			break;
		}
		default:
			*out++ = *in;
		}
	}
	*out = 0;
	return out - text;
}

static void print_output(void)
{
	for (size_t i = shown; i < output_len; i++) {
		unsigned char c = output[i];

		if (c == '\n' || (c >= 32 && c < 127))
			putchar(c);
		else if (c == '\033')
			fputs("<ESC>", stdout);
		else if (c == '\r')
			continue;
		else if (c < 32)
			printf("^%c", c + 64);
		else
			printf("\\x%02x", c);
	}
	if (output_len > shown && output[output_len - 1] != '\n')
		putchar('\n');
}

static pid_t begin(int rows, int cols, char **argv)
{
	struct winsize size = { .ws_row = rows, .ws_col = cols };
	int number, unlock = 0;
	char name[32];

	master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) || ioctl(master, TIOCGPTN, &number) ||
	    ioctl(master, TIOCSWINSZ, &size)) {
		perror("pty: /dev/ptmx");
		exit(2);
	}
	snprintf(name, sizeof(name), "/dev/pts/%d", number);
	pid_t pid = fork();
	if (pid)
		return pid;
	setsid();
	int slave = open(name, O_RDWR);
	if (slave < 0 || ioctl(slave, TIOCSCTTY, 0))
		_exit(126);
	dup2(slave, 0);
	dup2(slave, 1);
	dup2(slave, 2);
	if (slave > 2)
		close(slave);
	execvp(argv[0], argv);
	_exit(127);
}

static bool play(char *line)
{
	int rows, cols;

	line[strcspn(line, "\n")] = 0;
	if (!strncmp(line, "send ", 5)) {
		size_t len = unescape(line + 5);

		return write(master, line + 5, len) == (ssize_t)len;
	}
	if (!strncmp(line, "wait ", 5)) {
		size_t len = unescape(line + 5);

		return wait_for(line + 5, len);
	}
	if (sscanf(line, "size %d %d", &rows, &cols) == 2) {
		struct winsize size = { .ws_row = rows, .ws_col = cols };

		return !ioctl(master, TIOCSWINSZ, &size);
	}
	if (!strcmp(line, "quiet")) {
		shown = output_len;
		return true;
	}
	return !*line;
}

int main(int argc, char **argv)
{
	char line[4096];
	int status = 0, failed = 0;

	if (argc < 4) {
		fprintf(stderr, "usage: pty ROWS COLS PROGRAM [ARG...] < DIALOGUE\n");
		return 2;
	}
	pid_t pid = begin(atoi(argv[1]), atoi(argv[2]), argv + 3);
	while (!failed && fgets(line, sizeof(line), stdin)) {
		char copy[sizeof(line)];

		strcpy(copy, line);
		if (!play(line)) {
			copy[strcspn(copy, "\n")] = 0;
			printf("pty: failed: %s\n", copy);
			failed = 1;
		}
	}
	long deadline = now_ms() + (failed ? 0 : PATIENCE_MS);
	while (now_ms() < deadline && collect(deadline - now_ms()))
		;
	if (!hung_up) {
		if (!failed)
			printf("pty: the program does not end\n");
		failed = 1;
		kill(pid, SIGKILL);
	}
	close(master);
	waitpid(pid, &status, 0);
	print_output();
	if (WIFEXITED(status))
		printf("exit %d\n", WEXITSTATUS(status));
	else
		printf("signal %d\n", WTERMSIG(status));
	return failed;
}
