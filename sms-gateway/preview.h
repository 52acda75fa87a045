/* Small groups, seen in advance (stats.md): what the disclosure rules will do to the
 * groups of one breakdown, if so many per cent of each answer the question. What can't be
 * foreseen is whether answers will be all alike. Pure. */
#ifndef SMS_GATEWAY_PREVIEW_H
#define SMS_GATEWAY_PREVIEW_H

#include <stddef.h>

enum preview_fate {
	PREVIEW_EMPTY, /* nobody is asked there */
	PREVIEW_FULL,  /* stands, with the whole distribution */
	PREVIEW_BRIEF, /* stands, with its number of answers and of positive ones alone */
	PREVIEW_MERGED, /* shown only together with others */
	PREVIEW_NEVER,
};

struct preview_cell {
	long persons; /* in the frame */
	long answers; /* expected, rounded down */
	enum preview_fate fate;
};

/* Fills answers and fate of the siblings of one breakdown. */
void preview_decide(struct preview_cell *cells, size_t count, unsigned per_cent);

#endif
