/*
 * What the files of /proc/PID share: entries, nodes and how they are made.
 */
#ifndef FS_PROCFS_PID_INTERNAL_H
#define FS_PROCFS_PID_INTERNAL_H

#include "procfs.h"

typedef enum entry_kind {
	KIND_FILE,
	KIND_LINK,
	KIND_FD_DIR,
	KIND_FDINFO_DIR,
	KIND_TASK_DIR,
	KIND_MAP_DIR,
	KIND_NET_DIR
} entry_kind_t;
typedef enum link_kind { LINK_EXE, LINK_CWD, LINK_ROOT } link_kind_t;

typedef struct pid_entry {
	const char *name;
	mode_t mode;
	entry_kind_t kind;
	proc_show_t show;
	link_kind_t link;
	bool per_process;				     /* not below task/TID */
	const file_operations_t *fops;			     /* NULL: shows text */
	int (*store)(process_t *p, thread_t *t, char *text); /* NULL: cannot be written */
} pid_entry_t;

/* private_data of every node here. */
typedef struct pid_node {
	struct pid *pid;	  /* of the process, or thread below task/; own reference */
	bool thread;		  /* below task/ */
	const pid_entry_t *entry; /* NULL: the directory itself */
	int fd;			  /* links below fd/ */
	unsigned long start, end; /* links below map_files/ */
} pid_node_t;

static inline pid_node_t *pid_node_of(vfs_node_t *n)
{
	return n->private_data;
}

/*
 * Process and thread of a node, referenced, for proc_node_release; false when they are gone. A number's thread whose
 * references are used up does not bear it any more: another may, after an exec.
 */
bool pid_node_resolve(const pid_node_t *n, process_t **p, thread_t **t);
/* May the caller look inside (memory, descriptors)? */
bool proc_may_inspect(thread_t *t);
/* Makes the node of `model`, which takes a reference of its own, and attaches it. 0, -ENOENT, -ENOMEM. */
int pid_node_attach(vfs_node_t *dir, dentry_t *dentry, pid_node_t model, mode_t mode, ino_t ino);
/* Inode number of an entry (1 to 61; 62 and 63 are threads and descriptors) of the process or thread nr. */
ino_t pid_ino(pid_t nr, u32 entry);
/* A number as the kernel writes it: no sign, no leading zeros. */
bool proc_parse_number(const char *name, u32 *out);
/* "." and ".." at positions 0 and 1: false when the buffer is full. */
bool pid_emit_dots(file_t *f, dir_context_t *ctx);

extern const file_operations_t pid_file_ops, pid_mounts_ops;	 /* pid_file.c */
extern const node_operations_t pid_link_ops;			 /* pid_link.c */
extern const node_operations_t pid_fd_dir_ops, pid_task_dir_ops; /* pid_fd.c, pid_task.c */
extern const file_operations_t pid_fd_dir_fops, pid_task_dir_fops;
extern const file_operations_t pid_fdinfo_file_ops;
/* pid_mapped.c */
extern const node_operations_t pid_map_dir_ops, pid_net_dir_ops;
extern const file_operations_t pid_map_dir_fops, pid_net_dir_fops;
file_t *pid_mapped_file(process_t *p, unsigned long start, unsigned long end);

#endif
