// sources: kernel/lib/ring.c
/* Byte rings against a flat queue, through many wraps, and between two threads. */
#include <pthread.h>

#include <host.h>
#include <kernel/lib/ring.h>
#include <kernel/lib/string.h>

#define SIZE 64
#define STEPS 2000000

static void test_model(void **state)
{
	u8 buffer[SIZE], queue[SIZE], data[2 * SIZE], want[2 * SIZE];
	u32 queued = 0, n;
	ring_t ring;

	ring_init(&ring, buffer, SIZE);
	/* Near the end of the counters' range, so that they wrap early. */
	ring.head = ring.tail = ~0u - 100;
	for (u64 step = 0; step < STEPS; step++) {
		u32 len = (u32)test_random_below(2 * SIZE);

		switch (test_random_below(4)) {
		case 0:
			for (u32 i = 0; i < len; i++)
				data[i] = (u8)test_random();
			n = ring_put(&ring, data, len);
			assert_int_equal(n, MIN(len, SIZE - queued));
			memcpy(queue + queued, data, n);
			queued += n;
			break;
		case 1:
			n = ring_peek(&ring, want, len);
			assert_int_equal(n, MIN(len, queued));
			assert_memory_equal(want, queue, n);
			assert_int_equal(ring_get(&ring, data, len), n);
			assert_memory_equal(data, queue, n);
			queued -= n;
			memmove(queue, queue + n, queued);
			break;
		case 2:
			len /= 8;
			n = ring_skip(&ring, len);
			assert_int_equal(n, MIN(len, queued));
			queued -= n;
			memmove(queue, queue + n, queued);
			break;
		default:
			if (test_random_below(100) == 0) {
				ring_clear(&ring);
				queued = 0;
			}
		}
		assert_int_equal(ring_used(&ring), queued);
		assert_int_equal(ring_space(&ring), SIZE - queued);
	}
}

#define BYTES 3000000u

static void *produce(void *arg)
{
	u32 sent = 0;

	while (sent < BYTES) {
		u8 data[37];
		u32 n = MIN((u32)sizeof(data), BYTES - sent);

		for (u32 i = 0; i < n; i++)
			data[i] = (u8)((sent + i) * 7);
		sent += ring_put(arg, data, n);
	}
	return NULL;
}

static void test_two_threads(void **state)
{
	u8 buffer[256], data[100];
	u32 got = 0;
	pthread_t producer;
	ring_t ring;

	ring_init(&ring, buffer, sizeof(buffer));
	assert_int_equal(pthread_create(&producer, NULL, produce, &ring), 0);
	while (got < BYTES) {
		u32 n = ring_get(&ring, data, sizeof(data));

		for (u32 i = 0; i < n; i++)
			if (data[i] != (u8)((got + i) * 7))
				fail_msg("byte %u", got + i);
		got += n;
	}
	pthread_join(producer, NULL);
	assert_int_equal(ring_used(&ring), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
