/*
 * Address spaces. vm_space_t owns user page tables and the set of vm_area_t (VMAs) in a balanced
 * tree. space->lock (rwsem) exclusive: the set of areas changes; shared: faults and look-ups.
 * Page-table pages carry their own spinlocks. Unmapping gathers pages and tables and frees them
 * after the shootdown.
 */
#ifndef MM_SPACE_H
#define MM_SPACE_H

#include <kernel/lib/interval_tree.h>
#include <mm/file_map.h>

struct file;
struct process;
struct thread;
struct vm_area;
struct mem_policy;

/* vm_area_t.flags */
#define VM_READ 0x1u
#define VM_WRITE 0x2u
#define VM_EXEC 0x4u
#define VM_SHARED 0x8u
#define VM_MAY_READ 0x10u /* mprotect may give */
#define VM_MAY_WRITE 0x20u
#define VM_MAY_EXEC 0x40u
#define VM_GROWS_DOWN 0x100u
#define VM_LOCKED 0x200u
#define VM_LOCK_ON_FAULT 0x400u
#define VM_DONT_COPY 0x800u
#define VM_WIPE_ON_FORK 0x1000u
#define VM_DONT_DUMP 0x2000u
#define VM_NO_RESERVE 0x4000u
#define VM_STACK 0x8000u
#define VM_HEAP 0x10000u
#define VM_IO 0x20000u /* device memory: no page_t */
#define VM_SEQ_READ 0x40000u
#define VM_RAND_READ 0x80000u
#define VM_HUGE 0x100000u
#define VM_NO_HUGE 0x200000u
#define VM_SPECIAL 0x400000u /* vDSO, vvar */
#define VM_ACCOUNT 0x800000u /* its pages are promised (mm/commit.h) */

/* Reverse mapping of anonymous pages: all areas where pages of one family may be mapped (anon.c). */
typedef struct anon_root {
	refcount_t refs; /* areas in the tree, and borrowers */
	rwsem_t lock;
	rb_root_t areas; /* lock: interval tree of vm_area by page offset */
} anon_root_t;

typedef struct vm_area_ops {
	void (*open)(struct vm_area *vma); /* area duplicated or split */
	void (*close)(struct vm_area *vma);
	/*
	 * Maps pages itself; NULL: page cache or anonymous. Returns a referenced page or ERR_PTR.
	 */
	page_t *(*fault)(struct vm_area *vma, u64 page_offset, bool write);
	const char *(*name)(struct vm_area *vma);
} vm_area_ops_t;

typedef struct vm_area {
	rb_node_t node; /* space->lock */
	struct vm_space *space;
	unsigned long start, end; /* space->lock; end exclusive */
	unsigned long gap;	  /* free bytes between the area before it and this one */
	unsigned long max_gap;	  /* augmentation: largest gap of the subtree, capped */
	u32 flags;		  /* space->lock */
	u64 page_offset;	  /* in the file; anonymous: start >> 12 at creation */
	struct file *file;	  /* own reference, or NULL */
	file_map_t *map;	  /* file's, or NULL for anonymous private */
	interval_node_t map_node; /* map->map_lock */
	anon_root_t *anon; /* anonymous pages may be mapped here: fork copies them; anon_lock */
	interval_node_t anon_node; /* anon->lock */
	const vm_area_ops_t *ops;
	void *private_data;
	struct mem_policy *policy; /* own reference, or NULL: the thread's (mm/policy.h) */
} vm_area_t;

typedef struct vm_space {
	refcount_t users; /* threads of processes: 0 tears the mappings down */
	refcount_t refs;  /* structure and root: also lazy CPUs */
	pte_t *root;
	arch_mmu_context_t arch;
	rwsem_t lock;
	spinlock_t anon_lock;						    /* areas' first roots */
	rb_root_t areas;						    /* lock */
	u32 area_count;							    /* lock */
	u64 total_pages, locked_pages, data_pages, stack_pages, exec_pages; /* lock */
	atomic64_t anon_pages, file_pages, shmem_pages;			    /* resident */
	u64 max_resident; /* racy high-water mark */
	u64 peak_pages;	  /* lock: most that total_pages ever was */
	atomic64_t table_pages;
	/* layout, set by exec: lock */
	unsigned long mmap_base, brk_start, brk, stack_top, start_sp, code_start, code_end,
		data_start, data_end, arg_start, arg_end, env_start, env_end;
	u64 auxv[48];
	u32 auxv_count;
	u32 def_flags;	       /* mlockall(MCL_FUTURE) */
	u64 seq;	       /* changes with every change of the set of areas */
	struct aio_table *aio; /* set once: contexts of asynchronous I/O, ipc/aio */
	bool reaped; /* set once: private memory was taken from who is to end (vm_space_reap) */
} vm_space_t;

/*
 * How mm reaches open files: fs/vfs sets this once at boot. mmap prepares the area (map, ops,
 * flags); mode tells what the open file allows.
 */
#define VM_FILE_READ 1u
#define VM_FILE_WRITE 2u
#define VM_FILE_NO_EXEC 4u     /* on a noexec mount */
#define VM_FILE_APPEND_ONLY 8u /* not to be changed through a mapping */
typedef struct vm_file_ops {
	void (*get)(struct file *f);
	void (*put)(struct file *f);
	u32 (*mode)(struct file *f);
	bool (*may_tell)(struct file *f); /* the caller owns it, or may write to it: mincore(2) */
	int (*mmap)(struct file *f, vm_area_t *vma); /* -ENODEV when it cannot be mapped */
	/* An unlinked memory file of that many bytes, for shared anonymous memory; or ERR_PTR. */
	struct file *(*shared_memory)(size_t size, bool promise); /* mm/commit.h */
	struct file *(*find)(int fd); /* descriptor of current: referenced, or NULL */
	int (*fsync)(struct file *f, off_t start, off_t end);
	long (*punch)(struct file *f, off_t start, off_t len); /* MADV_REMOVE */
} vm_file_ops_t;
extern const vm_file_ops_t *vm_file_ops;
extern u64 vm_max_map_count, mmap_min_addr; /* /proc/sys/vm */

/* Set at boot: what else ends with the last user of a space that has `aio`; may sleep. */
extern void (*vm_space_end_hook)(vm_space_t *s);
void space_init(void);			       /* boot */
vm_space_t *vm_space_create(void);	       /* empty, users 1; NULL when out of memory */
vm_space_t *vm_space_fork(vm_space_t *parent); /* copy-on-write copy, or ERR_PTR */
void vm_space_get(vm_space_t *s);	       /* a user */
void vm_space_put(vm_space_t *s);	       /* may sleep: the last user unmaps everything */
/* The structure without its memory; and a user reference if there is one left. */
void vm_space_hold(vm_space_t *s);
void vm_space_drop(vm_space_t *s); /* undoes vm_space_hold; any context */
bool vm_space_get_alive(vm_space_t *s);
vm_space_t *vm_space_of(struct process *p); /* a user reference, or NULL (for /proc) */
/* Scheduler: what the CPU has loaded when it goes from prev to next; rq lock, interrupts off. */
void vm_space_switch(struct thread *prev, struct thread *next);
/*
 * exec and exit: makes `s` (NULL: none) the running thread's space and consumes that reference;
 * drops the old one's.
 */
void vm_space_activate(vm_space_t *s);

/* API */
vm_area_t *create_vma(uint64_t start, uint64_t end, uint32_t flags);
void destroy_vma(vm_area_t *vma);
int add_vma_to_process(struct process *proc, vm_area_t *vma);
vm_area_t *find_vma(struct process *proc, uint64_t addr);
/* First area whose end is above addr; lock held. */
vm_area_t *vm_find(vm_space_t *s, unsigned long addr);
vm_area_t *vm_first(vm_space_t *s);
vm_area_t *vm_next(vm_area_t *vma);

/*
 * mmap's body. Takes s->lock itself. addr 0: chosen top-down from mmap_base. map_flags are MAP_*
 * of uapi/mman.h. Returns the address or negative errno. file may be NULL.
 */
long vm_map(vm_space_t *s, unsigned long addr, size_t len, int prot, int map_flags,
	    struct file *file, off_t offset);
int vm_unmap(vm_space_t *s, unsigned long addr, size_t len);
/*
 * shmdt(2): of areas with these ops, the first that shows its file where a mapping of the whole file from addr on would,
 * and the rest of that mapping. 0, or -EINVAL: there is none.
 */
int vm_unmap_object(vm_space_t *s, unsigned long addr, const vm_area_ops_t *ops);
int vm_protect(vm_space_t *s, unsigned long addr, size_t len, int prot);
long vm_mremap(vm_space_t *s, unsigned long addr, size_t old_len, size_t new_len,
	       unsigned long flags, unsigned long new_addr); /* mremap(2), checks included */
long vm_brk(vm_space_t *s, unsigned long brk);		     /* returns the resulting break */
long uvmalloc(size_t len, int prot); /* MEMORY: anonymous private memory of current */
/* exec: a stack area of the given flags below `top`; and copies into a space that is not loaded. */
int vm_setup_stack(vm_space_t *s, unsigned long top, bool executable);
/*
 * exec: areas one behind the other whose pages their ops supply (private, not merged, not grown). hint:
 * where they should begin if there is room. The address, or negative errno.
 */
typedef struct vm_special {
	size_t len;
	u32 flags;
	const vm_area_ops_t *ops;
} vm_special_t;
long vm_map_special(vm_space_t *s, unsigned long hint, const vm_special_t *parts, u32 count);
int vm_copy_out(vm_space_t *s, unsigned long addr, const void *from,
		size_t len); /* write, any space */
int vm_copy_in(vm_space_t *s, void *to, unsigned long addr, size_t len);
/*
 * As much as can be copied from or to any space: bytes, or -EFAULT (-ENOMEM) when not one could be.
 * force, for debuggers: also what its protection refuses, where it could be allowed; writing to
 * private memory makes a copy that stays the space's own. Changed code is seen by all CPUs.
 */
ssize_t vm_access(vm_space_t *s, unsigned long addr, void *buf, size_t len, bool write, bool force);
/* The page behind an address, referenced, to be read or written; ERR_PTR. force as above. */
page_t *vm_lookup_page(vm_space_t *s, unsigned long addr, bool write, bool force);
/*
 * The first resident page at or after *addr, which is moved to it, below end: referenced, or NULL.
 * Untouched and zero pages are passed over.
 */
page_t *vm_next_resident(vm_space_t *s, unsigned long *addr, unsigned long end);
u64 vm_resident(vm_space_t *s); /* pages */
/* OOM: takes the private memory of a dying space away at once; what is touched there from now on is a bus error. */
void vm_space_reap(vm_space_t *s);

#endif
