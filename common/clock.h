/* Time. Only main and the loops call clock_now(); rules take what it gave as an argument.
 * Days and hours are those of Europe/Stockholm, set for the process by clock_init(). */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include "err.h"
#include <stdbool.h>
#include <stdint.h>

/* A calendar day as the number YYYYMMDD, so that days compare as numbers; 0 is no day. */
typedef int32_t day;

/* Sets the process's time zone; call it first thing in main. */
void clock_init(void);
/* Seconds since 1970, and milliseconds that only go forward. */
int64_t clock_now(void);
int64_t clock_ticks(void);
/* The day, and the minute of the day (0–1439), at that moment in Stockholm. */
day clock_day(int64_t now);
int clock_minute(int64_t now);

/* "2027-02-01"; ERR_INPUT for anything else and for days that do not exist. */
enum err day_parse(const char *text, day *ret_day);
/* Writes "2027-02-01". */
void day_format(day d, char out[static 11]);
/* Writes "1 februari 2027". */
void day_swedish(day d, char out[static 32]);
/* Full years from birth to on. */
int day_age(day birth, day on);
bool day_valid(int year, int month, int dom);
/* So many days later; days is 0 or more. */
day day_add(day d, long days);

#endif
