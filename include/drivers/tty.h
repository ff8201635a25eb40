/*
 * Terminals. A tty_t joins a device (serial line, pty end) to the line discipline that makes lines,
 * echo and signals of its input.
 *
 * A driver allocates with tty_create, calls tty_receive from its interrupt handler with what came
 * in, and tty_write_wakeup when there is room for output again. The line discipline calls the
 * driver's ops.
 */
#ifndef DRIVERS_TTY_H
#define DRIVERS_TTY_H

#include <fs/vfs.h>
#include <kernel/process.h>
#include <kernel/softirq.h>
#include <uapi/termios.h>

struct tty;

typedef struct tty_operations {
	/* Takes up to len bytes, any context; returns how many. */
	size_t (*write)(struct tty *tty, const u8 *data, size_t len);
	size_t (*write_room)(struct tty *tty);
	size_t (*chars_queued)(struct tty *tty); /* NULL: 0 */
	void (*flush_output)(struct tty *tty);	 /* NULL: nothing to drop */
	void (*set_termios)(struct tty *tty);	 /* NULL: no hardware to set */
	void (*stop)(struct tty *tty);		 /* output flow control; NULL: nothing to do */
	void (*start)(struct tty *tty);
	void (*send_break)(struct tty *tty, bool on);
	int (*modem_get)(struct tty *tty); /* TIOCM_*; NULL: -ENOTTY */
	int (*modem_set)(struct tty *tty, u32 set, u32 clear);
	/* Input buffer has room again (after it was full). */
	void (*unthrottle)(struct tty *tty);
	int (*open)(struct tty *tty, file_t *f);
	void (*last_close)(struct tty *tty);
	long (*ioctl)(struct tty *tty, file_t *f, u32 cmd, unsigned long arg); /* -ENOIOCTLCMD */
	void (*destroy)(struct tty *tty);
} tty_operations_t;

#define TTY_BUFFER 4096 /* bytes of edited input, echo, and raw input; powers of two */
#define TTY_RAW_BUFFER 8192

typedef struct tty_ring {
	u32 head, tail; /* free-running */
	u8 data[TTY_BUFFER];
} tty_ring_t;

/*
 * Keys: (t) termios_lock; (i) input_lock; (o) output_lock; (c) control_lock, a spinlock with
 * interrupts off; (r) raw_lock, likewise; (k) constant; (a) atomic. Order: push > termios >
 * output > input > control.
 */
typedef struct tty {
	refcount_t refs;
	const tty_operations_t *ops; /* (k) */
	void *driver_data;	     /* (k) */
	char name[16];		     /* (k) "ttyS0", "pts/3" */
	dev_t dev;		     /* (k) */

	rwsem_t termios_lock;
	struct termios2 termios; /* (t) */
	struct termios2 initial; /* (t) what a last close goes back to */
	struct termios2 fixed; /* (t) bits set, and keys not 0, cannot be changed: TIOCSLCKTRMIOS */
	struct winsize winsize; /* (c) */

	/* raw input from interrupts, taken up by the work item */
	spinlock_t raw_lock;
	u32 raw_head, raw_tail; /* (r) */
	u8 raw[TTY_RAW_BUFFER];
	work_t input_work;
	bool break_pending; /* (a) a line break came after what is in raw */

	/* line discipline */
	mutex_t push_lock; /* one takes raw input through it at a time: keeps the order */
	mutex_t input_lock;
	u8 buffer[TTY_BUFFER];			 /* (i) edited input */
	unsigned long line_end[TTY_BUFFER / 64]; /* (i) a line ends with this byte */
	unsigned long line_eof[TTY_BUFFER / 64]; /* (i) the byte is an end-of-file mark */
	u32 head, tail, canon_head; /* (i) free-running: written, read, last complete line */
	bool literal_next;	    /* (i) */
	bool erasing;		    /* (i) inside an ECHOPRT sequence */
	bool throttled;		    /* (i) sender was told to stop */
	mutex_t output_lock;	    /* one writer at a time */
	u32 column;		    /* (i) of echo and output, racy between them */
	u32 canon_column;	    /* (i) where the current line began */
	tty_ring_t echo;	    /* (i) echo that found no room */
	mutex_t read_lock;	    /* one reader at a time */
	wait_queue_head_t read_wait, write_wait;
	fasync_list_t fasync; /* O_ASYNC of the open files */

	spinlock_t control_lock;
	struct pid *session, *group; /* (c) own references */
	bool flow_stopped;	     /* (c) */
	bool flow_held;		     /* (c) stopped by tcflow(3), which alone lets it go on */
	u32 hangups;		     /* (a) how often it was hung up */
	bool exclusive;		     /* (c) */
	bool packet;		     /* (c) pty master */
	u8 packet_status;	     /* (c) */
	list_t files;		     /* tty_mutex: open files, by tty_file_t */
	u32 open_count;		     /* tty_mutex */
	struct tty *link;	     /* (k) other end of a pty, own reference from the master */
	bool other_closed;	     /* (c) the other end of a pty is gone */
	bool locked;		     /* (c) pty slave: TIOCSPTLCK */
} tty_t;

extern mutex_t tty_mutex; /* opening, closing, hang-up: the set of files of each tty */

void tty_init(void); /* boot: /dev/tty, /dev/console, ptys */
tty_t *tty_create(const tty_operations_t *ops, void *driver_data, const char *name, dev_t dev);
void tty_get(tty_t *tty);
void tty_put(tty_t *tty); /* the last one calls ops->destroy and frees; may sleep */
/* Makes /dev/<name>; opening that finds it by its number. */
int tty_register(tty_t *tty);
/* open(2) of a tty: attaches it to the file, may make it the controlling terminal. 0 or errno. */
int tty_open_file(tty_t *tty, file_t *f);
tty_t *tty_of_file(file_t *f); /* NULL when not a terminal or hung up */
extern const file_operations_t tty_file_operations;

/* Driver side. */
size_t tty_receive(tty_t *tty, const u8 *data, size_t len); /* interrupt context; bytes taken */
size_t tty_receive_room(tty_t *tty);
void tty_receive_break(tty_t *tty);
void tty_write_wakeup(tty_t *tty);
void tty_hangup(tty_t *tty);	      /* may sleep: swaps files' operations, signals the session */
void tty_input_flush_raw(tty_t *tty); /* waits until queued raw input went through the discipline */

/* What /dev/console opens: the last console= of the command line. Boot. */
void tty_set_console(dev_t dev);
/* The controlling terminal of the running process: referenced, or NULL. */
tty_t *tty_current(void);

#endif
