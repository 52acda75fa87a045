/* gzip (RFC 1952), over zlib. */
#ifndef COMMON_GZIP_H
#define COMMON_GZIP_H

#include "buf.h"
#include <stdint.h>

/* Adds the bytes, compressed, to out. The header's extra field is filled up until the
 * whole has `least` bytes, and beyond that until it is a multiple of `step`: how far
 * something can be compressed tells of what it says, also to somebody who sees no more
 * than encrypted lengths. */
void gzip_pack(const void *data, size_t len, size_t step, size_t least, struct buf *out);

/* Bytes that are compressed once, but for a hole that every copy fills anew. */
struct gzip_mould {
	struct buf bytes;
	size_t at;   /* where the hole is in bytes */
	size_t size; /* of the hole */
	size_t crc;  /* where the checksum is */
	uint32_t crc_before, crc_after, crc_shift;
};

/* The hole is `size` bytes from `at` of the data, at most 65,535. */
void gzip_mould_make(const void *data, size_t len, size_t at, size_t size,
	struct gzip_mould *ret_mould);
/* Fills the hole in a copy of m->bytes. */
void gzip_mould_fill(const struct gzip_mould *m, const void *hole, char *copy);

#endif
