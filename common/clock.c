#include "clock.h"
#include "log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct tm local(int64_t now)
{
	time_t t = (time_t)now;
	struct tm tm = { 0 };
	(void)localtime_r(&t, &tm);
	return tm;
}

/* Without its zone file the C library falls back to UTC and says nothing: quiet hours
 * would be wrong by one hour or two. */
void clock_init(void)
{
	const int64_t winter = 1798761600; /* 2027-01-01 00:00 UTC */
	const int64_t summer = 1814400000; /* 2027-07-01 00:00 UTC */
	int failed = setenv("TZ", "Europe/Stockholm", 1);
	tzset();
	if (failed || clock_minute(winter) != 60 || clock_minute(summer) != 120) {
		log_error(
			"clock: the time zone Europe/Stockholm is missing: install the package tzdata");
		exit(1);
	}
}

int64_t clock_now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec;
}

int64_t clock_ticks(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

day clock_day(int64_t now)
{
	struct tm tm = local(now);
	return (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
}

int clock_minute(int64_t now)
{
	struct tm tm = local(now);
	return tm.tm_hour * 60 + tm.tm_min;
}

static bool leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	return month == 2 && leap(year) ? 29 : days[month - 1];
}

bool day_valid(int year, int month, int dom)
{
	return year >= 1 && year <= 9999 && month >= 1 && month <= 12 && dom >= 1 &&
	       dom <= month_days(year, month);
}

static int number(const char *digits, int count)
{
	int n = 0;
	for (int i = 0; i < count; i++)
		n = n * 10 + digits[i] - '0';
	return n;
}

enum err day_parse(const char *text, day *ret_day)
{
	static const char shape[] = "0000-00-00";
	if (strlen(text) != sizeof shape - 1)
		return ERR_INPUT;
	for (size_t i = 0; shape[i]; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';
		if (shape[i] == '-' ? text[i] != '-' : !digit)
			return ERR_INPUT;
	}
	int year = number(text, 4);
	int month = number(text + 5, 2);
	int dom = number(text + 8, 2);
	if (!day_valid(year, month, dom))
		return ERR_INPUT;
	*ret_day = year * 10000 + month * 100 + dom;
	return OK;
}

void day_format(day d, char out[static 11])
{
	char text[32];
	(void)snprintf(
		text, sizeof text, "%04d-%02d-%02d", d / 10000, d / 100 % 100, d % 100);
	memcpy(out, text, 10);
	out[10] = '\0';
}

void day_swedish(day d, char out[static 32])
{
	static const char *const months[] = { "", "januari", "februari", "mars", "april",
		"maj", "juni", "juli", "augusti", "september", "oktober", "november",
		"december" };
	int month = d / 100 % 100;
	(void)snprintf(out, 32, "%d %s %d", d % 100,
		month >= 1 && month <= 12 ? months[month] : "", d / 10000);
}

/* Who was born on 29 February is a year older on the last of that month: lag (1930:173)
 * om beräkning av lagstadgad tid, 1 §. */
int day_age(day birth, day on)
{
	int anniversary = birth % 10000;
	if (anniversary == 229 && !leap(on / 10000))
		anniversary = 228;
	return on / 10000 - birth / 10000 - (on % 10000 < anniversary);
}

day day_add(day d, long days)
{
	int year = d / 10000;
	int month = d / 100 % 100;
	int dom = d % 100;
	for (; days > 0; days--)
		if (++dom > month_days(year, month)) {
			dom = 1;
			month = month % 12 + 1;
			year += month == 1;
		}
	return year * 10000 + month * 100 + dom;
}
