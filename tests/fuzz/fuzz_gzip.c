/* gzip files of our own making, unpacked again: of any bytes, and with any hole. */
#include "common/gzip.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool promise)
{
	if (!promise)
		abort();
}

/* The packed bytes must be one gzip file of exactly these; inflate checks the CRC. */
static void check(const struct buf *packed, const uint8_t *data, size_t size)
{
	z_stream z = { .next_in = (Bytef *)packed->data, .avail_in = (uInt)packed->len };
	auto_(free) uint8_t *out = malloc(size + 1);
	z.next_out = out;
	z.avail_out = (uInt)size + 1;
	require(inflateInit2(&z, 16 + MAX_WBITS) == Z_OK);
	require(inflate(&z, Z_FINISH) == Z_STREAM_END);
	require(z.avail_in == 0 && z.avail_out == 1);
	require(size == 0 || memcmp(out, data, size) == 0);
	require(inflateEnd(&z) == Z_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(buf) struct buf packed = { 0 }, copy = { 0 };
	if (size < 6)
		return 0;
	size_t step = 1 + (data[0] | (size_t)data[1] << 8) % 4096;
	size_t at = data[2] | (size_t)data[3] << 8, hole = data[4] | (size_t)data[5] << 8;
	data += 6;
	size -= 6;
	size_t least = hole % 4096;
	gzip_pack(data, size, step, least, &packed);
	require(packed.len == least || (packed.len > least && packed.len % step == 0));
	check(&packed, data, size);

	at %= size + 1;
	hole %= size - at + 1;
	struct gzip_mould m;
	gzip_mould_make(data, size, at, hole, &m);
	buf_add(&copy, m.bytes.data, m.bytes.len);
	buf_clear(&m.bytes);
	auto_(free) uint8_t *other = malloc(size);
	if (size)
		memcpy(other, data, size);
	for (size_t i = 0; i < hole; i++)
		other[at + i] ^= (uint8_t)(i + 1);
	gzip_mould_fill(&m, other + at, copy.data);
	check(&copy, other, size);
	gzip_mould_fill(&m, data + at, copy.data);
	check(&copy, data, size);
	return 0;
}
