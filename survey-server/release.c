#include "release.h"
#include "common/disclosure.h"
#include <math.h>
#include <stdlib.h>

static struct json *whole(int64_t n)
{
	return json_new_number((double)n);
}

static struct json *whole_or_null(bool shown, int64_t n)
{
	return shown ? whole(n) : json_new_null();
}

/* Shares are stored as whole per cent: more digits could be taken apart again. */
static struct json *share(double p)
{
	return json_new_number(round(p * 100) / 100);
}

static struct json *positive_json(const struct question *q, const struct tally *t)
{
	struct json *j = json_object();
	int64_t n = t ? stats_graded(q, t) : 0, good = t ? stats_positive(q, t) : 0;
	struct interval i =
		n ? stats_wilson((double)good, (double)n) : (struct interval){ 0 };
	json_set(j, "n", whole_or_null(n > 0, good));
	json_set(j, "share", n ? share((double)good / (double)n) : json_new_null());
	json_set(j, "low", n ? share(i.low) : json_new_null());
	json_set(j, "high", n ? share(i.high) : json_new_null());
	return j;
}

/* A question of one group. t is NULL for a group that is not shown; full: not only n and
 * the positive. */
static struct json *question_json(
	const struct question *q, const struct tally *t, bool full)
{
	static const struct tally none;
	struct json *j = json_object();
	bool detail = t && full;
	const struct tally *shown = t ? t : &none;
	json_set(j, "graded", whole_or_null(t != NULL, stats_graded(q, shown)));
	json_set(j, "dont_know", whole_or_null(detail, stats_dont_know(q, shown)));
	json_set(j, "missing", whole_or_null(detail, shown->missing));
	struct json *options = json_set(j, "options", json_array());
	for (size_t i = 0; i < q->option_count; i++)
		if (q->options[i].grade)
			json_append(options, whole_or_null(detail, shown->options[i]));
	json_set(j, "positive", positive_json(q, t));
	json_set(j, "mean100",
		detail && stats_graded(q, t) ? json_new_number(round(stats_mean100(q, t)))
					     : json_new_null());
	struct json *weighted = json_set(j, "weighted", json_object());
	json_set(weighted, "positive", json_new_null());
	json_set(weighted, "low", json_new_null());
	json_set(weighted, "high", json_new_null());
	return j;
}

/* A child of which only the number can tell something. */
static struct disclosure_child one_kind(bool exists, int64_t n)
{
	return (struct disclosure_child){ .exists = exists, .kinds = 1, .counts = { n } };
}

_Static_assert((int)QUESTIONNAIRE_OPTIONS <= (int)DISCLOSURE_KINDS,
	"a question has more options than a group has kinds of answers");

static struct disclosure_child graded_child(
	const struct question *q, bool exists, const struct tally *t)
{
	struct disclosure_child c = { .exists = exists };
	for (size_t i = 0; i < q->option_count; i++)
		if (q->options[i].grade)
			c.counts[c.kinds++] = t->options[i];
	return c;
}

/* A breakdown: the rows of one table, and the rest group that some of them may end in. */
struct breakdown {
	const struct definition *definition;
	const struct variable *variable; /* NULL: the city */
	const struct release_row *rows;
	size_t count;
	struct json **out; /* the rows' JSON */
	struct json *rest; /* the rest row's, made when first needed */
	struct json *rest_questions;
	struct disclosure_child *children;
	enum disclosure_place *places;
};

static void need_rest(struct breakdown *b)
{
	if (b->rest)
		return;
	b->rest = json_object();
	json_set(b->rest, "invited", json_new_null());
	json_set(b->rest, "answered", json_new_null());
	b->rest_questions = json_object();
	for (size_t n = 0; n < b->definition->questionnaire.count; n++) {
		const struct question *q = &b->definition->questionnaire.questions[n];
		json_set(b->rest_questions, q->link, question_json(q, NULL, false));
	}
}

/* How many answered is a breakdown too, of one kind. */
static void add_answered(struct breakdown *b)
{
	int64_t invited = 0, answered = 0;
	for (size_t i = 0; i < b->count; i++)
		b->children[i] = one_kind(b->rows[i].invited > 0, b->rows[i].answered);
	struct disclosure d = disclosure_decide(b->children, b->count, b->places);
	for (size_t i = 0; i < b->count; i++) {
		bool shown = b->places[i] == DISCLOSURE_SHOWN;
		json_set(b->out[i], "invited", whole(b->rows[i].invited));
		json_set(
			b->out[i], "answered", whole_or_null(shown, b->rows[i].answered));
		if (b->places[i] == DISCLOSURE_REST) {
			invited += b->rows[i].invited;
			answered += b->rows[i].answered;
		}
	}
	if (!d.rest)
		return;
	need_rest(b);
	json_set(b->rest, "invited", whole(invited));
	json_set(b->rest, "answered", whole(answered));
}

/* Whether anybody of the group was asked the question. */
static bool is_asked(const struct breakdown *b, size_t row, size_t n)
{
	return b->rows[row].invited > 0 &&
	       !(b->variable && b->variable->values[row].hidden >> n & 1);
}

static void add_question(struct breakdown *b, size_t n, struct json **questions)
{
	const struct question *q = &b->definition->questionnaire.questions[n];
	struct tally rest = { 0 };
	for (size_t i = 0; i < b->count; i++)
		b->children[i] =
			graded_child(q, is_asked(b, i, n), &b->rows[i].tallies[n]);
	struct disclosure d = disclosure_decide(b->children, b->count, b->places);
	for (size_t i = 0; i < b->count; i++) {
		const struct tally *t = &b->rows[i].tallies[n];
		bool shown = b->places[i] == DISCLOSURE_SHOWN;
		if (b->places[i] == DISCLOSURE_REST)
			tally_join(&rest, t);
		json_set(questions[i], q->link,
			question_json(q, shown ? t : NULL, d.full));
	}
	if (!d.rest)
		return;
	need_rest(b);
	json_set(b->rest_questions, q->link, question_json(q, &rest, d.full));
}

/* A table by one variable, or of the city when v is NULL. */
static struct json *table(const struct definition *definition, const struct variable *v,
	const struct release_row *rows, size_t count)
{
	struct json *j = json_object();
	struct json *by = json_set(j, "by", json_array());
	struct json *list = json_set(j, "rows", json_array());
	struct breakdown b = {
		.definition = definition, .variable = v, .rows = rows, .count = count
	};
	b.out = mem_alloc(count * sizeof *b.out);
	b.children = mem_alloc(count * sizeof *b.children);
	b.places = mem_alloc(count * sizeof *b.places);
	struct json **questions = mem_alloc(count * sizeof *questions);
	if (v)
		json_append(by, json_new_text(v->code));
	for (size_t i = 0; i < count; i++) {
		b.out[i] = json_append(list, json_object());
		struct json *key = json_set(b.out[i], "key", json_object());
		if (v)
			json_set(key, v->code, json_new_text(v->values[i].code));
		questions[i] = json_object();
	}
	add_answered(&b);
	for (size_t n = 0; n < definition->questionnaire.count; n++)
		add_question(&b, n, questions);
	for (size_t i = 0; i < count; i++)
		json_set(b.out[i], "questions", questions[i]);
	if (b.rest) {
		json_append(list, b.rest);
		json_set(json_set(b.rest, "key", json_object()), v ? v->code : "",
			json_new_text("rest"));
		json_set(b.rest, "questions", b.rest_questions);
	}
	free(b.out);
	free(b.children);
	free(b.places);
	free(questions);
	return j;
}

/* Who answered is a breakdown of the city's answers, of one kind. */
static struct json *helped_json(const int64_t *helped)
{
	static const char *const names[HELPED_COUNT] = { [HELPED_UNSAID] = "unsaid",
		[HELPED_SELF] = "self",
		[HELPED_RELATIVE] = "relative",
		[HELPED_STAFF] = "staff",
		[HELPED_INTERPRETER] = "interpreter" };
	struct disclosure_child children[HELPED_COUNT];
	enum disclosure_place places[HELPED_COUNT];
	struct json *j = json_object();
	int64_t rest = 0;
	for (size_t i = 0; i < HELPED_COUNT; i++)
		children[i] = one_kind(true, helped[i]);
	struct disclosure d = disclosure_decide(children, HELPED_COUNT, places);
	for (size_t i = 0; i < HELPED_COUNT; i++) {
		json_set(j, names[i],
			whole_or_null(places[i] == DISCLOSURE_SHOWN, helped[i]));
		rest += places[i] == DISCLOSURE_REST ? helped[i] : 0;
	}
	json_set(j, "rest", whole_or_null(d.rest, rest));
	return j;
}

/* How many answered in each way is a breakdown of the city, of one kind. */
static struct json *channels_json(const struct release_channel *channels)
{
	static const char *const names[RELEASE_CHANNELS] = { [PLAN_SMS - 1] = "sms",
		[PLAN_TELEPHONE - 1] = "telephone" };
	struct disclosure_child children[RELEASE_CHANNELS];
	enum disclosure_place places[RELEASE_CHANNELS];
	struct json *j = json_object();
	for (size_t i = 0; i < RELEASE_CHANNELS; i++)
		children[i] = one_kind(channels[i].invited > 0, channels[i].answered);
	(void)disclosure_decide(children, RELEASE_CHANNELS, places);
	for (size_t i = 0; i < RELEASE_CHANNELS; i++) {
		/* Where there is but one way, its answers are the city's, which are told.
		 */
		bool alone = !channels[RELEASE_CHANNELS - 1].invited;
		if (i && alone)
			continue;
		struct json *channel = json_set(j, names[i], json_object());
		json_set(channel, "invited", whole(channels[i].invited));
		json_set(channel, "answered",
			whole_or_null(alone || places[i] == DISCLOSURE_SHOWN,
				channels[i].answered));
	}
	return j;
}

static struct json *quality(const struct release_input *in)
{
	struct json *j = json_object();
	json_set(j, "frame", whole(in->frame));
	json_set(j, "invited", whole(in->city.invited));
	json_set(j, "answered", whole(in->city.answered));
	json_set(j, "break_off", whole(in->break_off));
	json_set(j, "not_eligible", whole(in->not_eligible));
	json_set(j, "damaged", whole(in->damaged));
	json_set(j, "left_out", in->left_out);
	json_set(j, "helped", helped_json(in->helped));
	json_set(j, "channels", channels_json(in->channels));
	return j;
}

struct json *release_make(const struct release_input *in)
{
	const struct definition *d = in->definition;
	struct json *j = json_object();
	json_set(j, "wave", json_new_text(in->wave->name));
	json_set(j, "title", json_new_text(in->wave->title));
	json_set(j, "counted", json_new_bool(true));
	json_set(j, "quality", quality(in));
	struct json *tables = json_set(j, "tables", json_array());
	if (d->area >= 0)
		json_append(tables, table(d, &d->variables[d->area], in->areas,
					    d->variables[d->area].count));
	json_append(tables, table(d, NULL, &in->city, 1));
	return j;
}
