#include "sms-gateway/lexicon.h"
#include <stdint.h>
#include <string.h>

enum {
	PLACES = 1 << 12,
	MOST = PLACES / 2, /* texts that are kept; free places keep the search short */
};

struct entry {
	const char *text; /* NULL: free */
	int meaning;
};

struct lexicon {
	struct arena *arena;
	size_t count;
	int passing; /* the meaning of a text that is not kept */
	struct entry entries[PLACES];
};

struct lexicon *lexicon_create(struct arena *a)
{
	struct lexicon *l = arena_alloc(a, sizeof *l);
	l->arena = a;
	return l;
}

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
static size_t place_of(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return (hash >> 32 ^ hash) % PLACES;
}

int *lexicon_at(struct lexicon *l, const char *text, bool *ret_new)
{
	size_t at = place_of(text);
	while (l->entries[at].text && strcmp(l->entries[at].text, text) != 0)
		at = (at + 1) % PLACES;
	struct entry *e = &l->entries[at];
	*ret_new = !e->text;
	if (e->text)
		return &e->meaning;
	if (l->count == MOST) {
		l->passing = 0;
		return &l->passing;
	}
	l->count++;
	e->text = arena_text(l->arena, text, strlen(text));
	return &e->meaning;
}
