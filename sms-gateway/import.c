#include "sms-gateway/import.h"
#include "common/file.h"
#include "common/log.h"
#include "common/program.h"
#include "sms-gateway/intake.h"
#include "sms-gateway/intake_report.h"
#include "sms-gateway/outlook.h"
#include "sms-gateway/pages.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 256 * 1024 * 1024 };

struct import {
	const struct config *config;
	const struct import_order *order;
	struct arena *arena;
	const struct survey_wave *wave;
	unsigned per_cent;
	struct buf data;
};

static enum err read_response(const char *text, unsigned *ret_per_cent, struct why *why)
{
	*ret_per_cent = OUTLOOK_PER_CENT;
	if (!text)
		return OK;
	char *end;
	unsigned long n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || n < 1 || n > 100)
		return err_why(why, ERR_INPUT,
			"--response is a whole number of per cent, 1 to 100");
	*ret_per_cent = (unsigned)n;
	return OK;
}

static enum err find_wave(struct import *i, const char *wave, struct why *why)
{
	auto_(survey_api) struct survey_api *api = NULL;
	struct why reason;
	enum err e = survey_api_start(i->config->api, i->config->internal, &api, why);
	if (e != OK)
		return e;
	e = survey_api_wave(api, i->arena, wave, &i->wave, &reason);
	if (e != OK)
		return err_why(why, e, "nothing was stored: %s", reason.text);
	if (i->wave->phase == SURVEY_CLOSED)
		return err_why(why, ERR_CONFLICT,
			"nothing was stored: the wave %s is closed", wave);
	return OK;
}

/* In the audit log, before anything is kept. */
static enum err note(void *context, struct why *why)
{
	const struct import *i = context;
	const struct staff_order order = pages_order(i->config);
	if (staff_note(&order, "import", AUDIT_CHANGED, "import %s wave %s",
		    i->order->administration, i->order->wave))
		return OK;
	return err_why(why, ERR_IO, "nothing was stored");
}

static void progress(void *context, unsigned done)
{
	(void)context;
	program_progress("Läser in", done);
}

static void forget_file(void *context)
{
	buf_clear(&((struct import *)context)->data);
}

static enum err write_report(
	const struct import *i, const struct intake *intake, struct why *why)
{
	auto_(buf) struct buf csv = { 0 };
	intake_report_csv(intake, &csv);
	return file_write(i->order->report, csv.data, csv.len, why);
}

static enum err show(const struct import *i, const struct intake *intake, struct why *why)
{
	auto_(buf) struct buf text = { 0 };
	struct outlook outlook;
	buf_format(&text, "%s: ", i->order->file);
	intake_report_text(intake, i->order->dry_run, &text);
	enum err e = outlook_make(i->arena, i->config, i->wave, i->order->administration,
		intake_groups(intake), i->per_cent, &outlook, why);
	if (e == OK)
		outlook_text(&outlook, i->per_cent, &text);
	fputs(buf_string(&text), stdout);
	(void)fflush(stdout);
	return e;
}

static enum err carry_out(struct import *i, struct intake **ret_intake, struct why *why)
{
	const struct import_order *o = i->order;
	struct intake_order order = { .wave = o->wave,
		.administration = o->administration,
		.name = o->file,
		.mapping = o->mapping,
		.dry_run = o->dry_run,
		.note = note,
		.progress = progress,
		.read = forget_file,
		.context = i };
	enum err e = intake_check_names(o->administration, o->wave, why);
	if (e == OK)
		e = read_response(o->response, &i->per_cent, why);
	if (e == OK)
		e = file_read(o->file, FILE_MAX, &i->data, why);
	if (e == OK)
		e = find_wave(i, o->wave, why);
	if (e == OK)
		e = intake_run(i->config, i->wave, &order, buf_string(&i->data),
			i->data.len, ret_intake, why);
	program_progress("", 1000);
	forget_file(i);
	return e;
}

int import_run(const struct config *c, const struct import_order *order)
{
	struct why why;
	auto_(arena) struct arena *a = arena_create();
	auto_(intake) struct intake *intake = NULL;
	struct import i = { .config = c, .order = order, .arena = a };
	enum err e = carry_out(&i, &intake, &why);
	if (e == OK)
		e = show(&i, intake, &why);
	if (e == OK && order->report)
		e = write_report(&i, intake, &why);
	if (e != OK) {
		log_error("%s", why.text);
		return PROGRAM_FAILED;
	}
	if (intake_result(intake)->reasons[REASON_NONE])
		return PROGRAM_DONE;
	log_error("%s: no row could be used", order->file);
	return PROGRAM_FAILED;
}

int import_groups(const struct config *c, const char *wave, const char *response)
{
	struct why why;
	struct outlook outlook;
	auto_(buf) struct buf text = { 0 };
	auto_(arena) struct arena *a = arena_create();
	struct import i = { .config = c, .arena = a };
	enum err e = read_response(response, &i.per_cent, &why);
	if (e == OK)
		e = find_wave(&i, wave, &why);
	if (e == OK)
		e = outlook_make(a, c, i.wave, NULL, NULL, i.per_cent, &outlook, &why);
	if (e != OK)
		return program_failed("groups", &why);
	outlook_text(&outlook, i.per_cent, &text);
	fputs(buf_string(&text), stdout);
	return PROGRAM_DONE;
}
