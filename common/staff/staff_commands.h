/* The commands about staff that both daemons have: `staff …` and `audit …`. */
#ifndef COMMON_STAFF_STAFF_COMMANDS_H
#define COMMON_STAFF_STAFF_COMMANDS_H

#include "staff.h"

struct staff_order {
	const struct staff_config *config;
	const struct staff_site *site;
	const char *state; /* the daemon's folders */
	const char *keys;
};

#define STAFF_USAGE                                                                         \
	"staff add NAME --role ROLE[,ROLE] [--full \"FIRST LAST\"]\n"                       \
	"                     [--administration A[,A]] [--area A[,A]]\n"                    \
	"           staff set NAME [the same options]\n"                                    \
	"           staff reset NAME\n"                                                     \
	"           staff remove NAME\n"                                                    \
	"           staff list\n"                                                           \
	"           staff routes\n\n"                                                       \
	"add makes an account and shows a link, good once and for seven days, where its\n"  \
	"owner chooses a password and a second factor. reset takes both away and shows a\n" \
	"new link. list shows name, full name, roles, administrations, areas, state and\n"  \
	"last sign-in, with tabs between; routes shows which roles open which page."
#define AUDIT_USAGE                                                                            \
	"audit verify [--head NUMBER:MAC]\n"                                                   \
	"           audit head\n\n"                                                            \
	"verify reads the whole log and names each line that was changed, removed or put\n"    \
	"in; --head is a head that syslog was given. Exit status 1 when something is wrong.\n" \
	"head shows the last line's number and MAC."

/* What stands after `staff` and after `audit`. Exit statuses as in common/program.h. */
int staff_command(const struct staff_order *o, int argc, char **argv);
int audit_verify_command(const struct staff_order *o, int argc, char **argv);
/* Logs what a command is about to do, as "unix:USER"; false after saying on stderr why it
 * can't, and the command must then not do it. */
bool staff_note(const struct staff_order *o, const char *command, enum audit_event e,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
