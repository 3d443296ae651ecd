/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/json_tree.h"

#include "base/cleanup.h"
#include "base/json_text.h"
#include "base/memory.h"
#include "base/reader.h"
#include "dcap/text.h"

#include <stdlib.h>
#include <string.h>

#define BYTES_PER_NODE 8 /* about what a value takes in these documents */

struct parser {
	struct reader left;
	struct json_tree *tree;
	size_t open[JSON_TREE_DEPTH_MAX]; /* nodes of the containers around, outermost first */
	size_t depth;
	const char *name; /* of the next value, NULL in an array */
	uint32_t name_hash;
	const char *problem;      /* the first; NULL while there is none */
	const char *problem_name; /* the member that it is about; NULL for none */
	size_t problem_at;
};

static void fail(struct parser *p, const char *problem)
{
	if (p->problem)
		return;
	p->problem = problem;
	p->problem_at = p->tree->text.size - p->left.left;
	reader_fail(&p->left);
}

/* 0, which is no character of JSON, at the end. */
static uint8_t peek(const struct parser *p)
{
	return p->left.left ? *p->left.next : 0;
}

/* Over what peek has shown. */
static void step(struct parser *p)
{
	if (!p->left.left)
		return;
	p->left.next++;
	p->left.left--;
}

static void skip_blanks(struct parser *p)
{
	/* mostly there is none */
	while (peek(p) <= ' ' && text_is_white_space((char)peek(p)))
		step(p);
}

/* Steps over c, if it is there, and the blanks behind it. */
static bool take(struct parser *p, char c)
{
	if (peek(p) != (uint8_t)c)
		return false;
	step(p);
	skip_blanks(p);
	return true;
}

static struct json_node *add_node(struct parser *p, enum json_node_kind kind)
{
	struct json_tree *tree = p->tree;
	if (tree->count == tree->capacity) {
		tree->capacity = tree->capacity * 2 + tree->text.size / BYTES_PER_NODE + 1;
		tree->nodes = xreallocarray(tree->nodes, tree->capacity, sizeof(*tree->nodes));
	}
	struct json_node *node = &tree->nodes[tree->count++];
	*node = (struct json_node){
		.kind = kind, .name = p->name, .name_hash = p->name_hash, .span = 1
	};
	if (p->depth)
		tree->nodes[p->open[p->depth - 1]].count++;
	return node;
}

static bool is_hex_digit(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* What stands behind a backslash. */
static void take_escape(struct parser *p)
{
	uint8_t c = peek(p);
	if (!c || !strchr("\"\\/bfnrtu", c)) {
		fail(p, "an escape that does not exist");
		return;
	}
	step(p);
	for (int i = 0; c == 'u' && i < 4; i++) {
		if (!is_hex_digit(peek(p)))
			fail(p, "an escape without four hex digits");
		step(p);
	}
}

/* Steps over printable ASCII, of which most texts are made. */
static void skip_plain(struct parser *p)
{
	const uint8_t *next = p->left.next;
	const uint8_t *end = next + p->left.left;
	while (next < end && *next >= ' ' && *next < 0x7f && *next != '"' && *next != '\\')
		next++;
	reader_bytes(&p->left, (size_t)(next - p->left.next));
}

/* What skip_plain leaves but a quotation mark. */
static void take_special(struct parser *p)
{
	uint8_t c = peek(p);
	if (c < ' ') {
		fail(p, p->left.left ? "a control character in a text" : "a text without end");
	} else if (c >= 0x80) {
		size_t length = utf8_sequence_length((const char *)p->left.next, p->left.left);
		if (!length)
			fail(p, "a text that is not UTF-8");
		reader_bytes(&p->left, length);
	} else {
		step(p);
		if (c == '\\')
			take_escape(p);
	}
}

/* A text, from quotation mark to quotation mark, of which the latter becomes its end. */
static const char *take_text(struct parser *p, bool *is_plain)
{
	step(p);
	char *text = (char *)p->tree->text.data;
	char *start = text + (p->tree->text.size - p->left.left);
	skip_plain(p);
	*is_plain = peek(p) == '"';
	for (; peek(p) != '"'; skip_plain(p)) {
		take_special(p);
		if (p->problem)
			return "";
	}
	text[p->tree->text.size - p->left.left] = 0;
	step(p);
	skip_blanks(p);
	return start;
}

/* Tells most names apart without comparing them. */
static uint32_t hash_name(const char *name)
{
	uint32_t hash = 0;
	while (*name)
		hash = hash * 31 + (uint8_t)*name++;
	return hash;
}

static void take_name(struct parser *p)
{
	bool is_plain = false;
	if (peek(p) != '"') {
		fail(p, "no name where one must be");
		return;
	}
	p->name = take_text(p, &is_plain);
	p->name_hash = hash_name(p->name);
	if (!is_plain)
		fail(p, "a name that is not plain");
	else if (!take(p, ':'))
		fail(p, "a name without colon");
}

static void take_digits(struct parser *p)
{
	if (!is_digit(peek(p)))
		fail(p, "a number without digits");
	while (is_digit(peek(p)))
		step(p);
}

/* The number of these digits, which fit into 32 bits; false if they do not. */
static bool read_digits(const uint8_t *digits, size_t length, uint32_t *out)
{
	uint64_t value = 0;
	for (size_t i = 0; i < length && value <= UINT32_MAX; i++)
		value = value * 10 + (digits[i] - '0');
	*out = (uint32_t)value;
	return value <= UINT32_MAX;
}

static void take_number(struct parser *p)
{
	const uint8_t *start = p->left.next;
	bool is_negative = take(p, '-');
	const uint8_t *digits = p->left.next;
	bool has_zero = peek(p) == '0';
	take_digits(p);
	size_t length = (size_t)(p->left.next - digits);
	if (is_negative && digits != start + 1)
		fail(p, "a number without digits");
	if (has_zero && length > 1)
		fail(p, "a number with a leading zero");
	if (p->problem)
		return;
	struct json_node *node = add_node(p, JSON_NODE_NUMBER);
	node->is_plain = !is_negative && read_digits(digits, length, &node->number);
	if (peek(p) == '.') {
		node->is_plain = false;
		step(p);
		take_digits(p);
	}
	if (peek(p) == 'e' || peek(p) == 'E') {
		node->is_plain = false;
		step(p);
		if (peek(p) == '+' || peek(p) == '-')
			step(p);
		take_digits(p);
	}
	skip_blanks(p);
}

static void take_word(struct parser *p)
{
	static const char *const words[] = { "true", "false", "null" };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t length = strlen(words[i]);
		if (p->left.left >= length && !memcmp(p->left.next, words[i], length)) {
			reader_bytes(&p->left, length);
			skip_blanks(p);
			add_node(p, JSON_NODE_WORD);
			return;
		}
	}
	fail(p, "no value where one must be");
}

static void open_container(struct parser *p, enum json_node_kind kind)
{
	if (p->depth == JSON_TREE_DEPTH_MAX) {
		fail(p, "too many levels");
		return;
	}
	step(p);
	skip_blanks(p);
	add_node(p, kind);
	p->open[p->depth++] = p->tree->count - 1;
}

static bool is_object(const struct parser *p)
{
	return p->tree->nodes[p->open[p->depth - 1]].kind == JSON_NODE_OBJECT;
}

/* NULL for none. Names are told apart by their hashes first. */
static const char *find_duplicate(const struct json_node *object)
{
	const struct json_node *members[JSON_TREE_MEMBERS_MAX];
	const struct json_node *member = json_node_first(object);
	for (size_t i = 0; i < object->count; i++, member = json_node_next(member)) {
		members[i] = member;
		for (size_t k = 0; k < i; k++) {
			if (members[k]->name_hash == member->name_hash &&
				!strcmp(members[k]->name, member->name))
				return member->name;
		}
	}
	return NULL;
}

/* The innermost container ends here. */
static void close_container(struct parser *p)
{
	size_t index = p->open[--p->depth];
	struct json_node *node = &p->tree->nodes[index];
	node->span = (uint32_t)(p->tree->count - index);
	if (node->kind != JSON_NODE_OBJECT)
		return;
	const char *duplicate = NULL;
	if (node->count > JSON_TREE_MEMBERS_MAX)
		fail(p, "an object with too many members");
	else
		duplicate = find_duplicate(node);
	if (duplicate) {
		fail(p, "an object with a duplicate of the member");
		p->problem_name = duplicate;
	}
}

/* One value, or the start of a container, whose values follow. True if it is a whole one. */
static bool take_value(struct parser *p)
{
	uint8_t c = peek(p);
	if (c == '{' || c == '[') {
		open_container(p, c == '{' ? JSON_NODE_OBJECT : JSON_NODE_ARRAY);
		if (p->problem || !take(p, c == '{' ? '}' : ']'))
			return false;
		close_container(p);
	} else if (c == '"') {
		bool is_plain;
		const char *text = take_text(p, &is_plain);
		struct json_node *node = add_node(p, JSON_NODE_TEXT);
		node->text = text;
		node->is_plain = is_plain;
	} else if (c == '-' || is_digit(c)) {
		take_number(p);
	} else {
		take_word(p);
	}
	return true;
}

/* Behind a whole value: ends of containers, until a comma says that there is another value. */
static void take_ends(struct parser *p)
{
	while (!p->problem && p->depth && !take(p, ',')) {
		if (take(p, is_object(p) ? '}' : ']'))
			close_container(p);
		else
			fail(p, "neither comma nor end behind a value");
	}
}

static void take_document(struct parser *p)
{
	skip_blanks(p);
	if (peek(p) != '{')
		fail(p, "no object");
	do {
		bool is_whole = take_value(p);
		if (is_whole)
			take_ends(p);
		p->name = NULL;
		if (!p->problem && p->depth && is_object(p))
			take_name(p);
	} while (!p->problem && p->depth);
	if (p->left.left)
		fail(p, "more behind its end");
}

bool json_tree_read(struct bytes text, struct json_tree *out, struct error *err)
{
	*out = (struct json_tree){ 0 };
	buf_put(&out->text, text.data, text.size);
	struct parser p = { .left = reader_of(out->text.data, out->text.size), .tree = out };
	take_document(&p);
	if (!p.problem)
		return true;
	AUTO(auto_free)
	char *name = p.problem_name ? xasprintf(" \"%.64s\"", p.problem_name) : NULL;
	return error_set(err, ERROR_INVALID, "it is not valid JSON: %s%s at byte %zu", p.problem,
		name ? name : "", p.problem_at);
}

void json_tree_free(struct json_tree *tree)
{
	buf_free(&tree->text);
	free(tree->nodes);
	*tree = (struct json_tree){ 0 };
}

const struct json_node *json_tree_root(const struct json_tree *tree)
{
	return tree->nodes;
}

const struct json_node *json_node_member(const struct json_node *object, const char *name)
{
	if (object->kind != JSON_NODE_OBJECT)
		return NULL;
	const struct json_node *member = json_node_first(object);
	for (size_t i = 0; i < object->count; i++, member = json_node_next(member)) {
		if (!strcmp(member->name, name))
			return member;
	}
	return NULL;
}

const struct json_node *json_node_first(const struct json_node *container)
{
	return container + 1;
}

const struct json_node *json_node_next(const struct json_node *node)
{
	return node + node->span;
}
