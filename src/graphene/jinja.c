/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/jinja.h"

#include "base/cleanup.h"
#include "graphene/jinja_expr.h"
#include "graphene/jinja_program.h"
#include "graphene/jinja_scope.h"
#include "graphene/jinja_value.h"
#include "graphene/manifest_value.h"

#include <string.h>

#define STEPS_MAX  1000000U
#define OUTPUT_MAX (64U << 20)

struct loop {
	json_t *items;
	size_t index;
	size_t outside; /* how many variables there were before the loop */
};

struct run {
	const struct jinja_program *program;
	struct jinja_scope scope;
	struct loop loops[JINJA_BLOCKS_MAX];
	size_t loop_count;
	struct buf *out;
	struct error *err;
};

static void run_free(struct run *run)
{
	jinja_scope_free(&run->scope);
	while (run->loop_count)
		json_decref(run->loops[--run->loop_count].items);
}

static bool evaluate(struct run *run, const struct jinja_step *step, struct jinja_value *out)
{
	struct jinja_lexer lexer = step->expression;
	return jinja_evaluate(&lexer, &run->scope, out, run->err);
}

/* Lines end as Jinja's do, whatever the template has. */
static void put_lines(struct bytes text, struct buf *out)
{
	const char *next = text.data;
	const char *end = next + text.size;
	while (next < end) {
		const char *found = memchr(next, '\r', (size_t)(end - next));
		const char *stop = found ? found : end;
		buf_put(out, next, (size_t)(stop - next));
		if (found)
			buf_put_u8(out, '\n');
		next = stop + (found != NULL);
		next += found && next < end && *next == '\n';
	}
}

static bool print(struct run *run, const struct jinja_step *step)
{
	AUTO(jinja_value_free) struct jinja_value value = { 0 };
	return evaluate(run, step, &value) && jinja_put_text(&value, run->out, run->err);
}

static bool set(struct run *run, const struct jinja_step *step)
{
	AUTO(jinja_value_free) struct jinja_value value = { 0 };
	if (!evaluate(run, step, &value))
		return false;
	jinja_scope_add(&run->scope, step->name, &value);
	return true;
}

static bool test(struct run *run, const struct jinja_step *step, bool *truth)
{
	AUTO(jinja_value_free) struct jinja_value value = { 0 };
	return evaluate(run, step, &value) && jinja_truth(&value, truth, run->err);
}

/* Sets the variable of the loop and `loop` for the present round. */
static void start_round(struct run *run, const struct jinja_step *step)
{
	const struct loop *loop = &run->loops[run->loop_count - 1];
	json_int_t index = (json_int_t)loop->index;
	json_int_t count = (json_int_t)json_array_size(loop->items);
	struct jinja_value item = { JINJA_DATA,
		json_incref(json_array_get(loop->items, loop->index)), NULL };
	struct jinja_value about = { JINJA_DATA,
		json_pack("{s:I, s:I, s:b, s:b, s:I}", "index", index + 1, "index0", index, "first",
			index == 0, "last", index + 1 == count, "length", count),
		NULL };
	jinja_scope_cut(&run->scope, loop->outside);
	jinja_scope_add(&run->scope, step->name, &item);
	jinja_scope_add(&run->scope, "loop", &about);
}

static bool start_loop(struct run *run, const struct jinja_step *step, size_t *next)
{
	AUTO(jinja_value_free) struct jinja_value list = { 0 };
	AUTO(auto_json)
	json_t *items = evaluate(run, step, &list) ? jinja_data(&list, run->err) : NULL;
	if (!items)
		return false;
	if (!json_is_array(items))
		return error_set(run->err, ERROR_INVALID, "only lists can be looped over");
	if (!json_array_size(items)) {
		*next = step->target;
		return true;
	}
	run->loops[run->loop_count++] =
		(struct loop){ .items = TAKE(items), .outside = run->scope.count };
	start_round(run, step);
	return true;
}

static void end_round(struct run *run, const struct jinja_step *step, size_t *next)
{
	struct loop *loop = &run->loops[run->loop_count - 1];
	if (++loop->index < json_array_size(loop->items)) {
		start_round(run, &run->program->steps[step->target]);
		*next = step->target + 1;
		return;
	}
	jinja_scope_cut(&run->scope, loop->outside);
	json_decref(loop->items);
	run->loop_count--;
}

/* Does one step; *next is the one behind it, and may be changed. */
static bool do_step(struct run *run, const struct jinja_step *step, size_t *next)
{
	bool truth = false;
	switch (step->kind) {
	case JINJA_TEXT:
		put_lines(step->text, run->out);
		return true;
	case JINJA_PRINT:
		return print(run, step);
	case JINJA_SET:
		return set(run, step);
	case JINJA_UNLESS:
		if (!test(run, step, &truth))
			return false;
		*next = truth ? *next : step->target;
		return true;
	case JINJA_JUMP:
		*next = step->target;
		return true;
	case JINJA_FOR:
		return start_loop(run, step, next);
	default:
		end_round(run, step, next);
		return true;
	}
}

static bool run_program(struct run *run)
{
	size_t before = run->out->size;
	unsigned steps = 0;
	for (size_t i = 0; i < run->program->count;) {
		const struct jinja_step *step = &run->program->steps[i++];
		bool good = do_step(run, step, &i);
		if (good && (++steps > STEPS_MAX || run->out->size - before > OUTPUT_MAX))
			good = error_set(run->err, ERROR_INVALID, "the template does not end");
		if (!good)
			return jinja_error_at(step->tag, run->program->end, step->line, run->err);
	}
	return true;
}

bool jinja_render(struct bytes text, const struct jinja_variable *variables, size_t count,
	struct buf *out, struct error *err)
{
	AUTO(jinja_program_free) struct jinja_program program = { 0 };
	if (!jinja_compile(text, &program, err))
		return false;
	AUTO(run_free) struct run run = { .program = &program, .out = out, .err = err };
	for (size_t i = 0; i < count; i++) {
		struct jinja_value copy = jinja_value_copy(&variables[i].value);
		jinja_scope_add(&run.scope, variables[i].name, &copy);
	}
	return run_program(&run);
}
