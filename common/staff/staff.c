#include "staff.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "common/words.h"
#include "inside.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BODY_LIMIT = 16 * 1024,
	CONNECTIONS = 256,
	IDLE_SECONDS = 30,
	WATCH_SECONDS = 600, /* how often refusals are counted */
	WATCH_DAYS = 7,
};

// clang-format off
static const struct staff_role common_roles[] = {
	{ STAFF_ACCOUNTS, "accounts", "kontoadministratör", "account administrator", false, false, false },
	{ STAFF_AUDITOR, "auditor", "granskare", "auditor", false, false, false },
};

static const struct http_route common_routes[] = {
	/* method, path,                  who, handler */
	{ "GET",  "/",                       STAFF_EVERYONE, start_page },
	{ "GET",  "/staff/staff.css",        STAFF_ANYONE, start_style },
	{ "GET",  "/staff/language",         STAFF_ANYONE, start_language },
	{ "GET",  "/staff/sign-in",          STAFF_ANYONE, sign_in_page },
	{ "POST", "/staff/sign-in",          STAFF_ANYONE, sign_in_post },
	{ "GET",  "/staff/oidc/out",         STAFF_ANYONE, sign_in_out },
	{ "GET",  "/staff/oidc/back",        STAFF_ANYONE, sign_in_back },
	{ "GET",  "/staff/welcome/{token}",  STAFF_ANYONE, welcome_page },
	{ "POST", "/staff/welcome/{token}",  STAFF_ANYONE, welcome_post },
	{ "POST", "/staff/sign-out",         STAFF_EVERYONE | STAFF_UNCHANGED, sign_out_post },
	{ "GET",  "/staff/confirm",          STAFF_EVERYONE, confirm_page },
	{ "POST", "/staff/confirm",          STAFF_EVERYONE, confirm_post },
	{ "GET",  "/staff/account",          STAFF_EVERYONE, own_page },
	{ "GET",  "/staff/account/password", STAFF_EVERYONE | STAFF_UNCHANGED, own_password_page },
	{ "POST", "/staff/account/password", STAFF_EVERYONE | STAFF_UNCHANGED, own_password_post },
	{ "POST", "/staff/account/recovery", STAFF_EVERYONE | STAFF_FRESH, own_recovery_post },
	{ "POST", "/staff/account/session",  STAFF_EVERYONE, own_session_post },
	{ "GET",  "/staff/accounts",         STAFF_ACCOUNTS, accounts_page },
	{ "POST", "/staff/accounts",         STAFF_ACCOUNTS | STAFF_FRESH, accounts_post },
	{ "GET",  "/staff/accounts/{name}",  STAFF_ACCOUNTS, account_page },
	{ "POST", "/staff/accounts/{name}",  STAFF_ACCOUNTS | STAFF_FRESH, account_post },
	{ "GET",  "/staff/audit",            STAFF_AUDITOR, audit_page },
	{ "GET",  "/staff/audit/whole",      STAFF_AUDITOR, audit_check },
	{ "GET",  "/staff/audit/csv",        STAFF_AUDITOR | STAFF_FRESH, audit_csv },
	{ "GET",  "/staff/routes",           STAFF_AUDITOR | STAFF_ACCOUNTS, start_routes },
};

static const struct staff_link first_link = { "/", "Start", "Start" };
static const struct staff_link common_links[] = {
	{ "/staff/accounts", "Konton", "Accounts" },
	{ "/staff/audit", "Logg", "Log" },
	{ "/staff/routes", "Vem får se vad", "Who may see what" },
};

/* Nothing from elsewhere, and nobody's frame around it. Referrer-Policy: with no-referrer
 * the browser would not say in Origin where a form comes from. */
static const char *const headers[] = {
	"Cache-Control", "no-store",
	"Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; "
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	"X-Frame-Options", "DENY",
	"X-Content-Type-Options", "nosniff",
	"Referrer-Policy", "same-origin",
	"Cross-Origin-Opener-Policy", "same-origin",
	"Cross-Origin-Resource-Policy", "same-origin",
	NULL,
};
// clang-format on

enum {
	COMMON_ROLES = sizeof common_roles / sizeof *common_roles,
	COMMON_ROUTES = sizeof common_routes / sizeof *common_routes,
	COMMON_LINKS = sizeof common_links / sizeof *common_links,
};

bool staff_role_at(const struct staff_site *site, size_t n, struct staff_role *ret_role)
{
	if (n >= site->role_count + COMMON_ROLES)
		return false;
	*ret_role = n < site->role_count ? site->roles[n]
					 : common_roles[n - site->role_count];
	return true;
}

void staff_role_names(
	const struct staff_site *site, unsigned roles, bool english, struct buf *out)
{
	struct staff_role role;
	for (size_t i = 0; staff_role_at(site, i, &role); i++) {
		if (!(roles & role.bit))
			continue;
		if (out->len)
			buf_text(out, ", ");
		buf_text(out, english ? role.english : role.swedish);
	}
}

const struct http_route *staff_routes(const struct staff_site *site, size_t n)
{
	if (n < COMMON_ROUTES)
		return &common_routes[n];
	n -= COMMON_ROUTES;
	return n < site->route_count ? &site->routes[n] : NULL;
}

bool staff_link_at(const struct staff_site *site, size_t n, struct staff_link *ret_link)
{
	if (n > site->link_count + COMMON_LINKS)
		return false;
	*ret_link = n == 0                  ? first_link
		    : n <= site->link_count ? site->links[n - 1]
					    : common_links[n - 1 - site->link_count];
	return true;
}

bool staff_opens(const struct staff *s, const char *path, const struct account *who)
{
	const struct http_route *route;
	for (size_t i = 0; who && (route = staff_routes(s->site, i)); i++)
		if (strcmp(route->method, "GET") == 0 && strcmp(route->path, path) == 0)
			return (unsigned)route->who & (who->roles | STAFF_EVERYONE);
	return false;
}

void *staff_context(struct staff *s)
{
	return s->context;
}

bool staff_work(struct staff *s, struct http_request *r, void (*work)(void *job),
	void *job, http_handler *then)
{
	if (slow_do(s->work, r, work, job, then))
		return true;
	http_set_header(r, "Retry-After", "30");
	staff_message(s, r, 503, "Det är mycket att göra just nu", "Very busy just now",
		"Ingenting är ändrat. Försök igen om en stund.",
		"Nothing was changed. Try again in a while.");
	return false;
}

/* An empty scope is no limit. */
static bool in_scope(const char *scope, const char *code)
{
	return !*scope || words_have(scope, code, strlen(code));
}

bool staff_sees_administration(const struct account *who, const char *administration)
{
	return in_scope(who->administrations, administration);
}

bool staff_sees_area(const struct account *who, const char *area)
{
	return in_scope(who->areas, area);
}

/* Configuration. */

enum err staff_config_check(const char *file, const struct staff_config *c,
	const struct staff_site *site, struct why *why)
{
	bool plain = strncmp(c->url, "http://", 7) == 0;
	bool safe = strncmp(c->url, "https://", 8) == 0;
	const char *host = c->url + (plain ? 7 : 8); /* when it is one of these */
	auto_(groups) struct groups *groups = NULL;
	if (!*c->url && !conf_is_loopback(c->address.host, strlen(c->address.host)))
		return err_why(why, ERR_INPUT,
			"%s: [server] staff: %s is not loopback: set staff_url to the "
			"https:// address that browsers use",
			file, c->address.host);
	if (*c->url && !safe && !(plain && conf_is_loopback(host, strlen(host))))
		return err_why(why, ERR_INPUT,
			"%s: [server] staff_url: %s: must begin with https:// (http:// for "
			"loopback only): without TLS browsers keep no session",
			file, c->url);
	if (*c->url && (!*host || strchr(host, '/')))
		return err_why(why, ERR_INPUT,
			"%s: [server] staff_url: %s: give the host, and nothing after it",
			file, c->url);
	if (!c->local && !*c->issuer)
		return err_why(why, ERR_INPUT,
			"%s: [staff] local = no: then nobody can sign in: set [oidc] issuer",
			file);
	if (!*c->issuer)
		return OK;
	struct why fault;
	enum err e = oidc_check(c, &fault);
	return e == OK ? groups_read(c->groups, site, &groups, why)
		       : err_why(why, e, "%s: %s", file, fault.text);
}

/* Looking after the log. */

static void count_refused(void *context, const struct audit_line *line)
{
	int64_t *refused = context;
	const char *const words[] = { audit_event_word(AUDIT_REFUSED),
		audit_event_word(AUDIT_SIGN_IN_REFUSED) };
	*refused +=
		strcmp(line->event, words[0]) == 0 || strcmp(line->event, words[1]) == 0;
}

static void say_fault(
	void *context, enum audit_fault fault, int64_t first, int64_t last, int64_t line)
{
	(void)context;
	(void)last;
	(void)line;
	log_error("staff: the audit log was %s at number %lld: run `audit verify`",
		fault == AUDIT_LINES_MISSING ? "shortened" : "changed", (long long)first);
}

/* On a thread of slow.h, about once a minute. */
static void watch(void *context)
{
	struct staff *s = context;
	struct staff_watch new = s->watch; /* written by this function only */
	int64_t now = clock_now();
	bool more;
	if (audit_daily(s->audit, clock_day(now)) != OK)
		log_warning("staff: the audit log's head can't be told to syslog");
	if (new.day != clock_day(now)) {
		new.day = clock_day(now);
		if (audit_verify(
			    s->audit, NULL, say_fault, NULL, &new.faults, &new.lines))
			new.faults = -1;
	}
	if (now < new.at || now >= new.at + WATCH_SECONDS) {
		const struct audit_filter week = { .from = now - WATCH_DAYS * 86400,
			.event = -1 };
		new.at = now;
		new.refused = 0;
		(void)audit_search(
			s->audit, &week, SIZE_MAX, count_refused, &new.refused, &more);
	}
	(void)pthread_mutex_lock(&s->watch_lock);
	s->watch = new;
	(void)pthread_mutex_unlock(&s->watch_lock);
}

/* Starting and stopping. */

static void on_missing(struct http_request *r, void *context)
{
	if (guard_enter(r, STAFF_EVERYONE, context))
		staff_message(context, r, 404, "Sidan finns inte",
			"There is no such page", "Adressen leder ingenstans här.",
			"The address leads nowhere here.");
}

static const char *join(struct staff *s, const char *before, const char *after)
{
	return arena_format(s->arena, "%s%s", before, after);
}

void staff_url(const struct staff_config *c, struct buf *out)
{
	if (*c->url)
		buf_text(out, c->url);
	else
		buf_format(out, "http://%s:%u", c->address.host, c->address.port);
}

static void name_all(struct staff *s)
{
	auto_(buf) struct buf url = { 0 };
	const char *cookie = s->site->cookie;
	staff_url(s->config, &url);
	s->url = join(s, buf_string(&url), "");
	s->host = strstr(s->url, "://") + 3;
	s->session_cookie = join(s, "__Host-", cookie);
	s->device_cookie = join(s, s->session_cookie, "-device");
	s->language_cookie = join(s, s->session_cookie, "-language");
	s->way_cookie = join(s, s->session_cookie, "-way");
	size_t count = COMMON_ROUTES + s->site->route_count;
	s->routes = arena_alloc(s->arena, count * sizeof *s->routes);
	for (size_t i = 0; i < count; i++)
		s->routes[i] = *staff_routes(s->site, i);
}

static enum err open_all(
	struct staff *s, const char *state, const char *keys, struct why *why)
{
	auto_(free) char *folder = staff_folder(state);
	enum err e = staff_keys_load(keys, &s->keys, why);
	if (e == OK)
		e = accounts_open(folder, &s->accounts, why);
	if (e == OK)
		e = audit_open(folder, s->keys.audit, &s->audit, why);
	if (e == OK && *s->config->issuer)
		e = groups_read(s->config->groups, s->site, &s->groups, why);
	if (e == OK && *s->config->issuer)
		e = oidc_create(
			s->config, s->url, s->groups, s->keys.oidc, &s->oidc, why);
	return e;
}

enum err staff_start(const struct staff_config *c, const struct staff_site *site,
	const char *state, const char *keys, void *context, struct staff **ret_staff,
	struct why *why)
{
	struct staff *s = mem_alloc(sizeof *s);
	*s = (struct staff){ .config = c, .site = site, .context = context };
	s->arena = arena_create();
	s->throttle = throttle_create();
	(void)pthread_mutex_init(&s->watch_lock, NULL);
	name_all(s);
	struct http_options options = {
		.address = c->address,
		.routes = s->routes,
		.route_count = COMMON_ROUTES + site->route_count,
		.fallback = on_missing,
		.enter = guard_enter,
		.admit = guard_admit,
		.context = s,
		.headers = headers,
		.body_limit = BODY_LIMIT,
		.connection_limit = CONNECTIONS,
		.idle_seconds = IDLE_SECONDS,
	};
	/* Passwords are hashed, and the identity provider is asked, two at a time, when
	 * nothing else has to be done. What the daemon's pages hand over may hold locks
	 * that others wait for, so it takes its turn like everything else; and it does
	 * not keep anyone from signing in. */
	const struct slow_options slow = { SLOW_THREADS, true, watch, s };
	const struct slow_options work = { .threads = 1 };
	enum err e = open_all(s, state, keys, why);
	if (e == OK)
		e = slow_start(&slow, &s->slow, why);
	if (e == OK)
		e = slow_start(&work, &s->work, why);
	if (e == OK)
		e = http_start(&options, &s->server, why);
	if (e != OK) {
		staff_stop(s);
		return e;
	}
	*ret_staff = s;
	return OK;
}

void staff_stop(struct staff *s)
{
	if (!s)
		return;
	http_stop(s->server);
	slow_stop(s->slow);
	slow_stop(s->work);
	oidc_destroy(s->oidc);
	groups_destroy(s->groups);
	throttle_destroy(s->throttle);
	audit_close(s->audit);
	accounts_close(s->accounts);
	(void)pthread_mutex_destroy(&s->watch_lock);
	arena_destroy(s->arena);
	secret_wipe(&s->keys, sizeof s->keys);
	free(s);
}
