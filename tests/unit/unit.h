/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes first: cmocka and the headers it needs in front of it. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Fails the test with the message of err unless condition holds. */
#define assert_success(condition, err)                                                             \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail_msg("%s: %s", #condition, (err).message);                             \
	} while (0)

/* The call failed with this kind and a message that contains text. */
#define assert_failure(condition, err, expected_kind, text)                                        \
	do {                                                                                       \
		if (condition)                                                                     \
			fail_msg("%s succeeded", #condition);                                      \
		if ((err).kind != (expected_kind) || !strstr((err).message, text))                 \
			fail_msg("kind %d, \"%s\" instead of %d, \"%s\"", (int)(err).kind,         \
				(err).message, (int)(expected_kind), text);                        \
	} while (0)

#endif
