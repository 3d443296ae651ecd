/* SPDX-License-Identifier: Apache-2.0 */
#define TOML_EXCEPTIONS        0
#define TOML_HEADER_ONLY       1
#define TOML_MAX_NESTED_VALUES 64
#include <toml++/toml.h>

#include <algorithm>
#include <cstring>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <jansson.h>

extern "C" {
#include "graphene/toml.h"
}

namespace
{

bool fail(struct error *err, const toml::source_position &at, const char *reason)
{
	return error_set(err, ERROR_INVALID, "line %u, column %u: %s", at.line, at.column, reason);
}

/* The index behind the string that starts with the quote at `at`. */
size_t end_of_string(std::string_view text, size_t at)
{
	const char quote = text[at];
	const std::string three(3, quote);
	const bool multi_line = text.substr(at, 3) == three;
	for (at += multi_line ? 3 : 1; at < text.size(); at++) {
		if (quote == '"' && text[at] == '\\')
			at++;
		else if (multi_line && text.substr(at, 3) == three)
			break;
		else if (!multi_line && (text[at] == quote || text[at] == '\n'))
			return at + 1;
	}
	/* up to two quotes may stand at the end of a string of many lines */
	const size_t last = std::min(text.size(), at + 5);
	while (at < last && text[at] == quote)
		at++;
	return at;
}

/*
 * True if a key has more parts than a manifest can need. The library makes a table of each part and
 * takes tables apart by recursion; it bounds brackets inside brackets, but not the dots of a key.
 */
bool has_endless_key(std::string_view text)
{
	size_t dots = 0;
	for (size_t i = 0; i < text.size();) {
		const char c = text[i];
		if (c == '"' || c == '\'') {
			i = end_of_string(text, i);
			continue;
		}
		if (c == '#')
			i = std::min(text.find('\n', i), text.size() - 1);
		if (c == '.')
			dots++;
		else if (std::strchr("#\n=,[]{}", c))
			dots = 0;
		if (dots > TOML_DEPTH_MAX)
			return true;
		i++;
	}
	return false;
}

json_t *convert(const toml::node &node, unsigned depth, struct error *err);

using member = std::pair<const toml::key *, const toml::node *>;

/* The library sorts by name; a manifest means the order in which its author wrote. */
std::vector<member> members_in_file_order(const toml::table &table)
{
	std::vector<member> members;
	for (auto &&[key, node] : table)
		members.emplace_back(&key, &node);
	std::sort(members.begin(), members.end(), [](const member &a, const member &b) {
		return a.first->source().begin < b.first->source().begin;
	});
	return members;
}

json_t *convert_table(const toml::table &table, unsigned depth, struct error *err)
{
	json_t *object = json_object();
	for (auto &&[key, node] : members_in_file_order(table)) {
		const std::string name(key->str());
		json_t *value = nullptr;
		if (name.find('\0') != std::string::npos)
			fail(err, key->source().begin, "a key with a NUL character");
		else
			value = convert(*node, depth, err);
		if (!value || json_object_set_new(object, name.c_str(), value) != 0) {
			json_decref(object);
			return nullptr;
		}
	}
	return object;
}

json_t *convert_array(const toml::array &array, unsigned depth, struct error *err)
{
	json_t *list = json_array();
	for (auto &&node : array) {
		json_t *value = convert(node, depth, err);
		if (!value || json_array_append_new(list, value) != 0) {
			json_decref(list);
			return nullptr;
		}
	}
	return list;
}

json_t *convert_text(const toml::node &node, const std::string &text, struct error *err)
{
	if (text.find('\0') == std::string::npos)
		return json_stringn(text.data(), text.size());
	fail(err, node.source().begin, "a string with a NUL character");
	return nullptr;
}

template <typename T>
json_t *convert_time(const toml::node &node, const T &value, struct error *err)
{
	std::ostringstream text;
	text << value;
	return convert_text(node, text.str(), err);
}

json_t *convert_real(const toml::node &node, double value, struct error *err)
{
	json_t *real = json_real(value);
	if (!real)
		fail(err, node.source().begin, "inf and nan are not accepted");
	return real;
}

json_t *convert(const toml::node &node, unsigned depth, struct error *err)
{
	if (depth == TOML_DEPTH_MAX) {
		fail(err, node.source().begin, "tables and arrays are nested too deeply");
		return nullptr;
	}
	if (const auto *table = node.as_table())
		return convert_table(*table, depth + 1, err);
	if (const auto *array = node.as_array())
		return convert_array(*array, depth + 1, err);
	if (const auto *text = node.as_string())
		return convert_text(node, text->get(), err);
	if (const auto *integer = node.as_integer())
		return json_integer(integer->get());
	if (const auto *real = node.as_floating_point())
		return convert_real(node, real->get(), err);
	if (const auto *boolean = node.as_boolean())
		return json_boolean(boolean->get());
	if (const auto *date = node.as_date())
		return convert_time(node, date->get(), err);
	if (const auto *time = node.as_time())
		return convert_time(node, time->get(), err);
	return convert_time(node, node.as_date_time()->get(), err);
}

} // namespace

/* noexcept: what can still be thrown is the lack of memory, which ends programs here */
json_t *toml_parse(struct bytes text, struct error *err) noexcept
{
	if (text.size > TOML_TEXT_MAX) {
		error_set(err, ERROR_INVALID, "longer than the %u bytes that are accepted",
			TOML_TEXT_MAX);
		return nullptr;
	}
	const std::string_view view(
		text.size ? static_cast<const char *>(text.data) : "", text.size);
	if (has_endless_key(view)) {
		error_set(err, ERROR_INVALID, "a key has more than %d parts", TOML_DEPTH_MAX);
		return nullptr;
	}
	const toml::parse_result result = toml::parse(view);
	if (!result) {
		const std::string reason(result.error().description());
		fail(err, result.error().source().begin, reason.c_str());
		return nullptr;
	}
	return convert_table(result.table(), 0, err);
}
