/* A counted wave's release, as JSON, CSV and a page. Everything is read from what the
 * count stored; nothing is computed here but layout. ERR_NOT_FOUND when the wave is not
 * counted. */
#ifndef SURVEY_REPORT_H
#define SURVEY_REPORT_H

#include "store.h"

/* The contract's JSON, indented. */
enum err report_json(struct store *s, const struct wave *w, struct buf *ret_json);
/* One line per group and question: UTF-8 with a byte order mark, semicolons, whole per
 * cent, empty where hidden. */
enum err report_csv(struct store *s, const struct wave *w, struct buf *ret_csv);
/* A whole page: figures, a bar for each distribution, and the table it was drawn from. */
enum err report_html(struct store *s, const struct wave *w, struct buf *ret_page);

#endif
