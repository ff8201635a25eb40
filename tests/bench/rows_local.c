// SPDX-License-Identifier: GPL-2.0-only
/* What processes of one machine talk through: local sockets, events, System V and POSIX queues. */
#include "bench.h"

#include <errno.h>
#include <mqueue.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void run_unix(bench_t *b)
{
	int ends[2];

	need(!socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
	round_trips(b, ends[0], ends[0], ends[1], ends[1]);
}

static void run_unix_blocks(bench_t *b)
{
	int ends[2];

	need(!socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
	read_blocks(b, ends[0], ends[1]);
}

static void run_eventfd(bench_t *b)
{
	int fd = eventfd(0, 0);
	uint64_t value;
	unsigned int i;

	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			value = i + 1;
			need(write(fd, &value, sizeof(value)) == sizeof(value), "write");
			need(read(fd, &value, sizeof(value)) == sizeof(value), "read");
			b->sum += value;
		}
}

#define EPOLL_COUNT 1000

/* A thousand descriptors in one epoll: one becomes ready, is found, and is emptied. */
static void run_epoll(bench_t *b)
{
	struct rlimit limit = { EPOLL_COUNT + 100, EPOLL_COUNT + 100 };
	struct epoll_event event = { .events = EPOLLIN };
	int fds[EPOLL_COUNT], epoll = epoll_create1(0);
	uint64_t value;
	unsigned int i;

	need(!setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
	for (i = 0; i < EPOLL_COUNT; i++) {
		fds[i] = eventfd(0, 0);
		event.data.u32 = i;
		need(!epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event), "epoll_ctl");
	}
	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			value = 1;
			need(write(fds[i * 7 % EPOLL_COUNT], &value, sizeof(value)) ==
				     sizeof(value),
			     "write");
			need(epoll_wait(epoll, &event, 1, -1) == 1, "epoll_wait");
			need(read(fds[event.data.u32], &value, sizeof(value)) == sizeof(value),
			     "read");
			b->sum += event.data.u32 + value;
		}
}

#define HACK_GROUPS 2
#define HACK_PAIRS 10 /* senders of a group, and receivers */
#define HACK_MESSAGES 20
#define HACK_BYTES 100

static void hack_send(int ready, int go, int to[HACK_PAIRS][2])
{
	char message[HACK_BYTES] = { 1 };
	unsigned int i, j;

	need(write(ready, "", 1) == 1, "ready");
	need(read(go, message, 1) == 0, "go");
	for (i = 0; i < HACK_MESSAGES; i++)
		for (j = 0; j < HACK_PAIRS; j++)
			need(write(to[j][1], message, HACK_BYTES) == HACK_BYTES, "send");
	_exit(0);
}

static void hack_receive(int ready, int go, int from)
{
	unsigned int left = HACK_PAIRS * HACK_MESSAGES * HACK_BYTES;
	char message[HACK_BYTES];
	ssize_t n;

	need(write(ready, "", 1) == 1, "ready");
	need(read(go, message, 1) == 0, "go");
	for (; left; left -= (unsigned int)n) {
		n = read(from, message, left < HACK_BYTES ? left : HACK_BYTES);
		need(n > 0, "receive");
	}
	_exit(0);
}

/*
 * As hackbench does it: in each group every sender writes to every receiver. An operation is all of
 * it, from the moment at which all processes may begin until the last has ended.
 */
static void run_hack(bench_t *b)
{
	static int sockets[HACK_GROUPS][HACK_PAIRS][2];
	unsigned int group, i, children;
	int ready[2], go[2];
	char byte;

	while (batch_stopped(b)) {
		need(!pipe(ready) && !pipe(go), "pipe");
		children = 0;
		for (group = 0; group < HACK_GROUPS; group++) {
			for (i = 0; i < HACK_PAIRS; i++)
				need(!socketpair(AF_UNIX, SOCK_STREAM, 0, sockets[group][i]),
				     "socketpair");
			for (i = 0; i < 2 * HACK_PAIRS; i++, children++) {
				if (fork())
					continue;
				close(go[1]);
				if (i < HACK_PAIRS)
					hack_send(ready[1], go[0], sockets[group]);
				else
					hack_receive(ready[1], go[0],
						     sockets[group][i - HACK_PAIRS][0]);
			}
		}
		for (i = 0; i < children; i++)
			need(read(ready[0], &byte, 1) == 1, "ready");
		batch_start(b);
		close(go[1]);
		for (i = 0; i < children; i++)
			reap(-1);
		batch_end(b);
		b->sum += children;
		close(go[0]);
		close(ready[0]);
		close(ready[1]);
		for (group = 0; group < HACK_GROUPS; group++)
			for (i = 0; i < HACK_PAIRS; i++) {
				close(sockets[group][i][0]);
				close(sockets[group][i][1]);
			}
	}
}

/* False, and no row, on a kernel that does not have the call. */
static bool have(bench_t *b, long id, const char *what)
{
	b->absent = id < 0 && errno == ENOSYS;
	need(b->absent || id >= 0, what);
	return !b->absent;
}

static void run_sem(bench_t *b)
{
	struct sembuf up = { 0, 1, 0 }, down = { 0, -1, 0 };
	int id = semget(IPC_PRIVATE, 1, 0600);
	unsigned int i;

	if (!have(b, id, "semget"))
		return;
	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			need(!semop(id, &up, 1) && !semop(id, &down, 1), "semop");
			b->sum++;
		}
	need(!semctl(id, 0, IPC_RMID), "semctl");
}

#define SHM_BYTES 65536

static void run_shm(bench_t *b)
{
	int id = shmget(IPC_PRIVATE, SHM_BYTES, 0600);
	unsigned char *at;
	unsigned int i;

	if (!have(b, id, "shmget"))
		return;
	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			at = shmat(id, NULL, 0);
			need(at != (void *)-1, "shmat");
			b->sum += ++*at;
			need(!shmdt(at), "shmdt");
		}
	need(!shmctl(id, IPC_RMID, NULL), "shmctl");
}

typedef struct message {
	long type;
	char text[64];
} message_t;

static void run_msg(bench_t *b)
{
	message_t message = { .type = 1, .text = "text" };
	int id = msgget(IPC_PRIVATE, 0600);
	unsigned int i;

	if (!have(b, id, "msgget"))
		return;
	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			need(!msgsnd(id, &message, sizeof(message.text), 0), "msgsnd");
			b->sum += (uint64_t)msgrcv(id, &message, sizeof(message.text), 0, 0);
		}
	need(!msgctl(id, IPC_RMID, NULL), "msgctl");
}

static void run_mq(bench_t *b)
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 64 };
	mqd_t queue = mq_open("/bench", O_RDWR | O_CREAT, 0600, &attr);
	char text[64] = "text";
	unsigned int i;

	if (!have(b, queue, "mq_open"))
		return;
	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			need(!mq_send(queue, text, sizeof(text), 0), "mq_send");
			b->sum += (uint64_t)mq_receive(queue, text, sizeof(text), NULL);
		}
	need(!mq_unlink("/bench"), "mq_unlink");
}

const row_t rows_local[] = {
	{ "unix", run_unix, 500, 1 },	     { "unix-64k", run_unix_blocks, 64, 1 },
	{ "eventfd", run_eventfd, 1000, 1 }, { "epoll-1000", run_epoll, 500, 1 },
	{ "hackbench", run_hack, 1, 1 },     { "semaphore", run_sem, 500, 1 },
	{ "shm-attach", run_shm, 200, 1 },   { "msg-queue", run_msg, 500, 1 },
	{ "posix-queue", run_mq, 500, 1 },   { NULL, NULL, 0, 0 },
};
