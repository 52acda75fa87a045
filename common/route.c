#include "route.h"
#include <string.h>

bool route_fits(const struct http_route *routes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t names = 0;
		for (const char *p = routes[i].path; *p; p++)
			names += *p == '{';
		if (names > ROUTE_SEGMENTS)
			return false;
	}
	return true;
}

/* ret_spans holds ROUTE_SEGMENTS places. */
static bool matches(const char *pattern, const char *path, struct route_span *ret_spans,
	size_t *ret_count)
{
	const char *at = path;
	size_t count = 0;
	while (*pattern) {
		if (*pattern != '{') {
			if (*pattern++ != *at++)
				return false;
			continue;
		}
		size_t len = strcspn(at, "/");
		if (len == 0)
			return false;
		size_t from = (size_t)(at - path);
		ret_spans[count++] = (struct route_span){ from, from + len };
		at += len;
		pattern = strchr(pattern, '}') + 1;
	}
	*ret_count = count;
	return *at == '\0';
}

void route_find(const struct http_route *routes, size_t count, const char *method,
	const char *path, struct route_match *ret_match)
{
	const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
	ret_match->row = NULL;
	ret_match->same_path = false;
	ret_match->known_method = false;
	for (size_t i = 0; i < count; i++) {
		bool same_method = strcmp(routes[i].method, wanted) == 0;
		ret_match->known_method |= same_method;
		if (!matches(routes[i].path, path, ret_match->spans, &ret_match->count))
			continue;
		ret_match->same_path = true;
		if (!same_method)
			continue;
		ret_match->row = &routes[i];
		return;
	}
}

void route_allow(const struct http_route *routes, size_t count, const char *path,
	struct buf *allow)
{
	struct route_span spans[ROUTE_SEGMENTS];
	size_t names;
	for (size_t i = 0; i < count; i++) {
		const char *method = routes[i].method;
		if (path && !matches(routes[i].path, path, spans, &names))
			continue;
		if (strstr(buf_string(allow), method))
			continue;
		buf_text(allow, allow->len ? ", " : "");
		buf_text(allow, method);
		if (strcmp(method, "GET") == 0)
			buf_text(allow, ", HEAD");
	}
}
