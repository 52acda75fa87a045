#include "words.h"
#include <string.h>

bool words_next(const char **at, const char **ret_word, size_t *ret_len)
{
	*ret_word = *at + strspn(*at, " ");
	*ret_len = strcspn(*ret_word, " ");
	*at = *ret_word + *ret_len;
	return *ret_len > 0;
}

bool words_have(const char *list, const char *word, size_t len)
{
	const char *other;
	size_t other_len;
	while (words_next(&list, &other, &other_len))
		if (other_len == len && memcmp(other, word, len) == 0)
			return true;
	return false;
}
