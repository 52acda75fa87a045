#include "sms-gateway/personid.h"
#include "common/mem.h"
#include <ctype.h>
#include <string.h>

enum { COORDINATION = 60 }; /* added to the day of a samordningsnummer */

static bool luhn(const char digits[static 10])
{
	int sum = 0;
	for (int i = 0; i < 10; i++) {
		int value = (digits[i] - '0') * (i % 2 == 0 ? 2 : 1);
		sum += value > 9 ? value - 9 : value;
	}
	return sum % 10 == 0;
}

static int number(const char *digits, int count)
{
	int value = 0;
	for (int i = 0; i < count; i++)
		value = value * 10 + digits[i] - '0';
	return value;
}

static size_t starts_with(const char *text, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(list[i]);
		if (strncmp(text, list[i], len) == 0)
			return len;
	}
	return 0;
}

/* Splits "19121212-1212" into its digits and the sign before the last four; spaces may
 * stand anywhere, and a word processor's dash for the hyphen. */
static bool looks_official(const char *text, char digits[static 13], char *ret_sign)
{
	static const char *const signs[] = { "-", "+", "\u2010", "\u2011", "\u2012",
		"\u2013", "\u2212" };
	static const char *const spaces[] = { " ", "\u00a0", "\u2009", "\u202f" };
	size_t count = 0, before_sign = 0, skip;
	*ret_sign = '-';
	for (; *text; text += skip) {
		skip = 1;
		if (*text >= '0' && *text <= '9' && count < 12) {
			digits[count++] = *text;
		} else if (count && !before_sign &&
			   (skip = starts_with(text, ROWS(signs)))) {
			before_sign = count;
			if (*text == '+')
				*ret_sign = '+';
		} else if ((skip = starts_with(text, ROWS(spaces))) == 0) {
			return false;
		}
	}
	digits[count] = '\0';
	return (count == 10 || count == 12) && (!before_sign || before_sign + 4 == count);
}

/* The year's first two digits: the latest century that is not in the future, one earlier
 * after a plus. */
static int century(const char *ten, char sign, day today)
{
	int dom = number(ten + 4, 2) % COORDINATION;
	day rest = number(ten, 2) * 10000 + number(ten + 2, 2) * 100 + dom;
	int latest = today / 1000000;
	if (latest * 1000000 + rest > today)
		latest--;
	return sign == '+' ? latest - 1 : latest;
}

static bool read_official(const char *digits, char sign, day today, struct personid *p)
{
	bool whole = strlen(digits) == 12;
	const char *ten = whole ? digits + 2 : digits;
	int hundreds = whole ? number(digits, 2) : century(ten, sign, today);
	int year = hundreds * 100 + number(ten, 2);
	int month = number(ten + 2, 2);
	int dom = number(ten + 4, 2);
	if (dom > COORDINATION)
		dom -= COORDINATION;
	day birth = year * 10000 + month * 100 + dom;
	if (!day_valid(year, month, dom) || birth > today || year < 1840 || !luhn(ten))
		return false;
	*p = (struct personid){ .text = { (char)('0' + hundreds / 10),
					(char)('0' + hundreds % 10) },
		.official = true,
		.birth = birth,
		.sex = (ten[8] - '0') % 2 ? PERSONID_MAN : PERSONID_WOMAN };
	memcpy(p->text + 2, ten, 10);
	return true;
}

/* What a spreadsheet leaves of "0501011234". It may as well be the case system's own. */
static bool lost_its_zero(const char *text, day today)
{
	char digits[11] = "0";
	struct personid ignored;
	if (strlen(text) != 9 || strspn(text, "0123456789") != 9)
		return false;
	memcpy(digits + 1, text, 9);
	return read_official(digits, '-', today, &ignored);
}

enum err personid_parse(const char *text, day today, struct personid *ret_person)
{
	while (isspace((unsigned char)*text))
		text++;
	size_t len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	if (!len)
		return ERR_NOT_FOUND;
	if (len > PERSONID_LONGEST)
		return ERR_INPUT;
	struct personid p = { 0 };
	memcpy(p.text, text, len);
	char digits[13];
	char sign;
	if (looks_official(p.text, digits, &sign))
		p.mistyped = !read_official(digits, sign, today, &p);
	else
		p.mistyped = lost_its_zero(p.text, today);
	*ret_person = p;
	return OK;
}
