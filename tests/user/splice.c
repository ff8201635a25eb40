/* splice, tee, vmsplice, sendfile, copy_file_range. */
#include <sys/eventfd.h>
#include <sys/sendfile.h>

#include "row.h"

static char buf[1 << 17], back[1 << 17];
static int ends[2], more[2];

static void fill(void)
{
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (char)(i * 7 + i / 251);
}

/* An empty pipe, and another. */
static void pipes(int flags)
{
	MUST(pipe2(ends, flags));
	MUST(pipe2(more, flags));
}

static long splice_(int in, loff_t *off_in, int out, loff_t *off_out, size_t len, unsigned flags)
{
	return sys(SYS_splice, in, off_in, out, off_out, len, flags);
}

static int held(int fd)
{
	int n = -1;

	ioctl(fd, FIONREAD, &n);
	return n;
}

static bool same(int fd, const char *from, size_t n)
{
	memset(back, 0, n);
	return read(fd, back, n) == (ssize_t)n && !memcmp(back, from, n);
}

static void group_checks(void)
{
	int file = file_with("file", "0123456789", 10), dir = MUST(open(".", O_RDONLY));
	int append = MUST(open("file", O_WRONLY | O_APPEND)), event = MUST(eventfd(1, 0));
	int path = MUST(open("file", O_PATH)), wronly = MUST(open("file", O_WRONLY));
	loff_t zero = 0, negative = -1;

	pipes(0);
	ROW("zero_length", splice_(99, NULL, 98, NULL, 0, 0xff), 0);
	ROW("bad_flag", splice_(99, NULL, 98, NULL, 1, 0x10), -EINVAL);
	ROW("bad_in", splice_(99, NULL, ends[1], NULL, 1, 0), -EBADF);
	ROW("bad_out", splice_(file, NULL, 99, NULL, 1, 0), -EBADF);
	ROW("o_path", splice_(path, NULL, ends[1], NULL, 1, 0), -EBADF);
	ROW("no_pipe", splice_(file, NULL, wronly, NULL, 1, 0), -EINVAL);
	ROW("same_pipe", splice_(ends[0], NULL, ends[1], NULL, 1, 0), -EINVAL);
	ROW("from_write_end", splice_(ends[1], NULL, file, NULL, 1, 0), -EBADF);
	ROW("to_read_end", splice_(file, NULL, ends[0], NULL, 1, 0), -EBADF);
	ROW("from_wronly", splice_(wronly, NULL, ends[1], NULL, 1, 0), -EBADF);
	ROW("pipe_in_offset", splice_(ends[0], &zero, file, NULL, 1, 0), -ESPIPE);
	ROW("pipe_out_offset", splice_(file, NULL, ends[1], &zero, 1, 0), -ESPIPE);
	ROW("dir", splice_(dir, NULL, ends[1], NULL, 1, 0), -EINVAL);
	ROW("from_eventfd", splice_(event, NULL, ends[1], NULL, 8, 0), -EINVAL);
	ROW("negative_offset", splice_(file, &negative, ends[1], NULL, 1, 0), -EINVAL);
	ROWS_EFAULT("in_offset", 8, splice_(file, p, ends[1], NULL, 1, 0));
	ROWS_EFAULT("out_offset", 8, splice_(ends[0], NULL, file, p, 1, 0));
	write(ends[1], "x", 1);
	ROW("append", splice_(ends[0], NULL, append, NULL, 1, 0), -EINVAL);
	ROW("still_there", held(ends[0]), 1);
	ROW("tee_bad_flag", sys(SYS_tee, ends[0], more[1], 1, 0x10), -EINVAL);
	ROW("tee_zero", sys(SYS_tee, 99, 98, 0, 0), 0);
	ROW("tee_bad_in", sys(SYS_tee, 99, more[1], 1, 0), -EBADF);
	ROW("tee_bad_out", sys(SYS_tee, ends[0], 99, 1, 0), -EBADF);
	ROW("tee_file", sys(SYS_tee, file, more[1], 1, 0), -EINVAL);
	ROW("tee_same", sys(SYS_tee, ends[0], ends[1], 1, 0), -EINVAL);
	ROW("tee_wrong_end", sys(SYS_tee, ends[1], more[1], 1, 0), -EBADF);
	struct iovec vec = { buf, 10 };
	ROW("vm_bad_flag", sys(SYS_vmsplice, ends[1], &vec, 1, 0x10), -EINVAL);
	ROW("vm_bad_fd", sys(SYS_vmsplice, 99, &vec, 1, 0), -EBADF);
	ROW("vm_file", sys(SYS_vmsplice, file, &vec, 1, 0), -EBADF);
	ROW("vm_too_many", sys(SYS_vmsplice, ends[1], &vec, 1025, 0), -EINVAL);
	ROWS_EFAULT("vm_vector", 16, sys(SYS_vmsplice, ends[1], p, 1, 0));
	ROW("vm_none", sys(SYS_vmsplice, ends[1], &vec, 0, 0), 0);
	vec = (struct iovec){ edge, 10 };
	ROW("vm_efault", sys(SYS_vmsplice, ends[1], &vec, 1, 0), -EFAULT);
	vec = (struct iovec){ edge - 10, 20 };
	ROW("vm_efault_half", sys(SYS_vmsplice, ends[1], &vec, 1, 0), 10);
}

static void group_from_file(void)
{
	loff_t off = 5;
	int fd;

	fill();
	fd = file_with("file", buf, 100000);
	pipes(O_NONBLOCK);
	ROW("some", splice_(fd, NULL, ends[1], NULL, 10, 0), 10);
	ROW("position", lseek(fd, 0, SEEK_CUR), 10);
	ROW_TRUE("data", same(ends[0], buf, 10));
	ROW("at", splice_(fd, &off, ends[1], NULL, 10000, 0), 10000);
	ROW("offset_moved", off, 10005);
	ROW("position_not", lseek(fd, 0, SEEK_CUR), 10);
	ROW_TRUE("data_at", same(ends[0], buf + 5, 10000));
	off = 0;
	ROW("full_pipe", splice_(fd, &off, ends[1], NULL, 100000, 0), 65536);
	ROW("no_room", splice_(fd, &off, ends[1], NULL, 1, 0), -EAGAIN);
	ROW_TRUE("all_of_it", same(ends[0], buf, 65536));
	off = 99990;
	ROW("end", splice_(fd, &off, ends[1], NULL, 100, 0), 10);
	ROW("beyond", splice_(fd, &off, ends[1], NULL, 100, 0), 0);
	ROW_TRUE("tail", same(ends[0], buf + 99990, 10));
	/* Unaligned: seventeen pages are touched. */
	off = 100;
	ROW("unaligned", splice_(fd, &off, ends[1], NULL, 65536, 0), 65536 - 100);
	ROW_TRUE("unaligned_data", same(ends[0], buf + 100, 65536 - 100));
	/* By reference: a later write is seen, truncation is not. */
	off = 0;
	splice_(fd, &off, ends[1], NULL, 10, 0);
	pwrite(fd, "changed", 7, 0);
	ROW_TRUE("by_reference", read(ends[0], back, 7) == 7 && !memcmp(back, "changed", 7));
	read(ends[0], back, 10);
	off = 0;
	splice_(fd, &off, ends[1], NULL, 4096, 0);
	ftruncate(fd, 0);
	ROW_TRUE("truncated", read(ends[0], back, 4096) == 4096 && !memcmp(back, "changed", 7));
	/* A write after it starts a page of its own. */
	pwrite(fd, "abcdef", 6, 0);
	off = 0;
	splice_(fd, &off, ends[1], NULL, 3, 0);
	write(ends[1], "XYZ", 3);
	ROW_TRUE("append_after", same(ends[0], "abcXYZ", 6));
	ROW_TRUE("file_unharmed", pread(fd, back, 6, 0) == 6 && !memcmp(back, "abcdef", 6));
	/* Holes. */
	ftruncate(fd, 20000);
	off = 8192;
	ROW("hole", splice_(fd, &off, ends[1], NULL, 4096, 0), 4096);
	memset(buf, 0, 4096);
	ROW_TRUE("hole_data", same(ends[0], buf, 4096));
	int random = MUST(open("/dev/urandom", O_RDONLY));
	ROW("device", splice_(random, NULL, ends[1], NULL, 5000, 0), 5000);
	read(ends[0], back, 5000);
	int text = MUST(open("/proc/version", O_RDONLY));
	ROW_TRUE("proc_file", splice_(text, NULL, ends[1], NULL, 1000, 0) > 20);
	ROW_TRUE("proc_data", read(ends[0], back, 1000) > 20);
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	off = 0;
	ROW("broken", splice_(fd, &off, ends[1], NULL, 10, 0), -EPIPE);
	signal(SIGPIPE, SIG_DFL);
	ROW("broken_kills", CHILD(splice_(fd, &off, ends[1], NULL, 10, 0)), KILLED(SIGPIPE));
}

static void group_to_file(void)
{
	loff_t off = 3;
	int fd;

	fill();
	fd = MUST(open("out", O_RDWR | O_CREAT | O_TRUNC, 0600));
	pipes(O_NONBLOCK);
	write(ends[1], buf, 20000);
	ROW("some", splice_(ends[0], NULL, fd, NULL, 100, 0), 100);
	ROW("position", lseek(fd, 0, SEEK_CUR), 100);
	ROW("left", held(ends[0]), 19900);
	ROW("rest", splice_(ends[0], NULL, fd, NULL, 1 << 20, 0), 19900);
	ROW_TRUE("data", pread(fd, back, 20000, 0) == 20000 && !memcmp(back, buf, 20000));
	ROW("empty", splice_(ends[0], NULL, fd, NULL, 100, 0), -EAGAIN);
	write(ends[1], "hello", 5);
	ROW("at", splice_(ends[0], NULL, fd, &off, 100, SPLICE_F_MOVE | SPLICE_F_MORE), 5);
	ROW("offset_moved", off, 8);
	ROW_TRUE("data_at", pread(fd, back, 5, 3) == 5 && !memcmp(back, "hello", 5));
	int null = MUST(open("/dev/null", O_WRONLY));
	write(ends[1], "gone", 4);
	ROW("null", splice_(ends[0], NULL, null, NULL, 100, 0), 4);
	write(ends[1], "12345678", 8);
	ROW("eventfd", splice_(ends[0], NULL, MUST(eventfd(0, 0)), NULL, 8, 0), -EINVAL);
	ROW("kept", held(ends[0]), 8);
	read(ends[0], back, 100);
	close(ends[1]);
	ROW("end", splice_(ends[0], NULL, fd, NULL, 100, 0), 0);
	/* Waiting. */
	pipes(0);
	pid_t pid = SPAWN(_exit((int)splice_(ends[0], NULL, fd, NULL, 100, 0)));
	until_state(pid, 'S');
	write(ends[1], "waited", 6);
	ROW("waits", wait_status(pid), EXITED(6));
	ROW("nonblock_flag", splice_(ends[0], NULL, fd, NULL, 100, SPLICE_F_NONBLOCK), -EAGAIN);
	pid = SPAWN(close(ends[1]); _exit((int)splice_(ends[0], NULL, fd, NULL, 100, 0) + 1));
	until_state(pid, 'S');
	close(ends[1]);
	ROW("waits_for_end", wait_status(pid), EXITED(1));
}

static void group_pipe_to_pipe(void)
{
	fill();
	pipes(O_NONBLOCK);
	ROW("empty", splice_(ends[0], NULL, more[1], NULL, 10, 0), -EAGAIN);
	write(ends[1], buf, 10000);
	ROW("part", splice_(ends[0], NULL, more[1], NULL, 5000, 0), 5000);
	ROW("left", held(ends[0]), 5000);
	ROW("rest", splice_(ends[0], NULL, more[1], NULL, 50000, 0), 5000);
	ROW_TRUE("data", same(more[0], buf, 10000));
	write(ends[1], buf, 65536);
	write(more[1], buf, 60000);
	ROW("little_room", splice_(ends[0], NULL, more[1], NULL, 65536, 0), 4096);
	ROW("no_room", splice_(ends[0], NULL, more[1], NULL, 65536, 0), -EAGAIN);
	ROW("sum", held(ends[0]) + held(more[0]), 125536);
	ROW_TRUE("first_data", same(more[0], buf, 60000));
	ROW_TRUE("moved_data", same(more[0], buf, 4096));
	ROW_TRUE("rest_data", same(ends[0], buf + 4096, 61440));
	/* tee leaves the data where they are. */
	write(ends[1], buf, 6000);
	ROW("tee", sys(SYS_tee, ends[0], more[1], 100000, 0), 6000);
	ROW("tee_left", held(ends[0]), 6000);
	ROW("tee_part", sys(SYS_tee, ends[0], more[1], 5000, 0), 5000);
	ROW_TRUE("tee_data", same(more[0], buf, 6000));
	ROW_TRUE("tee_part_data", same(more[0], buf, 5000));
	/* What is appended to the original does not show in the copy. */
	sys(SYS_tee, ends[0], more[1], 100000, 0);
	write(ends[1], "END", 3);
	ROW("tee_apart", held(more[0]), 6000);
	write(more[1], "FIN", 3);
	read(ends[0], back, 6000);
	ROW_TRUE("original_end", same(ends[0], "END", 3));
	read(more[0], back, 6000);
	ROW_TRUE("copy_end", same(more[0], "FIN", 3));
	ROW("tee_empty", sys(SYS_tee, ends[0], more[1], 10, 0), -EAGAIN);
	close(ends[1]);
	ROW("splice_end", splice_(ends[0], NULL, more[1], NULL, 10, 0), 0);
	ROW("tee_end", sys(SYS_tee, ends[0], more[1], 10, 0), 0);
	pipes(0);
	pid_t pid = SPAWN(_exit((int)splice_(ends[0], NULL, more[1], NULL, 100, 0)));
	until_state(pid, 'S');
	write(ends[1], "abc", 3);
	ROW("waits", wait_status(pid), EXITED(3));
	pid = SPAWN(_exit((int)sys(SYS_tee, ends[0], more[1], 100, 0)));
	until_state(pid, 'S');
	write(ends[1], "abcd", 4);
	ROW("tee_waits", wait_status(pid), EXITED(4));
	ROW("tee_waits_left", held(ends[0]), 4);
	close(more[0]);
	signal(SIGPIPE, SIG_IGN);
	ROW("broken", splice_(ends[0], NULL, more[1], NULL, 100, 0), -EPIPE);
	ROW("tee_broken", sys(SYS_tee, ends[0], more[1], 100, 0), -EPIPE);
}

static void group_vmsplice(void)
{
	char *memory =
		mmap(NULL, 32 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec vec[2] = { { memory + 100, 5000 }, { memory + 9000, 10 } };

	fill();
	memcpy(memory, buf, 32 * PAGE);
	pipes(O_NONBLOCK);
	ROW("gather", sys(SYS_vmsplice, ends[1], vec, 2, 0), 5010);
	ROW_TRUE("first", same(ends[0], buf + 100, 5000));
	ROW_TRUE("second", same(ends[0], buf + 9000, 10));
	vec[0] = (struct iovec){ memory, 32 * PAGE };
	ROW("full", sys(SYS_vmsplice, ends[1], vec, 1, SPLICE_F_NONBLOCK), 65536);
	ROW("no_room", sys(SYS_vmsplice, ends[1], vec, 1, SPLICE_F_NONBLOCK), -EAGAIN);
	ROW_TRUE("full_data", same(ends[0], buf, 65536));
	vec[0] = (struct iovec){ memory, 10 };
	sys(SYS_vmsplice, ends[1], vec, 1, 0);
	memcpy(memory, "later", 5);
	ROW_TRUE("by_reference", read(ends[0], back, 10) == 10 && !memcmp(back, "later", 5));
	sys(SYS_vmsplice, ends[1], vec, 1, SPLICE_F_GIFT);
	munmap(memory, PAGE);
	ROW_TRUE("unmapped", read(ends[0], back, 10) == 10 && !memcmp(back, "later", 5));
	/* The other way: a copy. */
	write(ends[1], "0123456789", 10);
	vec[0] = (struct iovec){ back, 4 };
	vec[1] = (struct iovec){ back + 100, 100 };
	ROW("scatter", sys(SYS_vmsplice, ends[0], vec, 2, 0), 10);
	ROW_TRUE("scattered", !memcmp(back, "0123", 4) && !memcmp(back + 100, "456789", 6));
	ROW("empty", sys(SYS_vmsplice, ends[0], vec, 2, SPLICE_F_NONBLOCK), -EAGAIN);
	close(ends[1]);
	ROW("end", sys(SYS_vmsplice, ends[0], vec, 2, 0), 0);
}

static void group_sendfile(void)
{
	int in, out = MUST(open("out", O_RDWR | O_CREAT | O_TRUNC, 0600));
	loff_t off = 10;

	fill();
	in = file_with("in", buf, 100000);
	ROW("all", sys(SYS_sendfile, out, in, NULL, 1 << 20), 100000);
	ROW("end", sys(SYS_sendfile, out, in, NULL, 100), 0);
	ROW_TRUE("data", pread(out, back, 100000, 0) == 100000 && !memcmp(back, buf, 100000));
	ROW("at", sys(SYS_sendfile, out, in, &off, 50), 50);
	ROW("offset", off, 60);
	ROW("out_position", lseek(out, 0, SEEK_CUR), 100050);
	pipes(O_NONBLOCK);
	off = 0;
	ROW("to_pipe", sys(SYS_sendfile, ends[1], in, &off, 1 << 20), 65536);
	ROW("to_full_pipe", sys(SYS_sendfile, ends[1], in, &off, 1 << 20), -EAGAIN);
	ROW_TRUE("pipe_data", same(ends[0], buf, 65536));
	write(ends[1], "x", 1);
	ROW("from_pipe", sys(SYS_sendfile, out, ends[0], NULL, 1), -EINVAL);
	ROW("from_pipe_at", sys(SYS_sendfile, out, ends[0], &off, 1), -ESPIPE);
	ROW("append", sys(SYS_sendfile, MUST(open("in", O_WRONLY | O_APPEND)), in, &off, 1),
	    -EINVAL);
	ROW("to_reader", sys(SYS_sendfile, MUST(open("in", O_RDONLY)), in, &off, 1), -EBADF);
	ROW("from_writer", sys(SYS_sendfile, out, MUST(open("in", O_WRONLY)), &off, 1), -EBADF);
	off = -1;
	ROW("negative", sys(SYS_sendfile, out, in, &off, 1), -EINVAL);
	ROWS_EFAULT("offset", 8, sys(SYS_sendfile, out, in, p, 1));
	ROW("to_null", sys(SYS_sendfile, MUST(open("/dev/null", O_WRONLY)), in, NULL, 0), 0);
	lseek(in, 0, SEEK_SET);
	/* To itself, further on. */
	int self = MUST(open("in", O_RDWR));
	lseek(self, 50000, SEEK_SET);
	ROW("itself", sys(SYS_sendfile, self, in, NULL, 1000), 1000);
	ROW_TRUE("itself_data", pread(in, back, 1000, 50000) == 1000 && !memcmp(back, buf, 1000));
}

static void group_copy_range(void)
{
	int in, out = MUST(open("out", O_RDWR | O_CREAT | O_TRUNC, 0600));
	loff_t a = 100, b = 5;

	fill();
	in = file_with("in", buf, 50000);
	ROW("all", sys(SYS_copy_file_range, in, NULL, out, NULL, 1 << 20, 0), 50000);
	ROW_TRUE("data", pread(out, back, 50000, 0) == 50000 && !memcmp(back, buf, 50000));
	ROW("at", sys(SYS_copy_file_range, in, &a, out, &b, 10000, 0), 10000);
	ROW("in_offset", a, 10100);
	ROW("out_offset", b, 10005);
	ROW_TRUE("data_at", pread(out, back, 10000, 5) == 10000 && !memcmp(back, buf + 100, 10000));
	a = 60000;
	ROW("beyond", sys(SYS_copy_file_range, in, &a, out, &b, 10, 0), 0);
	a = 0;
	b = 100;
	ROW("overlap", sys(SYS_copy_file_range, in, &a, in, &b, 200, 0), -EINVAL);
	ROW("same_apart", sys(SYS_copy_file_range, in, &a, in, &b, 100, 0), 100);
	ROW("flags", sys(SYS_copy_file_range, in, NULL, out, NULL, 10, 1), -EINVAL);
	ROW("dir", sys(SYS_copy_file_range, MUST(open(".", O_RDONLY)), NULL, out, NULL, 10, 0),
	    -EISDIR);
	pipes(0);
	ROW("pipe", sys(SYS_copy_file_range, ends[0], NULL, out, NULL, 10, 0), -EINVAL);
	ROW("append",
	    sys(SYS_copy_file_range, in, NULL, MUST(open("out", O_WRONLY | O_APPEND)), NULL, 10, 0),
	    -EBADF);
	ROW("reader", sys(SYS_copy_file_range, in, NULL, MUST(open("out", O_RDONLY)), NULL, 10, 0),
	    -EBADF);
	ROW("writer", sys(SYS_copy_file_range, MUST(open("in", O_WRONLY)), NULL, out, NULL, 10, 0),
	    -EBADF);
	ROWS_EFAULT("in", 8, sys(SYS_copy_file_range, in, p, out, NULL, 10, 0));
	ROWS_EFAULT("out", 8, sys(SYS_copy_file_range, in, NULL, out, p, 10, 0));
}

int main(int argc, char **argv)
{
	begin(argc, argv, "splice");
	GROUP(group_checks);
	GROUP(group_from_file);
	GROUP(group_to_file);
	GROUP(group_pipe_to_pipe);
	GROUP(group_vmsplice);
	GROUP(group_sendfile);
	GROUP(group_copy_range);
	return finish();
}
