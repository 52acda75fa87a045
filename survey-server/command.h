/* What the commands of survey-server share: errors said once, the wave and its key. */
#ifndef SURVEY_COMMAND_H
#define SURVEY_COMMAND_H

#include "common/options.h"
#include "common/program.h"
#include "common/staff/staff_commands.h"
#include "config.h"
#include "store.h"

/* Says what went wrong on stderr and returns FAILED. */
int command_store_failed(const char *what, enum err e);

/* What the commands about staff work on. */
struct staff_order command_staff(const struct config *config);
/* Logs what the command is about to do to the wave: "wave 2027-1 WHAT". false after
 * saying why it can't; the command must then not do it. */
bool command_note(const struct config *config, const char *command, enum audit_event e,
	const char *wave, const char *what);

/* ERR_NOT_FOUND with what to do when `init` has not been run. */
enum err command_open_store(
	const struct config *config, struct store **ret_store, struct why *why);
/* Opens the store and finds the wave; says what is wrong and returns false when it can't.
 */
bool command_open_wave(const struct config *config, const char *what, const char *name,
	struct store **ret_store, struct wave *ret_wave);
/* Sets the wave's state in a transaction of its own, if it is still `from`. */
enum err command_set_state(
	struct store *s, const struct wave *w, enum wave_state from, enum wave_state to);
/* The wave's private key: from the file, else from the key file under custody = server,
 * else typed in. */
enum err command_read_key(const struct config *config, const struct wave *w,
	const char *file, uint8_t ret_key[static 32], struct why *why);

int command_wave(const struct config *config, int argc, char **argv);
int command_count(const struct config *config, int argc, char **argv);

#endif
