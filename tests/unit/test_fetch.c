/* Servers that answer one connection, each badly in its own way. */
#include "common/fetch.h"
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* What a server does with its only connection. */
struct script {
	const char *answer; /* NULL: nothing is sent */
	bool reset;         /* the connection is torn down, not closed */
	bool silent;        /* the connection is held until the client leaves */
	bool deaf;          /* answers without reading the request */
};

static struct {
	int listener;
	const struct script *script;
	pthread_t thread;
	unsigned connections;
	char request[8192];
} server;
static struct fetch_reply reply;

static void hear_request(int fd)
{
	size_t len = 0;
	ssize_t got;
	const char *end = NULL;
	size_t body_len = 0;
	do {
		got = recv(fd, server.request + len, sizeof server.request - 1 - len, 0);
		if (got <= 0)
			return;
		len += (size_t)got;
		server.request[len] = '\0';
		end = strstr(server.request, "\r\n\r\n");
		const char *header = strcasestr(server.request, "\r\nContent-Length: ");
		if (header)
			body_len = strtoul(header + 18, NULL, 10);
	} while (!end || strlen(end + 4) < body_len);
}

static void answer_one(int fd)
{
	const struct script *s = server.script;
	char byte;
	if (!s->deaf)
		hear_request(fd);
	if (s->answer)
		(void)!send(fd, s->answer, strlen(s->answer), MSG_NOSIGNAL);
	if (s->silent)
		while (recv(fd, &byte, 1, 0) > 0)
			;
	struct linger at_once = { .l_onoff = 1 };
	if (s->reset)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	close(fd);
}

/* Serves until the listener is shut down. */
static void *serve(void *unused)
{
	int fd;
	while ((fd = accept(server.listener, NULL, NULL)) >= 0) {
		server.connections++;
		answer_one(fd);
	}
	return unused;
}

static unsigned start(const struct script *script)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof sin;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server.listener = socket(AF_INET, SOCK_STREAM, 0);
	server.script = script;
	server.connections = 0;
	memset(server.request, 0, sizeof server.request);
	assert_int_equal(bind(server.listener, (struct sockaddr *)&sin, sizeof sin), 0);
	assert_int_equal(listen(server.listener, 5), 0);
	assert_int_equal(getsockname(server.listener, (struct sockaddr *)&sin, &len), 0);
	assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
	return ntohs(sin.sin_port);
}

static void stop(void)
{
	shutdown(server.listener, SHUT_RDWR);
	pthread_join(server.thread, NULL);
	close(server.listener);
}

static void send_to(const char *url, struct fetch_request request)
{
	request.url = url;
	if (!request.method)
		request.method = "POST";
	request.timeout_ms = 600;
	request.reply_limit = 1000;
	buf_clear(&reply.body);
	fetch_send(&request, &reply);
	if (reply.outcome == FETCH_REPLIED)
		assert_string_equal(reply.why.text, "");
	else
		assert_true(strlen(reply.why.text) > 0);
	assert_null(strstr(reply.why.text, "hemligt"));
}

static void exchange(const struct script *script, const char *scheme)
{
	char url[100];
	snprintf(url, sizeof url, "%s://127.0.0.1:%u/hemligt", scheme, start(script));
	send_to(url, (struct fetch_request){
			     .body = "to=x", .body_len = 4, .type = "text/plain" });
	stop();
}

static void expect_unknown(struct script script)
{
	exchange(&script, "http");
	assert_int_equal(reply.outcome, FETCH_UNKNOWN);
	assert_int_equal(server.connections, 1);
	assert_null(reply.body.data);
	assert_int_equal(reply.retry_after, -1);
}

static void test_reply(void **state)
{
	(void)state;
	exchange(
		&(struct script){
			.answer =
				"HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello" },
		"http");
	assert_int_equal(reply.outcome, FETCH_REPLIED);
	assert_int_equal(reply.status, 201);
	assert_int_equal(reply.retry_after, -1);
	assert_string_equal(buf_string(&reply.body), "hello");
	assert_memory_equal(server.request, "POST /hemligt HTTP/1.1\r\n", 24);
	assert_non_null(strstr(server.request, "\r\nUser-Agent: brukarenkat\r\n"));
	assert_non_null(strstr(server.request, "\r\nContent-Type: text/plain\r\n"));
	assert_non_null(strstr(server.request, "\r\n\r\nto=x"));
	assert_null(strcasestr(server.request, "\r\nExpect"));
	assert_null(strcasestr(server.request, "\r\nAuthorization"));
}

static void test_every_kind_of_request(void **state)
{
	(void)state;
	const struct script script = {
		.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	};
	char url[100];
	char *big = calloc(1, 3001);
	snprintf(url, sizeof url, "http://127.0.0.1:%u/a?b=c", start(&script));
	send_to(url,
		(struct fetch_request){ .method = "GET", .user = "u", .password = "p" });
	assert_int_equal(reply.outcome, FETCH_REPLIED);
	assert_memory_equal(server.request, "GET /a?b=c HTTP/1.1\r\n", 21);
	assert_non_null(strstr(server.request, "\r\nAuthorization: Basic dTpw\r\n"));
	assert_null(strcasestr(server.request, "\r\nContent-"));
	memset(big, 'x', 3000);
	send_to(url, (struct fetch_request){ .method = "PUT",
			     .bearer = "0123abcd",
			     .body = big,
			     .body_len = 3000 });
	assert_int_equal(reply.outcome, FETCH_REPLIED);
	assert_memory_equal(server.request, "PUT /a?b=c HTTP/1.1\r\n", 21);
	assert_non_null(strstr(server.request, "\r\nAuthorization: Bearer 0123abcd\r\n"));
	assert_null(strcasestr(server.request, "\r\nContent-Type"));
	assert_null(strcasestr(server.request, "\r\nExpect"));
	assert_non_null(strstr(server.request, big));
	send_to(url, (struct fetch_request){ .method = "POST" });
	assert_int_equal(reply.outcome, FETCH_REPLIED);
	assert_non_null(strstr(server.request, "\r\nContent-Length: 0\r\n"));
	assert_int_equal(server.connections, 3);
	stop();
	free(big);
}

static void test_refused_connection(void **state)
{
	(void)state;
	const struct script script = { .answer = NULL };
	char url[100];
	snprintf(url, sizeof url, "http://127.0.0.1:%u/", start(&script));
	stop();
	send_to(url, (struct fetch_request){ .body = "x", .body_len = 1 });
	assert_int_equal(reply.outcome, FETCH_NOT_SENT);
}

static void test_bad_addresses(void **state)
{
	(void)state;
	static const char *const urls[] = { "", "nonsense://a/", "http://",
		"ftp://127.0.0.1/", "file:///etc/passwd", "http://127.0.0.1:99999/" };
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		send_to(urls[i], (struct fetch_request){ .body = "x", .body_len = 1 });
		assert_int_equal(reply.outcome, FETCH_NOT_SENT);
	}
}

static void test_no_tls_there(void **state)
{
	(void)state;
	exchange(
		&(struct script){
			.answer = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
			.deaf = true },
		"https");
	assert_int_equal(reply.outcome, FETCH_NOT_SENT);
	assert_int_equal(server.connections, 1);
	exchange(&(struct script){ .silent = true, .deaf = true }, "https");
	assert_int_equal(reply.outcome, FETCH_NOT_SENT);
}

static void test_what_stays_unknown(void **state)
{
	(void)state;
	expect_unknown((struct script){ .answer = NULL });
	expect_unknown((struct script){ .reset = true });
	expect_unknown((struct script){ .silent = true });
	expect_unknown((struct script){
		.answer = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello" });
	expect_unknown((struct script){
		.answer = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
		.silent = true });
	expect_unknown((struct script){
		.answer = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
		.reset = true });
	expect_unknown((struct script){
		.answer =
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n" });
	expect_unknown((struct script){ .answer = "HTTP/1.1 200 OK\r\nContent-Le" });
	expect_unknown((struct script){ .answer = "nonsense\r\n\r\n" });
}

static void test_reply_limit(void **state)
{
	(void)state;
	char text[1200];
	for (int len = 1000; len <= 1001; len++) {
		snprintf(text, sizeof text,
			"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%0*d", len, len, 7);
		exchange(&(struct script){ .answer = text }, "http");
		assert_int_equal(
			reply.outcome, len == 1000 ? FETCH_REPLIED : FETCH_UNKNOWN);
	}
	assert_string_equal(reply.why.text, "the reply is longer than expected");
}

static void test_redirect_is_not_followed(void **state)
{
	(void)state;
	exchange(
		&(struct script){
			.answer =
				"HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\n"
				"Content-Length: 0\r\n\r\n" },
		"http");
	assert_int_equal(reply.outcome, FETCH_REPLIED);
	assert_int_equal(reply.status, 307);
	assert_int_equal(server.connections, 1);
}

static void check_retry_after(const char *value, long expected)
{
	char text[200];
	snprintf(text, sizeof text,
		"HTTP/1.1 429 Slow down\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n",
		value);
	exchange(&(struct script){ .answer = text }, "http");
	assert_int_equal(reply.status, 429);
	assert_int_equal(reply.retry_after, expected);
}

static void test_retry_after(void **state)
{
	(void)state;
	check_retry_after("120", 120);
	check_retry_after("0", 0);
	check_retry_after("-5", -1);
	check_retry_after("5 minutes", -1);
	check_retry_after("99999999999999999999", -1);
	check_retry_after("Fri, 31 Dec 2027 23:59:59 GMT", -1);
}

static int prepare(void **state)
{
	(void)state;
	/* Must not matter. */
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("https_proxy", "http://127.0.0.1:1", 1);
	fetch_init();
	return 0;
}

static int clean(void **state)
{
	(void)state;
	buf_clear(&reply.body);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reply),
		cmocka_unit_test(test_every_kind_of_request),
		cmocka_unit_test(test_refused_connection),
		cmocka_unit_test(test_bad_addresses),
		cmocka_unit_test(test_no_tls_there),
		cmocka_unit_test(test_what_stays_unknown),
		cmocka_unit_test(test_reply_limit),
		cmocka_unit_test(test_redirect_is_not_followed),
		cmocka_unit_test(test_retry_after),
	};
	return cmocka_run_group_tests(tests, prepare, clean);
}
