#include "log.h"
#include <stdarg.h>
#include <stdio.h>

static const char *program = "brukarenkat";

void log_program(const char *name)
{
	program = name;
}

/* One write a line, so that lines of several threads do not mix. */
static void line(const char *level, const char *format, va_list args)
{
	char text[1024];
	(void)vsnprintf(text, sizeof text, format, args);
	fprintf(stderr, "%s: %s%s\n", program, level, text);
}

void log_error(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	line("", format, args);
	va_end(args);
}

void log_warning(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	line("warning: ", format, args);
	va_end(args);
}

void log_info(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	line("info: ", format, args);
	va_end(args);
}
