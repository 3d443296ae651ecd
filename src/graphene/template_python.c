/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/template_python.h"

#include "base/cleanup.h"
#include "graphene/capture.h"
#include "graphene/manifest_value.h"

#include <string.h>

#define OUTPUT_MAX (1U << 20)

/* Each prints one line of JSON; argv[1] is the argument of the template's call. */
static const char facts_script[] =
	"import json, sys, sysconfig as s\n"
	"path = lambda name: s.get_path(name)\n"
	"dist = s.get_path('stdlib', vars={'py_version_short': sys.version_info[0]})\n"
	"own = vars(sys.implementation).items()\n"
	"print(json.dumps({'stdlib': path('stdlib'), 'platstdlib': path('platstdlib'),\n"
	"    'purelib': path('purelib'), 'distlib': dist + '/dist-packages',\n"
	"    'ext_suffix': s.get_config_var('EXT_SUFFIX'),\n"
	"    'implementation': {k: v for k, v in own if isinstance(v, (str, int))}}))\n";
static const char config_var_script[] =
	"import json, sys, sysconfig\n"
	"print(json.dumps(sysconfig.get_config_var(sys.argv[1])))\n";
static const char path_script[] = "import json, sys, sysconfig\n"
				  "print(json.dumps(sysconfig.get_path(sys.argv[1])))\n";
static const char paths_script[] = "import json, sysconfig\n"
				   "print(json.dumps(sysconfig.get_paths()))\n";
/* the first entry is the script's own folder; some entries are files that need not exist */
static const char sys_path_script[] =
	"import json, os, sys\n"
	"print(json.dumps([p for p in dict.fromkeys(sys.path[1:]) if os.path.exists(p)]))\n";

/* Runs the script and sets what it prints. */
static bool ask(const char *interpreter, const char *script, const char *argument,
	struct jinja_value *out, struct error *err)
{
	const char *const argv[] = { interpreter, "-c", script, argument, NULL };
	AUTO(buf_free) struct buf output = { 0 };
	if (!capture_output(argv, OUTPUT_MAX, &output, err))
		return false;
	json_t *answer = json_loadb(buf_text(&output), output.size, JSON_DECODE_ANY, NULL);
	if (!answer)
		return error_set(err, ERROR_STATE, "%s gave no answer", interpreter);
	return jinja_set_data(out, answer, err);
}

static bool ask_with_name(const char *script, const struct jinja_value *args, size_t count,
	struct jinja_value *out, struct error *err)
{
	const char *name = count == 1 ? json_string_value(args[0].data) : NULL;
	return name ? ask("python3", script, name, out, err)
		    : error_set(err, ERROR_INVALID, "takes one name");
}

static bool get_config_var(json_t *bound, const struct jinja_value *args, size_t count,
	struct jinja_value *out, struct error *err)
{
	(void)bound;
	return ask_with_name(config_var_script, args, count, out, err);
}

static bool get_path(json_t *bound, const struct jinja_value *args, size_t count,
	struct jinja_value *out, struct error *err)
{
	(void)bound;
	return ask_with_name(path_script, args, count, out, err);
}

static bool get_paths(json_t *bound, const struct jinja_value *args, size_t count,
	struct jinja_value *out, struct error *err)
{
	(void)bound;
	(void)args;
	return count ? error_set(err, ERROR_INVALID, "takes no arguments")
		     : ask("python3", paths_script, NULL, out, err);
}

static bool get_sys_path(json_t *bound, const struct jinja_value *args, size_t count,
	struct jinja_value *out, struct error *err)
{
	(void)bound;
	const char *interpreter = count == 1 ? json_string_value(args[0].data) : NULL;
	return interpreter ? ask(interpreter, sys_path_script, NULL, out, err)
			   : error_set(err, ERROR_INVALID, "takes one interpreter");
}

static const struct jinja_object functions[] = {
	{ .name = "get_config_var", .call = get_config_var },
	{ .name = "get_path", .call = get_path },
	{ .name = "get_paths", .call = get_paths },
	{ .name = "get_sys_path", .call = get_sys_path },
};

/* `facts` is filled with the first answer. */
static bool get_fact(json_t *facts, const char *name, struct jinja_value *out, struct error *err)
{
	if (!json_object_size(facts)) {
		struct jinja_value answer = { 0 };
		if (!ask("python3", facts_script, NULL, &answer, err))
			return false;
		json_object_update(facts, answer.data);
		json_decref(answer.data);
	}
	json_t *fact = json_object_get(facts, name);
	return !fact || jinja_set_data(out, json_incref(fact), err);
}

static bool get(json_t *bound, const char *name, struct jinja_value *out, struct error *err)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		if (strcmp(name, functions[i].name) != 0)
			continue;
		*out = (struct jinja_value){ .kind = JINJA_OBJECT, .object = &functions[i] };
		return true;
	}
	return get_fact(bound, name, out, err);
}

const struct jinja_object template_python = { .name = "python", .get = get };
