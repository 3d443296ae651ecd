/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of the verifier say about a whole platform. Include after unit.h. */
#ifndef TESTS_DCAP_ASSERT_H
#define TESTS_DCAP_ASSERT_H

#include "dcap_pki.h"

/* A test whose *state is a platform (struct pki) that is good and written to its folder. */
#define test_with_pki(test) cmocka_unit_test_setup_teardown(test, pki_setup, pki_teardown)
int pki_setup(void **state);
int pki_teardown(void **state);

/* pki_verify succeeds with this status; fails with this kind and a message that contains text. */
void assert_pki_status(const struct pki *pki, enum tcb_status expected);
void assert_pki_refused(const struct pki *pki, enum error_kind kind, const char *text);

#endif
