#include "sms-gateway/config.h"
#include "sms-gateway/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct config, member)

enum {
	SENDER_SHORTEST = 3,
	SENDER_LONGEST = 11,
	PER_SECOND_MAX = 1000,
	TIMEOUT_MAX = 300
};

// clang-format off
static const struct conf_key keys[] = {
	STAFF_ROWS("127.0.0.1:8090"),
	{ "server",   "webhooks",      CONF_ADDRESS, AT(webhooks),      "127.0.0.1:8091",                 NULL },
	{ "server",   "base_url",      CONF_URL,     AT(base_url),      "http://127.0.0.1:8091",          NULL },
	{ "survey",   "api",           CONF_URL,     AT(api),           "http://127.0.0.1:8081",          NULL },
	{ "survey",   "link",          CONF_URL,     AT(link),          NULL,                             NULL },
	{ "storage",  "state",         CONF_PATH,    AT(state),         NULL,                             NULL },
	{ "storage",  "erase_after",   CONF_NUMBER,  AT(erase_after),   "30",                             NULL },
	{ "import",   "values",        CONF_PATH,    AT(values),        "",                               NULL },
	{ "import",   "rules",         CONF_PATH,    AT(rules),         "",                               NULL },
	{ "import",   "mappings",      CONF_PATH,    AT(mappings),      "",                               NULL },
	{ "keys",     "directory",     CONF_PATH,    AT(keys),          NULL,                             NULL },
	{ "keys",     "invitation",    CONF_PATH,    AT(invitation),    NULL,                             NULL },
	{ "keys",     "internal",      CONF_PATH,    AT(internal),      NULL,                             NULL },
	{ "provider", "kind",          CONF_CHOICE,  AT(provider),      NULL,                             "46elks outbox" },
	{ "provider", "url",           CONF_URL,     AT(url),           "https://api.46elks.com/a1/sms",  NULL },
	{ "provider", "user",          CONF_TEXT,    AT(user),          "",                               NULL },
	{ "provider", "password_file", CONF_PATH,    AT(password_file), "46elks-password",                NULL },
	{ "provider", "sender",        CONF_TEXT,    AT(sender),        NULL,                             NULL },
	{ "provider", "per_second",    CONF_NUMBER,  AT(per_second),    "10",                             NULL },
	{ "provider", "quiet",         CONF_TEXT,    AT(quiet_text),    "20:00-08:00",                    NULL },
	{ "provider", "timeout",       CONF_NUMBER,  AT(timeout),       "30",                             NULL },
	{ "provider", "retry",         CONF_NUMBER,  AT(retry),         "30",                             NULL },
	{ "text",     "sv",            CONF_TEXT,    AT(text),
	  "Hej! Staden vill veta vad du tycker om kontakten med oss. Frivilligt. "
	  "Vill du slippa? Säg till på sidan: {link}",                                                    NULL },
	{ "text",     "sv_reminder",   CONF_TEXT,    AT(text_reminder),
	  "Hej igen! Du kan ännu säga vad du tycker om kontakten med oss. Frivilligt. "
	  "Vill du slippa? Säg till på sidan: {link}",                                                    NULL },
};
// clang-format on

enum { KEYS = sizeof keys / sizeof *keys };

static bool sender_is_right(const char *sender)
{
	size_t len = strlen(sender);
	return len >= SENDER_SHORTEST && len <= SENDER_LONGEST &&
	       strspn(sender,
		       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") ==
		       len &&
	       strspn(sender, "0123456789") < len;
}

/* The text as it will be sent, so that what is checked is what is shown and counted. */
static enum err clean_template(
	const char *file, const char *key, char **text, struct why *why)
{
	if (!text_is_utf8(*text, strlen(*text)))
		return err_why(why, ERR_INPUT, "%s: [text] %s is not UTF-8", file, key);
	if (!text_template_is_right(*text))
		return err_why(why, ERR_INPUT,
			"%s: [text] %s must end with {link}, once, after some words",
			file, key);
	struct buf clean = { 0 };
	text_clean(*text, &clean);
	free(*text);
	*text = mem_text(buf_string(&clean));
	buf_clear(&clean);
	return OK;
}

static enum err check_provider(const char *file, struct config *c, struct why *why)
{
	if (!sender_is_right(c->sender))
		return err_why(why, ERR_INPUT,
			"%s: [provider] sender must be %d to %d of A-Z, a-z and 0-9, "
			"with at least one letter",
			file, SENDER_SHORTEST, SENDER_LONGEST);
	if (c->per_second < 1 || c->per_second > PER_SECOND_MAX)
		return err_why(why, ERR_INPUT,
			"%s: [provider] per_second must be 1 to %d", file,
			PER_SECOND_MAX);
	if (c->timeout < 1 || c->timeout > TIMEOUT_MAX)
		return err_why(why, ERR_INPUT,
			"%s: [provider] timeout must be 1 to %d seconds", file,
			TIMEOUT_MAX);
	if (c->retry < 1)
		return err_why(why, ERR_INPUT,
			"%s: [provider] retry must be at least 1 second", file);
	if (schedule_quiet_parse(c->quiet_text, &c->quiet) != OK)
		return err_why(why, ERR_INPUT,
			"%s: [provider] quiet must be like 20:00-08:00", file);
	if (c->provider == CONFIG_46ELKS && !*c->user)
		return err_why(
			why, ERR_INPUT, "%s: [provider] kind = 46elks needs user", file);
	return OK;
}

static enum err check(const char *file, struct config *c, struct why *why)
{
	enum err e = check_provider(file, c, why);
	if (e == OK)
		e = clean_template(file, "sv", &c->text, why);
	if (e == OK)
		e = clean_template(file, "sv_reminder", &c->text_reminder, why);
	return e;
}

enum err config_read(const char *file, struct config **ret_config, struct why *why)
{
	struct config *c = mem_alloc(sizeof *c);
	enum err e = conf_read(file, keys, KEYS, c, why);
	if (e == OK)
		e = check(file, c, why);
	if (e != OK) {
		config_destroy(c);
		return e;
	}
	*ret_config = c;
	return OK;
}

void config_destroy(struct config *c)
{
	if (!c)
		return;
	conf_free(keys, KEYS, c);
	free(c);
}
