/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/tcb_levels.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static bool read_advisories(const struct json_node *level, struct tcb_level *out, struct error *err)
{
	const struct json_node *list = json_node_member(level, "advisoryIDs");
	if (!list)
		return true;
	if (list->kind != JSON_NODE_ARRAY)
		return error_set(err, ERROR_INVALID, "\"advisoryIDs\" is not an array");
	const struct json_node *id = json_node_first(list);
	out->advisories = xcalloc(list->count, sizeof(*out->advisories));
	for (size_t i = 0; i < list->count; i++, id = json_node_next(id)) {
		if (id->kind != JSON_NODE_TEXT || !id->is_plain)
			return error_set(err, ERROR_INVALID,
				"\"advisoryIDs\" holds more than plain strings");
		out->advisories[out->advisory_count++] = xstrdup(id->text);
	}
	return true;
}

static bool read_level(const struct json_node *level, tcb_reader *read_tcb, struct tcb_level *out,
	struct error *err)
{
	const char *status;
	int64_t date;
	if (level->kind != JSON_NODE_OBJECT)
		return error_set(err, ERROR_INVALID, "it is not an object");
	const struct json_node *tcb = json_field_object(level, "tcb", err);
	if (!tcb || !read_tcb(tcb, out, err) || !json_field_date(level, "tcbDate", &date, err) ||
		!json_field_text(level, "tcbStatus", &status, err))
		return false;
	if (!tcb_status_from_name(status, &out->status))
		return error_set(err, ERROR_INVALID,
			"\"tcbStatus\" has the unknown value \"%.64s\"", status);
	return read_advisories(level, out, err);
}

/* Highest first: by components, then by the SVN, then by TDX components (clause 4 G 23). */
static int compare_levels(const void *a, const void *b)
{
	const struct tcb_level *first = a;
	const struct tcb_level *second = b;
	int order = memcmp(second->components, first->components, TCB_COMPONENTS);
	if (!order)
		order = (int)second->svn - (int)first->svn;
	return order ? order
		     : memcmp(second->tdx_components, first->tdx_components, TCB_COMPONENTS);
}

static bool sort(struct tcb_levels *out, struct error *err)
{
	qsort(out->levels, out->count, sizeof(*out->levels), compare_levels);
	for (size_t i = 1; i < out->count; i++) {
		if (!compare_levels(&out->levels[i - 1], &out->levels[i]))
			return error_set(
				err, ERROR_INVALID, "\"tcbLevels\" has the same level twice");
	}
	return true;
}

bool tcb_levels_read(const struct json_node *document, tcb_reader *read_tcb, struct tcb_levels *out,
	struct error *err)
{
	*out = (struct tcb_levels){ 0 };
	const struct json_node *list = json_field_array(document, "tcbLevels", err);
	if (!list)
		return false;
	const struct json_node *level = json_node_first(list);
	out->levels = xcalloc(list->count, sizeof(*out->levels));
	bool good = true;
	for (; good && out->count < list->count; level = json_node_next(level)) {
		size_t i = out->count++;
		good = read_level(level, read_tcb, &out->levels[i], err) ||
		       error_prefix(err, "\"tcbLevels\"[%zu]", i);
	}
	if (good && sort(out, err))
		return true;
	tcb_levels_free(out);
	return false;
}

void tcb_levels_free(struct tcb_levels *levels)
{
	for (size_t i = 0; i < levels->count; i++) {
		struct tcb_level *level = &levels->levels[i];
		for (size_t j = 0; j < level->advisory_count; j++)
			free(level->advisories[j]);
		free(level->advisories);
	}
	free(levels->levels);
	*levels = (struct tcb_levels){ 0 };
}

bool tcb_level_reached(
	const struct tcb_level *level, const uint8_t components[TCB_COMPONENTS], uint16_t svn)
{
	for (size_t i = 0; i < TCB_COMPONENTS; i++) {
		if (components[i] < level->components[i])
			return false;
	}
	return svn >= level->svn;
}

const struct tcb_level *tcb_levels_find(
	const struct tcb_levels *levels, const uint8_t components[TCB_COMPONENTS], uint16_t svn)
{
	for (size_t i = 0; i < levels->count; i++) {
		if (tcb_level_reached(&levels->levels[i], components, svn))
			return &levels->levels[i];
	}
	return NULL;
}
