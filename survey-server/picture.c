#include "picture.h"
#include "common/html.h"
#include "common/xml.h"
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
	struct xml *xml;
	struct buf markup;
	int depth;
	bool refused;
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
	if (d->refused)
		return;
	d->refused = true;
	(void)err_why(d->why, ERR_INPUT, "line %zu of the picture: %.60s %s",
		xml_line(d->xml), what, reason);
	xml_stop(d->xml);
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

static void text(void *context, const char *characters, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr(" \t\r\n", characters[i])) {
			refuse(context, "text", "can't stand in a picture");
			return;
		}
}

enum err picture_read(struct arena *a, const char *svg, size_t len,
	const char **ret_markup, struct why *why)
{
	struct drawing d = { .why = why };
	const struct xml_reader reader = {
		.what = "picture", .start = begin, .end = end, .text = text, .context = &d
	};
	d.xml = xml_create(&reader);
	enum err e = xml_feed(d.xml, svg, len, true, why);
	if (e == OK)
		*ret_markup = arena_text(a, buf_string(&d.markup), d.markup.len);
	xml_destroy(d.xml);
	buf_clear(&d.markup);
	return e;
}

void picture_draw(struct buf *b, const char *markup)
{
	buf_text(b, markup);
}
