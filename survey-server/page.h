/* The frame of every page that survey-server shows, and what is the same on all of them.
 */
#ifndef SURVEY_PAGE_H
#define SURVEY_PAGE_H

#include "common/buf.h"
#include "common/html.h"
#include "config.h"
#include "texts.h"
#include <stdbool.h>

/* What a page for respondents is made for. */
struct page {
	const struct config *config;
	const struct texts *texts;
};

/* A word in {braces} and what stands in its place; Swedish whatever the page's language
 * when it comes from the configuration. */
struct page_fill {
	const char *word;
	const char *value;
	bool swedish;
};

/* Adds the text with {city} and the fills, up to the one whose word is NULL, in place. */
void page_words(struct buf *b, const struct page *p, const char *text,
	const struct page_fill *fills);
/* Adds " lang" and " dir" for a Swedish text of the configuration, where the page's
 * language is another. */
void page_swedish(struct buf *b, const struct page *p);

/* A page for respondents: header with the quick way out, main, footer with the links to
 * what happens with the answers and to the accessibility statement. number: of the form's
 * page, for the script; -1 for a page that is no form, and needs no script. */
void page_begin(struct buf *b, const struct page *p, const char *title, int number);
void page_end(struct buf *b, const struct page *p, int number);
/* What the reader must see first. */
void page_note(struct buf *b, const char *text);
/* A page with results: wider, for tables. */
void page_begin_wide(struct buf *b, const char *title);
void page_end_wide(struct buf *b);
/* The style sheet of the pages for respondents: the only thing that a page is not alone
 * with, since it would be most of every page. Where it is depends on what it says. */
extern const char page_style_path[];
const char *page_style(size_t *ret_len);
/* The value of Content-Security-Policy that permits that style sheet, the results' own
 * and the script of these pages, and nothing else. */
void page_policy(struct buf *policy);

#endif
