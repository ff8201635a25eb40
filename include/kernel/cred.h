/*
 * Credentials: immutable once published, counted, replaced as a whole by the thread itself
 * (prepare_creds, change, commit_creds). An open file keeps its opener's.
 */
#ifndef KERNEL_CRED_H
#define KERNEL_CRED_H

#include <kernel/atomic.h>
#include <kernel/sync/rcu.h>

/* Per-user counters (RLIMIT_NPROC, RLIMIT_SIGPENDING, ...), one object a uid. */
typedef struct user {
	refcount_t refs;
	uid_t uid;
	atomic_t processes; /* threads, as Linux counts */
	atomic_t sigpending;
	atomic64_t locked_pages;
	atomic64_t pipe_pages;
	atomic64_t epoll_watches;
	atomic_t inotify_instances, inotify_watches;
	atomic_t files_in_flight; /* descriptors in messages of sockets, not received yet */
	atomic64_t queue_bytes;	  /* POSIX message queues: RLIMIT_MSGQUEUE */
	struct user *hash_next;	  /* user table lock */
} user_t;

typedef struct group_list {
	refcount_t refs;
	u32 count;
	gid_t gids[]; /* sorted */
} group_list_t;

typedef u64 cap_set_t; /* bit n: capability n of capabilities(7) */

typedef struct cred {
	refcount_t refs;
	uid_t uid, euid, suid, fsuid;
	gid_t gid, egid, sgid, fsgid;
	u32 securebits;
	bool no_new_privs;
	cap_set_t cap_inheritable, cap_permitted, cap_effective, cap_bounding, cap_ambient;
	group_list_t *groups; /* own reference */
	user_t *user;	      /* of uid, own reference */
	rcu_head_t rcu;
} cred_t;

extern cred_t init_cred;

#define CAP_CHOWN 0
#define CAP_DAC_OVERRIDE 1
#define CAP_DAC_READ_SEARCH 2
#define CAP_FOWNER 3
#define CAP_FSETID 4
#define CAP_KILL 5
#define CAP_SETGID 6
#define CAP_SETUID 7
#define CAP_SETPCAP 8
#define CAP_LINUX_IMMUTABLE 9
#define CAP_NET_ADMIN 12
#define CAP_NET_RAW 13
#define CAP_IPC_LOCK 14
#define CAP_IPC_OWNER 15
#define CAP_SYS_RAWIO 17
#define CAP_SYS_CHROOT 18
#define CAP_SYS_PTRACE 19
#define CAP_SYS_ADMIN 21
#define CAP_SYS_BOOT 22
#define CAP_SYS_NICE 23
#define CAP_SYS_RESOURCE 24
#define CAP_SYS_TIME 25
#define CAP_SYS_TTY_CONFIG 26
#define CAP_MKNOD 27
#define CAP_LEASE 28
#define CAP_SETFCAP 31
#define CAP_SYSLOG 34
#define CAP_WAKE_ALARM 35
#define CAP_MAC_OVERRIDE 32
#define CAP_PERFMON 38
#define CAP_CHECKPOINT_RESTORE 40
#define CAP_LAST_CAP 40
#define CAP_ALL ((BIT(CAP_LAST_CAP) << 1) - 1)

/* securebits; each has a lock bit above it (capabilities(7)). */
#define SECBIT_NOROOT 0x1u
#define SECBIT_NO_SETUID_FIXUP 0x4u
#define SECBIT_KEEP_CAPS 0x10u
#define SECBIT_KEEP_CAPS_LOCKED 0x20u
#define SECBIT_NO_CAP_AMBIENT_RAISE 0x40u
#define SECBITS_ALL 0x55u
#define SECBITS_LOCKS 0xaau

const cred_t *current_cred(void); /* valid while the thread does not change it; no reference */
cred_t *cred_get(const cred_t *c);
struct thread;
cred_t *thread_cred_get(struct thread *t); /* another thread's, referenced */
void cred_put(cred_t *c);
cred_t *prepare_creds(void);	 /* a private copy of current's, or NULL */
void commit_creds(cred_t *next); /* consumes the reference */
bool cred_capable(const cred_t *c, int cap);
bool capable(int cap);			   /* current */
bool in_group(const cred_t *c, gid_t gid); /* fsgid or supplementary */
user_t *user_get_by_uid(uid_t uid);	   /* finds or creates, or NULL */
void user_put(user_t *u);

#endif
