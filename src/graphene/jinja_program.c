/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/jinja_program.h"

#include "base/cleanup.h"
#include "base/json_text.h"
#include "base/memory.h"
#include "graphene/jinja_expr.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define NO_STEP       SIZE_MAX
#define SHOWN_OF_TAGS 60

struct block {
	bool is_loop;
	bool has_else;
	size_t start;   /* the last step that jumps over the part that is being read; NO_STEP */
	size_t leaving; /* the last jump to the end; its target is the one before it; NO_STEP */
	const char *tag;
	unsigned line;
};

struct compiler {
	struct jinja_program *program;
	const char *next;
	const char *tag; /* the present one */
	unsigned line;
	bool trims; /* the tag before asked to trim what follows */
	struct block blocks[JINJA_BLOCKS_MAX];
	size_t block_count;
	struct jinja_lexer lexer;
	struct error *err;
};

bool jinja_error_at(const char *tag, const char *end, unsigned line, struct error *err)
{
	size_t length = (size_t)(end - tag);
	const char *newline = memchr(tag, '\n', length);
	length = newline ? (size_t)(newline - tag) : length;
	const char *close = memmem(tag, length, "}}", 2);
	close = close ? close : memmem(tag, length, "%}", 2);
	length = close ? (size_t)(close - tag) + 2 : length;
	length = length > SHOWN_OF_TAGS ? SHOWN_OF_TAGS : length;
	return error_prefix(err, "line %u: %.*s", line, (int)length, tag);
}

void jinja_program_free(struct jinja_program *program)
{
	for (size_t i = 0; i < program->count; i++)
		free(program->steps[i].name);
	free(program->steps);
}

static struct jinja_step *add_step(struct compiler *c, enum jinja_step_kind kind)
{
	struct jinja_program *program = c->program;
	if (program->count == program->capacity) {
		program->capacity = program->capacity ? 2 * program->capacity : 64;
		program->steps =
			xreallocarray(program->steps, program->capacity, sizeof(*program->steps));
	}
	struct jinja_step *step = &program->steps[program->count++];
	*step = (struct jinja_step){ .kind = kind, .tag = c->tag, .line = c->line };
	return step;
}

/* A step whose expression starts at the present token, and steps over the expression. */
static bool add_expression(
	struct compiler *c, enum jinja_step_kind kind, const char *name, size_t *index)
{
	struct jinja_step *step = add_step(c, kind);
	*index = c->program->count - 1;
	step->expression = c->lexer;
	step->name = name ? xstrdup(name) : NULL;
	return jinja_check_syntax(&c->lexer, c->err);
}

static bool open_block(struct compiler *c, bool is_loop, size_t start)
{
	if (c->block_count == JINJA_BLOCKS_MAX)
		return error_set(c->err, ERROR_INVALID, "more than %d blocks inside each other",
			JINJA_BLOCKS_MAX);
	c->blocks[c->block_count++] = (struct block){ .is_loop = is_loop,
		.start = start,
		.leaving = NO_STEP,
		.tag = c->tag,
		.line = c->line };
	return true;
}

/* The innermost block, if the present tag may stand in it; else NULL. */
static struct block *inner_block(struct compiler *c, bool is_loop, const char *opening)
{
	struct block *block = c->block_count ? &c->blocks[c->block_count - 1] : NULL;
	if (block && block->is_loop == is_loop)
		return block;
	error_set(c->err, ERROR_INVALID, "there is no open %s to which this belongs", opening);
	return NULL;
}

/* Ends the part of a block that is being read: from it goes the way to the end of the block. */
static void leave_part(struct compiler *c, struct block *block)
{
	if (block->is_loop)
		add_step(c, JINJA_NEXT)->target = block->start;
	add_step(c, JINJA_JUMP)->target = block->leaving;
	block->leaving = c->program->count - 1;
	c->program->steps[block->start].target = c->program->count;
	block->start = NO_STEP;
}

static bool compile_if(struct compiler *c)
{
	size_t start = 0;
	return add_expression(c, JINJA_UNLESS, NULL, &start) && open_block(c, false, start);
}

static bool compile_elif(struct compiler *c)
{
	struct block *block = inner_block(c, false, "if");
	if (!block)
		return false;
	if (block->has_else)
		return error_set(c->err, ERROR_INVALID, "elif behind else");
	leave_part(c, block);
	return add_expression(c, JINJA_UNLESS, NULL, &block->start);
}

static bool compile_else(struct compiler *c)
{
	struct block *block = c->block_count ? &c->blocks[c->block_count - 1] : NULL;
	if (!block || block->has_else)
		return error_set(
			c->err, ERROR_INVALID, "there is no open if or for to which this belongs");
	leave_part(c, block);
	block->has_else = true;
	return true;
}

/* Lets all jumps out of the block end here. */
static bool close_block(struct compiler *c, bool is_loop, const char *opening)
{
	struct block *block = inner_block(c, is_loop, opening);
	if (!block)
		return false;
	if (block->start != NO_STEP)
		leave_part(c, block);
	for (size_t i = block->leaving; i != NO_STEP;) {
		size_t before = c->program->steps[i].target;
		c->program->steps[i].target = c->program->count;
		i = before;
	}
	c->block_count--;
	return true;
}

static bool compile_endif(struct compiler *c)
{
	return close_block(c, false, "if");
}

static bool compile_endfor(struct compiler *c)
{
	return close_block(c, true, "for");
}

static char *take_variable(struct compiler *c)
{
	const struct jinja_token *token = &c->lexer.token;
	if (token->kind != JINJA_NAME) {
		jinja_unexpected(&c->lexer, c->err);
		error_prefix(c->err, "the name of a variable is missing");
		return NULL;
	}
	AUTO(auto_free) char *name = xstrndup(token->start, token->length);
	return jinja_advance(&c->lexer, c->err) ? TAKE(name) : NULL;
}

static bool compile_for(struct compiler *c)
{
	size_t start = 0;
	AUTO(auto_free) char *name = take_variable(c);
	if (!name)
		return false;
	if (!jinja_is_name(&c->lexer, "in"))
		return error_set(c->err, ERROR_INVALID, "a loop has the form: for NAME in LIST");
	return jinja_advance(&c->lexer, c->err) && add_expression(c, JINJA_FOR, name, &start) &&
	       open_block(c, true, start);
}

static bool compile_set(struct compiler *c)
{
	size_t index = 0;
	AUTO(auto_free) char *name = take_variable(c);
	return name && jinja_expect(&c->lexer, "=", c->err) &&
	       add_expression(c, JINJA_SET, name, &index);
}

static bool compile_print(struct compiler *c)
{
	size_t index = 0;
	return add_expression(c, JINJA_PRINT, NULL, &index);
}

static bool compile_statement(struct compiler *c)
{
	static const struct {
		const char *name;
		bool (*compile)(struct compiler *c);
	} statements[] = {
		{ "if", compile_if },
		{ "elif", compile_elif },
		{ "else", compile_else },
		{ "endif", compile_endif },
		{ "for", compile_for },
		{ "endfor", compile_endfor },
		{ "set", compile_set },
	};
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		if (jinja_is_name(&c->lexer, statements[i].name))
			return jinja_advance(&c->lexer, c->err) && statements[i].compile(c);
	}
	return error_set(c->err, ERROR_INVALID, "the statement '%.*s' is not supported",
		(int)c->lexer.token.length, c->lexer.token.start);
}

static void count_lines(struct compiler *c, const char *to)
{
	for (; c->next < to; c->next++)
		c->line += *c->next == '\n';
}

/* {{ … }} and {% … %}; `close` is how it ends. */
static bool compile_tag(struct compiler *c, bool (*compile)(struct compiler *c), const char *close)
{
	const char *start = c->tag + 2;
	start += start < c->program->end && (*start == '-' || *start == '+');
	c->lexer = (struct jinja_lexer){ .next = start, .end = c->program->end };
	if (!jinja_advance(&c->lexer, c->err) || !compile(c))
		return false;
	const struct jinja_token *token = &c->lexer.token;
	if (token->kind != JINJA_TAG_END || memcmp(token->start + token->length - 2, close, 2) != 0)
		return jinja_unexpected(&c->lexer, c->err);
	c->trims = *token->start == '-';
	count_lines(c, token->start + token->length);
	return true;
}

static bool skip_comment(struct compiler *c)
{
	const char *start = c->tag + 2;
	const char *end = memmem(start, (size_t)(c->program->end - start), "#}", 2);
	if (!end)
		return error_set(c->err, ERROR_INVALID, "the comment has no end");
	c->trims = end > start && end[-1] == '-';
	count_lines(c, end + 2);
	return true;
}

/* Where the next tag starts; the end of the text if there is none. */
static const char *find_tag(const char *start, const char *end)
{
	while (start < end) {
		const char *brace = memchr(start, '{', (size_t)(end - start));
		if (!brace || brace + 1 == end)
			return end;
		if (strchr("{%#", brace[1]))
			return brace;
		start = brace + 1;
	}
	return end;
}

static void add_text(struct compiler *c, const char *end)
{
	const char *start = c->next;
	bool trims_before = c->program->end - end > 2 && end[2] == '-';
	while (c->trims && start < end && isspace((unsigned char)*start))
		start++;
	while (trims_before && start < end && isspace((unsigned char)end[-1]))
		end--;
	if (start < end)
		add_step(c, JINJA_TEXT)->text = (struct bytes){ start, (size_t)(end - start) };
}

static bool compile_next(struct compiler *c)
{
	c->tag = find_tag(c->next, c->program->end);
	add_text(c, c->tag);
	count_lines(c, c->tag);
	if (c->tag == c->program->end)
		return true;
	bool good = c->tag[1] == '{'   ? compile_tag(c, compile_print, "}}")
		    : c->tag[1] == '%' ? compile_tag(c, compile_statement, "%}")
				       : skip_comment(c);
	return good || jinja_error_at(c->tag, c->program->end, c->line, c->err);
}

/* What is no UTF-8 could not become a value; what has a NUL would be cut. */
static bool check_text(struct bytes text, struct error *err)
{
	const char *data = text.data;
	unsigned line = 1;
	for (size_t i = 0; i < text.size;) {
		size_t length = utf8_sequence_length(data + i, text.size - i);
		if (!length || !data[i])
			return error_set(err, ERROR_INVALID,
				"line %u: a template is UTF-8 text without NUL", line);
		line += data[i] == '\n';
		i += length;
	}
	return true;
}

bool jinja_compile(struct bytes text, struct jinja_program *program, struct error *err)
{
	if (!check_text(text, err))
		return false;
	const char *start = text.size ? text.data : "";
	struct compiler c = { .program = program, .next = start, .line = 1, .err = err };
	program->end = start + text.size;
	while (c.next < program->end) {
		if (!compile_next(&c))
			return false;
	}
	if (!c.block_count)
		return true;
	const struct block *open = &c.blocks[c.block_count - 1];
	error_set(err, ERROR_INVALID, "there is no end%s", open->is_loop ? "for" : "if");
	return jinja_error_at(open->tag, program->end, open->line, err);
}
