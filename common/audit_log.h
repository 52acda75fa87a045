/* What the files of the audit log share: its lines, their MACs, and its files. For
 * audit.c, audit_verify.c and audit_search.c, and no one else. */
#ifndef COMMON_AUDIT_LOG_H
#define COMMON_AUDIT_LOG_H

#include "audit.h"
#include <pthread.h>

enum {
	LINE_ROOM = 640, /* bytes; more than the longest line that is written */
	MAC_TEXT = 2 * AUDIT_MAC,
	TIME_TEXT = 20,
	BLOCK = 65536,
};

struct audit {
	char *log, *head, *day; /* paths */
	uint8_t key[SECRET_KEY];
	pthread_mutex_t lock;
	struct audit_head end; /* the last line that this process added … */
	int64_t size;          /* … and the file's size after it */
};

enum audit_field { NUMBER, TIME, WHO, EVENT, OBJECT, MAC, FIELDS };

/* Where a line's fields are; each ends one byte before the next begins. */
struct audit_log_line {
	char *at[FIELDS + 1];
};

/* false when it is no line, or longer than LINE_ROOM. */
bool audit_log_split(char *text, size_t len, struct audit_log_line *ret_line);
/* The field's bytes. */
size_t audit_log_field_len(const struct audit_log_line *l, enum audit_field f);
/* The bytes that the MAC is made over, beside the MAC before: all but its own. */
size_t audit_log_body_len(const struct audit_log_line *l);
/* The number as it stands there; 0 when it is none. */
int64_t audit_log_number(const struct audit_log_line *l);
/* The number and MAC, each zero when it is none. */
struct audit_head audit_log_as_head(const struct audit_log_line *l);

/* The MAC of a line of at most LINE_ROOM bytes. before and ret_mac may be the same. */
void audit_log_mac(const struct audit *a, const uint8_t before[static AUDIT_MAC],
	const char *body, size_t len, uint8_t ret_mac[static AUDIT_MAC]);
/* Whether that is mac. */
bool audit_log_binds(const struct audit *a, const uint8_t before[static AUDIT_MAC],
	const char *body, size_t len, const uint8_t mac[static AUDIT_MAC]);

/* Seconds since 1970 as they stand in a line; what is out of range becomes the nearest.
 */
void audit_log_time(int64_t at, char out[static TIME_TEXT + 1]);

/* Files are opened anew each time, so that a log that was moved away or deleted is not
 * written to without anybody seeing it, and so that flock() also keeps out what another
 * thread, or a child, does. */

/* Of an errno: ERR_FULL or ERR_IO. */
enum err audit_log_err(int fault);
/* flock(), until it is there. */
bool audit_log_lock(int fd, int operation);
/* Opens the log, made when missing, and locks it until it is closed. */
enum err audit_log_open(
	const struct audit *a, int operation, int *ret_fd, int64_t *ret_size);
/* *ret_held is false, and the head zero, when there is none or it was changed. */
enum err audit_log_read_head(
	const struct audit *a, struct audit_head *ret_head, bool *ret_held);
/* In place, which needs no room and leaves the old one or the new one; synced only when
 * the file is new. */
enum err audit_log_write_head(const struct audit *a, const struct audit_head *h);

/* Reads a file's lines from the last to the first. */
struct audit_log_back {
	int fd;
	int64_t at; /* where in the file data begins */
	size_t len;
	char data[BLOCK];
};
/* Begins with the last line that has its end. *ret_whole is where that is. */
enum err audit_log_back_start(
	struct audit_log_back *b, int fd, int64_t size, int64_t *ret_whole);
/* The line before that one can be read; good until the next call. */
enum err audit_log_back_line(
	struct audit_log_back *b, struct audit_log_line *ret_line, bool *ret_found);

#endif
