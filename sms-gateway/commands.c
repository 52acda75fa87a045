#include "sms-gateway/commands.h"
#include "common/options.h"
#include "sms-gateway/import.h"
#include "sms-gateway/init.h"
#include "sms-gateway/pages.h"
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
		{ "dry-run", NULL, &order.dry_run, false },
	};
	if (!options_read("import", ROWS(rows), argc, argv, &order.file, 1))
		return PROGRAM_USAGE;
	return import_run(c, &order);
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
		"import --wave WAVE --administration NAME [--dry-run] FILE.csv\n\n"
		"Takes the persons of the file, makes their one-time codes and registers them with\n"
		"survey-server. Shows which rows were left out and why. The same file again changes\n"
		"nothing.\n\n"
		"  --wave WAVE             as survey-server names it, e.g. 2027-1\n"
		"  --administration NAME   whose persons they are, e.g. farsta\n"
		"  --dry-run               show the same, keep nothing",
		run_import },
	{ "send",
		"send --wave WAVE [--reminder] [--dry-run]\n\n"
		"Plans an SMS to everyone in the wave who has not had one; the serving gateway "
		"sends.\n\n"
		"  --wave WAVE   as survey-server names it, e.g. 2027-1\n"
		"  --reminder    to those who were sent an invitation and have not answered\n"
		"  --dry-run     show the text, how many, and when it would be done; keep nothing",
		run_send },
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
