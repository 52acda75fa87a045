#include "folder_test.h"
#include <sys/stat.h>

static struct why why;

static void test_read(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	auto_(buf) struct buf b = { 0 };
	const char *path = folder_path(a, "x");
	folder_write("x", "a\0b\n", 4);
	buf_text(&b, "before");
	assert_int_equal(file_read(path, 4, &b, &why), OK);
	assert_int_equal(b.len, 10);
	assert_memory_equal(b.data, "beforea\0b\n", 11);
	assert_int_equal(file_read(path, 3, &b, &why), ERR_INPUT);
	assert_string_equal(
		why.text, arena_format(a, "%s: is larger than 3 bytes", path));
	assert_int_equal(file_read(folder_path(a, "y"), 3, &b, &why), ERR_NOT_FOUND);
	assert_string_equal(
		why.text, arena_format(a, "%s/y: No such file or directory", folder));
	assert_int_equal(file_read(folder, 3, &b, &why), ERR_IO);
	assert_string_equal(why.text, arena_format(a, "%s: Is a directory", folder));
}

static void check_content(const char *path, const char *content, size_t len)
{
	auto_(buf) struct buf b = { 0 };
	assert_int_equal(file_read(path, 100, &b, &why), OK);
	assert_int_equal(b.len, len);
	if (len)
		assert_memory_equal(b.data, content, len);
}

static void test_write(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	const char *path = folder_path(a, "x");
	struct stat st;
	assert_int_equal(file_write(path, "a\0b\n", 4, &why), OK);
	check_content(path, "a\0b\n", 4);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	/* Over one that is there, which keeps its mode. */
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(file_write(path, "c", 1, &why), OK);
	check_content(path, "c", 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(file_write(path, NULL, 0, &why), OK);
	check_content(path, "", 0);
}

static void test_write_where_there_is_no_room(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	auto_(buf) struct buf big = { 0 };
	const char *path = folder_path(a, "none/x");
	assert_int_equal(file_write(path, "a", 1, &why), ERR_IO);
	assert_string_equal(
		why.text, arena_format(a, "%s: No such file or directory", path));
	assert_int_equal(file_write(folder, "a", 1, &why), ERR_IO);
	assert_string_equal(why.text, arena_format(a, "%s: Is a directory", folder));
	/* Told when the file is closed, or, when it is larger than a buffer, before. */
	assert_int_equal(file_write("/dev/full", "a", 1, &why), ERR_FULL);
	assert_string_equal(why.text, "/dev/full: No space left on device");
	for (size_t i = 0; i < 100000; i++)
		buf_add(&big, "a", 1);
	assert_int_equal(file_write("/dev/full", big.data, big.len, &why), ERR_FULL);
}

static void test_make_folder(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	const char *path = folder_path(a, "a/b/c");
	struct stat st;
	bool made = false;
	assert_int_equal(file_make_folder(path, &made, &why), OK);
	assert_true(made);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(file_make_folder(path, &made, &why), OK);
	assert_false(made);
	assert_int_equal(file_make_folder_of(folder_path(a, "d/e/file"), &why), OK);
	assert_int_equal(stat(folder_path(a, "d/e"), &st), 0);
	assert_int_not_equal(stat(folder_path(a, "d/e/file"), &st), 0);
	folder_text("x", "");
	assert_int_equal(file_make_folder(folder_path(a, "x/y"), &made, &why), ERR_IO);
}

static void test_list(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	static const char *const all[] = { "sv.json", "en.json", "å.json", "a.json.old",
		"xjson", ".json", ".sv.json", "SV.json", "a.b.json", "json" };
	/* By their bytes. */
	static const char *const listed[] = { ".sv.json", "SV.json", "a.b.json",
		"en.json", "sv.json", "å.json" };
	const char **names = NULL;
	size_t count = 0;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		folder_text(all[i], "");
	assert_int_equal(file_list(a, folder, ".json", &names, &count, &why), OK);
	assert_int_equal(count, sizeof listed / sizeof *listed);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(names[i], listed[i]);
	assert_int_equal(file_list(a, folder, ".ini", &names, &count, &why), OK);
	assert_int_equal(count, 0);
}

static void test_list_of_no_folder(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	const char **names = NULL;
	size_t count = 77;
	const char *path = folder_path(a, "none");
	assert_int_equal(file_list(a, path, ".ini", &names, &count, &why), ERR_NOT_FOUND);
	assert_string_equal(
		why.text, arena_format(a, "%s: No such file or directory", path));
	folder_text("none", "");
	assert_int_equal(file_list(a, path, ".ini", &names, &count, &why), ERR_IO);
	assert_string_equal(why.text, arena_format(a, "%s: Not a directory", path));
	assert_null(names);
	assert_int_equal(count, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(test_write, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(
			test_write_where_there_is_no_room, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(
			test_make_folder, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(test_list, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(
			test_list_of_no_folder, folder_make, folder_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
