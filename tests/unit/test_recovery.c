#include "common/base32.h"
#include "recovery.h"
#include <ctype.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
static const uint8_t zero[32];
static char folder[] = "/tmp/test-recovery-XXXXXX";
static char file[64];
static struct why why;
static uint8_t key[32];
static char text[RECOVERY_TEXT];

static int make(void **state)
{
	(void)state;
	for (uint8_t i = 0; i < 32; i++)
		key[i] = (uint8_t)(37 * i + 200);
	recovery_format(key, text);
	snprintf(file, sizeof file, "%s/key", mkdtemp(folder) ? folder : "");
	return file[0] == '/' && file[1] == 't' ? 0 : -1;
}

static int clear(void **state)
{
	(void)state;
	unlink(file);
	return rmdir(folder);
}

static void assert_reads(const char *typed)
{
	uint8_t out[32] = { 0 };
	assert_int_equal(recovery_parse(typed, out, &why), OK);
	assert_memory_equal(out, key, sizeof key);
}

/* Refused with that reason, and nothing given. */
static void assert_refused(const char *typed, const char *reason)
{
	uint8_t out[32] = { 0 };
	assert_int_equal(recovery_parse(typed, out, &why), ERR_INPUT);
	if (!strstr(why.text, reason))
		fail_msg("%s: %s is not %s", typed, why.text, reason);
	assert_memory_equal(out, zero, sizeof zero);
}

static void test_shape(void **state)
{
	(void)state;
	int lines = 0, groups = 0;
	for (const char *at = text; *at; at += strspn(at, " \n")) {
		size_t len = strcspn(at, " \n");
		assert_int_equal(len, 5);
		assert_int_equal(strspn(at, alphabet), len);
		assert_int_equal(at[4], base32_check(at, 4));
		at += len;
		lines += *at == '\n';
		groups++;
	}
	assert_int_equal(groups, RECOVERY_GROUPS);
	assert_int_equal(lines, 3);
	assert_int_equal(strlen(text), RECOVERY_TEXT - 1);
}

static void test_round_trips(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		uint8_t fresh[32], out[32];
		char groups[RECOVERY_TEXT];
		secret_random(fresh, sizeof fresh);
		recovery_format(fresh, groups);
		assert_int_equal(recovery_parse(groups, out, &why), OK);
		assert_memory_equal(out, fresh, sizeof fresh);
	}
}

/* The reader may write it in any of these ways. */
static void test_forgiving(void **state)
{
	(void)state;
	char typed[1000] = "# Recovery key of wave 2027-1.\n# 12345 12345\n\n  ";
	size_t n = strlen(typed);
	for (const char *at = text; *at; at++) {
		if (*at == ' ')
			n += (size_t)sprintf(typed + n, " - ");
		else if (*at == '\n')
			n += (size_t)sprintf(typed + n, "\r\n#between\r\n\t");
		else if (*at == '0' || *at == '1')
			typed[n++] = *at == '0' ? 'o' : 'l';
		else
			typed[n++] = (char)tolower((unsigned char)*at);
	}
	typed[n] = '\0';
	assert_reads(typed);
	/* Without any dividers. */
	n = 0;
	for (const char *at = text; *at; at++)
		if (!isspace((unsigned char)*at))
			typed[n++] = *at;
	typed[n] = '\0';
	assert_reads(typed);
}

static void test_every_wrong_character_names_its_group(void **state)
{
	(void)state;
	char typed[RECOVERY_TEXT], reason[64];
	memcpy(typed, text, sizeof typed);
	for (size_t i = 0; text[i]; i++) {
		if (isspace((unsigned char)text[i]))
			continue;
		snprintf(reason, sizeof reason, "group %zu of", i / 6 + 1);
		for (const char *c = alphabet; *c; c++) {
			typed[i] = *c;
			if (*c == text[i])
				assert_reads(typed);
			else
				assert_refused(typed, reason);
		}
		for (const char *c = "Uu!_.é"; *c; c++) {
			typed[i] = *c;
			assert_refused(typed, reason);
		}
		typed[i] = text[i];
	}
}

static void test_every_swap_names_its_group(void **state)
{
	(void)state;
	char typed[RECOVERY_TEXT], reason[64];
	memcpy(typed, text, sizeof typed);
	for (size_t i = 0; text[i + 1]; i++) {
		if (isspace((unsigned char)text[i]) ||
			isspace((unsigned char)text[i + 1]) || text[i] == text[i + 1])
			continue;
		snprintf(reason, sizeof reason, "group %zu of", i / 6 + 1);
		typed[i] = text[i + 1];
		typed[i + 1] = text[i];
		assert_refused(typed, reason);
		typed[i] = text[i];
		typed[i + 1] = text[i + 1];
	}
}

static void test_wrong_length(void **state)
{
	(void)state;
	char typed[2 * RECOVERY_TEXT];
	assert_refused("", "this has 0 characters");
	assert_refused("# only a remark\n", "this has 0 characters");
	/* Whole groups are missing, at the end or in the middle. */
	memcpy(typed, text, 60);
	typed[60] = '\0';
	assert_refused(typed, "13 groups of 5 characters, this has 50 characters");
	memcpy(typed + 30, text + 36, RECOVERY_TEXT - 36);
	assert_refused(typed, "this has 60 characters");
	snprintf(typed, sizeof typed, "%s%s", text, "0");
	assert_refused(typed, "this has 66 characters");
	snprintf(typed, sizeof typed, "%s%s", text, text);
	assert_refused(typed, "this has 66 characters");
}

/* The 52 characters hold four bits more than the key: they must be zero, or two texts
 * would be the same key. */
static void test_spare_bits(void **state)
{
	(void)state;
	char typed[RECOVERY_TEXT];
	memcpy(typed, text, sizeof typed);
	char *group = typed + 12 * 6;
	int value = base32_value(group[3]);
	assert_int_equal(value & 15, 0);
	group[3] = alphabet[value | 1];
	group[4] = base32_check(group, 4);
	assert_refused(typed, "last group");
}

static void test_file(void **state)
{
	(void)state;
	uint8_t out[32] = { 0 };
	struct stat st;
	char line[512];
	mode_t before = umask(0);
	assert_int_equal(recovery_load(file, out, &why), ERR_NOT_FOUND);
	assert_int_equal(recovery_store(file, "2027-1", key, &why), OK);
	umask(before);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(recovery_load(file, out, &why), OK);
	assert_memory_equal(out, key, sizeof key);
	FILE *in = fopen(file, "r");
	assert_non_null(in);
	assert_non_null(fgets(line, sizeof line, in));
	fclose(in);
	assert_non_null(strstr(line, "wave 2027-1."));
	assert_int_equal(recovery_store(file, "2027-2", zero, &why), ERR_CONFLICT);
	assert_int_equal(recovery_load(file, out, &why), OK);
	assert_memory_equal(out, key, sizeof key);
	assert_int_equal(recovery_store("/no/such/folder/x", "w", key, &why), ERR_IO);
}

/* In a child: a file can't grow beyond a few bytes, as on a full disk. */
static int store_without_room(void)
{
	const struct rlimit limit = { 20, 20 };
	(void)signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 2;
	return recovery_store(file, "2027-1", key, &why) == ERR_IO ? 0 : 1;
}

static void test_half_a_file_is_removed(void **state)
{
	(void)state;
	int status = 0;
	unlink(file);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(store_without_room());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(recovery_store(file, "2027-1", key, &why), OK);
}

/* With the longest name of a wave too. */
static void test_file_that_was_changed(void **state)
{
	(void)state;
	uint8_t out[32] = { 0 };
	unlink(file);
	assert_int_equal(
		recovery_store(file, "0123456789-123456789-123456789-1", key, &why), OK);
	assert_int_equal(recovery_load(file, out, &why), OK);
	FILE *change = fopen(file, "r+");
	assert_non_null(change);
	assert_int_equal(fseek(change, -3, SEEK_END), 0);
	assert_int_equal(fputc('U', change), 'U');
	assert_int_equal(fclose(change), 0);
	memset(out, 0, sizeof out);
	assert_int_equal(recovery_load(file, out, &why), ERR_INPUT);
	assert_non_null(strstr(why.text, file));
	assert_non_null(strstr(why.text, "group 13 of"));
	assert_memory_equal(out, zero, sizeof zero);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_forgiving),
		cmocka_unit_test(test_every_wrong_character_names_its_group),
		cmocka_unit_test(test_every_swap_names_its_group),
		cmocka_unit_test(test_wrong_length),
		cmocka_unit_test(test_spare_bits),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_half_a_file_is_removed),
		cmocka_unit_test(test_file_that_was_changed),
	};
	return cmocka_run_group_tests(tests, make, clear);
}
