/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define EPOCH 1970

int64_t clock_now(void)
{
	return (int64_t)time(NULL);
}

int64_t clock_steady(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void clock_format_utc(char out[CLOCK_TEXT_SIZE], int64_t seconds)
{
	time_t when = (time_t)seconds;
	struct tm parts;
	if (!gmtime_r(&when, &parts) ||
		!strftime(out, CLOCK_TEXT_SIZE, "%04Y-%m-%dT%H:%M:%SZ", &parts))
		snprintf(out, CLOCK_TEXT_SIZE, "0000-00-00T00:00:00Z");
}

static bool is_digit_or(char expected, char c)
{
	return expected == '0' ? c >= '0' && c <= '9' : c == expected;
}

static int number(const char *digits, int count)
{
	int value = 0;
	for (int i = 0; i < count; i++)
		value = value * 10 + (digits[i] - '0');
	return value;
}

static bool is_leap_year(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_of_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

/* Days from the begin of the year 0 to that of this one. */
static int64_t days_before(int year)
{
	/* as the year 0 was a leap year, the one before counts */
	int last = year - 1;
	return year ? INT64_C(365) * year + last / 4 - last / 100 + last / 400 + 1 : 0;
}

bool clock_parse_utc(const char *text, int64_t *seconds)
{
	static const char form[] = "0000-00-00T00:00:00Z";
	if (strlen(text) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; form[i]; i++) {
		if (!is_digit_or(form[i], text[i]))
			return false;
	}
	int year = number(text, 4);
	int month = number(text + 5, 2);
	int day = number(text + 8, 2);
	int hour = number(text + 11, 2);
	int minute = number(text + 14, 2);
	int second = number(text + 17, 2);
	if (month < 1 || month > 12 || day < 1 || day > days_of_month(year, month) || hour > 23 ||
		minute > 59 || second > 59)
		return false;
	int64_t days = days_before(year) - days_before(EPOCH) + day - 1;
	for (int before = 1; before < month; before++)
		days += days_of_month(year, before);
	*seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
	return true;
}
