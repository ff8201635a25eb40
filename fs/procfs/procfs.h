/*
 * Inside procfs: the tree of registered entries, and the directories made of processes.
 */
#ifndef FS_PROCFS_PROCFS_H
#define FS_PROCFS_PROCFS_H

#include <fs/procfs.h>
#include <kernel/process.h>

/*
 * A registered name. Never moves; removal unlinks it under proc_lock and frees it when no node uses
 * it.
 */
typedef struct proc_entry {
	struct proc_entry *parent;
	list_t children, sibling; /* proc_lock */
	mode_t mode;
	ino_t ino;
	const file_operations_t *fops; /* files */
	int (*show)(seq_file_t *m, void *arg);
	u64 hash; /* of show: kernel/cfi.h */
	void *arg;
	const char *target; /* symbolic links */
	size_t name_len;
	char name[];
} proc_entry_t;

extern rwsem_t proc_lock;
extern proc_entry_t *proc_root;
extern proc_entry_t *proc_net; /* what "net/" in paths means: below each /proc/PID */
extern const node_operations_t proc_dir_operations;
extern const file_operations_t proc_dir_file_operations;

/* A node of an entry for the super block; ERR_PTR. */
vfs_node_t *proc_make_node(super_block_t *sb, mode_t mode, ino_t ino);
proc_entry_t *proc_find(proc_entry_t *dir, const char *name, size_t len); /* proc_lock held */
/* Attaches the entry of dir with the dentry's name; -ENOENT. */
int proc_lookup_entry(proc_entry_t *dir, vfs_node_t *node, dentry_t *dentry);
/*
 * Emits dir's entries from position ctx->pos (2 is the first after . and ..): false when the buffer
 * is full.
 */
bool proc_emit_entries(proc_entry_t *dir, dir_context_t *ctx, off_t first);

/* pid.c: /proc/PID */
int proc_pid_lookup(vfs_node_t *dir, dentry_t *dentry); /* -ENOENT when it is no process's number */
bool proc_pid_emit(dir_context_t *ctx);
#define PROC_SELF_POS 99998	  /* directory positions: self, thread-self, */
#define PROC_FIRST_PID_POS 100000 /* and from here on processes */
#define PROC_FIRST_INO 5	  /* 1 is the root; 3 and 4 are self and thread-self */
void proc_evict_node(vfs_node_t *n);
#define PROC_NODE_PID 0x1000u /* node->state: private_data is a pid_node */
/* pid_show.c */
typedef int (*proc_show_t)(seq_file_t *m, process_t *p, thread_t *t);
int show_stat(seq_file_t *m, process_t *p, thread_t *t);
int show_statm(seq_file_t *m, process_t *p, thread_t *t);
int show_status(seq_file_t *m, process_t *p, thread_t *t);
int show_limits(seq_file_t *m, process_t *p, thread_t *t);
/* Is the file below task/, and so about one thread alone? */
bool proc_shows_thread(const seq_file_t *m);
/* A number without sign, up to the end of the line (where text is cut); -EINVAL. */
int proc_number_line(char *text, u64 *value);
int store_comm(process_t *p, thread_t *t, char *text);
int store_oom_score_adj(process_t *p, thread_t *t, char *text);
/*
 * pid_held.c: files that show memory show that of the program which ran at their open, by whose leave they were opened,
 * and nothing when it is gone. proc_hold_space: 0, -ESRCH, -EACCES; *out for vm_space_drop, or NULL.
 */
struct vm_space;
typedef struct proc_held {
	vfs_node_t *node;
	struct vm_space *space; /* structure only; or NULL */
} proc_held_t;
int proc_hold_space(vfs_node_t *node, struct vm_space **out);
/* m->private_data is a proc_held_t: with ops element by element, else all by show. Release: proc_held_release. */
int proc_held_open(vfs_node_t *node, file_t *f, const seq_operations_t *ops,
		   int (*show)(seq_file_t *m, void *arg));
void proc_held_release(file_t *f);
extern const file_operations_t proc_environ_ops, proc_auxv_ops, proc_rollup_ops;
/* pid_maps.c */
void show_smaps_rollup(seq_file_t *m, struct vm_space *s);
int store_clear_refs(process_t *p, thread_t *t, char *text);
extern const file_operations_t proc_maps_ops, proc_smaps_ops, proc_numa_maps_ops, proc_pagemap_ops;
/* pid_show.c */
int show_personality(seq_file_t *m, process_t *p, thread_t *t);
int show_timer_slack(seq_file_t *m, process_t *p, thread_t *t);
int store_timer_slack(process_t *p, thread_t *t, char *text);
int show_mountstats(seq_file_t *m, process_t *p, thread_t *t);
int show_comm(seq_file_t *m, process_t *p, thread_t *t);
int show_cmdline(seq_file_t *m, process_t *p, thread_t *t);
/* Copies [start, end) of the space into the file, at most a mebibyte. */
void show_memory_range(seq_file_t *m, struct vm_space *s, unsigned long start, unsigned long end);
int show_mounts(seq_file_t *m, process_t *p, thread_t *t);
int show_mountinfo(seq_file_t *m, process_t *p, thread_t *t);
int show_oom_score(seq_file_t *m, process_t *p, thread_t *t);
int show_oom_score_adj(seq_file_t *m, process_t *p, thread_t *t);
int show_schedstat(seq_file_t *m, process_t *p, thread_t *t);
int show_timers(seq_file_t *m, process_t *p, thread_t *t);
int show_sched(seq_file_t *m, process_t *p, thread_t *t);
int store_sched(process_t *p, thread_t *t, char *text);
int show_oom_adj(seq_file_t *m, process_t *p, thread_t *t);
int store_oom_adj(process_t *p, thread_t *t, char *text);
int show_wchan(seq_file_t *m, process_t *p, thread_t *t);
int show_syscall(seq_file_t *m, process_t *p, thread_t *t);
int show_stack(seq_file_t *m, process_t *p, thread_t *t);
extern const file_operations_t proc_mem_ops, proc_core_filter_ops;
/* Process and thread that a node below /proc/PID stands for, referenced; false: they are gone. */
bool proc_node_resolve(vfs_node_t *node, process_t **p, thread_t **t);
void proc_node_release(process_t *p, thread_t *t);
int show_io(seq_file_t *m, process_t *p, thread_t *t);

/* global.c, sysctl.c */
void proc_global_init(void);
void proc_frames_init(void); /* frames.c */
void proc_sysctl_init(void);

#endif
