/* One HTTP request to another program, over libcurl: a fresh connection each, never
 * re-sent, never redirected. What matters most is told exactly: whether the request can
 * have arrived. */
#ifndef COMMON_FETCH_H
#define COMMON_FETCH_H

#include "buf.h"
#include "err.h"

enum fetch_outcome {
	FETCH_REPLIED,  /* a whole reply came; see status */
	FETCH_NOT_SENT, /* surely no byte of the request arrived: name, connection or TLS
			   failed */
	FETCH_UNKNOWN,  /* it may have arrived: time-out, reset, a reply that was cut or
			   too long */
};

struct fetch_request {
	const char *method; /* "GET", "POST", "PUT" */
	const char *url;
	const char *user; /* Basic authentication when not NULL */
	const char *password;
	const char *bearer; /* Authorization: Bearer, when not NULL */
	const char *type;   /* of the body; NULL: none */
	const char *body;   /* NULL: none */
	size_t body_len;
	long timeout_ms;    /* whole request */
	size_t reply_limit; /* bytes */
};

struct fetch_reply {
	enum fetch_outcome outcome;
	long status;
	long retry_after; /* seconds from the header of that name; -1 when absent or a
			     date */
	struct buf body;
	struct why
		why; /* in words when not FETCH_REPLIED; holds no part of the request */
};

/* Once per process, before any thread. */
void fetch_init(void);
/* The caller clears reply->body with buf_clear(). */
void fetch_send(const struct fetch_request *request, struct fetch_reply *ret_reply);

#endif
