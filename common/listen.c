#include "listen.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static enum err failed(int fd, const struct conf_address *a, struct why *why)
{
	int reason = errno;
	if (fd >= 0)
		(void)close(fd);
	return err_why(why, ERR_IO, "%s:%u: cannot listen: %s: %s", a->host, a->port,
		strerror(reason),
		reason == EADDRINUSE
			? "another program does; stop it or choose another port"
			: "check the address in the configuration file");
}

enum err listen_open(
	const struct conf_address *a, int *ret_fd, uint16_t *ret_port, struct why *why)
{
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	int code = getaddrinfo(a->host, NULL, &hints, &found);
	if (code != 0)
		return err_why(why, ERR_IO,
			"%s:%u: cannot listen: %s: check the address in the configuration file",
			a->host, a->port, gai_strerror(code));
	struct sockaddr_in sin;
	socklen_t len = sizeof sin;
	memcpy(&sin, found->ai_addr, sizeof sin);
	freeaddrinfo(found);
	sin.sin_port = htons(a->port);

	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
		bind(fd, (struct sockaddr *)&sin, sizeof sin) != 0 ||
		listen(fd, BACKLOG) != 0 ||
		getsockname(fd, (struct sockaddr *)&sin, &len) != 0)
		return failed(fd, a, why);
	*ret_fd = fd;
	*ret_port = ntohs(sin.sin_port);
	return OK;
}
