#include "form_page.h"
#include "common/secret.h"
#include <string.h>

/* Words joined by a slash may part after it, or they are wider than a small screen. */
static void slashed(struct buf *b, const char *text)
{
	const char *slash;
	while ((slash = strchr(text, '/'))) {
		auto_(buf) struct buf word = { 0 };
		buf_add(&word, text, (size_t)(slash + 1 - text));
		html_text(b, buf_string(&word));
		html_raw(b, "<wbr>");
		text = slash + 1;
	}
	html_text(b, text);
}

static void option(struct buf *b, const struct question *q, const char *value,
	const char *text, bool checked, bool apart)
{
	html_raw(b, "<label class=\"option");
	if (apart)
		html_raw(b, " apart");
	html_raw(b, "\"><input type=\"radio\" name=\"");
	html_text(b, q->link);
	html_raw(b, "\" value=\"");
	html_text(b, value);
	html_raw(b, "\"");
	if (checked)
		html_raw(b, " checked");
	html_raw(b, "> <span>");
	slashed(b, text);
	html_raw(b, "</span></label>\n");
}

static void question(
	struct buf *b, const struct questionnaire *all, size_t n, uint8_t answer)
{
	const struct question *q = &all->questions[n];
	html_raw(b, "<fieldset>\n<legend><span class=\"step\">");
	buf_format(b, "Fråga %zu av %zu</span> ", n + 1, all->count);
	slashed(b, q->text);
	if (q->condition_count)
		html_raw(b,
			"<span class=\"hint\">Hoppa över frågan om inget har blivit bättre.</span>");
	html_raw(b, "</legend>\n");
	bool apart = true;
	for (size_t i = 0; i < q->option_count; i++) {
		const struct option *o = &q->options[i];
		const char value[] = { (char)('0' + o->code), '\0' };
		option(b, q, value, o->text, answer == o->code, apart && !o->grade);
		apart = apart && o->grade;
	}
	option(b, q, "", "Jag vill inte svara", false, apart);
	html_raw(b, "</fieldset>\n");
}

static void note(struct buf *b, const char *problem)
{
	html_raw(b, "<div class=\"note\" role=\"alert\"><p>");
	html_text(b, problem);
	html_raw(b, "</p></div>\n");
}

void form_page_form(struct buf *b, const struct page_city *city, const struct wave *wave,
	const struct questionnaire *q, const uint8_t *answers, const char *problem,
	const uint8_t nonce[static FORM_PAGE_NONCE])
{
	char nonce_text[2 * FORM_PAGE_NONCE + 1];
	secret_hex(nonce, FORM_PAGE_NONCE, nonce_text);
	page_begin(b, city,
		problem ? "Se över dina svar: Vad tycker du om stödet?"
			: "Vad tycker du om stödet?");
	html_raw(b, "<h1>Vad tycker du om stödet?</h1>\n");
	if (problem)
		note(b, problem);
	html_raw(b, "<p>");
	html_text(b, city->name);
	html_raw(b, " vill veta om stödet från socialtjänsten har gjort ditt liv bättre. "
		    "Det är sex frågor och tar ungefär två minuter.</p>\n");
	html_raw(b,
		"<p>Du väljer själv om du vill svara. Svaren påverkar inte ditt stöd. ");
	/* No more than is true: with the key on the server, somebody could look before
	 * the count. */
	if (wave->custody == CUSTODY_SERVER)
		html_raw(b,
			"Det här är en provomgång: först när svaren har räknats går de inte längre "
			"att koppla till dig.");
	else
		html_raw(b,
			"Enkäten är anonym: vi kan se att du har svarat, men inte vad.");
	html_raw(b, "</p>\n<form method=\"post\" autocomplete=\"off\">\n"
		    "<input type=\"hidden\" name=\"channel\" value=\"web\">\n"
		    "<input type=\"hidden\" name=\"nonce\" value=\"");
	html_text(b, nonce_text);
	html_raw(b, "\">\n");
	for (size_t n = 0; n < q->count; n++)
		question(b, q, n, answers[n]);
	html_raw(b,
		"<p>Det här är allt som sparas: dina svar och till exempel vilket område "
		"stödet hör till. Inte ditt namn och inte ditt nummer.</p>\n"
		"<div class=\"way\"><button type=\"submit\">Skicka mina svar</button></div>\n</form>\n"
		"<h2>Vill du inte vara med?</h2>\n"
		"<form method=\"post\" class=\"way\">\n"
		"<button type=\"submit\" class=\"quiet\" name=\"decline\" value=\"wrong-person\">Fel person</button>\n"
		"<button type=\"submit\" class=\"quiet\" name=\"decline\" value=\"no\">Nej tack</button>\n"
		"</form>\n");
	page_end(b);
}

void form_page_start(struct buf *b, const struct page_city *city, const char *problem)
{
	page_begin(b, city, "Brukarenkäten");
	html_raw(b, "<h1>Brukarenkäten</h1>\n");
	if (problem)
		note(b, problem);
	html_raw(b, "<p>Här svarar du på frågor om stödet från socialtjänsten i ");
	html_text(b, city->name);
	html_raw(b,
		". Du behöver koden som du har fått i ett meddelande, i ett brev eller på "
		"telefon.</p>\n<form method=\"post\" action=\"/\" autocomplete=\"off\">\n"
		"<label class=\"field\" for=\"code\">Din kod, 16 tecken</label>\n"
		"<input type=\"text\" id=\"code\" name=\"code\" maxlength=\"40\" "
		"autocapitalize=\"characters\" spellcheck=\"false\" required>\n"
		"<div class=\"way\"><button type=\"submit\">Till frågorna</button></div>\n</form>\n");
	page_end(b);
}

/* A page of one heading and one text. */
static void short_page(struct buf *b, const struct page_city *city, const char *heading,
	const char *text)
{
	page_begin(b, city, heading);
	html_raw(b, "<h1>");
	html_text(b, heading);
	html_raw(b, "</h1>\n<p>");
	html_text(b, text);
	html_raw(b, "</p>\n");
	page_end(b);
}

void form_page_thanks(struct buf *b, const struct page_city *city)
{
	short_page(b, city, "Tack för dina svar!",
		"De är sparade. Länken går inte att använda igen. Du kan stänga sidan nu.");
}

void form_page_declined(struct buf *b, const struct page_city *city)
{
	short_page(b, city, "Tack för att du sa till",
		"Vi skickar inga fler påminnelser till det här numret. Länken går inte att "
		"använda igen. Du kan stänga sidan nu.");
}

void form_page_gone(struct buf *b, const struct page_city *city)
{
	short_page(b, city, "Länken går inte att använda",
		"Länken har redan använts eller gäller inte längre. Varje länk kan användas "
		"en gång.");
}

void form_page_broken(struct buf *b, const struct page_city *city)
{
	short_page(b, city, "Svaren kom inte fram som de skulle",
		"Inget är sparat. Öppna länken i meddelandet igen och försök en gång till.");
}

void form_page_later(struct buf *b, const struct page_city *city)
{
	short_page(b, city, "Vi kan inte spara dina svar just nu",
		"Inget är sparat och länken går att använda. Gå tillbaka och skicka igen om "
		"en liten stund.");
}

void form_page_missing(struct buf *b, const struct page_city *city)
{
	short_page(b, city, "Sidan finns inte",
		"Kontrollera att du har skrivit hela adressen från meddelandet.");
}

void form_page_about(struct buf *b, const struct page_city *city, bool server_key)
{
	page_begin(b, city, "Så skyddas dina svar");
	html_raw(b,
		"<h1>Så skyddas dina svar</h1>\n"
		"<p>Du väljer själv om du vill svara. Svaren påverkar inte ditt stöd.</p>\n"
		"<h2>Det här sparas</h2>\n"
		"<p>Dina svar och några få uppgifter som området stödet hör till. Inte ditt namn, "
		"ditt nummer, din adress på nätet eller när du svarade. Sidan använder inga "
		"kakor.</p>\n"
		"<h2>Vem ser vad?</h2>\n"
		"<p>Nämnden ser att du svarat, inte vad. Svaren låses in så fort du skickar dem "
		"och öppnas först när enkäten är slut, alla på en gång. Då räknas de samman och "
		"de enskilda svaren förstörs tillsammans med nyckeln. Grupper med färre än tio "
		"svar visas aldrig för sig.</p>\n");
	if (server_key)
		html_raw(b,
			"<p>Just nu pågår en provomgång där nyckeln finns på samma server som "
			"svaren. Där gäller skyddet fullt ut först när svaren har räknats.</p>\n");
	html_raw(b,
		"<h2>Det här skyddar det mot, och inte</h2>\n"
		"<p>Skyddet gäller mot alla som kommer åt uppgifterna i efterhand. Det skyddar "
		"inte mot den som i dag driver tjänsten och byter ut programmet mot ett annat."
		"</p>\n<h2>Lämna sidan snabbt</h2>\n"
		"<p>Knappen ”Lämna sidan” tar dig till en annan webbplats. Besöket syns "
		"ändå i webbläsarens historik.</p>\n");
	page_end(b);
}

void form_page_accessibility(struct buf *b, const struct page_city *city)
{
	page_begin(b, city, "Tillgänglighet");
	html_raw(b, "<h1>Tillgänglighet</h1>\n<p>");
	html_text(b, city->name);
	html_raw(b,
		" vill att alla ska kunna svara. Sidorna fungerar utan JavaScript, med bara "
		"tangentbord, med skärmläsare och på en liten skärm.</p>\n"
		"<p>Vi prövar dem mot riktlinjerna WCAG 2.2 på nivå AA med automatiska "
		"kontroller. Ingen utomstående har granskat dem än. Frågorna finns bara på "
		"svenska.</p>\n"
		"<p>Kan du inte använda sidan? Säg till den som ger dig stöd, så kan du svara "
		"på ett annat sätt.</p>\n");
	page_end(b);
}
