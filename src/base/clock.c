/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t clock_now(void)
{
	return (int64_t)time(NULL);
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

bool clock_parse_utc(const char *text, int64_t *seconds)
{
	static const char form[] = "0000-00-00T00:00:00Z";
	if (strlen(text) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; form[i]; i++) {
		if (!is_digit_or(form[i], text[i]))
			return false;
	}
	struct tm parts = {
		.tm_year = number(text, 4) - 1900,
		.tm_mon = number(text + 5, 2) - 1,
		.tm_mday = number(text + 8, 2),
		.tm_hour = number(text + 11, 2),
		.tm_min = number(text + 14, 2),
		.tm_sec = number(text + 17, 2),
	};
	int64_t value = (int64_t)timegm(&parts);
	/* timegm carries 30 February over into March: only an existing date survives the way back
	 */
	char again[CLOCK_TEXT_SIZE];
	clock_format_utc(again, value);
	if (strcmp(again, text))
		return false;
	*seconds = value;
	return true;
}
