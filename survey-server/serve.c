#include "serve.h"
#include "api.h"
#include "common/fetch.h"
#include "common/log.h"
#include "pages.h"
#include "staff_pages.h"
#include <errno.h>
#include <signal.h>

/* How often the write-ahead log is emptied, so that old pages don't lie about in it. */
enum { HOUSEKEEPING_SECONDS = 60 };

static void keep_house(const sigset_t *stop, struct store *store)
{
	const struct timespec pause = { .tv_sec = HOUSEKEEPING_SECONDS };
	while (sigtimedwait(stop, NULL, &pause) < 0) {
		if (errno == EINTR)
			continue;
		/* ERR_CONFLICT is a reader in the way; the next round comes soon. */
		enum err e = store_checkpoint(store);
		if (e && e != ERR_CONFLICT)
			log_warning(
				"the database's log can't be emptied: %s", err_text(e));
	}
}

enum err serve_run(const struct config *config, struct why *why)
{
	auto_(free) char *database = config_database(config);
	auto_(store) struct store *store = NULL;
	struct box *box = NULL;
	struct pages *pages = NULL;
	struct api *api = NULL;
	struct staff_pages *staff = NULL;
	sigset_t stop;
	/* Before any thread, so that only keep_house() sees them. */
	(void)sigemptyset(&stop);
	(void)sigaddset(&stop, SIGTERM);
	(void)sigaddset(&stop, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &stop, NULL);
	fetch_init();
	enum err e = store_open(database, &store, why);
	if (e == OK)
		e = box_start(database, &box, why);
	if (e == OK)
		e = pages_start(config, box, &pages, why);
	if (e == OK)
		e = staff_pages_start(config, &staff, why);
	if (e == OK)
		e = api_start(config, &api, why);
	if (e == OK) {
		log_info(
			"serving respondents on %s:%u, the internal API on %s:%u, staff on "
			"%s:%u",
			config->public.host, config->public.port, config->internal.host,
			config->internal.port, config->staff.address.host,
			config->staff.address.port);
		keep_house(&stop, store);
		log_info("stopping");
	}
	api_stop(api);
	staff_pages_stop(staff);
	pages_stop(pages);
	box_stop(box);
	return e;
}
