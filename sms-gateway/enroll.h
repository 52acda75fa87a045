/* Gives the persons of a frame their one-time codes, and parts them into strata and
 * batches: from then on the frame is what survey-server is told. */
#ifndef SMS_GATEWAY_ENROLL_H
#define SMS_GATEWAY_ENROLL_H

#include "sms-gateway/details.h"
#include "sms-gateway/draw.h"
#include "sms-gateway/frame.h"
#include "sms-gateway/store.h"
#include "sms-gateway/survey_api.h"

enum { ENROLL_BATCH = 10000 }; /* invitations that survey-server takes in one piece */

struct enroll_person {
	int64_t contact;
	unsigned area;    /* place of the value: nobody is in a frame without */
	const char *unit; /* "" unless draws are per unit */
	bool callable;
	bool drawn; /* to the telephone plan */
	uint8_t person[DRAW_PERSON];
};

/* The persons of one administration's frame, in the order of their keyed hashes, in the
 * arena. */
struct enroll_frame {
	const struct survey_wave *wave;
	int area; /* place of the variable */
	struct enroll_person *persons;
	size_t count;
};

/* Reads all persons. */
enum err enroll_read(struct store *s, const struct keyring_wave *keys,
	const struct survey_wave *w, bool per_unit, struct arena *a,
	struct enroll_frame *ret_frame);
/* Draws with the seed: `size` of those who can be called in each area, or each area and
 * unit. */
void enroll_draw(
	struct enroll_frame *f, const uint8_t seed[static DRAW_SEED], size_t size);
/* Makes codes, strata and pending batches. */
enum err enroll_tx(
	struct store *s, const struct keyring_wave *keys, const struct enroll_frame *f);

/* What the frame's persons are parted in. */
struct enroll_stratum {
	unsigned area;
	const char *unit;
	enum plan plan;
	long persons;
	long callable;
};
/* Sorted by area, unit and plan, in the arena. The place of a person's is its number.
 * planned: parted by plan; otherwise as if nobody were drawn. */
struct enroll_stratum *enroll_strata(
	struct arena *a, const struct enroll_frame *f, bool planned, size_t *ret_count);

#endif
