/* The invitation's link: a password, then a second factor shown to work. */
#include "common/clock.h"
#include "inside.h"
#include "qr.h"
#include <string.h>

struct welcome {
	uint8_t hash[ACCOUNTS_HASH]; /* of the link's token */
	struct accounts_invitation invitation;
	struct account account;
	const char *password;
	char hashed[PASSWORD_HASH];
};

/* false when it has answered: the link is of no use. */
static bool find(struct staff *s, struct http_request *r, struct welcome *w)
{
	const char *token = http_segment(r, 0);
	secret_sha256(token, strlen(token), w->hash);
	enum err e =
		accounts_invitation(s->accounts, w->hash, clock_now(), &w->invitation);
	if (e == OK)
		e = accounts_get(s->accounts, w->invitation.account, &w->account);
	if (e == OK)
		return true;
	if (e == ERR_NOT_FOUND)
		staff_message(s, r, 410, "Länken gäller inte längre",
			"The link is no longer valid",
			"Länken har redan använts, eller är äldre än sju dagar. Be den som "
			"sköter konton om en ny.",
			"The link has been used, or is older than seven days. Ask who looks after "
			"the accounts for a new one.");
	else
		staff_unavailable(s, r);
	return false;
}

static const char *action(struct http_request *r)
{
	return arena_format(http_arena(r), "/staff/welcome/%s", http_segment(r, 0));
}

static void ask_password(struct staff *s, struct http_request *r, const struct welcome *w,
	unsigned status, const char *fault)
{
	struct buf b = { 0 };
	staff_page(s, r, &b, "Välkommen", "Welcome");
	staff_say(r, &b, "<p>Du ska få kontot <b>", "<p>You are to have the account <b>");
	html_text(&b, w->account.name);
	staff_say(r, &b,
		"</b>. Först väljer du ett lösenord. Sedan kopplar du en app i din telefon, som "
		"ger en kod varje gång du loggar in.</p>\n",
		"</b>. First you choose a password. Then you connect an app in your phone, which "
		"gives a code each time you sign in.</p>\n");
	staff_form_begin(r, &b, action(r));
	staff_password_fields(r, &b, w->account.name, fault);
	staff_say(r, &b,
		"<p><button type=\"submit\" name=\"step\" value=\"password\">Nästa</button></p>\n</form>\n",
		"<p><button type=\"submit\" name=\"step\" value=\"password\">Next</button></p>\n</form>\n");
	staff_page_reply(r, status, &b);
}

static void ask_code(struct staff *s, struct http_request *r, const struct welcome *w,
	const uint8_t secret[static TOTP_SECRET], unsigned status, const char *fault)
{
	const char *site = staff_word(r, s->site->swedish, s->site->english);
	struct buf b = { 0 }, address = { 0 }, typed = { 0 };
	totp_address(secret, site, w->account.name, &address);
	totp_secret_text(secret, &typed);
	staff_page(s, r, &b, "Koppla din app", "Connect your app");
	staff_say(r, &b,
		"<p>Öppna en app för engångskoder i telefonen, till exempel Aegis, Microsoft "
		"Authenticator eller Google Authenticator, och läs av rutan. Appen visar sedan sex "
		"siffror. Skriv dem här.</p>\n",
		"<p>Open an app for one-time codes in your phone, such as Aegis, Microsoft "
		"Authenticator or Google Authenticator, and scan the square. The app then shows "
		"six digits. Type them here.</p>\n");
	(void)qr_svg(buf_string(&address),
		staff_word(r, "QR-kod att läsa av med appen",
			"QR code to scan with the app"),
		&b);
	staff_say(r, &b,
		"<p class=\"hint\">Går det inte att läsa av? Skriv in nyckeln: <code>",
		"<p class=\"hint\">If it can't be scanned, type in the key: <code>");
	html_around(&b, "", buf_string(&typed), "</code></p>\n");
	staff_form_begin(r, &b, action(r));
	staff_code_field(r, &b, fault);
	staff_say(r, &b,
		"<p><button type=\"submit\" name=\"step\" value=\"code\">Klart</button></p>\n</form>\n",
		"<p><button type=\"submit\" name=\"step\" value=\"code\">Done</button></p>\n</form>\n");
	staff_page_reply(r, status, &b);
	buf_clear(&address);
	buf_clear(&typed);
}

void welcome_page(struct http_request *r, void *context)
{
	struct welcome w;
	if (find(context, r, &w))
		ask_password(context, r, &w, 200, NULL);
}

/* The password. */

static void hash_it(void *job)
{
	struct welcome *w = job;
	password_hash(w->password, w->hashed);
}

static void hashed(struct http_request *r, void *context)
{
	struct staff *s = context;
	struct welcome *w = http_note(r);
	uint8_t secret[TOTP_SECRET];
	uint8_t sealed[ACCOUNTS_TOTP];
	totp_new(secret);
	second_factor_seal(s, w->account.id, secret, sealed);
	if (accounts_invitation_begin(s->accounts, w->hash, w->hashed, sealed) == OK)
		ask_code(s, r, w, secret, 200, NULL);
	else
		staff_unavailable(s, r);
	secret_wipe(secret, sizeof secret);
}

static void take_password(struct staff *s, struct http_request *r, struct welcome *w)
{
	const char *fault = staff_new_password(r, w->account.name, &w->password);
	if (fault)
		ask_password(s, r, w, 422, fault);
	else if (!slow_do(s->slow, r, hash_it, w, hashed))
		ask_password(s, r, w, 503,
			staff_word(r, "Många loggar in just nu. Försök igen om en stund.",
				"Many are signing in just now. Try again in a while."));
}

/* The second factor. */

static void show_recovery(struct staff *s, struct http_request *r,
	char codes[static TOTP_RECOVERY_COUNT][TOTP_RECOVERY_TEXT])
{
	struct buf b = { 0 };
	staff_page(s, r, &b, "Kontot är klart", "The account is ready");
	staff_recovery_codes(r, &b, codes);
	staff_say(r, &b,
		"<p>Koden du nyss skrev är förbrukad. Vänta tills appen visar nästa, och logga sedan "
		"in.</p>\n<p><a class=\"button\" href=\"/staff/sign-in\">Logga in</a></p>\n",
		"<p>The code that you just typed is used up. Wait until the app shows the next, then "
		"sign in.</p>\n<p><a class=\"button\" href=\"/staff/sign-in\">Sign in</a></p>\n");
	staff_page_reply(r, 200, &b);
}

static void enrol(
	struct staff *s, struct http_request *r, const struct welcome *w, int64_t step)
{
	char codes[TOTP_RECOVERY_COUNT][TOTP_RECOVERY_TEXT];
	uint8_t hashes[TOTP_RECOVERY_COUNT][ACCOUNTS_HASH];
	second_factor_recovery(s, codes, hashes);
	enum err e = audit_add(s->audit, clock_now(), w->account.name,
		AUDIT_ACCOUNT_ENROLLED, "password and code");
	if (e == OK)
		e = accounts_enrol(s->accounts, w->hash, step,
			(const uint8_t(*)[ACCOUNTS_HASH])hashes, TOTP_RECOVERY_COUNT);
	if (e == OK)
		show_recovery(s, r, codes);
	else
		staff_unavailable(s, r);
	secret_wipe(codes, sizeof codes);
}

static void take_code(struct staff *s, struct http_request *r, const struct welcome *w)
{
	const char *code = form_get(staff_form(r), "code");
	uint8_t secret[TOTP_SECRET];
	int64_t step;
	if (!w->invitation.begun) {
		ask_password(s, r, w, 200, NULL);
		return;
	}
	if (second_factor_open(s, w->account.id, w->invitation.totp, secret) != OK) {
		staff_unavailable(s, r);
		return;
	}
	if (code && totp_verify(secret, code, clock_now(), 0, &step))
		enrol(s, r, w, step);
	else
		ask_code(s, r, w, secret, 422,
			staff_word(r,
				"Koden stämmer inte. Skriv den som appen visar nu. Går det inte "
				"ändå, se efter att telefonens klocka går rätt.",
				"The code is not right. Type the one that the app shows now. If it "
				"still fails, see that the phone's clock is right."));
	secret_wipe(secret, sizeof secret);
}

void welcome_post(struct http_request *r, void *context)
{
	struct staff *s = context;
	struct welcome *w = arena_alloc(http_arena(r), sizeof *w);
	const char *step = form_get(staff_form(r), "step");
	if (!find(s, r, w))
		return;
	if (step && strcmp(step, "code") == 0)
		take_code(s, r, w);
	else
		take_password(s, r, w);
}
