/* The internal API: sms-gateway registers invitations and asks, in bulk, which are still
 * open; monitoring asks whether the daemon lives. It tells nothing of one person's
 * answering as it happens. */
#ifndef SURVEY_API_H
#define SURVEY_API_H

#include "common/http.h"
#include "config.h"

struct api;

/* Opens a store of its own and listens at config->internal. */
enum err api_start(const struct config *config, struct api **ret_api, struct why *why);
void api_stop(struct api *a);

#endif
