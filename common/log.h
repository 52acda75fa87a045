/* One line a message on standard error, as `program: text`, with `warning: ` or `info: `
 * before the text of what is less than an error; no time (the journal has it), and by
 * rule no code, address, answer, name or number. */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

/* The name that begins every line; kept by reference. */
void log_program(const char *name);
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
