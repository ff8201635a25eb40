/* The tests' random numbers: SplitMix64 (Steele, Lea, Flood, 2014). */
#include <host.h>

u64 test_random(void)
{
	static u64 state;
	u64 z;

	if (!state) {
		const char *seed = getenv("HOST_SEED");

		state = seed ? strtoull(seed, NULL, 0) : 0x436c6f75644f53UL;
	}
	z = state += 0x9e3779b97f4a7c15UL;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
	return z ^ z >> 31;
}
