/* The command `sample`: parts the frames into those who are asked by telephone, drawn at
 * random, and the rest, who get an SMS. */
#ifndef SMS_GATEWAY_SAMPLE_H
#define SMS_GATEWAY_SAMPLE_H

#include "sms-gateway/config.h"
#include <stdbool.h>

struct sample_order {
	const char *wave;
	const char *administration; /* NULL: all that have persons in the wave */
	const char *per_area;       /* a number; one of these two */
	const char *per_unit;
	bool dry_run;
	/* For who wants to repeat a draw, with one administration: */
	const char *seed; /* 64 hexadecimal digits, as the audit log has them */
	const char
		*frame; /* file to write the frame to, whose SHA-256 was committed to */
	const char *drawn; /* file to write those to whom the seed draws */
};

/* Before anything is drawn, the SHA-256 of the seed and that of the frame stand in the
 * audit log; the seed itself follows with the draw. With a seed nothing is drawn: the
 * stored draw is compared with what that seed gives. Exit status as in common/program.h.
 */
int sample_run(const struct config *c, const struct sample_order *order);

#endif
