/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `precheck`: whether this machine can run enclaves and quote them, or is a confidential VM that
 * gets quotes, and what to do if not.
 */
#include "attest/aesm.h"
#include "base/number.h"
#include "cli/command.h"
#include "cli/host_checks.h"
#include "cli/output.h"
#include "client/json.h"

#include <stdio.h>

/* Where the files of the host are: a container may have them mounted elsewhere. */
#define ROOT_VARIABLE "MARBLERUN_HOST_ROOT"

static const char not_ready[] =
	"this machine is not ready for SGX: repair what is marked, or use graphene-sim and "
	"MarbleRun in simulation mode";
static const char vm_not_ready[] =
	"this VM is not ready for TDX: repair what is marked, or rehearse with graphene-platform "
	"vm";

static bool print_json(const struct host_checks *checks, struct error *err)
{
	json_t *list = json_array();
	for (size_t i = 0; i < checks->count; i++) {
		const struct host_check *check = &checks->list[i];
		bool is_skipped = check->outcome == HOST_SKIPPED;
		json_t *passed =
			is_skipped ? json_null() : json_boolean(check->outcome == HOST_GOOD);
		json_array_append_new(
			list, json_pack("{ss so ss ss}", "statement", check->name, "passed", passed,
				      "detail", buf_text(&check->detail), "repair",
				      buf_text(&check->repair)));
	}
	AUTO(auto_json)
	json_t *document = json_pack("{sb so}", "ready", checks->all_good, "checks", list);
	return output_json(document, err);
}

static void print_text(const struct host_checks *checks)
{
	static const char *const marks[] = {
		[HOST_GOOD] = "✓",
		[HOST_BAD] = "✗",
		[HOST_SKIPPED] = "-",
	};
	for (size_t i = 0; i < checks->count; i++) {
		const struct host_check *check = &checks->list[i];
		AUTO(buf_free) struct buf detail = { 0 };
		buf_put_visible(&detail, buf_text(&check->detail));
		printf("%s %s (%s)\n", marks[check->outcome], check->name, buf_text(&detail));
		if (check->repair.size)
			printf("  to repair: %s\n", buf_text(&check->repair));
	}
}

/* What a runtime printed, or the number alone. */
static bool explain(const char *text, struct error *err)
{
	unsigned long number = 0;
	uint32_t found;
	if (number_parse(text, UINT16_MAX, &number))
		found = (uint32_t)number;
	else if (!aesm_error_in(text, &found))
		return error_set(err, ERROR_INVALID,
			"\"%s\" is no error of AESM, as \"aesm_service returned error: 30\"", text);
	printf("AESM error %u: %s\nto repair: %s\n", found, aesm_error_name(found),
		aesm_error_text(found));
	return true;
}

bool cmd_precheck(const struct invocation *invocation, struct error *err)
{
	const char *root = getenv(ROOT_VARIABLE);
	AUTO(host_checks_free) struct host_checks checks = { 0 };
	if (invocation->count)
		return explain(invocation->arguments[0], err);
	host_checks_run(root ? root : "", &checks);
	if (!output_is_json(&invocation->options))
		print_text(&checks);
	else if (!print_json(&checks, err))
		return false;
	return checks.all_good ||
	       error_set(err, ERROR_UNAVAILABLE, "%s", checks.is_vm ? vm_not_ready : not_ready);
}
