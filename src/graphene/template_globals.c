/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/template_globals.h"

#include "base/memory.h"
#include "graphene/jinja_value.h"
#include "graphene/manifest_value.h"
#include "graphene/paths.h"
#include "graphene/template_ldd.h"
#include "graphene/template_python.h"

#include <string.h>

static bool set_path(const char *name, struct jinja_value *out, struct error *err)
{
	AUTO(auto_free) char *path = graphene_libdir_path(name, err);
	return path && jinja_set_text(out, path, err);
}

static bool runtimedir_plain(json_t *bound, struct jinja_value *out, struct error *err)
{
	(void)bound;
	return set_path(GRAPHENE_RUNTIME_GLIBC, out, err);
}

/* runtimedir() or runtimedir("glibc") or runtimedir("musl") */
static bool runtimedir_call(json_t *bound, const struct jinja_value *args, size_t count,
	struct jinja_value *out, struct error *err)
{
	const char *libc = count ? json_string_value(args[0].data) : "glibc";
	if (count > 1 || !libc || (strcmp(libc, "glibc") != 0 && strcmp(libc, "musl") != 0))
		return error_set(err, ERROR_INVALID, "takes \"glibc\" or \"musl\"");
	if (!strcmp(libc, "musl"))
		return error_set(
			err, ERROR_NOT_FOUND, "the runtime of musl is not installed; glibc's is");
	return runtimedir_plain(bound, out, err);
}

static const struct jinja_object runtimedir = {
	.name = "runtimedir", .call = runtimedir_call, .plain = runtimedir_plain
};

static bool graphene_get(
	json_t *bound, const char *name, struct jinja_value *out, struct error *err)
{
	(void)bound;
	if (!strcmp(name, "libos"))
		return set_path(GRAPHENE_LIBOS, out, err);
	if (!strcmp(name, "pkglibdir"))
		return set_path(".", out, err);
	if (!strcmp(name, "runtimedir"))
		*out = (struct jinja_value){ .kind = JINJA_OBJECT, .object = &runtimedir };
	return true;
}

static const struct jinja_object graphene = { .name = "graphene", .get = graphene_get };

/* env.get("X") and env.get("X", default) */
static bool env_get_call(json_t *bound, const struct jinja_value *args, size_t count,
	struct jinja_value *out, struct error *err)
{
	(void)bound;
	const char *name = count ? json_string_value(args[0].data) : NULL;
	if (!name || count > 2)
		return error_set(err, ERROR_INVALID, "takes a name and a default");
	const char *value = getenv(name);
	if (value)
		return jinja_set_text(out, value, err);
	if (count < 2)
		return jinja_set_data(out, json_null(), err);
	*out = jinja_value_copy(&args[1]);
	return true;
}

static const struct jinja_object env_get = { .name = "get", .call = env_get_call };

static bool env_member(json_t *bound, const char *name, struct jinja_value *out, struct error *err)
{
	(void)bound;
	const char *value = getenv(name);
	if (value)
		return jinja_set_text(out, value, err);
	if (!strcmp(name, "get"))
		*out = (struct jinja_value){ .kind = JINJA_OBJECT, .object = &env_get };
	else
		*out = jinja_undefined("the environment variable %s is not set", name);
	return true;
}

static const struct jinja_object env = { .name = "env", .get = env_member };

void template_globals(struct jinja_variable out[TEMPLATE_GLOBALS])
{
	const struct jinja_variable variables[TEMPLATE_GLOBALS] = {
		{ "graphene", { JINJA_OBJECT, NULL, &graphene } },
		{ "gramine", { JINJA_OBJECT, NULL, &graphene } },
		{ "env", { JINJA_OBJECT, NULL, &env } },
		{ "ldd", { JINJA_OBJECT, NULL, &template_ldd } },
		/* what python3 answered is kept here, so that it is asked once */
		{ "python", { JINJA_OBJECT, json_object(), &template_python } },
	};
	memcpy(out, variables, sizeof(variables));
}
