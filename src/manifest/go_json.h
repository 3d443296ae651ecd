/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decodes JSON into structs by the rules of Go's encoding/json (spec manifest.md clause 1). A
 * struct has a table of its fields; values go from the text straight to their place, so that a
 * field given twice is merged or replaced exactly as in Go. (A document tree cannot do that: it has
 * lost the first of two equal names, numbers above 2^63 and texts that are no UTF-8.)
 *
 * Every function that decodes consumes one value. It fails with ERROR_INVALID and a message that
 * holds the path of the value. null leaves a value as it is and empties maps and lists.
 */
#ifndef MANIFEST_GO_JSON_H
#define MANIFEST_GO_JSON_H

#include "base/buf.h"
#include "base/error.h"
#include "base/strmap.h"

struct go_json_path {
	const char *name;
	const struct go_json_path *parent;
};

/* A place in a text. */
struct go_json {
	const char *next;
	const char *end;
	const struct go_json_path *path; /* from the value that is decoded up to the whole text */
	unsigned warnings;               /* so far */
	struct error *err;
};

struct go_json_entries;

/*
 * A member of a struct: its name in JSON, the function that decodes it, and where the function
 * finds its value and, for a list or an optional number, the count or the flag that goes with it.
 * A map has `entries` instead of a function.
 */
struct go_json_field {
	const char *name;
	bool (*decode)(struct go_json *in, void *value, void *companion);
	size_t value;
	size_t companion;
	const struct go_json_entries *entries;
};

/* Rows of such a table, which are to stay on one line each. */
/* clang-format off */
#define GO_JSON_FIELD(type, name, decode, member) \
	{ name, decode, offsetof(struct type, member), 0, NULL }
#define GO_JSON_PAIR(type, name, decode, member, companion) \
	{ name, decode, offsetof(struct type, member), offsetof(struct type, companion), NULL }
#define GO_JSON_MAP(type, name, entries, member) \
	{ name, NULL, offsetof(struct type, member), 0, &(entries) }
/* Its value is the struct itself. */
#define GO_JSON_WHOLE(name, decode) { name, decode, 0, 0, NULL }
#define GO_JSON_END { NULL, NULL, 0, 0, NULL }
/* clang-format on */

/* The values of a map: each `size` bytes, zeroed, then decoded as a struct or by a function. */
struct go_json_entries {
	const char *type; /* for messages */
	size_t size;
	const struct go_json_field *fields;
	bool (*decode)(struct go_json *in, void *value, void *unused); /* instead of fields */
	void (*free)(void *value); /* what is in the value, and the value */
};

/*
 * Checks the syntax of the text and decodes it with `decode` into `value`. `type` is how messages
 * call the whole.
 */
bool go_json_decode(struct bytes text, const char *type,
	bool (*decode)(struct go_json *in, void *value, void *unused), void *value,
	struct error *err);

/* The same for the value at the start of the text; what follows it is not looked at. */
bool go_json_decode_first(struct bytes text, const char *type,
	bool (*decode)(struct go_json *in, void *value, void *unused), void *value,
	struct error *err);

/*
 * Names are matched as they are, else without regard to ASCII case. An unknown one is skipped with
 * a warning that says which one was meant. `fields` ends with GO_JSON_END; `type` is how messages
 * call the struct.
 */
bool go_json_struct(
	struct go_json *in, const struct go_json_field *fields, void *object, const char *type);

/* Adds to the map, which the caller sorts in the end: of entries with one name the last one wins.
 */
bool go_json_map(struct go_json *in, struct strmap *map, const struct go_json_entries *entries);

/* Calls `decode` for every item; nothing to do with what was decoded before. */
bool go_json_list(struct go_json *in, bool (*decode)(struct go_json *in, void *list), void *list,
	const char *type);

/* Values of struct fields. The comment says what `value` and `companion` point to. */
bool go_json_bool(struct go_json *in, void *value, void *unused);              /* bool */
bool go_json_int(struct go_json *in, void *value, void *unused);               /* int64_t */
bool go_json_uint(struct go_json *in, void *value, void *unused);              /* uint64_t */
bool go_json_optional_uint(struct go_json *in, void *value, void *is_there);   /* uint64_t, bool */
bool go_json_optional_uint16(struct go_json *in, void *value, void *is_there); /* uint16_t, bool */
bool go_json_text(struct go_json *in, void *value, void *unused);              /* char *, owned */
bool go_json_text_list(struct go_json *in, void *value, void *count);          /* char **, size_t */
bool go_json_string(struct go_json *in, void *value, void *unused); /* struct buf, may hold NUL */
bool go_json_bytes(struct go_json *in, void *value, void *unused);  /* struct buf: base64 or list */
bool go_json_raw(struct go_json *in, void *value, void *unused); /* struct bytes: the JSON itself */

/* The first character of the next value, 0 at the end of the text. */
char go_json_next(struct go_json *in);
/* Steps over the next value. */
void go_json_skip(struct go_json *in);

/* Fails with the message and the path. */
bool go_json_fail(struct go_json *in, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Logs a warning with the path, if there were not too many before. */
void go_json_warn(struct go_json *in, const char *message);

/* Frees the items and the list. */
void text_list_free(char **list, size_t count);

#endif
