/* Logs that were tampered with: reading, verifying and searching them breaks no promise
 * of audit.h. A line of one letter stands for a genuine line, so that what comes here is
 * not only forged; the head stays that of the genuine log. */
#include "common/audit.h"
#include "common/file.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES = 12 };

static char folder[] = "/dev/shm/fuzz-audit-XXXXXX";
static char log_path[64], head_path[64];
static struct audit *audit;
static struct buf genuine, head;
static const char *lines[LINES + 1]; /* where each begins */

static void require(bool promise)
{
	if (!promise)
		abort();
}

static void clean_up(void)
{
	(void)unlink(log_path);
	(void)unlink(head_path);
	(void)rmdir(folder);
	buf_clear(&genuine);
	buf_clear(&head);
}

static void open_log(void)
{
	const uint8_t key[SECRET_KEY] = { 1 };
	struct why why;
	require(audit_open(folder, key, &audit, &why) == OK);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	struct why why;
	require(mkdtemp(folder) != NULL);
	snprintf(log_path, sizeof log_path, "%s/audit.log", folder);
	snprintf(head_path, sizeof head_path, "%s/audit.head", folder);
	open_log();
	for (int i = 0; i < LINES; i++)
		require(audit_add(audit, 1803892500 + i, "a", AUDIT_VIEWED, "b") == OK);
	require(file_read(log_path, 1 << 20, &genuine, &why) == OK);
	require(file_read(head_path, 1 << 20, &head, &why) == OK);
	audit_close(audit);
	lines[0] = genuine.data;
	for (int i = 0; i < LINES; i++)
		lines[i + 1] = strchr(lines[i], '\n') + 1;
	require(atexit(clean_up) == 0);
	return 0;
}

static void write_file(const char *path, const char *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	require(fd >= 0 && write(fd, data, len) == (ssize_t)len && close(fd) == 0);
}

/* A line of one letter, A to L, becomes that genuine line. */
static void unfold(const char *text, size_t len, struct buf *log)
{
	const char *end = text + len;
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *next = newline ? newline + 1 : end;
		int i = *text - 'A';
		if (next - text == 2 && i >= 0 && i < LINES)
			buf_add(log, lines[i], (size_t)(lines[i + 1] - lines[i]));
		else
			buf_add(log, text, (size_t)(next - text));
		text = next;
	}
}

struct seen {
	int64_t count, lines;
};

static void see_fault(
	void *context, enum audit_fault fault, int64_t first, int64_t last, int64_t line)
{
	struct seen *s = context;
	s->count++;
	require(fault <= AUDIT_LINE_UNREADABLE && first >= 0 && first <= last);
	require(line >= 1 && line <= s->lines + 1);
}

static int64_t verify(const struct buf *log)
{
	struct seen s = { 0 };
	int64_t faults, count;
	for (size_t i = 0; i < log->len; i++)
		s.lines += log->data[i] == '\n';
	require(audit_verify(audit, NULL, see_fault, &s, &faults, &count) == OK);
	require(faults == s.count && count == s.lines);
	return faults;
}

static void see_line(void *context, const struct audit_line *line)
{
	struct seen *s = context;
	s->count++;
	require(line->number > 0 && line->at >= 0);
	require(strlen(line->who) + strlen(line->event) + strlen(line->object) < 1000);
	require(!strpbrk(line->who, "\t\n") && !strpbrk(line->object, "\t\n"));
}

static void search(const struct buf *log)
{
	struct audit_filter filter = { .event = -1 };
	struct seen all = { 0 }, some = { 0 };
	bool more;
	require(audit_search(audit, &filter, SIZE_MAX, see_line, &all, &more) == OK);
	require(!more && (size_t)all.count <= log->len / 6);
	filter.text = "b";
	require(audit_search(audit, &filter, 3, see_line, &some, &more) == OK);
	require(some.count <= all.count && some.count <= 3 && (some.count == 3 || !more));
}

/* A log is whole when its whole lines are the genuine ones, and only then. */
static bool is_genuine(const struct buf *log)
{
	return log->len >= genuine.len &&
	       memcmp(log->data, genuine.data, genuine.len) == 0 &&
	       !memchr(log->data + genuine.len, '\n', log->len - genuine.len);
}

/* Whatever the log is like, it goes on, and a fault stays. */
static void go_on(bool whole)
{
	auto_(buf) struct buf log = { 0 };
	struct why why;
	require(audit_add(audit, 1803892500, "a", AUDIT_VIEWED, "b") == OK);
	require(file_read(log_path, 1 << 24, &log, &why) == OK);
	require((verify(&log) == 0) == whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(buf) struct buf log = { 0 };
	unfold((const char *)data, size, &log);
	write_file(log_path, buf_string(&log), log.len);
	write_file(head_path, head.data, head.len);
	/* Anew, since who added to a log knows more of it. */
	open_log();
	bool whole = verify(&log) == 0;
	require(whole == is_genuine(&log));
	search(&log);
	/* That a line without its end was taken off would be said each time. */
	if (log.len && log.data[log.len - 1] == '\n')
		go_on(whole);
	audit_close(audit);
	return 0;
}
