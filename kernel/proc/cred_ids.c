/*
 * User and group ids. What an id change does to capabilities is in capabilities(7), "Effect of user
 * ID changes on capabilities".
 */
#include <kernel/cred_change.h>
#include <kernel/lib/sort.h>
#include <mm/vmalloc.h>

#include "proc_internal.h"

/* What CAP_DAC_OVERRIDE and its like allow on files goes with the file-system user id. */
#define CAP_FS_SET                                                                                 \
	(BIT(CAP_CHOWN) | BIT(CAP_MKNOD) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) |      \
	 BIT(CAP_FOWNER) | BIT(CAP_FSETID) | BIT(CAP_LINUX_IMMUTABLE) | BIT(CAP_MAC_OVERRIDE))

static bool any_root(const cred_t *c)
{
	return c->uid == 0 || c->euid == 0 || c->suid == 0;
}

static void fix_capabilities(const cred_t *old, cred_t *next)
{
	if (next->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (any_root(old) && !any_root(next)) {
		if (!(next->securebits & SECBIT_KEEP_CAPS))
			next->cap_permitted = next->cap_effective = 0;
		next->cap_ambient = 0;
	}
	if (old->euid == 0 && next->euid != 0)
		next->cap_effective = 0;
	if (old->euid != 0 && next->euid == 0)
		next->cap_effective = next->cap_permitted;
}

/*
 * The counters move to the new real user. Above its limit the change is allowed all the same: see
 * execve.
 */
static int change_user(cred_t *next)
{
	process_t *p = current_process();
	user_t *user = user_get_by_uid(next->uid);

	if (!user)
		return -EAGAIN;
	p->nproc_exceeded =
		(u64)atomic_read(&user->processes) > rlimit(RLIMIT_NPROC) && next->uid != 0;
	user_put(next->user);
	next->user = user;
	return 0;
}

static int commit_uids(cred_t *next)
{
	const cred_t *old = current_cred();
	int r;

	if (next->uid != old->uid) {
		r = change_user(next);
		if (r) {
			cred_put(next);
			return r;
		}
	}
	next->fsuid = next->euid;
	fix_capabilities(old, next);
	commit_creds(next);
	return 0;
}

static int refuse(cred_t *next)
{
	cred_put(next);
	return -EPERM;
}

int cred_setuid(uid_t uid)
{
	const cred_t *old = current_cred();
	cred_t *next;

	if (uid == ID_KEEP)
		return -EINVAL;
	next = prepare_creds();
	if (!next)
		return -ENOMEM;
	if (capable(CAP_SETUID))
		next->uid = next->suid = uid;
	else if (uid != old->uid && uid != old->suid)
		return refuse(next);
	next->euid = uid;
	return commit_uids(next);
}

int cred_setreuid(uid_t ruid, uid_t euid)
{
	const cred_t *old = current_cred();
	bool privileged = capable(CAP_SETUID);
	cred_t *next = prepare_creds();

	if (!next)
		return -ENOMEM;
	if (ruid != ID_KEEP) {
		if (ruid != old->uid && ruid != old->euid && !privileged)
			return refuse(next);
		next->uid = ruid;
	}
	if (euid != ID_KEEP) {
		if (euid != old->uid && euid != old->euid && euid != old->suid && !privileged)
			return refuse(next);
		next->euid = euid;
	}
	if (ruid != ID_KEEP || (euid != ID_KEEP && euid != old->uid))
		next->suid = next->euid;
	return commit_uids(next);
}

static bool is_one_of(u32 id, u32 a, u32 b, u32 c)
{
	return id == ID_KEEP || id == a || id == b || id == c;
}

int cred_setresuid(uid_t ruid, uid_t euid, uid_t suid)
{
	const cred_t *old = current_cred();
	cred_t *next;

	if (!capable(CAP_SETUID) && (!is_one_of(ruid, old->uid, old->euid, old->suid) ||
				     !is_one_of(euid, old->uid, old->euid, old->suid) ||
				     !is_one_of(suid, old->uid, old->euid, old->suid)))
		return -EPERM;
	next = prepare_creds();
	if (!next)
		return -ENOMEM;
	if (ruid != ID_KEEP)
		next->uid = ruid;
	if (euid != ID_KEEP)
		next->euid = euid;
	if (suid != ID_KEEP)
		next->suid = suid;
	return commit_uids(next);
}

uid_t cred_setfsuid(uid_t uid)
{
	const cred_t *old = current_cred();
	uid_t former = old->fsuid;
	cred_t *next;

	if (uid == ID_KEEP || uid == former ||
	    (!is_one_of(uid, old->uid, old->euid, old->suid) && !capable(CAP_SETUID)))
		return former;
	next = prepare_creds();
	if (!next)
		return former;
	next->fsuid = uid;
	if (!(next->securebits & SECBIT_NO_SETUID_FIXUP)) {
		if (former == 0)
			next->cap_effective &= ~CAP_FS_SET;
		if (uid == 0)
			next->cap_effective |= next->cap_permitted & CAP_FS_SET;
	}
	commit_creds(next);
	return former;
}

/* ---- groups ---- */

static int commit_gids(cred_t *next)
{
	next->fsgid = next->egid;
	commit_creds(next);
	return 0;
}

int cred_setgid(gid_t gid)
{
	const cred_t *old = current_cred();
	cred_t *next;

	if (gid == ID_KEEP)
		return -EINVAL;
	next = prepare_creds();
	if (!next)
		return -ENOMEM;
	if (capable(CAP_SETGID))
		next->gid = next->sgid = gid;
	else if (gid != old->gid && gid != old->sgid)
		return refuse(next);
	next->egid = gid;
	return commit_gids(next);
}

int cred_setregid(gid_t rgid, gid_t egid)
{
	const cred_t *old = current_cred();
	bool privileged = capable(CAP_SETGID);
	cred_t *next = prepare_creds();

	if (!next)
		return -ENOMEM;
	if (rgid != ID_KEEP) {
		if (rgid != old->gid && rgid != old->egid && !privileged)
			return refuse(next);
		next->gid = rgid;
	}
	if (egid != ID_KEEP) {
		if (egid != old->gid && egid != old->egid && egid != old->sgid && !privileged)
			return refuse(next);
		next->egid = egid;
	}
	if (rgid != ID_KEEP || (egid != ID_KEEP && egid != old->gid))
		next->sgid = next->egid;
	return commit_gids(next);
}

int cred_setresgid(gid_t rgid, gid_t egid, gid_t sgid)
{
	const cred_t *old = current_cred();
	cred_t *next;

	if (!capable(CAP_SETGID) && (!is_one_of(rgid, old->gid, old->egid, old->sgid) ||
				     !is_one_of(egid, old->gid, old->egid, old->sgid) ||
				     !is_one_of(sgid, old->gid, old->egid, old->sgid)))
		return -EPERM;
	next = prepare_creds();
	if (!next)
		return -ENOMEM;
	if (rgid != ID_KEEP)
		next->gid = rgid;
	if (egid != ID_KEEP)
		next->egid = egid;
	if (sgid != ID_KEEP)
		next->sgid = sgid;
	return commit_gids(next);
}

gid_t cred_setfsgid(gid_t gid)
{
	const cred_t *old = current_cred();
	gid_t former = old->fsgid;
	cred_t *next;

	if (gid == ID_KEEP || gid == former ||
	    (!is_one_of(gid, old->gid, old->egid, old->sgid) && !capable(CAP_SETGID)))
		return former;
	next = prepare_creds();
	if (!next)
		return former;
	next->fsgid = gid;
	commit_creds(next);
	return former;
}

/* ---- supplementary groups ---- */

group_list_t *group_list_alloc(u32 count)
{
	group_list_t *g = kvmalloc(sizeof(*g) + count * sizeof(gid_t), GFP_KERNEL);

	if (!g)
		return NULL;
	refcount_set(&g->refs, 1);
	g->count = count;
	return g;
}

static int compare_gids(const void *a, const void *b, void *unused)
{
	gid_t x = *(const gid_t *)a, y = *(const gid_t *)b;

	return x < y ? -1 : x > y;
}

int cred_setgroups(group_list_t *groups)
{
	cred_t *next = prepare_creds();

	if (!next) {
		kvfree(groups);
		return -ENOMEM;
	}
	sort(groups->gids, groups->count, sizeof(gid_t), compare_gids, NULL);
	if (refcount_put(&next->groups->refs)) /* never here: the set in use has one too */
		kvfree(next->groups);
	next->groups = groups;
	commit_creds(next);
	return 0;
}
