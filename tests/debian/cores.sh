#!/bin/bash
# limit: 400
# gdb reads the core file of a program with several threads: stacks, registers, signal, memory, mappings.
# shellcheck disable=all # odd constructions are what is tested
exec 2>&1
ulimit -c unlimited
echo 'core.%p' >/proc/sys/kernel/core_pattern
cat >threads.c <<'END'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char text[] = "changed data";
static pthread_barrier_t ready;
static __thread long mine;
char *shared, *heap;

/* Known values in vector registers, 256 bits where the CPU has them, and in the x87 stack; then a fault. */
__attribute__((noinline)) static void fall(int *where)
{
	static const int pattern[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	static const double three = 3.25;

	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vmovdqu %0, %%ymm5" : : "m"(pattern) : "xmm5");
	__asm__ volatile("movdqu %0, %%xmm7\n fldl %1\n movq $0x1122334455667788, %%r12\n"
			 "movq $-2, %%rbx\n movl $7, (%%rcx)"
			 : : "m"(pattern), "m"(three), "c"(where) : "xmm7", "rbx", "r12", "memory");
}

__attribute__((noinline)) static void wait_here(long number)
{
	mine = number * 100;
	pthread_barrier_wait(&ready);
	for (;;)
		pause();
}

static void *work(void *arg)
{
	wait_here((long)arg);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t t[3];
	pthread_barrier_init(&ready, NULL, 4);
	strcpy(text, "really ");
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	strcpy(shared, "in shared memory");
	heap = strdup("on the heap");
	for (long i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, work, (void *)(i + 1));
	mine = 7;
	pthread_barrier_wait(&ready);
	if (argc > 1)
		abort();
	fall((int *)0x1230);
	return 0;
}
END
gcc -g -O0 -pthread -o threads threads.c || exit
{ ./threads; } 2>/dev/null; echo "status $?"
fault=$(echo core.*)
mv "$fault" fault
look() {
	local core=$1; shift
	gdb -nx -batch -ex 'set pagination off' -ex 'set print address off' "$@" ./threads "$core" 2>&1
}

echo '## signal'
look fault | grep -E '^(Core was|Program term)'
look fault -ex 'p $_siginfo.si_signo' -ex 'p $_siginfo.si_code' -ex 'p/x $_siginfo._sifields._sigfault.si_addr' | tail -n 3

echo '## stacks of all threads'
look fault -ex 'info threads' | grep -c 'Thread.*LWP'
look fault -ex 'thread apply all bt' | grep -oE ' (fall|main|wait_here|work) \([^)]*\)( at threads.c:[0-9]+)?' | sed -E 's/argv=[^)]*/argv/;s/(wait_here.*):.*/\1/' | sort # some are still at the barrier
look fault -ex 'bt' | grep -oE '^#.*' | sed 's/0x0000[0-9a-f]* in //' | sed 's/argv=[^)]*/argv/'

echo '## registers'
look fault -ex 'p/x $r12' -ex 'p $rbx' -ex 'p/x $rcx' -ex 'p $xmm7.v4_int32' -ex 'p $ymm5.v8_int32' -ex 'p $st0' -ex 'p $cs' -ex 'p $ss' -ex 'p/x $mxcsr' -ex 'p $fctrl' -ex 'p $orig_rax' -ex 'p $fs_base != 0' -ex 'x/i $pc' | tail -n 13 | sed 's/=> *//;s/0x[0-9a-f]* <fall/<fall/'
look fault -ex 'info registers' | awk '/^(r|e|[c-g]s|ss|k)/ { print $1 }' | tr '\n' ' '; echo

echo '## memory'
look fault -ex 'p text' -ex 'p shared[0]@16' -ex 'p (char *)heap' -ex 'p mine' -ex 'thread apply all -q p mine' | grep -E '^\$' | sed 's/.*= //' | sort

echo '## notes'
look fault -ex 'info proc' | grep -E "^(cmdline|cwd|exe) = "
look fault -ex 'info proc mappings' | grep -oE '/[^ ]*(threads|libc\.so\.6)' | sort -u | sed 's/.*\///'
look fault -ex 'info auxv' | grep -E 'AT_(PAGESZ|CLKTCK|UID|SECURE|PHNUM|PHENT|FLAGS)' | tr -s ' '

echo '## abort'
{ ./threads abort; } 2>/dev/null; echo "status $?"
mv core.* aborted
look aborted -ex bt | grep -E '^Program term'
look aborted -ex bt | grep -oE ' (main|abort) \(' | sort
look aborted -ex 'p $_siginfo.si_signo' -ex 'p $_siginfo.si_code' | tail -n 2
echo core >/proc/sys/kernel/core_pattern
