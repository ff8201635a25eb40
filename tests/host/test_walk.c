// sources: fs/vfs/walk.c fs/vfs/walk_step.c fs/vfs/dcache.c fs/vfs/node.c fs/vfs/mount.c fs/vfs/permission.c
// sources: fs/vfs/path_name.c fs/vfs/fscontext.c kernel/sync/spinlock.c
/*
 * Path walking against a resolver that follows path_resolution(7) literally: random trees with
 * symbolic links, mounts and forbidden directories, one kept in memory, one whose file system must
 * be asked and whose dentries are shrunk away, while names are made, removed and moved; then many
 * CPUs walking truly at once while others exchange names.
 */
#include <string.h>

#include <host.h>

#include <fake/fake.h>
#include <fs/vfs/vfs_internal.h>
#include <mm/slab.h>
#include <uapi/errno.h>

int sprintf(char *to, const char *format, ...); /* <stdio.h> has its own RENAME_* */

/* ---- what the walk needs from elsewhere ---- */

static cred_t cred = { .fsuid = 1000, .fsgid = 1000 };

const cred_t *current_cred(void)
{
	return &cred;
}
bool capable(int cap)
{
	return false;
}
bool cred_capable(const cred_t *c, int cap)
{
	return false;
}
bool in_group(const cred_t *c, gid_t gid)
{
	return false;
}
nsec_t clock_realtime_coarse(void)
{
	return 0;
}
u64 total_page_count(void)
{
	return 1000;
}
void register_shrinker(shrinker_t *s)
{
}
void wake_up_all(wait_queue_head_t *wq)
{
}
void notify_gone_slow(vfs_node_t *n)
{
	fail_msg("nobody watches a node here");
}
void acls_free(vfs_node_t *n) /* no node has any */
{
}

void xattrs_free(vfs_node_t *n) /* no node has any */
{
}
void yield(void)
{
}
void file_map_init(file_map_t *map, const file_map_ops_t *ops, void *owner)
{
}
void file_map_destroy(file_map_t *map)
{
}
void locks_free(vfs_node_t *n)
{
}
static int super_users;
void super_hold(super_block_t *sb)
{
	super_users++;
}
void super_put(super_block_t *sb)
{
	super_users--;
}
bool process_lock_sighand(process_t *p, unsigned long *flags)
{
	return false;
}
void process_unlock_sighand(process_t *p, unsigned long flags)
{
}
ssize_t strncpy_from_user(char *to, const char __user *from, size_t size)
{
	size_t n;

	if (!from)
		return -EFAULT;
	n = strnlen(from, size);
	memcpy(to, from, n < size ? n + 1 : size);
	return (ssize_t)n;
}

/* ---- the model ---- */

typedef struct name {
	bool used;
	u8 tree;
	mode_t mode;
	uid_t uid;
	char text[300];
	char link[64];
	struct name *parent;	 /* NULL at a root */
	struct name *mounted;	 /* root of the tree that hangs here */
	struct name *mounted_on; /* of a root */
	dentry_t *dentry;	 /* of the memory trees; the link's own reference */
} name_t;

#define NAMES 90
enum { MEMORY, COLD, SECOND, TREES };
static name_t names[NAMES], *roots[TREES], *process_root, *cwd, *fd_dir, *fd_file;
static super_block_t supers[TREES];
static mount_t *mounts[TREES];
static mount_namespace_t ns;
static file_t files[2];

fd_light_t fd_get_light_raw(int fd)
{
	return (fd_light_t){ .file = fd == 3 ? &files[0] : fd == 4 ? &files[1] : NULL };
}
void fd_put_light_slow(fd_light_t f)
{
}

static name_t *child_of(const name_t *dir, const char *text, size_t len)
{
	for (int i = 0; i < NAMES; i++)
		if (names[i].used && names[i].parent == dir && strlen(names[i].text) == len &&
		    memcmp(names[i].text, text, len) == 0)
			return &names[i];
	return NULL;
}

static name_t *topmost(name_t *n)
{
	while (n->mounted)
		n = n->mounted;
	return n;
}

static name_t *parent_of(name_t *n)
{
	while (n != process_root) {
		if (n->parent) {
			n = n->parent;
			break;
		}
		if (!n->mounted_on)
			break;
		n = n->mounted_on;
	}
	return topmost(n);
}

static bool may_search_model(const name_t *n)
{
	return n->uid == cred.fsuid ? n->mode & 0100 : n->mode & 0001;
}

/* path_resolution(7). follow and directory are about the last component of the innermost text. */
static int resolve(name_t **at, const char *text, bool follow, bool directory, bool is_last,
		   u32 flags, u32 *links)
{
	if (*text == '/')
		*at = topmost(process_root);
	for (;;) {
		const char *end, *next;
		bool last, trailing;
		name_t *child;
		size_t len;

		while (*text == '/')
			text++;
		if (!*text)
			break;
		if (!S_ISDIR((*at)->mode))
			return -ENOTDIR;
		if (!may_search_model(*at))
			return -EACCES;
		end = text + strcspn(text, "/");
		next = end + strspn(end, "/");
		len = (size_t)(end - text);
		last = !*next && is_last;
		trailing = last && next != end;
		if (last && trailing)
			follow = directory = true;
		if (len == 2 && memcmp(text, "..", 2) == 0) {
			*at = parent_of(*at);
		} else if (len != 1 || *text != '.') {
			if (len > 255)
				return -ENAMETOOLONG;
			child = child_of(*at, text, len);
			if (!child)
				return -ENOENT;
			child = topmost(child);
			if (S_ISLNK(child->mode) && (!last || follow)) {
				int r;

				if ((*links)++ >= 40 || (flags & LOOKUP_NO_SYMLINKS))
					return -ELOOP;
				r = resolve(at, child->link, follow, directory, last, flags, links);
				if (r)
					return r;
				if (last)
					return 0; /* checked in there */
			} else {
				*at = child;
			}
		}
		text = next;
	}
	return directory && is_last && !S_ISDIR((*at)->mode) ? -ENOTDIR : 0;
}

static int resolve_at(int dfd, const char *text, u32 flags, name_t **at)
{
	u32 links = 0;

	if (!*text && !(flags & LOOKUP_EMPTY))
		return -ENOENT;
	*at = cwd;
	if (*text != '/' && dfd != AT_FDCWD) {
		*at = dfd == 3 ? fd_dir : dfd == 4 ? fd_file : NULL;
		if (!*at)
			return -EBADF;
		if (*text && !S_ISDIR((*at)->mode))
			return -ENOTDIR;
	}
	return resolve(at, text, flags & LOOKUP_FOLLOW, flags & LOOKUP_DIRECTORY, true, flags,
		       &links);
}

/* ---- the real trees, made from the model ---- */

static vfs_node_t *make_node(name_t *n);

static int cold_lookup(vfs_node_t *dir, dentry_t *d)
{
	name_t *n = child_of(dir->private_data, d->name, d->name_len);
	vfs_node_t *node;

	if (!n)
		return 0;
	node = make_node(n);
	if (!node)
		return -ENOMEM;
	dentry_attach(d, node);
	return 0;
}

static const node_operations_t memory_ops, cold_ops = { .lookup = cold_lookup };
static const fs_operations_t fs_ops;

static vfs_node_t *make_node(name_t *n)
{
	vfs_node_t *node = alloc_inode(&supers[n->tree]);

	if (!node)
		return NULL;
	node->mode = n->mode;
	node->uid = n->uid;
	node->ops = n->tree == COLD ? &cold_ops : &memory_ops;
	node->private_data = n;
	if (S_ISLNK(n->mode)) {
		node->link = kstrdup(n->link, GFP_KERNEL);
		node->state = NODE_OWNS_LINK;
	}
	return node;
}

static const char *const texts[] = {
	"a",  "b",   "c",
	"dd", "eee", "f.g",
	".h", "..i", "a-name-that-is-longer-than-the-forty-bytes-inside-a-dentry"
};

static name_t *random_dir(int tree)
{
	name_t *n;

	do
		n = &names[test_random_below(NAMES)];
	while (!n->used || !S_ISDIR(n->mode) || (tree >= 0 && n->tree != tree));
	return n;
}

static name_t *random_name(void)
{
	name_t *n;

	do
		n = &names[test_random_below(NAMES)];
	while (!n->used);
	return n;
}

static void random_path(char *out, bool for_link)
{
	name_t *at = topmost(test_random_below(2) ? process_root : cwd);
	char *p = out;
	u64 n = test_random_below(for_link ? 4 : 7);

	if (test_random_below(2))
		*p++ = '/';
	for (u64 i = 0; i < n + for_link; i++) {
		const char *text = texts[test_random_below(for_link ? 6 : ARRAY_SIZE(texts))];
		name_t *child;
		u64 what = test_random_below(20);

		if (what < 3)
			text = "..";
		else if (what < 4)
			text = ".";
		for (int tries = 0; tries < 20 && what > 5 && !for_link; tries++) {
			child = random_name();
			if (child->parent == at) {
				text = child->text;
				at = topmost(child);
				break;
			}
		}
		p += sprintf(p, "%s%s", text,
			     i + 1 == n + for_link  ? ""
			     : test_random_below(9) ? "/"
						    : "//");
	}
	if (test_random_below(6) == 0)
		strcpy(p, "/");
	else
		*p = 0;
}

static void create(name_t *n)
{
	name_t *dir = random_dir(n->tree);
	const char *text = texts[test_random_below(ARRAY_SIZE(texts))];
	u64 kind = test_random_below(10);

	if (child_of(dir, text, strlen(text)))
		return;
	*n = (name_t){ .used = true,
		       .tree = dir->tree,
		       .parent = dir,
		       .uid = test_random_below(8) ? 1000 : 0 };
	strcpy(n->text, text);
	n->mode = kind < 5   ? S_IFDIR | (test_random_below(8) ? 0755 : 0600)
		  : kind < 7 ? S_IFREG | 0755
			     : S_IFLNK | 0777;
	do
		random_path(n->link, true);
	while (!*n->link);
	if (n->tree == COLD)
		return;
	n->dentry = dentry_alloc(dir->dentry, text, (u32)strlen(text));
	dentry_attach(n->dentry, make_node(n));
	dentry_put(n->dentry); /* the link holds it */
}

static bool in_use(const name_t *n)
{
	for (int i = 0; i < NAMES; i++)
		if (names[i].used && names[i].parent == n)
			return true;
	return n == process_root || n == cwd || n == fd_dir || n == fd_file || n->mounted ||
	       !n->parent;
}

static void remove_name(name_t *n)
{
	dentry_drop(n->dentry);
	dentry_unpin(n->dentry);
	n->used = false;
}

static void move(name_t *n)
{
	name_t *dir = random_dir(n->tree), *p, *there;
	const char *text = texts[test_random_below(ARRAY_SIZE(texts))];
	dentry_t *target;

	for (p = dir; p; p = p->parent)
		if (p == n)
			return;
	there = child_of(dir, text, strlen(text));
	if (there == n || n->mounted || !n->parent)
		return;
	if (there && test_random_below(2) && !there->mounted) {
		for (p = n; p; p = p->parent) /* exchange, but nothing below itself */
			if (p == there)
				return;
		dentry_exchange(n->dentry, there->dentry);
		strcpy(there->text, n->text);
		there->parent = n->parent;
	} else if (there) {
		if (in_use(there))
			return;
		dentry_move(n->dentry, there->dentry);
		dentry_unpin(there->dentry);
		there->used = false;
	} else {
		target = dentry_alloc(dir->dentry, text, (u32)strlen(text));
		dentry_move(n->dentry, target);
		dentry_put(target);
	}
	strcpy(n->text, text);
	n->parent = dir;
}

static void toggle_mount(int tree)
{
	name_t *root = roots[tree], *at;
	list_t gone = LIST_INIT(gone);
	path_t place;

	if (root->mounted_on) {
		for (int i = 0; i < NAMES; i++) /* only what nothing hangs on */
			if (names[i].tree == tree && names[i].used && names[i].mounted)
				return;
		seqlock_write_lock(&mount_lock);
		mount_detach_locked(mounts[tree], &gone);
		seqlock_write_unlock(&mount_lock);
		mount_put_list(&gone);
		root->mounted_on->mounted = NULL;
		root->mounted_on = NULL;
		return;
	}
	at = random_dir(MEMORY);
	if (at->mounted || at == cwd || at == process_root || at == fd_dir)
		return;
	place = (path_t){ mounts[MEMORY], at->dentry };
	mount_get(mounts[tree]); /* the tree's, handed over */
	assert_int_equal(mount_attach(mounts[tree], &place), 0);
	at->mounted = root;
	root->mounted_on = at;
}

static void place_of(const path_t *p, name_t **n)
{
	*n = p->dentry->node->private_data;
	assert_ptr_equal(p->mount, mounts[(*n)->tree]);
}

/* A mount over the place, or over what leads to it, hides it from its own name. */
static bool hidden(const name_t *n)
{
	if (n->mounted)
		return true;
	while (n != process_root) {
		if (n->parent && n->parent->mounted)
			return true;
		n = n->parent ? n->parent : n->mounted_on;
	}
	return false;
}

static void compare(void)
{
	static const int dfds[] = { AT_FDCWD, AT_FDCWD, AT_FDCWD, 3, 4, 5 };
	static const u32 some_flags[] = { 0,
					  LOOKUP_FOLLOW,
					  LOOKUP_FOLLOW,
					  LOOKUP_DIRECTORY,
					  LOOKUP_FOLLOW | LOOKUP_DIRECTORY,
					  LOOKUP_EMPTY,
					  LOOKUP_NO_SYMLINKS | LOOKUP_FOLLOW };
	int dfd = dfds[test_random_below(ARRAY_SIZE(dfds))], got, want;
	u32 flags = some_flags[test_random_below(ARRAY_SIZE(some_flags))];
	name_t *place = NULL, *expected = NULL;
	char text[1200], name[4096], *out;
	path_t path;

	random_path(text, false);
	if (test_random_below(500) == 0) {
		memset(text, 'x', 300);
		text[100 + test_random_below(200)] = 0;
	}
	want = resolve_at(dfd, text, flags, &expected);
	got = path_lookup(dfd, text, flags, &path);
	if (got != want)
		fail_msg("\"%s\" from %d with %x: %d instead of %d", text, dfd, flags, got, want);
	assert_false(fake_rcu_reading());
	if (got)
		return;
	place_of(&path, &place);
	if (place != expected)
		fail_msg("\"%s\" leads to %s instead of %s", text, place->text, expected->text);
	/* The name that the place has leads there again. */
	if (test_random_below(8) == 0 && !hidden(place)) {
		name_t *again = NULL;
		int r;

		assert_int_equal(path_name(&path, name, sizeof(name), &out), 0);
		assert_true(path_reachable(&path, &(path_t){ mounts[process_root->tree],
							     process_root->dentry }));
		r = resolve_at(AT_FDCWD, out, 0, &again);
		if (r != -EACCES && again != place)
			fail_msg("%s is named %s (%d)", place->text, out, r);
	}
	path_put(&path);
}

static void change(void)
{
	name_t *n = &names[TREES + test_random_below(NAMES - TREES)], *dir;

	if (!n->used) {
		n->tree = (u8)test_random_below(2) ? MEMORY : SECOND;
		create(n);
		return;
	}
	switch (test_random_below(8)) {
	case 0:
		if (n->tree != COLD && !in_use(n))
			remove_name(n);
		break;
	case 1:
	case 2:
		if (n->tree != COLD)
			move(n);
		break;
	case 3:
		toggle_mount(COLD);
		break;
	case 4:
		toggle_mount(SECOND);
		break;
	case 5: /* chdir */
		dir = random_dir(MEMORY);
		if (dir->mounted)
			break;
		path_t p = { mounts[MEMORY], dir->dentry };

		fs_set_cwd(&p);
		cwd = dir;
		break;
	case 6:
		dcache_shrink(test_random_below(50));
		break;
	default:
		fake_grace_period();
	}
}

static int setup(void **state)
{
	fake_cpus(4);
	dcache_init();
	node_init();
	mount_init();
	names_init();
	list_init(&ns.mounts);
	return 0;
}

static void make_trees(void)
{
	for (int t = 0; t < TREES; t++) {
		super_block_t *sb = &supers[t];

		*sb = (super_block_t){ .ops = &fs_ops };
		spinlock_init(&sb->node_lock);
		list_init(&sb->nodes);
		roots[t] = &names[t];
		*roots[t] = (name_t){ .used = true, .tree = (u8)t, .mode = S_IFDIR | 0755 };
		sb->root = roots[t]->dentry = dentry_make_root(make_node(roots[t]));
		mounts[t] = mount_alloc(sb, sb->root, "test", 0);
	}
	mounts[MEMORY]->ns = &ns;
	list_add_tail(&mounts[MEMORY]->ns_link, &ns.mounts);
	process_root = cwd = fd_dir = roots[MEMORY];
	fs_context_init(mounts[MEMORY]);
	for (int i = TREES; i < NAMES / 2; i++) {
		names[i].tree = COLD;
		for (int tries = 0; tries < 20 && !names[i].used; tries++)
			create(&names[i]);
	}
	/* What the descriptors show: a directory and a file of the memory tree. */
	fd_file = &names[NAMES - 1];
	*fd_file = (name_t){ .used = true,
			     .tree = MEMORY,
			     .parent = roots[MEMORY],
			     .text = "file",
			     .mode = S_IFREG | 0644,
			     .uid = 0 };
	fd_file->dentry = dentry_alloc(roots[MEMORY]->dentry, "file", 4);
	dentry_attach(fd_file->dentry, make_node(fd_file));
	dentry_put(fd_file->dentry);
	files[0] = (file_t){ .path = { mounts[MEMORY], fd_dir->dentry },
			     .node = fd_dir->dentry->node };
	files[1] = (file_t){ .path = { mounts[MEMORY], fd_file->dentry },
			     .node = fd_file->dentry->node };
}

static void drop_trees(void)
{
	path_t top = { mounts[MEMORY], roots[MEMORY]->dentry };

	fs_set_cwd(&top);
	for (int t = COLD; t < TREES; t++)
		while (roots[t]->mounted_on)
			toggle_mount(t);
	fs_context_put(current()->fs);
	current()->fs = NULL;
	for (int t = 0; t < TREES; t++) {
		/* The first context's two references to the first tree stay. */
		if (t == MEMORY) {
			path_put(&(path_t){ top.mount, top.dentry });
			path_put(&(path_t){ top.mount, top.dentry });
		}
		list_del(&mounts[t]->ns_link);
		mount_put(mounts[t]);
		dcache_drop_super(&supers[t]);
	}
	dcache_shrink(~0UL);
	fake_grace_period();
}

static void test_model(void **state)
{
	long before = fake_allocations;
	dentry_state_t stats;

	make_trees();
	for (u32 step = 0; step < 1000000; step++) {
		if (step % 8 == 0)
			change();
		compare();
	}
	drop_trees();
	assert_int_equal(super_users, 0);
	assert_int_equal(vfs_node_count(), 0);
	dentry_stats(&stats);
	assert_int_equal(stats.total, 0);
	assert_int_equal(fake_allocations, before);
}

/* ---- truly at once ---- */

#define LONG "a-name-that-is-longer-than-the-forty-bytes-inside-a-dentry"
static const char *const stable[] = { "/one/x", "/two/" LONG, "/two/../one/./x",
				      "/one/../two/" LONG, "/link/x" };
static dentry_t *moving[2];
static bool stop;
static u64 lookups[4];

static dentry_t *add(dentry_t *dir, const char *text, mode_t mode, const char *link)
{
	static name_t unused;
	dentry_t *d = dentry_alloc(dir, text, (u32)strlen(text));
	vfs_node_t *node = alloc_inode(&supers[MEMORY]);

	node->mode = mode;
	node->uid = 1000;
	node->ops = &memory_ops;
	node->link = link;
	node->private_data = &unused;
	dentry_attach(d, node);
	dentry_put(d);
	return d;
}

static void change_names(void)
{
	dentry_t *one = moving[0]->parent, *two = moving[1]->parent, *d, *target;

	for (u32 i = 0; i < 40000; i++) {
		/* Two names that always exist, for either of two files. */
		dentry_exchange(moving[0], moving[1]);
		if (i % 4)
			continue;
		/* One that comes, goes elsewhere and vanishes. */
		d = add(one, "passing", S_IFREG | 0644, NULL);
		target = dentry_alloc(two, "passing", 7);
		dentry_move(d, target);
		dentry_put(target);
		dentry_drop(d);
		dentry_unpin(d);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
}

static void walk_about(void *arg)
{
	u32 random = this_cpu();
	path_t p;
	int r;

	if (this_cpu() == 0) {
		change_names();
		return;
	}
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		random = random * 1103515245 + 12345;
		r = path_lookup(AT_FDCWD, stable[(random >> 16) % ARRAY_SIZE(stable)], 0, &p);
		if (r)
			panic("a name that always exists was not found: %d", r);
		if (p.dentry != moving[0] && p.dentry != moving[1])
			panic("a name led to another file");
		path_put(&p);
		r = path_lookup(AT_FDCWD, random & 0x10000 ? "/one/passing" : "/two/passing", 0,
				&p);
		if (r && r != -ENOENT)
			panic("a passing name: %d", r);
		if (!r)
			path_put(&p);
		lookups[this_cpu()]++;
	}
}

static void test_cpus_at_once(void **state)
{
	long before = fake_allocations;
	dentry_t *one, *two;

	make_trees();
	one = add(roots[MEMORY]->dentry, "one", S_IFDIR | 0755, NULL);
	two = add(roots[MEMORY]->dentry, "two", S_IFDIR | 0755, NULL);
	add(roots[MEMORY]->dentry, "link", S_IFLNK | 0777, "two/../one");
	moving[0] = add(one, "x", S_IFREG | 0644, NULL);
	moving[1] = add(two, LONG, S_IFREG | 0644, NULL);
	fake_run_on_cpus(4, walk_about, NULL);
	assert_true(lookups[1] + lookups[2] + lookups[3] > 1000);
	drop_trees();
	assert_int_equal(vfs_node_count(), 0);
	assert_int_equal(fake_allocations, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_cpus_at_once),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
