/* Unicode, over libunistring: the only file that knows it. */
#ifndef COMMON_UNICODE_H
#define COMMON_UNICODE_H

#include "buf.h"
#include <stddef.h>
#include <stdint.h>

/* Adds well-formed UTF-8 in normal form NFC. */
void unicode_nfc(const char *text, struct buf *out);
/* Adds well-formed UTF-8 folded, so that texts that differ in case only become one, and
 * in normal form NFD: accents stand behind their letters. */
void unicode_fold(const char *text, struct buf *out);
/* How many characters (code points) well-formed UTF-8 has. */
size_t unicode_length(const char *text);
/* The first character of well-formed UTF-8, and moves *text past it; 0 at the end. */
uint32_t unicode_next(const char **text);
/* Adds the character as UTF-8; U+FFFD in place of what is none. */
void unicode_add(uint32_t c, struct buf *out);

#endif
