/* SPDX-License-Identifier: Apache-2.0 */
/* The flags of `marblerun` and what a command line says about them (spec cli.md clause 2). */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text_list {
	char **items; /* owned */
	size_t count;
	bool is_given; /* also if there is nothing in it */
};

/* Texts point into argv, the environment or the tables; NULL where nothing was given. */
struct options {
	const char *coordinator_cert;
	const char *era_config;
	bool insecure;
	struct text_list accepted_tcb_statuses;
	struct text_list accepted_advisories; /* none: all */
	const char *nonce;
	const char *save_sgx_quote;
	const char *collateral; /* folder or address */
	const char *collateral_ca;
	const char *collateral_secure_cert;
	const char *collateral_cache;
	const char *trust_root;
	const char *output;
	const char *recoverydata;
	const char *cert;
	const char *key;
	const char *pkcs11_config;
	const char *pkcs11_key_id;
	const char *pkcs11_key_label;
	const char *pkcs11_cert_id;
	const char *pkcs11_cert_label;
	const char *from_pem;
	const char *signature_file;
	const char *coordinator_pub_key;
	bool missing;
	bool signature;
	bool display_update;
	bool keep_cert;
	const char *at;
	const char *minimum_evaluation_number;
	struct text_list accepted_platforms;
	const char *report_data;
	const char *mr_td;
	const char *rtmr[4];
	bool debug;
	bool help;
};

enum flag_kind {
	FLAG_SWITCH, /* bool */
	FLAG_TEXT,   /* const char * */
	FLAG_LIST,   /* struct text_list: comma-separated, several uses add up */
	FLAG_FORMAT, /* const char *, which can only be OUTPUT_JSON */
};

#define OUTPUT_JSON "json" /* of --output, also where that takes the name of a file */

struct flag {
	const char *name;
	char letter; /* 0: none */
	enum flag_kind kind;
	size_t member;           /* offsetof(struct options, …) */
	const char *placeholder; /* of the value, in the help text */
	const char *environment; /* variable that is read when the flag is absent; NULL: none */
	const char *fallback;    /* value when neither is there; NULL: none */
	const char *help;
};

extern const struct flag global_flags[];
extern const size_t global_flag_count;

/*
 * Sets one flag, or adds to it. ERROR_INVALID if `text` is no value of a switch (as Go reads
 * booleans), or no format.
 */
bool option_set(
	struct options *options, const struct flag *flag, const char *text, struct error *err);

/* ERROR_INVALID: says why `text` is no value of this flag. Always false. */
bool options_refuse(const char *flag, const char *text, const char *why, struct error *err);

/*
 * Whether the lists that were given can be meant: none is empty, as that of a script whose variable
 * was, and of TCB statuses and platforms each entry is one. ERROR_INVALID.
 */
bool options_check_lists(const struct options *options, struct error *err);

/*
 * For commands that need no Coordinator: refuses flags that are about the one that is talked to, as
 * they would be without effect. ERROR_INVALID.
 */
bool options_check_no_coordinator(const struct options *options, struct error *err);

/* Takes what was not set from the environment, else from the flags' fallbacks. */
void options_complete(struct options *options, const struct flag *flags, size_t count);

/* The time of --at, or now. ERROR_INVALID for another form. */
bool options_time(const struct options *options, int64_t *time, struct error *err);

void options_free(struct options *options);

#endif
