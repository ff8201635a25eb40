/* Many threads on one lock of each kind: what it promises holds, and everyone gets a turn. */
#include "kernel_tests.h"

#include <kernel/sync/mutex.h>
#include <kernel/thread.h>
#include <kernel/time/clock.h>

static u64 turns[KT_THREADS];

static void check_turns(u32 n)
{
	for (u32 i = 0; i < n; i++) {
		kt_check(turns[i] > 0);
		turns[i] = 0;
	}
}

static mutex_t mutex = MUTEX_INIT(mutex);
static u32 inside;

static void mutex_thread(u32 i)
{
	while (!kt_stopping()) {
		u64 r = kt_random();

		if (r % 5 == 0 && !mutex_trylock(&mutex)) {
			yield();
			continue;
		}
		if (r % 5 == 1)
			kt_check(mutex_lock_killable(&mutex) == 0);
		else if (r % 5 > 1)
			mutex_lock(&mutex);
		kt_check(inside++ == 0);
		turns[i]++;
		if (r % 97 == 0)
			msleep(1);
		else if (r % 13 == 0)
			yield();
		kt_check(--inside == 0);
		mutex_unlock(&mutex);
		if (r % 31 == 0)
			msleep(1);
	}
}

void kt_mutex(void)
{
	kt_start("mutex", mutex_thread, KT_THREADS);
	kt_end(1000);
	check_turns(KT_THREADS);
	kt_check(!mutex_is_locked(&mutex));
}

static rwsem_t rwsem = RWSEM_INIT(rwsem);
static u64 left, right; /* equal whenever nobody writes */

static void write_both(u64 r)
{
	kt_check(left == right);
	left++;
	if (r % 11 == 0)
		yield();
	right++;
}

static void rwsem_thread(u32 i)
{
	while (!kt_stopping()) {
		u64 r = kt_random();

		turns[i]++;
		if (r % 4 == 0) {
			rwsem_write_lock(&rwsem);
			write_both(r);
			if (r % 7 == 0) {
				rwsem_downgrade(&rwsem);
				kt_check(left == right);
				rwsem_read_unlock(&rwsem);
			} else {
				rwsem_write_unlock(&rwsem);
			}
			continue;
		}
		if (r % 5 == 0) {
			if (!rwsem_read_trylock(&rwsem))
				continue;
		} else {
			rwsem_read_lock(&rwsem);
		}
		kt_check(left == right);
		if (r % 11 == 0)
			yield();
		if (r % 301 == 0)
			msleep(1);
		kt_check(left == right);
		rwsem_read_unlock(&rwsem);
	}
}

void kt_rwsem(void)
{
	kt_start("rwsem", rwsem_thread, KT_THREADS);
	kt_end(1000);
	check_turns(KT_THREADS);
	kt_check(rwsem_write_trylock(&rwsem)); /* nothing is left in its count */
	rwsem_write_unlock(&rwsem);
}

static spinlock_t spinlock = SPINLOCK_INIT("kt_spinlock");
static rwlock_t rwlock = RWLOCK_INIT("kt_rwlock");

static void spin_thread(u32 i)
{
	unsigned long flags;

	while (!kt_stopping()) {
		u64 r = kt_random();

		turns[i]++;
		if (r & 1) {
			spin_lock_irqsave(&spinlock, &flags);
			kt_check(inside++ == 0);
			kt_check(--inside == 0);
			spin_unlock_irqrestore(&spinlock, flags);
		} else if (spin_trylock(&spinlock)) {
			kt_check(inside++ == 0);
			kt_check(--inside == 0);
			spin_unlock(&spinlock);
		}
		if (r % 5 == 0) {
			write_lock(&rwlock);
			left++;
			right++;
			write_unlock(&rwlock);
		} else {
			read_lock(&rwlock);
			kt_check(left == right);
			read_unlock(&rwlock);
		}
	}
}

void kt_spinlock(void)
{
	left = right = 0;
	kt_start("spin", spin_thread, 8);
	kt_end(500);
	check_turns(8);
}

#define SEATS 3

static semaphore_t semaphore;
static atomic_t seated;

static void semaphore_thread(u32 i)
{
	while (!kt_stopping()) {
		if (kt_random() % 7)
			kt_check(down(&semaphore) == 0);
		else if (down_trylock(&semaphore))
			continue;
		kt_check(atomic_add_return(&seated, 1) <= SEATS);
		if (kt_random() % 9 == 0)
			msleep(1);
		turns[i]++;
		atomic_dec(&seated);
		up(&semaphore);
	}
}

void kt_semaphore(void)
{
	sema_init(&semaphore, SEATS);
	kt_start("semaphore", semaphore_thread, KT_THREADS);
	kt_end(500);
	check_turns(KT_THREADS);
	for (int i = 0; i < SEATS; i++)
		kt_check(down_trylock(&semaphore) == 0);
	kt_check(down_trylock(&semaphore) != 0);
}

#define RING 12

static completion_t ring[RING];

/* Two tokens go round; a lost wake-up stops them. */
static void ring_thread(u32 i)
{
	while (!kt_stopping()) {
		wait_for_completion(&ring[i]);
		turns[i]++;
		complete(&ring[(i + 1) % RING]);
	}
	complete_all(&ring[(i + 1) % RING]);
}

void kt_completion(void)
{
	for (u32 i = 0; i < RING; i++)
		init_completion(&ring[i]);
	kt_start("ring", ring_thread, RING);
	complete(&ring[0]);
	complete(&ring[RING / 2]);
	kt_end(500);
	check_turns(RING);
}
