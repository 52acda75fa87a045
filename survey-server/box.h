/* The ballot box: sealers make ballots of answers, and one writer takes whatever has
 * queued, spends and stores it in one transaction, and tells each job when that is on
 * disk. Nothing waits for a timer: while one batch is being synced, the next gathers. */
#ifndef SURVEY_BOX_H
#define SURVEY_BOX_H

#include "store.h"

enum { BOX_REPEAT = 16 };

/* One invitation to spend or to revoke. Filled in by the caller, who keeps it until
 * done() is called, on a thread of the box, with err and spend set. */
struct box_job {
	int64_t wave;
	int64_t serial;
	enum decline decline;    /* DECLINE_NONE: a ballot */
	struct invitation_id id; /* with decline */
	struct ballot ballot;    /* without; it is wiped when it is sealed */
	uint8_t public_key[32];  /* the wave's, and its name: what the ballot is sealed to
				  */
	const char *name;
	bool repeatable;            /* the same form may come again: see repeat */
	uint8_t repeat[BOX_REPEAT]; /* a keyed hash of the form */
	void (*done)(struct box_job *job);
	void *context;

	enum err err; /* not OK: nothing was stored and the invitation is as it was */
	enum spend spend;

	uint8_t sealed[BALLOT_SEALED]; /* the box's own from here on */
	struct box_job *next;
};

struct box;

/* Opens a store of its own in that file and starts the sealers and the writer. */
enum err box_start(const char *database, struct box **ret_box, struct why *why);
void box_submit(struct box *box, struct box_job *job);
/* Finishes what has queued and stops its threads. NULL is fine. */
void box_stop(struct box *box);

#endif
