/*
 * The boot order. kernel_main runs on the boot CPU with the final page tables, interrupts off;
 * init_thread_main goes on as a thread, where sleeping is allowed; start_init ends as the first
 * program. All but init_thread_main itself is __init: freed by arch_seal, and never come back to
 * (the boot CPU's stack keeps kernel_main's frame, below an idle loop that does not end).
 */
#include <arch/entry.h>
#include <arch/init.h>
#include <drivers/acpi.h>
#include <drivers/devices.h>
#include <drivers/irq.h>
#include <drivers/random.h>
#include <drivers/serial_early.h>
#include <fs/epoll.h>
#include <fs/filesystems.h>
#include <fs/locks.h>
#include <fs/notify.h>
#include <fs/vfs.h>
#include <ipc/aio.h>
#include <ipc/futex.h>
#include <ipc/mqueue.h>
#include <ipc/pipe.h>
#include <ipc/sysv.h>
#include <kernel/init.h>
#include <kernel/perf.h>
#include <kernel/printk.h>
#include <kernel/process.h>
#include <kernel/softirq.h>
#include <kernel/sync/rcu.h>
#include <kernel/sysrq.h>
#include <kernel/testing.h>
#include <kernel/trace/metrics.h>
#include <kernel/time/clock.h>
#include <kernel/time/timer.h>
#include <mm/commit.h>
#include <mm/kasan.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <mm/vmalloc.h>
#include <net/socket.h>

static __init __noinline void init_steps(void)
{
	workqueue_init(); /* deferred work has a thread */
	kvfree_init();	  /* and what cannot be freed at once is */
	smp_bring_up(acpi_madt.apic_ids, acpi_madt.cpu_count); /* all CPUs run */
	arch_init_late();				       /* clocks are compared */
	vfs_init();					       /* caches, the root tmpfs */
	filesystems_init();    /* devtmpfs, procfs, sysfs are known */
	process_sysctl_init(); /* /proc/sys/kernel of processes */
	syslog_init();	       /* the log as a file */
	sysrq_init();	       /* requests to the kernel itself */
	hung_init();	       /* threads that hang are noticed */
	pipe_init();
	sysv_init();   /* System V IPC, */
	mqueue_init(); /* and POSIX message queues */
	epoll_init();
	inotify_init();
	dnotify_init();
	leases_init();
	aio_init();
	socket_init();	    /* sockets, */
	unix_init();	    /* the local ones */
	devices_init();	    /* character devices, terminals */
	vdso_init();	    /* clocks for programs */
	metrics_init();	    /* /proc/metrics */
	perf_init();	    /* perf_event_open has its settings */
	kallsyms_init();    /* and names of functions */
	timer_list_init();  /* what is to happen when */
	irq_show_init();    /* where interrupts go */
	initramfs_unpack(); /* the root gets its files */
}

static void init_thread_main(void *arg)
{
	init_steps();
	sched_wait_boot_thread(); /* kernel_main is behind it */
	arch_seal();		  /* boot-time code is gone, constants cannot change */
	kernel_tests_run();	  /* debug builds: ktest= */
	start_init(NULL);	  /* the first program */
}

__init void kernel_main(boot_info_t *info)
{
	task_init();	     /* process 0 and its thread, which runs this */
	sched_init();	     /* there is a current thread: locks work */
	serial_early_init(); /* the first lines can be seen */
	cmdline_init();	     /* options can be asked for */
	panic_init();
	lockdep_init_fuzz(); /* debug builds: preemption at random */
	printk(KERN_NOTICE "CloudOS 6.1.0-cloudos, loaded by %s\n", info->loader);
	printk(KERN_NOTICE "Command line: %s\n", info->command_line);
	arch_init_early();   /* descriptor tables, exceptions, CPU features */
	acpi_init();	     /* CPUs, nodes, interrupt controllers are known */
	kasan_init();	     /* sanitizer builds watch memory from here */
	page_init();	     /* pages by the buddy allocator */
	slab_init();	     /* kmalloc */
	kmap_init();	     /* vmalloc, ioremap */
	space_init();	     /* address spaces */
	commit_init();	     /* what may be promised */
	arch_init_devices(); /* extended state, interrupt controllers, clocks, timer */
	printk_init();	     /* readers of the log can wait */
	time_init();	     /* the date, timers */
	random_init();	     /* random numbers */
	futex_init();	     /* user-space locks */
	process_init();	     /* process 0 is complete, others can be made */
	arch_irq_enable();
	if (process_start_init(init_thread_main, NULL))
		panic("The first process cannot be made");
	sched_idle_loop();
}

void kernel_main_secondary(void)
{
	sched_idle_loop();
}
