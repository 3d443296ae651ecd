/* SPDX-License-Identifier: Apache-2.0 */
#include "premain/environment.h"

#include "base/memory.h"
#include "base/strmap.h"

#include <string.h>

static bool is_kept(const char *variable)
{
	static const char *const prefixes[] = { "EDG_", "LD_LIBRARY_PATH=" };
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		if (!strncmp(variable, prefixes[i], strlen(prefixes[i])))
			return strchr(variable, '=') != NULL;
	}
	return false;
}

void environment_filter(char **environment)
{
	char **kept = environment;
	for (; *environment; environment++) {
		if (is_kept(*environment))
			*kept++ = *environment;
	}
	*kept = NULL;
}

/* Adds "name=value" under its name. */
static void add(struct strmap *variables, const char *name, struct bytes value)
{
	size_t length = strlen(name);
	char *text = wiping_malloc(length + value.size + 2);
	if (!text)
		abort();
	memcpy(text, name, length);
	text[length] = '=';
	if (value.size)
		memcpy(text + length + 1, value.data, value.size);
	text[length + 1 + value.size] = 0;
	strmap_add(variables, name, text);
}

static void add_current(struct strmap *variables, char *const *current)
{
	for (; *current; current++) {
		size_t length = strcspn(*current, "=");
		if (!(*current)[length])
			continue;
		AUTO(auto_free) char *name = xstrndup(*current, length);
		add(variables, name, bytes_of_text(*current + length + 1));
	}
}

static bool add_given(
	struct strmap *variables, const Rpc__Parameters *parameters, struct error *err)
{
	for (size_t i = 0; i < parameters->n_env; i++) {
		const char *name = parameters->env[i]->key;
		const ProtobufCBinaryData *value = &parameters->env[i]->value;
		if (!*name || strchr(name, '='))
			return error_set(err, ERROR_INVALID,
				"Env of the manifest has the name \"%s\": a name is not empty and "
				"has no '='",
				name);
		if (value->len && memchr(value->data, 0, value->len))
			return error_set(err, ERROR_INVALID,
				"Env of the manifest: the value of %s holds a zero byte, which no "
				"variable can; encode it (base64, hex), or use Files",
				name);
		add(variables, name, (struct bytes){ value->data, value->len });
	}
	return true;
}

char **environment_build(char *const *current, const Rpc__Parameters *parameters, struct error *err)
{
	struct strmap variables = { 0 };
	char **environment = NULL;
	add_current(&variables, current);
	if (add_given(&variables, parameters, err)) {
		strmap_sort(&variables, wiping_free);
		environment = xcalloc(variables.count + 1, sizeof(*environment));
		for (size_t i = 0; i < variables.count; i++)
			environment[i] = TAKE(variables.entries[i].value);
	}
	strmap_free(&variables, wiping_free);
	return environment;
}

void environment_free(char **environment)
{
	for (char **variable = environment; variable && *variable; variable++)
		wiping_free(*variable);
	free(environment);
}
