#include "multipart.h"
#include <string.h>
#include <strings.h>

enum { FIELDS = 64, BOUNDARY = 70 };

/* A part of the body, read from its beginning. */
struct span {
	const char *at, *end;
};

struct part {
	struct span name, file, content; /* at is NULL: there is none */
};

struct reader {
	struct arena *arena;
	struct span left;
	char delimiter[4 + BOUNDARY + 1]; /* a line's end, two dashes, the boundary */
	size_t delimiter_len;
	size_t text;
	const char *file_field;
	struct form form;
	struct multipart_file file;
};

static size_t length(struct span s)
{
	return (size_t)(s.end - s.at);
}

/* Takes the text off the beginning, in whichever case. */
static bool skip(struct span *s, const char *text)
{
	size_t len = strlen(text);
	if (length(*s) < len || strncasecmp(s->at, text, len) != 0)
		return false;
	s->at += len;
	return true;
}

static void skip_spaces(struct span *s)
{
	while (skip(s, " "))
		continue;
}

/* Takes what stands before `stop`, and that too. */
static bool take(struct span *s, const char *stop, size_t len, struct span *ret_before)
{
	const char *found = memmem(s->at, length(*s), stop, len);
	if (!found)
		return false;
	*ret_before = (struct span){ s->at, found };
	s->at = found + len;
	return true;
}

/* RFC 2046, 5.1.1, but for spaces. */
static bool is_boundary(struct span s)
{
	static const char marks[] = "'()+_,-./:=?";
	size_t len = length(s);
	for (; s.at < s.end; s.at++) {
		bool letter = (*s.at >= 'a' && *s.at <= 'z') ||
			      (*s.at >= 'A' && *s.at <= 'Z') ||
			      (*s.at >= '0' && *s.at <= '9');
		if (!letter && !memchr(marks, *s.at, sizeof marks - 1))
			return false;
	}
	return len > 0 && len <= BOUNDARY;
}

static bool find_boundary(const char *type, struct span *ret_boundary)
{
	struct span s = { type, type + strlen(type) };
	if (!skip(&s, "multipart/form-data"))
		return false;
	skip_spaces(&s);
	if (!skip(&s, ";"))
		return false;
	skip_spaces(&s);
	if (!skip(&s, "boundary="))
		return false;
	if (!skip(&s, "\""))
		*ret_boundary = s;
	else if (!take(&s, "\"", 1, ret_boundary) || s.at < s.end)
		return false;
	return is_boundary(*ret_boundary);
}

bool multipart_is(const char *type)
{
	struct span boundary;
	return find_boundary(type, &boundary);
}

/* Headers. */

static bool is_plain(struct span line)
{
	for (const char *p = line.at; p < line.end; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return form_is_utf8(line.at, length(line));
}

/* Browsers write the quotes of a name as %22, so the next quote ends it. */
static bool read_disposition(struct span line, struct part *p)
{
	skip_spaces(&line);
	if (!skip(&line, "form-data"))
		return false;
	while (skip(&line, ";")) {
		skip_spaces(&line);
		struct span *value = skip(&line, "name=\"")       ? &p->name
				     : skip(&line, "filename=\"") ? &p->file
								  : NULL;
		if (!value || value->at || !take(&line, "\"", 1, value))
			return false;
	}
	return line.at == line.end;
}

static bool read_headers(struct reader *r, struct part *p)
{
	struct span line;
	while (take(&r->left, "\r\n", 2, &line)) {
		if (line.at == line.end)
			return p->name.at && length(p->name) > 0;
		if (!is_plain(line))
			return false;
		if (skip(&line, "content-disposition:")) {
			if (!read_disposition(line, p))
				return false;
		} else if (!skip(&line, "content-type:")) {
			return false;
		}
	}
	return false;
}

/* Parts. */

static const char *clean_name(struct arena *a, struct span name)
{
	for (const char *p = name.at; p < name.end; p++)
		if (*p == '/' || *p == '\\')
			name.at = p + 1;
	const char *end = name.at;
	for (size_t characters = 0; end < name.end; end++) {
		bool begins = (*end & 0xc0) != 0x80;
		if (begins && characters++ == MULTIPART_NAME)
			break;
	}
	return arena_text(a, name.at, (size_t)(end - name.at));
}

static bool take_field(struct reader *r, const char *name, struct span value)
{
	size_t len = length(value);
	if (r->form.count == FIELDS || memchr(value.at, '\0', len) ||
		!form_is_utf8(value.at, len))
		return false;
	r->form.fields[r->form.count++] = (struct form_field){ .name = name,
		.value = arena_text(r->arena, value.at, len) };
	return true;
}

static bool take_file(struct reader *r, const char *name, const struct part *p)
{
	if (r->file_field)
		return false;
	r->file_field = name;
	/* What browsers send when no file was chosen. */
	if (length(p->file) == 0 && length(p->content) == 0)
		return true;
	r->file = (struct multipart_file){ clean_name(r->arena, p->file), p->content.at,
		length(p->content) };
	return true;
}

static bool take_part(struct reader *r, const struct part *p)
{
	r->text += length(p->name) + (p->file.at ? 0 : length(p->content));
	if (r->text > MULTIPART_TEXT)
		return false;
	const char *name = arena_text(r->arena, p->name.at, length(p->name));
	if (form_get(&r->form, name) ||
		(r->file_field && strcmp(r->file_field, name) == 0))
		return false;
	return p->file.at ? take_file(r, name, p) : take_field(r, name, p->content);
}

static bool read_all(struct reader *r)
{
	/* The first delimiter has no line before it that it could end. */
	struct span before;
	if (!take(&r->left, r->delimiter + 2, r->delimiter_len - 2, &before) ||
		length(before) > 0)
		return false;
	while (skip(&r->left, "\r\n")) {
		struct part p = { 0 };
		if (!read_headers(r, &p) ||
			!take(&r->left, r->delimiter, r->delimiter_len, &p.content) ||
			!take_part(r, &p))
			return false;
	}
	if (!skip(&r->left, "--"))
		return false;
	(void)skip(&r->left, "\r\n");
	return r->left.at == r->left.end;
}

enum err multipart_parse(struct arena *a, const char *type, const char *body, size_t len,
	struct form *ret_form, struct multipart_file *ret_file)
{
	struct reader r = { .arena = a, .left = { body, body + len } };
	struct span boundary;
	if (!find_boundary(type, &boundary))
		return ERR_INPUT;
	memcpy(r.delimiter, "\r\n--", 4);
	memcpy(r.delimiter + 4, boundary.at, length(boundary));
	r.delimiter_len = 4 + length(boundary);
	r.form.fields = arena_alloc(a, FIELDS * sizeof *r.form.fields);
	if (!read_all(&r))
		return ERR_INPUT;
	*ret_form = r.form;
	*ret_file = r.file;
	return OK;
}
