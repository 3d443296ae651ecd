/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML manifests: what is uploaded, hashed and signed is the compact JSON made of them, members in
 * byte order of their names, texts escaped as Go does it (spec cli.md clause 4).
 */
#ifndef CLI_YAML_JSON_H
#define CLI_YAML_JSON_H

#include "base/buf.h"
#include "base/error.h"

#define YAML_JSON_MAX                                                                              \
	(16U << 20) /* bytes that a document may become, with all aliases in place                 \
		     */

/*
 * Appends the JSON. ERROR_INVALID names the line: malformed or too large input, a key that occurs
 * twice in one mapping, keys that JSON cannot express.
 */
bool yaml_to_json(struct bytes yaml, struct buf *json, struct error *err);

#endif
