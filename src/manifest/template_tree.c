/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/template_tree.h"

#include "base/memory.h"
#include "manifest/template_literal.h"

#include <stdlib.h>
#include <string.h>

struct template_node *template_node_new(
	struct template *template, enum template_node_kind kind, size_t position)
{
	struct template_node *node = xcalloc(1, sizeof(*node));
	node->kind = kind;
	node->position = position;
	node->older = template->newest;
	template->newest = node;
	return node;
}

void template_free(struct template *template)
{
	if (!template)
		return;
	while (template->newest) {
		struct template_node *node = template->newest;
		template->newest = node->older;
		buf_free(&node->content);
		buf_free(&node->names);
		free(node);
	}
	buf_free(&template->text);
	free(template);
}

const char *template_node_name(const struct template_node *node, const char *name)
{
	const char *first = buf_text(&node->names);
	const char *next = name ? name + strlen(name) + 1 : first;
	return next < first + node->names.size ? next : NULL;
}

/* Children with a separator between them; a pipeline among operands stands in parentheses. */
static void put_children(const struct template_node *node, const char *separator, struct buf *out)
{
	for (const struct template_node *child = node->first; child; child = child->next) {
		bool parens = child->kind == NODE_PIPE;
		buf_put_text(out, child == node->first ? "" : separator);
		buf_put_text(out, parens ? "(" : "");
		template_node_put(child, out);
		buf_put_text(out, parens ? ")" : "");
	}
}

/* "$x := " or, with two variables in a range, "$i, $x := ". */
static void put_variables(const struct template_node *pipe, struct buf *out)
{
	const char *name = NULL;
	while ((name = template_node_name(pipe, name)))
		buf_printf(out, "%s%s", name == buf_text(&pipe->names) ? "" : ", ", name);
	if (pipe->names.size)
		buf_put_text(out, pipe->assigns ? " = " : " := ");
}

static void put_names(const struct template_node *node, struct buf *out)
{
	const char *name = NULL;
	while ((name = template_node_name(node, name)))
		buf_printf(out, "%s%s", *name == '$' ? "" : ".", name);
}

void template_node_put(const struct template_node *node, struct buf *out)
{
	switch (node->kind) {
	case NODE_PIPE:
		put_variables(node, out);
		put_children(node, " | ", out);
		return;
	case NODE_COMMAND:
	case NODE_CHAIN:
		put_children(node, " ", out);
		break;
	case NODE_DOT:
		buf_put_text(out, ".");
		break;
	case NODE_NIL:
		buf_put_text(out, "nil");
		break;
	case NODE_FUNCTION:
		buf_put_text(out, node->function->name);
		break;
	case NODE_LITERAL:
		buf_put(out, node->source.data, node->source.size);
		break;
	default: /* names alone; texts and control structures are in no message */
		break;
	}
	put_names(node, out);
}

void template_locate(
	const struct template *template, size_t position, unsigned *line, size_t *column)
{
	const uint8_t *text = template->text.data;
	size_t start = 0;
	*line = 1;
	for (size_t i = 0; i < position; i++) {
		if (text[i] != '\n')
			continue;
		++*line;
		start = i + 1;
	}
	*column = position - start;
}
