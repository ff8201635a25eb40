/* /proc/kallsyms: the kernel's functions, for perf(1). Addresses are for those who may read the kernel's log. */
#include <fs/procfs.h>
#include <kernel/cred.h>
#include <kernel/panic.h>
#include <kernel/perf.h>

/* As on Linux zero is shown in their place. */
static void show(seq_file_t *m, unsigned long address, const char *name)
{
	bool told = READ_ONCE(kptr_restrict) < 2 && capable(CAP_SYSLOG);

	seq_printf(m, "%016lx T %s\n", told ? address : 0, name);
}

static int show_symbols(seq_file_t *m, void *arg)
{
	unsigned long address;
	const char *name;

	/* The names by which perf(1) finds where the image begins. */
	show(m, symbol_at(0, &name), "_text");
	show(m, symbol_at(0, &name), "_stext");
	for (u32 i = 0; (address = symbol_at(i, &name)); i++)
		show(m, address, name);
	return 0;
}

__init void kallsyms_init(void)
{
	proc_create_single("kallsyms", 0444, show_symbols, NULL);
}
