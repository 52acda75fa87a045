/* Tells survey-server of the invitations that are committed here. What is sent is built
 * anew from the database each time, to the byte the same, so that a batch that arrived
 * just before a crash is a no-op the next time. */
#ifndef SMS_GATEWAY_REGISTER_H
#define SMS_GATEWAY_REGISTER_H

#include "sms-gateway/store.h"
#include "sms-gateway/survey_api.h"

struct register_context {
	struct survey_api *api;
	const char *keys;          /* folder */
	const uint8_t *invitation; /* SECRET_KEY bytes */
};

struct register_result {
	size_t batches; /* that survey-server has now and had not been known to have */
	size_t refused; /* that it will not take; they are marked and not tried again */
	size_t left;    /* to be tried again later */
	struct why why; /* the last that went wrong */
};

/* Withdraws the administration's batches that are gone here, and registers those that are
 * pending: of all waves; or of one, for which somebody asks, then also those that were
 * refused before. A wave that survey-server will not speak of does not stop the others.
 * One process at a time, so that what is withdrawn never comes after what takes its
 * place. ERR_IO and others for this side's own database and keys only. */
enum err register_pending(const struct register_context *c, struct store *s,
	const char *wave, struct register_result *ret_result, struct why *why);

/* "farsta-1". */
void register_batch_name(const struct store *s, int64_t batch, struct buf *out);

#endif
