/*
 * I/O ports for programs (Intel SDM 1 19.5).
 *
 * A thread's rights are a map of bits, one a port, made by its first ioperm(2), shared with the threads
 * that it makes and copied before it changes. The CPU looks at the map in its own entry area: the switch to a
 * thread with RARE_PORTS copies there what that map does not hold yet, known by a number that each change of
 * any map draws anew. The switch to any other thread takes the map out of the TSS, no more.
 *
 * iopl(2) does not raise the privilege level of RFLAGS, which would allow CLI too: level 3 is a map
 * without a bit. CLI and STI then fault and are passed over, as on Linux.
 */
#include <arch/ports.h>

#include <arch/uaccess.h>
#include <arch_x86/features.h>
#include <arch_x86/ports.h>
#include <kernel/atomic.h>
#include <kernel/lib/string.h>
#include <kernel/printk.h>
#include <kernel/thread.h>
#include <mm/slab.h>
#include <uapi/errno.h>

#define MAP_BYTES (ARCH_IO_PORTS / 8)
#define ALL_PORTS 1 /* number of the map without a bit */
#define IOPL_ALL 3
#define OPCODE_CLI 0xfa
#define OPCODE_STI 0xfb

typedef struct io_rights {
	refcount_t refs;
	u64 number; /* of its contents, never used again */
	u32 used;   /* bytes from the first; all behind are ones */
	u8 refused[MAP_BYTES];
} io_rights_t;

/* Of the map in the CPU's entry area. */
typedef struct loaded_map {
	u64 number; /* 0: none */
	u32 used;
} loaded_map_t;
static DEFINE_PERCPU(loaded_map_t, loaded_map);
static u64 last_number = ALL_PORTS; /* atomic */

/* ---- the switch; interrupts off ---- */

static void load_map(const arch_thread_t *a)
{
	loaded_map_t *loaded = this_cpu_ptr(&loaded_map);
	u8 *map = this_cpu_ptr(&entry_area)->io_map;
	bool all = a->iopl == IOPL_ALL;
	u64 number = all ? ALL_PORTS : a->ports->number;
	u32 used = all ? MAP_BYTES : a->ports->used;

	if (loaded->number == number)
		return;
	if (all)
		memset(map, 0, MAP_BYTES);
	else
		memcpy(map, a->ports->refused, used);
	if (!loaded->number)
		loaded->used = MAP_BYTES; /* nobody wrote ones there yet */
	if (loaded->used > used)
		memset(map + used, 0xff, loaded->used - used);
	*loaded = (loaded_map_t){ number, used };
}

void ports_switch(const struct thread *next)
{
	bool used = next->arch.rare & RARE_PORTS;

	if (used)
		load_map(&next->arch);
	tss_set_io_map(used);
}

/* The running thread's rights have changed. */
static void rights_changed(thread_t *t)
{
	unsigned long flags = arch_irq_save();

	if (t->arch.iopl == IOPL_ALL || t->arch.ports)
		__atomic_fetch_or(&t->arch.rare, RARE_PORTS, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&t->arch.rare, ~RARE_PORTS, __ATOMIC_RELAXED);
	ports_switch(t);
	arch_irq_restore(flags);
}

/* ---- rights ---- */

static void put_rights(io_rights_t *r)
{
	if (r && refcount_put(&r->refs))
		kfree(r);
}

/* A map of the thread's own, to be changed and given to set_rights. NULL: no memory. */
static io_rights_t *copy_rights(const io_rights_t *from)
{
	io_rights_t *r = kmalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return NULL;
	if (from)
		memcpy(r->refused, from->refused, MAP_BYTES);
	else
		memset(r->refused, 0xff, MAP_BYTES);
	refcount_set(&r->refs, 1);
	return r;
}

/* Makes r, which is consumed, the running thread's; one that allows nothing is none. */
static void set_rights(thread_t *t, io_rights_t *r)
{
	io_rights_t *old = t->arch.ports;
	unsigned long flags;

	r->used = MAP_BYTES;
	while (r->used && r->refused[r->used - 1] == 0xff)
		r->used--;
	r->number = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);
	if (!r->used) {
		kfree(r);
		r = NULL;
	}
	flags = arch_irq_save();
	t->arch.ports = r;
	rights_changed(t);
	arch_irq_restore(flags);
	put_rights(old);
}

int arch_ports_set(u32 from, u32 num, bool allow)
{
	thread_t *t = current();
	io_rights_t *r;

	if (!t->arch.ports && !allow)
		return 0;
	r = copy_rights(t->arch.ports);
	if (!r)
		return -ENOMEM;
	for (u32 port = from; port < from + num; port++) {
		if (allow)
			r->refused[port / 8] &= (u8)~BIT(port % 8);
		else
			r->refused[port / 8] |= (u8)BIT(port % 8);
	}
	set_rights(t, r);
	return 0;
}

u32 arch_iopl(void)
{
	return current()->arch.iopl;
}

void arch_iopl_set(u32 level)
{
	thread_t *t = current();

	t->arch.iopl = (u8)level;
	rights_changed(t);
}

void ports_inherit(struct thread *child)
{
	if (child->arch.ports)
		refcount_get(&child->arch.ports->refs);
}

void ports_free(struct thread *t)
{
	put_rights(t->arch.ports);
	t->arch.ports = NULL;
}

bool ports_pass_over(trap_frame_t *frame)
{
	thread_t *t = current();
	u8 opcode;

	if (t->arch.iopl != IOPL_ALL ||
	    copy_from_user(&opcode, (const void __user *)frame->rip, sizeof(opcode)) ||
	    (opcode != OPCODE_CLI && opcode != OPCODE_STI))
		return false;
	pr_ratelimited(KERN_INFO "%s[%d] wants to switch interrupts, which does nothing, at %lx\n",
		       t->name, t->tid, frame->rip);
	frame->rip++;
	return true;
}
