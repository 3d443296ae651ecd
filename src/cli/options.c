/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include "attest/platform_policy.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define MEMBER(name) offsetof(struct options, name)

const struct flag global_flags[] = {
	{ "coordinator-cert", 0, FLAG_TEXT, MEMBER(coordinator_cert), "FILE", NULL, NULL,
		"certificate cache (default \"$XDG_CONFIG_HOME/marblerun/coordinator-cert.pem\")" },
	{ "era-config", 0, FLAG_TEXT, MEMBER(era_config), "FILE", NULL, NULL,
		"attestation configuration: which Coordinator is accepted" },
	{ "insecure", 'i', FLAG_SWITCH, MEMBER(insecure), NULL, NULL, NULL,
		"skip quote verification, for Coordinators in simulation mode" },
	{ "accepted-tcb-statuses", 0, FLAG_LIST, MEMBER(accepted_tcb_statuses), "LIST", NULL,
		"UpToDate,SWHardeningNeeded", "TCB statuses to accept, separated by commas" },
	{ "accepted-advisories", 0, FLAG_LIST, MEMBER(accepted_advisories), "LIST", NULL, NULL,
		"advisories to accept with SWHardeningNeeded (default all)" },
	{ "nonce", 0, FLAG_TEXT, MEMBER(nonce), "TEXT", NULL, NULL,
		"demand a fresh quote over this text" },
	{ "save-sgx-quote", 0, FLAG_TEXT, MEMBER(save_sgx_quote), "FILE", NULL, NULL,
		"save the Coordinator's quote" },
	{ "collateral", 0, FLAG_TEXT, MEMBER(collateral), "DIR|URL", "MARBLERUN_COLLATERAL", NULL,
		"DCAP collateral to verify quotes with: a folder, or the address of a PCCS or PCS (default the one in /etc/sgx_default_qcnl.conf)" },
	{ "collateral-ca", 0, FLAG_TEXT, MEMBER(collateral_ca), "FILE", "MARBLERUN_COLLATERAL_CA",
		NULL, "certificate that the PCCS is trusted by (default the system's)" },
	{ "collateral-secure-cert", 0, FLAG_TEXT, MEMBER(collateral_secure_cert), "TRUE|FALSE",
		"MARBLERUN_COLLATERAL_SECURE_CERT", NULL,
		"whether the PCCS has to prove who it is (default TRUE)" },
	{ "collateral-cache", 0, FLAG_TEXT, MEMBER(collateral_cache), "DIR",
		"MARBLERUN_COLLATERAL_CACHE", NULL,
		"folder to keep what a PCCS has sent (default none)" },
	{ "trust-root", 0, FLAG_TEXT, MEMBER(trust_root), "FILE", "MARBLERUN_TRUST_ROOT", NULL,
		"certificate of a simulated root to trust instead of Intel's" },
	{ "help", 'h', FLAG_SWITCH, MEMBER(help), NULL, NULL, NULL, "help for this command" },
};
const size_t global_flag_count = sizeof(global_flags) / sizeof(global_flags[0]);

static void *member_of(struct options *options, const struct flag *flag)
{
	return (char *)options + flag->member;
}

static bool parse_switch(const char *text, bool *value)
{
	static const char *const words[][6] = {
		{ "0", "f", "F", "false", "False", "FALSE" },
		{ "1", "t", "T", "true", "True", "TRUE" },
	};
	for (int truth = 0; truth < 2; truth++) {
		for (int i = 0; i < 6; i++) {
			if (!strcmp(text, words[truth][i])) {
				*value = truth;
				return true;
			}
		}
	}
	return false;
}

static void add_to_list(struct text_list *list, const char *text)
{
	list->is_given = true;
	while (*text) {
		size_t length = strcspn(text, ",");
		list->items = xreallocarray(list->items, list->count + 1, sizeof(*list->items));
		list->items[list->count++] = xstrndup(text, length);
		text += length + (text[length] == ',');
	}
}

bool options_refuse(const char *flag, const char *text, const char *why, struct error *err)
{
	return error_set(err, ERROR_INVALID, "invalid argument \"%s\" for \"--%s\" flag: %s", text,
		flag, why);
}

bool option_set(
	struct options *options, const struct flag *flag, const char *text, struct error *err)
{
	if (flag->kind == FLAG_SWITCH)
		return parse_switch(text, member_of(options, flag)) ||
		       options_refuse(flag->name, text, "it is neither true nor false", err);
	if (flag->kind == FLAG_FORMAT && strcmp(text, OUTPUT_JSON) != 0)
		return options_refuse(flag->name, text, "the only format is " OUTPUT_JSON, err);
	if (flag->kind == FLAG_LIST)
		add_to_list(member_of(options, flag), text);
	else
		*(const char **)member_of(options, flag) = text;
	return true;
}

static bool check_statuses(const struct text_list *statuses, struct error *err)
{
	AUTO(buf_free) struct buf why = { 0 };
	buf_put_text(&why, "it is no TCB status that can be accepted; there are ");
	platform_policy_put_statuses(&why);
	for (size_t i = 0; i < statuses->count; i++) {
		if (!platform_policy_is_status(statuses->items[i]))
			return options_refuse(
				"accepted-tcb-statuses", statuses->items[i], buf_text(&why), err);
	}
	return true;
}

static bool check_platforms(const struct text_list *platforms, struct error *err)
{
	for (size_t i = 0; i < platforms->count; i++) {
		if (!platform_policy_is_platform_id(platforms->items[i]))
			return options_refuse("accepted-platforms", platforms->items[i],
				"a PPID or platform instance ID has 32 hex digits", err);
	}
	return true;
}

static bool check_not_empty(
	const struct text_list *list, const char *flag, const char *why, struct error *err)
{
	return list->count || !list->is_given || options_refuse(flag, "", why, err);
}

bool options_check_lists(const struct options *options, struct error *err)
{
	return check_not_empty(&options->accepted_tcb_statuses, "accepted-tcb-statuses",
		       "it accepts no status; leave the flag out for the default", err) &&
	       check_not_empty(&options->accepted_advisories, "accepted-advisories",
		       "it accepts no advisory; leave the flag out to accept all", err) &&
	       check_not_empty(&options->accepted_platforms, "accepted-platforms",
		       "it accepts no platform; leave the flag out to accept any", err) &&
	       check_statuses(&options->accepted_tcb_statuses, err) &&
	       check_platforms(&options->accepted_platforms, err);
}

bool options_check_no_coordinator(const struct options *options, struct error *err)
{
	const struct {
		const char *flag;
		bool is_given;
	} flags[] = {
		{ "coordinator-cert", options->coordinator_cert },
		{ "insecure", options->insecure },
		{ "nonce", options->nonce },
		{ "save-sgx-quote", options->save_sgx_quote },
	};
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (flags[i].is_given)
			return error_set(err, ERROR_INVALID,
				"--%s is for commands that talk to a Coordinator, and without "
				"effect here: leave it out",
				flags[i].flag);
	}
	return true;
}

static bool is_unset(struct options *options, const struct flag *flag)
{
	if (flag->kind == FLAG_LIST)
		return ((struct text_list *)member_of(options, flag))->count == 0;
	return flag->kind != FLAG_SWITCH && !*(const char **)member_of(options, flag);
}

void options_complete(struct options *options, const struct flag *flags, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *found = flags[i].environment ? getenv(flags[i].environment) : NULL;
		const char *value = found && *found ? found : flags[i].fallback;
		if (value && is_unset(options, &flags[i]))
			option_set(options, &flags[i], value, NULL);
	}
}

bool options_time(const struct options *options, int64_t *time, struct error *err)
{
	*time = clock_now();
	return !options->at || clock_parse_utc(options->at, time) ||
	       error_set(err, ERROR_INVALID, "--at %s: a time has the form 2025-06-15T12:00:00Z",
		       options->at);
}

void options_free(struct options *options)
{
	struct text_list *lists[] = { &options->accepted_tcb_statuses,
		&options->accepted_advisories, &options->accepted_platforms };
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		for (size_t k = 0; k < lists[i]->count; k++)
			free(lists[i]->items[k]);
		free(lists[i]->items);
		*lists[i] = (struct text_list){ 0 };
	}
}
