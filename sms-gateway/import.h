/* The command `import`: a case system's file becomes contacts, codes and registered
 * invitations. */
#ifndef SMS_GATEWAY_IMPORT_H
#define SMS_GATEWAY_IMPORT_H

#include "sms-gateway/config.h"
#include <stdbool.h>

struct import_order {
	const char *wave;
	const char *administration;
	const char *file;
	bool dry_run; /* show the same, keep nothing */
};

/* Prints what became of the rows, in Swedish, on standard output; what went wrong on
 * standard error. Contacts, codes and the batch are committed together, then registered
 * with survey-server. The program's exit status: 0 also when rows were left out, 1 when
 * nothing could be used or something failed. */
int import_run(const struct config *c, const struct import_order *order);

#endif
