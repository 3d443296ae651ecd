/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "net/url.h"
#include "pccs/qcnl.h"
#include "pccs/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qcnl qcnl;
	struct net_url url;
	if (qcnl_parse((struct bytes){ data, size }, &qcnl, FUZZ_ERR)) {
		(void)net_url_parse(qcnl.service, &url, FUZZ_ERR);
		(void)pccs_is_intels(qcnl.pck_service ? qcnl.pck_service : qcnl.service);
		qcnl_free(&qcnl);
	}
	return 0;
}
