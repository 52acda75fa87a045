#include "sms-gateway/enroll.h"
#include <stdlib.h>
#include <string.h>

struct reading {
	struct enroll_frame *frame;
	const struct keyring_wave *keys;
	struct arena *arena;
	bool per_unit;
	struct buf opened;
};

static enum err read_person(void *context, const struct store_contact *c)
{
	struct reading *r = context;
	struct enroll_frame *f = r->frame;
	struct details d;
	/* Removed by the coordinator before there were codes. */
	if (c->hold == STORE_OUT && !c->enrolled)
		return OK;
	enum err e = keyring_open_details(
		r->keys, c->contact, c->details.data, c->details.len, &r->opened, &d);
	if (e != OK || d.values[f->area] >= f->wave->variables[f->area].count)
		return ERR_CRYPTO;
	f->persons = arena_more(r->arena, f->persons, f->count, sizeof *f->persons);
	struct enroll_person *p = &f->persons[f->count++];
	*p = (struct enroll_person){ .contact = c->contact,
		.area = d.values[f->area],
		.unit = r->per_unit ? arena_text(r->arena, d.unit, strlen(d.unit)) : "",
		.callable = (c->channels & FRAME_CALL) != 0 };
	memcpy(p->person, c->person.bytes, sizeof p->person);
	return OK;
}

enum err enroll_read(struct store *s, const struct keyring_wave *keys,
	const struct survey_wave *w, bool per_unit, struct arena *a,
	struct enroll_frame *ret_frame)
{
	*ret_frame = (struct enroll_frame){ .wave = w,
		.area = survey_variable_find(w, "area") };
	struct reading r = {
		.frame = ret_frame, .keys = keys, .arena = a, .per_unit = per_unit
	};
	enum err e = ret_frame->area < 0 ? ERR_INPUT
					 : store_contacts(s, w->wave, read_person, &r);
	buf_clear(&r.opened);
	return e;
}

static int by_stratum(const struct enroll_stratum *a, const struct enroll_stratum *b)
{
	if (a->area != b->area)
		return a->area < b->area ? -1 : 1;
	int order = strcmp(a->unit, b->unit);
	return order ? order : (int)a->plan - (int)b->plan;
}

static int compare_strata(const void *a, const void *b)
{
	return by_stratum(a, b);
}

static struct enroll_stratum stratum_of(const struct enroll_person *p, bool planned)
{
	return (struct enroll_stratum){ .area = p->area,
		.unit = p->unit,
		.plan = planned && p->drawn ? PLAN_TELEPHONE : PLAN_SMS,
		.persons = 1,
		.callable = p->callable };
}

struct enroll_stratum *enroll_strata(
	struct arena *a, const struct enroll_frame *f, bool planned, size_t *ret_count)
{
	struct enroll_stratum *all = arena_alloc(a, (f->count + 1) * sizeof *all);
	size_t count = 0;
	for (size_t i = 0; i < f->count; i++)
		all[i] = stratum_of(&f->persons[i], planned);
	if (f->count)
		qsort(all, f->count, sizeof *all, compare_strata);
	for (size_t i = 0; i < f->count; i++) {
		if (count && by_stratum(&all[count - 1], &all[i]) == 0) {
			all[count - 1].persons++;
			all[count - 1].callable += all[i].callable;
		} else {
			all[count++] = all[i];
		}
	}
	*ret_count = count;
	return all;
}

static unsigned number_of(const struct enroll_stratum *strata, size_t count,
	const struct enroll_person *p, bool planned)
{
	struct enroll_stratum key = stratum_of(p, planned);
	const struct enroll_stratum *found =
		bsearch(&key, strata, count, sizeof *strata, compare_strata);
	return (unsigned)(found - strata);
}

void enroll_draw(
	struct enroll_frame *f, const uint8_t seed[static DRAW_SEED], size_t size)
{
	auto_(arena) struct arena *a = arena_create();
	size_t count;
	struct enroll_stratum *strata = enroll_strata(a, f, false, &count);
	struct draw_person *persons = arena_alloc(a, (f->count + 1) * sizeof *persons);
	for (size_t i = 0; i < f->count; i++) {
		persons[i].stratum = number_of(strata, count, &f->persons[i], false);
		persons[i].can = f->persons[i].callable;
		memcpy(persons[i].person, f->persons[i].person, DRAW_PERSON);
	}
	draw_run(seed, persons, f->count, size);
	for (size_t i = 0; i < f->count; i++)
		f->persons[i].drawn = persons[i].drawn;
}

static enum err add_strata(struct store *s, const struct enroll_frame *f,
	const struct enroll_stratum *strata, size_t count)
{
	const struct survey_variable *areas = &f->wave->variables[f->area];
	enum err e = OK;
	for (size_t i = 0; i < count && e == OK; i++)
		e = store_stratum_add_tx(s, f->wave->wave, (unsigned)i,
			areas->values[strata[i].area].code, strata[i].unit,
			strata[i].plan);
	return e;
}

static enum err enroll_person(struct store *s, const struct keyring_wave *keys,
	const char *wave, const struct enroll_person *p, unsigned stratum)
{
	struct buf sealed = { 0 };
	struct code code = code_random();
	keyring_seal_code(keys, p->contact, &code, &sealed);
	enum err e = store_contact_enroll_tx(s, wave, p->contact, stratum,
		(struct store_blob){ sealed.data, sealed.len });
	secret_wipe(&code, sizeof code);
	buf_clear(&sealed);
	return e;
}

/* The persons from `first` on, at most ENROLL_BATCH; none at all for an empty frame,
 * whose batch tells who was left out. */
static enum err add_batch(struct store *s, const struct keyring_wave *keys,
	const struct enroll_frame *f, const struct enroll_stratum *strata, size_t count,
	size_t first, size_t *ret_after)
{
	const char *wave = f->wave->wave;
	size_t after = f->count - first > ENROLL_BATCH ? first + ENROLL_BATCH : f->count;
	auto_(free) long *sizes = mem_alloc((count + 1) * sizeof *sizes);
	int64_t batch;
	bool any = after > first;
	enum err e = store_batch_add_tx(s, wave, any ? f->persons[first].contact : 1,
		any ? f->persons[after - 1].contact : 0, &batch);
	for (size_t i = first; i < after && e == OK; i++) {
		unsigned n = number_of(strata, count, &f->persons[i], true);
		sizes[n]++;
		e = enroll_person(s, keys, wave, &f->persons[i], n);
	}
	for (size_t n = 0; n < count && e == OK; n++)
		if (sizes[n])
			e = store_batch_stratum_tx(
				s, wave, batch, (unsigned)n, sizes[n], sizes[n]);
	*ret_after = after;
	return e;
}

enum err enroll_tx(
	struct store *s, const struct keyring_wave *keys, const struct enroll_frame *f)
{
	auto_(arena) struct arena *a = arena_create();
	size_t count;
	struct enroll_stratum *strata = enroll_strata(a, f, true, &count);
	enum err e = add_strata(s, f, strata, count);
	size_t at = 0;
	do {
		if (e == OK)
			e = add_batch(s, keys, f, strata, count, at, &at);
	} while (e == OK && at < f->count);
	return e;
}
