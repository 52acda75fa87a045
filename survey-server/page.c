#include "page.h"
#include "common/secret.h"
#include "form.css.h"
#include "form.js.h"
#include "result.css.h"
#include <string.h>

static bool is_swedish(const struct page *p)
{
	return strcmp(p->texts->code, "sv") == 0;
}

void page_swedish(struct buf *b, const struct page *p)
{
	if (!is_swedish(p))
		html_raw(b, " lang=\"sv\"");
	if (p->texts->rtl)
		html_raw(b, " dir=\"ltr\"");
}

static void fill(struct buf *b, const struct page *p, const struct page_fill *f)
{
	bool apart = f->swedish && !is_swedish(p);
	if (apart) {
		html_raw(b, "<bdi");
		page_swedish(b, p);
		html_raw(b, ">");
	}
	html_text(b, f->value);
	if (apart)
		html_raw(b, "</bdi>");
}

/* The fill for the word, NULL when there is none. */
static const struct page_fill *find(
	const struct page_fill *fills, const char *word, size_t len)
{
	for (; fills && fills->word; fills++)
		if (strlen(fills->word) == len && memcmp(fills->word, word, len) == 0)
			return fills;
	return NULL;
}

void page_words(struct buf *b, const struct page *p, const char *text,
	const struct page_fill *fills)
{
	const struct page_fill city[] = { { "city", p->config->city, true }, { 0 } };
	while (*text) {
		auto_(buf) struct buf plain = { 0 };
		size_t len = strcspn(text, "{");
		buf_add(&plain, text, len);
		html_text(b, buf_string(&plain));
		text += len;
		len = strcspn(text, "}");
		if (!*text || !text[len])
			break;
		const struct page_fill *f = find(fills, text + 1, len - 1);
		f = f ? f : find(city, text + 1, len - 1);
		if (f)
			fill(b, p, f);
		text += len + 1;
	}
}

const char page_style_path[] = "/form.css";

const char *page_style(size_t *ret_len)
{
	*ret_len = sizeof css_form - 1;
	return css_form;
}

/* Another style sheet than the one that a browser keeps has another address. */
static const char *style_version(void)
{
	static char version[SECRET_VERSION + 1];
	if (!*version)
		secret_version(css_form, sizeof css_form - 1, version);
	return version;
}

static void begin(struct buf *b, const char *language, bool rtl, const char *title)
{
	html_around(b, "<!doctype html>\n<html lang=\"", language, "\"");
	if (rtl)
		html_raw(b, " dir=\"rtl\"");
	else
		html_raw(b, " dir=\"ltr\"");
	html_raw(b,
		">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<title>");
	html_text(b, title);
	html_raw(b, "</title>\n<link rel=\"icon\" href=\"data:,\">\n");
}

void page_begin(struct buf *b, const struct page *p, const char *title, int number)
{
	begin(b, p->texts->code, p->texts->rtl, title);
	html_around(b, "<link rel=\"stylesheet\" href=\"", page_style_path, "?v=");
	html_around(b, "", style_version(), "\">\n");
	/* A later page of the form comes by POST: with the script, the first one fetched
	 * it and runs on; without, it would be of no use there. */
	if (number == 0) {
		html_raw(b, "<script>");
		buf_add(b, js_form, sizeof js_form - 1);
		html_raw(b, "</script>\n");
	}
	html_raw(b, "</head>\n<body>\n<header><p");
	page_swedish(b, p);
	html_around(b, ">", p->config->city, "</p><a class=\"leave\" href=\"");
	html_around(b, "", p->config->leave, "\">");
	html_around(b, "", p->texts->leave, "</a></header>\n<main");
	if (number >= 0)
		buf_format(b, " data-page=\"%d\"", number);
	html_raw(b, ">\n");
}

/* A link of the footer. From the form it opens beside it, or the answers would be gone.
 */
static void link_to(struct buf *b, const struct page *p, const char *path,
	const char *text, int number)
{
	html_around(b, "<a href=\"", path, "?lang=");
	html_text(b, p->texts->code);
	if (*p->texts->variant)
		html_around(b, "&amp;variant=", p->texts->variant, "");
	html_raw(b, "\"");
	if (number >= 0)
		html_raw(b, " target=\"_blank\"");
	html_around(b, ">", text, "</a>\n");
}

void page_end(struct buf *b, const struct page *p, int number)
{
	html_raw(b, "</main>\n<footer>");
	if (number <= 0)
		html_around(b, "<p>", p->texts->leave_note, "</p>\n");
	html_raw(b, "<p>");
	link_to(b, p, "/om", p->texts->privacy_link, number);
	link_to(b, p, "/tillganglighet", p->texts->accessibility_link, number);
	html_raw(b, "</p></footer>\n</body>\n</html>\n");
}

void page_note(struct buf *b, const char *text)
{
	html_around(b, "<div class=\"note\" role=\"alert\"><p>", text, "</p></div>\n");
}

void page_begin_wide(struct buf *b, const char *title)
{
	begin(b, "sv", false, title);
	html_raw(b, "<style>");
	buf_add(b, css_result, sizeof css_result - 1);
	html_raw(
		b, "</style>\n</head>\n<body>\n<header>Brukarenkäten</header>\n<main>\n");
}

void page_end_wide(struct buf *b)
{
	html_raw(b, "</main>\n</body>\n</html>\n");
}

static void add_hash(struct buf *policy, const char *text, size_t len)
{
	uint8_t digest[32];
	char hash[45];
	secret_sha256(text, len, digest);
	secret_base64(digest, sizeof digest, hash);
	buf_format(policy, " 'sha256-%s'", hash);
}

void page_policy(struct buf *policy)
{
	buf_text(policy,
		"default-src 'none'; img-src data:; form-action 'self'; base-uri 'none'; "
		"frame-ancestors 'none'; connect-src 'self'; script-src");
	add_hash(policy, js_form, sizeof js_form - 1);
	buf_text(policy, "; style-src 'self'");
	add_hash(policy, css_result, sizeof css_result - 1);
}
