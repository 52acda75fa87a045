/* Connections that got their reply before all they send was read. Closed at once they
 * would be reset, and some clients then lose the reply; so what they still send is read
 * and dropped for a while. RFC 9112, 9.6. For one thread. */
#ifndef COMMON_DRAIN_H
#define COMMON_DRAIN_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

enum { DRAIN_MOST = 16, DRAIN_MS = 30000 };

struct drain {
	struct pollfd sockets[DRAIN_MOST]; /* the first `count`: what to poll for */
	int64_t until[DRAIN_MOST];
	size_t count;
};

/* Ends what is sent to the other end and keeps the connection for DRAIN_MS, though the
 * caller closes its socket; with too many already, not at all. now: clock_ticks(). */
void drain_add(struct drain *d, int socket, int64_t now);
/* Drops what has come, and closes what has ended or been kept for long enough. */
void drain_round(struct drain *d, int64_t now);
/* Closes all. */
void drain_finish(struct drain *d);

#endif
