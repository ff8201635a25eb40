/*
 * Values that name what calls before them made: asynchronous I/O, file handles, watches, attached segments,
 * a traced process; and the structures of calls that take lists of addresses.
 */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "sysfuzz.h"

#define HANDLE_ROOM 128
#define TRACEE_WAITS 50
#define TRACEE_TICK_NS 200000

static uint64_t given(struct fuzz *f, const void *object, size_t size)
{
	if (bad(f))
		return bad_pointer(f);
	return (uint64_t)memcpy(buffer(f, size), object, size);
}

/* ---- asynchronous I/O ---- */

/* Where io_setup puts the new context's number: it wants to find 0 there. */
uint64_t make_aio_place(struct fuzz *f, const struct rule *rule)
{
	static const uint64_t none;

	return given(f, &none, sizeof(none));
}

uint64_t make_aio_number(struct fuzz *f, const struct rule *rule)
{
	return bad(f) ? bad_pointer(f) : f->aio;
}

uint64_t make_iocb(struct fuzz *f, const struct rule *rule)
{
	static const uint16_t ops[] = { IOCB_CMD_PREAD, IOCB_CMD_PWRITE, IOCB_CMD_FSYNC,
					IOCB_CMD_POLL,	IOCB_CMD_PREADV, IOCB_CMD_PWRITEV,
					IOCB_CMD_NOOP,	IOCB_CMD_FDSYNC };
	static const struct rule file = { .n = FD_FILE }, piece = { .n = 4096 };
	struct iocb one = {
		.aio_data = random_below(f, 100),
		.aio_lio_opcode = ops[random_below(f, LENGTH(ops))],
		.aio_fildes = (uint32_t)make_fd(f, &file),
		.aio_offset = (int64_t)random_below(f, 5000),
	};

	switch (one.aio_lio_opcode) {
	case IOCB_CMD_PREADV:
	case IOCB_CMD_PWRITEV:
		one.aio_buf = make_iovec(f, rule);
		one.aio_nbytes = random_below(f, 5);
		break;
	case IOCB_CMD_POLL:
		one.aio_buf = random_below(f, 64);
		one.aio_offset = 0;
		break;
	case IOCB_CMD_PREAD:
	case IOCB_CMD_PWRITE:
		one.aio_buf = make_out(f, &piece);
		one.aio_nbytes = random_below(f, 4096);
		break;
	default:
		one.aio_offset = 0;
		break;
	}
	if (bad(f))
		one.aio_rw_flags = (int)random_below(f, 64);
	if (bad(f))
		one.aio_nbytes = odd_number(f);
	return given(f, &one, sizeof(one));
}

uint64_t make_iocbs(struct fuzz *f, const struct rule *rule)
{
	uint64_t list[4];

	for (size_t i = 0; i < LENGTH(list); i++)
		list[i] = make_iocb(f, rule);
	return given(f, list, sizeof(list));
}

/* ---- file handles ---- */

/* To be filled in, with room for any; or one that is right. */
uint64_t make_handle(struct fuzz *f, const struct rule *rule)
{
	static const char *const files[] = { "file", "dir", "big", "link" };
	struct {
		uint32_t bytes;
		int32_t type;
		char id[HANDLE_ROOM];
	} handle = { .bytes = HANDLE_ROOM };
	int mount;

	if (rule->n)
		RAW(SYS_name_to_handle_at, AT_FDCWD, files[random_below(f, LENGTH(files))], &handle,
		    &mount, 0);
	if (bad(f))
		handle.bytes = (uint32_t)odd_number(f);
	return given(f, &handle, sizeof(handle));
}

/* ---- lists of addresses and numbers ---- */

/* Whole pages of the field. */
uint64_t make_field_vector(struct fuzz *f, const struct rule *rule)
{
	struct iovec pieces[8];

	for (size_t i = 0; i < LENGTH(pieces); i++) {
		pieces[i].iov_base = (void *)make_address(f, rule);
		pieces[i].iov_len = make_length(f, rule);
	}
	return given(f, pieces, sizeof(pieces));
}

uint64_t make_pages(struct fuzz *f, const struct rule *rule)
{
	uint64_t pages[8];

	for (size_t i = 0; i < LENGTH(pages); i++)
		pages[i] = make_address(f, rule);
	return given(f, pages, sizeof(pages));
}

/* The nodes' numbers are 0 as words and as a list alike. */
uint64_t make_nodes(struct fuzz *f, const struct rule *rule)
{
	static const uint32_t zeros[16];

	return chance(f, 40) ? 0 : given(f, zeros, sizeof(zeros));
}

uint64_t make_node_mask(struct fuzz *f, const struct rule *rule)
{
	uint64_t mask[16] = { chance(f, 80) };

	if (bad(f))
		mask[random_below(f, 2)] = odd_number(f);
	return chance(f, 20) ? 0 : given(f, mask, sizeof(mask));
}

uint64_t make_futex_waiters(struct fuzz *f, const struct rule *rule)
{
	struct futex_waitv list[8] = { 0 };

	for (size_t i = 0; i < LENGTH(list); i++) {
		list[i].uaddr = make_futex(f, rule);
		list[i].val = random_below(f, 3);
		list[i].flags = FUTEX_32 | (chance(f, 30) ? FUTEX_PRIVATE_FLAG : 0);
		if (bad(f))
			list[i].flags = (uint32_t)odd_number(f);
	}
	return given(f, list, sizeof(list));
}

/* A value and result: how much room there is. */
uint64_t make_room(struct fuzz *f, const struct rule *rule)
{
	int room = (int)make_choice(f, rule);

	return given(f, &room, sizeof(room));
}

uint64_t make_attached(struct fuzz *f, const struct rule *rule)
{
	return bad(f) || !f->attached ? bad_pointer(f) : f->attached;
}

uint64_t make_attach_address(struct fuzz *f, const struct rule *rule)
{
	return chance(f, 70) ? 0 : make_address(f, rule);
}

uint64_t make_here(struct fuzz *f, const struct rule *rule)
{
	struct stat st = { 0 };

	RAW(SYS_stat, chance(f, 70) ? "." : "/dev/null", &st);
	return bad(f) ? odd_number(f) : st.st_dev;
}

/* An extended attribute's name: of each family. */
uint64_t make_attribute(struct fuzz *f, const struct rule *rule)
{
	static const char *const names[] = { "trusted.a",  "trusted.b",
					     "trusted.a",  "user.a",
					     "user.b",	   "security.capability",
					     "security.x", "system.posix_acl_access",
					     "other" };
	const char *name = names[random_below(f, LENGTH(names))];

	return given(f, name, strlen(name) + 1);
}

/* ---- a traced process ---- */

/* It stops by itself, and again whenever it is let go. */
void tracee_start(struct fuzz *f)
{
	int status;
	long pid = RAW(SYS_fork);

	if (!pid) {
		if (failed(RAW(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0)))
			RAW(SYS_exit_group, 0);
		pid = RAW(SYS_getpid);
		for (;;)
			RAW(SYS_kill, pid, SIGSTOP);
	}
	if (failed(pid))
		return;
	RAW(SYS_wait4, pid, &status, WUNTRACED, 0);
	f->tracee = (pid_t)pid;
}

uint64_t make_tracee(struct fuzz *f, const struct rule *rule)
{
	return f->tracee && chance(f, 85) ? (uint64_t)f->tracee : make_pid(f, rule);
}

/* After it was let go: not for ever, as it may have ended, or wait for what does not come. */
void tracee_await(struct fuzz *f)
{
	const struct timespec tick = { .tv_nsec = TRACEE_TICK_NS };
	siginfo_t info;

	for (int i = 0; i < TRACEE_WAITS; i++) {
		info.si_pid = 0;
		long done = RAW(SYS_waitid, P_PID, f->tracee, &info,
				WSTOPPED | WEXITED | WNOHANG | WNOWAIT, 0);

		if (failed(done) || info.si_pid)
			return;
		RAW(SYS_nanosleep, &tick, 0);
	}
}
