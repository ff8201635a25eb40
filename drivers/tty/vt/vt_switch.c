/*
 * Which console is in front.
 *
 * A switch is asked for by a key, a program (VT_ACTIVATE) or an escape sequence. When the console in
 * front is in VT_PROCESS mode its owner gets `relsig` and the switch waits, in vt->wanted, for
 * VT_RELDISP; an owner that has gone is not asked. The owner of the console that comes to the front
 * gets `acqsig` (ioctl_console(2)).
 */
#include "vt.h"

#include <arch/uaccess.h>
#include <kernel/panic.h>
#include <kernel/softirq.h>
#include <kernel/sync/rcu.h>

static wait_queue_head_t switched = WAIT_QUEUE_INIT(switched);
static u32 front_number; /* atomic: of the console in front, for who waits */
static u32 last_number;	 /* vt_mutex: of the one before it */
static bool locked;	 /* vt_mutex: VT_LOCKSWITCH */
static work_t switch_work, neighbour_work, hold_work;
static int asked_direction; /* atomic */
/* atomic: number + 1 that the work item switches to; 0: none */
static u32 requested;
#define REQUEST_EXISTING 0x100u /* only if there is such a console */

/* False when the process has gone. */
static bool signal_owner(vt_t *vt, int sig)
{
	process_t *p;
	bool there;

	if (!vt->owner)
		return false;
	rcu_read_lock();
	p = vt->owner->process;
	there = p != NULL;
	if (there && sig)
		send_signal_process(p, sig, SEND_SIG_PRIV);
	rcu_read_unlock();
	return there;
}

void vt_reset_mode(vt_t *vt)
{
	if (vt->owner)
		pid_put(vt->owner);
	vt->owner = NULL;
	vt->mode = (struct vt_mode){ .mode = VT_AUTO };
	vt->wanted = 0;
}

static void complete_switch(vt_t *to)
{
	unsigned long flags;
	vt_t *from = vt_front;

	if (from == to)
		return;
	spin_lock_irqsave(&vt_front_lock, &flags);
	spin_lock(&from->lock); /* what it shows of its palette is shown by now, or never */
	vt_front = to;
	spin_unlock(&from->lock);
	spin_lock(&to->lock);
	vt_show_palette(to);
	spin_unlock(&to->lock);
	spin_unlock_irqrestore(&vt_front_lock, flags);
	from->wanted = 0;
	last_number = from->number;
	WRITE_ONCE(front_number, to->number);
	/* A program may have drawn on the screen itself. */
	if (READ_ONCE(from->graphics))
		screen_redraw();
	else
		screen_touch();
	if (to->mode.mode == VT_PROCESS && !signal_owner(to, to->mode.acqsig))
		vt_reset_mode(to);
	keyboard_update_leds();
	wake_up_all(&switched);
}

int vt_switch_locked(vt_t *to)
{
	vt_t *from = vt_front;

	if (to == from) {
		from->wanted = 0;
		return 0;
	}
	/* Who draws without having said how to be asked is not interrupted. */
	if (locked || (READ_ONCE(from->graphics) && from->mode.mode != VT_PROCESS))
		return -EINVAL;
	if (from->mode.mode == VT_PROCESS) {
		from->wanted = to->number;
		if (signal_owner(from, from->mode.relsig))
			return 0;
		vt_reset_mode(from);
	}
	complete_switch(to);
	return 0;
}

static void run_switch(work_t *work)
{
	u32 request = __atomic_exchange_n(&requested, 0, __ATOMIC_SEQ_CST);
	u32 number = (request & ~REQUEST_EXISTING) - 1;
	vt_t *to;

	if (!request)
		return;
	mutex_lock(&vt_mutex);
	if (request & REQUEST_EXISTING)
		to = vt_by_number(number);
	else
		to = vt_make(number ? number : last_number);
	if (!IS_ERR_OR_NULL(to))
		vt_switch_locked(to);
	mutex_unlock(&vt_mutex);
}

static void request(u32 what)
{
	__atomic_store_n(&requested, what, __ATOMIC_SEQ_CST);
	schedule_work(&switch_work);
}

void vt_request_switch(u32 number)
{
	if (number <= VT_MAX_CONSOLES)
		request(number + 1);
}

void vt_request_existing(u32 number)
{
	if (number && number <= VT_MAX_CONSOLES)
		request((number + 1) | REQUEST_EXISTING);
}

static u32 neighbour(int direction)
{
	u32 number = vt_front->number;

	do {
		number = direction > 0 ? number % VT_MAX_CONSOLES + 1
				       : (number + VT_MAX_CONSOLES - 2) % VT_MAX_CONSOLES + 1;
	} while (!vt_by_number(number));
	return number;
}

static void run_neighbour(work_t *work)
{
	int direction = __atomic_exchange_n(&asked_direction, 0, __ATOMIC_SEQ_CST);

	mutex_lock(&vt_mutex);
	if (direction)
		vt_switch_locked(vt_by_number(neighbour(direction)));
	mutex_unlock(&vt_mutex);
}

void vt_request_neighbour(int direction)
{
	__atomic_store_n(&asked_direction, direction, __ATOMIC_SEQ_CST);
	schedule_work(&neighbour_work);
}

static void run_hold(work_t *work)
{
	tty_t *tty;

	mutex_lock(&vt_mutex);
	tty = vt_front->tty;
	tty_get(tty);
	mutex_unlock(&vt_mutex);
	tty_flow(tty, !READ_ONCE(tty->flow_stopped));
	tty_put(tty);
}

void vt_request_hold(void)
{
	schedule_work(&hold_work);
}

int vt_wait_active(u32 number)
{
	return wait_event_interruptible(&switched, READ_ONCE(front_number) == number);
}

/* ---- requests ---- */

static long set_mode(vt_t *vt, const void __user *arg)
{
	struct vt_mode mode;
	struct pid *old;

	if (copy_from_user(&mode, arg, sizeof(mode)))
		return -EFAULT;
	if (mode.mode != VT_AUTO && mode.mode != VT_PROCESS)
		return -EINVAL;
	mode.frsig = 0; /* unused, as on Linux */
	old = vt->owner;
	vt->owner = pid_get(current_process()->pid_obj);
	vt->mode = mode;
	vt->wanted = 0;
	if (old)
		pid_put(old);
	return 0;
}

/* The number of consoles from 1 on, as a mask, that are open or exist: 16 bits of it. */
static long get_state(struct vt_stat __user *out)
{
	struct vt_stat state = { .v_active = (u16)vt_front->number, .v_state = 1 };

	for (u32 number = 1; number < 16; number++) {
		const vt_t *vt = vt_by_number(number);

		if (vt && vt_is_open(vt))
			state.v_state |= (u16)(1u << number);
	}
	return copy_to_user(out, &state, sizeof(state)) ? -EFAULT : 0;
}

static long find_free(u32 __user *out)
{
	u32 number;

	for (number = 1; number <= VT_MAX_CONSOLES; number++) {
		const vt_t *vt = vt_by_number(number);

		if (!vt || !vt_is_open(vt))
			break;
	}
	return put_user_u32(number <= VT_MAX_CONSOLES ? number : UINT32_MAX, out);
}

static long activate(unsigned long number)
{
	vt_t *to;

	if (!number || number > VT_MAX_CONSOLES)
		return -ENXIO;
	to = vt_make((u32)number);
	if (IS_ERR(to))
		return PTR_ERR(to);
	vt_switch_locked(to);
	return 0;
}

/* Nothing to release, the owner refuses (0), agrees (1), or confirms that it got the screen. */
static long release_display(vt_t *vt, unsigned long answer)
{
	u32 wanted = vt->wanted;
	vt_t *to;

	if (vt->mode.mode != VT_PROCESS)
		return -EINVAL;
	if (!wanted)
		return answer == VT_ACKACQ ? 0 : -EINVAL;
	vt->wanted = 0;
	if (answer == 0)
		return 0;
	to = vt_make(wanted);
	if (IS_ERR(to))
		return PTR_ERR(to);
	complete_switch(to);
	return 0;
}

static long disallocate(unsigned long number)
{
	if (number > VT_MAX_CONSOLES)
		return -ENXIO;
	if (number)
		return vt_destroy((u32)number);
	for (u32 i = 2; i <= VT_MAX_CONSOLES; i++)
		vt_destroy(i); /* those in use stay */
	return 0;
}

static long lock_switch(bool on)
{
	if (!capable(CAP_SYS_TTY_CONFIG))
		return -EPERM;
	locked = on;
	return 0;
}

/* vt_mutex held; -ENOIOCTLCMD when it is none of these. */
static long switch_ioctl_locked(vt_t *vt, u32 cmd, unsigned long arg, bool permitted)
{
	switch (cmd) {
	case VT_OPENQRY:
		return find_free((u32 __user *)arg);
	case VT_GETMODE:
		return copy_to_user((void __user *)arg, &vt->mode, sizeof(vt->mode)) ? -EFAULT : 0;
	case VT_SETMODE:
		return permitted ? set_mode(vt, (const void __user *)arg) : -EPERM;
	case VT_GETSTATE:
		return get_state((struct vt_stat __user *)arg);
	case VT_RELDISP:
		return permitted ? release_display(vt, arg) : -EPERM;
	case VT_ACTIVATE:
		return permitted ? activate(arg) : -EPERM;
	case VT_LOCKSWITCH:
	case VT_UNLOCKSWITCH:
		return lock_switch(cmd == VT_LOCKSWITCH);
	}
	return -ENOIOCTLCMD;
}

long vt_switch_ioctl(vt_t *vt, u32 cmd, unsigned long arg)
{
	bool permitted = vt_permitted(vt);
	long r;

	if (cmd == VT_WAITACTIVE) {
		if (!permitted)
			return -EPERM;
		if (!arg || arg > VT_MAX_CONSOLES)
			return -ENXIO;
		return vt_wait_active((u32)arg);
	}
	if (cmd == VT_DISALLOCATE)
		return disallocate(arg);
	mutex_lock(&vt_mutex);
	r = switch_ioctl_locked(vt, cmd, arg, permitted);
	mutex_unlock(&vt_mutex);
	return r;
}

__init void vt_switch_init(void)
{
	front_number = last_number = vt_front->number;
	work_init(&switch_work, run_switch);
	work_init(&neighbour_work, run_neighbour);
	work_init(&hold_work, run_hold);
}
