/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The template language of Files and Env: Go's text/template as far as manifests use it (spec
 * manifest.md clauses 4 and 5). A template is parsed when the manifest is set and executed for
 * every activation; parsed ones are immutable and shared between threads.
 *
 * Results and messages are those of Go, but for this: what Go prints as a dump of internal
 * structures (a whole secret) or as %!d(string=…) is an error, and `index .Secrets` of an unknown
 * name gives no value instead of an empty secret.
 */
#ifndef MANIFEST_TEMPLATE_H
#define MANIFEST_TEMPLATE_H

#include "base/buf.h"
#include "base/error.h"
#include "base/strmap.h"
#include "manifest/secret.h"

struct template;

enum template_use { TEMPLATE_FOR_FILE, TEMPLATE_FOR_ENV };

#define TEMPLATE_OUTPUT_MAX (4 << 20) /* bytes of one result: a gRPC message takes no more */

/*
 * NULL with ERROR_INVALID "template: data:<line>: …". Templates within templates (define, template,
 * block) are refused with ERROR_UNSUPPORTED.
 */
struct template *template_parse(struct bytes text, enum template_use use, struct error *err);
void template_free(struct template *template);

/*
 * What a template sees. Members of .MarbleRun (and .Marblerun) that are NULL do not exist. Secrets
 * are asked for by name when a template uses them, so that none is derived in vain: *secret stays
 * NULL for a name that the manifest does not have; false means that the secret could not be made.
 */
struct template_data {
	const struct secret *root_ca;
	const struct secret *marble_cert;
	const struct secret *seal_key;
	const struct secret *coordinator_root;
	const struct secret *coordinator_intermediate;
	const struct strmap *secrets; /* whose names are those of all secrets; NULL for none */
	/* `previous`: of .Previous.Secrets */
	bool (*find_secret)(void *context, const char *name, bool previous,
		const struct secret **secret, struct error *err);
	void *context;
};

/* Appends the result. ERROR_INVALID "template: data:<line>:<col>: executing …". */
bool template_execute(const struct template *template, const struct template_data *data,
	struct buf *out, struct error *err);

#endif
