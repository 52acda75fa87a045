#include "mem.h"
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *p)
{
	if (!p) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

void *mem_alloc(size_t size)
{
	return checked(calloc(1, size ? size : 1));
}

void *mem_resize(void *old, size_t count, size_t size)
{
	return checked(reallocarray(old, count ? count : 1, size));
}

char *mem_text(const char *text)
{
	return checked(strdup(text));
}

enum { CHUNK = 8192 };

struct chunk {
	struct chunk *next;
	size_t used;
	size_t room;
	_Alignas(max_align_t) unsigned char data[];
};

struct arena {
	struct chunk *chunks; /* the first has room left */
};

struct arena *arena_create(void)
{
	return mem_alloc(sizeof(struct arena));
}

/* An arena may have held a code or an answer, so it is overwritten before it is given
 * back. */
void arena_destroy(struct arena *a)
{
	if (!a)
		return;
	while (a->chunks) {
		struct chunk *c = a->chunks;
		a->chunks = c->next;
		explicit_bzero(c->data, c->used);
		free(c);
	}
	free(a);
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t step = (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
	struct chunk *c = a->chunks;
	if (!c || c->room - c->used < step) {
		size_t room = step > CHUNK ? step : CHUNK;
		c = checked(malloc(sizeof *c + room));
		*c = (struct chunk){ .next = a->chunks, .room = room };
		a->chunks = c;
	}
	void *p = c->data + c->used;
	c->used += step;
	return memset(p, 0, step);
}

void *arena_more(struct arena *a, void *array, size_t count, size_t size)
{
	/* Doubled when it is full: at every power of two. */
	if ((count & (count - 1)) != 0)
		return array;
	void *more = arena_alloc(a, (count ? 2 * count : 1) * size);
	if (count)
		memcpy(more, array, count * size);
	return more;
}

char *arena_text(struct arena *a, const char *text, size_t len)
{
	char *copy = arena_alloc(a, len + 1);
	memcpy(copy, text, len);
	return copy;
}

char *arena_format(struct arena *a, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *text = arena_alloc(a, (size_t)len + 1);
	(void)vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	return text;
}
