/* The daemon: the ballot box, the listeners, and the housekeeping between them. */
#ifndef SURVEY_SERVE_H
#define SURVEY_SERVE_H

#include "config.h"

/* Runs until SIGTERM or SIGINT. Requests that were accepted are finished first. */
enum err serve_run(const struct config *config, struct why *why);

#endif
