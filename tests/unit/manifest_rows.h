/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests in tables. For the sake of the reader their JSON has ' for ". */
#ifndef TESTS_MANIFEST_ROWS_H
#define TESTS_MANIFEST_ROWS_H

#include "unit.h"

#include "base/cleanup.h"
#include "manifest/manifest.h"

DEFINE_AUTO_FREE(auto_manifest, struct manifest *, manifest_free)

/* As manifest_parse. */
struct manifest *try_manifest(const char *json, struct error *err);
/* Fails the test if the manifest is refused. */
struct manifest *parse_manifest(const char *json);

struct manifest_row {
	const char *json;
	const char *message;
};

/* Each row is refused with an error of this kind and exactly its message. */
void check_refused(const struct manifest_row *rows, size_t count, enum error_kind kind);

#define CHECK_REFUSED(rows, kind) check_refused(rows, sizeof(rows) / sizeof(*(rows)), kind)

#endif
