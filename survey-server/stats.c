#include "stats.h"
#include <math.h>

void tally_add(struct tally *t, const struct question *q, uint8_t answer)
{
	const struct option *o = questionnaire_option(q, answer);
	if (o)
		t->options[o - q->options]++;
	else
		t->missing++;
}

void tally_join(struct tally *t, const struct tally *from)
{
	for (size_t i = 0; i < QUESTIONNAIRE_OPTIONS; i++)
		t->options[i] += from->options[i];
	t->missing += from->missing;
}

/* Sum over the options whose grade lies between low and high. */
static int64_t sum(const struct question *q, const struct tally *t, int low, int high)
{
	int64_t n = 0;
	for (size_t i = 0; i < q->option_count; i++)
		if (q->options[i].grade >= low && q->options[i].grade <= high)
			n += t->options[i];
	return n;
}

int64_t stats_graded(const struct question *q, const struct tally *t)
{
	return sum(q, t, 1, q->grades);
}

int64_t stats_dont_know(const struct question *q, const struct tally *t)
{
	return sum(q, t, 0, 0);
}

int64_t stats_positive(const struct question *q, const struct tally *t)
{
	return sum(q, t, q->grades - 1, q->grades);
}

double stats_mean100(const struct question *q, const struct tally *t)
{
	double total = 0;
	for (size_t i = 0; i < q->option_count; i++)
		if (q->options[i].grade)
			total += (double)t->options[i] * 100 * (q->options[i].grade - 1) /
				 (q->grades - 1);
	return total / (double)stats_graded(q, t);
}

struct interval stats_wilson(double positive, double n)
{
	const double z = 1.959963984540054;
	double p = positive / n, scale = 1 + z * z / n;
	double centre = (p + z * z / (2 * n)) / scale;
	double half = z / scale * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
	return (struct interval){ fmax(0, centre - half), fmin(1, centre + half) };
}
