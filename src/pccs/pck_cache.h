/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCK certificates that a service sent, for all users of a source. One thread fetches what several
 * ask for. What was good is asked for again after some minutes, as a service may have had the
 * certificate of another TCB level, and kept until it expires while the service is away. What
 * failed is not tried again at once. Bounded in memory and on disk: whoever sends quotes decides
 * what is asked for.
 */
#ifndef PCCS_PCK_CACHE_H
#define PCCS_PCK_CACHE_H

#include "dcap/collateral_source.h"
#include "pccs/service.h"

/* May be used by any number of threads at once. */
struct pck_cache;

/*
 * `service` and the file descriptor, which is readable when all waiting is to end, outlive it.
 * `folder` is where certificates are kept as well; NULL for nowhere.
 */
struct pck_cache *pck_cache_new(
	const struct pccs_service *service, const char *folder, const int *give_up);
/* Who asks for what is not there gets ERROR_UNAVAILABLE from now on. */
void pck_cache_give_up(struct pck_cache *cache);
void pck_cache_free(struct pck_cache *cache);

/* As put_pck of a source. */
bool pck_cache_put(struct pck_cache *cache, const struct pck_request *request, struct buf *pem,
	struct error *err);

#endif
