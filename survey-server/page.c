#include "page.h"
#include "common/secret.h"
#include "form.css.h"
#include "result.css.h"
#include <string.h>

static void begin(struct buf *b, const char *title)
{
	html_raw(b,
		"<!doctype html>\n<html lang=\"sv\" dir=\"ltr\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"robots\" content=\"noindex\">\n<title>");
	html_text(b, title);
	html_raw(b, "</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>");
}

void page_begin(struct buf *b, const struct page_city *city, const char *title)
{
	begin(b, title);
	buf_add(b, css_form, sizeof css_form - 1);
	html_raw(b, "</style>\n</head>\n<body>\n<header><p>");
	html_text(b, city->name);
	html_raw(b, "</p><a class=\"leave\" rel=\"nofollow noreferrer\" href=\"");
	html_text(b, city->leave);
	html_raw(b, "\">Lämna sidan</a></header>\n<main>\n");
}

void page_end(struct buf *b)
{
	html_raw(b,
		"</main>\n<footer><p>Lämnar du sidan syns den ändå i webbläsarens historik.</p>\n"
		"<p><a href=\"/om\">Så skyddas dina svar</a>\n"
		"<a href=\"/tillganglighet\">Tillgänglighet</a></p></footer>\n</body>\n</html>\n");
}

void page_begin_wide(struct buf *b, const char *title)
{
	begin(b, title);
	buf_add(b, css_result, sizeof css_result - 1);
	html_raw(
		b, "</style>\n</head>\n<body>\n<header>Brukarenkäten</header>\n<main>\n");
}

void page_end_wide(struct buf *b)
{
	html_raw(b, "</main>\n</body>\n</html>\n");
}

static void add_hash(struct buf *policy, const char *css, size_t len)
{
	uint8_t digest[32];
	char text[45];
	secret_sha256(css, len, digest);
	secret_base64(digest, sizeof digest, text);
	buf_format(policy, " 'sha256-%s'", text);
}

void page_policy(struct buf *policy)
{
	buf_text(policy,
		"default-src 'none'; img-src data:; form-action 'self'; base-uri 'none'; "
		"frame-ancestors 'none'; style-src");
	add_hash(policy, css_form, sizeof css_form - 1);
	add_hash(policy, css_result, sizeof css_result - 1);
}
