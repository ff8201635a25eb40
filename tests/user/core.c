/* Core files: whether one is written, under which name, and what is in it. */
#include <elf.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/procfs.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "row.h"

static volatile long marker = 0x1234;
static char old_pattern[256], old_pid[16];

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		row(named("cannot write %s", path), -errno, 0);
	close(fd);
}

static void pattern(const char *text)
{
	write_text("/proc/sys/kernel/core_pattern", text);
}

static void unlimited(void)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY });
}

static __attribute__((noinline)) void crash(long first)
{
	marker = 0x5678;
	__asm__ volatile("mov %0, %%r12\n\tmovq %1, %%xmm7\n\tmovl $1, 8" ::"r"(first),
			 "r"(0x7777777777777777)
			 : "r12", "memory");
}

static bool exists(const char *name)
{
	return access(name, F_OK) == 0;
}

static int crash_status(void)
{
	return CHILD(unlimited(); crash(0xabcdef));
}

static void group_whether(void)
{
	pattern("core");
	ROW("limit_zero", CHILD(crash(0)), KILLED(SIGSEGV));
	ROW_TRUE("limit_zero_none", !exists("core"));
	ROW("limit_small", CHILD(setrlimit(RLIMIT_CORE, &(struct rlimit){ 4095, 4095 }); crash(0)),
	    KILLED(SIGSEGV));
	ROW_TRUE("limit_small_none", !exists("core"));
	ROW("unlimited", crash_status(), KILLED(SIGSEGV) | 0x80);
	ROW_TRUE("file", exists("core"));
	struct stat st;
	stat("core", &st);
	ROW("mode", st.st_mode, S_IFREG | 0600);
	unlink("core");
	ROW("not_dumpable", CHILD(unlimited(); prctl(PR_SET_DUMPABLE, 0); crash(0)),
	    KILLED(SIGSEGV));
	ROW_TRUE("not_dumpable_none", !exists("core"));
	ROW("sigterm", CHILD(unlimited(); raise(SIGTERM)), KILLED(SIGTERM));
	ROW("sigabrt", CHILD(unlimited(); raise(SIGABRT)), KILLED(SIGABRT) | 0x80);
	ROW("sigquit", CHILD(unlimited(); raise(SIGQUIT)), KILLED(SIGQUIT) | 0x80);
	ROW_TRUE("quit_file", exists("core"));
	siginfo_t si;
	pid_t pid = SPAWN(unlimited(); crash(0));
	waitid(P_PID, pid, &si, WEXITED);
	ROW("waitid_code", si.si_code, CLD_DUMPED);
	ROW("waitid_status", si.si_status, SIGSEGV);
	unlink("core");
	/* An old file is replaced, and a link is not followed. */
	make_file("core", "old");
	ROW("over_old", crash_status(), KILLED(SIGSEGV) | 0x80);
	stat("core", &st);
	ROW_TRUE("over_old_new", st.st_size > 4096);
	unlink("core");
	make_file("target", "t");
	symlink("target", "core");
	ROW("over_link", crash_status(), KILLED(SIGSEGV) | 0x80);
	stat("target", &st);
	ROW("link_target_kept", st.st_size, 1);
	unlink("core");
	mkdir("core", 0755);
	ROW("directory", crash_status(), KILLED(SIGSEGV));
	rmdir("core");
	chmod(".", 0555);
	ROW("no_permission", CHILD(unlimited(); become(USER); prctl(PR_SET_DUMPABLE, 1); crash(0)),
	    KILLED(SIGSEGV));
	chmod(".", 0777);
}

static void group_name(void)
{
	char name[64];
	pid_t pid;

	pattern("c.%p.%s.%u.%e.%%");
	pid = SPAWN(unlimited(); prctl(PR_SET_NAME, "a/b"); crash(0));
	ROW("status", wait_status(pid), KILLED(SIGSEGV) | 0x80);
	snprintf(name, sizeof(name), "c.%d.11.0.a!b.%%", pid);
	ROW_TRUE("specifiers", exists(name));
	pattern("core");
	write_text("/proc/sys/kernel/core_uses_pid", "1");
	pid = SPAWN(unlimited(); crash(0));
	ROW("uses_pid_status", wait_status(pid), KILLED(SIGSEGV) | 0x80);
	snprintf(name, sizeof(name), "core.%d", pid);
	ROW_TRUE("uses_pid", exists(name));
	write_text("/proc/sys/kernel/core_uses_pid", "0");
	pattern("sub/core");
	ROW("no_directory", crash_status(), KILLED(SIGSEGV));
	mkdir("sub", 0755);
	ROW("directory", crash_status(), KILLED(SIGSEGV) | 0x80);
	ROW_TRUE("directory_file", exists("sub/core"));
	pattern("core");
}

static char *core;
static size_t core_size;

static bool load_core(const char *name)
{
	struct stat st;
	int fd = open(name, O_RDONLY);

	if (fd < 0 || fstat(fd, &st))
		return false;
	core_size = st.st_size;
	core = mmap(NULL, core_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	return core != MAP_FAILED;
}

/* The nth note of a type, or NULL. */
static void *note(unsigned type, int nth, size_t *size)
{
	Elf64_Ehdr *e = (void *)core;
	Elf64_Phdr *ph = (void *)(core + e->e_phoff);
	char *at = core + ph->p_offset, *end = at + ph->p_filesz;

	while (at < end) {
		Elf64_Nhdr *n = (void *)at;
		char *data = at + sizeof(*n) + ((n->n_namesz + 3) & ~3u);

		if (n->n_type == type && nth-- == 0) {
			*size = n->n_descsz;
			return data;
		}
		at = data + ((n->n_descsz + 3) & ~3u);
	}
	return NULL;
}

/* The word at an address of the dead process, or 0 where the file does not hold it. */
static long word_at(unsigned long addr)
{
	Elf64_Ehdr *e = (void *)core;
	Elf64_Phdr *ph = (void *)(core + e->e_phoff);

	for (int i = 0; i < e->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD && addr >= ph[i].p_vaddr &&
		    addr + 8 <= ph[i].p_vaddr + ph[i].p_filesz)
			return *(long *)(core + ph[i].p_offset + addr - ph[i].p_vaddr);
	return 0;
}

static volatile int waiting;

static void *wait_forever(void *arg)
{
	__asm__ volatile("mov $0x4444, %%r12\n\tlock incl %0\n\t1: jmp 1b" : "+m"(waiting)::"r12");
	return arg;
}

static void group_contents(void)
{
	static char big[1 << 20];
	pthread_t thread;
	size_t size;
	pid_t pid;

	pattern("core");
	pid = SPAWN(unlimited();
		    for (int i = 0; i < 3; i++) pthread_create(&thread, NULL, wait_forever, NULL);
		    big[7 * PAGE] = 'x'; EVENTUALLY(waiting == 3); crash(0xabcdef));
	ROW("status", wait_status(pid), KILLED(SIGSEGV) | 0x80);
	if (!load_core("core")) {
		ROW("no_file", 1, 0);
		return;
	}
	Elf64_Ehdr *e = (void *)core;
	ROW_TRUE("magic", !memcmp(core, ELFMAG, SELFMAG));
	ROW("type", e->e_type, ET_CORE);
	ROW("machine", e->e_machine, EM_X86_64);
	ROW("phentsize", e->e_phentsize, sizeof(Elf64_Phdr));
	Elf64_Phdr *ph = (void *)(core + e->e_phoff);
	ROW("first_segment", ph->p_type, PT_NOTE);
	ROW("load_align", ph[1].p_offset % PAGE, 0);
	struct elf_prstatus *st = note(NT_PRSTATUS, 0, &size);
	ROW("prstatus_size", size, sizeof(*st));
	ROW("prstatus_sig", st->pr_cursig, SIGSEGV);
	ROW("prstatus_pid", st->pr_pid, pid);
	ROW("prstatus_ppid", st->pr_ppid, getpid());
	struct user_regs_struct *regs = (void *)st->pr_reg;
	ROW("r12", regs->r12, 0xabcdef);
	ROW_TRUE("rip", regs->rip >= (unsigned long)crash && regs->rip < (unsigned long)crash + 64);
	ROW("fpvalid", st->pr_fpvalid, 1);
	int others = 0;
	for (int i = 1; i < 4; i++) {
		st = note(NT_PRSTATUS, i, &size);
		others += st && ((struct user_regs_struct *)st->pr_reg)->r12 == 0x4444;
	}
	ROW("other_threads", others, 3);
	ROW_TRUE("no_more", !note(NT_PRSTATUS, 4, &size));
	struct elf_prpsinfo *ps = note(NT_PRPSINFO, 0, &size);
	ROW("prpsinfo_size", size, sizeof(*ps));
	ROW_TRUE("prpsinfo_name", !strcmp(ps->pr_fname, "core"));
	ROW_TRUE("prpsinfo_args", strstr(ps->pr_psargs, "core"));
	ROW("prpsinfo_pid", ps->pr_pid, pid);
	siginfo_t *si = note(NT_SIGINFO, 0, &size);
	ROW("siginfo_size", size, 128);
	ROW("siginfo_signo", si->si_signo, SIGSEGV);
	ROW("siginfo_addr", (long)si->si_addr, 8);
	unsigned long *aux = note(NT_AUXV, 0, &size);
	ROW_TRUE("auxv", aux && size >= 32 && size % 16 == 0);
	unsigned long *files = note(NT_FILE, 0, &size);
	ROW_TRUE("files", files && files[0] >= 3 && files[1] == PAGE);
	ROW_TRUE("file_name", strstr((char *)(files + 2 + 3 * files[0]), "/core"));
	struct user_fpregs_struct *fp = note(NT_FPREGSET, 0, &size);
	ROW("fpregs_size", size, sizeof(*fp));
	ROW("xmm7", fp->xmm_space[28], 0x77777777);
	fp = note(NT_X86_XSTATE, 0, &size);
	ROW_TRUE("xstate", fp && size >= 576);
	ROW("xstate_xmm7", fp ? fp->xmm_space[28] : 0, 0x77777777);
	ROW("memory", word_at((unsigned long)&marker), 0x5678);
	ROW("bss", word_at((unsigned long)&big[7 * PAGE]), 'x');
	ROW("bss_hole", word_at((unsigned long)&big[90 * PAGE]), 0);
	ROW_TRUE("text_header", word_at(0x400000) == *(long *)0x400000);
	munmap(core, core_size);
}

static void group_filter(void)
{
	char path[64], text[32];
	long plain;

	pattern("core");
	snprintf(path, sizeof(path), "/proc/%d/coredump_filter", getpid());
	slurp(path, text, sizeof(text));
	ROW("default", strtol(text, NULL, 16), 0x33);
	write_text(path, "0x0");
	slurp(path, text, sizeof(text));
	ROW("written", strtol(text, NULL, 16), 0);
	ROW("nothing", crash_status(), KILLED(SIGSEGV) | 0x80);
	load_core("core");
	ROW("nothing_dumped", word_at((unsigned long)&marker), 0);
	munmap(core, core_size);
	write_text(path, "0x33");
	char *map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	*(long *)map = 0x99;
	*(long *)(map + PAGE) = 0x98;
	madvise(map + PAGE, PAGE, MADV_DONTDUMP);
	crash_status();
	load_core("core");
	plain = word_at((unsigned long)map);
	ROW("shared", plain, 0x99);
	ROW("dontdump", word_at((unsigned long)map + PAGE), 0);
	munmap(core, core_size);
}

/* The file ends at the limit. */
static void group_limit(void)
{
	struct stat st;

	pattern("core");
	int status = CHILD(setrlimit(RLIMIT_CORE, &(struct rlimit){ 20000, 20000 }); crash(0));
	ROW("signal", status & 0x7f, SIGSEGV);
	stat("core", &st);
	ROW_TRUE("size", st.st_size <= 20000);
}

/* A tracer hears of the other threads' ends when the file is whole. */
static void group_traced(void)
{
	long options = PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT;
	bool whole = false;
	int status, go[2];
	pid_t tid;
	char c;

	pattern("core");
	unlink("core");
	MUST(pipe(go));
	pid_t pid = SPAWN(unlimited(); read(go[0], &c, 1); pthread_t thread;
			  pthread_create(&thread, NULL, wait_forever, NULL);
			  while (!waiting) sched_yield(); crash(1));
	ROW("seize", sys(SYS_ptrace, PTRACE_SEIZE, pid, 0, options), 0);
	MUST(write(go[1], "", 1));
	while ((tid = waitpid(-1, &status, __WALL)) > 0) {
		int signal = WIFSTOPPED(status) && !(status >> 16) ? WSTOPSIG(status) : 0;

		if (!WIFSTOPPED(status) && tid == pid)
			break;
		if (status >> 16 == PTRACE_EVENT_EXIT && tid != pid)
			whole = load_core("core") && word_at((unsigned long)&marker) == 0x5678;
		sys(SYS_ptrace, PTRACE_CONT, tid, 0, signal);
	}
	ROW("status", status, KILLED(SIGSEGV) | 0x80);
	ROW_TRUE("whole", whole);
	close(go[0]);
	close(go[1]);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "core");
	slurp("/proc/sys/kernel/core_pattern", old_pattern, sizeof(old_pattern));
	slurp("/proc/sys/kernel/core_uses_pid", old_pid, sizeof(old_pid));
	GROUP(group_whether);
	GROUP(group_name);
	GROUP(group_contents);
	GROUP(group_filter);
	GROUP(group_limit);
	GROUP(group_traced);
	pattern(old_pattern);
	write_text("/proc/sys/kernel/core_uses_pid", old_pid);
	return finish();
}
