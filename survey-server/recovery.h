/* The wave's private key on paper: 13 groups of five characters, of which the fifth
 * checks the other four, so that a typing error is found in its group. Case, spaces and
 * dashes do not matter. */
#ifndef SURVEY_RECOVERY_H
#define SURVEY_RECOVERY_H

#include "common/secret.h"

enum { RECOVERY_GROUPS = 13, RECOVERY_TEXT = RECOVERY_GROUPS * 6 + 1 };

/* Writes the groups, a space between them and after every fifth a line break instead. */
void recovery_format(const uint8_t key[static 32], char out[static RECOVERY_TEXT]);
/* ERR_INPUT with the first group that is wrong in why. Lines that begin with # are passed
 * over. */
enum err recovery_parse(const char *text, uint8_t ret_key[static 32], struct why *why);
/* Writes the file for --recovery, mode 0600. ERR_CONFLICT when it is there already. */
enum err recovery_store(const char *file, const char *wave, const uint8_t key[static 32],
	struct why *why);
enum err recovery_load(const char *file, uint8_t ret_key[static 32], struct why *why);

#endif
