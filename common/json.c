#include "json.h"
#include "form.h"
#include "mem.h"
#include <cjson/cJSON.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 64 };

static void *take_memory(size_t size)
{
	return mem_resize(NULL, size, 1);
}

__attribute__((constructor)) static void use_own_memory(void)
{
	cJSON_InitHooks(&(cJSON_Hooks){ .malloc_fn = take_memory, .free_fn = free });
}

/* struct json is never defined: it is the library's node under a name of our own. */
static cJSON *node(struct json *j)
{
	return (cJSON *)j;
}

static const cJSON *seen(const struct json *j)
{
	return (const cJSON *)j;
}

static struct json *ours(cJSON *c)
{
	return (struct json *)c;
}

static enum err broken(struct why *why, const char *text, size_t at, const char *what)
{
	size_t line = 1;
	size_t begin = 0;
	for (size_t i = 0; i < at; i++) {
		if (text[i] == '\n') {
			line++;
			begin = i + 1;
		}
	}
	return err_why(
		why, ERR_INPUT, "line %zu, byte %zu: %s", line, at - begin + 1, what);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What the library lets through: depth, control characters, and an escaped NUL, which
 * would cut a text short. */
static enum err scan(const char *text, size_t len, struct why *why)
{
	size_t depth = 0;
	bool quoted = false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if ((unsigned char)c < 0x20 && (quoted || !is_space(c)))
			return broken(why, text, i, "a control character");
		if (quoted && c == '\\') {
			if (len - i > 5 && memcmp(text + i, "\\u0000", 6) == 0)
				return broken(why, text, i, "a NUL");
			i++;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (!quoted && (c == '[' || c == '{')) {
			if (++depth > LEVELS)
				return broken(why, text, i, "too many levels");
		} else if (!quoted && (c == ']' || c == '}') && depth > 0) {
			depth--;
		}
	}
	return OK;
}

enum err json_parse(const char *text, size_t len, struct json **ret_json, struct why *why)
{
	if (!form_is_utf8(text, len))
		return err_why(why, ERR_INPUT, "not UTF-8");
	enum err e = scan(text, len, why);
	if (e != OK)
		return e;
	const char *end = text;
	cJSON *c = cJSON_ParseWithLengthOpts(text, len, &end, 0);
	size_t at = (size_t)(end - text);
	while (c && at < len && is_space(text[at]))
		at++;
	if (!c || at < len) {
		cJSON_Delete(c);
		return broken(why, text, at < len ? at : len, "not JSON");
	}
	*ret_json = ours(c);
	return OK;
}

void json_destroy(struct json *j)
{
	cJSON_Delete(node(j));
}

const struct json *json_get(const struct json *object, const char *key)
{
	if (!json_is_object(object))
		return NULL;
	return ours(cJSON_GetObjectItemCaseSensitive(seen(object), key));
}

const struct json *json_first(const struct json *parent)
{
	return parent ? ours(seen(parent)->child) : NULL;
}

const struct json *json_next(const struct json *child)
{
	return child ? ours(seen(child)->next) : NULL;
}

const char *json_key(const struct json *child)
{
	return child ? seen(child)->string : NULL;
}

size_t json_count(const struct json *parent)
{
	size_t count = 0;
	for (const struct json *j = json_first(parent); j; j = json_next(j))
		count++;
	return count;
}

bool json_is_array(const struct json *j)
{
	return cJSON_IsArray(seen(j));
}

bool json_is_object(const struct json *j)
{
	return cJSON_IsObject(seen(j));
}

const char *json_text(const struct json *j)
{
	return cJSON_GetStringValue(seen(j));
}

bool json_number(const struct json *j, double *ret_number)
{
	if (!cJSON_IsNumber(seen(j)) || !isfinite(seen(j)->valuedouble))
		return false;
	*ret_number = seen(j)->valuedouble;
	return true;
}

bool json_whole(const struct json *j, long low, long high, long *ret_number)
{
	double number;
	/* Beyond 2^53 a double no longer tells neighbouring whole numbers apart. */
	if (!json_number(j, &number) || fabs(number) > 9007199254740992.0 ||
		number != floor(number))
		return false;
	long whole = (long)number;
	if (whole < low || whole > high)
		return false;
	*ret_number = whole;
	return true;
}

bool json_true(const struct json *j)
{
	return cJSON_IsTrue(seen(j));
}

struct json *json_object(void)
{
	return ours(cJSON_CreateObject());
}

struct json *json_array(void)
{
	return ours(cJSON_CreateArray());
}

struct json *json_new_text(const char *text)
{
	return ours(cJSON_CreateString(text));
}

struct json *json_new_number(double number)
{
	return ours(cJSON_CreateNumber(number));
}

struct json *json_new_bool(bool value)
{
	return ours(cJSON_CreateBool(value));
}

struct json *json_new_null(void)
{
	return ours(cJSON_CreateNull());
}

struct json *json_set(struct json *object, const char *key, struct json *child)
{
	cJSON_DeleteItemFromObjectCaseSensitive(node(object), key);
	cJSON_AddItemToObject(node(object), key, node(child));
	return child;
}

struct json *json_append(struct json *array, struct json *child)
{
	cJSON_AddItemToArray(node(array), node(child));
	return child;
}

void json_remove(struct json *parent, struct json *child)
{
	cJSON_Delete(cJSON_DetachItemViaPointer(node(parent), node(child)));
}

void json_print(const struct json *j, bool pretty, struct buf *out)
{
	char *text = pretty ? cJSON_Print(seen(j)) : cJSON_PrintUnformatted(seen(j));
	if (!text)
		return;
	buf_text(out, text);
	free(text);
}

struct json *json_copy(const struct json *j)
{
	return ours(cJSON_Duplicate(seen(j), true));
}
