#include "commands.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/log.h"
#include "count.h"
#include "definition.h"
#include "options.h"
#include "recovery.h"
#include "report.h"
#include "serve.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DONE = 0, FAILED = 1, USAGE = 2 };

#define ROWS(rows) rows, sizeof rows / sizeof *rows

static int failed(const char *what, const struct why *why)
{
	log_error("%s: %s", what, why->text);
	return FAILED;
}

static int store_failed(const char *what, enum err e)
{
	log_error("%s: the database: %s", what, err_text(e));
	return FAILED;
}

static enum err open_store(
	const struct config *config, struct store **ret_store, struct why *why)
{
	auto_(free) char *database = config_database(config);
	if (access(config->state, F_OK) != 0)
		return err_why(why, ERR_NOT_FOUND,
			"%s: %s: run `survey-server init` first", config->state,
			strerror(errno));
	return store_open(database, ret_store, why);
}

/* Opens the store and finds the wave; says what is wrong and returns false when it can't.
 */
static bool open_wave(const struct config *config, const char *what, const char *name,
	struct store **ret_store, struct wave *ret_wave)
{
	struct why why;
	enum err e = open_store(config, ret_store, &why);
	if (e) {
		failed(what, &why);
		return false;
	}
	e = store_wave_find(*ret_store, name, ret_wave);
	if (e == ERR_NOT_FOUND)
		log_error("%s: there is no wave %s: `survey-server wave list` shows them",
			what, name);
	else if (e)
		store_failed(what, e);
	return e == OK;
}

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
			return failed("init", &why);
		secret_wipe(key, sizeof key);
		printf("%s: %s\n", keys[i], made ? "made" : "is there already");
	}
	if (open_store(config, &store, &why) != OK)
		return failed("init", &why);
	printf("%s: ready\n", config->state);
	return DONE;
}

static int run_serve(const struct config *config, int argc, char **argv)
{
	struct why why;
	if (!options_read("serve", NULL, 0, argc, argv, NULL, 0))
		return USAGE;
	return serve_run(config, &why) == OK ? DONE : failed("serve", &why);
}

/* Shows the private key once: in a file when one is named, else on the terminal. */
static enum err show_key(
	const char *file, const char *wave, const uint8_t key[static 32], struct why *why)
{
	char text[RECOVERY_TEXT];
	if (file)
		return recovery_store(file, wave, key, why);
	if (!isatty(STDOUT_FILENO))
		return err_why(why, ERR_INPUT,
			"custody = paper shows the recovery key on a terminal; this is none: name a "
			"file with --recovery FILE");
	recovery_format(key, text);
	printf("Recovery key of wave %s. Write it down twice, keep it off every computer.\n"
	       "It is shown only now. Without it the answers can't be counted.\n\n%s\n",
		wave, text);
	secret_wipe(text, sizeof text);
	return OK;
}

struct wave_options {
	const char *id, *title, *questionnaire, *opens, *closes, *custody, *recovery;
};

static enum err fill_wave(const struct wave_options *o, struct wave *w, struct why *why)
{
	if (!wave_name_valid(o->id))
		return err_why(why, ERR_INPUT,
			"--id %s: 1 to 32 of A-Z, a-z, 0-9 and dash", o->id);
	if (!*o->title || strlen(o->title) > WAVE_TITLE)
		return err_why(why, ERR_INPUT, "--title: 1 to %d bytes", WAVE_TITLE);
	if (day_parse(o->opens, &w->opens) != OK)
		return err_why(why, ERR_INPUT, "--opens %s: not a day like 2027-02-01",
			o->opens);
	if (day_parse(o->closes, &w->closes) != OK)
		return err_why(why, ERR_INPUT, "--closes %s: not a day like 2027-03-15",
			o->closes);
	if (w->closes < w->opens)
		return err_why(why, ERR_INPUT, "--closes is before --opens");
	w->custody = CUSTODY_PAPER;
	if (o->custody && strcmp(o->custody, "server") == 0)
		w->custody = CUSTODY_SERVER;
	else if (o->custody && strcmp(o->custody, "paper") != 0)
		return err_why(why, ERR_INPUT, "--custody is paper or server");
	(void)snprintf(w->name, sizeof w->name, "%s", o->id);
	(void)snprintf(w->title, sizeof w->title, "%s", o->title);
	return OK;
}

static enum err add_wave(
	struct store *s, const struct wave *w, const char *definition, struct why *why)
{
	enum err e = store_begin(s);
	if (e == OK) {
		e = store_wave_add_tx(s, w, definition);
		if (e == OK)
			e = store_commit(s);
		else
			store_rollback(s);
	}
	if (e == ERR_CONFLICT)
		return err_why(why, e, "there is a wave %s already", w->name);
	return e ? err_why(why, e, "the database: %s", err_text(e)) : OK;
}

/* Keeps the key where custody says, before the wave is there: a wave without a key could
 * never be counted. */
static enum err keep_key(const struct config *config, const struct wave_options *o,
	const struct wave *w, const uint8_t key[static 32], struct why *why)
{
	if (w->custody == CUSTODY_PAPER || o->recovery) {
		enum err e = show_key(o->recovery, w->name, key, why);
		if (e)
			return e;
	}
	if (w->custody == CUSTODY_PAPER)
		return OK;
	auto_(free) char *file = config_wave_key(config, w->name);
	return secret_key_store(file, key, why);
}

static int wave_add(const struct config *config, int argc, char **argv)
{
	struct wave_options o = { 0 };
	const struct option_row rows[] = {
		{ "id", &o.id, NULL, true },
		{ "title", &o.title, NULL, true },
		{ "questionnaire", &o.questionnaire, NULL, true },
		{ "opens", &o.opens, NULL, true },
		{ "closes", &o.closes, NULL, true },
		{ "custody", &o.custody, NULL, false },
		{ "recovery", &o.recovery, NULL, false },
	};
	auto_(store) struct store *store = NULL;
	auto_(buf) struct buf definition = { 0 };
	struct wave w = { .state = WAVE_PLANNED }, taken;
	struct why why;
	uint8_t key[32];
	if (!options_read("wave add", ROWS(rows), argc, argv, NULL, 0))
		return USAGE;
	if (fill_wave(&o, &w, &why) != OK) {
		failed("wave add", &why);
		return USAGE;
	}
	enum err e = open_store(config, &store, &why);
	if (e == OK && store_wave_find(store, w.name, &taken) == OK)
		e = err_why(&why, ERR_CONFLICT, "there is a wave %s already", w.name);
	if (e == OK)
		e = definition_make(
			config->questionnaires, o.questionnaire, &definition, &why);
	if (e)
		return failed("wave add", &why);
	secret_random(key, sizeof key);
	struct secret_x25519 *pair = secret_x25519_load(key);
	secret_x25519_public(pair, w.public_key);
	secret_x25519_free(pair);
	e = keep_key(config, &o, &w, key, &why);
	secret_wipe(key, sizeof key);
	if (e == OK)
		e = add_wave(store, &w, buf_string(&definition), &why);
	if (e)
		return failed("wave add", &why);
	printf("wave %s added%s\n", w.name,
		w.custody == CUSTODY_SERVER
			? "; its private key is on this machine: the promise begins at the count"
			: "");
	return DONE;
}

/* The private key: from the file, else from the key file under custody = server, else
 * typed in. */
static enum err read_key(const struct config *config, const struct wave *w,
	const char *file, uint8_t ret_key[static 32], struct why *why)
{
	if (file)
		return recovery_load(file, ret_key, why);
	if (w->custody == CUSTODY_SERVER) {
		auto_(free) char *path = config_wave_key(config, w->name);
		return secret_key_load(path, ret_key, why);
	}
	auto_(buf) struct buf typed = { 0 };
	char line[256];
	if (isatty(STDIN_FILENO))
		fputs("Type the recovery key, then an empty line:\n", stderr);
	while (typed.len < 4096 && fgets(line, sizeof line, stdin) && line[0] != '\n')
		buf_text(&typed, line);
	secret_wipe(line, sizeof line);
	if (!typed.len)
		return err_why(why, ERR_INPUT,
			"the recovery key is needed: type it in, or name its file with --recovery "
			"FILE");
	return recovery_parse(buf_string(&typed), ret_key, why);
}

static enum err key_fits(
	const struct wave *w, const uint8_t key[static 32], struct why *why)
{
	uint8_t public_key[32];
	auto_(x25519) struct secret_x25519 *pair = secret_x25519_load(key);
	secret_x25519_public(pair, public_key);
	if (secret_equal(public_key, w->public_key, sizeof public_key))
		return OK;
	return err_why(
		why, ERR_CRYPTO, "the recovery key is not that of wave %s", w->name);
}

/* Sets the wave's state in a transaction of its own, if it is still `from`. */
static enum err set_state(
	struct store *s, const struct wave *w, enum wave_state from, enum wave_state to)
{
	struct wave now;
	enum err e = store_begin(s);
	if (e)
		return e;
	e = store_wave_get(s, w->number, &now);
	if (e == OK)
		e = now.state == from ? store_wave_state_tx(s, w->number, to)
				      : ERR_CONFLICT;
	if (e == OK)
		return store_commit(s);
	store_rollback(s);
	return e;
}

static int wave_open(const struct config *config, int argc, char **argv)
{
	const char *id = NULL, *recovery = NULL;
	const struct option_row rows[] = { { "id", &id, NULL, true },
		{ "recovery", &recovery, NULL, false } };
	auto_(store) struct store *store = NULL;
	struct wave w;
	struct why why;
	uint8_t key[32];
	char opens[11];
	if (!options_read("wave open", ROWS(rows), argc, argv, NULL, 0))
		return USAGE;
	if (!open_wave(config, "wave open", id, &store, &w))
		return FAILED;
	if (w.state != WAVE_PLANNED) {
		log_error(
			"wave open: wave %s is %s already", id, wave_phase_word(w.state));
		return FAILED;
	}
	enum err e = read_key(config, &w, recovery, key, &why);
	if (e == OK)
		e = key_fits(&w, key, &why);
	secret_wipe(key, sizeof key);
	if (e)
		return failed("wave open", &why);
	e = set_state(store, &w, WAVE_PLANNED, WAVE_OPEN);
	if (e)
		return store_failed("wave open", e);
	day_format(w.opens, opens);
	printf("wave %s takes answers from %s\n", id, opens);
	return DONE;
}

static int wave_close(const struct config *config, int argc, char **argv)
{
	const char *id = NULL;
	const struct option_row rows[] = { { "id", &id, NULL, true } };
	auto_(store) struct store *store = NULL;
	struct wave w;
	if (!options_read("wave close", ROWS(rows), argc, argv, NULL, 0))
		return USAGE;
	if (!open_wave(config, "wave close", id, &store, &w))
		return FAILED;
	if (w.state != WAVE_PLANNED && w.state != WAVE_OPEN) {
		log_error("wave close: wave %s is %s already", id,
			wave_phase_word(w.state));
		return FAILED;
	}
	enum err e = set_state(store, &w, w.state, WAVE_CLOSED);
	if (e)
		return store_failed("wave close", e);
	printf("wave %s is closed\n", id);
	return DONE;
}

static int wave_list(const struct config *config, int argc, char **argv)
{
	auto_(store) struct store *store = NULL;
	auto_(free) struct wave *waves = NULL;
	size_t count;
	struct why why;
	if (!options_read("wave list", NULL, 0, argc, argv, NULL, 0))
		return USAGE;
	if (open_store(config, &store, &why) != OK)
		return failed("wave list", &why);
	enum err e = store_waves(store, &waves, &count);
	if (e)
		return store_failed("wave list", e);
	for (size_t i = 0; i < count; i++) {
		const struct wave *w = &waves[i];
		char opens[11], closes[11];
		day_format(w->opens, opens);
		day_format(w->closes, closes);
		printf("%s\t%s\t%s\t%s\t%s\t%lld\t%s\n", w->name,
			wave_phase_word(wave_phase(w, clock_day(clock_now()))), opens,
			closes, w->custody == CUSTODY_PAPER ? "paper" : "server",
			(long long)w->invited, w->title);
	}
	return DONE;
}

static int run_wave(const struct config *config, int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct config *config, int argc, char **argv);
	} verbs[] = {
		{ "add", wave_add },
		{ "open", wave_open },
		{ "list", wave_list },
		{ "close", wave_close },
	};
	for (size_t i = 0; argc > 0 && i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(argv[0], verbs[i].name) == 0)
			return verbs[i].run(config, argc - 1, argv + 1);
	log_error("wave: what? add, open, list or close");
	return USAGE;
}

static void show_progress(int64_t done, int64_t all)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%lld of %lld ballots", (long long)done,
			(long long)all);
}

static void clear_progress(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

static int record_destroyed(struct store *store, const struct wave *w, const char *by)
{
	enum err e = store_begin(store);
	if (e == OK) {
		e = store_wave_destroyed_tx(store, w->number, by);
		if (e == OK)
			e = store_commit(store);
		else
			store_rollback(store);
	}
	if (e)
		return store_failed("count", e);
	printf("recorded: %s destroyed the recovery key of wave %s\n", by, w->name);
	return DONE;
}

/* The second half, which may be run again until it is through. */
static int burn(const struct config *config, struct store *store, const struct wave *w,
	const char *destroyed_by)
{
	auto_(free) char *key_file = config_wave_key(config, w->name);
	struct why why;
	if (count_burn(store, w, key_file, &why) != OK)
		return failed("count", &why);
	printf("wave %s is counted; ballots, invitations and the private key are erased\n",
		w->name);
	if (destroyed_by)
		return record_destroyed(store, w, destroyed_by);
	if (w->custody == CUSTODY_PAPER)
		printf("Now destroy every copy of the recovery key, and record who did:\n"
		       "  survey-server -c FILE count --wave %s --destroyed-by NAME\n",
			w->name);
	return DONE;
}

static void print_sums(const struct count_sums *s)
{
	printf("%lld ballots: %lld answers, %lld break-offs, %lld damaged\n",
		(long long)s->ballots, (long long)s->answered, (long long)s->break_off,
		(long long)s->damaged);
}

/* From a closed wave to a stored release. */
static int count_closed(const struct config *config, struct store *store, struct wave *w,
	const char *recovery, bool check)
{
	auto_(json) struct json *release = NULL;
	auto_(buf) struct buf text = { 0 };
	struct count_sums sums;
	struct why why;
	uint8_t key[32];
	enum err e = read_key(config, w, recovery, key, &why);
	if (e == OK)
		e = count_run(store, w, key, show_progress, &release, &sums, &why);
	secret_wipe(key, sizeof key);
	clear_progress();
	if (e == OK && !check)
		e = count_store(store, w, release, &sums, clock_day(clock_now()), &why);
	if (e)
		return failed("count", &why);
	json_print(release, false, &text);
	if (check)
		printf("the count passes; the release would have %zu bytes; nothing was changed\n",
			text.len);
	print_sums(&sums);
	return DONE;
}

static int run_count(const struct config *config, int argc, char **argv)
{
	const char *id = NULL, *recovery = NULL, *destroyed_by = NULL;
	bool check = false;
	const struct option_row rows[] = { { "wave", &id, NULL, true },
		{ "check", NULL, &check, false }, { "recovery", &recovery, NULL, false },
		{ "destroyed-by", &destroyed_by, NULL, false } };
	auto_(store) struct store *store = NULL;
	struct wave w;
	if (!options_read("count", ROWS(rows), argc, argv, NULL, 0))
		return USAGE;
	if (!open_wave(config, "count", id, &store, &w))
		return FAILED;
	if (w.state == WAVE_COUNTED || w.state == WAVE_PUBLISHED) {
		if (destroyed_by)
			return record_destroyed(store, &w, destroyed_by);
		log_error(
			"count: wave %s is counted already; a wave is counted once", id);
		return FAILED;
	}
	if (w.state == WAVE_BURNING && !check)
		return burn(config, store, &w, destroyed_by);
	if (wave_phase(&w, clock_day(clock_now())) != WAVE_CLOSED) {
		log_error(
			"count: wave %s is %s: `survey-server wave close --id %s` ends it",
			id, wave_phase_word(wave_phase(&w, clock_day(clock_now()))), id);
		return FAILED;
	}
	/* From here no answer gets in, whatever the clock says. */
	if (w.state != WAVE_CLOSED && !check) {
		enum err e = set_state(store, &w, w.state, WAVE_CLOSED);
		if (e)
			return store_failed("count", e);
	}
	int status = count_closed(config, store, &w, recovery, check);
	return status || check ? status : burn(config, store, &w, destroyed_by);
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
	if (!open_wave(config, "report", id, &store, &w))
		return FAILED;
	enum err e = formats[f].make(store, &w, &text);
	if (e == ERR_NOT_FOUND) {
		log_error("report: wave %s is %s; a report is there when it is counted",
			id, wave_phase_word(wave_phase(&w, clock_day(clock_now()))));
		return FAILED;
	}
	return e ? store_failed("report", e) : put_text("report", file, &text);
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
	if (!open_wave(config, "publish", id, &store, &w))
		return FAILED;
	if (w.state != WAVE_COUNTED) {
		log_error(
			"publish: wave %s is %s; a wave is published once, after its count",
			id, wave_phase_word(wave_phase(&w, clock_day(clock_now()))));
		return FAILED;
	}
	if (file && read_words(file, &words, &why) != OK)
		return failed("publish", &why);
	enum err e = store_begin(store);
	if (e == OK) {
		e = store_wave_publish_tx(store, w.number, buf_string(&words));
		if (e == OK)
			e = store_commit(store);
		else
			store_rollback(store);
	}
	if (e)
		return store_failed("publish", e);
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
		return failed("check-questionnaire", &why);
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
		run_wave },
	{ "count", "count --wave ID [--check] [--recovery FILE] [--destroyed-by NAME]",
		run_count },
	{ "report", "report --wave ID --format json|csv|html [-o FILE]", run_report },
	{ "publish", "publish --wave ID [--text FILE]", run_publish },
	{ "check-questionnaire", "check-questionnaire FILE", run_check_questionnaire },
	{ NULL, NULL, NULL },
};
