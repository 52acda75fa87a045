#include "command.h"
#include "common/clock.h"
#include "common/log.h"
#include "definition.h"
#include "recovery.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
	const char *id, *title, *questionnaire, *opens, *closes, *custody, *recovery,
		*settings;
};

static enum err fill_wave(const struct wave_options *o, struct wave *w, struct why *why)
{
	if (!wave_name_valid(o->id))
		return err_why(
			why, ERR_INPUT, "--id %s: 1 to 32 of a-z, 0-9 and dash", o->id);
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

/* Keeps the key where custody says. The wave's name is not taken, so a key file of that
 * name is what an interrupted `wave add` left: no wave has it. */
static enum err keep_key(const struct config *config, const char *recovery,
	const struct wave *w, const uint8_t key[static 32], struct why *why)
{
	enum err e = OK;
	if (w->custody == CUSTODY_PAPER || recovery)
		e = show_key(recovery, w->name, key, why);
	if (e || w->custody == CUSTODY_PAPER)
		return e;
	auto_(free) char *file = config_wave_key(config, w->name);
	e = secret_key_erase(file, why);
	return e ? e : secret_key_store(file, key, why);
}

/* Adds the wave with its key kept before it is there: a wave without a key could never be
 * counted. */
static enum err add_wave(const struct config *config, struct store *s,
	const struct wave *w, const char *definition, const char *recovery,
	const uint8_t key[static 32], struct why *why)
{
	enum err e = store_begin(s);
	if (e)
		return err_why(why, e, "the database: %s", err_text(e));
	e = store_wave_add_tx(s, w, definition);
	if (e) {
		(void)store_end(s, e);
		return e == ERR_CONFLICT
			       ? err_why(why, e, "there is a wave %s already", w->name)
			       : err_why(why, e, "the database: %s", err_text(e));
	}
	e = keep_key(config, recovery, w, key, why);
	if (e) {
		(void)store_end(s, e);
		return e;
	}
	e = store_end(s, OK);
	if (e && recovery)
		(void)unlink(recovery);
	return e ? err_why(why, e, "the database: %s", err_text(e)) : OK;
}

static enum err make_definition(const struct config *config, const struct wave_options *o,
	day opens, struct buf *ret_definition, struct buf *ret_left_out, struct why *why)
{
	auto_(arena) struct arena *a = arena_create();
	struct settings settings;
	enum err e = settings_read(a, o->settings, &settings, why);
	return e ? e
		 : definition_make(config->questionnaires, o->questionnaire, opens,
			   &settings, ret_definition, ret_left_out, why);
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
		{ "settings", &o.settings, NULL, false },
	};
	auto_(store) struct store *store = NULL;
	auto_(buf) struct buf definition = { 0 }, left_out = { 0 };
	struct wave w = { .state = WAVE_PLANNED };
	struct why why;
	uint8_t key[32];
	if (!options_read("wave add", ROWS(rows), argc, argv, NULL, 0))
		return PROGRAM_USAGE;
	if (fill_wave(&o, &w, &why) != OK) {
		program_failed("wave add", &why);
		return PROGRAM_USAGE;
	}
	enum err e = command_open_store(config, &store, &why);
	if (e == OK)
		e = make_definition(config, &o, w.opens, &definition, &left_out, &why);
	if (e)
		return program_failed("wave add", &why);
	if (!command_note(config, "wave add", AUDIT_CHANGED, w.name, "added"))
		return PROGRAM_FAILED;
	secret_random(key, sizeof key);
	struct secret_x25519 *pair = secret_x25519_load(key);
	secret_x25519_public(pair, w.public_key);
	secret_x25519_free(pair);
	e = add_wave(config, store, &w, buf_string(&definition), o.recovery, key, &why);
	secret_wipe(key, sizeof key);
	if (e)
		return program_failed("wave add", &why);
	printf("wave %s added%s\n", w.name,
		w.custody == CUSTODY_SERVER
			? "; its private key is on this machine: the promise begins at the count"
			: "");
	if (left_out.len)
		printf("left out, since no person has approved them: %s; `drafts = yes` in the "
		       "settings would take them\n",
			buf_string(&left_out));
	return PROGRAM_DONE;
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
		return PROGRAM_USAGE;
	if (!command_open_wave(config, "wave open", id, &store, &w))
		return PROGRAM_FAILED;
	if (w.state != WAVE_PLANNED) {
		log_error(
			"wave open: wave %s is %s already", id, wave_phase_word(w.state));
		return PROGRAM_FAILED;
	}
	enum err e = command_read_key(config, &w, recovery, key, &why);
	if (e == OK)
		e = key_fits(&w, key, &why);
	secret_wipe(key, sizeof key);
	if (e)
		return program_failed("wave open", &why);
	if (!command_note(config, "wave open", AUDIT_CHANGED, id, "opened"))
		return PROGRAM_FAILED;
	e = command_set_state(store, &w, WAVE_PLANNED, WAVE_OPEN);
	if (e)
		return command_store_failed("wave open", e);
	day_format(w.opens, opens);
	printf("wave %s takes answers from %s\n", id, opens);
	return PROGRAM_DONE;
}

static int wave_close(const struct config *config, int argc, char **argv)
{
	const char *id = NULL;
	const struct option_row rows[] = { { "id", &id, NULL, true } };
	auto_(store) struct store *store = NULL;
	struct wave w;
	if (!options_read("wave close", ROWS(rows), argc, argv, NULL, 0))
		return PROGRAM_USAGE;
	if (!command_open_wave(config, "wave close", id, &store, &w))
		return PROGRAM_FAILED;
	if (w.state != WAVE_PLANNED && w.state != WAVE_OPEN) {
		log_error("wave close: wave %s is %s already", id,
			wave_phase_word(w.state));
		return PROGRAM_FAILED;
	}
	if (!command_note(config, "wave close", AUDIT_CHANGED, id, "closed"))
		return PROGRAM_FAILED;
	enum err e = command_set_state(store, &w, w.state, WAVE_CLOSED);
	if (e)
		return command_store_failed("wave close", e);
	printf("wave %s is closed\n", id);
	return PROGRAM_DONE;
}

static int wave_list(const struct config *config, int argc, char **argv)
{
	auto_(store) struct store *store = NULL;
	auto_(free) struct wave *waves = NULL;
	size_t count;
	struct why why;
	if (!options_read("wave list", NULL, 0, argc, argv, NULL, 0))
		return PROGRAM_USAGE;
	if (command_open_store(config, &store, &why) != OK)
		return program_failed("wave list", &why);
	enum err e = store_waves(store, &waves, &count);
	if (e)
		return command_store_failed("wave list", e);
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
	return PROGRAM_DONE;
}

int command_wave(const struct config *config, int argc, char **argv)
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
	return PROGRAM_USAGE;
}
