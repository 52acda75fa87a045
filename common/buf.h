/* A growing run of bytes, always followed by a NUL that is not counted. */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include "mem.h"
#include <stddef.h>

struct buf {
	char *data; /* NULL while empty */
	size_t len;
	size_t room;
};

void buf_add(struct buf *b, const void *data, size_t len);
/* Makes room for exactly so many bytes more, where adding would double what there is. */
void buf_reserve(struct buf *b, size_t more);
void buf_text(struct buf *b, const char *text);
void buf_format(struct buf *b, const char *format, ...)
	__attribute__((format(printf, 2, 3), nonnull));
/* The text, "" when nothing was added. Valid until the next change. */
const char *buf_string(const struct buf *b);
/* Overwrites the contents and frees them; the buf can be used again. */
void buf_clear(struct buf *b);

static inline void auto_buf_cleanup(struct buf *b)
{
	buf_clear(b);
}

#endif
