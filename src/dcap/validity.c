/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/validity.h"

#include "base/clock.h"

struct validity validity_common(struct validity a, struct validity b)
{
	return (struct validity){
		.start = a.start > b.start ? a.start : b.start,
		.end = a.end < b.end ? a.end : b.end,
	};
}

bool validity_check(const struct validity *validity, int64_t now, const char *what,
	const char *remedy, struct error *err)
{
	char date[CLOCK_TEXT_SIZE];
	if (now < validity->start) {
		clock_format_utc(date, validity->start);
		return error_set(err, ERROR_DENIED,
			"%s is not valid before %s: is the clock of this machine right?", what,
			date);
	}
	if (now > validity->end) {
		clock_format_utc(date, validity->end);
		return error_set(err, ERROR_DENIED, "%s expired at %s%s%s", what, date,
			remedy ? ": " : "", remedy ? remedy : "");
	}
	return true;
}
