/* Files that are sent to a staff page: a small site of its own, with accounts in a folder
 * and a listener on a port of the system's choice. */
#include "common/clock.h"
#include "common/staff/inside.h"
#include "folder_test.h"
#include <malloc.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>

enum { ROLE_SENDER = 1 << STAFF_OWN_ROLES, ROLE_OTHER = 2 << STAFF_OWN_ROLES };
enum { SHORT = 1000, LONG = 1 << 20 };

#define MULTIPART "Content-Type: multipart/form-data; boundary=b\r\n"
#define OURS "Origin: http://test\r\n"

/* The site. */

static atomic_int handled;

static void tell(struct http_request *r, const char *how)
{
	const struct multipart_file *file = staff_file(r);
	struct buf b = { 0 };
	if (file)
		buf_format(&b, "%s: %s, %zu, %s", how, file->name, file->len,
			staff_typed(r, "note"));
	else
		buf_format(&b, "%s: none, %s", how, staff_typed(r, "note"));
	http_reply_buf(r, 200, "text/plain", &b);
}

static void page(struct http_request *r, void *context)
{
	struct buf b = { 0 };
	staff_page(context, r, &b, "Lämna", "Hand in");
	staff_form_begin_file(r, &b, "/upload");
	html_raw(&b, "<input type=\"file\" name=\"file\"></form>\n");
	staff_page_reply(r, 200, &b);
}

static void upload(struct http_request *r, void *context)
{
	(void)context;
	atomic_fetch_add(&handled, 1);
	tell(r, "sent");
}

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool shut;
	int waiting;
} gate = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0 };

static void open_gate(bool open)
{
	pthread_mutex_lock(&gate.lock);
	gate.shut = !open;
	pthread_cond_broadcast(&gate.changed);
	pthread_mutex_unlock(&gate.lock);
}

/* Until work has come to the gate. */
static void wait_at_gate(void)
{
	pthread_mutex_lock(&gate.lock);
	while (gate.waiting == 0)
		pthread_cond_wait(&gate.changed, &gate.lock);
	pthread_mutex_unlock(&gate.lock);
}

struct job {
	const struct multipart_file *file;
	pthread_t listener;
	size_t sum;
};

static void add_up(void *context)
{
	struct job *job = context;
	assert_false(pthread_equal(job->listener, pthread_self()));
	pthread_mutex_lock(&gate.lock);
	gate.waiting++;
	pthread_cond_broadcast(&gate.changed);
	while (gate.shut)
		pthread_cond_wait(&gate.changed, &gate.lock);
	pthread_mutex_unlock(&gate.lock);
	for (size_t i = 0; i < job->file->len; i++)
		job->sum += (unsigned char)job->file->data[i];
}

static void added_up(struct http_request *r, void *context)
{
	const struct job *job = http_note(r);
	char how[40];
	assert_string_equal(staff_context(context), "context");
	assert_true(pthread_equal(job->listener, pthread_self()));
	(void)snprintf(how, sizeof how, "sum %zu", job->sum);
	tell(r, how);
}

static void work(struct http_request *r, void *context)
{
	struct job *job = arena_alloc(http_arena(r), sizeof *job);
	*job = (struct job){ .file = staff_file(r), .listener = pthread_self() };
	atomic_fetch_add(&handled, 1);
	(void)staff_work(context, r, add_up, job, added_up);
}

/* clang-format off */
static const struct staff_role roles[] = {
	{ ROLE_SENDER, "sender", "lämnare", "sender", false, false, false },
	{ ROLE_OTHER, "other", "annan", "other", false, false, false },
};
static const struct http_route routes[] = {
	{ "GET",  "/upload", ROLE_SENDER, page },
	{ "POST", "/upload", ROLE_SENDER | STAFF_FILE, upload },
	{ "POST", "/work",   ROLE_SENDER | STAFF_FILE, work },
	{ "POST", "/fresh",  ROLE_SENDER | STAFF_FILE | STAFF_FRESH, upload },
	{ "POST", "/open",   STAFF_ANYONE | STAFF_FILE, upload },
	{ "POST", "/plain",  ROLE_SENDER, upload },
};
/* clang-format on */
static const struct staff_site site = {
	.program = "test",
	.cookie = "test",
	.swedish = "Prov",
	.english = "Test",
	.roles = roles,
	.role_count = sizeof roles / sizeof *roles,
	.routes = routes,
	.route_count = sizeof routes / sizeof *routes,
};

/* Its people. */

struct person {
	int64_t account;
	uint8_t hash[ACCOUNTS_HASH];
	char headers[200]; /* what a form of theirs is sent with */
	char csrf[STAFF_CSRF + 1];
};

static char name[] = "test", nothing[] = "", site_url[] = "http://test";
static struct staff_config config = {
	.address = { .host = "127.0.0.1" },
	.url = site_url,
	.address_header = nothing,
	.local = 1,
	.issuer = nothing,
	.label = name,
};
static struct staff *staff;
static struct accounts *accounts;
static struct person sender, other;
static char reply[20000];

static void let_in(const char *who, unsigned role, int64_t second, struct person *p)
{
	uint8_t token[STAFF_TOKEN];
	char text[STAFF_TOKEN_TEXT + 1];
	struct account account = { .roles = role, .made = 1 };
	struct accounts_session session = {
		.made = clock_now(), .seen = clock_now(), .second = second
	};
	*p = (struct person){ 0 };
	secret_random(p->hash, sizeof p->hash);
	(void)snprintf(account.name, sizeof account.name, "%s", who);
	assert_int_equal(
		accounts_federate(accounts, p->hash, &account, &session.account), OK);
	secret_random(token, sizeof token);
	secret_base64url(token, sizeof token, text);
	secret_sha256(token, sizeof token, session.hash);
	assert_int_equal(accounts_session_add(accounts, &session, 0, 0), OK);
	p->account = session.account;
	memcpy(p->hash, session.hash, sizeof p->hash);
	(void)snprintf(
		p->headers, sizeof p->headers, "Cookie: __Host-test=%s\r\n" OURS, text);
}

/* A client. */

static int begin(const char *method, const char *path, const char *headers, size_t len)
{
	char head[1000];
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons(http_port(staff->server)) };
	struct timeval patience = { .tv_sec = 20 };
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof sin), 0);
	(void)snprintf(head, sizeof head,
		"%s %s HTTP/1.1\r\n%s%sConnection: close\r\nContent-Length: %zu\r\n\r\n",
		method, path, strstr(headers, "Host: ") ? "" : "Host: test\r\n", headers,
		len);
	assert_int_equal(send(fd, head, strlen(head), MSG_NOSIGNAL), strlen(head));
	return fd;
}

static int begin_form(
	const char *path, const struct person *p, const char *more, size_t len)
{
	char headers[500];
	(void)snprintf(headers, sizeof headers, "%s%s", p->headers, more);
	return begin("POST", path, headers, len);
}

static unsigned hear(int fd)
{
	size_t len = 0;
	for (ssize_t n; (n = recv(fd, reply + len, sizeof reply - 1 - len, 0)) > 0;)
		len += (size_t)n;
	reply[len] = '\0';
	close(fd);
	if (strncmp(reply, "HTTP/1.1 ", 9) != 0)
		fail_msg("no reply: %s", reply);
	return (unsigned)strtoul(reply + 9, NULL, 10);
}

static const char *said(void)
{
	return strstr(reply, "\r\n\r\n") + 4;
}

/* A body of `len` bytes with a file that fills it. */
static void fill_body(struct buf *body, const char *csrf, size_t len)
{
	static const char end[] = "\r\n--b--\r\n";
	char block[10000];
	memset(block, 1, sizeof block);
	buf_format(body,
		"--b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n%s"
		"\r\n--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nå"
		"\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; "
		"filename=\"C:\\a\\ö.csv\"\r\nContent-Type: text/csv\r\n\r\n",
		csrf);
	while (body->len < len - strlen(end)) {
		size_t left = len - strlen(end) - body->len;
		buf_add(body, block, left < sizeof block ? left : sizeof block);
	}
	buf_text(body, end);
	assert_int_equal(body->len, len);
}

static void send_all(int fd, const void *data, size_t len)
{
	assert_int_equal(send(fd, data, len, MSG_NOSIGNAL), len);
}

static unsigned hand_in(
	const char *path, const struct person *p, const char *csrf, size_t len)
{
	auto_(buf) struct buf body = { 0 };
	fill_body(&body, csrf, len);
	int fd = begin_form(path, p, MULTIPART, len);
	send_all(fd, body.data, body.len);
	return hear(fd);
}

/* A long request that has been let in, without its body. */
static int begin_admitted(const char *path, const struct person *p, size_t len)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	char heard[sizeof go_on] = "";
	int fd = begin_form(path, p, MULTIPART "Expect: 100-continue\r\n", len);
	assert_int_equal(
		recv(fd, heard, sizeof heard - 1, MSG_WAITALL), sizeof heard - 1);
	assert_string_equal(heard, go_on);
	return fd;
}

extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t allocated(void)
{
	return __sanitizer_get_current_allocated_bytes
		       ? __sanitizer_get_current_allocated_bytes()
		       : mallinfo2().hblkhd;
}

/* Setup. */

static void find_csrf(struct person *p)
{
	static const char before[] = "name=\"csrf\" value=\"";
	assert_int_equal(hear(begin("GET", "/upload", p->headers, 0)), 200);
	const char *at =
		strstr(said(), "action=\"/upload\" enctype=\"multipart/form-data\">");
	assert_non_null(at);
	at = strstr(at, before);
	assert_non_null(at);
	memcpy(p->csrf, at + strlen(before), STAFF_CSRF);
}

static int start(void **state)
{
	static char context[] = "context";
	struct why why;
	bool made;
	if (folder_make(state) != 0)
		return -1;
	auto_(free) char *accounts_folder = staff_folder(folder);
	if (staff_init(folder, folder, &made, &why) != OK ||
		accounts_open(accounts_folder, &accounts, &why) != OK ||
		staff_start(&config, &site, folder, folder, context, &staff, &why) != OK)
		return -1;
	let_in("sender", ROLE_SENDER, clock_now(), &sender);
	let_in("other", ROLE_OTHER, clock_now(), &other);
	find_csrf(&sender);
	atomic_store(&handled, 0);
	open_gate(true);
	gate.waiting = 0;
	return 0;
}

static int stop(void **state)
{
	open_gate(true);
	staff_stop(staff);
	accounts_close(accounts);
	staff = NULL;
	accounts = NULL;
	return folder_remove(state);
}

/* The tests. */

static void test_files(void **state)
{
	(void)state;
	static const size_t lengths[] = { SHORT, 16 * 1024, 16 * 1024 + 1, LONG,
		STAFF_UPLOAD };
	char expected[100];
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		auto_(buf) struct buf body = { 0 };
		fill_body(&body, sender.csrf, lengths[i]);
		size_t file = strlen(strchr(body.data, 1)) - strlen("\r\n--b--\r\n");
		assert_int_equal(
			hand_in("/upload", &sender, sender.csrf, lengths[i]), 200);
		(void)snprintf(expected, sizeof expected, "sent: ö.csv, %zu, å", file);
		assert_string_equal(said(), expected);
		assert_int_equal(hand_in("/work", &sender, sender.csrf, lengths[i]), 200);
		(void)snprintf(
			expected, sizeof expected, "sum %zu: ö.csv, %zu, å", file, file);
		assert_string_equal(said(), expected);
	}
}

static void test_no_file(void **state)
{
	(void)state;
	char body[500];
	(void)snprintf(body, sizeof body,
		"--b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n%s\r\n--b\r\n"
		"Content-Disposition: form-data; name=\"file\"; filename=\"\"\r\n"
		"Content-Type: application/octet-stream\r\n\r\n\r\n--b--\r\n",
		sender.csrf);
	int fd = begin_form("/upload", &sender, MULTIPART, strlen(body));
	send_all(fd, body, strlen(body));
	assert_int_equal(hear(fd), 200);
	assert_string_equal(said(), "sent: none, ");
	/* As the page that asks for a new code sends it again. */
	(void)snprintf(body, sizeof body, "csrf=%s&note=x", sender.csrf);
	fd = begin_form("/upload", &sender,
		"Content-Type: application/x-www-form-urlencoded\r\n", strlen(body));
	send_all(fd, body, strlen(body));
	assert_int_equal(hear(fd), 200);
	assert_string_equal(said(), "sent: none, x");
}

/* Nothing of the body has been sent when these get their replies, and no room was made
 * for it. */
static void test_refused_before_the_body(void **state)
{
	(void)state;
	struct person stale;
	char forged[sizeof sender.headers], elsewhere[sizeof sender.headers];
	let_in("stale", ROLE_SENDER, clock_now() - 3600, &stale);
	strcpy(forged, sender.headers);
	*strchr(forged, '=') = '-';
	strcpy(elsewhere, sender.headers);
	memcpy(strstr(elsewhere, "http://test"), "http://evil", 11);
	const struct {
		const char *path, *headers, *more;
		unsigned status;
	} cases[] = {
		{ "/upload", OURS, "", 303 },
		{ "/upload", forged, "", 303 },
		{ "/open", OURS, "", 303 },
		{ "/open", sender.headers, "", 403 },
		{ "/upload", other.headers, "", 403 },
		{ "/upload", elsewhere, "", 403 },
		{ "/upload", sender.headers, "Sec-Fetch-Site: cross-site\r\n", 403 },
		{ "/fresh", stale.headers, "", 403 },
		{ "/upload", sender.headers, "Host: evil\r\n", 421 },
	};
	size_t before = allocated();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char headers[500];
		(void)snprintf(headers, sizeof headers, MULTIPART "%s%s",
			cases[i].headers, cases[i].more);
		unsigned status =
			hear(begin("POST", cases[i].path, headers, STAFF_UPLOAD));
		if (status != cases[i].status)
			fail_msg("%zu: %u", i, status);
		if (status == 303)
			assert_non_null(
				strstr(reply, "\r\nLocation: /staff/sign-in\r\n"));
		assert_true(allocated() < before + LONG);
	}
	assert_int_equal(atomic_load(&handled), 0);
	auto_(buf) struct buf log = { 0 };
	auto_(arena) struct arena *a = arena_create();
	struct why why;
	assert_int_equal(
		file_read(folder_path(a, "staff/audit.log"), 1 << 20, &log, &why), OK);
	assert_non_null(strstr(log.data, "\tother\trefused\tPOST /upload\t"));
	close(begin_admitted("/fresh", &sender, STAFF_UPLOAD));
}

static void test_too_large(void **state)
{
	(void)state;
	for (size_t len = STAFF_UPLOAD + 1; len < (size_t)1 << 42; len *= 64) {
		assert_int_equal(
			hear(begin_form("/upload", &sender, MULTIPART, len)), 413);
		assert_non_null(strstr(said(), "kommandoraden"));
		assert_int_equal(hear(begin_form("/upload", &sender,
					 MULTIPART "Accept-Language: en\r\n", len)),
			413);
		assert_non_null(strstr(said(), "command line"));
		/* Who may not send any is not told how much. */
		assert_int_equal(
			hear(begin_form("/upload", &other, MULTIPART, len)), 403);
	}
}

/* What is no form with a file, or goes where no file is wanted, is as short as other
 * forms. */
static void test_other_long_bodies(void **state)
{
	(void)state;
	static const struct {
		const char *path, *type;
	} cases[] = {
		{ "/plain", MULTIPART },
		{ "/staff/account/password", MULTIPART },
		{ "/missing", MULTIPART },
		{ "/upload", "" },
		{ "/upload", "Content-Type: application/x-www-form-urlencoded\r\n" },
		{ "/upload", "Content-Type: multipart/form-data\r\n" },
		{ "/upload", "Content-Type: multipart/mixed; boundary=b\r\n" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int fd = begin_form(cases[i].path, &sender, cases[i].type, STAFF_UPLOAD);
		assert_int_equal(hear(fd), 413);
	}
	assert_int_equal(hand_in("/plain", &sender, sender.csrf, SHORT), 400);
	assert_int_equal(atomic_load(&handled), 0);
}

/* Seen when the body is there. */
static void test_wrong_forms(void **state)
{
	(void)state;
	static const size_t lengths[] = { SHORT, LONG };
	char wrong[STAFF_CSRF + 1];
	strcpy(wrong, sender.csrf);
	wrong[0] = wrong[0] == '0' ? '1' : '0';
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(hand_in("/upload", &sender, wrong, lengths[i]), 403);
		assert_int_equal(hand_in("/upload", &sender, "", lengths[i]), 403);
		/* Whose end was cut off. */
		auto_(buf) struct buf body = { 0 };
		fill_body(&body, sender.csrf, lengths[i]);
		int fd = begin_form("/upload", &sender, MULTIPART, lengths[i] - 5);
		send_all(fd, body.data, lengths[i] - 5);
		assert_int_equal(hear(fd), 400);
	}
	assert_int_equal(atomic_load(&handled), 0);
}

/* The session may end while the file is on its way. */
static void test_session_that_ends_meanwhile(void **state)
{
	(void)state;
	bool ended;
	auto_(buf) struct buf body = { 0 };
	fill_body(&body, sender.csrf, LONG);
	int fd = begin_admitted("/upload", &sender, LONG);
	send_all(fd, body.data, LONG / 2);
	assert_int_equal(
		accounts_session_end(accounts, sender.account, sender.hash, &ended), OK);
	assert_true(ended);
	send_all(fd, body.data + LONG / 2, LONG - LONG / 2);
	assert_int_equal(hear(fd), 303);
	assert_int_equal(atomic_load(&handled), 0);
}

static void test_two_at_a_time(void **state)
{
	(void)state;
	const struct timespec pause = { .tv_nsec = 1000000 };
	struct linger at_once = { .l_onoff = 1 };
	size_t before = allocated();
	unsigned status;
	int first = begin_admitted("/upload", &sender, STAFF_UPLOAD);
	int second = begin_admitted("/upload", &sender, STAFF_UPLOAD);
	assert_true(allocated() >= before + 2 * (size_t)STAFF_UPLOAD);
	assert_int_equal(hear(begin_form("/upload", &sender, MULTIPART, LONG)), 503);
	assert_non_null(strstr(reply, "\r\nRetry-After: 30\r\n"));
	assert_int_equal(hand_in("/upload", &sender, sender.csrf, SHORT), 200);
	/* One leaves. */
	setsockopt(first, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	close(first);
	do {
		nanosleep(&pause, NULL);
		status = hand_in("/upload", &sender, sender.csrf, LONG);
	} while (status == 503);
	assert_int_equal(status, 200);
	assert_true(allocated() < before + 2 * (size_t)STAFF_UPLOAD);
	close(second);
}

/* As long as it is worked on it is held. */
static void test_work_holds_its_place(void **state)
{
	(void)state;
	auto_(buf) struct buf body = { 0 };
	int fds[STAFF_UPLOADS];
	fill_body(&body, sender.csrf, LONG);
	open_gate(false);
	for (int i = 0; i < STAFF_UPLOADS; i++) {
		fds[i] = begin_form("/work", &sender, MULTIPART, LONG);
		send_all(fds[i], body.data, LONG);
	}
	wait_at_gate();
	const struct timespec pause = { .tv_nsec = 1000000 };
	while (atomic_load(&handled) < STAFF_UPLOADS)
		nanosleep(&pause, NULL);
	assert_int_equal(hear(begin_form("/upload", &sender, MULTIPART, LONG)), 503);
	/* One thread works. */
	assert_int_equal(gate.waiting, 1);
	open_gate(true);
	for (int i = 0; i < STAFF_UPLOADS; i++)
		assert_int_equal(hear(fds[i]), 200);
	assert_int_equal(hand_in("/upload", &sender, sender.csrf, LONG), 200);
}

static void test_too_much_work(void **state)
{
	(void)state;
	auto_(buf) struct buf body = { 0 };
	int fds[SLOW_WAITING + 1];
	const struct timespec pause = { .tv_nsec = 1000000 };
	fill_body(&body, sender.csrf, SHORT);
	open_gate(false);
	for (int i = 0; i < SLOW_WAITING + 1; i++) {
		fds[i] = begin_form("/work", &sender, MULTIPART, SHORT);
		send_all(fds[i], body.data, SHORT);
		/* The first leaves the queue before it fills. */
		while (atomic_load(&handled) <= i)
			nanosleep(&pause, NULL);
		wait_at_gate();
	}
	assert_int_equal(hand_in("/work", &sender, sender.csrf, SHORT), 503);
	assert_non_null(strstr(reply, "\r\nRetry-After: 30\r\n"));
	open_gate(true);
	for (int i = 0; i < SLOW_WAITING + 1; i++)
		assert_int_equal(hear(fds[i]), 200);
}

/* The work goes on; its reply goes nowhere. */
static void test_client_that_leaves_the_work(void **state)
{
	(void)state;
	auto_(buf) struct buf body = { 0 };
	fill_body(&body, sender.csrf, LONG);
	open_gate(false);
	int fd = begin_form("/work", &sender, MULTIPART, LONG);
	send_all(fd, body.data, LONG);
	wait_at_gate();
	close(fd);
	open_gate(true);
	assert_int_equal(hand_in("/work", &sender, sender.csrf, LONG), 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_files, start, stop),
		cmocka_unit_test_setup_teardown(test_no_file, start, stop),
		cmocka_unit_test_setup_teardown(
			test_refused_before_the_body, start, stop),
		cmocka_unit_test_setup_teardown(test_too_large, start, stop),
		cmocka_unit_test_setup_teardown(test_other_long_bodies, start, stop),
		cmocka_unit_test_setup_teardown(test_wrong_forms, start, stop),
		cmocka_unit_test_setup_teardown(
			test_session_that_ends_meanwhile, start, stop),
		cmocka_unit_test_setup_teardown(test_two_at_a_time, start, stop),
		cmocka_unit_test_setup_teardown(test_work_holds_its_place, start, stop),
		cmocka_unit_test_setup_teardown(test_too_much_work, start, stop),
		cmocka_unit_test_setup_teardown(
			test_client_that_leaves_the_work, start, stop),
	};
	/* For allocated(). */
	(void)mallopt(M_MMAP_THRESHOLD, LONG / 2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
