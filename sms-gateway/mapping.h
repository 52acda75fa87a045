/* What a case system calls things: a file per system, so that its export needs no
 * handwork. Words are compared folded as text_fold() does; several for one thing have |
 * between.
 *
 *     [system]
 *     name = Treserva              default: the file's name
 *     [columns]                    a column of the contract, or another that a wave may
 *     person_id = Personnummer | Pnr           ask for = what the header says; or …
 *     verksamhetsområde = Verksamhet
 *     [values verksamhetsområde]   what stands in that column = a code or name of the set
 *     IFO EKB | IFO Ekonomi = ekonomiskt-bistand
 *     [person]
 *     reserve = [0-9]{8}-?[A-Z][0-9]{3}     a reservnummer, all of it (POSIX extended)
 *
 * What stands in a column is written without : and =, which folding leaves out anyway. */
#ifndef SMS_GATEWAY_MAPPING_H
#define SMS_GATEWAY_MAPPING_H

#include "common/err.h"
#include "common/mem.h"
#include <stdbool.h>

struct mapping;

/* ERR_INPUT or ERR_NOT_FOUND with file, line and reason in why: an unknown section or
 * key, a column that does not begin with a letter, a word that is empty or stands for two
 * things, a pattern that is none or fits an empty field. */
enum err mapping_read(const char *file, struct mapping **ret_mapping, struct why *why);
void mapping_destroy(struct mapping *m); /* NULL is fine */
MEM_AUTO(mapping, struct mapping *, mapping_destroy)

const char *mapping_name(const struct mapping *m);
/* The column that a header stands for, folded ("personid"); NULL when the mapping says
 * nothing of it. In all three, m may be NULL: then nothing is said. */
const char *mapping_column(const struct mapping *m, const char *folded_header);
/* What a value of that column stands for, folded; NULL when the mapping says nothing. */
const char *mapping_value(
	const struct mapping *m, const char *folded_column, const char *folded_value);
/* Whether that is a reservnummer of the system. */
bool mapping_is_reserve(const struct mapping *m, const char *person);

#endif
