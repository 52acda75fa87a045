#include "fetch.h"
#include "log.h"
#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fetch_init(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		log_error("fetch: libcurl cannot start: is it installed whole?");
		exit(1);
	}
}

struct incoming {
	struct buf *to;
	size_t limit;
	bool too_long;
	bool headers_ended;
};

static size_t take_body(char *data, size_t size, size_t count, void *user)
{
	struct incoming *b = user;
	size_t len = size * count;
	if (len > b->limit - b->to->len) {
		b->too_long = true;
		return CURL_WRITEFUNC_ERROR;
	}
	buf_add(b->to, data, len);
	return len;
}

/* libcurl takes a reply whose headers were cut for one without a body. */
static size_t take_header(char *line, size_t size, size_t count, void *user)
{
	struct incoming *b = user;
	b->headers_ended = count > 0 && (*line == '\r' || *line == '\n');
	return size * count;
}

/* Once a byte may have left, only a whole reply tells what became of the request. */
static bool surely_not_sent(CURL *curl, CURLcode code)
{
	long sent = 0;
	curl_off_t begun = 0;
	if (curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent) != CURLE_OK ||
		sent != 0 ||
		curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &begun) != CURLE_OK)
		return false;
	return code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL ||
	       code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_CONNECT ||
	       code == CURLE_SSL_CONNECT_ERROR ||
	       code == CURLE_PEER_FAILED_VERIFICATION ||
	       code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_ISSUER_ERROR ||
	       code == CURLE_SSL_CIPHER ||
	       (code == CURLE_OPERATION_TIMEDOUT && begun == 0);
}

static long retry_after(CURL *curl)
{
	struct curl_header *h;
	if (curl_easy_header(curl, "Retry-After", 0, CURLH_HEADER, -1, &h) != CURLHE_OK)
		return -1;
	char *end;
	errno = 0;
	long seconds = strtol(h->value, &end, 10);
	return *h->value >= '0' && *h->value <= '9' && *end == '\0' && errno == 0
		       ? seconds
		       : -1;
}

static void set_credentials(CURL *curl, const struct fetch_request *request)
{
	if (request->user) {
		curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		curl_easy_setopt(curl, CURLOPT_USERNAME, request->user);
		curl_easy_setopt(curl, CURLOPT_PASSWORD,
			request->password ? request->password : "");
	} else if (request->bearer) {
		curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
		curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, request->bearer);
	}
}

/* One attempt on one connection: what libcurl would repeat or follow by itself is
 * switched off, HTTP/2 too, whose refused streams it sends again. */
static void set_transport(CURL *curl, const struct fetch_request *request)
{
	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, request->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "brukarenkat");
}

static struct curl_slist *add_header(struct curl_slist *list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(list, line);
	if (!longer)
		abort();
	return longer;
}

static struct curl_slist *set_body(CURL *curl, const struct fetch_request *request)
{
	struct curl_slist *headers = add_header(NULL, "Expect:");
	if (request->body || strcmp(request->method, "GET") != 0) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
			(curl_off_t)(request->body ? request->body_len : 0));
		curl_easy_setopt(
			curl, CURLOPT_POSTFIELDS, request->body ? request->body : "");
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	char *type = NULL;
	/* Without a type of its own libcurl would call the body a form. */
	if (asprintf(&type, "Content-Type:%s%s", request->type ? " " : "",
		    request->type ? request->type : "") < 0)
		abort();
	headers = add_header(headers, type);
	free(type);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	return headers;
}

static void settle(
	CURL *curl, CURLcode code, const struct incoming *body, struct fetch_reply *reply)
{
	if (code == CURLE_OK && !body->headers_ended)
		code = CURLE_PARTIAL_FILE;
	if (code == CURLE_OK) {
		(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->status);
		reply->retry_after = retry_after(curl);
		reply->outcome = FETCH_REPLIED;
		return;
	}
	buf_clear(&reply->body);
	reply->outcome = surely_not_sent(curl, code) ? FETCH_NOT_SENT : FETCH_UNKNOWN;
	/* The library's own sentence for the code: its longer text may repeat the
	 * address. */
	(void)err_why(&reply->why, ERR_IO, "%s",
		body->too_long ? "the reply is longer than expected"
			       : curl_easy_strerror(code));
}

void fetch_send(const struct fetch_request *request, struct fetch_reply *ret_reply)
{
	*ret_reply = (struct fetch_reply){ .outcome = FETCH_NOT_SENT, .retry_after = -1 };
	CURL *curl = curl_easy_init();
	if (!curl)
		abort();
	struct incoming body = { &ret_reply->body, request->reply_limit, false, false };
	set_transport(curl, request);
	set_credentials(curl, request);
	struct curl_slist *headers = set_body(curl, request);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &body);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
	settle(curl, curl_easy_perform(curl), &body, ret_reply);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
}
