#include "gateway_test.h"
#include "sms-gateway/store.h"
#include "sms-gateway/stores.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
	char folder[32];
	struct store *store;
};

static int open_store(void **state)
{
	struct fixture *f = mem_alloc(sizeof *f);
	struct why why;
	strcpy(f->folder, "/tmp/gateway-store-XXXXXX");
	if (!mkdtemp(f->folder) || store_open(f->folder, "farsta", &f->store, &why) != OK)
		return -1;
	*state = f;
	return 0;
}

static int close_store(void **state)
{
	struct fixture *f = *state;
	static const char *const ends[] = { ".db", ".db-wal", ".db-shm", ".db-lock" };
	store_close(f->store);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		char file[64];
		(void)snprintf(file, sizeof file, "%s/farsta%s", f->folder, ends[i]);
		(void)remove(file);
	}
	int left = remove(f->folder);
	free(f);
	return left;
}

static struct keyring_hash hash_of(int n)
{
	struct keyring_hash h = { { 0 } };
	h.bytes[0] = (uint8_t)n;
	return h;
}

/* Persons whose hashes are their numbers, in one stratum and a registered batch. */
static void add_persons(struct store *s, int count)
{
	int64_t batch;
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(store_wave_put_tx(s, "w", "Omgång", "Farsta"), OK);
	for (int n = 1; n <= count; n++) {
		struct store_contact c = { .contact = n,
			.person = hash_of(n),
			.has_phone = n % 2,
			.phone = hash_of(n),
			.content = { (uint8_t)n },
			.details = { "d", 1 },
			.language = "sv",
			.channels = 3 };
		assert_int_equal(store_contact_add_tx(s, "w", &c), OK);
	}
	assert_int_equal(store_frame_count_tx(s, "w"), OK);
	assert_int_equal(
		store_stratum_add_tx(s, "w", 0, "aldreomsorg", "", PLAN_SMS), OK);
	assert_int_equal(store_batch_add_tx(s, "w", 1, count, &batch), OK);
	assert_int_equal(store_batch_stratum_tx(s, "w", batch, 0, count, count), OK);
	for (int n = 1; n <= count; n++)
		assert_int_equal(store_contact_enroll_tx(
					 s, "w", n, 0, (struct store_blob){ "c", 1 }),
			OK);
	assert_int_equal(store_batch_set_tx(s, "w", batch, STORE_BATCH_REGISTERED), OK);
	assert_int_equal(store_end(s, OK), OK);
}

static bool add_message(struct store *s, int64_t contact, enum store_kind kind)
{
	uint8_t ref[STORE_REF] = { (uint8_t)contact, (uint8_t)kind };
	bool added;
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(store_message_add_tx(s, "w", contact, kind, ref, &added), OK);
	assert_int_equal(store_end(s, OK), OK);
	return added;
}

static enum err read_counts(void *context, const struct store_counts *c)
{
	*(struct store_counts *)context = *c;
	return OK;
}

static struct store_counts counts(struct store *s)
{
	struct store_counts c = { 0 };
	assert_int_equal(store_counts(s, read_counts, &c), OK);
	return c;
}

static struct store_frame frame(struct store *s)
{
	struct store_frame f;
	assert_int_equal(store_frame(s, "w", &f), OK);
	return f;
}

/* The next of the queue. */
static int64_t take(struct store *s)
{
	struct store_message m;
	bool found, taken;
	assert_int_equal(store_message_next(s, "w", 0, &m, &found), OK);
	assert_true(found);
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(store_message_take_tx(s, &m, &taken), OK);
	assert_true(taken);
	assert_int_equal(store_message_take_tx(s, &m, &taken), OK);
	assert_false(taken);
	assert_int_equal(store_end(s, OK), OK);
	store_message_clear(&m);
	return m.message;
}

static void settle(
	struct store *s, int64_t message, enum store_state to, int64_t not_before)
{
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(store_message_settle_tx(s, message, to, not_before, false), OK);
	assert_int_equal(store_end(s, OK), OK);
}

static void once_a_kind(void **state)
{
	struct store *s = ((struct fixture *)*state)->store;
	add_persons(s, 2);
	assert_true(add_message(s, 1, STORE_INVITATION));
	assert_false(add_message(s, 1, STORE_INVITATION));
	assert_true(add_message(s, 1, STORE_REMINDER));
	assert_int_equal(counts(s).states[STORE_QUEUED], 2);
	assert_int_equal(counts(s).contacts, 2);
}

static void the_queue(void **state)
{
	struct store *s = ((struct fixture *)*state)->store;
	struct store_message m;
	bool found;
	add_persons(s, 2);
	add_message(s, 1, STORE_INVITATION);
	add_message(s, 2, STORE_INVITATION);
	assert_int_equal(store_message_next(s, "w", 100, &m, &found), OK);
	assert_true(found);
	assert_int_equal(m.contact, 1);
	assert_int_equal(m.tries, 0);
	assert_int_equal(m.details.len, 1);
	assert_int_equal(m.code.len, 1);
	store_message_clear(&m);
	int64_t first = take(s);
	assert_int_equal(first, m.message);
	settle(s, first, STORE_QUEUED, 200);
	assert_int_equal(store_message_next(s, "w", 100, &m, &found), OK);
	assert_true(found && m.contact == 2);
	store_message_clear(&m);
	assert_int_equal(take(s), m.message);
	assert_int_equal(store_message_next(s, "w", 199, &m, &found), OK);
	assert_false(found);
	assert_int_equal(store_message_next(s, "other", 300, &m, &found), OK);
	assert_false(found);
	assert_int_equal(store_message_next(s, "w", 200, &m, &found), OK);
	assert_true(found && m.message == first && m.tries == 1);
	store_message_clear(&m);
}

static void recovery(void **state)
{
	struct store *s = ((struct fixture *)*state)->store;
	int64_t unknown;
	add_persons(s, 1);
	add_message(s, 1, STORE_INVITATION);
	assert_int_equal(take(s), 1);
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(store_recover_tx(s, &unknown), OK);
	assert_int_equal(store_end(s, OK), OK);
	assert_int_equal(unknown, 1);
	settle(s, 1, STORE_SENT, 0);
	assert_int_equal(counts(s).states[STORE_UNKNOWN], 1);
}

/* Whatever the order in which reports come, the same is left. */
static void reports(void **state)
{
	struct store *s = ((struct fixture *)*state)->store;
	static const enum store_state kinds[] = { STORE_SENT, STORE_FAILED,
		STORE_DELIVERED };
	int n = 0;
	add_persons(s, 8);
	for (int set = 1; set < 8; set++) {
		for (int turn = 0; turn < 2; turn++) {
			uint8_t ref[STORE_REF] = { (uint8_t)(set), (uint8_t)(turn + 1) };
			add_message(s, set, turn ? STORE_REMINDER : STORE_INVITATION);
			n++;
			assert_int_equal(take(s), n);
			assert_int_equal(store_begin(s), OK);
			for (int i = 0; i < 3; i++) {
				int kind = turn ? 2 - i : i;
				if (set >> kind & 1)
					assert_int_equal(
						store_report_tx(s, ref, kinds[kind]), OK);
			}
			assert_int_equal(store_end(s, OK), OK);
			/* The answer that the report overtook changes nothing. */
			settle(s, n, STORE_UNKNOWN, 0);
		}
	}
	struct store_counts c = counts(s);
	assert_int_equal(c.states[STORE_DELIVERED], 8);
	assert_int_equal(c.states[STORE_FAILED], 4);
	assert_int_equal(c.states[STORE_SENT], 2);
}

static void refusals(void **state)
{
	struct store *s = ((struct fixture *)*state)->store;
	struct keyring_hash h = hash_of(1);
	bool yes;
	assert_int_equal(store_any_refusal(s, &yes), OK);
	assert_false(yes);
	assert_int_equal(store_is_refused(s, &h, &yes), OK);
	assert_false(yes);
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(store_refuse_tx(s, &h), OK);
	assert_int_equal(store_refuse_tx(s, &h), OK);
	assert_int_equal(store_end(s, OK), OK);
	assert_int_equal(store_any_refusal(s, &yes), OK);
	assert_true(yes);
	assert_int_equal(store_is_refused(s, &h, &yes), OK);
	assert_true(yes);
	h = hash_of(9);
	assert_int_equal(store_is_refused(s, &h, &yes), OK);
	assert_false(yes);
}

static void hold(struct store *s, int64_t contact, enum store_hold hold)
{
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(store_contact_hold_tx(s, "w", contact, hold), OK);
	assert_int_equal(store_frame_count_tx(s, "w"), OK);
	assert_int_equal(store_end(s, OK), OK);
}

/* Between the choice of a message and its taking somebody may have said no. */
static void a_held_person_gets_nothing(void **state)
{
	struct store *s = ((struct fixture *)*state)->store;
	struct store_message m;
	bool found, taken;
	add_persons(s, 2);
	add_message(s, 1, STORE_INVITATION);
	assert_int_equal(store_message_next(s, "w", 0, &m, &found), OK);
	assert_true(found && !m.hold);
	store_message_clear(&m);
	hold(s, 1, STORE_OUT);
	assert_int_equal(frame(s).held, 0);
	hold(s, 2, STORE_VANISHED);
	assert_int_equal(frame(s).held, 1);
	assert_int_equal(counts(s).held, 1);
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(store_message_take_tx(s, &m, &taken), OK);
	assert_false(taken);
	assert_int_equal(store_end(s, OK), OK);
	assert_int_equal(store_message_next(s, "w", 0, &m, &found), OK);
	assert_true(found && m.hold);
	store_message_clear(&m);
	assert_false(frame(s).begun);
}

/* The same number of a message, but another person's by now: never taken. */
static void a_message_that_is_gone(void **state)
{
	struct store *s = ((struct fixture *)*state)->store;
	struct store_message m;
	bool found, taken, added;
	static const uint8_t other[STORE_REF] = { 77 };
	add_persons(s, 1);
	add_message(s, 1, STORE_INVITATION);
	assert_int_equal(store_message_next(s, "w", 0, &m, &found), OK);
	store_message_clear(&m);
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(store_frame_clear_tx(s, "w"), OK);
	assert_int_equal(store_end(s, OK), OK);
	add_persons(s, 1);
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(
		store_message_add_tx(s, "w", 1, STORE_INVITATION, other, &added), OK);
	assert_true(added);
	assert_int_equal(store_message_take_tx(s, &m, &taken), OK);
	assert_false(taken);
	assert_int_equal(store_end(s, OK), OK);
}

static enum err count_contact(void *context, const struct store_contact *c)
{
	int *count = context;
	++*count;
	assert_int_equal(c->contact, *count);
	assert_int_equal(c->person.bytes[0], c->contact);
	assert_int_equal(c->has_phone, c->contact % 2);
	assert_int_equal(c->content[0], c->contact);
	assert_int_equal(c->details.len, 1);
	assert_string_equal(c->language, "sv");
	assert_int_equal(c->channels, 3);
	if (c->enrolled)
		assert_int_equal(c->plan, PLAN_SMS);
	return OK;
}

static int contacts(struct store *s)
{
	int count = 0;
	assert_int_equal(store_contacts(s, "w", count_contact, &count), OK);
	return count;
}

static enum err stop_at_two(void *context, const struct store_contact *c)
{
	(void)context;
	return c->contact == 2 ? ERR_FULL : OK;
}

static void a_walk_ends_when_told(void **state)
{
	struct store *s = ((struct fixture *)*state)->store;
	add_persons(s, 3);
	assert_int_equal(store_contacts(s, "w", stop_at_two, NULL), ERR_FULL);
	assert_int_equal(contacts(s), 3);
}

static int64_t batch_in(struct store *s, enum store_batch_state state)
{
	char *wave = NULL;
	int64_t batch;
	assert_int_equal(store_batch_after(s, state, "", 0, &wave, &batch), OK);
	assert_true(!batch == !wave);
	free(wave);
	return batch;
}

static int in_batch(struct store *s, int64_t batch)
{
	int count = 0;
	assert_int_equal(store_batch_contacts(s, "w", batch, count_contact, &count), OK);
	return count;
}

/* Batches that are gone here wait to be withdrawn, and are nobody's until then; numbers
 * go on after them. */
static void a_frame_that_is_replaced(void **state)
{
	struct store *s = ((struct fixture *)*state)->store;
	bool first;
	int64_t next;
	add_persons(s, 3);
	add_message(s, 1, STORE_INVITATION);
	assert_true(frame(s).exists && frame(s).enrolled && !frame(s).begun);
	assert_int_equal(frame(s).persons, 3);
	assert_int_equal(in_batch(s, 1), 3);
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(store_left_out_tx(s, "w", "short", 2), OK);
	assert_int_equal(store_cell_tx(s, "w", "area", "aldreomsorg", 3), OK);
	assert_int_equal(store_drawn_tx(s, "w", STORE_PER_AREA, 5), OK);
	assert_int_equal(frame(s).draw, STORE_PER_AREA);
	assert_int_equal(frame(s).draw_size, 5);
	assert_int_equal(store_frame_clear_tx(s, "w"), OK);
	assert_int_equal(store_end(s, OK), OK);
	assert_true(frame(s).exists && !frame(s).enrolled);
	assert_int_equal(frame(s).draw, STORE_NOT_DRAWN);
	assert_int_equal(frame(s).persons, 0);
	assert_int_equal(contacts(s), 0);
	assert_int_equal(counts(s).states[STORE_QUEUED], 0);
	assert_int_equal(batch_in(s, STORE_BATCH_WITHDRAWN), 1);
	add_persons(s, 2);
	assert_int_equal(batch_in(s, STORE_BATCH_REGISTERED), 2);
	assert_int_equal(in_batch(s, 1), 0);
	assert_int_equal(in_batch(s, 2), 2);
	assert_int_equal(store_batch_is_first(s, "w", 1, &first), OK);
	assert_false(first);
	assert_int_equal(store_batch_is_first(s, "w", 2, &first), OK);
	assert_true(first);
	assert_int_equal(store_begin(s), OK);
	/* Too late: what became of it elsewhere does not bring it back. */
	assert_int_equal(store_batch_set_tx(s, "w", 1, STORE_BATCH_REGISTERED), OK);
	assert_int_equal(store_batch_drop_tx(s, "w", 2), OK);
	assert_int_equal(store_end(s, OK), OK);
	assert_int_equal(batch_in(s, STORE_BATCH_WITHDRAWN), 1);
	assert_int_equal(batch_in(s, STORE_BATCH_REGISTERED), 2);
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(store_batch_drop_tx(s, "w", 1), OK);
	assert_int_equal(store_batch_add_tx(s, "w", 1, 0, &next), OK);
	assert_int_equal(store_end(s, OK), OK);
	assert_int_equal(batch_in(s, STORE_BATCH_WITHDRAWN), 0);
	assert_int_equal(next, 3);
}

/* The codes are taken back, the persons stay. */
static void a_frame_that_is_drawn_anew(void **state)
{
	struct store *s = ((struct fixture *)*state)->store;
	add_persons(s, 3);
	add_message(s, 2, STORE_INVITATION);
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(store_unenroll_tx(s, "w"), OK);
	assert_int_equal(store_end(s, OK), OK);
	assert_true(frame(s).exists && !frame(s).enrolled);
	assert_int_equal(contacts(s), 3);
	assert_int_equal(in_batch(s, 1), 0);
	assert_int_equal(counts(s).states[STORE_QUEUED], 0);
	assert_false(counts(s).enrolled);
	assert_int_equal(batch_in(s, STORE_BATCH_WITHDRAWN), 1);
}

/* What has left, or may have left, binds; what waits or came to nothing does not. */
static void what_begins_the_sending(void **state)
{
	struct store *s = ((struct fixture *)*state)->store;
	static const struct {
		enum store_state state;
		bool begun;
	} cases[] = { { STORE_QUEUED, false }, { STORE_SENT, true },
		{ STORE_DELIVERED, true }, { STORE_FAILED, true },
		{ STORE_UNKNOWN, true } };
	add_persons(s, 1);
	add_message(s, 1, STORE_INVITATION);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t message = take(s);
		assert_true(frame(s).begun);
		settle(s, message, cases[i].state, 0);
		assert_int_equal(frame(s).begun, cases[i].begun);
		assert_int_equal(store_begin(s), OK);
		assert_int_equal(store_frame_clear_tx(s, "w"), OK);
		assert_int_equal(store_end(s, OK), OK);
		assert_false(frame(s).begun);
		add_persons(s, 1);
		add_message(s, 1, STORE_INVITATION);
	}
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(store_wave_stop_tx(s, "w", &(int64_t){ 0 }), OK);
	assert_int_equal(store_end(s, OK), OK);
	assert_int_equal(counts(s).states[STORE_STOPPED], 1);
	assert_false(frame(s).begun);
}

static enum err add_up(void *context, const char *key, long persons)
{
	buf_format(context, "%s=%ld;", key, persons);
	return OK;
}

static void counts_of_the_frame(void **state)
{
	struct store *s = ((struct fixture *)*state)->store;
	auto_(buf) struct buf text = { 0 };
	add_persons(s, 1);
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(store_left_out_tx(s, "w", "short", 2), OK);
	assert_int_equal(store_left_out_tx(s, "w", "child", 1), OK);
	assert_int_equal(store_cell_tx(s, "w", "area*sex", "x*", 4), OK);
	assert_int_equal(store_cell_tx(s, "w", "area", "x", 5), OK);
	assert_int_equal(store_end(s, OK), OK);
	assert_int_equal(store_left_out(s, "w", add_up, &text), OK);
	assert_int_equal(store_cells(s, "w", "area*sex", add_up, &text), OK);
	assert_int_equal(store_cells(s, "w", "sex", add_up, &text), OK);
	assert_int_equal(store_left_out(s, "v", add_up, &text), OK);
	assert_string_equal(buf_string(&text), "child=1;short=2;x*=4;");
}

static enum err read_decision(
	void *context, const struct keyring_hash *person, enum store_verdict verdict)
{
	buf_format(context, "%d:%d ", person->bytes[0], (int)verdict);
	return OK;
}

static void decisions(void **state)
{
	struct store *s = ((struct fixture *)*state)->store;
	auto_(buf) struct buf text = { 0 };
	struct keyring_hash one = hash_of(1), two = hash_of(2);
	add_persons(s, 2);
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(store_decide_tx(s, "w", &two, STORE_KEEP), OK);
	assert_int_equal(store_decide_tx(s, "w", &one, STORE_KEEP), OK);
	assert_int_equal(store_decide_tx(s, "w", &two, STORE_REMOVE), OK);
	assert_int_equal(store_frame_clear_tx(s, "w"), OK);
	assert_int_equal(store_end(s, OK), OK);
	assert_int_equal(store_decisions(s, "w", read_decision, &text), OK);
	assert_string_equal(buf_string(&text), "1:1 2:2 ");
}

static enum err take_plannable(void *context, const struct store_contact *c)
{
	buf_format(context, "%lld ", (long long)c->contact);
	return OK;
}

static void plannable_are(struct store *s, enum store_kind kind, const char *wanted)
{
	auto_(buf) struct buf text = { 0 };
	assert_int_equal(
		store_batch_plannable(s, "w", 1, kind, take_plannable, &text), OK);
	assert_string_equal(buf_string(&text), wanted);
}

/* No SMS to those who can't get one, are on hold, are called, or have had theirs. */
static void who_gets_a_message(void **state)
{
	struct store *s = ((struct fixture *)*state)->store;
	static const unsigned channels[] = { 3, 2, 0, 3, 3, 1 };
	int64_t batch;
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(store_wave_put_tx(s, "w", "Omgång", "Farsta"), OK);
	assert_int_equal(store_stratum_add_tx(s, "w", 0, "a", "", PLAN_SMS), OK);
	assert_int_equal(store_stratum_add_tx(s, "w", 1, "a", "", PLAN_TELEPHONE), OK);
	for (int n = 1; n <= 6; n++) {
		struct store_contact c = { .contact = n,
			.person = hash_of(n),
			.details = { "d", 1 },
			.language = "sv",
			.channels = channels[n - 1],
			.hold = n == 4 ? STORE_SHARED : STORE_FREE };
		assert_int_equal(store_contact_add_tx(s, "w", &c), OK);
		assert_int_equal(store_contact_enroll_tx(s, "w", n, n == 5,
					 (struct store_blob){ "c", 1 }),
			OK);
	}
	assert_int_equal(store_batch_add_tx(s, "w", 1, 6, &batch), OK);
	assert_int_equal(store_end(s, OK), OK);
	plannable_are(s, STORE_INVITATION, "");
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(store_batch_set_tx(s, "w", 1, STORE_BATCH_REGISTERED), OK);
	assert_int_equal(store_end(s, OK), OK);
	plannable_are(s, STORE_INVITATION, "1 6 ");
	plannable_are(s, STORE_REMINDER, "");
	add_message(s, 6, STORE_INVITATION);
	plannable_are(s, STORE_INVITATION, "1 ");
	plannable_are(s, STORE_REMINDER, "");
	settle(s, take(s), STORE_SENT, 0);
	plannable_are(s, STORE_REMINDER, "6 ");
}

static void names(void **state)
{
	(void)state;
	assert_true(stores_name_is_right("hagersten-alvsjo"));
	assert_false(stores_name_is_right(""));
	assert_false(stores_name_is_right("../x"));
	assert_false(stores_name_is_right("-x"));
	assert_false(stores_name_is_right("Farsta"));
	assert_false(stores_name_is_right("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(once_a_kind, open_store, close_store),
		cmocka_unit_test_setup_teardown(the_queue, open_store, close_store),
		cmocka_unit_test_setup_teardown(recovery, open_store, close_store),
		cmocka_unit_test_setup_teardown(reports, open_store, close_store),
		cmocka_unit_test_setup_teardown(refusals, open_store, close_store),
		cmocka_unit_test_setup_teardown(
			a_held_person_gets_nothing, open_store, close_store),
		cmocka_unit_test_setup_teardown(
			a_message_that_is_gone, open_store, close_store),
		cmocka_unit_test_setup_teardown(
			a_walk_ends_when_told, open_store, close_store),
		cmocka_unit_test_setup_teardown(
			a_frame_that_is_replaced, open_store, close_store),
		cmocka_unit_test_setup_teardown(
			a_frame_that_is_drawn_anew, open_store, close_store),
		cmocka_unit_test_setup_teardown(
			what_begins_the_sending, open_store, close_store),
		cmocka_unit_test_setup_teardown(
			counts_of_the_frame, open_store, close_store),
		cmocka_unit_test_setup_teardown(decisions, open_store, close_store),
		cmocka_unit_test_setup_teardown(
			who_gets_a_message, open_store, close_store),
		cmocka_unit_test(names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
