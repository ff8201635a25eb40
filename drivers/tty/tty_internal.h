/*
 * Shared by the files of drivers/tty: core (open files, sessions), discipline (input, output),
 * ioctls.
 */
#ifndef DRIVERS_TTY_INTERNAL_H
#define DRIVERS_TTY_INTERNAL_H

#include <drivers/tty.h>

/* An open file of a terminal; file->private_data. */
typedef struct tty_file {
	tty_t *tty; /* own reference */
	file_t *file;
	const file_operations_t *ops; /* the file's own: tty_mutex, while it is hung up */
	list_t link;		      /* tty->files: tty_mutex */
} tty_file_t;

/* A read or write has to end: the file was hung up, or the other end of the pty has gone. */
bool tty_file_ended(const tty_t *tty, const file_t *f);

static inline bool tty_lflag(const tty_t *tty, u32 f)
{
	return tty->termios.c_lflag & f;
}
static inline bool tty_iflag(const tty_t *tty, u32 f)
{
	return tty->termios.c_iflag & f;
}
static inline bool tty_oflag(const tty_t *tty, u32 f)
{
	return tty->termios.c_oflag & f;
}

/* Lines are made here, and not by who is on the other side (EXTPROC of telnet's LINEMODE). */
static inline bool tty_canonical(const tty_t *tty)
{
	return (tty->termios.c_lflag & (ICANON | EXTPROC)) == ICANON;
}

/* discipline_in.c */
void discipline_receive(tty_t *tty, const u8 *data, size_t len); /* takes input_lock */
void discipline_break(tty_t *tty);
size_t discipline_room(tty_t *tty);
void discipline_flush_input(tty_t *tty);
void discipline_termios_changed(tty_t *tty, u32 old_lflag);
void discipline_check_unthrottle(tty_t *tty);  /* after a read made room: input_lock held */
bool discipline_readable(tty_t *tty, u32 min); /* a read would return at once */
u32 discipline_queued(tty_t *tty);	       /* FIONREAD */
/* discipline_read.c */
ssize_t discipline_read(tty_t *tty, file_t *f, iter_t *it);
/* discipline_out.c */
ssize_t discipline_write(tty_t *tty, file_t *f, iter_t *it);
void discipline_echo(tty_t *tty, u8 c); /* input_lock: with output processing */
void discipline_echo_raw(tty_t *tty, u8 c);
void discipline_flush_echo(tty_t *tty);
size_t discipline_process_output(tty_t *tty, const u8 *data, size_t len);

/* core.c: takes raw input through the discipline as far as there is room; may sleep */
void tty_push_input(tty_t *tty);

/* control.c: sessions, groups, job control */
int tty_check_job_control(tty_t *tty, int sig); /* 0, -EIO, -ERESTARTSYS */
void tty_signal_group(tty_t *tty, int sig);
long tty_control_ioctl(tty_t *tty, file_t *f, u32 cmd, unsigned long arg); /* -ENOIOCTLCMD */
void tty_maybe_set_controlling(tty_t *tty, file_t *f);
void tty_set_winsize(tty_t *tty, const struct winsize *ws);
void tty_disassociate(bool leader_exits);
void tty_hangup_session(tty_t *tty); /* tty_mutex held */

/* ioctl.c */
long tty_ioctl(file_t *f, u32 cmd, unsigned long arg);
long tty_ioctl_on(tty_t *tty, file_t *f, u32 cmd, unsigned long arg);
void tty_release(file_t *f);	    /* core.c */
int tty_fasync(file_t *f, bool on); /* core.c */
int tty_drain_output(tty_t *tty);   /* waits; 0 or -ERESTARTSYS */
void tty_flow(tty_t *tty, bool stop);
void tty_hold_flow(tty_t *tty, bool hold);	     /* TCOOFF, TCOON: neither is undone by a key */
void tty_packet_event(tty_t *tty, u8 set, u8 clear); /* tells the master in packet mode */

/* pty.c */
void pty_init(void);
#define TTY_MAJOR 4
#define TTYAUX_MAJOR 5
#define PTS_MAJOR 136

#endif
