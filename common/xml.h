/* XML read from end to end, over expat: the only file that knows it. Documents with a
 * DOCTYPE are refused, so there are no entities of their own, neither internal ones that
 * grow nor external ones that are fetched. Whatever the document, reading it takes no
 * more than 16 MiB a thread. */
#ifndef COMMON_XML_H
#define COMMON_XML_H

#include "err.h"
#include "mem.h"
#include <stdbool.h>
#include <stddef.h>

struct xml;

/* What to call for what is met; a member may be NULL. Names are as they stand in the
 * document, with their prefixes: "svg", "x:row". Attributes come as name, value, name,
 * value, …, NULL. Text may come in pieces. */
struct xml_reader {
	const char *what; /* that is read, for reasons: "picture" */
	void (*start)(void *context, const char *name, const char **attributes);
	void (*end)(void *context, const char *name);
	void (*text)(void *context, const char *text, size_t len);
	void *context;
};

/* The reader must outlive it. */
struct xml *xml_create(const struct xml_reader *r);
void xml_destroy(struct xml *x); /* NULL is fine */
MEM_AUTO(xml, struct xml *, xml_destroy)

/* Reads the next piece, UTF-8 or UTF-16; last: the document ends with it. ERR_INPUT for
 * what is not well-formed or is refused, with line and reason in why, and after
 * xml_stop(), which leaves why alone. Nothing is read after an error. */
enum err xml_feed(
	struct xml *x, const char *data, size_t len, bool last, struct why *why);
/* In a callback: read no further and call nothing more. */
void xml_stop(struct xml *x);
/* The line that is being read, from 1. */
size_t xml_line(const struct xml *x);
/* The name without its prefix. */
const char *xml_local(const char *name);
/* The value of the attribute of that name, its prefix aside; NULL when there is none. */
const char *xml_attribute(const char **attributes, const char *local);

#endif
