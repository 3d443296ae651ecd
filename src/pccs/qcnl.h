/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /etc/sgx_default_qcnl.conf, which tells Intel's libraries where collateral is served, in both of
 * its formats (spec dcap.md clause 3.5). What only concerns the making of quotes is left out.
 */
#ifndef PCCS_QCNL_H
#define PCCS_QCNL_H

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

#define QCNL_DEFAULT_PATH "/etc/sgx_default_qcnl.conf"
#define QCNL_MAX          65536 /* bytes of the file */

/* How a PCCS gives its CRLs. */
enum qcnl_api {
	QCNL_API_ANY,
	QCNL_API_3_0, /* in hex; the root's as rootcacrl */
	QCNL_API_3_1, /* in DER; the root's as crl?uri=… */
};

struct qcnl {
	char *service;     /* where collateral is, "https://…/"; owned */
	char *pck_service; /* where PCK certificates are; owned, NULL: there as well */
	bool is_secure;
	bool wants_early; /* TCB recovery data before everybody has had time to update */
	enum qcnl_api api;
	uint32_t retry_times;
	uint32_t retry_delay;  /* seconds; 0: one, and twice as long each time */
	uint32_t expire_hours; /* of what is cached; 0 where nothing is said */
};

#define QCNL_RETRY_TIMES_DEFAULT 1

/* ERROR_INVALID names the key. Free the result with qcnl_free. */
bool qcnl_parse(struct bytes text, struct qcnl *out, struct error *err);
void qcnl_free(struct qcnl *qcnl);

/* What a service has without a file that says more. `service` is copied. */
struct qcnl qcnl_of_service(const char *service);

#endif
