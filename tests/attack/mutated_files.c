/* Import files with mistakes that no case system makes, through the real reader, in one
 * process: tests/fuzz/fuzz_roster.c says what must hold. The same mistakes each time.
 * Usage: mutated_files FIRST COUNT FILE... */
#include "common/buf.h"
#include "common/file.h"
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	SEEDS_MAX = 32,
	ROWS_LONGEST = 60,
	CHANGES_MOST = 12,
	COLUMNS = 15,
	FILE_MAX = 1 << 20
};

static const char *const tokens[] = { ";", ",", "\t", "\"", "\"\"", "\";\"", "\n", "\r",
	"\r\n", "\n\n", " ", "\xef\xbb\xbf", "\xff\xfe", "sep=,\n", "=cmd|' /C calc'!A0",
	"\xc3", "\xe5", "\xe2\x80\x93", "\xc2\xa0", "\xf4\x90\x80\x80", "\xed\xa0\x80",
	"\x81", "\f", "\x1a", "19121212-1212", "121212+1212", "20270230-0000",
	"+46 (0)70 174 06 05", "0046", "99999999999999999999", "2026-02-29", "0000-00-00",
	"9999-12-31", "ja", "nej", "person_id", "telefon", "PK\x03\x04", "<?xml" };

static unsigned long current;

static uint64_t next(uint64_t *state)
{
	/* splitmix64, https://prng.di.unimi.it/splitmix64.c */
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static size_t below(uint64_t *state, size_t bound)
{
	return bound ? (size_t)(next(state) % bound) : 0;
}

/* So that it can be done again alone. */
static void tell(int signal_number)
{
	char text[64];
	(void)signal_number;
	int len = snprintf(text, sizeof text, "mutated_files: at %lu\n", current);
	if (write(STDERR_FILENO, text, (size_t)len) != len)
		_exit(1);
}

static size_t line_end(const struct buf *b, size_t at)
{
	const char *newline =
		at < b->len ? memchr(b->data + at, '\n', b->len - at) : NULL;
	return newline ? (size_t)(newline - b->data) + 1 : b->len;
}

/* The header, and some rows from anywhere. */
static void pick(const struct buf *seed, uint64_t *state, struct buf *out)
{
	size_t at = line_end(seed, 0);
	buf_add(out, seed->data, at);
	at = line_end(seed, at + below(state, seed->len - at));
	size_t end = at;
	for (size_t rows = below(state, ROWS_LONGEST); rows; rows--)
		end = line_end(seed, end);
	buf_add(out, seed->data + at, end - at);
}

static void replace(
	struct buf *b, size_t from, size_t len, const void *with, size_t with_len)
{
	struct buf out = { 0 };
	buf_add(&out, b->data, from);
	buf_add(&out, with, with_len);
	buf_add(&out, b->data + from + len, b->len - from - len);
	buf_clear(b);
	*b = out;
}

/* Where the field at that place of the line begins, and how long it is. */
static size_t field_of(const struct buf *b, size_t line, size_t place, size_t *ret_len)
{
	const char *at = b->data + line;
	const char *end = b->data + line_end(b, line);
	const char *semicolon;
	for (; place && (semicolon = memchr(at, ';', (size_t)(end - at))); place--)
		at = semicolon + 1;
	semicolon = memchr(at, ';', (size_t)(end - at));
	*ret_len = (size_t)((semicolon ? semicolon : end) - at);
	return (size_t)(at - b->data);
}

/* What stands in one row in another too: a person twice, a number of two, another's
 * answer. */
static void share(struct buf *b, uint64_t *state)
{
	size_t place = below(state, COLUMNS);
	size_t len, other_len;
	size_t from = field_of(b, line_end(b, below(state, b->len)), place, &len);
	size_t other = field_of(b, line_end(b, below(state, b->len)), place, &other_len);
	auto_(free) char *copy = mem_alloc(len + 1);
	memcpy(copy, b->data + from, len);
	replace(b, other, other_len, copy, len);
}

static void change(struct buf *b, uint64_t *state)
{
	/* Mistakes in the header show less than those among the rows. */
	size_t header = line_end(b, 0);
	size_t from = below(state, 8) && header < b->len
			      ? header + below(state, b->len - header)
			      : below(state, b->len);
	size_t len = below(state, 40);
	if (len > b->len - from)
		len = b->len - from;
	const char *token = tokens[below(state, sizeof tokens / sizeof *tokens)];
	char byte = (char)next(state);
	size_t source = below(state, b->len - len + 1);
	switch (below(state, 10)) {
	case 0:
		replace(b, from, len ? 1 : 0, &byte, 1);
		break;
	case 1:
	case 2:
		replace(b, from, 0, token, strlen(token));
		break;
	case 3:
		replace(b, from, len, token, strlen(token));
		break;
	case 4:
		replace(b, from, len, "", 0);
		break;
	case 5:
		b->len = from;
		break;
	case 6: {
		auto_(free) char *copy = mem_alloc(len + 1);
		memcpy(copy, b->data + source, len);
		replace(b, from, 0, copy, len);
		break;
	}
	default:
		share(b, state);
	}
}

static void run(const struct buf *seeds, size_t count, unsigned long number)
{
	uint64_t state = number;
	struct buf file = { 0 };
	current = number;
	pick(&seeds[below(&state, count)], &state, &file);
	for (size_t n = 1 + below(&state, CHANGES_MOST); n && file.len; n--)
		change(&file, &state);
	(void)LLVMFuzzerTestOneInput((const uint8_t *)file.data, file.len);
	buf_clear(&file);
}

int main(int argc, char **argv)
{
	struct buf seeds[SEEDS_MAX] = { { .len = 0 } };
	struct why why;
	size_t count = 0;
	if (argc < 4 || argc - 3 > SEEDS_MAX)
		return 2;
	for (; (int)count < argc - 3; count++)
		if (file_read(argv[3 + count], FILE_MAX, &seeds[count], &why) != OK) {
			fprintf(stderr, "mutated_files: %s\n", why.text);
			return 1;
		}
	signal(SIGABRT, tell);
	unsigned long first = strtoul(argv[1], NULL, 10);
	unsigned long most = strtoul(argv[2], NULL, 10);
	for (unsigned long n = 0; n < most; n++)
		run(seeds, count, first + n);
	for (size_t n = 0; n < count; n++)
		buf_clear(&seeds[n]);
	printf("%lu files\n", most);
	return 0;
}
