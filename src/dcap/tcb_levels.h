/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of TCB levels that TCB info and enclave identity have in common (spec dcap.md clauses
 * 3.1, 3.2, 4 F and G). A level of an enclave has no components: they are zero.
 */
#ifndef DCAP_TCB_LEVELS_H
#define DCAP_TCB_LEVELS_H

#include "dcap/json_field.h"
#include "dcap/pck_extension.h"
#include "dcap/tcb_status.h"

struct tcb_level {
	uint8_t components[TCB_COMPONENTS];
	uint16_t svn;                           /* PCESVN of a platform, ISVSVN of an enclave */
	uint8_t tdx_components[TCB_COMPONENTS]; /* zero but in TCB info for TDX */
	enum tcb_status status;
	char **advisories; /* in the order of the document */
	size_t advisory_count;
};

/* Highest first, no two alike. */
struct tcb_levels {
	struct tcb_level *levels;
	size_t count;
};

/* Reads the member "tcb" of one level into components, svn and tdx_components. */
typedef bool tcb_reader(const struct json_node *tcb, struct tcb_level *out, struct error *err);

/* Reads "tcbLevels" of the document and sorts it. ERROR_INVALID names the level. */
bool tcb_levels_read(const struct json_node *document, tcb_reader *read_tcb, struct tcb_levels *out,
	struct error *err);
void tcb_levels_free(struct tcb_levels *levels);

/* No SVN of the level is above the given ones; those of TDX do not count. */
bool tcb_level_reached(
	const struct tcb_level *level, const uint8_t components[TCB_COMPONENTS], uint16_t svn);
/* The highest level of which no SVN is above the given ones; NULL if there is none. */
const struct tcb_level *tcb_levels_find(
	const struct tcb_levels *levels, const uint8_t components[TCB_COMPONENTS], uint16_t svn);

#endif
