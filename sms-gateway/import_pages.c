#include "sms-gateway/import_pages.h"
#include "common/log.h"
#include "sms-gateway/import_view.h"
#include "sms-gateway/intake_report.h"
#include "sms-gateway/pages.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	WAITING = 4, /* files that wait for their go at a time */
	WAIT_MS = 15 * 60 * 1000,
	TOKEN = 16,
	TOKEN_TEXT = 2 * TOKEN,
};

/* A file that was tried and may be taken in; in memory only. */
struct upload {
	char token[TOKEN_TEXT + 1]; /* "" where nothing waits */
	int64_t account;
	int64_t until; /* ticks */
	char wave[64];
	char administration[64];
	char name[4 * MULTIPART_NAME + 1];
	unsigned per_cent;
	struct buf data;
};

struct import_pages {
	const struct config *config;
	uint8_t internal[SECRET_KEY];
	pthread_mutex_t lock; /* of the uploads */
	struct upload uploads[WAITING];
};

/* Uploads. */

static void forget(struct upload *u)
{
	buf_clear(&u->data);
	secret_wipe(u, sizeof *u);
}

enum err import_pages_create(
	const struct config *c, struct import_pages **ret_pages, struct why *why)
{
	struct import_pages *p = mem_alloc(sizeof *p);
	p->config = c;
	(void)pthread_mutex_init(&p->lock, NULL);
	enum err e = secret_key_load(c->internal, p->internal, why);
	if (e != OK) {
		import_pages_destroy(p);
		return e;
	}
	*ret_pages = p;
	return OK;
}

void import_pages_destroy(struct import_pages *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < WAITING; i++)
		forget(&p->uploads[i]);
	(void)pthread_mutex_destroy(&p->lock);
	secret_wipe(p, sizeof *p);
	free(p);
}

void import_pages_tidy(struct import_pages *p)
{
	int64_t now = clock_ticks();
	(void)pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < WAITING; i++)
		if (*p->uploads[i].token && now >= p->uploads[i].until)
			forget(&p->uploads[i]);
	(void)pthread_mutex_unlock(&p->lock);
}

/* Keeps the upload, whose data it takes over: in the place of the account's last one, a
 * free one, or the one that has waited longest. One that was taken out and is put back
 * gives way to what the account has tried meanwhile. */
static void lay_aside(struct import_pages *p, struct upload *u, bool back)
{
	size_t at = 0;
	bool gives_way = false;
	(void)pthread_mutex_lock(&p->lock);
	for (size_t i = 1; i < WAITING; i++)
		if (p->uploads[i].until < p->uploads[at].until)
			at = i;
	for (size_t i = 0; i < WAITING; i++)
		if (*p->uploads[i].token && p->uploads[i].account == u->account) {
			at = i;
			gives_way = back;
		}
	if (!gives_way) {
		forget(&p->uploads[at]);
		p->uploads[at] = *u;
		u->data = (struct buf){ 0 };
	}
	(void)pthread_mutex_unlock(&p->lock);
}

static void wait_for_go(struct import_pages *p, struct upload *u)
{
	uint8_t token[TOKEN];
	secret_random(token, sizeof token);
	secret_hex(token, sizeof token, u->token);
	u->until = clock_ticks() + WAIT_MS;
	lay_aside(p, u, false);
}

static void fill(struct buf *b, const char *data, size_t len)
{
	buf_reserve(b, len);
	buf_add(b, data, len);
}

static bool is_upload(const struct upload *u, const char *token, int64_t account)
{
	return *u->token && u->account == account && strlen(token) == TOKEN_TEXT &&
	       secret_equal(token, u->token, TOKEN_TEXT);
}

/* Hands the upload over, or a copy of one that stays; false when there is none of that
 * token, or it is another account's. */
static bool take_upload(struct import_pages *p, const char *token, int64_t account,
	bool stays, struct upload *ret_upload)
{
	bool found = false;
	import_pages_tidy(p);
	(void)pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < WAITING && !found; i++) {
		struct upload *u = &p->uploads[i];
		found = is_upload(u, token, account);
		if (!found)
			continue;
		*ret_upload = *u;
		u->data = (struct buf){ 0 };
		if (stays)
			fill(&u->data, ret_upload->data.data, ret_upload->data.len);
		else
			forget(u);
	}
	(void)pthread_mutex_unlock(&p->lock);
	return found;
}

/* What is done on a thread of its own. */

enum task {
	TASK_FORM,
	TASK_TRY,
	TASK_KEEP,
	TASK_REPORT,
	TASK_GROUPS,
};

struct job {
	struct import_pages *pages;
	enum task task;
	struct arena *arena;
	struct upload upload; /* what the form said */
	const char *fault;    /* what is wrong with the form */
	struct survey_waves waves;
	const struct survey_wave *wave;
	struct intake *intake;
	struct outlook outlook;
	bool has_outlook;
	enum err e;
	struct why why;
};

static enum err read_waves(struct job *j)
{
	auto_(survey_api) struct survey_api *api =
		survey_api_create(j->pages->config->api, j->pages->internal);
	enum err e = survey_api_waves(api, j->arena, &j->waves, &j->why);
	if (e == OK)
		j->wave = survey_wave_find(&j->waves, j->upload.wave);
	return e;
}

static enum err run_intake(struct job *j)
{
	const struct upload *u = &j->upload;
	struct intake_order order = { .wave = u->wave,
		.administration = u->administration,
		.name = u->name,
		.dry_run = j->task != TASK_KEEP };
	if (!j->wave || j->wave->phase == SURVEY_CLOSED)
		return err_why(&j->why, ERR_INPUT, "mätomgången är inte öppen");
	return intake_run(j->pages->config, j->wave, &order, buf_string(&u->data),
		u->data.len, &j->intake, &j->why);
}

static enum err look_ahead(struct job *j)
{
	return outlook_make(j->arena, j->pages->config, j->wave,
		j->intake ? j->upload.administration : NULL,
		j->intake ? intake_groups(j->intake) : NULL, j->upload.per_cent,
		&j->outlook, &j->why);
}

static void work(void *job)
{
	struct job *j = job;
	j->e = read_waves(j);
	if (j->e == OK && !j->fault &&
		(j->task == TASK_TRY || j->task == TASK_KEEP || j->task == TASK_REPORT))
		j->e = run_intake(j);
	if (j->e != OK || !j->wave || j->task == TASK_REPORT ||
		(!j->intake && j->task != TASK_GROUPS))
		return;
	enum err e = look_ahead(j);
	j->has_outlook = e == OK;
	/* What is kept stays kept. */
	if (j->task != TASK_KEEP)
		j->e = e;
}

/* A file that could not be taken in waits on. */
static void end_job(struct job *j)
{
	if (j->task == TASK_KEEP && !j->intake && *j->upload.token)
		lay_aside(j->pages, &j->upload, true);
	intake_destroy(j->intake);
	j->intake = NULL;
	forget(&j->upload);
}

/* The form. */

static void option(struct buf *b, const char *value, const char *text, bool selected)
{
	html_around(b, "<option value=\"", value, "\"");
	if (selected)
		html_raw(b, " selected");
	html_around(b, ">", text, "</option>\n");
}

/* Waves that take persons. */
static size_t wave_options(struct buf *b, const struct job *j)
{
	size_t count = 0;
	for (size_t i = 0; i < j->waves.count; i++) {
		const struct survey_wave *w = &j->waves.waves[i];
		if (w->phase == SURVEY_CLOSED)
			continue;
		option(b, w->wave, arena_format(j->arena, "%s (%s)", w->title, w->wave),
			strcmp(w->wave, j->upload.wave) == 0);
		count++;
	}
	return count;
}

/* Administrations that the account sees, by the waves' own names for them. */
static void administration_options(
	struct buf *b, const struct job *j, const struct account *who)
{
	for (size_t i = j->waves.count; i-- > 0;) {
		const struct survey_wave *w = &j->waves.waves[i];
		int place = survey_variable_find(w, "administration");
		if (w->phase == SURVEY_CLOSED || place < 0)
			continue;
		const struct survey_variable *v = &w->variables[place];
		for (size_t n = 0; n < v->count; n++)
			if (staff_sees_administration(who, v->values[n].code))
				option(b, v->values[n].code, v->values[n].name,
					strcmp(v->values[n].code,
						j->upload.administration) == 0);
		return;
	}
}

static void form_fields(struct http_request *r, struct buf *b, const struct job *j)
{
	staff_form_begin_file(r, b, "/import/try");
	staff_say(r, b, "<p><label for=\"wave\">Mätomgång</label>\n",
		"<p><label for=\"wave\">Wave</label>\n");
	html_raw(b, "<select id=\"wave\" name=\"wave\">\n");
	(void)wave_options(b, j);
	html_raw(b, "</select></p>\n");
	staff_say(r, b, "<p><label for=\"administration\">Förvaltning</label>\n",
		"<p><label for=\"administration\">Administration</label>\n");
	html_raw(b, "<select id=\"administration\" name=\"administration\">\n");
	administration_options(b, j, staff_who(r));
	html_raw(b, "</select></p>\n");
	staff_say(r, b,
		"<p><label for=\"file\">Fil från verksamhetssystemet</label>\n"
		"<span class=\"hint\" id=\"file-hint\">CSV eller Excel (.xlsx), högst 32 MB.</span>\n",
		"<p><label for=\"file\">File from the case system</label>\n"
		"<span class=\"hint\" id=\"file-hint\">CSV or Excel (.xlsx), at most 32 MB.</span>\n");
	html_raw(b,
		"<input id=\"file\" name=\"file\" type=\"file\" required "
		"accept=\".csv,.txt,.xlsx,text/csv\" aria-describedby=\"file-hint\"></p>\n");
	staff_say(r, b,
		"<p><label for=\"response\">Hur många väntas svara, i procent?</label>\n",
		"<p><label for=\"response\">How many are expected to answer, in per "
		"cent?</label>\n");
	buf_format(b,
		"<input id=\"response\" name=\"response\" type=\"number\" min=\"1\" max=\"100\" "
		"value=\"%u\"></p>\n",
		j->upload.per_cent);
	staff_say(r, b,
		"<p><button type=\"submit\">Prova filen</button> <span class=\"hint\">Inget sparas än.</span></p>\n",
		"<p><button type=\"submit\">Try the file</button> <span class=\"hint\">Nothing is kept "
		"yet.</span></p>\n");
	html_raw(b, "</form>\n");
}

static bool any_wave(const struct job *j)
{
	auto_(buf) struct buf ignored = { 0 };
	return wave_options(&ignored, j) > 0;
}

static void show_form(struct staff *s, struct http_request *r, const struct job *j)
{
	struct buf b = { 0 };
	staff_page(s, r, &b, "Läs in personer", "Import persons");
	staff_fault(&b, j->fault);
	staff_say(r, &b,
		"<p class=\"lead\">Filen kommer ur verksamhetssystemet. Först provas den: du ser vilka "
		"som tas med, vilka som lämnas utanför och varför. Sedan läser du in den på "
		"riktigt.</p>\n",
		"<p class=\"lead\">The file comes from the case system. It is tried first: you see who "
		"is taken, who is left out, and why. Then you import it for real.</p>\n");
	if (any_wave(j))
		form_fields(r, &b, j);
	else
		staff_say(r, &b, "<p>Ingen mätomgång tar emot personer just nu.</p>\n",
			"<p>No wave takes persons just now.</p>\n");
	staff_page_reply(r, j->fault ? 422 : 200, &b);
}

/* The result. */

static void token_form(struct http_request *r, struct buf *b, const char *path,
	const char *token, const char *swedish, const char *english, bool quiet)
{
	staff_form_begin(r, b, path);
	html_around(b, "<input type=\"hidden\" name=\"token\" value=\"", token, "\">\n");
	if (quiet)
		html_raw(b, "<p><button type=\"submit\" class=\"quiet\">");
	else
		html_raw(b, "<p><button type=\"submit\">");
	html_around(b, "", staff_word(r, swedish, english), "</button></p>\n</form>\n");
}

static void held_link(struct http_request *r, struct buf *b, const struct job *j)
{
	if (!intake_result(j->intake)->held)
		return;
	html_around(b, "<p><a href=\"/held?administration=", j->upload.administration,
		"&amp;wave=");
	html_around(b, "", j->upload.wave, "\">");
	staff_say(r, b, "Besluta om dem som väntar</a></p>\n",
		"Decide about those who wait</a></p>\n");
}

/* Which file, and whose it is. */
static void show_file(struct buf *b, const struct job *j)
{
	const struct survey_variable *v =
		&j->wave->variables[survey_variable_find(j->wave, "administration")];
	html_around(b, "<p><strong>", j->upload.name, "</strong><br>");
	html_around(b, "", v->values[survey_value_find(v, j->upload.administration)].name,
		", ");
	html_around(b, "", j->wave->title, "");
	html_around(b, " (", j->wave->wave, ")</p>\n");
}

static void show_tried(struct staff *s, struct http_request *r, struct job *j)
{
	struct buf b = { 0 };
	wait_for_go(j->pages, &j->upload);
	staff_page(s, r, &b, "Provad, inte sparad", "Tried, not kept");
	show_file(&b, j);
	import_view_result(r, &b, j->intake);
	const struct intake_result *x = intake_result(j->intake);
	if (!x->same && (x->reasons[REASON_NONE] || x->before))
		token_form(r, &b, "/import/keep", j->upload.token, "Läs in på riktigt",
			"Import for real", false);
	token_form(r, &b, "/import/report", j->upload.token,
		"Ladda ner alla rader som CSV", "Download all rows as CSV", true);
	html_raw(&b, "<p><a href=\"/import\">");
	staff_say(r, &b, "Välj en annan fil</a></p>\n", "Choose another file</a></p>\n");
	import_view_outlook(r, &b, &j->outlook, j->upload.per_cent);
	staff_page_reply(r, 200, &b);
}

static void show_kept(struct staff *s, struct http_request *r, struct job *j)
{
	struct buf b = { 0 };
	staff_page(s, r, &b, "Inläst", "Imported");
	show_file(&b, j);
	held_link(r, &b, j);
	import_view_result(r, &b, j->intake);
	if (j->has_outlook)
		import_view_outlook(r, &b, &j->outlook, j->upload.per_cent);
	else
		log_error("staff: import: %s", j->why.text);
	staff_page_reply(r, 200, &b);
}

static void send_report(struct staff *s, struct http_request *r, struct job *j)
{
	struct buf csv = { 0 };
	if (!staff_audit(s, r, AUDIT_EXPORTED,
		    arena_format(j->arena, "import report %s wave %s",
			    j->upload.administration, j->upload.wave)))
		return;
	intake_report_csv(j->intake, &csv);
	http_set_header(
		r, "Content-Disposition", "attachment; filename=\"inlasning.csv\"");
	http_reply_buf(r, 200, "text/csv; charset=utf-8", &csv);
}

static void show_groups(struct staff *s, struct http_request *r, struct job *j)
{
	struct buf b = { 0 };
	staff_page(s, r, &b, "Små grupper", "Small groups");
	if (j->wave)
		import_view_outlook(r, &b, &j->outlook, j->upload.per_cent);
	else
		staff_say(r, &b, "<p>Det finns ingen sådan mätomgång.</p>\n",
			"<p>There is no such wave.</p>\n");
	staff_page_reply(r, j->wave ? 200 : 404, &b);
}

/* What is wrong with the file is for the coordinator to read, all else for the log. */
static void show_trouble(struct staff *s, struct http_request *r, struct job *j)
{
	if (j->e == ERR_INPUT && j->waves.count) {
		j->fault = arena_format(j->arena, "%s", j->why.text);
		show_form(s, r, j);
		return;
	}
	log_error("staff: import: %s", j->why.text);
	staff_unavailable(s, r);
}

static void show(struct http_request *r, void *context)
{
	struct staff *s = context;
	struct job *j = http_note(r);
	if (j->e != OK)
		show_trouble(s, r, j);
	else if (j->task == TASK_GROUPS)
		show_groups(s, r, j);
	else if (!j->intake)
		show_form(s, r, j);
	else if (j->task == TASK_TRY)
		show_tried(s, r, j);
	else if (j->task == TASK_KEEP)
		show_kept(s, r, j);
	else
		send_report(s, r, j);
	end_job(j);
}

static struct job *new_job(struct staff *s, struct http_request *r, enum task task)
{
	struct job *j = arena_alloc(http_arena(r), sizeof *j);
	j->pages = pages_imports(staff_context(s));
	j->task = task;
	j->arena = http_arena(r);
	j->upload.account = staff_who(r)->id;
	j->upload.per_cent = OUTLOOK_PER_CENT;
	return j;
}

static void start(struct staff *s, struct http_request *r, struct job *j)
{
	if (!staff_work(s, r, work, j, show))
		end_job(j);
}

void import_pages_form(struct http_request *r, void *context)
{
	start(context, r, new_job(context, r, TASK_FORM));
}

/* A whole number of per cent; what is none counts as not said. */
static unsigned response_of(const char *text)
{
	unsigned long n = text ? strtoul(text, NULL, 10) : 0;
	return n >= 1 && n <= 100 ? (unsigned)n : OUTLOOK_PER_CENT;
}

void import_pages_groups(struct http_request *r, void *context)
{
	struct job *j = new_job(context, r, TASK_GROUPS);
	const char *wave = http_query(r, "wave");
	(void)snprintf(j->upload.wave, sizeof j->upload.wave, "%s", wave ? wave : "");
	j->upload.per_cent = response_of(http_query(r, "response"));
	start(context, r, j);
}

void import_pages_try(struct http_request *r, void *context)
{
	struct job *j = new_job(context, r, TASK_TRY);
	struct upload *u = &j->upload;
	const struct multipart_file *file = staff_file(r);
	struct why why;
	(void)snprintf(u->wave, sizeof u->wave, "%s", staff_typed(r, "wave"));
	(void)snprintf(u->administration, sizeof u->administration, "%s",
		staff_typed(r, "administration"));
	u->per_cent = response_of(staff_typed(r, "response"));
	if (!file)
		j->fault = staff_word(r, "Välj en fil.", "Choose a file.");
	else if (intake_check_names(u->administration, u->wave, &why) != OK ||
		 !staff_sees_administration(staff_who(r), u->administration))
		j->fault = staff_word(r, "Välj mätomgång och förvaltning.",
			"Choose a wave and an administration.");
	if (!j->fault) {
		(void)snprintf(u->name, sizeof u->name, "%s", file->name);
		fill(&u->data, file->data, file->len);
	}
	start(context, r, j);
}

/* The upload of the token that came; NULL when it is gone, and that is said. */
static struct job *job_of_token(struct staff *s, struct http_request *r, enum task task)
{
	struct job *j = new_job(s, r, task);
	if (take_upload(j->pages, staff_typed(r, "token"), staff_who(r)->id,
		    task == TASK_REPORT, &j->upload) &&
		staff_sees_administration(staff_who(r), j->upload.administration))
		return j;
	forget(&j->upload);
	staff_message(s, r, 410, "Filen finns inte kvar", "The file is gone",
		"En provad fil glöms efter en kvart, eller när du provar en ny. Välj filen igen.",
		"A file that was tried is forgotten after a quarter of an hour, or when you try "
		"another. Choose it again.");
	return NULL;
}

void import_pages_keep(struct http_request *r, void *context)
{
	struct job *j = job_of_token(context, r, TASK_KEEP);
	if (!j)
		return;
	if (staff_audit(context, r, AUDIT_CHANGED,
		    arena_format(j->arena, "import %s wave %s", j->upload.administration,
			    j->upload.wave)))
		start(context, r, j);
	else
		end_job(j);
}

void import_pages_report(struct http_request *r, void *context)
{
	struct job *j = job_of_token(context, r, TASK_REPORT);
	if (j)
		start(context, r, j);
}
