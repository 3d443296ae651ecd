/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sigstruct_view.h"

#include "base/hex.h"
#include "base/memory.h"
#include "graphene/manifest_value.h"
#include "graphene/toml.h"

static void set_hash(json_t *members, const char *name, const uint8_t hash[SGX_HASH_SIZE])
{
	char text[2 * SGX_HASH_SIZE + 1];
	hex_format(text, hash, SGX_HASH_SIZE);
	json_object_set_new(members, name, json_string(text));
}

static void set_bits(json_t *members, const char *name, uint64_t bits)
{
	AUTO(auto_free) char *text = xasprintf("0x%llx", (unsigned long long)bits);
	json_object_set_new(members, name, json_string(text));
}

static void set_verbose_members(json_t *members, const struct sigstruct *fields)
{
	set_bits(members, "attribute_flags", fields->attributes.flags);
	set_bits(members, "attribute_xfrms", fields->attributes.xfrm);
	set_bits(members, "misc_select", fields->misc_select);
	set_bits(members, "attribute_flags_mask", fields->attribute_mask.flags);
	set_bits(members, "attribute_xfrm_mask", fields->attribute_mask.xfrm);
	set_bits(members, "misc_mask", fields->misc_mask);
	AUTO(auto_free)
	char *date = xasprintf("%04x-%02x-%02x", fields->date >> 16, fields->date >> 8 & 0xff,
		fields->date & 0xff);
	json_object_set_new(members, "date", json_string(date));
}

static void put_text(struct buf *out, const json_t *members)
{
	const char *name;
	json_t *value;
	buf_put_text(out, "Attributes:\n");
	json_object_foreach((json_t *)members, name, value)
	{
		if (json_is_boolean(value))
			buf_printf(
				out, "    %s: %s\n", name, json_is_true(value) ? "True" : "False");
		else if (json_is_integer(value))
			buf_printf(out, "    %s: %d\n", name, (int)json_integer_value(value));
		else
			buf_printf(out, "    %s: %s\n", name, json_string_value(value));
	}
}

static void put_json(struct buf *out, const json_t *members)
{
	AUTO(auto_free) char *text = json_dumps(members, JSON_INDENT(4));
	buf_printf(out, "%s\n", text);
}

void sigstruct_view_put(
	struct buf *out, const struct sigstruct *fields, enum sigstruct_format format, bool verbose)
{
	AUTO(auto_json) json_t *members = json_object();
	set_hash(members, "mr_signer", fields->mr_signer);
	set_hash(members, "mr_enclave", fields->mr_enclave);
	json_object_set_new(members, "isv_prod_id", json_integer(fields->isv_prod_id));
	json_object_set_new(members, "isv_svn", json_integer(fields->isv_svn));
	if (verbose)
		set_verbose_members(members, fields);
	json_object_set_new(
		members, "debug_enclave", json_boolean(fields->attributes.flags & SGX_FLAG_DEBUG));
	if (format == SIGSTRUCT_TOML)
		toml_write(members, out);
	else if (format == SIGSTRUCT_JSON)
		put_json(out, members);
	else
		put_text(out, members);
}
