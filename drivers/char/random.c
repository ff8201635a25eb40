/*
 * The random number generator, /dev/random and /dev/urandom.
 *
 * One base key is the memory of all entropy. What is mixed in is absorbed 32 bytes at a time by a
 * ChaCha20 block whose output becomes the next key. Each CPU has a key of its own, drawn from the
 * base key whenever that has changed (its generation says so); a request runs the CPU's key, whose
 * first 32 bytes of output at once replace it, so that a later look at memory tells nothing about
 * what was given out (D. J. Bernstein, "Fast-key-erasure random-number generators", 2017).
 *
 * The first seed: what the boot code found, RDRAND where there is one, the clocks, and the jitter
 * of a loop that an interrupt, the caches and the memory bus disturb. From then on the generator
 * counts as seeded: nothing ever blocks. While it runs the base is stirred again every minute.
 */
#include <drivers/random.h>

#include <arch/time.h>
#include <arch/uaccess.h>
#include <fs/procfs.h>
#include <fs/vfs.h>
#include <kernel/boot.h>
#include <kernel/cred.h>
#include <kernel/lib/chacha.h>
#include <kernel/lib/string.h>
#include <kernel/signal.h>
#include <kernel/thread.h>
#include <kernel/time/clock.h>

#define KEY_WORDS 8
#define KEY_BYTES 32
#define RESEED_INTERVAL (60 * NSEC_PER_SEC)
#define JITTER_ROUNDS 1024
#define MEM_MAJOR 1
#define RANDOM_MINOR 8
#define URANDOM_MINOR 9

typedef struct generator {
	u32 key[KEY_WORDS];
	u64 generation; /* of the base key that it came from; 0: none yet */
} generator_t;

static spinlock_t base_lock = SPINLOCK_INIT("random"); /* interrupts off */
static u32 base_key[KEY_WORDS];			       /* base_lock */
static u64 base_generation = 1;			       /* base_lock; read racily */
static nsec_t next_reseed;			       /* base_lock; read racily */
static DEFINE_PERCPU(generator_t, generator);

/* One step of a key: 32 bytes for the next key, the other 32 to give out. */
static void step(u32 key[KEY_WORDS], u32 out[KEY_WORDS])
{
	static const u32 nonce[3];
	u32 block[16];

	chacha20_block(key, 0, nonce, (u8 *)block);
	memcpy(key, block, KEY_BYTES);
	memcpy(out, block + KEY_WORDS, KEY_BYTES);
	memset(block, 0, sizeof(block));
	__asm__ volatile("" ::"r"(block) : "memory"); /* the clearing stays */
}

/* base_lock held. */
static void absorb(const void *data, size_t len)
{
	const u8 *from = data;
	u32 unused[KEY_WORDS];

	while (len) {
		u8 chunk[KEY_BYTES] = { 0 };
		size_t n = MIN(len, sizeof(chunk));

		memcpy(chunk, from, n);
		for (u32 i = 0; i < KEY_WORDS; i++) {
			u32 word;

			memcpy(&word, chunk + i * sizeof(word), sizeof(word));
			base_key[i] ^= word;
		}
		step(base_key, unused);
		from += n;
		len -= n;
	}
	base_generation++;
}

void random_mix(const void *data, size_t len)
{
	unsigned long flags;

	spin_lock_irqsave(&base_lock, &flags);
	absorb(data, len);
	spin_unlock_irqrestore(&base_lock, flags);
}

static void stir(void)
{
	u64 seed[6] = { arch_cycles(), (u64)clock_monotonic(), (u64)clock_realtime() };

	for (u32 i = 3; i < ARRAY_SIZE(seed); i++)
		if (!arch_random(&seed[i]))
			seed[i] = arch_cycles();
	random_mix(seed, sizeof(seed));
	WRITE_ONCE(next_reseed, clock_monotonic() + RESEED_INTERVAL);
}

/* Interrupts off: the running CPU's generator, up to date. */
static generator_t *fresh_generator(void)
{
	generator_t *g = this_cpu_ptr(&generator);

	if (g->generation == READ_ONCE(base_generation))
		return g;
	spin_lock(&base_lock);
	step(base_key, g->key);
	g->generation = base_generation;
	spin_unlock(&base_lock);
	return g;
}

void random_get_bytes(void *out, size_t len)
{
	u8 *to = out;

	if (unlikely(clock_monotonic() >= READ_ONCE(next_reseed)))
		stir();
	while (len) {
		size_t n = MIN(len, (size_t)KEY_BYTES);
		u32 bytes[KEY_WORDS];
		unsigned long flags = arch_irq_save();

		step(fresh_generator()->key, bytes);
		arch_irq_restore(flags);
		memcpy(to, bytes, n);
		memset(bytes, 0, sizeof(bytes));
		__asm__ volatile("" ::"r"(bytes) : "memory");
		to += n;
		len -= n;
	}
}

ssize_t random_fill_iter(iter_t *it)
{
	ssize_t done = 0;
	u8 buf[256];

	while (it->count) {
		size_t n = MIN(it->count, sizeof(buf)), copied;

		random_get_bytes(buf, n);
		copied = copy_to_iter(buf, n, it);
		done += (ssize_t)copied;
		if (copied < n)
			break;
		if (done % (ssize_t)PAGE_SIZE == 0 && signal_pending(current()))
			break;
	}
	memset(buf, 0, sizeof(buf));
	__asm__ volatile("" ::"r"(buf) : "memory");
	return done || !it->count ? done : -EFAULT;
}

static ssize_t device_read(file_t *f, iter_t *it, off_t *pos)
{
	return random_fill_iter(it);
}

static ssize_t device_write(file_t *f, iter_t *it, off_t *pos)
{
	ssize_t done = 0;
	u8 buf[256];

	while (it->count) {
		size_t n = MIN(it->count, sizeof(buf)), copied = copy_from_iter(buf, n, it);

		random_mix(buf, copied);
		done += (ssize_t)copied;
		if (copied < n)
			break;
		if (done % (ssize_t)PAGE_SIZE == 0 && signal_pending(current()))
			break;
	}
	return done || !it->count ? done : -EFAULT;
}

static off_t device_seek(file_t *f, off_t off, int whence)
{
	return 0;
}

/* random(4). The generator keeps no count of entropy: it is seeded, and 256 bits are what it has. */
#define ENTROPY_BITS (KEY_BYTES * 8)
#define RNDGETENTCNT 0x80045200u
#define RNDADDTOENTCNT 0x40045201u
#define RNDADDENTROPY 0x40085203u
#define RNDZAPENTCNT 0x5204u
#define RNDCLEARPOOL 0x5206u
#define RNDRESEEDCRNG 0x5207u

/* struct rand_pool_info: bits, bytes, then the bytes. */
static long add_entropy(const s32 __user *info)
{
	s32 counts[2];
	u8 buf[256];

	if (copy_from_user(counts, info, sizeof(counts)))
		return -EFAULT;
	if (counts[0] < 0 || counts[1] < 0)
		return -EINVAL;
	for (size_t done = 0, n; done < (size_t)counts[1]; done += n) {
		n = MIN((size_t)counts[1] - done, sizeof(buf));
		if (copy_from_user(buf, (const u8 __user *)(info + 2) + done, n))
			return -EFAULT;
		random_mix(buf, n);
		if (signal_pending(current()))
			return -EINTR;
	}
	return 0;
}

static long device_ioctl(file_t *f, u32 cmd, unsigned long arg)
{
	u32 bits;

	if (cmd == RNDGETENTCNT)
		return put_user_u32(ENTROPY_BITS, (u32 __user *)arg);
	if (cmd != RNDADDTOENTCNT && cmd != RNDADDENTROPY && cmd != RNDZAPENTCNT &&
	    cmd != RNDCLEARPOOL && cmd != RNDRESEEDCRNG)
		return -EINVAL;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	switch (cmd) {
	case RNDADDTOENTCNT:
		if (get_user_u32(&bits, (u32 __user *)arg))
			return -EFAULT;
		return (s32)bits < 0 ? -EINVAL : 0;
	case RNDADDENTROPY:
		return add_entropy((const s32 __user *)arg);
	case RNDRESEEDCRNG:
		stir();
	}
	return 0;
}

static int device_open(vfs_node_t *node, file_t *f)
{
	if (dev_minor(node->rdev) == URANDOM_MINOR)
		f->mode |= FMODE_NOWAIT;
	return 0;
}

static const file_operations_t random_operations = {
	.open = device_open,
	.llseek = device_seek,
	.ioctl = device_ioctl,
	.read_iter = device_read,
	.write_iter = device_write,
};

static int show_boot_id(seq_file_t *m, void *arg)
{
	static u8 boot_id[16];
	u8 fresh[16] = { 0 }, *id = arg ? boot_id : fresh;

	/* RFC 4122 4.4: version 4, the variant in the top bits of byte 8. */
	if (!id[6]) {
		random_get_bytes(id, 16);
		id[6] = (id[6] & 0x0f) | 0x40;
		id[8] = (id[8] & 0x3f) | 0x80;
	}
	for (u32 i = 0; i < 16; i++)
		seq_printf(m, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id[i]);
	seq_putc(m, '\n');
	return 0;
}

static int show_bits(seq_file_t *m, void *arg)
{
	seq_printf(m, "%d\n", KEY_BYTES * 8);
	return 0;
}

__init void random_devices_init(void)
{
	if (register_chrdev_region(MEM_MAJOR, RANDOM_MINOR, 2, "random", &random_operations))
		panic("The random devices' numbers are taken");
	devtmpfs_create("random", 0666, makedev(MEM_MAJOR, RANDOM_MINOR));
	devtmpfs_create("urandom", 0666, makedev(MEM_MAJOR, URANDOM_MINOR));
	proc_create_single("sys/kernel/random/boot_id", 0444, show_boot_id, (void *)1);
	proc_create_single("sys/kernel/random/uuid", 0444, show_boot_id, NULL);
	proc_create_single("sys/kernel/random/entropy_avail", 0444, show_bits, NULL);
	proc_create_single("sys/kernel/random/poolsize", 0444, show_bits, NULL);
}

void __init random_init(void)
{
	u64 jitter[4] = { boot_info.random_seed, (u64)arch_rtc_read(), arch_cycles(), 0 };
	volatile u8 touched[512] = { 0 };

	for (u32 i = 0; i < JITTER_ROUNDS; i++) {
		u64 before = arch_cycles();

		touched[(before ^ i) % sizeof(touched)]++;
		jitter[3] = (jitter[3] << 7 | jitter[3] >> 57) ^ (arch_cycles() - before);
		if (i % 32 == 0)
			random_mix(jitter, sizeof(jitter));
	}
	random_mix(jitter, sizeof(jitter));
	stir();
}
