/*
 * What an attacker with a bug in hand would try. Each attack must end in the panic that names it;
 * one that comes back says so, and fails.
 */
#include "kernel_tests.h"

#include <arch/init.h>
#include <arch/mmu.h>
#include <arch/uaccess.h>
#include <fs/vfs.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/softirq.h>
#include <kernel/sync/rcu.h>
#include <kernel/sync/wait.h>
#include <kernel/thread.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <mm/vmalloc.h>
#include <uapi/mman.h>

#define RETURN 0xc3 /* the instruction */

static void unpunished(const char *what)
{
	printk(KERN_ERR "attack: nothing stopped %s\n", what);
	kt_check(false);
}

static __noinline void victim(void)
{
	printk(KERN_ERR "attack: the victim runs\n");
}

void plant_write_text(void)
{
	*(volatile u8 *)victim = RETURN;
	unpunished("a write to text");
}

static const file_operations_t table = { .llseek = NULL, .release = (void (*)(file_t *))victim };

void plant_write_table(void)
{
	*(void *volatile *)&table.release = NULL;
	unpunished("a write to a table of operations");
}

static void run(void *code)
{
	((void (*)(void))code)();
}

void plant_run_data(void)
{
	static u8 code[16] __aligned(16) = { RETURN };

	run(code);
	unpunished("execution of static data");
}

void plant_run_heap(void)
{
	u8 *code = kmalloc(64, GFP_KERNEL);

	*code = RETURN;
	run(code);
	unpunished("execution of the heap");
}

void plant_run_stack(void)
{
	volatile u8 code[16] = { RETURN };

	run((void *)code);
	unpunished("execution of the stack");
}

/* The text's pages are also in the direct map. */
void plant_write_alias(void)
{
	*(volatile u8 *)phys_to_virt(virt_to_phys((void *)victim)) = RETURN;
	unpunished("a write to text through the direct map");
}

void plant_run_alias(void)
{
	run(phys_to_virt(virt_to_phys((void *)victim)));
	unpunished("execution through the direct map");
}

/* A page of a program, that it may read, write and run. */
static u8 __user *user_page(void)
{
	vm_space_t *s = vm_space_create();
	long addr;

	if (!s)
		panic("attack: no memory");
	vm_space_activate(s);
	addr = vm_map(s, 0, PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
		      MAP_PRIVATE | MAP_ANONYMOUS, NULL, 0);
	if (addr < 0 || put_user_u8(RETURN, (u8 __user *)addr))
		panic("attack: no user page: %ld", addr);
	return (u8 __user *)addr;
}

void plant_user_read(void)
{
	volatile u8 value = *(volatile u8 __force *)user_page();

	(void)value;
	unpunished("a read of user memory");
}

void plant_user_write(void)
{
	*(volatile u8 __force *)user_page() = 1;
	unpunished("a write to user memory");
}

void plant_user_jump(void)
{
	run((void __force *)user_page());
	unpunished("a jump to user code");
}

/* ---- callbacks ---- */

static void harmless_rcu(rcu_head_t *head)
{
}

static void evil_rcu(rcu_head_t *head)
{
	victim();
}

void plant_rcu_callback(void)
{
	static rcu_head_t head;

	call_rcu(&head, harmless_rcu);
	head.func = evil_rcu;
	rcu_barrier();
	unpunished("an overwritten RCU callback");
}

static bool evil_wake(wait_queue_entry_t *entry, u64 key)
{
	victim();
	return false;
}

void plant_wait_callback(void)
{
	wait_queue_head_t queue;
	wait_queue_entry_t entry;

	init_waitqueue_head(&queue);
	init_wait_callback(&entry, default_wake_function);
	add_wait_queue(&queue, &entry);
	entry.wake = evil_wake;
	wake_up(&queue);
	unpunished("an overwritten wait-queue callback");
}

static void harmless_work(work_t *work)
{
}

static void evil_work(work_t *work)
{
	victim();
}

void plant_work(void)
{
	static work_t work;

	work_init(&work, harmless_work);
	work.function = evil_work;
	schedule_work(&work);
	flush_work(&work);
	unpunished("an overwritten work item");
}

/* ---- what must hold without an attack ---- */

static pte_t *entry_of(const void *p)
{
	pte_t *table = kernel_pml4;

	for (int level = PT_LEVELS - 1; level > 0; level--)
		table = phys_to_virt(pte_pfn(table[pt_index((unsigned long)p, level)])
				     << PAGE_SHIFT);
	return &table[pt_index((unsigned long)p, 0)];
}

/* No mapping breaks W^X, and the check sees one that does. */
void kt_mappings(void)
{
	char *page = vmalloc(PAGE_SIZE);
	pte_t *pte;

	kt_check(page);
	if (!page)
		return;
	kt_check(arch_check_mappings() == 0);
	pte = entry_of(page);
	*pte &= ~PTE_NX;
	kt_check(arch_check_mappings() == 1);
	*pte |= PTE_NX;
	vfree(page);
}

static u64 other_canary;

static void note_canary(u32 i)
{
	WRITE_ONCE(other_canary, current()->arch.canary);
}

/* For the boot tests, which compare two boots. */
void kt_addresses(void)
{
	u64 mine = current()->arch.canary;

	kt_start("canary", note_canary, 1);
	kt_end(1);
	kt_check(mine && READ_ONCE(other_canary) && mine != READ_ONCE(other_canary));
	printk(KERN_ERR "address: text %lx direct_map %lx vmalloc %lx page_array %lx canary %lx\n",
	       (unsigned long)victim, direct_map_base, vmalloc_start, page_array_base, mine);
}
