/*
 * Intrusive lists. list_t: circular, doubly linked, the head is a node too. hlist: hash chains with
 * a one-pointer head. The _rcu forms publish nodes to readers that walk without the writers' lock.
 *
 *	list_t waiters = LIST_INIT(waiters);
 *	list_add_tail(&thread->link, &waiters);
 *	list_for_each_entry(t, &waiters, link) ...
 */
#ifndef KERNEL_LIB_LIST_H
#define KERNEL_LIB_LIST_H

#include <kernel/compiler.h>

typedef struct list {
	struct list *next, *prev;
} list_t;

#define LIST_INIT(name)                                                                            \
	{                                                                                          \
		&(name), &(name)                                                                   \
	}

static inline void list_init(list_t *head)
{
	head->next = head->prev = head;
}

static inline bool list_empty(const list_t *head)
{
	return READ_ONCE(head->next) == head;
}

static inline bool list_is_singular(const list_t *head)
{
	return head->next != head && head->next == head->prev;
}

static inline bool list_is_last(const list_t *node, const list_t *head)
{
	return node->next == head;
}

/* prev <-> next becomes prev <-> node <-> next. */
static inline void list_link_between(list_t *node, list_t *prev, list_t *next)
{
	node->next = next;
	node->prev = prev;
	next->prev = node;
	WRITE_ONCE(prev->next, node);
}

static inline void list_add(list_t *node, list_t *head)
{
	list_link_between(node, head, head->next);
}

static inline void list_add_tail(list_t *node, list_t *head)
{
	list_link_between(node, head->prev, head);
}

/* The node's own pointers stay: an RCU reader standing on it can go on. */
static inline void list_del(list_t *node)
{
	node->next->prev = node->prev;
	WRITE_ONCE(node->prev->next, node->next);
}

static inline void list_del_init(list_t *node)
{
	list_del(node);
	list_init(node);
}

static inline void list_move(list_t *node, list_t *head)
{
	list_del(node);
	list_add(node, head);
}

static inline void list_move_tail(list_t *node, list_t *head)
{
	list_del(node);
	list_add_tail(node, head);
}

/* Appends all of `from` to `head` and leaves `from` empty. */
static inline void list_splice_tail_init(list_t *from, list_t *head)
{
	if (list_empty(from))
		return;
	from->next->prev = head->prev;
	head->prev->next = from->next;
	from->prev->next = head;
	head->prev = from->prev;
	list_init(from);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_last_entry(head, type, member) list_entry((head)->prev, type, member)
#define list_next_entry(pos, member) list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_prev_entry(pos, member) list_entry((pos)->member.prev, __typeof__(*(pos)), member)

#define list_for_each_entry(pos, head, member)                                                     \
	for ((pos) = list_first_entry(head, __typeof__(*(pos)), member); &(pos)->member != (head); \
	     (pos) = list_next_entry(pos, member))
#define list_for_each_entry_reverse(pos, head, member)                                             \
	for ((pos) = list_last_entry(head, __typeof__(*(pos)), member); &(pos)->member != (head);  \
	     (pos) = list_prev_entry(pos, member))
/* The body may remove pos. */
#define list_for_each_entry_safe(pos, tmp, head, member)                                           \
	for ((pos) = list_first_entry(head, __typeof__(*(pos)), member),                           \
	    (tmp) = list_next_entry(pos, member);                                                  \
	     &(pos)->member != (head); (pos) = (tmp), (tmp) = list_next_entry(tmp, member))

static inline void list_add_tail_rcu(list_t *node, list_t *head)
{
	list_t *prev = head->prev;

	node->next = head;
	node->prev = prev;
	__atomic_store_n(&prev->next, node, __ATOMIC_RELEASE);
	head->prev = node;
}

static inline void list_add_rcu(list_t *node, list_t *head)
{
	list_t *next = head->next;

	node->next = next;
	node->prev = head;
	__atomic_store_n(&head->next, node, __ATOMIC_RELEASE);
	next->prev = node;
}

static inline void list_del_rcu(list_t *node)
{
	list_del(node);
}

#define list_next_rcu(ptr) __atomic_load_n(&(ptr)->next, __ATOMIC_CONSUME)
#define list_for_each_entry_rcu(pos, head, member)                                                 \
	for ((pos) = list_entry(list_next_rcu(head), __typeof__(*(pos)), member);                  \
	     &(pos)->member != (head);                                                             \
	     (pos) = list_entry(list_next_rcu(&(pos)->member), __typeof__(*(pos)), member))

typedef struct hlist_node {
	struct hlist_node *next, **pprev;
} hlist_node_t;

typedef struct hlist_head {
	hlist_node_t *first;
} hlist_head_t;

static inline bool hlist_empty(const hlist_head_t *head)
{
	return !READ_ONCE(head->first);
}

static inline bool hlist_unhashed(const hlist_node_t *node)
{
	return !node->pprev;
}

static inline void hlist_add_head_rcu(hlist_node_t *node, hlist_head_t *head)
{
	node->next = head->first;
	node->pprev = &head->first;
	if (node->next)
		node->next->pprev = &node->next;
	__atomic_store_n(&head->first, node, __ATOMIC_RELEASE);
}

static inline void hlist_add_head(hlist_node_t *node, hlist_head_t *head)
{
	hlist_add_head_rcu(node, head);
}

/* node->next stays for readers that stand on it; pprev NULL says it is off. */
static inline void hlist_del(hlist_node_t *node)
{
	WRITE_ONCE(*node->pprev, node->next);
	if (node->next)
		node->next->pprev = node->pprev;
	node->pprev = NULL;
}

static inline void hlist_del_rcu(hlist_node_t *node)
{
	hlist_del(node);
}

#define hlist_entry_or_null(ptr, type, member)                                                     \
	({                                                                                         \
		hlist_node_t *_node = (ptr);                                                       \
		_node ? container_of(_node, type, member) : NULL;                                  \
	})
#define hlist_for_each_entry(pos, head, member)                                                    \
	for ((pos) = hlist_entry_or_null((head)->first, __typeof__(*(pos)), member); (pos);        \
	     (pos) = hlist_entry_or_null((pos)->member.next, __typeof__(*(pos)), member))
/* The body may remove pos. */
#define hlist_for_each_entry_safe(pos, tmp, head, member)                                          \
	for ((pos) = hlist_entry_or_null((head)->first, __typeof__(*(pos)), member);               \
	     (pos) && ((tmp) = (pos)->member.next, true);                                          \
	     (pos) = hlist_entry_or_null(tmp, __typeof__(*(pos)), member))
#define hlist_for_each_entry_rcu(pos, head, member)                                                \
	for ((pos) = hlist_entry_or_null(__atomic_load_n(&(head)->first, __ATOMIC_CONSUME),        \
					 __typeof__(*(pos)), member);                              \
	     (pos);                                                                                \
	     (pos) = hlist_entry_or_null(__atomic_load_n(&(pos)->member.next, __ATOMIC_CONSUME),   \
					 __typeof__(*(pos)), member))

#endif
