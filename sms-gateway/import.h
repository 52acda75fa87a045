/* The commands `import` and `groups`: a case system's file becomes the frame of an
 * administration, and what the result will show of its groups. */
#ifndef SMS_GATEWAY_IMPORT_H
#define SMS_GATEWAY_IMPORT_H

#include "sms-gateway/config.h"
#include <stdbool.h>

struct import_order {
	const char *wave;
	const char *administration;
	const char *file;
	const char *mapping;  /* NULL: whichever fits */
	const char *report;   /* file to write what became of each row to; NULL: none */
	const char *response; /* per cent who are expected to answer; NULL: as usual */
	bool dry_run;         /* show the same, keep nothing */
};

/* Prints what became of the rows, in Swedish, on standard output; what went wrong on
 * standard error. Exit status as in common/program.h: 0 also when rows were left out, 1
 * when nobody is taken or something failed. */
int import_run(const struct config *c, const struct import_order *order);
/* Prints the small groups of what is imported. */
int import_groups(const struct config *c, const char *wave, const char *response);

#endif
