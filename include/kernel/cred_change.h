/*
 * Changing the running thread's identity (setuid(2) and kin, capset(2), prctl(2)). ID_KEEP leaves a
 * field alone. 0 or negative errno.
 */
#ifndef KERNEL_CRED_CHANGE_H
#define KERNEL_CRED_CHANGE_H

#include <kernel/cred.h>

#define ID_KEEP ((u32)-1)

int cred_setuid(uid_t uid);
int cred_setreuid(uid_t ruid, uid_t euid);
int cred_setresuid(uid_t ruid, uid_t euid, uid_t suid);
uid_t cred_setfsuid(uid_t uid); /* the former one, always */
int cred_setgid(gid_t gid);
int cred_setregid(gid_t rgid, gid_t egid);
int cred_setresgid(gid_t rgid, gid_t egid, gid_t sgid);
gid_t cred_setfsgid(gid_t gid);
/* Takes the list, which is sorted here; frees it when that fails. */
int cred_setgroups(group_list_t *groups);
group_list_t *group_list_alloc(u32 count); /* kfree */
int cred_capset(cap_set_t effective, cap_set_t permitted, cap_set_t inheritable);
int cred_drop_bounding(int cap);
int cred_set_securebits(u32 bits);
int cred_set_keepcaps(bool on);
int cred_set_no_new_privs(void);
/* PR_CAP_AMBIENT_*: RAISE, LOWER, CLEAR_ALL, IS_SET (1 or 0). */
int cred_ambient(unsigned long command, unsigned long cap);

#endif
