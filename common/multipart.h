/* Bodies of type multipart/form-data as browsers write them, read strictly: RFC 7578.
 * libmicrohttpd's own reader takes what is broken, and copies what it reads. */
#ifndef COMMON_MULTIPART_H
#define COMMON_MULTIPART_H

#include "form.h"

enum {
	MULTIPART_TEXT = 16 * 1024, /* bytes of the fields' names and values together */
	MULTIPART_NAME = 100,       /* characters of a file's name */
};

struct multipart_file {
	/* As the browser calls it, for showing: without folders, cut to MULTIPART_NAME
	 * characters, perhaps empty. */
	const char *name;
	const char *data; /* inside the body; NULL: no file was chosen */
	size_t len;
};

/* Whether a Content-Type is multipart/form-data, and says how its parts are bounded. */
bool multipart_is(const char *type);
/* Splits the body: fields into the arena as form_parse() does, at most one file where it
 * lies. ERR_INPUT, and nothing in what is returned, for anything that a browser does not
 * write: bytes before the first boundary or after the last, none at the end, headers but
 * Content-Disposition and Content-Type, a control character or what is not UTF-8 in a
 * header, a field that is not UTF-8 or has a NUL, an empty name, a name that stands
 * twice, two files, more than 64 fields or MULTIPART_TEXT. */
enum err multipart_parse(struct arena *a, const char *type, const char *body, size_t len,
	struct form *ret_form, struct multipart_file *ret_file);

#endif
