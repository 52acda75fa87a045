/* Pictures of a questionnaire: whatever is let through into a page is shapes and nothing
 * else. */
#include "picture.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool promise)
{
	if (!promise)
		abort();
}

/* Whether the list, words between spaces, has the word. */
static bool has(const char *list, const char *word, size_t len)
{
	for (const char *at = list; *at; at += strspn(at, " ")) {
		size_t here = strcspn(at, " ");
		if (here == len && memcmp(at, word, len) == 0)
			return true;
		at += here;
	}
	return false;
}

static const char shapes[] = "g path circle ellipse rect line polyline polygon";
static const char properties[] =
	"viewBox fill fill-rule stroke stroke-width stroke-linecap stroke-linejoin "
	"transform d points cx cy r rx ry x y x1 y1 x2 y2 width height";

/* Reads ` NAME="VALUE"`; returns what follows. */
static const char *check_attribute(const char *at)
{
	static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789 .,-+#()";
	require(*at++ == ' ');
	size_t name = strcspn(at, "=");
	require(has(properties, at, name));
	at += name;
	require(*at++ == '=' && *at++ == '"');
	size_t value = strspn(at, fine);
	require(at[value] == '"');
	require(!memmem(at, value, "url", 3));
	return at + value + 1;
}

/* Reads the markup strictly, as it is promised: tags and attributes, nothing between. */
static void check(const char *at)
{
	static const char root[] = "<svg aria-hidden=\"true\"";
	const char *open[8] = { at + 1 };
	size_t lens[8] = { 3 }, depth = 1;
	require(strncmp(at, root, sizeof root - 1) == 0);
	at += sizeof root - 1;
	while (*at != '>')
		at = check_attribute(at);
	at++;
	while (depth > 0) {
		require(*at++ == '<');
		bool ends = *at == '/';
		at += ends;
		size_t len = strcspn(at, " >");
		if (ends) {
			depth--;
			require(len == lens[depth] && memcmp(at, open[depth], len) == 0);
			at += len;
		} else {
			require(depth < 8 && has(shapes, at, len));
			open[depth] = at;
			lens[depth++] = len;
			at += len;
			while (*at != '>')
				at = check_attribute(at);
		}
		require(*at++ == '>');
	}
	require(!*at);
}

static void read_picture(const char *svg, size_t len)
{
	auto_(arena) struct arena *a = arena_create();
	const char *markup = NULL;
	struct why why = { "" };
	enum err e = picture_read(a, svg, len, &markup, &why);
	if (e == OK)
		check(markup);
	else
		require(e == ERR_INPUT && !markup && why.text[0]);
}

/* The bytes between two texts. */
static void read_between(
	const char *before, const uint8_t *data, size_t size, const char *after)
{
	size_t first = strlen(before), last = strlen(after);
	auto_(free) char *svg = malloc(first + size + last);
	memcpy(svg, before, first);
	if (size)
		memcpy(svg + first, data, size);
	memcpy(svg + first + size, after, last);
	read_picture(svg, first + size + last);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* As a whole file, as what is drawn, as an element, as a value. */
	read_between("", data, size, "");
	read_between("<svg viewBox=\"0 0 48 48\">", data, size, "</svg>");
	read_between("<svg><path ", data, size, "/></svg>");
	read_between("<svg><path fill=\"", data, size, "\"/></svg>");
	return 0;
}
