/*
 * execve and execveat: what is kept and what is dropped, scripts, set-user-id, the argument limits,
 * damaged and odd ELF files.
 */
#include <elf.h>
#include <libgen.h>
#include <sys/prctl.h>

#include "row.h"

static char helper[4096 + 64];
static char *const no_env[] = { NULL };

/* The wait status of a child that starts the helper with these words. */
#define HELPER(...)                                                                                \
	CHILD(char *words[] = { helper, __VA_ARGS__, NULL };                                       \
	      _exit(200 - sys(SYS_execve, helper, words, no_env)))

/* The error of starting `name`, 0 with its exit status above 8 bits if it started. */
static long try_exec(const char *name)
{
	char *words[] = { (char *)name, "status", "0", NULL };
	int status = CHILD(_exit(-sys(SYS_execve, name, words, no_env)));

	return WIFEXITED(status) ? -WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void copy_helper(const char *to, mode_t mode)
{
	static char data[4 << 20];
	int in = open(helper, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, mode);
	ssize_t n = read(in, data, sizeof(data));

	if (n < 0 || write(out, data, n) != n)
		_exit(1);
	fchmod(out, mode);
	close(in);
	close(out);
}

static void make_script(const char *name, const char *text)
{
	make_file(name, text);
	chmod(name, 0755);
}

static void group_errors(void)
{
	char *words[] = { "x", NULL };

	copy_helper("prog", 0755);
	ROWS_PATH("execve", sys(SYS_execve, p, words, no_env), -ENOENT);
	ROW("argv_efault", sys(SYS_execve, "prog", edge, no_env), -EFAULT);
	ROW("argv_string_efault", sys(SYS_execve, "prog", ((char *[]){ "x", edge, NULL }), no_env),
	    -EFAULT);
	ROW("argv_kernel", sys(SYS_execve, "prog", KERNEL_POINTER, no_env), -EFAULT);
	ROW("envp_efault", sys(SYS_execve, "prog", words, edge), -EFAULT);
	ROW("envp_string_efault",
	    sys(SYS_execve, "prog", words, ((char *[]){ string_outside(), NULL })), -EFAULT);
	ROW("missing", sys(SYS_execve, "nothing", words, no_env), -ENOENT);
	mkdir("d", 0755);
	ROW("directory", sys(SYS_execve, "d", words, no_env), -EACCES);
	copy_helper("noexec", 0644);
	ROW("no_x_bit_root", sys(SYS_execve, "noexec", words, no_env), -EACCES);
	copy_helper("onlyroot", 0700);
	ROW_AS(USER, "no_permission", sys(SYS_execve, "onlyroot", words, no_env), -EACCES);
	make_file("text", "neither script nor program\n");
	chmod("text", 0755);
	ROW("no_format", sys(SYS_execve, "text", words, no_env), -ENOEXEC);
	make_file("empty", "");
	chmod("empty", 0755);
	ROW("empty", sys(SYS_execve, "empty", words, no_env), -ENOEXEC);
	mkfifo("fifo", 0755);
	ROW("fifo", sys(SYS_execve, "fifo", words, no_env), -EACCES);
	int writer = open("prog", O_WRONLY);
	ROW("busy", sys(SYS_execve, "prog", words, no_env), -ETXTBSY);
	close(writer);
	ROW("not_busy", try_exec("prog"), 0);
	pid_t pid = SPAWN(char *w[] = { "/bin/busybox", "sleep", "100", NULL };
			  copy_helper("unused", 0755); execv(w[0], w));
	kill(pid, SIGKILL);
	wait_status(pid);
	mkdir("m", 0755);
	mount("tmpfs", "m", "tmpfs", MS_NOEXEC, NULL);
	copy_helper("m/prog", 0755);
	ROW("noexec_mount", sys(SYS_execve, "m/prog", words, no_env), -EACCES);
	umount("m");
}

static void group_kept(void)
{
	sigset_t mask;

	ROW("status", HELPER("status", "7"), EXITED(7));
	int plain = dup(0), closing = fcntl(0, F_DUPFD_CLOEXEC, 0);
	ROW("open_stays", HELPER("open", (char *)named("%d", plain)), EXITED(0));
	ROW("cloexec_closes", HELPER("open", (char *)named("%d", closing)), EXITED(1));
	ROW("cloexec_parent_keeps", fcntl(closing, F_GETFD), FD_CLOEXEC);
	ROW("two_args_no_env", HELPER("args"), EXITED(2 * 16));
	ROW("name", HELPER("name"), EXITED(0));
	ROW("auxv", HELPER("auxv"), EXITED(0));
	ROW("dumpable", HELPER("dumpable"), EXITED(1));
	char *words[] = { helper, "args", "a", "b", NULL }, *env[] = { "A=1", "B=2", "C=", NULL };
	ROW("args_env", CHILD(execve(helper, words, env)), EXITED(4 * 16 + 3));
	ROW("null_env", CHILD(sys(SYS_execve, helper, words, NULL)), EXITED(4 * 16));
	/* No arguments at all become one empty argument. */
	ROW("null_argv", CHILD(sys(SYS_execve, helper, NULL, NULL)), EXITED(100));
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, (void (*)(int))group_kept);
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	ROW("ignored_stays", HELPER("signal", "10"), EXITED(1));
	ROW("caught_is_default", HELPER("signal", "12"), EXITED(0));
	ROW("blocked_stays", HELPER("signal", "15"), EXITED(4));
	ROW("pending_stays",
	    CHILD(raise(SIGTERM);
		  execve(helper, (char *[]){ helper, "signal", "15", NULL }, no_env)),
	    EXITED(12));
	pid_t pid = SPAWN(execve(helper, (char *[]){ helper, "status", "3", NULL }, no_env));
	siginfo_t info;
	waitid(P_PID, pid, &info, WEXITED);
	ROW("pid_stays", info.si_pid, pid);
	/* Memory locks, alternate stacks and mappings are gone; timers stay. */
	ROW("itimer_stays", CHILD({
		    struct itimerval soon = { { 0, 0 }, { 0, 50000 } };
		    sigset_t none;
		    sigemptyset(&none);
		    sigprocmask(SIG_SETMASK, &none, NULL);
		    setitimer(ITIMER_REAL, &soon, NULL);
		    execl("/bin/busybox", "sleep", "10", NULL);
	    }),
	    KILLED(SIGALRM));
	/* POSIX timers do not, nor do signals of theirs that are pending. */
	ROW("timer_signal_goes", CHILD({
		    struct sigevent event = { .sigev_signo = SIGHUP };
		    struct itimerspec soon = { { 0, 0 }, { 0, 1 } };
		    sigset_t hangup;
		    int id;
		    sigemptyset(&hangup);
		    sigaddset(&hangup, SIGHUP);
		    sigprocmask(SIG_BLOCK, &hangup, NULL);
		    MUST(sys(SYS_timer_create, CLOCK_MONOTONIC, &event, &id));
		    MUST(sys(SYS_timer_settime, id, 0, &soon, NULL));
		    if (!EVENTUALLY(sigpending(&mask) == 0 && sigismember(&mask, SIGHUP)))
			    _exit(99);
		    execve(helper, (char *[]){ helper, "signal", "1", NULL }, no_env);
	    }),
	    EXITED(4));
	/* exec from a thread: the others end, and the pid is the process's. */
	ROW("long_name_cut", CHILD({
		    copy_helper("a-program-with-a-long-name", 0755);
		    char *w[] = { "x", "name", NULL };
		    execve("a-program-with-a-long-name", w, no_env);
	    }),
	    EXITED(1));
}

static char thread_stack[65536] __attribute__((aligned(16)));

static int exec_in_thread(void *arg)
{
	(void)arg;
	char *words[] = { helper, "status", "23", NULL };
	sys(SYS_execve, helper, words, no_env);
	return 0;
}

static void group_threads(void)
{
	pid_t pid = SPAWN({
		clone(exec_in_thread, thread_stack + sizeof(thread_stack),
		      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			      CLONE_SYSVSEM,
		      NULL);
		for (;;)
			pause();
	});
	ROW("takes_over_pid", wait_status(pid), EXITED(23));
	/* A vfork child's exec lets the parent go on. */
	char *words[] = { helper, "status", "5", NULL };
	pid = vfork();
	if (!pid) {
		sys(SYS_execve, helper, words, no_env);
		_exit(1);
	}
	ROW("vfork", wait_status(pid), EXITED(5));
}

static void group_argument_limits(void)
{
	/* One string may be 128 KiB with its zero; all together a quarter of the stack limit. */
	static char big[131072 + 1], *many[200];
	char length[16];

	memset(big, 'a', 131071);
	snprintf(length, sizeof(length), "%d", 131071);
	char *words[] = { helper, "stack", big, length, NULL };
	ROW("string_128k", CHILD(execve(helper, words, no_env); _exit(errno)), 0);
	big[131071] = 'a';
	ROW("string_too_long", sys(SYS_execve, helper, words, no_env), -E2BIG);
	big[100000] = 0;
	struct rlimit stack = { 8 << 20, RLIM_INFINITY };
	setrlimit(RLIMIT_STACK, &stack);
	many[0] = helper;
	many[1] = "status";
	many[2] = "4";
	for (int i = 3; i < 20; i++)
		many[i] = big;
	ROW("1_7m", CHILD(execve(helper, many, no_env); _exit(errno)), EXITED(4));
	for (int i = 3; i < 30; i++)
		many[i] = big;
	ROW("2_7m", sys(SYS_execve, helper, many, no_env), -E2BIG);
	stack.rlim_cur = 1 << 20;
	CHILD(setrlimit(RLIMIT_STACK, &stack); many[6] = NULL;
	      ROW("small_stack", sys(SYS_execve, helper, many, no_env), -E2BIG));
	stack.rlim_cur = 64 << 10;
	CHILD(setrlimit(RLIMIT_STACK, &stack); many[4] = NULL;
	      ROW("smaller_than_one", sys(SYS_execve, helper, many, no_env), -E2BIG));
}

/* Above its limit a user may still be changed to, but starts no program; at the limit it may. */
static void group_process_limit(void)
{
	struct rlimit none = { 0, 0 };
	uid_t user = 30000 + getpid();

	ROW("first",
	    CHILD(setrlimit(RLIMIT_NPROC, &none); become(user); execl("/bin/busybox", "true", NULL);
		  _exit(errno)),
	    EXITED(0));
	pid_t other = SPAWN(become(user); for (;;) pause());
	EVENTUALLY(process_state(other) == 'S');
	ROW("second",
	    CHILD(setrlimit(RLIMIT_NPROC, &none); become(user); execl("/bin/busybox", "true", NULL);
		  _exit(errno)),
	    EXITED(EAGAIN));
	kill(other, SIGKILL);
	wait_status(other);
}

static void group_scripts(void)
{
	char text[700];

	copy_helper("interp", 0755);
	make_script("s", "#!./interp\n");
	ROW("plain", CHILD(execl("./s", "s", "x", NULL)), EXITED(200 + 3));
	make_script("s", "#!./interp  one two  \n");
	ROW("one_argument", CHILD(execl("./s", "s", "x", NULL)), EXITED(200 + 4));
	make_script("s", "#! ./interp status 9\n");
	ROW("argument_is_whole_rest", CHILD(execl("./s", "s", NULL)), EXITED(200 + 3));
	make_script("s", "#!./interp");
	ROW("no_newline", CHILD(execl("./s", "s", NULL)), EXITED(200 + 2));
	make_script("s", "#!./nothing\n");
	ROW("interpreter_missing", try_exec("./s"), -ENOENT);
	make_script("s", "#!./interp\r\n");
	ROW("carriage_return", try_exec("./s"), -ENOENT);
	make_script("s", "#!\n");
	ROW("no_interpreter", try_exec("./s"), -ENOEXEC);
	make_script("s", "#!   \n");
	ROW("only_spaces", try_exec("./s"), -ENOEXEC);
	make_script("s", "#!./d\n");
	mkdir("d", 0755);
	ROW("interpreter_is_directory", try_exec("./s"), -EACCES);
	make_script("s", "#!./s2\n");
	make_script("s2", "#!./interp\n");
	ROW("nested", CHILD(execl("./s", "s", NULL)), EXITED(200 + 3));
	make_script("loop", "#!./loop\n");
	ROW("loop", try_exec("./loop"), -ELOOP);
	/* 256 bytes of the first line are looked at. */
	memset(text, 'a', sizeof(text));
	memcpy(text, "#!./", 4);
	text[650] = 0;
	make_script("s", text);
	ROW("line_too_long", try_exec("./s"), -ENOEXEC);
	snprintf(text, sizeof(text), "#!./interp %0300d\n", 0);
	make_script("s", text);
	ROW("argument_cut", CHILD(execl("./s", "s", NULL)), EXITED(200 + 3));
	make_script("s", "#!./interp\n");
	chmod("s", 0311);
	ROW_AS(USER, "unreadable_script_starts", CHILD(execl("./s", "s", NULL)), EXITED(200 + 2));
	chmod("s", 0744);
	ROW_AS(USER, "no_x_bit", sys(SYS_execve, "./s", NULL, NULL), -EACCES);
	int fd = open("s", O_RDONLY | O_CLOEXEC);
	chmod("s", 0755);
	/* Through a descriptor that exec closes, the interpreter could not open the script. */
	ROW("fexecve_cloexec", sys(SYS_execveat, fd, "", NULL, NULL, AT_EMPTY_PATH), -ENOENT);
}

static void group_execveat(void)
{
	char *words[] = { "x", "status", "6", NULL };

	mkdir("d", 0755);
	copy_helper("d/prog", 0755);
	symlink("d/prog", "link");
	int dir = open("d", O_RDONLY | O_DIRECTORY), fd = open("d/prog", O_RDONLY | O_CLOEXEC);
	ROW("relative", CHILD(sys(SYS_execveat, dir, "prog", words, no_env, 0)), EXITED(6));
	ROW("empty_path", CHILD(sys(SYS_execveat, fd, "", words, no_env, AT_EMPTY_PATH)),
	    EXITED(6));
	ROW("empty_path_no_flag", sys(SYS_execveat, fd, "", words, no_env, 0), -ENOENT);
	ROW("o_path",
	    CHILD(sys(SYS_execveat, open("d/prog", O_PATH), "", words, no_env, AT_EMPTY_PATH)),
	    EXITED(6));
	ROW("nofollow_link",
	    sys(SYS_execveat, AT_FDCWD, "link", words, no_env, AT_SYMLINK_NOFOLLOW), -ELOOP);
	ROW("follow_link", CHILD(sys(SYS_execveat, AT_FDCWD, "link", words, no_env, 0)), EXITED(6));
	ROW("flag", sys(SYS_execveat, dir, "prog", words, no_env, 1), -EINVAL);
	ROW("bad_dirfd", sys(SYS_execveat, 777, "prog", words, no_env, 0), -EBADF);
	ROW("dirfd_is_file", sys(SYS_execveat, fd, "prog", words, no_env, 0), -ENOTDIR);
	ROW("dirfd_itself", sys(SYS_execveat, dir, "", words, no_env, AT_EMPTY_PATH), -EACCES);
}

static void group_set_id(void)
{
	copy_helper("suid", 0755);
	chown("suid", OTHER, 77);
	chmod("suid", 06755);
	char *ids[] = { "x", "ids", NULL }, *group[] = { "x", "group", NULL },
	     *secure[] = { "x", "secure", NULL };
	ROW("setuid", CHILD(become(USER); execve("suid", ids, no_env)), EXITED(OTHER & 255));
	ROW("setgid", CHILD(become(USER); execve("suid", group, no_env)), EXITED(77));
	ROW("secure", CHILD(become(USER); execve("suid", secure, no_env)), EXITED(1));
	ROW("not_secure_for_owner",
	    CHILD(setresgid(77, 77, 77); setresuid(OTHER, OTHER, OTHER);
		  execve("suid", secure, no_env)),
	    EXITED(0));
	ROW("no_new_privs",
	    CHILD(sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); become(USER);
		  execve("suid", ids, no_env)),
	    EXITED(USER & 255));
	chmod("suid", 04644 | 0111);
	ROW("setgid_without", CHILD(become(USER); execve("suid", group, no_env)),
	    EXITED(USER & 255));
	/* Set-group-id without group execute means something else (mandatory locking). */
	chmod("suid", 02745);
	ROW("setgid_no_group_x", CHILD(become(USER); execve("suid", group, no_env)),
	    EXITED(USER & 255));
	mkdir("m", 0755);
	mount("tmpfs", "m", "tmpfs", MS_NOSUID, NULL);
	copy_helper("m/suid", 0755);
	chown("m/suid", OTHER, OTHER);
	chmod("m/suid", 04755);
	ROW("nosuid_mount", CHILD(become(USER); execve("m/suid", ids, no_env)), EXITED(USER & 255));
	umount("m");
	copy_helper("interp", 0755);
	make_script("s", "#!./interp\n");
	chown("s", OTHER, OTHER);
	chmod("s", 04755);
	ROW("script_setuid_ignored", CHILD(become(USER); execl("./s", "s", NULL)), EXITED(200 + 2));
}

/* ---- ELF files made here: a header, program headers, code that exits with 42 ---- */

#define BASE 0x10000000ul

static const unsigned char exit_42[] = { 0xb8, 60, 0, 0, 0, 0xbf, 42, 0, 0, 0, 0x0f, 0x05 };

struct small_elf {
	Elf64_Ehdr header;
	Elf64_Phdr segments[4];
	unsigned char code[64];
};

static struct small_elf good_elf(void)
{
	struct small_elf elf = {
		.header = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = 1,
			.e_entry = BASE + offsetof(struct small_elf, code),
			.e_phoff = sizeof(Elf64_Ehdr), .e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1,
		},
		.segments[0] = {
			.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = BASE,
			.p_filesz = sizeof(struct small_elf), .p_memsz = sizeof(struct small_elf),
			.p_align = PAGE,
		},
	};
	memcpy(elf.code, exit_42, sizeof(exit_42));
	return elf;
}

static long exec_elf(const struct small_elf *elf, size_t len)
{
	close(file_with("elf", elf, len));
	chmod("elf", 0755);
	return try_exec("./elf");
}

/* A row whose ELF file differs from the good one by some assignments; try_exec gives -status. */
#define ROW_ELF(name, expected, ...)                                                               \
	do {                                                                                       \
		struct small_elf elf = good_elf();                                                 \
		__VA_ARGS__;                                                                       \
		ROW(name, exec_elf(&elf, sizeof(elf)), expected);                                  \
	} while (0)

#define KILLED_BY(sig) (1000 + (sig))

static void group_elf(void)
{
	struct small_elf elf = good_elf();

	ROW("good", exec_elf(&elf, sizeof(elf)), -42);
	ROW_ELF("magic", -ENOEXEC, elf.header.e_ident[1] = 'X');
	ROW_ELF("machine", -ENOEXEC, elf.header.e_machine = EM_AARCH64);
	ROW_ELF("relocatable", -ENOEXEC, elf.header.e_type = ET_REL);
	ROW_ELF("core", -ENOEXEC, elf.header.e_type = ET_CORE);
	ROW_ELF("phentsize", -ENOEXEC, elf.header.e_phentsize = 32);
	ROW_ELF("phnum_0", -ENOEXEC, elf.header.e_phnum = 0);
	ROW_ELF("phnum_huge", -ENOEXEC, elf.header.e_phnum = 65535);
	ROW_ELF("phoff_beyond", -ENOEXEC, elf.header.e_phoff = 1 << 30);
	ROW_ELF("entry_not_mapped", KILLED_BY(SIGSEGV), elf.header.e_entry = 0x20000000);
	ROW_ELF("entry_kernel", KILLED_BY(SIGSEGV), elf.header.e_entry = 0xffffffff80000000ul);
	ROW_ELF("segment_in_kernel", KILLED_BY(SIGSEGV),
		elf.segments[0].p_vaddr = 0xffff800000000000ul);
	ROW_ELF("filesz_above_memsz", KILLED_BY(SIGSEGV), elf.segments[0].p_memsz = 10;
		elf.segments[0].p_filesz = 100);
	ROW_ELF("memsz_huge", KILLED_BY(SIGSEGV), elf.segments[0].p_memsz = 1ul << 62);
	ROW_ELF("not_executable", KILLED_BY(SIGSEGV), elf.segments[0].p_flags = PF_R);
	ROW_ELF("segment_beyond_file", -42, elf.segments[0].p_filesz = 3 * PAGE;
		elf.segments[0].p_memsz = 3 * PAGE);
	ROW_ELF("offset_not_congruent", KILLED_BY(SIGSEGV), elf.segments[0].p_offset = 1);
	ROW_ELF("bss", -42, elf.segments[0].p_flags = PF_R | PF_W | PF_X;
		elf.segments[0].p_memsz = 10 * PAGE);
	ROW_ELF("interpreter_missing", -ENOENT, elf.header.e_phnum = 2;
		elf.segments[1] = (Elf64_Phdr){ .p_type = PT_INTERP,
						.p_filesz = 8,
						.p_offset = offsetof(struct small_elf, code) + 32 };
		memcpy(elf.code + 32, "/no/such", 8); elf.code[39] = 0);
	ROW_ELF("interpreter_not_terminated", -ENOEXEC, elf.header.e_phnum = 2;
		elf.segments[1] = (Elf64_Phdr){ .p_type = PT_INTERP,
						.p_filesz = 8,
						.p_offset = offsetof(struct small_elf, code) + 32 };
		memcpy(elf.code + 32, "/no/such", 8));
	ROW_ELF("interpreter_empty", -ENOEXEC, elf.header.e_phnum = 2;
		elf.segments[1] = (Elf64_Phdr){ .p_type = PT_INTERP, .p_filesz = 1 });
	ROW_ELF("interpreter_too_long", -ENOEXEC, elf.header.e_phnum = 2;
		elf.segments[1] = (Elf64_Phdr){ .p_type = PT_INTERP, .p_filesz = 5000 });
	make_file("notelf", "text");
	chmod("notelf", 0755);
	ROW_ELF("interpreter_not_elf", -EIO, elf.header.e_phnum = 2;
		elf.segments[1] = (Elf64_Phdr){ .p_type = PT_INTERP,
						.p_filesz = 9,
						.p_offset = offsetof(struct small_elf, code) + 32 };
		memcpy(elf.code + 32, "./notelf", 9));
	ROW_ELF("position_independent", -42, elf.header.e_type = ET_DYN;
		elf.segments[0].p_vaddr = 0; elf.header.e_entry = offsetof(struct small_elf, code));
	/* The interpreter runs in the program's place: here another of these, moved elsewhere. */
	copy_helper("unused", 0755);
	elf = good_elf();
	elf.header.e_type = ET_DYN;
	elf.segments[0].p_vaddr = 0;
	elf.segments[0].p_flags = PF_R | PF_W | PF_X;
	elf.header.e_entry = offsetof(struct small_elf, code);
	elf.code[6] = 55;
	close(file_with("interp", &elf, sizeof(elf)));
	chmod("interp", 0755);
	ROW_ELF("interpreter_runs", -55, elf.header.e_phnum = 2;
		elf.segments[1] = (Elf64_Phdr){ .p_type = PT_INTERP,
						.p_filesz = 9,
						.p_offset = offsetof(struct small_elf, code) + 32 };
		memcpy(elf.code + 32, "./interp", 9));
	chmod("interp", 0644);
	ROW("interpreter_no_x_bit", try_exec("./elf"), -EACCES);
	/* Segments may lie on each other: the later one counts. */
	ROW_ELF("overlapping", -42, elf.header.e_phnum = 2; elf.segments[1] = elf.segments[0]);
	ROW_ELF("overlapping_code", -43, elf.header.e_phnum = 2; elf.segments[1] = elf.segments[0];
		elf.segments[0].p_flags = PF_R; elf.code[6] = 43);
	elf = good_elf();
	ROW("truncated_header", exec_elf(&elf, 40), -ENOEXEC);
	ROW("truncated_segments", exec_elf(&elf, 80), -ENOEXEC);
	/*
	 * Damage in every byte of header and first segment: never more than an error or a signal.
	 */
	int survived = 0;
	for (size_t i = 0; i < sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr); i++) {
		elf = good_elf();
		((unsigned char *)&elf)[i] ^= 0xff;
		exec_elf(&elf, sizeof(elf));
		survived++;
	}
	ROW("every_byte_damaged", survived, sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr));
	elf = good_elf();
	ROW("good_after_all", exec_elf(&elf, sizeof(elf)), -42);
}

static void group_randomisation(void)
{
	unsigned long stacks[8], different = 0;
	int ends[2];

	/*
	 * The auxiliary vector's random bytes lie on the stack: their address is read from /proc.
	 */
	for (int i = 0; i < 8; i++) {
		pipe(ends);
		pid_t pid = SPAWN(dup2(ends[1], 1);
				  execl("/bin/busybox", "grep", "stack", "/proc/self/maps", NULL));
		char line[128] = "";
		read(ends[0], line, sizeof(line) - 1);
		wait_status(pid);
		close(ends[0]);
		close(ends[1]);
		stacks[i] = strtoul(line, NULL, 16);
		different += i && stacks[i] != stacks[0];
	}
	ROW_TRUE("stack_found", stacks[0] > 0x7000000000);
	ROW_TRUE("stack_moves", different > 0);
}

int main(int argc, char **argv)
{
	char self[4096];

	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[n < 0 ? 0 : n] = 0;
	snprintf(helper, sizeof(helper), "%s/exec_helper", dirname(self));
	begin(argc, argv, "exec");
	GROUP(group_errors);
	GROUP(group_kept);
	GROUP(group_threads);
	GROUP(group_argument_limits);
	GROUP(group_process_limit);
	GROUP(group_scripts);
	GROUP(group_execveat);
	GROUP(group_set_id);
	GROUP(group_elf);
	GROUP(group_randomisation);
	return finish();
}
