/*
 * Starting the drivers, and joining the consoles of the command line to them.
 */
#include <drivers/devices.h>

#include <drivers/input.h>
#include <drivers/bus.h>
#include <drivers/mem.h>
#include <drivers/random.h>
#include <drivers/screen.h>
#include <drivers/serial.h>
#include <drivers/tty.h>
#include <drivers/virtio.h>
#include <drivers/vt.h>
#include <kernel/boot.h>
#include <kernel/init.h>
#include <kernel/lib/string.h>
#include <kernel/printk.h>
#include <uapi/vt.h>

#define TTY_MAJOR 4

/*
 * Every console= gets the kernel's messages; the last one is /dev/console. When none is named, the
 * screen, or without one the first serial line.
 */
static void start_consoles(void)
{
	bool any = false, screen = false;
	u64 number;

	for (u32 i = 0; cmdline_word(i); i++) {
		const char *word = cmdline_word(i);

		if (strncmp(word, "console=", 8))
			continue;
		word += 8;
		if (!strncmp(word, "ttyS", 4) && word[4] >= '0' && word[4] <= '9') {
			u32 index = (u32)(word[4] - '0');

			if (!serial_console(index)) {
				pr_warn("console=%s: there is no such serial port\n", word);
				continue;
			}
			register_console(serial_console(index));
			tty_set_console(serial_tty(index)->dev);
			any = true;
		} else if (!strncmp(word, "tty", 3) && !kstrtou64(word + 3, 10, &number) &&
			   number <= VT_MAX_CONSOLES) {
			if (!vt_console()) {
				pr_warn("console=%s: there is no screen\n", word);
				continue;
			}
			if (!screen)
				register_console(vt_console());
			screen = true;
			tty_set_console(makedev(TTY_MAJOR, (u32)number));
			any = true;
		} else {
			pr_warn("console=%s is not a console of this kernel\n", word);
		}
	}
	if (any)
		return;
	if (vt_console()) {
		register_console(vt_console());
		tty_set_console(makedev(TTY_MAJOR, 0));
	} else if (serial_console(0)) {
		register_console(serial_console(0));
		tty_set_console(serial_tty(0)->dev);
	}
}

__init void devices_init(void)
{
	u32 ports = 0;

	iomem_init();
	virtio_mmio_init();
	mem_init();
	random_devices_init();
	tty_init();
	serial_init();
	screen_init();
	vt_init();
	if (vt_console())
		i8042_init();
	start_consoles();
	while (serial_tty(ports))
		ports++;
	devices_show_init(ports, vt_console());
}
