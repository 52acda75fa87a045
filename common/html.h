/* HTML. html_raw() takes string literals only (the compiler refuses a variable);
 * everything that varies goes through html_text(), which escapes for text and for quoted
 * attributes alike. */
#ifndef COMMON_HTML_H
#define COMMON_HTML_H

#include "buf.h"

#define html_raw(b, literal) buf_add((b), "" literal "", sizeof(literal) - 1)
void html_text(struct buf *b, const char *text);
/* A text between two literals: html_around(b, "<p>", text, "</p>\n"). */
#define html_around(b, open, text, close)                                                \
	(html_raw((b), open), html_text((b), (text)), html_raw((b), close))
/* 9412 as "9 412" with a no-break space, as Swedes write it; a minus as "−". */
void html_number(struct buf *b, long number);

#endif
