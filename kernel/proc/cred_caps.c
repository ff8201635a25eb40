/*
 * Capability sets and securebits (capabilities(7)).
 */
#include <kernel/cred_change.h>
#include <uapi/prctl.h>

#include "proc_internal.h"

int cred_capset(cap_set_t effective, cap_set_t permitted, cap_set_t inheritable)
{
	const cred_t *old = current_cred();
	cred_t *next;

	inheritable &= CAP_ALL;
	permitted &= CAP_ALL;
	effective &= CAP_ALL;
	/* "Programmatically adjusting capability sets", rules 1 to 4. */
	if (!capable(CAP_SETPCAP) && (inheritable & ~(old->cap_inheritable | old->cap_permitted)))
		return -EPERM;
	if ((inheritable & ~(old->cap_inheritable | old->cap_bounding)) ||
	    (permitted & ~old->cap_permitted) || (effective & ~permitted))
		return -EPERM;
	next = prepare_creds();
	if (!next)
		return -ENOMEM;
	next->cap_effective = effective;
	next->cap_permitted = permitted;
	next->cap_inheritable = inheritable;
	next->cap_ambient &= permitted & inheritable;
	commit_creds(next);
	return 0;
}

int cred_drop_bounding(int cap)
{
	cred_t *next;

	if (!capable(CAP_SETPCAP))
		return -EPERM;
	if (cap < 0 || cap > CAP_LAST_CAP)
		return -EINVAL;
	next = prepare_creds();
	if (!next)
		return -ENOMEM;
	next->cap_bounding &= ~BIT(cap);
	commit_creds(next);
	return 0;
}

int cred_set_securebits(u32 bits)
{
	u32 old = current_cred()->securebits, changed = old ^ bits;
	cred_t *next;

	/* A locked bit stays, a lock stays closed, unknown bits do not exist. */
	if ((((old & SECBITS_LOCKS) >> 1) & changed) || (old & SECBITS_LOCKS & ~bits) ||
	    (bits & ~(SECBITS_ALL | SECBITS_LOCKS)) || !capable(CAP_SETPCAP))
		return -EPERM;
	next = prepare_creds();
	if (!next)
		return -ENOMEM;
	next->securebits = bits;
	commit_creds(next);
	return 0;
}

int cred_set_keepcaps(bool on)
{
	cred_t *next;

	if (current_cred()->securebits & SECBIT_KEEP_CAPS_LOCKED)
		return -EPERM;
	next = prepare_creds();
	if (!next)
		return -ENOMEM;
	next->securebits &= ~SECBIT_KEEP_CAPS;
	if (on)
		next->securebits |= SECBIT_KEEP_CAPS;
	commit_creds(next);
	return 0;
}

int cred_set_no_new_privs(void)
{
	cred_t *next;

	if (current_cred()->no_new_privs)
		return 0;
	next = prepare_creds();
	if (!next)
		return -ENOMEM;
	next->no_new_privs = true;
	commit_creds(next);
	return 0;
}

int cred_ambient(unsigned long command, unsigned long cap)
{
	const cred_t *old = current_cred();
	cred_t *next;

	if (command == PR_CAP_AMBIENT_CLEAR_ALL) {
		if (cap)
			return -EINVAL;
	} else if (command < PR_CAP_AMBIENT_IS_SET || command > PR_CAP_AMBIENT_LOWER ||
		   cap > CAP_LAST_CAP) {
		return -EINVAL;
	}
	if (command == PR_CAP_AMBIENT_IS_SET)
		return (old->cap_ambient >> cap) & 1;
	if (command == PR_CAP_AMBIENT_RAISE &&
	    (!(old->cap_permitted & old->cap_inheritable & BIT(cap)) ||
	     (old->securebits & SECBIT_NO_CAP_AMBIENT_RAISE)))
		return -EPERM;
	next = prepare_creds();
	if (!next)
		return -ENOMEM;
	if (command == PR_CAP_AMBIENT_CLEAR_ALL)
		next->cap_ambient = 0;
	else if (command == PR_CAP_AMBIENT_RAISE)
		next->cap_ambient |= BIT(cap);
	else
		next->cap_ambient &= ~BIT(cap);
	commit_creds(next);
	return 0;
}
