/* Telephone numbers as people write them in Sweden, read into E.164 (ITU-T E.164; the
 * Swedish numbering plan, PTS). */
#ifndef SMS_GATEWAY_PHONE_H
#define SMS_GATEWAY_PHONE_H

enum phone_kind {
	PHONE_MOBILE, /* Swedish, 07[02369]: the only kind that gets an SMS */
	PHONE_LANDLINE,
	PHONE_FOREIGN,
	PHONE_PREMIUM,
	PHONE_INVALID,
	PHONE_MISSING,
};

struct phone {
	char e164[17]; /* "+46701740605" */
};

/* Reads "070-174 06 05", "+46 (0)70 174 06 05", "0046701740605", "mobil: 0701740605", and
 * what a spreadsheet leaves of them: "701740605", "46701740605". *ret_phone is written
 * for every kind but PHONE_INVALID and PHONE_MISSING. Two numbers in one field, and one
 * with another word than mobil, tel and the like, are invalid: nobody knows whose they
 * are. */
enum phone_kind phone_parse(const char *text, struct phone *ret_phone);

#endif
