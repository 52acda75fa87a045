#include "sms-gateway/person_report.h"
#include "common/html.h"
#include "common/json.h"
#include "sms-gateway/frame.h"

const char *person_hold_words(enum store_hold h)
{
	switch (h) {
	case STORE_FREE:
		return "";
	case STORE_SHARED:
		return "samma telefonnummer som en annan person";
	case STORE_VANISHED:
		return "finns inte i den senaste filen";
	case STORE_OUT:
		return "får inget mer";
	}
	return "";
}

const char *person_state_words(enum store_state s)
{
	switch (s) {
	case STORE_QUEUED:
		return "planerat";
	case STORE_SENDING:
		return "på väg";
	case STORE_SENT:
		return "skickat";
	case STORE_DELIVERED:
		return "framme";
	case STORE_FAILED:
		return "misslyckat";
	case STORE_UNKNOWN:
		return "ingen vet om det kom fram";
	case STORE_STOPPED:
		return "stoppat, aldrig skickat";
	}
	return "";
}

static const char *kind_words(enum store_kind k)
{
	switch (k) {
	case STORE_INVITATION:
		return "Inbjudan";
	case STORE_REMINDER:
		return "Påminnelse";
	}
	return "";
}

static const char *plan_words(const struct person_record *r)
{
	return !r->enrolled                ? "inte bestämt"
	       : r->plan == PLAN_TELEPHONE ? "telefon"
					   : "SMS";
}

static const char *reach_words(unsigned channels)
{
	return channels & FRAME_SMS    ? "SMS eller telefon"
	       : channels & FRAME_CALL ? "telefon"
				       : "brev";
}

static const char *verdict_words(enum store_verdict v)
{
	switch (v) {
	case STORE_KEEP:
		return "tas med";
	case STORE_REMOVE:
		return "tas inte med";
	}
	return "";
}

/* The name of the value that the person has of the wave's variable; NULL: not known. */
static const char *value_name(
	const struct person_record *r, const struct survey_wave *w, size_t n)
{
	const struct survey_variable *v = &w->variables[n];
	return r->details.values[n] < v->count ? v->values[r->details.values[n]].name
					       : NULL;
}

/* JSON. */

static struct json *messages_json(const struct person_record *r)
{
	struct json *list = json_array();
	for (size_t i = 0; i < r->message_count; i++) {
		struct json *m = json_append(list, json_object());
		(void)json_set(m, "kind", json_new_text(kind_words(r->messages[i].kind)));
		(void)json_set(m, "state",
			json_new_text(person_state_words(r->messages[i].state)));
	}
	return list;
}

static struct json *background_json(
	const struct person_record *r, const struct survey_wave *w)
{
	struct json *j = json_object();
	for (size_t n = 0; w && n < w->count; n++) {
		const char *name = value_name(r, w, n);
		(void)json_set(j, w->variables[n].code,
			name ? json_new_text(name) : json_new_null());
	}
	return j;
}

static struct json *record_json(
	const struct person_record *r, const struct survey_wave *w)
{
	struct json *j = json_object();
	(void)json_set(j, "wave", json_new_text(r->wave));
	(void)json_set(j, "title", json_new_text(w ? w->title : r->wave));
	(void)json_set(j, "name", json_new_text(r->details.name));
	(void)json_set(j, "phone", json_new_text(r->details.phone));
	(void)json_set(j, "language", json_new_text(r->language));
	(void)json_set(j, "unit", json_new_text(r->details.unit));
	(void)json_set(j, "background", background_json(r, w));
	(void)json_set(j, "reach", json_new_text(reach_words(r->channels)));
	(void)json_set(j, "plan", json_new_text(plan_words(r)));
	(void)json_set(j, "hold", json_new_text(person_hold_words(r->hold)));
	(void)json_set(j, "messages", messages_json(r));
	return j;
}

static struct json *decisions_json(const struct person_list *l)
{
	struct json *list = json_array();
	for (size_t i = 0; i < l->decision_count; i++) {
		struct json *j = json_append(list, json_object());
		(void)json_set(j, "wave", json_new_text(l->decisions[i].wave));
		(void)json_set(j, "decision",
			json_new_text(verdict_words(l->decisions[i].verdict)));
	}
	return list;
}

void person_report_json(const struct person_extract *x, struct buf *out)
{
	auto_(json) struct json *j = json_object();
	char text[11];
	day_format(x->today, text);
	(void)json_set(j, "administration", json_new_text(x->administration));
	(void)json_set(j, "day", json_new_text(text));
	(void)json_set(j, "refused", json_new_bool(x->refused));
	struct json *list = json_set(j, "waves", json_array());
	for (size_t i = 0; i < x->list->count; i++) {
		const struct person_record *r = &x->list->records[i];
		(void)json_append(
			list, record_json(r, survey_wave_find(x->waves, r->wave)));
	}
	(void)json_set(j, "decisions", decisions_json(x->list));
	json_print(j, true, out);
	buf_text(out, "\n");
}

/* The page. */

static void row(struct buf *b, const char *what, const char *text)
{
	html_around(b, "<tr><th scope=\"row\">", what, "</th>");
	html_around(b, "<td>", *text ? text : "–", "</td></tr>\n");
}

static void record_html(
	const struct person_record *r, const struct survey_wave *w, struct buf *b)
{
	html_around(b, "<h2>", w ? w->title : r->wave, " (");
	html_around(b, "", r->wave, ")</h2>\n<table>\n<tbody>\n");
	row(b, "Namn", r->details.name);
	row(b, "Telefon", r->details.phone);
	row(b, "Språk", r->language);
	row(b, "Enhet", r->details.unit);
	for (size_t n = 0; w && n < w->count; n++) {
		const char *name = value_name(r, w, n);
		row(b, w->variables[n].name, name ? name : "");
	}
	row(b, "Kan nås med", reach_words(r->channels));
	row(b, "Hur du ska tillfrågas", plan_words(r));
	if (r->hold != STORE_FREE)
		row(b, "Utskick till dig är stoppade", person_hold_words(r->hold));
	for (size_t i = 0; i < r->message_count; i++)
		row(b, kind_words(r->messages[i].kind),
			person_state_words(r->messages[i].state));
	html_raw(b, "</tbody>\n</table>\n");
}

static void begin_html(const struct person_extract *x, struct buf *b)
{
	char date[32];
	day_swedish(x->today, date);
	html_raw(b,
		"<!DOCTYPE html>\n<html lang=\"sv\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<title>Registerutdrag</title>\n<style>\n"
		"body { font: 1rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 2rem auto;"
		" padding: 0 1rem; }\n"
		"table { border-collapse: collapse; width: 100%; }\n"
		"th, td { border-bottom: 1px solid; padding: .3rem .5rem .3rem 0; text-align: left;"
		" vertical-align: top; }\nth { width: 40%; }\n"
		"</style>\n</head>\n<body>\n<h1>Registerutdrag</h1>\n");
	html_around(b, "<p>Brukarenkäten, förvaltning: ", x->administration, ". ");
	html_around(b, "Utdraget är från den ", date, ".</p>\n");
}

void person_report_html(const struct person_extract *x, struct buf *out)
{
	begin_html(x, out);
	if (!x->list->count)
		html_raw(out, "<p>Ingenting finns om personen i någon mätomgång.</p>\n");
	for (size_t i = 0; i < x->list->count; i++) {
		const struct person_record *r = &x->list->records[i];
		record_html(r, survey_wave_find(x->waves, r->wave), out);
	}
	for (size_t i = 0; i < x->list->decision_count; i++) {
		const struct person_decision *d = &x->list->decisions[i];
		html_around(out, "<p>Beslut om dig i ", d->wave, ": ");
		html_around(out, "", verdict_words(d->verdict),
			". Det är sparat med ett kontrollvärde av id:t som inte går att läsa.</p>\n");
	}
	if (x->refused)
		html_raw(out,
			"<p>Personen har sagt nej till att bli kontaktad. Det är sparat så att numret "
			"eller id:t känns igen men inte går att läsa.</p>\n");
	html_raw(out,
		"<p>Personnumret är inte sparat, bara ett kontrollvärde som inte går att läsa. "
		"Den personliga koden till enkäten visas inte: den som har den kan svara.</p>\n"
		"<p>Svar finns inte här. De är anonyma och går inte att koppla till någon.</p>\n"
		"</body>\n</html>\n");
}
