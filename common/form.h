/* Bodies of type application/x-www-form-urlencoded, read strictly. */
#ifndef COMMON_FORM_H
#define COMMON_FORM_H

#include "err.h"
#include "mem.h"
#include <stdbool.h>

struct form_field {
	const char *name;
	const char *value;
};

struct form {
	size_t count;
	struct form_field *fields;
};

/* Splits and decodes; everything lives in the arena. ERR_INPUT, and nothing in *ret_form,
 * for a broken percent escape, a NUL, text that is not UTF-8, an empty name, a name that
 * stands twice, or more than 64 fields. An empty body is an empty form. Format:
 * https://url.spec.whatwg.org/#application/x-www-form-urlencoded */
enum err form_parse(struct arena *a, const char *body, size_t len, struct form *ret_form);
/* The field's value, NULL when it is not there. */
const char *form_get(const struct form *f, const char *name);
/* Decodes one value as form_parse() does; NULL when it is broken. */
char *form_decode(struct arena *a, const char *text, size_t len);
/* Whether the bytes are well-formed UTF-8. */
bool form_is_utf8(const char *text, size_t len);
/* Percent-encodes for a form body or a query. */
struct buf;
void form_encode(struct buf *b, const char *text);

#endif
