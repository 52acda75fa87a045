#include "sms-gateway/phone.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LONGEST = 15 }; /* digits, E.164 */

/* What people put between digits; dashes and spaces come in many kinds. */
static const char *const fillers[] = { " ", "-", "\t", "(", ")", "/", ".", "\u00a0",
	"\u2007", "\u2009", "\u202f", "\u2010", "\u2011", "\u2012", "\u2013", "\u2212" };

static size_t filler(const char *text)
{
	for (size_t i = 0; i < sizeof fillers / sizeof *fillers; i++) {
		size_t len = strlen(fillers[i]);
		if (strncmp(text, fillers[i], len) == 0)
			return len;
	}
	return 0;
}

/* "mobil: 070…", "Tel. 070…". Any other word may say that the number is not the person's
 * own: "mamma 070…". */
static const char *without_label(const char *text)
{
	static const char *const labels[] = { "mobil", "mob", "mobilnr", "mobilnummer",
		"mobiltelefon", "tel", "telefon", "telefonnr", "telefonnummer", "telnr",
		"tfn", "nr", "hem", "hemtelefon" };
	const char *start = text + strspn(text, " \t");
	size_t len = strcspn(start, ":. \t+0123456789");
	for (size_t i = 0; len && i < sizeof labels / sizeof *labels; i++)
		if (strlen(labels[i]) == len && strncasecmp(start, labels[i], len) == 0)
			return start + len + strspn(start + len, ":. \t");
	return text;
}

/* False when there is anything but digits and fillers. */
static bool digits_of(const char *text, bool *ret_plus, char out[static LONGEST + 6])
{
	size_t count = 0;
	*ret_plus = false;
	for (size_t skip = 1; *text; text += skip, skip = 1) {
		if (*text >= '0' && *text <= '9' && count < LONGEST + 5)
			out[count++] = *text;
		else if (*text == '+' && count == 0 && !*ret_plus)
			*ret_plus = true;
		else if ((skip = filler(text)) == 0)
			return false;
	}
	out[count] = '\0';
	return true;
}

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* A number without its leading 0 or +46. What gets an SMS and what costs the caller is
 * told apart by PTS's plan: 070, 072, 073, 076 and 079 are mobile numbers, of nine digits
 * here; 0900, 0939, 0944 and 099 are charged. The rest can be called like a landline: 010
 * and 08 to 0xxx, and 020 and 077, which companies have. Not checked: whether an area
 * code is one of the 264 or a range is in use, and how long the numbers of an area are.
 */
static enum phone_kind national(const char *number, struct phone *ret_phone)
{
	size_t len = strlen(number);
	if (len < 7 || len > 9 || *number == '0')
		return PHONE_INVALID;
	bool mobile = *number == '7' && strchr("02369", number[1]);
	if (mobile && len != 9)
		return PHONE_INVALID;
	(void)snprintf(ret_phone->e164, sizeof ret_phone->e164, "+46%s", number);
	if (mobile)
		return PHONE_MOBILE;
	if (starts(number, "900") || starts(number, "939") || starts(number, "944") ||
		starts(number, "99"))
		return PHONE_PREMIUM;
	return PHONE_LANDLINE;
}

static enum phone_kind international(const char *number, struct phone *ret_phone)
{
	if (starts(number, "46"))
		return national(number + (number[2] == '0' ? 3 : 2), ret_phone);
	size_t len = strlen(number);
	if (len < 7 || len > LONGEST || *number == '0')
		return PHONE_INVALID;
	(void)snprintf(ret_phone->e164, sizeof ret_phone->e164, "+%.15s", number);
	return PHONE_FOREIGN;
}

enum phone_kind phone_parse(const char *text, struct phone *ret_phone)
{
	char digits[LONGEST + 6];
	bool plus;
	if (!text[strspn(text, " \t")])
		return PHONE_MISSING;
	if (!digits_of(without_label(text), &plus, digits) || !*digits)
		return PHONE_INVALID;
	if (plus)
		return international(digits, ret_phone);
	if (starts(digits, "00"))
		return international(digits + 2, ret_phone);
	if (*digits == '0')
		return national(digits + 1, ret_phone);
	/* A spreadsheet that took the number for a number has dropped its 0 or +. Of a
	 * landline nobody could tell what is left from another country's number. */
	struct phone bare;
	size_t len = strlen(digits);
	if ((len == 9 && national(digits, &bare) == PHONE_MOBILE) ||
		(len == 11 && starts(digits, "46") &&
			national(digits + 2, &bare) == PHONE_MOBILE)) {
		*ret_phone = bare;
		return PHONE_MOBILE;
	}
	return PHONE_INVALID;
}
