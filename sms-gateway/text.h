/* Texts: what an SMS holds, and comparing words without regard to case and accents. */
#ifndef SMS_GATEWAY_TEXT_H
#define SMS_GATEWAY_TEXT_H

#include "common/buf.h"
#include <stdbool.h>
#include <stddef.h>

enum text_encoding {
	TEXT_GSM7, /* GSM 03.38 with its extension table, 3GPP TS 23.038 */
	TEXT_UCS2,
};

struct text_size {
	enum text_encoding encoding;
	size_t units;      /* septets, or 16-bit units */
	unsigned segments; /* at least 1 */
};

/* Whether the bytes are UTF-8. */
bool text_is_utf8(const char *text, size_t len);
/* How the text travels: GSM-7 when every character is in it, 160 septets in one part and
 * 153 in each of several, else UCS-2, 70 and 67; an escape pair or a surrogate pair never
 * straddles two parts. The text is UTF-8. */
struct text_size text_measure(const char *text);
/* "GSM-7" or "UCS-2". */
const char *text_encoding_name(enum text_encoding e);
/* Adds the text in normal form C, with typographic quotes, dashes, ellipses and odd
 * spaces written as GSM-7 has them. The text is UTF-8. */
void text_clean(const char *text, struct buf *out);
/* Adds the letters and digits of the text in lower case, without accents: "Språk " and
 * "SPRAK" are the same. */
void text_fold(const char *text, struct buf *out);
/* The next of several with | between, from *at on, folded; it lives in the arena. "" when
 * nothing stands there; NULL when *at, which then stands behind it, was NULL. */
const char *text_fold_next(struct arena *a, const char **at);
/* The text before the "{link}" of a template, with the link alone on the last line. The
 * template has been checked by text_template_is_right(). */
void text_compose(const char *template, const char *link, struct buf *out);
/* Whether "{link}" ends the template, stands in it once, and something comes before it.
 */
bool text_template_is_right(const char *template);

#endif
