/*
 * What the files of net/socket share.
 */
#ifndef NET_SOCKET_INTERNAL_H
#define NET_SOCKET_INTERNAL_H

#include <net/socket.h>

/* Linux's least budgets: two packets of 2048 bytes with their structures, and one. */
#define RECEIVE_BUDGET_MIN (2048 + 256)
#define SEND_BUDGET_MIN (2 * RECEIVE_BUDGET_MIN)

/* A buffer that its owner has sent is about to be freed. */
void socket_uncharge(sk_buff_t *skb);
/* Takes bytes off wmem; the last ones free the socket's memory. Any context. */
void socket_drop_memory(socket_t *s, int bytes);

#endif
