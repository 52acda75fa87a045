#include "batch.h"
#include <string.h>

enum { BATCH_LIMIT = 10000, ENTRY = INVITATION_ID + INVITATION_SEALED };

static bool name_valid(const char *name)
{
	size_t len = strlen(name);
	return len >= 1 && len <= 64 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static const char *read_strata(struct arena *arena, const struct json *list,
	const struct definition *d, struct batch *b)
{
	const struct variable *areas = &d->variables[d->area];
	b->strata = arena_alloc(arena, json_count(list) * sizeof *b->strata);
	for (const struct json *j = json_first(list); j; j = json_next(j)) {
		const char *area = json_text(json_get(j, "area"));
		const char *plan = json_text(json_get(j, "plan"));
		long stratum, frame, drawn;
		int place = area ? definition_value(areas, area) : -1;
		if (place < 0)
			return "a stratum's area is not one of the wave's";
		if (areas->values[place].exempt)
			return "a stratum's area is exempt from the wave";
		if (!plan || (strcmp(plan, "sms") != 0 && strcmp(plan, "telephone") != 0))
			return "a stratum's plan must be sms or telephone";
		if (!json_whole(json_get(j, "stratum"), 0, UINT16_MAX, &stratum) ||
			!json_whole(json_get(j, "frame"), 0, INT32_MAX, &frame) ||
			!json_whole(json_get(j, "drawn"), 0, frame, &drawn))
			return "a stratum's numbers are missing or drawn is more than frame";
		for (size_t i = 0; i < b->stratum_count; i++)
			if (b->strata[i].stratum == stratum)
				return "a stratum stands twice";
		b->strata[b->stratum_count++] = (struct stratum){
			.administration = b->store.administration,
			.stratum = (uint16_t)stratum,
			.area = (uint16_t)place,
			.plan = strcmp(plan, "sms") == 0 ? PLAN_SMS : PLAN_TELEPHONE,
			.frame = frame,
			.drawn = drawn,
		};
	}
	return NULL;
}

static const char *read_invitations(
	struct arena *arena, const struct json *list, struct batch *b)
{
	size_t count = json_count(list);
	if (!json_is_array(list) || count > BATCH_LIMIT)
		return "invitations must be a list of 0 to 10,000";
	struct store_invitation *all = arena_alloc(arena, count * sizeof *all);
	for (const struct json *j = json_first(list); j; j = json_next(j)) {
		uint8_t entry[ENTRY];
		const char *text = json_text(j);
		if (!text || !secret_unhex(text, entry, sizeof entry))
			return "an invitation is not 128 hexadecimal digits";
		struct store_invitation *at = &all[b->store.size];
		memcpy(at->id.bytes, entry, INVITATION_ID);
		memcpy(at->sealed, entry + INVITATION_ID, INVITATION_SEALED);
		if (b->store.size &&
			memcmp(at[-1].id.bytes, at->id.bytes, INVITATION_ID) >= 0)
			return "invitations must be sorted, each once";
		b->store.size++;
	}
	b->store.invitations = all;
	return NULL;
}

const char *batch_read(struct arena *arena, const struct json *j,
	const struct definition *d, const char *name, struct batch *b)
{
	const char *administration = json_text(json_get(j, "administration"));
	int variable = definition_variable(d, "administration");
	int place = administration
			    ? definition_value(&d->variables[variable], administration)
			    : -1;
	if (!name_valid(name))
		return "a batch's name is 1 to 64 of a-z, 0-9 and dash";
	if (place < 0)
		return "administration is not one of the wave's";
	*b = (struct batch){ 0 };
	b->store = (struct store_batch){
		.name = name, .administration = (uint16_t)place, .content = b->content
	};
	b->left_out = json_get(j, "left_out");
	for (const struct json *l = json_first(b->left_out); l; l = json_next(l)) {
		long persons;
		const char *reason = json_key(l);
		if (!reason || strlen(reason) > 64 ||
			!json_whole(l, 0, INT32_MAX, &persons))
			return "left_out must give a number for each reason";
	}
	const char *wrong = read_strata(arena, json_get(j, "strata"), d, b);
	return wrong ? wrong : read_invitations(arena, json_get(j, "invitations"), b);
}
