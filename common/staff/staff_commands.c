#include "staff_commands.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/options.h"
#include "common/program.h"
#include "invite.h"
#include "rights.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MINUTE_TEXT = 17 };

static int accounts_failed(const char *command, enum err e)
{
	log_error("%s: the accounts: %s", command, err_text(e));
	return PROGRAM_FAILED;
}

/* "2027-03-01 09:15", in Stockholm. */
static void minute_text(int64_t at, char out[static MINUTE_TEXT])
{
	char date[11];
	int minute = clock_minute(at);
	day_format(clock_day(at), date);
	(void)snprintf(out, MINUTE_TEXT, "%.10s %02u:%02u", date,
		(unsigned)minute / 60 % 24, (unsigned)minute % 60);
}

/* Says what is wrong and returns false when it can't. */
static bool open_accounts(
	const struct staff_order *o, const char *command, struct accounts **ret_accounts)
{
	auto_(free) char *folder = staff_folder(o->state);
	struct why why;
	enum err e = OK;
	if (access(folder, F_OK) != 0)
		e = err_why(&why, ERR_NOT_FOUND, "%s: %s: run `%s init` first", folder,
			strerror(errno), o->site->program);
	if (e == OK)
		e = accounts_open(folder, ret_accounts, &why);
	if (e)
		(void)program_failed(command, &why);
	return e == OK;
}

static bool find_account(struct accounts *a, const char *command, const char *name,
	struct account *ret_account)
{
	enum err e = accounts_find(a, name, ret_account);
	if (e == ERR_NOT_FOUND)
		log_error("%s: there is no account %s: `staff list` shows them", command,
			name);
	else if (e)
		(void)accounts_failed(command, e);
	return e == OK;
}

/* Finds one that is managed here, and not by the identity provider. */
static bool find_local(struct accounts *a, const char *command, const char *name,
	struct account *ret_account)
{
	if (!find_account(a, command, name, ret_account))
		return false;
	if (ret_account->federated)
		log_error(
			"%s: %s signs in through the identity provider, whose groups say what "
			"the account may do",
			command, name);
	return !ret_account->federated;
}

bool staff_note(const struct staff_order *o, const char *command, enum audit_event event,
	const char *format, ...)
{
	char object[AUDIT_OBJECT + 1]; /* what is longer is cut in any case */
	va_list args;
	va_start(args, format);
	(void)vsnprintf(object, sizeof object, format, args);
	va_end(args);
	auto_(free) char *folder = staff_folder(o->state);
	struct staff_keys keys;
	struct why why;
	enum err e = staff_keys_load(o->keys, &keys, &why);
	if (e == OK) {
		e = audit_command(folder, keys.audit, event, object, &why);
		secret_wipe(&keys, sizeof keys);
	}
	if (e)
		(void)program_failed(command, &why);
	return e == OK;
}

/* Roles and limits. */

static enum err no_such_role(
	const struct staff_site *site, const char *name, size_t len, struct why *why)
{
	auto_(buf) struct buf all = { 0 };
	struct staff_role role;
	for (size_t n = 0; staff_role_at(site, n, &role); n++)
		buf_format(&all, "%s%s (%s)", n ? ", " : "", role.name, role.swedish);
	return err_why(why, ERR_INPUT, "--role: there is no role \"%.*s\"; there are %s",
		(int)len, name, buf_string(&all));
}

static enum err take_roles(const struct staff_site *site, const char *text,
	unsigned *ret_roles, struct why *why)
{
	struct staff_role role;
	unsigned roles = 0;
	for (const char *at = text;; at++) {
		size_t len = strcspn(at, ",");
		if (!rights_role(site, at, len, &role))
			return no_such_role(site, at, len, why);
		roles |= role.bit;
		at += len;
		if (!*at)
			break;
	}
	*ret_roles = roles;
	return OK;
}

static enum err take_scope(const char *option, const char *text,
	char out[static ACCOUNTS_SCOPE], struct why *why)
{
	if (accounts_scope(text, out))
		return OK;
	return err_why(why, ERR_INPUT,
		"%s: codes of a-z, 0-9 and dash with commas between, at most %d bytes",
		option, ACCOUNTS_SCOPE - 1);
}

/* Whether roles and limits go together. */
static enum err check(
	const struct staff_site *site, const struct account *a, struct why *why)
{
	switch (rights_check(site, a->roles, a->administrations, a->areas)) {
	case RIGHTS_FINE:
		break;
	case RIGHTS_NO_ROLE:
		return err_why(why, ERR_INPUT,
			"the account has no role: give it one with --role");
	case RIGHTS_UNLIMITED:
		return err_why(why, ERR_INPUT,
			"a role is held for named administrations: name them with --administration");
	case RIGHTS_NO_ADMINISTRATIONS:
		return err_why(why, ERR_INPUT,
			"no role of the account is limited to administrations: leave "
			"--administration out, or take the limit away with "
			"--administration \"\"");
	case RIGHTS_NO_AREAS:
		return err_why(why, ERR_INPUT,
			"no role of the account is limited to areas: leave --area out, or "
			"take the limit away with --area \"\"");
	}
	return OK;
}

/* What the options of add and set say; NULL: nothing. */
struct given {
	const char *name, *role, *full, *administration, *area;
};

static bool read_given(const char *command, bool role_required, int argc, char **argv,
	struct given *ret_given)
{
	const struct option_row rows[] = {
		{ "role", &ret_given->role, NULL, role_required },
		{ "full", &ret_given->full, NULL, false },
		{ "administration", &ret_given->administration, NULL, false },
		{ "area", &ret_given->area, NULL, false },
	};
	return options_read(command, ROWS(rows), argc, argv, &ret_given->name, 1);
}

static enum err apply(const struct staff_site *site, const struct given *g,
	struct account *to, struct why *why)
{
	enum err e = OK;
	if (g->full && !accounts_is_full(g->full))
		return err_why(why, ERR_INPUT,
			"--full: at most %d bytes of UTF-8, no control characters",
			ACCOUNTS_FULL - 1);
	if (g->full)
		(void)snprintf(to->full, sizeof to->full, "%s", g->full);
	if (g->role)
		e = take_roles(site, g->role, &to->roles, why);
	if (e == OK && g->administration)
		e = take_scope(
			"--administration", g->administration, to->administrations, why);
	if (e == OK && g->area)
		e = take_scope("--area", g->area, to->areas, why);
	return e ? e : check(site, to, why);
}

static bool note_account(const struct staff_order *o, const char *command,
	enum audit_event event, const struct account *a)
{
	auto_(buf) struct buf object = { 0 };
	rights_describe(o->site, a, &object);
	return staff_note(o, command, event, "%s", buf_string(&object));
}

/* Invites the account and shows the link, after a sentence on what was done. */
static int invite(const struct staff_order *o, const char *command, struct accounts *a,
	int64_t id, const char *name, const char *done)
{
	auto_(buf) struct buf url = { 0 }, link = { 0 };
	char until[MINUTE_TEXT];
	int64_t now = clock_now();
	staff_url(o->config, &url);
	enum err e = invite_make(a, buf_string(&url), id, now, &link);
	if (e) {
		log_error(
			"%s: the account is there, but has no link: %s: run `staff reset "
			"%s`",
			command, err_text(e), name);
		return PROGRAM_FAILED;
	}
	minute_text(now + STAFF_INVITED_SECONDS, until);
	printf("account %s %s; here its owner chooses a password and a second factor, once, "
	       "until %s:\n%s\n",
		name, done, until, buf_string(&link));
	return PROGRAM_DONE;
}

static bool passwords_are_on(const struct staff_order *o, const char *command)
{
	if (!o->config->local)
		log_error(
			"%s: the configuration says local = no in [staff]: there are no "
			"accounts with passwords",
			command);
	return o->config->local;
}

static bool is_free(struct accounts *a, const char *command, const char *name)
{
	struct account other;
	enum err e = accounts_find(a, name, &other);
	if (e == OK)
		log_error("%s: there is an account %s already: `staff set` changes it",
			command, name);
	else if (e != ERR_NOT_FOUND)
		(void)accounts_failed(command, e);
	return e == ERR_NOT_FOUND;
}

static int staff_add(const struct staff_order *o, int argc, char **argv)
{
	static const char command[] = "staff add";
	auto_(accounts) struct accounts *accounts = NULL;
	struct account account = { .made = clock_now() };
	struct given given = { 0 };
	struct why why;
	int64_t id;
	if (!read_given(command, true, argc, argv, &given))
		return PROGRAM_USAGE;
	enum err e = OK;
	if (!accounts_is_name(given.name))
		e = err_why(&why, ERR_INPUT,
			"%s: a name is 1 to %d of a-z, 0-9 and . - _ @, and begins with a "
			"letter or digit",
			given.name, ACCOUNTS_NAME - 1);
	if (e == OK)
		e = apply(o->site, &given, &account, &why);
	if (e) {
		(void)program_failed(command, &why);
		return PROGRAM_USAGE;
	}
	(void)snprintf(account.name, sizeof account.name, "%s", given.name);
	if (!passwords_are_on(o, command) || !open_accounts(o, command, &accounts) ||
		!is_free(accounts, command, account.name) ||
		!note_account(o, command, AUDIT_ACCOUNT_ADDED, &account))
		return PROGRAM_FAILED;
	e = accounts_add(accounts, &account, &id);
	return e ? accounts_failed(command, e)
		 : invite(o, command, accounts, id, account.name, "added");
}

static int staff_set(const struct staff_order *o, int argc, char **argv)
{
	static const char command[] = "staff set";
	auto_(accounts) struct accounts *accounts = NULL;
	struct account account;
	struct given given = { 0 };
	struct why why;
	if (!read_given(command, false, argc, argv, &given))
		return PROGRAM_USAGE;
	if (!given.role && !given.full && !given.administration && !given.area) {
		log_error(
			"%s: what? --role, --full, --administration or --area", command);
		return PROGRAM_USAGE;
	}
	if (!open_accounts(o, command, &accounts) ||
		!find_local(accounts, command, given.name, &account))
		return PROGRAM_FAILED;
	if (apply(o->site, &given, &account, &why) != OK) {
		(void)program_failed(command, &why);
		return PROGRAM_USAGE;
	}
	if (!note_account(o, command, AUDIT_ACCOUNT_CHANGED, &account))
		return PROGRAM_FAILED;
	enum err e = accounts_set(accounts, &account);
	if (e)
		return accounts_failed(command, e);
	printf("account %s changed\n", account.name);
	return PROGRAM_DONE;
}

static int staff_reset(const struct staff_order *o, int argc, char **argv)
{
	static const char command[] = "staff reset";
	auto_(accounts) struct accounts *accounts = NULL;
	struct account account;
	const char *name;
	if (!options_read(command, NULL, 0, argc, argv, &name, 1))
		return PROGRAM_USAGE;
	if (!passwords_are_on(o, command) || !open_accounts(o, command, &accounts) ||
		!find_local(accounts, command, name, &account) ||
		!staff_note(o, command, AUDIT_ACCOUNT_INVITED, "account %s", name))
		return PROGRAM_FAILED;
	return invite(o, command, accounts, account.id, name, "reset");
}

static int staff_remove(const struct staff_order *o, int argc, char **argv)
{
	static const char command[] = "staff remove";
	auto_(accounts) struct accounts *accounts = NULL;
	struct account account;
	const char *name;
	if (!options_read(command, NULL, 0, argc, argv, &name, 1))
		return PROGRAM_USAGE;
	if (!open_accounts(o, command, &accounts) ||
		!find_account(accounts, command, name, &account) ||
		!staff_note(o, command, AUDIT_ACCOUNT_REMOVED, "account %s", name))
		return PROGRAM_FAILED;
	enum err e = accounts_remove(accounts, account.id);
	if (e)
		return accounts_failed(command, e);
	printf("account %s removed\n", name);
	return PROGRAM_DONE;
}

static const char *state_word(const struct account *a, int64_t now)
{
	if (a->federated)
		return "federated";
	if (a->active)
		return a->must_change ? "must-change" : "active";
	return a->invited > now ? "invited" : "expired";
}

static void show_account(
	const struct staff_site *site, const struct account *a, int64_t now)
{
	auto_(buf) struct buf roles = { 0 };
	char seen[MINUTE_TEXT] = "never";
	rights_names(site, a->roles, &roles);
	if (a->signed_in)
		minute_text(a->signed_in, seen);
	printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\n", a->name, a->full, buf_string(&roles),
		a->administrations, a->areas, state_word(a, now), seen);
}

static int staff_list(const struct staff_order *o, int argc, char **argv)
{
	static const char command[] = "staff list";
	auto_(accounts) struct accounts *accounts = NULL;
	auto_(free) struct account *all = NULL;
	size_t count;
	int64_t now = clock_now();
	if (!options_read(command, NULL, 0, argc, argv, NULL, 0))
		return PROGRAM_USAGE;
	if (!open_accounts(o, command, &accounts))
		return PROGRAM_FAILED;
	enum err e = accounts_all(accounts, &all, &count);
	if (e)
		return accounts_failed(command, e);
	for (size_t i = 0; i < count; i++)
		show_account(o->site, &all[i], now);
	return PROGRAM_DONE;
}

/* "coordinator auditor fresh" */
static void add_who(const struct staff_site *site, unsigned who, struct buf *out)
{
	if (who & STAFF_ANYONE)
		buf_text(out, "anyone");
	else if (who & STAFF_EVERYONE)
		buf_text(out, "everyone");
	else if (who & STAFF_ALL_ROLES)
		rights_names(site, who, out);
	else
		buf_text(out, "nobody");
	if (who & STAFF_FRESH)
		buf_text(out, " fresh");
	for (size_t i = 0; i < out->len; i++)
		if (out->data[i] == ',')
			out->data[i] = ' ';
}

static int show_routes(const struct staff_order *o, int argc, char **argv)
{
	const struct http_route *route;
	if (!options_read("staff routes", NULL, 0, argc, argv, NULL, 0))
		return PROGRAM_USAGE;
	for (size_t n = 0; (route = staff_routes(o->site, n)); n++) {
		auto_(buf) struct buf who = { 0 };
		add_who(o->site, (unsigned)route->who, &who);
		printf("%s\t%s\t%s\n", route->method, route->path, buf_string(&who));
	}
	return PROGRAM_DONE;
}

/* The log. */

static bool open_audit(
	const struct staff_order *o, const char *command, struct audit **ret_audit)
{
	auto_(free) char *folder = staff_folder(o->state);
	struct staff_keys keys;
	struct why why;
	enum err e = staff_keys_load(o->keys, &keys, &why);
	if (e == OK) {
		e = audit_open(folder, keys.audit, ret_audit, &why);
		secret_wipe(&keys, sizeof keys);
	}
	if (e)
		(void)program_failed(command, &why);
	return e == OK;
}

static void show_fault(
	void *context, enum audit_fault fault, int64_t first, int64_t last, int64_t line)
{
	long long from = first, to = last, at = line;
	(void)context;
	switch (fault) {
	case AUDIT_LINE_CHANGED:
		if (from == to)
			printf("number %lld was changed (line %lld of the file)\n", from,
				at);
		else
			printf("numbers %lld to %lld were changed (from line %lld of the "
			       "file)\n",
				from, to, at);
		break;
	case AUDIT_LINES_MISSING:
		if (from == to)
			printf("number %lld is missing (at line %lld of the file)\n",
				from, at);
		else
			printf("numbers %lld to %lld are missing (at line %lld of the "
			       "file)\n",
				from, to, at);
		break;
	case AUDIT_LINE_INSERTED:
		printf("number %lld was put in (line %lld of the file)\n", from, at);
		break;
	case AUDIT_LINE_UNREADABLE:
		printf("line %lld of the file is no line of the log\n", at);
		break;
	}
}

/* "17:" and 32 hexadecimal digits. */
static bool read_head(const char *text, struct audit_head *ret_head)
{
	size_t digits = strspn(text, "0123456789");
	if (digits == 0 || digits > 18 || text[digits] != ':' ||
		!secret_unhex(text + digits + 1, ret_head->mac, AUDIT_MAC))
		return false;
	ret_head->number = strtoll(text, NULL, 10);
	return true;
}

static int verify(const struct staff_order *o, int argc, char **argv)
{
	static const char command[] = "audit verify";
	const char *text = NULL;
	const struct option_row rows[] = { { "head", &text, NULL, false } };
	auto_(audit) struct audit *audit = NULL;
	struct audit_head known;
	int64_t faults, lines;
	if (!options_read(command, ROWS(rows), argc, argv, NULL, 0))
		return PROGRAM_USAGE;
	if (text && !read_head(text, &known)) {
		log_error("%s: --head %s: not NUMBER:MAC, as `audit head` shows it",
			command, text);
		return PROGRAM_USAGE;
	}
	if (!open_audit(o, command, &audit))
		return PROGRAM_FAILED;
	enum err e = audit_verify(
		audit, text ? &known : NULL, show_fault, NULL, &faults, &lines);
	if (e) {
		log_error("%s: the log: %s", command, err_text(e));
		return PROGRAM_FAILED;
	}
	printf("%lld line%s, ", (long long)lines, lines == 1 ? "" : "s");
	if (!faults)
		printf("whole\n");
	else
		printf("%lld fault%s\n", (long long)faults, faults == 1 ? "" : "s");
	return faults ? PROGRAM_FAILED : PROGRAM_DONE;
}

static int show_head(const struct staff_order *o, int argc, char **argv)
{
	static const char command[] = "audit head";
	auto_(audit) struct audit *audit = NULL;
	struct audit_head head;
	char mac[2 * AUDIT_MAC + 1];
	if (!options_read(command, NULL, 0, argc, argv, NULL, 0))
		return PROGRAM_USAGE;
	if (!open_audit(o, command, &audit))
		return PROGRAM_FAILED;
	enum err e = audit_head(audit, &head);
	if (e) {
		log_error("%s: the log: %s", command, err_text(e));
		return PROGRAM_FAILED;
	}
	secret_hex(head.mac, AUDIT_MAC, mac);
	printf("%lld:%s\n", (long long)head.number, mac);
	return PROGRAM_DONE;
}

struct verb {
	const char *name;
	int (*run)(const struct staff_order *o, int argc, char **argv);
};

/* What the first argument names. */
static const struct verb *find_verb(
	const struct verb *verbs, size_t count, int argc, char **argv)
{
	for (size_t i = 0; argc > 0 && i < count; i++)
		if (strcmp(argv[0], verbs[i].name) == 0)
			return &verbs[i];
	return NULL;
}

int staff_command(const struct staff_order *o, int argc, char **argv)
{
	static const struct verb verbs[] = {
		{ "add", staff_add },
		{ "set", staff_set },
		{ "reset", staff_reset },
		{ "remove", staff_remove },
		{ "list", staff_list },
		{ "routes", show_routes },
	};
	const struct verb *v = find_verb(ROWS(verbs), argc, argv);
	if (v)
		return v->run(o, argc - 1, argv + 1);
	log_error("staff: what? add, set, reset, remove, list or routes");
	return PROGRAM_USAGE;
}

int audit_verify_command(const struct staff_order *o, int argc, char **argv)
{
	static const struct verb verbs[] = {
		{ "verify", verify },
		{ "head", show_head },
	};
	const struct verb *v = find_verb(ROWS(verbs), argc, argv);
	if (v)
		return v->run(o, argc - 1, argv + 1);
	log_error("audit: what? verify or head");
	return PROGRAM_USAGE;
}
