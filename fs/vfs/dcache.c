/*
 * Names: the dentry cache.
 *
 * Concepts. A dentry is a name in a directory. All dentries that can be found stand in one hash
 * table by (parent, name). A dentry holds its parent and its node; so whoever holds a dentry holds
 * the way up to the root. One that nobody holds (refs 0) stays in the cache on the LRU until memory
 * is short. In memory file systems the link itself holds a reference (DENTRY_PINNED), and
 * everything that exists is in the cache.
 *
 * Finding takes no lock: readers walk the chain under RCU and use the dentry's sequence counter,
 * which changes with name, parent and node, to know that what they saw belongs together. A rename
 * moves a dentry between chains, which can lead a reader astray; so a name that was not found
 * counts as missing only if rename_lock's sequence stood still meanwhile. The name's bytes always
 * end with a NUL within the buffer, also while a rename swaps them, so a comparison with a text
 * that has no NUL stays inside.
 *
 * Death. refs goes from 0 to DENTRY_DEAD by compare-exchange with d->lock held, after which nobody
 * can get a reference. Dropping the last reference of an unhashed dentry kills it at once.
 *
 *	negative, unhashed --dentry_attach--> positive, hashed --dentry_drop--> positive, unhashed --last put--> dead
 *	        \--dentry_hash--> negative, hashed --dentry_attach--^
 *
 * Locking. rename_lock > d->lock > bucket lock, lru_lock. The lists of children are under the
 * parent's lock; two dentries' locks are held together only below rename_lock.
 */
#include "vfs_internal.h"

#include <fs/notify.h>
#include <kernel/lib/string.h>
#include <kernel/time/clock.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>

#define BUCKET_LOCKS 256
#define BUCKETS_MIN 1024u
#define BUCKETS_MAX (1u << 20)
#define PAGES_PER_BUCKET 4

typedef struct long_name { /* of more bytes than fit into inline_name */
	rcu_head_t rcu;
	char text[];
} long_name_t;

seqlock_t rename_lock = SEQLOCK_INIT("rename_lock");

static hlist_head_t *buckets; /* chains: bucket_locks[index % BUCKET_LOCKS]; readable under RCU */
static u32 bucket_shift;      /* 64 - log2 of their number */
static spinlock_t bucket_locks[BUCKET_LOCKS];
static u32 hash_key; /* makes collisions unpredictable from outside */
static kmem_cache_t *dentry_cache;

static spinlock_t lru_lock = SPINLOCK_INIT("dcache_lru");
static list_t lru = LIST_INIT(lru); /* lru_lock; oldest first */
static u64 lru_count;		    /* lru_lock */
static DEFINE_PERCPU(s64, dentry_total);

/* ---- hashing ---- */

u32 dentry_hash_start(void)
{
	return hash_key;
}

u32 dentry_hash_name(const char *name, u32 len)
{
	u32 hash = hash_key;

	while (len--)
		hash = dentry_hash_add(hash, (u8)*name++);
	return hash;
}

static u32 bucket_of(const dentry_t *parent, u32 hash)
{
	u64 x = ((unsigned long)parent / sizeof(void *)) ^ ((u64)hash << 24);

	return (u32)((x * 0x9e3779b97f4a7c15ull) >> bucket_shift);
}

static bool same_name(const char *a, const char *b, u32 len)
{
	u64 x, y;

	for (; len >= sizeof(x); len -= sizeof(x), a += sizeof(x), b += sizeof(x)) {
		memcpy(&x, a, sizeof(x));
		memcpy(&y, b, sizeof(y));
		if (x != y)
			return false;
	}
	for (; len; len--)
		if (*a++ != *b++)
			return false;
	return true;
}

dentry_t *dcache_find_rcu(const dentry_t *parent, const char *name, u32 len, u32 hash, u32 *seq)
{
	const char *of_dentry;
	dentry_t *d;

	hlist_for_each_entry_rcu(d, &buckets[bucket_of(parent, hash)], hash_link) {
		if (READ_ONCE(d->hash) != hash || READ_ONCE(d->parent) != parent)
			continue;
		*seq = seqcount_read_begin(&d->seq);
		if (READ_ONCE(d->parent) != parent || READ_ONCE(d->name_len) != len ||
		    dentry_unhashed(d))
			continue;
		of_dentry = READ_ONCE(d->name);
		/* A name of that length, or a rename is under way. */
		if (!seqcount_read_retry(&d->seq, *seq) && same_name(of_dentry, name, len))
			return d;
	}
	return NULL;
}

bool dentry_get_unless_dead(dentry_t *d)
{
	u32 n = refcount_read(&d->refs);

	while (!(n & DENTRY_DEAD))
		if (__atomic_compare_exchange_n(&d->refs.value, &n, n + 1, true, __ATOMIC_SEQ_CST,
						__ATOMIC_RELAXED))
			return true;
	return false;
}

dentry_t *dcache_find(dentry_t *parent, const char *name, u32 len, u32 hash)
{
	for (;;) {
		dentry_t *d;
		bool same;
		u32 seq;

		rcu_read_lock();
		d = dcache_find_rcu(parent, name, len, hash, &seq);
		if (!d || !dentry_get_unless_dead(d)) {
			rcu_read_unlock();
			if (!d)
				return NULL;
			cpu_relax(); /* being freed: it leaves its chain now */
			continue;
		}
		same = !seqcount_read_retry(&d->seq, seq);
		rcu_read_unlock();
		if (same)
			return d;
		dentry_put(d);
	}
}

static spinlock_t *bucket_lock(u32 bucket)
{
	return &bucket_locks[bucket % BUCKET_LOCKS];
}

/* d->lock held. */
static void hash_locked(dentry_t *d)
{
	u32 bucket = bucket_of(d->parent, d->hash);

	spin_lock(bucket_lock(bucket));
	hlist_add_head_rcu(&d->hash_link, &buckets[bucket]);
	spin_unlock(bucket_lock(bucket));
	d->flags &= ~DENTRY_UNHASHED;
}

/* d->lock held. */
static void unhash_locked(dentry_t *d)
{
	u32 bucket;

	if (d->flags & DENTRY_UNHASHED)
		return;
	bucket = bucket_of(d->parent, d->hash);
	spin_lock(bucket_lock(bucket));
	hlist_del_rcu(&d->hash_link);
	spin_unlock(bucket_lock(bucket));
	/* Full order: dentry_put looks at the flag after it let go of its reference. */
	__atomic_fetch_or(&d->flags, DENTRY_UNHASHED, __ATOMIC_SEQ_CST);
}

void dentry_hash(dentry_t *d)
{
	spin_lock(&d->lock);
	if (d->flags & DENTRY_UNHASHED)
		hash_locked(d);
	spin_unlock(&d->lock);
}

void dentry_drop(dentry_t *d)
{
	spin_lock(&d->lock);
	seqcount_write_begin(&d->seq);
	unhash_locked(d);
	seqcount_write_end(&d->seq);
	spin_unlock(&d->lock);
}

/* ---- life ---- */

static dentry_t *alloc_named(const char *name, u32 len)
{
	dentry_t *d = kmem_cache_alloc(dentry_cache, GFP_KERNEL | GFP_ZERO);
	char *text;

	if (!d)
		return NULL;
	text = d->inline_name;
	if (len >= sizeof(d->inline_name)) {
		long_name_t *n = kmalloc(sizeof(*n) + len + 1, GFP_KERNEL);

		if (!n) {
			kmem_cache_free(dentry_cache, d);
			return NULL;
		}
		text = n->text;
	}
	memcpy(text, name, len);
	text[len] = 0;
	d->name = text;
	d->name_len = len;
	refcount_set(&d->refs, 1);
	d->flags = DENTRY_UNHASHED;
	spinlock_init(&d->lock);
	list_init(&d->children);
	list_init(&d->sibling);
	list_init(&d->lru);
	this_cpu_inc(dentry_total);
	return d;
}

static void link_to_parent(dentry_t *d, dentry_t *parent)
{
	spin_lock(&parent->lock);
	d->cookie = ++parent->last_cookie;
	list_add(&d->sibling, &parent->children);
	spin_unlock(&parent->lock);
}

dentry_t *dentry_alloc_hashed(dentry_t *parent, const char *name, u32 len, u32 hash)
{
	dentry_t *d = alloc_named(name, len);

	if (!d)
		return NULL;
	d->hash = hash;
	d->sb = parent->sb;
	d->ops = parent->ops;
	dentry_get(parent);
	d->parent = parent;
	link_to_parent(d, parent);
	return d;
}

dentry_t *dentry_alloc(dentry_t *parent, const char *name, u32 len)
{
	return dentry_alloc_hashed(parent, name, len, dentry_hash_name(name, len));
}

dentry_t *dentry_make_single(vfs_node_t *node, const char *name)
{
	dentry_t *d = alloc_named(name, (u32)strlen(name));

	if (!d)
		return NULL;
	d->parent = d;
	d->sb = node->sb;
	d->node = node;
	return d;
}

dentry_t *dentry_make_root(vfs_node_t *node)
{
	return dentry_make_single(node, "/");
}

void dentry_attach(dentry_t *d, vfs_node_t *node)
{
	bool pin = super_in_memory(d->parent->node);

	spin_lock(&d->lock);
	ASSERT(!d->node);
	seqcount_write_begin(&d->seq);
	WRITE_ONCE(d->node, node);
	seqcount_write_end(&d->seq);
	if (pin) {
		d->flags |= DENTRY_PINNED;
		refcount_get(&d->refs);
	}
	if (d->flags & DENTRY_UNHASHED)
		hash_locked(d);
	spin_unlock(&d->lock);
}

void dentry_attach_nameless(dentry_t *d, vfs_node_t *node)
{
	spin_lock(&d->lock);
	seqcount_write_begin(&d->seq);
	WRITE_ONCE(d->node, node);
	seqcount_write_end(&d->seq);
	spin_unlock(&d->lock);
}

void dentry_unpin(dentry_t *d)
{
	bool pinned;

	spin_lock(&d->lock);
	pinned = d->flags & DENTRY_PINNED;
	d->flags &= ~DENTRY_PINNED;
	spin_unlock(&d->lock);
	if (pinned)
		dentry_put(d);
}

static void free_dentry(rcu_head_t *head)
{
	dentry_t *d = container_of(head, dentry_t, rcu);

	if (d->name != d->inline_name)
		kfree(container_of(d->name, long_name_t, text[0]));
	kmem_cache_free(dentry_cache, d);
}

/* d->lock held. */
static void lru_remove_locked(dentry_t *d)
{
	if (!(d->flags & DENTRY_ON_LRU))
		return;
	spin_lock(&lru_lock);
	list_del_init(&d->lru);
	lru_count--;
	spin_unlock(&lru_lock);
	d->flags &= ~DENTRY_ON_LRU;
}

/* d->lock held and refs 0: true when this caller is to call bury(d) after unlocking. */
static bool kill_locked(dentry_t *d)
{
	u32 zero = 0;

	if (!__atomic_compare_exchange_n(&d->refs.value, &zero, DENTRY_DEAD, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		return false;
	seqcount_write_begin(&d->seq);
	unhash_locked(d);
	seqcount_write_end(&d->seq);
	lru_remove_locked(d);
	return true;
}

/* The last of a dead dentry. Its parent's reference goes to the caller; NULL for a root. */
static dentry_t *bury(dentry_t *d)
{
	dentry_t *parent = d->parent == d ? NULL : d->parent;

	if (d->node) {
		if (!READ_ONCE(d->node->nlink))
			notify_gone(d->node);
		node_put(d->node);
	}
	if (parent) {
		/* Last of all: who empties a super block waits for this. */
		spin_lock(&parent->lock);
		list_del(&d->sibling);
		spin_unlock(&parent->lock);
	}
	this_cpu_dec(dentry_total);
	call_rcu(&d->rcu, free_dentry);
	return parent;
}

void dentry_get(dentry_t *d)
{
	refcount_get(&d->refs);
}

static bool keep_unused(dentry_t *d)
{
	if (d->flags & DENTRY_UNHASHED)
		return false;
	return !d->ops || !d->ops->delete_unused || !d->ops->delete_unused(d);
}

/*
 * refs was seen 0 with d->lock held: kills it, or keeps it on the LRU. True when it died: bury it.
 */
static bool settle_unused_locked(dentry_t *d)
{
	if (!keep_unused(d))
		return kill_locked(d);
	if (!(d->flags & DENTRY_ON_LRU)) {
		spin_lock(&lru_lock);
		list_add_tail(&d->lru, &lru);
		lru_count++;
		spin_unlock(&lru_lock);
		d->flags |= DENTRY_ON_LRU;
	}
	return false;
}

/* The last reference seems to go. Returns true when the dentry died. */
static bool put_slow(dentry_t *d)
{
	bool dead = false;

	spin_lock(&d->lock);
	if (refcount_put(&d->refs))
		dead = settle_unused_locked(d);
	spin_unlock(&d->lock);
	return dead;
}

typedef enum put_result { PUT_DONE, PUT_SLOW, PUT_UNSETTLED } put_result_t;

/*
 * Under RCU. One compare-exchange when others hold it too, or it is in the cache and on the LRU
 * already.
 */
static put_result_t put_fast(dentry_t *d)
{
	u32 n = refcount_read(&d->refs), flags;

	for (;;) {
		if (n == 1) {
			flags = READ_ONCE(d->flags);
			if (!(flags & DENTRY_ON_LRU) || (flags & DENTRY_UNHASHED) || d->ops)
				return PUT_SLOW;
		}
		if (__atomic_compare_exchange_n(&d->refs.value, &n, n - 1, true, __ATOMIC_SEQ_CST,
						__ATOMIC_RELAXED))
			break;
	}
	if (n > 1)
		return PUT_DONE;
	/* Unhashed while we let go? unhash_locked's order says that one of us sees it. */
	flags = READ_ONCE(d->flags);
	return (flags & (DENTRY_ON_LRU | DENTRY_UNHASHED)) == DENTRY_ON_LRU ? PUT_DONE
									    : PUT_UNSETTLED;
}

void dentry_put(dentry_t *d)
{
	while (d) {
		put_result_t r;
		bool dead = false;

		rcu_read_lock();
		r = put_fast(d);
		if (r == PUT_UNSETTLED) {
			spin_lock(&d->lock);
			if (!refcount_read(&d->refs))
				dead = settle_unused_locked(d);
			spin_unlock(&d->lock);
		}
		rcu_read_unlock();
		if (r == PUT_SLOW)
			dead = put_slow(d);
		if (!dead)
			return;
		d = bury(d);
	}
}

/* ---- moving ---- */

/* Both seq counters are in their write phase. Names change hands without allocation. */
static void swap_names(dentry_t *a, dentry_t *b)
{
	const char *a_long = a->name == a->inline_name ? NULL : a->name;
	const char *b_long = b->name == b->inline_name ? NULL : b->name;
	char text[sizeof(a->inline_name)];
	u32 word;

	memcpy(text, a->inline_name, sizeof(text));
	memcpy(a->inline_name, b->inline_name, sizeof(text));
	memcpy(b->inline_name, text, sizeof(text));
	WRITE_ONCE(a->name, b_long ? b_long : a->inline_name);
	WRITE_ONCE(b->name, a_long ? a_long : b->inline_name);
	word = a->name_len;
	WRITE_ONCE(a->name_len, b->name_len);
	WRITE_ONCE(b->name_len, word);
	word = a->hash;
	WRITE_ONCE(a->hash, b->hash);
	WRITE_ONCE(b->hash, word);
}

static void leave_parent(dentry_t *d)
{
	spin_lock(&d->parent->lock);
	list_del_init(&d->sibling);
	spin_unlock(&d->parent->lock);
}

/* a and b change names and parents; b is hashed again only if `both`. */
static void swap_places(dentry_t *a, dentry_t *b, bool both)
{
	dentry_t *a_parent = a->parent, *b_parent = b->parent;

	seqlock_write_lock(&rename_lock);
	leave_parent(a);
	leave_parent(b);
	spin_lock(&a->lock);
	spin_lock_nested(&b->lock);
	seqcount_write_begin(&a->seq);
	seqcount_write_begin(&b->seq);
	unhash_locked(a);
	unhash_locked(b);
	swap_names(a, b);
	WRITE_ONCE(a->parent, b_parent);
	WRITE_ONCE(b->parent, a_parent);
	hash_locked(a);
	if (both)
		hash_locked(b);
	seqcount_write_end(&b->seq);
	seqcount_write_end(&a->seq);
	spin_unlock(&b->lock);
	spin_unlock(&a->lock);
	if (both)
		link_to_parent(b, a_parent);
	link_to_parent(a, b_parent);
	if (!both)
		link_to_parent(b, a_parent);
	seqlock_write_unlock(&rename_lock);
}

void dentry_move(dentry_t *d, dentry_t *target)
{
	swap_places(d, target, false);
}

void dentry_exchange(dentry_t *a, dentry_t *b)
{
	swap_places(a, b, true);
}

bool dentry_is_below(dentry_t *d, dentry_t *ancestor)
{
	bool below;
	u32 seq;

	do {
		dentry_t *p = d;

		seq = seqcount_read_begin(&rename_lock.seq);
		rcu_read_lock();
		while (p != ancestor && p != READ_ONCE(p->parent))
			p = READ_ONCE(p->parent);
		below = p == ancestor;
		rcu_read_unlock();
	} while (seqcount_read_retry(&rename_lock.seq, seq));
	return below;
}

/* ---- shrinking ---- */

/* The first of the list goes, or to the end of it when it is busy. */
static bool shrink_first(void)
{
	super_block_t *sb;
	dentry_t *d;
	bool dead;

	spin_lock(&lru_lock);
	if (list_empty(&lru)) {
		spin_unlock(&lru_lock);
		return false;
	}
	d = list_first_entry(&lru, dentry_t, lru);
	list_move_tail(&d->lru, &lru);
	if (!spin_trylock(&d->lock)) { /* the order is d->lock first: a busy one is passed over */
		spin_unlock(&lru_lock);
		return false;
	}
	/* As long as it is locked its file system cannot end, and then it waits for us: for parents, too. */
	sb = d->sb;
	atomic_inc(&sb->shrinking);
	list_del_init(&d->lru);
	lru_count--;
	d->flags &= ~DENTRY_ON_LRU;
	spin_unlock(&lru_lock);
	dead = !refcount_read(&d->refs) && kill_locked(d);
	spin_unlock(&d->lock);
	if (dead)
		dentry_put(bury(d));
	atomic_dec(&sb->shrinking);
	return dead;
}

u64 dcache_shrink(u64 target)
{
	u64 freed = 0;

	for (u64 left = READ_ONCE(lru_count); left && freed < target; left--)
		freed += shrink_first();
	return freed;
}

static u64 shrink(u64 target)
{
	/* A thread that allocates inside a file system may hold what freeing a node needs. */
	if (current()->alloc_context & ALLOC_NO_FS)
		return 0;
	return dcache_shrink(target);
}

/* A referenced child, or NULL when there is none; *dying: one is just being freed. */
static dentry_t *any_child(dentry_t *d, bool *dying)
{
	dentry_t *child, *found = NULL;

	*dying = false;
	spin_lock(&d->lock);
	list_for_each_entry(child, &d->children, sibling) {
		if (dentry_get_unless_dead(child)) {
			found = child;
			break;
		}
		*dying = true;
	}
	spin_unlock(&d->lock);
	return found;
}

void dcache_drop_super(super_block_t *sb)
{
	dentry_t *root = sb->root, *d = root, *child;
	bool dying;

	if (!root)
		return;
	dentry_get(d);
	for (;;) {
		child = any_child(d, &dying);
		if (child) {
			dentry_put(d);
			d = child;
			continue;
		}
		if (dying) {
			yield(); /* the shrinker is on its way with it */
			continue;
		}
		if (d == root)
			break;
		dentry_drop(d);
		dentry_unpin(d);
		/*
		 * A leaf that only this walk holds: it dies with the put. Else somebody leaks a
		 * reference.
		 */
		while (refcount_read(&d->refs) > 1 && atomic_read(&sb->shrinking))
			yield(); /* a child's, which is about to be given back */
		if (WARN_ON(refcount_read(&d->refs) > 1))
			leave_parent(d);
		dentry_put(d);
		d = root;
		dentry_get(d);
	}
	while (atomic_read(&sb->shrinking))
		yield();
	dentry_put(d);
	sb->root = NULL;
	dentry_put(root);
}

void dentry_stats(dentry_state_t *out)
{
	s64 total = 0;

	for_each_cpu(cpu)
		total += READ_ONCE(per_cpu(dentry_total, cpu));
	out->total = (u64)total;
	out->unused = READ_ONCE(lru_count);
}

static shrinker_t shrinker __ro_after_init_data = { .shrink = shrink };

__init void dcache_init(void)
{
	u64 want = total_page_count() / PAGES_PER_BUCKET;
	u32 count = BUCKETS_MIN;

	while (count < want && count < BUCKETS_MAX)
		count *= 2;
	buckets = kvmalloc(count * sizeof(*buckets), GFP_KERNEL | GFP_ZERO);
	if (!buckets)
		panic("no memory for the dentry cache");
	bucket_shift = 64 - (u32)__builtin_ctz(count);
	for (u32 i = 0; i < BUCKET_LOCKS; i++)
		spinlock_init(&bucket_locks[i]);
	hash_key = (u32)(arch_cycles() * 0x9e3779b97f4a7c15ull >> 32);
	dentry_cache = kmem_cache_create("dentry", sizeof(dentry_t), 0, SLAB_CACHE_ALIGN, NULL);
	register_shrinker(&shrinker);
}
