#include "picture.h"
#include "common/html.h"
#include <expat.h>
#include <stdbool.h>
#include <string.h>

enum { DEEPEST = 8 };

static const char svg_namespace[] = "http://www.w3.org/2000/svg";

static const char *const elements[] = { "g", "path", "circle", "ellipse", "rect", "line",
	"polyline", "polygon", NULL };
static const char *const attributes[] = { "viewBox", "fill", "fill-rule", "stroke",
	"stroke-width", "stroke-linecap", "stroke-linejoin", "transform", "d", "points",
	"cx", "cy", "r", "rx", "ry", "x", "y", "x1", "y1", "x2", "y2", "width", "height",
	NULL };

struct drawing {
	XML_Parser parser;
	struct buf markup;
	int depth;
	enum err e;
	struct why *why;
};

static bool listed(const char *const *list, const char *word)
{
	while (*list && strcmp(*list, word) != 0)
		list++;
	return *list != NULL;
}

static void refuse(struct drawing *d, const char *what, const char *reason)
{
	if (d->e)
		return;
	d->e = err_why(d->why, ERR_INPUT, "line %lu of the picture: %.60s %s",
		(unsigned long)XML_GetCurrentLineNumber(d->parser), what, reason);
	(void)XML_StopParser(d->parser, XML_FALSE);
}

/* Numbers, path commands, names of colours, #rrggbb and transformations; no url(). */
static bool plain(const char *value)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789 .,-+#()";
	return strspn(value, letters) == strlen(value) && !strcasestr(value, "url");
}

static void attribute(struct drawing *d, const char *name, const char *value)
{
	if (strcmp(name, "xmlns") == 0 && strcmp(value, svg_namespace) == 0)
		return;
	if (!listed(attributes, name))
		refuse(d, name, "is an attribute that pictures can't have here");
	else if (!plain(value))
		refuse(d, name, "has a value that pictures can't have here");
	html_raw(&d->markup, " ");
	html_text(&d->markup, name);
	html_raw(&d->markup, "=\"");
	html_text(&d->markup, value);
	html_raw(&d->markup, "\"");
}

static void begin(void *context, const char *name, const char **pairs)
{
	struct drawing *d = context;
	bool root = d->depth++ == 0;
	if (root ? strcmp(name, "svg") != 0 : !listed(elements, name))
		refuse(d, name, "is an element that pictures can't have here");
	else if (d->depth > DEEPEST)
		refuse(d, name, "lies too deep");
	html_raw(&d->markup, "<");
	html_text(&d->markup, name);
	if (root)
		html_raw(&d->markup, " aria-hidden=\"true\"");
	for (; *pairs; pairs += 2)
		if (!root || (strcmp(pairs[0], "width") && strcmp(pairs[0], "height")))
			attribute(d, pairs[0], pairs[1]);
	html_raw(&d->markup, ">");
}

static void end(void *context, const char *name)
{
	struct drawing *d = context;
	d->depth--;
	html_raw(&d->markup, "</");
	html_text(&d->markup, name);
	html_raw(&d->markup, ">");
}

static void text(void *context, const char *characters, int len)
{
	for (int i = 0; i < len; i++)
		if (!strchr(" \t\r\n", characters[i])) {
			refuse(context, "text", "can't stand in a picture");
			return;
		}
}

static void doctype(void *context, const char *name, const char *system,
	const char *public, int subset)
{
	(void)system;
	(void)public;
	(void)subset;
	refuse(context, name, "is a document type, which a picture does not need");
}

enum err picture_read(struct arena *a, const char *svg, size_t len,
	const char **ret_markup, struct why *why)
{
	struct drawing d = { .parser = XML_ParserCreate("UTF-8"), .why = why };
	if (!d.parser)
		abort();
	XML_SetUserData(d.parser, &d);
	XML_SetElementHandler(d.parser, begin, end);
	XML_SetCharacterDataHandler(d.parser, text);
	XML_SetStartDoctypeDeclHandler(d.parser, doctype);
	if (XML_Parse(d.parser, svg, (int)len, 1) != XML_STATUS_OK && !d.e)
		d.e = err_why(why, ERR_INPUT, "line %lu of the picture: %s",
			(unsigned long)XML_GetCurrentLineNumber(d.parser),
			XML_ErrorString(XML_GetErrorCode(d.parser)));
	XML_ParserFree(d.parser);
	if (d.e == OK)
		*ret_markup = arena_text(a, buf_string(&d.markup), d.markup.len);
	buf_clear(&d.markup);
	return d.e;
}

void picture_draw(struct buf *b, const char *markup)
{
	buf_text(b, markup);
}
