/* SPDX-License-Identifier: Apache-2.0 */
/* Verifiers with collateral from where the user says: one text, and what belongs to it. */
#ifndef PCCS_OPEN_H
#define PCCS_OPEN_H

#include "dcap/verify.h"
#include "pccs/service.h"

struct pccs_options {
	/*
	 * A folder, or the address of a service as https://host:8081/sgx/certification/v4/. NULL:
	 * `default_folder` if there is one, else the service in the file that QCNL_CONF_PATH names,
	 * by default /etc/sgx_default_qcnl.conf.
	 */
	const char *collateral;
	const char *default_folder; /* NULL for none */
	const char *ca_file;        /* PEM: who certifies the service; NULL: the system knows */
	const char *secure_cert;    /* TRUE or FALSE; NULL as the file says, or TRUE */
	const char *cache_folder;   /* of what a service sent; NULL for none */
	bool refreshes_in_background;
	const char *trust_root_file; /* of a simulated platform; NULL for Intel's */
};

/* The options may go after the call. ERROR_NOT_FOUND says what can be configured. */
struct dcap_verifier *pccs_verifier_new(const struct pccs_options *options, struct error *err);
/* The service that the options name, for who asks it directly; folders do not count. */
bool pccs_service_find(
	const struct pccs_options *options, struct pccs_service *service, struct error *err);
/* The source alone; NULL without an error for a folder, whose path is put into *folder. */
struct collateral_source *pccs_source_open(
	const struct pccs_options *options, const char **folder, struct error *err);

#endif
