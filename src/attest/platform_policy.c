/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/platform_policy.h"

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void free_list(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

void platform_policy_free(struct platform_policy *policy)
{
	free_list(policy->accepted_tcb_statuses, policy->accepted_tcb_status_count);
	free_list(policy->accepted_advisories, policy->accepted_advisory_count);
	free_list(policy->accepted_platforms, policy->accepted_platform_count);
	*policy = (struct platform_policy){ 0 };
}

static void put_list(struct buf *out, char *const *list, size_t count)
{
	buf_put_text(out, "[");
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%s", i ? " " : "", list[i]);
	buf_put_text(out, "]");
}

static void put_named_list(struct buf *out, const char *name, char *const *list, size_t count)
{
	if (!count)
		return;
	buf_printf(out, ", %s: ", name);
	put_list(out, list, count);
}

void platform_policy_put_text(const struct platform_policy *policy, struct buf *out)
{
	put_named_list(out, "AcceptedTCBStatuses", policy->accepted_tcb_statuses,
		policy->accepted_tcb_status_count);
	put_named_list(out, "AcceptedAdvisories", policy->accepted_advisories,
		policy->accepted_advisory_count);
	if (policy->minimum_tcb_evaluation_number)
		buf_printf(out, ", MinimumTCBEvaluationDataNumber: %" PRIu64,
			policy->minimum_tcb_evaluation_number);
	put_named_list(out, "AcceptedPlatforms", policy->accepted_platforms,
		policy->accepted_platform_count);
}

static bool accepts_status(const struct platform_policy *policy, const char *status)
{
	for (size_t i = 0; i < policy->accepted_tcb_status_count; i++) {
		if (!strcmp(policy->accepted_tcb_statuses[i], status))
			return true;
	}
	return policy->accepted_tcb_status_count == 0 &&
	       !strcmp(status, tcb_status_name(TCB_SW_HARDENING_NEEDED));
}

static bool list_has(char *const *list, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcasecmp(list[i], text))
			return true;
	}
	return false;
}

static bool check_advisories(
	const struct platform_policy *policy, const struct dcap_result *result, struct error *err)
{
	if (!policy->accepted_advisory_count)
		return true;
	/* as in TCB info of version 2, while there is what software has to be hardened for */
	if (!result->advisory_count)
		return error_set(err, ERROR_DENIED,
			"accepted advisory list not empty but report did not contain a valid "
			"advisory list: the TCB info names none");
	AUTO(auto_free) char **refused = xcalloc(result->advisory_count, sizeof(*refused));
	size_t count = 0;
	for (size_t i = 0; i < result->advisory_count; i++) {
		if (!list_has(policy->accepted_advisories, policy->accepted_advisory_count,
			    result->advisories[i]))
			refused[count++] = result->advisories[i];
	}
	if (!count)
		return true;
	AUTO(buf_free) struct buf list = { 0 };
	put_list(&list, refused, count);
	return error_set(err, ERROR_DENIED,
		"TCB status %s contains advisories not accepted by configuration: %s",
		tcb_status_name(result->status), buf_text(&list));
}

bool platform_policy_check_tcb(
	const struct platform_policy *policy, const struct dcap_result *result, struct error *err)
{
	const char *status = tcb_status_name(result->status);
	if (result->status == TCB_UP_TO_DATE)
		return true;
	if (!accepts_status(policy, status))
		return error_set(err, ERROR_DENIED, "TCB level invalid: %s", status);
	return result->status != TCB_SW_HARDENING_NEEDED || check_advisories(policy, result, err);
}

/* NULL for the one that is accepted by no configuration. */
static const char *acceptable_status(int status)
{
	return status == TCB_REVOKED ? NULL : tcb_status_name((enum tcb_status)status);
}

bool platform_policy_is_status(const char *text)
{
	for (int i = 0; i < TCB_STATUSES; i++) {
		const char *name = acceptable_status(i);
		if (name && !strcmp(text, name))
			return true;
	}
	return false;
}

void platform_policy_put_statuses(struct buf *out)
{
	for (int i = 0; i < TCB_STATUSES; i++) {
		const char *name = acceptable_status(i);
		if (name)
			buf_printf(out, "%s%s", i ? ", " : "", name);
	}
}

static bool check_evaluation_number(
	const struct platform_policy *policy, const struct dcap_result *result, struct error *err)
{
	return result->tcb_evaluation_number >= policy->minimum_tcb_evaluation_number ||
	       error_set(err, ERROR_DENIED,
		       "the collateral has TCB evaluation data number %" PRIu32
		       ", at least %" PRIu64
		       " is demanded: get newer collateral, as with 'marblerun collateral fetch'",
		       result->tcb_evaluation_number, policy->minimum_tcb_evaluation_number);
}

bool platform_policy_is_platform_id(const char *text)
{
	uint8_t id[PCK_PLATFORM_ID_SIZE];
	return hex_decode_exact(id, sizeof(id), text);
}

static bool accepts_platform(const struct platform_policy *policy, const char *id)
{
	return list_has(policy->accepted_platforms, policy->accepted_platform_count, id);
}

static bool check_platform(
	const struct platform_policy *policy, const struct dcap_result *result, struct error *err)
{
	char ppid[2 * PCK_PLATFORM_ID_SIZE + 1];
	char instance_id[2 * PCK_PLATFORM_ID_SIZE + 1];
	hex_format(ppid, result->ppid, PCK_PLATFORM_ID_SIZE);
	hex_format(instance_id, result->instance_id, PCK_PLATFORM_ID_SIZE);
	if (!policy->accepted_platform_count || accepts_platform(policy, ppid) ||
		(result->has_instance_id && accepts_platform(policy, instance_id)))
		return true;
	return error_set(err, ERROR_DENIED,
		"the platform with PPID %s%s%s is none of those accepted: add it to them if you "
		"know this machine",
		ppid, result->has_instance_id ? " and platform instance ID " : "",
		result->has_instance_id ? instance_id : "");
}

bool platform_policy_check_machine(
	const struct platform_policy *policy, const struct dcap_result *result, struct error *err)
{
	return check_evaluation_number(policy, result, err) && check_platform(policy, result, err);
}
