/*
 * All sockets of the family: /proc/net/unix (proc(5)).
 */
#include "unix_internal.h"

#include <fs/procfs.h>
#include <kernel/lib/hash.h>
#include <kernel/panic.h>

#define BUCKET_BITS 8
/* Flags and states as Linux numbers them. */
#define SHOWN_LISTENING 0x10000u
#define SHOWN_UNCONNECTED 1
#define SHOWN_CONNECTING 2
#define SHOWN_CONNECTED 3
#define SHOWN_DISCONNECTING 4

typedef struct bucket {
	spinlock_t lock;
	hlist_head_t sockets;
} bucket_t;

static bucket_t buckets[1 << BUCKET_BITS];

static bucket_t *bucket_of(const unix_socket_t *u)
{
	return &buckets[hash_ptr(u, BUCKET_BITS)];
}

void unix_all_add(unix_socket_t *u)
{
	bucket_t *b = bucket_of(u);

	spin_lock(&b->lock);
	hlist_add_head(&u->all_link, &b->sockets);
	spin_unlock(&b->lock);
}

void unix_all_remove(unix_socket_t *u)
{
	bucket_t *b = bucket_of(u);

	spin_lock(&b->lock);
	hlist_del(&u->all_link);
	spin_unlock(&b->lock);
}

static void show_address(seq_file_t *m, const unix_address_t *a)
{
	u32 len = a->len - (u32)UNIX_PATH_OFFSET;

	seq_putc(m, ' ');
	if (unix_address_abstract(a))
		seq_putc(m, '@');
	else
		len--; /* the NUL */
	for (u32 i = unix_address_abstract(a); i < len; i++)
		seq_putc(m, a->name.sun_path[i] ? a->name.sun_path[i] : '@');
}

/* Its bucket is locked. */
static void show_socket(seq_file_t *m, unix_socket_t *u)
{
	unix_address_t *a = unix_address_of(u);
	socket_t *s = &u->socket;
	ino_t ino = 0;
	int state;

	spin_lock(&s->lock);
	if (s->file) {
		ino = s->file->node->ino;
		state = s->state == SOCKET_CONNECTED ? SHOWN_CONNECTED : SHOWN_UNCONNECTED;
	} else {
		state = s->state == SOCKET_CONNECTED ? SHOWN_CONNECTING : SHOWN_DISCONNECTING;
	}
	seq_printf(m, "%016lx: %08X %08X %08X %04X %02X %5lu", (unsigned long)0,
		   refcount_read(&s->refs) + 1, 0,
		   /* Linux's table counts, too */ s->state == SOCKET_LISTENING ? SHOWN_LISTENING
										: 0,
		   s->type, state, ino);
	spin_unlock(&s->lock);
	if (a)
		show_address(m, a);
	seq_putc(m, '\n');
}

static int show_all(seq_file_t *m, void *arg)
{
	unix_socket_t *u;

	seq_puts(m, "Num       RefCount Protocol Flags    Type St Inode Path\n");
	for (u32 i = 0; i < ARRAY_SIZE(buckets); i++) {
		spin_lock(&buckets[i].lock);
		hlist_for_each_entry(u, &buckets[i].sockets, all_link)
			show_socket(m, u);
		spin_unlock(&buckets[i].lock);
	}
	return 0;
}

void __init unix_show_init(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(buckets); i++)
		spinlock_init(&buckets[i].lock);
	if (proc_create_single("net/unix", 0444, show_all, NULL))
		panic("No memory for /proc/net");
}
