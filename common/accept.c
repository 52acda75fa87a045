#include "accept.h"
#include <string.h>
#include <strings.h>

/* One element of the list: its value and its weight in thousandths. */
struct element {
	const char *value;
	size_t len;
	int weight;
};

/* The weight that follows the value, 1000 when there is none; broken ones count as 0. */
static int weight_of(const char *text, size_t len)
{
	const char *end = text + len;
	const char *q = memchr(text, ';', len);
	if (!q)
		return 1000;
	q++;
	while (q < end && (*q == ' ' || *q == '\t'))
		q++;
	if (end - q < 3 || (*q != 'q' && *q != 'Q') || q[1] != '=')
		return 0;
	int weight = q[2] == '1' ? 1000 : 0, scale = 100;
	if (end - q > 3 && q[3] == '.')
		for (q += 4; q < end && *q >= '0' && *q <= '9'; q++, scale /= 10)
			weight += (*q - '0') * scale;
	return weight > 1000 ? 1000 : weight;
}

/* Cuts the next element off; false at the end. */
static bool next(const char **list, struct element *ret_element)
{
	const char *at = *list + strspn(*list, ", \t");
	if (!*at)
		return false;
	size_t len = strcspn(at, ",");
	*ret_element = (struct element){ at, strcspn(at, ";, \t"), weight_of(at, len) };
	*list = at + len;
	return true;
}

bool accept_encoding(const char *header, const char *coding)
{
	struct element e;
	const char *list = header ? header : "";
	while (next(&list, &e))
		if (e.len == strlen(coding) && strncasecmp(e.value, coding, e.len) == 0)
			return e.weight > 0;
	return false;
}

int accept_language(const char *header, const char *const *offered, size_t count)
{
	struct element e;
	const char *list = header ? header : "";
	int best = -1, weight = 0;
	while (weight < 1000 && next(&list, &e)) {
		size_t len = e.len;
		for (size_t i = 0; i < len; i++)
			if (e.value[i] == '-')
				len = i;
		for (size_t i = 0; i < count; i++)
			if (e.weight > weight && strlen(offered[i]) == len &&
				strncasecmp(e.value, offered[i], len) == 0) {
				best = (int)i;
				weight = e.weight;
			}
	}
	return best;
}
