/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/update.h"

#include "base/cleanup.h"
#include "manifest/document.h"

static bool is_full(const struct document *document)
{
	const struct strmap *sections[] = { &document->infrastructures, &document->marbles,
		&document->users, &document->recovery_keys, &document->roles, &document->secrets,
		&document->tls };
	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++) {
		if (sections[i]->count)
			return true;
	}
	return false;
}

bool manifest_update_read(struct bytes text, struct manifest_update *update, struct error *err)
{
	AUTO(document_free) struct document document = { 0 };
	*update = (struct manifest_update){ 0 };
	if (!document_decode(text, &document, err))
		return error_prefix(err, "unmarshaling manifest");
	update->is_full = is_full(&document);
	if (update->is_full &&
		(!document_check(&document, err) || !document_check_support(&document, err)))
		return error_prefix(err, "invalid manifest");
	update->packages = document.packages;
	document.packages = (struct strmap){ 0 };
	return true;
}

void manifest_update_free(struct manifest_update *update)
{
	strmap_free(&update->packages, document_package_free);
}

/* What is wrong with the update of one package; NULL if nothing is. */
static const char *find_fault(
	const struct package_properties *update, const struct package_properties *current)
{
	/* besides what the original refuses, what it does not know: it would be without effect */
	if (update->debug || update->unique_id || update->signer_id || update->has_product_id ||
		update->platform.minimum_tcb_evaluation_number ||
		update->platform.accepted_platform_count || package_properties_name_vm(update))
		return "update manifest contains unupdatable values";
	/* a VM has no SecurityVersion: with one demanded, all of them would be refused */
	if (package_properties_name_vm(current))
		return "update manifest updates a package of a confidential VM, which has no "
		       "SecurityVersion: submit a whole manifest with new values of MRTD and "
		       "RTMR0 to RTMR3 instead";
	if (!update->has_security_version)
		return "update manifest does not specify a SecurityVersion to update";
	if (current->has_security_version && update->security_version < current->security_version)
		return "update manifest tries to downgrade SecurityVersion of the original "
		       "manifest";
	return NULL;
}

bool manifest_update_check_packages(
	const struct strmap *packages, const struct strmap *current, struct error *err)
{
	const char *fault = packages->count ? NULL : "no packages defined";
	for (size_t i = 0; i < packages->count && !fault; i++) {
		const struct strmap_entry *entry = &packages->entries[i];
		fault = find_fault(entry->value, strmap_get(current, entry->name));
	}
	return !fault || error_set(err, ERROR_INVALID, "checking update manifest: %s", fault);
}
