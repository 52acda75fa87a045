/* The command line that both daemons share: `PROGRAM -c FILE COMMAND …`, `-n` to check
 * the configuration, `--help` for the program and for each command. */
#ifndef COMMON_PROGRAM_H
#define COMMON_PROGRAM_H

#include "err.h"
#include <stdbool.h>
#include <stddef.h>

/* Each daemon's own. */
struct config;

/* The exit status of a program and of its commands. */
enum {
	PROGRAM_DONE = 0,
	PROGRAM_FAILED = 1,
	PROGRAM_USAGE = 2,
};

struct program_command {
	const char *name;
	const char *usage; /* what stands after `PROGRAM -c FILE `, and what it does */
	/* Gets the arguments after the command's name. */
	int (*run)(const struct config *config, int argc, char **argv);
};

struct program {
	const char *name;
	const char *about; /* one sentence */
	const struct program_command *commands;
	size_t command_count;
};

struct program_call {
	const char *file; /* the configuration */
	bool check;       /* -n: the configuration is all that matters */
	const struct program_command *command;
	int argc; /* what stands after the command's name */
	char **argv;
};

/* Reads the command line. false when nothing is left to do: help was asked for, or
 * something is wrong and has been said; *ret_status is then the exit status. */
bool program_read(const struct program *p, int argc, char **argv,
	struct program_call *ret_call, int *ret_status);
/* Runs the call's command and shows its usage when it did not understand its arguments.
 */
int program_run(const struct program *p, const struct program_call *call,
	const struct config *config);

/* How far long work has come, in thousandths; on stderr and on a terminal only. A
 * thousand ends it. */
void program_progress(const char *what, unsigned done);
/* Says on stderr why the command failed, and is PROGRAM_FAILED. */
int program_failed(const char *command, const struct why *why);

#endif
