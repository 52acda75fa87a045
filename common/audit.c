#include "audit.h"
#include "audit_log.h"
#include "buf.h"
#include "clock.h"
#include "file.h"
#include "form.h"
#include "log.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <syslog.h>
#include <unistd.h>

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
	[AUDIT_RECOVERY_RENEWED] = { "recovery-renewed", "Skapade nya återställningskoder", "Made new recovery codes" },
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
	auto_(free) struct audit_log_back *b = mem_alloc(sizeof *b);
	struct audit_head head, last = { 0 }, before = { 0 };
	struct end end = { 0 };
	char body[LINE_ROOM];
	size_t len = 0;
	struct audit_log_line l;
	bool held, found = false;
	enum err e = audit_log_read_head(a, &head, &held);
	if (e == OK)
		e = audit_log_back_start(b, fd, size, &end.whole);
	if (e == OK)
		e = audit_log_back_line(b, &l, &found);
	if (e == OK && found) {
		last = audit_log_as_head(&l);
		len = audit_log_body_len(&l);
		memcpy(body, l.at[NUMBER], len);
		e = audit_log_back_line(b, &l, &found);
	}
	if (e != OK)
		return e;
	if (found)
		before = audit_log_as_head(&l);
	bool later = last.number > head.number &&
		     (audit_log_binds(a, before.mac, body, len, last.mac) ||
			     audit_log_binds(a, head.mac, body, len, last.mac));
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
	audit_log_time(now, at);
	end->number++;
	buf_format(line, "%" PRId64 "\t%s\t", end->number, at);
	add_field(line, who, AUDIT_WHO);
	buf_format(line, "%s\t", events[event].word);
	add_field(line, object, AUDIT_OBJECT);
	audit_log_mac(a, end->mac, line->data + start, line->len - start, end->mac);
	secret_hex(end->mac, AUDIT_MAC, hex);
	buf_format(line, "%s\n", hex);
}

/* A refused sign-in shows and changes nothing: its line goes to the disk with the next
 * one that is synced, or when the system writes. Otherwise whoever guesses passwords
 * would make answers wait for the disk. */
static bool must_sync(enum audit_event e)
{
	return e != AUDIT_SIGN_IN_REFUSED;
}

/* All of it and, when asked for, on the disk, or nothing. */
static enum err write_line(int fd, const struct buf *line, int64_t whole, bool sync)
{
	ssize_t n = write(fd, line->data, line->len);
	enum err e = n == (ssize_t)line->len ? OK
		     : n < 0                 ? audit_log_err(errno)
					     : ERR_FULL;
	if (e == OK && sync && fsync(fd) != 0)
		e = audit_log_err(errno);
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
	enum err e = write_line(fd, &line, end.whole, must_sync(event));
	if (e != OK)
		return e;
	a->end = end.last;
	a->size = end.whole + (int64_t)line.len;
	/* The line is there: a head that is behind is no reason to stop. */
	if (audit_log_write_head(a, &a->end) != OK)
		log_warning("audit: %s can't be written", a->head);
	return OK;
}

enum err audit_add(struct audit *a, int64_t now, const char *who, enum audit_event event,
	const char *object)
{
	int fd;
	int64_t size;
	pthread_mutex_lock(&a->lock);
	enum err e = audit_log_open(a, LOCK_EX, &fd, &size);
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
	enum err e = audit_log_open(a, LOCK_SH, &fd, &size);
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
	enum err e = audit_log_open(a, LOCK_EX, &fd, &size);
	if (e != OK)
		return e;
	e = audit_log_read_head(a, &head, &held);
	if (e == OK && !held && size == 0)
		e = audit_log_write_head(a, &head);
	close(fd);
	return e;
}

enum err audit_open(const char *folder, const uint8_t key[static SECRET_KEY],
	struct audit **ret_audit, struct why *why)
{
	struct audit *a = mem_alloc(sizeof *a);
	*a = (struct audit){ .log = file_path(folder, "audit.log"),
		.head = file_path(folder, "audit.head"),
		.day = file_path(folder, "audit.day"),
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

static enum err tell_syslog(struct audit *a, int fd, int32_t today)
{
	char text[16], before[8], mac[MAC_TEXT + 1];
	struct audit_head head;
	(void)snprintf(text, sizeof text, "%08" PRId32 "\n", today);
	if (!audit_log_lock(fd, LOCK_EX))
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
	return pwrite(fd, text, strlen(text), 0) == (ssize_t)strlen(text)
		       ? OK
		       : audit_log_err(errno);
}

enum err audit_daily(struct audit *a, int32_t today)
{
	int fd = open(a->day, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return audit_log_err(errno);
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
