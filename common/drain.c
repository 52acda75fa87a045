#include "drain.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

void drain_add(struct drain *d, int socket, int64_t now)
{
	if (d->count == DRAIN_MOST)
		return;
	int kept = fcntl(socket, F_DUPFD_CLOEXEC, 0);
	if (kept < 0)
		return;
	(void)shutdown(kept, SHUT_WR);
	d->sockets[d->count] = (struct pollfd){ .fd = kept, .events = POLLIN };
	d->until[d->count++] = now + DRAIN_MS;
}

/* Whether more may come. */
static bool read_some(int socket)
{
	char waste[16 * 1024];
	ssize_t got = recv(socket, waste, sizeof waste, MSG_DONTWAIT);
	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

void drain_round(struct drain *d, int64_t now)
{
	size_t kept = 0;
	for (size_t i = 0; i < d->count; i++) {
		if (now >= d->until[i] || !read_some(d->sockets[i].fd)) {
			(void)close(d->sockets[i].fd);
			continue;
		}
		d->sockets[kept] = d->sockets[i];
		d->until[kept++] = d->until[i];
	}
	d->count = kept;
}

void drain_finish(struct drain *d)
{
	while (d->count > 0)
		(void)close(d->sockets[--d->count].fd);
}
