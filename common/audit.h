/* The audit log: who did what among the staff. One line an event, only ever added to,
 * each bound to the one before by an HMAC, so that a line that was changed, taken out or
 * put in shows. Never codes, answers, or more of a person than an id.
 *
 * FOLDER/audit.log, UTF-8, six fields with tabs between:
 *     NUMBER  TIME (2027-03-01T09:15:00Z)  WHO  EVENT  OBJECT  MAC
 * NUMBER counts from 1. MAC is the first 16 bytes, in hexadecimal, of HMAC-SHA-256 with
 * the log's key over the MAC of the line before (16 bytes, zero for the first) and the
 * line's own bytes up to and with the tab before its MAC. FOLDER/audit.head repeats the
 * last line's NUMBER and MAC with a MAC of its own, so that lines cut off the end show
 * too. It is there before the first line; when it is missing later, or was changed, lines
 * count as missing at the end, and the next line that is added leaves a number out, so
 * that it shows ever after. When the log was cut off, the numbers go on from the head's.
 * What none of this shows is a whole log put back, or emptied, with its head: for that,
 * syslog is told the head every day.
 *
 * Any number of threads and processes may add to the same log, on a local file system. A
 * log that only root may do more than add to (chattr +a) is fine. */
#ifndef COMMON_AUDIT_H
#define COMMON_AUDIT_H

#include "err.h"
#include "mem.h"
#include "secret.h"
#include <stdbool.h>
#include <stdint.h>

enum audit_event {
	AUDIT_SIGNED_IN,
	AUDIT_SIGN_IN_REFUSED,
	AUDIT_SIGNED_OUT,
	AUDIT_SESSION_ENDED, /* by its owner, from another session */
	AUDIT_REFUSED,       /* a page or action that the account's roles do not allow */
	AUDIT_CONFIRMED,     /* the second factor, once more */
	AUDIT_CONFIRM_REFUSED,
	AUDIT_ACCOUNT_ADDED,
	AUDIT_ACCOUNT_CHANGED,
	AUDIT_ACCOUNT_REMOVED,
	AUDIT_ACCOUNT_INVITED,
	AUDIT_ACCOUNT_ENROLLED,
	AUDIT_PASSWORD_CHANGED,
	AUDIT_RECOVERY_RENEWED,
	AUDIT_VIEWED, /* a person, or a result that is not published */
	AUDIT_PRINTED,
	AUDIT_EXPORTED,
	AUDIT_SEARCHED, /* the log itself */
	AUDIT_CHANGED,  /* anything else */
	AUDIT_EVENTS
};

/* As it stands in the log: "signed-in". */
const char *audit_event_word(enum audit_event e);
/* For people: "Loggade in", "Signed in". */
const char *audit_event_text(enum audit_event e, bool english);

enum {
	AUDIT_MAC = 16,
	AUDIT_WHO = 80,     /* bytes; what is longer is cut */
	AUDIT_OBJECT = 400, /* bytes; what is longer is cut */
};

struct audit;

/* The folder must be there; the log is made when missing, mode 0600. */
enum err audit_open(const char *folder, const uint8_t key[static SECRET_KEY],
	struct audit **ret_audit, struct why *why);
void audit_close(struct audit *a); /* NULL is fine */
MEM_AUTO(audit, struct audit *, audit_close)

/* Adds a line; it is on disk when this returns OK, but for AUDIT_SIGN_IN_REFUSED, which
 * follows with the next. Otherwise (ERR_FULL, ERR_IO) what was to be logged must not be
 * done. who is an account's name, "unix:root" for a command, "-"
 * for nobody known; control characters in who and object become spaces, and bytes that
 * are no UTF-8 question marks. What is too long is cut between two characters. A last
 * line without its end, as a crash leaves it, is taken off first with a warning, or,
 * where that can't be done, stays as one that can't be read. Any thread. */
enum err audit_add(struct audit *a, int64_t now, const char *who, enum audit_event e,
	const char *object);

struct audit_head {
	int64_t number; /* 0: an empty log */
	uint8_t mac[AUDIT_MAC];
};
/* The last line; when lines were cut off the end, the last of those. */
enum err audit_head(struct audit *a, struct audit_head *ret_head);

enum audit_fault {
	AUDIT_LINE_CHANGED,    /* in first … last, one or more */
	AUDIT_LINES_MISSING,   /* first … last are not there; also at the end */
	AUDIT_LINE_INSERTED,   /* forged, copied or moved; first is the number it bears */
	AUDIT_LINE_UNREADABLE, /* stands where first should, 0 when none should */
};
/* first and last are NUMBERs; line counts the file's lines from 1, and is where the fault
 * begins: for what is missing, where that should be. */
typedef void audit_each_fault(
	void *context, enum audit_fault fault, int64_t first, int64_t last, int64_t line);
/* Reads the whole log. Each fault is told where it is and only there: lines after it that
 * follow each other are whole. Two lines that changed places are told as one inserted and
 * one missing, or two of each. What can't be checked: a line right after missing or
 * unreadable ones, as long as the log goes on from its MAC; and a line after one that was
 * changed MAC and all, which counts as changed as well. A last line without its end is no
 * line. When known is not NULL, the log must also hold that line (one that syslog was
 * given): otherwise it counts as missing or changed.
 * *ret_faults is how many, *ret_lines how many lines there are. ERR_IO when it can't be
 * read. Takes memory for some copies of the log. */
enum err audit_verify(struct audit *a, const struct audit_head *known,
	audit_each_fault *each, void *context, int64_t *ret_faults, int64_t *ret_lines);

/* What to look for; what is NULL, 0 or negative matches all. */
struct audit_filter {
	int64_t from, before; /* seconds since 1970: from <= time < before */
	const char *who;      /* the whole field */
	int event;            /* enum audit_event; negative: any */
	const char *text; /* anywhere in who or object; A–Z, Å Ä Ö, É … of either case */
	int64_t below; /* numbers below this: the page after the last that was shown */
};
struct audit_line {
	int64_t number;
	int64_t at;
	const char *time; /* as it stands there */
	const char *who;
	const char *event; /* its word; one from a later version is shown as it is */
	const char *object;
};
/* Calls each() from the newest line to the oldest, at most `most` times; *ret_more tells
 * whether there are others. Lines are not verified. */
typedef void audit_each_line(void *context, const struct audit_line *line);
enum err audit_search(struct audit *a, const struct audit_filter *f, size_t most,
	audit_each_line *each, void *context, bool *ret_more);
/* The event of that word, negative when there is none. */
int audit_event_of(const char *word);

/* Tells syslog (facility auth, "audit head NUMBER MAC") the log's head, unless it was
 * told on that day (YYYYMMDD) already, by whatever process: FOLDER/audit.day remembers.
 */
enum err audit_daily(struct audit *a, int32_t today);

/* For commands: opens the log, adds a line as "unix:USER", and closes it. */
enum err audit_command(const char *folder, const uint8_t key[static SECRET_KEY],
	enum audit_event e, const char *object, struct why *why);

#endif
