#include "folder_test.h"

#include "common/staff/groups.h"

enum { READER = 1 << 2, COORDINATOR = 1 << 3, CLERK = 1 << 4 };

static const struct staff_role roles[] = {
	{ READER, "reader", "", "", true, true, false },
	{ COORDINATOR, "coordinator", "", "", true, false, true },
	{ CLERK, "clerk", "", "", false, false, false },
};
static const struct staff_site site = {
	.program = "program", .roles = roles, .role_count = sizeof roles / sizeof *roles
};

static struct arena *arena;
static struct why why;

static int make(void **state)
{
	arena = arena_create();
	return folder_make(state);
}

static int clean_up(void **state)
{
	arena_destroy(arena);
	return folder_remove(state);
}

static struct groups *read_text(const char *text)
{
	struct groups *g = NULL;
	folder_text("g", text);
	if (groups_read(folder_path(arena, "g"), &site, &g, &why) != OK)
		fail_msg("%s", why.text);
	return g;
}

/* place: ":LINE: " or ": [SECTION]: ". */
static void refuse(const char *text, const char *place, const char *reason)
{
	struct groups *g = NULL;
	folder_text("g", text);
	memset(&why, 0, sizeof why);
	const char *file = folder_path(arena, "g");
	assert_int_equal(groups_read(file, &site, &g, &why), ERR_INPUT);
	assert_null(g);
	const char *begin = arena_format(arena, "%s%s", file, place);
	if (strncmp(why.text, begin, strlen(begin)) != 0 || !strstr(why.text, reason))
		fail_msg("%s; expected %s… %s", why.text, begin, reason);
}

static void check_account(const struct account *a, unsigned expected,
	const char *administrations, const char *areas)
{
	assert_int_equal(a->roles, expected);
	assert_string_equal(a->administrations, administrations);
	assert_string_equal(a->areas, areas);
}

/* Applies the claim, JSON, to an account that has had everything. */
static bool apply(const struct groups *g, const char *claim, struct account *ret_account,
	const char **ret_refused)
{
	auto_(json) struct json *j = NULL;
	assert_int_equal(json_parse(claim, strlen(claim), &j, &why), OK);
	*ret_account = (struct account){
		.roles = STAFF_ALL_ROLES, .administrations = "old", .areas = "old"
	};
	return groups_apply(g, j, ret_account, ret_refused);
}

static void gives(const struct groups *g, const char *claim, unsigned expected,
	const char *administrations, const char *areas)
{
	struct account a;
	const char *refused = "x";
	assert_true(apply(g, claim, &a, &refused));
	assert_null(refused);
	check_account(&a, expected, administrations, areas);
}

static void gives_nothing(
	const struct groups *g, const char *claim, const char *expected_refused)
{
	struct account a;
	const char *refused = "x";
	assert_false(apply(g, claim, &a, &refused));
	if (expected_refused)
		assert_string_equal(refused, expected_refused);
	else
		assert_null(refused);
	check_account(&a, 0, "", "");
}

static const char usual[] =
	"# groups\n"
	"[coord-farsta]\nrole = coordinator\nadministrations = farsta\n"
	"[coord-two]\nrole = coordinator\nadministrations = spanga-tensta, farsta,alvsjo\n"
	"[readers]\nrole = reader\n"
	"[readers-farsta]\nrole = reader\nadministrations = farsta\nareas = lss,bistand\n"
	"[readers-lss]\nrole = reader\nareas = lss aldre\n"
	"[clerks]\nrole = clerk, auditor accounts\n"
	"[both]\nrole = clerk reader\nadministrations = farsta\n"
	"[dn]\ngroup = CN=L\xc3\xa4sare,OU=Enk\xc3\xa4t ; x # y,DC=staden,DC=example\nrole = clerk\n"
	"[other]\nrefuse = yes\n[fine]\nrefuse = no\nrole = clerk\n";

static void test_roles(void **state)
{
	(void)state;
	auto_(groups) struct groups *g = read_text(usual);
	gives(g, "\"coord-farsta\"", COORDINATOR, "farsta", "");
	gives(g, "[\"coord-farsta\"]", COORDINATOR, "farsta", "");
	gives(g, "[\"x\",1,null,[\"readers\"],\"coord-farsta\",\"\"]", COORDINATOR,
		"farsta", "");
	gives(g, "[\"clerks\"]", CLERK | STAFF_ACCOUNTS | STAFF_AUDITOR, "", "");
	gives(g, "[\"fine\"]", CLERK, "", "");
	/* The provider's name for it, not the section's. */
	gives(g, "[\"CN=L\xc3\xa4sare,OU=Enk\xc3\xa4t ; x # y,DC=staden,DC=example\"]",
		CLERK, "", "");
	gives_nothing(g, "[\"dn\"]", NULL);
}

static void test_none(void **state)
{
	(void)state;
	auto_(groups) struct groups *g = read_text(usual);
	static const char *const claims[] = { "[]", "\"\"", "{}", "null", "1", "true",
		"[[]]", "\"clerk\"", "\"Clerks\"", "\"clerks \"", "\"clerks,fine\"",
		"\"clerks fine\"", "[[\"clerks\"]]", "{\"clerks\":\"clerks\"}",
		"[{\"clerks\":\"clerks\"}]" };
	for (size_t i = 0; i < sizeof claims / sizeof *claims; i++)
		gives_nothing(g, claims[i], NULL);
	struct account a = { .roles = 1, .areas = "old" };
	const char *refused;
	assert_false(groups_apply(g, NULL, &a, &refused));
	check_account(&a, 0, "", "");
}

static void test_refused(void **state)
{
	(void)state;
	auto_(groups) struct groups *g = read_text(usual);
	gives_nothing(g, "\"other\"", "other");
	gives_nothing(g, "[\"other\",\"clerks\"]", "other");
	gives_nothing(g, "[\"clerks\",\"other\",\"readers\"]", "other");
}

static void test_scopes(void **state)
{
	(void)state;
	auto_(groups) struct groups *g = read_text(usual);
	gives(g, "[\"coord-farsta\",\"coord-two\"]", COORDINATOR,
		"farsta spanga-tensta alvsjo", "");
	gives(g, "[\"readers-farsta\"]", READER, "farsta", "lss bistand");
	gives(g, "[\"readers-lss\"]", READER, "", "lss aldre");
	/* A group without a limit lifts it. */
	gives(g, "[\"readers-farsta\",\"readers-lss\"]", READER, "", "lss bistand aldre");
	gives(g, "[\"readers-farsta\",\"readers\"]", READER, "", "");
	/* What can't be limited lifts nothing. */
	gives(g, "[\"readers-farsta\",\"clerks\"]",
		READER | CLERK | STAFF_ACCOUNTS | STAFF_AUDITOR, "farsta", "lss bistand");
	gives(g, "[\"both\"]", CLERK | READER, "farsta", "");
	/* Who is always limited stays so. */
	gives(g, "[\"coord-farsta\",\"clerks\"]",
		COORDINATOR | CLERK | STAFF_ACCOUNTS | STAFF_AUDITOR, "farsta", "");
	gives(g, "[\"coord-farsta\",\"readers\"]", COORDINATOR | READER, "farsta", "");
	gives(g, "[\"readers\",\"coord-two\"]", COORDINATOR | READER,
		"spanga-tensta farsta alvsjo", "");
}

static void test_faults(void **state)
{
	(void)state;
	refuse("", ": ", "names no group");
	refuse("role = clerk\n", ":1: ", "before the first [group]");
	refuse("[a]\n\nrole = clerk\nrolle = x\n", ":4: ", "unknown key \"rolle\"");
	refuse("[a]\nrole = clerks\n", ":2: ", "program has no role \"clerks\"");
	refuse("[a]\nrole = clerk, cler\n", ":2: ", "program has no role \"cler\"");
	refuse("[a]\nrole = \n", ":2: ", "role: names none");
	refuse("[a]\nrole = ,\n", ":2: ", "role: names none");
	refuse("[a]\nrole = clerk\nrole = reader\n", ":3: ", "stands twice");
	refuse("[a]\nrefuse = ja\n", ":2: ", "neither yes nor no");
	refuse("[a]\nrefuse = YES\n", ":2: ", "neither yes nor no");
	refuse("[a]\nrole = reader\nareas = a;b\n", ":3: ", "write codes");
	refuse("[a]\nrole = reader\nareas = A\n", ":3: ", "write codes");
	refuse("[a]\nrole = reader\nareas = , \n", ":3: ", "write codes");
	refuse("[a]\nrole = reader\nadministrations =\n", ":3: ", "write codes");
	refuse("[a]\nrefuse = no\n", ": [a]: ", "there is no role");
	refuse("[a]\nadministrations = x\n", ": [a]: ", "there is no role");
	refuse("[a]\nrefuse = yes\nrole = clerk\n", ": [a]: ", "remove one");
	refuse("[b]\nrole = clerk\n[a]\nrole = coordinator\n",
		": [a]: ", "write administrations");
	refuse("[a]\nrole = coordinator clerk\n", ": [a]: ", "write administrations");
	refuse("[a]\nrole = clerk\nadministrations = x\n",
		": [a]: ", "limited to administrations");
	refuse("[a]\nrole = coordinator\nadministrations = x\nareas = y\n",
		": [a]: ", "limited to areas");
	refuse("[a]\nrole = clerk\ngroup =\n", ": [a]: ", "group is empty");
	refuse("[a]\nrole = clerk\n[b]\nrole = clerk\ngroup = a\n",
		": [b]: ", "the same group");
	struct groups *g = NULL;
	assert_int_equal(
		groups_read(folder_path(arena, "none"), &site, &g, &why), ERR_NOT_FOUND);
	assert_null(g);
}

/* All that an account can have room for, and one byte more. */
static void test_room(void **state)
{
	(void)state;
	const char *half = arena_format(arena, "%0*d", (ACCOUNTS_SCOPE - 1) / 2, 1);
	const char *two[2];
	for (int i = 0; i < 2; i++)
		two[i] = arena_format(arena,
			"[a]\nrole = reader\nareas = %s\n[b]\nrole = reader\nareas = 2%s\n",
			half, half + 2 - i);
	refuse(two[1], ": [b]: ", "too many");
	auto_(groups) struct groups *g = read_text(two[0]);
	gives(g, "[\"a\",\"b\"]", READER, "",
		arena_format(arena, "%s 2%s", half, half + 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_roles, make, clean_up),
		cmocka_unit_test_setup_teardown(test_none, make, clean_up),
		cmocka_unit_test_setup_teardown(test_refused, make, clean_up),
		cmocka_unit_test_setup_teardown(test_scopes, make, clean_up),
		cmocka_unit_test_setup_teardown(test_faults, make, clean_up),
		cmocka_unit_test_setup_teardown(test_room, make, clean_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
