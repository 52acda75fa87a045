#include "commands.h"
#include "command.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "editions.h"
#include "report.h"
#include "serve.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { WORDS_LIMIT = 65536 };

static int run_init(const struct config *config, int argc, char **argv)
{
	const char *const keys[] = { config->invitation_key, config->internal_key };
	auto_(store) struct store *store = NULL;
	struct why why;
	if (!options_read("init", NULL, 0, argc, argv, NULL, 0))
		return PROGRAM_USAGE;
	bool made;
	if (file_make_folder(config->state, &made, &why) != OK ||
		file_make_folder(config->keys, &made, &why) != OK)
		return program_failed("init", &why);
	for (size_t i = 0; i < 2; i++) {
		uint8_t key[SECRET_KEY];
		if (file_make_folder_of(keys[i], &why) != OK ||
			secret_key_ensure(keys[i], key, &made, &why) != OK)
			return program_failed("init", &why);
		secret_wipe(key, sizeof key);
		printf("%s: %s\n", keys[i], made ? "made" : "is there already");
	}
	if (command_open_store(config, &store, &why) != OK ||
		staff_init(config->state, config->keys, &made, &why) != OK)
		return program_failed("init", &why);
	printf("%s: ready\n", config->state);
	return PROGRAM_DONE;
}

static int run_serve(const struct config *config, int argc, char **argv)
{
	struct why why;
	if (!options_read("serve", NULL, 0, argc, argv, NULL, 0))
		return PROGRAM_USAGE;
	return serve_run(config, &why) == OK ? PROGRAM_DONE
					     : program_failed("serve", &why);
}

/* Writes the text to the file, or to standard output when there is none. */
static int put_text(const char *what, const char *file, const struct buf *text)
{
	FILE *out = file && strcmp(file, "-") != 0 ? fopen(file, "we") : stdout;
	bool fine = out && fwrite(text->data, 1, text->len, out) == text->len;
	if (out && out != stdout)
		fine = fclose(out) == 0 && fine;
	else if (out)
		fine = fflush(out) == 0 && fine;
	if (fine)
		return PROGRAM_DONE;
	log_error("%s: %s: %s", what, file ? file : "standard output", strerror(errno));
	return PROGRAM_FAILED;
}

static int run_report(const struct config *config, int argc, char **argv)
{
	static const struct {
		const char *name;
		enum err (*make)(struct store *s, const struct wave *w,
			const struct report_scope *scope, struct buf *text);
	} formats[] = { { "json", report_json }, { "csv", report_csv },
		{ "html", report_html } };
	const char *id = NULL, *format = NULL, *file = NULL;
	const struct option_row rows[] = { { "wave", &id, NULL, true },
		{ "format", &format, NULL, true }, { "o", &file, NULL, false } };
	auto_(store) struct store *store = NULL;
	auto_(buf) struct buf text = { 0 };
	struct wave w;
	if (!options_read("report", ROWS(rows), argc, argv, NULL, 0))
		return PROGRAM_USAGE;
	size_t f = 0;
	while (f < sizeof formats / sizeof *formats &&
		strcmp(formats[f].name, format) != 0)
		f++;
	if (f == sizeof formats / sizeof *formats) {
		log_error("report: --format is json, csv or html");
		return PROGRAM_USAGE;
	}
	if (!command_open_wave(config, "report", id, &store, &w))
		return PROGRAM_FAILED;
	enum err e = formats[f].make(store, &w, NULL, &text);
	if (e == ERR_NOT_FOUND) {
		log_error("report: wave %s is %s; a report is there when it is counted",
			id, wave_phase_word(wave_phase(&w, clock_day(clock_now()))));
		return PROGRAM_FAILED;
	}
	if (e)
		return command_store_failed("report", e);
	auto_(buf) struct buf what = { 0 };
	buf_format(&what, "result %s", format);
	if (!command_note(config, "report", AUDIT_EXPORTED, id, buf_string(&what)))
		return PROGRAM_FAILED;
	return put_text("report", file, &text);
}

static int run_publish(const struct config *config, int argc, char **argv)
{
	const char *id = NULL, *file = NULL;
	const struct option_row rows[] = { { "wave", &id, NULL, true },
		{ "text", &file, NULL, false } };
	auto_(store) struct store *store = NULL;
	auto_(buf) struct buf words = { 0 };
	struct wave w;
	struct why why;
	if (!options_read("publish", ROWS(rows), argc, argv, NULL, 0))
		return PROGRAM_USAGE;
	if (!command_open_wave(config, "publish", id, &store, &w))
		return PROGRAM_FAILED;
	if (w.state != WAVE_COUNTED) {
		log_error(
			"publish: wave %s is %s; a wave is published once, after its count",
			id, wave_phase_word(wave_phase(&w, clock_day(clock_now()))));
		return PROGRAM_FAILED;
	}
	if (file && file_read(file, WORDS_LIMIT, &words, &why) != OK)
		return program_failed("publish", &why);
	if (!command_note(config, "publish", AUDIT_CHANGED, id, "published"))
		return PROGRAM_FAILED;
	enum err e = store_begin(store);
	if (e == OK)
		e = store_end(store,
			store_wave_publish_tx(store, w.number, buf_string(&words)));
	if (e)
		return command_store_failed("publish", e);
	printf("published: %s/resultat/%s\n", config->base_url, id);
	return PROGRAM_DONE;
}

static int run_check_questionnaire(const struct config *config, int argc, char **argv)
{
	const char *file = NULL;
	struct why why;
	(void)config;
	if (!options_read("check-questionnaire", NULL, 0, argc, argv, &file, 1))
		return PROGRAM_USAGE;
	if (editions_check_file(file, &why) != OK)
		return program_failed("check-questionnaire", &why);
	printf("%s: fine\n", file);
	return PROGRAM_DONE;
}

static int run_staff(const struct config *config, int argc, char **argv)
{
	const struct staff_order order = command_staff(config);
	return staff_command(&order, argc, argv);
}

static int run_audit(const struct config *config, int argc, char **argv)
{
	const struct staff_order order = command_staff(config);
	return audit_verify_command(&order, argc, argv);
}

static const struct program_command commands[] = {
	{ "init",
		"init\n\nMakes the folders, keys and database that are missing; never overwrites.",
		run_init },
	{ "serve", "serve\n\nRuns until SIGTERM or SIGINT.", run_serve },
	{ "wave",
		"wave add --id ID --title TITLE --questionnaire NAME --opens DAY --closes DAY\n"
		"                [--custody paper|server] [--recovery FILE] [--settings FILE]\n"
		"           wave open --id ID [--recovery FILE]\n"
		"           wave close --id ID\n"
		"           wave list\n\n"
		"custody = paper (the default) shows the wave's private key once, on the terminal or in\n"
		"FILE; open and count want it back. --settings names an INI file: layout, languages, drafts,\n"
		"own questions, and what an area shows (deploy/wave.conf). list shows name, phase, first and last day, custody,\n"
		"invited and title, with tabs between.",
		command_wave },
	{ "count",
		"count --wave ID [--check] [--recovery FILE] [--destroyed-by NAME]\n\n"
		"Counts a closed wave, stores the release, and erases ballots, invitations and key.\n"
		"A wave is counted once.\n\n"
		"  --check             count, show whether it passes, change nothing\n"
		"  --destroyed-by NAME record who destroyed the recovery key",
		command_count },
	{ "report",
		"report --wave ID --format json|csv|html [-o FILE]\n\nWrites a counted wave's release.",
		run_report },
	{ "publish",
		"publish --wave ID [--text FILE]\n\nShows a counted wave's release to everyone.",
		run_publish },
	{ "staff", STAFF_USAGE, run_staff },
	{ "audit", AUDIT_USAGE, run_audit },
	{ "check-questionnaire",
		"check-questionnaire FILE\n\nSays what is wrong with a FHIR R4 Questionnaire, and where.",
		run_check_questionnaire },
};

const struct program commands_program = {
	.name = "survey-server",
	.about = "survey-server takes anonymous answers, counts them once, and reports.",
	.commands = commands,
	.command_count = sizeof commands / sizeof *commands,
};
