/* Pictures of a questionnaire: SVG drawings that stand in the page itself, so that they
 * take the page's colours and no request is made for them. Only shapes are let through;
 * what could load, run or write something is refused, not repaired. */
#ifndef SURVEY_PICTURE_H
#define SURVEY_PICTURE_H

#include "common/buf.h"
#include "common/err.h"
#include <stddef.h>

/* Reads the bytes of an SVG file into markup for an HTML page, hidden from screen readers
 * since text stands beside. It lives in the arena. Elements: svg, g, path, circle,
 * ellipse, rect, line, polyline, polygon (https://www.w3.org/TR/SVG11/). ERR_INPUT with
 * line and reason in why. */
enum err picture_read(struct arena *a, const char *svg, size_t len,
	const char **ret_markup, struct why *why);
/* Adds markup that picture_read() made: HTML that is neither a literal nor escaped gets
 * into a page here only. */
void picture_draw(struct buf *b, const char *markup);

#endif
