/* Values for sockets and for System V IPC and POSIX message queues, and the end of what those leave behind. */
#include <dirent.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "sysfuzz.h"

#define NAMES 4
#define SOME_INDICES 8
#define SEMAPHORES 4

static uint64_t given(struct fuzz *f, const void *object, size_t size)
{
	if (bad(f))
		return bad_pointer(f);
	return (uint64_t)memcpy(buffer(f, size), object, size);
}

/* ---- System V ---- */

/* The identifier at an index, or an error; kinds are those of rules. */
static long id_at(long index, uint64_t kind)
{
	char state[256];

	switch (kind) {
	case IPC_KIND_SEM:
		return RAW(SYS_semctl, index, 0, SEM_STAT, state);
	case IPC_KIND_MSG:
		return RAW(SYS_msgctl, index, MSG_STAT, state);
	default:
		return RAW(SYS_shmctl, index, SHM_STAT, state);
	}
}

/* Indices are given out in turn, so those of the batch are the last ones. */
static long last_index(uint64_t kind)
{
	char info[256];

	switch (kind) {
	case IPC_KIND_SEM:
		return RAW(SYS_semctl, 0, 0, SEM_INFO, info);
	case IPC_KIND_MSG:
		return RAW(SYS_msgctl, 0, MSG_INFO, info);
	default:
		return RAW(SYS_shmctl, 0, SHM_INFO, info);
	}
}

uint64_t make_ipc_id(struct fuzz *f, const struct rule *rule)
{
	long start = (long)random_below(f, SOME_INDICES), last = last_index(rule->n), id;

	for (long i = 0; i < SOME_INDICES && !bad(f); i++) {
		id = id_at(last - (start + i) % SOME_INDICES, rule->n);
		if (!failed(id))
			return (uint64_t)id;
	}
	return random_below(f, 4);
}

uint64_t make_sembufs(struct fuzz *f, const struct rule *rule)
{
	struct sembuf ops[8];

	for (size_t i = 0; i < LENGTH(ops); i++)
		ops[i] = (struct sembuf){
			.sem_num = (unsigned short)(bad(f) ? random_next(f) : random_below(f, 4)),
			.sem_op = (short)(bad(f) ? random_next(f) : random_below(f, 5) - 2),
			.sem_flg = (short)((chance(f, 30) ? SEM_UNDO : 0) |
					   (chance(f, 50) ? IPC_NOWAIT : 0)),
		};
	return given(f, ops, sizeof(ops));
}

/* ---- message queues ---- */

uint64_t make_queue_name(struct fuzz *f, const struct rule *rule)
{
	char name[16];

	snprintf(name, sizeof(name), "%sq%d", bad(f) ? "/" : "", (int)random_below(f, NAMES));
	return given(f, name, sizeof(name));
}

uint64_t make_queue_attr(struct fuzz *f, const struct rule *rule)
{
	struct mq_attr attr = {
		.mq_flags = chance(f, 50) ? 0 : 04000,
		.mq_maxmsg = (long)random_below(f, 11),
		.mq_msgsize = (long)random_below(f, 300),
	};

	if (bad(f))
		attr.mq_maxmsg = (long)random_next(f);
	return chance(f, 30) ? 0 : given(f, &attr, sizeof(attr));
}

/* ---- sockets ---- */

uint64_t make_sockaddr(struct fuzz *f, const struct rule *rule)
{
	struct sockaddr_un a = { .sun_family =
					 bad(f) ? (sa_family_t)random_below(f, 20) : AF_UNIX };

	snprintf(a.sun_path + (chance(f, 40) ? 1 : 0), sizeof(a.sun_path) - 1, "s%d",
		 (int)random_below(f, NAMES));
	return given(f, &a, sizeof(a));
}

/* One control message: descriptors, credentials, or nonsense. */
static size_t make_ancillary(struct fuzz *f, char *room, size_t size)
{
	struct cmsghdr *h = (struct cmsghdr *)room;
	size_t n = sizeof(int) * (1 + random_below(f, 4));

	memset(room, 0, size);
	h->cmsg_level = bad(f) ? (int)random_below(f, 10) : SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	if (chance(f, 20)) {
		struct ucred u = { getpid(), getuid(), getgid() };

		h->cmsg_type = SCM_CREDENTIALS;
		n = sizeof(u);
		memcpy(CMSG_DATA(h), &u, sizeof(u));
	} else {
		for (size_t i = 0; i < n / sizeof(int); i++) {
			int fd = (int)make_fd(f, NULL);

			memcpy(CMSG_DATA(h) + i * sizeof(int), &fd, sizeof(fd));
		}
	}
	h->cmsg_len = bad(f) ? random_below(f, 100) : CMSG_LEN(n);
	return CMSG_SPACE(n);
}

static void fill_message(struct fuzz *f, struct msghdr *m, const struct rule *rule)
{
	char room[128] __attribute__((aligned(8)));

	*m = (struct msghdr){ 0 };
	m->msg_iov = (struct iovec *)make_iovec(f, rule);
	m->msg_iovlen = random_below(f, 4);
	if (chance(f, 30)) {
		m->msg_name = (void *)make_sockaddr(f, rule);
		m->msg_namelen = sizeof(struct sockaddr_un);
	}
	if (chance(f, 60)) {
		m->msg_controllen = make_ancillary(f, room, sizeof(room));
		m->msg_control = (void *)given(f, room, sizeof(room));
	}
	if (bad(f))
		m->msg_iovlen = random_next(f);
}

uint64_t make_msghdr(struct fuzz *f, const struct rule *rule)
{
	struct msghdr m;

	fill_message(f, &m, rule);
	return given(f, &m, sizeof(m));
}

uint64_t make_mmsghdrs(struct fuzz *f, const struct rule *rule)
{
	struct mmsghdr m[3] = { 0 };

	for (size_t i = 0; i < LENGTH(m); i++)
		fill_message(f, &m[i].msg_hdr, rule);
	return given(f, m, sizeof(m));
}

void ipc_open(struct fuzz *f)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "s0" };
	int pair[2], listener = socket(AF_UNIX, SOCK_STREAM, 0);

	for (size_t i = 0; i < LENGTH(types); i++)
		if (!socketpair(AF_UNIX, types[i] | SOCK_NONBLOCK, 0, pair)) {
			fuzz_add_fd(f, pair[0]);
			fuzz_add_fd(f, pair[1]);
		}
	if (listener >= 0 && !bind(listener, (void *)&a, sizeof(a)) && !listen(listener, 3))
		fuzz_add_fd(f, listener);
	semget(1, SEMAPHORES, IPC_CREAT | 0666);
	msgget(1, IPC_CREAT | 0666);
	shmget(1, 4 * PAGE, IPC_CREAT | 0666);
}

/* ---- afterwards ---- */

static void remove_queues(void)
{
	struct dirent *entry;
	DIR *dir;

	if (mount("sysfuzz", world_dir, "mqueue", 0, NULL))
		return;
	dir = opendir(world_dir);
	while (dir && (entry = readdir(dir)))
		RAW(SYS_mq_unlink, entry->d_name);
	if (dir)
		closedir(dir);
	umount2(world_dir, MNT_DETACH);
}

void ipc_leave(void)
{
	long last = last_index(IPC_KIND_SEM);

	for (long i = 0; i <= last; i++)
		RAW(SYS_semctl, id_at(i, IPC_KIND_SEM), 0, IPC_RMID, 0);
	last = last_index(IPC_KIND_MSG);
	for (long i = 0; i <= last; i++)
		RAW(SYS_msgctl, id_at(i, IPC_KIND_MSG), IPC_RMID, 0);
	last = last_index(IPC_KIND_SHM);
	for (long i = 0; i <= last; i++)
		RAW(SYS_shmctl, id_at(i, IPC_KIND_SHM), IPC_RMID, 0);
	remove_queues();
}
