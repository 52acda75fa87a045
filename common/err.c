#include "err.h"
#include <stdarg.h>
#include <stdio.h>

enum err err_why(struct why *why, enum err e, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(why->text, sizeof why->text, format, args);
	va_end(args);
	return e;
}

const char *err_text(enum err e)
{
	switch (e) {
	case OK:
		return "fine";
	case ERR_INPUT:
		return "not well-formed";
	case ERR_NOT_FOUND:
		return "not found";
	case ERR_CONFLICT:
		return "in conflict with what is there";
	case ERR_FULL:
		return "no room on the disk";
	case ERR_IO:
		return "the system refused";
	case ERR_CRYPTO:
		return "a key does not fit or data were changed";
	}
	return "unknown";
}
