#include "common/audit.h"
#include "common/clock.h"
#include "folder_test.h"
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { LINES = 12, MORNING = 1803892500 /* 2027-03-01T09:15:00Z, a Monday */ };

static const uint8_t key[SECRET_KEY] = "a key for the log, of 32 bytes.";
static struct arena *arena;
static struct audit *audit;

static struct audit *log_open(void)
{
	struct audit *a = NULL;
	struct why why;
	if (audit_open(folder, key, &a, &why) != OK)
		fail_msg("%s", why.text);
	return a;
}

static int start_in(const char *place, void **state)
{
	arena = arena_create();
	(void)snprintf(folder, sizeof folder, "%s/audit-XXXXXX", place);
	if (folder_make(state) != 0)
		return -1;
	audit = log_open();
	return 0;
}

/* In memory where that can be: every line is synced. */
static int start(void **state)
{
	return start_in(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", state);
}

static int start_on_disk(void **state)
{
	return start_in("/tmp", state);
}

static int stop(void **state)
{
	audit_close(audit);
	arena_destroy(arena);
	return folder_remove(state);
}

/* As another process would find it. */
static void reopen(void)
{
	audit_close(audit);
	audit = log_open();
}

static void add(const char *who, enum audit_event e, const char *object)
{
	assert_int_equal(audit_add(audit, MORNING, who, e, object), OK);
}

static char *read_text(const char *name)
{
	auto_(buf) struct buf b = { 0 };
	struct why why;
	if (file_read(folder_path(arena, name), 1 << 24, &b, &why) != OK)
		fail_msg("%s", why.text);
	return arena_text(arena, buf_string(&b), b.len);
}

static void write_log(const char *text)
{
	folder_text("audit.log", text);
}

static void add_twelve(void)
{
	for (int i = 1; i <= LINES; i++)
		assert_int_equal(audit_add(audit, MORNING + 60 * i,
					 i % 2 ? "anna.ek" : "-", (enum audit_event)i,
					 arena_format(arena, "person %d", 1000 + i)),
			OK);
}

/* A log of twelve lines, as they are in the file, each with its newline. It is made once
 * and then copied: syncs take time. */
static char **twelve(void)
{
	static char log[2000], head[200];
	if (!*log) {
		add_twelve();
		snprintf(log, sizeof log, "%s", read_text("audit.log"));
		snprintf(head, sizeof head, "%s", read_text("audit.head"));
	} else {
		write_log(log);
		folder_text("audit.head", head);
	}
	char **lines = arena_alloc(arena, (LINES + 1) * sizeof *lines);
	const char *text = log;
	for (int i = 0; i < LINES; i++) {
		const char *end = strchr(text, '\n') + 1;
		lines[i] = arena_text(arena, text, (size_t)(end - text));
		text = end;
	}
	assert_string_equal(text, "");
	return lines;
}

static char *join(char *const *lines, size_t count)
{
	auto_(buf) struct buf b = { 0 };
	for (size_t i = 0; i < count; i++)
		buf_text(&b, lines[i]);
	return arena_text(arena, buf_string(&b), b.len);
}

/* Writes a log of these lines but for `out`, with `in` (NULL: none) before entry `at`. */
static void write_lines(char *const *lines, int out, const char *in, int at)
{
	auto_(buf) struct buf b = { 0 };
	for (int i = 0; i <= LINES; i++) {
		if (in && i == at)
			buf_text(&b, in);
		if (i < LINES && i != out)
			buf_text(&b, lines[i]);
	}
	write_log(buf_string(&b));
}

static void note_fault(
	void *context, enum audit_fault fault, int64_t first, int64_t last, int64_t line)
{
	static const char *const words[] = { "changed", "missing", "inserted",
		"unreadable" };
	struct buf *b = context;
	buf_format(b, "%s%s %" PRId64, b->len ? ", " : "", words[fault], first);
	if (last != first)
		buf_format(b, "-%" PRId64, last);
	buf_format(b, " at %" PRId64, line);
}

/* The faults, as "changed 3 at 3, missing 7-9 at 7". */
static const char *verify_known(const struct audit_head *known, int64_t lines)
{
	auto_(buf) struct buf b = { 0 };
	int64_t faults = -1, found = -1, commas = 0;
	assert_int_equal(audit_verify(audit, known, note_fault, &b, &faults, &found), OK);
	for (const char *c = buf_string(&b); *c; c++)
		commas += *c == ',';
	assert_int_equal(faults, b.len ? commas + 1 : 0);
	if (lines >= 0)
		assert_int_equal(found, lines);
	return arena_text(arena, buf_string(&b), b.len);
}

static const char *verify(void)
{
	return verify_known(NULL, -1);
}

static void expect(const char *faults)
{
	assert_string_equal(verify(), faults);
}

#define expect_format(...) expect(arena_format(arena, __VA_ARGS__))

/* The fields of a line, after which come NULLs. */
static void split(const char *line, char *fields[8])
{
	char *text = arena_text(arena, line, strcspn(line, "\n"));
	memset(fields, 0, 8 * sizeof *fields);
	for (int i = 0; i < 8 && text; i++)
		fields[i] = strsep(&text, "\t");
}

/* The MAC as the header tells it, made from the line's text and the MAC before. */
static void mac_of(const uint8_t *with, const uint8_t before[AUDIT_MAC], const char *line,
	uint8_t mac[AUDIT_MAC])
{
	auto_(buf) struct buf b = { 0 };
	uint8_t whole[32];
	buf_add(&b, before, AUDIT_MAC);
	buf_add(&b, line, (size_t)(strrchr(line, '\t') + 1 - line));
	secret_hmac(with, SECRET_KEY, b.data, b.len, whole);
	memcpy(mac, whole, AUDIT_MAC);
}

/* A line of a forger, who has another key. */
static char *forge(int64_t number, const char *line_before)
{
	uint8_t other[SECRET_KEY] = "another key, of 32 bytes as well",
		mac[AUDIT_MAC] = { 0 };
	char *fields[8], hex[2 * AUDIT_MAC + 1];
	if (line_before) {
		split(line_before, fields);
		assert_true(secret_unhex(fields[5], mac, AUDIT_MAC));
	}
	const char *body = arena_format(arena,
		"%" PRId64 "\t2027-03-01T09:15:00Z\tbo.ek\tviewed\tperson 7\t", number);
	mac_of(other, mac, body, mac);
	secret_hex(mac, AUDIT_MAC, hex);
	return arena_format(arena, "%s%s\n", body, hex);
}

static void test_events(void **state)
{
	(void)state;
	for (int i = 0; i < AUDIT_EVENTS; i++) {
		const char *word = audit_event_word((enum audit_event)i);
		assert_int_equal(audit_event_of(word), i);
		assert_int_equal(
			strspn(word, "abcdefghijklmnopqrstuvwxyz-"), strlen(word));
		assert_true(*audit_event_text((enum audit_event)i, false));
		assert_true(*audit_event_text((enum audit_event)i, true));
	}
	assert_true(audit_event_of("") < 0);
	assert_true(audit_event_of("signed") < 0);
	assert_string_equal(audit_event_word(AUDIT_SIGNED_IN), "signed-in");
	assert_string_equal(audit_event_text(AUDIT_SIGNED_IN, false), "Loggade in");
	assert_string_equal(audit_event_text(AUDIT_SIGNED_IN, true), "Signed in");
}

/* The format of the header, made anew here. */
static void test_chain(void **state)
{
	(void)state;
	char **lines = twelve(), *fields[8], hex[2 * AUDIT_MAC + 1];
	uint8_t mac[AUDIT_MAC] = { 0 };
	struct audit_head head;
	for (int i = 0; i < LINES; i++) {
		split(lines[i], fields);
		assert_non_null(fields[5]);
		assert_null(fields[6]);
		assert_string_equal(fields[0], arena_format(arena, "%d", i + 1));
		assert_string_equal(
			fields[1], arena_format(arena, "2027-03-01T09:%d:00Z", 16 + i));
		assert_string_equal(fields[2], i % 2 ? "-" : "anna.ek");
		assert_string_equal(
			fields[3], audit_event_word((enum audit_event)(i + 1)));
		assert_string_equal(
			fields[4], arena_format(arena, "person %d", 1001 + i));
		mac_of(key, mac, lines[i], mac);
		secret_hex(mac, AUDIT_MAC, hex);
		assert_string_equal(fields[5], hex);
	}
	assert_int_equal(audit_head(audit, &head), OK);
	assert_int_equal(head.number, LINES);
	assert_memory_equal(head.mac, mac, AUDIT_MAC);
	split(read_text("audit.head"), fields);
	assert_int_equal(atoi(fields[0]), LINES);
	assert_string_equal(fields[1], hex);
	assert_string_equal(verify_known(NULL, LINES), "");
}

static void test_opened(void **state)
{
	(void)state;
	struct stat st;
	struct audit_head head = { .number = 77 };
	static const char *const names[] = { "audit.log", "audit.head" };
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(stat(folder_path(arena, names[i]), &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
	assert_string_equal(verify_known(NULL, 0), "");
	assert_int_equal(audit_head(audit, &head), OK);
	assert_int_equal(head.number, 0);
	add("anna.ek", AUDIT_VIEWED, "person 1");
	reopen();
	add("anna.ek", AUDIT_VIEWED, "person 2");
	assert_string_equal(verify_known(NULL, 2), "");

	struct audit *none = NULL;
	struct why why;
	const char *nowhere = folder_path(arena, "none");
	assert_int_equal(audit_open(nowhere, key, &none, &why), ERR_IO);
	assert_null(none);
	assert_string_equal(why.text,
		arena_format(arena, "%s/audit.log: No such file or directory", nowhere));
}

/* Any byte of any line. */
static void test_byte_changed(void **state)
{
	(void)state;
	static const char changes[] = { 1, 0x20, (char)0x80 };
	char **lines = twelve(), *text = join(lines, LINES), *at = text;
	size_t len = strlen(text);
	for (int n = 1; n <= LINES; n++, at++)
		for (; *at != '\n'; at++)
			for (size_t i = 0; i < sizeof changes; i++) {
				char was = *at;
				*at = (char)(was ^ changes[i]);
				folder_write("audit.log", text, len);
				*at = was;
				expect_format("%s %d at %d",
					was == '\t' ? "unreadable" : "changed", n, n);
			}
	write_log(text);
	expect("");
}

/* A whole field, so that its length is another. */
static void test_field_changed(void **state)
{
	(void)state;
	static const char *const values[] = { "", "7", "12", "99", "-1", "x",
		"9999999999999999999999", "00000000000000000000000000000000",
		"1111111111111111111111111111111111111111" };
	char **lines = twelve(), *fields[8];
	for (int n = 1; n <= LINES; n++)
		for (int f = 0; f < 6; f++)
			for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
				split(lines[n - 1], fields);
				if (strcmp(fields[f], values[i]) == 0)
					continue;
				fields[f] =
					arena_text(arena, values[i], strlen(values[i]));
				write_lines(lines, n - 1,
					arena_format(arena, "%s\t%s\t%s\t%s\t%s\t%s\n",
						fields[0], fields[1], fields[2],
						fields[3], fields[4], fields[5]),
					n - 1);
				expect_format("changed %d at %d", n, n);
			}
}

/* The line after one that was changed MAC and all can't be told from a changed one. */
static void test_line_replaced(void **state)
{
	(void)state;
	char **lines = twelve();
	for (int n = 1; n <= LINES; n++) {
		write_lines(lines, n - 1, forge(n, n > 1 ? lines[n - 2] : NULL), n - 1);
		if (n < LINES)
			expect_format("changed %d-%d at %d", n, n + 1, n);
		else
			expect_format("changed %d at %d", n, n);
	}
	/* Two, each where it is. */
	lines[2][5] ^= 1;
	write_lines(lines, 6, forge(7, NULL), 6);
	expect("changed 3 at 3, changed 7-8 at 7");
}

static void test_lines_removed(void **state)
{
	(void)state;
	char **lines = twelve();
	for (int first = 1; first <= LINES; first++)
		for (int last = first; last <= LINES; last++) {
			write_log(arena_format(arena, "%s%s",
				join(lines, (size_t)first - 1),
				join(lines + last, (size_t)(LINES - last))));
			if (first == last)
				expect_format("missing %d at %d", first, first);
			else
				expect_format("missing %d-%d at %d", first, last, first);
		}
	/* Two places. */
	auto_(buf) struct buf b = { 0 };
	for (int i = 1; i <= LINES; i++)
		if (i != 3 && i != 8 && i != 9)
			buf_text(&b, lines[i - 1]);
	write_log(buf_string(&b));
	expect("missing 3 at 3, missing 8-9 at 7");
	/* And a change further on. */
	*strstr(strstr(buf_string(&b), "\n6\t"), "person") = 'P';
	write_log(buf_string(&b));
	expect("missing 3 at 3, changed 6 at 5, missing 8-9 at 7");
	/* What nothing that is left speaks for is not whole. */
	write_log(arena_format(
		arena, "%s%s%s", join(lines, 2), lines[3], join(lines + 5, 7)));
	expect("missing 3 at 3, changed 4 at 3, missing 5 at 4");
	write_lines(lines, 5, forge(6, lines[4]), 5);
	char *text = read_text("audit.log"), *fifth = strstr(text, "\n5\t") + 1;
	memmove(fifth, fifth + strlen(lines[4]), strlen(fifth + strlen(lines[4])) + 1);
	write_log(text);
	expect("missing 5 at 5, changed 6-7 at 5");
}

static void test_lines_cut_off(void **state)
{
	(void)state;
	char **lines = twelve();
	reopen();
	for (size_t left = 0; left < LINES; left++) {
		char *head = read_text("audit.head");
		write_log(join(lines, left));
		const char *faults =
			left + 1 == LINES ? "missing 12 at 12"
					  : arena_format(arena, "missing %zu-12 at %zu",
						    left + 1, left + 1);
		expect(faults);
		/* Nor is it forgotten when the log goes on. */
		reopen();
		for (int i = 13; i <= 15; i++) {
			add("bo.ek", AUDIT_PRINTED, "report");
			reopen();
			expect(faults);
		}
		assert_non_null(strstr(
			arena_format(arena, "\n%s", read_text("audit.log")), "\n13\t"));
		folder_text("audit.head", head);
	}
	/* Or when the system then goes down before the head is on disk. */
	char *head = read_text("audit.head");
	write_log(join(lines, 9));
	reopen();
	add("bo.ek", AUDIT_PRINTED, "report");
	folder_text("audit.head", head);
	reopen();
	add("bo.ek", AUDIT_PRINTED, "report");
	assert_string_equal(verify_known(NULL, 11), "missing 10-12 at 10");
	folder_text("audit.head", head);
	/* Or by the end of a line only. */
	char *text = join(lines, LINES);
	text[strlen(text) - 1] = '\0';
	write_log(text);
	assert_string_equal(verify_known(NULL, LINES - 1), "missing 12 at 12");
	reopen();
	add("bo.ek", AUDIT_PRINTED, "report");
	assert_string_equal(verify_known(NULL, LINES), "missing 12 at 12");
}

/* Also while a process goes on that added to it. */
static void test_cut_off_while_open(void **state)
{
	(void)state;
	char **lines = twelve();
	char *old_head = read_text("audit.head");
	add("bo.ek", AUDIT_PRINTED, "report");
	add("bo.ek", AUDIT_PRINTED, "report");
	/* Put back as it was two lines ago, head and all. */
	write_log(join(lines, LINES));
	folder_text("audit.head", old_head);
	expect("");
	add("bo.ek", AUDIT_PRINTED, "report");
	expect("missing 13-14 at 13");
	/* Or deleted, head and all. */
	assert_int_equal(unlink(folder_path(arena, "audit.log")), 0);
	assert_int_equal(unlink(folder_path(arena, "audit.head")), 0);
	add("bo.ek", AUDIT_PRINTED, "report");
	expect("missing 1-15 at 1");
	add("bo.ek", AUDIT_PRINTED, "report");
	assert_string_equal(verify_known(NULL, 2), "missing 1-15 at 1");
}

static void test_renumbered(void **state)
{
	(void)state;
	char **lines = twelve();
	for (int out = 1; out < LINES; out++) {
		auto_(buf) struct buf b = { 0 };
		buf_text(&b, join(lines, (size_t)out - 1));
		for (int i = out; i < LINES; i++)
			buf_format(&b, "%d%s", i, strchr(lines[i], '\t'));
		write_log(buf_string(&b));
		if (out == LINES - 1)
			expect("changed 11 at 11, missing 12 at 12");
		else
			expect_format("changed %d-11 at %d, missing 12 at 12", out, out);
	}
}

static void test_line_copied(void **state)
{
	(void)state;
	char **lines = twelve();
	for (int n = 1; n <= LINES; n++)
		for (int at = 0; at <= LINES; at++) {
			write_lines(lines, -1, lines[n - 1], at);
			/* Of two beside each other, the second. */
			expect_format(
				"inserted %d at %d", n, at == n - 1 ? n + 1 : at + 1);
		}
	/* All of them once more, and a run of them. */
	auto_(buf) struct buf b = { 0 };
	for (int i = 1; i <= LINES; i++)
		buf_format(&b, "%sinserted %d at %d", i > 1 ? ", " : "", i, LINES + i);
	write_log(arena_format(arena, "%s%s", join(lines, LINES), join(lines, LINES)));
	expect(buf_string(&b));
	write_lines(lines, -1, join(lines + 6, 2), 2);
	expect("inserted 7 at 3, inserted 8 at 4");
	write_lines(lines, -1, join(lines + 2, 2), 9);
	expect("inserted 3 at 10, inserted 4 at 11");
	/* So many that the line before is far. */
	auto_(buf) struct buf many = { 0 };
	buf_clear(&b);
	for (int i = 0; i < 40; i++) {
		buf_text(&many, lines[i % 4]);
		buf_format(&b, "%sinserted %d at %d", i ? ", " : "", i % 4 + 1, 7 + i);
	}
	write_lines(lines, -1, buf_string(&many), 6);
	expect(buf_string(&b));
}

static void test_line_forged(void **state)
{
	(void)state;
	char **lines = twelve();
	for (int at = 0; at <= LINES; at++)
		for (int number = 1; number <= LINES + 2; number++) {
			const char *before = at ? lines[at - 1] : NULL;
			write_lines(lines, -1, forge(number, before), at);
			expect_format("inserted %d at %d", number, at + 1);
		}
	/* The log goes on after one at its end. */
	write_lines(lines, -1, forge(13, lines[11]), LINES);
	reopen();
	add("bo.ek", AUDIT_PRINTED, "report");
	expect("inserted 13 at 13");
	write_lines(lines, -1, forge(999999999999999999, lines[11]), LINES);
	folder_text("audit.head", "");
	reopen();
	add("bo.ek", AUDIT_PRINTED, "report");
	assert_string_not_equal(verify(), "");
}

static void test_lines_swapped(void **state)
{
	(void)state;
	char **lines = twelve();
	for (int a = 1; a < LINES; a++)
		for (int b = a + 1; b <= LINES; b++) {
			char *kept = lines[a - 1];
			lines[a - 1] = lines[b - 1];
			lines[b - 1] = kept;
			write_log(join(lines, LINES));
			lines[b - 1] = lines[a - 1];
			lines[a - 1] = kept;
			if (b == a + 1)
				expect_format("inserted %d at %d, missing %d at %d", b, a,
					b, b + 1);
			else if (b == a + 2)
				expect_format("inserted %d at %d, inserted %d at %d, "
					      "missing %d-%d at %d",
					b, a, a + 1, a + 1, a + 1, b, b + 1);
			else
				expect_format("inserted %d at %d, missing %d at %d, "
					      "inserted %d at %d, missing %d at %d",
					b, a, a, a + 1, a, b, b, b + 1);
		}
	/* One that was moved. */
	write_lines(lines, 2, lines[2], LINES);
	expect("missing 3 at 3, inserted 3 at 12");
	write_lines(lines, 8, lines[8], 1);
	expect("inserted 9 at 2, missing 9 at 10");
}

static void test_line_unreadable(void **state)
{
	(void)state;
	static const char *const junk[] = { "\n", "junk\n", "1\t2\t3\t4\t5\n",
		"1\t2\t3\t4\t5\t6\t7\n", "\t\t\t\t\t\t\t\t\n" };
	char **lines = twelve();
	char *much = arena_alloc(arena, 200001);
	memset(much, 'x', 200000);
	for (int i = 0; i < 5; i++)
		much[30000 * i] = '\t';
	memcpy(much + 199999, "\n", 2);
	char *head = read_text("audit.head");
	for (size_t i = 0; i <= sizeof junk / sizeof *junk; i++) {
		const char *line = i < sizeof junk / sizeof *junk ? junk[i] : much;
		for (int n = 1; n <= LINES; n++) {
			write_lines(lines, n - 1, line, n - 1);
			expect_format("unreadable %d at %d", n, n);
			write_lines(lines, -1, line, n);
			expect_format("unreadable 0 at %d", n + 1);
		}
		/* The log goes on after it. */
		reopen();
		add("bo.ek", AUDIT_PRINTED, "report");
		assert_string_equal(verify_known(NULL, LINES + 2), "unreadable 0 at 13");
		folder_text("audit.head", head);
	}
	/* It excuses no change in the line after it. */
	char *changed = arena_text(arena, lines[4], strlen(lines[4]));
	*strstr(changed, "person") = 'P';
	write_lines(lines, 4, arena_format(arena, "junk\n%s", changed), 4);
	expect("unreadable 0 at 5, changed 5 at 6");
	/* Two lines made one, and one made two. */
	char *text = join(lines, LINES);
	*strchr(strchr(text, '\n') + 1, '\n') = ' ';
	write_log(text);
	expect("unreadable 2 at 2, missing 3 at 3");
	text = join(lines, LINES);
	*strstr(text, "\t-\t") = '\n';
	write_log(text);
	expect("unreadable 2 at 2, unreadable 0 at 3");
}

/* The head takes part in it. */
static void test_head(void **state)
{
	(void)state;
	const char *path = folder_path(arena, "audit.head");
	char **lines = twelve();
	char *text = join(lines, LINES), *head = read_text("audit.head");
	for (size_t i = 0; head[i]; i++) {
		char was = head[i];
		head[i] ^= 1;
		folder_text("audit.head", head);
		head[i] = was;
		expect("missing 13 at 13");
	}
	folder_text("audit.head", arena_format(arena, "%s\n", head));
	expect("missing 13 at 13");
	/* Whatever became of it, the log tells it ever after. */
	for (int i = 0; i < 2; i++) {
		if (i == 0)
			assert_int_equal(unlink(path), 0);
		else
			folder_text("audit.head", "");
		expect("missing 13 at 13");
		reopen();
		expect("missing 13 at 13");
		add("bo.ek", AUDIT_PRINTED, "report");
		expect("missing 13 at 13");
		add("bo.ek", AUDIT_PRINTED, "report");
		assert_string_equal(verify_known(NULL, LINES + 2), "missing 13 at 13");
		write_log(text);
		folder_text("audit.head", head);
	}
	/* Nor can it be made good with the line itself. */
	assert_int_equal(unlink(path), 0);
	write_log(join(lines, LINES - 1));
	reopen();
	add("bo.ek", AUDIT_PRINTED, "report");
	expect("missing 12 at 12");
	char *last = strstr(read_text("audit.log"), "\n13\t") + 1;
	write_log(arena_format(arena, "%s%s", text, last));
	expect("changed 13 at 13");
	/* With the end of the log changed as well. */
	assert_int_equal(unlink(path), 0);
	text[strlen(text) - 50] ^= 1;
	write_log(text);
	expect("changed 12 at 12, missing 13 at 13");
	write_log("");
	folder_text("audit.head", head);
	expect("missing 1-12 at 1");
}

/* After the system went down, the head may be some lines behind. */
static void test_head_behind(void **state)
{
	(void)state;
	char *empty = read_text("audit.head");
	add("-", AUDIT_SIGNED_IN, "");
	char *head = read_text("audit.head");
	for (int i = 0; i < 5; i++)
		add("-", AUDIT_SIGNED_IN, "");
	char *text = read_text("audit.log");
	for (int i = 0; i < 2; i++) {
		write_log(text);
		folder_text("audit.head", i ? empty : head);
		expect("");
		reopen();
		add("-", AUDIT_SIGNED_OUT, "");
		assert_string_equal(verify_known(NULL, 7), "");
		assert_string_not_equal(read_text("audit.head"), head);
	}
}

static void test_known(void **state)
{
	(void)state;
	struct audit_head known[LINES + 1] = { 0 };
	for (int i = 1; i <= LINES; i++) {
		add("-", AUDIT_SIGNED_IN, "");
		assert_int_equal(audit_head(audit, &known[i]), OK);
		assert_int_equal(known[i].number, i);
	}
	char *text = read_text("audit.log");
	for (int i = 0; i <= LINES; i++) {
		assert_string_equal(verify_known(&known[i], LINES), "");
		if (i == 0)
			continue;
		known[i].mac[5] ^= 1;
		assert_string_equal(verify_known(&known[i], LINES),
			arena_format(arena, "changed %d at %d", i, i));
		known[i].mac[5] ^= 1;
	}
	known[0].number = 15;
	assert_string_equal(verify_known(&known[0], LINES), "missing 13-15 at 13");
	known[0].number = INT64_MAX;
	assert_non_null(strstr(verify_known(&known[0], LINES), "missing 13-9223"));
	/* What is told anyhow is not told twice. */
	text[strlen(text) - 50] ^= 1;
	write_log(text);
	assert_string_equal(verify_known(&known[12], LINES), "changed 12 at 12");
	/* A log begun anew. */
	assert_int_equal(unlink(folder_path(arena, "audit.log")), 0);
	assert_int_equal(unlink(folder_path(arena, "audit.head")), 0);
	reopen();
	assert_string_equal(verify_known(&known[3], 0), "missing 1-3 at 1");
	for (int i = 1; i <= LINES; i++)
		add("-", AUDIT_SIGNED_OUT, "");
	expect("");
	assert_string_equal(verify_known(&known[3], LINES), "changed 3 at 3");
}

static void *add_many(void *a)
{
	for (int i = 0; i < 25; i++)
		if (audit_add(a, MORNING, "anna.ek", AUDIT_VIEWED, "person 1") != OK)
			return a;
	return NULL;
}

static bool add_in_threads(void)
{
	pthread_t threads[2];
	void *failed[2];
	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, add_many, audit) != 0)
			return false;
	for (int i = 0; i < 2; i++)
		if (pthread_join(threads[i], &failed[i]) != 0)
			return false;
	return !failed[0] && !failed[1];
}

/* Two processes of two threads each, the second process with what the first opened. */
static void test_side_by_side(void **state)
{
	(void)state;
	int status;
	add("-", AUDIT_SIGNED_IN, "");
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(add_in_threads() ? 0 : 1);
	assert_true(add_in_threads());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_string_equal(verify_known(NULL, 101), "");
}

static void append(const char *text)
{
	FILE *log = fopen(folder_path(arena, "audit.log"), "a");
	assert_non_null(log);
	assert_int_equal(fputs(text, log) >= 0, 1);
	assert_int_equal(fclose(log), 0);
}

static void test_last_line_partial(void **state)
{
	(void)state;
	char **lines = twelve();
	char *half = arena_text(arena, lines[0], 40);
	char *much = arena_alloc(arena, 200000);
	memset(much, 'x', 199999);
	const char *const left[] = { "1", half, much };
	for (size_t i = 0; i < 3; i++) {
		append(left[i]);
		assert_string_equal(verify_known(NULL, LINES + (int64_t)i), "");
		if (i == 1)
			reopen();
		add("bo.ek", AUDIT_PRINTED, "report");
		assert_string_equal(verify_known(NULL, LINES + (int64_t)i + 1), "");
	}
	write_log(half);
	folder_text("audit.head", "");
	reopen();
	add("bo.ek", AUDIT_PRINTED, "report");
	assert_null(strstr(read_text("audit.log"), half));
}

static int set_append_only(bool on)
{
	int fd = open(folder_path(arena, "audit.log"), O_RDONLY), flags = 0;
	assert_true(fd >= 0);
	int failed = ioctl(fd, FS_IOC_GETFLAGS, &flags);
	flags = on ? flags | FS_APPEND_FL : flags & ~FS_APPEND_FL;
	failed = failed || ioctl(fd, FS_IOC_SETFLAGS, &flags);
	close(fd);
	return failed;
}

/* Where not even root takes anything off, the log goes on all the same. */
static void test_append_only(void **state)
{
	(void)state;
	twelve();
	append("13\t2027");
	if (set_append_only(true) != 0)
		skip();
	reopen();
	enum err first = audit_add(audit, MORNING, "-", AUDIT_SIGNED_IN, "");
	enum err second = audit_add(audit, MORNING, "-", AUDIT_SIGNED_IN, "");
	assert_int_equal(set_append_only(false), 0);
	assert_int_equal(first, OK);
	assert_int_equal(second, OK);
	assert_string_equal(verify_known(NULL, LINES + 3), "unreadable 0 at 13");
}

/* The system refuses what would make a file larger: nothing of the line stays. */
static void test_full(void **state)
{
	(void)state;
	struct rlimit was, limit;
	char **lines = twelve();
	const char *text = join(lines, LINES), *head = read_text("audit.head");
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	for (size_t room = 0; room < 90; room += 40) {
		limit = (struct rlimit){ strlen(text) + room, was.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		enum err e = audit_add(audit, MORNING, "-", AUDIT_SIGNED_IN,
			"an object that is not short");
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
		assert_int_equal(e, ERR_FULL);
		assert_string_equal(read_text("audit.log"), text);
		assert_string_equal(read_text("audit.head"), head);
	}
	add("-", AUDIT_SIGNED_IN, "");
	assert_string_equal(verify_known(NULL, LINES + 1), "");
}

static void test_io_error(void **state)
{
	(void)state;
	int64_t faults, lines;
	bool more;
	struct audit_head head;
	auto_(buf) struct buf b = { 0 };
	const struct audit_filter all = { .event = -1 };
	const char *log = folder_path(arena, "audit.log");
	twelve();
	assert_int_equal(unlink(log), 0);
	assert_int_equal(mkdir(log, 0700), 0);
	assert_int_equal(audit_add(audit, MORNING, "-", AUDIT_SIGNED_IN, ""), ERR_IO);
	assert_int_equal(audit_head(audit, &head), ERR_IO);
	assert_int_equal(
		audit_verify(audit, NULL, note_fault, &b, &faults, &lines), ERR_IO);
	assert_int_equal(audit_search(audit, &all, 1, NULL, NULL, &more), ERR_IO);
	assert_int_equal(rmdir(log), 0);
	/* Nor is a head that can't be read taken for one that is gone. */
	reopen();
	unlink(folder_path(arena, "audit.head"));
	assert_int_equal(mkdir(folder_path(arena, "audit.head"), 0700), 0);
	assert_int_equal(
		audit_verify(audit, NULL, note_fault, &b, &faults, &lines), ERR_IO);
	assert_int_equal(audit_add(audit, MORNING, "-", AUDIT_SIGNED_IN, ""), ERR_IO);
}

struct found {
	struct buf numbers; /* "12 11 10" */
	struct audit_line last;
};

static void note_line(void *context, const struct audit_line *line)
{
	struct found *f = context;
	buf_format(&f->numbers, "%s%" PRId64, f->numbers.len ? " " : "", line->number);
	f->last = *line;
	f->last.who = arena_text(arena, line->who, strlen(line->who));
	f->last.event = arena_text(arena, line->event, strlen(line->event));
	f->last.object = arena_text(arena, line->object, strlen(line->object));
}

static struct audit_line search(
	const struct audit_filter *f, size_t most, bool more, const char *numbers)
{
	struct found found = { 0 };
	bool ret_more = !more;
	assert_int_equal(audit_search(audit, f, most, note_line, &found, &ret_more), OK);
	assert_string_equal(buf_string(&found.numbers), numbers);
	assert_int_equal(ret_more, more);
	buf_clear(&found.numbers);
	return found.last;
}

static void test_fields(void **state)
{
	(void)state;
	const struct audit_filter all = { .event = -1 };
	char many[1001];
	struct audit_line l;
	add("\tan\nna\x01\x1f\x7f", AUDIT_VIEWED, "a\rb\xc2\x85\xc2\x9f|\xc2\xa0å");
	l = search(&all, 1, false, "1");
	assert_string_equal(l.who, " an na   ");
	assert_string_equal(l.object, "a b  |\xc2\xa0å");
	assert_string_equal(l.event, "viewed");
	assert_int_equal(l.at, MORNING);
	assert_int_equal(l.number, 1);
	/* No UTF-8: alone, cut short, too long, a surrogate. */
	add("\xff\xc3", AUDIT_VIEWED,
		"\xa5x\xe2\x82x\xc0\xafx\xed\xa0\x80x\xf0\x9f\x98\x80");
	l = search(&all, 1, true, "2");
	assert_string_equal(l.who, "??");
	assert_string_equal(l.object, "?x??x??x???x\xf0\x9f\x98\x80");
	/* Too long, cut between two characters. */
	memset(many, 'x', 1000);
	many[1000] = '\0';
	memcpy(many + AUDIT_WHO - 1, "å", 2);
	memcpy(many + AUDIT_OBJECT - 3, "\xf0\x9f\x98\x80", 4);
	add(many, AUDIT_VIEWED, many);
	l = search(&all, 1, true, "3");
	assert_int_equal(strlen(l.who), AUDIT_WHO - 1);
	assert_memory_equal(l.who, many, AUDIT_WHO - 1);
	assert_int_equal(strlen(l.object), AUDIT_OBJECT - 3);
	assert_memory_equal(l.object, many, AUDIT_OBJECT - 3);
	/* What just has room. */
	memcpy(many + AUDIT_WHO - 2, "åx", 3);
	memcpy(many + AUDIT_OBJECT - 4, "\xf0\x9f\x98\x80", 4);
	add(many, AUDIT_VIEWED, many);
	l = search(&all, 1, true, "4");
	assert_int_equal(strlen(l.who), AUDIT_WHO);
	assert_int_equal(strlen(l.object), AUDIT_OBJECT);
	add("", AUDIT_VIEWED, "");
	l = search(&all, 1, true, "5");
	assert_string_equal(l.who, "");
	assert_string_equal(l.object, "");
	/* The longest event and fields of one byte more when cleaned. */
	memset(many, '\xff', 1000);
	add(many, AUDIT_ACCOUNT_ENROLLED, many);
	assert_string_equal(verify_known(NULL, 6), "");
}

static void test_times(void **state)
{
	(void)state;
	static const struct {
		int64_t at;
		const char *text;
	} times[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ -1, "1970-01-01T00:00:00Z" },
		{ INT64_MIN, "1970-01-01T00:00:00Z" },
		{ 1835440799, "2028-02-29T12:39:59Z" },
		{ 253402300799, "9999-12-31T23:59:59Z" },
		{ 253402300800, "9999-12-31T23:59:59Z" },
		{ INT64_MAX, "9999-12-31T23:59:59Z" },
	};
	clock_init(); /* not in Stockholm's time */
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		assert_int_equal(
			audit_add(audit, times[i].at, "-", AUDIT_SIGNED_IN, ""), OK);
		assert_non_null(strstr(read_text("audit.log"),
			arena_format(arena, "%zu\t%s\t", i + 1, times[i].text)));
	}
	const struct audit_filter one = {
		.from = 1835440799, .before = 1835440800, .event = -1
	};
	assert_int_equal(search(&one, 9, false, "4").at, 1835440799);
	expect("");
}

static void test_search(void **state)
{
	(void)state;
	struct audit_filter f = { .event = -1 };
	search(&f, 5, false, "");
	twelve();
	search(&f, 5, true, "12 11 10 9 8");
	search(&f, 12, false, "12 11 10 9 8 7 6 5 4 3 2 1");
	search(&f, 11, true, "12 11 10 9 8 7 6 5 4 3 2");
	search(&f, 0, true, "");
	f.below = 8;
	search(&f, 5, true, "7 6 5 4 3");
	f.below = 3;
	search(&f, 5, false, "2 1");
	f.below = 1;
	search(&f, 5, false, "");
	f.below = 0;
	f.from = MORNING + 3 * 60;
	search(&f, 50, false, "12 11 10 9 8 7 6 5 4 3");
	f.before = MORNING + 6 * 60;
	search(&f, 50, false, "5 4 3");
	f.from = 0;
	search(&f, 50, false, "5 4 3 2 1");
	f.who = "-";
	search(&f, 50, false, "4 2");
	f.who = "anna.ek";
	search(&f, 50, false, "5 3 1");
	f.event = 3;
	search(&f, 50, false, "3");
	f.who = "anna.e";
	search(&f, 50, false, "");
	f = (struct audit_filter){ .event = 12 };
	assert_string_equal(search(&f, 50, false, "12").object, "person 1012");
	f = (struct audit_filter){ .event = -1, .text = "1005" };
	search(&f, 50, false, "5");
	f.text = "NA.E";
	search(&f, 50, false, "11 9 7 5 3 1");
	f.text = "";
	search(&f, 3, true, "12 11 10");
	/* Neither the event nor over the border of two fields. */
	f.text = "viewed";
	search(&f, 50, false, "");
	f.text = "ek\t";
	search(&f, 50, false, "");
}

static void test_search_any_case(void **state)
{
	(void)state;
	static const char *const texts[] = { "åsa öberg", "ÅSA ÖBERG", "Åsa Öberg",
		"SA ö" };
	static const char *const others[] = { "asa", "ö b", "øberg", "\xa5",
		"åsa  öberg" };
	struct audit_filter f = { .event = -1 };
	add("-", AUDIT_VIEWED, "Åsa Öberg");
	add("-", AUDIT_VIEWED, "åSA öBERG Ä");
	add("ÅSA ÖBERG É", AUDIT_VIEWED, "× ÿ");
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		f.text = texts[i];
		search(&f, 9, false, "3 2 1");
	}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		f.text = others[i];
		search(&f, 9, false, strcmp(others[i], "\xa5") == 0 ? "3 2 1" : "");
	}
	f.text = "ä";
	search(&f, 9, false, "2");
	f.text = "é";
	search(&f, 9, false, "3");
	f.text = "÷"; /* what × would be if it were a letter */
	search(&f, 9, false, "");
}

/* A log of many blocks, with lines in it that are none; none is lost or seen twice. */
static void test_search_long_log(void **state)
{
	(void)state;
	auto_(buf) struct buf text = { 0 };
	auto_(buf) struct buf numbers = { 0 };
	enum { COUNT = 5000 };
	static const char *const junk[] = { "", "junk", "1\t2\t3\t4\t5\t6",
		"0\t2027-03-01T09:15:00Z\ta\tb\tc\td",
		"7\t2027-03-01T09:15:61Z\ta\tb\tc\td",
		"7\t2027-3-01T009:15:00Z\ta\tb\tc\td",
		"7\t2027-03-01T09:15:00Z\ta\tb\t\xff\td",
		"-7\t2027-03-01T09:15:00Z\ta\tb\tc\td",
		"07\t2027-03-01T09:15:00Z\ta\tb\tc\td",
		"7\t2027-02-30T09:15:00Z\ta\tb\tc\td" };
	for (int i = 1; i <= COUNT; i++) {
		buf_format(&text,
			"%d\t2027-03-01T09:15:00Z\twho\twritten-later\t%.*s\tmac\n", i,
			i % 97,
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
		buf_format(&numbers, "%d%s", COUNT + 1 - i, i < COUNT ? " " : "");
		if (i % 10 == 0)
			buf_format(&text, "%s\n", junk[i / 10 % 10]);
		if (i == 1200)
			buf_format(
				&text, "7\t2027-03-01T09:15:00Z\ta\tb\t%02000d\td\n", 0);
		for (int n = 0; i == 2500 && n < 200000; n++)
			buf_text(&text, n == 199999 ? "\n" : "y");
	}
	buf_add(&text, "7\t2027-03-01T09:15:00Z\ta\0\tb\tc\td\n", 33);
	assert_true(text.len > 4 * 65536);
	folder_write("audit.log", text.data, text.len);
	struct audit_filter f = { .event = -1 };
	assert_string_equal(
		search(&f, COUNT, false, buf_string(&numbers)).event, "written-later");
	f.below = 3;
	search(&f, 9, false, "2 1");
	f.below = 0;
	f.text = "00";
	search(&f, 9, false, "");
	f.text = NULL;
	/* What has no end yet is not there. */
	append("5001\t2027-03-01T09:15:00Z\twho\tviewed\tx\tmac");
	f.below = 0;
	search(&f, 1, true, "5000");
}

/* Once a day; what syslog gets is seen from outside. */
static void test_daily(void **state)
{
	(void)state;
	const char *remembered = folder_path(arena, "audit.day");
	const struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct stat st;
	assert_int_equal(audit_daily(audit, 20270301), OK);
	assert_string_equal(read_text("audit.day"), "");
	add("-", AUDIT_SIGNED_IN, "");
	assert_int_equal(audit_daily(audit, 20270301), OK);
	assert_string_equal(read_text("audit.day"), "20270301\n");
	assert_int_equal(utimensat(AT_FDCWD, remembered, old, 0), 0);
	reopen();
	assert_int_equal(audit_daily(audit, 20270301), OK);
	assert_int_equal(stat(remembered, &st), 0);
	assert_int_equal(st.st_mtim.tv_sec, 1000);
	assert_int_equal(audit_daily(audit, 20270302), OK);
	assert_string_equal(read_text("audit.day"), "20270302\n");
	assert_int_equal(stat(remembered, &st), 0);
	assert_int_not_equal(st.st_mtim.tv_sec, 1000);
}

static void test_command(void **state)
{
	(void)state;
	struct why why;
	struct audit_line l;
	const struct audit_filter all = { .event = -1 };
	const struct passwd *user = getpwuid(getuid());
	const char *who = user ? arena_format(arena, "unix:%s", user->pw_name)
			       : arena_format(arena, "unix:%u", getuid());
	int64_t before = clock_now();
	assert_int_equal(
		audit_command(folder, key, AUDIT_ACCOUNT_ADDED, "bo.ek", &why), OK);
	l = search(&all, 9, false, "1");
	assert_string_equal(l.who, who);
	assert_string_equal(l.event, "account-added");
	assert_string_equal(l.object, "bo.ek");
	assert_in_range(l.at, before, clock_now());
	expect("");
	const char *log = folder_path(arena, "audit.log");
	assert_int_equal(unlink(log), 0);
	assert_int_equal(mkdir(log, 0700), 0);
	assert_int_equal(
		audit_command(folder, key, AUDIT_ACCOUNT_ADDED, "bo.ek", &why), ERR_IO);
	assert_string_equal(why.text, arena_format(arena, "%s: Is a directory", log));
}

#define AUDIT_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AUDIT_TEST(test_events),
		AUDIT_TEST(test_chain),
		AUDIT_TEST(test_opened),
		AUDIT_TEST(test_byte_changed),
		AUDIT_TEST(test_field_changed),
		AUDIT_TEST(test_line_replaced),
		AUDIT_TEST(test_lines_removed),
		AUDIT_TEST(test_lines_cut_off),
		AUDIT_TEST(test_cut_off_while_open),
		AUDIT_TEST(test_renumbered),
		AUDIT_TEST(test_line_copied),
		AUDIT_TEST(test_line_forged),
		AUDIT_TEST(test_lines_swapped),
		AUDIT_TEST(test_line_unreadable),
		AUDIT_TEST(test_head),
		AUDIT_TEST(test_head_behind),
		AUDIT_TEST(test_known),
		AUDIT_TEST(test_side_by_side),
		AUDIT_TEST(test_last_line_partial),
		/* Older kernels have no such files in memory. */
		cmocka_unit_test_setup_teardown(test_append_only, start_on_disk, stop),
		AUDIT_TEST(test_full),
		AUDIT_TEST(test_io_error),
		AUDIT_TEST(test_fields),
		AUDIT_TEST(test_times),
		AUDIT_TEST(test_search),
		AUDIT_TEST(test_search_any_case),
		AUDIT_TEST(test_search_long_log),
		AUDIT_TEST(test_daily),
		AUDIT_TEST(test_command),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
