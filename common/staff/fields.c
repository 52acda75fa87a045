/* Parts of forms that several pages have. */
#include "inside.h"
#include <string.h>

void staff_fault(struct buf *b, const char *fault)
{
	if (fault)
		html_around(b, "<p class=\"fault\" role=\"alert\">", fault, "</p>\n");
}

void staff_provider_link(
	const struct staff *s, struct buf *b, const char *next, bool again)
{
	auto_(buf) struct buf to = { 0 };
	form_encode(&to, next);
	html_raw(b, "<p><a class=\"button\" href=\"/staff/oidc/out?");
	if (again)
		html_raw(b, "again=1&amp;");
	html_around(b, "next=", buf_string(&to), "\">");
	html_around(b, "", s->config->label, "</a></p>\n");
}

void staff_field(struct buf *b, const char *type, const char *name, const char *label,
	const char *hint, const char *autocomplete, const char *value)
{
	html_around(b, "<p><label for=\"", name, "\">");
	html_around(b, "", label, "</label>\n");
	if (hint) {
		html_around(b, "<span class=\"hint\" id=\"", name, "-hint\">");
		html_around(b, "", hint, "</span>\n");
	}
	html_around(b, "<input id=\"", name, "\"");
	html_around(b, " name=\"", name, "\"");
	html_around(b, " type=\"", type, "\"");
	if (hint)
		html_around(b, " aria-describedby=\"", name, "-hint\"");
	if (autocomplete)
		html_around(b, " autocomplete=\"", autocomplete, "\"");
	html_around(b, " value=\"", value, "\"></p>\n");
}

void staff_password_fields(
	struct http_request *r, struct buf *b, const char *name, const char *fault)
{
	staff_fault(b, fault);
	/* For the browser's list of passwords. */
	html_around(b,
		"<input type=\"text\" name=\"name\" autocomplete=\"username\" hidden value=\"",
		name, "\">\n");
	staff_say(r, b,
		"<p><label for=\"new\">Nytt lösenord</label>\n"
		"<span class=\"hint\" id=\"new-hint\">Minst 12 tecken. Några ord efter varandra är "
		"bra.</span>\n",
		"<p><label for=\"new\">New password</label>\n"
		"<span class=\"hint\" id=\"new-hint\">At least 12 characters. A few words in a row "
		"are good.</span>\n");
	html_raw(b,
		"<input id=\"new\" name=\"new\" type=\"password\" autocomplete=\"new-password\" "
		"aria-describedby=\"new-hint\" minlength=\"12\" required></p>\n");
	staff_say(r, b, "<p><label for=\"again\">Samma lösenord en gång till</label>\n",
		"<p><label for=\"again\">The same password once more</label>\n");
	html_raw(b, "<input id=\"again\" name=\"again\" type=\"password\" "
		    "autocomplete=\"new-password\" required></p>\n");
}

const char *staff_new_password(
	struct http_request *r, const char *name, const char **ret_password)
{
	const struct form *f = staff_form(r);
	const char *new = form_get(f, "new"), *again = form_get(f, "again");
	if (!new || !again || strcmp(new, again) != 0)
		return staff_word(r, "De två lösenorden är inte lika. Skriv dem igen.",
			"The two passwords are not the same. Type them again.");
	*ret_password = new;
	switch (password_check(new, name)) {
	case PASSWORD_FINE:
		break;
	case PASSWORD_SHORT:
		return staff_word(r, "Lösenordet är för kort: minst 12 tecken.",
			"The password is too short: at least 12 characters.");
	case PASSWORD_LONG:
		return staff_word(r, "Lösenordet är för långt: högst 1 024 byte.",
			"The password is too long: at most 1,024 bytes.");
	case PASSWORD_NAMED:
		return staff_word(r, "Lösenordet får inte innehålla användarnamnet.",
			"The password must not contain the user name.");
	case PASSWORD_PLAIN:
		return staff_word(r,
			"Lösenordet har för få olika tecken: minst fem olika.",
			"The password has too few different characters: at least five.");
	}
	return NULL;
}

void staff_code_field(struct http_request *r, struct buf *b, const char *fault)
{
	staff_fault(b, fault);
	staff_say(r, b, "<p><label for=\"code\">Kod</label>\n",
		"<p><label for=\"code\">Code</label>\n");
	html_raw(b,
		"<input id=\"code\" type=\"text\" name=\"code\" autocomplete=\"one-time-code\" "
		"maxlength=\"20\" required></p>\n");
}

void staff_recovery_codes(struct http_request *r, struct buf *b,
	char codes[static TOTP_RECOVERY_COUNT][TOTP_RECOVERY_TEXT])
{
	staff_say(r, b,
		"<p>Spara de här återställningskoderna på papper eller där du har dina lösenord. Tappar "
		"du bort telefonen kan du logga in med en av dem. Varje kod kan användas en gång. De "
		"visas bara nu.</p>\n<ul class=\"codes\">\n",
		"<p>Keep these recovery codes on paper or where you keep passwords. If you lose your "
		"phone, you can sign in with one of them. Each can be used once. They are shown only "
		"now.</p>\n<ul class=\"codes\">\n");
	for (size_t i = 0; i < TOTP_RECOVERY_COUNT; i++)
		html_around(b, "<li><code>", codes[i], "</code></li>\n");
	html_raw(b, "</ul>\n");
}
