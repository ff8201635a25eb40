/*
 * Extended state of the CPU (x87, SSE, AVX, AVX-512 as far as there is any): kept across switches, fork and
 * signals, initial after exec, and the standard XSAVE format wherever a program sees it. Patterns are loaded
 * and stored by XRSTOR and XSAVE around one system call, so that no compiled code comes between.
 */
#include <cpuid.h>
#include <elf.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <ucontext.h>

#include "row.h"

#pragma GCC diagnostic ignored "-Wunused-parameter" /* of what changes frames */

#define FP 1u
#define SSE 2u
#define AVX 4u
#define KNOWN 0xe7u /* and AVX-512's three */
#define MXCSR_INITIAL 0x1f80u
#define COMPACT (1ul << 63)
#define MAGIC1 0x46505853u
#define MAGIC2 0x46505845u

struct image {
	uint16_t cwd, swd, twd, fop;
	uint64_t rip, rdp;
	uint32_t mxcsr, mxcsr_mask;
	uint8_t st[8][16], xmm[256], reserved[48];
	struct {
		uint32_t magic1, extended_size;
		uint64_t xfeatures;
		uint32_t xstate_size, padding[7];
	} software;
	uint64_t xstate_bv, xcomp_bv, rest[6];
	uint8_t extended[8192 - 576];
} __attribute__((aligned(64)));

static uint64_t features; /* XCR0 */
static uint32_t used, image_size, offsets[8], sizes[8];
static struct image clean = { .cwd = 0x37f, .mxcsr = MXCSR_INITIAL };

static uint64_t xgetbv(uint32_t index)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(index));
	return (uint64_t)high << 32 | low;
}

static bool has_xsave(void)
{
	uint32_t a, b, c, d;

	__cpuid(1, a, b, c, d);
	if (!(c & bit_OSXSAVE))
		return false;
	features = xgetbv(0);
	used = features & KNOWN;
	__cpuid_count(13, 0, a, image_size, c, d);
	for (int i = 2; i < 8; i++)
		if (used & 1u << i)
			__cpuid_count(13, i, sizes[i], offsets[i], c, d);
	return true;
}

/* Loads all of *in, makes the call, stores what is there afterwards in *out. */
static long carry(const struct image *in, struct image *out, long nr, long a, long b)
{
	register const struct image *from __asm__("r12") = in;
	register struct image *to __asm__("r13") = out;
	register long number __asm__("r14") = nr;
	register uint32_t mask __asm__("r15") = used;
	register const struct image *last __asm__("rbx") = &clean;
	long ret;

	memset(out, 0, sizeof(*out));
	__asm__ volatile("mov %[mask], %%eax\n\t"
			 "xor %%edx, %%edx\n\t"
			 "xrstor64 (%[from])\n\t"
			 "mov %[number], %%rax\n\t"
			 "syscall\n\t"
			 "mov %%rax, %[number]\n\t"
			 "mov %[mask], %%eax\n\t"
			 "xor %%edx, %%edx\n\t"
			 "xsave64 (%[to])\n\t"
			 "xrstor64 (%[last])\n\t"
			 "mov %[number], %[ret]"
			 : [ret] "=a"(ret), [number] "+r"(number)
			 : [from] "r"(from), [to] "r"(to), [mask] "r"(mask), [last] "r"(last),
			   "D"(a), "S"(b)
			 : "rcx", "rdx", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3",
			   "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
			   "xmm12", "xmm13", "xmm14", "xmm15");
	return ret;
}

static void scatter(void *to, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525 + 1013904223;
		((uint8_t *)to)[i] = seed >> 24 | 1;
	}
}

static void fill(struct image *m, uint32_t seed)
{
	memset(m, 0, sizeof(*m));
	m->cwd = 0x37f;
	m->twd = 0xff;
	m->mxcsr = MXCSR_INITIAL | (seed & 3) << 13;
	for (int i = 0; i < 8; i++) {
		scatter(m->st[i], 8, seed + i);
		m->st[i][7] |= 0x80;
		m->st[i][8] = 0xf0 + i;
		m->st[i][9] = 0x3f;
	}
	scatter(m->xmm, sizeof(m->xmm), seed + 100);
	for (int i = 2; i < 8; i++)
		scatter((uint8_t *)m + offsets[i], sizes[i], seed + 200 * i);
	m->xstate_bv = used;
}

/* Components of m that differ from those of n, as bits. */
static uint32_t differ(const struct image *m, const struct image *n)
{
	uint32_t bad = 0;

	if (m->cwd != n->cwd || m->twd != n->twd)
		bad |= FP;
	for (int i = 0; i < 8; i++)
		if (memcmp(m->st[i], n->st[i], 10))
			bad |= FP;
	if (m->mxcsr != n->mxcsr || memcmp(m->xmm, n->xmm, sizeof(m->xmm)))
		bad |= SSE;
	for (int i = 2; i < 8; i++)
		if (memcmp((uint8_t *)m + offsets[i], (uint8_t *)n + offsets[i], sizes[i]))
			bad |= 1u << i;
	return bad;
}

static struct image a, b, out;

static void pin(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	MUST(sys(SYS_sched_setaffinity, 0, sizeof(one), &one));
}

static void keep_state(uint32_t seed, bool pinned)
{
	uint32_t bad = 0;

	if (pinned)
		pin();
	for (uint32_t i = 0; i < 100; i++) {
		fill(&a, seed + 4099 * i);
		if (i % 7 == 3) /* some states initial, others not */
			memset((uint8_t *)&a + offsets[2], 0, sizes[2]);
		carry(&a, &out, i % 25 ? SYS_sched_yield : SYS_getpid, 0, 0);
		bad |= differ(&a, &out);
	}
	ROW("kept", bad, 0);
}

static void group_switch(void)
{
	pid_t pids[4];

	for (uint32_t i = 0; i < LENGTH(pids); i++)
		pids[i] = SPAWN(keep_state(1 + 77 * i, i < 3));
	for (uint32_t i = 0; i < LENGTH(pids); i++)
		ROW("end", wait_status(pids[i]), EXITED(0));
}

static void group_fork(void)
{
	fill(&a, 5);
	long pid = carry(&a, &out, SYS_fork, 0, 0);

	if (!pid)
		_exit((int)differ(&a, &out) != 0);
	ROW("parent", differ(&a, &out), 0);
	ROW("child", wait_status((pid_t)pid), EXITED(0));
	memset((uint8_t *)&a + offsets[2], 0, sizes[2]);
	a.xstate_bv &= ~AVX;
	pid = carry(&a, &out, SYS_fork, 0, 0);
	if (!pid)
		_exit((int)differ(&a, &out) != 0);
	ROW("parent_initial", differ(&a, &out), 0);
	ROW("child_initial", wait_status((pid_t)pid), EXITED(0));
}

/* ---- signals ---- */

static struct image in_handler, in_frame, patch;
static void (*change)(struct image *frame, ucontext_t *uc);
static uint32_t frame_magic2;

static __attribute__((used)) void handle(int sig, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;
	struct image *frame = (struct image *)uc->uc_mcontext.fpregs;

	memcpy(&in_frame, frame, image_size);
	memcpy(&frame_magic2, (char *)frame + image_size, sizeof(frame_magic2));
	if (change)
		change(frame, uc);
}

/* The handler's first instructions store what it starts with. */
void handler_entry(int, siginfo_t *, void *);
__asm__(".text\n"
	"handler_entry:\n\t"
	"mov %rdx, %r12\n\t"
	"mov used(%rip), %eax\n\t"
	"xor %edx, %edx\n\t"
	"lea in_handler(%rip), %rcx\n\t"
	"xsave64 (%rcx)\n\t"
	"mov %r12, %rdx\n\t"
	"jmp handle\n");

static long catch_with(void (*what)(struct image *, ucontext_t *), int flags)
{
	struct sigaction act = { .sa_sigaction = handler_entry, .sa_flags = SA_SIGINFO | flags };

	sigaction(SIGUSR1, &act, NULL);
	change = what;
	fill(&a, 11);
	fill(&b, 12);
	memset(&in_frame, 0, sizeof(in_frame));
	memset(&in_handler, 0, sizeof(in_handler));
	return carry(&a, &out, SYS_kill, getpid(), SIGUSR1);
}

static void put_b(struct image *frame, ucontext_t *uc)
{
	memcpy(frame, &b, offsetof(struct image, reserved));
	memcpy(frame->extended, b.extended, image_size - offsetof(struct image, extended));
}

static void put_b_without_avx(struct image *frame, ucontext_t *uc)
{
	put_b(frame, uc);
	frame->xstate_bv &= ~(uint64_t)AVX;
}

static void put_b_avx_not_claimed(struct image *frame, ucontext_t *uc)
{
	put_b(frame, uc);
	frame->software.xfeatures &= ~(uint64_t)AVX;
}

static void put_b_no_magic(struct image *frame, ucontext_t *uc)
{
	put_b(frame, uc);
	frame->software.magic1 = 0;
}

static void put_b_no_magic2(struct image *frame, ucontext_t *uc)
{
	put_b(frame, uc);
	*(uint32_t *)((char *)frame + image_size) = 0;
}

static void no_state(struct image *frame, ucontext_t *uc)
{
	uc->uc_mcontext.fpregs = NULL;
}

/* b elsewhere, in pages of a file that are not mapped yet, the second beginning in the middle of it. */
static void elsewhere(struct image *frame, ucontext_t *uc)
{
	int fd = memfd_create("frame", 0);
	char *at;

	put_b(frame, uc);
	MUST(ftruncate(fd, 3 * PAGE));
	MUST(pwrite(fd, frame, image_size + sizeof(frame_magic2), PAGE - 576));
	at = mmap(NULL, 3 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	uc->uc_mcontext.fpregs = (void *)(at + PAGE - 576);
	close(fd);
}

static void group_signal(void)
{
	ROW("call", catch_with(NULL, 0), 0);
	ROW("frame", differ(&in_frame, &a), 0);
	ROW("handler", differ(&in_handler, &clean), 0);
	ROW("kept", differ(&out, &a), 0);
	ROW("magic1", in_frame.software.magic1, MAGIC1);
	ROW("magic2", frame_magic2, MAGIC2);
	ROW("size", in_frame.software.xstate_size, image_size);
	ROW("extended_size", in_frame.software.extended_size, image_size + 4);
	ROW("xfeatures", in_frame.software.xfeatures, features);
	ROW("xcomp", in_frame.xcomp_bv, 0);
	ROW("unknown_states", in_frame.xstate_bv & ~features, 0);
	ROW("change", catch_with(put_b, 0), 0);
	ROW("changed", differ(&out, &b), 0);
	catch_with(no_state, 0);
	ROW("no_state", differ(&out, &clean), 0);
	catch_with(elsewhere, 0);
	ROW("elsewhere", differ(&out, &b), 0);
	catch_with(put_b_no_magic, 0);
	memset(b.extended, 0, sizeof(b.extended));
	ROW("no_magic", differ(&out, &b), 0);
	catch_with(put_b_no_magic2, 0);
	memset(b.extended, 0, sizeof(b.extended));
	ROW("no_magic2", differ(&out, &b), 0);
	catch_with(put_b_without_avx, 0);
	memset((uint8_t *)&b + offsets[2], 0, sizes[2]);
	ROW("without_avx", differ(&out, &b), 0);
	catch_with(put_b_avx_not_claimed, 0);
	memset((uint8_t *)&b + offsets[2], 0, sizes[2]);
	ROW("not_claimed", differ(&out, &b), 0);
	/* What is initial is marked all the same: a handler may change it without a look there. */
	carry(&clean, &out, SYS_kill, getpid(), SIGUSR1);
	ROW("marked", in_frame.xstate_bv & (FP | SSE), FP | SSE);
}

static void group_stack(void)
{
	char *fresh =
		mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t ss = { .ss_sp = fresh, .ss_size = 16 * PAGE };

	/* Frames in pages that were never touched, at several distances from a page's end. */
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t bad;

		ss.ss_size = 16 * PAGE - 1024 * i;
		sigaltstack(&ss, NULL);
		madvise(fresh, 16 * PAGE, MADV_DONTNEED);
		catch_with(put_b, SA_ONSTACK);
		bad = differ(&in_frame, &a) | differ(&out, &b);
		ROW(named("fresh.%u", i), bad, 0);
	}
	/* After fork the frame's page is shared and must be copied. */
	sigaltstack(&ss, NULL);
	ROW("after_fork", CHILD(catch_with(put_b, SA_ONSTACK); ROW("copied", differ(&out, &b), 0)),
	    EXITED(0));
	ROW("read_only",
	    CHILD(mprotect(fresh, 16 * PAGE, PROT_READ); catch_with(put_b, SA_ONSTACK)),
	    KILLED(SIGSEGV));
}

static void bad_state(struct image *frame, ucontext_t *uc)
{
	frame->xstate_bv |= 1ul << 62;
}

static void bad_compact(struct image *frame, ucontext_t *uc)
{
	frame->xcomp_bv = COMPACT | frame->xstate_bv;
}

static void bad_reserved(struct image *frame, ucontext_t *uc)
{
	frame->rest[0] = 1; /* the only one that XRSTOR looks at */
}

static void bad_mxcsr(struct image *frame, ucontext_t *uc)
{
	frame->mxcsr = 0xffffffff;
}

static void bad_mxcsr_no_magic(struct image *frame, ucontext_t *uc)
{
	frame->mxcsr = 0xffffffff;
	frame->software.magic1 = 0;
}

static void bad_pointer(struct image *frame, ucontext_t *uc)
{
	uc->uc_mcontext.fpregs = (void *)edge;
}

static void bad_end(struct image *frame, ucontext_t *uc)
{
	memcpy(edge - 512, frame, 512);
	uc->uc_mcontext.fpregs = (void *)(edge - 512);
}

static void bad_kernel(struct image *frame, ucontext_t *uc)
{
	uc->uc_mcontext.fpregs = (void *)0xffff888000000000ul;
}

static void bad_noncanonical(struct image *frame, ucontext_t *uc)
{
	uc->uc_mcontext.fpregs = (void *)0x800000000000ul;
}

static void bad_alignment(struct image *frame, ucontext_t *uc)
{
	memmove((char *)frame - 8, frame, image_size + 4);
	uc->uc_mcontext.fpregs = (void *)((char *)frame - 8);
}

/* What the CPU's own XRSTOR does to a program with such an image: emulators do not look at everything. */
static int refused_by_cpu(void (*spoil)(struct image *, ucontext_t *))
{
	return CHILD(fill(&a, 41); spoil(&a, NULL); carry(&a, &out, SYS_getpid, 0, 0));
}

static void group_hostile(void)
{
#define HOSTILE(name, status) ROW(#name, CHILD(catch_with(bad_##name, 0)), status)
	HOSTILE(state, KILLED(SIGSEGV));
	HOSTILE(compact, refused_by_cpu(bad_compact));
	HOSTILE(reserved, refused_by_cpu(bad_reserved));
	HOSTILE(mxcsr, refused_by_cpu(bad_mxcsr));
	HOSTILE(mxcsr_no_magic, refused_by_cpu(bad_mxcsr));
	HOSTILE(pointer, KILLED(SIGSEGV));
	HOSTILE(end, KILLED(SIGSEGV));
	HOSTILE(kernel, KILLED(SIGSEGV));
	HOSTILE(noncanonical, KILLED(SIGSEGV));
	HOSTILE(alignment, KILLED(SIGSEGV));
}

/* ---- tracers ---- */

static long get(pid_t pid, struct image *to)
{
	struct iovec iov = { to, sizeof(*to) };
	long r = sys(SYS_ptrace, PTRACE_GETREGSET, pid, NT_X86_XSTATE, &iov);

	return r ? r : (long)iov.iov_len;
}

static long set(pid_t pid, struct image *from)
{
	struct iovec iov = { from, image_size };

	return sys(SYS_ptrace, PTRACE_SETREGSET, pid, NT_X86_XSTATE, &iov);
}

/* Stops itself with pattern a; when it goes on: which components are not b's. */
static pid_t stopped(void)
{
	pid_t pid =
		SPAWN(sys(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
		      carry(&a, &out, SYS_kill, getpid(), SIGSTOP); _exit((int)differ(&out, &b)));
	int status = 0;

	MUST(waitpid(pid, &status, 0));
	return pid;
}

static void group_trace(void)
{
	struct user_fpregs_struct fp;
	pid_t pid;

	fill(&a, 21);
	fill(&b, 22);
	b.xstate_bv &= ~(uint64_t)AVX; /* which says: initial */
	memset((uint8_t *)&b + offsets[2], 0, sizes[2]);
	memcpy(&patch, &b, sizeof(b));
	scatter((uint8_t *)&patch + offsets[2], sizes[2], 9);
	pid = stopped();
	ROW("get", get(pid, &out), image_size);
	ROW("got", differ(&out, &a), 0);
	ROW("features", *(uint64_t *)&out.software, features);
	ROW("xcomp", out.xcomp_bv, 0);
	for (uint64_t bad = 1; bad; bad <<= 1)
		if (!(bad & features)) {
			b.xstate_bv |= bad;
			row(named("state_%d", __builtin_ctzl(bad)), set(pid, &b), -EINVAL);
			b.xstate_bv &= ~bad;
		}
	b.xcomp_bv = COMPACT | used;
	ROW("compact", set(pid, &b), -EINVAL);
	b.xcomp_bv = 0;
	b.rest[5] = 1;
	ROW("reserved", set(pid, &b), -EINVAL);
	b.rest[5] = 0;
	b.mxcsr |= 0x80000000;
	ROW("mxcsr", set(pid, &b), -EINVAL);
	b.mxcsr &= ~0x80000000;
	get(pid, &out);
	ROW("not_changed", differ(&out, &a), 0);
	ROW("set", set(pid, &patch), 0);
	get(pid, &out);
	ROW("set_get", differ(&out, &b), 0);
	MUST(sys(SYS_ptrace, PTRACE_CONT, pid, 0, 0));
	ROW("set_seen", wait_status(pid), EXITED(0));

	pid = stopped();
	ROW("fp_get", sys(SYS_ptrace, PTRACE_GETFPREGS, pid, 0, &fp), 0);
	memcpy(&out, &fp, sizeof(fp));
	memcpy(out.extended, a.extended, sizeof(a.extended));
	ROW("fp_got", differ(&out, &a), 0);
	ROW("fp_set", sys(SYS_ptrace, PTRACE_SETFPREGS, pid, 0, &b), 0);
	memcpy(&b.extended, a.extended, sizeof(a.extended));
	get(pid, &out);
	ROW("fp_set_get", differ(&out, &b), 0); /* the rest stays */
	b.xstate_bv = used;
	ROW("set_again", set(pid, &b), 0);
	kill(pid, SIGKILL);
	wait_status(pid);

	/* Nothing present: all initial. */
	pid = stopped();
	b.xstate_bv = 0;
	ROW("set_nothing", set(pid, &b), 0);
	get(pid, &out);
	ROW("set_nothing_get", differ(&out, &clean) & ~SSE, 0);
	kill(pid, SIGKILL);
	wait_status(pid);
}

static void group_exec(void)
{
	char *argv[] = { "xstate", "nothing", NULL };
	int status = 0;
	pid_t pid;

	fill(&a, 31);
	pid = SPAWN(sys(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0); sys(SYS_dup3, 0, ROW_FD, 0);
		    carry(&a, &out, SYS_execve, (long)"/proc/self/exe", (long)argv));
	MUST(waitpid(pid, &status, 0));
	ROW("stop", status >> 8, SIGTRAP);
	ROW("get", get(pid, &out), image_size);
	ROW("initial", differ(&out, &clean), 0);
	kill(pid, SIGKILL);
	wait_status(pid);
}

/* ---- arch_prctl ---- */

#define ARCH_GET_XCOMP_SUPP 0x1021
#define ARCH_GET_XCOMP_PERM 0x1022
#define ARCH_REQ_XCOMP_PERM 0x1023
#define ARCH_GET_XCOMP_GUEST_PERM 0x1024
#define ARCH_REQ_XCOMP_GUEST_PERM 0x1025
#define XSTATE_TILE_DATA 18

static void group_permission(void)
{
	static const int gets[] = { ARCH_GET_XCOMP_SUPP, ARCH_GET_XCOMP_PERM,
				    ARCH_GET_XCOMP_GUEST_PERM };
	static const int requests[] = { ARCH_REQ_XCOMP_PERM, ARCH_REQ_XCOMP_GUEST_PERM };
	uint64_t value;

	for (size_t i = 0; i < LENGTH(gets); i++) {
		value = 0;
		ROW(named("get.%zu", i), sys(SYS_arch_prctl, gets[i], &value), 0);
		ROW(named("got.%zu", i), value, features);
	}
	ROWS_EFAULT("get", sizeof(value), sys(SYS_arch_prctl, ARCH_GET_XCOMP_SUPP, p));
	for (size_t i = 0; i < LENGTH(requests); i++) {
		ROW(named("request_avx.%zu", i), sys(SYS_arch_prctl, requests[i], 2), -EOPNOTSUPP);
		ROW(named("request_none.%zu", i), sys(SYS_arch_prctl, requests[i], 63), -EINVAL);
		ROW(named("request_far.%zu", i), sys(SYS_arch_prctl, requests[i], -1), -EINVAL);
		if (!(features & 1ul << XSTATE_TILE_DATA))
			ROW(named("request_tile.%zu", i),
			    sys(SYS_arch_prctl, requests[i], XSTATE_TILE_DATA), -EOPNOTSUPP);
	}
	ROW("after", sys(SYS_arch_prctl, ARCH_REQ_XCOMP_GUEST_PERM + 1, 0), -EINVAL);
	ROW("before", sys(SYS_arch_prctl, ARCH_GET_XCOMP_SUPP - 1, 0), -EINVAL);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "xstate");
	if (has_xsave()) {
		GROUP(group_switch);
		GROUP(group_fork);
		GROUP(group_signal);
		GROUP(group_stack);
		GROUP(group_hostile);
		GROUP(group_trace);
		GROUP(group_exec);
		GROUP(group_permission);
	}
	return finish();
}
