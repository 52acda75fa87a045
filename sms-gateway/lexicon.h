/* Remembers what texts were found to mean, so that a value that stands in 100,000 rows is
 * looked into once. */
#ifndef SMS_GATEWAY_LEXICON_H
#define SMS_GATEWAY_LEXICON_H

#include "common/mem.h"
#include <stdbool.h>

struct lexicon;

/* Lives in the arena. */
struct lexicon *lexicon_create(struct arena *a);
/* The meaning of the text; 0 and *ret_new the first time. The place is the caller's to
 * write to until the next call. After many different texts each is new every time. */
int *lexicon_at(struct lexicon *l, const char *text, bool *ret_new);

#endif
