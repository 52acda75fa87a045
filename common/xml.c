#include "xml.h"
#include <expat.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	/* Nesting, names that never come again, attributes: expat remembers them all. */
	MEMORY_MAX = 16 << 20,
	/* A tag that comes in pieces is read anew with each piece. */
	LONGEST_TAG = 1 << 18,
};

/* Memory for expat, in each thread no more than MEMORY_MAX, and overwritten when it is
 * given back: documents hold persons. */
struct block {
	size_t size;
	_Alignas(max_align_t) unsigned char data[];
};

static _Thread_local size_t memory_used;

static struct block *block_of(void *data)
{
	return (struct block *)((unsigned char *)data - offsetof(struct block, data));
}

static void *memory_get(size_t size)
{
	if (size > MEMORY_MAX - memory_used)
		return NULL;
	struct block *b = mem_alloc(sizeof *b + size);
	b->size = size;
	memory_used += size;
	return b->data;
}

static void memory_free(void *data)
{
	if (!data)
		return;
	struct block *b = block_of(data);
	memory_used -= b->size;
	explicit_bzero(b->data, b->size);
	free(b);
}

static void *memory_resize(void *old, size_t size)
{
	void *data = memory_get(size);
	if (data && old) {
		size_t before = block_of(old)->size;
		memcpy(data, old, before < size ? before : size);
		memory_free(old);
	}
	return data;
}

static const XML_Memory_Handling_Suite memory = { memory_get, memory_resize,
	memory_free };

struct xml {
	XML_Parser parser;
	const struct xml_reader *reader;
	size_t fed;
	bool stopped;
	struct why *why; /* while feeding */
};

__attribute__((format(printf, 2, 3))) static void refuse(
	struct xml *x, const char *format, ...)
{
	char reason[256];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(reason, sizeof reason, format, args);
	va_end(args);
	(void)err_why(x->why, ERR_INPUT, "line %zu of the %s: %s", xml_line(x),
		x->reader->what, reason);
	xml_stop(x);
}

static void on_start(void *context, const char *name, const char **attributes)
{
	struct xml *x = context;
	if (!x->stopped && x->reader->start)
		x->reader->start(x->reader->context, name, attributes);
}

static void on_end(void *context, const char *name)
{
	struct xml *x = context;
	if (!x->stopped && x->reader->end)
		x->reader->end(x->reader->context, name);
}

static void on_text(void *context, const char *text, int len)
{
	struct xml *x = context;
	if (!x->stopped && x->reader->text)
		x->reader->text(x->reader->context, text, (size_t)len);
}

static void on_doctype(void *context, const char *name, const char *system,
	const char *public, int subset)
{
	struct xml *x = context;
	(void)system;
	(void)public;
	(void)subset;
	refuse(x, "%.60s is a document type, which a %s does not need", name,
		x->reader->what);
}

struct xml *xml_create(const struct xml_reader *r)
{
	struct xml *x = mem_alloc(sizeof *x);
	x->parser = XML_ParserCreate_MM("UTF-8", &memory, NULL);
	x->reader = r;
	if (!x->parser)
		abort();
	XML_SetUserData(x->parser, x);
	XML_SetElementHandler(x->parser, on_start, on_end);
	XML_SetCharacterDataHandler(x->parser, on_text);
	XML_SetStartDoctypeDeclHandler(x->parser, on_doctype);
	return x;
}

void xml_destroy(struct xml *x)
{
	if (!x)
		return;
	XML_ParserFree(x->parser);
	free(x);
}

static const char *reason_of(enum XML_Error e)
{
	return e == XML_ERROR_NO_MEMORY ? "too large or too deep" : XML_ErrorString(e);
}

enum err xml_feed(struct xml *x, const char *data, size_t len, bool last, struct why *why)
{
	if (x->stopped)
		return ERR_INPUT;
	x->why = why;
	x->fed += len;
	if (len > MEMORY_MAX)
		refuse(x, "too large or too deep");
	else if (XML_Parse(x->parser, data, (int)len, last) != XML_STATUS_OK &&
		 !x->stopped)
		refuse(x, "%s", reason_of(XML_GetErrorCode(x->parser)));
	else if (!x->stopped && !last &&
		 x->fed - (size_t)XML_GetCurrentByteIndex(x->parser) > LONGEST_TAG)
		refuse(x, "a tag is too long");
	return x->stopped ? ERR_INPUT : OK;
}

void xml_stop(struct xml *x)
{
	x->stopped = true;
	(void)XML_StopParser(x->parser, XML_FALSE);
}

size_t xml_line(const struct xml *x)
{
	return (size_t)XML_GetCurrentLineNumber(x->parser);
}

const char *xml_local(const char *name)
{
	const char *colon = strchr(name, ':');
	return colon ? colon + 1 : name;
}

const char *xml_attribute(const char **attributes, const char *local)
{
	for (; *attributes; attributes += 2)
		if (strcmp(xml_local(attributes[0]), local) == 0)
			return attributes[1];
	return NULL;
}
