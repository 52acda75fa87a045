/* What clients say that they accept: headers from strangers. */
#include "common/accept.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const offered[] = { "sv", "en", "fi", "ar", "fa", "so", "ti", "pl",
	"uk" };
enum { OFFERED = sizeof offered / sizeof *offered };

static void require(bool promise)
{
	if (!promise)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly that size and a NUL: a read beyond it is seen. */
	char *header = malloc(size + 1);
	if (size)
		memcpy(header, data, size);
	header[size] = '\0';
	/* Nothing is found that is not named. */
	int place = accept_language(header, offered, OFFERED);
	require(place >= -1 && place < OFFERED);
	require(place < 0 || strcasestr(header, offered[place]));
	require(!accept_encoding(header, "gzip") || strcasestr(header, "gzip"));
	/* What the client likes less than nothing else stays, with more after it. */
	char *longer = malloc(size + 8);
	memcpy(longer, header, size + 1);
	strcat(longer, ",xx;q=1");
	require(accept_language(longer, offered, OFFERED) == place);
	require(accept_encoding(longer, "gzip") == accept_encoding(header, "gzip"));
	/* Fewer offers, and the chosen among them: the same. */
	if (place >= 0)
		require(accept_language(header, offered + place, 1) == 0);
	free(longer);
	free(header);
	return 0;
}
