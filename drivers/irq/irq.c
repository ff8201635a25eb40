/*
 * Device interrupts: lines, their handlers, and what happens when one fires.
 *
 * A line is connected when its first handler comes: it gets a vector, of one space for all CPUs,
 * and a CPU. Its handlers form a list that the interrupt walks without a lock: links are published
 * whole, and free_irq waits until no walk is under way before it frees. Changes are serialised by
 * request_lock.
 *
 * disable_irq masks a level line at once. An edge that arrives while masked would be lost, so an
 * edge line stays open; the interrupt that comes masks it, is remembered, and raised again by
 * enable_irq.
 *
 * Locks: request_lock (mutex) > line->lock (spinlock, interrupts off) > I/O APIC's.
 */
#include <arch/entry.h>
#include <arch_x86/lapic.h>
#include <arch_x86/traps.h>
#include <drivers/irq.h>
#include <kernel/cfi.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/printk.h>
#include <kernel/softirq.h>
#include <kernel/sync/mutex.h>
#include <mm/slab.h>
#include <uapi/errno.h>

#include "irq_internal.h"

#define VECTORS (VECTOR_DEVICE_LAST - VECTOR_DEVICE_FIRST + 1)
#define NO_IRQ UINT16_MAX
#define STRAY_LIMIT 100000 /* unanswered in a row: the line is stuck */

typedef struct irq_action {
	struct irq_action *next; /* request_lock; read without */
	irq_handler_t handler;	 /* checked against hash before each call */
	u64 hash;
	void *data;
	const char *name;
	u32 flags;
} irq_action_t;

typedef struct irq_line {
	spinlock_t lock;
	irq_action_t *actions; /* request_lock; read without */
	u32 running;	       /* atomic: walks of actions under way */
	u32 disabled;	       /* lock: depth */
	bool masked;	       /* lock */
	bool pending;	       /* lock: an edge came while disabled */
	u32 stray;	       /* lock-free: only one CPU takes the line */
	irq_route_t route;     /* request_lock */
	u32 cpu;	       /* request_lock and lock */
	cpu_set_t allowed;     /* request_lock: of these the first that can be is cpu */
	u8 vector;	       /* request_lock; 0: not connected */
} irq_line_t;

static mutex_t request_lock = MUTEX_INIT(request_lock);
static irq_line_t lines[NR_IRQS];
static u16 vector_irq[VECTORS]; /* request_lock; read without */
static u32 next_cpu;		/* request_lock */
static DEFINE_PERCPU(u32, irq_counts[NR_IRQS]);

__init void irq_init(void)
{
	for (u32 i = 0; i < NR_IRQS; i++)
		spinlock_init(&lines[i].lock);
	for (u32 i = 0; i < VECTORS; i++)
		vector_irq[i] = NO_IRQ;
	pic_disable();
	ioapic_init();
}

/* The one place from which handlers are called. */
static irq_result_t irq_call(u32 irq, const irq_action_t *a)
{
	CODE_CHECK(a->handler, a->hash);
	return a->handler(irq, a->data);
}

static void line_stray(u32 irq, irq_line_t *line)
{
	if (++line->stray < STRAY_LIMIT)
		return;
	pr_err("irq %u: nobody answers, disabled\n", irq);
	line->stray = 0;
	disable_irq(irq);
}

void handle_interrupt(u32 irq_num, interrupt_context_t *ctx)
{
	irq_line_t *line = &lines[irq_num];
	bool handled = false;

	__atomic_fetch_add(&line->running, 1, __ATOMIC_SEQ_CST);
	for (irq_action_t *a = __atomic_load_n(&line->actions, __ATOMIC_ACQUIRE); a;
	     a = __atomic_load_n(&a->next, __ATOMIC_ACQUIRE))
		if (irq_call(irq_num, a) == IRQ_HANDLED)
			handled = true;
	__atomic_fetch_sub(&line->running, 1, __ATOMIC_RELEASE);
	if (handled)
		line->stray = 0;
	else
		line_stray(irq_num, line);
}

/* An edge line that is disabled: keep the event, close the line. */
static bool defer_disabled(irq_line_t *line)
{
	bool disabled;

	spin_lock(&line->lock);
	disabled = line->disabled;
	if (disabled) {
		line->pending = !line->route.level;
		if (!line->masked)
			ioapic_mask(line->route.gsi, true);
		line->masked = true;
	}
	spin_unlock(&line->lock);
	return disabled;
}

void irq_dispatch(u32 vector, trap_frame_t *frame)
{
	u16 irq = vector_irq[vector - VECTOR_DEVICE_FIRST];

	if (irq == NO_IRQ) {
		this_cpu_inc(trap_counts[COUNT_SPURIOUS]);
	} else {
		this_cpu_inc(irq_counts[irq]);
		if (!READ_ONCE(lines[irq].disabled) || !defer_disabled(&lines[irq]))
			handle_interrupt(irq, frame);
	}
	lapic_eoi(); /* last: a level line still asserted would interrupt again at once */
}

void disable_irq(u32 irq)
{
	irq_line_t *line = &lines[irq];
	unsigned long flags;

	spin_lock_irqsave(&line->lock, &flags);
	if (line->disabled++ == 0 && line->vector && line->route.level) {
		ioapic_mask(line->route.gsi, true);
		line->masked = true;
	}
	spin_unlock_irqrestore(&line->lock, flags);
}

__init void enable_irq(u32 irq)
{
	irq_line_t *line = &lines[irq];
	unsigned long flags;

	spin_lock_irqsave(&line->lock, &flags);
	if (!WARN_ON(!line->disabled) && --line->disabled == 0 && line->vector) {
		if (line->masked)
			ioapic_mask(line->route.gsi, false);
		line->masked = false;
		if (line->pending)
			lapic_send(line->cpu, line->vector);
		line->pending = false;
	}
	spin_unlock_irqrestore(&line->lock, flags);
}

static u8 alloc_vector(u32 irq)
{
	for (u32 i = 0; i < VECTORS; i++)
		if (vector_irq[i] == NO_IRQ) {
			WRITE_ONCE(vector_irq[i], (u16)irq);
			return (u8)(VECTOR_DEVICE_FIRST + i);
		}
	return 0;
}

#define IOAPIC_ID_MAX 254u /* 255 is everyone; its destination field has 8 bits */

static bool can_name(u32 cpu)
{
	return !cpu || cpu_apic_id[cpu] <= IOAPIC_ID_MAX;
}

/* The next CPU in turn that an I/O APIC can name; the first always can. */
static u32 choose_cpu(void)
{
	u32 cpu;

	do
		cpu = next_cpu++ % cpu_count;
	while (!can_name(cpu));
	return cpu;
}

static int line_connect(u32 irq, irq_line_t *line, u32 flags)
{
	irq_route_t route;
	u8 vector;

	ioapic_find(irq, flags & IRQF_LEVEL, &route);
	if (!ioapic_has(route.gsi))
		return -EINVAL;
	vector = alloc_vector(irq);
	if (!vector)
		return -ENOSPC;
	spin_lock_irq(&line->lock);
	line->route = route;
	line->vector = vector;
	line->cpu = flags & IRQF_NO_BALANCE ? 0 : choose_cpu();
	line->allowed = (cpu_set_t){ 0 };
	for_each_cpu(cpu)
		cpu_set_add(&line->allowed, cpu);
	line->masked = line->disabled != 0;
	ioapic_connect(&route, vector, cpu_apic_id[line->cpu]);
	ioapic_mask(route.gsi, line->masked);
	spin_unlock_irq(&line->lock);
	return 0;
}

__init int request_irq(u32 irq, irq_handler_t handler, u32 flags, const char *name, void *data)
{
	irq_line_t *line = &lines[irq];
	irq_action_t **link, *a;
	int r = 0;

	if (irq >= NR_IRQS || !handler || ((flags & IRQF_SHARED) && !data))
		return -EINVAL;
	a = kmalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return -ENOMEM;
	*a = (irq_action_t){ NULL, handler, CODE_HASH(handler), data, name, flags };
	mutex_lock(&request_lock);
	for (link = &line->actions; *link; link = &(*link)->next)
		if (!((*link)->flags & flags & IRQF_SHARED))
			r = -EBUSY;
	if (!r)
		__atomic_store_n(link, a, __ATOMIC_RELEASE);
	if (!r && !line->vector) {
		r = line_connect(irq, line, flags);
		if (r)
			*link = NULL;
	}
	mutex_unlock(&request_lock);
	if (r)
		kfree(a);
	return r;
}

static void line_disconnect(irq_line_t *line)
{
	spin_lock_irq(&line->lock);
	ioapic_mask(line->route.gsi, true);
	WRITE_ONCE(vector_irq[line->vector - VECTOR_DEVICE_FIRST], NO_IRQ);
	line->vector = 0;
	line->pending = false;
	spin_unlock_irq(&line->lock);
}

void free_irq(u32 irq, void *data)
{
	irq_line_t *line = &lines[irq];
	irq_action_t **link, *a;

	mutex_lock(&request_lock);
	for (link = &line->actions; *link && (*link)->data != data; link = &(*link)->next)
		;
	a = *link;
	if (!WARN_ON(!a)) {
		__atomic_store_n(link, a->next, __ATOMIC_SEQ_CST);
		if (!line->actions)
			line_disconnect(line);
		while (__atomic_load_n(&line->running, __ATOMIC_SEQ_CST))
			cpu_relax();
		kfree(a);
	}
	mutex_unlock(&request_lock);
}

bool irq_get_affinity(u32 irq, cpu_set_t *set, u32 *cpu)
{
	irq_line_t *line = &lines[irq];
	bool there;

	mutex_lock(&request_lock);
	there = line->actions != NULL;
	*set = line->allowed;
	*cpu = line->cpu;
	mutex_unlock(&request_lock);
	return there;
}

/* The vector is every CPU's, so that nothing is lost on the way. */
static int move(irq_line_t *line, const cpu_set_t *set)
{
	u32 to = 0;

	if (!line->actions || line->actions->flags & IRQF_NO_BALANCE)
		return -EIO;
	while (to < cpu_count && !(cpu_set_test(set, to) && can_name(to)))
		to++;
	if (to == cpu_count)
		return -EINVAL;
	spin_lock_irq(&line->lock);
	line->allowed = *set;
	line->cpu = to;
	ioapic_redirect(line->route.gsi, cpu_apic_id[to]);
	spin_unlock_irq(&line->lock);
	return 0;
}

int irq_set_affinity(u32 irq, const cpu_set_t *set)
{
	int r;

	mutex_lock(&request_lock);
	r = move(&lines[irq], set);
	mutex_unlock(&request_lock);
	return r;
}

bool irq_info(u32 irq, irq_info_t *out)
{
	irq_line_t *line = &lines[irq];
	size_t n = 0;

	*out = (irq_info_t){ .chip = "IO-APIC" };
	if (irq >= NR_IRQS)
		return false;
	mutex_lock(&request_lock);
	for (irq_action_t *a = line->actions; a; a = a->next) {
		const char *separator = n ? ", " : "";

		if (n + strlen(separator) + strlen(a->name) >= sizeof(out->names))
			break;
		n += (size_t)snprintf(out->names + n, sizeof(out->names) - n, "%s%s", separator,
				      a->name);
	}
	out->level = line->route.level;
	mutex_unlock(&request_lock);
	return n != 0;
}

u64 irq_count(u32 irq, u32 cpu)
{
	return READ_ONCE(per_cpu(irq_counts, cpu)[irq]);
}

static const struct {
	const char *tag, *text;
} sources[TRAP_COUNTS] = {
	[COUNT_NMI] = { "NMI", "Non-maskable interrupts" },
	[COUNT_TIMER] = { "LOC", "Local timer interrupts" },
	[COUNT_SPURIOUS] = { "SPU", "Spurious interrupts" },
	[COUNT_RESCHEDULE] = { "RES", "Rescheduling interrupts" },
	[COUNT_CALL] = { "CAL", "Function call interrupts" },
	[COUNT_TLB] = { "TLB", "TLB shootdowns" },
	[COUNT_ERROR] = { "ERR", "Local APIC errors" },
	[COUNT_MACHINE_CHECK] = { "MCE", "Machine check exceptions" },
};

bool irq_source(u32 index, const char **tag, const char **text)
{
	if (index >= TRAP_COUNTS)
		return false;
	*tag = sources[index].tag;
	*text = sources[index].text;
	return true;
}

u64 irq_source_count(u32 index, u32 cpu)
{
	return READ_ONCE(per_cpu(trap_counts, cpu)[index]);
}

u64 irq_count_all(void)
{
	u64 sum = 0;

	for_each_cpu(cpu) {
		for (u32 irq = 0; irq < NR_IRQS; irq++)
			sum += irq_count(irq, cpu);
		for (u32 i = 0; i < TRAP_COUNTS; i++)
			sum += irq_source_count(i, cpu);
	}
	return sum;
}
