/*
 * Which of two errors is told, and other corners in which random calls once had another answer here
 * than on Linux (tests/fuzz_syscalls, run on both with one seed).
 */
#include "row.h"

#include <linux/random.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/un.h>

#define CLOSED 99
#define HUGE_COUNT 0x7fffffffffffffff
#define LOCK_MAND_ 32
#define FIOQSIZE_ 0x5460
#define RWF_UNKNOWN 0x8000

static void group_sockets(void)
{
	int ends[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	ROW("accept_closed", sys(SYS_accept4, CLOSED, 0, 0, 1), -EBADF);
	ROW("accept_flags", sys(SYS_accept4, 0, 0, 0, 1), -EINVAL);
	char *page = mmap(NULL, 1ul << 31, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ROW("send_no_socket", sys(SYS_sendto, 0, page, HUGE_COUNT, 0, 0, 0), -ENOTSOCK);
	ROW("receive_length", sys(SYS_recvfrom, ends[0], page, HUGE_COUNT, MSG_DONTWAIT, 0, 0),
	    -EAGAIN);
}

static void group_vectors(void)
{
	char byte;
	struct iovec none = { &byte, 0 }, one = { &byte, 1 }, bad = { (void *)-4096, 1 };
	int read_only = MUST(open(".", O_RDONLY)), file = MUST(open("f", O_RDWR | O_CREAT, 0600));
	int event = MUST(eventfd(0, EFD_NONBLOCK));

	ROW("count_before_mode", sys(SYS_writev, read_only, &one, 2000), -EINVAL);
	ROW("pointer_before_mode", sys(SYS_writev, read_only, &bad, 1), -EFAULT);
	struct iovec both[2] = { bad, { &byte, -1ul } };
	ROW("length_before_pointer", sys(SYS_writev, file, both, 2), -EINVAL);
	ROW("mode_before_nothing", sys(SYS_writev, read_only, &none, 1), -EBADF);
	ROW("nothing_of_directory", sys(SYS_readv, read_only, &none, 1), 0);
	ROW("directory", sys(SYS_readv, read_only, &one, 1), -EISDIR);
	ROW("upper_half", sys(SYS_writev, file, &one, 1ul << 32), 0);
	ROW("flags_after_pointer", sys(SYS_pwritev2, file, &bad, 1, 0, 0, RWF_UNKNOWN), -EFAULT);
	ROW("flags_after_nothing", sys(SYS_pwritev2, file, &none, 1, 0, 0, RWF_UNKNOWN), 0);
	ROW("flags", sys(SYS_pwritev2, file, &one, 1, 0, 0, RWF_UNKNOWN), -EOPNOTSUPP);
	ROW("flags_after_place", sys(SYS_preadv2, event, &one, 1, 0, 0, RWF_UNKNOWN), -ESPIPE);
	ROW("eventfd_read_at", sys(SYS_pread64, event, &byte, 1, 0), -ESPIPE);
	ROW("negative_before_closed", sys(SYS_preadv2, CLOSED, &one, 1, -2, 0, 0), -EINVAL);
	ROW("splice_nothing", sys(SYS_vmsplice, file, &none, 1, 0), 0);
	ROW("splice_no_pipe", sys(SYS_vmsplice, file, &one, 1, 0), -EBADF);
}

static void group_select(void)
{
	int place = MUST(open(".", O_PATH));
	struct timeval now = { 0 };
	fd_set in, out;

	FD_ZERO(&in);
	FD_SET(place, &in);
	out = in;
	ROW("place_is_ready", sys(SYS_select, place + 1, &in, &out, 0, &now), 2);
	ROW("place_is_in_set", !!FD_ISSET(place, &in), 1);
	MUST(close(place));
	ROW("closed", sys(SYS_select, place + 1, &in, &out, 0, &now), -EBADF);
}

static void group_terminal(void)
{
	int master = MUST(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK));
	char byte = 0;

	ROW("read_at", sys(SYS_pread64, master, &byte, 1, 0), -ESPIPE);
	ROW("write_at", sys(SYS_pwrite64, master, &byte, 1, 0), -ESPIPE);
	ROW("seek", sys(SYS_lseek, master, 0, SEEK_CUR), -ESPIPE);
}

static void group_files(void)
{
	int file = MUST(open("f", O_RDWR | O_CREAT, 0600)), status, processes, random;
	long in = 0;
	uint64_t size = 0;
	int bits = 0;

	MUST(ftruncate(file, 50000));
	MUST(write(file, "x", 1));
	ROW("flock_mandatory", sys(SYS_flock, CLOSED, LOCK_MAND_), 0);
	ROW("flock_operation", sys(SYS_flock, CLOSED, 0), -EINVAL);
	ROW("flock_closed", sys(SYS_flock, CLOSED, LOCK_SH), -EBADF);
	ROW("copy_pointer_before_flags", sys(SYS_copy_file_range, file, edge, file, 0, 1, 1),
	    -EFAULT);
	ROW("copy_flags", sys(SYS_copy_file_range, file, &in, file, 0, 1, 1), -EINVAL);
	ROW("sendfile_count_before_out", sys(SYS_sendfile, CLOSED, file, &in, -1), -EINVAL);
	ROW("sendfile_out", sys(SYS_sendfile, CLOSED, file, &in, 1), -EBADF);
	ROW("size", sys(SYS_ioctl, file, FIOQSIZE_, &size), 0);
	ROW("size_value", size, PAGE);
	ROWS_EFAULT("size", 8, sys(SYS_ioctl, file, FIOQSIZE_, p));
	ROW("size_of_device", sys(SYS_ioctl, 0, FIOQSIZE_, &size), -ENOTTY);
	processes = MUST(open("/proc/self", O_RDONLY));
	ROW("read_of_proc_directory", sys(SYS_read, processes, &bits, 1), -EISDIR);
	ROW("seek_in_proc_directory", sys(SYS_lseek, processes, 2, SEEK_CUR), 2);
	status = MUST(open("/proc/self/status", O_RDONLY));
	ROW("write_at_read_only_text", sys(SYS_pwrite64, status, &bits, 1, 0), -ESPIPE);
	random = MUST(open("/dev/urandom", O_RDONLY));
	ROW("random_ioctl", sys(SYS_ioctl, random, TCGETS, &size), -EINVAL);
	ROW("random_entropy", sys(SYS_ioctl, random, RNDGETENTCNT, &bits), 0);
	ROW("random_entropy_value", bits, 256);
	ROWS_EFAULT("random_entropy", 4, sys(SYS_ioctl, random, RNDGETENTCNT, p));
	ROW("random_reseed", sys(SYS_ioctl, random, RNDRESEEDCRNG), 0);
	struct {
		struct rand_pool_info info;
		char bytes[16];
	} pool = { { .entropy_count = 8, .buf_size = 16 }, "sixteen bytes.." };
	ROW("random_add", sys(SYS_ioctl, random, RNDADDENTROPY, &pool), 0);
	pool.info.entropy_count = -1;
	ROW("random_add_less", sys(SYS_ioctl, random, RNDADDENTROPY, &pool), -EINVAL);
	MUST(setresuid(1000, 1000, 1000));
	ROW("random_add_user", sys(SYS_ioctl, random, RNDADDENTROPY, &pool), -EPERM);
}

static void group_memory(void)
{
	struct timespec wrong = { .tv_nsec = -1 };
	struct sembuf op = { 0 };
	char *at = mmap(NULL, 6 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char there[6];

	MUST(mprotect(at + PAGE, PAGE, PROT_READ | PROT_WRITE));
	MUST(munmap(at + 3 * PAGE, PAGE));
	ROW("shrink_over_areas", sys(SYS_mremap, at, 5 * PAGE, PAGE, 0), (long)at);
	ROW("shrink_took_them", sys(SYS_mincore, at + PAGE, PAGE, there), -ENOMEM);
	ROW("shrink_left_the_rest", sys(SYS_mincore, at + 5 * PAGE, PAGE, there), 0);
	ROW("shrink_too_far", sys(SYS_mremap, at, -1ul << 47, PAGE, 0), -EINVAL);
	ROW("grow_over_areas", sys(SYS_mremap, at, 5 * PAGE, 6 * PAGE, MREMAP_MAYMOVE), -EFAULT);
	ROW("protect_upper_half", sys(SYS_mprotect, at, PAGE, PROT_READ | 1ul << 41), -EINVAL);
	ROW("semop_pointer_before_id", sys(SYS_semop, -1, edge, 1), -EFAULT);
	ROW("semop_count_before_pointer", sys(SYS_semop, -1, edge, 100000), -E2BIG);
	ROW("semop_count_before_time", sys(SYS_semtimedop, 0, &op, 100000, &wrong), -E2BIG);
	ROW("semop_time_before_count", sys(SYS_semtimedop, 0, &op, 100000, edge), -EFAULT);
}

/* Who has changed its user may not be looked into: its files in /proc are root's. */
static void group_changed_user(void)
{
	struct stat st;

	MUST(setresuid(1000, 1000, 1000));
	ROW("directory", stat("/proc/self", &st), 0);
	ROW("directory_owner", st.st_uid, 1000);
	ROW("file", stat("/proc/self/environ", &st), 0);
	ROW("file_owner", st.st_uid, 0);
	ROW("open", sys(SYS_open, "/proc/self/environ", O_RDONLY), -EACCES);
	ROW("open_for_all", sys(SYS_open, "/proc/self/status", O_RDONLY) >= 0, 1);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "order");
	GROUP(group_sockets);
	GROUP(group_vectors);
	GROUP(group_select);
	GROUP(group_terminal);
	GROUP(group_files);
	GROUP(group_memory);
	GROUP(group_changed_user);
	return finish();
}
