/* What the files of this folder share and nobody else sees. */
#ifndef COMMON_STAFF_INSIDE_H
#define COMMON_STAFF_INSIDE_H

#include "keys.h"
#include "oidc.h"
#include "slow.h"
#include "staff.h"
#include "throttle.h"
#include "totp.h"
#include <pthread.h>

enum { STAFF_NEXT = OIDC_NEXT, STAFF_CSRF = 32, STAFF_TOKEN = 32, STAFF_TOKEN_TEXT = 43 };

/* What was found when the log was last looked through, by itself. */
struct staff_watch {
	int32_t day; /* of the last reading of the whole log; 0: none yet */
	int64_t at;  /* of the last count of refusals */
	int64_t lines;
	int64_t faults;  /* negative: it could not be read */
	int64_t refused; /* sign-ins and pages in the last seven days */
};

struct staff {
	const struct staff_config *config;
	const struct staff_site *site;
	void *context;
	const char *url;     /* without a slash at the end */
	const char *host;    /* what stands after its scheme */
	struct arena *arena; /* what lives as long as this */
	struct staff_keys keys;
	struct accounts *accounts; /* the listener's thread only */
	struct audit *audit;
	struct throttle *throttle;
	struct slow *slow;
	struct slow *work; /* what the daemon's own pages hand over */
	struct groups *groups;
	struct oidc *oidc; /* NULL: no identity provider */
	const char *session_cookie, *device_cookie, *language_cookie, *way_cookie;
	struct http_route *routes;
	struct http_server *server;
	pthread_mutex_t watch_lock;
	struct staff_watch watch; /* behind it */
};

/* Who asks; http_visitor() of every request that got past guard_enter(). */
struct staff_visit {
	bool english;
	bool signed_in;
	struct accounts_session session;
	struct account account;
	char csrf[STAFF_CSRF + 1];
	struct form form;
	struct multipart_file file;
};

static inline struct staff_visit *staff_visit(const struct http_request *r)
{
	return http_visitor(r);
}

/* staff.c */
/* Whether the page of that path is for the account. */
bool staff_opens(const struct staff *s, const char *path, const struct account *who);
/* The navigation: the start page, the site's own, and those of this module. */
bool staff_link_at(const struct staff_site *site, size_t n, struct staff_link *ret_link);
/* The roles' names in the reader's language, with commas between. */
void staff_role_names(
	const struct staff_site *site, unsigned roles, bool english, struct buf *out);

/* staff_page.c: the style sheet, and its address, which says its version. */
const char *staff_style(size_t *ret_len);
const char *staff_style_path(void);

/* guard.c: who may enter, and sessions. */
bool guard_enter(struct http_request *r, int who, void *context);
/* Whether a body that is longer than usual may come: a form with a file, from whom the
 * route lets in. guard_enter() asks all of it again, since time passes. */
bool guard_admit(struct http_request *r, int who, size_t len, void *context);
/* The path when it is one of this site, else "/". */
const char *guard_next(const char *path);
/* The page that was asked for, with its query; "/" for a POST. */
const char *guard_here(struct http_request *r);
/* The whole value of a cookie that only this site gets; seconds < 0: until the browser is
 * closed, 0: forget it. */
void guard_set_cookie(
	struct http_request *r, const char *name, const char *value, int seconds);
/* Begins a session of the account, instead of the one that the browser has, and logs it.
 */
enum err guard_begin(struct staff *s, struct http_request *r, const char *name,
	int64_t account, bool federated);
enum err guard_end(struct staff *s, struct http_request *r);
/* Whether the session is still good; one that is not goes when it is used, or at the next
 * sign-in. */
bool guard_is_alive(const struct accounts_session *s, int64_t now);
/* Where the request comes from. */
const char *guard_address(struct staff *s, struct http_request *r);

/* second_factor.c: codes from the app, and recovery codes. */
/* Uses the code up, or the recovery code; *ret_right is false when it is neither. */
enum err second_factor_use(struct staff *s, int64_t account,
	const struct accounts_secrets *secrets, const char *typed, int64_t now,
	bool *ret_right);
/* New recovery codes, and what is kept of them. */
void second_factor_recovery(const struct staff *s,
	char codes[static TOTP_RECOVERY_COUNT][TOTP_RECOVERY_TEXT],
	uint8_t hashes[static TOTP_RECOVERY_COUNT][ACCOUNTS_HASH]);
/* A secret as it is kept, bound to its account. */
void second_factor_seal(const struct staff *s, int64_t account,
	const uint8_t secret[TOTP_SECRET], uint8_t out[static ACCOUNTS_TOTP]);
enum err second_factor_open(const struct staff *s, int64_t account,
	const uint8_t sealed[static ACCOUNTS_TOTP], uint8_t out[static TOTP_SECRET]);

/* fields.c: parts of forms. */
/* The way to the identity provider. again: the person must show who they are once more.
 */
void staff_provider_link(
	const struct staff *s, struct buf *b, const char *next, bool again);
/* A labelled field of one line; hint may be NULL, and autocomplete, what browsers fill
 * in. */
void staff_field(struct buf *b, const char *type, const char *name, const char *label,
	const char *hint, const char *autocomplete, const char *value);
void staff_password_fields(
	struct http_request *r, struct buf *b, const char *name, const char *fault);
/* The password typed into those fields; what is wrong with it, or NULL. */
const char *staff_new_password(
	struct http_request *r, const char *name, const char **ret_password);
void staff_code_field(struct http_request *r, struct buf *b, const char *fault);
void staff_recovery_codes(struct http_request *r, struct buf *b,
	char codes[static TOTP_RECOVERY_COUNT][TOTP_RECOVERY_TEXT]);
/* A day as "2027-03-01 09.15", in Stockholm; "–" for 0. */
void staff_moment(struct buf *b, int64_t at);

/* Handlers, by file. */
http_handler start_page, start_style, start_language, start_routes;
http_handler sign_in_page, sign_in_post, sign_out_post, sign_in_out, sign_in_back;
http_handler welcome_page, welcome_post;
http_handler confirm_page, confirm_post;
http_handler own_page, own_password_page, own_password_post, own_recovery_post,
	own_session_post;
http_handler accounts_page, accounts_post, account_page, account_post;
http_handler audit_page, audit_csv, audit_check;

#endif
