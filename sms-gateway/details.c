#include "sms-gateway/details.h"
#include <string.h>

enum {
	VERSION = 1,
	BLOCK = 64, /* the length is a multiple of it */
	VALUES = 1, /* where they begin */
	REFUSAL = VALUES + 2 * INVITATION_VARIABLES,
	TEXTS = REFUSAL + DETAILS_REFUSAL,
};

void details_pack(const struct details *d, struct buf *out)
{
	static const char zeros[BLOCK];
	char head[TEXTS] = { VERSION };
	size_t start = out->len;
	for (size_t i = 0; i < INVITATION_VARIABLES; i++) {
		head[VALUES + 2 * i] = (char)(d->values[i] >> 8);
		head[VALUES + 2 * i + 1] = (char)(d->values[i] & 0xff);
	}
	memcpy(head + REFUSAL, d->refusal, DETAILS_REFUSAL);
	buf_add(out, head, sizeof head);
	buf_add(out, d->phone, strlen(d->phone) + 1);
	buf_add(out, d->name, strlen(d->name) + 1);
	buf_add(out, d->unit, strlen(d->unit) + 1);
	buf_add(out, zeros, (BLOCK - (out->len - start) % BLOCK) % BLOCK);
}

static const char *next_text(const char **at, const char *end)
{
	const char *text = *at;
	const char *nul = memchr(text, '\0', (size_t)(end - text));
	*at = nul ? nul + 1 : end;
	return nul ? text : NULL;
}

enum err details_unpack(const void *data, size_t len, struct details *ret_details)
{
	const uint8_t *bytes = data;
	const char *at = (const char *)data + TEXTS;
	const char *end = (const char *)data + len;
	struct details d;
	if (len < TEXTS || *bytes != VERSION)
		return ERR_INPUT;
	for (size_t i = 0; i < INVITATION_VARIABLES; i++)
		d.values[i] = (uint16_t)(bytes[VALUES + 2 * i] << 8 |
					 bytes[VALUES + 2 * i + 1]);
	memcpy(d.refusal, bytes + REFUSAL, DETAILS_REFUSAL);
	d.phone = next_text(&at, end);
	d.name = d.phone ? next_text(&at, end) : NULL;
	d.unit = d.name ? next_text(&at, end) : NULL;
	if (!d.unit)
		return ERR_INPUT;
	*ret_details = d;
	return OK;
}
