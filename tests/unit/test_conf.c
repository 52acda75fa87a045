#include "common/conf.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct target {
	char *sender;
	char *key;
	long rate;
	struct conf_address public;
	char *url;
	int store;
};

enum { STORE_SQLITE, STORE_PGSQL };

/* clang-format off */
static const struct conf_key keys[] = {
	{ "server",  "public", CONF_ADDRESS, offsetof(struct target, public), NULL, NULL },
	{ "server",  "url",    CONF_URL,     offsetof(struct target, url), "http://127.0.0.1:8080", NULL },
	{ "storage", "store",  CONF_CHOICE,  offsetof(struct target, store), "sqlite", "sqlite pgsql" },
	{ "sms",     "sender", CONF_TEXT,    offsetof(struct target, sender), "Staden", NULL },
	{ "sms",     "rate",   CONF_NUMBER,  offsetof(struct target, rate), "10", NULL },
	{ "keys",    "file",   CONF_PATH,    offsetof(struct target, key), "a.key", NULL },
};
/* clang-format on */
enum { COUNT = sizeof keys / sizeof *keys };

static char folder[] = "/tmp/test-conf-XXXXXX";
static char file[64];
static struct why why;

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof file, "%s/x.conf", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(file);
	return rmdir(folder);
}

static void write_bytes(const char *text, size_t len)
{
	FILE *out = fopen(file, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
}

static enum err read_text(const char *text, struct target *ret_target)
{
	write_bytes(text, strlen(text));
	return conf_read(file, keys, COUNT, ret_target, &why);
}

/* Reads a text that must be refused at that line, for that reason. */
static void refuse(const char *text, int line, const char *reason)
{
	struct target t = { .rate = 77 };
	char expected[400];
	memset(&why, 0, sizeof why);
	assert_int_equal(read_text(text, &t), ERR_INPUT);
	if (line > 0)
		snprintf(expected, sizeof expected, "%s:%d: %s", file, line, reason);
	else
		snprintf(expected, sizeof expected, "%s: %s", file, reason);
	assert_string_equal(why.text, expected);
	assert_null(t.sender);
	assert_null(t.key);
	assert_null(t.url);
}

static void test_all_kinds(void **state)
{
	(void)state;
	struct target t = { 0 };
	assert_int_equal(
		read_text(
			"\xef\xbb\xbf# comment\r\n; another\n\n[server]\r\n  public = localhost:65535\r\n"
			"url=https://enkat.example:8443/a//\n[storage]\nstore = pgsql\n[sms]\n"
			"sender = Staden ; å # 1\nrate = 0\n[keys]\nfile = /etc/k",
			&t),
		OK);
	assert_string_equal(t.public.host, "localhost");
	assert_int_equal(t.public.port, 65535);
	assert_string_equal(t.url, "https://enkat.example:8443/a");
	assert_int_equal(t.store, STORE_PGSQL);
	assert_string_equal(t.sender, "Staden ; å # 1");
	assert_int_equal(t.rate, 0);
	assert_string_equal(t.key, "/etc/k");
	conf_free(keys, COUNT, &t);
	assert_null(t.sender);
}

static void test_fallbacks(void **state)
{
	(void)state;
	struct target t = { 0 };
	char path[64];
	assert_int_equal(read_text("[server]\npublic=127.0.0.1:0\n", &t), OK);
	assert_int_equal(t.public.port, 0);
	assert_int_equal(t.store, STORE_SQLITE);
	assert_string_equal(t.sender, "Staden");
	assert_int_equal(t.rate, 10);
	assert_string_equal(t.url, "http://127.0.0.1:8080");
	snprintf(path, sizeof path, "%s/a.key", folder);
	assert_string_equal(t.key, path);
	conf_free(keys, COUNT, &t);
}

static void test_what_is_refused(void **state)
{
	(void)state;
	refuse("[server]\n\npubic = 1\n", 3,
		"unknown key \"pubic\" in [server]: see the example in deploy/");
	refuse("public = 127.0.0.1:1\n", 1,
		"unknown key \"public\" in []: see the example in deploy/");
	refuse("[server]\npublic = 127.0.0.1:1\n[sms]\nrate = 1\n[server]\npublic = 127.0.0.1:1\n",
		6, "\"public\" stands twice in [server]: remove one");
	refuse("[server]\npublic = 127.0.0.1:1\nnonsense\n", 3,
		"neither `key = value` nor [section] nor # comment");
	refuse("[server\npublic = 127.0.0.1:1\n", 1,
		"neither `key = value` nor [section] nor # comment");
	refuse("[sms]\nsender = x\n", 0,
		"\"public\" is missing in [server]: see the example in deploy/");
	refuse("", 0, "\"public\" is missing in [server]: see the example in deploy/");
	refuse("[sms]\nsender = \xe5\n", 2, "not UTF-8: save the file in that encoding");
	refuse("[server]\n  public = 1.2.3.4:1\n  more\n", 3,
		"neither `key = value` nor [section] nor # comment");
}

static void test_bad_values(void **state)
{
	(void)state;
	static const char *const addresses[] = { "", "8080", ":80", "a:", "a:65536",
		"a:-1", "a:1x", "[::1]:80", "a b:1", "a:99999999999999999999" };
	static const char *const numbers[] = { "", "-1", "1.5", "1x", " 0x10",
		"99999999999999999999" };
	static const char *const urls[] = { "", "ftp://a", "http://", "http:///x",
		"a.example", "http://a b", "http://a\"", "HTTP://a",
		"http://enkät.example" };
	static const char *const choices[] = { "", "sql", "sqlite ", "sqlite pgsql",
		"pgsqlx" };
	char text[200];
	struct target t = { 0 };
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		snprintf(text, sizeof text, "[server]\npublic = %s\n", addresses[i]);
		snprintf(text + 100, 100,
			"public: \"%s\" is not host:port, as in 127.0.0.1:8080",
			addresses[i]);
		refuse(text, 2, text + 100);
	}
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		snprintf(text, sizeof text, "[server]\npublic = a:1\n[sms]\nrate = %s\n",
			numbers[i]);
		assert_int_equal(read_text(text, &t), ERR_INPUT);
	}
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		snprintf(
			text, sizeof text, "[server]\npublic = a:1\nurl = %s\n", urls[i]);
		assert_int_equal(read_text(text, &t), ERR_INPUT);
	}
	for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
		snprintf(text, sizeof text,
			"[server]\npublic = a:1\n[storage]\nstore = %s|\n", choices[i]);
		assert_int_equal(read_text(text, &t), ERR_INPUT);
	}
	assert_int_equal(
		read_text("[server]\npublic = a:1\n[keys]\nfile =\n", &t), ERR_INPUT);
}

static void test_nothing_is_cut(void **state)
{
	(void)state;
	char text[9000];
	char value[3001];
	char reason[100];
	struct target t = { 0 };
	memset(value, 'v', 3000);
	value[3000] = '\0';
	snprintf(
		text, sizeof text, "[server]\npublic = a:1\n[sms]\nsender = %s\n", value);
	assert_int_equal(read_text(text, &t), OK);
	assert_string_equal(t.sender, value);
	conf_free(keys, COUNT, &t);
	snprintf(text, sizeof text, "[server]\npublic = a:1\n[sms]\nsender = %s%s\n",
		value, value);
	refuse(text, 4, "the line is too long: 4094 bytes are the most");
	snprintf(text, sizeof text, "[server]\n%.100s = a:1\n", value);
	snprintf(reason, sizeof reason, "unknown key");
	assert_int_equal(read_text(text, &t), ERR_INPUT);
	snprintf(text, sizeof text, "[%.60s]\n", value);
	refuse(text, 1, "the section's name is too long: 47 bytes are the most");
	write_bytes("[server]\npublic = a:1\0 \n", 24);
	assert_int_equal(conf_read(file, keys, COUNT, &t, &why), ERR_INPUT);
	assert_non_null(strstr(why.text, ":2: a NUL"));
}

static void test_no_file(void **state)
{
	(void)state;
	struct target t = { 0 };
	assert_int_equal(
		conf_read("/no/such/file", keys, COUNT, &t, &why), ERR_NOT_FOUND);
	assert_string_equal(why.text,
		"/no/such/file: No such file or directory: check the file's name and rights");
	assert_int_equal(conf_read(folder, keys, COUNT, &t, &why), ERR_IO);
	assert_memory_equal(why.text, folder, strlen(folder));
}

static enum err note(void *context, const char *section, const char *key,
	const char *value, struct why *ret_why)
{
	char *notes = context;
	size_t len = strlen(notes);
	if (strcmp(key, "stop") == 0)
		return err_why(ret_why, ERR_CONFLICT, "told to stop");
	snprintf(notes + len, 200 - len, "%s.%s=%s|", section, key, value);
	return OK;
}

static void test_walk(void **state)
{
	(void)state;
	char notes[200] = "";
	const char *text =
		"[values]\nfarsta = Farsta\nälv-sjö = Älvsjö = bra\n[table a b]\nby = x y\nempty =\n";
	write_bytes(text, strlen(text));
	assert_int_equal(conf_walk(file, note, notes, &why), OK);
	assert_string_equal(notes,
		"values.farsta=Farsta|values.älv-sjö=Älvsjö = bra|table a b.by=x y|table a b.empty=|");
	char expected[100];
	*notes = '\0';
	write_bytes("[a]\nb = c\nstop = 1\nd = e\n", 25);
	assert_int_equal(conf_walk(file, note, notes, &why), ERR_CONFLICT);
	snprintf(expected, sizeof expected, "%s:3: told to stop", file);
	assert_string_equal(why.text, expected);
	assert_string_equal(notes, "a.b=c|");
}

static void test_loopback(void **state)
{
	static const char *const here[] = { "localhost", "localhost:80", "127.0.0.1",
		"127.9.8.7:65535", "[::1]", "[::1]:8080" };
	static const char *const elsewhere[] = { "", "localhost.example",
		"127.0.0.1.example", "127.0.0.256", "128.0.0.1", "0.0.0.0", "[::2]",
		"[::1]x", "127.1", "10.0.0.1:127" };
	(void)state;
	for (size_t i = 0; i < sizeof here / sizeof *here; i++)
		assert_true(conf_is_loopback(here[i], strlen(here[i])));
	for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
		assert_false(conf_is_loopback(elsewhere[i], strlen(elsewhere[i])));
	assert_true(conf_is_loopback("127.0.0.1/path", 9));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_kinds),
		cmocka_unit_test(test_fallbacks),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_nothing_is_cut),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_loopback),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
