#include "common/drain.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct drain drain;

/* The far end of a connection that is drained. */
static int add(int64_t now)
{
	int ends[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	drain_add(&drain, ends[0], now);
	close(ends[0]);
	return ends[1];
}

static bool takes(int end)
{
	return send(end, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

static void test_what_is_sent_is_taken(void **state)
{
	(void)state;
	char c;
	int end = add(0);
	assert_int_equal(drain.count, 1);
	/* The far end knows that no more comes. */
	assert_int_equal(recv(end, &c, 1, 0), 0);
	for (int i = 0; i < 10; i++) {
		assert_true(takes(end));
		drain_round(&drain, i);
		assert_int_equal(drain.count, 1);
		assert_int_equal(recv(drain.sockets[0].fd, &c, 1, MSG_DONTWAIT), -1);
	}
	close(end);
	drain_round(&drain, 10);
	assert_int_equal(drain.count, 0);
}

static void test_end_of_time(void **state)
{
	(void)state;
	int first = add(0), second = add(1);
	drain_round(&drain, DRAIN_MS - 1);
	assert_int_equal(drain.count, 2);
	assert_true(takes(first) && takes(second));
	drain_round(&drain, DRAIN_MS);
	assert_int_equal(drain.count, 1);
	assert_true(!takes(first) && takes(second));
	drain_round(&drain, DRAIN_MS + 1);
	assert_int_equal(drain.count, 0);
	assert_false(takes(second));
	close(first);
	close(second);
}

static void test_most(void **state)
{
	(void)state;
	int ends[DRAIN_MOST + 1];
	for (int i = 0; i <= DRAIN_MOST; i++)
		ends[i] = add(0);
	assert_int_equal(drain.count, DRAIN_MOST);
	assert_true(takes(ends[DRAIN_MOST - 1]));
	assert_false(takes(ends[DRAIN_MOST]));
	/* One leaves from the middle. */
	close(ends[3]);
	drain_round(&drain, 1);
	assert_int_equal(drain.count, DRAIN_MOST - 1);
	ends[3] = add(1);
	assert_int_equal(drain.count, DRAIN_MOST);
	for (int i = 0; i < DRAIN_MOST; i++)
		assert_true(takes(ends[i]));
	drain_finish(&drain);
	assert_int_equal(drain.count, 0);
	for (int i = 0; i <= DRAIN_MOST; i++) {
		assert_false(takes(ends[i]));
		close(ends[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_sent_is_taken),
		cmocka_unit_test(test_end_of_time),
		cmocka_unit_test(test_most),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
