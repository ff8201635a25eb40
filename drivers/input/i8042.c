/*
 * The PS/2 keyboard behind an 8042 controller (IBM PS/2 Technical Reference, "Keyboard and Auxiliary
 * Device Controller"; "Keyboard": commands and scan code sets).
 *
 * The controller translates to scan code set 1. Bytes come by interrupt 1. Commands to the keyboard
 * (lights) are a queue: each byte is sent when the one before it was acknowledged. Every wait has an
 * end, so that a machine without a controller, or a controller without a keyboard, costs only time.
 */
#include <drivers/input.h>

#include <arch/io.h>
#include <drivers/irq.h>
#include <kernel/printk.h>
#include <kernel/sync/spinlock.h>
#include <kernel/time/clock.h>
#include <uapi/kd.h>

#define PORT_DATA 0x60
#define PORT_STATUS 0x64 /* read */
#define PORT_COMMAND 0x64
#define STATUS_OUTPUT 0x01 /* a byte can be read */
#define STATUS_INPUT 0x02  /* the last byte written was not yet taken */
#define STATUS_MOUSE 0x20  /* the byte is the auxiliary device's */
#define NO_CONTROLLER 0xff

#define CMD_READ_CONFIG 0x20
#define CMD_WRITE_CONFIG 0x60
#define CMD_DISABLE_MOUSE 0xa7
#define CMD_SELF_TEST 0xaa
#define SELF_TEST_PASSED 0x55
#define CMD_DISABLE_KEYBOARD 0xad
#define CMD_ENABLE_KEYBOARD 0xae
#define CONFIG_KEYBOARD_IRQ 0x01
#define CONFIG_MOUSE_IRQ 0x02
#define CONFIG_KEYBOARD_OFF 0x10
#define CONFIG_TRANSLATE 0x40

#define KBD_SET_LEDS 0xed
#define KBD_ENABLE 0xf4
#define KBD_DEFAULTS 0xf6
#define KBD_ACK 0xfa
#define KBD_RESEND 0xfe
#define SCAN_EXTENDED 0xe0
#define SCAN_PAUSE 0xe1
#define SCAN_RELEASE 0x80
#define SCAN_ALT_SYSRQ 0x54
#define PAUSE_BYTES 5 /* after 0xe1 */
#define PAUSE_RAW_BYTES 6

#define KEYBOARD_IRQ 1
#define POLL_USECS 50
#define WAIT_USECS 100000
#define FLUSH_BYTES 64
#define RESENDS 3
#define ANSWER_TIME (1 * NSEC_PER_SEC) /* the keyboard has 20 ms; it may have been pulled out */
#define QUEUE 16		       /* power of two */

static spinlock_t lock = SPINLOCK_INIT("i8042"); /* all below; interrupts off */
static bool present;
static bool extended;	/* the last byte was 0xe0 */
static u32 pause_left;	/* bytes of the pause key's sequence to come */
static u8 queue[QUEUE]; /* bytes for the keyboard */
static u32 queue_head, queue_tail;
static bool waiting; /* for the answer to queue[tail] */
static nsec_t asked; /* when, if waiting */
static u32 resends;

/* Keys of 0xe0 codes. Other such codes (0x2a, 0x36: made-up shifts) are no keys. */
static const struct {
	u8 code, key;
} extended_keys[] = {
	{ 0x1c, KEY_KPENTER }, { 0x1d, KEY_RIGHTCTRL }, { 0x35, KEY_KPSLASH },
	{ 0x37, KEY_SYSRQ },   { 0x38, KEY_RIGHTALT },	{ 0x46, KEY_PAUSE },
	{ 0x47, KEY_HOME },    { 0x48, KEY_UP },	{ 0x49, KEY_PAGEUP },
	{ 0x4b, KEY_LEFT },    { 0x4d, KEY_RIGHT },	{ 0x4f, KEY_END },
	{ 0x50, KEY_DOWN },    { 0x51, KEY_PAGEDOWN },	{ 0x52, KEY_INSERT },
	{ 0x53, KEY_DELETE },  { 0x5b, KEY_LEFTMETA },	{ 0x5c, KEY_RIGHTMETA },
	{ 0x5d, KEY_COMPOSE },
};

u32 keyboard_raw_bytes(u32 key, bool down, u8 out[6])
{
	static const u8 pause[PAUSE_RAW_BYTES] = { SCAN_PAUSE, 0x1d, 0x45, SCAN_PAUSE, 0x9d, 0xc5 };
	u8 release = down ? 0 : SCAN_RELEASE;

	if (key == KEY_PAUSE) {
		for (u32 i = 0; i < PAUSE_RAW_BYTES; i++)
			out[i] = pause[i];
		return down ? PAUSE_RAW_BYTES : 0;
	}
	if (key <= KEY_F12) {
		out[0] = (u8)key | release;
		return 1;
	}
	for (u32 i = 0; i < ARRAY_SIZE(extended_keys); i++) {
		if (extended_keys[i].key == key) {
			out[0] = SCAN_EXTENDED;
			out[1] = extended_keys[i].code | release;
			return 2;
		}
	}
	return 0;
}

/* ---- commands, lock held ---- */

static void send_next(void)
{
	if (waiting || queue_head == queue_tail)
		return;
	waiting = true;
	asked = clock_monotonic();
	arch_out8(PORT_DATA, queue[queue_tail % QUEUE]);
}

/* True when the byte answers a command. */
static bool answer(u8 byte)
{
	if (!waiting || (byte != KBD_ACK && byte != KBD_RESEND))
		return false;
	waiting = false;
	if (byte == KBD_ACK || resends++ >= RESENDS) {
		resends = 0;
		queue_tail++;
	}
	send_next();
	return true;
}

void keyboard_show_leds(u32 leds)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, &flags);
	if (waiting && clock_monotonic() - asked > ANSWER_TIME) {
		waiting = false;
		queue_tail = queue_head;
	}
	if (present && queue_head - queue_tail <= QUEUE - 2) {
		queue[queue_head++ % QUEUE] = KBD_SET_LEDS;
		queue[queue_head++ % QUEUE] = (u8)(leds & (LED_SCR | LED_NUM | LED_CAP));
		send_next();
	}
	spin_unlock_irqrestore(&lock, flags);
}

/* ---- scan codes ---- */

/* The key of a byte, 0 when there is none yet. Lock held. */
static u32 decode(u8 byte)
{
	u8 code = byte & (0xff ^ SCAN_RELEASE);

	if (pause_left)
		return --pause_left ? 0 : KEY_PAUSE;
	if (byte == SCAN_EXTENDED) {
		extended = true;
		return 0;
	}
	if (byte == SCAN_PAUSE) {
		pause_left = PAUSE_BYTES;
		return 0;
	}
	if (!extended)
		return code == SCAN_ALT_SYSRQ ? KEY_SYSRQ : code <= KEY_F12 ? code : 0;
	extended = false;
	for (u32 i = 0; i < ARRAY_SIZE(extended_keys); i++)
		if (extended_keys[i].code == code)
			return extended_keys[i].key;
	return 0;
}

static irq_result_t keyboard_interrupt(u32 irq, void *data)
{
	irq_result_t result = IRQ_NONE;
	u8 status;

	while ((status = arch_in8(PORT_STATUS)) & STATUS_OUTPUT && status != NO_CONTROLLER) {
		u8 byte = arch_in8(PORT_DATA);
		u32 key = 0;

		result = IRQ_HANDLED;
		if (status & STATUS_MOUSE)
			continue;
		spin_lock(&lock);
		if (!answer(byte))
			key = decode(byte);
		spin_unlock(&lock);
		if (key == KEY_PAUSE) { /* has no release of its own */
			keyboard_event(key, true);
			keyboard_event(key, false);
		} else if (key) {
			keyboard_event(key, !(byte & SCAN_RELEASE));
		}
	}
	return result;
}

/* ---- start, before there are interrupts ---- */

static __init bool wait_status(u8 mask, u8 value)
{
	for (u32 waited = 0; waited < WAIT_USECS; waited += POLL_USECS) {
		if ((arch_in8(PORT_STATUS) & mask) == value)
			return true;
		usleep(POLL_USECS);
	}
	return false;
}

static __init bool write_command(u8 command)
{
	if (!wait_status(STATUS_INPUT, 0))
		return false;
	arch_out8(PORT_COMMAND, command);
	return true;
}

static bool write_data(u8 byte)
{
	if (!wait_status(STATUS_INPUT, 0))
		return false;
	arch_out8(PORT_DATA, byte);
	return true;
}

/* A byte, or -1 when none came in time. */
static __init int read_data(void)
{
	return wait_status(STATUS_OUTPUT, STATUS_OUTPUT) ? arch_in8(PORT_DATA) : -1;
}

static __init bool write_config(u8 config)
{
	return write_command(CMD_WRITE_CONFIG) && write_data(config);
}

static __init void flush(void)
{
	for (u32 i = 0; i < FLUSH_BYTES && arch_in8(PORT_STATUS) & STATUS_OUTPUT; i++)
		arch_in8(PORT_DATA);
}

static bool start_controller(u8 *config)
{
	int byte;

	if (arch_in8(PORT_STATUS) == NO_CONTROLLER)
		return false;
	if (!write_command(CMD_DISABLE_KEYBOARD) || !write_command(CMD_DISABLE_MOUSE))
		return false;
	flush();
	if (!write_command(CMD_READ_CONFIG) || (byte = read_data()) < 0)
		return false;
	*config = (u8)byte & (u8) ~(CONFIG_KEYBOARD_IRQ | CONFIG_MOUSE_IRQ | CONFIG_KEYBOARD_OFF);
	*config |= CONFIG_TRANSLATE;
	if (!write_command(CMD_SELF_TEST) || read_data() != SELF_TEST_PASSED)
		return false;
	/* The test may have reset the configuration. */
	return write_config(*config) && write_command(CMD_ENABLE_KEYBOARD);
}

static bool start_keyboard(void)
{
	static const u8 commands[] = { KBD_DEFAULTS, KBD_ENABLE };

	for (u32 i = 0; i < ARRAY_SIZE(commands); i++)
		if (!write_data(commands[i]) || read_data() != KBD_ACK)
			return false;
	return true;
}

__init void i8042_init(void)
{
	u8 config;
	int r;

	if (!start_controller(&config))
		return;
	/* One that is plugged in later is heard too. */
	if (!start_keyboard())
		pr_info("i8042: no keyboard answers\n");
	flush();
	r = request_irq(KEYBOARD_IRQ, keyboard_interrupt, 0, "i8042", NULL);
	if (r || !write_config(config | CONFIG_KEYBOARD_IRQ)) {
		pr_warn("i8042: cannot be started: error %d\n", -r);
		return;
	}
	WRITE_ONCE(present, true);
	pr_info("i8042: PS/2 keyboard, irq %u\n", KEYBOARD_IRQ);
}
