/* libmicrohttpd alone: answers every request with so many bytes from memory.
 *
 *   bare PORT BYTES */
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct MHD_Response *page;

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version, const char *data,
	size_t *size, void **state)
{
	(void)cls;
	(void)url;
	(void)method;
	(void)version;
	(void)data;
	(void)size;
	if (!*state) {
		*state = page;
		return MHD_YES;
	}
	return MHD_queue_response(connection, MHD_HTTP_OK, page);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	size_t len = (size_t)atol(argv[2]);
	char *body = malloc(len);
	if (!body)
		return 1;
	memset(body, 'x', len);
	page = MHD_create_response_from_buffer(len, body, MHD_RESPMEM_PERSISTENT);
	if (!MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, (uint16_t)atoi(argv[1]),
		    NULL, NULL, handle, NULL, MHD_OPTION_CONNECTION_LIMIT, 4096U,
		    MHD_OPTION_END))
		return 1;
	pause();
	return 0;
}
