/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/era.h"

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/memory.h"

#include <jansson.h>

#include <string.h>
#include <strings.h>

DEFINE_AUTO_FREE(auto_json, json_t *, json_decref)

/* As Go's decoder finds it: exactly this name, else one that differs in case only. */
static const json_t *json_member(const json_t *object, const char *name)
{
	const json_t *found = json_object_get(object, name);
	for (void *i = json_object_iter((json_t *)object); i && !found;
		i = json_object_iter_next((json_t *)object, i)) {
		if (!strcasecmp(json_object_iter_key(i), name))
			found = json_object_iter_value(i);
	}
	return found;
}

static bool parse_number(
	const json_t *config, const char *name, uint64_t max, uint64_t *out, struct error *err)
{
	const json_t *value = json_member(config, name);
	if (!value || json_is_null(value))
		return true;
	json_int_t number = json_integer_value(value);
	if (!json_is_integer(value) || number < 0 || (uint64_t)number > max)
		return error_set(err, ERROR_INVALID, "%s is no number from 0 to %llu", name,
			(unsigned long long)max);
	*out = (uint64_t)number;
	return true;
}

static bool parse_bool(const json_t *config, const char *name, bool *out, struct error *err)
{
	const json_t *value = json_member(config, name);
	if (value && !json_is_null(value) && !json_is_boolean(value))
		return error_set(err, ERROR_INVALID, "%s is neither true nor false", name);
	*out = json_is_true(value);
	return true;
}

/* An empty text is as good as none. */
static bool parse_id(const json_t *config, const char *name, bool *is_given,
	uint8_t out[SGX_HASH_SIZE], struct error *err)
{
	const json_t *value = json_member(config, name);
	const char *text = json_string_value(value);
	*is_given = text && *text;
	if (!value || json_is_null(value) || (text && !*text))
		return true;
	return (text && hex_decode_exact(out, SGX_HASH_SIZE, text)) ||
	       error_set(err, ERROR_INVALID, "%s is no text of %d hex digits", name,
		       2 * SGX_HASH_SIZE);
}

static bool parse_text(
	const json_t *config, const char *name, char out[ERA_TEXT_MAX], struct error *err)
{
	const json_t *value = json_member(config, name);
	if (!value || json_is_null(value))
		return true;
	size_t length = json_string_length(value);
	if (!json_is_string(value) || length >= ERA_TEXT_MAX)
		return error_set(err, ERROR_INVALID, "%s is no text of less than %d bytes", name,
			ERA_TEXT_MAX);
	memcpy(out, json_string_value(value), length);
	return true;
}

/* A list of texts, and what can be in it. */
struct list_member {
	const char *name;
	bool (*accepts)(const char *text); /* NULL: any */
	const char *refusal;
	const char *empty_refusal; /* one that accepts nothing would mean the opposite */
	char ***items;             /* owned */
	size_t *count;
};

static bool parse_list(const json_t *config, const struct list_member *member, struct error *err)
{
	const json_t *list = json_member(config, member->name);
	if (!list || json_is_null(list))
		return true;
	if (!json_is_array(list))
		return error_set(err, ERROR_INVALID, "%s is no list", member->name);
	if (!json_array_size(list))
		return error_set(
			err, ERROR_INVALID, "%s accepts %s", member->name, member->empty_refusal);
	*member->items = xcalloc(json_array_size(list), sizeof(**member->items));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));
		if (!text || (member->accepts && !member->accepts(text)))
			return error_set(err, ERROR_INVALID, "%s has \"%.64s\", which is no %s",
				member->name, text ? text : "", member->refusal);
		(*member->items)[(*member->count)++] = xstrdup(text);
	}
	return true;
}

static bool parse_platform(const json_t *config, struct platform_policy *out, struct error *err)
{
	const struct list_member members[] = {
		{ "AcceptedTCBStatuses", platform_policy_is_status,
			"TCB status that can be accepted",
			"no status: leave it out to accept SWHardeningNeeded beside UpToDate",
			&out->accepted_tcb_statuses, &out->accepted_tcb_status_count },
		{ "AcceptedAdvisories", NULL, "text", "no advisory: leave it out to accept all",
			&out->accepted_advisories, &out->accepted_advisory_count },
		{ "AcceptedPlatforms", platform_policy_is_platform_id,
			"PPID or platform instance ID of 32 hex digits",
			"no platform: leave it out to accept any", &out->accepted_platforms,
			&out->accepted_platform_count },
	};
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (!parse_list(config, &members[i], err))
			return false;
	}
	return parse_number(config, "MinimumTCBEvaluationDataNumber", UINT32_MAX,
		&out->minimum_tcb_evaluation_number, err);
}

static const char *const known_members[] = { "SecurityVersion", "UniqueID", "SignerID", "ProductID",
	"Debug", "InsecureSkipVerify", "AcceptedTCBStatuses", "AcceptedAdvisories",
	"AcceptedPlatforms", "MinimumTCBEvaluationDataNumber", "Nonce", "Collateral", "TrustRoot" };
#define KNOWN_MEMBERS (sizeof(known_members) / sizeof(known_members[0]))

static size_t find_known_member(const char *name)
{
	size_t i = 0;
	while (i < KNOWN_MEMBERS && strcasecmp(known_members[i], name) != 0)
		i++;
	return i;
}

/*
 * A misspelt member would silently mean less checking than its author wanted, and so would one of
 * two spellings.
 */
static bool check_names(const json_t *config, struct era *era, struct error *err)
{
	bool was_seen[KNOWN_MEMBERS + 1] = { 0 };
	for (void *i = json_object_iter((json_t *)config); i;
		i = json_object_iter_next((json_t *)config, i)) {
		const char *name = json_object_iter_key(i);
		size_t known = find_known_member(name);
		if (known < KNOWN_MEMBERS && was_seen[known])
			return error_set(err, ERROR_INVALID,
				"%s is given twice, in spellings that differ in case",
				known_members[known]);
		if (known == KNOWN_MEMBERS && !era->has_unknown)
			strncat(era->unknown, name, ERA_TEXT_MAX - 1);
		era->has_unknown = era->has_unknown || known == KNOWN_MEMBERS;
		was_seen[known] = true;
	}
	return true;
}

/* An empty one is as good as none. */
static bool has_nonce(const json_t *config)
{
	const json_t *nonce = json_member(config, "Nonce");
	const char *text = json_string_value(nonce);
	return nonce && !json_is_null(nonce) && !(text && !*text);
}

static json_t *read_json(struct bytes text, struct error *err)
{
	json_error_t reason;
	json_t *value = json_loadb(text.size ? text.data : "", text.size,
		JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &reason);
	if (!value)
		error_set(err, ERROR_INVALID, "line %d, column %d: %s", reason.line, reason.column,
			reason.text);
	return value;
}

bool era_parse(struct bytes text, struct era *era, struct error *err)
{
	AUTO(auto_json) json_t *config = read_json(text, err);
	bool skip = false;
	uint64_t product_id = 0;
	*era = (struct era){ 0 };
	if (!config)
		return false;
	if (!json_is_object(config))
		return error_set(err, ERROR_INVALID, "it is no JSON object");
	bool valid =
		check_names(config, era, err) &&
		parse_number(config, "SecurityVersion", INT64_MAX, &era->security_version, err) &&
		parse_number(config, "ProductID", UINT16_MAX, &product_id, err) &&
		parse_bool(config, "Debug", &era->debug, err) &&
		parse_id(config, "UniqueID", &era->has_unique_id, era->unique_id, err) &&
		parse_id(config, "SignerID", &era->has_signer_id, era->signer_id, err) &&
		parse_text(config, "Collateral", era->collateral, err) &&
		parse_text(config, "TrustRoot", era->trust_root, err) &&
		parse_platform(config, &era->platform, err) &&
		parse_bool(config, "InsecureSkipVerify", &skip, err);
	if (!valid)
		return false;
	era->product_id = (uint16_t)product_id;
	/* a file that lies around must not switch verification off */
	if (skip)
		return error_set(err, ERROR_DENIED,
			"InsecureSkipVerify is not taken from a file: use the flag --insecure");
	era->has_nonce = has_nonce(config);
	return true;
}

void era_free(struct era *era)
{
	platform_policy_free(&era->platform);
	*era = (struct era){ 0 };
}

bool era_names_enclave(const struct era *era)
{
	return era->has_unique_id || era->has_signer_id;
}

static bool check_id(const char *name, const char *register_name, bool is_wanted,
	const uint8_t wanted[SGX_HASH_SIZE], const uint8_t reported[SGX_HASH_SIZE],
	struct error *err)
{
	char wanted_text[2 * SGX_HASH_SIZE + 1];
	char reported_text[2 * SGX_HASH_SIZE + 1];
	if (!is_wanted || !memcmp(wanted, reported, SGX_HASH_SIZE))
		return true;
	hex_format(wanted_text, wanted, SGX_HASH_SIZE);
	hex_format(reported_text, reported, SGX_HASH_SIZE);
	return error_set(err, ERROR_DENIED,
		"invalid %s: the era config expects %s %s, the Coordinator has %s", name,
		register_name, wanted_text, reported_text);
}

static bool check_versions(
	const struct era *era, const struct sgx_report_body *report, struct error *err)
{
	if (!era->has_unique_id && !era->security_version)
		return error_set(err, ERROR_DENIED,
			"missing SecurityVersion in config: it is required without UniqueID");
	if (!era->has_unique_id && !era->product_id)
		return error_set(err, ERROR_DENIED,
			"missing ProductID in config: it is required without UniqueID");
	if (report->isv_svn < era->security_version)
		return error_set(err, ERROR_DENIED,
			"invalid SecurityVersion: the era config expects at least %llu, the Coordinator has %u",
			(unsigned long long)era->security_version, report->isv_svn);
	if (era->product_id && report->isv_prod_id != era->product_id)
		return error_set(err, ERROR_DENIED,
			"invalid ProductID: the era config expects %u, the Coordinator has %u",
			era->product_id, report->isv_prod_id);
	return true;
}

bool era_check(const struct era *era, const struct sgx_report_body *report, struct error *err)
{
	if (!check_versions(era, report, err))
		return false;
	if ((report->attributes.flags & SGX_FLAG_DEBUG) && !era->debug)
		return error_set(err, ERROR_DENIED,
			"debug enclave not allowed: its memory can be read; accept it with "
			"\"Debug\": true in the era config if this is a test");
	return check_id("UniqueID", "MRENCLAVE", era->has_unique_id, era->unique_id,
		       report->mr_enclave, err) &&
	       check_id("SignerID", "MRSIGNER", era->has_signer_id, era->signer_id,
		       report->mr_signer, err);
}

bool era_check_platform(const struct era *era, const struct dcap_result *result, struct error *err)
{
	struct error reason = { 0 };
	if (platform_policy_check_tcb(&era->platform, result, &reason))
		return platform_policy_check_machine(&era->platform, result, err);
	return error_set(err, reason.kind,
		"%s: update the Coordinator's machine, or accept this with AcceptedTCBStatuses or "
		"AcceptedAdvisories in the era config",
		reason.message);
}
