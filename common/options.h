/* The options of a command: --name VALUE, --name=VALUE or --flag, described in a table.
 */
#ifndef COMMON_OPTIONS_H
#define COMMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct option_row {
	const char *name;   /* without the dashes; "o" stands for -o too */
	const char **value; /* NULL for a flag */
	bool *flag;
	bool required;
};

/* Reads argv[0 … argc-1]; what is no option goes to operands, of which exactly
 * operand_count must be there. false after saying on stderr what is wrong. */
bool options_read(const char *command, const struct option_row *rows, size_t count,
	int argc, char **argv, const char **operands, size_t operand_count);

#endif
