/*
 * What programs read of terminals and consoles in /proc: tty/drivers, by which ps(1) names
 * terminals, tty/ldiscs, consoles. proc(5); columns as Linux has them.
 */
#include <drivers/devices.h>

#include <fs/procfs.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <uapi/vt.h>

#define TTY_MAJOR 4
#define SERIAL_MINOR 64
#define TTYAUX_MAJOR 5
#define PTY_MASTER_MAJOR 128
#define PTY_SLAVE_MAJOR 136
#define PTY_LAST ((1u << 20) - 1)
#define NAME_COLUMN 20

static u32 serial_ports __ro_after_init;
static bool has_screen __ro_after_init;

static void show_driver(seq_file_t *m, const char *driver, const char *name, u32 major, u32 first,
			u32 last, const char *type)
{
	seq_printf(m, "%-20s /dev/%-8s %3u ", driver, name, major);
	if (first == last)
		seq_printf(m, "%7u", first);
	else
		seq_printf(m, "%u-%u", first, last);
	seq_printf(m, " %s\n", type);
}

static int show_drivers(seq_file_t *m, void *arg)
{
	show_driver(m, "/dev/tty", "tty", TTYAUX_MAJOR, 0, 0, "system:/dev/tty");
	show_driver(m, "/dev/console", "console", TTYAUX_MAJOR, 1, 1, "system:console");
	show_driver(m, "/dev/ptmx", "ptmx", TTYAUX_MAJOR, 2, 2, "system");
	if (has_screen)
		show_driver(m, "/dev/vc/0", "vc/0", TTY_MAJOR, 0, 0, "system:vtmaster");
	if (serial_ports)
		show_driver(m, "serial", "ttyS", TTY_MAJOR, SERIAL_MINOR,
			    SERIAL_MINOR + serial_ports - 1, "serial");
	show_driver(m, "pty_slave", "pts", PTY_SLAVE_MAJOR, 0, PTY_LAST, "pty:slave");
	show_driver(m, "pty_master", "ptm", PTY_MASTER_MAJOR, 0, PTY_LAST, "pty:master");
	if (has_screen)
		show_driver(m, "unknown", "tty", TTY_MAJOR, 1, VT_MAX_CONSOLES, "console");
	return 0;
}

static int show_ldiscs(seq_file_t *m, void *arg)
{
	seq_printf(m, "%-10s %2d\n", "n_tty", 0);
	return 0;
}

/* All of them write only, show what was logged before them, and work at any time. */
static int show_consoles(seq_file_t *m, void *arg)
{
	char name[NAME_COLUMN];
	u64 number;

	for (u32 i = 0; console_name(i, name, sizeof(name)); i++) {
		bool serial = !strncmp(name, "ttyS", 4);

		if (kstrtou64(name + (serial ? 4 : 3), 10, &number))
			continue; /* an early one, which has no device */
		seq_printf(m, "%-20s -W- (E%c p a)  %3u:%lu\n", name, i ? ' ' : 'C', TTY_MAJOR,
			   number + (serial ? SERIAL_MINOR : 0));
	}
	return 0;
}

__init void devices_show_init(u32 ports, bool screen)
{
	serial_ports = ports;
	has_screen = screen;
	if (proc_create_single("consoles", 0444, show_consoles, NULL) ||
	    proc_create_single("tty/drivers", 0444, show_drivers, NULL) ||
	    proc_create_single("tty/ldiscs", 0444, show_ldiscs, NULL))
		panic("No memory for /proc/tty");
}
