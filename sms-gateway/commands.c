#include "sms-gateway/commands.h"
#include "common/options.h"
#include "sms-gateway/contacts.h"
#include "sms-gateway/import.h"
#include "sms-gateway/init.h"
#include "sms-gateway/pages.h"
#include "sms-gateway/sample.h"
#include "sms-gateway/send.h"
#include "sms-gateway/serve.h"

static int run_init(const struct config *c, int argc, char **argv)
{
	if (!options_read("init", NULL, 0, argc, argv, NULL, 0))
		return PROGRAM_USAGE;
	return init_run(c);
}

static int run_serve(const struct config *c, int argc, char **argv)
{
	if (!options_read("serve", NULL, 0, argc, argv, NULL, 0))
		return PROGRAM_USAGE;
	return serve_run(c);
}

static int run_import(const struct config *c, int argc, char **argv)
{
	struct import_order order = { 0 };
	const struct option_row rows[] = {
		{ "wave", &order.wave, NULL, true },
		{ "administration", &order.administration, NULL, true },
		{ "mapping", &order.mapping, NULL, false },
		{ "report", &order.report, NULL, false },
		{ "response", &order.response, NULL, false },
		{ "dry-run", NULL, &order.dry_run, false },
	};
	if (!options_read("import", ROWS(rows), argc, argv, &order.file, 1))
		return PROGRAM_USAGE;
	return import_run(c, &order);
}

static int run_groups(const struct config *c, int argc, char **argv)
{
	const char *wave = NULL;
	const char *response = NULL;
	const struct option_row rows[] = {
		{ "wave", &wave, NULL, true },
		{ "response", &response, NULL, false },
	};
	if (!options_read("groups", ROWS(rows), argc, argv, NULL, 0))
		return PROGRAM_USAGE;
	return import_groups(c, wave, response);
}

static int run_sample(const struct config *c, int argc, char **argv)
{
	struct sample_order order = { 0 };
	const struct option_row rows[] = {
		{ "wave", &order.wave, NULL, true },
		{ "administration", &order.administration, NULL, false },
		{ "per-area", &order.per_area, NULL, false },
		{ "per-unit", &order.per_unit, NULL, false },
		{ "dry-run", NULL, &order.dry_run, false },
		{ "seed", &order.seed, NULL, false },
		{ "frame", &order.frame, NULL, false },
		{ "drawn", &order.drawn, NULL, false },
	};
	if (!options_read("sample", ROWS(rows), argc, argv, NULL, 0))
		return PROGRAM_USAGE;
	return sample_run(c, &order);
}

static int run_send(const struct config *c, int argc, char **argv)
{
	struct send_order order = { 0 };
	const struct option_row rows[] = {
		{ "wave", &order.wave, NULL, true },
		{ "reminder", NULL, &order.reminder, false },
		{ "dry-run", NULL, &order.dry_run, false },
	};
	if (!options_read("send", ROWS(rows), argc, argv, NULL, 0))
		return PROGRAM_USAGE;
	return send_run(c, &order);
}

static int run_staff(const struct config *c, int argc, char **argv)
{
	const struct staff_order order = pages_order(c);
	return staff_command(&order, argc, argv);
}

static int run_audit(const struct config *c, int argc, char **argv)
{
	const struct staff_order order = pages_order(c);
	return audit_verify_command(&order, argc, argv);
}

static const struct program_command commands[] = {
	{ "init",
		"init\n\nMakes the folders, keys and staff database that are missing; never overwrites.",
		run_init },
	{ "serve",
		"serve\n\nSends, registers, takes delivery reports and shows the staff's pages, "
		"until SIGTERM or SIGINT.",
		run_serve },
	{ "import",
		"import --wave WAVE --administration NAME [--dry-run] [--mapping NAME]\n"
		"                   [--report FILE] [--response PER-CENT] FILE\n\n"
		"Takes the persons of the file, CSV or .xlsx, into the wave, and shows which rows\n"
		"were left out and why. The same file again changes nothing; a corrected one takes\n"
		"the first one's place until the sending begins.\n\n"
		"  --wave WAVE             as survey-server names it, e.g. 2027-1\n"
		"  --administration NAME   whose persons they are, e.g. farsta\n"
		"  --dry-run               show the same, keep nothing\n"
		"  --mapping NAME          what the case system calls things; else the one that fits\n"
		"  --report FILE           what became of each row, as CSV\n"
		"  --response PER-CENT     how many are expected to answer, to see small groups in\n"
		"                          advance (40)",
		run_import },
	{ "groups",
		"groups --wave WAVE [--response PER-CENT]\n\n"
		"Shows which groups of what is imported so far the result will show, join with\n"
		"others, or never show, if so many answer (40).",
		run_groups },
	{ "sample",
		"sample --wave WAVE --per-area N | --per-unit N [--administration NAME]\n"
		"                   [--dry-run]\n"
		"           sample --wave WAVE --per-area N | --per-unit N --administration NAME\n"
		"                   --seed SEED [--frame FILE] [--drawn FILE]\n\n"
		"Draws N persons of each area, or of each unit in it, to be asked by telephone, in\n"
		"every administration where nothing is drawn or sent yet. The rest get an SMS. The\n"
		"hashes of the frame and of the seed stand in the audit log before the draw.\n"
		"With the seed from the log the draw is repeated and compared; --frame writes what\n"
		"was drawn from, --drawn who.",
		run_sample },
	{ "send",
		"send --wave WAVE [--reminder] [--dry-run]\n\n"
		"Plans an SMS to everyone in the wave who has not had one; the serving gateway "
		"sends.\n\n"
		"  --wave WAVE   as survey-server names it, e.g. 2027-1\n"
		"  --reminder    to those who were sent an invitation and have not answered\n"
		"  --dry-run     show the text, how many, and when it would be done; keep nothing",
		run_send },
	{ "contacts", CONTACTS_USAGE, contacts_run },
	{ "staff", STAFF_USAGE, run_staff },
	{ "audit", AUDIT_USAGE, run_audit },
};

const struct program commands_program = {
	.name = "sms-gateway",
	.about =
		"sms-gateway knows whom to ask: it imports persons and sends one-time links.",
	.commands = commands,
	.command_count = sizeof commands / sizeof *commands,
};
