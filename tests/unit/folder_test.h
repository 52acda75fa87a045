/* A folder for one test's files, and what cmocka wants included first, in its order. */
#ifndef TESTS_UNIT_FOLDER_TEST_H
#define TESTS_UNIT_FOLDER_TEST_H

#include "common/file.h"
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/test-folder-XXXXXX";

/* Setup and teardown of one test. */
static inline int folder_make(void **state)
{
	(void)state;
	memcpy(strrchr(folder, '-') + 1, "XXXXXX", 6);
	return mkdtemp(folder) ? 0 : -1;
}

static inline int folder_remove_one(
	const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static inline int folder_remove(void **state)
{
	(void)state;
	return nftw(folder, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The path of the name in the folder. */
static inline char *folder_path(struct arena *a, const char *name)
{
	return arena_format(a, "%s/%s", folder, name);
}

/* Writes a file, and the folders above it that are missing. */
static inline void folder_write(const char *name, const void *data, size_t len)
{
	auto_(arena) struct arena *a = arena_create();
	struct why why;
	const char *path = folder_path(a, name);
	assert_int_equal(file_make_folder_of(path, &why), OK);
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(data, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
}

static inline void folder_text(const char *name, const char *text)
{
	folder_write(name, text, strlen(text));
}

/* A copy of a file, in which the first `from` has become `to`. */
static inline void folder_change(
	const char *file, const char *name, const char *from, const char *to)
{
	auto_(buf) struct buf text = { 0 };
	auto_(buf) struct buf changed = { 0 };
	struct why why;
	if (file_read(file, 1 << 20, &text, &why) != OK)
		fail_msg("%s", why.text);
	const char *at = strstr(buf_string(&text), from);
	assert_non_null(at);
	buf_add(&changed, text.data, (size_t)(at - text.data));
	buf_text(&changed, to);
	buf_text(&changed, at + strlen(from));
	folder_write(name, buf_string(&changed), changed.len);
}

static inline void folder_copy(const char *file, const char *name)
{
	folder_change(file, name, "", "");
}

#endif
