/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "base/cleanup.h"
#include "graphene/jinja.h"

static bool call(json_t *bound, const struct jinja_value *args, size_t count,
	struct jinja_value *out, struct error *err)
{
	(void)bound;
	(void)args;
	return jinja_set_data(out, json_integer((json_int_t)count), err);
}

static const struct jinja_object object = { .name = "object", .call = call };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jinja_variable variables[] = {
		{ "flag", { JINJA_DATA, json_true(), NULL } },
		{ "f", { JINJA_OBJECT, NULL, &object } },
		{ "list", { JINJA_DATA, json_pack("[s, i, {s:s}]", "a", 1, "k", "v"), NULL } },
	};
	AUTO(buf_free) struct buf out = { 0 };
	struct error err = { 0 };
	(void)jinja_render((struct bytes){ data, size }, variables, 3, &out, &err);
	for (size_t i = 0; i < 3; i++)
		jinja_value_free(&variables[i].value);
	return 0;
}
