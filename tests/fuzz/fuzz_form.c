/* Bodies of forms: nothing that comes in may break a promise of form.h. */
#include "common/buf.h"
#include "common/form.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool promise)
{
	if (!promise)
		abort();
}

/* Written out and read again, every field is the same. */
static void check_round_trip(struct arena *a, const struct form *f)
{
	auto_(buf) struct buf b = { 0 };
	struct form again;
	for (size_t i = 0; i < f->count; i++) {
		buf_text(&b, i ? "&" : "");
		form_encode(&b, f->fields[i].name);
		buf_text(&b, "=");
		form_encode(&b, f->fields[i].value);
	}
	require(form_parse(a, buf_string(&b), b.len, &again) == OK);
	require(again.count == f->count);
	for (size_t i = 0; i < f->count; i++) {
		require(strcmp(again.fields[i].name, f->fields[i].name) == 0);
		require(strcmp(again.fields[i].value, f->fields[i].value) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(arena) struct arena *a = arena_create();
	/* A copy of exactly that size: a read beyond it is seen. */
	auto_(free) void *body = malloc(size);
	if (size)
		memcpy(body, data, size);
	struct form f = { .count = SIZE_MAX };
	enum err e = form_parse(a, body, size, &f);
	if (e != OK) {
		require(e == ERR_INPUT && f.count == SIZE_MAX && !f.fields);
		return 0;
	}
	require(f.count <= 64);
	require(!(size && memchr(body, '\0', size)));
	for (size_t i = 0; i < f.count; i++) {
		const struct form_field *field = &f.fields[i];
		require(*field->name &&
			strlen(field->name) + strlen(field->value) <= size);
		require(form_is_utf8(field->name, strlen(field->name)));
		require(form_is_utf8(field->value, strlen(field->value)));
		/* Found by its name: no earlier field has the same. */
		require(form_get(&f, field->name) == field->value);
	}
	check_round_trip(a, &f);
	return 0;
}
