/* SPDX-License-Identifier: Apache-2.0 */
/* The two `quote` commands: what a quote in a file says, and whether it is to be believed. */
#include "attest/platform_policy.h"
#include "attest/report_header.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/memory.h"
#include "base/number.h"
#include "cli/command.h"
#include "cli/era_file.h"
#include "cli/output.h"
#include "cli/quote_document.h"
#include "cli/quote_expectation.h"
#include "pccs/open.h"

#include <stdio.h>
#include <string.h>

#define FILE_MAX (SGX_QUOTE_MAX + REPORT_HEADER_SIZE)

DEFINE_AUTO_FREE(auto_verifier, struct dcap_verifier *, dcap_verifier_free)

/* A quote in a file, with or without the Open Enclave header. */
struct quote_file {
	struct buf content;
	struct bytes bytes; /* the quote */
};

static void quote_file_free(struct quote_file *file)
{
	buf_free(&file->content);
}

static bool quote_file_read(const char *path, struct quote_file *file, struct error *err)
{
	if (!file_read(path, FILE_MAX, &file->content, err))
		return false;
	return report_header_strip_if_any(buf_bytes(&file->content), &file->bytes, err) ||
	       error_prefix(err, "%s", path);
}

bool cmd_quote_show(const struct invocation *invocation, struct error *err)
{
	AUTO(quote_file_free) struct quote_file file = { 0 };
	AUTO(buf_free) struct buf text = { 0 };
	struct sgx_quote quote;
	if (!quote_file_read(invocation->arguments[0], &file, err))
		return false;
	if (!sgx_quote_parse(file.bytes, &quote, err))
		return error_prefix(err, "%s", invocation->arguments[0]);
	AUTO(auto_json) json_t *document = quote_document(&quote, file.bytes.size);
	if (output_is_json(&invocation->options))
		return output_json(document, err);
	quote_document_put_text(document, &text);
	fputs(buf_text(&text), stdout);
	return true;
}

/* One verification and what came of it. */
struct verdict {
	int64_t time;
	struct dcap_result result;
	json_t *checks;
	struct error refusal; /* the first check that failed; kind ERROR_NONE: none did */
};

static void verdict_free(struct verdict *verdict)
{
	dcap_result_free(&verdict->result);
	json_decref(verdict->checks);
}

/* `passed` is null for a check that was not reached. */
static void add_check(struct verdict *verdict, const char *statement, json_t *passed)
{
	json_t *check = json_pack("{ss so}", "statement", statement, "passed", passed);
	if (json_is_false(passed))
		json_object_set_new(check, "reason", json_string(verdict->refusal.message));
	json_array_append_new(verdict->checks, check);
}

static void add_steps(struct verdict *verdict)
{
	for (int i = 0; i < DCAP_STEPS; i++) {
		enum dcap_step step = (enum dcap_step)i;
		enum dcap_step reached = verdict->result.step;
		add_check(verdict, dcap_step_statement(step),
			step == reached  ? json_false()
			: step < reached ? json_true()
					 : json_null());
	}
}

/* Whom the user accepts. */
struct demands {
	struct platform_policy policy; /* its lists stay with the options */
	bool has_era;
	struct era era;
	struct quote_expectation expected[QUOTE_EXPECTATIONS];
	bool may_debug;
};

static void demands_free(struct demands *demands)
{
	era_free(&demands->era);
}

static bool read_policy(
	const struct options *options, struct platform_policy *policy, struct error *err)
{
	const char *number = options->minimum_evaluation_number;
	unsigned long minimum = 0;
	if (number && !number_parse(number, UINT32_MAX, &minimum))
		return options_refuse("minimum-evaluation-number", number,
			"it is no number from 0 to 4294967295", err);
	*policy = (struct platform_policy){
		.accepted_tcb_statuses = options->accepted_tcb_statuses.items,
		.accepted_tcb_status_count = options->accepted_tcb_statuses.count,
		.accepted_advisories = options->accepted_advisories.items,
		.accepted_advisory_count = options->accepted_advisories.count,
		.minimum_tcb_evaluation_number = minimum,
		.accepted_platforms = options->accepted_platforms.items,
		.accepted_platform_count = options->accepted_platforms.count,
	};
	return true;
}

static bool read_demands(const struct options *options, struct demands *out, struct error *err)
{
	out->has_era = options->era_config;
	if (!read_policy(options, &out->policy, err) ||
		!quote_expectations_read(options, out->expected, err) ||
		(out->has_era && !era_file_read(options, &out->era, err)))
		return false;
	out->may_debug = options->debug || out->era.debug;
	return true;
}

/* What lets pass what the policy refuses. */
static const char *tcb_flag(const struct platform_policy *policy, const struct dcap_result *result)
{
	const struct platform_policy statuses = {
		.accepted_tcb_statuses = policy->accepted_tcb_statuses,
		.accepted_tcb_status_count = policy->accepted_tcb_status_count,
	};
	if (!platform_policy_check_tcb(&statuses, result, NULL))
		return "accept it with --accepted-tcb-statuses";
	return result->advisory_count ? "accept them with --accepted-advisories"
				      : "leave --accepted-advisories out";
}

static bool check_tcb(
	const struct platform_policy *policy, const struct dcap_result *result, struct error *err)
{
	struct error reason = { 0 };
	return platform_policy_check_tcb(policy, result, &reason) ||
	       error_set(err, reason.kind, "%s: update the machine, or %s", reason.message,
		       tcb_flag(policy, result));
}

static bool check_production(const struct dcap_result *result, struct error *err)
{
	bool is_debug = result->is_tdx ? result->td.attributes & TD_ATTRIBUTES_UNTRUSTED
				       : result->report.attributes.flags & SGX_FLAG_DEBUG;
	return !is_debug || error_set(err, ERROR_DENIED,
				    "it is for debugging: whoever runs it can read its memory; "
				    "accept it with --debug if this is a test");
}

static bool check_era(const struct era *era, const struct dcap_result *result, struct error *err)
{
	if (result->is_tdx)
		return error_set(err, ERROR_DENIED,
			"it is of a confidential VM (TDX), but the era config is about an enclave: "
			"say which VM is expected with --mrtd and --rtmr0 to --rtmr3");
	return era_check(era, &result->report, err) &&
	       platform_policy_check_machine(&era->platform, result, err);
}

/* Adds a check, which was made if `is_reached`, and returns whether the next is to be made. */
static bool add_judgement(
	struct verdict *verdict, const char *statement, bool is_reached, bool is_passed)
{
	add_check(verdict, statement, is_reached ? json_boolean(is_passed) : json_null());
	return is_passed;
}

/* Of the machine, what the user has demanded. */
static bool add_machine(
	const struct platform_policy *policy, struct verdict *verdict, bool is_reached)
{
	const struct platform_policy age = { .minimum_tcb_evaluation_number =
						     policy->minimum_tcb_evaluation_number };
	const struct platform_policy machines = {
		.accepted_platforms = policy->accepted_platforms,
		.accepted_platform_count = policy->accepted_platform_count,
	};
	const struct dcap_result *result = &verdict->result;
	struct error *refusal = &verdict->refusal;
	bool good = is_reached;
	if (policy->minimum_tcb_evaluation_number)
		good = add_judgement(verdict, "the collateral is new enough", good,
			good && platform_policy_check_machine(&age, result, refusal));
	if (policy->accepted_platform_count)
		good = add_judgement(verdict, "the platform is one of those accepted", good,
			good && platform_policy_check_machine(&machines, result, refusal));
	return good;
}

/* Of the enclave or VM, what the user expects. */
static bool add_expectations(
	const struct demands *demands, struct verdict *verdict, bool is_reached)
{
	const struct dcap_result *result = &verdict->result;
	struct error *refusal = &verdict->refusal;
	bool good = is_reached;
	for (size_t i = 0; i < QUOTE_EXPECTATIONS; i++) {
		const struct quote_expectation *expected = &demands->expected[i];
		if (!expected->name)
			continue;
		AUTO(auto_free)
		char *statement = xasprintf("it has the expected %s", expected->name);
		good = add_judgement(verdict, statement, good,
			good && quote_expectation_check(expected, result, refusal));
	}
	if (demands->has_era)
		good = add_judgement(verdict, "it is the enclave of the attestation configuration",
			good, good && check_era(&demands->era, result, refusal));
	return good;
}

/* What is not about the quote but about whom the user accepts. */
static void add_demands(const struct demands *demands, struct verdict *verdict)
{
	const struct dcap_result *result = &verdict->result;
	struct error *refusal = &verdict->refusal;
	bool good = result->step == DCAP_STEPS;
	good = add_judgement(verdict, "the TCB status is accepted", good,
		good && check_tcb(&demands->policy, result, refusal));
	good = add_machine(&demands->policy, verdict, good);
	good = add_expectations(demands, verdict, good);
	add_judgement(verdict,
		demands->may_debug ? "debug enclaves are accepted" : "it is not for debugging",
		good, good && (demands->may_debug || check_production(result, refusal)));
}

static bool verify(const struct options *options, const struct quote_file *file,
	struct verdict *verdict, struct error *err)
{
	const struct pccs_options where = {
		.collateral = options->collateral,
		.ca_file = options->collateral_ca,
		.secure_cert = options->collateral_secure_cert,
		.cache_folder = options->collateral_cache,
		.trust_root_file = options->trust_root,
	};
	AUTO(demands_free) struct demands demands = { 0 };
	if (!options_check_no_coordinator(options, err) ||
		!options_time(options, &verdict->time, err) ||
		!read_demands(options, &demands, err))
		return false;
	AUTO(auto_verifier) struct dcap_verifier *verifier = pccs_verifier_new(&where, err);
	if (!verifier)
		return false;
	dcap_verify(verifier, file->bytes, verdict->time, &verdict->result, &verdict->refusal);
	add_steps(verdict);
	add_demands(&demands, verdict);
	return true;
}

static json_t *platform_id(const uint8_t id[PCK_PLATFORM_ID_SIZE])
{
	char digits[2 * PCK_PLATFORM_ID_SIZE + 1];
	hex_format(digits, id, PCK_PLATFORM_ID_SIZE);
	return json_string(digits);
}

static json_t *result_document(const struct dcap_result *result)
{
	char from[CLOCK_TEXT_SIZE];
	char until[CLOCK_TEXT_SIZE];
	clock_format_utc(from, result->valid_from);
	clock_format_utc(until, result->valid_until);
	json_t *advisories = json_array();
	for (size_t i = 0; i < result->advisory_count; i++)
		json_array_append_new(advisories, json_string(result->advisories[i]));
	json_t *out = json_pack("{ss ss ss}", "tcbStatus", tcb_status_name(result->status),
		"platformStatus", tcb_status_name(result->platform_status), "qeStatus",
		tcb_status_name(result->qe_status));
	if (result->is_tdx)
		json_object_set_new(out, "tdxModuleStatus",
			json_string(tcb_status_name(result->tdx_module_status)));
	json_object_set_new(out, "advisories", advisories);
	json_object_set_new(
		out, "tcbEvaluationDataNumber", json_integer(result->tcb_evaluation_number));
	json_object_set_new(out, "ppid", platform_id(result->ppid));
	if (result->has_instance_id)
		json_object_set_new(out, "instanceId", platform_id(result->instance_id));
	json_object_set_new(out, "validFrom", json_string(from));
	json_object_set_new(out, "validUntil", json_string(until));
	json_object_set_new(out, "simulated", json_boolean(result->is_simulated));
	return out;
}

static bool print_verdict_json(
	const struct verdict *verdict, const struct quote_file *file, struct error *err)
{
	char time[CLOCK_TEXT_SIZE];
	clock_format_utc(time, verdict->time);
	AUTO(auto_json)
	json_t *out = json_pack("{sb ss sO}", "valid", !verdict->refusal.kind, "time", time,
		"checks", verdict->checks);
	if (verdict->refusal.kind)
		json_object_set_new(out, "reason", json_string(verdict->refusal.message));
	if (verdict->result.step == DCAP_STEPS)
		json_object_set_new(out, "result", result_document(&verdict->result));
	struct sgx_quote quote;
	if (sgx_quote_parse(file->bytes, &quote, NULL))
		json_object_set_new(out, "quote", quote_document(&quote, file->bytes.size));
	return output_json(out, err);
}

static void print_checks(const struct verdict *verdict)
{
	for (size_t i = 0; i < json_array_size(verdict->checks); i++) {
		const json_t *check = json_array_get(verdict->checks, i);
		const json_t *passed = json_object_get(check, "passed");
		const char *mark = json_is_true(passed) ? "✓" : json_is_false(passed) ? "✗" : "-";
		printf("%s %s\n", mark, json_string_value(json_object_get(check, "statement")));
	}
}

static void print_platform(const struct dcap_result *result)
{
	char ppid[2 * PCK_PLATFORM_ID_SIZE + 1];
	char instance_id[2 * PCK_PLATFORM_ID_SIZE + 1];
	hex_format(ppid, result->ppid, PCK_PLATFORM_ID_SIZE);
	hex_format(instance_id, result->instance_id, PCK_PLATFORM_ID_SIZE);
	printf("Platform: PPID %s%s%s\n", ppid,
		result->has_instance_id ? ", platform instance ID " : "",
		result->has_instance_id ? instance_id : "");
}

static void print_result(const struct dcap_result *result)
{
	char from[CLOCK_TEXT_SIZE];
	char until[CLOCK_TEXT_SIZE];
	clock_format_utc(from, result->valid_from);
	clock_format_utc(until, result->valid_until);
	printf("TCB status: %s (platform %s, Quoting Enclave %s%s%s)\nAdvisories:",
		tcb_status_name(result->status), tcb_status_name(result->platform_status),
		tcb_status_name(result->qe_status), result->is_tdx ? ", TDX module " : "",
		result->is_tdx ? tcb_status_name(result->tdx_module_status) : "");
	for (size_t i = 0; i < result->advisory_count; i++)
		printf(" %s", result->advisories[i]);
	printf("%s\nTCB evaluation data number: %u\n", result->advisory_count ? "" : " none",
		result->tcb_evaluation_number);
	print_platform(result);
	printf("This holds from %s until %s\n", from, until);
	if (result->is_simulated)
		puts("SIMULATED: the trusted root is not Intel's, so this proves nothing about hardware");
}

bool cmd_quote_verify(const struct invocation *invocation, struct error *err)
{
	const struct options *options = &invocation->options;
	AUTO(quote_file_free) struct quote_file file = { 0 };
	AUTO(verdict_free) struct verdict verdict = { .checks = json_array() };
	if (!quote_file_read(invocation->arguments[0], &file, err) ||
		!verify(options, &file, &verdict, err))
		return false;
	if (output_is_json(options)) {
		if (!print_verdict_json(&verdict, &file, err))
			return false;
	} else {
		print_checks(&verdict);
		if (verdict.result.step == DCAP_STEPS)
			print_result(&verdict.result);
	}
	return !verdict.refusal.kind ||
	       error_set(err, verdict.refusal.kind, "the quote is refused: %s",
		       verdict.refusal.message);
}
