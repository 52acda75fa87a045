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
	[REASON_SMS_NO]          = { "sms-no", "vill inte ha SMS (sms_tillåtet = nej)" },
	[REASON_SMS_NOT_SAFE]    = { "sms-not-safe", "våld i nära relation kräver sms_tillåtet = ja" },
	[REASON_CHILD]           = { "child", "yngre än 13 år" },
	[REASON_EXEMPT]          = { "exempt", "området är undantaget i omgången" },
	[REASON_YOUNG]           = { "young", "13–17 år kräver sms_tillåtet = ja" },
	[REASON_SHORT]           = { "short", "beslutet är kortare än en månad" },
	[REASON_PHONE_MISSING]   = { "phone-missing", "telefon är tomt" },
	[REASON_PHONE_INVALID]   = { "phone-invalid", "telefonnumret går inte att läsa" },
	[REASON_PHONE_LANDLINE]  = { "phone-landline", "inte ett mobilnummer" },
	[REASON_PHONE_FOREIGN]   = { "phone-foreign", "utländskt telefonnummer" },
	[REASON_PHONE_PREMIUM]   = { "phone-premium", "betalnummer" },
	[REASON_PHONE_SHARED]    = { "phone-shared", "samma telefonnummer på flera personer" },
	[REASON_REFUSED]         = { "refused", "har sagt nej till att bli kontaktad" },
	[REASON_DUPLICATE]       = { "duplicate", "samma person och verksamhetsområde står redan i filen" },
	[REASON_OTHER_AREA]      = { "other-area", "personen tas med för ett annat område (slumpat)" },
	[REASON_EXISTS]          = { "exists", "finns redan" },
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
