/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "manifest/go_json.h"
#include "manifest/go_json_syntax.h"

/* One member of each kind. */
struct sample {
	bool truth;
	int64_t number;
	uint64_t natural;
	uint64_t optional;
	bool has_optional;
	uint16_t small;
	bool has_small;
	char *text;
	char **list;
	size_t count;
	struct buf string;
	struct buf bytes;
	struct strmap map;
};

static void free_text(void *text)
{
	free(*(char **)text);
	free(text);
}

static const struct go_json_entries texts = {
	.type = "string",
	.size = sizeof(char *),
	.decode = go_json_text,
	.free = free_text,
};

static const struct go_json_field inner_fields[] = {
	GO_JSON_FIELD(sample, "Truth", go_json_bool, truth),
	GO_JSON_END,
};

static bool decode_inner(struct go_json *in, void *sample, void *unused)
{
	(void)unused;
	return go_json_struct(in, inner_fields, sample, "Inner");
}

static const struct go_json_field sample_fields[] = {
	GO_JSON_FIELD(sample, "Truth", go_json_bool, truth),
	GO_JSON_FIELD(sample, "Number", go_json_int, number),
	GO_JSON_FIELD(sample, "Natural", go_json_uint, natural),
	GO_JSON_PAIR(sample, "Optional", go_json_optional_uint, optional, has_optional),
	GO_JSON_PAIR(sample, "Small", go_json_optional_uint16, small, has_small),
	GO_JSON_FIELD(sample, "Text", go_json_text, text),
	GO_JSON_PAIR(sample, "List", go_json_text_list, list, count),
	GO_JSON_FIELD(sample, "String", go_json_string, string),
	GO_JSON_FIELD(sample, "Bytes", go_json_bytes, bytes),
	GO_JSON_MAP(sample, "Map", texts, map),
	GO_JSON_WHOLE("Inner", decode_inner),
	GO_JSON_END,
};

static bool decode_sample(struct go_json *in, void *sample, void *unused)
{
	(void)unused;
	return go_json_struct(in, sample_fields, sample, "Sample");
}

static void free_sample(struct sample *sample)
{
	free(sample->text);
	text_list_free(sample->list, sample->count);
	buf_free(&sample->string);
	buf_free(&sample->bytes);
	strmap_free(&sample->map, free_text);
}

/* What differs from the zero value, as text. */
static void put_sample(struct sample *sample, struct buf *out)
{
	if (sample->truth)
		buf_put_text(out, "truth ");
	if (sample->number)
		buf_printf(out, "number=%lld ", (long long)sample->number);
	if (sample->natural)
		buf_printf(out, "natural=%llu ", (unsigned long long)sample->natural);
	if (sample->has_optional)
		buf_printf(out, "optional=%llu ", (unsigned long long)sample->optional);
	if (sample->has_small)
		buf_printf(out, "small=%u ", sample->small);
	if (sample->text)
		buf_printf(out, "text=%s ", sample->text);
	for (size_t i = 0; i < sample->count; i++)
		buf_printf(out, "[%zu]=%s ", i, sample->list[i]);
	for (size_t i = 0; i < sample->string.size; i++)
		buf_printf(out, "%s%02x", i ? "" : "string=", sample->string.data[i]);
	for (size_t i = 0; i < sample->bytes.size; i++)
		buf_printf(out, "%s%02x", i ? "" : "bytes=", sample->bytes.data[i]);
	strmap_sort(&sample->map, free_text);
	for (size_t i = 0; i < sample->map.count; i++) {
		const char *value = *(char **)sample->map.entries[i].value;
		buf_printf(out, "%s:%s ", sample->map.entries[i].name, value ? value : "");
	}
	while (out->size && out->data[out->size - 1] == ' ')
		out->data[--out->size] = 0;
}

struct row {
	const char *json;
	const char *expected;
};

static void check_rows(const struct row *rows, size_t count, bool succeeds)
{
	for (size_t i = 0; i < count; i++) {
		AUTO(free_sample) struct sample sample = { 0 };
		AUTO(buf_free) struct buf text = { 0 };
		struct error err = { 0 };
		bool decoded = go_json_decode(
			bytes_of_text(rows[i].json), "Sample", decode_sample, &sample, &err);
		put_sample(&sample, &text);
		const char *result = decoded ? buf_text(&text) : err.message;
		if (decoded != succeeds || strcmp(result, rows[i].expected) != 0)
			fail_msg("%s gives %s: %s", rows[i].json, decoded ? "values" : "an error",
				result);
		assert_int_equal(err.kind, decoded ? ERROR_NONE : ERROR_INVALID);
	}
}

#define CHECK_VALUES(rows) check_rows(rows, sizeof(rows) / sizeof(*(rows)), true)
#define CHECK_ERRORS(rows) check_rows(rows, sizeof(rows) / sizeof(*(rows)), false)

static void fields_are_found_by_name_without_regard_to_case(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "{\"Truth\":true}", "truth" },
		{ "{\"tRUTH\":true}", "truth" },
		{ "{\"TRUTH\":false,\"truth\":true}", "truth" },
		{ "{\"Tr\\u0075th\":true}", "truth" },
		{ "{\"Map\":{\"a\":\"1\",\"A\":\"2\"}}", "A:2 a:1" },
		{ "{\"Unknown\":{\"Truth\":true,\"x\":[1,\"]}\",{}]},\"Number\":1}", "number=1" },
		{ " \t\r\n{ } ", "" },
		{ "null", "" },
	};
	CHECK_VALUES(rows);
}

static void fields_given_twice_are_merged_or_replaced(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "{\"Map\":{\"a\":\"1\",\"b\":\"2\"},\"map\":{\"b\":\"3\",\"c\":\"4\"}}",
			"a:1 b:3 c:4" },
		{ "{\"Map\":{\"a\":\"1\",\"a\":\"2\"}}", "a:2" },
		{ "{\"Map\":{\"a\":\"1\"},\"Map\":null}", "" },
		{ "{\"Map\":{\"a\":\"1\"},\"Map\":{}}", "a:1" },
		{ "{\"List\":[\"a\",\"b\"],\"List\":[\"c\"]}", "[0]=c" },
		{ "{\"List\":[\"a\"],\"List\":null}", "" },
		{ "{\"Text\":\"a\",\"Text\":\"b\"}", "text=b" },
		{ "{\"Bytes\":\"AAE=\",\"Bytes\":[2]}", "bytes=02" },
		{ "{\"Inner\":{\"Truth\":true},\"Inner\":{}}", "truth" },
	};
	CHECK_VALUES(rows);
}

static void null_leaves_or_sets_the_zero_value(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "{\"Truth\":null,\"Number\":null,\"Natural\":null,\"Optional\":null,\"Small\":null,"
		  "\"Text\":null,\"List\":null,\"String\":null,\"Bytes\":null,\"Map\":null,"
		  "\"Inner\":null}",
			"" },
		{ "{\"Truth\":true,\"Truth\":null}", "truth" },
		{ "{\"Number\":1,\"Number\":null}", "number=1" },
		{ "{\"Optional\":1,\"Optional\":null}", "" },
		{ "{\"Text\":\"a\",\"Text\":null}", "text=a" },
		{ "{\"List\":[\"a\",null]}", "[0]=a [1]=" },
		{ "{\"Bytes\":[1,null]}", "bytes=0100" },
		{ "{\"Map\":{\"a\":null}}", "a:" },
	};
	CHECK_VALUES(rows);
}

static void numbers_reach_their_limits(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "{\"Natural\":18446744073709551615}", "natural=18446744073709551615" },
		{ "{\"Optional\":0}", "optional=0" },
		{ "{\"Optional\":9223372036854775808}", "optional=9223372036854775808" },
		{ "{\"Small\":65535}", "small=65535" },
		{ "{\"Number\":9223372036854775807}", "number=9223372036854775807" },
		{ "{\"Number\":-9223372036854775808}", "number=-9223372036854775808" },
		{ "{\"Number\":-0}", "" },
		{ "{\"Bytes\":[0,255]}", "bytes=00ff" },
	};
	CHECK_VALUES(rows);
}

static void strings_become_utf8(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "{\"String\":\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "string=61225c2f080c0a0d09" },
		{ "{\"String\":\"\\u0000x\"}", "string=0078" },
		{ "{\"String\":\"\\u00e9\\u20ac\\ud83d\\ude00\"}", "string=c3a9e282acf09f9880" },
		{ "{\"String\":\"\xc3\xa9\"}", "string=c3a9" },
		{ "{\"String\":\"\\ud800\"}", "string=efbfbd" },
		{ "{\"String\":\"\\ud800\\u0041\"}", "string=efbfbd41" },
		{ "{\"String\":\"\\udc00\\ud800\"}", "string=efbfbdefbfbd" },
		{ "{\"String\":\"\\ud800\\ud83d\\ude00\"}", "string=efbfbdf09f9880" },
		{ "{\"String\":\"\xff\xc3\"}", "string=efbfbdefbfbd" },
		{ "{\"String\":\"\xed\xa0\x80\"}", "string=efbfbdefbfbdefbfbd" },
		{ "{\"Map\":{\"a\\ud800\":\"\xff\"}}", "a\xef\xbf\xbd:\xef\xbf\xbd" },
	};
	CHECK_VALUES(rows);
}

static void wrong_types_are_told_with_their_place(void **state)
{
	(void)state;
#define WRONG(what, place, type)                                                                   \
	"json: cannot unmarshal " what " into Go struct field Sample." place " of type " type
	static const struct row rows[] = {
		{ "[]", "json: cannot unmarshal array into Go value of type Sample" },
		{ "1", "json: cannot unmarshal number into Go value of type Sample" },
		{ "\"\"", "json: cannot unmarshal string into Go value of type Sample" },
		{ "{\"truth\":1}", WRONG("number", "truth", "bool") },
		{ "{\"Truth\":\"true\"}", WRONG("string", "Truth", "bool") },
		{ "{\"Number\":1.0}", WRONG("number 1.0", "Number", "int") },
		{ "{\"Number\":9223372036854775808}",
			WRONG("number 9223372036854775808", "Number", "int") },
		{ "{\"Natural\":-1}", WRONG("number -1", "Natural", "uint") },
		{ "{\"Natural\":-0}", WRONG("number -0", "Natural", "uint") },
		{ "{\"Natural\":1e2}", WRONG("number 1e2", "Natural", "uint") },
		{ "{\"Natural\":18446744073709551616}",
			WRONG("number 18446744073709551616", "Natural", "uint") },
		{ "{\"Natural\":true}", WRONG("bool", "Natural", "uint") },
		{ "{\"Optional\":\"1\"}", WRONG("string", "Optional", "uint") },
		{ "{\"Small\":65536}", WRONG("number 65536", "Small", "uint16") },
		{ "{\"Text\":1}", WRONG("number", "Text", "string") },
		{ "{\"Text\":{}}", WRONG("object", "Text", "string") },
		{ "{\"List\":\"a\"}", WRONG("string", "List", "[]string") },
		{ "{\"List\":[\"a\",[]]}", WRONG("array", "List", "string") },
		{ "{\"Bytes\":1}", WRONG("number", "Bytes", "[]uint8") },
		{ "{\"Bytes\":[256]}", WRONG("number 256", "Bytes", "uint8") },
		{ "{\"Map\":[]}", WRONG("array", "Map", "map[string]string") },
		{ "{\"Map\":{\"a.b\":false}}", WRONG("bool", "Map.a.b", "string") },
		{ "{\"Inner\":{\"Truth\":0}}", WRONG("number", "Inner.Truth", "bool") },
		{ "{\"Inner\":[]}", WRONG("array", "Inner", "Inner") },
		{ "{\"Bytes\":\"AAE\"}", "illegal base64 data (Sample.Bytes)" },
		{ "{\"Text\":\"a\\u0000b\"}",
			"the text contains a NUL character: \"a\" (Sample.Text)" },
		{ "{\"Map\":{\"a\\u0000\":\"\"}}",
			"a name contains a NUL character: \"a\" (Sample.Map)" },
	};
	CHECK_ERRORS(rows);
}

/* Each of them, up to the place in parentheses, is what Go says. */
static void syntax_errors_are_told_as_go_tells_them(void **state)
{
	(void)state;
#define NO(character, context, column)                                                             \
	"invalid character '" character "' " context " (line 1, column " #column ")"
	static const struct row rows[] = {
		{ "", "unexpected end of JSON input" },
		{ " ", "unexpected end of JSON input" },
		{ "{", "unexpected end of JSON input" },
		{ "{\"a\"", "unexpected end of JSON input" },
		{ "{\"a\":", "unexpected end of JSON input" },
		{ "{\"a\":1", "unexpected end of JSON input" },
		{ "[1,", "unexpected end of JSON input" },
		{ "\"a", "unexpected end of JSON input" },
		{ "{}x", NO("x", "after top-level value", 3) },
		{ "{} {}", NO("{", "after top-level value", 4) },
		{ "{\"a\":1,}", NO("}", "looking for beginning of object key string", 8) },
		{ "{a:1}", NO("a", "looking for beginning of object key string", 2) },
		{ "{\"a\" 1}", NO("1", "after object key", 6) },
		{ "{\"a\":1 \"b\":2}", NO("\"", "after object key:value pair", 8) },
		{ "[1 2]", NO("2", "after array element", 4) },
		{ "[1,]", NO("]", "looking for beginning of value", 4) },
		{ "'a'", NO("\\'", "looking for beginning of value", 1) },
		{ "[+1]", NO("+", "looking for beginning of value", 2) },
		{ "[01]", NO("1", "after array element", 3) },
		{ "[-]", NO("]", "in numeric literal", 3) },
		{ "[1.]", NO("]", "after decimal point in numeric literal", 4) },
		{ "[1.", NO(" ", "after decimal point in numeric literal", 4) },
		{ "[1e]", NO("]", "in exponent of numeric literal", 4) },
		{ "[tru]", NO("]", "in literal true (expecting 'e')", 5) },
		{ "nul", NO(" ", "in literal null (expecting 'l')", 4) },
		{ "[\"\\x\"]", NO("x", "in string escape code", 4) },
		{ "[\"\\u12g4\"]", NO("g", "in \\u hexadecimal character escape", 7) },
		{ "[\"\t\"]", NO("\\t", "in string literal", 3) },
		{ "[\x01]", NO("\\x01", "looking for beginning of value", 2) },
		{ "\xef\xbb\xbf{}", NO("\u00ef", "looking for beginning of value", 1) },
		{ "[\xa0]", NO("\\u00a0", "looking for beginning of value", 2) },
		{ "{\n\"a\": [\n  x", "invalid character 'x' looking for beginning of value "
				      "(line 3, column 3)" },
		/* the syntax of the whole text is checked before any value */
		{ "{\"Truth\":1,}", NO("}", "looking for beginning of object key string", 12) },
	};
	CHECK_ERRORS(rows);
}

static void depth_and_size_are_limited(void **state)
{
	(void)state;
	struct error err = { 0 };
	AUTO(buf_free) struct buf text = { 0 };
	for (int i = 0; i < GO_JSON_DEPTH_MAX; i++)
		buf_put_text(&text, "[");
	for (int i = 0; i < GO_JSON_DEPTH_MAX; i++)
		buf_put_text(&text, "]");
	assert_success(go_json_check_syntax(buf_bytes(&text), &err), err);
	AUTO(buf_free) struct buf deeper = { 0 };
	buf_printf(&deeper, "{\"a\":%s}", buf_text(&text));
	assert_failure(go_json_check_syntax(buf_bytes(&deeper), &err), err, ERROR_INVALID,
		"exceeded max depth of 64");
	buf_clear(&text);
	memset(buf_extend(&text, GO_JSON_SIZE_MAX), ' ', GO_JSON_SIZE_MAX);
	text.data[0] = '1';
	assert_success(go_json_check_syntax(buf_bytes(&text), &err), err);
	buf_put_u8(&text, ' ');
	assert_failure(
		go_json_check_syntax(buf_bytes(&text), &err), err, ERROR_INVALID, "33554433 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_found_by_name_without_regard_to_case),
		cmocka_unit_test(fields_given_twice_are_merged_or_replaced),
		cmocka_unit_test(null_leaves_or_sets_the_zero_value),
		cmocka_unit_test(numbers_reach_their_limits),
		cmocka_unit_test(strings_become_utf8),
		cmocka_unit_test(wrong_types_are_told_with_their_place),
		cmocka_unit_test(syntax_errors_are_told_as_go_tells_them),
		cmocka_unit_test(depth_and_size_are_limited),
	};
	return cmocka_run_group_tests_name("go_json", tests, NULL, NULL);
}
