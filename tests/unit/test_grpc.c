/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "grpc/framing.h"
#include "grpc/marble_messages.h"
#include "net/connect.h"

static void a_message_comes_together_from_any_pieces(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf wire = { 0 };
	grpc_put_message(&wire, bytes_of_text("hello, marble"));
	assert_memory_equal(wire.data, "\0\0\0\0\x0dhello", 10);
	for (size_t step = 1; step <= wire.size; step++) {
		struct grpc_assembler assembler = { 0 };
		for (size_t at = 0; at < wire.size; at += step) {
			size_t size = wire.size - at < step ? wire.size - at : step;
			assert_int_equal(grpc_assembler_end(&assembler).code, GRPC_INTERNAL);
			assert_int_equal(
				grpc_assembler_add(&assembler, wire.data + at, size).code, GRPC_OK);
		}
		assert_int_equal(grpc_assembler_end(&assembler).code, GRPC_OK);
		assert_string_equal(buf_text(&assembler.message), "hello, marble");
		buf_free(&assembler.message);
	}
}

static void an_empty_message_is_a_message(void **state)
{
	(void)state;
	struct grpc_assembler assembler = { 0 };
	assert_int_equal(grpc_assembler_add(&assembler, "\0\0\0\0\0", 5).code, GRPC_OK);
	assert_int_equal(grpc_assembler_end(&assembler).code, GRPC_OK);
	assert_int_equal(assembler.message.size, 0);
}

static void what_is_not_one_plain_message_is_refused(void **state)
{
	(void)state;
	static const struct {
		struct bytes wire;
		enum grpc_code code;
	} cases[] = {
		{ { "\1\0\0\0\1x", 6 }, GRPC_UNIMPLEMENTED },
		{ { "\2\0\0\0\1x", 6 }, GRPC_INTERNAL },
		{ { "\0\0\0\0\1xy", 7 }, GRPC_INTERNAL },
		{ { "\0\0\0\0\1x\0\0\0\0\1y", 12 }, GRPC_INTERNAL },
		{ { "\0\0\x40\0\1", 5 }, GRPC_RESOURCE_EXHAUSTED },
		{ { "\0\xff\xff\xff\xff", 5 }, GRPC_RESOURCE_EXHAUSTED },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct grpc_assembler assembler = { 0 };
		struct grpc_problem problem =
			grpc_assembler_add(&assembler, cases[i].wire.data, cases[i].wire.size);
		assert_int_equal(problem.code, cases[i].code);
		assert_true(strlen(problem.text) > 0);
		buf_free(&assembler.message);
	}
	struct grpc_assembler largest = { 0 };
	assert_int_equal(grpc_assembler_add(&largest, "\0\0\x40\0\0", 5).code, GRPC_OK);
	assert_int_equal(largest.message.capacity, 0);
}

static void status_texts_survive_the_way(void **state)
{
	(void)state;
	static const char text[] = "100% wrong:\n\tcaf\xc3\xa9 \x7f~";
	AUTO(buf_free) struct buf encoded = { 0 };
	AUTO(buf_free) struct buf decoded = { 0 };
	grpc_percent_encode(&encoded, text);
	assert_string_equal(buf_text(&encoded), "100%25 wrong:%0A%09caf%C3%A9 %7F~");
	grpc_percent_decode(&decoded, buf_bytes(&encoded));
	assert_string_equal(buf_text(&decoded), text);
	buf_clear(&decoded);
	grpc_percent_decode(&decoded, bytes_of_text("%4a %zz %4 %"));
	assert_string_equal(buf_text(&decoded), "J %zz %4 %");
}

static void statuses_are_numbers(void **state)
{
	(void)state;
	assert_int_equal(grpc_parse_status(bytes_of_text("0")), GRPC_OK);
	assert_int_equal(grpc_parse_status(bytes_of_text("16")), GRPC_UNAUTHENTICATED);
	assert_int_equal(grpc_parse_status(bytes_of_text("")), GRPC_UNKNOWN);
	assert_int_equal(grpc_parse_status(bytes_of_text("-1")), GRPC_UNKNOWN);
	assert_int_equal(grpc_parse_status(bytes_of_text("9999999999")), GRPC_UNKNOWN);
	char unknown[32];
	assert_string_equal(grpc_code_name(GRPC_PERMISSION_DENIED, unknown), "PermissionDenied");
	assert_string_equal(grpc_code_name(GRPC_CANCELLED, unknown), "Canceled");
	assert_string_equal(grpc_code_name(17, unknown), "Code(17)");
	assert_string_equal(grpc_code_name(-1, unknown), "Code(-1)");
}

static void addresses_have_a_host_and_a_port(void **state)
{
	(void)state;
	struct net_address address;
	struct error err = { 0 };
	assert_success(net_address_parse("coordinator.example:2001", &address, &err), err);
	assert_string_equal(address.host, "coordinator.example");
	assert_string_equal(address.port, "2001");
	assert_false(address.is_ip);
	assert_success(net_address_parse("[::1]:65535", &address, &err), err);
	assert_string_equal(address.host, "::1");
	assert_true(address.is_ip);
	assert_success(net_address_parse("192.0.2.1:1", &address, &err), err);
	assert_true(address.is_ip);
	assert_success(net_address_parse(":2001", &address, &err), err);
	assert_string_equal(address.host, "localhost");
	static const char *const wrong[] = { "", "host", "::1", "::1:2001", "host:", "host:0",
		"host:65536", "host:123456", "host:https", "host: 1", "http://host:1" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_failure(net_address_parse(wrong[i], &address, &err), err, ERROR_INVALID,
			"host:port");
	char endless[300];
	memset(endless, 'a', sizeof(endless));
	memcpy(endless + sizeof(endless) - 3, ":1", 3);
	assert_failure(net_address_parse(endless, &address, &err), err, ERROR_INVALID, "host:port");
}

static void a_request_has_the_bytes_of_the_spec(void **state)
{
	(void)state;
	Rpc__ActivationReq request = RPC__ACTIVATION_REQ__INIT;
	request.quote = (ProtobufCBinaryData){ 2, (uint8_t *)"\xff\0" };
	request.csr = (ProtobufCBinaryData){ 3, (uint8_t *)"csr" };
	request.marbletype = "web";
	request.uuid = "u";
	AUTO(buf_free) struct buf wire = { 0 };
	activation_request_put(&request, &wire);
	static const char expected[] = "\x0a\2\xff\0\x12\3csr\x1a\3web\x22\1u";
	assert_int_equal(wire.size, sizeof(expected) - 1);
	assert_memory_equal(wire.data, expected, wire.size);
	struct error err = { 0 };
	/* a field that nobody knows is ignored */
	buf_put(&wire, "\x7a\1z", 3);
	AUTO(auto_activation_request)
	Rpc__ActivationReq *again = activation_request_read(buf_bytes(&wire), &err);
	assert_success(again, err);
	assert_string_equal(again->marbletype, "web");
	assert_int_equal(again->quote.len, 2);
	wire.data[1] = 200;
	assert_failure(activation_request_read(buf_bytes(&wire), &err), err, ERROR_INVALID,
		"ActivationReq");
}

static void a_response_keeps_its_maps(void **state)
{
	(void)state;
	/* Files {"f": "\0\1", "g": absent}, Env {"E": "v"}, Argv ["a", ""] */
	static const char wire[] = "\x0a\x1b\x0a\7\x0a\1f\x12\2\0\1\x0a\3\x0a\1g"
				   "\x12\6\x0a\1E\x12\1v\x1a\1a\x1a\0";
	struct error err = { 0 };
	AUTO(auto_activation_response)
	Rpc__ActivationResp *response =
		activation_response_read((struct bytes){ wire, sizeof(wire) - 1 }, &err);
	assert_success(response, err);
	const Rpc__Parameters *parameters = response->parameters;
	assert_int_equal(parameters->n_files, 2);
	assert_string_equal(parameters->files[0]->key, "f");
	assert_int_equal(parameters->files[0]->value.len, 2);
	assert_int_equal(parameters->files[1]->value.len, 0);
	assert_int_equal(parameters->n_env, 1);
	assert_memory_equal(parameters->env[0]->value.data, "v", 1);
	assert_int_equal(parameters->n_argv, 2);
	assert_string_equal(parameters->argv[1], "");
	AUTO(buf_free) struct buf again = { 0 };
	activation_response_put(response, &again);
	assert_int_equal(again.size, sizeof(wire) - 1);
	assert_memory_equal(again.data, wire, again.size);
}

/* Each two bytes of these would become a structure of 56. */
static void an_answer_of_nothing_but_structure_is_refused(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf entries = { 0 };
	for (size_t i = 0; i < 500000; i++)
		buf_put(&entries, "\x0a\0", 2);
	AUTO(buf_free) struct buf wire = { 0 };
	buf_put(&wire, "\x0a\xc0\x84\x3d", 4);
	buf_put(&wire, entries.data, entries.size);
	struct error err = { 0 };
	assert_failure(activation_response_read(buf_bytes(&wire), &err), err, ERROR_INVALID,
		"ActivationResp");
}

static void many_small_variables_are_read(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf entries = { 0 };
	for (size_t i = 0; i < 125000; i++)
		buf_put(&entries, "\x12\6\x0a\1E\x12\1v", 8);
	AUTO(buf_free) struct buf wire = { 0 };
	buf_put(&wire, "\x0a\xc0\x84\x3d", 4);
	buf_put(&wire, entries.data, entries.size);
	struct error err = { 0 };
	AUTO(auto_activation_response)
	Rpc__ActivationResp *response = activation_response_read(buf_bytes(&wire), &err);
	assert_success(response, err);
	assert_int_equal(response->parameters->n_env, 125000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_comes_together_from_any_pieces),
		cmocka_unit_test(an_empty_message_is_a_message),
		cmocka_unit_test(what_is_not_one_plain_message_is_refused),
		cmocka_unit_test(status_texts_survive_the_way),
		cmocka_unit_test(statuses_are_numbers),
		cmocka_unit_test(addresses_have_a_host_and_a_port),
		cmocka_unit_test(a_request_has_the_bytes_of_the_spec),
		cmocka_unit_test(a_response_keeps_its_maps),
		cmocka_unit_test(an_answer_of_nothing_but_structure_is_refused),
		cmocka_unit_test(many_small_variables_are_read),
	};
	return cmocka_run_group_tests_name("grpc", tests, NULL, NULL);
}
