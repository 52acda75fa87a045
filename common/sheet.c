#include "sheet.h"
#include <string.h>

void sheet_text(struct buf *b, const char *text)
{
	buf_text(b, *text && strchr("=+-@\t\r", *text) ? "\"'" : "\"");
	for (; *text; text++) {
		if (*text == '"')
			buf_text(b, "\"");
		buf_add(b, text, 1);
	}
	buf_text(b, "\"");
}
