/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the templates of one Marble see (spec manifest.md clause 4). Private secrets are made when a
 * template asks for them and kept, so that two templates see the same value.
 */
#ifndef COORDINATOR_MARBLE_DATA_H
#define COORDINATOR_MARBLE_DATA_H

#include "coordinator/deployment.h"
#include "manifest/template.h"

struct marble_data {
	const struct deployment *deployment;
	struct secret_binding binding;
	struct secret_binding previous_binding;
	int64_t now;
	bool is_hurried;   /* do not make what secret_takes_time, fail instead */
	bool was_too_slow; /* … which happened: another thread should try */
	struct secret *marble_cert;
	struct secret *seal_key;
	void *made;                /* tree of the secrets that were asked for */
	struct template_data view; /* for template_execute; points into this struct */
};

/*
 * `deployment` and the texts must outlive the data; `identity` is copied. `uuid` is canonical. A
 * Marble without secret binding passes "" as marble_type.
 */
void marble_data_init(struct marble_data *data, const struct deployment *deployment,
	const char *marble_type, const char *uuid, const struct marble_identity *identity,
	int64_t now);
/* Puts a value of our own in place of a stored one. */
void marble_data_replace(struct marble_data *data, const char *name, struct secret *value);
void marble_data_free(struct marble_data *data);

#endif
