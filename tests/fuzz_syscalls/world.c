/*
 * What a batch finds: a tmpfs of its own with a few files, descriptors of every kind, memory to point at,
 * limits under which the machine survives. It takes nothing along: all ends with its processes and with
 * the file system, which the worker unmounts.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sysfuzz.h"

#define MAX_SIGNALS 3000
/* One maker's part of the buffers, with the untouchable page behind it. */
#define PART (BUFFERS_SIZE + PAGE)
#define STACKS_PART (STACK_SIZE * 10)
#define FILE_LIMIT (8ul << 20)
#define MEMORY_LIMIT (192ul << 20)
#define CPU_LIMIT 20 /* s */

char *buffers, *field, *edge, *read_only;
uint32_t *futexes;
char world_dir[64];
static char *stacks;
static uint32_t signals_seen;

/* The signal return of our handlers, as libc's is only known to libc. */
__asm__(".globl restorer\nrestorer:\n\tmov $15, %eax\n\tsyscall\n");

void on_signal(int sig)
{
	/* A fault would come again at once; and a signal that comes without end ends the batch. */
	if (sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGFPE || sig == SIGTRAP ||
	    ++signals_seen > MAX_SIGNALS)
		RAW(SYS_exit_group, 3);
}

static void *map(size_t size, int prot, int kind)
{
	void *at = mmap(NULL, size, prot, kind | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED) {
		perror("sysfuzz: mmap");
		exit(2);
	}
	return at;
}

void world_prepare(void)
{
	buffers = map(BUFFERS_MAX * PART, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	for (int i = 0; i < BUFFERS_MAX; i++)
		mprotect(buffers + (size_t)i * PART + BUFFERS_SIZE, PAGE, PROT_NONE);
	edge = buffers + BUFFERS_SIZE;
	stacks = map(BUFFERS_MAX * STACKS_PART, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	field = map(FIELD_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	read_only = map(PAGE, PROT_READ, MAP_PRIVATE);
	futexes = map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	snprintf(world_dir, sizeof(world_dir), "/tmp/sysfuzz.%d", worker);
	if (mkdir(world_dir, 0777) && errno != EEXIST) {
		perror(world_dir);
		exit(2);
	}
}

void fuzz_fork(struct fuzz *f, const struct fuzz *from, int slot)
{
	if (from && from != f)
		memcpy(f, from, sizeof(*f));
	f->buffers = buffers + (size_t)slot * PART;
	f->next_buffer = f->buffers;
	f->stacks = stacks + (size_t)slot * STACKS_PART;
}

static int make_file(const char *name, int mode, const char *text, off_t size)
{
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, mode);

	if (fd < 0 || write(fd, text, strlen(text)) < 0 || (size && ftruncate(fd, size)))
		_exit(4);
	return fd;
}

static void make_files(struct fuzz *f)
{
	if (mkdir("dir", 0777) || mkdir("dir/dir", 0777) || mkdir("m1", 0777) ||
	    mkdir("m2", 0777) || mkdir("m1/x", 0777) || mkdir("hidden", 0) ||
	    symlink("file", "link") || symlink("dir", "link-to-dir") || symlink("loop", "loop") ||
	    symlink("nowhere", "dangling") || mkfifo("fifo", 0666))
		_exit(4);
	fuzz_add_fd(f, make_file("file", 0666, "What a file holds.\n", 0));
	fuzz_add_fd(f, make_file("big", 0666, "big\n", 300000));
	close(make_file("empty", 0666, "", 0));
	close(make_file("read-only", 0444, "read only\n", 0));
	close(make_file("dir/inside", 0666, "inside\n", 0));
	close(make_file("script", 0777, "#!/proc/self/exe exit\n", 0));
}

/* Terminals among them: the slave becomes the controlling one of the batch's session. */
static void open_zoo(struct fuzz *f)
{
	static const struct {
		const char *name;
		int flags;
	} zoo[] = {
		{ "dir", O_RDONLY },
		{ "file", O_RDONLY },
		{ "file", O_PATH },
		{ "dir", O_PATH },
		{ ".", O_RDONLY },
		{ "fifo", O_RDWR | O_NONBLOCK },
		{ "/proc/self/status", O_RDONLY },
		{ "/proc/self", O_RDONLY },
		{ "/proc/self/maps", O_RDONLY },
		{ "/dev/zero", O_RDWR },
		{ "/dev/urandom", O_RDONLY },
		{ "/dev/null", O_RDWR },
		{ "/proc/self/mem", O_RDWR },
		{ "/proc/stat", O_RDONLY },
	};
	int pipes[2], master, slave, number, unlock = 0;
	char name[32];

	for (size_t i = 0; i < LENGTH(zoo); i++) {
		int fd = open(zoo[i].name, zoo[i].flags);

		if (fd >= 0)
			fuzz_add_fd(f, fd);
	}
	for (int i = 0; i < 2; i++) {
		if (!pipe2(pipes, i ? O_NONBLOCK : 0)) {
			fuzz_add_fd(f, pipes[0]);
			fuzz_add_fd(f, pipes[1]);
		}
	}
	master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (master >= 0 && !ioctl(master, TIOCSPTLCK, &unlock) &&
	    !ioctl(master, TIOCGPTN, &number)) {
		snprintf(name, sizeof(name), "/dev/pts/%d", number);
		slave = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
		if (slave >= 0) {
			ioctl(slave, TIOCSCTTY, 0);
			fuzz_add_fd(f, master);
			fuzz_add_fd(f, slave);
		}
	}
}

static void limit(int what, rlim_t value)
{
	struct rlimit rlimit = { value, value };

	if (setrlimit(what, &rlimit))
		_exit(4);
}

/* Root keeps what it can do but raise its limits; the others are a plain user. */
static void drop(bool as_root)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (!as_root) {
		if (syscall(SYS_setgroups, 0, NULL) ||
		    syscall(SYS_setresgid, FUZZ_UID, FUZZ_UID, FUZZ_UID) ||
		    syscall(SYS_setresuid, FUZZ_UID, FUZZ_UID, FUZZ_UID))
			_exit(4);
		return;
	}
	if (syscall(SYS_capget, &header, data))
		_exit(4);
	data[0].effective &= ~(1u << CAP_SYS_RESOURCE);
	data[0].permitted &= ~(1u << CAP_SYS_RESOURCE);
	data[0].inheritable = 0;
	data[1].inheritable = 0;
	if (prctl(PR_CAPBSET_DROP, CAP_SYS_RESOURCE, 0, 0, 0) || syscall(SYS_capset, &header, data))
		_exit(4);
}

void world_enter(struct fuzz *f, bool as_root)
{
	struct sigaction act = { .sa_handler = on_signal };

	if (setsid() < 0 ||
	    mount("sysfuzz", world_dir, "tmpfs", 0, "mode=777,size=16m,nr_inodes=3000") ||
	    chdir(world_dir))
		_exit(4);
	umask(0);
	/* What the worker prints to is none of the batch's business. */
	int null = open("/dev/null", O_RDWR);
	for (int fd = 0; fd <= 2; fd++)
		dup2(null, fd);
	close(null);
	fuzz_fork(f, NULL, 0);
	make_files(f);
	for (int sig = 1; sig < NSIG; sig++) {
		if (sig != SIGSEGV && sig != SIGBUS && sig != SIGILL && sig != SIGFPE &&
		    sig != SIGCHLD)
			sigaction(sig, &act, NULL);
	}
	open_zoo(f);
	descriptors_open(f);
	ipc_open(f);
	limit(RLIMIT_NOFILE, 256);
	limit(RLIMIT_FSIZE, FILE_LIMIT);
	limit(RLIMIT_AS, MEMORY_LIMIT);
	limit(RLIMIT_CPU, CPU_LIMIT);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NPROC, 100);
	drop(as_root);
}

void world_leave(void)
{
	while (!umount2(world_dir, MNT_DETACH))
		;
	ipc_leave();
}
