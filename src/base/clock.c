/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

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

static bool is_same_time(const struct tm *a, const struct tm *b)
{
	return a->tm_year == b->tm_year && a->tm_mon == b->tm_mon && a->tm_mday == b->tm_mday &&
	       a->tm_hour == b->tm_hour && a->tm_min == b->tm_min && a->tm_sec == b->tm_sec;
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
	const struct tm parts = {
		.tm_year = number(text, 4) - 1900,
		.tm_mon = number(text + 5, 2) - 1,
		.tm_mday = number(text + 8, 2),
		.tm_hour = number(text + 11, 2),
		.tm_min = number(text + 14, 2),
		.tm_sec = number(text + 17, 2),
	};
	struct tm carried = parts;
	int64_t value = (int64_t)timegm(&carried);
	/* timegm carries 30 February over into March: a date that exists stays as it is */
	if (!is_same_time(&carried, &parts))
		return false;
	*seconds = value;
	return true;
}
