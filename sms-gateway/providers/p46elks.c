/* https://46elks.com/docs/send-sms and https://46elks.com/docs/sms-delivery-reports */
#include "common/fetch.h"
#include "common/json.h"
#include "sms-gateway/providers/provider.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPLY_LIMIT = 65536, PASSWORD_LONGEST = 255 };

struct elks {
	struct provider base;
	const struct config *config;
	char *reports; /* address before the ref */
	char password[PASSWORD_LONGEST + 1];
};

static enum err read_password(
	const char *file, char password[static PASSWORD_LONGEST + 1], struct why *why)
{
	FILE *in = fopen(file, "re");
	if (!in)
		return err_why(why, ERR_NOT_FOUND,
			"%s: %s: write the provider's password in it", file,
			strerror(errno));
	size_t len = fread(password, 1, PASSWORD_LONGEST, in);
	(void)fclose(in);
	password[len] = '\0';
	password[strcspn(password, "\r\n")] = '\0';
	return *password ? OK : err_why(why, ERR_INPUT, "%s: holds no password", file);
}

static enum err create(const struct config *c, const char *secret,
	struct provider **ret_provider, struct why *why)
{
	struct elks *elks = mem_alloc(sizeof *elks);
	enum err e = read_password(c->password_file, elks->password, why);
	if (e != OK) {
		free(elks);
		return e;
	}
	struct buf reports = { 0 };
	buf_format(&reports, "%s/46elks/%s/", c->base_url, secret);
	elks->base.class = &provider_46elks;
	elks->config = c;
	elks->reports = mem_text(buf_string(&reports));
	buf_clear(&reports);
	*ret_provider = &elks->base;
	return OK;
}

static void destroy(struct provider *p)
{
	struct elks *elks = (struct elks *)p;
	explicit_bzero(elks->reports, strlen(elks->reports));
	explicit_bzero(elks->password, sizeof elks->password);
	free(elks->reports);
	free(elks);
}

static void add_field(struct buf *b, const char *name, const char *value)
{
	buf_format(b, "%s%s=", b->len ? "&" : "", name);
	form_encode(b, value);
}

static void result(struct provider_result *r, enum provider_outcome outcome,
	const char *words, long status)
{
	r->outcome = outcome;
	(void)err_why(&r->why, OK, "46elks answers %ld: %s", status, words);
}

/* A reply of 2xx that can't be read may well have sent it. */
static void read_success(const struct fetch_reply *reply, struct provider_result *r)
{
	auto_(json) struct json *document = NULL;
	struct why ignored;
	(void)json_parse(buf_string(&reply->body), reply->body.len, &document, &ignored);
	const char *id = json_text(json_get(document, "id"));
	const char *status = json_text(json_get(document, "status"));
	if (!id || !status)
		result(r, PROVIDER_UNKNOWN, "its reply can't be read", reply->status);
	else if (strcmp(status, "failed") == 0)
		result(r, PROVIDER_FAILED, "the message failed", reply->status);
	else
		r->outcome = PROVIDER_SENT;
}

static void read_status(const struct fetch_reply *reply, struct provider_result *r)
{
	long status = reply->status;
	if (status >= 200 && status < 300)
		read_success(reply, r);
	else if (status == 401)
		result(r, PROVIDER_PAUSED, "user or password is wrong", status);
	else if (status == 402)
		result(r, PROVIDER_PAUSED, "the account has no money left", status);
	else if (status == 403)
		result(r, PROVIDER_PAUSED,
			"the account may not send this (credit, sender or rights)",
			status);
	else if (status == 404 || status == 405 || (status >= 300 && status < 400))
		result(r, PROVIDER_PAUSED,
			"[provider] url is not where messages are sent", status);
	else if (status == 429)
		result(r, PROVIDER_RETRY, "too many at once", status);
	else if (status >= 400 && status < 500)
		result(r, PROVIDER_FAILED, "the message was refused", status);
	else
		result(r, PROVIDER_UNKNOWN, "something is wrong there", status);
	r->retry_after = reply->retry_after;
}

static void read_reply(const struct fetch_reply *reply, struct provider_result *r)
{
	switch (reply->outcome) {
	case FETCH_REPLIED:
		read_status(reply, r);
		break;
	case FETCH_NOT_SENT:
		r->outcome = PROVIDER_RETRY;
		r->why = reply->why;
		break;
	case FETCH_UNKNOWN:
		r->outcome = PROVIDER_UNKNOWN;
		r->why = reply->why;
		break;
	}
}

static void send_message(struct provider *p, const struct provider_message *m,
	struct provider_result *ret_result)
{
	struct elks *elks = (struct elks *)p;
	struct buf where = { 0 };
	struct buf body = { 0 };
	struct fetch_reply reply = { 0 };
	buf_format(&where, "%s%s", elks->reports, m->ref);
	add_field(&body, "from", elks->config->sender);
	add_field(&body, "to", m->to);
	add_field(&body, "message", m->text);
	add_field(&body, "whendelivered", buf_string(&where));
	/* The text holds the code, so the provider is asked not to keep it. */
	add_field(&body, "dontlog", "message");
	struct fetch_request request = {
		.method = "POST",
		.url = elks->config->url,
		.user = elks->config->user,
		.password = elks->password,
		.type = "application/x-www-form-urlencoded",
		.body = body.data,
		.body_len = body.len,
		.timeout_ms = elks->config->timeout * 1000,
		.reply_limit = REPLY_LIMIT,
	};
	fetch_send(&request, &reply);
	*ret_result = (struct provider_result){ .retry_after = -1 };
	read_reply(&reply, ret_result);
	buf_clear(&reply.body);
	buf_clear(&body);
	buf_clear(&where);
}

static enum err report(const struct form *f, enum provider_report *ret_report)
{
	const char *status = form_get(f, "status");
	if (!form_get(f, "id") || !status)
		return ERR_INPUT;
	*ret_report = strcmp(status, "delivered") == 0 ? PROVIDER_REPORT_DELIVERED
		      : strcmp(status, "failed") == 0  ? PROVIDER_REPORT_FAILED
		      : strcmp(status, "sent") == 0    ? PROVIDER_REPORT_SENT
						       : PROVIDER_REPORT_NOTHING;
	return OK;
}

const struct provider_class provider_46elks = { "46elks", create, destroy, send_message,
	report };
