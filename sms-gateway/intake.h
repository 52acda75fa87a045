/* A case system's file becomes the frame of an administration in a wave: read, weighed
 * against the rules and against what is stored, and kept. What the command `import` and
 * the coordinator's page both do. */
#ifndef SMS_GATEWAY_INTAKE_H
#define SMS_GATEWAY_INTAKE_H

#include "sms-gateway/config.h"
#include "sms-gateway/roster.h"
#include "sms-gateway/store.h"

struct intake_order {
	const char *wave;
	const char *administration;
	const char *name;    /* the file's, for people */
	const char *mapping; /* the one to use; NULL: whichever fits */
	bool dry_run;        /* show the same, keep nothing */
	/* Called before anything is kept; an error ends it. NULL in a dry run. */
	enum err (*note)(void *context, struct why *why);
	void (*progress)(
		void *context, unsigned done); /* thousandths; NULL: nobody asks */
	void (*read)(
		void *context); /* the bytes are not needed any more; NULL: never mind */
	void *context;
};

/* What became of the file. */
struct intake_result {
	struct rows_about about;
	const char *mapping; /* its name; NULL: none was needed */
	bool own_rules;      /* the wave has a file of rules */
	const char *missing; /* columns of the contract, as roster_missing() has them */
	const char *unread;  /* headers, as roster_unread() has them */
	size_t rows;
	size_t reasons[REASON_COUNT];  /* rows; [REASON_NONE]: persons of the frame */
	size_t left_out[REASON_COUNT]; /* persons */
	size_t marks[MARK_COUNT];
	size_t sms, call,
		neither; /* persons of the frame: SMS, else calls, else letters */
	/* Against what was there before. */
	bool before;   /* there was a frame */
	bool begun;    /* the sending has begun: only refusals and protections count */
	bool same;     /* nothing is changed */
	bool replaced; /* codes, draws and planned messages were thrown away */
	size_t added, changed, unchanged, vanished;
	size_t held;    /* wait for the coordinator's decision */
	size_t stopped; /* begun: found to be out since */
};

struct intake;

/* Takes the bytes of the file. Both names are checked first. Contacts are committed all
 * together or not at all; a file of which nobody is taken leaves a frame that is there as
 * it is. ERR_INPUT and others with the reason in why, in Swedish where
 * it is about the file; nothing was kept then. */
enum err intake_run(const struct config *c, const struct survey_wave *wave,
	const struct intake_order *order, const char *data, size_t len,
	struct intake **ret_intake, struct why *why);
void intake_destroy(struct intake *i); /* NULL is fine */
MEM_AUTO(intake, struct intake *, intake_destroy)

const struct intake_result *intake_result(const struct intake *i);
/* How many of the frame are in each group of each of the wave's tables (groups.h), this
 * administration's alone: as it is now kept, or would be. */
const long *const *intake_groups(const struct intake *i);
const struct roster_entry *intake_entries(const struct intake *i, size_t *ret_count);
/* Whether the names can be those of an administration and a wave. */
enum err intake_check_names(
	const char *administration, const char *wave, struct why *why);

#endif
