#include "commands.h"
#include "command.h"
#include "common/clock.h"
#include "common/log.h"
#include "definition.h"
#include "report.h"
#include "serve.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool make_folder(const char *path)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return true;
	log_error("init: %s: %s", path, strerror(errno));
	return false;
}

static int run_init(const struct config *config, int argc, char **argv)
{
	const char *const keys[] = { config->invitation_key, config->internal_key };
	auto_(store) struct store *store = NULL;
	struct why why;
	if (!options_read("init", NULL, 0, argc, argv, NULL, 0))
		return USAGE;
	if (!make_folder(config->state) || !make_folder(config->keys))
		return FAILED;
	for (size_t i = 0; i < 2; i++) {
		uint8_t key[SECRET_KEY];
		bool made;
		if (secret_key_ensure(keys[i], key, &made, &why) != OK)
			return command_failed("init", &why);
		secret_wipe(key, sizeof key);
		printf("%s: %s\n", keys[i], made ? "made" : "is there already");
	}
	if (command_open_store(config, &store, &why) != OK)
		return command_failed("init", &why);
	printf("%s: ready\n", config->state);
	return DONE;
}

static int run_serve(const struct config *config, int argc, char **argv)
{
	struct why why;
	if (!options_read("serve", NULL, 0, argc, argv, NULL, 0))
		return USAGE;
	return serve_run(config, &why) == OK ? DONE : command_failed("serve", &why);
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
		return DONE;
	log_error("%s: %s: %s", what, file ? file : "standard output", strerror(errno));
	return FAILED;
}

static int run_report(const struct config *config, int argc, char **argv)
{
	static const struct {
		const char *name;
		enum err (*make)(struct store *s, const struct wave *w, struct buf *text);
	} formats[] = { { "json", report_json }, { "csv", report_csv },
		{ "html", report_html } };
	const char *id = NULL, *format = NULL, *file = NULL;
	const struct option_row rows[] = { { "wave", &id, NULL, true },
		{ "format", &format, NULL, true }, { "o", &file, NULL, false } };
	auto_(store) struct store *store = NULL;
	auto_(buf) struct buf text = { 0 };
	struct wave w;
	if (!options_read("report", ROWS(rows), argc, argv, NULL, 0))
		return USAGE;
	size_t f = 0;
	while (f < sizeof formats / sizeof *formats &&
		strcmp(formats[f].name, format) != 0)
		f++;
	if (f == sizeof formats / sizeof *formats) {
		log_error("report: --format is json, csv or html");
		return USAGE;
	}
	if (!command_open_wave(config, "report", id, &store, &w))
		return FAILED;
	enum err e = formats[f].make(store, &w, &text);
	if (e == ERR_NOT_FOUND) {
		log_error("report: wave %s is %s; a report is there when it is counted",
			id, wave_phase_word(wave_phase(&w, clock_day(clock_now()))));
		return FAILED;
	}
	return e ? command_store_failed("report", e) : put_text("report", file, &text);
}

static enum err read_words(const char *file, struct buf *ret_words, struct why *why)
{
	char part[4096];
	size_t n;
	FILE *f = fopen(file, "re");
	if (!f)
		return err_why(why, ERR_IO, "%s: %s", file, strerror(errno));
	while ((n = fread(part, 1, sizeof part, f)) > 0 && ret_words->len < 65536)
		buf_add(ret_words, part, n);
	(void)fclose(f);
	return OK;
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
		return USAGE;
	if (!command_open_wave(config, "publish", id, &store, &w))
		return FAILED;
	if (w.state != WAVE_COUNTED) {
		log_error(
			"publish: wave %s is %s; a wave is published once, after its count",
			id, wave_phase_word(wave_phase(&w, clock_day(clock_now()))));
		return FAILED;
	}
	if (file && read_words(file, &words, &why) != OK)
		return command_failed("publish", &why);
	enum err e = store_begin(store);
	if (e == OK)
		e = store_end(store,
			store_wave_publish_tx(store, w.number, buf_string(&words)));
	if (e)
		return command_store_failed("publish", e);
	printf("published: %s/resultat/%s\n", config->base_url, id);
	return DONE;
}

static int run_check_questionnaire(const struct config *config, int argc, char **argv)
{
	const char *file = NULL;
	struct why why;
	(void)config;
	if (!options_read("check-questionnaire", NULL, 0, argc, argv, &file, 1))
		return USAGE;
	if (definition_check_file(file, &why) != OK)
		return command_failed("check-questionnaire", &why);
	printf("%s: fine\n", file);
	return DONE;
}

const struct command commands[] = {
	{ "init", "init", run_init },
	{ "serve", "serve", run_serve },
	{ "wave",
		"wave add --id ID --title TITLE --questionnaire NAME --opens DAY --closes DAY\n"
		"           [--custody paper|server] [--recovery FILE]\n"
		"  wave open --id ID [--recovery FILE]\n"
		"  wave list\n"
		"  wave close --id ID",
		command_wave },
	{ "count", "count --wave ID [--check] [--recovery FILE] [--destroyed-by NAME]",
		command_count },
	{ "report", "report --wave ID --format json|csv|html [-o FILE]", run_report },
	{ "publish", "publish --wave ID [--text FILE]", run_publish },
	{ "check-questionnaire", "check-questionnaire FILE", run_check_questionnaire },
	{ NULL, NULL, NULL },
};
