/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/jinja_expr.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "graphene/jinja_filter.h"
#include "graphene/jinja_value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32
#define ARGS_MAX  8

struct expr {
	struct jinja_lexer lexer;
	const struct jinja_scope *scope;
	bool live; /* else only the syntax is looked at, and every value is undefined */
	unsigned depth;
	struct error *err;
};

static bool read_choice(struct expr *e, struct jinja_value *out);

static bool advance(struct expr *e)
{
	return jinja_advance(&e->lexer, e->err);
}

static bool is_operator(const struct expr *e, const char *text)
{
	return jinja_is_operator(&e->lexer, text);
}

static bool is_name(const struct expr *e, const char *text)
{
	return jinja_is_name(&e->lexer, text);
}

static bool expect(struct expr *e, const char *symbol)
{
	return jinja_expect(&e->lexer, symbol, e->err);
}

/* Copies the name that is the present token and steps over it; NULL if there is none. */
static char *take_name(struct expr *e)
{
	if (e->lexer.token.kind != JINJA_NAME) {
		jinja_unexpected(&e->lexer, e->err);
		error_prefix(e->err, "a name is missing");
		return NULL;
	}
	AUTO(auto_free) char *name = xstrndup(e->lexer.token.start, e->lexer.token.length);
	return advance(e) ? TAKE(name) : NULL;
}

static bool read_name(struct expr *e, struct jinja_value *out)
{
	static const char *const constants[] = { "true", "True", "false", "False", "none", "None" };
	AUTO(auto_free) char *name = take_name(e);
	if (!name)
		return false;
	for (size_t i = 0; i < 6; i++) {
		if (!strcmp(name, constants[i]))
			return jinja_set_data(
				out, i < 4 ? json_boolean(i < 2) : json_null(), e->err);
	}
	if (e->live)
		*out = jinja_scope_get(e->scope, name);
	return true;
}

static bool read_integer(struct expr *e, struct jinja_value *out)
{
	const struct jinja_token *token = &e->lexer.token;
	AUTO(auto_free) char *digits = xstrndup(token->start, token->length);
	errno = 0;
	char *end = NULL;
	long long number = strtoll(digits, &end, 10);
	if (errno || *end)
		return error_set(e->err, ERROR_INVALID, "%s is no integer", digits);
	return advance(e) && jinja_set_data(out, json_integer(number), e->err);
}

static bool read_string(struct expr *e, struct jinja_value *out)
{
	AUTO(buf_free) struct buf text = { 0 };
	return jinja_unescape(&e->lexer.token, &text, e->err) && advance(e) &&
	       jinja_set_text(out, buf_text(&text), e->err);
}

static bool append_element(struct expr *e, json_t *list, struct jinja_value *element)
{
	if (!e->live)
		return true;
	json_t *data = jinja_data(element, e->err);
	return data && json_array_append_new(list, data) == 0;
}

static bool read_list(struct expr *e, struct jinja_value *out)
{
	if (!jinja_set_data(out, json_array(), e->err) || !expect(e, "["))
		return false;
	while (!is_operator(e, "]")) {
		AUTO(jinja_value_free) struct jinja_value element = { 0 };
		if (!read_choice(e, &element) || !append_element(e, out->data, &element))
			return false;
		if (!is_operator(e, "]") && !expect(e, ","))
			return false;
	}
	return advance(e);
}

static bool read_primary(struct expr *e, struct jinja_value *out)
{
	switch (e->lexer.token.kind) {
	case JINJA_NAME:
		return read_name(e, out);
	case JINJA_INTEGER:
		return read_integer(e, out);
	case JINJA_STRING:
		return read_string(e, out);
	default:
		break;
	}
	if (is_operator(e, "["))
		return read_list(e, out);
	if (is_operator(e, "("))
		return advance(e) && read_choice(e, out) && expect(e, ")");
	return jinja_unexpected(&e->lexer, e->err);
}

/* The arguments of a call or of a filter. */
struct args {
	struct jinja_value values[ARGS_MAX];
	size_t count;
};

static void args_free(struct args *args)
{
	for (size_t i = 0; i < args->count; i++)
		jinja_value_free(&args->values[i]);
}

static bool read_args(struct expr *e, struct args *args)
{
	if (!expect(e, "("))
		return false;
	while (!is_operator(e, ")")) {
		if (args->count == ARGS_MAX)
			return error_set(e->err, ERROR_INVALID, "more than %d arguments", ARGS_MAX);
		if (!read_choice(e, &args->values[args->count++]))
			return false;
		if (is_operator(e, "="))
			return error_set(
				e->err, ERROR_INVALID, "arguments by name are not supported");
		if (!is_operator(e, ")") && !expect(e, ","))
			return false;
	}
	return advance(e);
}

/* Each of the following replaces *value by what is made of it. */
static bool read_member(struct expr *e, struct jinja_value *value)
{
	AUTO(auto_free) char *name = advance(e) ? take_name(e) : NULL;
	AUTO(jinja_value_free) struct jinja_value whole = jinja_value_take(value);
	return name && (!e->live || jinja_get_member(&whole, name, value, e->err));
}

static bool read_item(struct expr *e, struct jinja_value *value)
{
	AUTO(jinja_value_free) struct jinja_value index = { 0 };
	AUTO(jinja_value_free) struct jinja_value whole = jinja_value_take(value);
	return advance(e) && read_choice(e, &index) && expect(e, "]") &&
	       (!e->live || jinja_get_item(&whole, &index, value, e->err));
}

static bool read_call(struct expr *e, struct jinja_value *value)
{
	AUTO(args_free) struct args args = { 0 };
	AUTO(jinja_value_free) struct jinja_value callee = jinja_value_take(value);
	return read_args(e, &args) &&
	       (!e->live || jinja_call(&callee, args.values, args.count, value, e->err));
}

static bool read_filter(struct expr *e, struct jinja_value *value)
{
	AUTO(args_free) struct args args = { 0 };
	AUTO(auto_free) char *name = advance(e) ? take_name(e) : NULL;
	if (!name || (is_operator(e, "(") && !read_args(e, &args)))
		return false;
	if (!jinja_has_filter(name))
		return error_set(e->err, ERROR_INVALID, "the filter '%s' is not supported", name);
	return !e->live || jinja_filter(name, value, args.values, args.count, e->err);
}

static bool read_test(struct expr *e, struct jinja_value *value)
{
	bool truth = false;
	if (!advance(e))
		return false;
	bool negated = is_name(e, "not");
	if (negated && !advance(e))
		return false;
	AUTO(auto_free) char *name = take_name(e);
	if (!name)
		return false;
	if (!jinja_has_test(name))
		return error_set(e->err, ERROR_INVALID, "the test '%s' is not supported", name);
	if (e->live && !jinja_test(name, value, &truth, e->err))
		return false;
	jinja_value_free(value);
	return jinja_set_data(value, json_boolean(truth != negated), e->err);
}

/* What may stand behind a value, any number of times. */
static bool read_postfix(struct expr *e, struct jinja_value *out)
{
	for (;;) {
		bool good = false;
		if (is_operator(e, "."))
			good = read_member(e, out);
		else if (is_operator(e, "["))
			good = read_item(e, out);
		else if (is_operator(e, "("))
			good = read_call(e, out);
		else if (is_operator(e, "|"))
			good = read_filter(e, out);
		else if (is_name(e, "is"))
			good = read_test(e, out);
		else
			return true;
		if (!good)
			return false;
	}
}

static bool operate(
	struct expr *e, const char *symbol, const struct jinja_value *b, struct jinja_value *value)
{
	AUTO(jinja_value_free) struct jinja_value a = jinja_value_take(value);
	return !e->live || jinja_operate(symbol, &a, b, value, e->err);
}

static bool read_unary(struct expr *e, struct jinja_value *out)
{
	if (!is_operator(e, "-") && !is_operator(e, "+"))
		return read_primary(e, out) && read_postfix(e, out);
	const char *symbol = is_operator(e, "-") ? "-" : "+";
	AUTO(jinja_value_free) struct jinja_value number = { 0 };
	return advance(e) && read_primary(e, &number) &&
	       jinja_set_data(out, json_integer(0), e->err) && operate(e, symbol, &number, out) &&
	       read_postfix(e, out);
}

/* From the operators that bind most to those that bind least. */
static const char *const levels[][3] = { { "*", "/" }, { "~" }, { "+", "-" } };

#define LEVELS (sizeof(levels) / sizeof(levels[0]))

static const char *operator_of_level(const struct expr *e, size_t level)
{
	for (size_t i = 0; i < 3 && levels[level][i]; i++) {
		if (is_operator(e, levels[level][i]))
			return levels[level][i];
	}
	return NULL;
}

/* Reads operands and the operators of all levels below `level`; LEVELS reads a whole sum. */
static bool read_level(struct expr *e, size_t level, struct jinja_value *out)
{
	if (level == 0)
		return read_unary(e, out);
	if (!read_level(e, level - 1, out))
		return false;
	for (const char *symbol; (symbol = operator_of_level(e, level - 1));) {
		AUTO(jinja_value_free) struct jinja_value b = { 0 };
		if (!advance(e) || !read_level(e, level - 1, &b) || !operate(e, symbol, &b, out))
			return false;
	}
	return true;
}

/* `in` and `not in` are operators too. Leaves the lexer at the last token of the operator. */
static const char *relation(struct expr *e, bool *negated)
{
	static const char *const symbols[] = { "==", "!=", "<=", ">=", "<", ">" };
	for (size_t i = 0; i < 6; i++) {
		if (is_operator(e, symbols[i]))
			return symbols[i];
	}
	struct jinja_lexer before = e->lexer;
	*negated = is_name(e, "not");
	if ((!*negated || advance(e)) && is_name(e, "in"))
		return "in";
	e->lexer = before;
	return NULL;
}

static bool negate(struct expr *e, struct jinja_value *value)
{
	bool truth = false;
	if (e->live && !jinja_truth(value, &truth, e->err))
		return false;
	jinja_value_free(value);
	return jinja_set_data(value, json_boolean(!truth), e->err);
}

static bool read_comparison(struct expr *e, struct jinja_value *out)
{
	AUTO(jinja_value_free) struct jinja_value b = { 0 };
	bool negated = false;
	if (!read_level(e, LEVELS, out))
		return false;
	const char *symbol = relation(e, &negated);
	if (!symbol)
		return true;
	return advance(e) && read_level(e, LEVELS, &b) && operate(e, symbol, &b, out) &&
	       (!negated || negate(e, out));
}

static bool read_not(struct expr *e, struct jinja_value *out)
{
	bool negations = false;
	bool negated = false;
	for (; is_name(e, "not"); negated = !negated) {
		negations = true;
		if (!advance(e))
			return false;
	}
	if (!read_comparison(e, out))
		return false;
	/* `not not x` is a boolean too */
	return !negations || (negate(e, out) && (negated || negate(e, out)));
}

/*
 * Reads `a and b` or `a or b` of any length. The value is that of the operand that decides; those
 * behind it are dead.
 */
static bool read_chain(struct expr *e, const char *word, bool deciding,
	bool (*read_operand)(struct expr *, struct jinja_value *), struct jinja_value *out)
{
	bool was_live = e->live;
	bool good = read_operand(e, out);
	while (good && is_name(e, word)) {
		bool truth = false;
		AUTO(jinja_value_free) struct jinja_value next = { 0 };
		good = (!e->live || jinja_truth(out, &truth, e->err)) && advance(e);
		e->live = e->live && truth != deciding;
		good = good && read_operand(e, &next);
		if (e->live && good) {
			jinja_value_free(out);
			*out = jinja_value_take(&next);
		}
	}
	e->live = was_live;
	return good;
}

static bool read_and(struct expr *e, struct jinja_value *out)
{
	return read_chain(e, "and", false, read_not, out);
}

static bool read_or(struct expr *e, struct jinja_value *out)
{
	return read_chain(e, "or", true, read_and, out);
}

static bool read_dead(struct expr *e, bool (*read)(struct expr *, struct jinja_value *))
{
	AUTO(jinja_value_free) struct jinja_value unused = { 0 };
	bool was_live = e->live;
	e->live = false;
	bool good = read(e, &unused);
	e->live = was_live;
	return good;
}

static bool read_condition(struct expr *e, bool *truth)
{
	AUTO(jinja_value_free) struct jinja_value value = { 0 };
	return advance(e) && read_or(e, &value) && (!e->live || jinja_truth(&value, truth, e->err));
}

/* Behind the condition of `a if b else c`: reads a, which starts where `first` is, or c. */
static bool read_chosen(
	struct expr *e, const struct jinja_lexer *first, bool truth, struct jinja_value *out)
{
	struct jinja_lexer behind = e->lexer;
	if (truth) {
		e->lexer = *first;
		if (!read_or(e, out))
			return false;
		e->lexer = behind;
	}
	if (!is_name(e, "else"))
		return true;
	if (!advance(e))
		return false;
	return truth ? read_dead(e, read_choice) : read_choice(e, out);
}

static bool read_choice_at_depth(struct expr *e, struct jinja_value *out)
{
	struct jinja_lexer first = e->lexer;
	bool truth = false;
	/* which side counts is known only behind the first one: pass over it, then come back */
	if (!read_dead(e, read_or))
		return false;
	if (is_name(e, "if"))
		return read_condition(e, &truth) && read_chosen(e, &first, truth, out);
	if (!e->live)
		return true;
	e->lexer = first;
	return read_or(e, out);
}

static bool read_choice(struct expr *e, struct jinja_value *out)
{
	if (e->depth == DEPTH_MAX)
		return error_set(e->err, ERROR_INVALID, "the expression is nested too deeply");
	e->depth++;
	bool good = read_choice_at_depth(e, out);
	e->depth--;
	return good;
}

static bool read_expression(struct jinja_lexer *lexer, const struct jinja_scope *scope, bool live,
	struct jinja_value *out, struct error *err)
{
	struct expr e = { .lexer = *lexer, .scope = scope, .live = live, .err = err };
	bool good = read_choice(&e, out);
	*lexer = e.lexer;
	return good;
}

bool jinja_evaluate(struct jinja_lexer *lexer, const struct jinja_scope *scope,
	struct jinja_value *out, struct error *err)
{
	return read_expression(lexer, scope, true, out, err);
}

bool jinja_check_syntax(struct jinja_lexer *lexer, struct error *err)
{
	AUTO(jinja_value_free) struct jinja_value unused = { 0 };
	return read_expression(lexer, NULL, false, &unused, err);
}
