/* Sends nothing: keeps what would have gone out, for the page that shows it. For
 * demonstrations. */
#include "common/clock.h"
#include "sms-gateway/providers/provider.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 20000 };

struct kept {
	char *to;
	char *text;
	int64_t when;
};

struct outbox {
	struct provider base;
	pthread_mutex_t lock;
	struct kept *ring; /* KEPT of them */
	size_t count;      /* ever */
};

static enum err create(const struct config *c, const char *secret,
	struct provider **ret_provider, struct why *why)
{
	(void)c;
	(void)secret;
	(void)why;
	struct outbox *o = mem_alloc(sizeof *o);
	o->base.class = &provider_outbox;
	o->ring = mem_alloc(KEPT * sizeof *o->ring);
	(void)pthread_mutex_init(&o->lock, NULL);
	*ret_provider = &o->base;
	return OK;
}

static void forget(struct kept *k)
{
	if (k->text)
		explicit_bzero(k->text, strlen(k->text));
	if (k->to)
		explicit_bzero(k->to, strlen(k->to));
	free(k->text);
	free(k->to);
}

static void destroy(struct provider *p)
{
	struct outbox *o = (struct outbox *)p;
	for (size_t i = 0; i < KEPT; i++)
		forget(&o->ring[i]);
	(void)pthread_mutex_destroy(&o->lock);
	free(o->ring);
	free(o);
}

static void send_message(struct provider *p, const struct provider_message *m,
	struct provider_result *ret_result)
{
	struct outbox *o = (struct outbox *)p;
	*ret_result =
		(struct provider_result){ .outcome = PROVIDER_SENT, .retry_after = -1 };
	(void)pthread_mutex_lock(&o->lock);
	struct kept *k = &o->ring[o->count++ % KEPT];
	forget(k);
	*k = (struct kept){ mem_text(m->to), mem_text(m->text), clock_now() };
	(void)pthread_mutex_unlock(&o->lock);
}

static enum err report(const struct form *f, enum provider_report *ret_report)
{
	(void)f;
	(void)ret_report;
	return ERR_INPUT;
}

bool provider_outbox_messages(
	struct provider *p, provider_outbox_each *each, void *context)
{
	struct outbox *o = (struct outbox *)p;
	if (p->class != &provider_outbox)
		return false;
	(void)pthread_mutex_lock(&o->lock);
	size_t oldest = o->count > KEPT ? o->count - KEPT : 0;
	for (size_t n = o->count; n > oldest; n--) {
		const struct kept *k = &o->ring[(n - 1) % KEPT];
		each(context, k->to, k->text, k->when);
	}
	(void)pthread_mutex_unlock(&o->lock);
	return true;
}

const struct provider_class provider_outbox = { "outbox", create, destroy, send_message,
	report };
