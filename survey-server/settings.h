/* What a wave is told beyond the command line, in an INI file:
 *
 *   [form]
 *   layout = pages             or one-page
 *   languages = sv en ar       default: all there are
 *   drafts = no                yes: also what no person has approved
 *   own = NAME                 the city's own questions, NAME.LANGUAGE.json
 *
 *   [background]
 *   variables = sex age        what is kept of a person beside administration and area,
 *                              each a value set; default: nothing
 *
 *   [area barn-unga]
 *   hide = q3 q5               questions that make no sense there
 *   variant = barn             what is shown first
 *   exempt = no                yes: nobody of that area is asked
 */
#ifndef SURVEY_SETTINGS_H
#define SURVEY_SETTINGS_H

#include "common/err.h"
#include "common/mem.h"
#include <stdbool.h>
#include <stddef.h>

enum layout { LAYOUT_PAGES, LAYOUT_ONE_PAGE };

struct settings_area {
	const char *area; /* its code */
	unsigned hidden;  /* bit n: the question at place n */
	const char *variant;
	bool exempt;
};

struct settings {
	enum layout layout;
	const char **languages; /* NULL: all */
	size_t language_count;
	bool drafts;
	const char *own; /* NULL: none */
	const char **variables;
	size_t variable_count;
	struct settings_area *areas;
	size_t area_count;
};

/* Everything lives in the arena. file may be NULL: all as by default. ERR_INPUT with
 * file, line and reason in why. */
enum err settings_read(struct arena *a, const char *file, struct settings *ret_settings,
	struct why *why);

#endif
