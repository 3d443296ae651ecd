/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/validity.h"

#include "base/clock.h"

#include <time.h>

static bool read_time(const ASN1_TIME *time, int64_t *seconds)
{
	struct tm parts;
	/* OpenSSL takes an absent time for the present */
	if (!time || ASN1_TIME_to_tm(time, &parts) != 1)
		return false;
	*seconds = (int64_t)timegm(&parts);
	return true;
}

bool validity_read(const ASN1_TIME *start, const ASN1_TIME *end, struct validity *out)
{
	return read_time(start, &out->start) && read_time(end, &out->end);
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
