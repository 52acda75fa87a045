/* An Office Open XML package (ECMA-376, part 2), over minizip: parts in a zip archive,
 * and what they are to each other. Everything is unpacked in pieces and counted, so that
 * an archive that unpacks to far more than it is is refused and not unpacked. */
#ifndef SMS_GATEWAY_PACKAGE_H
#define SMS_GATEWAY_PACKAGE_H

#include "common/err.h"
#include "common/mem.h"
#include "common/xml.h"
#include <stdbool.h>
#include <stddef.h>

enum {
	PACKAGE_PARTS_MAX = 1000,
	PACKAGE_UNPACKED_MAX = 256 << 20, /* of all parts that are read */
};

struct package;

/* Whether the bytes begin as a zip archive does. */
bool package_looks_so(const char *data, size_t len);
/* The bytes must outlive the package. ERR_INPUT, as from the functions below, with what
 * to do in why (Swedish), when they are no package. */
enum err package_open(
	const char *data, size_t len, struct package **ret_package, struct why *why);
void package_close(struct package *p); /* NULL is fine */
MEM_AUTO(package, struct package *, package_close)

/* The part that the package is about. */
const char *package_main(const struct package *p);
/* Reads what the part is to others, for package_related(). */
enum err package_relations(struct package *p, const char *part, struct why *why);
/* The part with that relation ("worksheet") and id, NULL for any; NULL when there is
 * none. */
const char *package_related(
	const struct package *p, const char *relation, const char *id);

/* Reads the part from end to end. */
enum err package_read(
	struct package *p, const char *part, const struct xml_reader *r, struct why *why);
/* In a callback of package_read(): it shall end now and return e, the reason already in
 * why. */
void package_stop(struct package *p, enum err e);
/* Thousandths of the part being read that are behind, by what the archive says of it. */
unsigned package_done(const struct package *p);

#endif
