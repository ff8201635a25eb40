/*
 * Users, groups, capabilities.
 */
#include <arch/uaccess.h>
#include <kernel/cred_change.h>
#include <kernel/process.h>
#include <mm/vmalloc.h>
#include <syscall_protos.h>
#include <uapi/capability.h>
#include <uapi/errno.h>

#define NGROUPS_MAX 65536

long sys_getuid(void)
{
	return current_cred()->uid;
}

long sys_geteuid(void)
{
	return current_cred()->euid;
}

long sys_getgid(void)
{
	return current_cred()->gid;
}

long sys_getegid(void)
{
	return current_cred()->egid;
}

static long put_three(u32 a, u32 b, u32 c, u32 __user *ua, u32 __user *ub, u32 __user *uc)
{
	if (put_user_u32(a, ua) || put_user_u32(b, ub) || put_user_u32(c, uc))
		return -EFAULT;
	return 0;
}

long sys_getresuid(uid_t __user *ruid, uid_t __user *euid, uid_t __user *suid)
{
	const cred_t *c = current_cred();

	return put_three(c->uid, c->euid, c->suid, ruid, euid, suid);
}

long sys_getresgid(gid_t __user *rgid, gid_t __user *egid, gid_t __user *sgid)
{
	const cred_t *c = current_cred();

	return put_three(c->gid, c->egid, c->sgid, rgid, egid, sgid);
}

long sys_setuid(uid_t uid)
{
	return cred_setuid(uid);
}

long sys_setgid(gid_t gid)
{
	return cred_setgid(gid);
}

long sys_setreuid(uid_t ruid, uid_t euid)
{
	return cred_setreuid(ruid, euid);
}

long sys_setregid(gid_t rgid, gid_t egid)
{
	return cred_setregid(rgid, egid);
}

long sys_setresuid(uid_t ruid, uid_t euid, uid_t suid)
{
	return cred_setresuid(ruid, euid, suid);
}

long sys_setresgid(gid_t rgid, gid_t egid, gid_t sgid)
{
	return cred_setresgid(rgid, egid, sgid);
}

long sys_setfsuid(uid_t uid)
{
	return cred_setfsuid(uid);
}

long sys_setfsgid(gid_t gid)
{
	return cred_setfsgid(gid);
}

long sys_getgroups(int size, gid_t __user *list)
{
	const group_list_t *g = current_cred()->groups;

	if (size < 0)
		return -EINVAL;
	if (!size)
		return g->count;
	if ((u32)size < g->count)
		return -EINVAL;
	return copy_to_user(list, g->gids, g->count * sizeof(gid_t)) ? -EFAULT : (long)g->count;
}

long sys_setgroups(int size, const gid_t __user *list)
{
	group_list_t *g;

	if (!capable(CAP_SETGID))
		return -EPERM;
	if (size < 0 || size > NGROUPS_MAX)
		return -EINVAL;
	g = group_list_alloc((u32)size);
	if (!g)
		return -ENOMEM;
	if (copy_from_user(g->gids, list, (size_t)size * sizeof(gid_t))) {
		kvfree(g);
		return -EFAULT;
	}
	for (int i = 0; i < size; i++)
		if (g->gids[i] == ID_KEEP) {
			kvfree(g);
			return -EINVAL;
		}
	return cred_setgroups(g);
}

/* ---- capget(2), capset(2) ---- */

/* How many cap_data the version has; tells an unknown one what we speak. */
static int check_version(struct cap_header __user *header, u32 *count)
{
	u32 version;

	if (get_user_u32(&version, &header->version))
		return -EFAULT;
	switch (version) {
	case CAPABILITY_VERSION_1:
		*count = 1;
		return 0;
	case CAPABILITY_VERSION_2:
	case CAPABILITY_VERSION_3:
		*count = 2;
		return 0;
	}
	if (put_user_u32(CAPABILITY_VERSION_3, &header->version))
		return -EFAULT;
	return -EINVAL;
}

long sys_capget(void __user *uheader, void __user *udata)
{
	struct cap_header __user *header = uheader;
	struct cap_data data[2];
	thread_t *t;
	cred_t *c;
	u32 count, pid;
	int r = check_version(header, &count);

	/* Without data it only asks for the version. */
	if (r || !udata)
		return !udata && r == -EINVAL ? 0 : r;
	if (get_user_u32(&pid, (u32 __user *)&header->pid))
		return -EFAULT;
	if ((s32)pid < 0)
		return -EINVAL;
	if (pid && (pid_t)pid != current()->tid) {
		t = thread_get_by_tid((pid_t)pid);
		if (!t)
			return -ESRCH;
		c = thread_cred_get(t);
		thread_put(t);
	} else {
		c = cred_get(current_cred());
	}
	for (u32 i = 0; i < 2; i++)
		data[i] = (struct cap_data){
			.effective = (u32)(c->cap_effective >> 32 * i),
			.permitted = (u32)(c->cap_permitted >> 32 * i),
			.inheritable = (u32)(c->cap_inheritable >> 32 * i),
		};
	cred_put(c);
	return copy_to_user(udata, data, count * sizeof(data[0])) ? -EFAULT : 0;
}

long sys_capset(void __user *uheader, const void __user *udata)
{
	struct cap_header __user *header = uheader;
	struct cap_data data[2] = { 0 };
	u32 count, pid;
	int r = check_version(header, &count);

	if (r)
		return r;
	if (get_user_u32(&pid, (u32 __user *)&header->pid))
		return -EFAULT;
	if (pid && (pid_t)pid != current()->tid)
		return -EPERM;
	if (copy_from_user(data, udata, count * sizeof(data[0])))
		return -EFAULT;
	return cred_capset(data[0].effective | (u64)data[1].effective << 32,
			   data[0].permitted | (u64)data[1].permitted << 32,
			   data[0].inheritable | (u64)data[1].inheritable << 32);
}
