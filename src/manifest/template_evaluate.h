/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The execution of a template, private to it: template_execute.c goes through texts and control
 * structures, template_evaluate.c finds out what a pipeline gives, template_member.c what .A.B is.
 */
#ifndef MANIFEST_TEMPLATE_EVALUATE_H
#define MANIFEST_TEMPLATE_EVALUATE_H

#include "manifest/template_tree.h"

struct template_variable {
	const char *name; /* with its $, in the template */
	struct template_value value;
};

struct execution {
	const struct template *template;
	const struct template_data *data;
	const struct template_node *at;      /* what a message points to */
	struct template_value dot;           /* what . is */
	struct template_variable *variables; /* the newest last */
	size_t variable_count;
	struct buf *texts; /* what functions made; values point there */
	size_t text_count;
	size_t made;   /* size of all texts */
	size_t before; /* of the output, when the execution began */
	size_t steps;  /* nodes that were gone through */
	struct error *err;
};

/* Puts in front of the message where it happened. */
bool execution_fail_here(struct execution *x);
/* With the message and where it happened. */
bool execution_fail(struct execution *x, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Runs the commands of a pipeline and sets its variables. */
bool template_evaluate_pipe(
	struct execution *x, const struct template_node *pipe, struct template_value *value);

/* The newest variable of the name; NULL if there is none. */
struct template_variable *template_find_variable(struct execution *x, const char *name);

/*
 * Goes from *value along the names, the first of which is `name` (NULL for none); only the last one
 * could take arguments.
 */
bool template_follow_names(struct execution *x, const struct template_node *node, const char *name,
	bool has_arguments, struct template_value *value);

#endif
