#include "base32.h"
#include <string.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void base32_encode(const uint8_t *data, size_t len, char *out)
{
	unsigned held = 0, bits = 0;
	for (size_t i = 0; i < len; i++) {
		held = held << 8 | data[i];
		for (bits += 8; bits >= 5; bits -= 5)
			*out++ = alphabet[held >> (bits - 5) & 31];
		held &= (1u << bits) - 1;
	}
	if (bits)
		*out++ = alphabet[held << (5 - bits) & 31];
	*out = '\0';
}

int base32_value(char c)
{
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'I' || c == 'L')
		c = '1';
	if (c == 'O')
		c = '0';
	const char *place = c ? strchr(alphabet, c) : NULL;
	return place ? (int)(place - alphabet) : -1;
}

bool base32_decode(const char *text, uint8_t *out, size_t len)
{
	unsigned held = 0, bits = 0;
	size_t done = 0, characters = 0;
	for (; *text; text++) {
		if (*text == '-' || *text == ' ')
			continue;
		int value = base32_value(*text);
		if (value < 0 || ++characters > (8 * len + 4) / 5)
			return false;
		held = held << 5 | (unsigned)value;
		bits += 5;
		if (bits >= 8 && done < len) {
			bits -= 8;
			out[done++] = (uint8_t)(held >> bits);
			held &= (1u << bits) - 1;
		}
	}
	return done == len && characters == (8 * len + 4) / 5 && held == 0;
}

char base32_check(const char *text, size_t len)
{
	unsigned sum = 0;
	for (size_t i = 0; i < len; i++) {
		sum = (sum ^ (unsigned)base32_value(text[i])) << 1;
		if (sum & 32)
			sum ^= 0x25;
	}
	return alphabet[sum];
}
