/*
 * Data in and out of files: read, write and their vectored and positional forms, lseek, truncate,
 * fallocate, sendfile, copy_file_range, the sync family, readahead, the memory devices.
 */
#include <linux/falloc.h>
#include <sys/sendfile.h>

#include "row.h"

enum {
	RWF_HIPRI_ = 1,
	RWF_DSYNC_ = 2,
	RWF_SYNC_ = 4,
	RWF_NOWAIT_ = 8,
	RWF_APPEND_ = 16,
	RWF_BAD_ = 1 << 20
};

static char buf[4 * PAGE];

static bool content_is(const char *name, const char *text)
{
	char got[256];

	return slurp(name, got, sizeof(got)) == (ssize_t)strlen(text) && !strcmp(got, text);
}

static off_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? -1 : st.st_size;
}

static void group_read_write(void)
{
	int fd = file_with("f", "0123456789", 10);

	mkdir("d", 0755);
	ROWS_FD_PATH("read", sys(SYS_read, fd, buf, 1));
	ROWS_FD_PATH("write", sys(SYS_write, fd, buf, 1));
	ROW("read_all", sys(SYS_read, fd, buf, 100), 10);
	ROW("read_end", sys(SYS_read, fd, buf, 100), 0);
	ROW("read_zero", sys(SYS_read, fd, NULL, 0), 0);
	lseek(fd, 0, SEEK_SET);
	ROW("read_efault", sys(SYS_read, fd, edge, 10), -EFAULT);
	ROW("read_efault_pos", lseek(fd, 0, SEEK_CUR), 0);
	ROW("read_kernel_pointer", sys(SYS_read, fd, KERNEL_POINTER, 10), -EFAULT);
	/* What fits before the bad page is read; the position moves by as much. */
	ROW("read_partly", sys(SYS_read, fd, edge - 4, 10), 4);
	ROW("read_partly_pos", lseek(fd, 0, SEEK_CUR), 4);
	ROW_TRUE("read_partly_data", !memcmp(edge - 4, "0123", 4));
	lseek(fd, 0, SEEK_SET);
	ROW("read_across", sys(SYS_read, fd, ACROSS(10), 10), 10);
	ROW_TRUE("read_across_data", !memcmp(ACROSS(10), "0123456789", 10));
	ROW("write_at_end", sys(SYS_write, fd, "ab", 2), 2);
	ROW("write_zero", sys(SYS_write, fd, NULL, 0), 0);
	ROW("write_efault", sys(SYS_write, fd, edge, 4), -EFAULT);
	ROW("write_kernel_pointer", sys(SYS_write, fd, KERNEL_POINTER, 4), -EFAULT);
	memcpy(edge - 3, "xyz", 3);
	lseek(fd, 12, SEEK_SET);
	ROW("write_partly", sys(SYS_write, fd, edge - 3, 10), 3);
	ROW("write_partly_size", size_of(fd), 15);
	ROW_TRUE("write_partly_data", content_is("f", "0123456789abxyz"));
	lseek(fd, 20, SEEK_SET);
	ROW("write_beyond_end", sys(SYS_write, fd, "E", 1), 1);
	lseek(fd, 14, SEEK_SET);
	ROW("hole_read", sys(SYS_read, fd, buf, 10), 7);
	ROW_TRUE("hole_zeroes", !memcmp(buf, "z\0\0\0\0\0E", 7));
	ROW("read_huge_count", sys(SYS_read, fd, buf, -1L), -EFAULT);
	ROW("write_huge_count", sys(SYS_write, fd, buf, -1L), -EFAULT);
	ROW("read_beyond_end", ({
		    lseek(fd, 1000, SEEK_SET);
		    sys(SYS_read, fd, buf, 1);
	    }),
	    0);
	int dir = MUST(open("d", O_RDONLY));
	ROW("read_dir", sys(SYS_read, dir, buf, 1), -EISDIR);
	ROW("pread_dir", sys(SYS_pread64, dir, buf, 1, 0), -EISDIR);
	ROW("write_dir", sys(SYS_write, dir, buf, 1), -EBADF);
}

static void group_large(void)
{
	enum { SIZE = 3 << 20 };
	unsigned char *data = malloc(SIZE), *back = malloc(SIZE);
	int fd = MUST(open("big", O_RDWR | O_CREAT, 0600));
	unsigned seed = 1;

	for (int i = 0; i < SIZE; i++)
		data[i] = (seed = seed * 1103515245 + 12345) >> 16;
	ROW("write", sys(SYS_write, fd, data, SIZE), SIZE);
	lseek(fd, 0, SEEK_SET);
	ROW("read", sys(SYS_read, fd, back, SIZE), SIZE);
	ROW_TRUE("same", !memcmp(data, back, SIZE));
	bool same = true;
	for (int i = 0; i < 200; i++) {
		size_t at = (i * 7919l * 131) % (SIZE - 9000), len = 1 + i * 37 % 8999;

		if (pread(fd, back, len, at) != (ssize_t)len || memcmp(back, data + at, len))
			same = false;
		data[at] ^= 0x55;
		if (pwrite(fd, data + at, 1, at) != 1)
			same = false;
	}
	ROW_TRUE("random_pread_pwrite", same);
	pread(fd, back, SIZE, 0);
	ROW_TRUE("same_after", !memcmp(data, back, SIZE));
	ROW("sparse_4g", sys(SYS_pwrite64, fd, "x", 1, 5l << 30), 1);
	ROW("sparse_size", size_of(fd), (5l << 30) + 1);
	ROW("sparse_read", sys(SYS_pread64, fd, buf, 2, 5l << 30), 1);
	ROW("sparse_hole", sys(SYS_pread64, fd, buf, 1, 4l << 30), 1);
	ROW("sparse_hole_zero", buf[0], 0);
}

static void group_pread_pwrite(void)
{
	int fd = file_with("f", "0123456789", 10), ends[2];

	ROWS_FD_PATH("pread", sys(SYS_pread64, fd, buf, 1, 0));
	ROWS_FD_PATH("pwrite", sys(SYS_pwrite64, fd, buf, 1, 0));
	ROW("pread", sys(SYS_pread64, fd, buf, 3, 4), 3);
	ROW_TRUE("pread_data", !memcmp(buf, "456", 3));
	ROW("pread_keeps_pos", lseek(fd, 0, SEEK_CUR), 0);
	ROW("pread_end", sys(SYS_pread64, fd, buf, 3, 10), 0);
	ROW("pread_last", sys(SYS_pread64, fd, buf, 3, 9), 1);
	ROW("pread_negative", sys(SYS_pread64, fd, buf, 3, -1), -EINVAL);
	ROW("pread_efault", sys(SYS_pread64, fd, edge, 3, 0), -EFAULT);
	ROW("pwrite", sys(SYS_pwrite64, fd, "XY", 2, 3), 2);
	ROW_TRUE("pwrite_data", content_is("f", "012XY56789"));
	ROW("pwrite_keeps_pos", lseek(fd, 0, SEEK_CUR), 0);
	ROW("pwrite_negative", sys(SYS_pwrite64, fd, buf, 3, -1), -EINVAL);
	ROW("pwrite_efault", sys(SYS_pwrite64, fd, edge, 3, 0), -EFAULT);
	pipe(ends);
	ROW("pread_pipe", sys(SYS_pread64, ends[0], buf, 1, 0), -ESPIPE);
	ROW("pwrite_pipe", sys(SYS_pwrite64, ends[1], buf, 1, 0), -ESPIPE);
	ROW("lseek_pipe", sys(SYS_lseek, ends[0], 0, SEEK_CUR), -ESPIPE);
	ROW("pwrite_overflow", sys(SYS_pwrite64, fd, "x", 1, 0x7fffffffffffffff), -EINVAL);
}

static void group_vectors(void)
{
	int fd = file_with("f", "0123456789", 10);
	struct iovec v[3] = { { buf, 2 }, { buf + 100, 3 }, { buf + 200, 100 } };

	ROWS_FD_PATH("readv", sys(SYS_readv, fd, v, 3));
	ROWS_FD_PATH("writev", sys(SYS_writev, fd, v, 3));
	ROWS_EFAULT("readv", sizeof(v[0]), sys(SYS_readv, fd, p, 1));
	ROWS_EFAULT("writev", sizeof(v[0]), sys(SYS_writev, fd, p, 1));
	ROW("readv", sys(SYS_readv, fd, v, 3), 10);
	ROW_TRUE("readv_data", !memcmp(buf, "01", 2) && !memcmp(buf + 100, "234", 3) &&
				       !memcmp(buf + 200, "56789", 5));
	ROW("readv_zero_count", sys(SYS_readv, fd, v, 0), 0);
	ROW("readv_too_many", sys(SYS_readv, fd, v, 1025), -EINVAL);
	ROW("readv_negative", sys(SYS_readv, fd, v, -1), -EINVAL);
	struct iovec bad = { buf, -1 };
	ROW("readv_len_negative", sys(SYS_readv, fd, &bad, 1), -EINVAL);
	lseek(fd, 0, SEEK_SET);
	v[2].iov_len = 5;
	memcpy(buf, "ab", 2);
	memcpy(buf + 100, "cde", 3);
	memcpy(buf + 200, "fghij", 5);
	ROW("writev", sys(SYS_writev, fd, v, 3), 10);
	ROW_TRUE("writev_data", content_is("f", "abcdefghij"));
	lseek(fd, 0, SEEK_SET);
	struct iovec partly[2] = { { buf, 2 }, { edge, 3 } };
	ROW("writev_second_bad", sys(SYS_writev, fd, partly, 2), 2);
	lseek(fd, 0, SEEK_SET);
	ROW("readv_second_bad", sys(SYS_readv, fd, partly, 2), 2);
	ROW("preadv", sys(SYS_preadv, fd, v, 2, 5, 0), 5);
	ROW_TRUE("preadv_data", !memcmp(buf, "fg", 2) && !memcmp(buf + 100, "hij", 3));
	ROW("preadv_negative", sys(SYS_preadv, fd, v, 2, -1, -1), -EINVAL);
	ROW("pwritev", sys(SYS_pwritev, fd, v, 2, 0, 0), 5);
	ROW_TRUE("pwritev_data", content_is("f", "fghijfghij"));
	ROW("preadv2", sys(SYS_preadv2, fd, v, 2, 5, 0, 0), 5);
	lseek(fd, 5, SEEK_SET);
	ROW("preadv2_current", sys(SYS_preadv2, fd, v, 1, -1, -1, 0), 2);
	ROW("preadv2_current_moves", lseek(fd, 0, SEEK_CUR), 7);
	ROW("preadv2_flag", sys(SYS_preadv2, fd, v, 1, 0, 0, RWF_BAD_), -EOPNOTSUPP);
	ROW("pwritev2_append", sys(SYS_pwritev2, fd, v, 1, 0, 0, RWF_APPEND_), 2);
	ROW("pwritev2_append_size", size_of(fd), 12);
	ROW("pwritev2_dsync", sys(SYS_pwritev2, fd, v, 1, 0, 0, RWF_DSYNC_), 2);
	struct iovec *across = ACROSS(sizeof(v));
	memcpy(across, v, sizeof(v));
	lseek(fd, 0, SEEK_SET);
	ROW("iovec_across_pages", sys(SYS_readv, fd, across, 3), 10);
	struct iovec many[1024];
	for (int i = 0; i < 1024; i++)
		many[i] = (struct iovec){ buf, 1 };
	lseek(fd, 0, SEEK_SET);
	ROW("readv_1024", sys(SYS_readv, fd, many, 1024), 12);
}

static void group_lseek(void)
{
	int fd = file_with("f", "0123456789", 10);

	ROWS_FD_PATH("lseek", sys(SYS_lseek, fd, 0, SEEK_SET));
	ROW("set", sys(SYS_lseek, fd, 7, SEEK_SET), 7);
	ROW("cur", sys(SYS_lseek, fd, -2, SEEK_CUR), 5);
	ROW("end", sys(SYS_lseek, fd, -1, SEEK_END), 9);
	ROW("beyond", sys(SYS_lseek, fd, 1000, SEEK_SET), 1000);
	ROW("negative", sys(SYS_lseek, fd, -1, SEEK_SET), -EINVAL);
	ROW("cur_negative", sys(SYS_lseek, fd, -1001, SEEK_CUR), -EINVAL);
	ROW("unchanged_by_error", sys(SYS_lseek, fd, 0, SEEK_CUR), 1000);
	ROW("whence", sys(SYS_lseek, fd, 0, 99), -EINVAL);
	ROW("overflow", sys(SYS_lseek, fd, 0x7fffffffffffffff, SEEK_END), -EINVAL);
	int null = open("/dev/null", O_RDWR);
	ROW_OK("null_device", sys(SYS_lseek, null, 100, SEEK_SET));
	/* Data at 0 and at 64 KiB, holes between and after. */
	int sparse = MUST(open("s", O_RDWR | O_CREAT, 0600));
	pwrite(sparse, "a", 1, 0);
	pwrite(sparse, "b", 1, 65536);
	ftruncate(sparse, 131072);
	ROW("data_at_data", sys(SYS_lseek, sparse, 0, SEEK_DATA), 0);
	ROW("hole_in_data", sys(SYS_lseek, sparse, 0, SEEK_HOLE), 4096);
	ROW("data_in_hole", sys(SYS_lseek, sparse, 5000, SEEK_DATA), 65536);
	ROW("hole_in_hole", sys(SYS_lseek, sparse, 5000, SEEK_HOLE), 5000);
	ROW("hole_after_last", sys(SYS_lseek, sparse, 65536, SEEK_HOLE), 69632);
	ROW("data_after_last", sys(SYS_lseek, sparse, 70000, SEEK_DATA), -ENXIO);
	ROW("data_at_end", sys(SYS_lseek, sparse, 131072, SEEK_DATA), -ENXIO);
	ROW("hole_at_end", sys(SYS_lseek, sparse, 131072, SEEK_HOLE), -ENXIO);
	ROW("data_negative", sys(SYS_lseek, sparse, -1, SEEK_DATA), -ENXIO);
}

static void group_truncate(void)
{
	struct rlimit limit = { 100, RLIM_INFINITY };
	int fd = file_with("f", "0123456789", 10), ends[2];
	struct stat st;

	mkdir("d", 0755);
	ROWS_PATH("truncate", sys(SYS_truncate, p, 1), -ENOENT);
	ROWS_FD_PATH("ftruncate", sys(SYS_ftruncate, fd, 1));
	ROW("shorter", sys(SYS_truncate, "f", 5), 0);
	ROW_TRUE("shorter_data", content_is("f", "01234"));
	ROW("longer", sys(SYS_ftruncate, fd, 8), 0);
	pread(fd, buf, 8, 0);
	ROW_TRUE("longer_zeroes", !memcmp(buf, "01234\0\0\0", 8));
	ROW("negative", sys(SYS_truncate, "f", -1), -EINVAL);
	ROW("fnegative", sys(SYS_ftruncate, fd, -1), -EINVAL);
	ROW("dir", sys(SYS_truncate, "d", 0), -EISDIR);
	ROW("ftruncate_dir", sys(SYS_ftruncate, open("d", O_RDONLY), 0), -EINVAL);
	ROW("readonly_fd", sys(SYS_ftruncate, open("f", O_RDONLY), 0), -EINVAL);
	pipe(ends);
	ROW("pipe", sys(SYS_ftruncate, ends[1], 0), -EINVAL);
	ROW_AS(USER, "no_permission", sys(SYS_truncate, "f", 0), -EACCES);
	ROW("sparse_big", sys(SYS_ftruncate, fd, 1l << 40), 0);
	ROW("sparse_big_size", size_of(fd), 1l << 40);
	fstat(fd, &st);
	ROW_TRUE("sparse_big_blocks", st.st_blocks <= 8);
	ftruncate(fd, 0);
	/* The file size limit. */
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	ROW("limit_truncate", sys(SYS_ftruncate, fd, 101), -EFBIG);
	ROW("limit_write_part", sys(SYS_pwrite64, fd, buf, 20, 90), 10);
	ROW("limit_write", sys(SYS_pwrite64, fd, buf, 1, 100), -EFBIG);
	ROW("limit_fallocate", sys(SYS_fallocate, fd, 0, 0, 200), -EFBIG);
	signal(SIGXFSZ, SIG_DFL);
	ROW("limit_signal", CHILD(sys(SYS_pwrite64, fd, buf, 1, 100)), KILLED(SIGXFSZ));
	/* A write or a truncation takes the set-user-id bit away from others, root keeps it. */
	chmod("f", 04777);
	CHILD(become(USER); close(open("f", O_WRONLY | O_TRUNC)));
	stat("f", &st);
	ROW("trunc_drops_setuid", st.st_mode & 07777, 0777);
	chmod("f", 04777);
	CHILD(become(USER); int w = open("f", O_WRONLY); write(w, "x", 1));
	stat("f", &st);
	ROW("write_drops_setuid", st.st_mode & 07777, 0777);
}

static void group_fallocate(void)
{
	int fd = MUST(open("f", O_RDWR | O_CREAT, 0600)), ends[2];
	struct stat st;

	ROWS_FD_PATH("fallocate", sys(SYS_fallocate, fd, 0, 0, 1));
	ROW("extend", sys(SYS_fallocate, fd, 0, 0, 8192), 0);
	fstat(fd, &st);
	ROW("extend_size", st.st_size, 8192);
	ROW("extend_blocks", st.st_blocks, 16);
	ROW("keep_size", sys(SYS_fallocate, fd, FALLOC_FL_KEEP_SIZE, 0, 16384), 0);
	ROW("keep_size_size", size_of(fd), 8192);
	memset(buf, 'x', sizeof(buf));
	pwrite(fd, buf, 8192, 0);
	int punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	ROW("punch", sys(SYS_fallocate, fd, punch, 1000, 5000), 0);
	pread(fd, buf, 8192, 0);
	ROW_TRUE("punch_edges",
		 buf[999] == 'x' && buf[1000] == 0 && buf[5999] == 0 && buf[6000] == 'x');
	ROW("punch_needs_keep", sys(SYS_fallocate, fd, FALLOC_FL_PUNCH_HOLE, 0, 100), -EOPNOTSUPP);
	ROW("unknown_mode", sys(SYS_fallocate, fd, 0x4000, 0, 100), -EOPNOTSUPP);
	ROW("collapse", sys(SYS_fallocate, fd, FALLOC_FL_COLLAPSE_RANGE, 0, 4096), -EOPNOTSUPP);
	ROW("length_0", sys(SYS_fallocate, fd, 0, 0, 0), -EINVAL);
	ROW("offset_negative", sys(SYS_fallocate, fd, 0, -1, 10), -EINVAL);
	ROW("overflow", sys(SYS_fallocate, fd, 0, 0x7fffffffffffffff, 10), -EFBIG);
	ROW("readonly", sys(SYS_fallocate, open("f", O_RDONLY), 0, 0, 10), -EBADF);
	pipe(ends);
	ROW("pipe", sys(SYS_fallocate, ends[1], 0, 0, 10), -ESPIPE);
	mkdir("d", 0755);
	ROW("dir", sys(SYS_fallocate, open("d", O_RDONLY), 0, 0, 10), -EBADF);
	ROW("device", sys(SYS_fallocate, open("/dev/null", O_RDWR), 0, 0, 10), -ENODEV);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* What is there before anybody has written it. */
static void group_fallocate_unwritten(void)
{
	int fd = MUST(open("f", O_RDWR | O_CREAT, 0600));
	unsigned char resident[4];
	struct stat st;

	MUST(sys(SYS_fallocate, fd, 0, 0, 4 * PAGE));
	ROW("data", sys(SYS_lseek, fd, 0, SEEK_DATA), -ENXIO);
	ROW("hole", sys(SYS_lseek, fd, 0, SEEK_HOLE), 0);
	char *map = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ROW("mincore", sys(SYS_mincore, map, 4 * PAGE, resident), 0);
	ROW("mincore_none", resident[0] + resident[1] + resident[2] + resident[3], 0);
	memset(buf, 'x', sizeof(buf));
	ROW("read", pread(fd, buf, PAGE, 0), PAGE);
	ROW_TRUE("read_zeros", !buf[0] && !buf[PAGE - 1]);
	ROW("write_part", pwrite(fd, "y", 1, PAGE + 100), 1);
	ROW_TRUE("write_part_zeros", !map[PAGE + 99] && map[PAGE + 100] == 'y' && !map[PAGE + 101]);
	ROW_TRUE("map_zeros", !map[3 * PAGE]);
	ROW("data_after", sys(SYS_lseek, fd, PAGE, SEEK_DATA), PAGE);
	ROW("hole_after", sys(SYS_lseek, fd, PAGE, SEEK_HOLE), 2 * PAGE);
	ROW("data_mapped", sys(SYS_lseek, fd, 2 * PAGE, SEEK_DATA), 3 * PAGE);

	/* A signal ends it, and nothing is left of it but what somebody has used. */
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval often = { { 0, 200 }, { 0, 200 } }, never = { 0 };
	sigaction(SIGALRM, &sa, NULL);
	int big = MUST(open("big", O_RDWR | O_CREAT, 0600));
	MUST(pwrite(big, "z", 1, PAGE));
	setitimer(ITIMER_REAL, &often, NULL);
	long r = sys(SYS_fallocate, big, 0, 0, 64 << 20);
	setitimer(ITIMER_REAL, &never, NULL);
	ROW("interrupted", r, -EINTR);
	fstat(big, &st);
	ROW("interrupted.size", st.st_size, PAGE + 1);
	ROW("interrupted.blocks", st.st_blocks, PAGE / 512);
	ROW("interrupted.data", (pread(big, buf, 1, PAGE), buf[0]), 'z');
}

static void group_sendfile(void)
{
	int in = file_with("in", "0123456789", 10), out = MUST(open("out", O_RDWR | O_CREAT, 0600)),
	    ends[2];
	off_t pos = 3;

	ROWS_FD("in", sys(SYS_sendfile, out, fd, NULL, 1));
	ROWS_FD("out", sys(SYS_sendfile, fd, in, NULL, 1));
	ROW("all", sys(SYS_sendfile, out, in, NULL, 100), 10);
	ROW_TRUE("all_data", content_is("out", "0123456789"));
	ROW("moves_position", lseek(in, 0, SEEK_CUR), 10);
	ROW("at_end", sys(SYS_sendfile, out, in, NULL, 100), 0);
	ROW("offset", sys(SYS_sendfile, out, in, &pos, 4), 4);
	ROW("offset_moved", pos, 7);
	ROW("offset_keeps_position", lseek(in, 0, SEEK_CUR), 10);
	ROWS_EFAULT("offset", 8, sys(SYS_sendfile, out, in, p, 1));
	pos = -1;
	ROW("offset_negative", sys(SYS_sendfile, out, in, &pos, 4), -EINVAL);
	pipe(ends);
	pos = 0;
	ROW("to_pipe", sys(SYS_sendfile, ends[1], in, &pos, 10), 10);
	ROW("to_pipe_read", read(ends[0], buf, 20), 10);
	ROW("from_pipe_offset", sys(SYS_sendfile, out, ends[0], &pos, 10), -ESPIPE);
	ROW("out_readonly", sys(SYS_sendfile, open("out", O_RDONLY), in, &pos, 1), -EBADF);
	ROW("out_append", sys(SYS_sendfile, open("out", O_WRONLY | O_APPEND), in, &pos, 1),
	    -EINVAL);
	ROW("in_writeonly", sys(SYS_sendfile, out, open("in", O_WRONLY), NULL, 1), -EBADF);
}

static void group_copy_file_range(void)
{
	int in = file_with("in", "0123456789", 10), out = MUST(open("out", O_RDWR | O_CREAT, 0600));
	off_t from = 2, to = 1;

	ROWS_FD_PATH("in", sys(SYS_copy_file_range, fd, NULL, out, NULL, 1, 0));
	ROWS_FD_PATH("out", sys(SYS_copy_file_range, in, NULL, fd, NULL, 1, 0));
	ROW("copy", sys(SYS_copy_file_range, in, &from, out, &to, 5, 0), 5);
	ROW_TRUE("copy_positions", from == 7 && to == 6);
	ROW("copy_size", size_of(out), 6);
	ROW("to_end", sys(SYS_copy_file_range, in, NULL, out, NULL, 100, 0), 10);
	ROW("at_end", sys(SYS_copy_file_range, in, NULL, out, NULL, 100, 0), 0);
	ROW("flags", sys(SYS_copy_file_range, in, NULL, out, NULL, 1, 1), -EINVAL);
	from = 0;
	to = 2;
	ROW("overlap", sys(SYS_copy_file_range, in, &from, in, &to, 5, 0), -EINVAL);
	mkdir("d", 0755);
	ROW("dir", sys(SYS_copy_file_range, open("d", O_RDONLY), NULL, out, NULL, 5, 0), -EISDIR);
	ROW("append",
	    sys(SYS_copy_file_range, in, NULL, open("out", O_WRONLY | O_APPEND), NULL, 5, 0),
	    -EBADF);
	ROWS_EFAULT("offset", 8, sys(SYS_copy_file_range, in, p, out, NULL, 1, 0));
}

static void group_sync(void)
{
	int fd = file_with("f", "0123456789", 10), ends[2];

	pipe(ends);
	ROWS_FD_PATH("fsync", sys(SYS_fsync, fd));
	ROWS_FD_PATH("fdatasync", sys(SYS_fdatasync, fd));
	ROWS_FD_PATH("syncfs", sys(SYS_syncfs, fd));
	ROWS_FD_PATH("sync_file_range", sys(SYS_sync_file_range, fd, 0, 0, 0));
	ROWS_FD_PATH("fadvise", sys(SYS_fadvise64, fd, 0, 0, 0));
	ROWS_FD_PATH("readahead", sys(SYS_readahead, fd, 0, 10));
	ROW("fsync", sys(SYS_fsync, fd), 0);
	ROW("fdatasync", sys(SYS_fdatasync, fd), 0);
	ROW("fsync_dir", sys(SYS_fsync, open(".", O_RDONLY)), 0);
	ROW("fsync_pipe", sys(SYS_fsync, ends[0]), -EINVAL);
	ROW("fsync_null", sys(SYS_fsync, open("/dev/null", O_RDWR)), -EINVAL);
	ROW("sync", sys(SYS_sync), 0);
	ROW("syncfs", sys(SYS_syncfs, fd), 0);
	ROW("sync_file_range", sys(SYS_sync_file_range, fd, 0, 0, 7), 0);
	ROW("sync_file_range_flag", sys(SYS_sync_file_range, fd, 0, 0, 8), -EINVAL);
	ROW("sync_file_range_negative", sys(SYS_sync_file_range, fd, -1, 0, 0), -EINVAL);
	ROW("sync_file_range_pipe", sys(SYS_sync_file_range, ends[0], 0, 0, 0), -ESPIPE);
	ROW("fadvise_willneed", sys(SYS_fadvise64, fd, 0, 10, 3), 0);
	ROW("fadvise_dontneed", sys(SYS_fadvise64, fd, 0, 0, 4), 0);
	ROW("fadvise_advice", sys(SYS_fadvise64, fd, 0, 0, 99), -EINVAL);
	ROW("fadvise_negative_len", sys(SYS_fadvise64, fd, 0, -1, 0), -EINVAL);
	ROW("fadvise_pipe", sys(SYS_fadvise64, ends[0], 0, 0, 0), -ESPIPE);
	ROW("readahead_writeonly", sys(SYS_readahead, open("f", O_WRONLY), 0, 10), -EBADF);
	ROW("readahead_pipe", sys(SYS_readahead, ends[0], 0, 10), -EINVAL);
	ROW_TRUE("still_there", content_is("f", "0123456789"));
}

static void ignore_alarm(int sig)
{
	(void)sig;
}

/* A transfer of as much as can be asked for ends early for a signal, and tells of what it did. */
static bool interrupted(long call, int fd)
{
	struct itimerval often = { { 0, 5000 }, { 0, 5000 } }, never = { 0 };
	static char mib[1 << 20];
	static struct iovec vec[1024];
	size_t all = LENGTH(vec) * sizeof(mib);
	long n;

	for (size_t i = 0; i < LENGTH(vec); i++)
		vec[i] = (struct iovec){ mib, sizeof(mib) };
	signal(SIGALRM, ignore_alarm);
	setitimer(ITIMER_REAL, &often, NULL);
	n = sys(call, fd, vec, LENGTH(vec));
	setitimer(ITIMER_REAL, &never, NULL);
	signal(SIGALRM, SIG_DFL);
	return n > 0 && n < (long)all;
}

static void group_devices(void)
{
	int null = MUST(open("/dev/null", O_RDWR)), zero = MUST(open("/dev/zero", O_RDWR));
	int full = MUST(open("/dev/full", O_RDWR)), ran = MUST(open("/dev/urandom", O_RDWR));
	char other[64];

	ROW("null_read", sys(SYS_read, null, buf, 10), 0);
	ROW("null_write", sys(SYS_write, null, buf, 10), 10);
	ROW("null_write_bad_pointer", sys(SYS_write, null, edge, 10), 10);
	memset(buf, 'x', 100);
	ROW("zero_read", sys(SYS_read, zero, buf, 100), 100);
	ROW_TRUE("zero_zeroes", buf[0] == 0 && buf[99] == 0);
	ROW("zero_write", sys(SYS_write, zero, buf, 10), 10);
	ROW("zero_efault", sys(SYS_read, zero, edge, 10), -EFAULT);
	ROW("full_read", sys(SYS_read, full, buf, 10), 10);
	ROW("full_write", sys(SYS_write, full, buf, 10), -ENOSPC);
	ROW("full_map", sys(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, full, 0), -ENODEV);
	ROW("urandom_read", sys(SYS_read, ran, buf, 64), 64);
	ROW("urandom_again", sys(SYS_read, ran, other, 64), 64);
	ROW_TRUE("urandom_differs", memcmp(buf, other, 64));
	ROW("urandom_write", sys(SYS_write, ran, buf, 10), 10);
	ROW("urandom_efault", sys(SYS_read, ran, edge, 10), -EFAULT);
	ROW_TRUE("urandom_write_interrupted", interrupted(SYS_writev, ran));
	ROW_TRUE("zero_read_interrupted", interrupted(SYS_readv, zero));
	int random = MUST(open("/dev/random", O_RDONLY));
	ROW("random_read", sys(SYS_read, random, buf, 16), 16);
	struct stat st;
	stat("/dev/null", &st);
	ROW("null_is_1_3", st.st_rdev, 0x103);
	ROW("null_mode", st.st_mode, S_IFCHR | 0666);
	stat("/dev/full", &st);
	ROW("full_is_1_7", st.st_rdev, 0x107);
	stat("/dev/tty", &st);
	ROW("tty_is_5_0", st.st_rdev, 0x500);
	ROW("null_ioctl", sys(SYS_ioctl, null, TCGETS, buf), -ENOTTY);
	ROW("file_ioctl", sys(SYS_ioctl, file_with("f", "", 0), TCGETS, buf), -ENOTTY);
	ROWS_FD_PATH("ioctl", sys(SYS_ioctl, fd, TCGETS, buf));
	int fd = file_with("r", "abc", 3), waiting = 0;
	ROW("fionread", sys(SYS_ioctl, fd, FIONREAD, &waiting), 0);
	ROW("fionread_value", waiting, 3);
	int on = 1;
	ROW("fionbio", sys(SYS_ioctl, fd, FIONBIO, &on), 0);
	ROW("fionbio_set", fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	ROW("fioclex", sys(SYS_ioctl, fd, FIOCLEX), 0);
	ROW("fioclex_set", fcntl(fd, F_GETFD), FD_CLOEXEC);
	ROW("fionclex", sys(SYS_ioctl, fd, FIONCLEX), 0);
	ROW("fionclex_set", fcntl(fd, F_GETFD), 0);
	ROWS_EFAULT("fionread", 4, sys(SYS_ioctl, fd, FIONREAD, p));
}

static void group_nospace(void)
{
	mkdir("m", 0755);
	MUST(mount("tmpfs", "m", "tmpfs", 0, "size=64k,nr_inodes=8"));
	int fd = MUST(open("m/f", O_RDWR | O_CREAT, 0600));
	char *data = calloc(1, 100000);

	ROW("write_up_to_limit", sys(SYS_write, fd, data, 100000), 65536);
	ROW("write_full", sys(SYS_write, fd, data, 1), -ENOSPC);
	ROW("fallocate_full", sys(SYS_fallocate, fd, 0, 65536, 4096), -ENOSPC);
	ROW("truncate_frees", sys(SYS_ftruncate, fd, 0), 0);
	ROW("write_again", sys(SYS_write, fd, data, 10), 10);
	long made = 0, err = 0;
	while (made < 20 &&
	       (err = sys(SYS_open, named("m/n%ld", made), O_CREAT | O_WRONLY, 0600)) >= 0) {
		close(err);
		made++;
	}
	ROW("inodes_end", err, -ENOSPC);
	ROW("inodes_count", made, 6);
	ROW("unlink_frees", sys(SYS_unlink, "m/n0"), 0);
	ROW_OK("create_again", sys(SYS_open, "m/x", O_CREAT | O_WRONLY, 0600));
	umount2("m", MNT_DETACH);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "io");
	GROUP(group_read_write);
	GROUP(group_large);
	GROUP(group_pread_pwrite);
	GROUP(group_vectors);
	GROUP(group_lseek);
	GROUP(group_truncate);
	GROUP(group_fallocate);
	GROUP(group_fallocate_unwritten);
	GROUP(group_sendfile);
	GROUP(group_copy_file_range);
	GROUP(group_sync);
	GROUP(group_devices);
	GROUP(group_nospace);
	return finish();
}
