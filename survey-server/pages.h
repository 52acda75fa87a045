/* The respondents' listener: routes, and what each request may do. A GET never changes
 * anything; only the final POST spends. */
#ifndef SURVEY_PAGES_H
#define SURVEY_PAGES_H

#include "box.h"
#include "common/http.h"
#include "config.h"

struct pages;

/* Opens a store of its own and listens at config->public. config and box must outlive it.
 */
enum err pages_start(const struct config *config, struct box *box,
	struct pages **ret_pages, struct why *why);
/* Call before box_stop(): it waits for requests that wait for the box. NULL is fine. */
void pages_stop(struct pages *p);

#endif
