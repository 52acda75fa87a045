/* The INI files that a city writes: a wave's settings, and the texts of a variant. */
#include "common/file.h"
#include "questionnaire.h"
#include "settings.h"
#include "texts.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static char folder[] = "/tmp/fuzz-settings-XXXXXX";
static char settings_file[64], texts_file[64];

static void require(bool promise)
{
	if (!promise)
		abort();
}

static void write_file(const char *path, const void *data, size_t size)
{
	FILE *out = fopen(path, "w");
	require(out && fwrite(data, 1, size, out) == size && fclose(out) == 0);
}

static void remove_folder(void)
{
	char path[64];
	(void)unlink(settings_file);
	(void)unlink(texts_file);
	snprintf(path, sizeof path, "%s/texts/sv.ini", folder);
	(void)unlink(path);
	snprintf(path, sizeof path, "%s/texts", folder);
	(void)rmdir(path);
	(void)rmdir(folder);
}

/* The variant's language is the shipped Swedish. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	auto_(buf) struct buf swedish = { 0 };
	struct why why;
	char path[64];
	bool made;
	(void)argc;
	(void)argv;
	require(mkdtemp(folder));
	require(atexit(remove_folder) == 0);
	snprintf(settings_file, sizeof settings_file, "%s/wave.ini", folder);
	snprintf(texts_file, sizeof texts_file, "%s/texts/sv.barn.ini", folder);
	snprintf(path, sizeof path, "%s/texts", folder);
	require(file_make_folder(path, &made, &why) == OK);
	require(file_read("questionnaires/texts/sv.ini", 1 << 20, &swedish, &why) == OK);
	snprintf(path, sizeof path, "%s/texts/sv.ini", folder);
	write_file(path, swedish.data, swedish.len);
	return 0;
}

static void check_settings(void)
{
	auto_(arena) struct arena *a = arena_create();
	struct settings s = { .area_count = SIZE_MAX };
	struct why why = { "" };
	enum err e = settings_read(a, settings_file, &s, &why);
	if (e != OK) {
		require(e == ERR_INPUT && s.area_count == SIZE_MAX);
		require(strncmp(why.text, settings_file, strlen(settings_file)) == 0);
		return;
	}
	require(s.layout == LAYOUT_PAGES || s.layout == LAYOUT_ONE_PAGE);
	require(!s.languages == !s.language_count);
	for (size_t i = 0; i < s.language_count; i++)
		require(*s.languages[i] && !strpbrk(s.languages[i], " \t\n"));
	for (size_t i = 0; i < s.area_count; i++) {
		require(s.areas[i].area && s.areas[i].variant);
		require(!(s.areas[i].hidden >> BALLOT_QUESTIONS));
		for (size_t k = 0; k < i; k++)
			require(strcmp(s.areas[i].area, s.areas[k].area) != 0);
	}
}

static void check_texts(void)
{
	struct texts_all *all = NULL;
	struct why why = { "" };
	enum err e = texts_read(folder, &all, &why);
	if (e != OK) {
		require(e == ERR_INPUT && !all);
		require(strncmp(why.text, texts_file, strlen(texts_file)) == 0);
		return;
	}
	const struct texts *plain = texts_find(all, "sv", "");
	const struct texts *t = texts_find(all, "sv", "barn");
	require(t && t != plain && texts_at(all, 0) == plain && !texts_at(all, 2));
	require(*t->name && *t->title && *t->accessibility_date);
	require(strstr(t->step, "{n}") && strstr(t->step, "{count}"));
	require(!strchr(t->send, '{'));
	texts_free(all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	write_file(settings_file, data, size);
	check_settings();
	/* No variant does without a status, and to read them all takes long. */
	if (size == 0 || !memmem(data, size, "status", 6))
		return 0;
	write_file(texts_file, data, size);
	check_texts();
	return 0;
}
