/*
 * Sockets, semaphores, queues and segments come and go, and nothing of them stays.
 *
 *	load_ipc ROUNDS
 *
 * Each round, in several processes at once: sockets whose descriptors lie in each other's queues, closed; a semaphore
 * set that a process leaves with something to undo; message queues of both kinds removed with messages in
 * them; a shared memory segment removed while attached. Then free memory, kernel objects and open files
 * are compared with what they were after a few rounds. Prints "load: ok".
 */
#include <mqueue.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "resources.h"

#define WARM_UP 20
#define PROCESSES 4
#define RING 5

static void need(bool good, const char *what)
{
	if (good)
		return;
	printf("load: failed: %s: errno %d\n", what, errno);
	_exit(1);
}

static void send_fds(int to, const int *fds, int n)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(4 * sizeof(int))];
	} control = { 0 };
	char text[3000] = "x";
	struct iovec v = { text, sizeof(text) };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = CMSG_SPACE((size_t)n * sizeof(int)) };

	control.h.cmsg_level = SOL_SOCKET;
	control.h.cmsg_type = SCM_RIGHTS;
	control.h.cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
	memcpy(CMSG_DATA(&control.h), fds, (size_t)n * sizeof(int));
	need(sendmsg(to, &m, MSG_DONTWAIT) > 0, "sendmsg");
}

static void sockets(int type)
{
	int ring[RING][2], file = open("/proc/self/exe", O_RDONLY);

	for (int i = 0; i < RING; i++)
		need(!socketpair(AF_UNIX, type, 0, ring[i]), "socketpair");
	for (int i = 0; i < RING; i++) {
		int fds[3] = { ring[(i + 1) % RING][1], ring[i][1], file };

		send_fds(ring[i][0], fds, 3);
	}
	close(file);
	for (int i = 0; i < RING; i++) {
		close(ring[i][0]);
		close(ring[i][1]);
	}
}

/* A listener in the queue of a connection that it never accepted. */
static void listener(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);
	socklen_t len = sizeof(name);

	need(!bind(l, (void *)&name, sizeof(name.sun_family)), "autobind");
	need(!getsockname(l, (void *)&name, &len) && !listen(l, 3), "listen");
	need(!connect(c, (void *)&name, len), "connect");
	send_fds(c, (int[]){ l, c }, 2);
	close(l);
	close(c);
}

static void semaphores(void)
{
	int id = semget(IPC_PRIVATE, 50, 0600);
	struct sembuf up = { 7, 5, SEM_UNDO };

	need(id >= 0, "semget");
	pid_t pid = fork();
	if (!pid)
		_exit(semop(id, &up, 1) ? 1 : 0);
	waitpid(pid, NULL, 0);
	need(semctl(id, 7, GETVAL) == 0, "undo");
	need(!semop(id, &up, 1) && !semctl(id, 0, IPC_RMID), "semctl");
}

static void messages(int round)
{
	struct {
		long type;
		char text[2000];
	} m = { 1, "x" };
	struct mq_attr a = { .mq_maxmsg = 5, .mq_msgsize = sizeof(m.text) };
	int id = msgget(IPC_PRIVATE, 0600);
	char name[40];
	mqd_t q;

	need(id >= 0, "msgget");
	for (int i = 0; i < 5; i++)
		need(!msgsnd(id, &m, sizeof(m.text), IPC_NOWAIT), "msgsnd");
	need(!msgctl(id, IPC_RMID, NULL), "msgctl");
	snprintf(name, sizeof(name), "/load-%d-%d", getpid(), round);
	q = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &a);
	need(q >= 0, "mq_open");
	need(!mq_unlink(name), "mq_unlink");
	for (unsigned i = 0; i < 5; i++)
		need(!mq_send(q, m.text, sizeof(m.text), i), "mq_send");
	mq_close(q);
}

static void memory(void)
{
	int id = shmget(IPC_PRIVATE, 5 * 4096, 0600);
	char *p = shmat(id, NULL, 0);

	need(id >= 0 && p != (void *)-1, "shmat");
	memset(p, 1, 5 * 4096);
	munmap(p + 4096, 4096);
	need(!shmctl(id, IPC_RMID, NULL), "shmctl");
	if (id & 1)
		shmdt(p); /* else by exit */
}

static void rounds(int n)
{
	for (int i = 0; i < n; i++) {
		sockets(SOCK_STREAM);
		sockets(SOCK_DGRAM);
		sockets(SOCK_SEQPACKET);
		listener();
		semaphores();
		messages(i);
		memory();
	}
}

static bool run(int n)
{
	int status, bad = 0;

	for (int i = 0; i < PROCESSES; i++)
		if (!fork()) {
			rounds(n);
			_exit(0);
		}
	while (wait(&status) > 0)
		bad |= status;
	return !bad;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!run(WARM_UP))
		return 1;
	struct counts before = count();
	if (!run(atoi(argv[1])))
		return 1;
	struct counts after = count();
	printf(same_counts(&before, &after) ? "load: ok\n" : "load: failed: not where it was\n");
	return 0;
}
