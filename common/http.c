#include "http.h"
#include "accept.h"
#include "clock.h"
#include "drain.h"
#include "form.h"
#include "listen.h"
#include "route.h"
#include <limits.h>
#include <microhttpd.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	MEMORY = 12 * 1024, /* a connection's headers, both ways: a browser's own take 1–2
			       KiB */
	DRAIN = 1024 * 1024, /* of a body over the limit is read, or the client would not
				see the 413 */
	PATH = 128,          /* longer ones are copied to the arena */
	CACHE = 1024,        /* a power of two */
	PROBES = 8,
	DRAIN_ROUND = 1000, /* ms between looks at what drains */
	STOP_MS = 5000, /* for replies that are on their way when the listener stops */
};

/* Who got where first: the listener's thread that lays the request aside, or the one that
 * wakes it. */
enum stage { RUNNING, PARKED, WOKEN };

struct header {
	struct header *next;
	const char *name;
	const char *value;
};

/* A reply that can be sent again as it is. */
struct cached {
	const void *data;
	size_t len;
	const char *type;
	const char *encoding;
	unsigned status;
	struct MHD_Response *response; /* NULL: free */
};

/* A copy of a mould's page: free, or on its way with the request that has it. */
struct cast {
	struct cast *next;
	struct http_mould *mould;
	struct MHD_Response *response;
	char bytes[];
};

struct http_mould {
	struct buf model;
	const char *type;
	const char *encoding;
	struct cast *free;
};

struct http_server {
	struct http_options options;
	struct MHD_Daemon *daemon;
	pthread_t thread;
	int bell; /* an eventfd that begins a round */
	atomic_int stops;
	int socket;
	uint16_t port;
	atomic_bool stopping;
	atomic_uint undecided; /* requests in a handler, or parked and not yet woken */
	atomic_uint unsent;    /* requests that reached a handler and are not completed */
	/* The listener's thread only. */
	unsigned admitted; /* requests whose body is longer than usual */
	struct drain drain;
	struct cached cache[CACHE];
};

struct http_request {
	struct http_server *server;
	struct MHD_Connection *connection;
	const char *method;
	const char *path;
	struct arena *arena; /* NULL until something is needed from it */
	struct header *headers;
	http_handler *then;
	void *note;
	void *visitor;
	struct cast *cast; /* goes back to its mould when the reply is out */
	struct buf body;
	size_t limit; /* of the body */
	size_t drained;
	_Atomic(enum stage) stage;
	bool counted; /* in server->unsent */
	bool aside;   /* http_wake() ends its being undecided */
	bool replied;
	bool gone; /* the client is: replies go nowhere */
	bool admitted;
	bool early; /* replied to before its body was read */
	size_t segment_count;
	const char *segments[ROUTE_SEGMENTS];
	char cut[PATH]; /* the path, a NUL after each segment */
};

/* Replies. */

static bool add(struct MHD_Response *response, const char *name, const char *value)
{
	return MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool has_header(const struct header *list, const char *name)
{
	while (list && strcasecmp(list->name, name) != 0)
		list = list->next;
	return list != NULL;
}

static struct MHD_Response *with_headers(struct MHD_Response *response,
	const struct http_server *s, const char *type, const struct header *more)
{
	bool fine = response && (!type || add(response, "Content-Type", type));
	for (const char *const *h = s->options.headers; fine && h && *h; h += 2)
		fine = has_header(more, h[0]) || add(response, h[0], h[1]);
	for (const struct header *h = more; fine && h; h = h->next)
		fine = add(response, h->name, h->value);
	if (fine)
		return response;
	if (response)
		MHD_destroy_response(response);
	return NULL;
}

static struct MHD_Response *of_static(
	const struct http_server *s, const struct cached *c, const struct header *more)
{
	/* The library takes a pointer to what it only reads. */
	struct MHD_Response *response = MHD_create_response_from_buffer(
		c->len, (void *)(uintptr_t)c->data, MHD_RESPMEM_PERSISTENT);
	const struct header encoding = { (struct header *)(uintptr_t)more,
		"Content-Encoding", c->encoding };
	return with_headers(response, s, c->type, c->encoding ? &encoding : more);
}

static void reply_finished(void *cls)
{
	struct buf *body = cls;
	buf_clear(body);
	free(body);
}

static struct MHD_Response *of_buf(
	const struct http_request *r, const char *type, struct buf *body)
{
	struct buf *kept = mem_alloc(sizeof *kept);
	*kept = *body;
	*body = (struct buf){ 0 };
	struct MHD_Response *response =
		MHD_create_response_from_buffer_with_free_callback_cls(
			kept->len, kept->data, reply_finished, kept);
	if (!response)
		reply_finished(kept);
	return with_headers(response, r->server, type, r->headers);
}

static void queue(struct http_request *r, unsigned status, struct MHD_Response *response)
{
	r->replied = MHD_queue_response(r->connection, status, response) == MHD_YES;
}

static void queue_once(
	struct http_request *r, unsigned status, struct MHD_Response *response)
{
	if (!response)
		return;
	queue(r, status, response);
	MHD_destroy_response(response);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* The slot of the reply, filled or free; NULL when there is no room. */
static struct cached *cache_slot(struct http_server *s, const struct cached *want)
{
	size_t at =
		((uintptr_t)want->data >> 4 ^ (uintptr_t)want->data >> 11) + want->status;
	for (size_t i = 0; i < PROBES; i++) {
		struct cached *c = &s->cache[(at + i) % CACHE];
		if (!c->response || (c->data == want->data && c->len == want->len &&
					    c->status == want->status &&
					    same_text(c->type, want->type)))
			return c;
	}
	return NULL;
}

static void reply_same(struct http_request *r, const struct cached *want)
{
	if (r->gone || r->replied)
		return;
	struct http_server *s = r->server;
	struct cached *c = r->headers ? NULL : cache_slot(s, want);
	if (!c) {
		queue_once(r, want->status, of_static(s, want, r->headers));
		return;
	}
	if (!c->response) {
		*c = *want;
		c->response = of_static(s, want, NULL);
	}
	if (c->response)
		queue(r, want->status, c->response);
}

void http_reply_static(struct http_request *r, unsigned status, const char *type,
	const void *data, size_t len)
{
	reply_same(r, &(struct cached){ data, len, type, NULL, status, NULL });
}

void http_reply_page(struct http_request *r, unsigned status, const char *type,
	const struct http_page *page)
{
	bool packed = http_accepts_gzip(r);
	const struct buf *b = packed ? &page->packed : &page->plain;
	reply_same(r, &(struct cached){ b->data, b->len, type, packed ? "gzip" : NULL,
			      status, NULL });
}

void http_reply_buf(
	struct http_request *r, unsigned status, const char *type, struct buf *body)
{
	if (r->gone || r->replied)
		buf_clear(body);
	else
		queue_once(r, status, of_buf(r, type, body));
}

void http_reply(struct http_request *r, unsigned status, const char *type,
	const void *data, size_t len)
{
	struct buf copy = { 0 };
	buf_add(&copy, data, len);
	http_reply_buf(r, status, type, &copy);
}

void http_reply_packed(
	struct http_request *r, unsigned status, const char *type, struct buf *body)
{
	http_set_header(r, "Content-Encoding", "gzip");
	http_reply_buf(r, status, type, body);
}

void http_set_header(struct http_request *r, const char *name, const char *value)
{
	struct header *h = arena_alloc(http_arena(r), sizeof *h);
	*h = (struct header){ r->headers, name, value };
	r->headers = h;
}

static void plain(struct http_request *r, unsigned status, const char *text)
{
	http_reply_static(r, status, "text/plain; charset=utf-8", text, strlen(text));
}

static void failed(struct http_request *r)
{
	r->headers = NULL;
	plain(r, 500, "Något gick fel. Försök igen om en stund.\n");
}

static void stopping(struct http_request *r)
{
	http_set_header(r, "Retry-After", "5");
	http_set_header(r, "Connection", "close");
	plain(r, 503, "Tjänsten startas om. Försök igen om en stund.\n");
}

static void too_long(struct http_request *r)
{
	plain(r, 413, "Det som skickades är för stort.\n");
}

/* What a handler asks. */

struct arena *http_arena(struct http_request *r)
{
	if (!r->arena)
		r->arena = arena_create();
	return r->arena;
}

const char *http_method(const struct http_request *r)
{
	return r->method;
}

const char *http_path(const struct http_request *r)
{
	return r->path;
}

const char *http_segment(const struct http_request *r, size_t n)
{
	return n < r->segment_count ? r->segments[n] : NULL;
}

const char *http_header(const struct http_request *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

struct http_mould *http_mould_create(
	const void *data, size_t len, const char *type, const char *encoding)
{
	struct http_mould *m = mem_alloc(sizeof *m);
	*m = (struct http_mould){ .type = type, .encoding = encoding };
	buf_add(&m->model, data, len);
	return m;
}

void http_mould_destroy(struct http_mould *m)
{
	if (!m)
		return;
	while (m->free) {
		struct cast *c = m->free;
		m->free = c->next;
		if (c->response)
			MHD_destroy_response(c->response);
		explicit_bzero(c->bytes, m->model.len);
		free(c);
	}
	buf_clear(&m->model);
	free(m);
}

static struct cast *new_cast(const struct http_server *s, struct http_mould *m)
{
	struct cast *c = mem_alloc(sizeof *c + m->model.len);
	memcpy(c->bytes, m->model.data, m->model.len);
	c->mould = m;
	c->response = of_static(s,
		&(struct cached){ .data = c->bytes,
			.len = m->model.len,
			.type = m->type,
			.encoding = m->encoding },
		NULL);
	return c;
}

char *http_mould_take(struct http_request *r, struct http_mould *m)
{
	if (r->gone || r->replied || r->cast)
		return NULL;
	r->cast = m->free ? m->free : new_cast(r->server, m);
	if (m->free)
		m->free = m->free->next;
	return r->cast->bytes;
}

void http_reply_mould(struct http_request *r, unsigned status)
{
	if (r->cast && r->cast->response && !r->gone && !r->replied)
		queue(r, status, r->cast->response);
}

static void give_back(struct cast *c)
{
	if (!c)
		return;
	c->next = c->mould->free;
	c->mould->free = c;
}

bool http_accepts_gzip(const struct http_request *r)
{
	return accept_encoding(http_header(r, "Accept-Encoding"), "gzip");
}

/* The library has cut the query in pieces and made spaces of their pluses; escapes stay
 * as they came. */
static void add_piece(struct buf *target, const char *piece)
{
	for (; *piece; piece++)
		buf_add(target, *piece == ' ' ? "+" : piece, 1);
}

static enum MHD_Result add_argument(
	void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct buf *target = context;
	(void)kind;
	buf_text(target, strchr(buf_string(target), '?') ? "&" : "?");
	add_piece(target, name);
	if (value) {
		buf_text(target, "=");
		add_piece(target, value);
	}
	return MHD_YES;
}

const char *http_target(struct http_request *r)
{
	auto_(buf) struct buf target = { 0 };
	buf_text(&target, r->path);
	(void)MHD_get_connection_values(
		r->connection, MHD_GET_ARGUMENT_KIND, add_argument, &target);
	return arena_text(http_arena(r), buf_string(&target), target.len);
}

const char *http_query(struct http_request *r, const char *name)
{
	const char *value = NULL;
	size_t len = 0;
	if (MHD_lookup_connection_value_n(r->connection, MHD_GET_ARGUMENT_KIND, name,
		    strlen(name), &value, &len) != MHD_YES)
		return NULL;
	return value ? form_decode(http_arena(r), value, len) : "";
}

const char *http_body(const struct http_request *r, size_t *ret_len)
{
	*ret_len = r->body.len;
	return buf_string(&r->body);
}

unsigned http_admitted(const struct http_request *r)
{
	return r->server->admitted;
}

struct cookie {
	const char *name, *value;
};

static enum MHD_Result match_cookie(
	void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct cookie *c = context;
	(void)kind;
	if (strcmp(name, c->name) != 0)
		return MHD_YES;
	c->value = value;
	return MHD_NO;
}

/* libmicrohttpd's own look-up takes a name in any case. Some browsers keep the promise of
 * "__Host-" for that spelling alone, and let a neighbouring site set "__host-". */
const char *http_cookie(struct http_request *r, const char *name)
{
	struct cookie c = { name, NULL };
	(void)MHD_get_connection_values(r->connection, MHD_COOKIE_KIND, match_cookie, &c);
	return c.value ? arena_text(http_arena(r), c.value, strlen(c.value)) : NULL;
}

const char *http_peer(struct http_request *r)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	char text[NI_MAXHOST];
	if (!info || getnameinfo(info->client_addr, sizeof(struct sockaddr_storage), text,
			     sizeof text, NULL, 0, NI_NUMERICHOST) != 0)
		return "";
	return arena_text(http_arena(r), text, strlen(text));
}

void http_set_visitor(struct http_request *r, void *visitor)
{
	r->visitor = visitor;
}

void *http_visitor(const struct http_request *r)
{
	return r->visitor;
}

void http_set_note(struct http_request *r, void *note)
{
	r->note = note;
}

void *http_note(const struct http_request *r)
{
	return r->note;
}

/* Begins a round of the listener's thread. */
static void ring(const struct http_server *s)
{
	const uint64_t once = 1;
	(void)!write(s->bell, &once, sizeof once);
}

/* Parking. */

void http_park(struct http_request *r, http_handler *then)
{
	r->then = then;
}

void http_wake(struct http_request *r)
{
	struct http_server *s = r->server;
	struct MHD_Connection *connection = r->connection;
	/* Unless it was parked, the request may be gone from here on. */
	if (atomic_exchange(&r->stage, WOKEN) != PARKED)
		return;
	MHD_resume_connection(connection);
	/* The library looks for resumed connections when a round begins; one that comes
	 * after that look must begin another round. */
	ring(s);
	atomic_fetch_sub(&s->undecided, 1);
}

static void lay_aside(struct http_request *r)
{
	MHD_suspend_connection(r->connection);
	r->aside = atomic_exchange(&r->stage, PARKED) != WOKEN;
	if (!r->aside) {
		MHD_resume_connection(r->connection);
		ring(r->server);
	}
}

static void finish_parked(struct http_request *r)
{
	r->then(r, r->server->options.context);
	if (!r->replied)
		failed(r);
}

static void handle(struct http_request *r, http_handler *handler)
{
	handler(r, r->server->options.context);
	if (r->replied)
		return;
	if (!r->then)
		failed(r);
	else if (atomic_load(&r->stage) == WOKEN)
		finish_parked(r);
	else
		lay_aside(r);
}

/* Routes. */

static void keep_segments(struct http_request *r, const struct route_match *m)
{
	if (m->count == 0)
		return;
	size_t len = strlen(r->path);
	char *cut = len < PATH ? memcpy(r->cut, r->path, len + 1)
			       : arena_text(http_arena(r), r->path, len);
	for (size_t i = 0; i < m->count; i++) {
		cut[m->spans[i].to] = '\0';
		r->segments[i] = cut + m->spans[i].from;
	}
	r->segment_count = m->count;
}

/* RFC 9110, 15.5.6: a 405 names the methods there are. */
static void wrong_method(struct http_request *r, bool same_path)
{
	const struct http_options *o = &r->server->options;
	struct buf allow = { 0 };
	route_allow(o->routes, o->route_count, same_path ? r->path : NULL, &allow);
	http_set_header(
		r, "Allow", arena_text(http_arena(r), buf_string(&allow), allow.len));
	buf_clear(&allow);
	plain(r, 405, "Sidan kan inte användas på det sättet.\n");
}

static void no_route(struct http_request *r, const struct route_match *m)
{
	http_handler *fallback = r->server->options.fallback;
	if (m->same_path || !m->known_method)
		wrong_method(r, m->same_path);
	else if (fallback)
		handle(r, fallback);
	else
		plain(r, 404, "Sidan finns inte.\n");
}

static void route(struct http_request *r)
{
	const struct http_options *o = &r->server->options;
	struct route_match m;
	route_find(o->routes, o->route_count, r->method, r->path, &m);
	if (!m.row) {
		no_route(r, &m);
		return;
	}
	keep_segments(r, &m);
	if (!o->enter || o->enter(r, m.row->who, o->context))
		handle(r, m.row->handle);
	else if (!r->replied)
		failed(r);
}

/* Requests, as the library hands them over. */

/* Headers that say how the body is delimited: with two opinions about that, a proxy and
 * this listener could see two different requests. RFC 9112, 6.3. */
struct framing {
	const char *length;
	unsigned lengths;
	unsigned encodings;
	bool chunked;
	bool expects; /* waits for a go-ahead before the body */
};

static enum MHD_Result look(void *cls, enum MHD_ValueKind kind, const char *name,
	size_t name_len, const char *value, size_t value_len)
{
	struct framing *f = cls;
	(void)kind;
	(void)value_len;
	if (name_len == 14 && strcasecmp(name, "Content-Length") == 0) {
		f->length = value;
		f->lengths++;
	} else if (name_len == 17 && strcasecmp(name, "Transfer-Encoding") == 0) {
		f->encodings++;
		f->chunked = value && strcasecmp(value, "chunked") == 0;
	} else if (name_len == 6 && strcasecmp(name, "Expect") == 0) {
		f->expects = true;
	}
	return MHD_YES;
}

/* Whether a body may be so long, which is longer than usual. */
static bool admit(struct http_request *r, size_t len)
{
	const struct http_options *o = &r->server->options;
	struct route_match m;
	if (!o->admit)
		return false;
	route_find(o->routes, o->route_count, r->method, r->path, &m);
	if (!m.row || !o->admit(r, m.row->who, len, o->context))
		return false;
	r->admitted = true;
	r->server->admitted++;
	r->limit = len;
	buf_reserve(&r->body, len);
	return true;
}

/* What must be refused before the body is read; a reply now also closes the connection.
 */
static void arrive(struct http_request *r)
{
	struct framing f = { 0 };
	(void)MHD_get_connection_values_n(r->connection, MHD_HEADER_KIND, look, &f);
	size_t len = f.length ? strtoull(f.length, NULL, 10) : 0;
	r->limit = r->server->options.body_limit;
	if (atomic_load_explicit(&r->server->stopping, memory_order_relaxed))
		stopping(r);
	else if (f.lengths + f.encodings > 1 || (f.encodings && !f.chunked))
		plain(r, 400, "Begäran går inte att tolka.\n");
	else if (len > r->limit && !admit(r, len) && !r->replied &&
		 len > r->limit + (f.expects ? 0 : DRAIN))
		too_long(r);
	r->early = r->replied && (len > 0 || f.encodings > 0);
}

static enum MHD_Result take(struct http_request *r, const char *data, size_t len)
{
	if (r->drained == 0 && r->body.len + len <= r->limit) {
		buf_add(&r->body, data, len);
		return MHD_YES;
	}
	r->drained += r->body.len + len;
	buf_clear(&r->body);
	return r->drained <= r->limit + DRAIN ? MHD_YES : MHD_NO;
}

static void whole(struct http_request *r)
{
	struct http_server *s = r->server;
	r->counted = true;
	/* Counted before `stopping` is read: http_stop() sets that before it reads the
	 * counts. */
	atomic_fetch_add(&s->unsent, 1);
	atomic_fetch_add(&s->undecided, 1);
	if (atomic_load(&s->stopping))
		stopping(r);
	else if (r->drained)
		too_long(r);
	else
		route(r);
	if (!r->aside)
		atomic_fetch_sub(&s->undecided, 1);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection,
	const char *path, const char *method, const char *version, const char *data,
	size_t *len, void **state)
{
	struct http_request *r = *state;
	(void)version;
	if (!r) {
		*state = r = mem_alloc(sizeof *r);
		r->server = cls;
		r->connection = connection;
		r->method = method;
		r->path = path;
		arrive(r);
		return MHD_YES;
	}
	if (*len) {
		enum MHD_Result result = take(r, data, *len);
		*len = 0;
		return result;
	}
	if (r->then)
		finish_parked(r);
	else
		whole(r);
	return MHD_YES;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode code)
{
	struct http_server *s = cls;
	struct http_request *r = *state;
	(void)code;
	if (!r)
		return;
	if (r->early) {
		const union MHD_ConnectionInfo *info = MHD_get_connection_info(
			connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		drain_add(&s->drain, info->connect_fd, clock_ticks());
	}
	if (r->then && !r->replied) {
		/* The client left before its request was woken; what `then` has to clean
		 * up is still there. */
		r->gone = true;
		r->then(r, s->options.context);
	}
	if (r->counted)
		atomic_fetch_sub(&s->unsent, 1);
	s->admitted -= r->admitted;
	give_back(r->cast);
	buf_clear(&r->body);
	arena_destroy(r->arena);
	explicit_bzero(r->cut, sizeof r->cut);
	free(r);
	*state = NULL;
}

/* Paths stay as they came: a handler sees an escape as an escape, and %00 ends nothing.
 */
static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
	(void)cls;
	(void)connection;
	return strlen(text);
}

/* The listener. */

static void start_daemon(struct http_server *s)
{
	s->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL,
		NULL, on_request, s, MHD_OPTION_LISTEN_SOCKET, s->socket,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY,
		MHD_OPTION_CONNECTION_LIMIT, s->options.connection_limit,
		MHD_OPTION_CONNECTION_TIMEOUT, s->options.idle_seconds,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

static void wait_for_work(struct http_server *s)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd ready[2 + DRAIN_MOST] = {
		{ .fd = info->epoll_fd, .events = POLLIN },
		{ .fd = s->bell, .events = POLLIN },
	};
	MHD_UNSIGNED_LONG_LONG wait = INT_MAX;
	int most = s->drain.count ? DRAIN_ROUND : INT_MAX;
	(void)MHD_get_timeout(s->daemon, &wait);
	memcpy(ready + 2, s->drain.sockets, s->drain.count * sizeof *ready);
	(void)poll(ready, 2 + s->drain.count, wait < (unsigned)most ? (int)wait : most);
	uint64_t rung;
	if (ready[1].revents)
		(void)!read(s->bell, &rung, sizeof rung);
}

/* The listener's thread: one round after the other. Stopped once, it takes no new
 * connections; stopped twice, it ends. */
static void *run(void *cls)
{
	struct http_server *s = cls;
	while (atomic_load(&s->stops) < 2) {
		wait_for_work(s);
		if (atomic_load(&s->stops) == 1)
			(void)MHD_quiesce_daemon(s->daemon);
		(void)MHD_run(s->daemon);
		if (s->drain.count)
			drain_round(&s->drain, clock_ticks());
		if (s->options.rest)
			s->options.rest(s->options.context);
	}
	return NULL;
}

static void stop_once(struct http_server *s)
{
	atomic_fetch_add(&s->stops, 1);
	ring(s);
}

static bool start_thread(struct http_server *s)
{
	/* The listener's thread leaves every signal to the program's own. */
	sigset_t all, before;
	sigfillset(&all);
	s->bell = eventfd(0, EFD_CLOEXEC);
	start_daemon(s);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool fine = s->bell >= 0 && s->daemon &&
		    pthread_create(&s->thread, NULL, run, s) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (fine)
		return true;
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	if (s->bell >= 0)
		(void)close(s->bell);
	return false;
}

enum err http_start(const struct http_options *options, struct http_server **ret_server,
	struct why *why)
{
	const struct conf_address *a = &options->address;
	if (!route_fits(options->routes, options->route_count))
		return err_why(why, ERR_INPUT, "a route has more than %d segments",
			ROUTE_SEGMENTS);
	int fd = -1;
	uint16_t port = 0;
	enum err e = listen_open(a, &fd, &port, why);
	if (e != OK)
		return e;
	(void)signal(SIGPIPE, SIG_IGN);
	struct http_server *s = mem_alloc(sizeof *s);
	s->options = *options;
	s->socket = fd;
	s->port = port;
	if (!start_thread(s)) {
		free(s);
		(void)close(fd);
		return err_why(why, ERR_IO,
			"%s:%u: cannot start a listener: are there too many open files?",
			a->host, a->port);
	}
	*ret_server = s;
	return OK;
}

void http_stop(struct http_server *s)
{
	if (!s)
		return;
	atomic_store(&s->stopping, true);
	stop_once(s);
	(void)shutdown(s->socket, SHUT_RDWR);
	const struct timespec millisecond = { .tv_nsec = 1000000 };
	int waited = 0;
	/* A parked request is waited for without end: only its owner knows when it can be
	 * answered. */
	while (atomic_load(&s->undecided) > 0 ||
		(atomic_load(&s->unsent) > 0 && waited < STOP_MS)) {
		(void)nanosleep(&millisecond, NULL);
		waited++;
	}
	stop_once(s);
	(void)pthread_join(s->thread, NULL);
	MHD_stop_daemon(s->daemon);
	drain_finish(&s->drain);
	(void)close(s->socket);
	(void)close(s->bell);
	for (size_t i = 0; i < CACHE; i++)
		if (s->cache[i].response)
			MHD_destroy_response(s->cache[i].response);
	free(s);
}

uint16_t http_port(const struct http_server *s)
{
	return s->port;
}
