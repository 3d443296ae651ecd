/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of a manifest by the dotted names of the spec. The getters expect a document that passed
 * manifest_check_keys: a value that is there has the right type.
 */
#ifndef GRAPHENE_MANIFEST_VALUE_H
#define GRAPHENE_MANIFEST_VALUE_H

#include "base/cleanup.h"
#include "base/error.h"
#include "crypto/digest.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

DEFINE_AUTO_FREE(auto_json, json_t *, json_decref)

/* NULL when absent. */
json_t *manifest_value(const json_t *tree, const char *path);

/* `absent` is what they return for an absent key. */
bool manifest_bool(const json_t *tree, const char *path, bool absent);
int64_t manifest_integer(const json_t *tree, const char *path, int64_t absent);
uint64_t manifest_size(const json_t *tree, const char *path, uint64_t absent);
const char *manifest_string(const json_t *tree, const char *path, const char *absent);

/* true, false, and the integers 0 and 1 of the first manifests. False for anything else. */
bool manifest_read_bool(const json_t *value, bool *out);
/* Bytes from digits of base 10, 16 (0x…) or 8 (0…) with an optional K, M or G of either case. */
bool manifest_read_size(const char *text, uint64_t *out);
/* 64 hexadecimal digits. False for anything else. */
bool manifest_read_sha256(const json_t *value, uint8_t out[SHA256_SIZE]);

/* Sets err to "Cannot parse 'WHERE': expected " and the formatted rest. Returns false. */
bool manifest_cannot_parse(struct error *err, const char *where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
