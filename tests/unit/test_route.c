#include "common/route.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* clang-format off */
static const struct http_route routes[] = {
	{ "GET",  "/",                        0, NULL },
	{ "GET",  "/om",                      1, NULL },
	{ "GET",  "/{code}",                  2, NULL },
	{ "POST", "/{code}",                  3, NULL },
	{ "PUT",  "/v1/waves/{wave}/batches/{batch}", 4, NULL },
	{ "POST", "/v1/waves/{wave}/open",    5, NULL },
};
/* clang-format on */
enum { ROUTES = sizeof routes / sizeof *routes };

/* The row's `who`, -1 when there is none. */
static int find(const char *method, const char *path, struct route_match *ret_match)
{
	route_find(routes, ROUTES, method, path, ret_match);
	return ret_match->row ? ret_match->row->who : -1;
}

static void assert_span(
	const struct route_match *m, size_t n, const char *path, const char *expected)
{
	size_t len = m->spans[n].to - m->spans[n].from;
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(path + m->spans[n].from, expected, len);
}

static void test_find(void **state)
{
	(void)state;
	static const char batch[] = "/v1/waves/2027-1/batches/farsta-1";
	struct route_match m;
	assert_int_equal(find("GET", "/", &m), 0);
	assert_int_equal(m.count, 0);
	assert_int_equal(find("HEAD", "/om", &m), 1);
	assert_int_equal(find("GET", "/omx", &m), 2);
	assert_span(&m, 0, "/omx", "omx");
	assert_int_equal(find("POST", "/om", &m), 3);
	assert_int_equal(find("PUT", batch, &m), 4);
	assert_int_equal(m.count, 2);
	assert_span(&m, 0, batch, "2027-1");
	assert_span(&m, 1, batch, "farsta-1");
}

static void test_not_found(void **state)
{
	(void)state;
	static const char *const paths[] = { "", "//", "/om/", "/a/b", "/v1/waves//open",
		"/v1/waves/2027-1/ope", "/v1/waves/2027-1/opens", "om" };
	struct route_match m;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		assert_int_equal(find("GET", paths[i], &m), -1);
		assert_false(m.same_path);
		assert_true(m.known_method);
	}
	assert_int_equal(find("DELETE", "/om", &m), -1);
	assert_true(m.same_path);
	assert_false(m.known_method);
	assert_int_equal(find("PUT", "/om", &m), -1);
	assert_true(m.same_path);
	assert_true(m.known_method);
	assert_int_equal(find("get", "/om", &m), -1);
}

static void assert_allows(const char *path, const char *expected)
{
	auto_(buf) struct buf allow = { 0 };
	route_allow(routes, ROUTES, path, &allow);
	assert_string_equal(buf_string(&allow), expected);
}

static void test_allow(void **state)
{
	(void)state;
	assert_allows("/om", "GET, HEAD, POST");
	assert_allows("/v1/waves/2027-1/open", "POST");
	assert_allows("/no/such/path", "");
	assert_allows(NULL, "GET, HEAD, POST, PUT");
}

static void test_fits(void **state)
{
	(void)state;
	const struct http_route six = { "GET", "/{a}/{b}/{c}/{d}/{e}/{f}", 0, NULL };
	const struct http_route seven = { "GET", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}", 0,
		NULL };
	struct route_match m;
	assert_true(route_fits(routes, ROUTES));
	assert_true(route_fits(&six, 1));
	assert_false(route_fits(&seven, 1));
	route_find(&six, 1, "GET", "/1/2/3/4/5/6", &m);
	assert_int_equal(m.count, ROUTE_SEGMENTS);
	assert_span(&m, 5, "/1/2/3/4/5/6", "6");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_not_found),
		cmocka_unit_test(test_allow),
		cmocka_unit_test(test_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
