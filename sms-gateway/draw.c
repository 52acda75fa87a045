#include "sms-gateway/draw.h"
#include "common/secret.h"
#include <string.h>

struct ticket {
	uint8_t number[32];
	struct draw_person *person;
};

static int by_stratum_and_number(const void *a, const void *b)
{
	const struct ticket *one = a;
	const struct ticket *other = b;
	if (one->person->stratum != other->person->stratum)
		return one->person->stratum < other->person->stratum ? -1 : 1;
	return memcmp(one->number, other->number, sizeof one->number);
}

void draw_run(const uint8_t seed[static DRAW_SEED], struct draw_person *persons,
	size_t count, size_t size)
{
	struct ticket *tickets = mem_alloc(count * sizeof *tickets);
	uint8_t input[DRAW_SEED + DRAW_PERSON];
	size_t can = 0;
	memcpy(input, seed, DRAW_SEED);
	for (size_t i = 0; i < count; i++) {
		persons[i].drawn = false;
		if (!persons[i].can)
			continue;
		memcpy(input + DRAW_SEED, persons[i].person, DRAW_PERSON);
		secret_sha256(input, sizeof input, tickets[can].number);
		tickets[can++].person = &persons[i];
	}
	qsort(tickets, can, sizeof *tickets, by_stratum_and_number);
	for (size_t i = 0, first = 0; i < can; i++) {
		if (tickets[i].person->stratum != tickets[first].person->stratum)
			first = i;
		tickets[i].person->drawn = i - first < size;
	}
	free(tickets);
}
