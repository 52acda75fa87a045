#include "conf.h"
#include "form.h"
#include "mem.h"
#include "words.h"
#include <arpa/inet.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The library cuts section names at 50 bytes and lines where its buffer ends, without a
 * word; what does not fit is refused before it gets there. */
enum { LINE = 4096, SECTION = 48 };

struct entry {
	struct entry *next;
	const char *section;
	const char *key;
};

struct walk {
	const char *file;
	FILE *in;
	int line;
	conf_each *each;
	void *context;
	struct arena *arena;
	struct entry *seen;
	enum err e;
	struct why *why;
};

__attribute__((format(printf, 3, 4))) static void refuse(
	struct walk *w, enum err e, const char *format, ...)
{
	char reason[sizeof w->why->text];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(reason, sizeof reason, format, args);
	va_end(args);
	w->e = err_why(w->why, e, "%s:%d: %s", w->file, w->line, reason);
}

/* The library asks for a line here. NULL ends the file. */
static char *read_line(char *line, int room, void *stream)
{
	struct walk *w = stream;
	size_t len = 0;
	int c = EOF;
	if (w->e != OK)
		return NULL;
	w->line++;
	while ((c = getc(w->in)) != EOF && c != '\n') {
		if (c == '\0')
			refuse(w, ERR_INPUT, "a NUL: is this a text file?");
		else if (len + 2 >= (size_t)room)
			refuse(w, ERR_INPUT,
				"the line is too long: %d bytes are the most", room - 2);
		if (w->e != OK)
			return NULL;
		line[len++] = (char)c;
	}
	if (c == EOF && len == 0)
		return NULL;
	line[len] = '\0';
	const char *begin = line + strspn(line, " \t");
	if (!form_is_utf8(line, len))
		refuse(w, ERR_INPUT, "not UTF-8: save the file in that encoding");
	else if (*begin == '[' && strcspn(begin, "]") > SECTION)
		refuse(w, ERR_INPUT,
			"the section's name is too long: %d bytes are the most",
			SECTION - 1);
	return w->e == OK ? line : NULL;
}

static bool repeated(struct walk *w, const char *section, const char *key)
{
	for (const struct entry *s = w->seen; s; s = s->next)
		if (strcmp(s->key, key) == 0 && strcmp(s->section, section) == 0)
			return true;
	struct entry *s = arena_alloc(w->arena, sizeof *s);
	*s = (struct entry){ w->seen, arena_text(w->arena, section, strlen(section)),
		arena_text(w->arena, key, strlen(key)) };
	w->seen = s;
	return false;
}

static int take_line(void *user, const char *section, const char *key, const char *value)
{
	struct walk *w = user;
	if (w->e != OK)
		return 0;
	if (repeated(w, section, key)) {
		refuse(w, ERR_INPUT, "\"%s\" stands twice in [%s]: remove one", key,
			section);
		return 0;
	}
	struct why reason = { 0 };
	enum err e = w->each(w->context, section, key, value, &reason);
	if (e != OK)
		refuse(w, e, "%s", reason.text[0] ? reason.text : err_text(e));
	return e == OK;
}

/* The library's settings are variables of the process. */
static void set_up(void)
{
	ini_use_stack = false;
	ini_max_line = LINE;
	ini_initial_alloc = LINE;
	ini_allow_realloc = false;
	ini_allow_multiline = false;
	ini_allow_inline_comments = false;
	ini_stop_on_first_error = true;
}

enum err conf_walk(const char *file, conf_each *each, void *context, struct why *why)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	(void)pthread_once(&once, set_up);
	struct walk w = { .file = file, .each = each, .context = context, .why = why };
	w.in = fopen(file, "re");
	if (!w.in)
		return err_why(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
			"%s: %s: check the file's name and rights", file,
			strerror(errno));
	w.arena = arena_create();
	int failed = ini_parse_stream(read_line, &w, take_line, &w);
	if (w.e == OK && ferror(w.in))
		w.e = err_why(why, ERR_IO, "%s: cannot be read", file);
	else if (w.e == OK && failed)
		w.e = err_why(why, ERR_INPUT,
			"%s:%d: neither `key = value` nor [section] nor # comment", file,
			failed > 0 ? failed : w.line);
	arena_destroy(w.arena);
	(void)fclose(w.in);
	return w.e;
}

/* A table of known keys. */

struct table {
	const char *file;
	const struct conf_key *keys;
	size_t count;
	void *target;
	bool *given;
};

static void *member(const struct conf_key *key, void *target)
{
	return (char *)target + key->offset;
}

static bool is_text(const struct conf_key *key)
{
	return key->kind == CONF_TEXT || key->kind == CONF_PATH || key->kind == CONF_URL;
}

static enum err take_path(
	const char *file, const char *value, char **ret_path, struct why *why)
{
	const char *slash = strrchr(file, '/');
	char *path = NULL;
	if (!*value)
		return err_why(why, ERR_INPUT, "a path is missing");
	if (*value == '/' || !slash)
		path = mem_text(value);
	else if (asprintf(&path, "%.*s/%s", (int)(slash - file), file, value) < 0)
		abort();
	*ret_path = path;
	return OK;
}

static enum err take_number(
	const char *value, long most, long *ret_number, struct why *why)
{
	char *end;
	errno = 0;
	long number = strtol(value, &end, 10);
	if (!*value || strspn(value, "0123456789") != strlen(value) || errno ||
		number > most)
		return err_why(why, ERR_INPUT,
			"\"%s\" is not a whole number from 0 to %ld", value, most);
	*ret_number = number;
	return OK;
}

static const char host_characters[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";

static enum err take_address(
	const char *value, struct conf_address *ret_address, struct why *why)
{
	size_t len = strspn(value, host_characters);
	long port;
	struct why unused;
	if (len == 0 || len >= sizeof ret_address->host || value[len] != ':' ||
		take_number(value + len + 1, UINT16_MAX, &port, &unused) != OK)
		return err_why(why, ERR_INPUT,
			"\"%s\" is not host:port, as in 127.0.0.1:8080", value);
	*ret_address = (struct conf_address){ .port = (uint16_t)port };
	memcpy(ret_address->host, value, len);
	return OK;
}

static enum err take_url(const char *value, char **ret_url, struct why *why)
{
	size_t scheme = strncmp(value, "http://", 7) == 0    ? 7
			: strncmp(value, "https://", 8) == 0 ? 8
							     : 0;
	size_t len = strlen(value);
	if (scheme == 0 || strspn(value + scheme, host_characters) == 0)
		return err_why(why, ERR_INPUT,
			"\"%s\" is not a URL with http:// or https://", value);
	for (size_t i = 0; i < len; i++)
		if (value[i] <= ' ' || value[i] > '~' || strchr("\"'<>\\", value[i]))
			return err_why(why, ERR_INPUT,
				"\"%s\" has a character that no URL has", value);
	while (value[len - 1] == '/')
		len--;
	*ret_url = mem_text(value);
	(*ret_url)[len] = '\0';
	return OK;
}

static enum err take_choice(
	const char *value, const char *choices, int *ret_choice, struct why *why)
{
	const char *at = choices, *word;
	size_t len = strlen(value), word_len;
	for (int place = 0; words_next(&at, &word, &word_len); place++)
		if (word_len == len && memcmp(word, value, len) == 0) {
			*ret_choice = place;
			return OK;
		}
	return err_why(why, ERR_INPUT, "\"%s\" is none of: %s", value, choices);
}

static enum err take_value(const struct table *t, const struct conf_key *key,
	const char *value, struct why *why)
{
	void *to = member(key, t->target);
	switch (key->kind) {
	case CONF_TEXT:
		*(char **)to = mem_text(value);
		return OK;
	case CONF_PATH:
		if (!*value && key->fallback && !*key->fallback) {
			*(char **)to = mem_text("");
			return OK;
		}
		return take_path(t->file, value, to, why);
	case CONF_NUMBER:
		return take_number(value, LONG_MAX, to, why);
	case CONF_ADDRESS:
		return take_address(value, to, why);
	case CONF_URL:
		return take_url(value, to, why);
	case CONF_CHOICE:
		return take_choice(value, key->choices, to, why);
	}
	return ERR_INPUT;
}

/* Puts the key before the reason. */
static enum err set(struct table *t, size_t i, const char *value, struct why *why)
{
	struct why reason = { 0 };
	enum err e = take_value(t, &t->keys[i], value, &reason);
	if (e != OK)
		return err_why(why, e, "%s: %s", t->keys[i].key, reason.text);
	t->given[i] = true;
	return OK;
}

static enum err take_known(void *context, const char *section, const char *key,
	const char *value, struct why *why)
{
	struct table *t = context;
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->keys[i].section, section) == 0 &&
			strcmp(t->keys[i].key, key) == 0)
			return set(t, i, value, why);
	return err_why(why, ERR_INPUT,
		"unknown key \"%s\" in [%s]: see the example in deploy/", key, section);
}

static enum err fill_in(struct table *t, struct why *why)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct conf_key *key = &t->keys[i];
		struct why reason = { 0 };
		if (t->given[i])
			continue;
		if (!key->fallback)
			return err_why(why, ERR_INPUT,
				"%s: \"%s\" is missing in [%s]: see the example in deploy/",
				t->file, key->key, key->section);
		if (set(t, i, key->fallback, &reason) != OK)
			return err_why(why, ERR_INPUT, "%s: [%s] as it is by default: %s",
				t->file, key->section, reason.text);
	}
	return OK;
}

enum err conf_read(const char *file, const struct conf_key *keys, size_t count,
	void *target, struct why *why)
{
	struct table t = { file, keys, count, target,
		mem_alloc(count * sizeof *t.given) };
	for (size_t i = 0; i < count; i++)
		if (is_text(&keys[i]))
			*(char **)member(&keys[i], target) = NULL;
	enum err e = conf_walk(file, take_known, &t, why);
	if (e == OK)
		e = fill_in(&t, why);
	if (e != OK)
		conf_free(keys, count, target);
	free(t.given);
	return e;
}

void conf_free(const struct conf_key *keys, size_t count, void *target)
{
	for (size_t i = 0; i < count; i++) {
		if (!is_text(&keys[i]))
			continue;
		char **text = member(&keys[i], target);
		free(*text);
		*text = NULL;
	}
}

bool conf_is_loopback(const char *host, size_t len)
{
	char name[sizeof "255.255.255.255"];
	struct in_addr address;
	if (len >= 5 && memcmp(host, "[::1]", 5) == 0)
		return len == 5 || host[5] == ':';
	const char *colon = memchr(host, ':', len);
	len = colon ? (size_t)(colon - host) : len;
	if (len >= sizeof name)
		return false;
	memcpy(name, host, len);
	name[len] = '\0';
	return strcmp(name, "localhost") == 0 ||
	       (inet_pton(AF_INET, name, &address) == 1 &&
		       ntohl(address.s_addr) >> 24 == 127);
}
