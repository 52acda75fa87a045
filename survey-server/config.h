/* The configuration file of survey-server: one struct, defaults in one table (config.c).
 */
#ifndef SURVEY_CONFIG_H
#define SURVEY_CONFIG_H

#include "common/staff/config.h"

/* How far the pages follow lagen (2018:1937) om tillgänglighet till digital offentlig
 * service, as the statement says it. */
enum accessibility { ACCESSIBILITY_FULL, ACCESSIBILITY_PARTIAL, ACCESSIBILITY_NONE };

struct config {
	struct conf_address public;   /* respondents */
	struct conf_address internal; /* sms-gateway and monitoring */
	struct staff_config staff;
	char *base_url;
	char *state;          /* folder of the database */
	int store;            /* which engine; sqlite is the only one */
	char *keys;           /* folder of the waves' keys under custody = server */
	char *invitation_key; /* shared with sms-gateway */
	char *internal_key;   /* shared with sms-gateway */
	char *questionnaires; /* folder; value sets in its folder values */
	char *city;           /* who asks, as people call it */
	char *leave;          /* where "Lämna sidan" goes */
	/* What the page about the answers says; "": the page's own words. */
	char *controller, *officer, *contact, *processors, *ground;
	long erasure_days; /* from the last day to the latest count */
	int accessibility; /* enum accessibility */
	char *accessibility_contact, *accessibility_date;
};

/* ERR_INPUT or ERR_NOT_FOUND with file, line and what to do in why. */
enum err config_read(const char *file, struct config *ret_config, struct why *why);
void config_free(struct config *config);
/* The database's file, the key file of a wave under custody = server; the caller frees.
 */
char *config_database(const struct config *config);
char *config_wave_key(const struct config *config, const char *wave);

#endif
