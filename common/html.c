#include "html.h"
#include <string.h>

static const char *escape(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	default:
		return "&#39;";
	}
}

void html_text(struct buf *b, const char *text)
{
	for (;;) {
		size_t plain = strcspn(text, "&<>\"'");
		buf_add(b, text, plain);
		text += plain;
		if (!*text)
			return;
		buf_text(b, escape(*text++));
	}
}

void html_number(struct buf *b, long number)
{
	unsigned long rest =
		number < 0 ? 0UL - (unsigned long)number : (unsigned long)number;
	unsigned groups[8];
	size_t count = 0;
	do {
		groups[count++] = (unsigned)(rest % 1000);
		rest /= 1000;
	} while (rest > 0);
	if (number < 0)
		html_raw(b, "\u2212");
	buf_format(b, "%u", groups[--count]);
	while (count > 0)
		buf_format(b, "\u00a0%03u", groups[--count]);
}
