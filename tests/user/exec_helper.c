/*
 * What the exec tests start: says, as exit status or on a pipe, what it found.
 *
 *	status N		exits with N
 *	ids			exits with the effective user id modulo 256
 *	open FD			exits with 0 if the descriptor is open, 1 if not
 *	args			exits with the number of arguments and environment strings (a * 16 + e)
 *	auxv			checks the auxiliary vector and the first stack; 0, or which check failed
 *	signal N		0 default, 1 ignored, 2 caught; + 4 blocked; + 8 pending
 *	name			0 if the process's name is "exec_helper"
 *	fsgid, group, dumpable	exits with that
 *	wait			exits with 0 at the end of standard input
 */
#include <elf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <fcntl.h>
#include <unistd.h>

extern char **environ;

static int check_auxv(char **argv)
{
	char **env = environ;

	while (*env)
		env++;
	Elf64_auxv_t *aux = (Elf64_auxv_t *)(env + 1);
	unsigned long value[64] = { 0 };
	for (; aux->a_type != AT_NULL; aux++)
		if (aux->a_type < 64)
			value[aux->a_type] = aux->a_un.a_val;
	const Elf64_Ehdr *header = (const void *)(value[AT_PHDR] - sizeof(Elf64_Ehdr));
	const unsigned char *random = (const void *)value[AT_RANDOM];
	if (value[AT_PAGESZ] != 4096)
		return 1;
	if (value[AT_CLKTCK] != 100)
		return 2;
	if (value[AT_PHENT] != sizeof(Elf64_Phdr))
		return 3;
	if (memcmp(header->e_ident, ELFMAG, SELFMAG) || header->e_phnum != value[AT_PHNUM])
		return 4;
	if (value[AT_ENTRY] != header->e_entry)
		return 5;
	if (!random)
		return 6;
	int bits = 0;
	for (int i = 0; i < 16; i++)
		bits |= random[i];
	if (!bits)
		return 7;
	if (!value[AT_EXECFN] || !strstr((char *)value[AT_EXECFN], "exec_helper"))
		return 8;
	if (!value[AT_PLATFORM] || strcmp((char *)value[AT_PLATFORM], "x86_64"))
		return 9;
	if (value[AT_UID] != getuid() || value[AT_EUID] != geteuid() || value[AT_GID] != getgid() ||
	    value[AT_EGID] != getegid())
		return 10;
	if (value[AT_SECURE])
		return 11;
	if (!(value[AT_HWCAP] & 1 << 25)) /* SSE, as CPUID 1 has it in EDX */
		return 12;
	if (value[AT_BASE])
		return 13;
	if (value[AT_FLAGS])
		return 14;
	/* The stack pointer at the start is that of argc, aligned to 16 (psABI 3.4.1). */
	if ((unsigned long)(argv - 1) % 16)
		return 15;
	if ((char *)value[AT_EXECFN] < environ[0])
		return 16;
	return 0;
}

static int signal_state(int sig)
{
	struct sigaction action;
	sigset_t set;
	int state;

	sigaction(sig, NULL, &action);
	state = action.sa_handler == SIG_DFL ? 0 : action.sa_handler == SIG_IGN ? 1 : 2;
	sigprocmask(SIG_SETMASK, NULL, &set);
	if (sigismember(&set, sig))
		state += 4;
	sigpending(&set);
	if (sigismember(&set, sig))
		state += 8;
	return state;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 100;
	const char *what = argv[1];
	int number = argc > 2 ? atoi(argv[2]) : 0;
	if (!strcmp(what, "status"))
		return number;
	if (!strcmp(what, "ids"))
		return geteuid() & 255;
	if (!strcmp(what, "group"))
		return getegid() & 255;
	if (!strcmp(what, "open"))
		return fcntl(number, F_GETFD) < 0;
	if (!strcmp(what, "auxv"))
		return check_auxv(argv);
	if (!strcmp(what, "secure"))
		return getauxval(AT_SECURE);
	if (!strcmp(what, "signal"))
		return signal_state(number);
	if (!strcmp(what, "dumpable"))
		return prctl(PR_GET_DUMPABLE);
	if (!strcmp(what, "name")) {
		char name[17] = "";

		prctl(PR_GET_NAME, name);
		return strcmp(name, "exec_helper") != 0;
	}
	if (!strcmp(what, "wait")) {
		char byte;

		while (read(0, &byte, 1) > 0)
			;
		return 0;
	}
	if (!strcmp(what, "args")) {
		int envs = 0;

		while (environ[envs])
			envs++;
		return argc * 16 + envs;
	}
	if (!strcmp(what, "stack"))
		return strlen(argv[2]) == (size_t)atoi(argv[3]) ? 0 : 1;
	/* A script's interpreter: "#!exec_helper text": argv is helper, text, script, arguments. */
	return 200 + argc;
}
