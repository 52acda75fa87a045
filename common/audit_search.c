#include "audit_log.h"
#include "buf.h"
#include "form.h"
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

struct query {
	const struct audit_filter *filter;
	char from[TIME_TEXT + 1], before[TIME_TEXT + 1];
	struct buf text; /* folded */
};

/* Lower case of ASCII and of the letters in U+00C0 … U+00DE, å ä ö among them, which are
 * C3 and a byte in UTF-8. Without branches: a search folds the whole log. */
static void fold(const char *text, size_t len, char *out)
{
	unsigned before = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned c = (unsigned char)text[i];
		unsigned ascii = c - 'A' < 26;
		unsigned latin = (before == 0xc3) & (c - 0x80 < 0x1f) & (c != 0x97);
		out[i] = (char)(c + ((ascii | latin) << 5));
		before = c;
	}
}

static bool field_is(const struct audit_log_line *l, enum audit_field f, const char *text)
{
	size_t len = strlen(text);
	return audit_log_field_len(l, f) == len && memcmp(l->at[f], text, len) == 0;
}

static bool field_has(
	const struct audit_log_line *l, enum audit_field f, const struct buf *text)
{
	char folded[LINE_ROOM];
	size_t len = audit_log_field_len(l, f);
	fold(l->at[f], len, folded);
	return memmem(folded, len, text->data, text->len) != NULL;
}

static bool matches(const struct query *q, const struct audit_log_line *l)
{
	const struct audit_filter *f = q->filter;
	if (audit_log_field_len(l, TIME) != TIME_TEXT ||
		(f->from > 0 && memcmp(l->at[TIME], q->from, TIME_TEXT) < 0) ||
		(f->before > 0 && memcmp(l->at[TIME], q->before, TIME_TEXT) >= 0) ||
		(f->event >= 0 &&
			!field_is(l, EVENT,
				audit_event_word((enum audit_event)f->event))) ||
		(f->who && !field_is(l, WHO, f->who)))
		return false;
	int64_t number = audit_log_number(l);
	if (number == 0 || (f->below > 0 && number >= f->below))
		return false;
	return q->text.len == 0 || field_has(l, WHO, &q->text) ||
	       field_has(l, OBJECT, &q->text);
}

static bool time_read(const char *text, int64_t *ret_at)
{
	char copy[TIME_TEXT + 1] = { 0 }, again[TIME_TEXT + 1];
	struct tm tm = { 0 };
	memcpy(copy, text, TIME_TEXT);
	if (!strptime(copy, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return false;
	*ret_at = timegm(&tm);
	audit_log_time(*ret_at, again);
	return strcmp(copy, again) == 0;
}

/* As the caller gets it; false when it can't be one of ours. */
static bool line_show(const struct audit_log_line *l, struct audit_line *ret_line)
{
	size_t len = audit_log_body_len(l);
	if (!form_is_utf8(l->at[NUMBER], len) || memchr(l->at[NUMBER], '\0', len) ||
		!time_read(l->at[TIME], &ret_line->at))
		return false;
	for (int i = NUMBER; i < MAC; i++)
		l->at[i][audit_log_field_len(l, (enum audit_field)i)] = '\0';
	ret_line->number = audit_log_number(l);
	ret_line->time = l->at[TIME];
	ret_line->who = l->at[WHO];
	ret_line->event = l->at[EVENT];
	ret_line->object = l->at[OBJECT];
	return true;
}

static enum err search_back(struct audit_log_back *b, const struct query *q, size_t most,
	audit_each_line *each, void *context, bool *ret_more)
{
	struct audit_log_line l;
	struct audit_line shown;
	bool found;
	for (;;) {
		enum err e = audit_log_back_line(b, &l, &found);
		if (e != OK)
			return e;
		if (found && !(matches(q, &l) && line_show(&l, &shown)))
			continue;
		if (!found || most == 0) {
			*ret_more = found;
			return OK;
		}
		each(context, &shown);
		most--;
	}
}

enum err audit_search(struct audit *a, const struct audit_filter *f, size_t most,
	audit_each_line *each, void *context, bool *ret_more)
{
	auto_(free) struct audit_log_back *b = mem_alloc(sizeof *b);
	struct query q = { .filter = f };
	int fd;
	int64_t size;
	enum err e = audit_log_open(a, LOCK_SH, &fd, &size);
	if (e != OK)
		return e;
	/* Whole lines stay as they are. */
	(void)flock(fd, LOCK_UN);
	audit_log_time(f->from, q.from);
	audit_log_time(f->before, q.before);
	if (f->text) {
		buf_text(&q.text, f->text);
		fold(q.text.data, q.text.len, q.text.data);
	}
	e = audit_log_back_start(b, fd, size, &size);
	if (e == OK)
		e = search_back(b, &q, most, each, context, ret_more);
	buf_clear(&q.text);
	close(fd);
	return e;
}
