/* Bodies of forms with a file: nothing that comes in may break a promise of multipart.h.
 * The first line is the Content-Type. */
#include "common/buf.h"
#include "common/multipart.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool promise)
{
	if (!promise)
		abort();
}

static void check_fields(const struct form *f)
{
	size_t text = 0;
	require(f->count <= 64);
	for (size_t i = 0; i < f->count; i++) {
		const struct form_field *field = &f->fields[i];
		text += strlen(field->name) + strlen(field->value);
		require(*field->name && !strpbrk(field->name, "\r\n\""));
		require(form_is_utf8(field->name, strlen(field->name)));
		require(form_is_utf8(field->value, strlen(field->value)));
		/* Found by its name: no earlier field has the same. */
		require(form_get(f, field->name) == field->value);
	}
	require(text <= MULTIPART_TEXT);
}

static void check_file(const struct multipart_file *file, const char *body, size_t len)
{
	if (!file->data)
		return;
	require(file->data >= body && file->len <= (size_t)(body + len - file->data));
	require(strlen(file->name) <= 4 * (size_t)MULTIPART_NAME);
	require(form_is_utf8(file->name, strlen(file->name)));
	require(!strpbrk(file->name, "/\\\r\n\""));
}

/* Written out and read again, everything is the same. */
static void check_round_trip(
	struct arena *a, const struct form *f, const struct multipart_file *file)
{
	static const char type[] = "multipart/form-data; boundary=never-in-a-value";
	const char *boundary = strchr(type, '=') + 1;
	auto_(buf) struct buf b = { 0 };
	struct form again;
	struct multipart_file same;
	for (size_t i = 0; i < f->count; i++)
		buf_format(&b,
			"--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n",
			boundary, f->fields[i].name, f->fields[i].value);
	if (file->data && !form_get(f, "file")) {
		buf_format(&b,
			"--%s\r\nContent-Disposition: form-data; name=\"file\"; "
			"filename=\"%s\"\r\n\r\n",
			boundary, file->name);
		buf_add(&b, file->data, file->len);
		buf_text(&b, "\r\n");
	}
	buf_format(&b, "--%s--", boundary);
	require(multipart_parse(a, type, b.data, b.len, &again, &same) == OK);
	require(again.count == f->count);
	for (size_t i = 0; i < f->count; i++) {
		require(strcmp(again.fields[i].name, f->fields[i].name) == 0);
		require(strcmp(again.fields[i].value, f->fields[i].value) == 0);
	}
	if (same.data) {
		require(strcmp(same.name, file->name) == 0 && same.len == file->len);
		require(memcmp(same.data, file->data, file->len) == 0);
	}
	require(multipart_parse(a, type, b.data, b.len - 1, &again, &same) == ERR_INPUT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(arena) struct arena *a = arena_create();
	const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
	if (!line)
		return 0;
	const char *type = arena_text(a, (const char *)data, (size_t)(line - data));
	/* A copy of exactly that size: a read beyond it is seen. */
	size_t len = size - (size_t)(line + 1 - data);
	auto_(free) char *body = malloc(len);
	if (len)
		memcpy(body, line + 1, len);
	struct form f = { .count = SIZE_MAX };
	struct multipart_file file = { .len = SIZE_MAX };
	enum err e = multipart_parse(a, type, body, len, &f, &file);
	if (e != OK) {
		require(e == ERR_INPUT && f.count == SIZE_MAX && !f.fields);
		require(file.len == SIZE_MAX && !file.data);
		return 0;
	}
	require(multipart_is(type));
	check_fields(&f);
	check_file(&file, body, len);
	/* Otherwise the boundary may stand in a value, or the name of the file's field be
	 * too much text. */
	if (len <= MULTIPART_TEXT && !memmem(body, len, "never-in-a-value", 16))
		check_round_trip(a, &f, &file);
	return 0;
}
