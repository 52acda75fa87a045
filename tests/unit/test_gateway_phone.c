#include "gateway_test.h"
#include "sms-gateway/phone.h"
#include <string.h>

static void check(const char *text, enum phone_kind kind, const char *e164)
{
	struct phone p = { "" };
	if (phone_parse(text, &p) != kind || strcmp(p.e164, e164) != 0)
		fail_msg("%s gives %s", text, p.e164);
}

static void mobile_however_written(void **state)
{
	(void)state;
	static const char *const same[] = { "0701740605", "070-1740605", "070-174 06 05",
		" 070 1740605 ", "+46701740605", "+46 70 174 06 05", "+46(0)70-1740605",
		"+46 (0) 701740605", "0046701740605", "00460701740605",
		"mobil: 070-1740605", "Mobil 0701740605", "Tel. 070.174.06.05",
		"(070) 1740605", "070/1740605", "070\u20111740605", "070\u00a01740605",
		"070\u20131740605", "701740605", "46701740605",
		"+46\u00a070\u00a0174\u202f06\u200905", "mobil:0701740605",
		"MOB. +46 70 174 06 05", "tfn:070-1740605", "Telefonnummer: 0701740605",
		"0046 (0)70-174 06 05", "\t070-174 06 05\t" };
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		check(same[i], PHONE_MOBILE, "+46701740605");
	check("0721740605", PHONE_MOBILE, "+46721740605");
	check("0731740605", PHONE_MOBILE, "+46731740605");
	check("0761740605", PHONE_MOBILE, "+46761740605");
	check("0791740605", PHONE_MOBILE, "+46791740605");
}

static void others(void **state)
{
	(void)state;
	check("08-465 004 04", PHONE_LANDLINE, "+46846500404");
	check("+46 (0)8 465 004 04", PHONE_LANDLINE, "+46846500404");
	check("031-390 06 05", PHONE_LANDLINE, "+46313900605");
	check("0980-31 92 05", PHONE_LANDLINE, "+46980319205");
	check("08-12 34 56", PHONE_LANDLINE, "+468123456");
	check("010-123 45 67", PHONE_LANDLINE, "+46101234567");
	check("020-12 34 56", PHONE_LANDLINE, "+4620123456");
	check("0771-12 34 56", PHONE_LANDLINE, "+46771123456");
	check("0741740605", PHONE_LANDLINE, "+46741740605");
	check("0900-123456", PHONE_PREMIUM, "+46900123456");
	check("0939-123456", PHONE_PREMIUM, "+46939123456");
	check("+46 944 123456", PHONE_PREMIUM, "+46944123456");
	check("099-123 45 67", PHONE_PREMIUM, "+46991234567");
	check("0901-12345", PHONE_LANDLINE, "+4690112345");
	check("+47 40 12 34 56", PHONE_FOREIGN, "+4740123456");
	check("00358401234567", PHONE_FOREIGN, "+358401234567");
	check("mobil: +45 32 12 34 56", PHONE_FOREIGN, "+4532123456");
}

static void unreadable(void **state)
{
	(void)state;
	static const char *const bad[] = { "070-17406", "07017406055",
		"070-1740605 eller 070-1740606", "070-1740605, 070-1740606",
		"070-1740605/070-1740606", "abc", "okänt", "+", "++46701740605",
		"070-174x605", "123", "12345678", "0000000000", "+0701740605", "46",
		"7017406051", "846500404", "46846500404", "mamma 070-1740605",
		"God man: 0701740605", "070-1740605 (dotter)", "mobilen är 0701740605",
		"mobil", "mobil: ", "08-46500404 08-46500405", "+47 40123456 40123457",
		"08-46500404+070", "112", "99999999999999999999999999", "070\xff" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		check(bad[i], PHONE_INVALID, "");
	check("", PHONE_MISSING, "");
	check("  \t", PHONE_MISSING, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mobile_however_written),
		cmocka_unit_test(others),
		cmocka_unit_test(unreadable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
