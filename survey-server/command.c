#include "command.h"
#include "common/log.h"
#include "recovery.h"
#include "staff_pages.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int command_store_failed(const char *what, enum err e)
{
	log_error("%s: the database: %s", what, err_text(e));
	return PROGRAM_FAILED;
}

struct staff_order command_staff(const struct config *config)
{
	return (struct staff_order){ &config->staff, &staff_pages_site, config->state,
		config->keys };
}

bool command_note(const struct config *config, const char *command, enum audit_event e,
	const char *wave, const char *what)
{
	const struct staff_order order = command_staff(config);
	return staff_note(&order, command, e, "wave %s %s", wave, what);
}

enum err command_open_store(
	const struct config *config, struct store **ret_store, struct why *why)
{
	auto_(free) char *database = config_database(config);
	if (access(config->state, F_OK) != 0)
		return err_why(why, ERR_NOT_FOUND,
			"%s: %s: run `survey-server init` first", config->state,
			strerror(errno));
	return store_open(database, ret_store, why);
}

bool command_open_wave(const struct config *config, const char *what, const char *name,
	struct store **ret_store, struct wave *ret_wave)
{
	struct why why;
	enum err e = command_open_store(config, ret_store, &why);
	if (e) {
		program_failed(what, &why);
		return false;
	}
	e = store_wave_find(*ret_store, name, ret_wave);
	if (e == ERR_NOT_FOUND)
		log_error("%s: there is no wave %s: `survey-server wave list` shows them",
			what, name);
	else if (e)
		command_store_failed(what, e);
	return e == OK;
}

/* The private key: from the file, else from the key file under custody = server, else
 * typed in. */
enum err command_read_key(const struct config *config, const struct wave *w,
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

enum err command_set_state(
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
	return store_end(s, e);
}
