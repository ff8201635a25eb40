/*
 * The initial root file system: every boot module that is cpio archives (newc, plain, then gzip) is
 * unpacked into the root tmpfs, in order. A damaged archive ends the boot with one line; files
 * already there are replaced, as later archives overlay earlier ones.
 */
#include <kernel/init.h>

#include <arch/mmu.h>
#include <fs/vfs.h>
#include <kernel/lib/cpio.h>
#include <kernel/lib/hash.h>
#include <kernel/lib/inflate.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <uapi/errno.h>
#include <kernel/printk.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>

/* Hard links: the first name of each inode with more than one. */
typedef struct link_name {
	struct link_name *next;
	u32 ino, dev_major, dev_minor;
	char name[];
} link_name_t;

#define LINK_BUCKETS 256
static link_name_t *links[LINK_BUCKETS] __initbss;

static __init link_name_t **bucket(const cpio_entry_t *e)
{
	return &links[hash_u64((u64)e->ino << 32 | e->dev_major << 16 | e->dev_minor, 8)];
}

static __init const char *find_link(const cpio_entry_t *e)
{
	for (link_name_t *l = *bucket(e); l; l = l->next)
		if (l->ino == e->ino && l->dev_major == e->dev_major &&
		    l->dev_minor == e->dev_minor)
			return l->name;
	return NULL;
}

static __init int remember_link(const cpio_entry_t *e)
{
	link_name_t *l = kmalloc(sizeof(*l) + e->name_len + 1, GFP_KERNEL);

	if (!l)
		return -ENOMEM;
	l->ino = e->ino;
	l->dev_major = e->dev_major;
	l->dev_minor = e->dev_minor;
	memcpy(l->name, e->name, e->name_len + 1);
	l->next = *bucket(e);
	*bucket(e) = l;
	return 0;
}

static __init void forget_links(void)
{
	for (u32 i = 0; i < LINK_BUCKETS; i++)
		while (links[i]) {
			link_name_t *l = links[i];

			links[i] = l->next;
			kfree(l);
		}
}

static __init int write_file(const cpio_entry_t *e, int flags)
{
	file_t *f = file_open_at(AT_FDCWD, e->name, O_WRONLY | O_CREAT | O_LARGEFILE | flags,
				 e->mode & 07777);
	size_t done = 0;

	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	while (done < e->size) {
		ssize_t n = vfs_write(f, (const char *)e->data + done, e->size - done);

		if (n <= 0) {
			file_put_now(f);
			return n ? (int)n : -ENOSPC;
		}
		done += (size_t)n;
	}
	file_put_now(f);
	return 0;
}

static __init int make_symlink(const cpio_entry_t *e)
{
	char *target = kmalloc(e->size + 1, GFP_KERNEL);
	int r;

	if (!target)
		return -ENOMEM;
	memcpy(target, e->data, e->size);
	target[e->size] = 0;
	vfs_unlink_at(AT_FDCWD, e->name, 0);
	r = vfs_symlink_at(target, AT_FDCWD, e->name);
	kfree(target);
	return r;
}

/* Owner, mode and time as the archive has them (creation applied umask and the current time). */
static __init int set_attributes(const cpio_entry_t *e)
{
	vfs_attr_t attr = { .valid = ATTR_UID | ATTR_GID | ATTR_MTIME,
			    .uid = e->uid,
			    .gid = e->gid,
			    .mtime = e->mtime * NSEC_PER_SEC };
	path_t path;
	int r = path_lookup(AT_FDCWD, e->name, 0, &path);

	if (r)
		return r;
	r = vfs_setattr(&path, &attr);
	if (!r && !S_ISLNK(e->mode)) {
		attr = (vfs_attr_t){ .valid = ATTR_MODE, .mode = e->mode & 07777 };
		r = vfs_setattr(&path, &attr);
	}
	path_put(&path);
	return r;
}

static __init int make_entry(const cpio_entry_t *e)
{
	const char *other;
	int r;

	switch (e->mode & S_IFMT) {
	case S_IFDIR:
		r = vfs_mkdir_at(AT_FDCWD, e->name, e->mode & 07777);
		return r == -EEXIST ? 0 : r;
	case S_IFLNK:
		return make_symlink(e);
	case S_IFREG:
		other = e->nlink > 1 ? find_link(e) : NULL;
		if (other) {
			vfs_unlink_at(AT_FDCWD, e->name, 0);
			r = vfs_link_at(AT_FDCWD, other, AT_FDCWD, e->name, 0);
			/* The data of linked files stands with their last name. */
			return r || !e->size ? r : write_file(e, O_TRUNC);
		}
		vfs_unlink_at(AT_FDCWD, e->name, 0);
		r = write_file(e, O_EXCL);
		return !r && e->nlink > 1 ? remember_link(e) : r;
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		vfs_unlink_at(AT_FDCWD, e->name, 0);
		return vfs_mknod_at(AT_FDCWD, e->name, e->mode,
				    makedev(e->rdev_major, e->rdev_minor));
	}
	return -EINVAL;
}

/* Returns where something else than an archive begins, or size. */
static __init size_t unpack_cpio(const void *data, size_t size, const char *what)
{
	cpio_entry_t e;
	cpio_t c;
	int r;

	cpio_open(&c, data, size);
	while ((r = cpio_next(&c, &e)) > 0) {
		if (!strcmp(e.name, ".") || !*e.name)
			continue;
		r = make_entry(&e);
		if (!r)
			r = set_attributes(&e);
		if (r)
			panic("The initramfs %s cannot be unpacked: %s: error %d", what, e.name,
			      -r);
	}
	forget_links();
	if (r < 0)
		panic("The initramfs %s is damaged", what);
	return cpio_offset(&c);
}

typedef struct sink {
	char *data;
	size_t used, size;
} sink_t;

static int take_output(void *ctx, const void *data, size_t len)
{
	sink_t *s = ctx;

	if (s->used + len > s->size) {
		size_t size = MAX(s->size * 2, s->used + len);
		char *more = vmalloc(size);

		if (!more)
			return -ENOMEM;
		memcpy(more, s->data, s->used);
		vfree(s->data);
		s->data = more;
		s->size = size;
	}
	memcpy(s->data + s->used, data, len);
	s->used += len;
	return 0;
}

static __init u32 read_u32(const u8 *p)
{
	return (u32)p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

static __init void unpack_gzip(const u8 *data, size_t size, const char *what)
{
	/* The last four bytes tell the length modulo 4 GiB: right at once for one member. */
	sink_t s = { .size = MAX((size_t)read_u32(data + size - 4), (size_t)PAGE_SIZE) };
	void *workspace = vmalloc(INFLATE_WORKSPACE);
	int r = -ENOMEM;

	if (s.size > 1024 * size) /* more than DEFLATE can pack: damaged, or a lie */
		s.size = 4 * size;
	s.data = vmalloc(s.size);
	if (s.data && workspace)
		r = gunzip(data, size, take_output, &s, workspace);
	if (r == -ENOMEM)
		panic("The initramfs %s does not fit into memory", what);
	if (r)
		panic("The initramfs %s is damaged (gzip)", what);
	unpack_cpio(s.data, s.used, what);
	vfree(s.data);
	vfree(workspace);
}

static __init bool is_cpio(const u8 *p, size_t size)
{
	return size >= 6 && (!memcmp(p, "070701", 6) || !memcmp(p, "070702", 6));
}

/* Archives one behind the other; plain ones may come before compressed ones, as with an early archive of microcode. */
static __init void unpack(const u8 *data, size_t size, const char *what)
{
	size_t at = is_cpio(data, size) ? unpack_cpio(data, size, what) : 0;

	if (is_gzip(data + at, size - at))
		unpack_gzip(data + at, size - at, what);
	else if (at < size)
		pr_warn("The initramfs %s: what follows its archives is left alone\n", what);
}

__init void initramfs_unpack(void)
{
	for (u32 i = 0; i < boot_info.module_count; i++) {
		const boot_module_t *m = &boot_info.modules[i];
		const u8 *data = phys_to_virt(m->start);
		size_t size = m->end - m->start;
		const char *name = m->name[0] ? m->name : "module";

		if (is_cpio(data, size) || is_gzip(data, size))
			unpack(data, size, name);
		else if (boot_info.module_count == 1)
			panic("The boot module %s is no cpio archive, plain or gzip", name);
		else {
			pr_warn("The boot module %s is no cpio archive; left alone\n", name);
			continue;
		}
		page_free_reserved(m->start, m->end);
	}
}
