#include "options.h"
#include "log.h"
#include <string.h>

static const struct option_row *find(
	const struct option_row *rows, size_t count, const char *name, size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(rows[i].name) == len && strncmp(rows[i].name, name, len) == 0)
			return &rows[i];
	return NULL;
}

/* Takes the option at argv[*at] and moves on; false after saying what is wrong. */
static bool take(const char *command, const struct option_row *rows, size_t count,
	int argc, char **argv, int *at)
{
	const char *name = argv[*at] + (argv[*at][1] == '-' ? 2 : 1);
	const char *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_row *row = find(rows, count, name, len);
	if (!row) {
		log_error("%s: unknown option %s", command, argv[*at]);
		return false;
	}
	(*at)++;
	if (row->flag) {
		*row->flag = true;
		if (equals)
			log_error("%s: --%s takes no value", command, row->name);
		return !equals;
	}
	if (!equals && *at == argc) {
		log_error("%s: --%s needs a value", command, row->name);
		return false;
	}
	*row->value = equals ? equals + 1 : argv[(*at)++];
	return true;
}

bool options_read(const char *command, const struct option_row *rows, size_t count,
	int argc, char **argv, const char **operands, size_t operand_count)
{
	size_t found = 0;
	for (int at = 0; at < argc;) {
		if (argv[at][0] == '-' && argv[at][1]) {
			if (!take(command, rows, count, argc, argv, &at))
				return false;
		} else if (found == operand_count) {
			log_error("%s: unexpected argument %s", command, argv[at]);
			return false;
		} else {
			operands[found++] = argv[at++];
		}
	}
	if (found < operand_count) {
		log_error("%s: an argument is missing", command);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (rows[i].required && rows[i].value && !*rows[i].value) {
			log_error("%s: --%s is missing", command, rows[i].name);
			return false;
		}
	}
	return true;
}
