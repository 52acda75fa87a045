/* Configuration files in UTF-8: `key = value` in sections, read with inih; a line that
 * begins with # or ; is a comment, and the same key twice in a section is an error. A
 * daemon describes its keys in one table and gets one struct filled in; a key that no row
 * names is fatal, with file and line. */
#ifndef COMMON_CONF_H
#define COMMON_CONF_H

#include "err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conf_kind {
	CONF_TEXT,    /* char * */
	CONF_PATH,    /* char *, taken from the configuration file's folder when relative;
			 empty only where that is its fallback */
	CONF_NUMBER,  /* long, 0 or more */
	CONF_ADDRESS, /* struct conf_address */
	CONF_URL,     /* char *, http or https, without a slash at the end */
	CONF_CHOICE,  /* int: the place of the word in `choices` */
};

/* host:port; IPv4 or a name that stands for it. */
struct conf_address {
	char host[64];
	uint16_t port;
};

/* Whether the host, with or without a port after it, is this very machine: localhost,
 * 127.0.0.0/8, [::1]. */
bool conf_is_loopback(const char *host, size_t len);

struct conf_key {
	const char *section;
	const char *key;
	enum conf_kind kind;
	size_t offset;        /* of the member in the target */
	const char *fallback; /* as it would stand in the file; NULL: must be given */
	const char *choices;  /* CONF_CHOICE: words separated by spaces */
};

/* Fills *target, whose members are those of the rows. Texts are allocated; conf_free
 * releases them. ERR_INPUT or ERR_NOT_FOUND with the file, the line and what to do in
 * why. */
enum err conf_read(const char *file, const struct conf_key *keys, size_t count,
	void *target, struct why *why);
void conf_free(const struct conf_key *keys, size_t count, void *target);

/* Reads an INI file that is not a table of known keys: calls each(context, section, key,
 * value, why) per line; an error it returns ends the reading, and the file and line are
 * put before its reason. */
typedef enum err conf_each(void *context, const char *section, const char *key,
	const char *value, struct why *why);
enum err conf_walk(const char *file, conf_each *each, void *context, struct why *why);

#endif
