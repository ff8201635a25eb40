/*
 * Waiting for children, and for threads that this process traces: wait4, waitid.
 *
 * The scan runs under the tree lock, shared. A zombie is taken by changing its state to DEAD with
 * one compare-exchange, so of several threads that wait only one reaps it; stops and continuations
 * are taken under the child's sig_lock. A child that changes state wakes the parent's queue
 * afterwards, and the waiter is on the queue before it scans.
 *
 * A traced thread reports its own traps and its own end, to any thread of its tracer's process. The
 * end of one is claimed with an atomic exchange. A leader whose parent is another process is handed
 * over to that parent when the tracer has seen its end.
 */
#include <uapi/wait.h>

#include "trace_internal.h"

/* traced: by the running process, which then is told whatever kind of child it is. */
static bool is_eligible(const thread_t *t, const wait_request_t *req, const struct pid *group,
			bool traced)
{
	const process_t *child = t->process;

	if (req->which == P_PID && t->tid != req->id)
		return false;
	if (req->which == P_PIDFD && t->pid != req->pid)
		return false;
	if (req->which == P_PGID && child->group != group)
		return false;
	if (traced || (req->options & __WALL))
		return true;
	return (child->exit_signal != SIGCHLD) == !!(req->options & __WCLONE);
}

static uid_t thread_uid(thread_t *t)
{
	uid_t uid;

	rcu_read_lock();
	uid = rcu_dereference(t->cred)->uid;
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

static void report_exit(thread_t *t, wait_request_t *req)
{
	int status = thread_exit_status(t);

	req->status = status;
	req->uid = thread_uid(t);
	if (status & 0x7f)
		req->code = status & WAIT_STATUS_CORE ? CLD_DUMPED : CLD_KILLED;
	else
		req->code = CLD_EXITED;
	report_usage(t->process, req);
}

/*
 * Stops and continuations of a process. True when there was one of the kind asked for. traced: the
 * stops are the leader's own matter.
 */
static bool take_stop(process_t *child, wait_request_t *req, bool traced)
{
	bool found = false;

	spin_lock(sig_lock(child));
	if (!traced && (req->options & WSTOPPED) && (child->stop_flags & STOP_STOPPED) &&
	    child->stop_signal) {
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

/* A trap of a traced thread. */
static bool take_trap(thread_t *t, wait_request_t *req)
{
	bool found = false;

	spin_lock(sig_lock(t->process));
	if ((READ_ONCE(t->state) & THREAD_TRACED) && !(t->job_ctl & JOB_LISTENING) &&
	    t->stop_code) {
		req->status = WAIT_STATUS_STOPPED(t->stop_code);
		req->code = CLD_TRAPPED;
		if (!(req->options & WNOWAIT))
			t->stop_code = 0;
		found = true;
	}
	spin_unlock(sig_lock(t->process));
	return found;
}

/* What was found, with a reference to the thread (a process is its leader) unless NOTHING. */
typedef enum verdict {
	NOTHING,
	CHANGED,     /* stopped, trapped, continued */
	ENDED,	     /* an end that is left for the next (WNOWAIT) */
	REAP,	     /* a process, which nobody else releases now */
	REAP_THREAD, /* a traced thread that is no leader */
	HAND_OVER,   /* a traced leader whose parent is another */
} verdict_t;

typedef struct scan {
	wait_request_t *req;
	const struct pid *group;
	bool any; /* something may report yet */
	thread_t *found;
} scan_t;

static verdict_t consider_child(scan_t *s, process_t *child)
{
	process_state_t state = READ_ONCE(child->state);
	wait_request_t *req = s->req;
	thread_t *leader = child->leader;
	bool foreign = trace_is_foreign(leader), traced = leader->trace && !foreign;

	if (state == PROCESS_DEAD || !is_eligible(leader, req, s->group, traced))
		return NOTHING;
	s->any = true;
	s->found = leader;
	/* Who traces it from elsewhere sees its end first. */
	if (state == PROCESS_ZOMBIE && (req->options & WEXITED) && !foreign) {
		if (req->options & WNOWAIT)
			return ENDED;
		if (take_zombie(child))
			return REAP;
	}
	if (state < PROCESS_ZOMBIE && take_stop(child, req, traced))
		return CHANGED;
	return NOTHING;
}

static bool claim_end(thread_t *t)
{
	return !__atomic_exchange_n(&t->exit_claimed, true, __ATOMIC_ACQ_REL);
}

static verdict_t consider_traced(scan_t *s, thread_t *t)
{
	process_t *p = t->process;
	wait_request_t *req = s->req;
	bool leader = t == p->leader, ended = leader ? p->state == PROCESS_ZOMBIE : t->exited;

	if (READ_ONCE(p->state) == PROCESS_DEAD || !is_eligible(t, req, s->group, true))
		return NOTHING;
	s->any = true;
	s->found = t;
	if (!ended) {
		if (take_trap(t, req) || (leader && take_stop(p, req, true)))
			return CHANGED;
		return NOTHING;
	}
	if (!(req->options & WEXITED) || (leader && !trace_is_foreign(t)))
		return NOTHING; /* the latter: consider_child */
	if (req->options & WNOWAIT)
		return ENDED;
	if (!claim_end(t))
		return NOTHING;
	return leader ? HAND_OVER : REAP_THREAD;
}

/* By number: the same answer as scan_all, however many children there are. Tree lock held. */
static verdict_t scan_number(scan_t *s)
{
	bool own_only = s->req->options & __WNOTHREAD;
	process_t *p = current_process(), *child = find_process(s->req->id);
	thread_t *t = find_thread(s->req->id);
	verdict_t verdict = NOTHING;

	if (child && child->parent == p && (!own_only || child->parent_thread == current()))
		verdict = consider_child(s, child);
	if (verdict == NOTHING && t && t->tracer && t->tracer->process == p &&
	    (!own_only || t->tracer == current()))
		verdict = consider_traced(s, t);
	return verdict;
}

/* Tree lock held. */
static verdict_t scan_all(scan_t *s)
{
	process_t *p = current_process(), *child;
	bool own_only = s->req->options & __WNOTHREAD;
	verdict_t verdict;
	thread_t *t, *traced;

	list_for_each_entry(child, &p->children, sibling) {
		if (own_only && child->parent_thread != current())
			continue;
		verdict = consider_child(s, child);
		if (verdict != NOTHING)
			return verdict;
	}
	list_for_each_entry(t, &p->threads, process_link) {
		if (own_only && t != current())
			continue;
		list_for_each_entry(traced, &t->traced, traced_link) {
			verdict = consider_traced(s, traced);
			if (verdict != NOTHING)
				return verdict;
		}
	}
	return NOTHING;
}

/* The tracer has seen the end of t: it lets go, and the end is for others or for nobody. */
static void release_traced(thread_t *t)
{
	ended_t ended = ENDED_INIT(ended);

	write_lock_irq(&process_tree_lock);
	if (t->trace)
		trace_detach(t, &ended);
	t->exit_claimed = false; /* a leader can be waited for by its parent */
	write_unlock_irq(&process_tree_lock);
	ended_release(&ended);
}

/* A child that has something to report, 0 when none has yet, -ECHILD when none ever will. */
static pid_t scan(wait_request_t *req, const struct pid *group)
{
	scan_t s = { .req = req, .group = group };
	unsigned long flags;
	verdict_t verdict;
	process_t *p;
	pid_t r;

	read_lock_irqsave(&process_tree_lock, &flags);
	verdict = req->which == P_PID ? scan_number(&s) : scan_all(&s);
	if (verdict != NOTHING) {
		thread_get(s.found);
		process_get(s.found->process);
	}
	read_unlock_irqrestore(&process_tree_lock, flags);
	if (verdict == NOTHING)
		return s.any ? 0 : -ECHILD;
	p = s.found->process;
	r = s.found->tid;
	if (verdict == CHANGED) {
		req->uid = thread_uid(s.found);
		report_usage(p, req);
	} else {
		report_exit(s.found, req);
	}
	if (verdict == REAP) {
		inherit_usage(p);
		process_release(p);
	} else if (verdict == REAP_THREAD || verdict == HAND_OVER) {
		release_traced(s.found);
	}
	thread_put(s.found);
	process_put(p);
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
