#include "common/staff/accounts.h"
#include "common/staff/keys.h"
#include "folder_test.h"
#include <sys/stat.h>

static struct arena *arena;
static const char *daemon_state, *keys;
static struct why why;

static int make(void **state)
{
	if (folder_make(state) != 0)
		return -1;
	arena = arena_create();
	daemon_state = folder_path(arena, "state");
	keys = folder_path(arena, "keys");
	return mkdir(daemon_state, 0700) || mkdir(keys, 0700);
}

static int clear(void **state)
{
	arena_destroy(arena);
	return folder_remove(state);
}

static bool init(void)
{
	bool made;
	if (staff_init(daemon_state, keys, &made, &why) != OK)
		fail_msg("%s", why.text);
	return made;
}

static mode_t mode(const char *name)
{
	struct stat st;
	assert_int_equal(stat(folder_path(arena, name), &st), 0);
	return st.st_mode & 0777;
}

static void test_init_makes_what_is_missing(void **state)
{
	(void)state;
	mode_t before = umask(0);
	assert_true(init());
	umask(before);
	assert_int_equal(mode("state/staff"), 0700);
	assert_int_equal(mode("state/staff/accounts.db"), 0600);
	assert_int_equal(mode("keys/staff.key"), 0600);
	auto_(free) char *made = staff_folder(daemon_state);
	assert_string_equal(made, folder_path(arena, "state/staff"));
}

static void test_init_overwrites_nothing(void **state)
{
	(void)state;
	struct staff_keys first, second;
	struct account anna = { .name = "anna" };
	auto_(free) char *staff = staff_folder(daemon_state);
	auto_(accounts) struct accounts *a = NULL;
	int64_t id;
	assert_true(init());
	assert_int_equal(staff_keys_load(keys, &first, &why), OK);
	assert_int_equal(accounts_open(staff, &a, &why), OK);
	assert_int_equal(accounts_add(a, &anna, &id), OK);
	assert_false(init());
	assert_int_equal(staff_keys_load(keys, &second, &why), OK);
	assert_memory_equal(&first, &second, sizeof first);
	assert_int_equal(accounts_find(a, "anna", &anna), OK);
}

/* Computed with Python's hmac and hashlib of the key 00 01 … 1f: sealed secrets, recovery
 * codes and the log need the same keys for ever. */
static void test_keys_to_the_byte(void **state)
{
	(void)state;
	static const char *const expected[] = {
		"ff34dc31081a74958de8dd5bee82b0e15ae6ec59e2272b426460b7a00bbb52b4",
		"b307d5aa2957c35203e2aa1b75ac097c32b7e12ceef65578bbcc5c135a72e277",
		"bbe0341df210fc747e0a185285a7a7b7164968e8330bac2874114d1efede565f",
		"d25fac430260b48c4c115bb5ab82ba9dc74c9ffa6f716c74d7fe8cb67739714f",
		"84740481f1225f6ce15a6a9ed5a8c711bfef34870148b65c387e8b3b61d82918",
		"759ddd617f0d948748fe95b80102c8ee1105094be7289735b0266dbf109a9ee8",
	};
	uint8_t key[SECRET_KEY];
	char text[2 * SECRET_KEY + 1];
	struct staff_keys k;
	for (uint8_t i = 0; i < SECRET_KEY; i++)
		key[i] = i;
	assert_int_equal(
		secret_key_store(folder_path(arena, "keys/staff.key"), key, &why), OK);
	assert_int_equal(staff_keys_load(keys, &k, &why), OK);
	const uint8_t *const derived[] = { k.totp, k.recovery, k.audit, k.device, k.csrf,
		k.oidc };
	for (size_t i = 0; i < sizeof derived / sizeof *derived; i++) {
		secret_hex(derived[i], SECRET_KEY, text);
		assert_string_equal(text, expected[i]);
	}
}

static void test_faults(void **state)
{
	(void)state;
	struct staff_keys k;
	bool made;
	assert_int_equal(staff_keys_load(keys, &k, &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "keys/staff.key"));
	assert_true(init());
	assert_int_equal(chmod(folder_path(arena, "keys/staff.key"), 0640), 0);
	assert_int_equal(staff_keys_load(keys, &k, &why), ERR_CONFLICT);
	assert_int_equal(staff_init(daemon_state, keys, &made, &why), ERR_CONFLICT);
	assert_int_equal(chmod(folder_path(arena, "keys/staff.key"), 0600), 0);
	/* A file where the folder should be. */
	folder_text("other/staff", "x");
	assert_int_not_equal(
		staff_init(folder_path(arena, "other"), keys, &made, &why), OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_init_makes_what_is_missing, make, clear),
		cmocka_unit_test_setup_teardown(
			test_init_overwrites_nothing, make, clear),
		cmocka_unit_test_setup_teardown(test_keys_to_the_byte, make, clear),
		cmocka_unit_test_setup_teardown(test_faults, make, clear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
