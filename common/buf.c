#include "buf.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void move(struct buf *b, size_t room)
{
	char *data = mem_resize(NULL, room, 1);
	if (b->data) {
		memcpy(data, b->data, b->len);
		explicit_bzero(b->data, b->room);
		free(b->data);
	}
	b->data = data;
	b->room = room;
}

static void make_room(struct buf *b, size_t more)
{
	if (b->room - b->len > more)
		return;
	size_t room = b->room ? b->room : 256;
	while (room - b->len <= more)
		room *= 2;
	move(b, room);
}

void buf_reserve(struct buf *b, size_t more)
{
	if (b->room - b->len <= more)
		move(b, b->len + more + 1);
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	make_room(b, len);
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_format(struct buf *b, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	make_room(b, (size_t)len);
	(void)vsnprintf(b->data + b->len, (size_t)len + 1, format, again);
	va_end(again);
	b->len += (size_t)len;
}

const char *buf_string(const struct buf *b)
{
	return b->data ? b->data : "";
}

void buf_clear(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->room);
	free(b->data);
	*b = (struct buf){ 0 };
}
