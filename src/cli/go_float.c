/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/go_float.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX 17 /* enough for any double */

/* Digits d1 d2 d3 … and exponent of the shortest d1.d2d3…e<exponent> that reads back the same. */
static int shortest_digits(double magnitude, char digits[DIGITS_MAX + 1])
{
	char text[DIGITS_MAX + 16];
	int precision = 0;
	do
		snprintf(text, sizeof(text), "%.*e", precision, magnitude);
	while (strtod(text, NULL) != magnitude && ++precision < DIGITS_MAX);
	digits[0] = text[0];
	memcpy(digits + 1, text + 2, (size_t)precision);
	digits[precision + 1] = 0;
	return (int)strtol(strchr(text, 'e') + 1, NULL, 10);
}

static void put_with_exponent(const char *digits, int exponent, struct buf *out)
{
	buf_put_u8(out, (uint8_t)digits[0]);
	if (digits[1])
		buf_printf(out, ".%s", digits + 1);
	buf_printf(out, exponent < 0 ? "e-%d" : "e+%d", abs(exponent));
}

static void put_plain(const char *digits, int exponent, struct buf *out)
{
	int count = (int)strlen(digits);
	if (exponent < 0)
		buf_printf(out, "0.%.*s%s", -exponent - 1, "00000", digits);
	else if (exponent < count - 1)
		buf_printf(out, "%.*s.%s", exponent + 1, digits, digits + exponent + 1);
	else
		buf_printf(out, "%s%.*s", digits, exponent + 1 - count, "00000000000000000000");
}

void go_float_put_json(double value, struct buf *out)
{
	char digits[DIGITS_MAX + 1];
	int exponent = shortest_digits(fabs(value), digits);
	if (signbit(value))
		buf_put_u8(out, '-');
	if (exponent < -6 || exponent >= 21)
		put_with_exponent(digits, exponent, out);
	else
		put_plain(digits, exponent, out);
}
