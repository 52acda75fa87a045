/* What the listener for respondents holds ready: every page that is the same for
 * everyone, and each wave's form in every edition. Only the listener's thread asks. */
#ifndef SURVEY_FORMS_H
#define SURVEY_FORMS_H

#include "common/http.h"
#include "form_page.h"
#include "info_page.h"
#include "store.h"

struct forms;

/* Reads the texts, makes their pages, and the forms of every wave that is not counted
 * yet. config must outlive it. */
enum err forms_make(const struct config *config, struct store *store,
	struct forms **ret_forms, struct why *why);
void forms_free(struct forms *f); /* after http_stop() */

/* The texts for a request: the language that it names, else the first that it accepts,
 * else Swedish; each may be NULL. */
const struct texts *forms_texts(const struct forms *f, const char *language,
	const char *accepted, const char *variant);
const struct http_page *forms_info(
	const struct forms *f, const struct texts *texts, enum info which);

/* A wave's form in one edition, as an area sees it. */
struct form_made;

/* The wave's definition, read once. NULL when it can't be read. */
const struct definition *forms_definition(
	struct forms *f, struct store *store, const struct wave *wave);
/* The form for a request; language, accepted and variant as above, the variant else the
 * area's. NULL when the wave's definition can't be read. */
const struct form_made *forms_find(struct forms *f, struct store *store,
	const struct wave *wave, unsigned area, const char *language,
	const char *accepted, const char *variant);
const struct form_view *forms_view(const struct form_made *m);
/* Replies with the form as it is first seen, with that nonce. */
void forms_reply(struct http_request *r, const struct form_made *m,
	const char nonce[static FORM_PAGE_NONCE_TEXT]);
/* Replies with the page of that number as form_page.h counts them, or the first after it
 * that is asked, or the form on one page. However the questions were answered, a page of
 * an edition has one length: TLS does not hide it. */
void forms_reply_page(struct http_request *r, unsigned status, const struct form_made *m,
	size_t page, const struct form_state *state, const char *problem);
/* The type of every page. */
extern const char forms_type[];

#endif
