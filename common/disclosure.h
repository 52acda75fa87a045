/* Which groups of a breakdown may be shown, and how much of them: pure, in one place;
 * every page and export reads what was stored after it. Nothing is ever computed by
 * subtracting.
 *
 * Sibling rule: children with fewer than DISCLOSURE_THRESHOLD answers, or whose answers
 * are all alike, go into one rest group; the smallest remaining sibling is added until
 * the rest has at least two children, enough answers, and is not all alike. If that
 * leaves fewer than two groups to show, the breakdown is not shown. A child without
 * siblings is the whole and stands or falls alone. The weakest sibling decides the detail
 * for all. */
#ifndef COMMON_DISCLOSURE_H
#define COMMON_DISCLOSURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DISCLOSURE_THRESHOLD = 10, DISCLOSURE_FULL = 30, DISCLOSURE_KINDS = 9 };

/* One child: how many answers of each kind. kinds = 1: only their number can tell
 * something. */
struct disclosure_child {
	bool exists; /* somebody was asked; else it is no child, and looks like a hidden
			one */
	size_t kinds;
	int64_t counts[DISCLOSURE_KINDS];
};

enum disclosure_place {
	DISCLOSURE_HIDDEN, /* the breakdown is not shown, or there is no such child */
	DISCLOSURE_REST,   /* shown only within the rest group */
	DISCLOSURE_SHOWN,
};

struct disclosure {
	bool shown; /* at least one group is */
	bool rest;  /* there is a rest group, and it is shown */
	bool full;  /* everything may be shown, not only n and the number of positive
		       answers */
};

/* Writes each child's place to places[0 … count-1]. */
struct disclosure disclosure_decide(const struct disclosure_child *children, size_t count,
	enum disclosure_place *places);

#endif
