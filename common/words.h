/* Lists of words with spaces between. Pure. */
#ifndef COMMON_WORDS_H
#define COMMON_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* The next word, from *at on, which then stands behind it; false when there is none. */
bool words_next(const char **at, const char **ret_word, size_t *ret_len);
/* Whether one of the list's words is that of len bytes. */
bool words_have(const char *list, const char *word, size_t len);

#endif
