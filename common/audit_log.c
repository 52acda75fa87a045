#include "audit_log.h"
#include "buf.h"
#include "file.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	HEAD_NUMBER = 19, /* digits, so that the head is always as long */
	HEAD_TEXT = HEAD_NUMBER + 1 + MAC_TEXT + 1 + MAC_TEXT + 1,
};

static const uint8_t no_mac[AUDIT_MAC];

bool audit_log_split(char *text, size_t len, struct audit_log_line *ret_line)
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

size_t audit_log_field_len(const struct audit_log_line *l, enum audit_field f)
{
	return (size_t)(l->at[f + 1] - l->at[f]) - 1;
}

size_t audit_log_body_len(const struct audit_log_line *l)
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

int64_t audit_log_number(const struct audit_log_line *l)
{
	size_t digits = audit_log_field_len(l, NUMBER);
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

struct audit_head audit_log_as_head(const struct audit_log_line *l)
{
	struct audit_head h = { .number = audit_log_number(l) };
	if (audit_log_field_len(l, MAC) == MAC_TEXT)
		(void)mac_read(l->at[MAC], h.mac);
	return h;
}

void audit_log_mac(const struct audit *a, const uint8_t before[static AUDIT_MAC],
	const char *body, size_t len, uint8_t ret_mac[static AUDIT_MAC])
{
	uint8_t data[AUDIT_MAC + LINE_ROOM], whole[32];
	memcpy(data, before, AUDIT_MAC);
	memcpy(data + AUDIT_MAC, body, len);
	secret_hmac(a->key, sizeof a->key, data, AUDIT_MAC + len, whole);
	memcpy(ret_mac, whole, AUDIT_MAC);
}

bool audit_log_binds(const struct audit *a, const uint8_t before[static AUDIT_MAC],
	const char *body, size_t len, const uint8_t mac[static AUDIT_MAC])
{
	uint8_t made[AUDIT_MAC];
	audit_log_mac(a, before, body, len, made);
	return secret_equal(made, mac, AUDIT_MAC);
}

void audit_log_time(int64_t at, char out[static TIME_TEXT + 1])
{
	const int64_t latest = 253402300799; /* 9999-12-31T23:59:59Z */
	time_t t = (time_t)(at < 0 ? 0 : at > latest ? latest : at);
	struct tm tm = { 0 };
	(void)gmtime_r(&t, &tm);
	(void)strftime(out, TIME_TEXT + 1, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

enum err audit_log_err(int fault)
{
	return fault == ENOSPC || fault == EDQUOT || fault == EFBIG ? ERR_FULL : ERR_IO;
}

bool audit_log_lock(int fd, int operation)
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

enum err audit_log_open(
	const struct audit *a, int operation, int *ret_fd, int64_t *ret_size)
{
	struct stat st;
	int fd = open_or_make(a->log);
	if (fd < 0)
		return audit_log_err(errno);
	if (!audit_log_lock(fd, operation) || fstat(fd, &st) != 0) {
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
	audit_log_mac(a, no_mac, b.data, b.len, mac);
	secret_hex(mac, AUDIT_MAC, hex);
	buf_format(&b, "%s\n", hex);
	memcpy(out, b.data, HEAD_TEXT + 1);
}

enum err audit_log_read_head(
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

enum err audit_log_write_head(const struct audit *a, const struct audit_head *h)
{
	char text[HEAD_TEXT + 1];
	struct stat st;
	struct why why;
	int fd = open(a->head, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return audit_log_err(errno);
	head_text(a, h, text);
	bool fine = fstat(fd, &st) == 0 &&
		    (st.st_size == HEAD_TEXT || ftruncate(fd, HEAD_TEXT) == 0) &&
		    pwrite(fd, text, HEAD_TEXT, 0) == HEAD_TEXT;
	bool made = fine && st.st_size != HEAD_TEXT;
	if (made)
		fine = fsync(fd) == 0;
	enum err e = fine ? OK : audit_log_err(errno);
	close(fd);
	return e == OK && made ? file_sync_folder(a->head, &why) : e;
}

static bool back_fill(struct audit_log_back *b)
{
	size_t more = BLOCK - b->len;
	if ((int64_t)more > b->at)
		more = (size_t)b->at;
	memmove(b->data + more, b->data, b->len);
	b->at -= (int64_t)more;
	b->len += more;
	return pread(b->fd, b->data, more, b->at) == (ssize_t)more;
}

enum err audit_log_back_start(
	struct audit_log_back *b, int fd, int64_t size, int64_t *ret_whole)
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

enum err audit_log_back_line(
	struct audit_log_back *b, struct audit_log_line *ret_line, bool *ret_found)
{
	while (b->at > 0 || b->len > 0) {
		char *before = b->len > 1 ? memrchr(b->data, '\n', b->len - 1) : NULL;
		if (before || b->at == 0) {
			size_t start = before ? (size_t)(before + 1 - b->data) : 0;
			size_t len = b->len - 1 - start;
			b->len = start;
			*ret_found = audit_log_split(b->data + start, len, ret_line);
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
