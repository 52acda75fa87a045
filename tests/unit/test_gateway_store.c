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

/* A registered batch of so many persons; their hashes are their numbers. */
static void add_persons(struct store *s, int count)
{
	int64_t batch;
	unsigned stratum;
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(store_wave_put_tx(s, "w", "Omgång", "Farsta"), OK);
	assert_int_equal(store_batch_add_tx(s, "w", &batch), OK);
	assert_int_equal(store_stratum_tx(s, "w", "aldreomsorg", PLAN_SMS, &stratum), OK);
	for (int n = 1; n <= count; n++) {
		struct store_contact c = { .contact = n,
			.batch = batch,
			.stratum = stratum,
			.person = hash_of(n),
			.phone_hash = hash_of(n),
			.phone = { "p", 1 },
			.name = { "n", 1 },
			.code = { "c", 1 },
			.background = { "b", 1 },
			.language = "sv" };
		assert_int_equal(store_contact_add_tx(s, "w", &c), OK);
	}
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

static void take(struct store *s, int64_t message)
{
	bool taken;
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(store_message_take_tx(s, message, &taken), OK);
	assert_true(taken);
	assert_int_equal(store_message_take_tx(s, message, &taken), OK);
	assert_false(taken);
	assert_int_equal(store_end(s, OK), OK);
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
	store_message_clear(&m);
	take(s, m.message);
	settle(s, m.message, STORE_QUEUED, 200);
	int64_t first = m.message;
	assert_int_equal(store_message_next(s, "w", 100, &m, &found), OK);
	assert_true(found && m.contact == 2);
	store_message_clear(&m);
	take(s, m.message);
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
	take(s, 1);
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
			take(s, n);
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

static void refusals_and_hold(void **state)
{
	struct store *s = ((struct fixture *)*state)->store;
	struct keyring_hash h = hash_of(1);
	bool yes;
	int64_t contact;
	add_persons(s, 1);
	assert_int_equal(store_is_refused(s, &h, &yes), OK);
	assert_false(yes);
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(store_refuse_tx(s, &h), OK);
	assert_int_equal(store_refuse_tx(s, &h), OK);
	assert_int_equal(store_contact_hold_tx(s, "w", 1, &yes), OK);
	assert_true(yes);
	assert_int_equal(store_contact_hold_tx(s, "w", 1, &yes), OK);
	assert_false(yes);
	assert_int_equal(store_end(s, OK), OK);
	assert_int_equal(store_is_refused(s, &h, &yes), OK);
	assert_true(yes);
	assert_int_equal(store_contact_of_person(s, "w", &h, &contact), OK);
	assert_int_equal(contact, 1);
	h = hash_of(9);
	assert_int_equal(store_contact_of_phone(s, "w", &h, &contact), OK);
	assert_int_equal(contact, 0);
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
		cmocka_unit_test_setup_teardown(
			refusals_and_hold, open_store, close_store),
		cmocka_unit_test(names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
