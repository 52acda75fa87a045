/* Value sets: the codes and names that a background variable can have, and which finer
 * value refines which. A file in UTF-8, its sections in any order:
 *
 *     [variable]
 *     code = measure
 *     name = Insats
 *     [values]                 what a wave asks about, keeps and shows, in that order
 *     hemtjanst = Hemtjänst
 *     [local]                  finer values that files may carry; each has a parent
 *     hemtjanst-natt = Hemtjänst nattetid
 *     [groups]                 coarser ones, for groups that are too small
 *     aldre = Stöd till äldre
 *     [parents]                a local value's is a local one or a value, a value's is a
 *     hemtjanst-natt = hemtjanst                    group, a group's is a coarser group
 *     hemtjanst = aldre
 *     [valid]                  first and last day, either may be -; default: always
 *     hemtjanst = 2020-07-01 -
 *
 * Pure but for the reading of the file. */
#ifndef COMMON_VALUESET_H
#define COMMON_VALUESET_H

#include "clock.h"
#include "mem.h"

enum valueset_level {
	VALUESET_LOCAL,
	VALUESET_VALUE,
	VALUESET_GROUP,
};

struct valueset_entry {
	const char *code;
	const char *name;
	enum valueset_level level;
	int parent;   /* its place in the entries; -1: none */
	day from, to; /* 0: no limit */
};

struct valueset {
	const char *code;
	const char *name;
	struct valueset_entry *entries; /* in the order of the file */
	size_t count;
};

/* Reads and checks the whole file; everything lives in the arena. ERR_INPUT or
 * ERR_NOT_FOUND with file, line where there is one, and reason in why: a code twice, a
 * parent that is not there or of the wrong level, a circle, a local value without parent,
 * a code that is not [a-z0-9+-]{1,40}, no values. */
enum err valueset_read(
	struct arena *a, const char *file, struct valueset *ret_set, struct why *why);
/* The same with FOLDER/CODE.ini; a set without entries when the folder is "" or has no
 * such file. */
enum err valueset_read_any(struct arena *a, const char *folder, const char *code,
	struct valueset *ret_set, struct why *why);
/* The entry's place by its code, -1 when there is none. */
int valueset_find(const struct valueset *s, const char *code);
/* The place of the value that the entry is, or rolls up to; -1 for a group. */
int valueset_value(const struct valueset *s, int place);
/* Whether the entry is, or lies below, the other. */
bool valueset_within(const struct valueset *s, int place, int other);
/* Whether the entry is valid on that day. */
bool valueset_valid(const struct valueset_entry *e, day on);
/* For a set of age groups: the value whose code is a range that the age lies in, "18-29"
 * or "80+"; -1 when there is none. */
int valueset_of_age(const struct valueset *s, int age);

#endif
