#include "report.h"
#include "common/json.h"
#include "common/sheet.h"
#include "definition.h"
#include "page.h"
#include <math.h>
#include <string.h>

/* A release and the names of what it counts. */
struct report {
	const struct wave *wave;
	struct arena *arena;
	struct definition definition;
	struct json *document;
	struct buf words;
};

static void report_free(struct report *r)
{
	json_destroy(r->document);
	arena_destroy(r->arena);
	buf_clear(&r->words);
}

/* Removes the rows that the scope does not see. */
static void limit(const struct report_scope *scope, const struct json *rows)
{
	const struct json *row = json_first(rows);
	while (row) {
		const struct json *next = json_next(row);
		const struct json *key = json_first(json_get(row, "key"));
		while (key && scope->sees(scope->context, json_key(key), json_text(key)))
			key = json_next(key);
		if (key)
			json_remove((struct json *)(uintptr_t)rows,
				(struct json *)(uintptr_t)row);
		row = next;
	}
}

static enum err report_load(struct store *s, const struct wave *w,
	const struct report_scope *scope, struct report *r)
{
	auto_(buf) struct buf document = { 0 };
	auto_(buf) struct buf definition = { 0 };
	struct why why;
	*r = (struct report){ .wave = w, .arena = arena_create() };
	enum err e = store_result(s, w->number, &document);
	if (e == OK)
		e = store_definition(s, w->number, &definition);
	if (e == OK)
		e = store_wave_words(s, w->number, &r->words);
	if (e == OK)
		e = json_parse(buf_string(&document), document.len, &r->document, &why);
	if (e == OK)
		e = definition_read(r->arena, buf_string(&definition), definition.len,
			&r->definition, &why);
	if (e) {
		report_free(r);
		return e;
	}
	const struct json *t = scope ? json_first(json_get(r->document, "tables")) : NULL;
	for (; t; t = json_next(t))
		limit(scope, json_get(t, "rows"));
	return OK;
}

/* The table by that variable, or of the city when code is NULL. */
static const struct json *table(const struct report *r, const char *code)
{
	const struct json *t = json_first(json_get(r->document, "tables"));
	for (; t; t = json_next(t)) {
		const char *by = json_text(json_first(json_get(t, "by")));
		if (code ? by && strcmp(by, code) == 0 : !by)
			return t;
	}
	return NULL;
}

static const char *row_name(const struct report *r, const struct json *row)
{
	const struct json *key = json_first(json_get(row, "key"));
	if (!key)
		return "Hela staden";
	int place = definition_variable(&r->definition, json_key(key));
	const struct variable *v = place < 0 ? NULL : &r->definition.variables[place];
	int value = v ? definition_value(v, json_text(key)) : -1;
	return value < 0 ? "Övriga områden" : v->values[value].name;
}

static bool is_rest(const struct json *row)
{
	const char *code = json_text(json_first(json_get(row, "key")));
	return code && strcmp(code, "rest") == 0;
}

enum err report_json(struct store *s, const struct wave *w,
	const struct report_scope *scope, struct buf *ret_json)
{
	struct report r;
	enum err e = report_load(s, w, scope, &r);
	if (e)
		return e;
	json_set(r.document, "published", json_new_bool(w->state == WAVE_PUBLISHED));
	json_print(r.document, true, ret_json);
	buf_text(ret_json, "\n");
	report_free(&r);
	return OK;
}

/* Whole per cent, empty when hidden. */
static void csv_share(struct buf *b, const struct json *share)
{
	double p;
	buf_text(b, ";");
	if (json_number(share, &p))
		buf_format(b, "%.0f", p * 100);
}

static void csv_number(struct buf *b, const struct json *number)
{
	double n;
	buf_text(b, ";");
	if (json_number(number, &n))
		buf_format(b, "%.0f", n);
}

static void csv_line(const struct report *r, const struct json *row,
	const struct question *q, struct buf *b)
{
	const struct json *j = json_get(json_get(row, "questions"), q->link);
	const struct json *positive = json_get(j, "positive");
	sheet_text(b, row_name(r, row));
	csv_number(b, json_get(row, "invited"));
	csv_number(b, json_get(row, "answered"));
	buf_format(b, ";%s", q->link);
	csv_number(b, json_get(j, "graded"));
	csv_number(b, json_get(positive, "n"));
	csv_share(b, json_get(positive, "share"));
	csv_share(b, json_get(positive, "low"));
	csv_share(b, json_get(positive, "high"));
	csv_number(b, json_get(j, "mean100"));
	csv_number(b, json_get(j, "dont_know"));
	csv_number(b, json_get(j, "missing"));
	const struct json *o = json_first(json_get(j, "options"));
	for (int i = 0; i < 5; i++, o = json_next(o))
		csv_number(b, o);
	buf_text(b, "\r\n");
}

enum err report_csv(struct store *s, const struct wave *w,
	const struct report_scope *scope, struct buf *ret_csv)
{
	struct report r;
	enum err e = report_load(s, w, scope, &r);
	if (e)
		return e;
	buf_text(ret_csv,
		"\xef\xbb\xbf"
		"område;tillfrågade;svarade;fråga;antal med betyg;antal positiva;"
		"positiva %;lägst %;högst %;medel 0-100;vet inte;ej svar;"
		"alternativ 1;alternativ 2;alternativ 3;alternativ 4;alternativ 5\r\n");
	const struct json *t = json_first(json_get(r.document, "tables"));
	for (; t; t = json_next(t))
		for (const struct json *row = json_first(json_get(t, "rows")); row;
			row = json_next(row))
			for (size_t n = 0; n < r.definition.questionnaire.count; n++)
				csv_line(&r, row,
					&r.definition.questionnaire.questions[n],
					ret_csv);
	report_free(&r);
	return OK;
}

static void number_cell(struct buf *b, const struct json *number)
{
	double n;
	html_raw(b, "<td>");
	if (json_number(number, &n))
		html_number(b, lround(n));
	else
		html_raw(b, "<span class=\"few\">för få svar</span>");
	html_raw(b, "</td>");
}

/* A figure of the full detail; empty where only n and the positive are shown. */
static void detail_cell(struct buf *b, const struct json *number)
{
	double n;
	html_raw(b, "<td>");
	if (json_number(number, &n))
		html_number(b, lround(n));
	html_raw(b, "</td>");
}

static void share_cell(struct buf *b, const struct json *positive)
{
	double share, low, high;
	html_raw(b, "<td>");
	if (json_number(json_get(positive, "share"), &share) &&
		json_number(json_get(positive, "low"), &low) &&
		json_number(json_get(positive, "high"), &high))
		buf_format(b, "%.0f\u00a0%% <span class=\"ci\">%.0f–%.0f</span>",
			share * 100, low * 100, high * 100);
	else
		html_raw(b, "<span class=\"few\">för få svar</span>");
	html_raw(b, "</td>");
}

/* From the best grade to the worst; the middle of five is not part of the bar. */
static const char *colour(const struct question *q, int grade)
{
	static const char *const bad[] = { "#b2182b", "#ef8a62" };
	static const char *const good[] = { "#67a9cf", "#2166ac" };
	if (grade <= 2)
		return bad[grade - 1];
	return grade > q->grades - 2 ? good[grade - q->grades + 1] : NULL;
}

enum { BAR_HALF = 90, BAR_HEIGHT = 20 };

struct slice {
	double share;
	const struct option *option;
};

/* The shares of the graded options; false when they are hidden. */
static bool slices(
	const struct question *q, const struct json *j, struct slice *ret_slices)
{
	double n, of;
	size_t count = 0;
	const struct json *o = json_first(json_get(j, "options"));
	if (!json_number(json_get(j, "graded"), &of) || of < 1)
		return false;
	for (size_t i = 0; i < q->option_count; i++) {
		if (!q->options[i].grade)
			continue;
		if (!json_number(o, &n))
			return false;
		ret_slices[count++] = (struct slice){ n / of, &q->options[i] };
		o = json_next(o);
	}
	return true;
}

static void rect(struct buf *b, double x, double width, const char *fill)
{
	buf_format(b, "<rect x=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>", x,
		width, BAR_HEIGHT, fill);
}

/* Positive grades to the right of the middle line, negative to the left. */
static void bar_cell(struct buf *b, const struct question *q, const struct json *j)
{
	struct slice s[QUESTIONNAIRE_OPTIONS];
	html_raw(b, "<td class=\"bar\">");
	if (!slices(q, j, s)) {
		html_raw(b, "</td>");
		return;
	}
	buf_format(b,
		"<svg viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"",
		2 * BAR_HALF, BAR_HEIGHT, 2 * BAR_HALF, BAR_HEIGHT);
	for (int i = 0; i < q->grades; i++) {
		html_text(b, s[i].option->text);
		buf_format(b, " %.0f%s", s[i].share * 100,
			i + 1 < q->grades ? ", " : " procent");
	}
	html_raw(b, "\">");
	double left = BAR_HALF, right = BAR_HALF;
	for (int step = 1; step >= 0; step--) {
		for (int i = 0; i < q->grades; i++) {
			int grade = s[i].option->grade;
			double width = s[i].share * BAR_HALF;
			if (grade == 1 + step) {
				left -= width;
				rect(b, left, width, colour(q, grade));
			} else if (grade == q->grades - step) {
				rect(b, right, width, colour(q, grade));
				right += width;
			}
		}
	}
	buf_format(b,
		"<line x1=\"%d\" x2=\"%d\" y1=\"0\" y2=\"%d\" stroke=\"#17202a\"/></svg></td>",
		BAR_HALF, BAR_HALF, BAR_HEIGHT);
}

static void question_row(const struct report *r, struct buf *b, const struct json *row,
	const struct question *q)
{
	const struct json *j = json_get(json_get(row, "questions"), q->link);
	if (json_get(row, "key") && !json_first(json_get(row, "key")))
		html_raw(b, "<tr class=\"city\"><th scope=\"row\">");
	else
		html_raw(b, "<tr><th scope=\"row\">");
	html_text(b, row_name(r, row));
	html_raw(b, "</th>");
	number_cell(b, json_get(j, "graded"));
	share_cell(b, json_get(j, "positive"));
	bar_cell(b, q, j);
	const struct json *o = json_first(json_get(j, "options"));
	for (int i = 0; i < q->grades; i++, o = json_next(o))
		detail_cell(b, o);
	detail_cell(b, json_get(j, "dont_know"));
	detail_cell(b, json_get(j, "missing"));
	html_raw(b, "</tr>\n");
}

/* A value that nobody was invited under is no group of this wave, and a rest group
 * without figures holds none. */
static bool is_group(const struct json *row, const struct json *figure)
{
	double n;
	if (is_rest(row))
		return json_number(figure, &n);
	return json_number(json_get(row, "invited"), &n) && n > 0;
}

static void rows(
	const struct report *r, struct buf *b, const char *by, const struct question *q)
{
	const struct json *row = json_first(json_get(table(r, by), "rows"));
	for (; row; row = json_next(row)) {
		const struct json *figures = json_get(row, "questions");
		if (is_group(row, json_get(json_get(figures, q->link), "graded")))
			question_row(r, b, row, q);
	}
}

static void key(struct buf *b, const struct question *q)
{
	html_raw(b, "<ul class=\"key\">");
	for (size_t i = 0; i < q->option_count; i++) {
		const char *fill =
			q->options[i].grade ? colour(q, q->options[i].grade) : NULL;
		if (!fill)
			continue;
		html_raw(b, "<li><svg width=\"14\" height=\"14\" aria-hidden=\"true\">");
		rect(b, 0, 14, fill);
		html_raw(b, "</svg>");
		html_text(b, q->options[i].text);
		html_raw(b, "</li>");
	}
	html_raw(b, "</ul>\n");
}

static void question_section(const struct report *r, struct buf *b, size_t n)
{
	const struct question *q = &r->definition.questionnaire.questions[n];
	buf_format(b, "<h2 id=\"%s\">Fråga %zu. ", q->link, n + 1);
	html_text(b, q->text);
	html_raw(b,
		"</h2>\n<div class=\"wide\" role=\"group\" tabindex=\"0\" aria-labelledby=\"");
	html_text(b, q->link);
	html_raw(b, "\">\n<table>\n<caption>Antal svar per verksamhetsområde");
	if (q->condition_count)
		html_raw(b, ", bland dem där något har blivit bättre");
	html_raw(b, "</caption>\n<thead><tr><th scope=\"col\">Verksamhetsområde</th>"
		    "<th scope=\"col\">Svar med betyg</th><th scope=\"col\">Positiva</th>"
		    "<th scope=\"col\" class=\"bar\">Fördelning</th>");
	for (size_t i = 0; i < q->option_count; i++) {
		if (!q->options[i].grade)
			continue;
		html_raw(b, "<th scope=\"col\">");
		html_text(b, q->options[i].text);
		html_raw(b, "</th>");
	}
	html_raw(b,
		"<th scope=\"col\">Vet inte</th><th scope=\"col\">Ej svar</th></tr></thead>\n"
		"<tbody>\n");
	rows(r, b, "area", q);
	rows(r, b, NULL, q);
	html_raw(b, "</tbody>\n</table>\n</div>\n");
	key(b, q);
}

static void fact(struct buf *b, const struct json *number, const char *unit)
{
	double n;
	html_raw(b, "<li><b>");
	if (json_number(number, &n))
		html_number(b, lround(n));
	html_raw(b, "</b>");
	html_text(b, unit);
	html_raw(b, "</li>");
}

static void head(const struct report *r, struct buf *b)
{
	const struct json *quality = json_get(r->document, "quality");
	char opens[32], closes[32];
	double invited, answered;
	day_swedish(r->wave->opens, opens);
	day_swedish(r->wave->closes, closes);
	html_raw(b, "<h1>");
	html_text(b, r->wave->title);
	html_raw(b,
		"</h1>\n<p class=\"lead\">Vad tycker de som får stöd av socialtjänsten? Svar från ");
	html_text(b, opens);
	html_raw(b, " till ");
	html_text(b, closes);
	html_raw(b, ".</p>\n");
	if (r->words.len) {
		html_raw(b, "<p class=\"lead\">");
		html_text(b, buf_string(&r->words));
		html_raw(b, "</p>\n");
	}
	html_raw(b, "<ul class=\"facts\">");
	fact(b, json_get(quality, "invited"), "tillfrågade");
	fact(b, json_get(quality, "answered"), "svarade");
	if (json_number(json_get(quality, "invited"), &invited) && invited > 0 &&
		json_number(json_get(quality, "answered"), &answered))
		buf_format(
			b, "<li><b>%.0f %%</b>svarsandel</li>", 100 * answered / invited);
	fact(b, json_get(quality, "break_off"), "avbröt");
	html_raw(b, "</ul>\n");
}

/* Who answered, in the whole city; what is hidden is not spoken of. */
static void helped(const struct report *r, struct buf *b)
{
	static const struct {
		const char *key;
		const char *words;
	} who[] = { { "self", "själva" }, { "relative", "med hjälp av en anhörig" },
		{ "staff", "med hjälp av personal" },
		{ "interpreter", "med hjälp av en tolk" }, { "rest", "på övriga sätt" },
		{ "unsaid", "utan att säga hur" } };
	const struct json *counts = json_get(json_get(r->document, "quality"), "helped");
	const char *before = "<p>Så har de svarat: ";
	double n;
	for (size_t i = 0; i < sizeof who / sizeof *who; i++) {
		if (!json_number(json_get(counts, who[i].key), &n) || n == 0)
			continue;
		buf_text(b, before);
		html_number(b, lround(n));
		html_raw(b, "\u00a0");
		html_text(b, who[i].words);
		before = ", ";
	}
	if (*before == ',')
		html_raw(b, ".</p>\n");
}

static void areas_section(const struct report *r, struct buf *b)
{
	html_raw(b,
		"<h2 id=\"areas\">Vilka har svarat?</h2>\n"
		"<div class=\"wide\" role=\"group\" tabindex=\"0\" aria-labelledby=\"areas\">\n"
		"<table>\n<thead><tr><th scope=\"col\">Verksamhetsområde</th>"
		"<th scope=\"col\">Tillfrågade</th><th scope=\"col\">Svarade</th></tr></thead>\n"
		"<tbody>\n");
	const struct json *row = json_first(json_get(table(r, "area"), "rows"));
	for (; row; row = json_next(row)) {
		if (!is_group(row, json_get(row, "answered")))
			continue;
		html_raw(b, "<tr><th scope=\"row\">");
		html_text(b, row_name(r, row));
		html_raw(b, "</th>");
		number_cell(b, json_get(row, "invited"));
		number_cell(b, json_get(row, "answered"));
		html_raw(b, "</tr>\n");
	}
	html_raw(b, "</tbody>\n</table>\n</div>\n");
}

/* Why persons with support were not asked, by sms-gateway's codes; what is in no row here
 * could not be read from the case system's file. */
static const struct {
	const char *code;
	const char *words;
} left_out_reasons[] = {
	{ "protected", "har skyddade personuppgifter" },
	{ "child", "är för unga" },
	{ "young", "är inte vuxna, och enheten har inte sagt ja" },
	{ "exempt", "får stöd i ett område där ingen tillfrågas" },
	{ "measure", "har en insats där ingen tillfrågas" },
	{ "ground", "har stöd enligt ett annat lagrum" },
	{ "ground-unknown", "har ett lagrum som inte gick att läsa" },
	{ "short", "har stöd under kort tid" },
	{ "sms-not-safe", "kan inte kontaktas på ett säkert sätt" },
	{ "refused", "har sagt nej till att bli kontaktade" },
	{ "removed", "har tagits bort av förvaltningen" },
	{ "late", "kom med först när utskicket hade börjat" },
};

enum { LEFT_OUT_REASONS = sizeof left_out_reasons / sizeof *left_out_reasons };

static void left_out_row(struct buf *b, long persons, const char *words)
{
	if (!persons)
		return;
	html_around(b, "<tr><th scope=\"row\">", words, "</th><td>");
	html_number(b, persons);
	html_raw(b, "</td></tr>\n");
}

/* The frame's rules in figures: who was not asked, and why. */
static void left_out_section(const struct report *r, struct buf *b)
{
	const struct json *counts =
		json_get(json_get(r->document, "quality"), "left_out");
	long persons[LEFT_OUT_REASONS + 1] = { 0 };
	for (const struct json *j = json_first(counts); j; j = json_next(j)) {
		double n = 0;
		size_t i = 0;
		while (i < LEFT_OUT_REASONS &&
			strcmp(left_out_reasons[i].code, json_key(j)) != 0)
			i++;
		(void)json_number(j, &n);
		persons[i] += lround(n);
	}
	if (!json_count(counts))
		return;
	html_raw(b,
		"<h2 id=\"left-out\">Vilka har inte tillfrågats?</h2>\n"
		"<div class=\"wide\" role=\"group\" tabindex=\"0\" aria-labelledby=\"left-out\">\n"
		"<table>\n<thead><tr><th scope=\"col\">Personer med stöd som</th>"
		"<th scope=\"col\">Antal</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < LEFT_OUT_REASONS; i++)
		left_out_row(b, persons[i], left_out_reasons[i].words);
	left_out_row(b, persons[LEFT_OUT_REASONS], "inte gick att läsa ur filen");
	html_raw(b, "</tbody>\n</table>\n</div>\n");
}

enum err report_html(struct store *s, const struct wave *w,
	const struct report_scope *scope, struct buf *ret_page)
{
	struct report r;
	enum err e = report_load(s, w, scope, &r);
	if (e)
		return e;
	page_begin_wide(ret_page, w->title);
	head(&r, ret_page);
	areas_section(&r, ret_page);
	helped(&r, ret_page);
	left_out_section(&r, ret_page);
	for (size_t n = 0; n < r.definition.questionnaire.count; n++)
		question_section(&r, ret_page, n);
	html_raw(ret_page,
		"<h2>Så läser du siffrorna</h2>\n"
		"<p>Positiva är de som valde något av de två bästa svaren, av dem som gav ett "
		"betyg. Spannet efter andelen visar osäkerheten (95 procent). Grupper med färre "
		"än tio svar, eller där alla svarat lika, visas bara tillsammans med andra, som "
		"”Övriga områden”. Är den minsta gruppen under 30 svar visas bara antal och "
		"positiva. Strecket i figuren är mitten; mittenalternativet och ”vet inte” "
		"ingår inte i den.</p>\n");
	page_end_wide(ret_page);
	report_free(&r);
	return OK;
}
