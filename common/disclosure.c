#include "disclosure.h"

static int64_t answers(const struct disclosure_child *c)
{
	int64_t n = 0;
	for (size_t i = 0; i < c->kinds; i++)
		n += c->counts[i];
	return n;
}

static bool alike(const struct disclosure_child *c)
{
	if (c->kinds < 2)
		return false;
	for (size_t i = 0; i < c->kinds; i++)
		if (c->counts[i] && c->counts[i] == answers(c))
			return true;
	return false;
}

static bool stands(const struct disclosure_child *c)
{
	return answers(c) >= DISCLOSURE_THRESHOLD && !alike(c);
}

static void join(struct disclosure_child *rest, const struct disclosure_child *c)
{
	rest->kinds = c->kinds;
	for (size_t i = 0; i < c->kinds; i++)
		rest->counts[i] += c->counts[i];
}

/* The child shown so far with the fewest answers, the first of several; count when there
 * is none. */
static size_t smallest(const struct disclosure_child *children, size_t count,
	const enum disclosure_place *places)
{
	size_t found = count;
	for (size_t i = 0; i < count; i++)
		if (places[i] == DISCLOSURE_SHOWN &&
			(found == count ||
				answers(&children[i]) < answers(&children[found])))
			found = i;
	return found;
}

struct disclosure disclosure_decide(const struct disclosure_child *children, size_t count,
	enum disclosure_place *places)
{
	struct disclosure_child rest = { 0 };
	size_t exist = 0, joined = 0;
	for (size_t i = 0; i < count; i++) {
		const struct disclosure_child *c = &children[i];
		exist += c->exists;
		places[i] = !c->exists  ? DISCLOSURE_HIDDEN
			    : stands(c) ? DISCLOSURE_SHOWN
					: DISCLOSURE_REST;
		if (places[i] == DISCLOSURE_REST) {
			join(&rest, c);
			joined++;
		}
	}
	while (joined > 0 && (joined < 2 || !stands(&rest))) {
		size_t next = smallest(children, count, places);
		if (next == count)
			break;
		places[next] = DISCLOSURE_REST;
		join(&rest, &children[next]);
		joined++;
	}
	size_t groups = exist - joined + (joined > 0 && stands(&rest));
	struct disclosure d = { .shown = groups >= 2 || (exist == 1 && joined == 0) };
	if (!d.shown) {
		for (size_t i = 0; i < count; i++)
			places[i] = DISCLOSURE_HIDDEN;
		return d;
	}
	d.rest = joined > 0;
	size_t weakest = smallest(children, count, places);
	d.full = weakest == count || answers(&children[weakest]) >= DISCLOSURE_FULL;
	if (d.rest && answers(&rest) < DISCLOSURE_FULL)
		d.full = false;
	return d;
}
