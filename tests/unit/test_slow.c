/* Through a real listener on a port of the system's choice, spoken to over raw sockets.
 */
#include "common/staff/slow.h"
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { MOST = SLOW_WAITING + SLOW_THREADS, PATIENCE = 20 };

static struct http_server *server;
static struct slow *slow;

/* What the jobs, the listener and the test tell each other. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int doors; /* how many jobs may go on */
	int accepted, refused, running, most, begun, finished, answered, minutes;
	int order[MOST + 1];
	bool all_low, any_low, all_deaf;
	pthread_t minder;
} seen = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void change(int *number, int by)
{
	pthread_mutex_lock(&seen.lock);
	*number += by;
	pthread_cond_broadcast(&seen.changed);
	pthread_mutex_unlock(&seen.lock);
}

/* Waits until the number is at least that; false after a deadline. */
static bool reaches(const int *number, int least)
{
	struct timespec until;
	int late = 0;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE;
	pthread_mutex_lock(&seen.lock);
	while (*number < least && late == 0)
		late = pthread_cond_timedwait(&seen.changed, &seen.lock, &until);
	bool reached = *number >= least;
	pthread_mutex_unlock(&seen.lock);
	return reached;
}

static void each_minute(void *context)
{
	assert_string_equal(context, "minute");
	pthread_mutex_lock(&seen.lock);
	seen.minder = pthread_self();
	pthread_mutex_unlock(&seen.lock);
	change(&seen.minutes, 1);
}

static const struct slow_options minutes = { SLOW_THREADS, true, each_minute, "minute" };

struct job {
	int number;
	int result;
};

static void look_at_thread(void)
{
	sigset_t blocked;
	pthread_sigmask(SIG_BLOCK, NULL, &blocked);
	seen.all_deaf &=
		sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGINT) == 1;
	bool low = sched_getscheduler(0) == SCHED_IDLE ||
		   getpriority(PRIO_PROCESS, (id_t)gettid()) == 19;
	seen.all_low &= low;
	seen.any_low |= low;
}

static void work(void *context)
{
	struct job *job = context;
	pthread_mutex_lock(&seen.lock);
	look_at_thread();
	seen.order[seen.begun++] = job->number;
	if (++seen.running > seen.most)
		seen.most = seen.running;
	pthread_cond_broadcast(&seen.changed);
	while (seen.doors == 0)
		pthread_cond_wait(&seen.changed, &seen.lock);
	seen.doors--;
	seen.running--;
	seen.finished++;
	pthread_cond_broadcast(&seen.changed);
	pthread_mutex_unlock(&seen.lock);
	job->result = 2 * job->number;
}

static void answer(struct http_request *r, void *context)
{
	const struct job *job = http_note(r);
	struct buf b = { 0 };
	assert_string_equal(context, "listener");
	buf_format(&b, "twice %d is %d.", job->number, job->result);
	http_reply_buf(r, 200, "text/plain", &b);
	change(&seen.answered, 1);
}

static void ask(struct http_request *r, void *context)
{
	(void)context;
	struct job *job = arena_alloc(http_arena(r), sizeof *job);
	job->number = seen.accepted; /* this thread alone changes it */
	if (slow_do(slow, r, work, job, answer)) {
		change(&seen.accepted, 1);
		return;
	}
	http_reply(r, 503, "text/plain", "full.", 5);
	change(&seen.refused, 1);
}

static const struct http_route routes[] = { { "GET", "/", 0, ask } };

static int start_with(const struct slow_options *how)
{
	struct why why;
	struct http_options o = {
		.address = { .host = "127.0.0.1" },
		.routes = routes,
		.route_count = 1,
		.context = "listener",
		.body_limit = 1000,
		.connection_limit = 200,
		.idle_seconds = 30,
	};
	pthread_mutex_lock(&seen.lock);
	seen.doors = seen.accepted = seen.refused = seen.running = seen.most = 0;
	seen.begun = seen.finished = seen.answered = seen.minutes = 0;
	seen.all_low = seen.all_deaf = true;
	seen.any_low = false;
	pthread_mutex_unlock(&seen.lock);
	if (slow_start(how, &slow, &why) != OK)
		return -1;
	return http_start(&o, &server, &why) == OK ? 0 : -1;
}

static int start(void **state)
{
	(void)state;
	return start_with(&minutes);
}

static int start_one(void **state)
{
	(void)state;
	return start_with(&(struct slow_options){ .threads = 1 });
}

static int stop(void **state)
{
	(void)state;
	/* What a test that failed has left must not hold the listener. */
	change(&seen.doors, MOST);
	http_stop(server);
	slow_stop(slow);
	server = NULL;
	slow = NULL;
	return 0;
}

/* Sends a request; the reply is read later. */
static int send_request(void)
{
	static const char text[] =
		"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons(http_port(server)) };
	struct timeval patience = { .tv_sec = PATIENCE };
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof sin), 0);
	assert_int_equal(send(fd, text, sizeof text - 1, 0), sizeof text - 1);
	return fd;
}

static void expect(int fd, const char *status, const char *end)
{
	char reply[2000];
	size_t len = 0;
	for (ssize_t n; (n = recv(fd, reply + len, sizeof reply - 1 - len, 0)) > 0;)
		len += (size_t)n;
	reply[len] = '\0';
	close(fd);
	assert_non_null(strstr(reply, status));
	assert_non_null(strstr(reply, end));
}

/* Asks `count` times, each after the one before was taken on. */
static void ask_times(int *fds, int count)
{
	for (int i = 0; i < count; i++) {
		fds[i] = send_request();
		assert_true(reaches(&seen.accepted, i + 1));
	}
}

static void expect_answers(const int *fds, int count)
{
	for (int i = 0; i < count; i++) {
		char end[50];
		(void)snprintf(end, sizeof end, "twice %d is %d.", i, 2 * i);
		expect(fds[i], " 200 ", end);
	}
}

static void test_two_at_a_time(void **state)
{
	(void)state;
	enum { JOBS = 20 };
	int fds[JOBS];
	ask_times(fds, JOBS);
	assert_true(reaches(&seen.begun, SLOW_THREADS));
	for (int done = 1; done <= JOBS; done++) {
		change(&seen.doors, 1);
		assert_true(reaches(&seen.finished, done));
		assert_true(reaches(&seen.begun,
			done + SLOW_THREADS < JOBS ? done + SLOW_THREADS : JOBS));
	}
	expect_answers(fds, JOBS);
	assert_int_equal(seen.most, 2);
	assert_true(seen.all_low);
	assert_true(seen.all_deaf);
	/* First come, first served, but that two may begin side by side. */
	for (int i = 0; i < JOBS; i++)
		assert_in_range(seen.order[i], i ? i - 1 : 0, i + 1);
}

/* With nothing to do by the minute, and like any other thread. */
static void test_one_at_a_time(void **state)
{
	(void)state;
	enum { JOBS = 5 };
	int fds[JOBS];
	ask_times(fds, JOBS);
	for (int done = 1; done <= JOBS; done++) {
		assert_true(reaches(&seen.begun, done));
		change(&seen.doors, 1);
		assert_true(reaches(&seen.finished, done));
	}
	expect_answers(fds, JOBS);
	assert_int_equal(seen.most, 1);
	assert_int_equal(seen.minutes, 0);
	assert_false(seen.any_low);
	assert_true(seen.all_deaf);
	for (int i = 0; i < JOBS; i++)
		assert_int_equal(seen.order[i], i);
}

static void test_full(void **state)
{
	(void)state;
	int fds[MOST];
	/* The first two leave the queue before it fills. */
	ask_times(fds, SLOW_THREADS);
	assert_true(reaches(&seen.begun, SLOW_THREADS));
	for (int i = SLOW_THREADS; i < MOST; i++) {
		fds[i] = send_request();
		assert_true(reaches(&seen.accepted, i + 1));
	}
	for (int i = 0; i < 3; i++)
		expect(send_request(), " 503 ", "full.");
	assert_int_equal(seen.begun, SLOW_THREADS);
	/* Room again: the ring has come round. */
	change(&seen.doors, 1);
	assert_true(reaches(&seen.begun, SLOW_THREADS + 1));
	int last = send_request();
	assert_true(reaches(&seen.accepted, MOST + 1));
	expect(send_request(), " 503 ", "full.");
	change(&seen.doors, MOST);
	expect_answers(fds, MOST);
	expect(last, " 200 ", "twice 66 is 132.");
	assert_int_equal(seen.refused, 4);
	assert_int_equal(seen.answered, MOST + 1);
}

static void test_minute(void **state)
{
	(void)state;
	assert_true(reaches(&seen.minutes, 1));
	assert_false(pthread_equal(seen.minder, pthread_self()));
	assert_int_equal(seen.minutes, 1);
}

static void test_client_that_has_left(void **state)
{
	(void)state;
	int fds[3];
	ask_times(fds, 3);
	close(fds[0]);
	close(fds[2]);
	change(&seen.doors, 3);
	assert_true(reaches(&seen.answered, 3));
	expect(fds[1], " 200 ", "twice 1 is 2.");
}

static void *stop_listener(void *unused)
{
	http_stop(server);
	return unused;
}

/* The listener waits for its parked requests, so the threads must outlive it. */
static void test_stop_with_work_left(void **state)
{
	(void)state;
	enum { JOBS = 10 };
	int fds[JOBS];
	pthread_t stopping;
	ask_times(fds, JOBS);
	assert_true(reaches(&seen.begun, SLOW_THREADS));
	assert_int_equal(pthread_create(&stopping, NULL, stop_listener, NULL), 0);
	change(&seen.doors, JOBS);
	assert_int_equal(pthread_join(stopping, NULL), 0);
	assert_int_equal(seen.answered, JOBS);
	expect_answers(fds, JOBS);
	slow_stop(slow);
	server = NULL;
	slow = NULL;
}

static void test_stop_at_once(void **state)
{
	(void)state;
	struct slow *s;
	struct why why;
	assert_true(reaches(&seen.minutes, 1));
	for (int i = 0; i < 50; i++) {
		assert_int_equal(slow_start(&minutes, &s, &why), OK);
		slow_stop(s);
		/* Each came to its first minute. */
		assert_int_equal(seen.minutes, i + 2);
	}
	slow_stop(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_two_at_a_time, start, stop),
		cmocka_unit_test_setup_teardown(test_one_at_a_time, start_one, stop),
		cmocka_unit_test_setup_teardown(test_full, start, stop),
		cmocka_unit_test_setup_teardown(test_minute, start, stop),
		cmocka_unit_test_setup_teardown(test_client_that_has_left, start, stop),
		cmocka_unit_test_setup_teardown(test_stop_with_work_left, start, stop),
		cmocka_unit_test_setup_teardown(test_stop_at_once, start, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
