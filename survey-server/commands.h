/* The commands of survey-server. */
#ifndef SURVEY_COMMANDS_H
#define SURVEY_COMMANDS_H

#include "common/program.h"
#include "config.h"

extern const struct program commands_program;

#endif
