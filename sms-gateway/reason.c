#include "sms-gateway/reason.h"

// clang-format off
static const struct {
	const char *code;
	const char *words;
} reasons[REASON_COUNT] = {
	[REASON_NONE]            = { "none", "tas med" },
	[REASON_COLUMNS]         = { "columns", "raden har fler eller färre kolumner än rubrikraden" },
	[REASON_QUOTES]          = { "quotes", "ett citattecken saknas eller står fel på raden" },
	[REASON_PERSON_MISSING]  = { "person-missing", "person_id är tomt" },
	[REASON_PERSON_LONG]     = { "person-long", "person_id är för långt (högst 63 tecken)" },
	[REASON_VALUE_PROTECTED] = { "value-protected", "skyddad ska vara ja eller nej" },
	[REASON_VALUE_SMS]       = { "value-sms", "sms_tillåtet ska vara ja eller nej" },
	[REASON_VALUE_AGE]       = { "value-age", "ålder ska vara ett heltal" },
	[REASON_VALUE_DATE]      = { "value-date", "beslut_från och beslut_till skrivs ÅÅÅÅ-MM-DD" },
	[REASON_AREA_MISSING]    = { "area-missing", "verksamhetsområde är tomt" },
	[REASON_AREA_UNKNOWN]    = { "area-unknown", "verksamhetsområdet finns inte i omgången" },
	[REASON_PROTECTED]       = { "protected", "skyddade personuppgifter" },
	[REASON_SMS_NOT_SAFE]    = { "sms-not-safe", "området kräver sms_tillåtet = ja" },
	[REASON_CHILD]           = { "child", "yngre än omgångens lägsta ålder" },
	[REASON_YOUNG]           = { "young", "minderårig: kräver sms_tillåtet = ja" },
	[REASON_EXEMPT]          = { "exempt", "området är undantaget i omgången" },
	[REASON_MEASURE]         = { "measure", "insatsen är undantagen i omgången" },
	[REASON_GROUND]          = { "ground", "lagrummet räknas inte i omgången" },
	[REASON_GROUND_UNKNOWN]  = { "ground-unknown", "lagrum är tomt eller okänt" },
	[REASON_SHORT]           = { "short", "beslutet är kortare än omgången kräver" },
	[REASON_REFUSED]         = { "refused", "har sagt nej till att bli kontaktad" },
	[REASON_REMOVED]         = { "removed", "borttagen av samordnaren" },
	[REASON_LATE]            = { "late", "utskicket har börjat; nya personer tas inte med" },
	[REASON_DUPLICATE]       = { "duplicate", "samma person och verksamhetsområde står redan i filen" },
	[REASON_OTHER_AREA]      = { "other-area", "personen tas med för ett annat område (slumpat)" },
};
// clang-format on

const char *reason_code(enum reason r)
{
	return reasons[r].code;
}

const char *reason_words(enum reason r)
{
	return reasons[r].words;
}

bool reason_leaves_out(enum reason r)
{
	return r != REASON_NONE && r < REASON_DUPLICATE;
}

const char *mark_words(enum mark m)
{
	switch (m) {
	case MARK_LANDLINE:
		return "fast telefon: kan bara ringas";
	case MARK_FOREIGN:
		return "utländskt nummer: varken SMS eller samtal";
	case MARK_PREMIUM:
		return "betalnummer: varken SMS eller samtal";
	case MARK_NO_PHONE:
		return "telefon är tomt: varken SMS eller samtal";
	case MARK_BAD_PHONE:
		return "telefonnumret går inte att läsa: varken SMS eller samtal";
	case MARK_SMS_NO:
		return "sms_tillåtet = nej: inget SMS";
	case MARK_SHARED:
		return "samma telefonnummer på flera personer: väntar på beslut";
	case MARK_LANGUAGE:
		return "okänt språk: svenska används";
	case MARK_PERSON:
		return "person_id liknar ett personnummer, men datum eller kontrollsiffra är fel";
	}
	return "";
}
