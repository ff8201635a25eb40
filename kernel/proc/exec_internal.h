/*
 * The parts of execve (exec.c tells the whole).
 */
#ifndef KERNEL_EXEC_INTERNAL_H
#define KERNEL_EXEC_INTERNAL_H

#include <fs/vfs.h>
#include <kernel/lib/elf.h>
#include <kernel/proc.h>
#include <mm/space.h>

#define EXEC_HEADER_SIZE 256 /* of the file that decides what it is; Linux's BINPRM_BUF_SIZE */
#define MAX_ARG_STRLEN (32 * PAGE_SIZE)
#define ARG_MIN_TOTAL (128UL << 10) /* always allowed, however small the stack limit */
#define ARG_MAX_TOTAL (6UL << 20)
#define EXEC_MAX_DEPTH 5 /* scripts of scripts */
/* Room for the words that scripts put before the arguments. */
#define SCRIPT_WORDS (2 * (EXEC_MAX_DEPTH + 1))

typedef struct exec {
	int dfd, flags;
	char *filename;	     /* what the program is told (AT_EXECFN) */
	char *filename_heap; /* kfree: filename when it was composed here */
	bool inaccessible;   /* the path goes through a descriptor that exec closes */
	char interpreter[EXEC_HEADER_SIZE]; /* of a script: the file in use */
	const char *script_path; /* the file in use, as the next interpreter is told it */
	file_t *file;
	u8 header[EXEC_HEADER_SIZE];
	bool unreadable; /* some file could not be read by the user: no dumps */

	/* the new memory and its stack */
	vm_space_t *space;
	unsigned long stack_limit; /* RLIMIT_STACK at the start */
	unsigned long p;	   /* lowest byte in use */
	unsigned long floor;	   /* strings may not go below */
	unsigned long filename_at;
	u8 *page;		   /* copy of the stack page at page_at, written back when left */
	unsigned long page_at;	   /* 0: none */
	unsigned long lowest_page; /* pages from here on have been written once */
	u64 *pointers; /* kvfree: addresses of argv's strings from argv_first, then envp's */
	u32 argv_first, argc, envc;
	unsigned long arg_start, arg_end, env_end;

	/* what the ELF file asked for */
	unsigned long entry; /* first instruction */
	unsigned long sp;
	unsigned long program_entry, phdr, interp_base;
	unsigned long vdso; /* address of its image */
	u32 phnum;
	cred_t *cred; /* of the new program */
	bool secure, set_id;
	int late_error; /* what Linux notices after the old program is gone */
} exec_t;

/* ---- strings (exec_args.c): the new stack, top down ---- */
int exec_setup_stack(exec_t *e);
int exec_copy_strings(exec_t *e, exec_strings_t argv, exec_strings_t envp);
/* A script's interpreter: argv[0] becomes these (arg may be NULL). */
int exec_replace_arg0(exec_t *e, const char *interpreter, const char *arg, const char *script);
/* Auxiliary vector, pointers, argument count; sets e->sp. After loading. */
int exec_finish_stack(exec_t *e);
void exec_free_strings(exec_t *e);

/* ---- scripts (exec_script.c) ---- */
/*
 * "#!" lines: interpreter and optional argument, terminated inside the buffer. -ENOEXEC when it is
 * none.
 */
int exec_parse_script(char line[EXEC_HEADER_SIZE], char **interpreter, char **arg);

/* ---- ELF (exec_elf.c) ---- */
/* Maps program and interpreter. Negative errno; or 0, possibly with late_error set. */
int exec_load_elf(exec_t *e);

/* ---- the vDSO (vdso.c) ---- */
/* Maps it above the stack; sets e->vdso. After the program has its place. */
int exec_map_vdso(exec_t *e);

/* ---- files (exec.c) ---- */
file_t *exec_open(exec_t *e, int dfd, const char *path, int flags);
bool exec_randomises(void); /* personality and sysctl */
/* A random number of pages below `range`, in bytes; 0 when nothing is to be randomised. */
unsigned long exec_random_pages(unsigned long range);

#endif
