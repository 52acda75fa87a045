/* The files of a questionnaire: FOLDER/NAME.LANGUAGE[.VARIANT].json, one an edition. */
#ifndef SURVEY_EDITIONS_H
#define SURVEY_EDITIONS_H

#include "common/json.h"
#include "questionnaire.h"

struct edition {
	const char *file;
	struct json *resource;
	struct questionnaire questionnaire;
};

struct editions {
	struct arena *arena;
	struct edition *all; /* the plain Swedish one first, then by file name */
	size_t count;
};

/* Reads and checks every edition, and that none lacks what another has: a half-translated
 * questionnaire is none. ERR_NOT_FOUND or ERR_INPUT with file, path and reason in why. */
enum err editions_read(const char *folder, const char *name,
	struct editions *ret_editions, struct why *why);
void editions_finish(struct editions *e);
/* The edition in exactly that language and variant, NULL when there is none. */
const struct edition *editions_find(
	const struct editions *e, const char *language, const char *variant);
/* Checks one file alone, then that it has all that the editions beside it have. */
enum err editions_check_file(const char *file, struct why *why);

static inline void auto_editions_cleanup(struct editions *e)
{
	editions_finish(e);
}

#endif
