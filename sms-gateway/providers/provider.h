/* A way to get an SMS to a phone. A provider is a table of functions with a fake beside
 * it in tests/e2e; it has no memory of what it sent, and never tries twice by itself. */
#ifndef SMS_GATEWAY_PROVIDERS_PROVIDER_H
#define SMS_GATEWAY_PROVIDERS_PROVIDER_H

#include "common/form.h"
#include "sms-gateway/config.h"

enum provider_outcome {
	PROVIDER_SENT,    /* the provider has taken it */
	PROVIDER_FAILED,  /* it will never be sent, whoever tries */
	PROVIDER_UNKNOWN, /* it may have been sent */
	PROVIDER_RETRY,   /* surely not sent; another try may succeed */
	PROVIDER_PAUSED,  /* surely not sent, and no other will be until a person acts */
};

struct provider_message {
	const char *to;   /* E.164 */
	const char *text; /* UTF-8 */
	const char *ref;  /* hexadecimal; comes back in the address of delivery reports */
};

struct provider_result {
	enum provider_outcome outcome;
	long retry_after; /* seconds the provider asks for; −1 when it does not say */
	struct why why; /* in words unless PROVIDER_SENT; holds no part of the message */
};

enum provider_report {
	PROVIDER_REPORT_NOTHING, /* well-formed, but nothing to learn */
	PROVIDER_REPORT_SENT,
	PROVIDER_REPORT_DELIVERED,
	PROVIDER_REPORT_FAILED,
};

struct provider;

struct provider_class {
	const char *name; /* as [provider] kind has it */
	/* Keeps the configuration by reference. `secret` is the secret part of the
	 * webhooks' address. */
	enum err (*create)(const struct config *c, const char *secret,
		struct provider **ret_provider, struct why *why);
	void (*destroy)(struct provider *p);
	/* Called from one thread. */
	void (*send)(struct provider *p, const struct provider_message *m,
		struct provider_result *ret_result);
	/* Reads a delivery report; ERR_INPUT when it is none. Called from any thread. */
	enum err (*report)(const struct form *f, enum provider_report *ret_report);
};

/* The first member of every provider. */
struct provider {
	const struct provider_class *class;
};

extern const struct provider_class provider_46elks;
extern const struct provider_class provider_outbox;

/* The messages that the provider `outbox` keeps in memory, newest first; each() must be
 * quick. False when the provider is another. Called from any thread. */
typedef void provider_outbox_each(
	void *context, const char *to, const char *text, int64_t when);
bool provider_outbox_messages(
	struct provider *p, provider_outbox_each *each, void *context);

#endif
