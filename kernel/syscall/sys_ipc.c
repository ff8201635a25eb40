/*
 * System V IPC: semget(2), semop(2), semctl(2), msgget(2), msgop(2), msgctl(2), shmget(2), shmop(2), shmctl(2).
 */
#include <arch/uaccess.h>
#include <ipc/sysv.h>
#include <kernel/time/clock.h>
#include <kernel/time/convert.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>
#include <syscall_protos.h>
#include <uapi/errno.h>

/* Operations of one call that need no memory of their own. */
#define OPS_ON_STACK 16

/* ---- semaphores ---- */

long sys_semget(int key, int nsems, int flags)
{
	return sysv_semget(key, nsems, flags);
}

static int get_deadline(const struct timespec __user *timeout, nsec_t *deadline)
{
	nsec_t now = clock_monotonic(), length;
	struct timespec ts;

	if (copy_from_user(&ts, timeout, sizeof(ts)))
		return -EFAULT;
	if (!timespec_valid(&ts))
		return -EINVAL;
	length = timespec_to_ns(&ts);
	*deadline = length > NSEC_MAX - 1 - now ? NSEC_MAX : now + length;
	return 0;
}

long sys_semtimedop(int id, const struct sembuf __user *uops, unsigned nr,
		    const struct timespec __user *timeout)
{
	struct sembuf few[OPS_ON_STACK], *ops = few;
	nsec_t deadline = NSEC_MAX;
	long r;

	int when = timeout ? get_deadline(timeout, &deadline) : 0;

	if (when == -EFAULT)
		return when;
	if (nr > sysv_semopm())
		return -E2BIG;
	if (nr > OPS_ON_STACK) {
		ops = kvmalloc(nr * sizeof(*ops), GFP_KERNEL);
		if (!ops)
			return -ENOMEM;
	}
	r = copy_from_user(ops, uops, nr * sizeof(*ops)) ? -EFAULT : 0;
	if (!r)
		r = when || !nr || id < 0 ? -EINVAL : sysv_semop(id, ops, nr, deadline);
	if (ops != few)
		kvfree(ops);
	return r;
}

long sys_semop(int id, const struct sembuf __user *ops, unsigned nr)
{
	return sys_semtimedop(id, ops, nr, NULL);
}

long sys_semctl(int id, int num, int cmd, unsigned long arg)
{
	return sysv_semctl(id, num, cmd, arg);
}

/* ---- messages: a long, the type, then the text ---- */

long sys_msgget(int key, int flags)
{
	return sysv_msgget(key, flags);
}

long sys_msgsnd(int id, const void __user *msg, size_t len, int flags)
{
	u64 type;

	if (get_user_u64(&type, msg))
		return -EFAULT;
	return sysv_msgsnd(id, (s64)type, (const u8 __user *)msg + sizeof(type), len, flags);
}

long sys_msgrcv(int id, void __user *msg, size_t len, long type, int flags)
{
	s64 got;
	long r = sysv_msgrcv(id, &got, (u8 __user *)msg + sizeof(u64), len, type, flags);

	if (r >= 0 && put_user_u64((u64)got, msg))
		return -EFAULT;
	return r;
}

long sys_msgctl(int id, int cmd, void __user *buf)
{
	return sysv_msgctl(id, cmd, buf);
}

/* ---- shared memory ---- */

long sys_shmget(int key, size_t size, int flags)
{
	return sysv_shmget(key, size, flags);
}

long sys_shmat(int id, unsigned long addr, int flags)
{
	return sysv_shmat(id, addr, flags);
}

long sys_shmdt(unsigned long addr)
{
	return sysv_shmdt(addr);
}

long sys_shmctl(int id, int cmd, void __user *buf)
{
	return sysv_shmctl(id, cmd, buf);
}
