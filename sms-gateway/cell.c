#include "sms-gateway/cell.h"
#include "common/clock.h"
#include "common/unicode.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool cell_format_is_date(const char *format)
{
	for (const char *p = format; *p; p++) {
		const char *end = *p == '"' ? "\"" : *p == '[' ? "]" : NULL;
		if (strchr("ymdYMD", *p))
			return true;
		if (end)
			p += strcspn(p + 1, end);
		if ((end || strchr("\\_*", *p)) && p[1])
			p++;
	}
	return false;
}

/* A UTF-16 unit written _xHHHH_. */
static bool is_escape(const char *p, uint32_t *ret_unit)
{
	if (strncmp(p, "_x", 2) != 0 || strspn(p + 2, "0123456789abcdefABCDEF") != 4 ||
		p[6] != '_')
		return false;
	*ret_unit = (uint32_t)strtoul(p + 2, NULL, 16);
	return true;
}

/* Adds the character that the escapes at p make, and returns what follows. */
static const char *add_escaped(const char *p, uint32_t c, struct buf *out)
{
	uint32_t low;
	p += 7;
	if (c >= 0xd800 && c < 0xdc00 && is_escape(p, &low) && low >= 0xdc00 &&
		low < 0xe000) {
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		p += 7;
	}
	bool control = c < ' ' && c != '\t' && c != '\r' && c != '\n';
	unicode_add(control ? ' ' : c, out);
	return p;
}

void cell_add_text(const char *text, struct buf *out)
{
	uint32_t c;
	while (*text)
		if (is_escape(text, &c)) {
			text = add_escaped(text, c, out);
		} else {
			size_t plain = 1 + strcspn(text + 1, "_");
			buf_add(out, text, plain);
			text += plain;
		}
}

/* Writes the day of a serial number, nothing when it is none. In the system of 1900 day
 * 60 is a 29 February that never was, as Lotus 1-2-3 had it. */
static void write_day(double serial, enum cell_number kind, char out[static 11])
{
	enum { LEAP = 60, LAST = 2958465, OFFSET_1904 = 1462, UNIX = 25569 };
	double days = serial + (kind == CELL_DAY_1904 ? OFFSET_1904 : 0);
	if (!(serial >= 0 && days >= 1 && days < LAST + 1))
		return;
	long long whole = (long long)days;
	time_t moment = (whole - UNIX + (whole < LEAP)) * 86400;
	struct tm t;
	(void)gmtime_r(&moment, &t);
	day d = (t.tm_year + 1900) * 10000 + (t.tm_mon + 1) * 100 + t.tm_mday;
	day_format(whole == LEAP ? 19000229 : d, out);
}

/* The fewest digits that are that number, of which 17 always are; an exponent only when
 * they are more than the 15 that Excel keeps. */
static void write_number(double n, char out[static 32])
{
	for (int digits = 15; digits <= 17; digits++) {
		(void)snprintf(out, 32, "%.*g", digits, n);
		if (strtod(out, NULL) == n)
			return;
	}
}

void cell_add_number(const char *text, enum cell_number kind, struct buf *out)
{
	char *end;
	char written[32] = "";
	double n = strtod(text, &end);
	if (end == text || *end || n - n != 0) {
		cell_add_text(text, out);
		return;
	}
	if (kind != CELL_PLAIN)
		write_day(n, kind, written);
	if (!*written)
		write_number(n, written);
	buf_text(out, written);
}
