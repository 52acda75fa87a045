#include "sms-gateway/stores.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_LONGEST = 40 };

struct item {
	struct store *store;
	int64_t version;
};

struct stores {
	const char *state;
	struct item *items;
	size_t count;
};

struct stores *stores_create(const char *state)
{
	struct stores *s = mem_alloc(sizeof *s);
	s->state = state;
	return s;
}

void stores_destroy(struct stores *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++)
		store_close(s->items[i].store);
	free(s->items);
	free(s);
}

bool stores_name_is_right(const char *name)
{
	size_t len = strlen(name);
	return len >= 1 && len <= NAME_LONGEST && *name != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static bool is_open(const struct stores *s, const char *administration)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(store_administration(s->items[i].store), administration) == 0)
			return true;
	return false;
}

/* "farsta" of "farsta.db"; false for anything else in the folder. */
static bool administration_of(const char *file, char name[static NAME_LONGEST + 1])
{
	size_t len = strlen(file);
	if (len < 4 || len - 3 > NAME_LONGEST || strcmp(file + len - 3, ".db") != 0)
		return false;
	memcpy(name, file, len - 3);
	name[len - 3] = '\0';
	return stores_name_is_right(name);
}

static int by_name(const void *a, const void *b)
{
	const struct item *one = a;
	const struct item *other = b;
	return strcmp(
		store_administration(one->store), store_administration(other->store));
}

enum err stores_refresh(struct stores *s, struct why *why)
{
	DIR *folder = opendir(s->state);
	if (!folder)
		return err_why(why, ERR_IO, "%s: %s: run `sms-gateway init` first",
			s->state, strerror(errno));
	enum err e = OK;
	size_t before = s->count;
	for (struct dirent *d = readdir(folder); d; d = readdir(folder)) {
		char name[NAME_LONGEST + 1];
		struct store *store;
		if (!administration_of(d->d_name, name) || is_open(s, name))
			continue;
		enum err opened = store_open(s->state, name, &store, why);
		if (opened != OK) {
			e = opened;
			continue;
		}
		s->items = mem_resize(s->items, s->count + 1, sizeof *s->items);
		s->items[s->count++] = (struct item){ store, -1 };
	}
	(void)closedir(folder);
	if (s->count > before)
		qsort(s->items, s->count, sizeof *s->items, by_name);
	return e;
}

size_t stores_count(const struct stores *s)
{
	return s->count;
}

struct store *stores_at(struct stores *s, size_t place)
{
	return s->items[place].store;
}

bool stores_changed(struct stores *s)
{
	bool changed = false;
	for (size_t i = 0; i < s->count; i++) {
		int64_t version = store_version(s->items[i].store);
		changed |= version != s->items[i].version;
		s->items[i].version = version;
	}
	return changed;
}
