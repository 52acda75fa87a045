/* A wave (mätomgång): one round of collection, and which of its phases holds on a day. */
#ifndef SURVEY_WAVE_H
#define SURVEY_WAVE_H

#include "common/clock.h"
#include <stdbool.h>
#include <stdint.h>

enum { WAVE_NAME = 32, WAVE_TITLE = 200 };

enum custody {
	CUSTODY_PAPER = 1,  /* the private key is on no machine */
	CUSTODY_SERVER = 2, /* it is in a key file too: for pilots and demonstrations */
};

/* As stored; the numbers never change. */
enum wave_state {
	WAVE_PLANNED = 0,
	WAVE_OPEN = 1, /* released for its days, or within them */
	WAVE_CLOSED = 2,
	WAVE_BURNING = 3, /* counted; what could tell of persons is being erased */
	WAVE_COUNTED = 4,
	WAVE_PUBLISHED = 5,
};

struct wave {
	int64_t number;
	char name[WAVE_NAME + 1];
	char title[WAVE_TITLE + 1];
	day opens;
	day closes; /* the last day that takes answers */
	enum custody custody;
	enum wave_state state;
	uint8_t public_key[32];
	int64_t invited;
	day counted; /* 0: not yet */
};

/* The state that holds on that day: a wave under custody = server opens by itself on its
 * first day, and every open wave closes after its last. An open wave before its first day
 * is WAVE_PLANNED. */
enum wave_state wave_phase(const struct wave *w, day today);
/* "planned", "open", … as scripts read it; and in Swedish. */
const char *wave_phase_word(enum wave_state phase);
const char *wave_phase_swedish(enum wave_state phase);
/* 1–32 of a–z, 0–9 and dash, not beginning with a dash. */
bool wave_name_valid(const char *name);

#endif
