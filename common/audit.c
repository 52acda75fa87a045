#include "audit.h"
#include "buf.h"
#include "clock.h"
#include "file.h"
#include "form.h"
#include "log.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum field { NUMBER, TIME, WHO, EVENT, OBJECT, MAC, FIELDS };

enum {
	LINE_ROOM = 640, /* bytes; more than the longest line that is written */
	MAC_TEXT = 2 * AUDIT_MAC,
	TIME_TEXT = 20,
	HEAD_NUMBER = 19, /* digits, so that the head is always as long */
	HEAD_TEXT = HEAD_NUMBER + 1 + MAC_TEXT + 1 + MAC_TEXT + 1,
	BLOCK = 65536,
	TRIES = 16,
};

struct audit {
	char *log, *head, *day; /* paths */
	uint8_t key[SECRET_KEY];
	pthread_mutex_t lock;
	struct audit_head end; /* the last line that this process added … */
	int64_t size;          /* … and the file's size after it */
};

// clang-format off
static const struct {
	const char *word, *swedish, *english;
} events[AUDIT_EVENTS] = {
	[AUDIT_SIGNED_IN] = { "signed-in", "Loggade in", "Signed in" },
	[AUDIT_SIGN_IN_REFUSED] = { "sign-in-refused", "Inloggning nekades", "Sign-in refused" },
	[AUDIT_SIGNED_OUT] = { "signed-out", "Loggade ut", "Signed out" },
	[AUDIT_SESSION_ENDED] = { "session-ended", "Avslutade en annan inloggning", "Ended another session" },
	[AUDIT_REFUSED] = { "refused", "Åtkomst nekades", "Access refused" },
	[AUDIT_CONFIRMED] = { "confirmed", "Bekräftade sin identitet", "Confirmed identity" },
	[AUDIT_CONFIRM_REFUSED] = { "confirm-refused", "Bekräftelse nekades", "Confirmation refused" },
	[AUDIT_ACCOUNT_ADDED] = { "account-added", "Lade till ett konto", "Added an account" },
	[AUDIT_ACCOUNT_CHANGED] = { "account-changed", "Ändrade ett konto", "Changed an account" },
	[AUDIT_ACCOUNT_REMOVED] = { "account-removed", "Tog bort ett konto", "Removed an account" },
	[AUDIT_ACCOUNT_INVITED] = { "account-invited", "Bjöd in till ett konto", "Invited to an account" },
	[AUDIT_ACCOUNT_ENROLLED] = { "account-enrolled", "Tog sitt konto i bruk", "Activated the account" },
	[AUDIT_PASSWORD_CHANGED] = { "password-changed", "Bytte lösenord", "Changed password" },
	[AUDIT_RECOVERY_RENEWED] = { "recovery-renewed", "Skapade nya reservkoder", "Made new recovery codes" },
	[AUDIT_VIEWED] = { "viewed", "Visade", "Viewed" },
	[AUDIT_PRINTED] = { "printed", "Skrev ut", "Printed" },
	[AUDIT_EXPORTED] = { "exported", "Exporterade", "Exported" },
	[AUDIT_SEARCHED] = { "searched", "Sökte i loggen", "Searched the log" },
	[AUDIT_CHANGED] = { "changed", "Ändrade", "Changed" },
};
// clang-format on

const char *audit_event_word(enum audit_event e)
{
	return events[e].word;
}

const char *audit_event_text(enum audit_event e, bool english)
{
	return english ? events[e].english : events[e].swedish;
}

int audit_event_of(const char *word)
{
	for (int i = 0; i < AUDIT_EVENTS; i++)
		if (strcmp(events[i].word, word) == 0)
			return i;
	return -1;
}

/* The line's fields; each ends one byte before the next begins. */
struct line {
	char *at[FIELDS + 1];
};

static bool line_split(char *text, size_t len, struct line *ret_line)
{
	char *end = text + len;
	if (len > LINE_ROOM)
		return false;
	ret_line->at[NUMBER] = text;
	for (int i = NUMBER; i < MAC; i++) {
		char *tab = memchr(text, '\t', (size_t)(end - text));
		if (!tab)
			return false;
		text = ret_line->at[i + 1] = tab + 1;
	}
	ret_line->at[FIELDS] = end + 1;
	return !memchr(text, '\t', (size_t)(end - text));
}

static size_t field_len(const struct line *l, enum field f)
{
	return (size_t)(l->at[f + 1] - l->at[f]) - 1;
}

static bool field_is(const struct line *l, enum field f, const char *text)
{
	size_t len = strlen(text);
	return field_len(l, f) == len && memcmp(l->at[f], text, len) == 0;
}

/* What the MAC is made over, beside the MAC before. */
static size_t body_len(const struct line *l)
{
	return (size_t)(l->at[MAC] - l->at[NUMBER]);
}

static bool mac_read(const char *text, uint8_t ret_mac[static AUDIT_MAC])
{
	char copy[MAC_TEXT + 1] = { 0 };
	memcpy(copy, text, MAC_TEXT);
	/* Upper case was never written. */
	return strspn(copy, "0123456789abcdef") == MAC_TEXT &&
	       secret_unhex(copy, ret_mac, AUDIT_MAC);
}

/* The number as it stands there; 0 when it is none. */
static int64_t line_number(const struct line *l)
{
	size_t digits = field_len(l, NUMBER);
	int64_t number = 0;
	if (digits > 18 || *l->at[NUMBER] == '0')
		return 0;
	for (size_t i = 0; i < digits; i++) {
		char c = l->at[NUMBER][i];
		if (c < '0' || c > '9')
			return 0;
		number = 10 * number + c - '0';
	}
	return number;
}

/* The number and MAC, each zero when it is none. */
static struct audit_head line_head(const struct line *l)
{
	struct audit_head h = { .number = line_number(l) };
	if (field_len(l, MAC) == MAC_TEXT)
		(void)mac_read(l->at[MAC], h.mac);
	return h;
}

static const uint8_t no_mac[AUDIT_MAC];

static void mac_make(const struct audit *a, const uint8_t before[static AUDIT_MAC],
	const char *body, size_t len, uint8_t ret_mac[static AUDIT_MAC])
{
	uint8_t data[AUDIT_MAC + LINE_ROOM], whole[32];
	memcpy(data, before, AUDIT_MAC);
	memcpy(data + AUDIT_MAC, body, len);
	secret_hmac(a->key, sizeof a->key, data, AUDIT_MAC + len, whole);
	memcpy(ret_mac, whole, AUDIT_MAC);
}

static bool mac_binds(const struct audit *a, const uint8_t before[static AUDIT_MAC],
	const char *body, size_t len, const uint8_t mac[static AUDIT_MAC])
{
	uint8_t made[AUDIT_MAC];
	mac_make(a, before, body, len, made);
	return secret_equal(made, mac, AUDIT_MAC);
}

static void time_text(int64_t at, char out[static TIME_TEXT + 1])
{
	const int64_t latest = 253402300799; /* 9999-12-31T23:59:59Z */
	time_t t = (time_t)(at < 0 ? 0 : at > latest ? latest : at);
	struct tm tm = { 0 };
	(void)gmtime_r(&t, &tm);
	(void)strftime(out, TIME_TEXT + 1, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static bool time_read(const char *text, int64_t *ret_at)
{
	char copy[TIME_TEXT + 1] = { 0 }, again[TIME_TEXT + 1];
	struct tm tm = { 0 };
	memcpy(copy, text, TIME_TEXT);
	if (!strptime(copy, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return false;
	*ret_at = timegm(&tm);
	time_text(*ret_at, again);
	return strcmp(copy, again) == 0;
}

/* Files. They are opened anew each time, so that a log that was moved away or deleted is
 * not written to without anybody seeing it, and so that flock() also keeps out what
 * another thread, or a child, does. */

static enum err err_of(int fault)
{
	return fault == ENOSPC || fault == EDQUOT || fault == EFBIG ? ERR_FULL : ERR_IO;
}

static bool wait_lock(int fd, int operation)
{
	int failed;
	do
		failed = flock(fd, operation);
	while (failed && errno == EINTR);
	return !failed;
}

static int open_or_make(const char *log)
{
	struct why why;
	int fd = open(log, O_RDWR | O_APPEND | O_CLOEXEC);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	fd = open(log, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && file_sync_folder(log, &why) != OK) {
		close(fd);
		errno = EIO;
		return -1;
	}
	return fd;
}

/* Opens the log, made when missing, and locks it until it is closed. */
static enum err log_open(
	const struct audit *a, int operation, int *ret_fd, int64_t *ret_size)
{
	struct stat st;
	int fd = open_or_make(a->log);
	if (fd < 0)
		return err_of(errno);
	if (!wait_lock(fd, operation) || fstat(fd, &st) != 0) {
		close(fd);
		return ERR_IO;
	}
	*ret_fd = fd;
	*ret_size = st.st_size;
	return OK;
}

static void head_text(
	const struct audit *a, const struct audit_head *h, char out[static HEAD_TEXT + 1])
{
	auto_(buf) struct buf b = { 0 };
	char hex[MAC_TEXT + 1];
	uint8_t mac[AUDIT_MAC];
	secret_hex(h->mac, AUDIT_MAC, hex);
	buf_format(&b, "%0*" PRId64 "\t%s\t", HEAD_NUMBER, h->number, hex);
	mac_make(a, no_mac, b.data, b.len, mac);
	secret_hex(mac, AUDIT_MAC, hex);
	buf_format(&b, "%s\n", hex);
	memcpy(out, b.data, HEAD_TEXT + 1);
}

/* *ret_held is false, and the head zero, when there is none or it was changed. */
static enum err head_read(
	const struct audit *a, struct audit_head *ret_head, bool *ret_held)
{
	auto_(buf) struct buf b = { 0 };
	struct why why;
	struct audit_head h = { 0 };
	char text[HEAD_TEXT + 1];
	enum err e = file_read(a->head, HEAD_TEXT, &b, &why);
	if (e == ERR_IO)
		return e;
	bool held = e == OK && b.len == HEAD_TEXT &&
		    mac_read(b.data + HEAD_NUMBER + 1, h.mac);
	if (held) {
		h.number = strtoll(b.data, NULL, 10);
		head_text(a, &h, text);
		held = secret_equal(text, b.data, HEAD_TEXT);
	}
	*ret_head = held ? h : (struct audit_head){ 0 };
	*ret_held = held;
	return OK;
}

/* In place, which needs no room and leaves the old one or the new one; synced only when
 * the file is new. */
static enum err head_write(const struct audit *a, const struct audit_head *h)
{
	char text[HEAD_TEXT + 1];
	struct stat st;
	struct why why;
	int fd = open(a->head, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_of(errno);
	head_text(a, h, text);
	bool fine = fstat(fd, &st) == 0 &&
		    (st.st_size == HEAD_TEXT || ftruncate(fd, HEAD_TEXT) == 0) &&
		    pwrite(fd, text, HEAD_TEXT, 0) == HEAD_TEXT;
	bool made = fine && st.st_size != HEAD_TEXT;
	if (made)
		fine = fsync(fd) == 0;
	enum err e = fine ? OK : err_of(errno);
	close(fd);
	return e == OK && made ? file_sync_folder(a->head, &why) : e;
}

/* Reads a file's lines from the last to the first. */
struct back {
	int fd;
	int64_t at; /* where in the file data begins */
	size_t len;
	char data[BLOCK];
};

static bool back_fill(struct back *b)
{
	size_t more = BLOCK - b->len;
	if ((int64_t)more > b->at)
		more = (size_t)b->at;
	memmove(b->data + more, b->data, b->len);
	b->at -= (int64_t)more;
	b->len += more;
	return pread(b->fd, b->data, more, b->at) == (ssize_t)more;
}

/* Begins with the last line that has its end. *ret_whole is where that is. */
static enum err back_start(struct back *b, int fd, int64_t size, int64_t *ret_whole)
{
	const char *end = NULL;
	b->fd = fd;
	b->at = size;
	while (!end && b->at > 0) {
		b->len = 0;
		if (!back_fill(b))
			return ERR_IO;
		end = memrchr(b->data, '\n', b->len);
	}
	b->len = end ? (size_t)(end + 1 - b->data) : 0;
	*ret_whole = b->at + (int64_t)b->len;
	return OK;
}

/* The line before that one can be read; good until the next call. */
static enum err back_line(struct back *b, struct line *ret_line, bool *ret_found)
{
	while (b->at > 0 || b->len > 0) {
		char *before = b->len > 1 ? memrchr(b->data, '\n', b->len - 1) : NULL;
		if (before || b->at == 0) {
			size_t start = before ? (size_t)(before + 1 - b->data) : 0;
			size_t len = b->len - 1 - start;
			b->len = start;
			*ret_found = line_split(b->data + start, len, ret_line);
			if (*ret_found)
				return OK;
			continue;
		}
		/* Far too long to be a line: what is left of it is none either. */
		if (b->len == BLOCK) {
			b->len = 1;
			b->data[0] = '\n';
		}
		if (!back_fill(b))
			return ERR_IO;
	}
	*ret_found = false;
	return OK;
}

/* What the next line goes on from. */
struct end {
	struct audit_head last;
	int64_t whole;  /* bytes of the file that are whole lines */
	bool head_lost; /* there are lines but no head */
};

/* The last line, unless the head, or what this process added, is later: then lines were
 * cut off, which the gap in the numbers shows ever after. The head is behind only when
 * the system went down; the lines after it must then hold. */
static enum err end_find(const struct audit *a, int fd, int64_t size, struct end *ret_end)
{
	auto_(free) struct back *b = mem_alloc(sizeof *b);
	struct audit_head head, last = { 0 }, before = { 0 };
	struct end end = { 0 };
	char body[LINE_ROOM];
	size_t len = 0;
	struct line l;
	bool held, found = false;
	enum err e = head_read(a, &head, &held);
	if (e == OK)
		e = back_start(b, fd, size, &end.whole);
	if (e == OK)
		e = back_line(b, &l, &found);
	if (e == OK && found) {
		last = line_head(&l);
		len = body_len(&l);
		memcpy(body, l.at[NUMBER], len);
		e = back_line(b, &l, &found);
	}
	if (e != OK)
		return e;
	if (found)
		before = line_head(&l);
	bool later = last.number > head.number &&
		     (mac_binds(a, before.mac, body, len, last.mac) ||
			     mac_binds(a, head.mac, body, len, last.mac));
	end.last = held && !later ? head : last;
	if (a->end.number > end.last.number)
		end.last = a->end;
	end.head_lost = !held && end.whole > 0;
	*ret_end = end;
	return OK;
}

/* Removes what a write left of a line when it was cut short. Where the file can only be
 * added to, that stays, as a line that can't be read. */
static void take_off(int fd, int64_t whole, struct buf *line)
{
	if (ftruncate(fd, whole) == 0) {
		log_warning(
			"audit: the last line was written in part only; it was taken off");
		return;
	}
	log_warning("audit: the last line was written in part only, and stays");
	buf_text(line, "\n");
}

/* The length of the well-formed UTF-8 character that text begins with, 0 when there is
 * none. */
static size_t character(const char *text)
{
	size_t most = strnlen(text, 4);
	for (size_t len = 1; len <= most; len++)
		if (form_is_utf8(text, len))
			return len;
	return 0;
}

static bool is_control(const char *text, size_t len)
{
	const unsigned char *c = (const unsigned char *)text;
	return len == 1 ? *c < 0x20 || *c == 0x7f
			: len == 2 && c[0] == 0xc2 && c[1] < 0xa0;
}

static void add_field(struct buf *line, const char *text, size_t most)
{
	for (size_t len, left = most; *text; text += len ? len : 1) {
		len = character(text);
		bool plain = len && !is_control(text, len);
		size_t taken = plain ? len : 1;
		if (taken > left)
			break;
		buf_add(line, plain ? text : len ? " " : "?", taken);
		left -= taken;
	}
	buf_text(line, "\t");
}

/* Adds the line, and tells the head it will be. */
static void compose(const struct audit *a, struct audit_head *end, int64_t now,
	const char *who, enum audit_event event, const char *object, struct buf *line)
{
	size_t start = line->len;
	char at[TIME_TEXT + 1], hex[MAC_TEXT + 1];
	time_text(now, at);
	end->number++;
	buf_format(line, "%" PRId64 "\t%s\t", end->number, at);
	add_field(line, who, AUDIT_WHO);
	buf_format(line, "%s\t", events[event].word);
	add_field(line, object, AUDIT_OBJECT);
	mac_make(a, end->mac, line->data + start, line->len - start, end->mac);
	secret_hex(end->mac, AUDIT_MAC, hex);
	buf_format(line, "%s\n", hex);
}

/* All of it and on the disk, or nothing. */
static enum err write_line(int fd, const struct buf *line, int64_t whole)
{
	ssize_t n = write(fd, line->data, line->len);
	enum err e = n == (ssize_t)line->len ? OK : n < 0 ? err_of(errno) : ERR_FULL;
	if (e == OK && fsync(fd) != 0)
		e = err_of(errno);
	if (e != OK && ftruncate(fd, whole) != 0)
		log_warning("audit: a line that could not be written whole stays");
	return e;
}

static enum err add_locked(struct audit *a, int fd, int64_t size, int64_t now,
	const char *who, enum audit_event event, const char *object)
{
	auto_(buf) struct buf line = { 0 };
	struct end end = { a->end, size, false };
	if (size != a->size) {
		enum err e = end_find(a, fd, size, &end);
		if (e != OK)
			return e;
	}
	if (end.whole < size)
		take_off(fd, end.whole, &line);
	if (line.len)
		end.whole = size;
	if (end.head_lost) {
		end.last.number++;
		log_warning("audit: %s is missing or was changed; number %" PRId64
			    " is left out to show it",
			a->head, end.last.number);
	}
	compose(a, &end.last, now, who, event, object, &line);
	enum err e = write_line(fd, &line, end.whole);
	if (e != OK)
		return e;
	a->end = end.last;
	a->size = end.whole + (int64_t)line.len;
	/* The line is there: a head that is behind is no reason to stop. */
	if (head_write(a, &a->end) != OK)
		log_warning("audit: %s can't be written", a->head);
	return OK;
}

enum err audit_add(struct audit *a, int64_t now, const char *who, enum audit_event event,
	const char *object)
{
	int fd;
	int64_t size;
	pthread_mutex_lock(&a->lock);
	enum err e = log_open(a, LOCK_EX, &fd, &size);
	if (e == OK) {
		e = add_locked(a, fd, size, now, who, event, object);
		close(fd);
	}
	pthread_mutex_unlock(&a->lock);
	return e;
}

enum err audit_head(struct audit *a, struct audit_head *ret_head)
{
	int fd;
	int64_t size;
	struct end end;
	pthread_mutex_lock(&a->lock);
	enum err e = log_open(a, LOCK_SH, &fd, &size);
	if (e == OK) {
		e = end_find(a, fd, size, &end);
		close(fd);
	}
	pthread_mutex_unlock(&a->lock);
	if (e == OK)
		*ret_head = end.last;
	return e;
}

/* The head is there before the first line is: when it is gone later, somebody took it. */
static enum err begin(struct audit *a)
{
	int fd;
	int64_t size;
	struct audit_head head;
	bool held;
	enum err e = log_open(a, LOCK_EX, &fd, &size);
	if (e != OK)
		return e;
	e = head_read(a, &head, &held);
	if (e == OK && !held && size == 0)
		e = head_write(a, &head);
	close(fd);
	return e;
}

static char *path(const char *folder, const char *name)
{
	struct buf b = { 0 };
	buf_format(&b, "%s/%s", folder, name);
	return b.data;
}

enum err audit_open(const char *folder, const uint8_t key[static SECRET_KEY],
	struct audit **ret_audit, struct why *why)
{
	struct audit *a = mem_alloc(sizeof *a);
	*a = (struct audit){ .log = path(folder, "audit.log"),
		.head = path(folder, "audit.head"),
		.day = path(folder, "audit.day"),
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.size = -1 };
	memcpy(a->key, key, sizeof a->key);
	enum err e = begin(a);
	if (e != OK) {
		(void)err_why(why, e, "%s: %s", a->log, strerror(errno));
		audit_close(a);
		return e;
	}
	*ret_audit = a;
	return OK;
}

void audit_close(struct audit *a)
{
	if (!a)
		return;
	secret_wipe(a->key, sizeof a->key);
	pthread_mutex_destroy(&a->lock);
	free(a->log);
	free(a->head);
	free(a->day);
	free(a);
}

/* Verifying. A line holds when its MAC follows from that of the line before it, or of
 * the one with the number before its own, wherever that stands: then every byte of it
 * was written by us. Most lines that hold stand in the order of their numbers; those are
 * where they belong, and what stands between two of them is compared with the numbers
 * that should. */

struct entry {
	const char *body;
	uint32_t len;
	bool readable;
	bool holds;
	bool followed; /* a line that holds, or the head, was made from this one's MAC */
	bool kept;     /* holds, and is where it belongs */
	struct audit_head head;
	size_t before; /* the entry to keep before this */
};

struct told {
	enum audit_fault fault;
	int64_t first, last, line;
};

struct check {
	const struct audit *audit;
	struct entry *entries;
	size_t count;
	/* Lines that must be there: the head's, and the known one. */
	struct audit_head must[2];
	bool must_told[2];
	audit_each_fault *each;
	void *context;
	struct told wait; /* a fault that may turn out to be longer */
	bool waits;
	int64_t faults;
};

static void tell_waiting(struct check *c)
{
	if (!c->waits)
		return;
	const struct told *t = &c->wait;
	c->waits = false;
	c->faults++;
	c->each(c->context, t->fault, t->first, t->last, t->line);
}

static void tell(struct check *c, enum audit_fault fault, int64_t first, int64_t last,
	int64_t line)
{
	for (int i = 0; i < 2; i++)
		if (fault != AUDIT_LINE_INSERTED && first <= c->must[i].number &&
			c->must[i].number <= last)
			c->must_told[i] = true;
	if (c->waits && fault == AUDIT_LINE_CHANGED && c->wait.fault == fault &&
		c->wait.last + 1 == first) {
		c->wait.last = last;
		return;
	}
	tell_waiting(c);
	c->wait = (struct told){ fault, first, last, line };
	c->waits = true;
}

static void entry_read(struct entry *e, char *text, size_t len)
{
	struct line l;
	if (!line_split(text, len, &l))
		return;
	e->readable = true;
	e->body = text;
	e->len = (uint32_t)body_len(&l);
	e->head = line_head(&l);
}

static void entries_read(struct check *c, struct buf *log)
{
	for (size_t i = 0; i < log->len; i++)
		c->count += log->data[i] == '\n';
	c->entries = mem_alloc((c->count + 1) * sizeof *c->entries);
	char *text = log->data;
	for (size_t i = 0; i < c->count; i++) {
		char *end = rawmemchr(text, '\n');
		entry_read(&c->entries[i], text, (size_t)(end - text));
		text = end + 1;
	}
}

static bool entry_binds(const struct check *c, const uint8_t before[static AUDIT_MAC],
	const struct entry *e)
{
	return mac_binds(c->audit, before, e->body, e->len, e->head.mac);
}

/* Each line after the one it stands after: by that one's MAC, or by what that should have
 * been when only MACs were changed. */
static void hold_in_order(struct check *c)
{
	struct entry none = { 0 }, *before = &none;
	uint8_t should[AUDIT_MAC] = { 0 };
	for (struct entry *e = c->entries; e < c->entries + c->count; e++) {
		if (!e->readable)
			continue;
		before->followed = e->holds = entry_binds(c, before->head.mac, e);
		if (!e->holds)
			e->holds = entry_binds(c, should, e);
		if (e->holds)
			memcpy(should, e->head.mac, AUDIT_MAC);
		else
			mac_make(c->audit, should, e->body, e->len, should);
		before = e;
	}
	before->followed |= before->head.number == c->must[0].number &&
			    secret_equal(before->head.mac, c->must[0].mac, AUDIT_MAC);
}

static int by_number(const void *a, const void *b)
{
	const struct entry *const *x = a, *const *y = b;
	int64_t n = (*x)->head.number, m = (*y)->head.number;
	return n != m ? (n < m ? -1 : 1) : (*x < *y ? -1 : *x > *y);
}

/* The first in the order of numbers that has this one or a later. */
static size_t find_number(struct entry *const *sorted, size_t count, int64_t number)
{
	size_t low = 0;
	while (low < count) {
		size_t middle = low + (count - low) / 2;
		if (sorted[middle]->head.number < number)
			low = middle + 1;
		else
			count = middle;
	}
	return low;
}

/* Lines that do not stand after the one they were made after: either moved. How many
 * lines of a number are tried is bounded, so that a log full of copies takes no hours. */
static void hold_elsewhere(struct check *c)
{
	auto_(free) struct entry **sorted = mem_alloc((c->count + 1) * sizeof *sorted);
	size_t count = 0;
	bool all = true;
	for (struct entry *e = c->entries; e < c->entries + c->count; e++) {
		if (e->readable)
			sorted[count++] = e;
		all &= e->holds || !e->readable;
	}
	if (all)
		return;
	qsort(sorted, count, sizeof(*sorted), by_number);
	for (struct entry *e = c->entries; e < c->entries + c->count; e++) {
		if (!e->readable || e->holds)
			continue;
		int64_t number = e->head.number - 1;
		e->holds = number == 0 && entry_binds(c, no_mac, e);
		size_t from = find_number(sorted, count, number);
		for (size_t i = from; !e->holds && i < count && i < from + TRIES &&
				      sorted[i]->head.number == number;
			i++)
			sorted[i]->followed |= e->holds =
				entry_binds(c, sorted[i]->head.mac, e);
	}
}

/* Keeps the longest run of rising numbers among the lines that hold. top[n] is the entry
 * with the lowest number that ends such a run of n + 1. */
static void keep_most(struct check *c)
{
	auto_(free) size_t *top = mem_alloc((c->count + 1) * sizeof *top);
	size_t longest = 0;
	for (size_t i = 0; i < c->count; i++) {
		struct entry *e = &c->entries[i];
		if (!e->holds)
			continue;
		size_t low = 0, high = longest;
		if (longest && c->entries[top[longest - 1]].head.number < e->head.number)
			low = longest;
		while (low < high) {
			size_t middle = low + (high - low) / 2;
			if (c->entries[top[middle]].head.number < e->head.number)
				low = middle + 1;
			else
				high = middle;
		}
		e->before = low ? top[low - 1] : c->count;
		/* Of two that are the same, the first. */
		if (low < longest && c->entries[top[low]].head.number == e->head.number)
			continue;
		top[low] = i;
		longest += low == longest;
	}
	for (size_t i = longest ? top[longest - 1] : c->count; i < c->count;
		i = c->entries[i].before)
		c->entries[i].kept = true;
}

/* A line that does not hold is the one that should stand there, changed, unless the line
 * after it says that it is that one. */
static bool stands_in(const struct entry *e, const struct entry *end, int64_t next)
{
	const struct entry *after = e + 1;
	return !e->holds && !(after < end && after->readable && !after->holds &&
				    after->head.number == next);
}

/* Tells of entries from … to − 1, which stand where the numbers next … last should. A
 * line after others that are gone can't be checked itself; that the log goes on from its
 * MAC is enough. */
static void explain(struct check *c, size_t from, size_t to, int64_t next, int64_t last)
{
	bool loose = false;
	for (size_t i = from; i < to; i++) {
		struct entry *e = &c->entries[i];
		int64_t number = e->head.number, line = (int64_t)i + 1;
		bool claims =
			e->readable && !e->holds && number >= next && number <= last;
		bool room = next <= last && stands_in(e, c->entries + to, next);
		if (claims && next < number) {
			tell(c, AUDIT_LINES_MISSING, next, number - 1, line);
			next = number;
			loose = true;
		}
		if (claims && loose && e->followed)
			e->kept = true;
		else if (claims || (room && e->readable))
			tell(c, AUDIT_LINE_CHANGED, next, next, line);
		else if (e->readable)
			tell(c, AUDIT_LINE_INSERTED, number, number, line);
		else
			tell(c, AUDIT_LINE_UNREADABLE, room ? next : 0, room ? next : 0,
				line);
		if (claims || room) {
			loose = !e->readable;
			next++;
		}
	}
	if (next <= last)
		tell(c, AUDIT_LINES_MISSING, next, last, (int64_t)to + 1);
}

static void explain_all(struct check *c, bool head_held)
{
	size_t from = 0;
	int64_t next = 1, last = 0;
	for (size_t i = 0; i < c->count; i++) {
		const struct entry *e = &c->entries[i];
		if (!e->kept)
			continue;
		explain(c, from, i, next, e->head.number - 1);
		from = i + 1;
		next = e->head.number + 1;
	}
	/* Without its head nobody knows where the log ended: at least one line later. */
	if (!head_held && c->count)
		last = next + (int64_t)(c->count - from);
	for (int i = 0; i < 2; i++)
		if (last < c->must[i].number)
			last = c->must[i].number;
	explain(c, from, c->count, next, last);
}

/* A line that must be there is there, or a fault was told where it should be. Otherwise
 * the whole log is another. */
static void require_line(struct check *c, int i)
{
	const struct audit_head *must = &c->must[i];
	size_t n = c->count;
	if (must->number <= 0 || c->must_told[i])
		return;
	while (n > 0 && !(c->entries[n - 1].kept &&
				c->entries[n - 1].head.number == must->number))
		n--;
	if (n == 0 || !secret_equal(c->entries[n - 1].head.mac, must->mac, AUDIT_MAC))
		tell(c, AUDIT_LINE_CHANGED, must->number, must->number, (int64_t)n);
}

/* Nothing is added meanwhile. */
static enum err log_read(const struct audit *a, struct buf *ret_log,
	struct audit_head *ret_head, bool *ret_held)
{
	struct why why;
	int fd;
	int64_t size;
	enum err e = log_open(a, LOCK_SH, &fd, &size);
	if (e != OK)
		return e;
	e = head_read(a, ret_head, ret_held);
	if (e == OK && file_read(a->log, SIZE_MAX, ret_log, &why) != OK)
		e = ERR_IO;
	close(fd);
	return e;
}

enum err audit_verify(struct audit *a, const struct audit_head *known,
	audit_each_fault *each, void *context, int64_t *ret_faults, int64_t *ret_lines)
{
	auto_(buf) struct buf log = { 0 };
	struct check c = { .audit = a, .each = each, .context = context };
	bool held;
	enum err e = log_read(a, &log, &c.must[0], &held);
	if (e != OK)
		return e;
	if (known)
		c.must[1] = *known;
	entries_read(&c, &log);
	hold_in_order(&c);
	hold_elsewhere(&c);
	keep_most(&c);
	explain_all(&c, held);
	require_line(&c, 0);
	require_line(&c, 1);
	tell_waiting(&c);
	free(c.entries);
	*ret_faults = c.faults;
	*ret_lines = (int64_t)c.count;
	return OK;
}

/* Searching. */

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

static bool field_has(const struct line *l, enum field f, const struct buf *text)
{
	char folded[LINE_ROOM];
	size_t len = field_len(l, f);
	fold(l->at[f], len, folded);
	return memmem(folded, len, text->data, text->len) != NULL;
}

static bool matches(const struct query *q, const struct line *l)
{
	const struct audit_filter *f = q->filter;
	if (field_len(l, TIME) != TIME_TEXT ||
		(f->from > 0 && memcmp(l->at[TIME], q->from, TIME_TEXT) < 0) ||
		(f->before > 0 && memcmp(l->at[TIME], q->before, TIME_TEXT) >= 0) ||
		(f->event >= 0 && !field_is(l, EVENT, events[f->event].word)) ||
		(f->who && !field_is(l, WHO, f->who)))
		return false;
	int64_t number = line_number(l);
	if (number == 0 || (f->below > 0 && number >= f->below))
		return false;
	return q->text.len == 0 || field_has(l, WHO, &q->text) ||
	       field_has(l, OBJECT, &q->text);
}

/* As the caller gets it; false when it can't be one of ours. */
static bool line_show(const struct line *l, struct audit_line *ret_line)
{
	size_t len = body_len(l);
	if (!form_is_utf8(l->at[NUMBER], len) || memchr(l->at[NUMBER], '\0', len) ||
		!time_read(l->at[TIME], &ret_line->at))
		return false;
	for (int i = NUMBER; i < MAC; i++)
		l->at[i][field_len(l, (enum field)i)] = '\0';
	ret_line->number = line_number(l);
	ret_line->who = l->at[WHO];
	ret_line->event = l->at[EVENT];
	ret_line->object = l->at[OBJECT];
	return true;
}

static enum err search_back(struct back *b, const struct query *q, size_t most,
	audit_each_line *each, void *context, bool *ret_more)
{
	struct line l;
	struct audit_line shown;
	bool found;
	for (;;) {
		enum err e = back_line(b, &l, &found);
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
	auto_(free) struct back *b = mem_alloc(sizeof *b);
	struct query q = { .filter = f };
	int fd;
	int64_t size;
	enum err e = log_open(a, LOCK_SH, &fd, &size);
	if (e != OK)
		return e;
	/* Whole lines stay as they are. */
	(void)flock(fd, LOCK_UN);
	time_text(f->from, q.from);
	time_text(f->before, q.before);
	if (f->text) {
		buf_text(&q.text, f->text);
		fold(q.text.data, q.text.len, q.text.data);
	}
	e = back_start(b, fd, size, &size);
	if (e == OK)
		e = search_back(b, &q, most, each, context, ret_more);
	buf_clear(&q.text);
	close(fd);
	return e;
}

static enum err tell_syslog(struct audit *a, int fd, int32_t today)
{
	char text[16], before[8], mac[MAC_TEXT + 1];
	struct audit_head head;
	(void)snprintf(text, sizeof text, "%08" PRId32 "\n", today);
	if (!wait_lock(fd, LOCK_EX))
		return ERR_IO;
	if (pread(fd, before, sizeof before, 0) == sizeof before &&
		memcmp(before, text, sizeof before) == 0)
		return OK;
	enum err e = audit_head(a, &head);
	if (e != OK || head.number == 0)
		return e;
	secret_hex(head.mac, AUDIT_MAC, mac);
	/* Without openlog() the program's own name stands before it. */
	syslog(LOG_AUTH | LOG_NOTICE, "audit head %" PRId64 " %s", head.number, mac);
	return pwrite(fd, text, strlen(text), 0) == (ssize_t)strlen(text) ? OK
									  : err_of(errno);
}

enum err audit_daily(struct audit *a, int32_t today)
{
	int fd = open(a->day, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_of(errno);
	enum err e = tell_syslog(a, fd, today);
	close(fd);
	return e;
}

enum err audit_command(const char *folder, const uint8_t key[static SECRET_KEY],
	enum audit_event e, const char *object, struct why *why)
{
	auto_(buf) struct buf who = { 0 };
	auto_(audit) struct audit *a = NULL;
	const struct passwd *user = getpwuid(getuid());
	if (user)
		buf_format(&who, "unix:%s", user->pw_name);
	else
		buf_format(&who, "unix:%u", getuid());
	enum err done = audit_open(folder, key, &a, why);
	if (done != OK)
		return done;
	done = audit_add(a, clock_now(), buf_string(&who), e, object);
	if (done != OK)
		return err_why(why, done, "%s: %s", a->log, err_text(done));
	return OK;
}
