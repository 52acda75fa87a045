/* A batch as sms-gateway registers it: read from the internal API's JSON, checked against
 * the wave's definition. */
#ifndef SURVEY_BATCH_H
#define SURVEY_BATCH_H

#include "common/json.h"
#include "definition.h"
#include "store.h"

/* Texts live as long as the JSON, arrays as long as the arena. */
struct batch {
	struct store_batch store;
	struct stratum *strata;
	size_t stratum_count;
	const struct json *left_out;
	uint8_t content[32];
};

/* Fills *ret_batch but for store.content. NULL, or what is wrong in words for whoever
 * runs the gateway. */
const char *batch_read(struct arena *arena, const struct json *j,
	const struct definition *d, const char *name, struct batch *ret_batch);

#endif
