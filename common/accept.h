/* What a client accepts: RFC 9110, 12.4 and 12.5. Pure. */
#ifndef COMMON_ACCEPT_H
#define COMMON_ACCEPT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether an Accept-Encoding permits that coding by name. header may be NULL. */
bool accept_encoding(const char *header, const char *coding);
/* The place of the offered language that an Accept-Language likes best, by its primary
 * subtag (en-GB is en); -1 when it names none. Among equals the first in the header wins.
 * header may be NULL. */
int accept_language(const char *header, const char *const *offered, size_t count);

#endif
