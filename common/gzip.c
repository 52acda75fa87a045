#include "gzip.h"
#include <stdbool.h>
#include <string.h>
#include <zlib.h>

enum {
	HEAD = 10, /* of a gzip file, without the extra field */
	EXTRA = 6, /* the extra field's own length, and one subfield's head */
	FEXTRA = 4,
	RAW = -15, /* windowBits: deflate without zlib's frame */
	LEVEL = 9,
	MEMORY = 9,
};

static void head(struct buf *out, int flags)
{
	const uint8_t bytes[HEAD] = { 0x1f, 0x8b, Z_DEFLATED, (uint8_t)flags, 0, 0, 0, 0,
		2, 255 };
	buf_add(out, bytes, sizeof bytes);
}

static void number(struct buf *out, uint32_t n, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_add(out, &(uint8_t){ (uint8_t)(n >> 8 * i) }, 1);
}

/* Adds the bytes as deflate blocks: the last of a stream, or ending on a whole byte so
 * that others can follow. */
static void squeeze(const void *data, size_t len, bool last, struct buf *out)
{
	z_stream z = { 0 };
	if (deflateInit2(&z, LEVEL, Z_DEFLATED, RAW, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	size_t room = deflateBound(&z, len) + 16; /* and the mark of a whole byte */
	uint8_t *bytes = mem_alloc(room);
	z.next_in = (Bytef *)(uintptr_t)data;
	z.avail_in = (uInt)len;
	z.next_out = bytes;
	z.avail_out = (uInt)room;
	int done = deflate(&z, last ? Z_FINISH : Z_FULL_FLUSH);
	if (done != (last ? Z_STREAM_END : Z_OK) || z.avail_in)
		abort();
	buf_add(out, bytes, room - z.avail_out);
	(void)deflateEnd(&z);
	explicit_bzero(bytes, room);
	free(bytes);
}

static uint32_t crc_of(uint32_t before, const void *data, size_t len)
{
	return (uint32_t)crc32(before, data, (uInt)len);
}

void gzip_pack(const void *data, size_t len, size_t step, size_t least, struct buf *out)
{
	static const uint8_t zeros[256];
	auto_(buf) struct buf body = { 0 };
	squeeze(data, len, true, &body);
	number(&body, crc_of(0, data, len), 4);
	number(&body, (uint32_t)len, 4);
	size_t bare = HEAD + EXTRA + body.len;
	size_t fill = bare < least ? least - bare : (step - bare % step) % step;
	head(out, FEXTRA);
	number(out, (uint32_t)(EXTRA - 2 + fill), 2);
	buf_add(out, "br", 2);
	number(out, (uint32_t)fill, 2);
	while (fill) {
		size_t part = fill < sizeof zeros ? fill : sizeof zeros;
		buf_add(out, zeros, part);
		fill -= part;
	}
	buf_add(out, body.data, body.len);
}

void gzip_mould_make(const void *data, size_t len, size_t at, size_t size,
	struct gzip_mould *ret_mould)
{
	const char *bytes = data;
	size_t after = at + size;
	struct gzip_mould m = { .size = size };
	head(&m.bytes, 0);
	squeeze(bytes, at, false, &m.bytes);
	/* A stored block: RFC 1951, 3.2.4. */
	number(&m.bytes, 0, 1);
	number(&m.bytes, (uint32_t)size, 2);
	number(&m.bytes, ~(uint32_t)size, 2);
	m.at = m.bytes.len;
	buf_add(&m.bytes, bytes + at, size);
	squeeze(bytes + after, len - after, true, &m.bytes);
	m.crc = m.bytes.len;
	number(&m.bytes, 0, 4);
	number(&m.bytes, (uint32_t)len, 4);
	m.crc_before = crc_of(0, bytes, at);
	m.crc_after = crc_of(0, bytes + after, len - after);
	m.crc_shift = (uint32_t)crc32_combine_gen((z_off_t)(len - after));
	*ret_mould = m;
}

void gzip_mould_fill(const struct gzip_mould *m, const void *hole, char *copy)
{
	uint32_t crc = (uint32_t)crc32_combine_op(
		crc_of(m->crc_before, hole, m->size), m->crc_after, m->crc_shift);
	memcpy(copy + m->at, hole, m->size);
	for (size_t i = 0; i < 4; i++)
		copy[m->crc + i] = (char)(crc >> 8 * i);
}
