/* A listener, over libmicrohttpd: one thread per listener calls the handlers, one request
 * at a time; what takes longer is parked and finished by another thread. Nothing about a
 * request is ever logged. */
#ifndef COMMON_HTTP_H
#define COMMON_HTTP_H

#include "buf.h"
#include "conf.h"
#include "err.h"
#include "mem.h"
#include <stdbool.h>
#include <stdint.h>

struct http_server;
struct http_request;

/* A handler answers with exactly one http_reply…() or with http_park(). It never frees
 * what it allocated from http_arena(). */
typedef void http_handler(struct http_request *r, void *context);

/* Path: segments are literal or {name}; a {name} matches one non-empty segment. First
 * match wins. A HEAD is answered by the GET row. No row for the path: `fallback`; a row
 * for another method: 405. */
struct http_route {
	const char *method;
	const char *path;
	int who; /* the daemon's own value; handed to the listener's `enter` */
	http_handler *handle;
};

struct http_options {
	struct conf_address address;
	const struct http_route *routes;
	size_t route_count;
	http_handler *fallback; /* no such path; NULL: a plain 404 */
	/* Called before the handler; false: it has answered already, with 401 or 403.
	 * NULL: everyone enters. */
	bool (*enter)(struct http_request *r, int who, void *context);
	/* Called when a request's headers say that more than body_limit follows, len
	 * bytes, and before any of it is read: true lets it come. false: it may have
	 * answered; otherwise the answer is 413. http_segment() knows nothing yet. NULL:
	 * nothing longer comes in. */
	bool (*admit)(struct http_request *r, int who, size_t len, void *context);
	/* Called on the listener's thread after each round: when every request that was
	 * there is answered or parked, and before what came meanwhile is looked at. NULL:
	 * nothing. */
	void (*rest)(void *context);
	void *context;
	const char *const
		*headers; /* name, value, name, value, …, NULL; sent with every reply */
	size_t body_limit; /* bytes; a longer body gets 413, unless `admit` lets it in */
	unsigned connection_limit;
	unsigned idle_seconds; /* a connection that says nothing for so long is closed */
};

/* Listens and serves until http_stop(); routes and headers stay where they are so long.
 * ERR_IO with the address in why. Ignores SIGPIPE for the whole process. */
enum err http_start(const struct http_options *options, struct http_server **ret_server,
	struct why *why);
/* Stops listening and waits for the running requests; every parked request must be woken
 * first or during this call. NULL is fine. */
void http_stop(struct http_server *s);
/* The port that is listened on: the one chosen by the system when the options said 0. */
uint16_t http_port(const struct http_server *s);

struct arena *http_arena(struct http_request *r);
const char *http_method(const struct http_request *r);
/* As it came, without the query: escapes are not decoded, here and in segments. */
const char *http_path(const struct http_request *r);
/* The text that {name} number n (from 0) matched. */
const char *http_segment(const struct http_request *r, size_t n);
/* NULL when absent. */
const char *http_header(const struct http_request *r, const char *name);
/* The path with the query behind it, as they came: what leads here again. In the arena.
 */
const char *http_target(struct http_request *r);
/* The first argument of that name, decoded; NULL when absent, broken or not UTF-8. */
const char *http_query(struct http_request *r, const char *name);
/* The cookie of exactly that name as it came; NULL when absent. In the arena. */
const char *http_cookie(struct http_request *r, const char *name);
/* The numeric address of the other end, in the arena; "" when there is none. */
const char *http_peer(struct http_request *r);
/* The body, NUL-terminated after *ret_len bytes. */
const char *http_body(const struct http_request *r, size_t *ret_len);
/* How many requests that `admit` let in are not over. The listener's thread only. */
unsigned http_admitted(const struct http_request *r);

/* Adds a header to the reply to come, instead of the listener's of that name; the same
 * name can be added again. name and value must live in the arena or be constant. */
void http_set_header(struct http_request *r, const char *name, const char *value);
/* Replies with a copy of the bytes. A type of NULL sends no Content-Type. */
void http_reply(struct http_request *r, unsigned status, const char *type,
	const void *data, size_t len);
/* Replies with the buf's bytes, which the reply takes over; the buf is empty afterwards.
 */
void http_reply_buf(
	struct http_request *r, unsigned status, const char *type, struct buf *body);
/* Replies with bytes that stay where they are, as does the type, for as long as the
 * program runs. */
void http_reply_static(struct http_request *r, unsigned status, const char *type,
	const void *data, size_t len);

/* The same bytes twice, as they are and as a gzip file of them. */
struct http_page {
	struct buf plain;
	struct buf packed;
};

/* Replies with what the client accepts of the page, which stays where it is as for
 * http_reply_static(). */
void http_reply_page(struct http_request *r, unsigned status, const char *type,
	const struct http_page *page);
/* A page that differs from reply to reply in a few places only. Its copies, with their
 * headers, are used again when their reply is out: a page costs no more than what is
 * written into it. Only the listener's thread uses it, until http_stop(). */
struct http_mould;
/* Copies the bytes; type and encoding (NULL: none) stay where they are. */
struct http_mould *http_mould_create(
	const void *data, size_t len, const char *type, const char *encoding);
void http_mould_destroy(struct http_mould *m); /* after http_stop(); NULL is fine */
/* The bytes of a copy, to be written over in place, at the same places each time;
 * http_reply_mould() then sends it. NULL when the request takes no reply any more. */
char *http_mould_take(struct http_request *r, struct http_mould *m);
void http_reply_mould(struct http_request *r, unsigned status);

/* Whether the client takes gzip; and a reply with the bytes of a gzip file, as
 * http_reply_buf() does it. */
bool http_accepts_gzip(const struct http_request *r);
void http_reply_packed(
	struct http_request *r, unsigned status, const char *type, struct buf *body);

/* Lays the request aside. Exactly one http_wake() for it, from any thread, also before
 * http_park() has returned, makes the listener's thread call `then`, which replies and
 * cannot park again. It is called even when the client has left: the reply then goes
 * nowhere. After http_wake() the request belongs to the listener's thread. */
void http_park(struct http_request *r, http_handler *then);
void http_wake(struct http_request *r);
/* A pointer that `enter` leaves for the handler: who asks. */
void http_set_visitor(struct http_request *r, void *visitor);
void *http_visitor(const struct http_request *r);
/* A pointer that the handler leaves for `then`. */
void http_set_note(struct http_request *r, void *note);
void *http_note(const struct http_request *r);

#endif
