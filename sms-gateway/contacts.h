/* The command `contacts`: what is held of single persons, shown, decided about, erased.
 */
#ifndef SMS_GATEWAY_CONTACTS_H
#define SMS_GATEWAY_CONTACTS_H

#include "sms-gateway/config.h"

/* What stands after `contacts`. Exit status as in common/program.h. */
int contacts_run(const struct config *c, int argc, char **argv);

#define CONTACTS_USAGE                                                                      \
	"contacts held --administration NAME --wave WAVE\n"                                 \
	"           contacts keep|remove --administration NAME --wave WAVE "                \
	"NUMBER|shared|vanished\n"                                                          \
	"           contacts extract --administration NAME --person ID | --phone NUMBER\n"  \
	"                   [--format html|json] [-o FILE]\n"                               \
	"           contacts erase --administration NAME --person ID | --phone NUMBER "     \
	"[--refuse]\n"                                                                      \
	"           contacts erased\n\n"                                                    \
	"held lists who waits for a decision, and why; keep and remove decide, of one by\n" \
	"its number in that list or of all that are held for the same reason. extract\n"    \
	"writes what is held of a person, to be printed or as JSON. erase removes it;\n"    \
	"--refuse also remembers, unreadably, never to contact the person again. erased\n"  \
	"lists the waves whose persons are erased."

#endif
