/* A counted wave's release, as JSON, CSV and a page. Everything is read from what the
 * count stored; nothing is computed here but layout. ERR_NOT_FOUND when the wave is not
 * counted. */
#ifndef SURVEY_REPORT_H
#define SURVEY_REPORT_H

#include "store.h"

/* Whether a reader may see the value of a variable: "area", "barn-unga". */
struct report_scope {
	bool (*sees)(const void *context, const char *variable, const char *value);
	const void *context;
};

/* With a scope, rows about what it does not see are left out, and so is what is shown
 * only together; what is about the whole city stays. NULL: everything. */

/* The contract's JSON, indented. */
enum err report_json(struct store *s, const struct wave *w,
	const struct report_scope *scope, struct buf *ret_json);
/* One line per group and question: UTF-8 with a byte order mark, semicolons, whole per
 * cent, empty where hidden. */
enum err report_csv(struct store *s, const struct wave *w,
	const struct report_scope *scope, struct buf *ret_csv);
/* A whole page: figures, a bar for each distribution, and the table it was drawn from. */
enum err report_html(struct store *s, const struct wave *w,
	const struct report_scope *scope, struct buf *ret_page);

#endif
