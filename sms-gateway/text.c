#include "sms-gateway/text.h"
#include "common/form.h"
#include "common/unicode.h"
#include <stdint.h>
#include <string.h>

enum {
	GSM7_ONE = 160,
	GSM7_PART = 153,
	UCS2_ONE = 70,
	UCS2_PART = 67,
};

#define LINK "{link}"

static const char gsm7_basic[] =
	"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	"ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
static const char gsm7_extension[] = "\f^{}\\[~]|€";

bool text_is_utf8(const char *text, size_t len)
{
	return form_is_utf8(text, len);
}

static bool in(const char *set, uint32_t c)
{
	uint32_t member;
	do
		member = unicode_next(&set);
	while (member && member != c);
	return member != 0;
}

/* Septets of a character: 1, 2 behind the escape, 0 when GSM-7 does not have it. */
static unsigned gsm7_width(uint32_t c)
{
	return in(gsm7_basic, c) ? 1 : in(gsm7_extension, c) ? 2 : 0;
}

static unsigned ucs2_width(uint32_t c)
{
	return c > 0xffff ? 2 : 1;
}

static struct text_size measure(const char *text, enum text_encoding encoding)
{
	size_t one = encoding == TEXT_GSM7 ? GSM7_ONE : UCS2_ONE;
	size_t part = encoding == TEXT_GSM7 ? GSM7_PART : UCS2_PART;
	struct text_size size = { .encoding = encoding, .segments = 1 };
	size_t used = 0;
	for (uint32_t c = unicode_next(&text); c; c = unicode_next(&text)) {
		unsigned width = encoding == TEXT_GSM7 ? gsm7_width(c) : ucs2_width(c);
		if (used + width > part) {
			size.segments++;
			used = 0;
		}
		used += width;
		size.units += width;
	}
	if (size.units <= one)
		size.segments = 1;
	return size;
}

struct text_size text_measure(const char *text)
{
	const char *p = text;
	for (uint32_t c = unicode_next(&p); c; c = unicode_next(&p))
		if (!gsm7_width(c))
			return measure(text, TEXT_UCS2);
	return measure(text, TEXT_GSM7);
}

const char *text_encoding_name(enum text_encoding e)
{
	return e == TEXT_GSM7 ? "GSM-7" : "UCS-2";
}

// clang-format off
static const struct {
	uint32_t from;
	const char *to;
} plain[] = {
	{ 0x00a0, " " },  { 0x2007, " " },  { 0x2009, " " }, { 0x202f, " " }, { '\t', " " },
	{ 0x2018, "'" },  { 0x2019, "'" },  { 0x201a, "'" }, { '`', "'" },    { 0x00b4, "'" },
	{ 0x201c, "\"" }, { 0x201d, "\"" }, { 0x201e, "\"" }, { 0x00ab, "\"" }, { 0x00bb, "\"" },
	{ 0x2010, "-" },  { 0x2011, "-" },  { 0x2012, "-" }, { 0x2013, "-" }, { 0x2014, "-" },
	{ 0x2212, "-" },  { 0x2026, "..." }, { 0x00ad, "" }, { 0x200b, "" },  { 0xfeff, "" },
};
// clang-format on

static bool add_plain(uint32_t c, struct buf *out)
{
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		if (plain[i].from == c) {
			buf_text(out, plain[i].to);
			return true;
		}
	return false;
}

void text_clean(const char *text, struct buf *out)
{
	auto_(buf) struct buf whole = { 0 };
	unicode_nfc(text, &whole);
	const char *p = buf_string(&whole);
	for (const char *from = p;; from = p) {
		uint32_t c = unicode_next(&p);
		if (!c)
			return;
		if (!add_plain(c, out))
			buf_add(out, from, (size_t)(p - from));
	}
}

void text_fold(const char *text, struct buf *out)
{
	auto_(buf) struct buf folded = { 0 };
	unicode_fold(text, &folded);
	for (const char *p = buf_string(&folded); *p; p++)
		if ((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9'))
			buf_add(out, p, 1);
}

const char *text_fold_next(struct arena *a, const char **at)
{
	if (!*at)
		return NULL;
	auto_(buf) struct buf one = { 0 };
	auto_(buf) struct buf folded = { 0 };
	size_t len = strcspn(*at, "|");
	buf_add(&one, *at, len);
	text_fold(buf_string(&one), &folded);
	*at = (*at)[len] ? *at + len + 1 : NULL;
	return arena_text(a, buf_string(&folded), folded.len);
}

static size_t before_link(const char *template)
{
	size_t len = strlen(template) - strlen(LINK);
	while (len && strchr(" \t\r\n", template[len - 1]))
		len--;
	return len;
}

bool text_template_is_right(const char *template)
{
	const char *link = strstr(template, LINK);
	return link && !link[strlen(LINK)] && before_link(template) > 0;
}

void text_compose(const char *template, const char *link, struct buf *out)
{
	buf_add(out, template, before_link(template));
	buf_text(out, "\n");
	buf_text(out, link);
}
