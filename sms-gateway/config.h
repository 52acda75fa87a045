/* The gateway's configuration file. */
#ifndef SMS_GATEWAY_CONFIG_H
#define SMS_GATEWAY_CONFIG_H

#include "common/mem.h"
#include "common/secret.h"
#include "common/staff/config.h"
#include "sms-gateway/schedule.h"

enum config_provider {
	CONFIG_46ELKS,
	CONFIG_OUTBOX,
};

struct config {
	struct staff_config staff;
	struct conf_address webhooks;
	char *base_url; /* of the webhooks, as the provider reaches them */
	char *api;      /* survey-server's internal listener */
	char *link;     /* what stands before /CODE in an SMS */
	char *state;
	char *keys;
	char *invitation;
	char *internal;
	char *values;     /* folder of value sets; "": none */
	char *rules;      /* folder of frame rules, WAVE.ini; "": none */
	char *mappings;   /* folder of mappings; "": none */
	long erase_after; /* days after the count */
	int provider;     /* enum config_provider */
	char *url;
	char *user;
	char *password_file;
	char *sender;
	long per_second; /* segments */
	char *quiet_text;
	struct schedule_quiet quiet;
	long timeout; /* seconds */
	long retry;   /* seconds: the first wait before another try, doubled each time */
	char *text;   /* of the invitation, ending in {link} */
	char *text_reminder;
};

/* Reads and checks the whole file. ERR_INPUT or ERR_NOT_FOUND with file, line and what to
 * do in why. */
enum err config_read(const char *file, struct config **ret_config, struct why *why);
/* NULL is fine. */
void config_destroy(struct config *c);
MEM_AUTO(config, struct config *, config_destroy)

#endif
