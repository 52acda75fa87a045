#include "config.h"
#include "common/mem.h"
#include <stdio.h>

/* clang-format off */
#define ROW(section, key, kind, member, fallback, choices) \
	{ section, key, kind, offsetof(struct config, member), fallback, choices }
static const struct conf_key keys[] = {
	ROW("server", "public", CONF_ADDRESS, public, "127.0.0.1:8080", NULL),
	ROW("server", "internal", CONF_ADDRESS, internal, "127.0.0.1:8081", NULL),
	STAFF_ROWS("127.0.0.1:8082"),
	ROW("server", "base_url", CONF_URL, base_url, "http://127.0.0.1:8080", NULL),
	ROW("storage", "state", CONF_PATH, state, NULL, NULL),
	ROW("storage", "store", CONF_CHOICE, store, "sqlite", "sqlite"),
	ROW("keys", "directory", CONF_PATH, keys, NULL, NULL),
	ROW("keys", "invitation", CONF_PATH, invitation_key, NULL, NULL),
	ROW("keys", "internal", CONF_PATH, internal_key, NULL, NULL),
	ROW("questionnaires", "directory", CONF_PATH, questionnaires, NULL, NULL),
	ROW("city", "name", CONF_TEXT, city, "Staden", NULL),
	ROW("city", "leave", CONF_URL, leave, "https://www.1177.se", NULL),
	ROW("privacy", "controller", CONF_TEXT, controller, "", NULL),
	ROW("privacy", "officer", CONF_TEXT, officer, "", NULL),
	ROW("privacy", "contact", CONF_TEXT, contact, "", NULL),
	ROW("privacy", "processors", CONF_TEXT, processors, "", NULL),
	ROW("privacy", "ground", CONF_TEXT, ground, "", NULL),
	ROW("privacy", "erasure_days", CONF_NUMBER, erasure_days, "60", NULL),
	ROW("accessibility", "status", CONF_CHOICE, accessibility, "partial", "full partial none"),
	ROW("accessibility", "contact", CONF_TEXT, accessibility_contact, "", NULL),
	ROW("accessibility", "date", CONF_TEXT, accessibility_date, "", NULL),
};
/* clang-format on */

enum { KEYS = sizeof keys / sizeof *keys };

enum err config_read(const char *file, struct config *ret_config, struct why *why)
{
	return conf_read(file, keys, KEYS, ret_config, why);
}

void config_free(struct config *config)
{
	conf_free(keys, KEYS, config);
}

static char *join(
	const char *folder, const char *before, const char *name, const char *after)
{
	int len = snprintf(NULL, 0, "%s/%s%s%s", folder, before, name, after);
	char *path = mem_alloc((size_t)len + 1);
	(void)snprintf(path, (size_t)len + 1, "%s/%s%s%s", folder, before, name, after);
	return path;
}

char *config_database(const struct config *config)
{
	return join(config->state, "", "survey", ".db");
}

char *config_wave_key(const struct config *config, const char *wave)
{
	return join(config->keys, "wave-", wave, ".key");
}
