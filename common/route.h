/* Which row of a listener's routes takes a request: pure, internal to http.c. The rules
 * are in http.h. */
#ifndef COMMON_ROUTE_H
#define COMMON_ROUTE_H

#include "http.h"

enum { ROUTE_SEGMENTS = 6 }; /* at most in a route */

/* The bytes of the path that a {name} matched: from the first to before the other. */
struct route_span {
	size_t from;
	size_t to;
};

struct route_match {
	const struct http_route *row; /* NULL: no row takes it */
	bool same_path;               /* a row has this path, with whatever method */
	bool known_method;            /* a row has this method, with whatever path */
	size_t count;                 /* spans of the row */
	struct route_span spans[ROUTE_SEGMENTS];
};

/* Whether every row's path has at most ROUTE_SEGMENTS names. */
bool route_fits(const struct http_route *routes, size_t count);
/* The first row of that method and path. HEAD is looked up as GET. */
void route_find(const struct http_route *routes, size_t count, const char *method,
	const char *path, struct route_match *ret_match);
/* Adds the methods that the path has, or all when path is NULL, as an Allow header lists
 * them. */
void route_allow(const struct http_route *routes, size_t count, const char *path,
	struct buf *allow);

#endif
