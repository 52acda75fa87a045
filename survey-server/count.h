/* Count, publish, burn: opens every ballot of a closed wave once, stores the release, and
 * erases what could tell of a person. */
#ifndef SURVEY_COUNT_H
#define SURVEY_COUNT_H

#include "common/json.h"
#include "store.h"

/* What a count, or a check, found. */
struct count_sums {
	int64_t ballots;
	int64_t answered;
	int64_t break_off;
	int64_t damaged;
};

/* Called now and then while ballots are opened. */
typedef void count_progress(int64_t done, int64_t all);

/* Opens and counts all ballots of the wave on one snapshot and applies the disclosure
 * rules. Changes nothing. ERR_CRYPTO when the key is not the wave's; ERR_CONFLICT when
 * the spent invitations and the ballots do not agree. *ret_release is the caller's to
 * destroy. */
enum err count_run(struct store *s, const struct wave *w,
	const uint8_t private_key[static 32], count_progress *progress,
	struct json **ret_release, struct count_sums *ret_sums, struct why *why);
/* Stores the release and deletes ballots, invitations, bitmaps, batch lists and
 * dispositions, in one transaction that first checks that the number of ballots is still
 * the counted one. The wave is then WAVE_BURNING. */
enum err count_store(struct store *s, const struct wave *w, const struct json *release,
	const struct count_sums *sums, day today, struct why *why);
/* Erases what the deleted rows left in the files, then the key file, then sets
 * WAVE_COUNTED. Can be stopped at any point and run again. key_file may name no file. */
enum err count_burn(
	struct store *s, const struct wave *w, const char *key_file, struct why *why);

#endif
