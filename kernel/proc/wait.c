/*
 * Waiting for children: wait4, waitid.
 *
 * The scan runs under the tree lock, shared. A zombie is taken by changing its state to DEAD with
 * one compare-exchange, so of several threads that wait only one reaps it; stops and continuations
 * are taken under the child's sig_lock. A child that changes state wakes the parent's queue
 * afterwards, and the waiter is on the queue before it scans.
 */
#include <uapi/wait.h>

#include "proc_internal.h"

static bool is_eligible(const process_t *child, const wait_request_t *req, const struct pid *group)
{
	if (req->which == P_PID && child->pid != req->id)
		return false;
	if (req->which == P_PGID && child->group != group)
		return false;
	if ((req->options & __WNOTHREAD) && child->parent_thread != current())
		return false;
	if (req->options & __WALL)
		return true;
	return (child->exit_signal != SIGCHLD) == !!(req->options & __WCLONE);
}

static uid_t child_uid(process_t *child)
{
	uid_t uid;

	rcu_read_lock();
	uid = rcu_dereference(child->leader->cred)->uid;
	rcu_read_unlock();
	return uid;
}

static void add_usage(struct rusage *to, const struct rusage *more)
{
	s64 user = to->ru_utime.tv_usec + more->ru_utime.tv_usec;
	s64 system = to->ru_stime.tv_usec + more->ru_stime.tv_usec;

	to->ru_utime.tv_sec += more->ru_utime.tv_sec + user / 1000000;
	to->ru_utime.tv_usec = user % 1000000;
	to->ru_stime.tv_sec += more->ru_stime.tv_sec + system / 1000000;
	to->ru_stime.tv_usec = system % 1000000;
	to->ru_minflt += more->ru_minflt;
	to->ru_majflt += more->ru_majflt;
	to->ru_nvcsw += more->ru_nvcsw;
	to->ru_nivcsw += more->ru_nivcsw;
	to->ru_inblock += more->ru_inblock;
	to->ru_oublock += more->ru_oublock;
	to->ru_maxrss = MAX(to->ru_maxrss, more->ru_maxrss);
}

/*
 * A waited-for child's usage, its own waited-for children's included, becomes part of the parent's.
 */
static void inherit_usage(process_t *child)
{
	process_t *p = current_process();
	nsec_t user, system;

	process_cpu_times(child, &user, &system);
	spin_lock_irq(sig_lock(p));
	p->children_user += user + child->children_user;
	p->children_system += system + child->children_system;
	p->child_min_flt +=
		child->dead_min_flt + child->leader->minor_faults + child->child_min_flt;
	p->child_maj_flt +=
		child->dead_maj_flt + child->leader->major_faults + child->child_maj_flt;
	p->child_nvcsw +=
		child->dead_nvcsw + child->leader->voluntary_switches + child->child_nvcsw;
	p->child_nivcsw +=
		child->dead_nivcsw + child->leader->involuntary_switches + child->child_nivcsw;
	p->child_max_rss = MAX(p->child_max_rss, MAX(child->max_rss, child->child_max_rss));
	spin_unlock_irq(sig_lock(p));
}

static void report_usage(process_t *child, wait_request_t *req)
{
	struct rusage children;

	process_usage(child, &req->usage, &children);
	add_usage(&req->usage, &children);
}

static void report_exit(process_t *child, wait_request_t *req)
{
	int status = child->exit_code;

	req->status = status;
	req->uid = child_uid(child);
	if (status & 0x7f)
		req->code = status & WAIT_STATUS_CORE ? CLD_DUMPED : CLD_KILLED;
	else
		req->code = CLD_EXITED;
	report_usage(child, req);
}

/* Stops and continuations. True when there was one of the kind asked for. */
static bool take_stop(process_t *child, wait_request_t *req)
{
	bool found = false;

	spin_lock(sig_lock(child));
	if ((req->options & WSTOPPED) && (child->stop_flags & STOP_STOPPED) && child->stop_signal) {
		req->status = WAIT_STATUS_STOPPED(child->stop_signal);
		req->code = CLD_STOPPED;
		if (!(req->options & WNOWAIT))
			child->stop_signal = 0;
		found = true;
	} else if ((req->options & WCONTINUED) && (child->stop_flags & STOP_CONTINUED)) {
		req->status = WAIT_STATUS_CONTINUED;
		req->code = CLD_CONTINUED;
		if (!(req->options & WNOWAIT))
			child->stop_flags &= ~STOP_CONTINUED;
		found = true;
	}
	spin_unlock(sig_lock(child));
	return found;
}

static bool take_zombie(process_t *child)
{
	u32 zombie = PROCESS_ZOMBIE;

	return __atomic_compare_exchange_n((u32 *)&child->state, &zombie, PROCESS_DEAD, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* What a child has to report. Its reference is taken when it has. */
typedef enum verdict { NOTHING, CHANGED, REAP } verdict_t;

static verdict_t consider(process_t *child, wait_request_t *req)
{
	process_state_t state = READ_ONCE(child->state);

	if (state == PROCESS_ZOMBIE && (req->options & WEXITED)) {
		if (req->options & WNOWAIT) {
			process_get(child);
			return CHANGED;
		}
		if (take_zombie(child))
			return REAP; /* nobody else releases it now */
	}
	if (state < PROCESS_ZOMBIE && take_stop(child, req)) {
		process_get(child);
		return CHANGED;
	}
	return NOTHING;
}

/* A child that has something to report, 0 when none has yet, -ECHILD when none ever will. */
static pid_t scan(wait_request_t *req, const struct pid *group)
{
	process_t *p = current_process(), *child;
	verdict_t verdict = NOTHING;
	unsigned long flags;
	pid_t r = -ECHILD;
	bool zombie = false;

	read_lock_irqsave(&process_tree_lock, &flags);
	list_for_each_entry(child, &p->children, sibling) {
		if (child->state == PROCESS_DEAD || !is_eligible(child, req, group))
			continue;
		r = 0;
		verdict = consider(child, req);
		if (verdict != NOTHING) {
			zombie = READ_ONCE(child->state) >= PROCESS_ZOMBIE;
			break;
		}
	}
	read_unlock_irqrestore(&process_tree_lock, flags);
	if (verdict == NOTHING)
		return r;
	r = child->pid;
	if (zombie && (verdict == REAP || (req->options & WNOWAIT))) {
		report_exit(child, req);
	} else {
		req->uid = child_uid(child);
		report_usage(child, req);
	}
	if (verdict == REAP) {
		inherit_usage(child);
		process_release(child);
	} else {
		process_put(child);
	}
	return r;
}

static pid_t wait_scanning(wait_request_t *req, const struct pid *group)
{
	process_t *p = current_process();
	wait_queue_entry_t entry;
	pid_t r;

	r = scan(req, group);
	if (r || (req->options & WNOHANG))
		return r;
	init_wait_entry(&entry, 0);
	for (;;) {
		int interrupted = prepare_to_wait(&p->wait_children, &entry, THREAD_INTERRUPTIBLE);

		r = scan(req, group);
		if (r)
			break;
		if (interrupted) {
			r = interrupted;
			break;
		}
		schedule();
	}
	finish_wait(&p->wait_children, &entry);
	return r;
}

pid_t wait_for_child(wait_request_t *req)
{
	struct pid *group = NULL;
	unsigned long flags;
	pid_t r;

	if (req->which == P_PGID) {
		if (req->id) {
			group = pid_find_get(req->id);
		} else {
			read_lock_irqsave(&process_tree_lock, &flags);
			group = pid_get(current_process()->group);
			read_unlock_irqrestore(&process_tree_lock, flags);
		}
		if (!group)
			return -ECHILD;
	}
	r = wait_scanning(req, group);
	if (group)
		pid_put(group);
	return r;
}

int wait_for_process(pid_t pid, int *status, int options)
{
	wait_request_t req = { .options = options | WEXITED };
	pid_t r;

	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid == -1) {
		req.which = P_ALL;
	} else if (pid <= 0) {
		req.which = P_PGID;
		req.id = -pid;
	} else {
		req.which = P_PID;
		req.id = pid;
	}
	r = wait_for_child(&req);
	if (r > 0 && status)
		*status = req.status;
	return r;
}
