/* Each line is traced to the one that it was made after: the one before it, or one a
 * little further up, when what stands between was put in. Of the lines that can be
 * traced, or that another was made after, the longest row of rising numbers is where it
 * belongs. What stands between two of those is compared with the numbers that should. */
#include "audit_log.h"
#include "buf.h"
#include "file.h"
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { NEAR = 16 }; /* lines */

struct entry {
	const char *body;
	size_t len;
	struct audit_head head;
	struct entry *from;   /* the line it was made after; NULL: none near */
	int64_t next;         /* the number of a line that was made after it; 0: none */
	struct entry *before; /* the one to keep before this */
	bool readable;
	bool kept; /* is where it belongs */
};

struct told {
	enum audit_fault fault;
	int64_t first, last, line;
};

struct check {
	const struct audit *audit;
	struct entry *entries; /* the lines from 1; 0 is what the first is made after */
	size_t count;
	/* Lines that must be there: the head's, and the known one. */
	struct audit_head must[2];
	const struct entry *last; /* that was not put in */
	int64_t number;           /* that should come next */
	bool loose; /* the lines before are gone: its MAC says nothing of this one */
	audit_each_fault *each;
	void *context;
	struct told wait; /* a fault that may turn out to be longer; line 0: none */
	int64_t faults;
};

static void tell_waiting(struct check *c)
{
	const struct told *t = &c->wait;
	if (t->line == 0)
		return;
	c->faults++;
	c->each(c->context, t->fault, t->first, t->last, t->line);
}

static void tell(struct check *c, enum audit_fault fault, int64_t first, int64_t last,
	const struct entry *at)
{
	struct told *t = &c->wait;
	if (t->line > 0 && fault == AUDIT_LINE_CHANGED && t->fault == fault &&
		t->last + 1 == first) {
		t->last = last;
		return;
	}
	tell_waiting(c);
	*t = (struct told){ fault, first, last, at - c->entries };
}

static void entry_read(struct entry *e, char *text, size_t len)
{
	struct audit_log_line l;
	e->readable = audit_log_split(text, len, &l);
	if (!e->readable)
		return;
	e->body = text;
	e->len = audit_log_body_len(&l);
	e->head = audit_log_as_head(&l);
}

static void entries_read(struct check *c, struct buf *log)
{
	for (size_t i = 0; i < log->len; i++)
		c->count += log->data[i] == '\n';
	c->entries = mem_alloc((c->count + 1) * sizeof *c->entries);
	c->entries[0].readable = true;
	char *text = log->data;
	for (size_t i = 1; i <= c->count; i++) {
		char *end = rawmemchr(text, '\n');
		entry_read(&c->entries[i], text, (size_t)(end - text));
		text = end + 1;
	}
}

static bool made_after(const struct check *c, const uint8_t before[static AUDIT_MAC],
	const struct entry *e)
{
	return audit_log_binds(c->audit, before, e->body, e->len, e->head.mac);
}

static struct entry *find_from(const struct check *c, const struct entry *e)
{
	size_t at = (size_t)(e - c->entries), stop = at > NEAR ? at - NEAR : 0;
	while (at-- > stop) {
		struct entry *before = &c->entries[at];
		if (before->readable && made_after(c, before->head.mac, e))
			return before;
	}
	return NULL;
}

static void trace(struct check *c)
{
	uint8_t should[AUDIT_MAC] = { 0 }; /* the MAC before, were it not changed */
	struct entry *before = c->entries;
	for (struct entry *e = before + 1; e <= c->entries + c->count; e++) {
		if (!e->readable)
			continue;
		e->from = find_from(c, e);
		if (!e->from && made_after(c, should, e))
			e->from = before;
		if (e->from) {
			e->from->next = e->head.number;
			memcpy(should, e->head.mac, AUDIT_MAC);
		} else {
			audit_log_mac(c->audit, should, e->body, e->len, should);
		}
		if (secret_equal(e->head.mac, c->must[0].mac, AUDIT_MAC))
			e->next = c->must[0].number + 1;
		before = e;
	}
}

/* Of one that can't be traced the number may be another's. */
static bool may_be_kept(const struct entry *e)
{
	return e->head.number > 0 && (e->from || e->next > e->head.number);
}

/* The longest row of rising numbers. top[n] is the lowest that ends one of n + 1. */
static void keep_most(struct check *c)
{
	auto_(free) struct entry **top = mem_alloc((c->count + 1) * sizeof *top);
	size_t longest = 0;
	for (struct entry *e = c->entries + 1; e <= c->entries + c->count; e++) {
		if (!may_be_kept(e))
			continue;
		size_t low = 0, high = longest;
		while (low < high) {
			size_t middle = low + (high - low) / 2;
			if (top[middle]->head.number < e->head.number)
				low = middle + 1;
			else
				high = middle;
		}
		e->before = low ? top[low - 1] : NULL;
		/* Of two that are the same, the first. */
		if (low < longest && top[low]->head.number == e->head.number)
			continue;
		top[low] = e;
		longest += low == longest;
	}
	for (struct entry *e = longest ? top[longest - 1] : NULL; e; e = e->before)
		e->kept = true;
}

static void missing_to(struct check *c, int64_t last, const struct entry *at)
{
	if (c->number > last)
		return;
	tell(c, AUDIT_LINES_MISSING, c->number, last, at);
	c->loose = true;
}

/* One that is where it belongs. After lines that are gone it can't be checked itself;
 * that the log goes on from its MAC is enough. */
static void pass(struct check *c, const struct entry *e)
{
	int64_t number = e->head.number;
	missing_to(c, number - 1, e);
	bool whole =
		c->loose || e->from == c->last || made_after(c, c->last->head.mac, e);
	for (int i = 0; i < 2; i++)
		whole &= c->must[i].number != number ||
			 secret_equal(c->must[i].mac, e->head.mac, AUDIT_MAC);
	if (!whole)
		tell(c, AUDIT_LINE_CHANGED, number, number, e);
	c->last = e;
	c->number = number + 1;
	c->loose = false;
}

/* One that is not, and stands where numbers up to last should: it is one of them,
 * changed, when it says so or the log goes on from its MAC. */
static void explain(struct check *c, const struct entry *e, int64_t last)
{
	int64_t number = e->head.number;
	bool room = c->number <= last;
	bool says = c->number <= number && number <= last;
	if (!e->readable) {
		number = room ? c->number : 0;
		tell(c, AUDIT_LINE_UNREADABLE, number, number, e);
	} else if (says || (room && e->next == c->number + 1)) {
		if (says) {
			missing_to(c, number - 1, e);
			c->number = number;
		}
		tell(c, AUDIT_LINE_CHANGED, c->number, c->number, e);
		c->last = e;
	} else {
		tell(c, AUDIT_LINE_INSERTED, number, number, e);
		return;
	}
	if (room) {
		c->number++;
		c->loose = !e->readable;
	}
}

static void compare(struct check *c, bool head_held)
{
	struct entry *from = c->entries + 1, *end = from + c->count;
	for (struct entry *e = from; e < end; e++) {
		if (!e->kept)
			continue;
		while (from < e)
			explain(c, from++, e->head.number - 1);
		pass(c, from++);
	}
	/* Without its head nobody knows where the log ended: at least one line later. */
	int64_t last = head_held || c->count == 0 ? 0 : c->number + (end - from);
	for (int i = 0; i < 2; i++)
		if (last < c->must[i].number)
			last = c->must[i].number;
	while (from < end)
		explain(c, from++, last);
	missing_to(c, last, end);
	tell_waiting(c);
}

/* Nothing is added meanwhile. */
static enum err log_read(const struct audit *a, struct buf *ret_log,
	struct audit_head *ret_head, bool *ret_held)
{
	struct why why;
	int fd;
	int64_t size;
	enum err e = audit_log_open(a, LOCK_SH, &fd, &size);
	if (e != OK)
		return e;
	e = audit_log_read_head(a, ret_head, ret_held);
	if (e == OK && file_read(a->log, SIZE_MAX, ret_log, &why) != OK)
		e = ERR_IO;
	close(fd);
	return e;
}

enum err audit_verify(struct audit *a, const struct audit_head *known,
	audit_each_fault *each, void *context, int64_t *ret_faults, int64_t *ret_lines)
{
	auto_(buf) struct buf log = { 0 };
	struct check c = { .audit = a, .number = 1, .each = each, .context = context };
	bool held;
	enum err e = log_read(a, &log, &c.must[0], &held);
	if (e != OK)
		return e;
	if (known)
		c.must[1] = *known;
	entries_read(&c, &log);
	c.last = c.entries;
	trace(&c);
	keep_most(&c);
	compare(&c, held);
	free(c.entries);
	*ret_faults = c.faults;
	*ret_lines = (int64_t)c.count;
	return OK;
}
