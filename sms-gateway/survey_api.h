/* The client of survey-server's internal listener: all that the two daemons ever say to
 * each other. */
#ifndef SMS_GATEWAY_SURVEY_API_H
#define SMS_GATEWAY_SURVEY_API_H

#include "common/clock.h"
#include "common/invitation.h"
#include "common/mem.h"
#include "common/secret.h"
#include <stdbool.h>
#include <stddef.h>

struct survey_api;

enum survey_phase {
	SURVEY_PLANNED,
	SURVEY_OPEN,
	SURVEY_CLOSED, /* closed, burning, counted or published: nothing is sent any more
			*/
};

struct survey_value {
	const char *code;
	const char *name;
	bool exempt; /* an area in which the wave asks nobody */
};

struct survey_variable {
	const char *code;
	const char *name;
	size_t count;
	struct survey_value *values;
};

/* A table that the count will make: the groups of one variable, or within another's. */
struct survey_table {
	size_t count;
	int variables[INVITATION_VARIABLES]; /* places; the last is the one broken down by
					      */
};

struct survey_wave {
	const char *wave;
	const char *title;
	enum survey_phase phase;
	day opens;
	day closes;  /* inclusive */
	day counted; /* 0: not yet */
	size_t count;
	struct survey_variable *variables;
	size_t table_count;
	struct survey_table *tables;
};

struct survey_waves {
	size_t count;
	struct survey_wave *waves;
};

struct survey_ids {
	size_t count;
	struct invitation_id *ids; /* sorted */
};

/* What became of a batch. */
enum survey_batch {
	SURVEY_REGISTERED, /* now or before */
	SURVEY_REFUSED, /* never try again by itself: other content is there, or the wave
			   takes none */
	SURVEY_LATER, /* survey-server can't be reached, has no room, or does not know the
			 wave */
};

/* The base address, kept by reference, and the key that both daemons have. */
struct survey_api *survey_api_create(
	const char *base, const uint8_t key[static SECRET_KEY]);
/* The same with the key's file, for a command. */
enum err survey_api_start(const char *base, const char *key_file,
	struct survey_api **ret_api, struct why *why);
void survey_api_destroy(struct survey_api *api);
MEM_AUTO(survey_api, struct survey_api *, survey_api_destroy)

/* All waves, in the arena. ERR_IO when survey-server can't be reached or refuses,
 * ERR_INPUT when the reply is not understood; in words in why. */
enum err survey_api_waves(struct survey_api *api, struct arena *a,
	struct survey_waves *ret_waves, struct why *why);
/* The wave of that name; ERR_NOT_FOUND when survey-server has none. */
enum err survey_api_wave(struct survey_api *api, struct arena *a, const char *wave,
	const struct survey_wave **ret_wave, struct why *why);
/* PUTs the batch, whose body is JSON; why is written unless SURVEY_REGISTERED. */
enum survey_batch survey_api_register(struct survey_api *api, const char *wave,
	const char *batch, const char *body, size_t len, struct why *why);
/* Withdraws a batch that nobody has been told of; one that is not there is fine.
 * ERR_CONFLICT when survey-server will not, ERR_IO when it can't be reached. */
enum err survey_api_withdraw(
	struct survey_api *api, const char *wave, const char *batch, struct why *why);
/* Makes invitations worthless. */
enum err survey_api_revoke(struct survey_api *api, const char *wave,
	const struct invitation_id *ids, size_t count, struct why *why);
/* Which invitations of the batch are neither spent nor revoked. */
enum err survey_api_open(struct survey_api *api, const char *wave, const char *batch,
	struct arena *a, struct survey_ids *ret_open, struct why *why);
/* Who has said no, and whose link came to somebody else. */
enum err survey_api_declined(struct survey_api *api, const char *wave, struct arena *a,
	struct survey_ids *ret_declined, struct survey_ids *ret_wrong, struct why *why);

/* NULL when there is none of that name. */
const struct survey_wave *survey_wave_find(
	const struct survey_waves *w, const char *wave);
/* The variable's place, −1 when the wave has none of that code. */
int survey_variable_find(const struct survey_wave *w, const char *code);
/* The value's place by its code, −1 when there is none. */
int survey_value_find(const struct survey_variable *v, const char *code);
bool survey_ids_have(const struct survey_ids *ids, const struct invitation_id *id);

#endif
