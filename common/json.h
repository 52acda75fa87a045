/* JSON, over cJSON. Reading: every accessor takes NULL and a value of the wrong kind and
 * answers "nothing", so a document can be walked first and checked once. Building: a set
 * takes over the child. */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include "buf.h"
#include "err.h"
#include <stdbool.h>

struct json;

/* Parses exactly len bytes, nothing after them but white space; at most 64 levels deep.
 * ERR_INPUT with the place in why. */
enum err json_parse(
	const char *text, size_t len, struct json **ret_json, struct why *why);
void json_destroy(struct json *j);
MEM_AUTO(json, struct json *, json_destroy)

const struct json *json_get(const struct json *object, const char *key);
/* The first child of an array or object, and the one after. NULL when there is none. */
const struct json *json_first(const struct json *parent);
const struct json *json_next(const struct json *child);
const char *json_key(const struct json *child);
size_t json_count(const struct json *parent);
bool json_is_array(const struct json *j);
bool json_is_object(const struct json *j);
/* NULL when it is not a text. */
const char *json_text(const struct json *j);
/* false when it is not a number, or not a whole one in that range. */
bool json_number(const struct json *j, double *ret_number);
bool json_whole(const struct json *j, long low, long high, long *ret_number);
bool json_true(const struct json *j);

struct json *json_object(void);
struct json *json_array(void);
struct json *json_new_text(const char *text);
struct json *json_new_number(double number);
struct json *json_new_bool(bool value);
struct json *json_new_null(void);
/* Both return the child, which now belongs to the parent. */
struct json *json_set(struct json *object, const char *key, struct json *child);
struct json *json_append(struct json *array, struct json *child);
/* Takes the child out and destroys it. */
void json_remove(struct json *parent, struct json *child);
/* A copy with all that is in it, the caller's. */
struct json *json_copy(const struct json *j);
/* Adds the value as text, on one line or indented. */
void json_print(const struct json *j, bool pretty, struct buf *out);

#endif
