/* A real listener on a port of the system's choice, spoken to over raw sockets and
 * common/fetch. */
#include "common/fetch.h"
#include "common/http.h"
#include <malloc.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	CLIENTS = 50,
	ROUNDS = 20,
	BODY_LIMIT = 4096,
	LARGE = 8 << 20,
	MOULD = 1 << 16,
	WHO_LARGE = 3, /* may send LARGE bytes */
};

static struct http_server *server;
static char reply[70000];

/* The handlers. */

static void show(struct http_request *r, void *context)
{
	size_t len;
	const char *body = http_body(r, &len);
	const char *word = http_query(r, "word");
	const char *first = http_segment(r, 0);
	const char *second = http_segment(r, 1);
	struct buf b = { 0 };
	assert_string_equal(context, "context");
	buf_format(&b, "%s %s [%s] [%s] [%s] %zu %s", http_method(r), http_path(r),
		first ? first : "-", second ? second : "-", word ? word : "-", len, body);
	http_set_header(r, "X-More", arena_text(http_arena(r), "more", 4));
	http_reply_buf(r, 200, "text/plain", &b);
	assert_null(b.data);
}

static void constant(struct http_request *r, void *context)
{
	(void)context;
	http_reply_static(r, 201, "text/html", "<p>always\n", 10);
}

static void nothing(struct http_request *r, void *context)
{
	(void)r;
	(void)context;
}

static void bad_header(struct http_request *r, void *context)
{
	(void)context;
	http_set_header(r, "Location", "/a\r\nSet-Cookie: x=y");
	http_reply(r, 303, "text/plain", "", 0);
}

static void fell_back(struct http_request *r, void *context)
{
	(void)context;
	http_reply(r, 404, "text/plain", "fallback", 8);
}

/* Who asks, from where, with which cookie; and two cookies back. */
static void show_visitor(struct http_request *r, void *context)
{
	const char *cookie = http_cookie(r, "__Host-a");
	struct buf b = { 0 };
	(void)context;
	buf_format(&b, "%s %s [%s] <%s>", (const char *)http_visitor(r), http_peer(r),
		cookie ? cookie : "-", http_target(r));
	http_set_header(r, "Set-Cookie", "one=1");
	http_set_header(r, "Set-Cookie", "two=2");
	http_reply_buf(r, 200, "text/plain", &b);
}

static bool enter(struct http_request *r, int who, void *context)
{
	static char visitor[] = "visitor";
	(void)context;
	http_set_visitor(r, visitor);
	if (who == 0 || http_header(r, "X-Key"))
		return true;
	http_reply(r, who == 1 ? 401 : 403, "text/plain", "no", 2);
	return false;
}

/* The same text twice, told apart by what "gzip" has in it, and a NUL in the second. */
static struct http_page page = { { "plain text", 10, 0 }, { "packed\0text", 11, 0 } };

static void show_page(struct http_request *r, void *context)
{
	(void)context;
	const char *header = http_query(r, "header");
	const char *gone = http_query(r, "gone");
	if (header)
		http_set_header(r, header, "own");
	http_reply_page(r, gone ? 410 : 200,
		http_query(r, "html") ? "text/html" : "text/plain", &page);
}

static void show_packed(struct http_request *r, void *context)
{
	struct buf b = { 0 };
	(void)context;
	http_set_header(r, "Cache-Control", "own");
	if (http_accepts_gzip(r)) {
		buf_add(&b, page.packed.data, page.packed.len);
		http_reply_packed(r, 200, "text/plain", &b);
	} else {
		buf_add(&b, page.plain.data, page.plain.len);
		http_reply_buf(r, 200, "text/plain", &b);
	}
	assert_null(b.data);
}

/* Long bodies: from who has a key, two at a time. */
static bool admit(struct http_request *r, int who, size_t len, void *context)
{
	assert_string_equal(context, "context");
	assert_true(len > BODY_LIMIT);
	if (who != WHO_LARGE)
		return false;
	if (!http_header(r, "X-Key"))
		http_reply(r, 303, "text/plain", "no key", 6);
	else if (len > LARGE)
		http_reply(r, 413, "text/plain", "larger", 6);
	else if (http_admitted(r) == 2)
		http_reply(r, 503, "text/plain", "third", 5);
	else
		return true;
	return false;
}

static void measure(struct http_request *r, void *context)
{
	size_t len, sum = 0;
	const char *body = http_body(r, &len);
	struct buf b = { 0 };
	(void)context;
	for (size_t i = 0; i < len; i++)
		sum += (unsigned char)body[i];
	assert_int_equal(body[len], 0);
	buf_format(
		&b, "%s: %zu, %zu, %u", http_segment(r, 0), len, sum, http_admitted(r));
	http_reply_buf(r, 200, "text/plain", &b);
}

/* A thread that wakes what is parked, as the one writer of the store does. */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct http_request *waiting[CLIENTS];
	size_t count;
	bool ended;
} shelf = { .lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER };
static atomic_int finished;

static void parked_done(struct http_request *r, void *context)
{
	(void)context;
	const char *note = http_note(r);
	atomic_fetch_add(&finished, 1);
	http_reply(r, 200, "text/plain", note, strlen(note));
}

static void lay_on_shelf(struct http_request *r)
{
	pthread_mutex_lock(&shelf.lock);
	assert_true(shelf.count < CLIENTS);
	shelf.waiting[shelf.count++] = r;
	pthread_cond_signal(&shelf.filled);
	pthread_mutex_unlock(&shelf.lock);
}

static void park(struct http_request *r, void *context)
{
	(void)context;
	http_set_note(r, arena_text(http_arena(r), http_segment(r, 0),
				 strlen(http_segment(r, 0))));
	lay_on_shelf(r);
	http_park(r, parked_done);
}

static struct http_mould *mould;

static struct {
	pthread_mutex_t lock;
	uintptr_t seen[2 * CLIENTS]; /* inverted: a lost copy is still seen as lost */
	size_t count;
} copies = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void note_copy(const char *copy)
{
	size_t i = 0;
	pthread_mutex_lock(&copies.lock);
	while (i < copies.count && copies.seen[i] != ~(uintptr_t)copy)
		i++;
	if (i == copies.count && i < 2 * CLIENTS)
		copies.seen[copies.count++] = ~(uintptr_t)copy;
	pthread_mutex_unlock(&copies.lock);
}

static size_t copy_count(void)
{
	pthread_mutex_lock(&copies.lock);
	size_t count = copies.count;
	pthread_mutex_unlock(&copies.lock);
	return count;
}

/* Takes a copy and writes the word at its beginning, middle and end. */
static void take_copy(struct http_request *r)
{
	const char *word = http_segment(r, 0);
	char *copy = http_mould_take(r, mould);
	assert_int_equal(strlen(word), 4);
	note_copy(copy);
	memcpy(copy, word, 4);
	memcpy(copy + MOULD / 2, word, 4);
	memcpy(copy + MOULD - 4, word, 4);
	/* One a request. */
	assert_null(http_mould_take(r, mould));
}

static void cast(struct http_request *r, void *context)
{
	(void)context;
	take_copy(r);
	http_reply_mould(r, 201);
	assert_null(http_mould_take(r, mould));
}

static void cast_done(struct http_request *r, void *context)
{
	(void)context;
	atomic_fetch_add(&finished, 1);
	http_reply_mould(r, 201);
}

/* The same, with the reply left for later. */
static void cast_late(struct http_request *r, void *context)
{
	(void)context;
	take_copy(r);
	lay_on_shelf(r);
	http_park(r, cast_done);
}

/* Takes a copy and then says something else. */
static void cast_in_vain(struct http_request *r, void *context)
{
	(void)context;
	assert_non_null(http_mould_take(r, mould));
	http_reply(r, 404, "text/plain", "other", 5);
	http_reply_mould(r, 201);
}

static void park_awake(struct http_request *r, void *context)
{
	(void)context;
	http_set_note(r, arena_text(http_arena(r), "early", 5));
	http_wake(r);
	http_park(r, parked_done);
}

static void *wake_all(void *unused)
{
	pthread_mutex_lock(&shelf.lock);
	while (!shelf.ended || shelf.count > 0) {
		while (shelf.count > 0)
			http_wake(shelf.waiting[--shelf.count]);
		if (!shelf.ended)
			pthread_cond_wait(&shelf.filled, &shelf.lock);
	}
	pthread_mutex_unlock(&shelf.lock);
	return unused;
}

static pthread_t start_waker(void)
{
	pthread_t thread;
	shelf.ended = false;
	assert_int_equal(pthread_create(&thread, NULL, wake_all, NULL), 0);
	return thread;
}

static void stop_waker(pthread_t thread)
{
	pthread_mutex_lock(&shelf.lock);
	shelf.ended = true;
	pthread_cond_signal(&shelf.filled);
	pthread_mutex_unlock(&shelf.lock);
	pthread_join(thread, NULL);
}

/* clang-format off */
static const struct http_route routes[] = {
	{ "GET",  "/",                 0, show },
	{ "GET",  "/om",               0, constant },
	{ "GET",  "/staff",            1, show },
	{ "GET",  "/staff/secret",     2, show },
	{ "GET",  "/nothing",          0, nothing },
	{ "GET",  "/bad-header",       0, bad_header },
	{ "GET",  "/awake",            0, park_awake },
	{ "GET",  "/page",             0, show_page },
	{ "GET",  "/visitor",          0, show_visitor },
	{ "GET",  "/packed",           0, show_packed },
	{ "GET",  "/cast/{word}",      0, cast },
	{ "GET",  "/late/{word}",      0, cast_late },
	{ "GET",  "/vain",             0, cast_in_vain },
	{ "GET",  "/park/{name}",      0, park },
	{ "PUT",  "/v1/{wave}/b/{id}", 0, show },
	{ "POST", "/file/{name}",      WHO_LARGE, measure },
	{ "GET",  "/{code}",           0, show },
	{ "POST", "/{code}",           0, show },
};
/* clang-format on */
static const char *const headers[] = { "Referrer-Policy", "no-referrer",
	"X-Content-Type-Options", "nosniff", NULL };

static struct http_options options(void)
{
	return (struct http_options){
		.address = { .host = "127.0.0.1" },
		.routes = routes,
		.route_count = sizeof routes / sizeof *routes,
		.enter = enter,
		.admit = admit,
		.context = "context",
		.headers = headers,
		.body_limit = BODY_LIMIT,
		.connection_limit = 200,
		.idle_seconds = 2,
	};
}

static int start(void **state)
{
	(void)state;
	struct why why;
	struct http_options o = options();
	auto_(free) char *model = mem_alloc(MOULD);
	fetch_init();
	memset(model, '.', MOULD);
	mould = http_mould_create(model, MOULD, "text/html", "x-none");
	return http_start(&o, &server, &why) == OK ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	http_stop(server);
	http_mould_destroy(mould);
	http_mould_destroy(NULL);
	return 0;
}

/* A client. */

static int dial(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons(http_port(server)) };
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct timeval patience = { .tv_sec = 10 };
	assert_true(fd >= 0);
	assert_int_equal(
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof sin), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* Reads until the listener closes; the text is in `reply`. */
static void hear_all(int fd)
{
	size_t len = 0;
	ssize_t got;
	while ((got = recv(fd, reply + len, sizeof reply - 1 - len, 0)) > 0)
		len += (size_t)got;
	reply[len] = '\0';
	close(fd);
}

/* Reads one reply with Content-Length, leaving the connection open. */
static void hear_one(int fd)
{
	size_t len = 0;
	const char *body = NULL;
	size_t body_len = 0;
	do {
		ssize_t got = recv(fd, reply + len, sizeof reply - 1 - len, 0);
		assert_true(got > 0);
		len += (size_t)got;
		reply[len] = '\0';
		body = strstr(reply, "\r\n\r\n");
		const char *header = strcasestr(reply, "\r\nContent-Length: ");
		if (body && header)
			body_len = strtoul(header + 18, NULL, 10);
	} while (!body || strlen(body + 4) < body_len);
}

/* Reads up to the empty line. */
static void hear_head(int fd)
{
	size_t len = 0;
	do {
		assert_int_equal(recv(fd, reply + len, 1, 0), 1);
		reply[++len] = '\0';
	} while (!strstr(reply, "\r\n\r\n"));
}

static void ask(const char *text)
{
	int fd = dial();
	say(fd, text);
	hear_all(fd);
}

static unsigned status(void)
{
	assert_memory_equal(reply, "HTTP/1.1 ", 9);
	return (unsigned)strtoul(reply + 9, NULL, 10);
}

static const char *body_of_reply(void)
{
	const char *end = strstr(reply, "\r\n\r\n");
	assert_non_null(end);
	return end + 4;
}

static void get(const char *path)
{
	char text[1024];
	snprintf(text, sizeof text,
		"GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", path);
	ask(text);
}

static void post(size_t len, size_t claimed)
{
	int fd = dial();
	char head[256];
	char block[1024];
	memset(block, 'a', sizeof block);
	snprintf(head, sizeof head,
		"POST /c HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
		claimed);
	say(fd, head);
	for (size_t left = len; left > 0;
		left -= left < sizeof block ? left : sizeof block)
		(void)!send(fd, block, left < sizeof block ? left : sizeof block,
			MSG_NOSIGNAL);
	hear_all(fd);
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The tests. */

static void test_routes(void **state)
{
	(void)state;
	get("/");
	assert_int_equal(status(), 200);
	assert_string_equal(body_of_reply(), "GET / [-] [-] [-] 0 ");
	assert_non_null(strstr(reply, "\r\nReferrer-Policy: no-referrer\r\n"));
	assert_non_null(strstr(reply, "\r\nX-Content-Type-Options: nosniff\r\n"));
	assert_non_null(strstr(reply, "\r\nX-More: more\r\n"));
	assert_non_null(strstr(reply, "\r\nContent-Type: text/plain\r\n"));
	get("/7K3M");
	assert_string_equal(body_of_reply(), "GET /7K3M [7K3M] [-] [-] 0 ");
	ask("PUT /v1/2027-1/b/farsta-1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc");
	assert_string_equal(body_of_reply(),
		"PUT /v1/2027-1/b/farsta-1 [2027-1] [farsta-1] [-] 3 abc");
	ask("PUT /v1//b/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	assert_int_equal(status(), 404);
}

static void test_long_segment(void **state)
{
	(void)state;
	char path[801];
	memset(path, 'x', 800);
	path[0] = '/';
	path[800] = '\0';
	get(path);
	assert_int_equal(status(), 200);
	assert_non_null(strstr(body_of_reply(), path + 1));
}

static void test_static_is_the_same_again(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		get("/om");
		assert_int_equal(status(), 201);
		assert_string_equal(body_of_reply(), "<p>always\n");
		assert_non_null(strstr(reply, "\r\nContent-Type: text/html\r\n"));
		assert_non_null(strstr(reply, "\r\nReferrer-Policy: no-referrer\r\n"));
		assert_null(strstr(reply, "X-More"));
	}
}

static void get_with(const char *path, const char *header)
{
	char text[1024];
	snprintf(text, sizeof text,
		"GET %s HTTP/1.1\r\nHost: h\r\n%s\r\nConnection: close\r\n\r\n", path,
		header);
	ask(text);
}

static size_t count_of(const char *text)
{
	size_t count = 0;
	for (const char *at = reply; (at = strcasestr(at, text)); at++)
		count++;
	return count;
}

static void assert_plain(void)
{
	assert_non_null(strstr(reply, "\r\nContent-Length: 10\r\n"));
	assert_string_equal(body_of_reply(), "plain text");
	assert_int_equal(count_of("\r\nContent-Encoding:"), 0);
	assert_int_equal(count_of("\r\nReferrer-Policy: no-referrer\r\n"), 1);
}

static void assert_packed(void)
{
	assert_non_null(strstr(reply, "\r\nContent-Length: 11\r\n"));
	assert_memory_equal(body_of_reply(), "packed\0text", 12);
	assert_int_equal(count_of("\r\nContent-Encoding:"), 1);
	assert_int_equal(count_of("\r\nContent-Encoding: gzip\r\n"), 1);
	assert_int_equal(count_of("\r\nReferrer-Policy: no-referrer\r\n"), 1);
}

/* Whatever was replied before. */
static void test_page(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		get("/page");
		assert_int_equal(status(), 200);
		assert_plain();
		get_with("/page", "Accept-Encoding: br, GZIP;q=0.5");
		assert_int_equal(status(), 200);
		assert_packed();
		get_with("/page", "Accept-Encoding: gzip;q=0, br");
		assert_plain();
		/* The same bytes with another status or type. */
		get_with("/page?gone", "Accept-Encoding: gzip");
		assert_int_equal(status(), 410);
		assert_non_null(strstr(reply, "\r\nContent-Type: text/plain\r\n"));
		assert_packed();
		get_with("/page?html", "Accept-Encoding: gzip");
		assert_int_equal(status(), 200);
		assert_non_null(strstr(reply, "\r\nContent-Type: text/html\r\n"));
		assert_packed();
		get("/page?gone");
		assert_int_equal(status(), 410);
		assert_plain();
	}
	ask("HEAD /page HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
	    "Accept-Encoding: gzip\r\n\r\n");
	assert_non_null(strstr(reply, "\r\nContent-Length: 11\r\n"));
	assert_non_null(strstr(reply, "\r\nContent-Encoding: gzip\r\n"));
	assert_string_equal(body_of_reply(), "");
}

/* A header of one reply is not another's. */
static void test_page_with_a_header(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		get("/page?header=X-More");
		assert_plain();
		assert_int_equal(count_of("\r\nX-More: own\r\n"), 1);
		get_with("/page?header=X-More", "Accept-Encoding: gzip");
		assert_packed();
		assert_int_equal(count_of("\r\nX-More: own\r\n"), 1);
		get("/page");
		assert_plain();
		assert_int_equal(count_of("X-More"), 0);
		get_with("/page", "Accept-Encoding: gzip");
		assert_packed();
		assert_int_equal(count_of("X-More"), 0);
	}
}

static void test_packed(void **state)
{
	(void)state;
	get("/packed");
	assert_plain();
	get_with("/packed", "Accept-Encoding: gzip");
	assert_packed();
	assert_int_equal(count_of("\r\nCache-Control: own\r\n"), 1);
}

/* A reply's own header stands instead of the listener's. */
static void test_header_instead_of_the_listeners(void **state)
{
	(void)state;
	static const char *const names[] = { "Referrer-Policy", "referrer-policy" };
	for (size_t i = 0; i < 2; i++) {
		char path[100];
		snprintf(path, sizeof path, "/page?header=%s", names[i]);
		get(path);
		assert_int_equal(status(), 200);
		assert_int_equal(count_of("\r\nReferrer-Policy:"), 1);
		assert_int_equal(count_of("\r\nReferrer-Policy: own\r\n"), 1);
		assert_int_equal(count_of("\r\nX-Content-Type-Options: nosniff\r\n"), 1);
	}
	get("/page");
	assert_plain();
	/* Part of a name is another. */
	get("/page?header=Referrer");
	assert_int_equal(count_of("\r\nReferrer: own\r\n"), 1);
	assert_int_equal(count_of("\r\nReferrer-Policy: no-referrer\r\n"), 1);
}

static void wait_until_parked(size_t count)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	for (bool there = false; !there;) {
		pthread_mutex_lock(&shelf.lock);
		there = shelf.count == count;
		pthread_mutex_unlock(&shelf.lock);
		nanosleep(&pause, NULL);
	}
}

/* Hears a whole reply cast from the mould, which must say the word at its places and
 * nothing else. */
static void hear_cast(int fd, const char *word)
{
	char head[1024], part[65536];
	const char *end = NULL;
	size_t len = 0, left = MOULD;
	for (; !end; head[len] = '\0', end = strstr(head, "\r\n\r\n"))
		assert_int_equal(recv(fd, head + len++, 1, 0), 1);
	assert_memory_equal(head, "HTTP/1.1 201 ", 13);
	assert_non_null(strstr(head, "\r\nContent-Length: 65536\r\n"));
	assert_non_null(strstr(head, "\r\nContent-Type: text/html\r\n"));
	assert_non_null(strstr(head, "\r\nContent-Encoding: x-none\r\n"));
	assert_non_null(strstr(head, "\r\nReferrer-Policy: no-referrer\r\n"));
	while (left > 0) {
		ssize_t got = recv(fd, part, left < sizeof part ? left : sizeof part, 0);
		assert_true(got > 0);
		for (size_t i = 0; i < (size_t)got; i++) {
			size_t at = MOULD - left + i;
			size_t in = at < 4                       ? at
				    : at >= MOULD - 4            ? at - (MOULD - 4)
				    : at - MOULD / 2 < (size_t)4 ? at - MOULD / 2
								 : 4;
			if (part[i] != (in < 4 ? word[in] : '.'))
				fail_msg("%s: byte %zu is %c", word, at, part[i]);
		}
		left -= (size_t)got;
	}
}

static void say_word(int fd, const char *path, const char *word)
{
	char text[100];
	snprintf(text, sizeof text, "GET %.8s/%.4s HTTP/1.1\r\nHost: h\r\n\r\n", path,
		word);
	say(fd, text);
}

/* Copies that are out at the same time are each its own; the next round takes them
 * again. */
static void test_moulds(void **state)
{
	(void)state;
	int fds[CLIENTS];
	char words[CLIENTS][5];
	for (int i = 0; i < CLIENTS; i++)
		fds[i] = dial();
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < CLIENTS; i++) {
			snprintf(words[i], sizeof words[i], "%d%03d", round, i);
			say_word(fds[i], "/late", words[i]);
		}
		wait_until_parked(CLIENTS);
		assert_int_equal(copy_count(), CLIENTS);
		stop_waker(start_waker());
		for (int i = CLIENTS - 1; i >= 0; i--)
			hear_cast(fds[i], words[i]);
	}
	/* Those of clients that leave meanwhile are not lost either. */
	atomic_store(&finished, 0);
	for (int i = 0; i < CLIENTS; i++)
		say_word(fds[i], "/late", "left");
	wait_until_parked(CLIENTS);
	for (int i = 0; i < CLIENTS; i++)
		close(fds[i]);
	stop_waker(start_waker());
	int fd = dial();
	for (int i = 0; i < 100; i++) {
		say_word(fd, "/cast", "here");
		hear_cast(fd, "here");
	}
	close(fd);
	assert_int_equal(atomic_load(&finished), CLIENTS);
	assert_in_range(copy_count(), CLIENTS, CLIENTS + 1);
}

static void test_mould_in_vain(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		get("/vain");
		assert_int_equal(status(), 404);
		assert_string_equal(body_of_reply(), "other");
		int fd = dial();
		say_word(fd, "/cast", "once");
		hear_cast(fd, "once");
		close(fd);
	}
	ask("HEAD /cast/abcd HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	assert_int_equal(status(), 201);
	assert_non_null(strstr(reply, "\r\nContent-Length: 65536\r\n"));
	assert_string_equal(body_of_reply(), "");
}

static void test_escapes_stay_in_the_path(void **state)
{
	(void)state;
	get("/a%00b%zz%2Fc");
	assert_string_equal(
		body_of_reply(), "GET /a%00b%zz%2Fc [a%00b%zz%2Fc] [-] [-] 0 ");
}

static void test_query(void **state)
{
	(void)state;
	get("/?x=1&word=a%20b+c%C3%A5%2B");
	assert_string_equal(body_of_reply(), "GET / [-] [-] [a b cå+] 0 ");
	get("/?word");
	assert_string_equal(body_of_reply(), "GET / [-] [-] [] 0 ");
	static const char *const broken[] = { "/?word=%", "/?word=%4", "/?word=%zz",
		"/?word=a%00b", "/?word=%ff", "/?words=a" };
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		get(broken[i]);
		assert_string_equal(body_of_reply(), "GET / [-] [-] [-] 0 ");
	}
}

static void test_wrong_method(void **state)
{
	(void)state;
	ask("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab");
	assert_int_equal(status(), 405);
	assert_non_null(strstr(reply, "\r\nAllow: GET, HEAD\r\n"));
	ask("DELETE /abc HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	assert_int_equal(status(), 405);
	assert_non_null(strstr(reply, "\r\nAllow: GET, HEAD, POST\r\n"));
	ask("BREW /no/such HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	assert_int_equal(status(), 405);
}

static void test_no_route(void **state)
{
	(void)state;
	get("/no/such");
	assert_int_equal(status(), 404);
	assert_non_null(strstr(reply, "\r\nReferrer-Policy: no-referrer\r\n"));
}

static void test_fallback(void **state)
{
	(void)state;
	struct http_server *before = server;
	struct http_options o = options();
	struct why why;
	o.fallback = fell_back;
	assert_int_equal(http_start(&o, &server, &why), OK);
	get("/no/such");
	assert_int_equal(status(), 404);
	assert_string_equal(body_of_reply(), "fallback");
	http_stop(server);
	server = before;
}

static void test_head(void **state)
{
	(void)state;
	ask("HEAD /om HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	assert_int_equal(status(), 201);
	assert_non_null(strstr(reply, "\r\nContent-Length: 10\r\n"));
	assert_string_equal(body_of_reply(), "");
}

static void test_enter(void **state)
{
	(void)state;
	get("/staff");
	assert_int_equal(status(), 401);
	get("/staff/secret");
	assert_int_equal(status(), 403);
	ask("GET /staff HTTP/1.1\r\nHost: h\r\nX-Key: k\r\nConnection: close\r\n\r\n");
	assert_int_equal(status(), 200);
}

static void ask_with_cookies(const char *cookies)
{
	char text[512];
	snprintf(text, sizeof text,
		"GET /visitor HTTP/1.1\r\nHost: h\r\nCookie: %s\r\nConnection: close\r\n\r\n",
		cookies);
	ask(text);
}

static void test_visitor_peer_and_cookies(void **state)
{
	(void)state;
	get("/visitor");
	assert_non_null(strstr(reply, "visitor 127.0.0.1 [-] </visitor>"));
	assert_non_null(strstr(reply, "Set-Cookie: one=1\r\n"));
	assert_non_null(strstr(reply, "Set-Cookie: two=2\r\n"));
	get("/visitor?a=1&b=%C3%A5+%2B&c&d=");
	assert_non_null(strstr(reply, "</visitor?a=1&b=%C3%A5+%2B&c&d=>"));
	ask_with_cookies("b=x; __Host-a=y-_z; c=w");
	assert_non_null(strstr(reply, "[y-_z]"));
	ask_with_cookies("__host-a=other; __HOST-A=other; __Host-ab=other");
	assert_non_null(strstr(reply, "[-]"));
}

static void test_forgetful_handlers(void **state)
{
	(void)state;
	get("/nothing");
	assert_int_equal(status(), 500);
	get("/bad-header");
	assert_int_equal(status(), 500);
	assert_null(strstr(reply, "Set-Cookie"));
}

static void test_body_limit(void **state)
{
	(void)state;
	post(BODY_LIMIT, BODY_LIMIT);
	assert_int_equal(status(), 200);
	post(BODY_LIMIT + 1, BODY_LIMIT + 1);
	assert_int_equal(status(), 413);
	assert_non_null(strstr(reply, "\r\nReferrer-Policy: no-referrer\r\n"));
	post(300000, 300000);
	assert_int_equal(status(), 413);
	/* Refused on its word alone. */
	post(0, 2000000000);
	assert_int_equal(status(), 413);
	ask("POST /c HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n");
	assert_int_equal(status(), 413);
}

static void chunked(size_t chunks)
{
	int fd = dial();
	char chunk[1100];
	memset(chunk, 'a', sizeof chunk);
	memcpy(chunk, "400\r\n", 5);
	memcpy(chunk + 5 + 1024, "\r\n", 3);
	say(fd, "POST /c HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (size_t i = 0; i < chunks; i++)
		say(fd, chunk);
	say(fd, "0\r\n\r\n");
	hear_all(fd);
}

static void test_chunked_body(void **state)
{
	(void)state;
	chunked(4);
	assert_int_equal(status(), 200);
	assert_non_null(strstr(body_of_reply(), " 4096 aaaa"));
	chunked(5);
	assert_int_equal(status(), 413);
	chunked(200);
	assert_int_equal(status(), 413);
	/* One that never ends is cut off. */
	chunked(3000);
	assert_null(strstr(reply, " 200 "));
}

/* Says that so many bytes follow. */
static int begin_file(const char *path, const char *more, size_t len)
{
	char head[512];
	int fd = dial();
	snprintf(head, sizeof head,
		"POST %s HTTP/1.1\r\nHost: h\r\n%sContent-Length: %zu\r\n\r\n", path,
		more, len);
	say(fd, head);
	return fd;
}

/* Sends so many bytes, reading nothing meanwhile; whether the other end took them. */
static bool send_block(int fd, size_t len)
{
	char block[16384];
	memset(block, 1, sizeof block);
	for (size_t now; len > 0; len -= now) {
		now = len < sizeof block ? len : sizeof block;
		if (send(fd, block, now, MSG_NOSIGNAL) != (ssize_t)now)
			return false;
	}
	return true;
}

static const char with_key[] = "X-Key: k\r\nConnection: close\r\n";

/* A request that has its place, without its LARGE body. */
static int begin_admitted(const char *path)
{
	int fd = begin_file(path, "X-Key: k\r\nExpect: 100-continue\r\n", LARGE);
	hear_head(fd);
	assert_int_equal(status(), 100);
	return fd;
}

static void test_long_body_that_is_admitted(void **state)
{
	(void)state;
	static const struct {
		size_t len;
		const char *reply;
	} cases[] = { { BODY_LIMIT, "a: 4096, 4096, 0" },
		{ BODY_LIMIT + 1, "a: 4097, 4097, 1" },
		{ LARGE, "a: 8388608, 8388608, 1" } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int fd = begin_file("/file/a", with_key, cases[i].len);
		assert_true(send_block(fd, cases[i].len));
		hear_all(fd);
		assert_int_equal(status(), 200);
		assert_string_equal(body_of_reply(), cases[i].reply);
	}
	int fd = begin_admitted("/file/a");
	assert_true(send_block(fd, LARGE));
	hear_one(fd);
	assert_string_equal(body_of_reply(), cases[2].reply);
	close(fd);
}

/* Before a byte of the body is there. */
static void test_long_body_that_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *path, *more;
		size_t len;
		unsigned status;
	} cases[] = {
		{ "/file/a", "", BODY_LIMIT + 1, 303 },
		{ "/file/a", "", LARGE, 303 },
		{ "/file/a", "Expect: 100-continue\r\n", LARGE, 303 },
		{ "/file/a", with_key, LARGE + 1, 413 },
		{ "/file/a", with_key, (size_t)1 << 40, 413 },
		{ "/file", with_key, LARGE, 413 },
		{ "/c", with_key, LARGE, 413 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int fd = begin_file(cases[i].path, cases[i].more, cases[i].len);
		hear_all(fd);
		assert_int_equal(status(), cases[i].status);
		assert_non_null(strstr(reply, "\r\nConnection: close\r\n"));
	}
}

/* One that sends all the same is not cut off before it comes to read the reply. */
static void test_reply_waits_for_who_still_sends(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		int fd = begin_file("/file/a", "", 2 * LARGE);
		assert_true(send_block(fd, 2 * LARGE));
		hear_all(fd);
		assert_int_equal(status(), 303);
		assert_string_equal(body_of_reply(), "no key");
	}
	/* With too many of them some are. */
	int fds[2 * CLIENTS];
	for (int i = 0; i < 2 * CLIENTS; i++)
		fds[i] = begin_file("/file/a", "", LARGE);
	for (int i = 0; i < 2 * CLIENTS; i++) {
		hear_all(fds[i]);
		assert_int_equal(status(), 303);
	}
}

/* Who does not say how much comes gets what everyone gets. */
static void test_long_body_in_chunks(void **state)
{
	(void)state;
	for (size_t len = BODY_LIMIT; len <= BODY_LIMIT + 1; len++) {
		int fd = dial();
		char head[200];
		snprintf(head, sizeof head,
			"POST /file/a HTTP/1.1\r\nHost: h\r\n%s"
			"Transfer-Encoding: chunked\r\n\r\n%zx\r\n",
			with_key, len);
		say(fd, head);
		assert_true(send_block(fd, len));
		say(fd, "\r\n0\r\n\r\n");
		hear_all(fd);
		assert_int_equal(status(), len == BODY_LIMIT ? 200 : 413);
	}
}

extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t allocated(void)
{
	return __sanitizer_get_current_allocated_bytes
		       ? __sanitizer_get_current_allocated_bytes()
		       : mallinfo2().hblkhd;
}

/* Asks for the third place until one is free again. */
static void wait_for_place(void)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	do {
		nanosleep(&pause, NULL);
		int fd = begin_file("/file/a", with_key, BODY_LIMIT + 1);
		(void)send_block(fd, BODY_LIMIT + 1);
		hear_all(fd);
	} while (status() == 503);
	assert_int_equal(status(), 200);
}

/* As begin_admitted(), when a place is free again: those who left before are perhaps not
 * yet missed. */
static int begin_when_free(const char *path)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	for (;;) {
		int fd = begin_file(path, "X-Key: k\r\nExpect: 100-continue\r\n", LARGE);
		hear_head(fd);
		if (status() == 100)
			return fd;
		assert_int_equal(status(), 503);
		close(fd);
		nanosleep(&pause, NULL);
	}
}

/* Whether it left in order, which may be seen only when it has been idle for too long, or
 * not. */
static void test_clients_that_leave_give_their_place_back(void **state)
{
	(void)state;
	struct linger at_once = { .l_onoff = 1 };
	size_t before = allocated();
	for (int round = 0; round < 2; round++) {
		int first = begin_when_free("/file/a");
		int second = begin_when_free("/file/b");
		assert_true(send_block(first, LARGE - 1) && send_block(second, 1));
		hear_all(begin_file("/file/c", with_key, LARGE));
		assert_int_equal(status(), 503);
		assert_string_equal(body_of_reply(), "third");
		assert_true(allocated() >= before + 2 * LARGE);
		/* What is short needs no place. */
		hear_all(begin_file("/file/c", with_key, 0));
		assert_string_equal(body_of_reply(), "c: 0, 0, 2");
		if (round % 2)
			setsockopt(
				first, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
		close(first);
		wait_for_place();
		close(second);
	}
	for (bool back = false; !back; back = allocated() < before + LARGE)
		wait_for_place();
}

static void test_ambiguous_length(void **state)
{
	(void)state;
	ask("POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd");
	assert_int_equal(status(), 400);
	ask("POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
	assert_int_equal(status(), 400);
	ask("POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\nabc");
	assert_int_equal(status(), 400);
	ask("POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: -3\r\n\r\nabc");
	assert_int_equal(status(), 400);
}

static void test_header_flood(void **state)
{
	(void)state;
	int fd = dial();
	char line[200];
	say(fd, "GET / HTTP/1.1\r\nHost: h\r\n");
	for (int i = 0; i < 300; i++) {
		snprintf(line, sizeof line, "X-%d: %0100d\r\n", i, i);
		say(fd, line);
	}
	hear_all(fd);
	assert_int_equal(status(), 431);
	get("/om");
	assert_int_equal(status(), 201);
}

static void test_usual_headers_fit(void **state)
{
	(void)state;
	char text[4096];
	snprintf(text, sizeof text,
		"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nUser-Agent: %0300d\r\n"
		"Cookie: %01500d\r\nAccept: %0300d\r\n\r\n",
		1, 2, 3);
	ask(text);
	assert_int_equal(status(), 200);
}

static void test_keep_alive(void **state)
{
	(void)state;
	int fd = dial();
	for (int i = 0; i < 5; i++) {
		say(fd, "POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
		hear_one(fd);
		assert_string_equal(body_of_reply(), "POST /c [c] [-] [-] 3 abc");
		say(fd, "GET /om HTTP/1.1\r\nHost: h\r\n\r\n");
		hear_one(fd);
		assert_int_equal(status(), 201);
	}
	close(fd);
}

static void test_slow_client(void **state)
{
	(void)state;
	int fd = dial();
	double begun = seconds();
	say(fd, "POST /c HTTP/1.1\r\nHost: h\r\nContent-Le");
	hear_all(fd);
	double waited = seconds() - begun;
	assert_true(waited > 1.5 && waited < 6);
	assert_null(strstr(reply, " 200 "));
}

static void test_wake_before_park(void **state)
{
	(void)state;
	get("/awake");
	assert_int_equal(status(), 200);
	assert_string_equal(body_of_reply(), "early");
}

static void *client(void *argument)
{
	const int *number = argument;
	struct fetch_reply r;
	char url[100];
	char name[20];
	size_t right = 0;
	snprintf(name, sizeof name, "client-%d", *number);
	snprintf(url, sizeof url, "http://127.0.0.1:%u/park/%s", http_port(server), name);
	for (int i = 0; i < ROUNDS; i++) {
		fetch_send(&(struct fetch_request){ .method = "GET",
				   .url = url,
				   .timeout_ms = 20000,
				   .reply_limit = 100 },
			&r);
		right += r.outcome == FETCH_REPLIED && r.status == 200 &&
			 strcmp(buf_string(&r.body), name) == 0;
		buf_clear(&r.body);
	}
	return right == ROUNDS ? argument : NULL;
}

static void test_park_and_wake_with_many(void **state)
{
	(void)state;
	pthread_t waker = start_waker();
	pthread_t clients[CLIENTS];
	int numbers[CLIENTS];
	atomic_store(&finished, 0);
	for (int i = 0; i < CLIENTS; i++) {
		numbers[i] = i;
		assert_int_equal(
			pthread_create(&clients[i], NULL, client, &numbers[i]), 0);
	}
	for (int i = 0; i < CLIENTS; i++) {
		void *result;
		pthread_join(clients[i], &result);
		assert_non_null(result);
	}
	assert_int_equal(atomic_load(&finished), CLIENTS * ROUNDS);
	stop_waker(waker);
}

static void test_then_is_called_though_the_client_left(void **state)
{
	(void)state;
	int fd = dial();
	struct linger at_once = { .l_onoff = 1 };
	const struct timespec pause = { .tv_nsec = 1000000 };
	atomic_store(&finished, 0);
	say(fd, "GET /park/gone HTTP/1.1\r\nHost: h\r\n\r\n");
	wait_until_parked(1);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	close(fd);
	stop_waker(start_waker());
	while (atomic_load(&finished) == 0)
		nanosleep(&pause, NULL);
	get("/om");
	assert_int_equal(status(), 201);
}

static void *wake_late(void *unused)
{
	const struct timespec pause = { .tv_nsec = 200000000 };
	nanosleep(&pause, NULL);
	stop_waker(start_waker());
	return unused;
}

static void test_stop_waits_for_the_parked(void **state)
{
	(void)state;
	struct http_server *before = server;
	struct http_options o = options();
	struct why why;
	pthread_t late;
	assert_int_equal(http_start(&o, &server, &why), OK);
	int idle = dial();
	int fd = dial();
	say(fd, "GET /park/last HTTP/1.1\r\nHost: h\r\n\r\n");
	wait_until_parked(1);
	assert_int_equal(pthread_create(&late, NULL, wake_late, NULL), 0);
	http_stop(server);
	pthread_join(late, NULL);
	hear_all(fd);
	assert_int_equal(status(), 200);
	assert_string_equal(body_of_reply(), "last");
	close(idle);
	server = before;
}

/* On the listener's own thread. */
static void wake_in_rest(void *context)
{
	assert_string_equal(context, "context");
	pthread_mutex_lock(&shelf.lock);
	while (shelf.count > 0)
		http_wake(shelf.waiting[--shelf.count]);
	pthread_mutex_unlock(&shelf.lock);
}

/* Nothing but the rest after the round wakes what is parked. */
static void test_rest(void **state)
{
	(void)state;
	struct http_server *before = server;
	struct http_options o = options();
	struct why why;
	int fds[5];
	o.rest = wake_in_rest;
	assert_int_equal(http_start(&o, &server, &why), OK);
	for (int i = 0; i < 5; i++) {
		fds[i] = dial();
		say(fds[i], "GET /park/rested HTTP/1.1\r\nHost: h\r\n\r\n");
	}
	for (int i = 0; i < 5; i++) {
		hear_one(fds[i]);
		assert_int_equal(status(), 200);
		assert_string_equal(body_of_reply(), "rested");
		close(fds[i]);
	}
	http_stop(server);
	server = before;
}

static void test_address_in_use(void **state)
{
	(void)state;
	struct http_server *other = NULL;
	struct http_options o = options();
	struct why why;
	char expected[64];
	o.address.port = http_port(server);
	assert_int_equal(http_start(&o, &other, &why), ERR_IO);
	assert_null(other);
	snprintf(expected, sizeof expected,
		"127.0.0.1:%u: cannot listen: Address already in use", o.address.port);
	assert_memory_equal(why.text, expected, strlen(expected));
	o.address = (struct conf_address){ .host = "192.0.2.1", .port = 1 };
	assert_int_equal(http_start(&o, &other, &why), ERR_IO);
	http_stop(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_long_segment),
		cmocka_unit_test(test_static_is_the_same_again),
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_page_with_a_header),
		cmocka_unit_test(test_packed),
		cmocka_unit_test(test_header_instead_of_the_listeners),
		cmocka_unit_test(test_moulds),
		cmocka_unit_test(test_mould_in_vain),
		cmocka_unit_test(test_escapes_stay_in_the_path),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_wrong_method),
		cmocka_unit_test(test_no_route),
		cmocka_unit_test(test_fallback),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_enter),
		cmocka_unit_test(test_visitor_peer_and_cookies),
		cmocka_unit_test(test_forgetful_handlers),
		cmocka_unit_test(test_body_limit),
		cmocka_unit_test(test_chunked_body),
		cmocka_unit_test(test_long_body_that_is_admitted),
		cmocka_unit_test(test_long_body_that_is_refused),
		cmocka_unit_test(test_reply_waits_for_who_still_sends),
		cmocka_unit_test(test_long_body_in_chunks),
		cmocka_unit_test(test_clients_that_leave_give_their_place_back),
		cmocka_unit_test(test_ambiguous_length),
		cmocka_unit_test(test_header_flood),
		cmocka_unit_test(test_usual_headers_fit),
		cmocka_unit_test(test_keep_alive),
		cmocka_unit_test(test_slow_client),
		cmocka_unit_test(test_wake_before_park),
		cmocka_unit_test(test_park_and_wake_with_many),
		cmocka_unit_test(test_then_is_called_though_the_client_left),
		cmocka_unit_test(test_stop_waits_for_the_parked),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_address_in_use),
	};
	/* For allocated(). */
	(void)mallopt(M_MMAP_THRESHOLD, LARGE / 2);
	return cmocka_run_group_tests(tests, start, stop);
}
