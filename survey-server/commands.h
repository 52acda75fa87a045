/* The commands of survey-server. Each takes its arguments after the command's name and
 * returns the exit status: 0 done, 1 failed, 2 not understood. */
#ifndef SURVEY_COMMANDS_H
#define SURVEY_COMMANDS_H

#include "config.h"

struct command {
	const char *name;
	const char *usage;
	int (*run)(const struct config *config, int argc, char **argv);
};

/* Ends with a row whose name is NULL. */
extern const struct command commands[];

#endif
