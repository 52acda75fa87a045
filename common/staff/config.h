/* What a daemon's configuration file says about its staff: rows for its table of keys. */
#ifndef COMMON_STAFF_CONFIG_H
#define COMMON_STAFF_CONFIG_H

#include "common/conf.h"

enum staff_algorithm { STAFF_RS256, STAFF_ES256 };

struct staff_config {
	struct conf_address address;
	char *url;            /* as browsers reach it; "": http:// and the address */
	char *address_header; /* the proxy's header with the client's address; "": none */
	int local;            /* accounts with passwords: 0 no, 1 yes */
	/* OpenID Connect; issuer "": none. */
	char *issuer; /* exactly as the provider writes it */
	char *client;
	char *secret_file; /* of the client; "": a public client */
	char *label;       /* of the button: "Logga in med stadens konto" */
	int algorithm;     /* enum staff_algorithm, whatever a token says */
	char *scope;
	char *acr, *amr; /* of these words one must be there; at least one list is set */
	char *claim;     /* whose values are groups */
	char *groups;    /* file: what each group may do */
	char *name_claim;
};

/* For a `struct config` with a member `struct staff_config staff`. */
#define STAFF_ROW(section, key, kind, member, fallback, choices)                         \
	{                                                                                \
		section, key, kind, offsetof(struct config, staff.member), fallback,     \
			choices                                                          \
	}
#define STAFF_ROWS(address_fallback)                                                     \
	STAFF_ROW("server", "staff", CONF_ADDRESS, address, address_fallback, NULL),     \
		STAFF_ROW("server", "staff_url", CONF_TEXT, url, "", NULL),              \
		STAFF_ROW(                                                               \
			"staff", "address_header", CONF_TEXT, address_header, "", NULL), \
		STAFF_ROW("staff", "local", CONF_CHOICE, local, "yes", "no yes"),        \
		STAFF_ROW("oidc", "issuer", CONF_TEXT, issuer, "", NULL),                \
		STAFF_ROW("oidc", "client", CONF_TEXT, client, "", NULL),                \
		STAFF_ROW("oidc", "secret_file", CONF_PATH, secret_file, "", NULL),      \
		STAFF_ROW("oidc", "label", CONF_TEXT, label,                             \
			"Logga in med stadens konto", NULL),                             \
		STAFF_ROW("oidc", "algorithm", CONF_CHOICE, algorithm, "RS256",          \
			"RS256 ES256"),                                                  \
		STAFF_ROW("oidc", "scope", CONF_TEXT, scope, "openid profile", NULL),    \
		STAFF_ROW("oidc", "acr", CONF_TEXT, acr, "", NULL),                      \
		STAFF_ROW("oidc", "amr", CONF_TEXT, amr, "", NULL),                      \
		STAFF_ROW("oidc", "roles_claim", CONF_TEXT, claim, "groups", NULL),      \
		STAFF_ROW("oidc", "roles", CONF_PATH, groups, "", NULL),                 \
		STAFF_ROW("oidc", "name_claim", CONF_TEXT, name_claim,                   \
			"preferred_username", NULL)

#endif
