/* The staff's way in, one and the same in both daemons, each with its own accounts: who
 * may open a page, sign-in, sessions, and the pages about them. A daemon describes its
 * roles and its own pages in a struct staff_site; everything else is here.
 *
 * Files: STATE/staff/accounts.db, STATE/staff/audit.log, KEYS/staff.key. */
#ifndef COMMON_STAFF_STAFF_H
#define COMMON_STAFF_STAFF_H

#include "accounts.h"
#include "common/audit.h"
#include "common/form.h"
#include "common/html.h"
#include "common/http.h"
#include "common/multipart.h"
#include "config.h"
#include "keys.h"

/* Who may enter, in a row of routes: the sum of bits. Bits 0 to 15 are roles, any one of
 * which is enough; they are stored, so their meaning never changes. 0 lets nobody in. */
enum {
	STAFF_ACCOUNTS = 1 << 0, /* account administrator, in both daemons */
	STAFF_AUDITOR = 1 << 1,  /* in both daemons */
	STAFF_OWN_ROLES = 2,     /* the first bit of a daemon's own roles */
	STAFF_ROLES = 16,
	STAFF_ALL_ROLES = (1 << STAFF_ROLES) - 1,
	STAFF_EVERYONE = 1 << 16, /* signed in, whatever the roles */
	STAFF_ANYONE = 1 << 17,   /* also without signing in */
	STAFF_FRESH = 1 << 18, /* the second factor was shown in the last ten minutes */
	STAFF_UNCHANGED = 1 << 19, /* also while the password must be changed first */
	STAFF_FILE = 1 << 20,      /* a POST that may bring a file: staff_file() */
};

enum {
	STAFF_IDLE = 15 * 60, /* seconds after which a session that is not used ends */
	STAFF_LONGEST = 8 * 3600,
	STAFF_FRESH_SECONDS = 10 * 60,
	STAFF_SEND_SECONDS = 10 * 60, /* longer, to send a form that was opened fresh */
	STAFF_INVITED_SECONDS = 7 * 24 * 3600,
	STAFF_UPLOAD = 32 * 1024 * 1024, /* bytes of a form with a file */
	STAFF_UPLOADS = 2,               /* at a time, but for small ones */
};

struct staff_role {
	unsigned bit;
	const char *name; /* as in commands, in the groups' file and in the log */
	const char *swedish, *english;
	bool administrations; /* may be held for some administrations only */
	bool areas;
	bool must_limit; /* is always held for named administrations */
};

/* A page in the navigation, shown to those whom its route lets in. */
struct staff_link {
	const char *path;
	const char *swedish, *english;
};

struct staff;

/* What differs between the daemons. */
struct staff_site {
	const char *program;            /* "survey-server" */
	const char *cookie;             /* the session's is __Host-COOKIE */
	const char *swedish, *english;  /* the site's name */
	const struct staff_role *roles; /* the daemon's own */
	size_t role_count;
	const struct http_route *routes; /* the daemon's own pages */
	size_t route_count;
	const struct staff_link *links;
	size_t link_count;
	/* Adds to the start page what waits for who is signed in, each with
	 * staff_waiting(). An error shows "can't be read just now". */
	enum err (*waiting)(struct http_request *r, struct buf *b, void *context);
};

/* All roles of the site, the two common ones last. *ret_role is untouched and the result
 * false when n is past the last. */
bool staff_role_at(const struct staff_site *site, size_t n, struct staff_role *ret_role);

/* Checks what belongs together in the configuration (and reads the groups' file). file is
 * the configuration's, for why. */
enum err staff_config_check(const char *file, const struct staff_config *c,
	const struct staff_site *site, struct why *why);

/* Where the site is, as browsers reach it: the configured address, or http:// and what is
 * listened on. */
void staff_url(const struct staff_config *c, struct buf *out);

/* Listens on c->address. Handlers get the struct staff as their context; what the daemon
 * gave here comes back from staff_context(). Everything is kept by reference. */
enum err staff_start(const struct staff_config *c, const struct staff_site *site,
	const char *state, const char *keys, void *context, struct staff **ret_staff,
	struct why *why);
void staff_stop(struct staff *s); /* NULL is fine */
void *staff_context(struct staff *s);
/* The rows of all routes, the site's own and those of this module. */
const struct http_route *staff_routes(
	const struct staff_site *site, size_t n); /* NULL past the last */

/* In a handler. */

/* Who is signed in; NULL when nobody is (only behind STAFF_ANYONE). */
const struct account *staff_who(struct http_request *r);
bool staff_english(struct http_request *r);
/* The fields of a POST, read before the handler was called; and one of them, "" when it
 * is not there. */
const struct form *staff_form(struct http_request *r);
const char *staff_typed(struct http_request *r, const char *name);
/* The file that came with a form of staff_form_begin_file(), there as long as the
 * request; NULL when none was chosen. */
const struct multipart_file *staff_file(struct http_request *r);
/* Parks the request, runs work(job) on a thread of its own, one after the other, then
 * calls `then` as any handler, with the job as http_note(). The job must live in the
 * request's arena; until `then`, it and the arena are work()'s alone. false when too many
 * wait already: it has answered (503). */
bool staff_work(struct staff *s, struct http_request *r, void (*work)(void *job),
	void *job, http_handler *then);
/* Whether the account may see an administration or area: by its scope. */
bool staff_sees_administration(const struct account *who, const char *administration);
bool staff_sees_area(const struct account *who, const char *area);
/* Logs an event of who is signed in. When it returns false it has answered the request
 * (503) and what was to be logged must not be done. */
bool staff_audit(
	struct staff *s, struct http_request *r, enum audit_event e, const char *object);

/* Pages. */

/* One of two literals, by the reader's language. */
#define staff_say(r, b, swedish, english)                                                \
	(staff_english(r) ? html_raw((b), english) : html_raw((b), swedish))
const char *staff_word(struct http_request *r, const char *swedish, const char *english);
/* Begins a whole page: head, navigation, h1. staff_page_reply() ends and sends it. */
void staff_page(struct staff *s, struct http_request *r, struct buf *b,
	const char *title_swedish, const char *title_english);
void staff_page_reply(struct http_request *r, unsigned status, struct buf *b);
/* Begins a form that is POSTed to path, with what proves that it is ours; ended by
 * </form>. */
void staff_form_begin(struct http_request *r, struct buf *b, const char *path);
/* The same for a form with one <input type="file">. */
void staff_form_begin_file(struct http_request *r, struct buf *b, const char *path);
/* What was wrong with a form last time; nothing when NULL. */
void staff_fault(struct buf *b, const char *fault);
/* A table in a box of its own, which scrolls when it is too wide; label says what it is
 * to who does not see it. Rows follow; staff_table_end() ends it. */
struct staff_column {
	const char *swedish, *english; /* its head */
	bool text;                     /* aligned as text, not as numbers */
};
void staff_table(struct http_request *r, struct buf *b, const char *label,
	const struct staff_column *columns, size_t count);
void staff_table_end(struct buf *b);
/* A line of the start page: what waits, and where it is done (NULL: nowhere here). */
void staff_waiting(struct buf *b, const char *text, const char *path, const char *link);
/* A whole page that says one thing, with a way back to the start page. */
void staff_message(struct staff *s, struct http_request *r, unsigned status,
	const char *title_swedish, const char *title_english, const char *text_swedish,
	const char *text_english);
/* 503, when something that the page needs can't be read or written. */
void staff_unavailable(struct staff *s, struct http_request *r);
/* 303 to a path of this site. */
void staff_go(struct http_request *r, const char *path);

#endif
