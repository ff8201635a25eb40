/* CPUs, memory, clock and console of the fake machine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <arch/mmu.h>
#include <arch/time.h>
#include <fake/fake.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/softirq.h>
#include <kernel/thread.h>

#define weak __attribute__((weak))

__thread u32 fake_cpu;
__thread bool fake_irqs_on = true;
s64 fake_time;
s64 fake_timer[64];
bool fake_verbose;
char fake_last_line[512], fake_panic_text[512];
jmp_buf *fake_panic_jump;
long fake_allocations_left = -1, fake_allocations;

extern char __start_percpu_host[], __stop_percpu_host[];
unsigned long percpu_offset[NR_CPUS];
DEFINE_PERCPU(u32, cpu_number);
DEFINE_PERCPU(u32, preempt_count);
weak DEFINE_PERCPU(bool, need_resched);
static thread_t fake_thread = { .name = "fake" };
weak DEFINE_PERCPU_INIT(thread_t *, current_thread) = &fake_thread;

cpu_set_t cpu_possible = { { 1 } }, cpu_online = { { 1 } };
u32 cpu_count = 1;
weak u32 node_count = 1;

weak u32 cpu_node(u32 cpu)
{
	return 0;
}

weak u8 node_distance(u32 a, u32 b)
{
	return a == b ? 10 : 20;
}

void fake_cpus(u32 count)
{
	static char image[1 << 20];
	static size_t size;
	static char *areas[NR_CPUS]; /* seen by the leak checker, as offsets are not */

	if (!size) { /* the section as it was before anyone wrote to it: this is called first */
		size = (size_t)(__stop_percpu_host - __start_percpu_host);
		if (size > sizeof(image))
			abort();
		memcpy(image, __start_percpu_host, size);
	}
	for (u32 cpu = 0; cpu < count; cpu++) {
		char *area = __start_percpu_host + percpu_offset[cpu];

		if (cpu && !percpu_offset[cpu]) {
			area = areas[cpu] = aligned_alloc(4096, (size + 4095) & ~4095UL);
			percpu_offset[cpu] =
				(unsigned long)area - (unsigned long)__start_percpu_host;
		}
		memcpy(area, image, size);
		per_cpu(cpu_number, cpu) = cpu;
		fake_timer[cpu] = NSEC_MAX;
		cpu_set_add(&cpu_possible, cpu);
		cpu_set_add(&cpu_online, cpu);
	}
	cpu_count = count;
	fake_become_cpu(0);
}

void fake_become_cpu(u32 cpu)
{
	fake_cpu = cpu;
}

weak void preempt_schedule(void)
{
}

weak void smp_call_all(void (*fn)(void *arg), void *arg)
{
	u32 me = fake_cpu;

	for (u32 cpu = 0; cpu < cpu_count; cpu++) {
		fake_become_cpu(cpu);
		fn(arg);
	}
	fake_become_cpu(me);
}

weak bool arch_is_guest(void)
{
	return false;
}

weak void smp_send_reschedule(u32 cpu)
{
	per_cpu(need_resched, cpu) = true;
}

/* Memory. The page array's frames are all backed: what the kernel maps there is of no effect. */
weak unsigned long direct_map_base;
weak unsigned long page_array_base;
weak unsigned long vmalloc_start, vmalloc_end;
weak pte_t *kernel_pml4;
weak bool mmu_two_roots;
weak u64 pte_global = PTE_GLOBAL;

weak phys_addr_t virt_to_phys(const void *va)
{
	return (unsigned long)va - direct_map_base;
}

static void *reserve(u64 size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

void fake_memory(u64 size)
{
	static u64 old_size;

	if (old_size) {
		munmap((void *)direct_map_base, old_size);
		munmap((void *)page_array_base, old_size / PAGE_SIZE * 32);
		free(kernel_pml4);
	}
	old_size = size;
	direct_map_base = (unsigned long)reserve(size);
	page_array_base = (unsigned long)reserve(size / PAGE_SIZE * 32);
	kernel_pml4 = calloc(1, PAGE_SIZE);
}

weak nsec_t arch_clock_read(void)
{
	return fake_time;
}

weak void arch_timer_arm(nsec_t when)
{
	fake_timer[fake_cpu] = when;
}

weak void arch_timer_stop(void)
{
	fake_timer[fake_cpu] = NSEC_MAX;
}

/* Console and the end. */
weak int vprintk(const char *format, va_list args)
{
	if (format[0] == KERN_SOH[0])
		format += 2;
	vsnprintf(fake_last_line, sizeof(fake_last_line), format, args);
	if (fake_verbose || getenv("HOST_VERBOSE"))
		fputs(fake_last_line, stderr);
	return 0;
}

weak int printk(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintk(format, args);
	va_end(args);
	return 0;
}

weak bool printk_ratelimit(printk_ratelimit_t *rl)
{
	return true;
}

weak void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fake_panic_text, sizeof(fake_panic_text), format, args);
	va_end(args);
	if (fake_panic_jump)
		longjmp(*fake_panic_jump, 1);
	fprintf(stderr, "panic: %s\n", fake_panic_text);
	abort();
}

weak void warn_report(const char *file, int line, const char *what)
{
	fprintf(stderr, "WARN_ON(%s) at %s:%d\n", what, file, line);
	abort();
}

weak void dump_stack(void)
{
}

weak const char *symbol_lookup(unsigned long addr, unsigned long *offset)
{
	return NULL;
}

weak void local_bh_disable(void)
{
	this_cpu_add(preempt_count, SOFTIRQ_ONE);
}

weak void local_bh_enable(void)
{
	this_cpu_add(preempt_count, -SOFTIRQ_ONE);
}

weak u64 code_hash(const void *function)
{
	return ~(u64)function;
}

weak void code_check(const void *function, u64 hash)
{
	if (hash != code_hash(function))
		panic("code pointer %p was changed", function);
}
