#include "sms-gateway/held_pages.h"
#include "common/log.h"
#include "sms-gateway/intake.h"
#include "sms-gateway/pages.h"
#include "sms-gateway/person_report.h"
#include <string.h>

/* What the query or the form says; false when the account may not see it, or there is no
 * such thing, and that is said. */
static bool open_held(struct staff *s, struct http_request *r, const char *administration,
	const char *wave, struct store **ret_store, struct person_list *ret_list)
{
	const struct config *c = pages_config(staff_context(s));
	uint8_t invitation[SECRET_KEY];
	struct why why;
	enum err e = ERR_NOT_FOUND;
	if (intake_check_names(administration, wave, &why) == OK &&
		staff_sees_administration(staff_who(r), administration) &&
		store_exists(c->state, administration))
		e = store_open(c->state, administration, ret_store, &why);
	if (e == OK) {
		e = secret_key_load(c->invitation, invitation, &why);
		if (e == OK)
			e = person_held(*ret_store, c->keys, invitation, wave,
				http_arena(r), ret_list, &why);
		secret_wipe(invitation, sizeof invitation);
		if (e != OK)
			store_close(*ret_store);
	}
	if (e == OK)
		return true;
	if (e == ERR_NOT_FOUND) {
		staff_message(s, r, 404, "Det finns inget här", "Nothing here",
			"Förvaltningen har inga personer i mätomgången.",
			"The administration has no persons in the wave.");
		return false;
	}
	log_error("staff: held: %s", why.text);
	staff_unavailable(s, r);
	return false;
}

/* Who is meant: the numbers of persons are new with every import, their hashes are not.
 */
static void verdict_button(struct http_request *r, struct buf *b,
	const char *administration, const struct person_record *x, const char *verdict,
	const char *swedish, const char *english)
{
	char person[2 * KEYRING_HASH + 1];
	secret_hex(x->hash.bytes, sizeof x->hash.bytes, person);
	staff_form_begin(r, b, "/held");
	html_around(b, "<input type=\"hidden\" name=\"administration\" value=\"",
		administration, "\">");
	html_around(b, "<input type=\"hidden\" name=\"wave\" value=\"", x->wave, "\">");
	html_around(b, "<input type=\"hidden\" name=\"person\" value=\"", person, "\">");
	html_around(
		b, "<input type=\"hidden\" name=\"verdict\" value=\"", verdict, "\">");
	html_around(b, "<button type=\"submit\" class=\"quiet\">",
		staff_word(r, swedish, english), "<span class=\"aside\"> ");
	html_around(b, "", x->details.name, "</span></button></form> ");
}

static void held_person(struct http_request *r, struct buf *b, const char *administration,
	const struct person_record *x)
{
	html_around(b, "<li><div><strong>", x->details.name, "</strong><br>");
	html_around(b, "", x->details.phone, "<br>");
	html_around(b, "", x->details.unit, "<br>");
	html_around(b, "<span lang=\"sv\">", person_hold_words(x->hold),
		"</span></div>\n<div>");
	verdict_button(r, b, administration, x, "keep", "Ta med", "Keep");
	verdict_button(r, b, administration, x, "remove", "Ta bort", "Remove");
	html_raw(b, "</div></li>\n");
}

static void show_held(struct staff *s, struct http_request *r, const char *administration,
	const char *wave, const struct person_list *list)
{
	struct buf b = { 0 };
	staff_page(s, r, &b, "Väntar på beslut", "Waiting for a decision");
	html_around(&b, "<p><strong>", administration, ", ");
	html_around(&b, "", wave, "</strong></p>\n");
	staff_say(r, &b,
		"<p class=\"lead\">De här personerna får inget förrän du har bestämt. Ta med: de "
		"tillfrågas som alla andra. Ta bort: de får inget i den här omgången.</p>\n",
		"<p class=\"lead\">These persons get nothing until you have decided. Keep: they are "
		"asked like everyone else. Remove: they get nothing in this wave.</p>\n");
	if (list->count)
		html_raw(&b, "<ul class=\"waiting\">\n");
	else
		staff_say(r, &b, "<p>Ingen väntar.</p>\n", "<p>Nobody waits.</p>\n");
	for (size_t i = 0; i < list->count; i++)
		held_person(r, &b, administration, &list->records[i]);
	if (list->count)
		html_raw(&b, "</ul>\n");
	staff_page_reply(r, 200, &b);
}

static const char *query(struct http_request *r, const char *name)
{
	const char *value = http_query(r, name);
	return value ? value : "";
}

void held_pages_list(struct http_request *r, void *context)
{
	struct store *store;
	struct person_list list;
	const char *administration = query(r, "administration");
	const char *wave = query(r, "wave");
	if (!open_held(context, r, administration, wave, &store, &list))
		return;
	store_close(store);
	if (staff_audit(context, r, AUDIT_VIEWED,
		    arena_format(http_arena(r), "held %s wave %s persons %zu",
			    administration, wave, list.count)))
		show_held(context, r, administration, wave, &list);
}

/* Only the one of that hash stays in the list. */
static void choose(struct person_list *list, const char *person)
{
	struct keyring_hash hash = { 0 };
	size_t kept = 0;
	bool fine = secret_unhex(person, hash.bytes, sizeof hash.bytes);
	for (size_t i = 0; i < list->count; i++)
		if (fine && memcmp(&list->records[i].hash, &hash, sizeof hash) == 0)
			list->records[kept++] = list->records[i];
	list->count = kept;
}

void held_pages_decide(struct http_request *r, void *context)
{
	struct store *store;
	struct person_list list;
	struct why why;
	const char *administration = staff_typed(r, "administration");
	const char *wave = staff_typed(r, "wave");
	const char *verdict = staff_typed(r, "verdict");
	bool keep = strcmp(verdict, "keep") == 0;
	if (!open_held(context, r, administration, wave, &store, &list))
		return;
	choose(&list, staff_typed(r, "person"));
	bool meant = list.count && (keep || strcmp(verdict, "remove") == 0);
	if (meant && !staff_audit(context, r, AUDIT_CHANGED,
			     arena_format(http_arena(r), "contacts %s %s %s/%lld",
				     verdict, administration, wave,
				     (long long)list.records[0].contact))) {
		store_close(store);
		return;
	}
	enum err e = OK;
	if (meant)
		e = person_decide(store, &list, keep ? STORE_KEEP : STORE_REMOVE, &why);
	store_close(store);
	if (e != OK) {
		log_error("staff: held: %s", why.text);
		staff_unavailable(context, r);
		return;
	}
	staff_go(r, arena_format(http_arena(r), "/held?administration=%s&wave=%s",
			    administration, wave));
}
