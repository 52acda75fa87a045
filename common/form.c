#include "form.h"
#include "buf.h"
#include "hex.h"
#include <stdint.h>
#include <string.h>

enum { FIELDS = 64 };

/* The bytes of the character that begins at p, 0 when it is not well-formed: the Unicode
 * Standard, table 3-7. */
static size_t character(const uint8_t *p, size_t left)
{
	if (p[0] < 0x80)
		return 1;
	size_t len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	uint8_t low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
	uint8_t high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
	if (p[0] < 0xc2 || p[0] > 0xf4 || left < len || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

bool form_is_utf8(const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text;
	for (size_t at = 0, step; at < len; at += step) {
		step = character(p + at, len - at);
		if (step == 0)
			return false;
	}
	return true;
}

/* Decodes len bytes to out, which may be the same place, and ends them with a NUL. */
static bool decode(const char *in, size_t len, char *out)
{
	const char *end = in + len;
	char *to = out;
	bool plain = true;
	while (in < end) {
		char c = *in++;
		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			int high = end - in >= 2 ? hex_value(in[0]) : -1;
			int low = high >= 0 ? hex_value(in[1]) : -1;
			if (low < 0)
				return false;
			c = (char)(high << 4 | low);
			in += 2;
		}
		if (c == '\0')
			return false;
		plain &= (c & 0x80) == 0;
		*to++ = c;
	}
	*to = '\0';
	return plain || form_is_utf8(out, (size_t)(to - out));
}

char *form_decode(struct arena *a, const char *text, size_t len)
{
	char *out = arena_alloc(a, len + 1);
	return decode(text, len, out) ? out : NULL;
}

/* Takes one `name=value` of len bytes, the byte after which may be overwritten. */
static bool take(char *pair, size_t len, struct form *f)
{
	char *equals = memchr(pair, '=', len);
	size_t name_len = equals ? (size_t)(equals - pair) : len;
	char *value = equals ? equals + 1 : pair + len;
	if (f->count == FIELDS || name_len == 0 ||
		!decode(value, (size_t)(pair + len - value), value) ||
		!decode(pair, name_len, pair) || form_get(f, pair))
		return false;
	f->fields[f->count++] = (struct form_field){ .name = pair, .value = value };
	return true;
}

enum err form_parse(struct arena *a, const char *body, size_t len, struct form *ret_form)
{
	struct form f = { 0 };
	if (len > 0) {
		size_t most = 1;
		for (const char *p = body;
			most < FIELDS && (p = memchr(p, '&', (size_t)(body + len - p)));
			p++)
			most++;
		f.fields = arena_alloc(a, most * sizeof *f.fields);
		char *at = arena_text(a, body, len);
		char *end = at + len;
		while (at < end) {
			char *stop = memchr(at, '&', (size_t)(end - at));
			if (!stop)
				stop = end;
			if (stop > at && !take(at, (size_t)(stop - at), &f))
				return ERR_INPUT;
			at = stop + 1;
		}
	}
	*ret_form = f;
	return OK;
}

const char *form_get(const struct form *f, const char *name)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->fields[i].name, name) == 0)
			return f->fields[i].value;
	return NULL;
}

void form_encode(struct buf *b, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";
	for (const char *p = text; *p; p++) {
		uint8_t c = (uint8_t)*p;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || strchr("-._*", c);
		char escape[3] = { '%', digits[c >> 4], digits[c & 15] };
		if (plain)
			buf_add(b, p, 1);
		else
			buf_add(b, escape, 3);
	}
}
