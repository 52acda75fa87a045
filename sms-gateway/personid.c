#include "sms-gateway/personid.h"
#include <ctype.h>
#include <stdio.h>
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

/* Splits "19121212-1212" into its digits and the sign before the last four. */
static bool looks_official(const char *text, char digits[static 13], char *ret_sign)
{
	size_t count = 0;
	size_t len = strlen(text);
	*ret_sign = '-';
	for (size_t i = 0; i < len; i++) {
		if (isdigit((unsigned char)text[i]) && count < 12)
			digits[count++] = text[i];
		else if ((text[i] == '-' || text[i] == '+') && i + 5 == len)
			*ret_sign = text[i];
		else
			return false;
	}
	digits[count] = '\0';
	return count == 10 || count == 12;
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
	(void)snprintf(p->text, sizeof p->text, "%02d%.10s", hundreds % 100, ten);
	p->official = true;
	p->birth = birth;
	p->sex = (ten[8] - '0') % 2 ? PERSONID_MAN : PERSONID_WOMAN;
	return true;
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
	char own[PERSONID_LONGEST + 1];
	memcpy(own, p.text, sizeof own);
	char digits[13];
	char sign;
	if (looks_official(own, digits, &sign))
		p.mistyped = !read_official(digits, sign, today, &p);
	*ret_person = p;
	return OK;
}
