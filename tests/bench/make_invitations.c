/* Makes invitations for the benchmarks, as sms-gateway would:
 *
 *   make_invitations INVITATION_KEY WAVE ADMINISTRATION AREA COUNT FOLDER
 *
 * writes FOLDER/codes.txt, one code a line in random order, and FOLDER/batch-1.json … for
 * the internal API. */
#include "common/buf.h"
#include "common/clock.h"
#include "common/invitation.h"
#include <stdio.h>
#include <string.h>

enum { BATCH = 10000, ENTRY = INVITATION_ID + INVITATION_SEALED };

struct entry {
	uint8_t bytes[ENTRY];
};

static int by_id(const void *a, const void *b)
{
	return memcmp(a, b, INVITATION_ID);
}

static struct entry make(const uint8_t *key, const char *wave, FILE *codes)
{
	struct background b = { .plan = PLAN_SMS };
	struct code code = code_random();
	struct invitation_id id;
	struct invitation_seal seal;
	struct entry e;
	uint8_t plain[INVITATION_BACKGROUND];
	char text[INVITATION_CODE_TEXT + 1];
	code_format(&code, text);
	fprintf(codes, "%s\n", text);
	invitation_derive(key, &code, &id, &seal);
	background_encode(&b, plain);
	memcpy(e.bytes, id.bytes, INVITATION_ID);
	background_seal(&seal, wave, &id, plain, e.bytes + INVITATION_ID);
	return e;
}

static bool write_batch(const char *folder, int number, const char *administration,
	const char *area, struct entry *entries, long count)
{
	char file[4096], hex[2 * ENTRY + 1];
	snprintf(file, sizeof file, "%s/batch-%d.json", folder, number);
	FILE *out = fopen(file, "w");
	if (!out)
		return false;
	qsort(entries, (size_t)count, sizeof *entries, by_id);
	fprintf(out,
		"{\"administration\":\"%s\",\"strata\":[{\"stratum\":0,\"area\":\"%s\","
		"\"plan\":\"sms\",\"frame\":%ld,\"drawn\":%ld}],\"invitations\":[",
		administration, area, count, count);
	for (long i = 0; i < count; i++) {
		secret_hex(entries[i].bytes, ENTRY, hex);
		fprintf(out, "%s\"%s\"", i ? "," : "", hex);
	}
	fputs("]}", out);
	return fclose(out) == 0;
}

int main(int argc, char **argv)
{
	static struct entry entries[BATCH];
	uint8_t key[SECRET_KEY];
	struct why why;
	char file[4096];
	if (argc != 7)
		return 2;
	if (secret_key_load(argv[1], key, &why) != OK) {
		fprintf(stderr, "make_invitations: %s\n", why.text);
		return 1;
	}
	snprintf(file, sizeof file, "%s/codes.txt", argv[6]);
	FILE *codes = fopen(file, "w");
	long left = strtol(argv[5], NULL, 10);
	for (int number = 1; codes && left > 0; number++) {
		long count = left < BATCH ? left : BATCH;
		for (long i = 0; i < count; i++)
			entries[i] = make(key, argv[2], codes);
		if (!write_batch(argv[6], number, argv[3], argv[4], entries, count))
			return 1;
		left -= count;
	}
	return codes && fclose(codes) == 0 ? 0 : 1;
}
