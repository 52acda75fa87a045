/* The files of all administrations, open in one thread. New ones are found while the
 * gateway runs. */
#ifndef SMS_GATEWAY_STORES_H
#define SMS_GATEWAY_STORES_H

#include "sms-gateway/store.h"

struct stores;

/* Keeps the path by reference. */
struct stores *stores_create(const char *state);
void stores_destroy(struct stores *s);
MEM_AUTO(stores, struct stores *, stores_destroy)
/* Opens what has come since. ERR_IO and others with the file in why; those that can be
 * opened are open. */
enum err stores_refresh(struct stores *s, struct why *why);
size_t stores_count(const struct stores *s);
struct store *stores_at(struct stores *s, size_t place);
/* Whether another connection has committed anything since it was last asked; true for a
 * new file. */
bool stores_changed(struct stores *s);

/* What becomes a file's name: [a-z0-9-], 1 to 40 characters, beginning with a letter or
 * digit. */
bool stores_name_is_right(const char *name);

#endif
