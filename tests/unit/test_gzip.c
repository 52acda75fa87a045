#include "common/gzip.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

enum { LARGE = 3 << 20, HOLE = 65535 };

/* Bytes that nothing can be left out of. */
static void fill_noise(uint8_t *out, size_t len)
{
	uint32_t n = 2463534242;
	for (size_t i = 0; i < len; i++) {
		n ^= n << 13;
		n ^= n >> 17;
		n ^= n << 5;
		out[i] = (uint8_t)n;
	}
}

static void fill_words(uint8_t *out, size_t len)
{
	static const char words[] = "<label><input type=radio name=q1>Mycket bra";
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)words[i % (sizeof words - 1)];
}

/* Unpacks with the library's own reading of the format, which checks length and CRC. The
 * bytes must be one gzip file and nothing more. ret_extra: the header's extra field. */
static void unpack(const char *data, size_t len, struct buf *out, struct buf *ret_extra)
{
	static uint8_t extra[65536];
	uint8_t part[16384];
	gz_header head = { .extra = extra, .extra_max = sizeof extra };
	z_stream z = { .next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)len };
	int done = Z_OK;
	assert_int_equal(inflateInit2(&z, 16 + MAX_WBITS), Z_OK);
	assert_int_equal(inflateGetHeader(&z, &head), Z_OK);
	while (done == Z_OK) {
		z.next_out = part;
		z.avail_out = sizeof part;
		done = inflate(&z, Z_NO_FLUSH);
		buf_add(out, part, sizeof part - z.avail_out);
	}
	assert_int_equal(done, Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	assert_int_equal(inflateEnd(&z), Z_OK);
	/* Nothing of when and where. */
	assert_int_equal(head.done, 1);
	assert_int_equal(head.time, 0);
	assert_int_equal(head.os, 255);
	if (head.extra)
		buf_add(ret_extra, extra, head.extra_len);
}

static void check_pack(const void *data, size_t len, size_t step)
{
	auto_(buf) struct buf packed = { 0 }, again = { 0 }, extra = { 0 };
	/* What is in the buf already stays, and is not counted. */
	buf_text(&packed, "before");
	gzip_pack(data, len, step, 0, &packed);
	assert_memory_equal(packed.data, "before", 6);
	assert_int_equal((packed.len - 6) % step, 0);
	unpack(packed.data + 6, packed.len - 6, &again, &extra);
	assert_int_equal(again.len, len);
	if (len)
		assert_memory_equal(again.data, data, len);
	/* RFC 1952, 2.3.1.1: one subfield, whose length is that of the rest; no more than
	 * it takes. */
	assert_in_range(extra.len, 4, 3 + step);
	assert_memory_equal(extra.data, "br", 2);
	size_t filled = (uint8_t)extra.data[2] | (size_t)(uint8_t)extra.data[3] << 8;
	assert_int_equal(filled, extra.len - 4);
	for (size_t i = 4; i < extra.len; i++)
		assert_int_equal(extra.data[i], 0);
}

static void test_pack(void **state)
{
	(void)state;
	static const size_t steps[] = { 1, 2, 7, 256, 512, 4096 };
	static uint8_t words[700], noise[700];
	fill_words(words, sizeof words);
	fill_noise(noise, sizeof noise);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		for (size_t len = 0; len <= sizeof words; len += i == 4 ? 1 : 13) {
			check_pack(words, len, steps[i]);
			check_pack(noise, len, steps[i]);
		}
	}
	check_pack(words, sizeof words, 65000);
}

static void test_pack_large(void **state)
{
	(void)state;
	auto_(free) uint8_t *data = mem_alloc(LARGE);
	check_pack(data, LARGE, 512);
	fill_words(data, LARGE);
	check_pack(data, LARGE, 512);
	fill_noise(data, LARGE);
	check_pack(data, LARGE, 512);
}

static void test_pack_nothing(void **state)
{
	(void)state;
	check_pack(NULL, 0, 1);
	check_pack(NULL, 0, 512);
	check_pack("", 0, 512);
}

static void test_pack_is_small(void **state)
{
	(void)state;
	static uint8_t words[20000];
	auto_(buf) struct buf packed = { 0 };
	fill_words(words, sizeof words);
	gzip_pack(words, sizeof words, 1, 0, &packed);
	assert_in_range(packed.len, 50, 300);
}

/* How far two answers can be compressed does not show: not in as much as a step holds. */
static void test_pack_hides_what_it_says(void **state)
{
	(void)state;
	static uint8_t page[4000];
	size_t len = 0;
	for (size_t i = 0; i < 50; i++) {
		auto_(buf) struct buf packed = { 0 };
		fill_words(page, sizeof page);
		fill_noise(page + 1000, i);
		gzip_pack(page, sizeof page, 512, 0, &packed);
		if (i > 0)
			assert_int_equal(packed.len, len);
		len = packed.len;
	}
}

/* Whatever is said, as long as it takes no more than the least. */
static void test_pack_fills_up(void **state)
{
	(void)state;
	static uint8_t page[4000];
	for (size_t noise = 0; noise < 800; noise += 50) {
		auto_(buf) struct buf packed = { 0 }, again = { 0 }, extra = { 0 };
		fill_words(page, sizeof page);
		fill_noise(page + 1000, noise);
		gzip_pack(page, sizeof page, 512, 1000, &packed);
		assert_true(packed.len == 1000 || (noise && packed.len % 512 == 0));
		unpack(packed.data, packed.len, &again, &extra);
		assert_int_equal(again.len, sizeof page);
		assert_memory_equal(again.data, page, sizeof page);
	}
}

/* Fills one copy several times, and unpacks it each time. */
static void check_mould(const uint8_t *data, size_t len, size_t at, size_t size)
{
	struct gzip_mould m = { 0 };
	auto_(buf) struct buf copy = { 0 };
	auto_(free) uint8_t *expected = mem_alloc(len);
	gzip_mould_make(data, len, at, size, &m);
	assert_int_equal(m.size, size);
	buf_add(&copy, m.bytes.data, m.bytes.len);
	memcpy(expected, data, len);
	for (int i = 0; i < 3; i++) {
		auto_(buf) struct buf again = { 0 }, extra = { 0 };
		if (i == 1)
			fill_noise(expected + at, size);
		else if (i == 2)
			memset(expected + at, 'x', size);
		gzip_mould_fill(&m, expected + at, copy.data);
		unpack(copy.data, copy.len, &again, &extra);
		assert_int_equal(again.len, len);
		assert_memory_equal(again.data, expected, len);
		assert_int_equal(extra.len, 0);
	}
	buf_clear(&m.bytes);
}

static void test_mould(void **state)
{
	(void)state;
	static uint8_t words[1000], noise[1000];
	static const size_t sizes[] = { 1, 2, 32, 999, 1000 };
	fill_words(words, sizeof words);
	fill_noise(noise, sizeof noise);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		size_t size = sizes[i], last = sizeof words - size;
		const size_t places[] = { 0, 1, last / 2, last ? last - 1 : 0, last };
		for (size_t k = 0; k < sizeof places / sizeof *places; k++) {
			if (places[k] > last)
				continue;
			check_mould(words, sizeof words, places[k], size);
			check_mould(noise, sizeof noise, places[k], size);
		}
	}
}

static void test_mould_large(void **state)
{
	(void)state;
	auto_(free) uint8_t *data = mem_alloc(LARGE);
	static const size_t places[] = { 0, 1 << 20, LARGE - HOLE };
	fill_words(data, LARGE);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		check_mould(data, LARGE, places[i], HOLE);
	fill_noise(data, LARGE);
	check_mould(data, LARGE, 1 << 20, 32);
	check_mould(data, HOLE, 0, HOLE);
}

/* Only the hole and the checksum are written, and the checksum is the bytes' own, not
 * only one that the library lets through. */
static void test_mould_writes_no_more(void **state)
{
	(void)state;
	static const char whole[] = "before-NEWHOLE-after";
	auto_(buf) struct buf copy = { 0 };
	struct gzip_mould m;
	gzip_mould_make("before-OLDHOLE-after", 20, 7, 7, &m);
	buf_add(&copy, m.bytes.data, m.bytes.len);
	gzip_mould_fill(&m, "NEWHOLE", copy.data);
	assert_memory_equal(m.bytes.data + m.at, "OLDHOLE", 7);
	assert_memory_equal(copy.data + m.at, "NEWHOLE", 7);
	for (size_t i = 0; i < copy.len; i++)
		if ((i < m.at || i >= m.at + m.size) && (i < m.crc || i >= m.crc + 4))
			assert_int_equal(copy.data[i], m.bytes.data[i]);
	const uint8_t *end = (const uint8_t *)copy.data + copy.len - 8;
	uint32_t crc = end[0] | (uint32_t)end[1] << 8 | (uint32_t)end[2] << 16 |
		       (uint32_t)end[3] << 24;
	assert_int_equal(crc, crc32(0, (const Bytef *)whole, 20));
	assert_int_equal(end[4], 20);
	buf_clear(&m.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pack),
		cmocka_unit_test(test_pack_large),
		cmocka_unit_test(test_pack_nothing),
		cmocka_unit_test(test_pack_is_small),
		cmocka_unit_test(test_pack_hides_what_it_says),
		cmocka_unit_test(test_pack_fills_up),
		cmocka_unit_test(test_mould),
		cmocka_unit_test(test_mould_large),
		cmocka_unit_test(test_mould_writes_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
