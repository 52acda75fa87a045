#include "gateway_test.h"
#include "sms-gateway/preview.h"
#include <string.h>

enum { MOST = 6 };

static const char letter[] = { [PREVIEW_EMPTY] = '-',
	[PREVIEW_FULL] = 'F',
	[PREVIEW_BRIEF] = 'B',
	[PREVIEW_MERGED] = 'M',
	[PREVIEW_NEVER] = 'N' };

static const struct {
	unsigned per_cent;
	const char *fates; /* a letter for each cell */
	long persons[MOST];
} cases[] = {
	{ 50, "FF", { 60, 100 } },
	{ 50, "BB", { 59, 1000 } },
	{ 40, "BB", { 25, 1000 } },
	{ 100, "F", { 30 } },
	{ 100, "B", { 29 } },
	/* 24 persons at 40 % are 9.6 answers: 9. */
	{ 40, "NN", { 24, 1000 } },
	{ 40, "N", { 24 } },
	{ 40, "MMB", { 24, 50, 1000 } },
	/* The detail of the rest is everybody's: 12 answers, then 36. */
	{ 40, "MBM", { 20, 1000, 10 } },
	{ 40, "MFMMM", { 24, 1000, 24, 24, 24 } },
	/* A group in which nobody will answer is one; in which nobody is asked, none. */
	{ 40, "NN", { 1, 1000 } },
	{ 40, "-F", { 0, 1000 } },
	{ 40, "-FF", { 0, 75, 75 } },
	{ 40, "-N", { 0, 1 } },
	{ 40, "--", { 0, 0 } },
	{ 0, "NN", { 1000, 1000 } },
	{ 40, "", { 0 } },
};

static void fates(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t count = strlen(cases[i].fates);
		struct preview_cell cells[MOST];
		char got[MOST + 1] = "";
		for (size_t j = 0; j < count; j++)
			cells[j] =
				(struct preview_cell){ .persons = cases[i].persons[j] };
		preview_decide(cells, count, cases[i].per_cent);
		for (size_t j = 0; j < count; j++) {
			got[j] = letter[cells[j].fate];
			assert_int_equal(cells[j].answers,
				cells[j].persons * cases[i].per_cent / 100);
		}
		assert_string_equal(got, cases[i].fates);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(fates) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
