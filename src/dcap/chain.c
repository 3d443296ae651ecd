/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/chain.h"

#include "crypto/pem.h"
#include "dcap/text.h"

#include <string.h>

/* Takes one block; false at the end as well, with err->kind ERROR_NONE. */
static bool read_next(struct pem_reader *reader, struct chain *out, struct error *err)
{
	AUTO(buf_free) struct buf der = { 0 };
	char label[PEM_LABEL_MAX];
	if (!pem_next(reader, label, &der, err))
		return false;
	if (strcmp(label, "CERTIFICATE") != 0)
		return error_set(
			err, ERROR_INVALID, "a PEM block \"%s\" among certificates", label);
	if (out->count == CHAIN_LENGTH_MAX)
		return error_set(err, ERROR_INVALID, "more than %d certificates", CHAIN_LENGTH_MAX);
	if (!certificate_read(buf_bytes(&der), &out->certificates[out->count], err))
		return false;
	out->count++;
	return true;
}

bool chain_read(struct bytes pem, struct chain *out, struct error *err)
{
	*out = (struct chain){ 0 };
	pem = text_without_end(pem);
	struct pem_reader reader = pem_reader_of(pem.data, pem.size);
	struct error failure = { 0 };
	while (read_next(&reader, out, &failure))
		continue;
	if (!failure.kind && reader.foreign_text)
		error_set(&failure, ERROR_INVALID, "text outside of the PEM blocks");
	if (!failure.kind && !out->count)
		error_set(&failure, ERROR_INVALID, "no certificate in it");
	if (!failure.kind)
		return true;
	chain_free(out);
	return error_set(err, failure.kind, "%s", failure.message);
}

void chain_free(struct chain *chain)
{
	for (size_t i = 0; i < chain->count; i++)
		certificate_free(&chain->certificates[i]);
	chain->count = 0;
}

const struct certificate *chain_find(const struct chain *chain, enum certificate_role role)
{
	for (size_t i = 0; i < chain->count; i++) {
		if (chain->certificates[i].role == role)
			return &chain->certificates[i];
	}
	return NULL;
}

const struct certificate *chain_find_pck_ca(const struct chain *chain)
{
	const struct certificate *ca = chain_find(chain, CERTIFICATE_PLATFORM_CA);
	return ca ? ca : chain_find(chain, CERTIFICATE_PROCESSOR_CA);
}

bool chain_check_pck(const struct chain *chain, const struct anchor *anchor,
	const struct certificate **leaf, const struct certificate **ca, struct error *err)
{
	*leaf = chain_find(chain, CERTIFICATE_PCK);
	*ca = chain_find_pck_ca(chain);
	const struct certificate *root = chain_find(chain, CERTIFICATE_ROOT);
	/* three roles, and chain_read takes no more than three certificates */
	if (!*leaf || !*ca || !root)
		return error_set(err, ERROR_INVALID,
			"it is not made of one PCK certificate, one PCK CA and one root");
	return anchor_check_root(anchor, root, err) &&
	       certificate_check_issuer(*ca, &anchor->root, err) &&
	       certificate_check_issuer(*leaf, *ca, err);
}

bool chain_check_pck_issuers(const struct chain *chain, const struct anchor *anchor,
	const struct certificate **ca, struct error *err)
{
	*ca = chain_find_pck_ca(chain);
	const struct certificate *root = chain_find(chain, CERTIFICATE_ROOT);
	if (chain->count != 2 || !*ca || !root)
		return error_set(err, ERROR_INVALID, "it is not made of one PCK CA and one root");
	return anchor_check_root(anchor, root, err) &&
	       certificate_check_issuer(*ca, &anchor->root, err);
}

bool chain_check_signing(const struct chain *chain, const struct anchor *anchor,
	const struct certificate **signer, struct error *err)
{
	*signer = chain_find(chain, CERTIFICATE_TCB_SIGNING);
	const struct certificate *root = chain_find(chain, CERTIFICATE_ROOT);
	if (chain->count != 2 || !*signer || !root)
		return error_set(err, ERROR_INVALID,
			"it is not made of one TCB signing certificate and one root");
	return anchor_check_root(anchor, root, err) &&
	       certificate_check_issuer(*signer, &anchor->root, err);
}
