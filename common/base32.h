/* Crockford's base 32 (https://www.crockford.com/base32.html): 0–9 and A–Z without I, L,
 * O, U; 5 bits a character, high bits first. Reading is forgiving: case, spaces and
 * dashes do not matter, I and L are read as 1, O as 0. */
#ifndef COMMON_BASE32_H
#define COMMON_BASE32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes ceil(8·len/5) characters and a NUL; the last character's spare bits are zero. */
void base32_encode(const uint8_t *data, size_t len, char *out);
/* False unless text holds exactly the characters that len bytes need and the spare bits
 * are zero. */
bool base32_decode(const char *text, uint8_t *out, size_t len);
/* The value 0–31 of a character, −1 when it is none. */
int base32_value(char c);
/* A check character over the characters of text: detects every single wrong character and
 * every swap of two neighbours (a polynomial over GF(32), x^5 + x^2 + 1). */
char base32_check(const char *text, size_t len);

#endif
