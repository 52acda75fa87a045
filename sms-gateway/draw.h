/* The simple random sample, so made that anyone can repeat it with sha256sum. Each person
 * gets a number, SHA-256 of the seed's bytes and then those of the person's keyed hash;
 * in each stratum those with the smallest numbers, first byte first, are drawn. The seed
 * is committed to, by its own SHA-256, before it is used. Pure. */
#ifndef SMS_GATEWAY_DRAW_H
#define SMS_GATEWAY_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DRAW_SEED = 32, DRAW_PERSON = 32 };

struct draw_person {
	uint8_t person[DRAW_PERSON]; /* keyed hash; no two alike */
	unsigned stratum;            /* from 0 */
	bool can;                    /* may be drawn */
	bool drawn;
};

/* Sets `drawn` for `size` of those who can in every stratum, for all of them where there
 * are fewer. The order of the persons does not matter. */
void draw_run(const uint8_t seed[static DRAW_SEED], struct draw_person *persons,
	size_t count, size_t size);

#endif
