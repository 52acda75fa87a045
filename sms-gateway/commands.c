#include "sms-gateway/commands.h"
#include "common/log.h"
#include "sms-gateway/import.h"
#include "sms-gateway/init.h"
#include "sms-gateway/send.h"
#include "sms-gateway/serve.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { USAGE = 2 };

/* What all commands' options come to. */
struct arguments {
	const char *config;
	bool check;
	bool help;
	const char *wave;
	const char *administration;
	bool reminder;
	bool dry_run;
	int count; /* of what is left */
	char **rest;
};

static const char usage_all[] =
	"usage: sms-gateway -c FILE COMMAND\n"
	"       sms-gateway -c FILE -n          check the configuration and exit\n"
	"\n"
	"  init      make the folders and keys that are missing\n"
	"  serve     send, register, take delivery reports, show the staff's pages\n"
	"  import    read a file of persons from the case system\n"
	"  send      plan invitations or reminders\n"
	"\n"
	"  sms-gateway COMMAND --help tells more.\n";
static const char usage_init[] =
	"usage: sms-gateway -c FILE init\n"
	"\n"
	"Makes the state and key folders and the keys that are missing; never overwrites.\n";
static const char usage_serve[] = "usage: sms-gateway -c FILE serve\n"
				  "\n"
				  "Runs until SIGTERM or SIGINT.\n";
static const char usage_import[] =
	"usage: sms-gateway -c FILE import --wave WAVE --administration NAME [--dry-run] FILE.csv\n"
	"\n"
	"Takes the persons of the file, makes their one-time codes and registers them with\n"
	"survey-server. Shows which rows were left out and why. The same file again changes\n"
	"nothing.\n"
	"\n"
	"  --wave WAVE             as survey-server names it, e.g. 2027-1\n"
	"  --administration NAME   whose persons they are, e.g. farsta\n"
	"  --dry-run               show the same, keep nothing\n";
static const char usage_send[] =
	"usage: sms-gateway -c FILE send --wave WAVE [--reminder] [--dry-run]\n"
	"\n"
	"Plans an SMS to everyone in the wave who has not had one; the serving gateway sends.\n"
	"\n"
	"  --wave WAVE   as survey-server names it, e.g. 2027-1\n"
	"  --reminder    to those who were sent an invitation and have not answered\n"
	"  --dry-run     show the text, how many, and when it would be done; keep nothing\n";

struct command {
	const char *name;
	const char *usage;
	bool needs_wave;
	bool needs_administration;
	bool sends; /* knows --reminder */
	bool keeps; /* knows --dry-run */
	int files;  /* arguments after the options */
	int (*run)(const struct config *c, const struct arguments *a);
};

static int run_init(const struct config *c, const struct arguments *a)
{
	(void)a;
	return init_run(c);
}

static int run_serve(const struct config *c, const struct arguments *a)
{
	(void)a;
	return serve_run(c);
}

static int run_import(const struct config *c, const struct arguments *a)
{
	struct import_order order = { a->wave, a->administration, a->rest[0],
		a->dry_run };
	return import_run(c, &order);
}

static int run_send(const struct config *c, const struct arguments *a)
{
	struct send_order order = { a->wave, a->reminder, a->dry_run };
	return send_run(c, &order);
}

// clang-format off
static const struct command commands[] = {
	/* name,    usage,        wave, administration, sends, keeps, files, run */
	{ "init",   usage_init,   false, false,         false, false, 0,     run_init },
	{ "serve",  usage_serve,  false, false,         false, false, 0,     run_serve },
	{ "import", usage_import, true,  true,          false, true,  1,     run_import },
	{ "send",   usage_send,   true,  false,         true,  true,  0,     run_send },
};
// clang-format on

static int wrong(const char *usage)
{
	fputs(usage, stderr);
	return USAGE;
}

static int help(const char *usage)
{
	fputs(usage, stdout);
	return 0;
}

/* False after saying what is wrong. */
static bool read_options(int argc, char **argv, const char *letters, struct arguments *a)
{
	static const struct option names[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "wave", required_argument, NULL, 'w' },
		{ "administration", required_argument, NULL, 'a' },
		{ "reminder", no_argument, NULL, 'r' },
		{ "dry-run", no_argument, NULL, 'd' },
		{ NULL, 0, NULL, 0 },
	};
	int letter;
	optind = 0;
	while ((letter = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		switch (letter) {
		case 'c':
			a->config = optarg;
			break;
		case 'n':
			a->check = true;
			break;
		case 'h':
			a->help = true;
			break;
		case 'w':
			a->wave = optarg;
			break;
		case 'a':
			a->administration = optarg;
			break;
		case 'r':
			a->reminder = true;
			break;
		case 'd':
			a->dry_run = true;
			break;
		default:
			return false;
		}
	}
	a->count = argc - optind;
	a->rest = argv + optind;
	return true;
}

/* Whether the command has all it needs and nothing that it does not know. */
static bool fits(const struct command *k, const struct arguments *a)
{
	return !a->wave == !k->needs_wave &&
	       !a->administration == !k->needs_administration &&
	       (k->sends || !a->reminder) && (k->keeps || !a->dry_run) &&
	       a->count == k->files;
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int with_config(const struct arguments *a, const struct command *k)
{
	struct why why;
	auto_(config) struct config *c = NULL;
	if (config_read(a->config, &c, &why) != OK) {
		log_error("%s", why.text);
		return 1;
	}
	return a->check ? 0 : k->run(c, a);
}

int commands_run(int argc, char **argv)
{
	struct arguments a = { 0 };
	if (!read_options(argc, argv, "+c:n", &a))
		return wrong(usage_all);
	if (a.help)
		return help(usage_all);
	const struct command *k = a.count ? find(a.rest[0]) : NULL;
	if (a.count && !k) {
		log_error("%s: no such command", a.rest[0]);
		return wrong(usage_all);
	}
	if (k && !read_options(a.count, a.rest, "c:n", &a))
		return wrong(k->usage);
	if (k && a.help)
		return help(k->usage);
	if (!a.config || (!k && !a.check))
		return wrong(usage_all);
	if (k && !fits(k, &a) && !a.check)
		return wrong(k->usage);
	return with_config(&a, k);
}
