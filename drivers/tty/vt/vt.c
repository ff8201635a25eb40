/*
 * Virtual consoles.
 *
 * Concepts. A console is a terminal (tty_t) whose output goes through the escape-sequence machine
 * (term.c) into a grid of cells. One console is in front: it is the screen's source, gets what is
 * typed, and shows the kernel log; the others go on unseen. Consoles come into being when they are
 * first opened, each with memory for its screen and SCROLLBACK lines before it, and go with
 * VT_DISALLOCATE.
 *
 * Writing never waits for the screen: bytes change cells at once, and the screen is drawn soon
 * after (drivers/video/screen.c).
 *
 * Locking. vt_mutex: which consoles exist, switching. vt_front_lock (spinlock, interrupts off) lets
 * interrupts and the screen find the console in front, and keeps it there while they look; each
 * console's lock guards its machine. In a panic, whose holder may be a stopped CPU, the log and the
 * screen try for both only as long as there is hope. Order: tty_mutex > vt_mutex > vt_front_lock >
 * vt->lock > tty->raw_lock.
 */
#include "vt.h"

#include <arch/cpu.h>
#include <drivers/input.h>
#include <drivers/vt.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>

#define SCROLLBACK 500	/* lines */
#define WRITE_PIECE 64	/* bytes between two looks at interrupts: each may scroll a region */
#define WRITE_ROOM 4096 /* what is always taken */
#define LOCK_TRIES 1000000

mutex_t vt_mutex = MUTEX_INIT(vt_mutex);
spinlock_t vt_front_lock = SPINLOCK_INIT("vt_front_lock");
vt_t *vt_front;
static vt_t *consoles[VT_MAX_CONSOLES + 1]; /* vt_mutex; by number, tty references are ours */
static console_t log_console;

vt_t *vt_by_number(u32 number)
{
	return number <= VT_MAX_CONSOLES ? consoles[number] : NULL;
}

bool vt_is_open(const vt_t *vt)
{
	return vt->open;
}

/* ---- what the machine asks for; vt->lock held ---- */

static vt_t *of_term(term_t *t)
{
	return container_of(t, vt_t, term);
}

static void reply(term_t *t, const char *text, size_t len)
{
	tty_receive(of_term(t)->tty, (const u8 *)text, len);
}

static void bell(term_t *t)
{
	speaker_tone(t->bell_pitch, t->bell_msecs);
}

static void leds(term_t *t, u32 lit)
{
	__atomic_store_n(&of_term(t)->asked_leds, (u8)lit, __ATOMIC_RELAXED);
	if (READ_ONCE(vt_front) == of_term(t))
		keyboard_update_leds_later();
}

static void palette_changed(term_t *t)
{
	if (READ_ONCE(vt_front) == of_term(t))
		vt_show_palette(of_term(t));
}

static void bring_front(term_t *t, u32 number)
{
	vt_request_existing(number);
}

static const term_ops_t term_operations = {
	.reply = reply,
	.bell = bell,
	.leds = leds,
	.palette = palette_changed,
	.bring_front = bring_front,
};

/* By VGA number, as the screen wants it; the machine has it by ANSI number. */
void vt_show_palette(const vt_t *vt)
{
	u8 rgb[16][3];

	for (u32 i = 0; i < 16; i++)
		memcpy(rgb[term_ansi_to_vga[i & 7] | (i & 8)], vt->term.palette[i], 3);
	screen_set_palette(rgb);
}

/* ---- terminal driver ---- */

static size_t vt_write(tty_t *tty, const u8 *data, size_t len)
{
	vt_t *vt = tty->driver_data;

	for (size_t done = 0; done < len; done += WRITE_PIECE) {
		unsigned long flags;

		spin_lock_irqsave(&vt->lock, &flags);
		term_write(&vt->term, data + done, MIN(len - done, (size_t)WRITE_PIECE));
		spin_unlock_irqrestore(&vt->lock, flags);
	}
	if (READ_ONCE(vt_front) == vt)
		screen_touch();
	return len;
}

static size_t vt_write_room(tty_t *tty)
{
	return WRITE_ROOM;
}

static void vt_stop(tty_t *tty)
{
	keyboard_set_hold(tty->driver_data, true);
}

static void vt_start(tty_t *tty)
{
	keyboard_set_hold(tty->driver_data, false);
}

/* Under tty_mutex, as the next. The console may have been given up since its name was looked up. */
static int vt_opened(tty_t *tty, file_t *f)
{
	vt_t *vt = tty->driver_data;
	int r = 0;

	mutex_lock(&vt_mutex);
	if (consoles[vt->number] == vt)
		vt->open = true;
	else
		r = -ENXIO;
	mutex_unlock(&vt_mutex);
	return r;
}

static void vt_closed(tty_t *tty)
{
	vt_t *vt = tty->driver_data;

	mutex_lock(&vt_mutex);
	vt->open = false;
	mutex_unlock(&vt_mutex);
}

static void vt_free(tty_t *tty)
{
	vt_t *vt = tty->driver_data;

	if (vt->owner)
		pid_put(vt->owner);
	kvfree(vt->term.cells);
	kfree(vt);
}

static const tty_operations_t vt_operations = {
	.write = vt_write,
	.write_room = vt_write_room,
	.stop = vt_stop,
	.start = vt_start,
	.open = vt_opened,
	.last_close = vt_closed,
	.ioctl = vt_ioctl,
	.destroy = vt_free,
};

static cell_t *alloc_cells(u32 cols, u32 rows)
{
	return kvmalloc((size_t)(rows + SCROLLBACK) * cols * sizeof(cell_t), GFP_KERNEL);
}

static void set_winsize(vt_t *vt)
{
	struct winsize ws = { .ws_row = (u16)vt->term.rows, .ws_col = (u16)vt->term.cols };

	tty_set_winsize(vt->tty, &ws);
}

vt_t *vt_make(u32 number)
{
	const screen_t *screen = screen_get();
	cell_t *cells;
	char name[16];
	vt_t *vt;

	if (!number || number > VT_MAX_CONSOLES || !screen)
		return ERR_PTR(-ENXIO);
	if (consoles[number])
		return consoles[number];
	vt = kzalloc(sizeof(*vt), GFP_KERNEL);
	cells = alloc_cells(screen->cols, screen->rows);
	if (!vt || !cells)
		goto out_free;
	vt->number = number;
	vt->asked_leds = LEDS_NOT_ASKED;
	keyboard_setup(&vt->kbd);
	spinlock_init(&vt->lock);
	snprintf(name, sizeof(name), "tty%u", number);
	vt->tty = tty_create(&vt_operations, vt, name, makedev(TTY_MAJOR, number));
	if (!vt->tty)
		goto out_free;
	vt->tty->termios.c_iflag |= IUTF8;
	vt->tty->initial = vt->tty->termios;
	term_setup(&vt->term, &term_operations);
	term_set_cells(&vt->term, cells, screen->rows + SCROLLBACK, screen->cols, screen->rows);
	set_winsize(vt);
	consoles[number] = vt;
	vcs_make_nodes(number);
	return vt;
out_free:
	kvfree(cells);
	kfree(vt);
	return ERR_PTR(-ENOMEM);
}

int vt_destroy(u32 number)
{
	int r = -EBUSY; /* for none too, as Linux answers */
	tty_t *tty = NULL;
	vt_t *vt;

	mutex_lock(&vt_mutex);
	vt = vt_by_number(number);
	if (vt && vt != vt_front && !vt_is_open(vt)) {
		r = 0;
		tty = vt->tty;
		consoles[number] = NULL;
		vcs_remove_nodes(number);
	}
	mutex_unlock(&vt_mutex);
	/* Waits for work, and work waits for vt_mutex. */
	if (tty)
		tty_put(tty);
	return r;
}

tty_t *vt_open_number(u32 number)
{
	tty_t *tty;
	vt_t *vt;

	mutex_lock(&vt_mutex);
	if (number == 0)
		vt = vt_front ? vt_front : ERR_PTR(-ENXIO);
	else
		vt = vt_make(number);
	tty = IS_ERR(vt) ? (tty_t *)vt : vt->tty;
	if (!IS_ERR(vt))
		tty_get(tty);
	mutex_unlock(&vt_mutex);
	return tty;
}

int vt_resize_all(u32 cols, u32 rows)
{
	cell_t *memory[VT_MAX_CONSOLES + 1] = { NULL };
	u32 number;

	for (number = 1; number <= VT_MAX_CONSOLES; number++) {
		if (!consoles[number])
			continue;
		memory[number] = alloc_cells(cols, rows);
		if (!memory[number])
			goto out_free;
	}
	for (number = 1; number <= VT_MAX_CONSOLES; number++) {
		vt_t *vt = consoles[number];
		unsigned long flags;

		if (!vt)
			continue;
		spin_lock_irqsave(&vt->lock, &flags);
		memory[number] =
			term_set_cells(&vt->term, memory[number], rows + SCROLLBACK, cols, rows);
		spin_unlock_irqrestore(&vt->lock, flags);
		set_winsize(vt);
		kvfree(memory[number]);
	}
	screen_redraw();
	return 0;
out_free:
	while (number--)
		kvfree(memory[number]);
	return -ENOMEM;
}

/* ---- the screen's source ---- */

static bool lock_if_it_can_be(spinlock_t *lock)
{
	static u32 patience = LOCK_TRIES; /* one CPU's: that of the panic */

	if (!panicking()) {
		spin_lock(lock);
		__release(lock); /* for sparse, here and below: unlock_front tells it */
		return true;
	}
	for (u32 tries = 0; tries < patience; tries++) {
		if ((spin_trylock)(lock))
			return true;
		cpu_relax();
	}
	patience = 1; /* not again for each row */
	return false;
}

typedef struct front_locks {
	unsigned long flags;
	bool front, console;
} front_locks_t;

/* Works in a panic too. NULL: none is in front yet. */
static vt_t *lock_front(front_locks_t *locks)
{
	vt_t *vt;

	locks->flags = arch_irq_save();
	locks->console = false;
	locks->front = lock_if_it_can_be(&vt_front_lock);
	vt = vt_front;
	if (vt)
		locks->console = lock_if_it_can_be(&vt->lock);
	return vt;
}

static void unlock_front(vt_t *vt, const front_locks_t *locks)
{
	if (locks->console) {
		__acquire(&vt->lock); /* for sparse: lock_front took what it says it took */
		spin_unlock(&vt->lock);
	}
	if (locks->front) {
		__acquire(&vt_front_lock);
		spin_unlock(&vt_front_lock);
	}
	arch_irq_restore(locks->flags);
}

static bool source_row(u32 y, cell_t *out, u32 cols)
{
	front_locks_t locks;
	vt_t *vt = lock_front(&locks);
	bool shown = vt && (!vt->graphics || panicking());

	if (shown && y >= vt->term.rows) {
		term_fill(out, vt->term.blank, cols); /* VT_RESIZE made it smaller */
	} else if (shown) {
		u32 n = MIN(cols, vt->term.cols);

		memcpy(out, term_seen_row(&vt->term, y), n * sizeof(*out));
		term_fill(out + n, vt->term.blank, cols - n);
	}
	unlock_front(vt, &locks);
	return shown;
}

/* console_codes(4), "cursor appearance": heights 1 (none) to 6 (block), 0 the default. */
static u32 cursor_eighths(u32 type)
{
	static const u8 heights[] = { 1, 0, 1, 3, 4, 6, 8 };

	return (type & 15) < ARRAY_SIZE(heights) ? heights[type & 15] : heights[0];
}

static void source_cursor(screen_cursor_t *out)
{
	front_locks_t locks;
	vt_t *vt = lock_front(&locks);
	const term_t *t = &vt->term;
	u32 height = cursor_eighths(t->cursor_type);

	*out = (screen_cursor_t){ .visible = t->cursor_visible && height,
				  .x = t->pen.x,
				  .y = t->pen.y + t->back,
				  .height = height };
	unlock_front(vt, &locks);
}

static const screen_source_t screen_source = { .row = source_row, .cursor = source_cursor };

/* ---- the kernel log ---- */

static void log_write(console_t *con, const char *s, size_t len)
{
	front_locks_t locks;
	vt_t *vt = lock_front(&locks);

	term_print(&vt->term, s, len);
	unlock_front(vt, &locks);
	if (panicking())
		screen_panic();
	else
		screen_log_touch();
}

__init console_t *vt_console(void)
{
	return vt_front ? &log_console : NULL;
}

__init void vt_init(void)
{
	vt_t *first;

	if (!screen_get())
		return;
	speaker_init();
	keyboard_init();
	mutex_lock(&vt_mutex);
	first = vt_make(1);
	BUG_ON(IS_ERR(first));
	vt_front = first;
	vt_switch_init();
	vcs_init();
	mutex_unlock(&vt_mutex);
	vt_show_palette(first);
	screen_set_source(&screen_source);
	log_console.name = "tty0";
	log_console.write = log_write;
	for (u32 number = 0; number <= VT_MAX_CONSOLES; number++) {
		char name[16];

		snprintf(name, sizeof(name), "tty%u", number);
		if (devtmpfs_create(name, number ? 0600 : 0620, makedev(TTY_MAJOR, number)))
			pr_warn("vt: /dev/%s cannot be made\n", name);
	}
}
