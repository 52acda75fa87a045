/* What can go wrong, and the words for it. Shared code is silent: it returns an error
 * and, where a person must act on it, fills in a reason; the caller says it once. */
#ifndef COMMON_ERR_H
#define COMMON_ERR_H

enum err {
	OK = 0,
	ERR_INPUT,     /* what came in is not well-formed; nothing was changed */
	ERR_NOT_FOUND, /* no such thing */
	ERR_CONFLICT,  /* well-formed, but against what is already there */
	ERR_FULL,      /* no room on the disk; nothing was stored, try again later */
	ERR_IO,        /* the system refused; nothing was stored */
	ERR_CRYPTO,    /* a key does not fit, or what it opens was changed */
};

/* A reason in words for a person, always terminated, empty when there is none. */
struct why {
	char text[512];
};

/* Writes the reason (cut at the end when too long) and returns e, so that a failure is
 * one line. */
enum err err_why(struct why *why, enum err e, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The error in a few English words; never NULL. */
const char *err_text(enum err e);

#endif
